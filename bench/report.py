#!/usr/bin/env python3
"""The table of a bench run: medians by workload and speaker, who is fastest, where Afresh loses.

    bench/report.py build/bench/1000000-1.json
"""

import json
import statistics
import sys

WORKLOADS = [
    ('W1', 'refresh', 'load'),
    ('W1', 'stored', 'load, keeping what was received'),
    ('W1b', 'stored', 'a new listener gets the table'),
    ('W2', 'stored', 'policy changes every route'),
    ('W2bp', 'stored', '1 % by prefix'),
    ("W2bp'", 'stored', '1 % by prefix, back'),
    ('W2bc', 'stored', '1 % by community'),
    ("W2bc'", 'stored', '1 % by community, back'),
    ('W2br', 'stored', '1 % rejected'),
    ("W2br'", 'stored', '1 % accepted again'),
    ('W3', 'refresh', 'every route, by ROUTE-REFRESH'),
    ('W3bp', 'refresh', '1 %, by ROUTE-REFRESH'),
    ('W4', 'stored', 'answer to a ROUTE-REFRESH'),
    ('W6', 'stored', 'W2 with an operator looking on'),
]


def median(samples, key):
    values = [key(s) for s in samples]
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def pick(result, speaker, workload, mode):
    return [s for s in result['samples'] if s['speaker'] == speaker and s['workload'] == workload
            and s['mode'] == mode]


def flaws(samples):
    """Footmarks: sessions lost, routes missing or wrong, goal not reached."""
    marks = ''
    if any(not s['ok'] for s in samples):
        marks += '!'
    if any(s['drops'] for s in samples):
        marks += '†'
    if any(s.get('wrong') for s in samples):
        marks += '‡'
    return marks


def cell(value, digits=3):
    return '–' if value is None else f'{value:.{digits}f}'


def row(name, values, marks, better=min, digits=3):
    """One line; the best value in bold."""
    known = [v for v, m in zip(values, marks) if v is not None and '!' not in m]
    best = better(known) if known else None
    cells = []
    for value, mark in zip(values, marks):
        text = cell(value, digits) + mark
        cells.append(f'**{text}**' if value is not None and value == best else text)
    return f'| {name} | ' + ' | '.join(cells) + ' |'


def table(result):
    speakers = list(result['versions'])
    lines = [f'{result["routes"]:,} IPv4 routes, {result["feeders"]} feeder(s), one listener, '
             f'{result["processors"]} processors; medians, seconds unless said otherwise', '',
             '| workload | ' + ' | '.join(speakers) + ' |', '|---' * (len(speakers) + 1) + '|']
    losses = []
    for workload, mode, text in WORKLOADS:
        groups = [pick(result, s, workload, mode) for s in speakers]
        if not any(groups):
            continue
        values = [median([s for s in g if s['ok']], lambda s: s['seconds']) for g in groups]
        lines.append(row(f'{workload} {text}', values, [flaws(g) for g in groups]))
        losses += loss(f'{workload} {text}', speakers, values)
    lines += extras(result, speakers)
    lines += ['', '! goal not reached in time · † sessions lost · ‡ routes wrong at the end', '']
    lines += ['Versions: ' + '; '.join(f'{k}: {v}' for k, v in result['versions'].items()),
              f'Command: `{result["command"]}`, {result["when"]}']
    if 'afresh' in speakers:
        lines += ['', 'Where Afresh is not the fastest: ' + ('; '.join(losses) if losses else 'nowhere.')]
    return '\n'.join(lines) + '\n'


def extras(result, speakers):
    """Stall, command latency, memory and messages."""
    def worst(samples, key):
        values = [v for v in map(key, samples) if v is not None]
        return max(values) if values else None

    changes = [pick(result, s, 'W2', 'stored') for s in speakers]
    none = [''] * len(speakers)
    out = [row('longest stall of others in W2, ms',
               [worst(g, lambda s: s.get('probe', {}).get('max_ms')) for g in changes], none, digits=1),
           row('slowest command in W6, ms',
               [worst(pick(result, s, 'W6', 'stored'), lambda s: s.get('command_ms', {}).get('max'))
                for s in speakers], none, digits=1),
           row('processor seconds in W2', [median(g, lambda s: s['cpu']) for g in changes], none, digits=2),
           row('UPDATEs sent in W2', [median(g, lambda s: s['updates']) for g in changes], none, digits=0)]
    for mode in 'refresh', 'stored':
        out.append(row(f'memory per route, {mode}, bytes',
                       [median(pick(result, s, 'W1', mode), lambda s: s.get('bytes_per_route')) for s in speakers],
                       none, digits=0))
    return out


def loss(name, speakers, values):
    known = {s: v for s, v in zip(speakers, values) if v is not None}
    ours = known.pop('afresh', None)
    if ours is None or not known:
        return []
    best = min(known, key=known.get)
    return [f'{name} ({best} {ours / known[best]:.2f}×)'] if ours > known[best] else []


if __name__ == '__main__':
    with open(sys.argv[1], encoding='ascii') as f:
        print(table(json.load(f)))
