"""rfc-checklist K: RFC 4364 and RFC 4659, VPN. One test a rule. Our speaker is a PE of AS 100 with the instances
vpna and vpnb; `pe` is another PE (or a reflector's client) as a wire peer, ce_a and ce_b are customers."""
import socket
import struct

import pytest

from lab import AS, VIEWS
from wirepeer import (IPV4, IPV6, NOTIFICATION, REFRESH, UPDATE, VPNV4, VPNV6, attribute, message, prefix_bytes,
                      rd_bytes, refresh, target_bytes, update, vpn_bytes)

ROUTE, OTHER = "100:9 10.9.0.0/16", "100:9 20.9.0.0/16"


class Scene:
    """Two instances, a customer in each, and other PEs."""

    def __init__(self, lab, pes=1, families=(VPNV4,), pe_lines=(), customers=(IPV4,), **options):
        self.lab = lab(**options)
        self.a = self.lab.instance("vpna", "100:1", ["100:1"], ["100:1"], families=customers)
        self.b = self.lab.instance("vpnb", "100:2", ["100:2"], ["100:2"], families=customers)
        self.pes = [self.lab.peer(10 + i, AS, families=families, af_lines=pe_lines) for i in range(pes)]
        self.ce_a = self.lab.peer(20, 65001, instance=self.a, families=customers)
        self.ce_b = self.lab.peer(21, 65002, instance=self.b, families=customers)

    def run(self):
        self.lab.run()
        self.pe = self.pes[0].wire
        return self

    def say(self, *routes, rt=("100:1",), by=None, **options):
        n = by or self.pes[0]
        n.wire.send(update(routes, family=VPNV4, rt=rt, local_pref=100, next_hop=n.address, **options))

    def instance_lines(self, i, *lines):
        return self.lab.dut.configure(f"ip vpn-instance {i.name}", "ipv4-family", *lines)


@pytest.fixture
def scene(lab):
    return lambda **options: Scene(lab, **options)


def test_K1_one_prefix_under_two_distinguishers_is_two_routes(scene):
    s = scene(pes=2, pe_lines=("reflect-client",)).run()
    s.say("100:8 10.9.0.0/16", rt=("100:1",))
    s.say("100:9 10.9.0.0/16", rt=("100:7",))
    s.pes[1].wire.wait_routes(["100:8 10.9.0.0/16", "100:9 10.9.0.0/16"], VPNV4)
    s.pe.send(update(withdraw=["100:8 10.9.0.0/16"], family=VPNV4))
    s.pes[1].wire.wait_routes(["100:9 10.9.0.0/16"], VPNV4)


def test_K2_imported_into_every_instance_with_the_target_and_into_no_other(scene):
    s = scene().run()
    s.say(ROUTE, rt=("100:1",))
    s.say(OTHER, rt=("100:1", "100:2"))
    s.say("100:9 30.9.0.0/16", rt=("100:3",))
    s.ce_a.wire.wait_routes(["10.9.0.0/16", "20.9.0.0/16"])
    s.ce_b.wire.wait_routes(["20.9.0.0/16"])
    assert s.ce_a.wire.routes()["10.9.0.0/16"].path() == [AS]
    s.say(OTHER, rt=("100:2",))
    s.ce_a.wire.wait_routes(["10.9.0.0/16"])
    s.ce_b.wire.wait_routes(["20.9.0.0/16"])


def test_K3_exported_with_the_targets_of_the_instance(scene):
    s = scene()
    s.a.exports = ["100:1", "10.1.2.3:7", "70000:5"]
    s.run()
    s.ce_a.wire.send(update(["10.1.0.0/16"], path=[65001, 7], med=9, next_hop=s.ce_a.address))
    s.pe.wait_routes(["100:1 10.1.0.0/16"], VPNV4)
    u = s.pe.routes(VPNV4)["100:1 10.1.0.0/16"]
    assert sorted(u.targets()) == sorted(["100:1", "10.1.2.3:7", "70000:5"])
    assert u.path() == [65001, 7] and struct.unpack("!I", u.attributes[5])[0] == 100
    assert s.ce_b.wire.routes() == {}


def test_K4_targets_set_by_a_customer_are_removed(scene):
    s = scene().run()
    mine = target_bytes("100:2") + target_bytes("65001:9", 3)
    s.ce_a.wire.send(update(["10.1.0.0/16"], path=[65001], next_hop=s.ce_a.address, extra=attribute(0xC0, 16, mine)))
    s.pe.wait_routes(["100:1 10.1.0.0/16"], VPNV4)
    u = s.pe.routes(VPNV4)["100:1 10.1.0.0/16"]
    assert u.targets() == ["100:1"] and target_bytes("65001:9", 3) in u.extended()
    s.ce_b.wire.quiet(0.3)
    assert s.ce_b.wire.routes() == {}


def test_K5_next_hop_has_a_distinguisher_of_zero_in_front(scene):
    s = scene().run()
    s.ce_a.wire.send(update(["10.1.0.0/16"], path=[65001], next_hop=s.ce_a.address))
    s.pe.wait_routes(["100:1 10.1.0.0/16"], VPNV4)
    hop = s.pe.routes(VPNV4)["100:1 10.1.0.0/16"].attributes[3]
    assert hop == bytes(8) + socket.inet_aton(s.lab.address)


@pytest.mark.parametrize("tag", [b"\x80\0\0", b"\0\0\0", b"\0\1\1"])
def test_K6_label_distinguisher_prefix_and_the_label_of_a_withdrawal_is_ignored(scene, tag):
    s = scene(pes=2, pe_lines=("reflect-client",)).run()
    s.say(ROUTE, label=77)
    s.pes[1].wire.wait_routes([ROUTE], VPNV4)
    assert s.pes[1].wire.routes(VPNV4)[ROUTE].labels[ROUTE] == 77
    nlri = vpn_bytes(ROUTE)
    nlri = nlri[:1] + tag + nlri[4:]
    mp = attribute(0x80, 15, struct.pack("!HB", *VPNV4) + nlri)
    s.pe.send(message(UPDATE, struct.pack("!HH", 0, len(mp)) + mp))
    s.pes[1].wire.wait_routes([], VPNV4)
    s.ce_a.wire.wait_routes([])


def test_K6_one_label_an_instance(scene):
    s = scene().run()
    s.ce_a.wire.send(update(["10.1.0.0/16", "10.2.0.0/16"], path=[65001], next_hop=s.ce_a.address))
    s.ce_b.wire.send(update(["10.1.0.0/16"], path=[65002], next_hop=s.ce_b.address))
    s.pe.wait_routes(["100:1 10.1.0.0/16", "100:1 10.2.0.0/16", "100:2 10.1.0.0/16"], VPNV4)
    label = {p: u.labels[p] for p, u in s.pe.routes(VPNV4).items()}
    assert label["100:1 10.1.0.0/16"] == label["100:1 10.2.0.0/16"] != label["100:2 10.1.0.0/16"]
    assert all(16 <= n < 1 << 20 for n in label.values())


def test_K6_one_label_a_route_with_apply_label_per_route(scene):
    s = scene()
    s.a.lines = ("apply-label per-route",)
    s.run()
    s.ce_a.wire.send(update(["10.1.0.0/16", "10.2.0.0/16"], path=[65001], next_hop=s.ce_a.address))
    s.pe.wait_routes(["100:1 10.1.0.0/16", "100:1 10.2.0.0/16"], VPNV4)
    label = {u.labels[p] for p, u in s.pe.routes(VPNV4).items()}
    assert len(label) == 2 and all(16 <= n < 1 << 20 for n in label)


def test_K7_a_soft_reset_in_an_instance_touches_that_instance_only(scene):
    s = scene().run()
    for n in (s.pes[0], s.ce_a, s.ce_b):
        n.wire.quiet(0.3)
        n.wire.clear()
    s.lab.dut.run("refresh bgp vpn-instance vpna ipv4-family all import")
    s.ce_a.wire.wait(lambda: s.ce_a.wire.count(REFRESH))
    assert s.ce_a.wire.refreshes(0) == [IPV4]
    assert s.pe.quiet(0.3) == 0 and s.ce_b.wire.quiet(0.3) == 0


def test_K8_an_import_policy_of_an_instances_peer_moves_what_is_exported(scene):
    s = scene()
    s.ce_a.af_lines = ("keep-all-routes",)
    s.run()
    s.ce_a.wire.send(update(["10.1.0.0/16", "20.1.0.0/16"], path=[65001], next_hop=s.ce_a.address))
    both = ["100:1 10.1.0.0/16", "100:1 20.1.0.0/16"]
    s.pe.wait_routes(both, VPNV4)
    s.lab.commit(f"peer {s.ce_a.address} route-policy NOTEN import", view=s.a.view())
    s.pe.wait_routes(both[1:], VPNV4)
    s.lab.commit(f"undo peer {s.ce_a.address} route-policy NOTEN import", view=s.a.view())
    s.pe.wait_routes(both, VPNV4)
    assert s.ce_a.wire.count(REFRESH) == 0 and not s.ce_a.wire.closed.is_set()


@pytest.mark.parametrize("keep", [False, True])
def test_K9_a_changed_import_target_brings_the_routes_in(scene, keep):
    s = scene(pe_lines=("keep-all-routes",) if keep else ()).run()
    s.say(ROUTE, rt=("100:3",))
    s.say(OTHER, rt=("100:1",))
    s.ce_a.wire.wait_routes(["20.9.0.0/16"])
    s.pe.clear()
    s.instance_lines(s.a, "vpn-target 100:3 import-extcommunity")
    if not keep:
        s.pe.wait(lambda: s.pe.count(REFRESH))
        assert s.pe.refreshes()[0] == VPNV4
        s.pe.send(refresh(VPNV4, 1))
        s.say(ROUTE, rt=("100:3",))
        s.say(OTHER, rt=("100:1",))
        s.pe.send(refresh(VPNV4, 2))
    s.ce_a.wire.wait_routes(["10.9.0.0/16", "20.9.0.0/16"])
    assert s.ce_b.wire.routes() == {} and s.pe.count(NOTIFICATION) == 0
    if keep:
        assert s.pe.count(REFRESH) == 0
        lent = next(j for j in s.lab.jobs() if j.get("exchange"))
        assert (lent["instance"], lent["seen"], lent["changed"], lent["newly_accepted"]) == ("vpna", 1, 1, 1)
    s.lab.settle()
    s.pe.clear()
    s.instance_lines(s.a, "undo vpn-target 100:3 import-extcommunity")
    s.ce_a.wire.wait_routes(["20.9.0.0/16"])
    s.lab.settle()
    assert s.pe.refreshes(0) == []   # fewer targets let nothing new in


def test_K9_a_changed_export_target_tells_the_other_side(scene):
    s = scene().run()
    s.ce_a.wire.send(update(["10.1.0.0/16"], path=[65001], next_hop=s.ce_a.address))
    s.pe.wait_routes(["100:1 10.1.0.0/16"], VPNV4)
    s.instance_lines(s.a, "vpn-target 100:2 export-extcommunity")
    s.ce_b.wire.wait_routes(["10.1.0.0/16"])
    s.pe.wait(lambda: sorted(s.pe.routes(VPNV4)["100:1 10.1.0.0/16"].targets()) == ["100:1", "100:2"])
    s.instance_lines(s.a, "undo vpn-target 100:2 export-extcommunity")
    s.ce_b.wire.wait_routes([])
    assert s.ce_a.wire.count(REFRESH) == 0


@pytest.mark.parametrize("hop", [
    bytes(8) + socket.inet_pton(socket.AF_INET6, "2001:db8::9"),
    bytes(8) + socket.inet_pton(socket.AF_INET6, "2001:db8::9") + bytes(8) + socket.inet_pton(socket.AF_INET6, "fe80::9"),
    bytes(8) + socket.inet_pton(socket.AF_INET6, "::ffff:127.0.0.9"),
])
def test_K10_next_hops_of_vpnv6(scene, hop):
    s = scene(pes=2, families=(VPNV6,), pe_lines=("reflect-client",), customers=(IPV6,)).run()
    nlri = b"\x88" + b"\0\1\1" + rd_bytes("100:9") + prefix_bytes("2001:db8:9::/48")[1:]
    mp = attribute(0x80, 14, struct.pack("!HB", *VPNV6) + bytes([len(hop)]) + hop + b"\0" + nlri)
    rest = attribute(0x40, 1, b"\0") + attribute(0x40, 2, b"") + attribute(0x40, 5, b"\0\0\0d")
    rest += attribute(0xC0, 16, target_bytes("100:1"))
    s.pe.send(message(UPDATE, struct.pack("!HH", 0, len(mp + rest)) + mp + rest))
    s.pes[1].wire.wait_routes(["100:9 2001:db8:9::/48"], VPNV6)
    told = s.pes[1].wire.routes(VPNV6)["100:9 2001:db8:9::/48"].attributes[3]
    assert told == hop[:24]   # the link-local one goes no farther
    s.ce_a.wire.wait_routes(["2001:db8:9::/48"], IPV6)


def test_K10_our_own_next_hop_over_ipv4_is_mapped(scene):
    s = scene(families=(VPNV6,), customers=(IPV6,)).run()
    s.ce_a.wire.send(update(["2001:db8:1::/48"], path=[65001], next_hop="2001:db8::1", family=IPV6))
    s.pe.wait_routes(["100:1 2001:db8:1::/48"], VPNV6)
    hop = s.pe.routes(VPNV6)["100:1 2001:db8:1::/48"].attributes[3]
    assert hop == bytes(8) + socket.inet_pton(socket.AF_INET6, "::ffff:" + s.lab.address)


def test_K11_the_families_are_in_the_capabilities(scene):
    s = scene(families=(VPNV4, VPNV6)).run()
    opened = s.pe.bodies(1)[0]
    assert b"\x01\x04\0\x01\0\x80" in opened and b"\x01\x04\0\x02\0\x80" in opened
    assert b"\x01\x04\0\x01\0\x80" not in s.ce_a.wire.bodies(1)[0]


def test_K12_non_transitive_extended_communities_stop_at_the_border(scene):
    s = scene().run()
    local, passing = b"\x40\x04" + bytes(6), b"\x03\x0b" + bytes(6)
    s.say(ROUTE, rt=(), extra=attribute(0xC0, 16, target_bytes("100:1") + passing + local))
    s.lab.commit(f"peer {s.ce_a.address} advertise-ext-community", view=s.a.view())
    s.ce_a.wire.wait(lambda: "10.9.0.0/16" in s.ce_a.wire.routes() and passing in s.ce_a.wire.routes()["10.9.0.0/16"].extended())
    assert local not in s.ce_a.wire.routes()["10.9.0.0/16"].extended()


def test_K13_unknown_extended_communities_pass(scene):
    s = scene(pes=2, pe_lines=("reflect-client",)).run()
    odd = b"\x9f\x77abcdef"
    s.say(ROUTE, rt=(), extra=attribute(0xC0, 16, target_bytes("100:1") + odd))
    s.pes[1].wire.wait_routes([ROUTE], VPNV4)
    assert odd in s.pes[1].wire.routes(VPNV4)[ROUTE].extended()


def test_lent_routes_go_when_the_instance_goes(scene):
    s = scene().run()
    s.ce_a.wire.send(update(["10.1.0.0/16"], path=[65001], next_hop=s.ce_a.address))
    s.pe.wait_routes(["100:1 10.1.0.0/16"], VPNV4)
    s.lab.dut.configure(f"bgp {AS}", f"undo {s.a.view()}", "quit", "undo ip vpn-instance vpna")
    s.pe.wait_routes([], VPNV4)
    s.ce_a.wire.wait(s.ce_a.wire.closed.is_set)
    assert s.pe.count(NOTIFICATION) == 0 and not s.ce_b.wire.closed.is_set()


def test_a_prefix_under_several_distinguishers_in_one_instance(scene):
    """Both stand in the instance; the better one is told, then the other."""
    s = scene().run()
    s.say("100:8 10.9.0.0/16", path=[7, 8, 9])
    s.say("100:9 10.9.0.0/16", path=[7])
    s.ce_a.wire.wait(lambda: s.ce_a.wire.routes().get("10.9.0.0/16") and
                     s.ce_a.wire.routes()["10.9.0.0/16"].path() == [AS, 7])
    s.pe.send(update(withdraw=["100:9 10.9.0.0/16"], family=VPNV4))
    s.ce_a.wire.wait(lambda: s.ce_a.wire.routes()["10.9.0.0/16"].path() == [AS, 7, 8, 9])
    s.pe.send(update(withdraw=["100:8 10.9.0.0/16"], family=VPNV4))
    s.ce_a.wire.wait_routes([])


def test_policies_of_the_instance(scene):
    """import and export route-policy of the instance, changed by soft reset on both sides."""
    s = scene().run()
    s.say(ROUTE, OTHER)
    s.ce_a.wire.send(update(["10.1.0.0/16", "20.1.0.0/16"], path=[65001], next_hop=s.ce_a.address))
    s.ce_a.wire.wait_routes(["10.9.0.0/16", "20.9.0.0/16"])
    s.pe.wait_routes(["100:1 10.1.0.0/16", "100:1 20.1.0.0/16"], VPNV4)
    s.instance_lines(s.a, "import route-policy NOTEN", "export route-policy NOTEN")
    s.ce_a.wire.wait_routes(["20.9.0.0/16"])
    s.pe.wait_routes(["100:1 20.1.0.0/16"], VPNV4)
    s.instance_lines(s.a, "undo import route-policy", "undo export route-policy")
    s.ce_a.wire.wait_routes(["10.9.0.0/16", "20.9.0.0/16"])
    s.pe.wait_routes(["100:1 10.1.0.0/16", "100:1 20.1.0.0/16"], VPNV4)
    assert s.pe.count(REFRESH) == 0 and s.pe.count(NOTIFICATION) == 0
