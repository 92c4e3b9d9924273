"""Displays whose content depends on what peers were told."""
from wirepeer import update


def told(lab):
    box = lab(bgp_lines=("undo default ipv4-unicast",))
    feed, sink = box.peer(2, 65002), box.peer(3, 65003)
    box.run()
    feed.wire.send(update(["10.0.0.0/16"], path=(65002,), next_hop=feed.address))
    sink.wire.wait_routes(["10.0.0.0/16"])
    return box, feed, sink


def test_a_prefix_in_detail_names_the_peers_that_were_told(lab):
    box, feed, sink = told(lab)
    out = box.dut.run("display bgp routing-table 10.0.0.0 16")
    assert f" Advertised to such 1 peers:\n    {sink.address}\n" in out
    assert f" From: {feed.address} ({feed.address})" in out
    box.commit(f"peer {sink.address} route-policy NONE export")
    sink.wire.wait_routes([])
    assert " Not advertised to any peer yet\n" in box.dut.run("display bgp routing-table 10.0.0.0 16")


def test_an_address_without_a_length_finds_what_contains_it(lab):
    box, _, _ = told(lab)
    assert "entry information of 10.0.0.0/16" in box.dut.run("display bgp routing-table 10.0.77.1")
    assert "does not exist" in box.dut.run("display bgp routing-table 11.0.0.1")


def test_our_own_routes_have_no_next_hop_of_their_own(lab):
    box, _, _ = told(lab)
    box.commit("network 30.0.0.0 255.0.0.0")
    assert "Original nexthop: 0.0.0.0" in box.dut.run("display bgp routing-table 30.0.0.0 8")
