"""Fixtures: addresses of the test's own, and daemons that end with the test."""
import itertools

import pytest

import daemons
import lab as laboratory

_networks = itertools.count(10)


@pytest.fixture
def network():
    """Addresses 127.0.N.1 ... of a number that no other test of this run has."""
    number = next(_networks)
    return lambda host: f"127.0.{number}.{host}"


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
