#!/usr/bin/env python3
"""The table of a bench run: medians by workload and speaker, who is fastest, where Afresh loses.

    bench/report.py build/bench/1000000-1.json
"""

import json
import statistics
import sys

FOREIGN_MOST = 0.3  # processors that other programs may use
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
    """Samples of one cell; those that others on the machine disturbed are left out if three remain."""
    samples = [s for s in result['samples'] if s['speaker'] == speaker and s['workload'] == workload
               and s['mode'] == mode]
    calm = [s for s in samples if s.get('foreign', 0) <= FOREIGN_MOST]
    return calm if len(calm) >= 3 else samples


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


def factor(speakers, values):
    """How many times Afresh is faster (or smaller) than the best of the others."""
    known = {s: v for s, v in zip(speakers, values) if v is not None}
    ours = known.pop('afresh', None)
    return f'{min(known.values()) / ours:.1f}' if ours and known else ''


def row(name, values, marks, better=min, digits=3, speakers=()):
    """One line; the best value in bold, and the factor at its end."""
    known = [v for v, m in zip(values, marks) if v is not None and '!' not in m]
    best = better(known) if known else None
    cells = []
    for value, mark in zip(values, marks):
        text = cell(value, digits) + mark
        cells.append(f'**{text}**' if value is not None and value == best else text)
    return f'| {name} | ' + ' | '.join(cells) + f' | {factor(speakers, values)} |'


def table(result):
    speakers = list(result['versions'])
    lines = [f'{result["routes"]:,} IPv4 routes, {result["feeders"]} feeder(s), one listener, '
             f'{result["processors"]} processors; medians, seconds unless said otherwise; factor: how many times '
             'better Afresh is than the best of the others', '',
             '| workload | ' + ' | '.join(speakers) + ' | factor |', '|---' * (len(speakers) + 2) + '|']
    losses = []
    for workload, mode, text in WORKLOADS:
        groups = [pick(result, s, workload, mode) for s in speakers]
        if not any(groups):
            continue
        values = [median([s for s in g if s['ok']], lambda s: s['seconds']) for g in groups]
        lines.append(row(f'{workload} {text}', values, [flaws(g) for g in groups], speakers=speakers))
        losses += loss(f'{workload} {text}', speakers, values)
    lines += extras(result, speakers)
    lines += ['', '! goal not reached in time · † sessions lost · ‡ routes wrong at the end', '']
    lines += ['Versions: ' + '; '.join(f'{k}: {v}' for k, v in result['versions'].items()),
              f'Command: `{result["command"]}`, {result["when"]}']
    if 'afresh' in speakers:
        lines += ['', 'Where Afresh is not the fastest: ' + ('; '.join(losses) if losses else 'nowhere.')]
    return '\n'.join(lines) + '\n'


PAGE = """# How fast, how big, how hitless

Afresh beside the speakers that Debian 12 has, each doing the same task on the same machine in the same run. One feeder, one listener and a probe,
all played by `bgpfeed` (doc/bgpfeed.md), which holds the clock; two network namespaces joined by a cable. The table is synthetic, with the shape of the
global one: about eight prefixes to an attribute set. `bench/bench.py` is the whole of it; it runs with `make bench` (`QUICK=1`: 100,000 routes).

- **W1** from the feeder's first byte until the listener holds every route. **W1b** from a new listener's session until it holds every route.
- **W2** from the start of the command that changes the import policy until every route at the listener is as the new policy wants it, from the routes
  that the speaker kept. **W2bp**, **W2bc**, **W2br** the same where one route in a hundred changes: those in one block of addresses, those with a
  community, and with the block rejected; with a stroke: the way back. **W3** the same as W2 by asking the neighbour again.
- **W4** from the listener's ROUTE-REFRESH until it has received every route again. **W6** W2 while an operator asks for the summary all the time.
- The **stall** is the longest time that an update of the probe, one every 20 ms, took to get through the speaker meanwhile.

"""


def document(result, path):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(PAGE + table(result))


def extras(result, speakers):
    """Stall, command latency, memory and messages."""
    def worst(samples, key):
        values = [v for v in map(key, samples) if v is not None]
        return max(values) if values else None

    changes = [pick(result, s, 'W2', 'stored') for s in speakers]
    def line(name, values, digits=0):
        out.append(row(name, values, [''] * len(speakers), digits=digits, speakers=speakers))

    out = []
    line('longest stall of others in W2, ms',
         [worst(g, lambda s: s.get('probe', {}).get('max_ms')) for g in changes], 1)
    line('slowest command in W6, ms',
         [worst(pick(result, s, 'W6', 'stored'), lambda s: s.get('command_ms', {}).get('max')) for s in speakers], 1)
    line('processor seconds in W2', [median(g, lambda s: s['cpu']) for g in changes], 2)
    line('UPDATEs sent in W2', [median(g, lambda s: s['updates']) for g in changes])
    for mode in 'refresh', 'stored':
        line(f'memory per route, {mode}, bytes',
             [median(pick(result, s, 'W1', mode), lambda s: s.get('bytes_per_route')) for s in speakers])
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
