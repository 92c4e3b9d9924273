#!/usr/bin/env python3
"""VPN routes in Afresh: what a changed route target and a changed membership cost.

Scenes, each with bgpfeed as the neighbours, in network namespaces of their own (needs root):

PE         one feeder sends --routes VPNv4 routes spread over --instances route targets; each target belongs to one
           VPN instance. Timed: the load; a policy change that judges every route again (the measure of "re-importing
           everything"); one instance's import target removed, and put back; a commit that changes nothing in effect, from
           the start of the terminal to its end.
reflector  the same routes reflected to --clients clients, each with its memberships. One client's membership is
           withdrawn and announced again: counted is what each client hears.
beside     the workloads W1 to W4 of bench.py through a reflector with one feeder and one listener, with IPv4 routes and
           with as many VPNv4 routes.

No other speaker offers the first without asking the peers again, so there is no comparison. Prints Markdown.

    bench/vpn.py --build build                 one million routes, 1,000 instances, 100 clients
    bench/vpn.py --build build --routes 100000 --instances 100 --clients 20
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab  # noqa: E402

FEEDER = '10.99.0.11'


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--build', default='build', help='where afreshd, afresh and bgpfeed are')
    parser.add_argument('--routes', type=int, default=1_000_000)
    parser.add_argument('--instances', type=int, default=1000)
    parser.add_argument('--clients', type=int, default=100)
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--scene', choices=['pe', 'reflector', 'beside'])
    parser.add_argument('--out', default='build/bench', help='folder for results and logs')
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    os.makedirs(options.out, exist_ok=True)
    options.out = os.path.abspath(options.out)
    return options


class Scene:
    """afreshd with a configuration, and bgpfeed with its peers, while the block lasts."""

    def __init__(self, options, name, addresses, config, feed):
        self.options, self.name, self.room = options, name, lab.Lab(addresses)
        self.config, self.feed_words = config, feed

    def program(self, name):
        return os.path.join(self.options.build, name)

    def path(self, name):
        return os.path.join(self.room.folder, name)

    def __enter__(self):
        self.room.__enter__()
        with open(self.path('afresh.cfg'), 'w', encoding='ascii') as f:
            f.write(self.config)
        os.makedirs(self.path('state'))
        self.daemon = lab.Process(self.room.inside(
            'speaker', self.program('afreshd'), '-f', self.path('afresh.cfg'), '-s', self.path('sock'), '-d', self.path('state'),
            '-l', lab.SPEAKER, '-p', lab.PORT), os.path.join(self.options.out, f'vpn-{self.name}.log'), self.room.folder)
        self.feeder = lab.Process(self.room.inside('peers', self.program('bgpfeed'), '--socket', self.path('feed'), *self.feed_words),
                                  os.path.join(self.options.out, f'vpn-{self.name}-feed.log'), self.room.folder)
        self.feed = lab.Feed(self.path('feed')).connect()
        return self

    def __exit__(self, *what):
        self.feeder.stop()
        self.daemon.stop()
        self.room.__exit__(*what)

    def run(self, *lines, as_json=False):
        words = self.room.inside('speaker', self.program('afresh'), '-s', self.path('sock'), *(['--json'] if as_json else []))
        done = subprocess.run(words, input='\n'.join(lines) + '\n', text=True, capture_output=True, check=False, timeout=600)
        if done.returncode:
            raise RuntimeError(f'{lines[-1]}: {done.stdout}{done.stderr}')
        return done.stdout

    def jobs(self):
        return json.loads(self.run('display bgp refresh', as_json=True))

    def change(self, *lines):
        """Commits and waits for its jobs; (seconds from the first job's start to the last one's end, routes seen,
        routes changed)."""
        last = max((j['job'] for j in self.jobs()['jobs']), default=0)
        begin = time.time()
        self.run('system-view', *lines, 'commit')
        while self.jobs()['running']:
            time.sleep(0.02)
        mine = [j for j in self.jobs()['jobs'] if j['job'] > last]
        end = max((j['ended'] for j in mine), default=begin * 1e6) / 1e6
        start = min((j['started'] for j in mine), default=begin * 1e6) / 1e6
        exchange = [j for j in mine if j.get('exchange')]
        return end - start, sum(j['seen'] for j in exchange or mine), sum(j['changed'] for j in exchange or mine)


def wait_until(what, predicate, seconds=300):
    begin = time.monotonic()
    while not predicate():
        if time.monotonic() - begin > seconds:
            raise RuntimeError(f'waited {seconds} s for {what}')
        time.sleep(0.05)
    return time.monotonic() - begin


# --- PE -------------------------------------------------------------------------------------------------
def pe_config(options):
    text = 'sysname bench\n#\nroute-policy TAG permit node 10\n apply community 65000:1 additive\n#\n'
    for k in range(1, options.instances + 1):
        text += (f'ip vpn-instance v{k}\n ipv4-family\n  route-distinguisher 65001:{k}\n'
                 f'  vpn-target 65000:{k} export-extcommunity\n  vpn-target 65000:{k} import-extcommunity\n#\n')
    return text + (f'bgp {lab.AS}\n router-id {lab.SPEAKER}\n peer {FEEDER} as-number {lab.AS}\n peer {FEEDER} listen-only\n'
                   f' #\n ipv4-family vpnv4\n  peer {FEEDER} enable\n  peer {FEEDER} keep-all-routes\n#\nreturn\n')


def feed_words(options, clients=0):
    remote = f'remote={lab.SPEAKER}:{lab.PORT},as={lab.AS}'
    words = ['--prepare', '--routes-vpn', options.routes, '--instances', options.instances,
             '--peer', f'name=feeder,local={FEEDER},{remote},role=feed,start=held,enhanced=no,families=vpnv4']
    for i in range(clients):
        words += ['--peer', f'name=c{i},local=10.99.0.{20 + i},{remote},families=vpnv4+vpn-target,light=yes']
    return words


def pe(options):
    with Scene(options, 'pe', [FEEDER], pe_config(options), feed_words(options)) as s:
        s.feed.ask('wait feeder established = 1 timeout 120')
        time.sleep(2)
        before = s.daemon.memory()
        s.feed.ask('feed feeder')
        received = lambda: json.loads(s.run('display bgp vpnv4 all peer verbose', as_json=True))['peers'][0]['routes_received']
        load = wait_until('the load', lambda: received() >= options.routes)
        size = (s.daemon.memory() - before) / options.routes
        view = ['bgp 65000', 'ipv4-family vpnv4']
        whole, one, back, nothing = [], [], [], []
        for i in range(options.repeat):
            whole.append(s.change(*view, f'peer {FEEDER} route-policy TAG import'))
            whole.append(s.change(*view, f'undo peer {FEEDER} route-policy TAG import'))
            k = options.instances // 2 + i + 1
            inside = [f'ip vpn-instance v{k}', 'ipv4-family']
            one.append(s.change(*inside, f'undo vpn-target 65000:{k} import-extcommunity'))
            back.append(s.change(*inside, f'vpn-target 65000:{k} import-extcommunity'))
            begin = time.monotonic()
            s.run('system-view', f'ip vpn-instance v{k}', f'description {i}', 'commit')
            nothing.append((time.monotonic() - begin, 0, 0))
    median = lambda samples: statistics.median(x[0] for x in samples)
    print(f'\nPE: {options.routes} VPNv4 routes, {options.instances} instances; medians of {options.repeat}; '
          f'{size:.0f} bytes a route, in both tables together\n')
    print('| what | seconds | routes seen | routes changed |\n|---|---|---|---|')
    print(f'| load | {load:.2f} | {options.routes} | {options.routes} |')
    for name, samples in (('every route judged and imported again', whole), ('import target of one instance removed', one),
                          ('the same put back', back), ('a commit that changes nothing in effect', nothing)):
        print(f'| {name} | {median(samples):.4f} | {samples[0][1]} | {samples[0][2]} |')
    print(f'\nOne target against everything: {median(whole) / max(median(one), median(back), 1e-6):.0f} times faster.')
    return dict(load=load, whole=whole, one=one, back=back, nothing=nothing, bytes_per_route=size)


# --- reflector --------------------------------------------------------------------------------------------
def reflector_config(options):
    peers = [FEEDER] + [f'10.99.0.{20 + i}' for i in range(options.clients)]
    text = f'sysname bench\n#\nbgp {lab.AS}\n router-id {lab.SPEAKER}\n'
    text += ''.join(f' peer {p} as-number {lab.AS}\n peer {p} listen-only\n' for p in peers)
    text += ' #\n ipv4-family vpnv4\n' + ''.join(f'  peer {p} enable\n  peer {p} reflect-client\n' for p in peers)
    text += ' #\n ipv4-family vpn-target\n' + ''.join(f'  peer {p} enable\n  peer {p} reflect-client\n' for p in peers[1:])
    return text + '#\nreturn\n'


def counters(s, options):
    """(announced, withdrawn) of each client's VPNv4 routes so far: memberships do not count."""
    out = {}
    for i in range(options.clients):
        st = s.feed.ask(f'status c{i}')
        out[i] = (st['received']['announced'], st['received']['withdrawn'])
    return out


def reflector(options):
    addresses = [FEEDER] + [f'10.99.0.{20 + i}' for i in range(options.clients)]
    each = options.instances // options.clients
    per_target = options.routes // options.instances
    with Scene(options, 'reflector', addresses, reflector_config(options), feed_words(options, options.clients)) as s:
        s.feed.ask('wait feeder established = 1 timeout 120')
        for i in range(options.clients):
            s.feed.ask(f'wait c{i} established = 1 timeout 60')
            for k in range(i * each + 1, (i + 1) * each + 1):
                s.feed.ask(f'announce c{i} {lab.AS},65000:{k} family vpn-target')
        s.feed.ask('feed feeder')
        begin = time.monotonic()
        held = lambda i: s.feed.ask(f'status c{i}')['held']
        wait_until('the clients to have theirs', lambda: sum(held(i) for i in range(options.clients)) >= options.routes, 600)
        for i in range(options.clients):  # they hold memberships of others, too
            s.feed.ask(f'wait c{i} quiet > 0.5 timeout 60')
        load = time.monotonic() - begin - 0.5
        samples = []
        for n in range(options.repeat):
            for verb in 'withdraw', 'announce':
                time.sleep(1)
                before = counters(s, options)
                begin = time.monotonic()
                s.feed.ask(f'{verb} c0 {lab.AS},65000:{n % each + 1} family vpn-target')
                at = 0 if verb == 'announce' else 1
                wait_until('the routes to move', lambda: s.feed.ask('status c0')['received'][('announced', 'withdrawn')[at]] >
                           before[0][at], 30)
                s.feed.ask('wait c0 quiet > 0.5 timeout 30')
                took = time.monotonic() - begin - 0.5
                after = counters(s, options)
                others = sum(after[i][k] - before[i][k] for i in range(1, options.clients) for k in (0, 1))
                samples.append((verb, took, after[0][at] - before[0][at], others))
    print(f'\nReflector: {options.routes} VPNv4 routes to {options.clients} clients with {each} memberships each '
          f'({per_target} routes a target); all had theirs after {load:.1f} s\n')
    print('| membership of one client | seconds until the last route | routes to it | messages about VPN routes or memberships to others |')
    print('|---|---|---|---|')
    for verb in 'withdraw', 'announce':
        mine = [x for x in samples if x[0] == verb]
        print(f'| {verb} | {statistics.median(x[1] for x in mine):.3f} | {mine[0][2]} | {max(x[3] for x in mine)} |')
    return dict(load=load, samples=samples)


# --- beside -----------------------------------------------------------------------------------------------
LISTENER = '10.99.0.20'
FAMILIES = {'IPv4': ('ipv4-unicast', 'ipv4-family unicast'), 'VPNv4': ('vpnv4', 'ipv4-family vpnv4')}


def beside_config(view, stored):
    text = 'sysname bench\n#\n'
    for name, number in ('A', 1), ('B', 2):
        text += f'route-policy {name} permit node 10\n apply community 65000:{number} additive\n#\n'
    text += f'bgp {lab.AS}\n router-id {lab.SPEAKER}\n'
    text += ''.join(f' peer {p} as-number {lab.AS}\n peer {p} listen-only\n' for p in (FEEDER, LISTENER))
    text += f' #\n {view}\n' + ''.join(f'  peer {p} enable\n  peer {p} reflect-client\n  peer {p} advertise-community\n'
                                       for p in (FEEDER, LISTENER))
    text += f'  peer {FEEDER} route-policy A import\n' + (f'  peer {FEEDER} keep-all-routes\n' if stored else '')
    return text + '#\nreturn\n'


def beside_feed(options, family):
    remote = f'remote={lab.SPEAKER}:{lab.PORT},as={lab.AS}'
    size = ['--routes-vpn', options.routes, '--instances', options.instances] if family == 'vpnv4' else ['--routes', options.routes]
    return ['--prepare', *size, '--mark', '65000:1', '--mark', '65000:2',
            '--peer', f'name=feeder,local={FEEDER},{remote},role=feed,start=held,enhanced=no,families={family}',
            '--peer', f'name=listener,local={LISTENER},{remote},role=listen,enhanced=no,light=yes,families={family}']


def beside_one(options, title, stored):
    """(workload, seconds, processor seconds of the daemon) of each measurement."""
    family, view = FAMILIES[title]
    samples = []
    with Scene(options, 'beside', [FEEDER, LISTENER], beside_config(view, stored), beside_feed(options, family)) as s:
        s.feed.ask('wait feeder established = 1 and listener established = 1 timeout 120')
        time.sleep(1)
        n = s.feed.ask('status')['tables'][family]['routes']

        def measure(workload, action, goal):
            cpu = s.daemon.cpu()
            reply = s.feed.ask(f'measure listener do {action} goal "{goal}" timeout 120', must=False)
            if not reply.get('ok'):
                raise RuntimeError(f'{title}, {workload}: {reply}')
            samples.append((workload, reply['seconds'], s.daemon.cpu() - cpu))

        measure('W1', 'feed feeder', f'present={n} mark0={n}')
        for i in range(options.repeat):
            for policy, new in ('B', 1), ('A', 0):
                with open(s.path('trigger'), 'w', encoding='ascii') as f:
                    f.write(f"{s.program('afresh')} -s {s.path('sock')} -c 'system-view; bgp {lab.AS}; {view}; "
                            f"peer {FEEDER} route-policy {policy} import; commit' >/dev/null\n")
                measure('W2' if stored else 'W3', f'exec "sh {s.path("trigger")}"', f'present={n} mark{new}={n} mark{1 - new}=0')
            if stored:
                measure('W4', f'refresh listener {family}', f'seen={n}')
    return samples


def beside(options):
    result = {}
    for title in FAMILIES:
        result[title] = [x for _ in range(3) for x in beside_one(options, title, True)] + beside_one(options, title, False)
    print(f'\n{options.routes} routes of each family through a reflector, one feeder, one listener; medians; in brackets '
          'processor seconds of the daemon\n')
    print('| workload | IPv4 | VPNv4 | ratio |\n|---|---|---|---|')
    for workload in 'W1', 'W2', 'W3', 'W4':
        four, vpn = ([statistics.median(x[k] for x in result[title] if x[0] == workload) for k in (1, 2)] for title in FAMILIES)
        print(f'| {workload} | {four[0]:.3f} ({four[1]:.2f}) | {vpn[0]:.3f} ({vpn[1]:.2f}) | {vpn[0] / four[0]:.2f} ({vpn[1] / max(four[1], 0.01):.2f}) |')
    return result


def main():
    options = parse_options()
    result = {}
    for name, scene in (('pe', pe), ('reflector', reflector), ('beside', beside)):
        if options.scene in (None, name):
            result[name] = scene(options)
    with open(os.path.join(options.out, 'vpn.json'), 'w', encoding='ascii') as f:
        json.dump(result, f, indent=1)


if __name__ == '__main__':
    main()
