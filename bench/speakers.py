"""The speakers under test: how each is configured, started and told to change its import policy.

All get the same task. Neighbours are passive eBGP sessions: feeders (an import policy, nothing
exported), listeners (everything exported, nothing imported), clients (both), a probe (imported as
it is). The import policies, where communities are added:
    A  65000:1      B  65000:2
    P  as A, and 65000:3 within 44.0.0.0/8 up to /24        (1 % of the table, in one place)
    C  as A, and 65000:4 where a route carries 64999:77     (1 % of the table, scattered)
    R  as A, but reject within 44.0.0.0/8 up to /24
Modes: `stored` keeps what was received; `refresh` asks the neighbour again.
"""

import os
import pwd
import shutil
import subprocess
import time

from lab import AS, PORT, SPEAKER

POLICIES = 'ABPCR'
HOLD = 90


class Speaker:
    """What every speaker must answer; a task holds .folder, .mode, .feeders, .listeners, .clients, .probe."""

    name = ''
    modes = ('stored',)
    answers_refresh = True     # sends its table when asked by ROUTE-REFRESH
    most_routes = 10_000_000

    def __init__(self, task):
        self.task = task

    def path(self, name):
        return os.path.join(self.task.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='ascii') as f:
            f.write(text)

    @staticmethod
    def here():
        return False

    @classmethod
    def version(cls):
        return '?'

    def configure(self):
        raise NotImplementedError

    def start(self):
        """The command words of the daemon in the foreground."""
        raise NotImplementedError

    def trigger(self, policy):
        """A shell command that makes this policy hold, also for the routes received before."""
        raise NotImplementedError

    def summary(self):
        """Command words of what an operator would ask meanwhile."""
        raise NotImplementedError

    def ready(self):
        return subprocess.run(self.task.inside(*self.summary()), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0


def first_line(*argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return (done.stdout.strip().splitlines() or ['?'])[0]


class Afresh(Speaker):
    name = 'afresh'
    modes = ('stored', 'refresh')
    build = 'build'

    @classmethod
    def program(cls, name):
        return os.path.join(os.path.abspath(cls.build), name)

    @staticmethod
    def here():
        return os.path.exists(Afresh.program('afreshd'))

    @classmethod
    def version(cls):
        return first_line(cls.program('afreshd'), '--version')

    @staticmethod
    def policies():
        for policy in POLICIES:
            number = 2 if policy == 'B' else 1
            if policy == 'R':
                yield 'route-policy IMP-R deny node 5\n if-match ip-prefix BLOCK\n#'
            elif policy == 'P':
                yield ('route-policy IMP-P permit node 5\n if-match ip-prefix BLOCK\n'
                       ' apply community 65000:1 65000:3 additive\n#')
            elif policy == 'C':
                yield ('route-policy IMP-C permit node 5\n if-match community-filter 1\n'
                       ' apply community 65000:1 65000:4 additive\n#')
            yield (f'route-policy IMP-{policy} permit node 10\n'
                   f' apply community 65000:{number} additive\n#')

    def configure(self):
        t = self.task
        lines = ['sysname bench', '#', 'ip ip-prefix BLOCK index 10 permit 44.0.0.0 8 greater-equal 8 less-equal 24',
                 '#', 'ip community-filter 1 index 10 permit 64999:77', '#', *self.policies(),
                 'route-policy NOTHING deny node 10', '#', f'bgp {AS}', f' router-id {SPEAKER}',
                 f' timer keepalive {HOLD // 3} hold {HOLD}']
        for address, number in t.everyone():
            lines += [f' peer {address} as-number {number}', f' peer {address} listen-only']
        lines += [' #', ' ipv4-family unicast']
        for address, _ in t.feeders + t.clients:
            lines += [f'  peer {address} enable', f'  peer {address} route-policy IMP-A import']
            if t.mode == 'stored':
                lines.append(f'  peer {address} keep-all-routes')
        lines += [f'  peer {address} route-policy NOTHING export' for address, _ in t.feeders]
        lines += [f'  peer {address} advertise-community' for address, _ in t.clients]
        for address, _ in t.listeners:
            lines += [f'  peer {address} enable', f'  peer {address} route-policy NOTHING import',
                      f'  peer {address} advertise-community', f'  peer {address} advertise-large-community']
        lines += [f'  peer {t.probe[0]} enable', f'  peer {t.probe[0]} route-policy NOTHING export', '#', 'return']
        self.write('afresh.cfg', '\n'.join(lines) + '\n')
        os.makedirs(self.path('state'), exist_ok=True)

    def start(self):
        return [self.program('afreshd'), '-f', self.path('afresh.cfg'), '-s', self.path('afresh.sock'),
                '-d', self.path('state'), '-l', SPEAKER, '-p', PORT]

    def trigger(self, policy):
        words = ['system-view', f'bgp {AS}', 'ipv4-family unicast']
        words += [f'peer {address} route-policy IMP-{policy} import'
                  for address, _ in self.task.feeders + self.task.clients]
        return f"{self.program('afresh')} -s {self.path('afresh.sock')} -c '{'; '.join(words)}; commit' >/dev/null"

    def commit_of_nothing(self, turn):
        """The feeders' policy under another name. Seconds that the commit took, the terminal included."""
        name = f'IMP-A{turn}'
        words = ['system-view', f'route-policy {name} permit node 10', 'apply community 65000:1 additive', 'quit',
                 f'bgp {AS}', 'ipv4-family unicast']
        words += [f'peer {address} route-policy {name} import' for address, _ in self.task.feeders]
        begin = time.monotonic()
        subprocess.run([self.program('afresh'), '-s', self.path('afresh.sock'), '-c', '; '.join(words) + '; commit'],
                       stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begin

    def summary(self):
        return [self.program('afresh'), '-s', self.path('afresh.sock'), '-c', 'display bgp peer']


class Bird(Speaker):
    name = 'bird'
    modes = ('stored', 'refresh')

    @staticmethod
    def here():
        return shutil.which('bird', path='/usr/sbin:/usr/bin') is not None

    @classmethod
    def version(cls):
        return first_line('/usr/sbin/bird', '--version')

    def text(self, policy):
        t = self.task
        add = 'bgp_community.add((65000,%d));'
        rule = add % (2 if policy == 'B' else 1)
        block = 'net ~ [ 44.0.0.0/8{8,24} ]'
        if policy == 'P':
            rule += f' if {block} then {add % 3}'
        elif policy == 'C':
            rule += f' if (64999,77) ~ bgp_community then {add % 4}'
        elif policy == 'R':
            rule = f'if {block} then reject; ' + rule
        keep = ' import table on;' if t.mode == 'stored' else ''
        out = [f'router id {SPEAKER};', 'protocol device { scan time 600; }', f'filter imp {{ {rule} accept; }}']
        groups = [('f', t.feeders, f'import filter imp; export none;{keep}'),
                  ('l', t.listeners, 'import none; export all;'),
                  ('c', t.clients, f'import filter imp; export all;{keep}'),
                  ('p', [t.probe], 'import all; export none;')]
        for letter, peers, channel in groups:
            for i, (address, number) in enumerate(peers):
                out.append(f'protocol bgp {letter}{i} {{ local {SPEAKER} port {PORT} as {AS}; '
                           f'neighbor {address} as {number}; passive; hold time {HOLD}; ipv4 {{ {channel} }}; }}')
        return '\n'.join(out) + '\n'

    def configure(self):
        self.write('bird.conf', self.text('A'))
        for policy in POLICIES:
            self.write(f'bird-{policy}.conf', self.text(policy))

    def start(self):
        return ['/usr/sbin/bird', '-f', '-c', self.path('bird.conf'), '-s', self.path('bird.ctl'),
                '-P', self.path('bird.pid')]

    def trigger(self, policy):
        return f"/usr/sbin/birdc -s {self.path('bird.ctl')} 'configure \"{self.path(f'bird-{policy}.conf')}\"' >/dev/null"

    def summary(self):
        return ['/usr/sbin/birdc', '-s', self.path('bird.ctl'), 'show protocols']


class Frr(Speaker):
    name = 'frr'
    modes = ('stored', 'refresh')

    @staticmethod
    def here():
        return os.path.exists('/usr/lib/frr/bgpd')

    @classmethod
    def version(cls):
        return first_line('/usr/lib/frr/bgpd', '--version')

    def configure(self):
        t = self.task
        out = ['ip prefix-list BLOCK seq 5 permit 44.0.0.0/8 le 24',
               'bgp community-list standard TAG seq 5 permit 64999:77']
        for policy in POLICIES:
            number = 2 if policy == 'B' else 1
            if policy == 'R':
                out += ['route-map IMP-R deny 5', ' match ip address prefix-list BLOCK']
            elif policy == 'P':
                out += ['route-map IMP-P permit 5', ' match ip address prefix-list BLOCK',
                        ' set community 65000:1 65000:3 additive']
            elif policy == 'C':
                out += ['route-map IMP-C permit 5', ' match community TAG', ' set community 65000:1 65000:4 additive']
            out += [f'route-map IMP-{policy} permit 10', f' set community 65000:{number} additive']
        out += ['route-map NOTHING deny 10', f'router bgp {AS}', f' bgp router-id {SPEAKER}',
                ' no bgp ebgp-requires-policy', ' no bgp network import-check', f' timers bgp {HOLD // 3} {HOLD}']
        for address, number in t.everyone():
            out += [f' neighbor {address} remote-as {number}', f' neighbor {address} passive',
                    f' neighbor {address} disable-connected-check', f' neighbor {address} advertisement-interval 0']
        out.append(' address-family ipv4 unicast')
        for address, _ in t.feeders:
            out += [f'  neighbor {address} route-map IMP-A in', f'  neighbor {address} route-map NOTHING out']
            if t.mode == 'stored':
                out.append(f'  neighbor {address} soft-reconfiguration inbound')
        for address, _ in t.listeners:
            out.append(f'  neighbor {address} route-map NOTHING in')
        out += [f'  neighbor {t.probe[0]} route-map NOTHING out', ' exit-address-family']
        self.write('bgpd.conf', '\n'.join(out) + '\n')

    def start(self):
        return ['/usr/lib/frr/bgpd', '-f', self.path('bgpd.conf'), '-n', '-Z', '-S', '-i', self.path('bgpd.pid'),
                '--vty_socket', self.task.folder, '-P', '0', '-p', PORT, '-l', SPEAKER]

    def trigger(self, policy):
        words = ['configure terminal', f'router bgp {AS}', 'address-family ipv4 unicast']
        words += [f'neighbor {address} route-map IMP-{policy} in' for address, _ in self.task.feeders]
        return f"vtysh --vty_socket {self.task.folder} -d bgpd " + ' '.join(f"-c '{w}'" for w in words) + ' >/dev/null'

    def summary(self):
        return ['vtysh', '--vty_socket', self.task.folder, '-d', 'bgpd', '-c', 'show bgp summary']


class Openbgpd(Speaker):
    name = 'openbgpd'
    answers_refresh = False    # 7.7 ignores every ROUTE-REFRESH

    @staticmethod
    def here():
        return os.path.exists('/usr/sbin/bgpctl')

    @classmethod
    def version(cls):
        return first_line('dpkg-query', '-W', 'openbgpd')

    def text(self, policy):
        t = self.task
        out = [f'AS {AS}', f'router-id {SPEAKER}', 'fib-update no', f'holdtime {HOLD}',
               f'listen on {SPEAKER} port {PORT}', f'socket "{self.path("bgpd.sock")}"']
        for peers, export in (t.feeders, 'export none'), (t.listeners, ''), ([t.probe], 'export none'):
            for address, number in peers:
                out.append(f'neighbor {address} {{\n remote-as {number}\n passive\n {export}\n}}')
        out += [f'allow from {t.probe[0]}']
        for address, _ in t.feeders:
            number = 2 if policy == 'B' else 1
            out.append(f'allow from {address} set community 65000:{number}')
            if policy == 'P':
                out.append(f'match from {address} prefix 44.0.0.0/8 prefixlen 8 - 24 set community 65000:3')
            elif policy == 'C':
                out.append(f'match from {address} community 64999:77 set community 65000:4')
            elif policy == 'R':
                out.append(f'deny from {address} prefix 44.0.0.0/8 prefixlen 8 - 24')
        out += [f'allow to {address}' for address, _ in t.listeners]
        return '\n'.join(out) + '\n'

    def configure(self):
        for policy in POLICIES:
            self.write(f'bgpd-{policy}.conf', self.text(policy))
            os.chmod(self.path(f'bgpd-{policy}.conf'), 0o600)
        shutil.copy(self.path('bgpd-A.conf'), self.path('bgpd.conf'))
        os.chmod(self.path('bgpd.conf'), 0o600)

    def start(self):
        # It changes its root to its user's home, which only its service makes: here a /run of its own
        # (`ip netns exec` gives each command its own mounts).
        home = pwd.getpwnam('_openbgpd').pw_dir
        return ['sh', '-c', f"mount -t tmpfs none /run && mkdir -p {home} && "
                            f"exec /usr/sbin/bgpd -d -f {self.path('bgpd.conf')}"]

    def trigger(self, policy):
        return (f"cp {self.path(f'bgpd-{policy}.conf')} {self.path('bgpd.conf')} && "
                f"bgpctl -s {self.path('bgpd.sock')} reload >/dev/null")

    def summary(self):
        return ['bgpctl', '-s', self.path('bgpd.sock'), 'show', 'summary']


class Gobgp(Speaker):
    name = 'gobgp'
    most_routes = 100_000      # a million takes it minutes per workload

    @staticmethod
    def here():
        return shutil.which('gobgpd') is not None

    @classmethod
    def version(cls):
        return first_line('gobgpd', '--version')

    @staticmethod
    def statement(name, neighbors, conditions, communities, disposition):
        out = ['[[policy-definitions.statements]]', f'name = "{name}"',
               '[policy-definitions.statements.conditions.match-neighbor-set]', f'neighbor-set = "{neighbors}"']
        if conditions == 'block':
            out += ['[policy-definitions.statements.conditions.match-prefix-set]', 'prefix-set = "block"']
        elif conditions == 'tag':
            out += ['[policy-definitions.statements.conditions.bgp-conditions.match-community-set]',
                    'community-set = "tag"']
        if communities:
            quoted = ', '.join(f'"65000:{c}"' for c in communities)
            out += ['[policy-definitions.statements.actions.bgp-actions.set-community]', 'options = "add"',
                    '[policy-definitions.statements.actions.bgp-actions.set-community.set-community-method]',
                    f'communities-list = [{quoted}]']
        out += ['[policy-definitions.statements.actions]', f'route-disposition = "{disposition}"']
        return out

    def configure(self):
        t = self.task
        out = ['[global.config]', f'as = {AS}', f'router-id = "{SPEAKER}"', f'port = {PORT}',
               f'local-address-list = ["{SPEAKER}"]', '[global.apply-policy.config]',
               'import-policy-list = ["IMP-A"]', 'default-import-policy = "accept-route"',
               'export-policy-list = ["EXP"]', 'default-export-policy = "accept-route"']
        for address, number in t.everyone():
            out += ['[[neighbors]]', '[neighbors.config]', f'neighbor-address = "{address}"', f'peer-as = {number}',
                    '[neighbors.transport.config]', 'passive-mode = true',
                    '[neighbors.timers.config]', f'hold-time = {HOLD}', f'keepalive-interval = {HOLD // 3}']
        out += ['[[defined-sets.prefix-sets]]', 'prefix-set-name = "block"', '[[defined-sets.prefix-sets.prefix-list]]',
                'ip-prefix = "44.0.0.0/8"', 'masklength-range = "8..24"',
                '[[defined-sets.bgp-defined-sets.community-sets]]', 'community-set-name = "tag"',
                'community-list = ["64999:77"]']
        silent = [a for a, _ in t.feeders] + [t.probe[0]]
        for name, peers in ('feeders', [a for a, _ in t.feeders]), ('silent', silent):
            quoted = ', '.join(f'"{a}/32"' for a in peers)
            out += ['[[defined-sets.neighbor-sets]]', f'neighbor-set-name = "{name}"',
                    f'neighbor-info-list = [{quoted}]']
        for policy in POLICIES:
            base = 2 if policy == 'B' else 1
            out += ['[[policy-definitions]]', f'name = "IMP-{policy}"']
            if policy == 'P':
                out += self.statement('p1', 'feeders', 'block', [1, 3], 'accept-route')
            elif policy == 'C':
                out += self.statement('c1', 'feeders', 'tag', [1, 4], 'accept-route')
            elif policy == 'R':
                out += self.statement('r1', 'feeders', 'block', [], 'reject-route')
            out += self.statement(f'all{policy}', 'feeders', '', [base], 'accept-route')
        out += ['[[policy-definitions]]', 'name = "EXP"', *self.statement('e1', 'silent', '', [], 'reject-route')]
        self.write('gobgp.toml', '\n'.join(out) + '\n')

    def start(self):
        return ['gobgpd', '-f', self.path('gobgp.toml'), '-l', 'warn', '--api-hosts', f'{SPEAKER}:50051',
                '--pprof-disable']

    def trigger(self, policy):
        soft = ' && '.join(f'gobgp -u {SPEAKER} neighbor {address} softresetin' for address, _ in self.task.feeders)
        return f'{{ gobgp -u {SPEAKER} global policy import set IMP-{policy} default accept && {soft}; }} >/dev/null'

    def summary(self):
        return ['gobgp', '-u', SPEAKER, 'neighbor']


SPEAKERS = {cls.name: cls for cls in (Afresh, Bird, Frr, Openbgpd, Gobgp)}
