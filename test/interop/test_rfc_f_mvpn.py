"""rfc-checklist F: RFC 6514 and RFC 6513, MVPN, as far as it is BGP. One test a rule. Our speaker is a reflector of
AS 100; `one` and `two` are PEs (clients) as wire peers. NLRI are written here octet by octet."""
import socket
import struct

import pytest

from daemons import wait_for
from lab import AS
from wirepeer import (MVPN, MVPN6, REFRESH, VPNV4, attribute, host, mvpn_bytes, rd_bytes, target_bytes, update)

RD, PE = rd_bytes("100:9"), socket.inet_aton("10.0.0.9")
AS_BYTES = struct.pack("!I", AS)
PLAIN3 = RD + host("10.1.1.1") + host("225.1.1.1") + PE
NLRI = {
    1: mvpn_bytes(1, RD, PE),
    2: mvpn_bytes(2, RD, AS_BYTES),
    3: mvpn_bytes(3, PLAIN3),
    4: mvpn_bytes(4, mvpn_bytes(3, PLAIN3), socket.inet_aton("10.0.0.8")),
    5: mvpn_bytes(5, RD, host("10.1.1.1"), host("225.1.1.1")),
    6: mvpn_bytes(6, RD, AS_BYTES, host("10.2.2.2"), host("225.1.1.1")),
    7: mvpn_bytes(7, RD, AS_BYTES, host("10.1.1.1"), host("225.1.1.1")),
}
PMSI = b"\0" + b"\x06" + b"\0\1\1" + PE                        # ingress replication (RFC 6514 section 5)
WHOLE = dict(local_pref=100, rt=("100:1",))


def text(nlri):
    return f"{nlri[0]} {nlri[2:].hex()}"


class Scene:
    def __init__(self, lab, lines=("undo policy vpn-target",), **options):
        self.lab = lab(**options)
        self.lab.family_lines = {MVPN: lines}
        self.one, self.two = (self.lab.peer(10 + i, AS, families=(VPNV4, MVPN), af_lines=("reflect-client",)) for i in range(2))

    def run(self):
        self.lab.run()
        return self

    def say(self, *nlri, **options):
        self.one.wire.send(update(nlri, family=MVPN, next_hop=self.one.address, **{**WHOLE, **options}))

    def hears(self, *nlri, seconds=5):
        self.two.wire.wait_routes([text(n) for n in nlri], MVPN, seconds)
        return [self.two.wire.routes(MVPN)[text(n)] for n in nlri]


@pytest.fixture
def scene(lab):
    return lambda **options: Scene(lab, **options)


def test_F1_every_type_passes_octet_for_octet(scene):
    s = scene().run()
    for n in NLRI.values():
        s.say(n)
    s.hears(*NLRI.values())
    s.one.wire.send(update(withdraw=[NLRI[1], NLRI[4]], family=MVPN))
    s.hears(*(NLRI[i] for i in (2, 3, 5, 6, 7)))
    assert b"\x01\x04\0\x01\0\x05" in s.one.wire.bodies(1)[0]


def test_F1_ipv6_is_a_family_of_its_own(lab):
    """AFI 2: the same types with IPv6 sources and groups, between the same speakers."""
    source, group = host("2001:db8:1::1"), host("ff0e::1")
    nlri = [mvpn_bytes(1, RD, PE), mvpn_bytes(3, RD, source, group, PE), mvpn_bytes(5, RD, source, group),
            mvpn_bytes(6, RD, AS_BYTES, source, group), mvpn_bytes(7, RD, AS_BYTES, source, group)]
    l = lab()
    l.family_lines = {MVPN6: ("undo policy vpn-target",)}
    one, two = (l.peer(10 + i, AS, families=(MVPN, MVPN6), af_lines=("reflect-client",)) for i in range(2))
    l.run()
    for n in nlri:
        one.wire.send(update([n], family=MVPN6, next_hop=one.address, **WHOLE))
    two.wire.wait_routes([text(n) for n in nlri], MVPN6)
    assert two.wire.routes(MVPN) == {}
    two.wire.clear()
    l.dut.run("refresh bgp mvpn vpnv6 all import", "refresh bgp mvpn vpnv6 all export")
    one.wire.wait(lambda: one.wire.refreshes(0) == [MVPN6])
    one.wire.send(update(withdraw=nlri[:1], family=MVPN6))
    two.wire.wait_routes([text(n) for n in nlri[1:]], MVPN6)
    assert len(l.dut.json("display bgp mvpn vpnv6 all routing-table all-type")["routes"]) == 4


def test_F2_unknown_types_are_left_out_and_the_rest_is_used(scene):
    s = scene().run()
    s.say(mvpn_bytes(8, b"abc"), NLRI[5], mvpn_bytes(200, b""), NLRI[7])
    s.hears(NLRI[5], NLRI[7])
    s.one.wire.send(update(withdraw=[mvpn_bytes(8, b"abc"), NLRI[5]], family=MVPN))
    s.hears(NLRI[7])
    assert not s.one.wire.closed.is_set()


@pytest.mark.parametrize("size,good", [(12, True), (24, True), (11, False), (13, False)])
def test_F3_originator_of_4_or_16_octets(scene, size, good):
    s = scene().run()
    n = mvpn_bytes(1, RD, bytes(range(1, size - 8 + 1)))
    s.say(n)
    if good:
        s.hears(n)
    else:
        refused(s)


def refused(s):
    """A route that is not what its type says: 3/x, and nobody else suffers."""
    assert s.one.wire.notification()[0] == 3
    assert s.two.wire.routes(MVPN) == {} and not s.two.wire.closed.is_set()


@pytest.mark.parametrize("kind,value,good", [
    (2, RD + AS_BYTES, True), (2, RD + AS_BYTES + b"\0", False),                                   # F4
    (3, PLAIN3, True), (3, RD + host("*") + host("*") + PE, True), (3, RD + host("*") + host("225.1.1.1") + PE, True),
    (3, RD + host("10.1.1.1") + b"\x08\xe1" + PE, False), (3, PLAIN3 + b"\0", False),               # F5
    (4, NLRI[2] + PE, True), (4, NLRI[3] + PE, True), (4, NLRI[3], False),  # F6
    (5, RD + host("10.1.1.1") + host("225.1.1.1"), True), (5, RD + host("10.1.1.1"), False),
    (6, NLRI[6][2:], True), (6, NLRI[6][2:-1], False), (7, NLRI[7][2:], True), (7, NLRI[7][2:] + b"\0", False),  # F8
])
def test_F4_F5_F6_F8_lengths_of_each_type(scene, kind, value, good):
    s = scene().run()
    n = mvpn_bytes(kind, value)
    s.say(n)
    if good:
        s.hears(n)
    else:
        refused(s)


def test_F7_source_active_of_an_ssm_group_is_discarded(scene):
    s = scene().run()
    s.say(mvpn_bytes(5, RD, host("10.1.1.1"), host("232.1.1.1")), NLRI[5])
    s.hears(NLRI[5])


@pytest.mark.parametrize("value", [b"\0\x06\0", PMSI[:-1], PMSI + b"\0", b"\0\x63\0\0\0abcdef"])
def test_F9_F10_a_malformed_tunnel_withdraws_the_route_and_is_logged(scene, value):
    s = scene().run()
    s.say(NLRI[1], extra=attribute(0xC0, 22, PMSI))
    assert s.hears(NLRI[1])[0].attributes[22] == PMSI
    s.say(NLRI[1], extra=attribute(0xC0, 22, value))
    s.hears()
    assert not s.one.wire.closed.is_set() and "PMSI" in s.lab.dut.log()


def test_F6_a_leaf_route_of_something_else_is_unknown(scene):
    s = scene().run()
    s.say(mvpn_bytes(4, NLRI[5] + PE), NLRI[2])
    s.hears(NLRI[2])


def test_F11_pe_distinguisher_labels(scene):
    s = scene().run()
    good = PE + b"\0\1\1" + socket.inet_aton("10.0.0.8") + b"\0\2\1"
    s.say(NLRI[1], extra=attribute(0xC0, 27, good))
    assert s.hears(NLRI[1])[0].attributes[27] == good
    s.say(NLRI[2], extra=attribute(0xC0, 27, good[:-1]))
    wait_for("the log", lambda: "PE_DISTINGUISHER_LABELS" in s.lab.dut.log(), 5)
    s.hears(NLRI[1])


def instance(scene, *lines):
    s = scene(lines=())
    s.i = s.lab.instance("vpna", "100:1", ["100:1"], ["100:1", "100:5"], lines=("mvpn", *lines))
    s.ce = s.lab.peer(20, 65001, instance=s.i)
    return s


def test_F12_our_intra_as_i_pmsi_route(scene):
    s = instance(scene).run()
    own = mvpn_bytes(1, rd_bytes("100:1"), socket.inet_aton(s.lab.address))
    u = s.hears(own)[0]
    assert u.attributes[3] == socket.inet_aton(s.lab.address)
    assert sorted(u.targets()) == ["100:1", "100:5"] and 8 not in u.attributes
    flags, kind = u.attributes[22][:2]
    assert flags == 0 and kind == 6 and u.attributes[22][5:] == socket.inet_aton(s.lab.address)
    s.lab.dut.configure("ip vpn-instance vpna", "ipv4-family", "undo mvpn")
    s.hears()


def test_F13_leaf_information_required_makes_no_difference_in_a_type_1(scene):
    s = instance(scene).run()
    s.say(NLRI[1], extra=attribute(0xC0, 22, b"\1" + PMSI[1:]))
    wait_for("the import", lambda: NLRI[1][2:].hex() and mvpn_routes(s, 1), 5)


def mvpn_routes(s, kind):
    """MVPN routes of that type that the instance has from elsewhere."""
    answer = s.lab.dut.json(f"display bgp mvpn vpn-instance vpna routing-table type {kind}")
    return [r for r in answer["routes"] if "100:9" in r["prefix"]]


def test_F14_a_reflector_changes_no_next_hop(scene):
    s = scene().run()
    for n in NLRI.values():
        s.say(n)
    for u in s.hears(*NLRI.values()):
        assert u.attributes[3] == socket.inet_aton(s.one.address)


def test_F15_one_of_several_joins_and_withdrawn_with_the_last(scene):
    s = scene()
    three = s.lab.peer(12, AS, families=(VPNV4, MVPN), af_lines=("reflect-client",))
    out = s.lab.peer(30, 65001, families=(VPNV4, MVPN))
    s.run()
    for n in (s.one, three):
        n.wire.send(update([NLRI[7]], family=MVPN, next_hop=n.address, **WHOLE))
    out.wire.wait_routes([text(NLRI[7])], MVPN)
    out.wire.quiet(0.3)
    out.wire.clear()
    s.one.wire.send(update(withdraw=[NLRI[7]], family=MVPN))
    out.wire.quiet(0.3)
    assert not [u for u in out.wire.updates() if u.withdrawn]
    three.wire.send(update(withdraw=[NLRI[7]], family=MVPN))
    out.wire.wait_routes([], MVPN)


def test_F16_unicast_routes_of_a_multicast_site_say_where_to_join(scene):
    s = instance(scene).run()
    s.ce.wire.send(update(["10.1.0.0/16"], path=[65001], next_hop=s.ce.address))
    s.two.wire.wait_routes(["100:1 10.1.0.0/16"], VPNV4)
    held = s.two.wire.routes(VPNV4)["100:1 10.1.0.0/16"].extended()
    assert target_bytes(f"{AS}:0", 9) in held
    vri = [c for c in held if c[:2] == b"\x01\x0b"]
    assert len(vri) == 1 and vri[0][2:6] == socket.inet_aton(s.lab.address)


def test_F17_imported_by_target_and_joins_by_the_route_import_target(scene):
    s = instance(scene).run()
    s.ce.wire.send(update(["10.1.0.0/16"], path=[65001], next_hop=s.ce.address))
    s.two.wire.wait_routes(["100:1 10.1.0.0/16"], VPNV4)
    vri = next(c for c in s.two.wire.routes(VPNV4)["100:1 10.1.0.0/16"].extended() if c[:2] == b"\x01\x0b")
    s.say(NLRI[1], rt=("100:7",))
    s.say(NLRI[3], rt=("100:1",))
    s.say(NLRI[7], rt=(), extra=attribute(0xC0, 16, b"\x01\x02" + vri[2:]))
    s.say(NLRI[6], rt=("10.9.9.9:1",))
    wait_for("what is for it", lambda: mvpn_routes(s, 3) and mvpn_routes(s, 7), 5)
    assert not mvpn_routes(s, 1) and not mvpn_routes(s, 6)


def test_F18_soft_resets_ask_and_tell_all_types(scene):
    s = scene().run()
    for n in NLRI.values():
        s.say(n)
    s.hears(*NLRI.values())
    for n in (s.one, s.two):
        n.wire.quiet(0.3)
        n.wire.clear()
    s.lab.dut.run(f"refresh bgp mvpn {s.one.address} import", f"refresh bgp mvpn {s.two.address} export")
    s.one.wire.wait(lambda: s.one.wire.refreshes(0) == [MVPN])
    s.two.wire.wait(lambda: sorted(p for u in s.two.wire.updates() for p in u.announced) == sorted(map(text, NLRI.values())))
    assert not s.one.wire.closed.is_set() and not s.two.wire.closed.is_set()


@pytest.mark.parametrize("asked,silent", [("mvpn", VPNV4), ("vpnv4", MVPN)])
def test_F19_one_family_does_not_disturb_the_other(scene, asked, silent):
    s = scene(lines=("undo policy vpn-target",))
    s.lab.family_lines[VPNV4] = ("undo policy vpn-target",)
    s.run()
    s.say(*NLRI.values())
    s.one.wire.send(update(["100:9 10.9.0.0/16"], family=VPNV4, next_hop=s.one.address, **WHOLE))
    s.hears(*NLRI.values())
    s.two.wire.wait_routes(["100:9 10.9.0.0/16"], VPNV4)
    for n in (s.one, s.two):
        n.wire.quiet(0.3)
        n.wire.clear()
    s.lab.dut.run(f"refresh bgp {asked} all import", f"refresh bgp {asked} all export")
    s.one.wire.wait(lambda: s.one.wire.count(REFRESH))
    s.two.wire.wait(lambda: any(u.announced for u in s.two.wire.updates()))
    for n in (s.one, s.two):
        n.wire.quiet(0.3)
        assert silent not in n.wire.refreshes()
        assert not [u for u in n.wire.updates() if u.family == silent]
