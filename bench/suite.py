#!/usr/bin/env python3
"""The whole comparison: every table and chart of doc/performance.md, from one command.

    make bench              everything; one million routes alone take twelve minutes on two cores
    make bench QUICK=1      100,000 routes, every speaker once

Runs bench.py (one million routes; a tenth of that with every speaker; four feeders), crowds.py and,
where it is asked for, no more than some of them. Figures go to build/bench; with --doc the parts of
that page between `<!-- NAME -->` and `<!-- end -->` are replaced and the charts beside it drawn anew.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import chart  # noqa: E402
import report  # noqa: E402

BARS = ['W1', 'W1b', 'W2', 'W2bp', 'W2bc', 'W2br', 'W4']


# --- running ----------------------------------------------------------------------------------------
def run(*words):
    print('#', ' '.join(words), flush=True)
    subprocess.run([sys.executable, os.path.join(HERE, words[0]), *words[1:]], check=True)


def speakers(*names):
    return [w for name in names for w in ('--speaker', name)]


def measure(options):
    common = ['--build', options.build, '--out', options.out, '--timeout', '60']
    repeat = ['--repeat', str(options.repeat)]
    if options.quick:
        run('bench.py', *common, '--quick')
        return
    if 'main' in options.part:
        run('bench.py', *common, *repeat, *speakers('afresh', 'bird', 'openbgpd'))
    if 'all' in options.part:
        run('bench.py', *common, '--quick')
    if 'four' in options.part:
        run('bench.py', *common, *repeat, '--routes', '250000', '--feeders', '4', '--mode', 'stored',
            *speakers('afresh', 'bird'))
    if 'crowds' in options.part:
        run('crowds.py', *common, *repeat)


# --- figures ----------------------------------------------------------------------------------------
class Results:
    """What stands in the folder; a part that was not measured is None."""

    def __init__(self, folder):
        self.main = self.read(folder, '1000000-1.json')
        self.small = self.read(folder, '100000-1.json')
        self.four = self.read(folder, '250000-4.json')
        crowds = self.read(folder, 'crowds.json')
        self.crowds = crowds['rows'] if crowds else None

    @staticmethod
    def read(folder, name):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            return None
        with open(path, encoding='ascii') as f:
            return json.load(f)

    def seconds(self, result, workload, mode, speaker='afresh'):
        samples = [s for s in report.pick(result, speaker, workload, mode) if s['ok']]
        return statistics.median(s['seconds'] for s in samples) if samples else None

    def milliseconds(self, workload):
        seconds = self.seconds(self.main, workload, 'stored')
        return seconds and seconds * 1e3

    def factor(self, result, workload, mode='stored', other='bird'):
        ours, theirs = (self.seconds(result, workload, mode, s) for s in ('afresh', other))
        return theirs / ours if ours and theirs else None

    def worst(self, key):
        """Over all workloads of Afresh with one million routes."""
        values = [key(s) for s in self.main['samples'] if s['speaker'] == 'afresh']
        return max((v for v in values if v is not None), default=None)

    def crowd(self, scene, what, size=None, speaker='afresh'):
        rows = [r for r in self.crowds if (r['scene'], r['what'], r['speaker']) == (scene, what, speaker)]
        rows = [r for r in rows if size in (None, r['size'])]
        return rows[-1] if rows else None

    def crowd_factor(self, scene, what):
        ours, theirs = self.crowd(scene, what), self.crowd(scene, what, speaker='bird')
        return theirs['seconds'] / ours['seconds'] if ours and theirs else None


def times(value):
    return None if value is None else f'{value:.1f}×'


def target_rows(r):
    """(what, target, measured as text, met); measured None: there is no figure."""
    rows = []

    def at_least(what, value, least):
        rows.append((what, f'{least}× BIRD 2', times(value), value is not None and value >= least))

    def at_most(what, value, most, unit, digits=0):
        text = None if value is None else f'{value:.{digits}f} {unit}'
        rows.append((what, f'at most {most:g} {unit}', text, value is not None and value <= most))

    if r.main:
        at_least('W1, routes kept', r.factor(r.main, 'W1'), 5)
        at_least('W2, every route changes', r.factor(r.main, 'W2'), 12)
        at_least('W2bp, 1 % by prefix', r.factor(r.main, 'W2bp'), 60)
        at_most('the same', r.milliseconds('W2bp'), 40, 'ms')
        at_least('W2bc, 1 % by community', r.factor(r.main, 'W2bc'), 80)
        at_most('the same', r.milliseconds('W2bc'), 40, 'ms')
        at_least('W3, by ROUTE-REFRESH', r.factor(r.main, 'W3', 'refresh'), 4)
        at_least('W4, answer to a ROUTE-REFRESH', r.factor(r.main, 'W4'), 12)
        at_most('stall of others, 99th percentile', r.worst(lambda s: s.get('probe', {}).get('p99_ms')), 5, 'ms', 1)
        at_most('stall of others, worst', r.worst(lambda s: s.get('probe', {}).get('max_ms')), 15, 'ms', 1)
        at_most('slowest command', r.worst(lambda s: s.get('command_ms', {}).get('max')), 20, 'ms', 1)
        for mode, most in ('refresh', 80), ('stored', 90):
            kept = report.pick(r.main, 'afresh', 'W1', mode)
            at_most(f'memory per route, {mode}', report.median(kept, lambda s: s.get('bytes_per_route')), most, 'bytes')
    if r.four:
        at_least('W1 from four feeders', r.factor(r.four, 'W1'), 5)
        kept = report.pick(r.four, 'afresh', 'W1', 'stored')
        at_most('memory per path, four feeders', report.median(kept, lambda s: s.get('bytes_per_route')), 64, 'bytes')
    if r.crowds:
        target_crowds(r, rows, at_least, at_most)
    return rows


def target_crowds(r, rows, at_least, at_most):
    nothing, one, ten = r.crowd('nothing', 'commit'), r.crowd('askers', 'W4', 1), r.crowd('askers', 'W4', 10)
    if nothing:
        at_most('a commit that changes nothing in effect', nothing['seconds'] * 1e3, 20, 'ms', 1)
        at_most('UPDATEs that it sends', nothing['updates'], 0, '')
    if one and ten and one['cpu']:
        at_most('ten that ask at once, in processor time of one', ten['cpu'] / one['cpu'], 1.5, '×', 1)
    group = [row for row in r.crowds if row['scene'] == 'group' and row['speaker'] == 'afresh']
    if len(group) == 2:
        alone, many = (row['seconds'] / row['bytes'] for row in group)
        at_most(f'time per byte, {group[1]["size"]} listeners against one', many / alone, 3, '×', 2)
        at_least(f'policy change for {group[1]["size"]} listeners', r.crowd_factor('group', 'W2'), 10)
    at_least('1,000 feeders, load', r.crowd_factor('feeders', 'W1'), 3)
    at_least('route server, all policies swapped', r.crowd_factor('server', 'W2'), 10)
    server = r.crowd('server', 'W2')
    if server:
        at_most('the same, worst gap of an observer', server['stall_ms'], 200, 'ms')


def targets(r):
    lines = ['| what | target | measured | |', '|---|---|---|---|']
    for what, target, measured, met in target_rows(r):
        if measured is not None:
            lines.append(f'| {what} | {target} | {measured} | {"met" if met else "**missed**"} |')
    return '\n'.join(lines) + '\n'


def crowds(r):
    """Rows of crowds.py, speakers side by side."""
    names = sorted({row['speaker'] for row in r.crowds})
    lines = ['| scene | what | size | ' + ' | '.join(f'{n}, s | stall, ms' for n in names) + ' | factor |',
             '|---' * (4 + 2 * len(names)) + '|']
    seen = []
    for row in r.crowds:
        key = (row['scene'], row['what'], row['size'])
        if key in seen or row['scene'] in ('routes', 'peers'):
            continue
        seen.append(key)
        cells = []
        for name in names:
            other = r.crowd(*key[:2], key[2], name)
            cells += [f'{other["seconds"]:.3f}', f'{other["stall_ms"]:.0f}'] if other else ['–', '–']
        theirs, ours = r.crowd(*key[:2], key[2], 'bird'), r.crowd(*key[:2], key[2])
        factor = f'{theirs["seconds"] / ours["seconds"]:.1f}' if theirs and ours else ''
        lines.append(f'| {key[0]} | {key[1]} | {key[2]:,} | ' + ' | '.join(cells) + f' | {factor} |')
    return '\n'.join(lines) + '\n'


# --- charts -----------------------------------------------------------------------------------------
def bar_chart(r):
    names = list(r.main['versions'])
    rows = []
    for workload, mode, text in report.WORKLOADS:
        if workload in BARS and mode == 'stored':
            by = {s: r.seconds(r.main, workload, mode, s) for s in names}
            rows.append((f'{workload} {text}'[:32], {s: v for s, v in by.items() if v}))
    return chart.bars(f'{r.main["routes"]:,} routes, seconds (shorter is better)', rows, names)


def curves(r, scene, value, whats):
    out = {}
    for row in r.crowds:
        if row['scene'] == scene and row['what'] in whats and value(row):
            out.setdefault((row['speaker'], row['what']), []).append((row['size'], value(row)))
    return {key: points for key, points in out.items() if len(points) > 1}


def growth_chart(r):
    def seconds(row):
        return row['seconds']

    panels = [('time by routes', 's', curves(r, 'routes', seconds, ('W1', 'W2'))),
              ('bytes a route by routes', 'B', curves(r, 'routes', lambda row: row.get('bytes_per_route'), ('W1',))),
              ('time by listeners, 10,000 routes', 's', curves(r, 'peers', seconds, ('W1', 'W2'))),
              ('memory by listeners, 10,000 routes', 'B', curves(r, 'peers', lambda row: row.get('bytes_held'), ('W1',)))]
    return chart.growth('Growth', panels, ['afresh', 'bird'])


# --- the page ---------------------------------------------------------------------------------------
def replace(page, name, text):
    pattern = re.compile(rf'(<!-- {name} -->\n).*?(<!-- end -->)', re.S)
    return pattern.sub(lambda m: m.group(1) + text + m.group(2), page)


def write(path, text):
    if text:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)


def document(options, r):
    with open(options.doc, encoding='utf-8') as f:
        page = f.read()
    folder = os.path.dirname(options.doc)
    for name, result in ('main', r.main), ('all', r.small), ('four', r.four):
        if result:
            page = replace(page, name, report.table(result))
    if r.crowds:
        page = replace(page, 'crowds', crowds(r))
        write(os.path.join(folder, 'growth.svg'), growth_chart(r))
    if r.main:
        write(os.path.join(folder, 'performance.svg'), bar_chart(r))
    page = replace(page, 'targets', targets(r))
    write(options.doc, page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', default='build')
    parser.add_argument('--out', default='build/bench')
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--part', action='append', choices=['main', 'all', 'four', 'crowds'])
    parser.add_argument('--doc', metavar='PAGE', help='its tables and charts are made anew')
    parser.add_argument('--no-run', action='store_true', help='from the figures of the last run')
    options = parser.parse_args()
    options.part = options.part or ['main', 'all', 'four', 'crowds']
    if not options.no_run:
        measure(options)
    r = Results(options.out)
    print(targets(r))
    if options.doc and not options.quick:
        document(options, r)


if __name__ == '__main__':
    main()
