"""The laboratory: two network namespaces joined by a cable, processes in them, and what they use.

The speaker under test lives in one namespace, bgpfeed with all neighbours in the other. Everything
made here has a name with this process's number in it and is removed at the end.
"""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SPEAKER = '10.99.0.1'
PORT = 1790
AS = 65000
TICK = os.sysconf('SC_CLK_TCK')


def quiet(*argv, check=True):
    return subprocess.run(argv, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Lab:
    """Namespaces and a folder; use it in a `with` statement."""

    def __init__(self, addresses):
        self.name = f'afb{os.getpid()}'
        self.addresses = addresses
        self.folder = tempfile.mkdtemp(prefix='afresh-bench-')
        os.chmod(self.folder, 0o755)

    def __enter__(self):
        speaker, peers = self.namespace('speaker'), self.namespace('peers')
        for name in speaker, peers:
            quiet('ip', 'netns', 'add', name)
            quiet('ip', '-n', name, 'link', 'set', 'lo', 'up')
        a, b = self.name + 'a', self.name + 'b'
        quiet('ip', 'link', 'add', a, 'netns', speaker, 'type', 'veth', 'peer', 'name', b, 'netns', peers)
        quiet('ip', '-n', speaker, 'address', 'add', SPEAKER + '/16', 'dev', a)
        lines = ''.join(f'address add {address}/16 dev {b}\n' for address in self.addresses)
        subprocess.run(['ip', '-n', peers, '-batch', '-'], input=lines, text=True, check=True)
        quiet('ip', '-n', speaker, 'link', 'set', a, 'up')
        quiet('ip', '-n', peers, 'link', 'set', b, 'up')
        return self

    def __exit__(self, *_):
        for side in 'speaker', 'peers':
            quiet('ip', 'netns', 'del', self.namespace(side), check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def namespace(self, side):
        return f'{self.name}-{side}'

    def inside(self, side, *argv, nice=True):
        """Command words that run in a namespace, ahead of others on a shared machine."""
        words = ['ip', 'netns', 'exec', self.namespace(side)]
        if nice and os.geteuid() == 0:
            words += ['nice', '-n', '-10']
        return words + [str(a) for a in argv]


def many_files():
    """A thousand neighbours are a thousand sockets."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Process:
    """A child with a log, and what it and its descendants use."""

    def __init__(self, argv, log, folder):
        self.log = log
        with open(log, 'ab') as out:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          cwd=folder, start_new_session=True, preexec_fn=many_files)

    def alive(self):
        return self.child.poll() is None

    def stop(self):
        if self.alive():
            os.killpg(self.child.pid, signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()

    def tree(self):
        """This process and all below it."""
        parents = {}
        for entry in os.listdir('/proc'):
            if entry.isdigit():
                try:
                    with open(f'/proc/{entry}/stat', encoding='utf-8', errors='replace') as f:
                        fields = f.read().rpartition(')')[2].split()
                    parents.setdefault(int(fields[1]), []).append(int(entry))
                except OSError:
                    pass
        found, todo = [], [self.child.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += parents.get(pid, [])
        return found

    def memory(self):
        """Proportional set size of the tree, in bytes."""
        total = 0
        for pid in self.tree():
            try:
                with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
                    total += sum(int(line.split()[1]) for line in f if line.startswith('Pss:'))
            except OSError:
                pass
        return total * 1024

    def cpu(self):
        """Seconds of processor time of the tree, dead children included."""
        ticks = 0
        for pid in self.tree():
            try:
                with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as f:
                    fields = f.read().rpartition(')')[2].split()
                ticks += sum(int(x) for x in fields[11:15])
            except OSError:
                pass
        return ticks / TICK


def machine_cpu():
    """Seconds that all processors of this machine have been busy."""
    with open('/proc/stat', encoding='ascii') as f:
        fields = [int(x) for x in f.readline().split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / TICK


class Feed:
    """bgpfeed's command channel."""

    def __init__(self, path):
        self.path = path
        self.socket = None

    def connect(self, seconds=30):
        end = time.monotonic() + seconds
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(self.path)
                return self
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def ask(self, line, must=True):
        self.socket.sendall(line.encode() + b'\n')
        answer = b''
        while not answer.endswith(b'\n'):
            part = self.socket.recv(1 << 16)
            if not part:
                raise RuntimeError('bgpfeed ended')
            answer += part
        reply = json.loads(answer)
        if must and reply.get('ok') is False:
            raise RuntimeError(f'{line}: {answer.decode().strip()}')
        return reply
