"""What plans and `display bgp refresh` say of soft resets: words and figures, against what was on the wire."""
from daemons import wait_for
from test_rfc_a_soft_reset import IN_NOTEN, PREFIXES, TEN, TWENTY, feeder_and_sink
from wirepeer import update


def test_plan_of_a_pending_import(lab):
    box, feed, sink = feeder_and_sink(lab, IN_NOTEN, route_refresh=False, enhanced=False)
    sink.wire.wait_routes(TWENTY)
    wait_for("the counters", lambda: box.peers()[feed.address]["routes_received"] == len(TWENTY))
    out = box.commit(f"peer {feed.address} route-policy ALL import")
    assert f"import run again (accepted routes, {len(TWENTY)} routes); pending: needs a new session" in out


def test_messages_of_an_export_change(lab):
    box, _, sink = feeder_and_sink(lab)
    sink.wire.wait_routes(PREFIXES)
    sink.wire.quiet()
    sink.wire.clear()
    out = box.commit(f"peer {sink.address} route-policy NOTEN export")
    assert "[export policy NOTEN]" in out
    sink.wire.wait_routes(TWENTY)
    job = box.jobs()[0]
    assert job["direction"] == "export" and job["newly_rejected"] == len(TEN)
    assert job["messages"] == len(sink.wire.updates()) > 0
    assert "[export policy]" in box.commit(f"undo peer {sink.address} route-policy export")


def test_a_decision_is_for_all(lab):
    box, _, sink = feeder_and_sink(lab)
    sink.wire.wait_routes(PREFIXES)
    box.commit("bestroute as-path-ignore")
    job = box.jobs()[0]
    assert (job["peer"], job["direction"], job["seen"]) == ("all", "decision", len(PREFIXES))
    assert "peer all, IPv4 Unicast, decision, by" in box.dut.run("display bgp refresh")


def test_figures_of_a_refresh(lab):
    """Routes that the walk judged and the peer sent again count once; a refused one goes once."""
    box, feed, sink = feeder_and_sink(lab, enhanced=False)
    sink.wire.wait_routes(PREFIXES)
    feed.wire.answering = False
    feed.wire.clear()
    box.commit(f"peer {feed.address} route-policy NOTEN import")
    feed.wire.wait(lambda: feed.wire.refreshes())
    feed.wire.send(update(PREFIXES, path=(65002,), next_hop=feed.address))
    sink.wire.wait_routes(TWENTY)
    job = box.jobs()[0]
    assert job["means"] == "ROUTE-REFRESH" and job["state"] == "done"
    assert (job["seen"], job["changed"], job["newly_rejected"]) == (len(PREFIXES), len(TEN), len(TEN))
    assert job["best_moved"] == len(TEN)
