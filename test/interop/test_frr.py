"""FRR (bgpd alone) and our speaker."""
import pytest

from daemons import wait_for
from pairs import (US4, Pair, check_attributes, check_export_policy, check_import_policy, check_no_session,
                   check_session_only, check_they_ask, check_we_ask, listener)
from rivals import FrrRival
from wirepeer import IPV4, IPV6, MULTICAST


@pytest.fixture
def pair(start, town):
    return Pair(start, town)


@pytest.mark.parametrize("asn", [200, 100], ids=["ebgp", "ibgp"])
@pytest.mark.parametrize("families, wide", [((IPV4, MULTICAST), False), ((IPV6,), True)], ids=["ipv4", "ipv6"])
def test_attributes(pair, asn, families, wide):
    r = pair.rival(FrrRival, asn=asn, families=families, wide=wide)
    pair.run()
    for family in families:
        check_attributes(pair, r, family)


@pytest.mark.parametrize("family", [IPV4, IPV6, MULTICAST], ids=["ipv4", "ipv6", "multicast"])
def test_refresh_both_ways(pair, family):
    r = pair.rival(FrrRival, families=(family,), wide=family == IPV6)
    pair.run()
    check_we_ask(pair, r, family)
    check_they_ask(pair, r, family)


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "ask"])
def test_import_policy(pair, keep):
    r = pair.rival(FrrRival, af_lines=("keep-all-routes",) if keep else ())
    watch = listener(pair)
    pair.run()
    check_import_policy(pair, r, watch, keep)


def test_export_policy(pair):
    r = pair.rival(FrrRival)
    pair.run()
    check_export_policy(pair, r)


def test_password(pair):
    r = pair.rival(FrrRival, lines=("password simple secret",), session={"password": "secret"})
    pair.run()
    check_session_only(pair, r)


def test_wrong_password(pair):
    r = pair.rival(FrrRival, lines=("password simple secret",), session={"password": "Secret"})
    pair.run(wait=False)
    check_no_session(pair, r)


def test_ttl_security(pair):
    r = pair.rival(FrrRival, lines=("valid-ttl-hops 1",), session={"ttl_security": True})
    pair.run()
    check_session_only(pair, r)


def test_ttl_security_on_our_side_alone_refuses(pair):
    r = pair.rival(FrrRival, lines=("valid-ttl-hops 1",))
    pair.run(wait=False)
    check_no_session(pair, r)
