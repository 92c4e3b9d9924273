#!/usr/bin/env python3
"""What it costs to know before a commit: the impact of a change of one node, on a table that lives.

Four feeders hold --routes routes between them, a listener has them all, a probe announces one prefix every 20 ms. An
operator adds or changes one node of the feeders' import policy and asks `display configuration candidate impact`; nothing
is committed. Timed: from the command to its answer, the client's start included; how much of that the daemon was about it;
the longest time that the probe waited meanwhile, and with nobody asking anything. Needs root (two network namespaces).
Prints Markdown, writes all figures as JSON.

    bench/impact.py --build build                      one million routes
    bench/impact.py --build build --routes 4000000     every feeder a million
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from crowds import Scene  # noqa: E402
from lab import AS  # noqa: E402
from speakers import Afresh  # noqa: E402

FEEDERS = 4
CHANGES = {
    'one block, 1 %': ['route-policy IMP-A permit node 5', 'if-match ip-prefix BLOCK', 'apply community 65000:1 65000:3 additive'],
    'scattered, 1 %': ['route-policy IMP-A permit node 5', 'if-match community-filter 1', 'apply community 65000:1 65000:4 additive'],
    'one block rejected': ['route-policy IMP-A deny node 5', 'if-match ip-prefix BLOCK'],
    'every route': ['route-policy IMP-A permit node 10', 'apply community 65000:2 additive'],
}


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--build', default='build', help='where afreshd, afresh and bgpfeed are')
    parser.add_argument('--routes', type=int, default=1_000_000, help='of all four feeders together')
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--timeout', type=int, default=120)
    parser.add_argument('--out', default='build/bench', help='folder for results and logs')
    options = parser.parse_args()
    options.logs = os.path.abspath(os.path.join(options.out, 'logs'))
    os.makedirs(options.logs, exist_ok=True)
    return options


class Operator:
    """Asks, and measures what a bystander sees of it."""

    def __init__(self, scene):
        self.scene = scene
        self.answer = os.path.join(scene.room.folder, 'answer')

    def measure(self, command):
        script = os.path.join(self.scene.room.folder, 'ask')
        with open(script, 'w', encoding='ascii') as f:
            f.write(command + '\n')
        present = self.scene.routes
        return self.scene.measure(f'listener0 do exec "sh {script}" goal "present={present}" quiet 1')

    def nothing(self):
        return self.measure('sleep 1')

    def impact(self, change):
        speaker = self.scene.speaker
        words = '; '.join(['system-view', *change, 'quit', 'display configuration candidate impact'])
        sample = self.measure(f"{speaker.program('afresh')} -s {speaker.path('afresh.sock')} --json -c '{words}' >{self.answer}")
        with open(self.answer, encoding='utf-8') as f:
            sample['answer'] = json.load(f)
        return sample


def show(name, samples):
    took = [s['exec_seconds'] * 1e3 for s in samples]
    stall = [s['probe']['max_ms'] for s in samples]
    known = [s['answer']['microseconds'] / 1e3 for s in samples if 'answer' in s] or [0]
    print(f'| {name} | {statistics.median(took):.0f} ({max(took):.0f}) | {statistics.median(known):.0f} | '
          f'{statistics.median(stall):.1f} ({max(stall):.1f}) |', flush=True)


def run(options):
    routes = options.routes // FEEDERS
    with Scene(options, Afresh, routes, feeders=FEEDERS, listeners=1) as scene:
        feeders = ' '.join(f'do feed feeder{i}' for i in range(FEEDERS))
        load = scene.measure(f'listener0 {feeders} goal "present={routes} mark0={routes}"')
        print(f'{options.routes} routes of {FEEDERS} feeders in {load["seconds"]:.1f} s, {scene.daemon.memory() >> 20} MB, '
              f'{os.cpu_count()} processors; medians of {options.repeat}, worst in parentheses\n')
        print('| change of one node | answer ms | in the daemon ms | stall of the probe ms |\n|---|---|---|---|')
        operator = Operator(scene)
        result = {'nobody asks': [operator.nothing() for _ in range(options.repeat)]}
        show('nobody asks', result['nobody asks'])
        for name, change in CHANGES.items():
            result[name] = [operator.impact(change) for _ in range(options.repeat)]
            show(name, result[name])
        return {'routes': options.routes, 'load': load, 'memory': scene.daemon.memory(), 'samples': result}


def main():
    if os.geteuid() != 0:  # network namespaces need it
        os.execvp('sudo', ['sudo', sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything started is stopped
    options = parse_options()
    Afresh.build = options.build
    result = run(options)
    path = os.path.join(options.out, f'impact-{options.routes}.json')
    with open(path, 'w', encoding='ascii') as f:
        json.dump(result, f, indent=1)
    print(f'\nAll figures: {path}')


if __name__ == '__main__':
    main()
