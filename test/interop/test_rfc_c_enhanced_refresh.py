"""rfc-checklist C: RFC 7313, enhanced route refresh. One test a rule."""
import time

import pytest

from daemons import wait_for
from test_rfc_b_route_refresh import PREFIXES, announce_many, many, pair
from wirepeer import (IPV4, IPV6, KEEPALIVE, NOTIFICATION, OPEN, REFRESH, UPDATE, Update, WirePeer, capabilities, message,
                      refresh, update)

BORR, EORR = 1, 2


def feed(peer, prefixes, **more):
    return update(prefixes, path=(65002,), next_hop=peer.address, **more)


def test_C1_capability_70_with_length_0(lab):
    box = lab()
    one = box.peer(2, 65002)
    box.run()
    assert b"\x46\x00" in capabilities(one.wire.bodies(OPEN)[0])


def test_C2_an_answer_begins_with_borr(lab):
    box, _, sink = pair(lab)
    sink.wire.clear()
    sink.wire.send(refresh())
    sink.wire.wait(lambda: sink.wire.refreshes(EORR))
    first = [(k, b) for _, k, b in sink.wire.messages if k != KEEPALIVE][0]
    assert first == (REFRESH, b"\0\1\1\1")


@pytest.mark.parametrize("routes", [True, False])
def test_C3_an_answer_ends_with_eorr(lab, routes):
    box, one, sink = pair(lab)
    if not routes:
        one.wire.send(update([], PREFIXES))
        sink.wire.wait_routes([])
    sink.wire.quiet()
    sink.wire.clear()
    sink.wire.send(refresh())
    sink.wire.wait(lambda: sink.wire.refreshes(EORR))
    sink.wire.quiet()
    kinds = [k for _, k, _ in sink.wire.messages if k != KEEPALIVE]
    assert kinds[0] == REFRESH and kinds[-1] == REFRESH and (UPDATE in kinds) is routes


def test_C4_no_marks_without_capability_70(lab):
    box, _, sink = pair(lab, sink={"enhanced": False})
    sink.wire.clear()
    sink.wire.send(refresh())
    sink.wire.wait(lambda: len([p for u in sink.wire.updates() for p in u.announced]) == len(PREFIXES))
    sink.wire.quiet()
    assert sink.wire.count(REFRESH) == 0


def test_C5_routes_that_change_during_an_answer_end_as_they_are(lab):
    box = lab()
    one, sink = box.peer(2, 65002), box.peer(3, 65003)
    box.run()
    routes = many(30000)
    announce_many(one, routes)
    sink.wire.wait(lambda: len(sink.wire.routes()) == len(routes), 60)
    sink.wire.send(refresh())
    one.wire.send(update([], routes[-1:]))
    one.wire.send(feed(one, routes[:1], med=5))
    sink.wire.wait(lambda: sink.wire.refreshes(EORR), 60)
    sink.wire.wait(lambda: routes[-1] not in sink.wire.routes())
    sink.wire.wait(lambda: sink.wire.routes()[routes[0]].path() == [100, 65002])


@pytest.mark.parametrize("subtype", [0, 1, 2, 3, 255])
def test_C6_every_subtype_has_its_own_behaviour(lab, subtype):
    box, one, sink = pair(lab)
    sink.wire.clear()
    one.wire.clear()
    one.wire.send(refresh(IPV4, subtype))
    one.wire.quiet()
    assert bool(one.wire.refreshes(BORR)) is (subtype == 0)
    assert not one.wire.closed.is_set()
    stale = [r for r in box.routes().values() if r["stale"]]
    assert len(stale) == (len(PREFIXES) if subtype == 1 else 0)
    assert len(box.routes()) == len(PREFIXES)


def test_C7_borr_marks_that_family_of_that_peer_only(lab):
    box = lab()
    one, two = box.peer(2, 65002, families=(IPV4, IPV6)), box.peer(3, 65003)
    box.run()
    one.wire.send(feed(one, PREFIXES[:4]))
    one.wire.send(update(["2001:db8::/32"], path=(65002,), next_hop="2001:db8::1", family=IPV6))
    two.wire.send(update(PREFIXES[4:], path=(65003,), next_hop=two.address))
    wait_for("all routes", lambda: len(box.routes()) == 8 and len(box.routes(selector="ipv6")) == 1)
    one.wire.send(refresh(IPV4, BORR) + refresh(IPV4, EORR))
    wait_for("the sweep", lambda: set(box.routes()) == set(PREFIXES[4:]))
    assert len(box.routes(selector="ipv6")) == 1


def test_C8_a_route_received_again_replaces_the_stale_one(lab):
    box, one, sink = pair(lab)
    sink.wire.clear()
    one.wire.send(refresh(IPV4, BORR) + feed(one, PREFIXES) + refresh(IPV4, EORR))
    assert sink.wire.quiet() == 0
    assert set(box.routes()) == set(PREFIXES)


def test_C9_eorr_removes_what_is_still_stale(lab):
    box, one, sink = pair(lab)
    one.wire.send(refresh(IPV4, BORR) + feed(one, PREFIXES[:4]) + refresh(IPV4, EORR))
    sink.wire.wait_routes(PREFIXES[:4])


def test_C10_eorr_alone_removes_nothing(lab):
    box, one, sink = pair(lab)
    sink.wire.clear()
    one.wire.send(refresh(IPV4, EORR))
    assert sink.wire.quiet() == 0
    assert set(box.routes()) == set(PREFIXES)


def test_C11_stale_routes_go_at_the_bound(lab):
    box, one, sink = pair(lab, bgp_lines=("timer refresh-stale 2",))
    one.wire.send(refresh(IPV4, BORR) + feed(one, PREFIXES[:4]))
    time.sleep(0.5)
    assert set(sink.wire.routes()) == set(PREFIXES)
    sink.wire.wait_routes(PREFIXES[:4])


def test_C12_borr_may_come_unasked(lab):
    box, one, sink = pair(lab)
    assert one.wire.refreshes() == []
    one.wire.send(refresh(IPV4, BORR) + feed(one, PREFIXES[2:]) + refresh(IPV4, EORR))
    sink.wire.wait_routes(PREFIXES[2:])


def test_C13_no_borr_before_our_end_of_rib(lab):
    box = lab()
    one, sink = box.peer(2, 65002), box.peer(3, 65003, graceful=True)
    box.run()
    announce_many(one, many(30000))
    wait_for("the routes", lambda: box.peers()[one.address]["routes_received"] == 30000, 60)
    box.up(sink)
    sink.wire.send(refresh())
    sink.wire.wait(lambda: sink.wire.refreshes(EORR), 60)
    kinds = [(k, b) for _, k, b in sink.wire.messages]
    end = next(i for i, (k, b) in enumerate(kinds) if k == UPDATE and Update(b).end_of_rib)
    begin = next(i for i, (k, b) in enumerate(kinds) if k == REFRESH and b[2] == BORR)
    assert end < begin


def test_C14_borr_before_the_peers_end_of_rib_is_ignored_and_logged(lab):
    box, one, sink = pair(lab)
    one.wire.close()
    sink.wire.wait_routes([])
    one.wire = WirePeer(one.address, box.address, asn=65002, graceful=True).establish()
    one.wire.send(feed(one, PREFIXES) + refresh(IPV4, BORR) + refresh(IPV4, EORR))
    sink.wire.wait_routes(PREFIXES)
    sink.wire.quiet()
    sink.wire.wait_routes(PREFIXES)
    assert "End-of-RIB" in box.dut.log()


@pytest.mark.parametrize("size", [3, 5, 4077])
@pytest.mark.parametrize("subtype", [BORR, EORR])
def test_C15_C16_wrong_length_ends_the_session_and_is_quoted(lab, size, subtype):
    box, one, _ = pair(lab)
    bad = message(REFRESH, (b"\0\1" + bytes([subtype]) + b"\1" * 4077)[:size])
    one.wire.send(bad)
    code, sub, data = one.wire.notification()
    assert (code, sub) == (7, 1)
    assert data == bad[:4096 - 21]


@pytest.mark.parametrize("subtype", [3, 254, 255])
def test_C17_unknown_subtypes_are_ignored_and_logged(lab, subtype):
    box, one, sink = pair(lab)
    one.wire.clear()
    one.wire.send(refresh(IPV4, subtype))
    assert one.wire.quiet() == 0 and not one.wire.closed.is_set()
    assert "subtype" in box.dut.log()


def test_C18_no_7_1_without_capability_70(lab):
    box, one, _ = pair(lab, feed={"enhanced": False})
    one.wire.send(message(REFRESH, b"\0\1\1\1\1"))
    one.wire.quiet()
    assert not one.wire.count(NOTIFICATION) or one.wire.notification()[:2] != (7, 1)


def test_C19_a_request_with_orf_entries_is_answered_unfiltered(lab):
    # We do not advertise the ORF capability, so entries do not bind us (RFC 5291 section 6).
    box, _, sink = pair(lab)
    sink.wire.clear()
    sink.wire.send(message(REFRESH, b"\0\1\0\1" + b"\1\x40\0\1\x80"))
    sink.wire.wait(lambda: sink.wire.refreshes(EORR))
    assert len([p for u in sink.wire.updates() for p in u.announced]) == len(PREFIXES)


def test_C20_a_second_borr_marks_everything_again(lab):
    box, one, sink = pair(lab)
    one.wire.send(refresh(IPV4, BORR) + feed(one, PREFIXES[:1]) + refresh(IPV4, BORR) + feed(one, PREFIXES[1:2]) +
                  refresh(IPV4, EORR))
    sink.wire.wait_routes(PREFIXES[1:2])


def test_C21_stale_marks_vanish_with_the_session(lab):
    box, one, sink = pair(lab, bgp_lines=("timer refresh-stale 3",))
    one.wire.send(refresh(IPV4, BORR))
    one.wire.close()
    sink.wire.wait_routes([])
    box.up(one).send(feed(one, PREFIXES))
    sink.wire.wait_routes(PREFIXES)
    time.sleep(3.5)
    assert set(sink.wire.routes()) == set(PREFIXES)


def test_C22_retained_rejected_routes_are_swept_too(lab):
    box = lab()
    one = box.peer(2, 65002, af_lines=("route-policy NONE import", "keep-all-routes"))
    box.run()
    one.wire.send(feed(one, PREFIXES))
    wait_for("retained routes", lambda: len(box.routes(f"peer {one.address} not-accepted-routes")) == len(PREFIXES))
    one.wire.send(refresh(IPV4, BORR) + feed(one, PREFIXES[1:]) + refresh(IPV4, EORR))
    wait_for("the sweep", lambda: len(box.routes(f"peer {one.address} not-accepted-routes")) == len(PREFIXES) - 1)
    box.commit(f"peer {one.address} route-policy ALL import")
    box.settle()
    assert set(box.routes()) == set(PREFIXES[1:])
