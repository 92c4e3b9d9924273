"""Neighbours and terminals that mean harm, or are just broken. Beside each of them lives a witness with a hold
time of three seconds and a feeder: the witness must keep its session, hear in time what the feeder changes, and
the command line must answer; afterwards nothing may have leaked."""
import os
import random
import socket
import struct
import subprocess
import threading
import time

import pytest

from daemons import BUILD, PORT, wait_for
from wirepeer import IPV4, KEEPALIVE, MARKER, OPEN, UPDATE, WirePeer, attribute, end_of_rib, message, refresh, update

# A sanitizer's build keeps what was freed for a while.
MEGABYTE = (1 << 20) * (40 if b"__asan_init" in (BUILD / "afreshd").read_bytes() else 1)


def rss(dut):
    with open(f"/proc/{dut.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(dut):
    return len(os.listdir(f"/proc/{dut.process.pid}/fd"))


class Scene:
    """A laboratory with a witness, a feeder and, at host 9, somebody hostile who is configured but not yet there."""

    def __init__(self, lab, **hostile):
        self.box = lab(hold=3)
        self.witness = self.box.peer(2, 65002)
        self.feeder = self.box.peer(3, 65003)
        self.bad = self.box.peer(9, 65009, lines=("timer connect-retry 1",), af_lines=("route-policy NONE export",), **hostile)
        self.box.neighbours.remove(self.bad)
        box, config = self.box, self.box.config
        box.config = lambda: config().replace(" #\n", self.bad.session_text() + " #\n", 1).replace(
            "#\nreturn", self.bad.family_text(IPV4) + "#\nreturn")
        box.run()
        self.dut = box.dut
        self.base = descriptors(self.dut)
        self.number = 0

    def wire(self, **options):
        """The hostile neighbour's side, not connected yet."""
        return WirePeer(self.bad.address, self.box.address, PORT, 65009, **options)

    def established(self, **options):
        beating = options.pop("beating", True)
        w = self.wire(hold=options.pop("hold", 90), **options)
        w.beating = beating
        w.establish()
        w.send(end_of_rib())
        return w

    def alive(self, seconds=1.5):
        """A change by the feeder reaches the witness, a command is answered, no keepalive was late."""
        self.number += 1
        prefix = f"99.{self.number // 256}.{self.number % 256}.0/24"
        begin = time.monotonic()
        self.feeder.wire.send(update([prefix], path=(65003,), next_hop=self.feeder.address))
        self.witness.wire.wait(lambda: prefix in self.witness.wire.routes(), seconds)
        self.dut.run("display bgp peer")
        assert time.monotonic() - begin < seconds
        for n in (self.witness, self.feeder):
            assert not n.wire.closed.is_set()

    def steady(self):
        """The witness never lost its session and heard a keepalive every second or so."""
        assert self.box.peers()[self.witness.address]["established_count"] == 1
        with self.witness.wire.lock:
            beats = [t for t, k, _ in self.witness.wire.messages if k == KEEPALIVE]
        assert max((b - a for a, b in zip(beats, beats[1:])), default=0) < 2.5

    def gone(self):
        """Every connection of the hostile one has left; so have its descriptors."""
        wait_for("descriptors to be given back", lambda: descriptors(self.dut) <= self.base, 10)


@pytest.fixture
def scene(lab):
    return Scene(lab)


def test_a_flood_of_updates(scene):
    bad = scene.established()
    rng = random.Random(1)
    stop = threading.Event()

    def flood():
        while not stop.is_set():
            out = b""
            for _ in range(20):
                at = rng.randrange(1 << 16)
                routes = [f"{50 + (at + i >> 16) % 50}.{at + i >> 8 & 255}.{at + i & 255}.0/24" for i in range(200)]
                out += update(routes, path=(65009, rng.randrange(1, 5000)), next_hop=bad.local)
                out += update([], routes[:100])
            try:
                bad.send(out)
            except OSError:
                return

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        time.sleep(0.5)
        early = rss(scene.dut)
        for _ in range(8):
            scene.alive()
            time.sleep(0.3)
        late = rss(scene.dut)
    finally:
        stop.set()
        bad.reading = True
        thread.join()
    assert late - early < 64 * MEGABYTE, (early, late)
    scene.steady()
    bad.close()
    wait_for("its routes to go", lambda: not scene.box.routes("50.0.0.0 8 longer-prefixes"), 20)
    scene.alive()


def test_a_neighbour_that_does_not_read(lab):
    """It has a small window and stops reading: it costs a cursor, not a queue, and the others nothing; when it
    reads again it gets what is true then."""
    box = lab(hold=30)
    feeder, witness, slow = box.peer(2, 65002), box.peer(3, 65003), box.peer(4, 65004)
    box.run()
    slow.wire.reading = False
    routes = [f"{1 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24" for i in range(30000)]
    sizes = []
    for turn in range(8):
        for at in range(0, len(routes), 400):
            feeder.wire.send(update(routes[at:at + 400], path=(65002, 2000 + turn, 3000 + at // 400), next_hop=feeder.address))
        last = routes[-1]
        witness.wire.wait(lambda: last in witness.wire.routes() and 2000 + turn in witness.wire.routes()[last].path(), 20)
        sizes.append(rss(box.dut))
    assert sizes[-1] - sizes[1] < 24 * MEGABYTE, sizes
    slow.wire.reading = True
    slow.wire.wait(lambda: len(slow.wire.routes()) == len(routes) and
                   all(2007 in u.path() for u in slow.wire.routes().values()), 30)
    assert box.peers()[slow.address]["established_count"] == 1


def test_a_byte_now_and_then(scene):
    """An UPDATE that arrives a byte at a time is no sign of life: the hold timer ends it."""
    bad = scene.established(hold=3, beating=False)
    data = update([f"50.0.{i}.0/24" for i in range(200)], path=(65009,), next_hop=bad.local)
    begin = time.monotonic()
    for byte in data:
        try:
            bad.send(bytes([byte]))
        except OSError:
            break
        if bad.wait(bad.closed.is_set, 0.25, False):
            break
    assert bad.notification(3)[:2] == (4, 0) and time.monotonic() - begin < 8
    scene.alive()
    scene.steady()
    scene.gone()


def test_two_hundred_connections_of_a_neighbour(scene):
    """At most a few of them are held; each of the others is closed, and the neighbour can still come up."""
    many = []
    for _ in range(200):
        s = socket.create_connection((scene.box.address, PORT), 5, (scene.bad.address, 0))
        many.append(s)
    scene.alive()
    wait_for("most of them to be closed", lambda: descriptors(scene.dut) <= scene.base + 4, 10)
    for s in many:
        s.close()
    scene.gone()
    scene.established().close()
    scene.alive()
    scene.steady()


def test_two_hundred_connections_of_a_stranger(scene):
    """An address that no peer has gets nothing but an end of file."""
    stranger = scene.bad.address.rpartition(".")[0] + ".77"
    many = [socket.create_connection((scene.box.address, PORT), 5, (stranger, 0)) for _ in range(200)]
    for s in many:
        s.settimeout(5)
        try:
            assert s.recv(1) == b""
        except ConnectionResetError:
            pass
        s.close()
    scene.gone()
    scene.alive()
    scene.steady()


@pytest.mark.parametrize("head", [b"", MARKER, "open"], ids=["bytes", "after the marker", "after OPEN"])
def test_random_bytes(scene, head):
    rng = random.Random(7)
    before = rss(scene.dut)
    for turn in range(5):
        bad = scene.wire()
        for _ in range(30):   # it rests a second after each bad connection
            bad.connect(5)
            if bad.wait(lambda: bad.count(OPEN) or bad.closed.is_set(), 1, False) and bad.count(OPEN):
                break
            bad.close()
            time.sleep(0.1)
        assert bad.count(OPEN)
        try:
            bad.send(bad.open_message() + message(KEEPALIVE) if head == "open" else head)
            for _ in range(4):
                bad.send(rng.randbytes(rng.randrange(1, 3000)))
        except OSError:
            pass   # it has had enough of us already
        bad.wait(bad.closed.is_set, 1, False)
        bad.close()
    scene.alive()
    scene.steady()
    scene.gone()
    assert rss(scene.dut) - before < 16 * MEGABYTE


def test_random_bodies_in_well_formed_frames(scene):
    """UPDATEs whose insides are random, or a good one with octets changed: whatever the reaction, only that session
    has it."""
    rng = random.Random(11)
    good = update(["50.1.0.0/16", "50.2.0.0/16"], path=(65009, 7), next_hop=scene.bad.address, med=3,
                  community=("1:2", "3:4"), extra=attribute(0xC0, 32, struct.pack("!III", 1, 2, 3)))[19:]
    bad = scene.established()
    deaths = 0
    for turn in range(3000):
        if turn % 10:
            body = bytearray(good)
            for _ in range(rng.randrange(1, 4)):
                body[rng.randrange(len(body))] = rng.randrange(256)
        else:
            body = rng.randbytes(rng.randrange(4, 600))
            body = struct.pack("!HH", 0, rng.randrange(len(body))) + body
        try:
            bad.send(message(UPDATE, bytes(body)))
        except OSError:
            pass
        if bad.closed.is_set() or turn % 20 == 0 and bad.wait(bad.closed.is_set, 0.05, False):
            bad.close()
            deaths += 1
            if deaths == 6:
                break
            bad.establish(15)
    assert deaths == 6
    bad.close()
    assert scene.dut.alive()
    scene.alive()
    scene.steady()
    scene.gone()


def test_a_flood_of_route_refreshes(scene):
    """Two thousand requests for 20,000 routes: they merge, and the last one is answered whole."""
    for at in range(0, 20000, 500):
        routes = [f"60.{i // 256}.{i % 256}.0/24" for i in range(at, at + 500)]
        scene.feeder.wire.send(update(routes, path=(65003, 5000 + at), next_hop=scene.feeder.address))
    scene.box.commit(f"peer {scene.bad.address} route-policy ALL export")
    bad = scene.established()
    bad.wait(lambda: len(bad.routes()) >= 20000, 20)
    bad.quiet()
    bad.clear()
    before = rss(scene.dut)
    for _ in range(20):
        bad.send(refresh() * 100)
        scene.alive()
    bad.wait(lambda: bad.refreshes(2), 20)
    bad.quiet(1)
    assert rss(scene.dut) - before < 24 * MEGABYTE
    with bad.lock:
        marks = [i for i, (_, k, b) in enumerate(bad.messages) if k == 5]
    assert bad.bodies(5)[-1][2] == 2 and len(marks) >= 2
    assert len(bad.refreshes(1)) < 400   # not one answer for each
    scene.steady()
    bad.close()


def test_a_route_limit_holds(lab):
    """route-limit with alert-only says so and keeps the session; without it the session ends by 6/1, once."""
    box = lab()
    one = box.peer(2, 65002, af_lines=("route-limit 100",))
    two = box.peer(3, 65003, af_lines=("route-limit 100 alert-only",))
    box.run()
    for n in (one, two):
        n.wire.send(update([f"50.{n.asn - 65000}.{i}.0/24" for i in range(150)], path=(n.asn,), next_hop=n.address))
    assert one.wire.notification()[:2] == (6, 1)
    wait_for("the alert", lambda: box.dut.log().count("limit") >= 2, 10)
    assert not two.wire.closed.is_set() and len(box.routes(f"peer {two.address} received-routes")) == 150
    assert not box.routes("50.2.0.0 16 longer-prefixes")


def test_terminals_that_talk_nonsense(scene):
    """Random octets, a line without an end, and two hundred terminals at once on the local socket."""
    rng = random.Random(3)
    before = rss(scene.dut)
    for turn in range(60):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(2)
        s.connect(str(scene.dut.socket))
        try:
            s.sendall(rng.randbytes(rng.randrange(1, 4000)) if turn % 2 else b"\xff\xff\xff\xff" + b"x" * 100000)
            s.recv(10)
        except OSError:
            pass
        s.close()
    scene.alive()
    many = []
    for _ in range(200):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(str(scene.dut.socket))
        except OSError:
            break
        many.append(s)
    scene.steady()
    for s in many:
        s.close()
    scene.gone()
    scene.alive()
    assert rss(scene.dut) - before < 16 * MEGABYTE


def test_a_terminal_that_does_not_read(scene):
    """A display of a large table to somebody who does not read it waits; memory does not grow with the table."""
    for at in range(0, 60000, 500):
        routes = [f"{60 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24" for i in range(at, at + 500)]
        scene.feeder.wire.send(update(routes, path=(65003, 5000 + at), next_hop=scene.feeder.address))
    wait_for("the routes", lambda: scene.dut.json("display bgp routing-table statistics")["routes"] >= 60000, 20)
    before = rss(scene.dut)
    stuck = [subprocess.Popen([BUILD / "afresh", "-s", scene.dut.socket, "-c", "display bgp routing-table"],
                              stdout=subprocess.PIPE) for _ in range(5)]
    time.sleep(1)
    scene.alive()
    assert rss(scene.dut) - before < 16 * MEGABYTE
    assert stuck[0].stdout.read().count(b"/24") >= 60000   # whoever reads after all gets all of it
    for p in stuck:
        p.stdout.close()
        p.kill()
        p.wait()
    scene.gone()
    scene.steady()
