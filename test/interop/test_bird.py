"""BIRD and our speaker."""
import pytest

from daemons import wait_for
from pairs import (US4, US6, Pair, check_aggregate_and_default, check_attributes, check_dynamic, check_export_policy,
                   check_import_policy, check_large_message, check_no_session, check_session_only, check_they_ask,
                   check_we_ask, listener, same,
                   values)
from rivals import ROUTES, TAGS, BirdRival, FrrRival
from wirepeer import IPV4, IPV6, MULTICAST


@pytest.fixture
def pair(start, town):
    return Pair(start, town)


@pytest.mark.parametrize("asn", [200, 100], ids=["ebgp", "ibgp"])
@pytest.mark.parametrize("families, wide", [((IPV4, MULTICAST), False), ((IPV6,), True), ((IPV4, IPV6), False)],
                         ids=["ipv4", "ipv6", "ipv6-over-ipv4"])
def test_attributes(pair, asn, families, wide):
    channel = {(IPV4, IPV6): ("next hop address 2001:db8::2;",)}.get(families, ())
    r = pair.rival(BirdRival, asn=asn, families=families, wide=wide, channel6=channel)
    if channel:   # BIRD refuses the IPv4-mapped next hop that a session over IPv4 gives by itself
        pair.family_lines[IPV6] = (f"peer {r.us} route-policy HOP6 export",)
    pair.run()
    for family in families:
        check_attributes(pair, r, family)


def test_ipv4_over_ipv6(pair):
    """Without RFC 8950 our IPv4 next hop is the router identifier, which is our address here."""
    r = pair.rival(BirdRival, families=(IPV6, IPV4), wide=True, channel4=("next hop address 10.0.0.2;",))
    pair.run()
    for family in (IPV4, IPV6):
        check_attributes(pair, r, family)


def test_ipv4_with_ipv6_next_hops(pair):
    """RFC 8950, agreed on: IPv4 routes with IPv6 next hops, both ways."""
    r = pair.rival(BirdRival, families=(IPV4,), wide=True, channel4=("extended next hop on;",))
    pair.run()
    theirs, ours = pair.exchanged(r)
    assert {t["next_hop"].lower() for t in theirs.values()} == {r.address6}
    assert {o.next_hop for o in ours.values()} == {US6}


@pytest.mark.parametrize("family", [IPV4, IPV6, MULTICAST], ids=["ipv4", "ipv6", "multicast"])
def test_refresh_both_ways(pair, family):
    r = pair.rival(BirdRival, families=(family,), wide=family == IPV6)
    pair.run()
    check_we_ask(pair, r, family)
    check_they_ask(pair, r, family)


def test_enhanced_refresh(pair):
    """BIRD brackets its answer and we sweep by it; our answer is bracketed, and BIRD sweeps by ours."""
    r = pair.rival(BirdRival)
    pair.run()
    check_we_ask(pair, r)
    assert "Sending BEGIN-OF-RR" in r.log() and "Sending END-OF-RR" in r.log()
    assert pair.peer(r)["enhanced_route_refresh"]
    jobs = pair.dut.json("display bgp refresh")["jobs"]
    assert [j["state"] for j in jobs] == ["done"] and jobs[0]["seen"] >= len(ROUTES[IPV4])
    r.ask()
    wait_for("our marks", lambda: "Got END-OF-RR" in r.log(), 10)
    assert "Got BEGIN-OF-RR" in r.log()
    r.wait_routes(pair.ours[IPV4])


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "ask"])
def test_import_policy(pair, keep):
    r = pair.rival(BirdRival, af_lines=("keep-all-routes",) if keep else ())
    watch = listener(pair)
    pair.run()
    check_import_policy(pair, r, watch, keep)


def test_import_policy_of_a_peer_without_refresh(pair):
    """Neither means: what had been rejected stays away until a new session, and the job says so."""
    r = pair.rival(BirdRival, session={"route_refresh": False}, af_lines=("route-policy NOTEN import",))
    pair.run()
    twenty = [p for p in ROUTES[IPV4] if p.startswith("20.")]
    pair.wait_received(r, twenty)
    out = pair.commit(f"peer {r.us} route-policy TAG import")
    assert "pending" in out
    wait_for("the accepted ones", lambda: all("100:77" in values(x["communities"]) for x in pair.installed(twenty)), 10)
    assert set(pair.received(r)) == set(twenty) and pair.peer(r)["established_count"] == 1
    pair.dut.run(f"reset bgp {r.us}")
    wait_for("the rest", lambda: set(pair.received(r)) == set(ROUTES[IPV4]), 15)



@pytest.mark.parametrize("family", [IPV4, IPV6], ids=["ipv4", "ipv6"])
def test_export_policy(pair, family):
    r = pair.rival(BirdRival, families=(family,), wide=family == IPV6)
    pair.run()
    check_export_policy(pair, r, family)


def test_password(pair):
    r = pair.rival(BirdRival, lines=("password simple secret",), session={"password": "secret"}, wide=True,
                   families=(IPV6,))
    pair.run()
    pair.exchanged(r, IPV6)


def test_ttl_security(pair):
    r = pair.rival(BirdRival, lines=("valid-ttl-hops 1",), session={"ttl_security": True}, wide=True, families=(IPV6,))
    pair.run()
    pair.exchanged(r, IPV6)


def test_dynamic(pair):
    check_dynamic(pair, pair.rival(BirdRival, dynamic=True))


def test_aggregate_and_default(pair):
    r = pair.rival(BirdRival)
    pair.run()
    check_aggregate_and_default(pair, r)


def test_large_message(pair):
    check_large_message(pair, pair.rival(BirdRival), fits=True)


def test_a_message_too_large_for_the_rival(pair):
    check_large_message(pair, pair.rival(BirdRival, lines_of_its_own=("enable extended messages off;",)), fits=False)


def test_shutdown_texts(pair):
    r = pair.rival(BirdRival)
    pair.run()
    pair.dut.run(f"reset bgp {r.us}")
    wait_for("our text", lambda: "reset by the operator" in r.log(), 10)
    pair.established(r)
    r.daemon.run('disable b0 "see ticket 4711"')
    wait_for("its text", lambda: "see ticket 4711" in pair.dut.log(), 10)
    r.daemon.run("enable b0")
    pair.established(r)


def test_reflection(pair):
    """FRR and BIRD are clients of ours and see each other's routes through us."""
    pair.ours = {}
    frr = pair.rival(FrrRival, 2, 100, af_lines=("reflect-client",), originate={IPV4: ["10.1.0.0/16"]})
    bird = pair.rival(BirdRival, 3, 100, af_lines=("reflect-client",), originate={IPV4: ["10.2.0.0/16"]})
    pair.run()
    at_bird = bird.wait_routes(["10.1.0.0/16"])["10.1.0.0/16"]
    assert at_bird.more["originator_id"] == frr.address and at_bird.more["cluster_list"] == US4
    assert at_bird.next_hop == frr.address and at_bird.local_pref == TAGS["local_pref"]
    assert at_bird.path == [TAGS["prepend"]] and same(at_bird.communities, TAGS["communities"])
    at_frr = frr.wait_routes(["10.2.0.0/16"])["10.2.0.0/16"]
    assert at_frr.more["originatorId"] == bird.address and at_frr.next_hop == bird.address
    assert at_frr.more["clusterList"]["list"] == [US4]


def test_confederation(start, town):
    pair = Pair(start, town, asn=65001, bgp_lines=("confederation id 100", "confederation peer-as 65002"))
    r = pair.rival(BirdRival, asn=65002, lines_of_its_own=("confederation 100;", "confederation member yes;"))
    outside = listener(pair)
    outside.sessions[0].asn = 100
    pair.run()
    theirs, ours = pair.exchanged(r)
    assert {t["as_path"] for t in theirs.values()} == {"(65002) 4200000001"}
    assert ours["30.1.0.0/16"].more["as_path"] == "(65001) 4200000003"
    held = outside.wait_routes(list(theirs) + list(ours))
    assert held["10.1.0.0/16"].path == [100, 4200000001] and held["30.1.0.0/16"].path == [100, 4200000003]
