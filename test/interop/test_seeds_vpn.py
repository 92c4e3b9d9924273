"""The documents of the VPN families, typed as they stand, and a check for each row of their parameter tables and
each sentence under Precautions. doc/seeds.md lists which sentence is checked where.

seed 001: Configuring MBGP Soft Resetting (its VPN instance)
seed 002: refresh bgp vpn-target
seed 003: refresh bgp mvpn
seed 004: peer keep-all-routes (BGP-VPN instance IPv4 address family view)
"""
import re
import socket
import time

import pytest

from daemons import Afresh, wait_for
from lab import AS
from terminal import Terminal
from wirepeer import (IPV4, MULTICAST, MVPN, NOTIFICATION, REFRESH, VPN_TARGET, VPNV4, Update, end_of_rib, mvpn_bytes,
                      rd_bytes, refresh, update)

SPOKEN = {"vpn-target": VPN_TARGET, "mvpn": MVPN}


def route_of(family, n, i=1):
    """Something that the neighbour says in that family."""
    own = dict(next_hop=n.address, family=family, **({"local_pref": 100} if n.asn == AS else {"path": [n.asn]}))
    if family == VPN_TARGET:
        return update([f"{n.asn} RT<100:{i}>"], **own)
    nlri = mvpn_bytes(1, rd_bytes(f"100:{i}"), socket.inet_aton(n.address))
    return update([nlri], rt=("100:1",), **own)


class Scene:
    """Four neighbours that speak the family (internal and external, one of a group), and one that does not."""

    def __init__(self, lab, words, **options):
        self.words, self.family = words, SPOKEN[words]
        self.lab = lab(**options)
        self.lab.family_lines = {MVPN: ("undo policy vpn-target",)} if self.family == MVPN else {}
        families = (VPNV4, self.family)
        self.inner = self.lab.peer(10, AS, families=families, af_lines=("reflect-client",))
        self.second = self.lab.peer(11, AS, families=families, af_lines=("reflect-client",))
        self.outer = self.lab.peer(12, 65001, families=families)
        self.member = self.lab.peer(13, 65002, families=families)
        self.other = self.lab.peer(14, AS, families=(VPNV4,))
        self.all = [self.inner, self.second, self.outer, self.member]

    def run(self):
        self.lab.run()
        self.lab.dut.configure(f"bgp {AS}", "group edge external", f"peer {self.member.address} group edge",
                               self.view(), "peer edge enable")
        self.lab.up(self.member)
        for i, n in enumerate(self.all):
            n.wire.send(route_of(self.family, n, i + 1))
        time.sleep(0.5)
        for n in [*self.all, self.other]:
            n.wire.quiet(0.4)
            n.wire.clear()
        return self

    def view(self):
        return f"ipv4-family {self.words}"

    def refresh(self, selector, direction):
        return self.lab.dut.run(f"refresh bgp {self.words} {selector} {direction}")

    def chosen(self, selector):
        return {"all": self.all, "internal": [self.inner, self.second], "external": [self.outer, self.member],
                "group": [self.member], "address": [self.second]}[selector]

    def typed(self, selector):
        return {"group": "group edge", "address": self.second.address}.get(selector, selector)

    def held(self):
        return [n.wire.closed.is_set() or n.wire.count(NOTIFICATION) for n in [*self.all, self.other]]


@pytest.fixture(params=["vpn-target", "mvpn"])
def words(request):
    return request.param


@pytest.mark.parametrize("selector", ["all", "address", "group", "external", "internal"])
def test_seed_002_003_import_asks_exactly_the_selected_peers(lab, words, selector):
    """Rows all, ipv4-address, group, external, internal and import: a ROUTE-REFRESH for the family to each of them, to
    nobody else, for no other family; and no session drops."""
    s = Scene(lab, words).run()
    s.refresh(s.typed(selector), "import")
    for n in s.chosen(selector):
        n.wire.wait(lambda: n.wire.count(REFRESH))
    for n in [*s.all, s.other]:
        n.wire.quiet(0.3)
        assert n.wire.refreshes(0) == ([s.family] if n in s.chosen(selector) else []), n.address
    assert not any(s.held())


@pytest.mark.parametrize("selector", ["all", "address", "group", "external", "internal"])
def test_seed_002_003_export_tells_exactly_the_selected_peers(lab, words, selector):
    """Row export: what we have announced in the family is announced again, and nothing of another family."""
    s = Scene(lab, words).run()
    told = {n: set(n.wire.routes(s.family)) for n in s.all}
    assert any(told.values())
    s.refresh(s.typed(selector), "export")
    for n in s.chosen(selector):
        n.wire.wait(lambda: {p for u in n.wire.updates() if u.family == s.family for p in u.announced} == told[n])
    for n in [*s.all, s.other]:
        n.wire.quiet(0.3)
        families = {u.family for u in n.wire.updates() if u.announced or u.withdrawn}
        assert families <= ({s.family} if n in s.chosen(selector) else set()), n.address
        assert n.wire.count(REFRESH) == 0 or all(k == s.family for k in n.wire.refreshes())
    assert not any(s.held())


def test_seed_002_003_the_answer_becomes_the_table(lab, words):
    """Function: the connection is softly reset: what the peer says now counts, what it no longer says is over."""
    s = Scene(lab, words).run()
    s.refresh(s.inner.address, "import")
    s.inner.wire.wait(lambda: s.inner.wire.count(REFRESH))
    s.inner.wire.send(refresh(s.family, 1) + route_of(s.family, s.inner, 77) + refresh(s.family, 2))
    gone, come = ("100:1", "100:77")
    def seen(n):
        return " ".join(n.wire.routes(s.family))
    text = (lambda t: f"RT<{t}>") if words == "vpn-target" else (lambda t: "1 " + rd_bytes(t).hex() + socket.inet_aton(s.inner.address).hex())
    s.second.wire.wait(lambda: text(come) in seen(s.second) and text(gone) not in seen(s.second))


def test_seed_002_003_policies_are_applied_without_tearing_down(lab, words):
    """Usage guidelines: an import policy changes, the command applies it, every session stays."""
    s = Scene(lab, words).run()
    before = [n.wire.closed.is_set() for n in s.all]
    s.lab.commit(f"peer {s.inner.address} route-policy NONE import", view=s.view())
    s.refresh(s.inner.address, "import")
    s.inner.wire.wait(lambda: s.inner.wire.count(REFRESH))
    mine = route_of(s.family, s.inner, 1)
    s.second.wire.wait(lambda: text_of(mine) not in s.second.wire.routes(s.family))
    assert before == [n.wire.closed.is_set() for n in s.all] and not any(s.held())


def text_of(message):
    return Update(message[19:]).announced[0]


@pytest.mark.parametrize("selector", ["all", "address"])
def test_seed_003_precautions_keep_all_routes_and_refresh(lab, words, selector):
    """Precautions: with route refresh and keep-all-routes the command does not refresh the table: no ROUTE-REFRESH, one
    line that says so; the table follows the policy by itself. The statement for these families is the global one."""
    s = Scene(lab, words, bgp_lines=("keep-all-routes",)).run()
    out = s.refresh(s.typed(selector), "import")
    assert "Info:" in out
    for n in s.all:
        n.wire.quiet(0.3)
        assert n.wire.count(REFRESH) == 0


def test_seed_002_003_views(lab, words):
    """Views: user view only."""
    s = Scene(lab, words)
    s.lab.run()
    code, out = s.lab.dut.run("system-view", f"refresh bgp {words} all import", check=False)
    assert code and "Unrecognized command" in out


@pytest.mark.parametrize("line,error", [
    ("refresh bgp {} all", "Incomplete command"),
    ("refresh bgp {} import", "Wrong parameter|Unrecognized|Incomplete"),
    ("refresh bgp {} 127.0.0.77 import", "Error: The peer does not exist."),
    ("refresh bgp {} group nobody export", "Error: The peer group does not exist."),
    ("refresh bgp {} all import export", "Too many parameters"),
])
def test_seed_002_003_what_is_wrong_is_said(lab, words, line, error):
    s = Scene(lab, words)
    s.lab.run()
    code, out = s.lab.dut.run(line.format(words), check=False)
    assert code and re.search(error, out), out


def test_seed_003_has_no_ipv6_address(lab):
    s = Scene(lab, "mvpn")
    s.lab.run()
    code, out = s.lab.dut.run("refresh bgp mvpn 2001:db8::1 import", check=False)
    assert code and "Wrong parameter" in out


@pytest.mark.parametrize("direction", ["import", "export"])
def test_seed_002_ipv6_address(start, town, direction):
    """Row ipv6-address: a neighbour over IPv6, two speakers of ours."""
    pair = speakers(start, town, "vpn-target", direction == "import")
    us, them = pair
    count = "refresh_sent" if direction == "import" else "messages_sent"
    def peer():
        return us.json("display bgp vpn-target peer verbose")["peers"][0]
    before = peer()
    us.run(f"refresh bgp vpn-target 2001:db8::2 {direction}")
    wait_for("the refresh", lambda: peer()[count] > before[count], 10, 0.05)
    assert peer()["established_count"] == 1
    code, out = us.run("refresh bgp vpn-target 2001:db8::77 import", check=False)
    assert code and "Error: The peer does not exist." in out


def speakers(start, town, words, wide=True):
    """Two of ours on a street, one session over IPv6 in the family."""
    made = []
    for here, there in ((1, 2), (2, 1)):
        text = f"""sysname s{here}
#
ip vpn-instance vpna
 ipv4-family
  route-distinguisher 100:{here}
  vpn-target 100:1 both
#
bgp 100
 router-id 10.0.0.{here}
 timer connect-retry 1
 peer 2001:DB8::{there} as-number 100
 #
 ipv4-family vpnv4
  peer 2001:DB8::{there} enable
 #
 ipv4-family {words}
  peer 2001:DB8::{there} enable
#
return
"""
        d = start(Afresh, f"s{here}", "", text)
        d.prefix = town.house(here).prefix
        made.append(d.start())
    wait_for("the session", lambda: made[0].json(f"display bgp {words} peer verbose")["peers"][0]["state"] == "Established", 20)
    wait_for("its routes", lambda: made[0].json(f"display bgp {words} peer verbose")["peers"][0]["routes_received"] > 0
             if words == "vpn-target" else True, 20)
    return made


def test_seed_002_example(lab):
    """<HUAWEI> refresh bgp vpn-target all import"""
    s = Scene(lab, "vpn-target").run()
    s.lab.dut.run("refresh bgp vpn-target all import")
    for n in s.all:
        n.wire.wait(lambda: n.wire.refreshes(0) == [VPN_TARGET])


def test_seed_003_example(lab):
    """<HUAWEI> refresh bgp mvpn all export"""
    s = Scene(lab, "mvpn").run()
    s.lab.dut.run("refresh bgp mvpn all export")
    for n in s.all:
        n.wire.wait(lambda: any(u.family == MVPN and u.announced for u in n.wire.updates()))


# --- seed 004 -------------------------------------------------------------------------------------------
EXAMPLE = ["system-view", "ip vpn-instance vpna", "ipv4-family", "route-distinguisher 100:1", "quit", "quit", "bgp 100",
           "ipv4-family vpn-instance vpna", "peer 1.1.1.1 as-number 100", "peer 1.1.1.1 keep-all-routes"]


def test_seed_004_example(lab):
    """The example, word for word, on an empty router; then committed."""
    l = lab(prelude="")
    l.dut = l.start_daemon(Afresh, "empty", l.address, "sysname HUAWEI\n#\nreturn\n").start()
    l.dut.run(*EXAMPLE, "commit")
    text = l.dut.run("display current-configuration")
    for line in ("ip vpn-instance vpna", " ipv4-family\n", "  route-distinguisher 100:1", "bgp 100",
                 " ipv4-family vpn-instance vpna", "  peer 1.1.1.1 as-number 100", "  peer 1.1.1.1 keep-all-routes"):
        assert line in text, text


PROMPTS = ["[~HUAWEI]", "[*HUAWEI-vpn-instance-vpna]", "[*HUAWEI-vpn-instance-vpna-af-ipv4]",
           "[*HUAWEI-vpn-instance-vpna-af-ipv4]", "[*HUAWEI-vpn-instance-vpna]", "[*HUAWEI]", "[*HUAWEI-bgp]",
           "[*HUAWEI-bgp-vpna]", "[*HUAWEI-bgp-vpna]", "[*HUAWEI-bgp-vpna]"]


def test_seed_004_prompts_of_the_example(lab):
    """The prompts stand in the document; typed at a terminal they are those."""
    l = lab(prelude="")
    l.dut = l.start_daemon(Afresh, "empty", l.address, "sysname HUAWEI\n#\nreturn\n").start()
    t = Terminal(l.dut.socket)
    t.expect("<HUAWEI>")
    for line, prompt in zip(EXAMPLE, PROMPTS):
        assert "Error" not in t.type(line, re.escape(prompt))
    t.close()


class Customer:
    """An instance with one customer whose routes an import policy halves."""

    def __init__(self, lab, refresh=True, **wire):
        self.lab = lab()
        self.i = self.lab.instance("vpna", "100:1", ["100:1"], ["100:1"])
        self.ce = self.lab.peer(20, 65001, instance=self.i, af_lines=("route-policy NOTEN import",), route_refresh=refresh,
                                enhanced=refresh)
        self.pe = self.lab.peer(10, AS, families=(VPNV4,))
        self.lab.run()
        self.say()
        self.pe.wire.wait_routes(["100:1 20.1.0.0/16"], VPNV4)

    def say(self):
        self.ce.wire.send(update(["10.1.0.0/16", "20.1.0.0/16"], path=[65001], next_hop=self.ce.address) + end_of_rib())

    def routes(self, what):
        answer = self.lab.dut.json(f"display bgp vpnv4 vpn-instance vpna routing-table peer {self.ce.address} {what}")
        return {r["prefix"] for r in answer["routes"]}

    def commit(self, *lines):
        return self.lab.commit(*lines, view=self.i.view())


def test_seed_004_default_saves_only_what_passes(lab):
    """By default, only the updates that pass the configured ingress policy are saved."""
    s = Customer(lab)
    assert s.routes("received-routes") == {"20.1.0.0/16"} and s.routes("not-accepted-routes") == set()


def test_seed_004_saves_all_updates(lab):
    """Function: all updates are saved, even though they do not pass the ingress policy; and undo disables it."""
    s = Customer(lab)
    s.commit(f"peer {s.ce.address} keep-all-routes")
    s.ce.wire.wait(lambda: s.ce.wire.refreshes(0) == [IPV4])     # filled by one ROUTE-REFRESH
    s.ce.wire.send(refresh(IPV4, 1))
    s.say()
    s.ce.wire.send(refresh(IPV4, 2))
    wait_for("all of it", lambda: s.routes("received-routes") == {"10.1.0.0/16", "20.1.0.0/16"}, 10)
    assert s.routes("not-accepted-routes") == {"10.1.0.0/16"}
    s.commit(f"undo peer {s.ce.address} route-policy NOTEN import")
    s.pe.wire.wait_routes(["100:1 10.1.0.0/16", "100:1 20.1.0.0/16"], VPNV4)
    s.commit(f"peer {s.ce.address} route-policy NOTEN import")
    s.commit(f"undo peer {s.ce.address} keep-all-routes")
    wait_for("only what passes", lambda: s.routes("received-routes") == {"20.1.0.0/16"}, 10)
    assert not s.ce.wire.closed.is_set() and not s.pe.wire.closed.is_set()


def test_seed_004_with_route_refresh_sessions_stay_and_refresh_does_nothing(lab):
    """Precautions: with route refresh no session is re-established; `refresh bgp` then does not refresh the table."""
    s = Customer(lab)
    s.commit(f"peer {s.ce.address} keep-all-routes")
    s.ce.wire.wait(lambda: s.ce.wire.count(REFRESH))
    s.ce.wire.send(refresh(IPV4, 1) + refresh(IPV4, 2))
    s.lab.settle()
    s.ce.wire.clear()
    out = s.lab.dut.run("refresh bgp vpn-instance vpna ipv4-family all import")
    s.ce.wire.quiet(0.3)
    assert "Info:" in out and s.ce.wire.count(REFRESH) == 0 and not s.ce.wire.closed.is_set()


def test_seed_004_without_route_refresh_the_first_time_sessions_are_new(lab):
    """Precautions: without route refresh, when it is run for the first time, the session is re-established: once."""
    s = Customer(lab, refresh=False)
    out = s.commit(f"peer {s.ce.address} keep-all-routes")
    assert "will be reset: 1" in out and s.ce.address in out
    s.ce.wire.wait(s.ce.wire.closed.is_set)
    s.lab.up(s.ce)
    s.say()
    wait_for("all of it", lambda: s.routes("received-routes") == {"10.1.0.0/16", "20.1.0.0/16"}, 10)
    s.commit(f"undo peer {s.ce.address} route-policy NOTEN import")
    s.pe.wire.wait_routes(["100:1 10.1.0.0/16", "100:1 20.1.0.0/16"], VPNV4)
    assert not s.ce.wire.closed.is_set()


def test_seed_004_the_undo_quirk(lab):
    """Precautions: while the global keep-all-routes stands, `undo peer keep-all-routes` has no effect; after
    `undo keep-all-routes` and `peer keep-all-routes` it has."""
    s = Customer(lab)
    s.lab.commit("keep-all-routes", view=None)
    s.ce.wire.wait(lambda: s.ce.wire.count(REFRESH))
    s.ce.wire.send(refresh(IPV4, 1))
    s.say()
    s.ce.wire.send(refresh(IPV4, 2))
    everything = {"10.1.0.0/16", "20.1.0.0/16"}
    wait_for("all of it", lambda: s.routes("received-routes") == everything, 10)
    s.commit(f"peer {s.ce.address} keep-all-routes")
    s.commit(f"undo peer {s.ce.address} keep-all-routes")
    assert s.routes("received-routes") == everything
    s.commit(f"peer {s.ce.address} keep-all-routes")
    s.lab.commit("undo keep-all-routes", view=None)
    assert s.routes("received-routes") == everything
    s.commit(f"undo peer {s.ce.address} keep-all-routes")
    wait_for("only what passes", lambda: s.routes("received-routes") == {"20.1.0.0/16"}, 10)


def test_seed_004_no_such_peer(lab):
    """Implementation procedure: if no peer exists, a message says so; nothing changes."""
    s = Customer(lab)
    before = s.lab.dut.run("display current-configuration")
    code, out = s.lab.dut.run("system-view", f"bgp {AS}", s.i.view(), "peer 127.0.0.77 keep-all-routes", check=False)
    assert code and "Error: The peer does not exist." in out
    assert s.lab.dut.run("display current-configuration") == before


# --- seed 001 in a VPN instance --------------------------------------------------------------------------
def test_seed_001_keep_all_routes_in_a_vpn_instance(lab):
    """Step 3: ipv4-multicast vpn-instance, then peer keep-all-routes, then commit."""
    l = lab()
    i = l.instance("vpna", "100:1", ["100:1"], ["100:1"])
    ce = l.peer(20, 65001, families=(IPV4, MULTICAST), instance=i)
    l.run_with_multicast = True
    text = l.config().replace("#\nreturn\n", f" #\n ipv4-multicast vpn-instance vpna\n  peer {ce.address} enable\n"
                              f"  peer {ce.address} route-policy NOTEN import\n#\nreturn\n")
    l.config = lambda: text
    l.run()
    both = update(["10.1.0.0/16", "20.1.0.0/16"], path=[65001], next_hop=ce.address, family=MULTICAST)
    ce.wire.send(both + end_of_rib(MULTICAST))

    def routes(what):
        answer = l.dut.json(f"display bgp multicast vpn-instance vpna routing-table peer {ce.address} {what}")
        return {r["prefix"] for r in answer["routes"]}
    wait_for("what passes", lambda: routes("received-routes") == {"20.1.0.0/16"}, 10)
    l.dut.run("system-view", "bgp 100", "ipv4-multicast vpn-instance vpna", f"peer {ce.address} keep-all-routes", "commit")
    ce.wire.wait(lambda: MULTICAST in ce.wire.refreshes(0))
    ce.wire.send(refresh(MULTICAST, 1) + both + refresh(MULTICAST, 2))
    wait_for("all of it", lambda: routes("received-routes") == {"10.1.0.0/16", "20.1.0.0/16"}, 10)
    assert routes("not-accepted-routes") == {"10.1.0.0/16"}
    l.settle()
    ce.wire.clear()
    l.dut.run("refresh bgp vpn-instance vpna multicast all export")
    out = l.dut.run("refresh bgp vpn-instance vpna multicast all import")
    ce.wire.quiet(0.3)
    assert "Info:" in out and ce.wire.refreshes(0) == [] and not ce.wire.closed.is_set()
