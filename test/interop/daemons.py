"""The daemons that the interoperability tests start: Afresh itself and the real neighbours.

Each daemon lives in a folder of its own below pytest's temporary path, listens on a loopback
address that the test chose, and is stopped by the object that started it. Nothing here uses the
system's services or their configuration. Ports are above 1024; addresses are 127.0.x.y.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AFRESH_BUILD", ROOT / "build"))
PORT = 1790
END_WITH_US = ("setpriv", "--pdeathsig", "KILL")  # no daemon outlives a test run that was killed


def wait_for(what, predicate, seconds=30.0, step=0.1):
    """Polls until predicate() is true; fails with `what` and the last answer otherwise."""
    end = time.monotonic() + seconds
    answer = None
    while time.monotonic() < end:
        answer = predicate()
        if answer:
            return answer
        time.sleep(step)
    raise AssertionError(f"waited {seconds} s for {what}; last answer: {answer!r}")


class Daemon:
    """A child process with a folder, a log and an end."""

    prefix = ()  # what the command line begins with: `ip netns exec NAME`, say

    def __init__(self, folder, address):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.address = address
        self.process = None

    def spawn(self, argv, env=None):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [*self.prefix, *END_WITH_US, *(str(a) for a in argv)], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=self.folder, env={**os.environ, **(env or {})}, start_new_session=True)
        log.close()

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, sig=signal.SIGTERM):
        if not self.alive():
            return
        os.killpg(self.process.pid, sig)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


class Afresh(Daemon):
    """afreshd with its terminal. Without an address it listens on all, on BGP's own port."""

    def __init__(self, folder, address, config="", threads=None, port=PORT):
        super().__init__(folder, address)
        self.config = self.folder / "afresh.cfg"
        self.config.write_text(config)
        self.socket = self.folder / "sock"
        self.state = self.folder / "state"
        self.state.mkdir(exist_ok=True)
        self.threads = int(os.environ.get("AFRESH_THREADS", "1")) if threads is None else threads
        self.port = port
        self.ended = True

    def argv(self):
        listen = ["-l", self.address, "-p", self.port] if self.address else []
        return [BUILD / "afreshd", "-f", self.config, "-s", self.socket, "-d", self.state, *listen,
                "-n", self.threads]

    def start(self):
        self.spawn(self.argv())
        self.ended = False
        wait_for("afreshd's socket", lambda: self.socket.exists() or not self.alive(), 10)
        assert self.alive(), self.log()
        return self

    def stop(self, sig=signal.SIGTERM):
        """Ends it; it must have lived until now, and end well when it is asked to."""
        alive = self.alive()
        super().stop(sig)
        if sig == signal.SIGTERM and self.process and not self.ended:
            assert alive and self.process.returncode == 0, f"afreshd ended by itself or badly\n{self.log()[-4000:]}"
        self.ended = True

    def run(self, *commands, check=True, json_output=False):
        """Types commands, one a line, as a script does; returns what was printed."""
        argv = [str(BUILD / "afresh"), "-s", str(self.socket)] + (["--json"] if json_output else [])
        done = subprocess.run(argv, input="\n".join(commands) + "\n", text=True,
                              capture_output=True, timeout=120)
        if check:
            assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout if check else (done.returncode, done.stdout + done.stderr)

    def configure(self, *lines):
        """Enters lines in the system view and commits; returns the output (the plan among it)."""
        return self.run("system-view", *lines, "commit")

    def json(self, command):
        return json.loads(self.run(command, json_output=True))


class Bird(Daemon):
    """BIRD 2 with one BGP protocol `afresh` unless the configuration says otherwise."""

    def start(self, config):
        (self.folder / "bird.conf").write_text(config)
        self.socket = self.folder / "ctl"
        self.spawn(["/usr/sbin/bird", "-f", "-c", "bird.conf", "-s", self.socket, "-P", "pid"])
        wait_for("BIRD's socket", lambda: self.socket.exists() or not self.alive(), 10)
        assert self.alive(), self.log()
        return self

    def run(self, command):
        return subprocess.run(["/usr/sbin/birdc", "-s", str(self.socket), command], text=True,
                              capture_output=True, timeout=30).stdout

    def reconfigure(self, config):
        (self.folder / "bird.conf").write_text(config)
        return self.run("configure")


class Frr(Daemon):
    """FRR's bgpd alone: no zebra, no system user."""

    def start(self, config, port=PORT, listen=True):
        shutil.copy("/usr/lib/frr/bgpd", self.folder / "bgpd")
        (self.folder / "bgpd.conf").write_text(config)
        self.spawn([self.folder / "bgpd", "-f", self.folder / "bgpd.conf", "-n", "-Z", "-S",
                    "-i", self.folder / "pid", "--vty_socket", self.folder, "-P", "0",
                    "-p", port, *(["-l", self.address] if listen else []), "--log", "stdout"])
        wait_for("FRR's socket", lambda: (self.folder / "bgpd.vty").exists() or not self.alive(), 10)
        assert self.alive(), self.log()
        return self

    def run(self, *commands):
        argv = ["/usr/bin/vtysh", "--vty_socket", str(self.folder), "-d", "bgpd"]
        for command in commands:
            argv += ["-c", command]
        return subprocess.run(argv, text=True, capture_output=True, timeout=30).stdout

    def json(self, command):
        return json.loads(self.run(command + " json") or "{}")


class Gobgp(Daemon):
    """gobgpd, configured by a TOML file."""

    def start(self, config, api_port):
        self.api = f"{self.address}:{api_port}"
        (self.folder / "gobgp.toml").write_text(config)
        self.spawn(["/usr/bin/gobgpd", "-f", "gobgp.toml", "--api-hosts", self.api, "--pprof-disable"])
        wait_for("gobgpd", lambda: "Error" not in self.run("global") or not self.alive(), 15)
        assert self.alive(), self.log()
        return self

    def run(self, command):
        host, port = self.api.split(":")
        done = subprocess.run([*self.prefix, "/usr/bin/gobgp", "-u", host, "-p", port, *command.split()], text=True,
                              capture_output=True, timeout=30)
        return done.stdout + ("Error: " + done.stderr if done.returncode else "")

    def json(self, command):
        return json.loads(self.run("-j " + command) or "{}")


class Exabgp(Daemon):
    """ExaBGP as a sender of exactly what a test writes; its receiving side prints JSON."""

    def start(self, config, port=PORT):
        receiver = self.folder / "receive"
        # Its standard output stays open as descriptor 3: ExaBGP takes an end of file for its death, and
        # what command() writes there for a command.
        receiver.write_text(f"#!/bin/sh\necho $$ > '{self.folder}/helper'\n"
                            f"exec cat 3>&1 >> '{self.folder}/received.json'\n")
        receiver.chmod(0o755)
        (self.folder / "exabgp.conf").write_text(config.replace("@RECEIVER@", str(receiver)))
        env = {"exabgp.daemon.user": "root", "exabgp.daemon.daemonize": "false",
               "exabgp.api.cli": "false", "exabgp.daemon.drop": "false", "exabgp.tcp.port": str(port),
               "exabgp.log.destination": "stdout"}
        self.spawn(["/usr/sbin/exabgp", "exabgp.conf"], env)
        return self

    def command(self, line):
        helper = (self.folder / "helper").read_text().strip()
        with open(f"/proc/{helper}/fd/3", "w", encoding="ascii") as f:
            f.write(line + "\n")

    def received(self):
        path = self.folder / "received.json"
        if not path.exists():
            return []
        out = []
        for line in path.read_text().splitlines():
            try:
                # It writes ""ipv4"" in its records of route refresh.
                out.append(json.loads(re.sub(r'""(\w+)""', r'"\1"', line)))
            except ValueError:
                pass  # a line that is still being written
        return out


class Bgpfeed(Daemon):
    """bgpfeed: neighbours to order (doc/bgpfeed.md), which share no protocol code with afreshd."""

    def start(self, *peers, options=()):
        self.socket = self.folder / "feed"
        words = [word for p in peers for word in ("--peer", p)]
        self.spawn([BUILD / "bgpfeed", "--socket", self.socket, *options, *words])
        wait_for("bgpfeed's socket", lambda: self.socket.exists() or not self.alive(), 10)
        assert self.alive(), self.log()
        return self

    def ask(self, *commands):
        """The answers, one to a command; each must be good."""
        done = subprocess.run([BUILD / "bgpfeed", "--ask", self.socket, *commands], text=True, capture_output=True, timeout=60)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(commands) and all(a.get("ok", True) for a in answers), f"{done.stdout}{done.stderr}"
        return answers
