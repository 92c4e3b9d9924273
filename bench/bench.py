#!/usr/bin/env python3
"""Afresh beside FRR, BIRD, OpenBGPD and GoBGP: how fast, how big, how hitless.

One feeder sends a synthetic table, one listener receives what the speaker under test makes of it, a
probe announces one prefix every 20 ms; bgpfeed plays all three and holds the clock. Needs root (two
network namespaces). Prints a Markdown table of medians, writes all figures as JSON.

    make bench              one million routes, three repetitions
    make bench QUICK=1      100,000 routes
    bench/bench.py --speaker afresh --speaker bird --routes 500000 --repeat 5
"""

import argparse
import datetime
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab  # noqa: E402
import report  # noqa: E402
from speakers import SPEAKERS, Afresh  # noqa: E402

MARKS = ['65000:1', '65000:2', '65000:3', '65000:4']


class Task:
    """One speaker in one mode: what it is to do, and with whom."""

    def __init__(self, room, mode, feeders):
        self.room, self.mode, self.folder = room, mode, room.folder
        self.feeders = [(f'10.99.0.{11 + i}', 65011 + i) for i in range(feeders)]
        self.listeners = [('10.99.0.101', 65101), ('10.99.0.102', 65102)]
        self.clients = []
        self.probe = ('10.99.0.200', 65200)

    def everyone(self):
        return [*self.feeders, *self.listeners, self.probe]

    def inside(self, *argv):
        return self.room.inside('speaker', *argv)


def addresses(feeders):
    return [f'10.99.0.{11 + i}' for i in range(feeders)] + ['10.99.0.101', '10.99.0.102', '10.99.0.200']


def feed_words(options, task, socket_path):
    remote = f'remote={lab.SPEAKER}:{lab.PORT}'
    words = [os.path.join(os.path.abspath(options.build), 'bgpfeed'), '--socket', socket_path, '--prepare',
             '--routes', options.routes, '--seed', options.seed]
    for mark in MARKS:
        words += ['--mark', mark]
    for i, (address, number) in enumerate(task.feeders):
        words += ['--peer', f'name=feeder{i},local={address},{remote},as={number},role=feed,start=held,enhanced=no,variant={i}']
    for i, (address, number) in enumerate(task.listeners):
        words += ['--peer', f'name=listener{i},local={address},{remote},as={number},role=listen,enhanced=no,light=yes'
                            + (',start=down' if i else '')]
    address, number = task.probe
    words += ['--peer', f'name=probe,local={address},{remote},as={number},role=probe,hold=3']
    return words


class Session:
    """A running speaker with its neighbours: takes measurements, keeps the figures."""

    def __init__(self, options, task, speaker, processes, feed):
        self.options, self.task, self.speaker, self.feed = options, task, speaker, feed
        self.daemon, self.neighbours = processes
        self.samples = []
        self.policy = 'A'

    def measure(self, workload, line, show=True):
        cpu, machine = self.daemon.cpu(), lab.machine_cpu() - self.neighbours.cpu()
        begin = time.monotonic()
        sample = self.feed.ask(f'measure {line} timeout {self.options.timeout}', must=False)
        took = time.monotonic() - begin
        used = self.daemon.cpu() - cpu
        sample.update(workload=workload, speaker=self.speaker.name, mode=self.task.mode, cpu=round(used, 3),
                      routes=self.options.routes, memory=self.daemon.memory(),
                      foreign=round((lab.machine_cpu() - self.neighbours.cpu() - machine - used) / took, 2))
        if 'error' in sample:
            raise RuntimeError(f'{workload}: {sample["error"]}')
        if not self.daemon.alive():
            sample['ok'] = False
        self.samples.append(sample)
        if show:
            probe = sample.get('probe', {}).get('max_ms', 0)
            flaw = '' if sample['ok'] else '  NOT REACHED'
            flaw += f'  {sample["drops"]} sessions lost' if sample['drops'] else ''
            flaw += f'  {sample["wrong"]} routes wrong' if sample.get('wrong') else ''
            print(f'    {workload:7} {sample["seconds"]:9.3f} s  cpu {used:7.2f} s  stall {probe:8.1f} ms  '
                  f'{sample["updates"]} updates{flaw}', flush=True)
        return sample

    def change(self, workload, policy, goal, verify=''):
        script = os.path.join(self.task.folder, f'trigger-{policy}')
        with open(script, 'w', encoding='ascii') as f:
            f.write(self.speaker.trigger(policy) + '\n')
        self.policy = policy
        return self.measure(workload, f'listener0 do exec "sh {script}" goal "{goal}" {verify}')

    def load(self, table):
        before = self.daemon.memory()
        actions = ' '.join(f'do feed feeder{i}' for i in range(len(self.task.feeders)))
        sample = self.measure('W1', f'listener0 {actions} goal "present={table["routes"]} mark0={table["routes"]}"')
        paths = table['routes'] * len(self.task.feeders)
        sample['bytes_per_route'] = round((self.daemon.memory() - before) / paths)

    def new_listener(self, table):
        self.measure('W1b', f'listener1 do up listener1 from listener1 goal "present={table["routes"]}"')
        self.feed.ask('down listener1')

    def every_route(self, workload, table):
        n = table['routes']
        policy, new, old = ('B', 1, 0) if self.policy != 'B' else ('A', 0, 1)
        return self.change(workload, policy, f'present={n} mark{new}={n} mark{old}=0')

    def back_to_a(self, table):
        if self.policy == 'B':
            self.every_route('again', table)

    def partial(self, stem, table, kinds):
        n, block, tagged = table['routes'], table['block'], table['tagged']
        if 'p' in kinds:
            self.change(stem + 'bp', 'P', f'present={n} mark0={n} mark2={block}', 'verify block=2')
            self.change(stem + "bp'", 'A', f'present={n} mark0={n} mark2=0')
        if 'c' in kinds:
            self.change(stem + 'bc', 'C', f'present={n} mark0={n} mark3={tagged}', 'verify tagged=3')
            self.change(stem + "bc'", 'A', f'present={n} mark0={n} mark3=0')
        if 'r' in kinds:
            self.change(stem + 'br', 'R', f'present={n - block} mark0={n - block}', 'verify missing-block')
            self.change(stem + "br'", 'A', f'present={n} mark0={n}')

    def answer(self, table):
        self.measure('W4', f'listener0 do refresh listener0 ipv4-unicast goal "seen={table["routes"]}"')

    def with_operator(self, table):
        """W2 while somebody looks at the summary all the time."""
        latencies, stop = [], threading.Event()
        words = self.task.inside(*self.speaker.summary())

        def look():
            while not stop.is_set():
                begin = time.monotonic()
                subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                latencies.append(time.monotonic() - begin)
                time.sleep(0.02)

        operator = threading.Thread(target=look)
        operator.start()
        try:
            sample = self.every_route('W6', table)
        finally:
            stop.set()
            operator.join()
        sample['command_ms'] = {'max': round(max(latencies) * 1e3, 1), 'count': len(latencies),
                                'median': round(statistics.median(latencies) * 1e3, 1)}


def run_workloads(session, table):
    options = session.options
    session.load(table)
    for _ in range(options.repeat):
        session.new_listener(table)
        if session.speaker.answers_refresh:
            session.answer(table)
        if session.task.mode == 'stored':
            session.every_route('W2', table)
            session.every_route('W2', table)
            session.back_to_a(table)
            session.partial('W2', table, 'pcr')
        else:
            session.every_route('W3', table)
            session.every_route('W3', table)
            session.back_to_a(table)
            session.partial('W3', table, 'p')
    if session.task.mode == 'stored':
        session.with_operator(table)
        session.back_to_a(table)


def run_one(options, cls, mode):
    """One speaker, one mode: start, measure, stop. Returns its samples."""
    print(f'  {cls.name}, {mode}', flush=True)
    with lab.Lab(addresses(options.feeders)) as room:
        task = Task(room, mode, options.feeders)
        speaker = cls(task)
        speaker.configure()
        started = []
        session = None
        try:
            log = os.path.join(options.logs, f'{cls.name}-{mode}.log')
            if os.path.exists(log):
                os.unlink(log)
            daemon = lab.Process(task.inside(*speaker.start()), log, room.folder)
            started.append(daemon)
            end = time.monotonic() + 30
            while not speaker.ready():
                if time.monotonic() > end or not daemon.alive():
                    raise RuntimeError(f'{cls.name} does not start; see {log}')
                time.sleep(0.2)
            path = os.path.join(room.folder, 'feed.sock')
            words = room.inside('peers', *feed_words(options, task, path))
            started.append(lab.Process(words, os.path.join(options.logs, 'bgpfeed.log'), room.folder))
            feed = lab.Feed(path).connect()
            names = [f'feeder{i}' for i in range(options.feeders)] + ['listener0', 'probe']
            feed.ask('wait ' + ' and '.join(f'{n} established = 1' for n in names) + ' timeout 60')
            time.sleep(1)
            table = feed.ask('status')['tables']['ipv4-unicast']
            session = Session(options, task, speaker, started, feed)
            run_workloads(session, table)
        except (RuntimeError, OSError) as error:
            print(f'    given up: {error}', flush=True)
        finally:
            for process in reversed(started):
                process.stop()
        return session.samples if session else []


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--build', default='build', help='where afreshd, afresh and bgpfeed are')
    parser.add_argument('--quick', action='store_true', help='100,000 routes, one repetition')
    parser.add_argument('--routes', type=int)
    parser.add_argument('--feeders', type=int, default=1)
    parser.add_argument('--repeat', type=int)
    parser.add_argument('--runs', type=int, default=1, help='whole runs of everything')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--timeout', type=int, default=300)
    parser.add_argument('--speaker', action='append', choices=sorted(SPEAKERS), help='may be repeated')
    parser.add_argument('--mode', choices=['stored', 'refresh'])
    parser.add_argument('--doc', metavar='FILE', help='writes the table as a page of the documentation')
    parser.add_argument('--out', default='build/bench', help='folder for results and logs')
    options = parser.parse_args()
    options.routes = options.routes or (100_000 if options.quick else 1_000_000)
    options.repeat = options.repeat or (1 if options.quick else 3)
    options.logs = os.path.abspath(os.path.join(options.out, 'logs'))
    os.makedirs(options.logs, exist_ok=True)
    return options


def main():
    if os.geteuid() != 0:  # network namespaces need it
        os.execvp('sudo', ['sudo', sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything started is stopped
    options = parse_options()
    Afresh.build = options.build
    chosen = [SPEAKERS[name] for name in options.speaker or SPEAKERS]
    samples = []
    versions = {}
    for number in range(options.runs):
        print(f'run {number + 1} of {options.runs}: {options.routes} routes, {options.feeders} feeder(s)')
        for cls in chosen:
            if not cls.here():
                print(f'  {cls.name}: not installed')
                continue
            if options.routes > cls.most_routes:
                print(f'  {cls.name}: left out above {cls.most_routes} routes')
                continue
            versions[cls.name] = cls.version()
            for mode in cls.modes:
                if options.mode in (None, mode):
                    samples += run_one(options, cls, mode)
    result = {'when': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
              'command': ' '.join(['bench/' + os.path.basename(sys.argv[0]), *sys.argv[1:]]), 'routes': options.routes, 'feeders': options.feeders,
              'processors': os.cpu_count(), 'versions': versions, 'samples': samples}
    path = os.path.join(options.out, f'{options.routes}-{options.feeders}.json')
    with open(path, 'w', encoding='ascii') as f:
        json.dump(result, f, indent=1)
    print()
    print(report.table(result))
    print(f'All figures: {path}')
    if options.doc:
        report.document(result, options.doc)


if __name__ == '__main__':
    main()
