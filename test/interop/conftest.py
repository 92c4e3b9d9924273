"""Fixtures: addresses of the test's own, and daemons that end with the test."""
import itertools
import os
import subprocess

import pytest

import daemons
import lab as laboratory

_networks = itertools.count(10)


@pytest.fixture
def network():
    """Addresses 127.P.N.1 ... where P is of this process and N of this test."""
    process, number = os.getpid() % 250 + 2, next(_networks)
    return lambda host: f"127.{process}.{number}.{host}"


@pytest.fixture
def start(tmp_path):
    """start(cls, name, address, *args) makes a daemon and stops it when the test ends."""
    made = []

    def make(cls, name, address, *args, **kwargs):
        daemon = cls(tmp_path / name, address, *args, **kwargs)
        made.append(daemon)
        return daemon

    yield make
    for daemon in reversed(made):
        daemon.stop()


@pytest.fixture
def lab(start, network):
    """lab(...) makes a laboratory; its wire peers are closed when the test ends."""
    made = []

    def make(**options):
        made.append(laboratory.Lab(start, network, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def namespace():
    """A network namespace of the test's own, with addresses on its loopback interface; yields
    namespace(address ...) which adds them and returns the command prefix that runs things in it."""
    name = f"afresh-test-{os.getpid()}-{next(_networks)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)

    def add(*addresses):
        for a in addresses:
            subprocess.run(["ip", "-n", name, "addr", "add", a, "dev", "lo"] +
                           (["nodad"] if ":" in a else []), check=True)
        return ("ip", "netns", "exec", name)

    yield add
    subprocess.run(["ip", "netns", "del", name], check=True)
