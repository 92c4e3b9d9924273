"""commit staged: what neighbours see of it, by name, by percent and by itself, and of every way back."""
import os
import signal

import pytest

from daemons import PORT, Afresh, Bgpfeed, wait_for

LISTENERS, ROUTES, MARK = 4, 300, "100:9"


class House:
    """The daemon, a feeder f and four listeners l1 to l4; an export policy for all listeners."""

    def __init__(self, start, network, threads):
        self.base = network(1).rpartition(".")[0]
        peers = [f"{self.base}.{n}" for n in range(2, 3 + LISTENERS)]
        text = "sysname dut\n#\nroute-policy OUT permit node 10\n#\nbgp 100\n router-id 1.1.1.1\n"
        for i, p in enumerate(peers):
            text += f" peer {p} as-number {65002 + i}\n peer {p} listen-only\n"
        text += " #\n ipv4-family unicast\n"
        for p in peers[1:]:
            text += f"  peer {p} route-policy OUT export\n  peer {p} advertise-community\n"
        self.dut = start(Afresh, "afresh", network(1), text + "#\nreturn\n", threads=threads).start()
        self.feed = start(Bgpfeed, "feed", network(2))
        roles = ["name=f,role=feed", *(f"name=l{i}" for i in range(1, LISTENERS + 1))]
        self.feed.start(*(f"{role},local={p},remote={self.base}.1:{PORT},as={65002 + i}"
                          for i, (role, p) in enumerate(zip(roles, peers))),
                        options=("--routes", str(ROUTES), "--mark", MARK))
        for i in range(1, LISTENERS + 1):
            self.feed.ask(f"wait l{i} held = {ROUTES} timeout 30")

    def listener(self, i):
        return f"{self.base}.{i + 2}"

    def status(self):
        return {p["name"]: p for p in self.feed.ask("status")[0]["peers"]}

    def marked(self):
        """How many of its routes each listener has with the mark."""
        return [p["marks"][MARK] for p in (self.status()[f"l{i}"] for i in range(1, LISTENERS + 1))]

    def wait_marked(self, *which):
        want = [ROUTES if i in which else 0 for i in range(1, LISTENERS + 1)]
        wait_for(f"marks at {which}", lambda: self.marked() == want, 15)

    def stage(self, line, *more):
        return self.dut.run("system-view", "route-policy OUT permit node 10", f"apply community {MARK}", "quit", line,
                            *more)

    def check_sessions(self):
        assert all(p["drops"] == 0 and p["up_count"] == 1 for p in self.status().values())

    def staged(self):
        return self.dut.json("display configuration staged status")


@pytest.fixture(params=[0, 2])
def house(start, network, request):
    one = House(start, network, request.param)
    yield one
    one.check_sessions()


def updates(house):
    return {n: p["received"]["announced"] for n, p in house.status().items()}


def test_by_name(house):
    before = updates(house)
    out = house.stage(f"commit staged peer {house.listener(3)} persist word")
    assert "Info: Staged: 1 of 4 peers" in out and "sessions that will be reset: 0" in out
    house.wait_marked(3)
    assert {n: v - before[n] for n, v in updates(house).items()} == {"f": 0, "l1": 0, "l2": 0, "l3": ROUTES, "l4": 0}
    status = house.staged()
    assert [p["peer"] for p in status["changed"]] == [house.listener(3)] and len(status["unchanged"]) == 3
    assert "Error: A staged commit of another user" in house.dut.run("system-view", "sysname x", "commit", check=False)[1]
    assert "All of 4 peers" in house.dut.run("system-view", "commit persist word")
    house.wait_marked(1, 2, 3, 4)
    assert {n: v - before[n] for n, v in updates(house).items() if n != "f"} == dict.fromkeys(("l1", "l2", "l3", "l4"), ROUTES)
    assert house.staged()["status"] == "INACTIVE"


def test_by_itself(house):
    house.stage("commit staged percent 50 interval 2 persist word")
    house.wait_marked(1, 2)
    assert house.staged()["seconds_to_next"] <= 2
    house.wait_marked(1, 2, 3, 4)
    wait_for("the end", lambda: house.staged()["status"] == "INACTIVE", 5)
    commits = house.dut.json("display configuration commit list")["commits"]
    assert [c["type"] for c in commits] == ["STAGED", "STAGED"] and not any(c["trial"] for c in commits)


def test_ways_back(house):
    assert "Staged: 2 of 4" in house.stage("commit staged percent 50 persist word")
    house.wait_marked(1, 2)
    before = updates(house)
    assert "rollback succeeded" in house.dut.run("abort staged persist word")
    house.wait_marked()
    after = updates(house)
    assert [after[f"l{i}"] - before[f"l{i}"] for i in range(1, 5)] == [ROUTES, ROUTES, 0, 0]
    house.stage("commit staged percent 50")   # over with its session
    wait_for("the way back", lambda: house.staged()["status"] == "INACTIVE", 10)
    house.wait_marked()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_restart_takes_it_back(start, network, how):
    house = House(start, network, 1)
    house.stage("commit staged percent 25 persist word", "commit persist word")
    house.wait_marked(1, 2)
    house.dut.stop(how)
    house.dut.socket.unlink(missing_ok=True)
    house.dut.start()
    wait_for("the routes", lambda: all(p["held"] == ROUTES for n, p in house.status().items() if n != "f"), 30)
    assert house.marked() == [0, 0, 0, 0]
    newest = house.dut.json("display configuration commit list")["commits"][0]
    assert newest["type"] == "STAGED-ROLLBACK" and house.staged()["status"] == "INACTIVE"
    assert "apply community" not in house.dut.run("display current-configuration")


def test_a_full_disk(start, network):
    """The first stage, a further one, the way back: each is refused, and works when there is room again."""
    house = House(start, network, 1)
    size = lambda n: os.system(f"prlimit --pid {house.dut.process.pid} --fsize={n}:unlimited") == 0
    assert size(64)
    assert "Error: " in house.dut.run("system-view", "route-policy OUT permit node 10", f"apply community {MARK}",
                                      "commit staged percent 50", check=False)[1]
    assert house.staged()["status"] == "INACTIVE" and size("unlimited")
    house.stage("commit staged percent 50 persist word")
    house.wait_marked(1, 2)
    assert size(64)
    assert "Error: " in house.dut.run("system-view", "commit persist word", check=False)[1]
    assert "Error: " in house.dut.run("abort staged persist word", check=False)[1]
    assert len(house.staged()["changed"]) == 2 and house.marked() == [ROUTES, ROUTES, 0, 0]
    assert size("unlimited")
    house.dut.run("system-view", "commit persist word")
    house.wait_marked(1, 2, 3, 4)
    house.check_sessions()


def test_what_cannot_be_staged(house):
    out = house.dut.run("system-view", "bgp 100", f"undo peer {house.listener(1)}", "commit staged percent 50", check=False)[1]
    assert f"in stages, not the removal of peer {house.listener(1)}." in out
