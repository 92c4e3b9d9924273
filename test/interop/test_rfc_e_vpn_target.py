"""rfc-checklist E: RFC 4684, route target constraint. One test a rule. Our speaker is a reflector of AS 100 with
the instance vpna; `one` and `two` are PEs (clients) that speak memberships, `old` is one that does not."""
import socket
import struct
import time

import pytest

from lab import AS
from wirepeer import (IPV4, NOTIFICATION, OPEN, REFRESH, UPDATE, VPN_TARGET, VPNV4, attribute, end_of_rib, message,
                      refresh, target_bytes, update)

A, B, C = "100:9 10.9.0.0/16", "100:9 20.9.0.0/16", "100:9 30.9.0.0/16"
RT = {A: "100:11", B: "100:12", C: "100:13"}
BOTH = (VPNV4, VPN_TARGET)


class Scene:
    def __init__(self, lab, clients=2, client_lines=("reflect-client",), external=(), target_lines=(), vpn_lines=()):
        self.lab = lab()
        self.lab.family_lines = {VPNV4: ("undo policy vpn-target", *vpn_lines), VPN_TARGET: target_lines}
        self.source = self.lab.peer(9, AS, families=(VPNV4,), af_lines=client_lines)
        self.peers = [self.lab.peer(10 + i, AS, families=BOTH, af_lines=client_lines) for i in range(clients)]
        self.peers += [self.lab.peer(30 + i, asn, families=BOTH) for i, asn in enumerate(external)]

    def run(self, routes=(A, B, C)):
        self.lab.run()
        self.source.wire.send(b"".join(self.route(p) for p in routes))
        return self

    def route(self, prefix, rt=None, **options):
        return update([prefix], family=VPNV4, rt=rt or (RT[prefix],), local_pref=100, next_hop=self.source.address, **options)

    def member(self, n, *what, withdraw=(), path=()):
        external = n.asn != AS
        n.wire.send(update(what, withdraw, family=VPN_TARGET, next_hop=n.address, path=([n.asn] if external else []) + list(path),
                           local_pref=None if external else 100))


@pytest.fixture
def scene(lab):
    return lambda **options: Scene(lab, **options)


def membership(target, asn=AS, bits=96):
    return f"{asn} RT<{target}>" + ("" if bits == 96 else f"/{bits}")


def raw(n, nlri, hop=None, withdraw=False):
    """A membership update in bytes."""
    hop = socket.inet_aton(n.address) if hop is None else hop
    if withdraw:
        mp = attribute(0x80, 15, struct.pack("!HB", *VPN_TARGET) + nlri)
        return message(UPDATE, struct.pack("!HH", 0, len(mp)) + mp)
    mp = attribute(0x80, 14, struct.pack("!HB", *VPN_TARGET) + bytes([len(hop)]) + hop + b"\0" + nlri)
    rest = attribute(0x40, 1, b"\0") + attribute(0x40, 2, b"") + attribute(0x40, 5, b"\0\0\0d")
    return message(UPDATE, struct.pack("!HH", 0, len(mp + rest)) + mp + rest)


@pytest.mark.parametrize("nlri,gets", [
    (b"\0", [A, B, C]),
    (b"\x20" + struct.pack("!I", AS), [A, B, C]),                               # an AS and no target: any
    (b"\x60" + struct.pack("!I", AS) + target_bytes("100:11"), [A]),
    (b"\x40" + struct.pack("!I", AS) + target_bytes("100:11")[:4], [A, B, C]),  # all of AS 100
])
def test_E1_nlri_of_0_to_96_bits(scene, nlri, gets):
    s = scene().run()
    s.peers[0].wire.send(raw(s.peers[0], nlri))
    s.peers[0].wire.wait_routes(gets, VPNV4)
    s.peers[0].wire.send(raw(s.peers[0], nlri, withdraw=True))
    s.peers[0].wire.wait_routes([], VPNV4)


@pytest.mark.parametrize("bits", [1, 16, 31, 97, 255])
def test_E2_impossible_lengths_are_malformed(scene, bits):
    s = scene().run()
    s.peers[0].wire.send(raw(s.peers[0], bytes([bits]) + bytes((bits + 7) // 8)))
    assert s.peers[0].wire.notification()[:2] == (3, 10) or s.peers[0].wire.notification()[0] == 3
    assert not s.peers[1].wire.closed.is_set() and not s.source.wire.closed.is_set()


@pytest.mark.parametrize("hop,good", [
    (socket.inet_aton("127.0.0.9"), True), (socket.inet_pton(socket.AF_INET6, "2001:db8::9"), True), (bytes(12), False)])
def test_E3_next_hops_of_4_and_16_octets(scene, hop, good):
    s = scene().run()
    n = s.peers[0]
    n.wire.send(raw(n, b"\x60" + struct.pack("!I", AS) + target_bytes("100:11"), hop))
    if good:
        n.wire.wait_routes([A], VPNV4)
    else:
        assert n.wire.notification()[0] == 3


def test_E4_the_capability_is_1_132(scene):
    s = scene().run()
    assert b"\x01\x04\0\x01\0\x84" in s.peers[0].wire.bodies(OPEN)[0]
    assert b"\x01\x04\0\x01\0\x84" not in s.source.wire.bodies(OPEN)[0]


def test_E5_only_what_was_asked_for_is_sent(scene):
    s = scene().run()
    s.member(s.peers[0], membership("100:11"))
    s.member(s.peers[1], "default")
    s.peers[0].wire.wait_routes([A], VPNV4)
    s.peers[1].wire.wait_routes([A, B, C], VPNV4)
    s.member(s.peers[0], membership("100:13"))
    s.peers[0].wire.wait_routes([A, C], VPNV4)


def test_E5_who_does_not_speak_it_gets_everything(lab):
    s = Scene(lab)
    old = s.lab.peer(20, AS, families=(VPNV4,), af_lines=("reflect-client",))
    s.run()
    old.wire.wait_routes([A, B, C], VPNV4)


def test_E6_a_membership_change_moves_exactly_the_routes_concerned(scene):
    s = scene().run()
    n, other = s.peers
    s.member(n, membership("100:11"))
    s.member(other, membership("100:12"))
    n.wire.wait_routes([A], VPNV4)
    other.wire.wait_routes([B], VPNV4)
    for p in s.peers:
        p.wire.quiet(0.3)
        p.wire.clear()
    s.member(n, membership("100:12"))
    n.wire.wait_routes([A, B], VPNV4)
    assert n.wire.quiet(0.3) and [(u.announced, u.withdrawn) for u in n.wire.updates() if u.family == VPNV4] == [([B], [])]
    n.wire.clear()
    s.member(n, withdraw=[membership("100:12")])
    n.wire.wait_routes([A], VPNV4)
    n.wire.quiet(0.3)
    assert [(u.announced, u.withdrawn) for u in n.wire.updates() if u.family == VPNV4] == [([], [B])]
    assert not [u for u in other.wire.updates() if u.family == VPNV4]


def test_E6_a_route_whose_targets_change_comes_and_goes(scene):
    s = scene().run()
    s.member(s.peers[0], membership("100:11"))
    s.peers[0].wire.wait_routes([A], VPNV4)
    s.source.wire.send(s.route(A, rt=("100:12",)) + s.route(B, rt=("100:12", "100:11")))
    s.peers[0].wire.wait_routes([B], VPNV4)


def test_E7_end_of_rib_after_the_first_memberships(scene):
    s = scene().run()
    w = s.peers[0].wire
    w.wait(lambda: any(u.end_of_rib and u.family == VPN_TARGET for u in w.updates()))


def test_E8_vpn_routes_wait_for_the_end_of_rib_of_memberships(scene):
    s = scene().run()
    n = s.peers[0]
    n.wire.close()
    s.lab.dut.configure(f"bgp {AS}", "ipv4-family vpn-target", "timer wait-for-eor 3")
    from wirepeer import WirePeer
    from daemons import PORT
    n.wire = WirePeer(n.address, s.lab.address, PORT, n.asn, families=n.families)
    n.wire.establish()
    s.member(n, membership("100:11"))
    time.sleep(0.7)
    assert n.wire.routes(VPNV4) == {} and not any(u.end_of_rib and u.family == VPNV4 for u in n.wire.updates())
    n.wire.send(end_of_rib(VPN_TARGET))
    n.wire.wait_routes([A], VPNV4, 2)
    n.wire.close()
    n.wire = WirePeer(n.address, s.lab.address, PORT, n.asn, families=n.families)
    n.wire.establish()
    s.member(n, membership("100:12"))
    began = time.monotonic()
    n.wire.wait_routes([B], VPNV4, 8)                            # it never says so: bounded
    assert 1.5 < time.monotonic() - began < 6


def test_E9_all_paths_of_a_membership_count(scene):
    s = scene().run()
    for n in s.peers:
        s.member(n, membership("100:11"))
    for n in s.peers:
        n.wire.wait_routes([A], VPNV4)
    s.member(s.peers[0], withdraw=[membership("100:11")])
    s.peers[0].wire.wait_routes([], VPNV4)
    assert list(s.peers[1].wire.routes(VPNV4)) == [A]


def test_E10_toward_a_client_we_are_originator_and_next_hop(scene):
    s = scene().run()
    s.member(s.peers[0], membership("100:11"))
    w = s.peers[1].wire
    w.wait_routes([membership("100:11")], VPN_TARGET)
    u = w.routes(VPN_TARGET)[membership("100:11")]
    assert u.attributes[9] == socket.inet_aton(s.lab.address) == u.attributes[3]


def test_E11_toward_a_non_client_the_path_of_a_client_speaks(lab):
    s = Scene(lab, clients=1)
    plain = [s.lab.peer(20 + i, AS, families=BOTH) for i in range(2)]
    s.run()
    target = membership("100:11")
    s.member(plain[0], target)                                     # the best one: lower address comes later
    s.peers[0].wire.send(update([target], family=VPN_TARGET, next_hop=s.peers[0].address, local_pref=50))
    plain[1].wire.wait_routes([target], VPN_TARGET)
    u = plain[1].wire.routes(VPN_TARGET)[target]
    assert u.attributes[9] == socket.inet_aton(s.peers[0].wire.router_id)
    s.member(s.peers[0], withdraw=[target])
    plain[1].wire.wait_routes([], VPN_TARGET)                    # a non-client's is not reflected to non-clients


@pytest.mark.parametrize("paths,gets", [(1, [True, False]), (2, [True, True])])
def test_E12_across_ases_the_best_path_counts(scene, paths, gets):
    """Two external peers announce the same membership; only the best path's peer is sent the routes, or as many as
    external-path says."""
    s = scene(external=(65001, 65002), target_lines=(f"external-path {paths}",) if paths > 1 else ()).run()
    target = membership("100:11", asn=7)
    s.member(s.peers[2], target, path=(7,))
    s.member(s.peers[3], target, path=(8, 9, 7))
    for n, got in zip(s.peers[2:], gets):
        n.wire.wait_routes([A] if got else [], VPNV4)
        n.wire.quiet(0.3)
        assert list(n.wire.routes(VPNV4)) == ([A] if got else [])
    s.member(s.peers[2], withdraw=[target])
    s.peers[3].wire.wait_routes([A], VPNV4)
    s.peers[2].wire.wait_routes([], VPNV4)


def test_E13_a_policy_can_refuse_memberships(lab):
    s = Scene(lab, clients=1)
    s.peers[0].af_lines = ("reflect-client",)
    s.run()
    s.member(s.peers[0], membership("100:11"))
    s.peers[0].wire.wait_routes([A], VPNV4)
    s.lab.commit(f"peer {s.peers[0].address} route-policy NONE import", view="ipv4-family vpn-target")
    s.peers[0].wire.wait_routes([], VPNV4)
    s.lab.commit(f"undo peer {s.peers[0].address} route-policy NONE import", view="ipv4-family vpn-target")
    s.peers[0].wire.wait(lambda: s.peers[0].wire.count(REFRESH))
    s.member(s.peers[0], membership("100:11"))
    s.peers[0].wire.wait_routes([A], VPNV4)


def test_E14_import_soft_reset_asks_for_memberships(scene):
    s = scene().run()
    n = s.peers[0]
    s.member(n, membership("100:11"))
    n.wire.wait_routes([A], VPNV4)
    n.wire.quiet(0.3)
    n.wire.clear()
    s.lab.dut.run("refresh bgp vpn-target all import")
    n.wire.wait(lambda: n.wire.count(REFRESH))
    assert n.wire.refreshes(0) == [VPN_TARGET]
    n.wire.send(refresh(VPN_TARGET, 1))
    s.member(n, membership("100:12"))
    n.wire.send(refresh(VPN_TARGET, 2))
    n.wire.wait_routes([B], VPNV4)                               # what was not said again is over


def test_E15_export_soft_reset_says_our_memberships_again(lab):
    s = Scene(lab, clients=1)
    s.lab.instance("vpna", "100:1", ["100:1", "100:2"], ["100:1"])
    s.run()
    n = s.peers[0]
    n.wire.wait(lambda: {membership("100:1"), membership("100:2")} <= set(n.wire.routes(VPN_TARGET)))
    s.member(n, "default")
    n.wire.wait_routes([A, B, C], VPNV4)
    mine = set(n.wire.routes(VPN_TARGET))
    n.wire.quiet(0.3)
    n.wire.clear()
    s.lab.dut.run("refresh bgp vpn-target all export")
    n.wire.wait(lambda: sorted(p for u in n.wire.updates() if u.family == VPN_TARGET for p in u.announced) == sorted(mine))
    n.wire.quiet(0.3)
    assert not [u for u in n.wire.updates() if u.family == VPNV4]


def test_E16_a_prefix_of_targets_matches_all_below_it(scene):
    s = scene().run()
    s.source.wire.send(update(["100:9 40.9.0.0/16"], family=VPNV4, rt=("200:11",), local_pref=100, next_hop=s.source.address))
    s.member(s.peers[0], membership("100:0", bits=64))
    s.peers[0].wire.wait_routes([A, B, C], VPNV4)


@pytest.mark.parametrize("keep", [False, True])
def test_E17_routes_that_no_instance_imported_come_back(lab, keep):
    l = lab()
    i = l.instance("vpna", "100:1", ["100:1"], ["100:1"])
    pe = l.peer(10, AS, families=BOTH, af_lines=())
    ce = l.peer(20, 65001, instance=i)
    if keep:
        l.bgp_lines = ("keep-all-routes",)
    l.run()
    pe.wire.send(update([A], family=VPNV4, rt=("100:11",), local_pref=100, next_hop=pe.address))
    pe.wire.quiet(0.3)
    pe.wire.clear()
    l.dut.configure("ip vpn-instance vpna", "ipv4-family", "vpn-target 100:11 import-extcommunity")
    pe.wire.wait(lambda: membership("100:11") in pe.wire.routes(VPN_TARGET))
    if not keep:
        pe.wire.wait(lambda: VPNV4 in pe.wire.refreshes(0))
        pe.wire.send(update([A], family=VPNV4, rt=("100:11",), local_pref=100, next_hop=pe.address))
    ce.wire.wait_routes(["10.9.0.0/16"])
    assert pe.wire.count(NOTIFICATION) == 0 and (not keep or VPNV4 not in pe.wire.refreshes(0))


def test_default_membership_toward_clients(scene):
    s = scene().run()
    s.lab.commit(f"peer {s.peers[0].address} default-route-advertise", view="ipv4-family vpn-target")
    s.peers[0].wire.wait_routes(["default"], VPN_TARGET)
    s.lab.commit(f"undo peer {s.peers[0].address} default-route-advertise", view="ipv4-family vpn-target")
    s.peers[0].wire.wait_routes([], VPN_TARGET)


def test_constraint_rt_filter_can_be_disabled(scene):
    s = scene().run()
    s.member(s.peers[0], membership("100:11"))
    s.peers[0].wire.wait_routes([A], VPNV4)
    s.lab.commit("constraint-rt-filter disable", view="ipv4-family vpn-target")
    s.peers[0].wire.wait_routes([A, B, C], VPNV4)
    s.lab.commit("constraint-rt-filter enable", view="ipv4-family vpn-target")
    s.peers[0].wire.wait_routes([A], VPNV4)


def test_rr_filter_lets_only_its_targets_in(scene):
    s = scene().run()
    s.member(s.peers[0], "default")
    s.peers[0].wire.wait_routes([A, B, C], VPNV4)
    s.lab.dut.configure("ip extcommunity-filter 10 permit rt 100:12", f"bgp {AS}", "ipv4-family vpnv4", "rr-filter 10")
    s.peers[0].wire.wait_routes([B], VPNV4)
