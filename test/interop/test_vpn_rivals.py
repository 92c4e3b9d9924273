"""VPN families against other people's software: FRR, BIRD, GoBGP and ExaBGP as another PE of AS 100 (VPNv4, VPNv6,
route target constraint), as clients of ours as reflector, and as customers (CE) of an instance. Our speaker is
10.0.0.1 with the instance vpna (100:1). Nobody in Debian 12 speaks SAFI 5: for that see test_mvpn.py."""
import itertools
import re

import pytest

from daemons import Afresh, Bgpfeed, Bird, Exabgp, Frr, Gobgp, wait_for

US, THEM = "10.0.0.1", "10.0.0.2"
V4, V6 = "10.9.0.0/16", "2001:db8:9::/48"
OURS4, OURS6 = "30.1.0.0/16", "2001:db8:1::/48"


def config(number=1, peers=(), families=("ipv4-family vpnv4", "ipv6-family vpnv6"), instance=True, more="", lines=(),
           only=None, customers=""):
    """A PE at 10.0.0.number; peers: (address, lines of each family's view); `only`: further lines of one view;
    `customers`: the text of the instance's views, in place of its networks."""
    text = f"sysname pe{number}\n#\nroute-policy TRUE6 permit node 10\n apply ipv6 next-hop 2001:db8::{number}\n#\n"
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
        text += "".join(f"  {line}\n" for line in (only or {}).get(view, ()))
    if customers:
        text += customers
    elif instance:
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

    def established(self):
        wait_for("the session", lambda: self.peer()["state"] == "Established", 20)
        return self

    def wait(self, selector, *prefixes):
        wait_for(f"{prefixes} in vpna", lambda: set(prefixes) == set(self.instance(selector)), 20, 0.1)

    def settle(self):
        wait_for("soft resets to end", lambda: not self.dut.json("display bgp refresh")["running"], 20)


INSTANCE_VIEW = {"vpnv4": "ipv4-family", "vpnv6": "ipv6-family"}
THEIRS, OURS = {"vpnv4": V4, "vpnv6": V6}, {"vpnv4": OURS4, "vpnv6": OURS6}


def in_town(start, town, cls, *args, number=2):
    d = start(cls, cls.__name__.lower(), f"10.0.0.{number}")
    d.prefix = town.house(number).prefix
    return d.start(*args)


# --- the rivals: the one at 10.0.0.2 says 10.9.0.0/16 and 2001:db8:9::/48 under 100:9 with target 100:1 and the labels
# 77 and 78, and nobody else: one at 10.0.0.3 says 20.9.0.0/16 and 2001:db8:8::/48 under 100:8 --------------------------
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
protocol bgp b0 {{ local {THEM} as 100; neighbor {US} as 100; connect delay time 1; connect retry time 1; error wait time 1, 2;
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


def placed(text, number):
    """The rival's text for another house: 10.0.0.3 is the only other one."""
    changes = {} if number == 2 else {THEM: "10.0.0.3", "2001:db8::2": "2001:db8::3", V4: "20.9.0.0/16", V6: "2001:db8:8::/48",
                                      "100:9": "100:8"}
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


class FrrPe:
    labels = {"vpnv4": 77, "vpnv6": 78}

    def __init__(self, start, town, number=2):
        self.daemon = in_town(start, town, Frr, placed(FRR, number), 179, False, number=number)

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

    def ask(self, selector):
        self.daemon.run(f"clear bgp {'ipv4' if selector == 'vpnv4' else 'ipv6'} vpn {US} soft in")

    def path(self, selector, rd, prefix):
        """(next hop, local preference, originator, cluster list) of a route that was reflected."""
        p = self.daemon.json(f"show bgp {'ipv4' if selector == 'vpnv4' else 'ipv6'} vpn {prefix}")[rd]["paths"][0]
        return p["nexthops"][0]["ip"], p["locPrf"], p["originatorId"], p["clusterList"]["list"]


class BirdPe:
    labels = {"vpnv4": 3, "vpnv6": 3}   # with itself as next hop it says implicit null (RFC 3032)

    def __init__(self, start, town, number=2):
        self.daemon = in_town(start, town, Bird, placed(BIRD, number), number=number)

    def routes(self, selector):
        text = self.daemon.run(f"show route all table {'vpn4t' if selector == 'vpnv4' else 'vpn6t'} where proto = \"b0\"")
        out, key = {}, None
        for line in text.splitlines():
            m = re.match(r"(\S+:\S+) (\S+/\d+)\s", line)
            if m:
                key, out[f"{m[1]} {m[2]}"] = f"{m[1]} {m[2]}", ([], None)
            m = re.search(r"BGP.ext_community: (.*)", line)
            if m and key:
                out[key] = (re.findall(r"rt, ([\d.]+), (\d+)", m[1]), out[key][1])
                out[key] = ([":".join(t) for t in out[key][0]], out[key][1])
            m = re.search(r"BGP.mpls_label_stack: (\d+)|mpls (\d+)", line)
            if m and key:
                out[key] = (out[key][0], int(m[1] or m[2]))
        return out

    def refreshes(self):
        path = self.daemon.folder / "bird.log"
        return path.read_text(errors="replace").count("Got ROUTE-REFRESH")

    def ask(self, selector):
        self.daemon.run("reload in b0")

    def path(self, selector, rd, prefix):
        text = self.daemon.run(f"show route all table {'vpn4t' if selector == 'vpnv4' else 'vpn6t'} for {rd} {prefix}")
        got = dict(re.findall(r"BGP\.(\w+): (.*)", text))
        return got["next_hop"], int(got["local_pref"]), got["originator_id"], got["cluster_list"].split()


class GobgpPe:
    labels = {"vpnv4": 77, "vpnv6": 78}

    def __init__(self, start, town, number=2):
        families = gobgp_families("l3vpn-ipv4-unicast", "l3vpn-ipv6-unicast")
        self.daemon = in_town(start, town, Gobgp, placed(families, number), 50051, number=number)
        for line in (f"{V4} label 77 rd 100:9 rt 100:1 nexthop {THEM} -a vpnv4",
                     f"{V6} label 78 rd 100:9 rt 100:1 nexthop 2001:db8::2 -a vpnv6"):
            assert "rror" not in self.daemon.run("global rib add " + placed(line, number))

    def routes(self, selector):
        out = {}
        for line in self.daemon.run(f"global rib -a {selector}").splitlines():
            m = re.match(r"\*>\s*(\S+?:\S+?):(\S+/\d+)\s+\[(\d+)\].*Extcomms: ([^}]*)}", line)
            if m:
                out[f"{m[1]} {m[2]}"] = (re.findall(r"\[([^\]]*)\]", m[4]), int(m[3]))
        return out

    def refreshes(self):
        n = self.daemon.json(f"neighbor {US}")
        return n["state"]["messages"].get("received", {}).get("refresh", 0)

    def path(self, selector, rd, prefix):
        attributes = {a["type"]: a for a in self.daemon.json(f"global rib -a {selector}")[f"{rd}:{prefix}"][0]["attrs"]}
        return (attributes[14]["nexthop"], attributes[5]["value"], attributes[9]["value"], attributes[10]["value"])


RIVALS = {"frr": FrrPe, "bird": BirdPe, "gobgp": GobgpPe}


# BIRD 2.0.12 refuses a VPNv6 route whose next hop is an IPv4-mapped address (RFC 4659 3.2.1.2), so it is told the true one.
TRUE_HOP = {"ipv6-family vpnv6": (f"peer {THEM} route-policy TRUE6 export",)}


@pytest.fixture(params=RIVALS)
def pair(request, start, town):
    rival = RIVALS[request.param](start, town)
    return Speaker(start, town, 1, config(peers=[(THEM, ())], only=TRUE_HOP if request.param == "bird" else None)).established(), rival


def test_routes_both_ways_with_label_and_targets(pair):
    us, rival = pair
    us.wait("vpnv4", V4, OURS4)
    us.wait("vpnv6", V6, OURS6)
    for selector, prefix in (("vpnv4", OURS4), ("vpnv6", OURS6)):
        wait_for(f"{prefix} there", lambda: (rival.routes(selector).get(f"100:1 {prefix}") or ([], 0))[1], 20)
        targets, label = rival.routes(selector)[f"100:1 {prefix}"]
        assert targets == ["100:1"] and label >= 16
        route = us.instance(selector)[THEIRS[selector]]
        assert route["label"] == rival.labels[selector] and route["extended_communities"] == "RT <100 : 1>"
        assert route["imported_from"] == "100:9"


KINDS = "".join(f"""ip vpn-instance {name}
 ipv4-family
  route-distinguisher {rd}
  vpn-target 100:7 10.1.2.3:8 70000:9 export-extcommunity
#
""" for name, rd in (("vpnb", "10.1.2.3:5"), ("vpnc", "70000:6")))
KINDS_BGP = """ #
 ipv4-family vpn-instance vpnb
  network 31.0.0.0 255.0.0.0
 #
 ipv4-family vpn-instance vpnc
  network 32.0.0.0 255.0.0.0
#
return
"""


@pytest.mark.parametrize("name", RIVALS)
def test_distinguishers_and_targets_of_three_types(start, town, name):
    """2-octet AS, IPv4 address, 4-octet AS (GoBGP writes 70000 as 1.4464); and every instance has a label of its own."""
    rival = RIVALS[name](start, town)
    text = config(peers=[(THEM, ())], families=("ipv4-family vpnv4",)).replace("bgp 100\n", KINDS + "bgp 100\n", 1)
    Speaker(start, town, 1, text.replace("#\nreturn\n", KINDS_BGP)).established()
    def known():
        return {k.replace("1.4464", "70000"): ({t.replace("1.4464", "70000") for t in targets}, label)
                for k, (targets, label) in rival.routes("vpnv4").items()}
    wait_for("all three", lambda: {f"100:1 {OURS4}", "10.1.2.3:5 31.0.0.0/8", "70000:6 32.0.0.0/8"} <= set(known()), 20)
    wait_for("their targets", lambda: all(known()[k][0] == {"100:7", "10.1.2.3:8", "70000:9"}
                                          for k in ("10.1.2.3:5 31.0.0.0/8", "70000:6 32.0.0.0/8")), 10)
    labels = {known()[k][1] for k in (f"100:1 {OURS4}", "10.1.2.3:5 31.0.0.0/8", "70000:6 32.0.0.0/8")}
    assert len(labels) == 3 and min(labels) >= 16


def test_labels_at_the_border_of_an_as(start, town):
    """RFC 4364 section 10 (b): where our next hop is put on a route, our label is; where the next hop stays, so does it."""
    frr = FrrPe(start, town)
    gobgp = in_town(start, town, Gobgp, placed(gobgp_families("l3vpn-ipv4-unicast"), 3).replace(" as = 100", " as = 200"), 50051, number=3)
    for prefix, label in (("20.9.0.0/16", 99), ("21.9.0.0/16", 99), ("22.9.0.0/16", 98)):
        gobgp.run(f"global rib add {prefix} label {label} rd 200:8 rt 100:1 nexthop 10.0.0.3 -a vpnv4")
    text = config(peers=[(THEM, ()), ("10.0.0.3", ())], families=("ipv4-family vpnv4",), instance=False,
                  lines=("undo policy vpn-target",)).replace(" peer 10.0.0.3 as-number 100", " peer 10.0.0.3 as-number 200")
    us = Speaker(start, town, 1, text)
    def at_frr():
        return [frr.routes("vpnv4").get(f"200:8 {n}.9.0.0/16", ([], 0))[1] for n in (20, 21, 22)]
    wait_for("routes of AS 200", lambda: at_frr() == [99, 99, 98], 30)
    def line():
        return next((t for t in gobgp.run("global rib -a vpnv4").splitlines() if f"100:9:{V4}" in t), "")
    wait_for("the route of AS 100", line, 20)
    m = re.search(r"\[(\d+)\]\s+(\S+)\s+100\s.*Extcomms: \[100:1\]", line())
    assert m and int(m[1]) >= 16 and int(m[1]) != 77 and m[2] == US, line()
    us.dut.configure("bgp 100", "ipv4-family vpnv4", f"peer {THEM} next-hop-local")
    wait_for("our labels", lambda: not set(at_frr()) & {98, 99, 0}, 10)
    one, same, other = at_frr()
    assert one == same != other and one >= 16 and other >= 16     # one of ours for each label and next hop of theirs
    us.dut.configure("bgp 100", "ipv4-family vpnv4", f"undo peer {THEM} next-hop-local")
    wait_for("theirs again", lambda: at_frr() == [99, 99, 98], 10)
    assert us.peer()["established_count"] == 1


def test_bird_refuses_mapped_next_hops(start, town):
    """What it does instead of RFC 4659 3.2.1.2: the VPNv6 route alone is not taken; the session stays."""
    bird = BirdPe(start, town)
    us = Speaker(start, town, 1, config(peers=[(THEM, ())])).established()
    us.wait("vpnv6", V6, OURS6)
    wait_for("our VPNv4 route there", lambda: f"100:1 {OURS4}" in bird.routes("vpnv4"), 10)
    assert "mismatched address family" in (bird.daemon.folder / "bird.log").read_text()
    assert not bird.routes("vpnv6") and us.peer()["established_count"] == 1
    us.dut.configure("bgp 100", "ipv6-family vpnv6", f"peer {THEM} route-policy TRUE6 export")
    wait_for("our VPNv6 route there", lambda: f"100:1 {OURS6}" in bird.routes("vpnv6"), 10)


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


@pytest.mark.parametrize("selector", ["vpnv4", "vpnv6"])
def test_keep_all_routes_brings_routes_back_without_asking(pair, selector):
    us, rival = pair
    view, theirs, ours = INSTANCE_VIEW[selector], THEIRS[selector], OURS[selector]
    us.wait(selector, theirs, ours)
    us.dut.configure("bgp 100", f"{view} {selector}", f"peer {THEM} keep-all-routes")
    us.settle()
    us.dut.configure("ip vpn-instance vpna", view, "undo vpn-target 100:1 import-extcommunity")
    us.wait(selector, ours)
    us.settle()
    asked = rival.refreshes()
    assert "Info:" in us.dut.run(f"refresh bgp {selector} all import")
    us.dut.configure("ip vpn-instance vpna", view, "vpn-target 100:1 import-extcommunity")
    us.wait(selector, theirs, ours)
    us.settle()
    assert rival.refreshes() == asked and us.peer()["established_count"] == 1


def test_reset_is_one_new_session_and_the_same_tables(pair):
    us, rival = pair
    us.wait("vpnv4", V4, OURS4)
    us.wait("vpnv6", V6, OURS6)
    us.dut.run("reset bgp vpnv4 all")
    wait_for("a new session", lambda: us.peer()["established_count"] == 2, 40)
    us.wait("vpnv4", V4, OURS4)
    us.wait("vpnv6", V6, OURS6)
    for selector, prefix in OURS.items():
        wait_for(f"{prefix} there", lambda: f"100:1 {prefix}" in rival.routes(selector), 20)


@pytest.mark.parametrize("selector", ["vpnv4", "vpnv6"])
@pytest.mark.parametrize("pair", ["frr", "bird"], indirect=True)
def test_a_refresh_that_the_rival_asks_for(pair, selector):
    """FRR asks for the family alone, BIRD for both. What it has after the answer is what it had before."""
    us, rival = pair
    wait_for("our routes there", lambda: all(f"100:1 {p}" in rival.routes(s) for s, p in OURS.items()), 20)
    before, sent = rival.routes(selector), us.peer(f"{selector} all")
    rival.ask(selector)
    wait_for("its question", lambda: us.peer(f"{selector} all")["refresh_received"] > sent["refresh_received"], 10)
    wait_for("our answer", lambda: us.peer(f"{selector} all")["messages_sent"] >= sent["messages_sent"] + 3, 10)   # BoRR, UPDATE, EoRR
    assert rival.routes(selector) == before and us.peer()["established_count"] == 1


# --- a reflector without instances -------------------------------------------------------------------------------------
@pytest.mark.parametrize("here,there", itertools.combinations(RIVALS, 2))
def test_reflection_between_two_clients(start, town, here, there):
    """Attributes, labels, targets and next hops pass unchanged, in both families and both directions."""
    clients = {2: RIVALS[here](start, town), 3: RIVALS[there](start, town, 3)}
    us = Speaker(start, town, 1, config(peers=[(THEM, ("reflect-client",)), ("10.0.0.3", ("reflect-client",))], instance=False,
                                        lines=("undo policy vpn-target",)))
    said = {2: ("100:9", V4, V6), 3: ("100:8", "20.9.0.0/16", "2001:db8:8::/48")}
    for number, client in clients.items():
        rd, *prefixes = said[5 - number]
        for selector, prefix in zip(OURS, prefixes):
            if selector == "vpnv6" and "bird" in (here, there) and "bird" == (here, there)[number - 2]:
                continue   # the other one's next hop may be IPv4-mapped
            wait_for(f"{rd} {prefix} at {client}", lambda: f"{rd} {prefix}" in client.routes(selector), 30)
            assert client.routes(selector)[f"{rd} {prefix}"] == (["100:1"], clients[5 - number].labels[selector])
            hop, preference, originator, cluster = client.path(selector, rd, prefix)
            told = {f"10.0.0.{5 - number}", f"2001:db8::{5 - number}", f"::ffff:10.0.0.{5 - number}"}
            assert hop in told and preference == 100
            assert originator == f"10.0.0.{5 - number}" and cluster == [US]
    for peer in us.dut.json("display bgp vpnv4 all peer verbose")["peers"]:
        assert peer["established_count"] == 1


@pytest.mark.parametrize("name", RIVALS)
def test_six_thousand_routes_of_fifty_targets(start, town, name):
    """From bgpfeed through us to the rival, each as it was; one more import target of vpna touches the routes that carry it."""
    rival = RIVALS[name](start, town, 3)
    text = config(peers=[("10.0.0.3", ("reflect-client",)), ("10.0.0.4", ("reflect-client",))], families=("ipv4-family vpnv4",))
    us = Speaker(start, town, 1, text.replace("100:1 import", "65000:1 import"))
    feed = start(Bgpfeed, "feed", "10.0.0.4")
    feed.prefix = town.house(4).prefix
    feed.start("name=f,local=10.0.0.4,remote=10.0.0.1:179,as=100,role=feed,families=vpnv4",
               options=("--routes-vpn", "6000", "--instances", "50"))
    def there():
        return [r for r in rival.routes("vpnv4") if r.startswith("65000:")]
    wait_for("all at the rival", lambda: len(there()) == 6000, 60, 1)
    carry = {n: sum(f"65000:{n}" in targets for targets, _ in rival.routes("vpnv4").values()) for n in (1, 2)}
    assert carry[1] > 20 and carry[2] > 20 and len(us.instance()) == carry[1] + 1
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "vpn-target 65000:2 import-extcommunity")
    us.settle()
    job = us.dut.json("display bgp refresh")["jobs"][-1]
    assert (job["seen"], job["changed"]) == (carry[2], carry[2]), job
    for p in us.dut.json("display bgp vpnv4 all peer verbose")["peers"]:
        assert p["established_count"] == 1
    feed.ask("wait f malformed = 0 and f drops = 0 timeout 1")
    feed.stop()
    wait_for("none of it there", lambda: not there(), 60, 1)
    assert set(us.instance()) == {OURS4}


# --- route target constraint: GoBGP both ways, ExaBGP as a listener ----------------------------------------------------
# GoBGP ends its first memberships with End-of-RIB only when graceful restart is configured; RFC 4684 section 6 then waits.
IMPATIENT = {"ipv4-family vpn-target": ("timer wait-for-eor 1",)}


def test_gobgp_route_target_constraint(start, town):
    """GoBGP is sent what its instances import, and learns what ours import; when an instance goes, so do the routes."""
    gobgp = in_town(start, town, Gobgp, gobgp_families("l3vpn-ipv4-unicast", "rtc"), 50051)
    gobgp.run("vrf add other rd 100:9 rt both 100:5")
    us = Speaker(start, town, 1, config(peers=[(THEM, ())], families=("ipv4-family vpnv4", "ipv4-family vpn-target"),
                                        only=IMPATIENT)).established()
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


def test_gobgp_memberships_steer_what_it_is_sent(start, town):
    """VPNv4 and VPNv6: by our export targets, by constraint-rt-filter, by its instances; refreshed both ways, and reset."""
    gobgp = in_town(start, town, Gobgp, gobgp_families("l3vpn-ipv4-unicast", "l3vpn-ipv6-unicast", "rtc"), 50051)
    gobgp.run("vrf add other rd 100:9 rt both 100:5")
    us = Speaker(start, town, 1, config(peers=[(THEM, ())], only=IMPATIENT, families=(
        "ipv4-family vpnv4", "ipv6-family vpnv6", "ipv4-family vpn-target"))).established()
    def theirs(family):
        return {line.split()[1] for line in gobgp.run(f"global rib -a {family}").splitlines() if line.startswith("*>")}
    def has(*families):
        return all((theirs(f) == {f"100:1:{OURS[f]}"}) == (f in families) for f in OURS)
    def refreshes():
        return gobgp.json(f"neighbor {US}")["state"]["messages"].get("received", {}).get("refresh", 0)
    wait_for("memberships", lambda: theirs("rtc") == {"100:100:1", "100:100:5"}, 10)
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "vpn-target 100:5 export-extcommunity")
    wait_for("what it asks for", lambda: has("vpnv4"), 10)
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "undo vpn-target 100:5 export-extcommunity")
    wait_for("nothing", has, 10)
    us.dut.configure("bgp 100", "ipv4-family vpn-target", "constraint-rt-filter disable")
    wait_for("everything", lambda: has("vpnv4", "vpnv6"), 10)
    us.dut.configure("bgp 100", "ipv4-family vpn-target", "constraint-rt-filter enable")
    wait_for("nothing", has, 10)
    gobgp.run("vrf add mine rd 100:8 rt both 100:1")
    wait_for("both", lambda: has("vpnv4", "vpnv6"), 10)
    asked = refreshes()
    us.dut.run("refresh bgp vpn-target all import")
    wait_for("the refresh", lambda: refreshes() == asked + 1, 10)
    us.dut.run("refresh bgp vpn-target all export")
    us.settle()
    assert has("vpnv4", "vpnv6") and us.peer()["established_count"] == 1
    us.dut.run("reset bgp vpn-target all")
    wait_for("a new session", lambda: us.peer()["established_count"] == 2, 40)
    wait_for("both", lambda: has("vpnv4", "vpnv6"), 10)


EXABGP = """process watch { run @RECEIVER@; encoder @ENCODER@; }
neighbor 10.0.0.1 {
 router-id 10.0.0.2; local-address 10.0.0.2; local-as 100; peer-as 100; hold-time 60;
 capability { asn4 enable; route-refresh enable; }
 @FAMILY@
 api { processes [ watch ]; neighbor-changes; receive { parsed; update; refresh; notification; open; } }
 static {
  route 10.9.0.0/16 rd 100:9 label 77 next-hop 10.0.0.2 local-preference 100 extended-community [ target:100:1 ];
  route 2001:db8:9::/48 rd 100:9 label 78 next-hop 2001:db8::2 local-preference 100 extended-community [ target:100:1 ];
 }
}
"""


def exabgp_in_town(start, town, family, encoder="json"):
    return in_town(start, town, Exabgp, EXABGP.replace("@FAMILY@", family).replace("@ENCODER@", encoder), 179)


def test_exabgp_vpnv4_vpnv6(start, town):
    """Routes both ways; a changed target by the retained routes, for it does not survive a ROUTE-REFRESH (doc/interop.md)."""
    exabgp = exabgp_in_town(start, town, "family { ipv4 mpls-vpn; ipv6 mpls-vpn; }")
    us = Speaker(start, town, 1, config(peers=[(THEM, ("keep-all-routes",))]))
    us.wait("vpnv4", V4, OURS4)
    us.wait("vpnv6", V6, OURS6)
    def told(family):
        return [e for m in exabgp.received() if m.get("type") == "update"
                for entries in m["neighbor"]["message"].get("update", {}).get("announce", {}).get(family, {}).values()
                for e in entries]
    for family, prefix in (("ipv4 mpls-vpn", OURS4), ("ipv6 mpls-vpn", OURS6)):
        wait_for("our route there", lambda: told(family), 10)
        route = told(family)[0]
        assert route["nlri"] == prefix and route["rd"] == "100:1" and route["label"][0][0] >= 16, route
    for line, routes in (("undo vpn-target 100:1 import-extcommunity", (OURS4,)), ("vpn-target 100:1 import-extcommunity", (V4, OURS4))):
        us.dut.configure("ip vpn-instance vpna", "ipv4-family", line)
        us.wait("vpnv4", *routes)
    us.settle()
    assert us.peer()["established_count"] == 1


def test_exabgp_listens_to_memberships(start, town):
    """Without a family section ExaBGP speaks SAFI 132 too. It takes our membership (its JSON encoder would not: it dies of
    it), says none of its own, so it is sent no VPN routes; and ours are not disturbed."""
    exabgp = exabgp_in_town(start, town, "", "text")
    keep = {view: (f"peer {THEM} keep-all-routes",) for view in ("ipv4-family vpnv4", "ipv6-family vpnv6")}
    us = Speaker(start, town, 1, config(peers=[(THEM, ())], only={**IMPATIENT, **keep},
                                        families=("ipv4-family vpnv4", "ipv4-family vpn-target", "ipv6-family vpnv6")))
    us.wait("vpnv4", V4, OURS4)
    us.wait("vpnv6", V6, OURS6)
    def heard():
        return (exabgp.folder / "received.json").read_text()
    wait_for("our membership there", lambda: "announced afi ipv4 safi rtc" in heard(), 10)
    wait_for("End-of-RIB", lambda: "eor 1/132" in heard() and "eor 1/128" in heard() and "eor 2/128" in heard(), 10)
    us.dut.configure("ip vpn-instance vpna", "ipv4-family", "vpn-target 100:33 import-extcommunity")
    wait_for("another membership", lambda: heard().count("announced afi ipv4 safi rtc") == 2, 10)
    assert "safi mpls-vpn" not in heard() and us.peer()["established_count"] == 1


# --- customers of an instance ------------------------------------------------------------------------------------------
CE = """ #
 ipv4-family vpn-instance vpna
  network 30.1.0.0 255.255.0.0
  peer 10.0.0.3 as-number 65003
 #
 ipv6-family vpn-instance vpna
  network 2001:DB8:1:: 48
  peer 2001:DB8::4 as-number 65004
  peer 2001:DB8::4 enable
"""
FRR_CE = """router bgp 65003
 bgp router-id 10.0.0.3
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.0.0.1 remote-as 100
 neighbor 10.0.0.1 timers connect 1
 address-family ipv4 unicast
  network 30.3.0.0/16
 exit-address-family
"""
BIRD_CE = """router id 10.0.0.4;
protocol device {}
protocol static { ipv6; route 2001:db8:4::/48 unreachable; }
protocol bgp b0 { local 2001:db8::4 as 65004; neighbor 2001:db8::1 as 100; connect delay time 1; connect retry time 1;
 ipv6 { import all; export all; next hop self; }; }
"""


@pytest.fixture
def customers(start, town):
    """FRR at 10.0.0.3 and BIRD at 2001:db8::4 are customers in vpna; GoBGP at 10.0.0.2 is the PE beyond."""
    beyond = GobgpPe(start, town)
    frr = in_town(start, town, Frr, FRR_CE, 179, False, number=3)
    bird = in_town(start, town, Bird, BIRD_CE, number=4)
    return Speaker(start, town, 1, config(peers=[(THEM, ())], customers=CE)), frr, bird, beyond


def test_frr_as_customer(customers):
    us, frr, _, beyond = customers
    def has():
        return set(frr.json("show bgp ipv4 unicast").get("routes", {}))
    wait_for("routes at the customer", lambda: has() == {V4, OURS4, "30.3.0.0/16"}, 30)
    wait_for("its route beyond", lambda: beyond.routes("vpnv4").get("100:1 30.3.0.0/16"), 10)
    targets, label = beyond.routes("vpnv4")["100:1 30.3.0.0/16"]
    assert targets == ["100:1"] and label == beyond.routes("vpnv4")[f"100:1 {OURS4}"][1]
    path = frr.json(f"show bgp ipv4 unicast {V4}")["paths"][0]
    assert path["aspath"]["string"] == "100" and path["nexthops"][0]["ip"] == US and "extendedCommunity" not in path
    def peer():
        return us.dut.json("display bgp vpnv4 vpn-instance vpna peer verbose")["peers"][0]
    asked = frr.json("show bgp neighbors")[US]["messageStats"]["routeRefreshRecv"]
    us.dut.run("refresh bgp vpn-instance vpna ipv4-family all import")
    wait_for("the refresh", lambda: frr.json("show bgp neighbors")[US]["messageStats"]["routeRefreshRecv"] == asked + 1, 10)
    us.settle()
    us.dut.configure("bgp 100", "ipv4-family vpn-instance vpna", "peer 10.0.0.3 keep-all-routes")
    us.settle()
    us.dut.configure("route-policy NONE deny node 10", "quit", "bgp 100", "ipv4-family vpn-instance vpna",
                     "peer 10.0.0.3 route-policy NONE import")
    wait_for("its route gone beyond", lambda: "100:1 30.3.0.0/16" not in beyond.routes("vpnv4"), 10)
    us.dut.configure("bgp 100", "ipv4-family vpn-instance vpna", "undo peer 10.0.0.3 route-policy NONE import")
    wait_for("its route back beyond", lambda: "100:1 30.3.0.0/16" in beyond.routes("vpnv4"), 10)
    beyond.daemon.run(f"global rib del {V4} label 77 rd 100:9 -a vpnv4")
    wait_for("what went beyond to go", lambda: has() == {OURS4, "30.3.0.0/16"}, 10)
    frr.run(f"clear bgp ipv4 unicast {US} soft in")
    wait_for("its question", lambda: peer()["refresh_received"] >= 1, 10)
    assert peer()["established_count"] == 1 and us.peer()["established_count"] == 1
    us.dut.run("reset bgp vpn-instance vpna ipv4-family all")
    wait_for("a new session", lambda: peer()["established_count"] == 2, 20)
    wait_for("routes at the customer", lambda: has() == {OURS4, "30.3.0.0/16"}, 20)
    assert us.peer()["established_count"] == 1


def test_bird_as_customer_with_ipv6(customers):
    us, _, bird, beyond = customers
    def has():
        return set(re.findall(r"^(2001:\S+/\d+)", bird.run("show route"), re.M))
    wait_for("routes at the customer", lambda: has() == {V6, OURS6, "2001:db8:4::/48"}, 30)
    wait_for("its route beyond", lambda: beyond.routes("vpnv6").get("100:1 2001:db8:4::/48"), 10)
    text = bird.run(f"show route all for {V6}")
    assert "BGP.as_path: 100\n" in text and "2001:db8::1" in text and "ext_community" not in text
    def peer():
        return us.dut.json("display bgp vpnv6 vpn-instance vpna peer verbose")["peers"][0]
    us.dut.run("refresh bgp vpn-instance vpna ipv6-family all import", "refresh bgp vpn-instance vpna ipv6-family all export")
    us.settle()
    bird.run("reload in b0")
    wait_for("its question", lambda: peer()["refresh_received"] >= 1, 10)
    beyond.daemon.run(f"global rib del {V6} label 78 rd 100:9 -a vpnv6")
    wait_for("what went beyond to go", lambda: has() == {OURS6, "2001:db8:4::/48"}, 10)
    assert peer()["established_count"] == 1
    us.dut.run("reset bgp vpn-instance vpna ipv6-family all")
    wait_for("a new session", lambda: peer()["established_count"] == 2, 20)
    wait_for("routes at the customer", lambda: has() == {OURS6, "2001:db8:4::/48"}, 20)


# --- multicast in an instance: FRR and BIRD as customers ---------------------------------------------------------------
MULTICAST = """ #
 ipv4-family vpn-instance vpna
  peer 10.0.0.3 as-number 65003
  peer 10.0.0.4 as-number 65004
 #
 ipv4-multicast vpn-instance vpna
  peer 10.0.0.3 enable
  peer 10.0.0.4 enable
"""
FRR_MULTICAST = """router bgp 65003
 bgp router-id 10.0.0.3
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.0.0.1 remote-as 100
 neighbor 10.0.0.1 timers connect 1
 address-family ipv4 unicast
  neighbor 10.0.0.1 activate
  network 50.3.0.0/16
 exit-address-family
 address-family ipv4 multicast
  neighbor 10.0.0.1 activate
  network 30.3.0.0/16
  network 40.3.0.0/16
 exit-address-family
"""
BIRD_MULTICAST = """router id 10.0.0.4;
ipv4 table m4;
protocol device {}
protocol static { ipv4 { table m4; }; route 30.4.0.0/16 unreachable; }
protocol bgp b0 { local 10.0.0.4 as 65004; neighbor 10.0.0.1 as 100; connect delay time 1; connect retry time 1;
 ipv4 { import all; export none; }; ipv4 multicast { table m4; import all; export all; next hop self; }; }
"""


def test_multicast_in_an_instance(start, town):
    """Routes pass between two customers in the multicast table alone; the procedure of seed 001 in the instance's view."""
    frr = in_town(start, town, Frr, FRR_MULTICAST, 179, False, number=3)
    bird = in_town(start, town, Bird, BIRD_MULTICAST, number=4)
    us = Speaker(start, town, 1, config(customers=MULTICAST))
    def at_bird():
        return set(re.findall(r"^(\d\S+/\d+)", bird.run("show route table m4"), re.M))
    def at_frr():
        return set(frr.json("show bgp ipv4 multicast").get("routes", {}))
    def asked():
        return frr.json("show bgp neighbors")[US]["messageStats"]["routeRefreshRecv"]
    def peers():
        answer = us.dut.json("display bgp multicast vpn-instance vpna peer verbose")["peers"]
        return {p["peer"]: (p["state"], p["established_count"]) for p in answer}
    every = {"30.3.0.0/16", "40.3.0.0/16", "30.4.0.0/16"}
    wait_for("all of it at BIRD", lambda: at_bird() == every, 30)
    wait_for("all of it at FRR", lambda: at_frr() == every, 10)
    held = us.dut.json("display bgp multicast vpn-instance vpna routing-table")["routes"]
    assert {r["prefix"] for r in held} == every and set(us.instance()) == {"50.3.0.0/16"}
    view = ("bgp 100", "ipv4-multicast vpn-instance vpna")
    us.dut.configure("ip ip-prefix THIRTY index 10 permit 30.0.0.0 8 greater-equal 8 less-equal 32",
                     "route-policy THIRTY permit node 10", "if-match ip-prefix THIRTY", "quit", *view,
                     "peer 10.0.0.3 keep-all-routes")
    us.settle()
    before = asked()
    for line, wanted in (("peer 10.0.0.3 route-policy THIRTY import", every - {"40.3.0.0/16"}),
                         ("undo peer 10.0.0.3 route-policy THIRTY import", every)):
        us.dut.configure(*view, line)
        wait_for("it at BIRD", lambda: at_bird() == wanted, 10)
    us.settle()
    assert asked() == before
    us.dut.configure(*view, "undo peer 10.0.0.3 keep-all-routes")
    us.dut.run("refresh bgp vpn-instance vpna multicast all import")
    wait_for("the refresh", lambda: asked() == before + 1, 10)
    us.settle()
    us.dut.run("refresh bgp vpn-instance vpna multicast all export")
    wait_for("both marks", lambda: asked() == before + 3, 10)     # FRR counts BoRR and EoRR too
    us.settle()
    assert at_bird() == every == at_frr() and set(peers().values()) == {("Established", 1)}
    us.dut.run("reset bgp vpn-instance vpna multicast all")
    wait_for("new sessions", lambda: set(peers().values()) == {("Established", 2)}, 20)
    wait_for("all of it at BIRD", lambda: at_bird() == every, 20)
