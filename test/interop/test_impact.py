"""What a commit would do, against what neighbours then hear: the figures of
`display configuration candidate impact` are counted again on the neighbours' side."""
import json
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import time

import pytest

from daemons import PORT, Afresh, Bgpfeed, wait_for
from pairs import Pair
from rivals import BirdRival, FrrRival
from terminal import Terminal
from wirepeer import IPV4

IMPACT = "display configuration candidate impact"
CLASSES = ("newly_accepted", "newly_rejected", "changed", "lost", "announced", "reannounced", "withdrawn")


def foretold_and_committed(dut, *lines):
    """The impact of lines typed in the system view, as JSON; then they are committed."""
    out = dut.run("system-view", *lines, IMPACT, "commit", json_output=True)
    impact = json.loads(next(l for l in out.splitlines() if l.startswith('{"upon"')))
    wait_for("the report", lambda: newest(dut)["report"] or "again" not in newest(dut)["plan"], 40, 0.1)
    return impact


def newest(dut):
    return dut.json("display configuration commit list 1")["commits"][0]


def figures(impact, address):
    """Sums over the families of one neighbour."""
    rows = [r for r in impact["peers"] if r["peer"].lower() == address]
    return {c: sum(r[c] for r in rows) for c in CLASSES}


# --- neighbours to order ----------------------------------------------------------------------------
CONFIG = """sysname dut
#
ip ip-prefix LOW index 10 permit 64.0.0.0 2 less-equal 24
#
ip ip-prefix SOME index 10 permit 44.0.0.0 8 less-equal 32
#
ip community-filter basic RARE index 10 permit 64999:77
#
route-policy IN permit node 10
#
route-policy OUT permit node 10
#
bgp 100
 router-id {0}.1
 peer {0}.2 as-number 65001
 peer {0}.3 as-number 65002
 peer {0}.4 as-number 65003
 peer {0}.5 as-number 100
 #
 ipv4-family unicast
  peer {0}.2 route-policy IN import
  peer {0}.4 route-policy OUT export
  peer {0}.4 advertise-community
  peer {0}.5 advertise-community
 #
 ipv6-family unicast
  peer {0}.2 enable
  peer {0}.2 route-policy IN import
  peer {0}.3 enable
  peer {0}.4 enable
  peer {0}.5 enable
#
return
"""
NODE = "route-policy IN permit node 10"
# Each upon the one before.
CHANGES = {
    "other attributes": (NODE, "apply community 100:1 additive"),
    "the decision": ("bgp 100", "ipv4-family unicast", "bestroute as-path-ignore"),
    "best paths move": (NODE, "apply local-preference 200"),
    "rejected": ("route-policy IN deny node 5", "if-match ip-prefix LOW"),
    "by community": ("route-policy IN deny node 6", "if-match community-filter RARE"),
    "accepted again": ("undo route-policy IN node 5",),
    "the list behind it": (NODE, "if-match ip-prefix LOW"),
    "export": ("route-policy OUT deny node 5", "if-match ip-prefix SOME"),
    "an aggregate": ("bgp 100", "ipv4-family unicast", "aggregate 44.0.0.0 8 detail-suppressed"),
    "a session ends": ("bgp 100", "undo peer {0}.3"),
}


class Scene:
    def __init__(self, start, network, keep, routes=3000, options=()):
        base = network(1).rpartition(".")[0]
        self.base, self.listeners = base, {"l": f"{base}.4", "m": f"{base}.5"}
        config = CONFIG.format(base)
        if keep:
            config = config.replace(" router-id", " keep-all-routes\n router-id")
        self.dut = start(Afresh, "afresh", network(1), config).start()
        self.feed = start(Bgpfeed, "feed", network(2))
        both = f"remote={network(1)}:{PORT},families=ipv4-unicast+ipv6-unicast"
        self.feed.start(f"name=a,local={network(2)},as=65001,role=feed,variant=1,{both}",
                        f"name=b,local={network(3)},as=65002,role=feed,variant=2,{both}",
                        f"name=l,local={network(4)},as=65003,{both}", f"name=m,local={network(5)},as=100,{both}",
                        options=("--routes", str(routes), "--routes6", "600", *options))
        for name in self.listeners:
            self.feed.ask(f"wait {name} held >= {routes + 600} {'' if options else f'and {name} quiet > 0.5 '}timeout 30")

    def counters(self, name):
        c = next(p for p in self.feed.ask("status")[0]["peers"] if p["name"] == name)["received"]
        return {k: c[k] for k in ("announced", "withdrawn")}

    def change(self, *lines):
        """The impact, and what each listener heard of the commit."""
        before = {n: self.counters(n) for n in self.listeners}
        impact = foretold_and_committed(self.dut, *(l.format(self.base) for l in lines))
        for name in self.listeners:
            self.feed.ask(f"wait {name} quiet > 0.7 timeout 30")
        after = {n: self.counters(n) for n in self.listeners}
        return impact, {n: {k: after[n][k] - before[n][k] for k in after[n]} for n in after}


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "ask"])
def test_what_is_foretold_is_what_neighbours_hear(start, network, keep):
    scene = Scene(start, network, keep)
    for what, lines in CHANGES.items():
        impact, heard = scene.change(*lines)
        open_ends = bool(impact["unknown"])
        assert not (keep and open_ends), what
        told = {n: figures(impact, a) for n, a in scene.listeners.items()}
        if not open_ends:
            for n in told:
                assert heard[n]["withdrawn"] == told[n]["withdrawn"], (what, n, told[n], heard[n])
                assert heard[n]["announced"] == told[n]["announced"] + told[n]["reannounced"], (what, n, told[n], heard[n])
            assert "Equal: yes" in (newest(scene.dut)["report"] or "Equal: yes"), (what, newest(scene.dut)["report"])
        assert newest(scene.dut)["impact"] and (open_ends or sum(impact["totals"].values())), what
    for name in scene.listeners:
        scene.feed.ask(f"wait {name} malformed = 0 and {name} drops = 0 timeout 1")


def test_what_cannot_be_known(start, network):
    """Routes that were turned away and not kept: how many is said, and no more come than those."""
    scene = Scene(start, network, False)
    scene.change("route-policy IN deny node 5", "if-match ip-prefix LOW")
    turned_away = 3600 - scene.dut.json("display bgp peer verbose")["peers"][0]["routes_accepted"]
    assert turned_away > 500
    impact, heard = scene.change("undo route-policy IN node 5")
    unknown = next(u for u in impact["unknown"] if u["family"] == "ipv4-unicast")
    assert (unknown["peer"], unknown["comes_by"]) == (f"{scene.base}.2", "route_refresh")
    # counted once as the walk turned them away, and once more as they came by ROUTE-REFRESH
    accepted = next(p for p in scene.dut.json("display bgp peer verbose")["peers"])["routes_accepted"]
    assert accepted == 3000 and unknown["turned_away"] >= 500
    assert heard["l"]["announced"] >= figures(impact, scene.listeners["l"])["announced"]


def test_while_routes_come_and_go(start, network):
    """Three hundred changes a second meanwhile: figures, a report that says what came besides, sessions that stay."""
    scene = Scene(start, network, True, options=("--churn", "300"))
    for lines in list(CHANGES.values())[:4]:
        impact = foretold_and_committed(scene.dut, *lines)
        report = newest(scene.dut)["report"]
        assert impact["totals"]["changed"] or impact["totals"]["newly_rejected"] or impact["totals"]["best_moved"]
        assert "Foretold:" in report and "Came:" in report and "Equal: " in report
    assert {p["established_count"] for p in scene.dut.json("display bgp peer verbose")["peers"]} == {1}
    scene.feed.ask("wait l malformed = 0 and l drops = 0 timeout 1")


# --- BIRD and FRR ------------------------------------------------------------------------------------
RIVAL_CHANGES = {
    "community": ("route-policy ALL permit node 10", "apply community 100:9 additive"),
    "best paths": ("route-policy ALL permit node 10", "apply as-path 100 100 additive"),
    "rejected": ("route-policy ALL deny node 5", "if-match ip-prefix TEN"),
    "again": ("undo route-policy ALL node 5",),
    "ours": ("bgp 100", "ipv4-family unicast", "undo network 30.1.0.0 16", "network 30.7.0.0 16"),
}


def at_rest(rival):
    """Its routes, once they have not changed for a second."""
    held = rival.routes()
    for _ in range(20):
        time.sleep(1)
        before, held = held, rival.routes()
        if held == before:
            return held
    raise AssertionError(f"{rival.name} is not at rest")


def test_rivals_hear_it(start, town):
    pair = Pair(start, town)
    frr = pair.rival(FrrRival, 2, asn=200, af_lines=("route-policy ALL import", "keep-all-routes"))
    bird = pair.rival(BirdRival, 3, asn=300, af_lines=("keep-all-routes",))
    pair.run()
    pair.wait_received(frr, frr.originated(IPV4))
    pair.wait_received(bird, bird.originated(IPV4))
    for what, lines in RIVAL_CHANGES.items():
        before = {r: at_rest(r) for r in pair.rivals}
        impact = foretold_and_committed(pair.dut, *lines)
        assert "Equal: yes" in (newest(pair.dut)["report"] or "Equal: yes"), what
        for r in pair.rivals:
            told = figures(impact, r.us)

            def heard():
                now = r.routes()
                both = set(now) & set(before[r])
                got = (len(set(now) - both), sum(now[p] != before[r][p] for p in both), len(set(before[r]) - both))
                return got == (told["announced"], told["reannounced"], told["withdrawn"]), got
            wait_for(f"{what} at {r.name}, {told}", lambda: heard()[0], 10)


# --- terminals ---------------------------------------------------------------------------------------
def test_a_terminal_sees_how_far_it_is_and_leaves(start, network):
    scene = Scene(start, network, True)
    t = Terminal(scene.dut.socket, rows=200)
    try:
        t.expect("<dut>")
        t.type("system-view", r"\[~dut\]")
        t.type("route-policy IN deny node 5", r"\[\*dut-route-policy\]")
        t.keys(IMPACT + "\n")
        t.expect("Working out the impact: ")
        t.keys("\x03")
        t.expect(r"\[\*dut-route-policy\]")
        shown = t.type(IMPACT, r"\[\*dut-route-policy\]\Z")
        assert "Routes         : 0 newly accepted, 3600 newly rejected" in shown
        assert scene.dut.json("display configuration commit list")["commits"] == []
    finally:
        t.close()


def test_two_at_once_and_a_script(start, network):
    scene = Scene(start, network, True)
    one, two = (Terminal(scene.dut.socket, rows=200) for _ in range(2))
    try:
        for t in (one, two):
            t.expect("<dut>")
            t.type("system-view", r"\[~dut\]")
        one.type("route-policy IN deny node 5", r"\[\*dut-route-policy\]")
        two.type("route-policy OUT deny node 5", r"\[\*dut-route-policy\]")
        for t in (one, two):
            t.keys(IMPACT + " sample 0\n")
        assert "3600 newly rejected" in one.expect(r"announced again, \d+ withdrawn")
        assert " 0 newly rejected" in two.expect(r"announced again, \d+ withdrawn")
    finally:
        one.close()
        two.close()
    out = scene.dut.run("system-view", "route-policy IN deny node 5", IMPACT)
    assert "Working out" not in out and "\r" not in out
    status, out = scene.dut.run("system-view", "undo ip ip-prefix LOW", "route-policy IN permit node 10",
                                "if-match ip-prefix LOW", IMPACT, check=False)
    assert status == 1 and "Error: " in out


# --- what goes wrong ---------------------------------------------------------------------------------
def children(pid):
    return [int(n) for t in pathlib.Path(f"/proc/{pid}/task").iterdir() for n in (t / "children").read_text().split()]


def test_a_copy_that_dies(start, network):
    """Somebody, or the kernel for want of memory, ends the copy: an error, and nothing has changed."""
    scene = Scene(start, network, True, routes=60000)
    killed = []

    def kill():
        end = time.monotonic() + 20
        while not killed and time.monotonic() < end:
            for pid in children(scene.dut.process.pid):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    killer = threading.Thread(target=kill)
    killer.start()
    status, out = scene.dut.run("system-view", "route-policy IN deny node 5", IMPACT, check=False)
    killer.join()
    assert killed and status == 1 and "Error: The copy of the process" in out and "Nothing has changed" in out
    assert scene.dut.json("display configuration commit list")["commits"] == []
    assert "60600 newly rejected" in scene.dut.run("system-view", "route-policy IN deny node 5", IMPACT)
    assert not children(scene.dut.process.pid)


@pytest.mark.skipif(os.getuid() != 0, reason="gives up root for a user who may have no more processes")
def test_no_copy_can_be_made(start, network):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="afresh-nobody-"))
    dut = Afresh(folder / "r", network(1), "sysname dut\n#\nbgp 100\n peer 127.0.0.9 as-number 200\n#\nreturn\n",
                 threads=0)
    for path in (folder, dut.folder, dut.state, dut.config):
        os.chown(path, 65534, 65534)
    dut.prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "prlimit", "--nproc=1")
    start.after(lambda: dut.stop(signal.SIGKILL))  # with no more processes no leak can be looked for
    start.after(lambda: shutil.rmtree(folder))
    dut.start()
    status, out = dut.run("system-view", "route-policy IN permit node 5", IMPACT, check=False)
    assert status == 1 and "no copy of the process can be made (Resource temporarily unavailable)" in out, out
    # A rollback need not wait for that: it says why nothing is foretold, and goes on.
    dut.configure("route-policy IN permit node 5")
    out = dut.run("rollback configuration last 1")
    assert "no copy of the process" in out and "Configuration rollback succeeded." in out
