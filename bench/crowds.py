#!/usr/bin/env python3
"""Many neighbours, and growth: what bench.py's one feeder and one listener do not show.

    group     one feeder, 100,000 routes; a policy that changes all of them, for 1 and for 500 listeners
    askers    one million routes; one listener asks for everything again, then ten at once
    feeders   1,000 feeders with 1,000 routes each
    server    200 clients of a route server, 115,000 routes, the policies of all swapped
    nothing   one million routes; a commit that is another text of the same policy
    routes    10,000 to 4,000,000 routes: time and memory
    peers     10,000 routes and 1 to 1,000 listeners: time and memory

Needs root (two network namespaces). Prints as it goes, writes all figures as JSON.

    bench/crowds.py --speaker afresh --speaker bird --repeat 5
    bench/crowds.py --scene server --small
"""

import argparse
import json
import os
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab  # noqa: E402
from bench import MARKS  # noqa: E402
from speakers import SPEAKERS, Afresh  # noqa: E402


def place(kind, i):
    """Address and AS number of a neighbour."""
    return f'10.99.{kind + i // 200}.{i % 200 + 11}', 4200000000 + kind * 1000 + i


class Task:
    """Who takes part. Clients both feed a slice of the table and listen to the others."""

    def __init__(self, room, feeders=0, listeners=0, clients=0, sliced=False):
        self.room, self.mode, self.folder, self.sliced = room, 'stored', room.folder, sliced
        self.feeders = [place(1, i) for i in range(feeders)]
        self.listeners = [place(11, i) for i in range(listeners)]
        self.clients = [place(21, i) for i in range(clients)]
        self.probe = ('10.99.0.200', 65200)

    def everyone(self):
        return [*self.feeders, *self.listeners, *self.clients, self.probe]

    def inside(self, *argv):
        return self.room.inside('speaker', *argv)


def feed_words(scene, path):
    options, task = scene.options, scene.task
    remote = f'remote={lab.SPEAKER}:{lab.PORT}'
    words = [os.path.join(os.path.abspath(options.build), 'bgpfeed'), '--socket', path, '--prepare',
             '--routes', scene.routes, '--seed', options.seed]
    for mark in MARKS:
        words += ['--mark', mark]
    kinds = (('feeder', task.feeders, 'feed,start=held'), ('listener', task.listeners, 'listen,light=yes'),
             ('client', task.clients, 'feed,start=held,light=yes'))
    for name, peers, role in kinds:
        for i, (address, number) in enumerate(peers):
            part = f',slice={i}/{len(peers)}' if name == 'client' or (name == 'feeder' and task.sliced) else ''
            words += ['--peer', f'name={name}{i},local={address},{remote},as={number},role={role},enhanced=no{part}']
    address, number = task.probe
    return words if not scene.probe else words + ['--peer', f'name=probe,local={address},{remote},as={number},role=probe,hold=9']


class Scene:
    """A speaker with its neighbours at work. Use it in a `with` statement."""

    def __init__(self, options, cls, routes, probe=True, **crowd):
        self.options, self.cls, self.routes, self.probe, self.crowd = options, cls, routes, probe, crowd
        self.started = []
        self.policy = 'A'

    def __enter__(self):
        count = {'feeders': 0, 'listeners': 0, 'clients': 0, **self.crowd}
        addresses = ['10.99.0.200']
        for kind, name in (1, 'feeders'), (11, 'listeners'), (21, 'clients'):
            addresses += [place(kind, i)[0] for i in range(count[name])]
        self.room = lab.Lab(addresses)
        self.room.__enter__()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.task = Task(self.room, **self.crowd)
        self.speaker = self.cls(self.task)
        self.speaker.configure()
        log = os.path.join(self.options.logs, f'{self.cls.name}-crowd.log')
        self.daemon = lab.Process(self.task.inside(*self.speaker.start()), log, self.room.folder)
        self.started.append(self.daemon)
        end = time.monotonic() + 60
        while not self.speaker.ready():
            if time.monotonic() > end or not self.daemon.alive():
                raise RuntimeError(f'{self.cls.name} does not start; see {log}')
            time.sleep(0.2)
        path = os.path.join(self.room.folder, 'feed.sock')
        words = self.room.inside('peers', *feed_words(self, path))
        self.started.append(lab.Process(words, os.path.join(self.options.logs, 'bgpfeed.log'), self.room.folder))
        self.feed = lab.Feed(path).connect()
        self.everybody_is_up()
        self.empty = self.daemon.memory()

    def everybody_is_up(self):
        end = time.monotonic() + 120
        while True:
            peers = self.feed.ask('status')['peers']
            up = sum(p['established'] for p in peers)
            if up == len(peers):
                return
            if time.monotonic() > end:
                raise RuntimeError(f'{up} of {len(peers)} sessions came up')
            time.sleep(0.5)

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.stop()
        self.room.__exit__()

    def measure(self, line):
        cpu = self.daemon.cpu()
        sample = self.feed.ask(f'measure {line} timeout {self.options.timeout}', must=False)
        if not sample.get('ok') or sample['drops'] or not self.daemon.alive():
            raise RuntimeError(f'not reached: {sample}')
        sample['cpu'] = round(self.daemon.cpu() - cpu, 3)
        return sample

    def heard(self, peer):
        """UPDATEs that it has received."""
        return self.feed.ask(f'status {peer}')['received']['updates']

    def load(self, sinks, present):
        actions = ' '.join(f'do feed {name}*' for name in ('feeder', 'client') if getattr(self.task, name + 's'))
        sample = self.measure(f'{sinks} {actions} goal "present={present} mark0={present}"')
        sample['bytes_held'] = self.daemon.memory() - self.empty
        return sample

    def change(self, sinks, present):
        """Every route changes: policy B for A, or the way back."""
        self.policy, new, old = ('B', 1, 0) if self.policy != 'B' else ('A', 0, 1)
        script = os.path.join(self.room.folder, 'trigger')
        with open(script, 'w', encoding='ascii') as f:
            f.write(self.speaker.trigger(self.policy) + '\n')
        return self.measure(f'{sinks} do exec "sh {script}" goal "present={present} mark{new}={present} mark{old}=0"')


class Figures:
    """Rows of one run: what was measured, of whom, at which size."""

    def __init__(self):
        self.rows = []

    def add(self, scene, speaker, what, size, samples, **more):
        seconds = [s['seconds'] for s in samples]
        row = {'scene': scene, 'speaker': speaker, 'what': what, 'size': size, 'samples': len(samples),
               'seconds': round(statistics.median(seconds), 6),
               'cpu': round(statistics.median(s['cpu'] for s in samples), 2),
               'stall_ms': round(max(s.get('probe', {}).get('max_ms', 0) for s in samples), 1),
               'bytes': round(statistics.median(s['bytes'] for s in samples)), **more}
        self.rows.append(row)
        extra = ''.join(f'  {k} {v}' for k, v in more.items())
        print(f'  {scene:8} {speaker:9} {what:9} {size:>8}  {row["seconds"]:9.3f} s  cpu {row["cpu"]:7.2f} s  stall {row["stall_ms"]:8.1f} ms'
              f'  {row["bytes"]:>11} bytes heard{extra}', flush=True)


# --- scenes -----------------------------------------------------------------------------------------
def changes(run, sinks, present, repeat):
    return [run.change(sinks, present) for _ in range(max(repeat, 2))]


def scene_group(options, cls, figures):
    routes = 10_000 if options.small else 100_000
    for listeners in 1, 50 if options.small else 500:
        with Scene(options, cls, routes, feeders=1, listeners=listeners) as run:
            run.load('listener*', routes * listeners)
            figures.add('group', cls.name, 'W2', listeners, changes(run, 'listener*', routes * listeners, options.repeat))


def scene_askers(options, cls, figures):
    if not cls.answers_refresh:
        return
    routes = 100_000 if options.small else 1_000_000
    with Scene(options, cls, routes, feeders=1, listeners=10) as run:
        run.load('listener*', routes * 10)
        for name, count in ('listener0', 1), ('listener*', 10):
            samples = [run.measure(f'{name} do refresh {name} ipv4-unicast goal "seen={routes * count}"')
                       for _ in range(options.repeat)]
            figures.add('askers', cls.name, 'W4', count, samples)


def scene_feeders(options, cls, figures):
    feeders = 100 if options.small else 1000
    routes = feeders * 1000
    with Scene(options, cls, routes, feeders=feeders, listeners=1, sliced=True) as run:
        sample = run.load('listener0', routes)
        figures.add('feeders', cls.name, 'W1', feeders, [sample], bytes_per_route=round(sample['bytes_held'] / routes))
        figures.add('feeders', cls.name, 'W2', feeders, changes(run, 'listener0', routes, options.repeat))


def scene_server(options, cls, figures):
    clients, routes = (40, 23_000) if options.small else (200, 115_000)
    told = routes * (clients - 1)  # nobody is told what is his own
    with Scene(options, cls, routes, clients=clients) as run:
        sample = run.load('client*', told)
        figures.add('server', cls.name, 'W1', clients, [sample], bytes_per_route=round(sample['bytes_held'] / routes))
        figures.add('server', cls.name, 'W2', clients, changes(run, 'client*', told, options.repeat))


def scene_nothing(options, cls, figures):
    """Only Afresh takes part: the others have no commit that knows."""
    if cls is not Afresh:
        return
    routes = 100_000 if options.small else 1_000_000
    with Scene(options, cls, routes, probe=False, feeders=1, listeners=1) as run:
        run.load('listener0', routes)
        samples = []
        for turn in range(max(options.repeat, 2)):
            before = run.heard('listener0')
            took = run.speaker.commit_of_nothing(turn)
            time.sleep(0.5)
            samples.append({'seconds': took, 'cpu': 0, 'bytes': 0, 'updates': run.heard('listener0') - before})
        figures.add('nothing', cls.name, 'commit', routes, samples, updates=max(s['updates'] for s in samples))


def scene_routes(options, cls, figures):
    sizes = (10_000, 100_000) if options.small else (10_000, 100_000, 1_000_000, 4_000_000)
    for routes in sizes:
        if routes > min(cls.most_routes, 1_000_000 if cls is not Afresh else routes):
            continue
        with Scene(options, cls, routes, feeders=1, listeners=1) as run:
            sample = run.load('listener0', routes)
            figures.add('routes', cls.name, 'W1', routes, [sample],
                        bytes_per_route=round(sample['bytes_held'] / routes))
            figures.add('routes', cls.name, 'W2', routes, changes(run, 'listener0', routes, 2))


def scene_peers(options, cls, figures):
    routes = 10_000
    for listeners in (1, 10, 100) if options.small else (1, 10, 100, 1000):
        with Scene(options, cls, routes, feeders=1, listeners=listeners) as run:
            sample = run.load('listener*', routes * listeners)
            figures.add('peers', cls.name, 'W1', listeners, [sample], bytes_held=sample['bytes_held'])
            figures.add('peers', cls.name, 'W2', listeners, changes(run, 'listener*', routes * listeners, 2))


SCENES = {'group': scene_group, 'askers': scene_askers, 'feeders': scene_feeders, 'server': scene_server,
          'nothing': scene_nothing, 'routes': scene_routes, 'peers': scene_peers}


def run_all(options):
    figures = Figures()
    for name in options.scene or SCENES:
        for speaker in options.speaker or ['afresh', 'bird']:
            cls = SPEAKERS[speaker]
            if not cls.here():
                continue
            try:
                SCENES[name](options, cls, figures)
            except (RuntimeError, OSError) as error:
                print(f'  {name}: {cls.name} is given up: {error}', flush=True)
    return figures.rows


def main():
    if os.geteuid() != 0:
        os.execvp('sudo', ['sudo', sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', default='build')
    parser.add_argument('--scene', action='append', choices=list(SCENES), help='may be repeated; default: all')
    parser.add_argument('--speaker', action='append', choices=sorted(SPEAKERS), help='default: afresh and bird')
    parser.add_argument('--repeat', type=int, default=3)
    parser.add_argument('--small', action='store_true', help='a tenth of the size')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--timeout', type=int, default=300)
    parser.add_argument('--out', default='build/bench', help='folder for results and logs')
    options = parser.parse_args()
    options.logs = os.path.abspath(os.path.join(options.out, 'logs'))
    os.makedirs(options.logs, exist_ok=True)
    Afresh.build = options.build
    rows = run_all(options)
    with open(os.path.join(options.out, 'crowds.json'), 'w', encoding='ascii') as f:
        json.dump({'command': ' '.join(['bench/' + os.path.basename(sys.argv[0]), *sys.argv[1:]]), 'small': options.small, 'rows': rows}, f, indent=1)


if __name__ == '__main__':
    main()
