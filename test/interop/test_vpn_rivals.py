"""VPN families against other people's software: FRR, BIRD and GoBGP as another PE of AS 100 (VPNv4, VPNv6, route
target constraint), ExaBGP as a customer's PE for VPNv4. Nobody in Debian 12 speaks SAFI 5: that is tried between
three speakers of ours, and with bgpfeed. Our speaker is 10.0.0.1 with the instance vpna (100:1)."""
import re

import pytest

from daemons import Afresh, Bird, Exabgp, Frr, Gobgp, wait_for

US, THEM = "10.0.0.1", "10.0.0.2"
V4, V6 = "10.9.0.0/16", "2001:db8:9::/48"
OURS4, OURS6 = "30.1.0.0/16", "2001:db8:1::/48"


def config(number=1, peers=(), families=("ipv4-family vpnv4", "ipv6-family vpnv6"), instance=True, more="", lines=()):
    """A PE at 10.0.0.number; peers: (address, lines of each family's view)."""
    text = f"sysname pe{number}\n#\n"
    if instance:
        text += f"""ip vpn-instance vpna
 ipv4-family
  route-distinguisher 100:{number}
  vpn-target 100:1 export-extcommunity
  vpn-target 100:1 import-extcommunity
{more} ipv6-family
  route-distinguisher 100:{number}
  vpn-target 100:1 export-extcommunity
  vpn-target 100:1 import-extcommunity
#
"""
    text += f"bgp 100\n router-id 10.0.0.{number}\n timer connect-retry 1\n"
    text += "".join(f" peer {a} as-number 100\n" for a, _ in peers)
    for view in families:
        text += f" #\n {view}\n" + "".join(f"  {line}\n" for line in lines if view != "ipv4-family vpn-target")
        text += "".join(f"  peer {a} enable\n" + "".join(f"  peer {a} {w}\n" for w in words) for a, words in peers)
    if instance:
        text += f""" #
 ipv4-family vpn-instance vpna
  network 30.{number}.0.0 255.255.0.0
 #
 ipv6-family vpn-instance vpna
  network 2001:DB8:{number}:: 48
"""
    return text + "#\nreturn\n"


class Speaker:
    """One of ours in the town, with what tests ask of it."""

    def __init__(self, start, town, number, text):
        self.dut = start(Afresh, f"pe{number}", "", text)
        self.dut.prefix = town.house(number).prefix
        self.dut.start()

    def instance(self, selector="vpnv4", what=""):
        """{prefix: record} of vpna."""
        answer = self.dut.json(f"display bgp {selector} vpn-instance vpna routing-table {what}")
        return {r["prefix"].lower(): r for r in answer["routes"]}

    def peer(self, selector="vpnv4 all"):
        return self.dut.json(f"display bgp {selector} peer verbose")["peers"][0]

    def wait(self, selector, *prefixes):
        wait_for(f"{prefixes} in vpna", lambda: set(prefixes) == set(self.instance(selector)), 20, 0.1)

    def settle(self):
        wait_for("soft resets to end", lambda: not self.dut.json("display bgp refresh")["running"], 20)


def in_town(start, town, cls, *args, number=2):
    d = start(cls, cls.__name__.lower(), f"10.0.0.{number}")
    d.prefix = town.house(number).prefix
    return d.start(*args)


# --- the rivals: each says 10.9.0.0/16 and 2001:db8:9::/48 under 100:9 with target 100:1 -----------------------------
FRR = f"""route-map RT permit 10
 set extcommunity rt 100:1
router bgp 100
 bgp router-id {THEM}
 no bgp default ipv4-unicast
 neighbor {US} remote-as 100
 neighbor {US} timers connect 1
 address-family ipv4 vpn
  neighbor {US} activate
  network {V4} rd 100:9 label 77 route-map RT
 exit-address-family
 address-family ipv6 vpn
  neighbor {US} activate
  network {V6} rd 100:9 label 78 route-map RT
 exit-address-family
"""
BIRD = f"""log "bird.log" all;
router id {THEM};
debug protocols {{ states, events, packets }};
vpn4 table vpn4t; vpn6 table vpn6t;
protocol device {{}}
protocol static s4 {{ vpn4 {{ table vpn4t; }}; route 100:9 {V4} via {THEM} mpls 77 {{ bgp_ext_community.add((rt,100,1)); }}; }}
protocol static s6 {{ vpn6 {{ table vpn6t; }}; route 100:9 {V6} via 2001:db8::2 mpls 78 {{ bgp_ext_community.add((rt,100,1)); }}; }}
protocol bgp b0 {{ local {THEM} as 100; neighbor {US} as 100; connect retry time 1; error wait time 1, 2;
 vpn4 mpls {{ table vpn4t; import all; export all; next hop self; }};
 vpn6 mpls {{ table vpn6t; import all; export all; next hop self; }};
}}
"""
GOBGP = f"""[global.config]
 as = 100
 router-id = "{THEM}"
[[neighbors]]
 [neighbors.config]
  neighbor-address = "{US}"
  peer-as = 100
 [neighbors.timers.config]
  connect-retry = 1
  idle-hold-time-after-reset = 1
"""


def gobgp_families(*names):
    return GOBGP + "".join(f' [[neighbors.afi-safis]]\n  [neighbors.afi-safis.config]\n   afi-safi-name = "{n}"\n' for n in names)


class FrrPe:
    def __init__(self, start, town):
        self.daemon = in_town(start, town, Frr, FRR, 179, False)

    def routes(self, selector):
        text = self.daemon.run(f"show bgp {'ipv4' if selector == 'vpnv4' else 'ipv6'} vpn")
        rds, rd = {}, ""
        for line in text.splitlines():
            m = re.match(r"Route Distinguisher: (\S+)", line)
            rd = m[1] if m else rd
            m = re.match(r"\*?>i? ?(\S+/\d+)", line.lstrip(" ").replace("*>i", "*>i ").replace("*> ", "*> "))
            m = m or re.match(r"\s*\*>\s?i?(\S+/\d+)", line)
            if m:
                rds[f"{rd} {m[1]}"] = None
            m = re.search(r"EC\{([^}]*)\} label=(\d+)", line)
            if m and rds:
                rds[list(rds)[-1]] = (m[1].split(), int(m[2]))
        return rds

    def refreshes(self):
        return self.daemon.json("show bgp neighbors")[US]["messageStats"]["routeRefreshRecv"]


class BirdPe:
    def __init__(self, start, town):
        self.daemon = in_town(start, town, Bird, BIRD)

    def routes(self, selector):
        text = self.daemon.run(f"show route all table {'vpn4t' if selector == 'vpnv4' else 'vpn6t'} where proto = \"b0\"")
        out, key = {}, None
        for line in text.splitlines():
            m = re.match(r"(\S+:\S+) (\S+/\d+)\s", line)
            if m:
                key, out[f"{m[1]} {m[2]}"] = f"{m[1]} {m[2]}", ([], None)
            m = re.search(r"BGP.ext_community: (.*)", line)
            if m and key:
                out[key] = (re.findall(r"rt, (\d+), (\d+)", m[1]), out[key][1])
                out[key] = ([":".join(t) for t in out[key][0]], out[key][1])
            m = re.search(r"BGP.mpls_label_stack: (\d+)|mpls (\d+)", line)
            if m and key:
                out[key] = (out[key][0], int(m[1] or m[2]))
        return out

    def refreshes(self):
        path = self.daemon.folder / "bird.log"
        return path.read_text(errors="replace").count("Got ROUTE-REFRESH")


class GobgpPe:
    def __init__(self, start, town):
        self.daemon = in_town(start, town, Gobgp, gobgp_families("l3vpn-ipv4-unicast", "l3vpn-ipv6-unicast"), 50051)
        for line in (f"{V4} label 77 rd 100:9 rt 100:1 nexthop {THEM} -a vpnv4",
                     f"{V6} label 78 rd 100:9 rt 100:1 nexthop 2001:db8::2 -a vpnv6"):
            assert "rror" not in self.daemon.run("global rib add " + line)

    def routes(self, selector):
        out = {}
        for line in self.daemon.run(f"global rib -a {selector}").splitlines():
            m = re.match(r"\*>\s*(\S+?:\S+?):(\S+/\d+)\s+\[(\d+)\].*Extcomms: \[([^\]]*)\]", line)
            if m:
                out[f"{m[1]} {m[2]}"] = (m[4].split(", "), int(m[3]))
        return out

    def refreshes(self):
        n = self.daemon.json(f"neighbor {US}")
        return n["state"]["messages"].get("received", {}).get("refresh", 0)


RIVALS = {"frr": FrrPe, "bird": BirdPe, "gobgp": GobgpPe}


@pytest.fixture(params=RIVALS)
def pair(request, start, town):
    rival = RIVALS[request.param](start, town)
    us = Speaker(start, town, 1, config(peers=[(THEM, ())]))
    wait_for("the session", lambda: us.peer()["state"] == "Established", 20)
    return us, rival


def test_routes_both_ways_with_label_and_targets(pair):
    us, rival = pair
    us.wait("vpnv4", V4, OURS4)
    us.wait("vpnv6", V6, OURS6)
    for selector, prefix in (("vpnv4", OURS4), ("vpnv6", OURS6)):
        wait_for(f"{prefix} there", lambda: (rival.routes(selector).get(f"100:1 {prefix}") or ([], 0))[1], 20)
        targets, label = rival.routes(selector)[f"100:1 {prefix}"]
        assert [t.split(":", 1)[-1] if t.startswith("RT") else t for t in targets] == ["100:1"] and label >= 16


def test_a_changed_target_is_a_soft_reset(pair):
    """The instance stops importing 100:1, then starts again: routes go and come by ROUTE-REFRESH; the session stays."""
    us, rival = pair
    us.wait("vpnv4", V4, OURS4)
    asked, up = rival.refreshes(), us.peer()["established_count"]
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "undo vpn-target 100:1 import-extcommunity")
    us.wait("vpnv4", OURS4)
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "vpn-target 100:1 import-extcommunity")
    us.wait("vpnv4", V4, OURS4)
    us.settle()
    assert rival.refreshes() > asked and us.peer()["established_count"] == up


def test_a_changed_export_target_is_heard(pair):
    us, rival = pair
    def targets():
        return sorted((rival.routes("vpnv4").get(f"100:1 {OURS4}") or ([], 0))[0])
    wait_for("our route", lambda: len(targets()) == 1, 20)
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "vpn-target 100:77 export-extcommunity")
    wait_for("two targets", lambda: len(targets()) == 2, 10)
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "undo vpn-target 100:77 export-extcommunity")
    wait_for("one target", lambda: len(targets()) == 1, 10)
    assert us.peer()["established_count"] == 1


@pytest.mark.parametrize("selector", ["vpnv4", "vpnv6"])
def test_refresh_import(pair, selector):
    us, rival = pair
    us.wait("vpnv4", V4, OURS4)
    asked = rival.refreshes()
    us.dut.run(f"refresh bgp {selector} {THEM} import")
    wait_for("the rival to count it", lambda: rival.refreshes() == asked + 1, 10)
    us.settle()
    us.wait("vpnv4", V4, OURS4)
    us.wait("vpnv6", V6, OURS6)
    assert us.peer()["established_count"] == 1


def test_keep_all_routes_brings_routes_back_without_asking(pair):
    us, rival = pair
    us.wait("vpnv4", V4, OURS4)
    us.dut.configure("bgp 100", "ipv4-family vpnv4", f"peer {THEM} keep-all-routes")
    us.settle()
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "undo vpn-target 100:1 import-extcommunity")
    us.wait("vpnv4", OURS4)
    us.settle()
    asked = rival.refreshes()
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "vpn-target 100:1 import-extcommunity")
    us.wait("vpnv4", V4, OURS4)
    us.settle()
    assert rival.refreshes() == asked and us.peer()["established_count"] == 1


# --- route target constraint: GoBGP both ways, ExaBGP as a listener ----------------------------------------------------
def test_gobgp_route_target_constraint(start, town):
    """GoBGP is sent what its instances import, and learns what ours import; when an instance goes, so do the routes."""
    gobgp = in_town(start, town, Gobgp, gobgp_families("l3vpn-ipv4-unicast", "rtc"), 50051)
    gobgp.run("vrf add other rd 100:9 rt both 100:5")
    us = Speaker(start, town, 1, config(peers=[(THEM, ())], families=("ipv4-family vpnv4", "ipv4-family vpn-target")))
    wait_for("the session", lambda: us.peer()["state"] == "Established", 20)
    def theirs():
        return {line.split()[1] for line in gobgp.run("global rib -a vpnv4").splitlines() if line.startswith("*>")}
    wait_for("our membership there", lambda: "100:100:1" in gobgp.run("global rib -a rtc"), 10)
    gobgp.run("vrf other rib add 20.9.0.0/16")
    assert "100:1:30.1.0.0/16" not in theirs()
    gobgp.run("vrf add mine rd 100:8 rt both 100:1")
    gobgp.run("vrf mine rib add 21.9.0.0/16")
    wait_for("our route there", lambda: "100:1:30.1.0.0/16" in theirs(), 10)
    us.wait("vpnv4", "21.9.0.0/16", OURS4)                    # 100:5 is not asked for, so it is not sent
    targets = us.dut.json("display bgp vpn-target routing-table")["routes"]
    assert {"100:1", "100:5"} <= {t for r in targets for t in re.findall(r"\d+:\d+", r["prefix"])}
    gobgp.run("vrf del mine")
    wait_for("vpna alone", lambda: set(us.instance()) == {OURS4}, 10)
    assert us.peer()["established_count"] == 1


EXABGP = """process watch { run @RECEIVER@; encoder json; }
neighbor 10.0.0.1 {
 router-id 10.0.0.2; local-address 10.0.0.2; local-as 100; peer-as 100; hold-time 60;
 capability { asn4 enable; route-refresh enable; }
 family { ipv4 mpls-vpn; }
 api { processes [ watch ]; neighbor-changes; receive { parsed; update; refresh; notification; open; } }
 announce { ipv4 { mpls-vpn 10.9.0.0/16 rd 100:9 label 77 next-hop 10.0.0.2 local-preference 100 extended-community [ target:100:1 ]; } }
}
"""


def test_exabgp_vpnv4(start, town):
    exabgp = in_town(start, town, Exabgp, EXABGP, 179)
    us = Speaker(start, town, 1, config(peers=[(THEM, ())], families=("ipv4-family vpnv4",)))
    us.wait("vpnv4", V4, OURS4)
    def told():
        return [e for m in exabgp.received() if m.get("type") == "update"
                for entries in m["neighbor"]["message"].get("update", {}).get("announce", {}).get("ipv4 mpls-vpn", {}).values()
                for e in entries]
    wait_for("our route there", told, 10)
    route = told()[0]
    assert route["nlri"] == OURS4 and route["rd"] == "100:1" and route["label"][0][0] >= 16, route
    us.dut.run("refresh bgp vpnv4 all import")
    us.settle()
    us.wait("vpnv4", V4, OURS4)
    assert us.peer()["established_count"] == 1


# --- MVPN: PE - reflector - PE, all of them ours ------------------------------------------------------------------------
def test_mvpn_through_a_reflector(start, town):
    views = ("ipv4-family vpnv4", "ipv4-family mvpn")
    reflector = Speaker(start, town, 3, config(3, [("10.0.0.1", ("reflect-client",)), ("10.0.0.2", ("reflect-client",))], views,
                                               instance=False, lines=("undo policy vpn-target",)))
    one, two = (Speaker(start, town, n, config(n, [("10.0.0.3", ())], views, more="  mvpn\n")) for n in (1, 2))
    def i_pmsi(s):
        return {r["prefix"] for r in s.dut.json("display bgp mvpn vpn-instance vpna routing-table type 1")["routes"]}
    for s in (one, two):
        wait_for("both I-PMSI routes", lambda: len(i_pmsi(s)) == 2, 20)
    before = one.peer()["established_count"]
    two.dut.configure("ip vpn-instance vpna", "ipv4-family", "undo vpn-target 100:1 export-extcommunity")
    wait_for("its route gone", lambda: len(i_pmsi(one)) == 1, 10)
    two.dut.configure("ip vpn-instance vpna", "ipv4-family", "vpn-target 100:1 export-extcommunity")
    wait_for("its route back", lambda: len(i_pmsi(one)) == 2, 10)
    one.dut.run("refresh bgp mvpn all import", "refresh bgp mvpn all export")
    one.settle()
    assert len(i_pmsi(one)) == len(i_pmsi(two)) == 2 and one.peer()["established_count"] == before
    assert reflector.dut.json("display bgp mvpn all peer verbose")["peers"][0]["refresh_received"] >= 0
