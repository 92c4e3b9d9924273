"""rfc-checklist B: RFC 4271 section 3 and RFC 2918, route refresh. One test a rule."""
import time

import pytest

from wirepeer import (IPV4, IPV6, KEEPALIVE, NOTIFICATION, OPEN, REFRESH, Update, WirePeer, capabilities, message,
                      refresh, update)

PREFIXES = [f"10.{i}.0.0/16" for i in range(8)]


def pair(lab, feed=None, sink=None, **options):
    """A laboratory with a feeder that has sent PREFIXES and a listener that has them."""
    box = lab(**options)
    one = box.peer(2, 65002, **(feed or {}))
    two = box.peer(3, 65003, **(sink or {}))
    box.run()
    one.wire.send(update(PREFIXES, path=(65002,), next_hop=one.address))
    two.wire.wait_routes(PREFIXES)
    two.wire.quiet()
    return box, one, two


@pytest.mark.parametrize("keep", [True, False])
def test_B1_policy_change_without_a_reset_by_keeping_or_by_asking(lab, keep):
    box, feed, sink = pair(lab, {"af_lines": ("keep-all-routes",) if keep else ()})
    before = box.sessions()
    feed.wire.clear()
    box.commit(f"peer {feed.address} route-policy TAG1 import")
    sink.wire.wait(lambda: all(u.communities() == ["100:1"] for u in sink.wire.routes().values()))
    feed.wire.quiet(0.3)
    assert feed.wire.refreshes(0) == ([] if keep else [IPV4])
    assert box.sessions() == before


def test_B2_capability_2_with_length_0(lab):
    box = lab()
    one = box.peer(2, 65002)
    box.run()
    assert b"\x02\x00" in capabilities(one.wire.bodies(OPEN)[0])


def test_B3_no_refresh_toward_a_peer_without_the_capability(lab):
    box, feed, sink = pair(lab, {"route_refresh": False, "enhanced": False})
    feed.wire.clear()
    box.dut.run("refresh bgp all import", f"refresh bgp {feed.address} import", "refresh bgp external import")
    box.commit(f"peer {feed.address} route-policy TAG1 import")
    feed.wire.quiet()
    assert feed.wire.refreshes() == []


def test_B4_only_families_of_the_peer_are_asked_for(lab):
    box = lab()
    one = box.peer(2, 65002, families=(IPV4, IPV6))
    box.run()
    one.wire.close()
    one.wire = WirePeer(one.address, box.address, asn=65002, families=(IPV4,)).establish()
    one.wire.quiet()
    box.dut.run("refresh bgp ipv6 all import")
    one.wire.quiet()
    assert one.wire.refreshes() == []


@pytest.mark.parametrize("afi, safi", [(2, 128), (9999, 77), (2, 1)])
def test_B5_refresh_for_a_family_not_advertised_is_ignored(lab, afi, safi):
    box, feed, sink = pair(lab)
    sink.wire.clear()
    sink.wire.send(refresh((afi, safi)))
    assert sink.wire.quiet() == 0
    assert box.peers()[sink.address]["state"] == "Established"


def test_B6_the_whole_adj_rib_out_comes_again(lab):
    box, feed, sink = pair(lab)
    sink.wire.clear()
    sink.wire.send(refresh())
    sink.wire.wait(lambda: sink.wire.refreshes(2))
    assert sorted(p for u in sink.wire.updates() for p in u.announced) == PREFIXES


def test_B7_reserved_octet_without_capability_70_is_ignored(lab):
    box, feed, sink = pair(lab, sink={"enhanced": False})
    for body in sink.wire.bodies(REFRESH):
        assert body[2] == 0
    sink.wire.clear()
    sink.wire.send(refresh(IPV4, 0x77))
    sink.wire.quiet()
    assert not sink.wire.count(NOTIFICATION) and not sink.wire.closed.is_set()


def test_B8_message_is_23_octets(lab):
    box, feed, sink = pair(lab)
    feed.wire.clear()
    box.dut.run(f"refresh bgp {feed.address} import")
    feed.wire.wait(lambda: feed.wire.count(REFRESH))
    assert [b.hex() for b in feed.wire.bodies(REFRESH)] == ["00010001"]


def test_B9_ten_refreshes_in_a_row_are_answered(lab):
    box, feed, sink = pair(lab)
    sink.wire.clear()
    sink.wire.send(refresh() * 10)
    sink.wire.wait(lambda: sink.wire.refreshes(2))
    sink.wire.quiet()
    # After the last BoRR everything came once, and the last mark is an EoRR.
    kinds = [(k, b) for _, k, b in sink.wire.messages if k != KEEPALIVE]
    last = max(i for i, (k, b) in enumerate(kinds) if k == REFRESH and b[2] == 1)
    assert sorted(p for k, b in kinds[last:] if k == 2 for p in Update(b).announced) == PREFIXES
    assert kinds[-1][0] == REFRESH and kinds[-1][1][2] == 2


@pytest.mark.parametrize("state, subcode", [("OpenSent", 1), ("OpenConfirm", 2)])
def test_B10_early_refresh_is_an_error_of_the_state_machine(lab, state, subcode):
    box = lab()
    one = box.peer(2, 65002)
    box.run()
    one.wire.close()
    time.sleep(0.5)
    one.wire = WirePeer(one.address, box.address, asn=65002)
    for _ in range(40):
        one.wire.connect()
        if one.wire.wait(lambda: one.wire.count(OPEN), 1, False):
            break
        time.sleep(0.3)
    if state == "OpenConfirm":
        one.wire.send(one.wire.open_message())
        one.wire.wait(lambda: one.wire.count(KEEPALIVE))
    one.wire.send(refresh())
    assert one.wire.notification() == (5, subcode, b"\x05")


def test_B11_refused_routes_are_withdrawn_not_sent_by_the_answer(lab):
    box, feed, sink = pair(lab)
    box.commit(f"peer {sink.address} route-policy NOTEN export")
    sink.wire.send(refresh())
    sink.wire.wait_routes([])
    sink.wire.wait(lambda: sink.wire.refreshes(2))
    sink.wire.quiet()
    end = [i for i, (_, k, b) in enumerate(sink.wire.messages) if k == REFRESH and b[2] == 1][-1]
    assert not any(Update(b).announced for _, k, b in sink.wire.messages[end:] if k == 2)


def many(n):
    return [f"{1 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24" for i in range(n)]


def announce_many(peer, routes, path=(65002,), **more):
    for i in range(0, len(routes), 500):
        peer.wire.send(update(routes[i:i + 500], path=path + (1001 + i // 500 % 1000,), next_hop=peer.address, **more))


def test_B12_changes_during_an_answer_end_right(lab):
    box = lab()
    feed, sink = box.peer(2, 65002), box.peer(3, 65003)
    box.run()
    routes = many(50000)
    announce_many(feed, routes)
    sink.wire.wait(lambda: len(sink.wire.routes()) == len(routes), 60)
    sink.wire.send(refresh())
    feed.wire.send(b"".join(update([], routes[i:i + 500]) for i in range(0, 10000, 500)))
    announce_many(feed, routes[20000:30000], path=(65002, 777))
    sink.wire.wait(lambda: len(sink.wire.routes()) == 40000, 60)
    sink.wire.wait(lambda: sink.wire.refreshes(2), 60)
    sink.wire.quiet()
    held = sink.wire.routes()
    assert set(held) == set(routes[10000:])
    assert all(777 in held[p].path() for p in routes[20000:30000])
    assert not any(777 in held[p].path() for p in routes[30000:])


def test_B13_refresh_during_an_answer_is_not_lost(lab):
    box = lab()
    feed, sink = box.peer(2, 65002), box.peer(3, 65003)
    box.run()
    routes = many(20000)
    announce_many(feed, routes)
    sink.wire.wait(lambda: len(sink.wire.routes()) == len(routes), 60)
    sink.wire.quiet()
    sink.wire.clear()
    sink.wire.reading = False
    sink.wire.send(refresh())
    time.sleep(0.2)
    sink.wire.send(refresh())
    sink.wire.reading = True
    sink.wire.wait(lambda: sink.wire.refreshes(2), 60)
    sink.wire.quiet()
    marks = [i for i, (_, k, b) in enumerate(sink.wire.messages) if k == REFRESH and b[2] == 1]
    again = {p for _, k, b in sink.wire.messages[marks[-1]:] if k == 2 for p in Update(b).announced}
    assert again == set(routes)


def test_B14_answers_leave_time_for_keepalives(lab):
    box = lab(hold=3)
    feed, sink, other = box.peer(2, 65002), box.peer(3, 65003), box.peer(4, 65004, af_lines=("route-policy NONE export",))
    box.run()
    routes = many(100000)
    announce_many(feed, routes)
    sink.wire.wait(lambda: len(sink.wire.routes()) == len(routes), 60)
    for _ in range(5):
        sink.wire.send(refresh())
        box.dut.run("refresh bgp all export")
    sink.wire.wait(lambda: sink.wire.refreshes(2), 60)
    time.sleep(1)
    with other.wire.lock:
        beats = [t for t, k, _ in other.wire.messages if k == KEEPALIVE]
    assert max(b - a for a, b in zip(beats, beats[1:])) < 2.5
    assert not other.wire.closed.is_set()


def test_B15_type_128_is_an_unknown_message(lab):
    box, feed, sink = pair(lab)
    feed.wire.send(message(128, b"\0\1\0\1"))
    assert feed.wire.notification() == (1, 3, b"\x80")
