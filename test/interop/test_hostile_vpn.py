"""Bad input in the VPN families, and commands that cannot be (like test_hostile.py). Beside the one who means harm live
another PE and a customer of the instance: they keep their sessions and their routes, and hear in time what changes."""
import random
import socket
import struct
import subprocess
import threading
import time

import pytest

from daemons import BUILD, wait_for
from lab import AS
from test_hostile import MEGABYTE, rss
from test_rfc_f_mvpn import NLRI, PMSI
from wirepeer import (IPV4, MVPN, NOTIFICATION, UPDATE, VPN_TARGET, VPNV4, VPNV6, attribute, end_of_rib, membership_bytes,
                      message, mvpn_bytes, rd_bytes, target_bytes, targets, update, vpn_bytes)

FAMILIES = (VPNV4, VPNV6, VPN_TARGET, MVPN)
GOOD = {   # an NLRI of each family, and the next hop that belongs to it
    VPNV4: (vpn_bytes("100:9 10.9.0.0/16"), bytes(8) + socket.inet_aton("10.0.0.9")),
    VPNV6: (vpn_bytes("100:9 2001:db8:9::/48"), bytes(8) + socket.inet_pton(socket.AF_INET6, "2001:db8::9")),
    VPN_TARGET: (membership_bytes("100 RT<100:1>"), socket.inet_aton("10.0.0.9")),
    MVPN: (NLRI[1], socket.inet_aton("10.0.0.9")),
}
LENGTHS = {VPNV4: {12}, VPNV6: {24, 48}, VPN_TARGET: {4, 16, 32}, MVPN: {4, 16, 32}}   # 32: a link-local address behind
NAMES = {VPNV4: "vpnv4", VPNV6: "vpnv6", VPN_TARGET: "vpn-target", MVPN: "mvpn"}


def reach(family, nlri, hop=None, more=b"", rt=True):
    """An UPDATE in bytes, with the route target 100:1."""
    hop = GOOD[family][1] if hop is None else hop
    mp = attribute(0x80, 14, struct.pack("!HB", *family) + bytes([len(hop)]) + hop + b"\0" + nlri)
    rest = attribute(0x40, 1, b"\0") + attribute(0x40, 2, b"") + attribute(0x40, 5, b"\0\0\0d")
    rest += (targets("100:1") if rt else b"") + more
    return message(UPDATE, struct.pack("!HH", 0, len(mp + rest)) + mp + rest)


class Scene:
    def __init__(self, lab):
        self.box = lab()
        self.box.family_lines = {VPN_TARGET: ("timer wait-for-eor 1",)}
        self.i = self.box.instance("vpna", "100:1", ["100:1"], ["100:1"], lines=("mvpn",))
        self.i2 = self.box.instance("vpnb", "100:2", ["100:2"], ["100:2"])
        self.bad = self.box.peer(9, AS, families=FAMILIES, lines=("timer connect-retry 1",))
        self.pe = self.box.peer(10, AS, families=FAMILIES)
        self.ce = self.box.peer(20, 65001, instance=self.i)
        self.box.run()
        self.dut = self.box.dut
        self.number = 0
        self.pe.wire.send(update(["100:8 88.0.0.0/8"], family=VPNV4, rt=("100:1",), local_pref=100, next_hop=self.pe.address))
        self.pe.wire.send(update(["default"], family=VPN_TARGET, local_pref=100, next_hop=self.pe.address))
        self.ce.wire.wait(lambda: "88.0.0.0/8" in self.ce.wire.routes())

    def alive(self, seconds=1.5):
        """What the customer says reaches the other PE, and the other way round; nobody's session suffered."""
        self.number += 1
        there, back = f"99.{self.number // 256}.{self.number % 256}.0/24", f"98.{self.number // 256}.{self.number % 256}.0/24"
        begin = time.monotonic()
        self.ce.wire.send(update([there], path=(65001,), next_hop=self.ce.address))
        self.pe.wire.send(update([f"100:8 {back}"], family=VPNV4, rt=("100:1",), local_pref=100, next_hop=self.pe.address))
        self.pe.wire.wait(lambda: f"100:1 {there}" in self.pe.wire.routes(VPNV4), seconds)
        self.ce.wire.wait(lambda: back in self.ce.wire.routes(), seconds)
        self.dut.run("display bgp vpnv4 all peer")
        assert time.monotonic() - begin < seconds
        for n in (self.pe, self.ce):
            assert not n.wire.closed.is_set() and n.wire.count(NOTIFICATION) == 0
        assert "88.0.0.0/8" in self.ce.wire.routes()

    def up(self):
        """The hostile one's session anew."""
        return self.box.up(self.bad)

    def kept(self):
        assert not self.bad.wire.closed.is_set() and self.bad.wire.count(NOTIFICATION) == 0

    def ended(self, *codes):
        got = self.bad.wire.notification(5)
        assert got[:2] in codes, got


@pytest.fixture
def scene(lab):
    return Scene(lab)


# --- next hops --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("family", FAMILIES, ids=NAMES.values())
def test_next_hops_of_every_length(scene, family):
    """The right ones are taken, each other one is an attribute that cannot be read (RFC 7606 7.11): 3/9, that session
    alone."""
    s = scene
    nlri = GOOD[family][0]
    for size in (0, 4, 5, 8, 12, 13, 16, 20, 23, 24, 25, 32, 40, 48, 49, 255):
        hop = (GOOD[family][1] * 30)[:size]
        if family in (VPNV4, VPNV6):
            hop = (bytes(8) + hop[8:24] + bytes(8) + b"\xfe\x80" + hop[34:])[:size]
        if size in LENGTHS[family]:
            s.bad.wire.send(reach(family, nlri, hop))
            s.bad.wire.quiet(0.1)
            s.kept()
            continue
        s.bad.wire.send(reach(family, nlri, hop))
        s.ended((3, 9))
        s.up()
    s.alive()
    s.bad.wire.send(reach(family, nlri))
    s.bad.wire.quiet(0.1)
    s.kept()


# --- NLRI -------------------------------------------------------------------------------------------------------------
RD = rd_bytes("100:9")
LABEL, OPEN_LABEL = b"\0\4\xd1", b"\0\4\xd0"


@pytest.mark.parametrize("family,nlri", [
    (VPNV4, bytes([87]) + LABEL + RD), (VPNV4, bytes([24]) + LABEL), (VPNV4, b"\0"), (VPNV4, bytes([121]) + LABEL + RD + bytes(5)),
    (VPNV4, bytes([255]) + LABEL + RD + bytes(30)), (VPNV4, bytes([104]) + LABEL + RD + b"\x0a"),
    (VPNV4, bytes([136]) + LABEL + LABEL + RD + bytes(4)),
    (VPNV6, bytes([87]) + LABEL + RD), (VPNV6, bytes([217]) + LABEL + RD + bytes(17)), (VPNV6, bytes([200]) + LABEL + RD + bytes(3)),
    (VPN_TARGET, b"\1\0"), (VPN_TARGET, bytes([31]) + bytes(4)), (VPN_TARGET, bytes([97]) + bytes(13)),
    (VPN_TARGET, b"\xff" + bytes(32)), (VPN_TARGET, bytes([96]) + bytes(11)),
    (MVPN, mvpn_bytes(1, RD)), (MVPN, mvpn_bytes(1, b"")), (MVPN, mvpn_bytes(2, RD, b"\0")), (MVPN, mvpn_bytes(3, RD, b"\x20")),
    (MVPN, mvpn_bytes(3, RD, b"\xff", bytes(40))), (MVPN, mvpn_bytes(4, b"\3\xff")), (MVPN, mvpn_bytes(4, NLRI[3])),
    (MVPN, mvpn_bytes(5, RD, b"\x20\x0a")), (MVPN, mvpn_bytes(6, RD)), (MVPN, mvpn_bytes(7, NLRI[7][2:], b"\0")),
    (MVPN, b"\1\xff" + RD), (MVPN, b"\1"), (MVPN, b"\7\0"),
])
def test_nlri_of_impossible_lengths(scene, family, nlri):
    """3/10 or 3/9, announced or withdrawn; what was announced before in that session goes with it; nobody else."""
    s = scene
    for withdrawn in (False, True):
        s.bad.wire.send(reach(VPNV4, vpn_bytes("100:9 77.0.0.0/8")))
        s.ce.wire.wait(lambda: "77.0.0.0/8" in s.ce.wire.routes())
        if withdrawn:
            mp = attribute(0x80, 15, struct.pack("!HB", *family) + nlri)
            s.bad.wire.send(message(UPDATE, struct.pack("!HH", 0, len(mp)) + mp))
        else:
            s.bad.wire.send(reach(family, nlri))
        s.ended((3, 9), (3, 10))
        s.ce.wire.wait(lambda: "77.0.0.0/8" not in s.ce.wire.routes())
        s.up()
    s.alive()


def test_labels_without_bottom_of_stack(scene):
    """One label stands in front, whatever its last bit (RFC 8277 2.2); what we send has the bit."""
    s = scene
    for tag in (LABEL, OPEN_LABEL, b"\xff\xff\xff", b"\0\0\0", b"\x80\0\0"):
        nlri = vpn_bytes("100:9 77.0.0.0/8")
        s.bad.wire.send(reach(VPNV4, nlri[:1] + tag + nlri[4:]))
        s.ce.wire.wait(lambda: "77.0.0.0/8" in s.ce.wire.routes())
        s.bad.wire.send(update(withdraw=["100:9 77.0.0.0/8"], family=VPNV4))
        s.ce.wire.wait(lambda: "77.0.0.0/8" not in s.ce.wire.routes())
    s.kept()
    s.alive()


# --- attributes: the route goes, the session stays ------------------------------------------------------------------
@pytest.mark.parametrize("more", [
    attribute(0xC0, 16, target_bytes("100:1")[:7]), attribute(0xC0, 16, target_bytes("100:1") + b"\0"), attribute(0xC0, 16, b""),
    attribute(0x80, 9, b"\1\2\3"), attribute(0x80, 10, b"\1\2\3"), attribute(0xC0, 22, PMSI[:3]), attribute(0x40, 22, PMSI),
    attribute(0xC0, 8, b"\0"), attribute(0xC0, 32, b"\0"),
])
def test_malformed_attributes_withdraw_the_route(scene, more):
    s = scene
    s.bad.wire.send(reach(VPNV4, vpn_bytes("100:9 77.0.0.0/8") + vpn_bytes("100:9 78.0.0.0/8")))
    s.ce.wire.wait(lambda: "77.0.0.0/8" in s.ce.wire.routes())
    s.bad.wire.send(reach(VPNV4, vpn_bytes("100:9 77.0.0.0/8"), more=more, rt=more[1] != 16))
    s.ce.wire.wait(lambda: "77.0.0.0/8" not in s.ce.wire.routes())
    assert "78.0.0.0/8" in s.ce.wire.routes()
    s.kept()
    s.alive()


# --- noise --------------------------------------------------------------------------------------------------------------
def test_random_octets_in_good_messages(scene):
    """Good messages of every family with one to three octets changed: whatever the reaction, only that session has it."""
    s, rng = scene, random.Random(5)
    good = [reach(f, n) for f, (n, _) in GOOD.items()] + [reach(MVPN, NLRI[k], more=attribute(0xC0, 22, PMSI)) for k in NLRI]
    good += [update(withdraw=["100:9 77.0.0.0/8"], family=VPNV4), end_of_rib(MVPN), end_of_rib(VPN_TARGET)]
    deaths = 0
    for turn in range(4000):
        body = bytearray(good[turn % len(good)][19:])
        for _ in range(rng.randrange(1, 4)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        try:
            s.bad.wire.send(message(UPDATE, bytes(body)))
        except OSError:
            pass
        if s.bad.wire.closed.is_set() or turn % 20 == 0 and s.bad.wire.wait(s.bad.wire.closed.is_set, 0.03, False):
            deaths += 1
            if deaths == 8:
                break
            s.up()
    assert deaths == 8
    s.bad.wire.close()
    wait_for("its routes to go", lambda: {r["prefix"] for r in s.dut.json("display bgp mvpn all routing-table all-type")["routes"]
                                          if r["peer"] == s.bad.address} == set(), 10)
    s.alive()


def test_a_flood_of_memberships(scene):
    """Twenty thousand memberships, gone and come again: they cost what they are, and others nothing."""
    s = scene
    texts = [f"{100 + i % 7} RT<{i // 60000 + 1}:{i}>" for i in range(20000)]
    def say(announce):
        for at in range(0, len(texts), 200):
            some = texts[at:at + 200]
            s.bad.wire.send(update(some, family=VPN_TARGET, next_hop=s.bad.address, local_pref=100) if announce else
                            update(withdraw=some, family=VPN_TARGET))
    sizes = []
    for _ in range(3):
        say(True)
        s.alive(4)
        say(False)
        s.alive(4)
        sizes.append(rss(s.dut))
    assert sizes[-1] - sizes[0] < 16 * MEGABYTE, sizes
    s.kept()


def test_a_flood_of_routes_that_nobody_imports(scene):
    """They are not kept: memory does not grow with them; those with a target of ours are."""
    s, stop = scene, threading.Event()
    before = rss(s.dut)
    def flood():
        n = 0
        while not stop.is_set():
            n += 1
            routes = [f"100:{n} {50 + i // 256}.{i % 256}.0.0/16" for i in range(150)]
            try:
                s.bad.wire.send(update(routes, family=VPNV4, rt=(f"7:{n}",), local_pref=100, next_hop=s.bad.address))
            except OSError:
                return
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        for _ in range(8):
            s.alive()
            time.sleep(0.2)
    finally:
        stop.set()
        thread.join()
    assert rss(s.dut) - before < 32 * MEGABYTE
    s.bad.wire.send(reach(VPNV4, vpn_bytes("100:9 77.0.0.0/8")))
    s.ce.wire.wait(lambda: "77.0.0.0/8" in s.ce.wire.routes())
    s.kept()


def test_instances_come_and_go_under_load(scene):
    """vpnb is made and taken away while routes for it flow; vpna and everybody's session stay; at the end it has all."""
    s, stop = scene, threading.Event()
    routes = [f"100:9 60.{i // 256}.{i % 256}.0/24" for i in range(1000)]
    def flood():
        while not stop.is_set():
            for at in range(0, len(routes), 100):
                s.bad.wire.send(update(routes[at:at + 100], family=VPNV4, rt=("100:2",), local_pref=100, next_hop=s.bad.address))
                time.sleep(0.01)
    def count():
        return s.dut.json("display bgp vpnv4 vpn-instance vpnb routing-table")["total"]
    s.bad.wire.answering = False
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        for _ in range(5):
            s.dut.configure(f"bgp {AS}", "undo ipv4-family vpn-instance vpnb", "quit", "undo ip vpn-instance vpnb")
            s.alive()
            s.dut.configure("ip vpn-instance vpnb", "ipv4-family", "route-distinguisher 100:2", "vpn-target 100:2 both", "quit",
                            "quit", f"bgp {AS}", "ipv4-family vpn-instance vpnb")
            s.alive()
    finally:
        stop.set()
        thread.join()
    for at in range(0, len(routes), 100):
        s.bad.wire.send(update(routes[at:at + 100], family=VPNV4, rt=("100:2",), local_pref=100, next_hop=s.bad.address))
    wait_for("all of it", lambda: count() == len(routes), 10)
    s.kept()
    s.alive()


# --- commands that cannot be ------------------------------------------------------------------------------------------
INSTANCE, BGP = "ip vpn-instance vpna", f"bgp {AS}"
NO_INSTANCE = "Error: The VPN instance does not exist."
NO_PEER = "Error: The peer does not exist."


def test_commands_about_what_is_not_there(scene):
    s = scene
    before = s.dut.run("display current-configuration")
    wrong = [
        (NO_INSTANCE, f"refresh bgp vpn-instance nobody {f} all {d}") for f in ("ipv4-family", "ipv6-family", "multicast")
        for d in ("import", "export")]
    wrong += [(NO_INSTANCE, *lines) for lines in (
        ("reset bgp vpn-instance nobody ipv4-family all",), ("display bgp vpnv4 vpn-instance nobody routing-table",),
        ("display bgp mvpn vpn-instance nobody routing-table all-type",), ("display ip vpn-instance nobody",),
        ("system-view", BGP, "ipv4-family vpn-instance nobody"), ("system-view", BGP, "ipv6-family vpn-instance nobody"),
        ("system-view", BGP, "vpn-instance nobody"), ("system-view", BGP, "ipv4-multicast vpn-instance nobody"),
        ("system-view", "undo ip vpn-instance nobody"))]
    wrong += [("Error: The route distinguisher already exists in the VPN instance vpna.", "system-view", f"ip vpn-instance {name}",
               "ipv4-family", "route-distinguisher 100:1") for name in ("vpnb", "other")]
    for value in ("65536:65536", "1.1.1.1:65536", "x:1", "100", "4294967296:1", "100:4294967296", "256.1.1.1:1", "100:-1", ":1", "1:"):
        for line in (f"vpn-target {value} both", f"route-distinguisher {value}", f"undo vpn-target {value} both"):
            wrong.append(("Error:", "system-view", INSTANCE, "ipv4-family", line))
    other, outside = s.ce.address, s.pe.address
    wrong += [(NO_PEER, "system-view", BGP, view, f"peer {address} {word}") for view, address in (
        ("ipv4-family vpnv4", other), ("ipv4-family unicast", other), ("ipv4-family mvpn", other), ("ipv4-family vpn-target", other),
        (s.i.view(), outside), (s.i2.view(), other), ("ipv4-multicast vpn-instance vpna", outside),
        ("ipv4-family vpnv4", "127.0.0.77")) for word in ("enable", "route-policy ALL import")]
    wrong += [(NO_PEER, f"refresh bgp {words} import") for words in (
        f"vpnv4 {other}", f"mvpn {other}", f"vpn-target {other}", f"vpn-instance vpna ipv4-family {outside}",
        f"vpn-instance vpnb ipv4-family {other}")]
    wrong += [("Error:", line) for line in (
        "refresh bgp vpn-instance vpna mvpn all import", "refresh bgp vpnv4 vpn-instance vpna all import",
        "refresh bgp vpn-target ipv6 all import", "refresh bgp vpn-instance ipv4-family all import", "refresh bgp vpnv4 all")]
    for error, *lines in wrong:
        code, out = s.dut.run(*lines, check=False)
        assert code and error in out, (lines, out)
    assert s.dut.run("display current-configuration") == before
    s.alive()
    s.kept()


def test_an_instance_in_use_is_not_deleted(scene):
    """Alone it is refused and nothing changes; with what uses it, in one commit, it goes; others do not notice."""
    s = scene
    before = s.dut.run("display current-configuration")
    code, out = s.dut.run("system-view", "undo ip vpn-instance vpna", "commit", check=False)
    assert code and "Error:" in out and "vpna" in out and "is used by" in out
    assert s.dut.run("display current-configuration") == before
    s.alive()
    assert not s.ce.wire.closed.is_set()
    s.dut.configure("undo ip vpn-instance vpna", BGP, f"undo {s.i.view()}")
    s.pe.wire.wait(lambda: not any(p.startswith("100:1 ") for p in s.pe.wire.routes(VPNV4)))
    s.ce.wire.wait(s.ce.wire.closed.is_set)
    s.ce.wire.notification()
    s.kept()
    assert not s.pe.wire.closed.is_set() and "vpna" not in s.dut.run("display current-configuration")
    assert s.dut.json("display bgp vpnv4 vpn-instance vpnb routing-table")["total"] == 0


@pytest.mark.parametrize("change,error", [
    (lambda t: t.replace("route-distinguisher 100:2", "route-distinguisher 100:1"), "route distinguisher"),
    (lambda t: t.replace("vpn-target 100:2 import", "vpn-target 100:4294967296 import"), "Wrong parameter"),
    (lambda t: t.replace("vpn-instance vpnb\n", "vpn-instance nobody\n").replace("ip vpn-instance nobody", "ip vpn-instance vpnb"),
     "does not exist"),
    (lambda t: t.replace("ipv4-family vpnv4\n", "ipv4-family vpnv4\n  peer 127.0.0.77 enable\n"), "does not exist"),
], ids=["duplicate distinguisher", "target out of range", "unknown instance", "unknown peer"])
def test_files_that_cannot_be(scene, tmp_path, change, error):
    """afreshd -t says which line and what; a running one is not concerned."""
    good, bad = tmp_path / "good.cfg", tmp_path / "bad.cfg"
    good.write_text(scene.box.config())
    bad.write_text(change(scene.box.config()))
    assert bad.read_text() != good.read_text()
    def check(file):
        return subprocess.run([BUILD / "afreshd", "-t", "-f", file, "-d", tmp_path], text=True, capture_output=True, timeout=20)
    assert check(good).returncode == 0
    done = check(bad)
    assert done.returncode and "Error" in done.stdout + done.stderr and error in done.stdout + done.stderr, done
    scene.alive()
