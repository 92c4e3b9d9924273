"""`check bgp tables`: all tables worked out anew from what was received, while routes of all families come and go
and policies change. With a neighbour that is nobody's code of ours (FRR as another PE) beside those of bgpfeed.
A check must find nothing, disturb nobody, and leave nothing behind."""
import os
import re
import threading

import pytest

from daemons import Afresh, Bgpfeed, Frr, wait_for
from terminal import Terminal
from test_vpn_rivals import FRR, in_town

FAMILIES = {"ipv4-unicast", "ipv6-unicast", "ipv4-multicast", "vpnv4", "vpnv6", "vpn-target", "mvpn", "mvpn6"}
CONFIG = """sysname pe
#
ip ip-prefix LOW index 10 permit 64.0.0.0 2 less-equal 24
#
ip community-filter basic RARE index 10 permit 64999:77
#
route-policy IN deny node 5
 if-match community-filter RARE
#
route-policy IN permit node 10
 if-match ip-prefix LOW
 apply local-preference 200
#
route-policy IN permit node 20
#
route-policy OUT permit node 10
 apply community 100:1 additive
#
ip vpn-instance vpna
 ipv4-family
  route-distinguisher 100:1
  vpn-target 65000:1 100:1 export-extcommunity
  vpn-target 65000:1 100:1 import-extcommunity
  mvpn
 ipv6-family
  route-distinguisher 100:1
  vpn-target 65000:1 100:1 export-extcommunity
  vpn-target 65000:1 100:1 import-extcommunity
#
ip vpn-instance vpnb
 ipv4-family
  route-distinguisher 100:2
  apply-label per-route
  vpn-target 65000:2 export-extcommunity
  vpn-target 65000:1 65000:2 import-extcommunity
#
bgp 100
 router-id 10.0.0.1
 timer connect-retry 1
 peer 10.0.0.2 as-number 100
 peer 10.0.0.4 as-number 100
 peer 10.0.0.5 as-number 65005
 peer 10.0.0.5 connect-interface eth0
 #
 ipv4-family unicast
  aggregate 64.0.0.0 192.0.0.0 as-set
  network 192.0.2.0 255.255.255.0
  maximum load-balancing 4
  peer 10.0.0.4 reflect-client
  peer 10.0.0.4 route-policy IN import
  peer 10.0.0.5 route-policy OUT export
  peer 10.0.0.5 advertise-community
 #
 ipv4-family multicast
  peer 10.0.0.4 enable
  peer 10.0.0.5 enable
 #
 ipv6-family unicast
  peer 10.0.0.4 enable
  peer 10.0.0.5 enable
 #
 ipv4-family vpnv4
  peer 10.0.0.2 enable
  peer 10.0.0.4 enable
  peer 10.0.0.5 enable
 #
 ipv6-family vpnv6
  peer 10.0.0.2 enable
  peer 10.0.0.4 enable
 #
 ipv4-family vpn-target
  timer wait-for-eor 1
  peer 10.0.0.4 enable
 #
 ipv4-family mvpn
  peer 10.0.0.4 enable
 #
 ipv6-family mvpn
  undo policy vpn-target
  peer 10.0.0.4 enable
 #
 ipv4-family vpn-instance vpna
  network 30.1.0.0 255.255.0.0
 #
 ipv6-family vpn-instance vpna
  network 2001:DB8:1:: 48
 #
 ipv4-family vpn-instance vpnb
  network 30.2.0.0 255.255.0.0
#
return
"""
RD = "0000006400000001"  # 100:1
ALL = "ipv4-unicast+ipv6-unicast+ipv4-multicast+vpnv4+vpnv6+vpn-target+mvpn+mvpn6"
TABLES = ("--routes6", "1500", "--routes-multicast", "500", "--routes-vpn", "1500", "--instances", "4")


class Scene:
    def __init__(self, start, town, threads, routes=4000):
        self.tables = ("--routes", routes, *TABLES)
        self.dut = start(Afresh, "pe", "", CONFIG, threads=threads)
        self.dut.prefix = town.house(1).prefix
        self.dut.start()
        self.frr = in_town(start, town, Frr, FRR, 179, False)
        self.inner = self.feed(start, town, 4, f"as=100,role=feed,families={ALL}")
        self.outer = self.feed(start, town, 5, "as=65005,role=feed,variant=1,families=ipv4-unicast+ipv6-unicast+ipv4-multicast+vpnv4")
        self.inner.ask("announce f 100,65000:1 family vpn-target", "announce f 100,65000:2 family vpn-target",
                       f'announce f 0512{RD}20c0000201' '20e1010101 family mvpn rt "100:1"',
                       f'announce f 052a{RD}8020010db8{"0" * 22}0180ff0e{"0" * 26}01 family mvpn6 rt "100:1"')
        wait_for("all routes", lambda: self.received() > routes + 5000, 60)
        wait_for("FRR's routes", lambda: "10.9.0.0/16" in self.instance(), 30)

    def feed(self, start, town, number, words):
        feed = start(Bgpfeed, f"feed{number}", f"10.0.0.{number}")
        feed.prefix = town.house(number).prefix
        return feed.start(f"name=f,local=10.0.0.{number},remote=10.0.0.1:179,{words}", options=self.tables)

    def peers(self, selector=""):
        return self.dut.json(f"display bgp {selector} peer verbose")["peers"]

    def received(self):
        return sum(p["routes_received"] for s in ("", "ipv6", "multicast", "vpnv4 all") for p in self.peers(s))

    def instance(self):
        answer = self.dut.json("display bgp vpnv4 vpn-instance vpna routing-table")
        return {r["prefix"] for r in answer["routes"]}

    def check(self, what=""):
        answer = self.dut.json(f"check bgp tables {what}")
        assert answer["differences"] == 0, (answer["findings"], self.dut.log()[-3000:])
        assert answer["state"] == "finished" and not answer["not_checked"]
        return answer

    def steady(self):
        assert all((p["state"], p["established_count"]) == ("Established", 1) for p in self.peers() if p["peer"] != "10.0.0.2")
        for feed in (self.inner, self.outer):
            feed.ask("wait f established = 1 and f drops = 0 and f malformed = 0 timeout 1")


@pytest.fixture(params=[0, 1, 3], ids="{}-threads".format)
def scene(start, town, request):
    return Scene(start, town, request.param)


CHANGES = (("route-policy IN permit node 10", "apply local-preference 300"),
           ("ip vpn-instance vpnb", "ipv4-family", "vpn-target 65000:3 import-extcommunity"),
           ("bgp 100", "ipv4-family unicast", "undo peer 10.0.0.4 route-policy import"),
           ("bgp 100", "ipv4-family unicast", "peer 10.0.0.4 keep-all-routes", "peer 10.0.0.4 route-policy IN import"),
           ("route-policy OUT deny node 5", "if-match ip-prefix LOW"),
           ("bgp 100", "undo peer 10.0.0.2"),
           ("bgp 100", "undo ipv4-family vpn-instance vpnb", "quit", "undo ip vpn-instance vpnb"))


def test_nothing_is_found_while_routes_come_and_go(scene):
    s = scene
    answer = s.check()
    assert {t["family"] for t in answer["tables"]} == FAMILIES, answer["tables"]
    assert {t.get("instance") for t in answer["tables"]} == {None, "vpna", "vpnb"}
    assert all(t["destinations"] for t in answer["tables"]) and answer["routes"] > 9000
    s.inner.ask("churn f 400")
    s.outer.ask("churn f 400")
    for _ in range(4):
        s.check()
    for lines in CHANGES:
        s.dut.configure(*lines)
        s.check()  # what the commit began is not over yet
        s.dut.run("refresh bgp all import", "refresh bgp vpnv4 all export")
        s.check()
    s.outer.ask("churn f 0", "down f")
    s.check()
    s.outer.ask("up f")
    s.check("vpnv4")
    s.inner.ask("churn f 0")
    s.check()
    totals = s.dut.json("display bgp tables check")
    assert totals["finished"] >= 20 and totals["with_differences"] == totals["differences"] == 0
    assert "tables check" not in s.dut.log()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return f.read().split()


def daemon_pid(dut):
    """The process itself, behind those that led to it."""
    pid = dut.process.pid
    while os.readlink(f"/proc/{pid}/exe").rsplit("/", 1)[-1] != "afreshd":
        pid = int(children(pid)[0])
    return pid


def test_several_at_once(scene):
    s = scene
    s.inner.ask("churn f 200")
    answers = []
    words = ("", "vpnv4", "ipv4", "vpn-instance vpna", "mvpn", "ipv6")
    threads = [threading.Thread(target=lambda w=w: answers.append(s.check(w))) for w in words]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(answers) == len(words)
    wait_for("no copy is left", lambda: not children(daemon_pid(s.dut)), 10)
    s.steady()


def test_ctrl_c(start, town):
    s = Scene(start, town, 1, routes=200000)
    pid = daemon_pid(s.dut)
    terminal = Terminal(s.dut.socket)
    terminal.expect("<pe>")
    terminal.keys("check bgp tables\n")
    wait_for("the copy", lambda: children(pid), 10, 0.005)
    terminal.keys("\x03")
    terminal.expect("<pe>")
    terminal.close()
    assert [c["state"] for c in s.dut.json("display bgp tables check")["checks"]] == ["interrupted"]
    wait_for("no copy is left", lambda: not children(pid), 10)
    assert s.check()["memory"] > 1 << 20
    s.steady()


def test_words(scene):
    out = scene.dut.run("check bgp tables vpn-instance vpnb", "display bgp tables check")
    assert re.search(r"(?m)^ IPv4 Unicast, vpn-instance vpnb +\d+ +\d+ +\d+ +0  \d+\.\d{3} s$", out), out
    assert re.search(r"Tables checked: 1; \d+ destinations, \d+ paths, \d+ announcements; differences: 0\n", out)
    assert re.search(r"Checks finished: \d+; with differences: 0; differences in all: 0", out)
    code, out = scene.dut.run("check bgp tables vpn-instance nobody", check=False)
    assert code and "The VPN instance does not exist." in out
