"""Fixtures: addresses of the test's own, and daemons that end with the test."""
import itertools
import os

import pytest

import lab as laboratory
from town import Namespace, Town

_networks = itertools.count(10)


@pytest.fixture
def network():
    """Addresses 127.P.N.1 ... where P is of this process and N of this test."""
    process, number = os.getpid() % 250 + 2, next(_networks)
    return lambda host: f"127.{process}.{number}.{host}"


@pytest.fixture
def start(tmp_path):
    """start(cls, name, address, *args) makes a daemon and stops it when the test ends."""
    made, after = [], []

    def make(cls, name, address, *args, **kwargs):
        daemon = cls(tmp_path / name, address, *args, **kwargs)
        made.append(daemon)
        return daemon

    make.after = after.append
    yield make
    for daemon in reversed(made):
        daemon.stop()
    for end in after:
        end()


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
    """A network namespace of the test's own, with addresses on its loopback interface; namespace(address ...)
    adds them and returns the command prefix that runs things in it."""
    one = Namespace()

    def add(*addresses):
        one.address(*addresses)
        return one.prefix

    yield add
    one.close()


@pytest.fixture
def town(start):
    """A street of houses for speakers that need a kernel of their own; goes after the daemons."""
    one = Town()
    start.after(one.close)
    return one
