"""GoBGP and our speaker. GoBGP never sends a ROUTE-REFRESH and has no IPv4 multicast worth the name here, so
those rows of the matrix (doc/interop.md) are left to FRR and BIRD."""
import pytest

from pairs import (Pair, check_aggregate_and_default, check_attributes, check_dynamic, check_export_policy,
                   check_import_policy, check_large_message, check_session_only, check_we_ask, listener)
from rivals import GobgpRival
from wirepeer import IPV4, IPV6


@pytest.fixture
def pair(start, town):
    return Pair(start, town)


@pytest.mark.parametrize("asn", [200, 100], ids=["ebgp", "ibgp"])
@pytest.mark.parametrize("family", [IPV4, IPV6], ids=["ipv4", "ipv6"])
def test_attributes(pair, asn, family):
    r = pair.rival(GobgpRival, asn=asn, families=(family,), wide=family == IPV6)
    pair.run()
    check_attributes(pair, r, family)


@pytest.mark.parametrize("family", [IPV4, IPV6], ids=["ipv4", "ipv6"])
def test_we_ask(pair, family):
    r = pair.rival(GobgpRival, families=(family,), wide=family == IPV6)
    pair.run()
    check_we_ask(pair, r, family)


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "ask"])
def test_import_policy(pair, keep):
    r = pair.rival(GobgpRival, af_lines=("keep-all-routes",) if keep else ())
    watch = listener(pair)
    pair.run()
    check_import_policy(pair, r, watch, keep)


def test_export_policy(pair):
    r = pair.rival(GobgpRival)
    pair.run()
    check_export_policy(pair, r)


def test_password(pair):
    r = pair.rival(GobgpRival, lines=("password simple secret",), session={"password": "secret"})
    pair.run()
    check_session_only(pair, r)


def test_ttl_security(pair):
    r = pair.rival(GobgpRival, lines=("valid-ttl-hops 1",), session={"ttl_security": True})
    pair.run()
    check_session_only(pair, r)


def test_dynamic(pair):
    check_dynamic(pair, pair.rival(GobgpRival, dynamic=True))


def test_aggregate_and_default(pair):
    r = pair.rival(GobgpRival)
    pair.run()
    check_aggregate_and_default(pair, r)


def test_a_message_too_large_for_the_rival(pair):
    check_large_message(pair, pair.rival(GobgpRival), fits=False)
