"""The guard of commits: figures that are what neighbours then see, who is refused, and what it watches."""
import concurrent.futures
import ctypes
import os
import re
import time

import pytest

from daemons import PORT, Afresh, Bgpfeed, wait_for
from terminal import Terminal

ROUTES = 2000
CONFIG = """sysname dut
#
ip ip-prefix SOME index 10 permit 44.0.0.0 8 less-equal 32
ip ip-prefix HALF index 10 permit 32.0.0.0 3 less-equal 32
#
route-policy IN permit node 10
#
bgp 100
 router-id 1.1.1.1
 peer {0}.2 as-number 65001
 peer {0}.2 listen-only
 peer {0}.3 as-number 65003
 peer {0}.3 listen-only
 #
 ipv4-family unicast
  peer {0}.2 route-policy IN import
  peer {0}.2 keep-all-routes
#
return
"""


class House:
    """The daemon, a feeder f whose routes are all kept, and a listener l."""

    def __init__(self, start, network, threads=1, routes=ROUTES):
        base = network(1).rpartition(".")[0]
        self.routes = routes
        self.dut = start(Afresh, "afresh", network(1), CONFIG.format(base), threads=threads).start()
        self.feed = start(Bgpfeed, "feed", network(2))
        self.feed.start(*(f"{role},remote={network(1)}:{PORT}" for role in
                          (f"name=f,local={base}.2,as=65001,role=feed", f"name=l,local={base}.3,as=65003")),
                        options=("--routes", str(routes)))
        self.feed.ask(f"wait l held = {routes} timeout 60")

    def peer(self, name):
        return next(p for p in self.feed.ask("status")[0]["peers"] if p["name"] == name)

    def number(self):
        commits = self.dut.json("display configuration commit list")["commits"]
        return commits[0]["id"] if commits else None

    def refused(self, *lines):
        """Nothing has changed, and the listener has heard nothing. Returns what was said."""
        before, number, config = self.peer("l")["received"], self.number(), self.dut.run("display current-configuration")
        status, out = self.dut.run("system-view", *lines, check=False)
        assert status == 1 and "Error: " in out, out
        time.sleep(0.3)
        after = self.peer("l")["received"]
        assert {k: v for k, v in after.items() if k != "keepalives"} == {k: v for k, v in before.items() if k != "keepalives"}
        assert self.number() == number and self.dut.run("display current-configuration") == config
        return out

    def check_sessions(self):
        assert all(self.peer(n)["drops"] == 0 and self.peer(n)["up_count"] == 1 for n in "fl")


@pytest.fixture(params=[0, 2])
def house(start, network, request):
    one = House(start, network, request.param)
    yield one
    one.check_sessions()


DENY_HALF = ("route-policy IN deny node 5", "if-match ip-prefix HALF", "quit")


def test_figures_come_true(house):
    out = house.refused(*DENY_HALF, "commit guard max-withdrawn 0 max-rejected 0 max-moved 0")
    found = {m[1]: (int(m[2]), int(m[3])) for m in re.finditer(r"  (.*): (\d+) of (\d+) \(", out)}
    assert len(found) == 3 and len(set(found.values())) == 1
    gone, of = found["announcements withdrawn"]
    assert of == ROUTES and 0 < gone < ROUTES
    assert f"allowed {gone - 1}\n" in house.refused(*DENY_HALF, f"commit guard max-withdrawn {gone - 1}")
    assert "within its limits" in house.dut.run("system-view", *DENY_HALF, f"commit guard max-withdrawn {gone}")
    house.feed.ask(f"wait l held = {ROUTES - gone} timeout 20")
    assert house.peer("l")["received"]["withdrawn"] == gone
    assert "announcements withdrawn" in house.dut.json("display configuration commit list")["commits"][0]["guard"]


def test_what_stands(house):
    house.dut.configure("commit-guard max-moved 10%", "commit-guard protect-prefix SOME")
    out = house.refused("undo commit-guard max-moved", *DENY_HALF, "commit")
    assert re.search(r"best paths gone or moved: \d+ of 2000 \(\d+(\.\d+)?%\), allowed 10% \[commit-guard\]", out)
    assert len(re.findall(r"    44\.\S+, IPv4 Unicast: gone\n", out)) > 0
    house.dut.run("system-view", *DENY_HALF, "commit force")
    wait_for("the routes to go", lambda: house.peer("l")["held"] < ROUTES, 20)
    assert "forced past the guard" in house.dut.log()
    assert house.dut.json("display configuration commit list")["commits"][0]["guard"] == "forced"
    assert "Configuration rollback succeeded" in house.dut.run("rollback configuration last 1")   # back again: nothing goes
    house.feed.ask(f"wait l held = {ROUTES} timeout 20")
    house.dut.run("system-view", *DENY_HALF, "commit force")
    house.dut.run("rollback configuration last 2 force")
    assert "commit-guard" in house.dut.run("display current-configuration")


def test_without_limits(house):
    assert "Error: A guard needs a limit" in house.refused("sysname x", "commit guard")
    assert "Error: The route-policy GONE does not exist" in house.refused(
        "bgp 100", "ipv4-family unicast", f"peer {house.dut.address[:-1]}2 route-policy GONE import", "commit guard max-moved 1")


def test_a_trial_is_watched(house):
    """Routes go by themselves while the trial waits: up to the limit nothing happens, then it is taken back."""
    more = [f"198.51.{i}.0/24" for i in range(4)]
    house.feed.ask(*(f"announce f {p}" for p in more), f"wait l held = {ROUTES + 4} timeout 20")
    time.sleep(0.2)   # counters are told twenty times a second
    status = lambda: house.dut.json("display configuration trial status")["status"]
    house.dut.run("system-view", "route-policy IN permit node 10", "apply local-preference 200", "quit",
                  "commit trial 600 persist word guard max-rejected 3")
    house.feed.ask(*(f"withdraw f {p}" for p in more[:3]), f"wait l held = {ROUTES + 1} timeout 20")
    time.sleep(2.5)
    assert status() == "ACTIVE"
    house.feed.ask(f"withdraw f {more[3]}")
    wait_for("the way back", lambda: status() == "INACTIVE", 20)
    newest = house.dut.json("display configuration commit list")["commits"][0]
    assert newest["type"] == "TRIAL-ROLLBACK"
    why = "a limit of the guard was passed: accepted routes lost: 4 of 2004 (0.19%), allowed 3"
    assert newest["description"] == why and f"trial configuration rolled back: {why}" in house.dut.log()
    assert "local-preference" not in house.dut.run("display current-configuration")


# --- two operators at once --------------------------------------------------------------------------
def test_two_at_once(start, network):
    """Whoever is told no is told why; what both were told was done stands."""
    house = House(start, network, 2, routes=20000)

    def operator(name):
        out = []
        for i in range(6):
            lines = (f"route-policy {name} permit node {i}", f"apply cost {i}", "quit", "commit guard max-moved 100")
            out.append((i, *house.dut.run("system-view", *lines, check=False)))
        return out
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = dict(zip("AB", pool.map(operator, "AB")))
    config = house.dut.run("display current-configuration")
    done = 0
    for name, tries in answers.items():
        for i, status, out in tries:
            assert (f"route-policy {name} permit node {i}\n" in config) == (status == 0), out
            assert status == 0 or "Error: A commit of another user is under way. [Session ID = " in out, out
            done += status == 0
    assert done >= 6
    house.check_sessions()


def test_ctrl_c(start, network):
    house = House(start, network, 1, routes=50000)
    t = Terminal(house.dut.socket)
    t.expect("<dut>")
    t.type("system-view", r"\[~dut\]")
    for line in DENY_HALF:
        t.type(line, r"\[\*dut[^]]*\]")
    t.keys("commit guard max-moved 100%\n")
    t.keys("\x03")
    t.expect(r"\[[~*]dut[^]]*\]\Z")
    t.close()
    time.sleep(1)
    # Before it had been applied, or after: never half of it.
    held = house.peer("l")["held"]
    assert (house.number() is None) == (held == 50000)
    house.dut.run("system-view", "sysname after", "commit")
    house.check_sessions()


# --- what goes wrong --------------------------------------------------------------------------------
def test_a_full_disk(start, network):
    house = House(start, network)
    size = lambda n: os.system(f"prlimit --pid {house.dut.process.pid} --fsize={n}:unlimited") == 0
    assert size(64)
    for line in ("commit guard max-moved 100%", "commit force", "commit trial guard max-moved 100%"):
        out = house.refused(*DENY_HALF, line)
        assert re.search(r"Error: Failed to write .*File too large", out), out
    assert house.dut.json("display configuration trial status")["status"] == "INACTIVE"
    assert size("unlimited")
    house.dut.run("system-view", *DENY_HALF, "commit guard max-moved 100%")
    house.check_sessions()


def rewritten(journal, old, new):
    """A record of a version that knew another statement, with a hash that says that it is whole."""
    xxh = ctypes.CDLL("libxxhash.so.0")
    xxh.XXH3_64bits_withSeed.restype = ctypes.c_uint64
    xxh.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    head = re.compile(rb"!afresh record (\w+) (\d+) time (-?\d+) words (\d+) body (\d+) hash [0-9a-f]{16}\n")
    out, at = b"", 0
    while m := head.match(journal, at):
        words = journal[m.end():m.end() + int(m[4])]
        body = journal[m.end() + int(m[4]):m.end() + int(m[4]) + int(m[5])]
        at = m.end() + len(words) + len(body)
        body = body.replace(old, new)
        h = 0
        for part in (b"%s %s %s" % (m[1], m[2], m[3]), words, body):
            h = xxh.XXH3_64bits_withSeed(part, len(part), h)
        out += b"!afresh record %s %s time %s words %d body %d hash %016x\n" % (m[1], m[2], m[3], len(words), len(body), h)
        out += words + body
    assert at == len(journal) and out != journal
    return out


def test_a_rollback_to_what_no_longer_parses(start, network):
    house = House(start, network)
    house.dut.configure("commit-guard max-moved 100%", "sysname n1")
    house.dut.configure("sysname n2")
    house.dut.stop()
    journal = house.dut.state / "history.journal"
    text = rewritten(journal.read_bytes(), b"+ sysname n1\n", b"+ sysnome n1\n")
    journal.write_bytes(rewritten(text, b"- sysname n1\n", b"- sysnome n1\n"))  # nor can it be read back from what runs
    house.dut.start()
    house.feed.ask(f"wait l held = {ROUTES} timeout 60")
    before = house.dut.run("display current-configuration")
    for force in ("", " force"):
        status, out = house.dut.run("rollback configuration to commit-id 1000000001" + force, check=False)
        assert status == 1 and "Error: Unrecognized command" in out, out
        assert house.dut.run("display current-configuration") == before and house.number() == 1000000002
    bad = house.dut.folder / "bad.cfg"
    bad.write_text("sysname x\nnonsense\n")
    status, out = house.dut.run(f"rollback configuration to file {bad}", check=False)
    assert status == 1 and "Error:" in out and house.dut.run("display current-configuration") == before
