"""rfc-checklist A: soft reset as the five documents describe it. One test a rule, named after it;
each against the daemon itself, judged from what is on the wire."""
import pytest

from daemons import wait_for
from wirepeer import IPV4, IPV6, MULTICAST, NOTIFICATION, OPEN, capabilities, refresh, update

PREFIXES = [f"10.{i}.0.0/16" for i in range(4)] + [f"20.{i}.0.0/16" for i in range(4)]
TEN = [p for p in PREFIXES if p.startswith("10.")]
TWENTY = [p for p in PREFIXES if p.startswith("20.")]
IN_NOTEN = ("route-policy NOTEN import",)


def feeder_and_sink(lab, af_lines=(), lines=(), **wire):
    box = lab()
    feed = box.peer(2, 65002, af_lines=af_lines, lines=lines, **wire)
    sink = box.peer(3, 65003)
    box.run()
    sink.wire.answering = True
    feed.wire.send(update(PREFIXES, path=(65002,), next_hop=feed.address))
    return box, feed, sink


def test_A1_rejected_routes_leave_no_trace_without_keep(lab):
    box, feed, sink = feeder_and_sink(lab, IN_NOTEN, route_refresh=False, enhanced=False)
    sink.wire.wait_routes(TWENTY)
    assert box.routes(f"peer {feed.address} not-accepted-routes") == {}
    box.commit(f"peer {feed.address} route-policy ALL import")
    box.settle()
    assert set(box.routes()) == set(TWENTY)


def test_A2_kept_routes_meet_a_changed_policy_without_a_message(lab):
    box, feed, sink = feeder_and_sink(lab, IN_NOTEN + ("keep-all-routes",), route_refresh=False, enhanced=False)
    sink.wire.wait_routes(TWENTY)
    feed.wire.clear()
    box.commit(f"peer {feed.address} route-policy ALL import")
    sink.wire.wait_routes(PREFIXES)
    box.settle()
    assert feed.wire.quiet() == 0


def test_A3_stored_copy_is_the_route_as_received(lab):
    box, feed, sink = feeder_and_sink(lab, ("route-policy TAG1 import", "keep-all-routes"))
    for policy in ("TAG2", "TAG1", "TAG2"):
        box.commit(f"peer {feed.address} route-policy {policy} import")
    box.settle()
    sink.wire.wait(lambda: all(u.communities() == ["100:2"] for u in sink.wire.routes().values()))
    received = box.routes(f"peer {feed.address} received-routes")
    assert all("communities" not in r for r in received.values()) and len(received) == len(PREFIXES)


def test_A4_import_refresh_asks_each_named_family_once(lab):
    box = lab()
    both = box.peer(2, 65002, families=(IPV4, IPV6))
    box.run()
    before = box.sessions()
    both.wire.clear()
    box.dut.run(f"refresh bgp {both.address} import")
    both.wire.wait(lambda: both.wire.refreshes())
    both.wire.quiet()
    assert both.wire.refreshes(0) == [IPV4]
    assert box.sessions() == before


def test_A5_export_refresh_needs_nothing_of_the_peer(lab):
    box = lab()
    feed = box.peer(2, 65002)
    sink = box.peer(3, 65003, af_lines=("route-policy ALL export",), route_refresh=False, enhanced=False)
    box.run()
    feed.wire.send(update(PREFIXES, path=(65002,), next_hop=feed.address))
    sink.wire.wait_routes(PREFIXES)
    box.commit(f"peer {sink.address} route-policy NOTEN export")
    sink.wire.wait_routes(TWENTY)
    sink.wire.clear()
    box.dut.run(f"refresh bgp {sink.address} export")
    box.settle()
    sink.wire.quiet()
    assert sink.wire.refreshes() == []
    assert set(sink.wire.routes()) == set(TWENTY)


def test_A6_changed_import_policy_asks_the_peer_without_a_command(lab):
    box, feed, sink = feeder_and_sink(lab, IN_NOTEN)
    sink.wire.wait_routes(TWENTY)
    feed.wire.clear()
    box.commit(f"peer {feed.address} route-policy ALL import")
    feed.wire.wait(lambda: feed.wire.refreshes(0) == [IPV4])


def test_A7_keep_and_refresh_capability_import_refresh_does_nothing(lab):
    box, feed, sink = feeder_and_sink(lab, ("keep-all-routes",))
    sink.wire.wait_routes(PREFIXES)
    feed.wire.clear()
    before = box.routes()
    out = box.dut.run(f"refresh bgp {feed.address} import")
    assert "Info:" in out
    assert feed.wire.quiet() == 0
    assert box.routes() == before


def test_A8_first_keep_toward_a_peer_without_refresh_re_establishes_once(lab):
    box, feed, sink = feeder_and_sink(lab, route_refresh=False, enhanced=False)
    sink.wire.wait_routes(PREFIXES)
    out = box.commit(f"peer {feed.address} keep-all-routes")
    assert feed.address in out and "reset" in out
    feed.wire.wait(feed.wire.closed.is_set)
    assert feed.wire.notification()[:2] == (6, 6)
    box.up(feed).send(update(PREFIXES, path=(65002,), next_hop=feed.address))
    sink.wire.wait_routes(PREFIXES)
    assert len(box.routes(f"peer {feed.address} received-routes")) == len(PREFIXES)
    assert box.peers()[feed.address]["established_count"] == 2


def test_A9_first_keep_toward_a_refresh_peer_keeps_the_session(lab):
    box, feed, sink = feeder_and_sink(lab, IN_NOTEN)
    sink.wire.wait_routes(TWENTY)
    before = box.sessions()
    feed.wire.clear()
    box.commit(f"peer {feed.address} keep-all-routes")
    feed.wire.wait(lambda: feed.wire.refreshes(0) == [IPV4])
    feed.wire.send(refresh(IPV4, 1) + update(PREFIXES, path=(65002,), next_hop=feed.address) + refresh(IPV4, 2))
    wait_for("rejected routes to be kept",
             lambda: set(box.routes(f"peer {feed.address} not-accepted-routes")) == set(TEN))
    assert box.sessions() == before


@pytest.mark.parametrize("configured", [True, False])
def test_A10_route_refresh_is_advertised_unless_undone(lab, configured):
    box = lab()
    one = box.peer(2, 65002)
    box.run()
    if not configured:
        box.commit(f"undo peer {one.address} capability-advertise route-refresh", view=None)
        one.wire.wait(one.wire.closed.is_set)
        box.up(one)
    assert ((b"\x02\x00" in capabilities(one.wire.bodies(OPEN)[0])) is configured)


def test_A11_selectors_touch_exactly_their_peers(lab):
    box = lab(bgp_lines=("group G external",))
    e1, e2 = box.peer(2, 65002), box.peer(3, 65003)
    i1, i2 = box.peer(4, 100), box.peer(5, 100)
    e2.lines = ("group G",)
    box.run()
    peers = {"e1": e1, "e2": e2, "i1": i1, "i2": i2}
    for selector, expected in (("all", "e1 e2 i1 i2"), (e1.address, "e1"), ("group G", "e2"),
                               ("external", "e1 e2"), ("internal", "i1 i2")):
        for n in peers.values():
            n.wire.quiet(0.1)
            n.wire.clear()
        box.dut.run(f"refresh bgp {selector} import")
        for name in expected.split():
            peers[name].wire.wait(lambda n=peers[name]: n.wire.refreshes())
        for n in peers.values():
            n.wire.quiet(0.2)
        assert " ".join(k for k, n in peers.items() if n.wire.refreshes(0)) == expected, selector
        for name in expected.split():
            peers[name].wire.send(refresh(IPV4, 1) + refresh(IPV4, 2))
        box.settle()


def test_A12_families_are_separate(lab):
    box = lab()
    one = box.peer(2, 65002, families=(IPV4, IPV6, MULTICAST))
    box.run()
    for word, families in (("", [IPV4, MULTICAST]), ("ipv6 ", [IPV6]), ("multicast ", [MULTICAST])):
        one.wire.clear()
        box.dut.run(f"refresh bgp {word}all import")
        one.wire.wait(lambda: one.wire.refreshes())
        one.wire.quiet(0.3)
        assert sorted(one.wire.refreshes(0)) == sorted(families), word
        for f in families:
            one.wire.send(refresh(f, 1) + refresh(f, 2))
        box.settle()


def test_A13_refresh_changes_no_configuration(lab):
    box = lab()
    box.peer(2, 65002)
    box.run()
    before = box.dut.run("display current-configuration")
    box.dut.run("refresh bgp all import", "refresh bgp all export")
    assert box.dut.run("display current-configuration") == before
    status, out = box.dut.run("system-view", "refresh bgp all import", "undo refresh bgp all import", check=False)
    assert status == 1 and "Error" in out


def test_A14_keep_for_a_peer_that_does_not_exist_is_refused(lab):
    box = lab()
    box.run()
    status, out = box.dut.run("system-view", "bgp 100", "ipv4-family unicast", "peer 9.9.9.9 keep-all-routes",
                              "commit", check=False)
    assert status == 1 and "Error: The peer does not exist." in out
    assert "9.9.9.9" not in box.dut.run("display current-configuration")


def test_A15_global_keep_overrides_the_peers_undo(lab):
    box, feed, sink = feeder_and_sink(lab, IN_NOTEN + ("keep-all-routes",))
    sink.wire.wait_routes(TWENTY)
    box.commit("keep-all-routes", view=None)
    box.commit(f"undo peer {feed.address} keep-all-routes")
    assert set(box.routes(f"peer {feed.address} not-accepted-routes")) == set(TEN)
    box.commit("undo keep-all-routes", f"peer {feed.address} keep-all-routes", view=None)
    box.commit(f"undo peer {feed.address} keep-all-routes")
    wait_for("rejected routes to go", lambda: not box.routes(f"peer {feed.address} not-accepted-routes"))


def test_A16_undo_keep_drops_rejected_routes_only(lab):
    box, feed, sink = feeder_and_sink(lab, IN_NOTEN + ("keep-all-routes",))
    sink.wire.wait_routes(TWENTY)
    sink.wire.quiet()
    sink.wire.clear()
    box.commit(f"undo peer {feed.address} keep-all-routes")
    wait_for("rejected routes to go", lambda: not box.routes(f"peer {feed.address} not-accepted-routes"))
    assert set(box.routes()) == set(TWENTY)
    assert sink.wire.quiet() == 0


def test_A17_nothing_happens_before_commit(lab):
    box, feed, sink = feeder_and_sink(lab, IN_NOTEN)
    sink.wire.wait_routes(TWENTY)
    sink.wire.quiet()
    feed.wire.clear(), sink.wire.clear()
    box.dut.run("system-view", "bgp 100", "ipv4-family unicast", f"peer {feed.address} route-policy ALL import",
                "clear configuration candidate")
    assert feed.wire.quiet() == 0 and sink.wire.quiet() == 0


def test_A18_refresh_toward_a_peer_without_the_capability_says_so(lab):
    box, feed, sink = feeder_and_sink(lab, route_refresh=False, enhanced=False)
    sink.wire.wait_routes(PREFIXES)
    feed.wire.clear()
    out = box.dut.run(f"refresh bgp {feed.address} import")
    assert feed.address in out and "Info:" in out
    assert feed.wire.quiet() == 0


def test_A19_group_names(lab):
    box = lab()
    box.run()
    box.dut.configure("bgp 100", f"group {'g' * 47} external", 'group "a b" external', "group A external",
                      "group a external")
    assert box.dut.run("system-view", "bgp 100", f"group {'g' * 48} external", check=False)[0] == 1
    config = box.dut.run("display current-configuration")
    for line in (f" group {'g' * 47} external", ' group "a b" external', " group A external", " group a external"):
        assert line in config
    assert box.dut.run('refresh bgp group "a c" import', check=False)[0] == 1
    box.dut.run('refresh bgp group "a b" import')


def test_A20_a_hundred_soft_resets_are_no_flap(lab):
    box, feed, sink = feeder_and_sink(lab, ("keep-all-routes",))
    sink.wire.wait_routes(PREFIXES)
    before = box.sessions()
    ports = [n.wire.sock.getsockname() for n in box.neighbours]
    box.dut.run(*["refresh bgp all import", "refresh bgp all export"] * 50)
    box.settle()
    assert box.sessions() == before
    assert ports == [n.wire.sock.getsockname() for n in box.neighbours]
    assert not any(n.wire.count(NOTIFICATION) or n.wire.closed.is_set() for n in box.neighbours)


def test_A21_refresh_of_an_idle_peer_is_not_remembered(lab):
    box = lab()
    feed = box.peer(2, 65002)
    box.run()
    feed.wire.close()
    wait_for("the session to end", lambda: box.peers()[feed.address]["state"] != "Established")
    box.dut.run(f"refresh bgp {feed.address} import")
    box.up(feed)
    feed.wire.quiet(1)
    assert feed.wire.refreshes(0) == []


def test_A22_unchanged_routes_are_not_sent_again(lab):
    box, feed, sink = feeder_and_sink(lab)
    sink.wire.wait_routes(PREFIXES)
    sink.wire.quiet()
    sink.wire.clear()
    box.dut.run(f"refresh bgp {feed.address} import")
    feed.wire.wait(lambda: feed.wire.refreshes(0))
    feed.wire.send(refresh(IPV4, 1) + update(PREFIXES, path=(65002,), next_hop=feed.address) + refresh(IPV4, 2))
    box.settle()
    assert sink.wire.quiet() == 0


def test_A23_newly_refused_routes_are_withdrawn_once(lab):
    box, feed, sink = feeder_and_sink(lab, ("route-policy ALL import", "keep-all-routes"))
    sink.wire.wait_routes(PREFIXES)
    sink.wire.quiet()
    sink.wire.clear()
    box.commit(f"peer {feed.address} route-policy NOTEN import")
    sink.wire.wait_routes(TWENTY)
    sink.wire.quiet()
    assert sorted(p for u in sink.wire.updates() for p in u.withdrawn) == TEN
    assert not any(u.announced for u in sink.wire.updates())
    assert set(box.routes()) == set(TWENTY)


def test_A24_changed_routes_are_sent_once(lab):
    box, feed, sink = feeder_and_sink(lab, ("route-policy TAG1 import", "keep-all-routes"))
    sink.wire.wait_routes(PREFIXES)
    sink.wire.quiet()
    sink.wire.clear()
    box.commit(f"peer {feed.address} route-policy TAG2 import")
    sink.wire.wait(lambda: len(sink.wire.updates()))
    sink.wire.quiet()
    updates = sink.wire.updates()
    assert sorted(p for u in updates for p in u.announced) == sorted(PREFIXES)
    assert len(updates) == 1 and updates[0].communities() == ["100:2"] and not updates[0].withdrawn


def test_A25_both_directions_in_any_order_end_alike(lab):
    results = []
    for order in (("import", "export"), ("export", "import")):
        box = lab(name="-".join(order))
        feed = box.peer(2, 65002, af_lines=("keep-all-routes",))
        sink = box.peer(3, 65003)
        box.run()
        sink.wire.answering = True
        feed.wire.send(update(PREFIXES, path=(65002,), next_hop=feed.address))
        sink.wire.wait_routes(PREFIXES)
        lines = {"import": f"peer {feed.address} route-policy TAG1 import",
                 "export": f"peer {sink.address} route-policy NOTEN export"}
        for direction in order:
            box.commit(lines[direction])
            box.dut.run(f"refresh bgp all {direction}")
        sink.wire.wait(lambda: set(sink.wire.routes()) == set(TWENTY) and
                       all(u.communities() == ["100:1"] for u in sink.wire.routes().values()))
        results.append({p: r.get("communities") for p, r in box.routes().items()})
        box.close()
        box.dut.stop()
    assert results[0] == results[1]
