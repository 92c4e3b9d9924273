"""Proof: the record of each commit and refresh tells what became of sessions, by what the neighbours see."""
import os
import signal
import time

import pytest

from daemons import PORT, wait_for
from wirepeer import IPV4, NOTIFICATION, VPN_TARGET, VPNV4, OPEN, update

HISTORY = "display bgp refresh history"


def records(box):
    return box.dut.json(HISTORY)["records"]


def last(box, seconds=20):
    """All of the newest record, once it is over."""
    number = records(box)[0]["record"]
    wait_for("the record's end", lambda: records(box)[0]["over"], seconds, 0.05)
    return box.dut.json(f"{HISTORY} {number} verbose")


def session(record, neighbour):
    return next(s for s in record["sessions"] if s["peer"] == neighbour.address)


def two_peers(lab, **options):
    box = lab(**options)
    one = box.peer(2, 65002, af_lines=("keep-all-routes",))
    two = box.peer(3, 65003)
    box.run()
    one.wire.send(update(["10.1.0.0/16", "192.0.2.0/24"], path=(65002,), next_hop=one.address))
    two.wire.wait_routes(["10.1.0.0/16", "192.0.2.0/24"])
    box.settle()
    return box, one, two


def is_calm(record, sessions):
    """Nothing happened to any session; and the identities are those of the TCP connections."""
    assert record["sessions_before"] == record["sessions_after"] == record["sessions_kept"] == sessions
    assert record["sessions_reset"] == record["sessions_lost"] == record["sessions_new"] == 0
    assert record["notifications_sent"] == record["notifications_received"] == 0
    assert all(s["before"] == s["after"] and s["fate"] == "kept" for s in record["sessions"])


def test_a_commit_without_reset(lab):
    box, one, two = two_peers(lab)
    assert records(box) == [] and box.dut.run(HISTORY) == " Records: 0\n"
    out = box.commit(f"peer {one.address} route-policy NOTEN import")
    two.wire.wait_routes(["192.0.2.0/24"])
    record = last(box)
    is_calm(record, 2)
    assert record["what"].startswith("commit 1 by ") and record["commit"] == 1000000001
    assert record["plan"] and record["plan"] in out
    assert (record["changed"], record["newly_rejected"], record["peers"]) == (1, 1, 1)
    assert (record["updates_sent"], record["updates_received"]) == (1, 0)     # the withdrawal
    assert record["report"] == [j for j in box.jobs() if j["origin"] == "commit 1"]
    for n in (one, two):
        mine = session(record, n)["after"]
        assert (mine["local_port"], mine["remote_port"]) == (PORT, n.wire.sock.getsockname()[1])
        assert mine["router_id"] == n.wire.router_id
    assert 0 < record["longest_control_round_us"] < 1_000_000 and 0 < record["longest_rib_round_us"] < 1_000_000
    text = box.dut.run(f"{HISTORY} 1 verbose")
    assert "2 up before, 2 after; 2 the same, 0 reset by it, 0 lost, 0 new\n" in text
    assert "NOTIFICATIONs    : 0 sent, 0 received\n" in text
    row = box.dut.run(HISTORY).splitlines()[-1].split()
    assert row[0] == "1" and row[3:8] == ["1", "1", "2", "0", "0"] and row[9:12] == ["commit", "1", "by"]
    code, out = box.dut.run(f"{HISTORY} 2 verbose", check=False)
    assert code == 1 and "Error: The record does not exist." in out


def test_a_commit_that_resets_a_session(lab):
    box, one, two = two_peers(lab)
    box.commit(f"peer {one.address} timer keepalive 10 hold 30", view=None)
    assert one.wire.notification()[:2] == (6, 6)
    ports = one.wire.sock.getsockname()[1]
    assert not records(box)[0]["over"]          # it waits for the session
    box.up(one)
    record = last(box)
    mine = session(record, one)
    assert (mine["fate"], mine["ended_by"]) == ("reset", "commit 1")
    assert mine["before"]["remote_port"] == ports
    assert mine["after"]["remote_port"] == one.wire.sock.getsockname()[1]
    assert mine["after"]["number"] > mine["before"]["number"]
    assert session(record, two)["fate"] == "kept"
    assert (record["sessions_kept"], record["sessions_reset"], record["sessions_lost"]) == (1, 1, 0)
    assert [(n["peer"], n["direction"], n["code"], n["subcode"]) for n in record["notifications"]] == [
        (one.address, "sent", 6, 6)]
    assert "session will be reset" in record["plan"]
    box.commit(f"undo peer {one.address}", view=None)
    record = last(box)
    mine = session(record, one)
    assert (mine["fate"], mine["ended_by"], mine["after"]) == ("reset", "commit 2", None)
    assert (record["sessions_before"], record["sessions_after"]) == (2, 1)


def slow_commit(lab, hold=90):
    """A commit that asks one of two peers, who does not mark the end of what it sends: a record that stays
    open for five seconds."""
    box = lab(hold=hold)
    slow = box.peer(2, 65002, enhanced=False, af_lines=("route-policy NOTEN import",))
    other = box.peer(3, 65003)
    box.run()
    return box, other, lambda: box.commit(f"peer {slow.address} route-policy ALL import")


@pytest.mark.parametrize("how", ["closes", "notifies", "falls silent"])
def test_a_session_that_ends_by_itself(lab, how):
    """Meanwhile, and not because of the commit: told as such."""
    box, other, commit = slow_commit(lab, hold=6)
    if how == "falls silent":
        other.wire.beating = False
        time.sleep(4)   # its hold timer runs out while the record is open
    commit()
    if how == "closes":
        other.wire.close()
    elif how == "notifies":
        other.wire.send(b"\xff" * 16 + bytes([0, 21, NOTIFICATION, 6, 2]))
    why = {"closes": "the peer closed the connection", "falls silent": "hold timer expired",
           "notifies": "NOTIFICATION received 6/2 (CEASE, Administrative Shutdown)"}[how]
    record = last(box)
    mine = session(record, other)
    assert (mine["fate"], mine["ended_by"], mine["why"], mine["after"]) == ("lost", None, why, None)
    assert (record["sessions_kept"], record["sessions_reset"], record["sessions_lost"]) == (1, 0, 1)
    told = [(n["direction"], n["code"]) for n in record["notifications"]]
    assert told == {"closes": [], "notifies": [("received", 6)], "falls silent": [("sent", 4)]}[how]
    assert f"by itself or the peer: {why}\n" in box.dut.run(f"{HISTORY} 1 verbose")


def test_a_session_that_is_reset_by_hand_meanwhile(lab):
    box, other, commit = slow_commit(lab)
    commit()
    box.dut.run(f"reset bgp {other.address}")
    box.up(other)
    record = last(box)
    mine = session(record, other)
    assert (mine["fate"], mine["ended_by"]) == ("lost", "reset bgp")
    assert mine["after"]["number"] > mine["before"]["number"]


SELECTORS = [("{one} import", 1), ("{one} export", 1), ("all import", 3), ("all export", 3), ("group G export", 1),
             ("group G import", 1), ("external import", 2), ("internal export", 1)]


def test_refreshes_by_each_selector(lab):
    box = lab(bgp_lines=("group G external",))
    one = box.peer(2, 65002, lines=("group G",))
    box.peer(3, 65003)
    box.peer(4, 100)
    box.run()
    for n in box.neighbours:
        n.wire.answering = True
        n.wire.wait(lambda n=n: n.wire.count(OPEN))
    box.settle()
    for count, (words, peers) in enumerate(SELECTORS, 1):
        line = "refresh bgp " + words.format(one=one.address)
        box.dut.run(line)
        record = last(box)
        is_calm(record, 3)
        assert (record["record"], record["what"], record["peers"]) == (count, line, peers)
        assert record["jobs"] == peers == len(record["report"]) and not record["jobs_cancelled"]
    code, _ = box.dut.run("refresh bgp 127.0.0.99 import", check=False)
    assert code == 1 and len(records(box)) == len(SELECTORS)     # nothing was done


def test_refreshes_of_vpn_families_and_instances(lab):
    box = lab()
    pe = box.peer(2, 100, families=(VPNV4, VPN_TARGET))
    red = box.instance("red", "100:1", imports=("1:1",), exports=("1:1",))
    ce = box.peer(3, 65003, instance=red)
    box.run()
    for n in (pe, ce):
        n.wire.answering = True
    box.settle()
    for words in ("vpnv4 all import", f"vpnv4 {pe.address} export", "vpn-target all import",
                  f"vpn-instance red ipv4-family {ce.address} import", "vpn-instance red ipv4-family all export"):
        box.dut.run("refresh bgp " + words)
        record = last(box)
        is_calm(record, 2)
        assert (record["what"], record["peers"]) == ("refresh bgp " + words, 1)
    assert session(record, ce)["instance"] == "red" and "instance" not in session(record, pe)
    out = box.dut.configure("ip vpn-instance red", "ipv4-family", "vpn-target 2:2 import-extcommunity")
    record = last(box)
    is_calm(record, 2)
    assert record["plan"] in out and [j for j in record["report"] if j.get("exchange")]


def test_keep_all_routes_is_told(lab):
    box = lab()
    one = box.peer(2, 65002, af_lines=("keep-all-routes",))
    box.run()
    out = box.dut.run(f"refresh bgp {one.address} import")
    record = last(box)
    is_calm(record, 1)
    assert record["jobs"] == 0 and record["told"] == out and "keeps all routes" in out


@pytest.mark.parametrize("stopped", [0, 2])
def test_a_stalled_process_is_seen(lab, stopped):
    """KEEPALIVEs every second; the process stands still for two."""
    box = lab(hold=3)
    slow = box.peer(2, 65002, enhanced=False)
    box.peer(3, 65003)
    box.run()
    box.dut.run(f"refresh bgp {slow.address} import")
    if stopped:
        os.kill(box.dut.process.pid, signal.SIGSTOP)
        time.sleep(stopped)
        os.kill(box.dut.process.pid, signal.SIGCONT)
    record = last(box)
    assert record["keepalives"] >= 6
    if stopped:
        assert 800_000 < record["worst_keepalive_delay_us"] < 2_100_000
        assert record["worst_keepalive_left_us"] >= record["worst_keepalive_delay_us"]
    else:
        assert record["worst_keepalive_left_us"] < 200_000
        is_calm(record, 2)


def test_records_are_bounded(lab):
    box = lab()
    box.peer(2, 65002)
    box.run()
    box.neighbours[0].wire.answering = True
    box.dut.run(*["refresh bgp all export"] * 105)
    box.settle()
    wait_for("their ends", lambda: all(r["over"] for r in records(box)), 20)
    assert [r["record"] for r in records(box)] == list(range(105, 5, -1))
