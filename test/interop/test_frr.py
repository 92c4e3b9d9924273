"""FRR (bgpd alone) and our speaker."""
import pytest

from daemons import wait_for
from pairs import (US4, Pair, check_aggregate_and_default, check_attributes, check_dynamic, check_export_policy,
                   check_import_policy, check_large_message, check_no_session,
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


@pytest.mark.parametrize("who", ["connect-only", "listen-only"])
def test_password(pair, who):
    r = pair.rival(FrrRival, lines=("password simple secret", who), session={"password": "secret"})
    pair.run()
    check_session_only(pair, r)


def test_wrong_password(pair):
    r = pair.rival(FrrRival, lines=("password simple secret",), session={"password": "Secret"})
    pair.run(wait=False)
    check_no_session(pair, r)


@pytest.mark.parametrize("who", ["connect-only", "listen-only"])
def test_ttl_security(pair, who):
    r = pair.rival(FrrRival, lines=("valid-ttl-hops 1", who), session={"ttl_security": True})
    pair.run()
    check_session_only(pair, r)


def test_ttl_security_on_our_side_alone_refuses(pair):
    r = pair.rival(FrrRival, lines=("valid-ttl-hops 1",))
    pair.run(wait=False)
    check_no_session(pair, r)


def test_dynamic(pair):
    check_dynamic(pair, pair.rival(FrrRival, dynamic=True))


def test_aggregate_and_default(pair):
    r = pair.rival(FrrRival)
    pair.run()
    check_aggregate_and_default(pair, r)


def test_large_message(pair):
    check_large_message(pair, pair.rival(FrrRival), fits=True)


def test_shutdown_text_of_ours_in_its_log(pair):
    r = pair.rival(FrrRival)
    pair.run()
    pair.commit(f"peer {r.us} ignore", view=None)
    wait_for("the text", lambda: "shut down by configuration" in r.log(), 10)
    assert "6/2" in r.log()
    pair.commit(f"undo peer {r.us} ignore", view=None)
    pair.established(r)


def test_shutdown_text_of_theirs_in_our_log(pair):
    r = pair.rival(FrrRival)
    pair.run()
    r.daemon.run("configure terminal", "router bgp 200", f"neighbor {US4} shutdown message see ticket 4711")
    wait_for("the text", lambda: "see ticket 4711" in pair.dut.log(), 10)


def test_confederation(start, town):
    """We are member 65001 of confederation 100, FRR is member 65002; ExaBGP outside sees one AS."""
    pair = Pair(start, town, asn=65001, bgp_lines=("confederation id 100", "confederation peer-as 65002"))
    r = pair.rival(FrrRival, asn=65002, bgp_lines=("bgp confederation identifier 100", "bgp confederation peers 65001"))
    outside = listener(pair)
    outside.sessions[0].asn = 100
    pair.run()
    theirs, ours = pair.exchanged(r)
    assert {t["as_path"] for t in theirs.values()} == {"(65002) 4200000001"}
    first = ours["30.1.0.0/16"]
    assert first.path == [65001, 4200000003] and first.more["aspath"]["segments"][0]["type"] == "as-confed-sequence"
    held = outside.wait_routes(list(theirs) + list(ours))
    assert held["10.1.0.0/16"].path == [100, 4200000001] and held["30.1.0.0/16"].path == [100, 4200000003]
