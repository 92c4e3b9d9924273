"""Our speaker and its rivals on one street, and what every pair must do (test_frr.py and its
sisters call these by name). Our speaker lives at 10.0.0.1 and 2001:db8::1, AS 100.

Each check reads both ends: our displays as JSON, and the rival's own counters, tables and log.
"""
import re
import time

from daemons import Afresh, wait_for
from lab import VIEWS
from rivals import ROUTES, TAGS, ExabgpRival, Session
from town import IPV4_OF, IPV6_OF
from wirepeer import IPV4, IPV6, MULTICAST

AS = 100
US4, US6 = IPV4_OF.format(1), IPV6_OF.format(1)
SELECTOR = {IPV4: "", IPV6: "ipv6", MULTICAST: "multicast"}
# What we originate, and what we put on it.
OURS = {IPV4: [f"30.{i}.0.0/16" for i in range(1, 4)] + [f"40.{i}.0.0/16" for i in range(1, 4)],
        IPV6: ["2001:db8:c:1::/64", "2001:db8:d:1::/64"], MULTICAST: ["30.9.0.0/16", "40.9.0.0/16"]}
MARKS = {"communities": ["100:1", "100:2"], "large": ["4200000100:1:2"], "med": 55, "local_pref": 222,
         "prepend": 4200000003}

POLICIES = f"""route-policy ALL permit node 10
#
route-policy NONE deny node 10
#
route-policy NOTEN deny node 5
 if-match ip-prefix TEN
 if-match ipv6 address prefix-list DOC
#
route-policy NOTEN permit node 10
#
route-policy NOTHIRTY deny node 5
 if-match ip-prefix THIRTY
 if-match ipv6 address prefix-list CEE
#
route-policy NOTHIRTY permit node 10
#
route-policy TAG permit node 10
 apply community 100:77 additive
#
route-policy MARKS permit node 10
 apply community 100:1 100:2
 apply large-community 4200000100:1:2 overwrite
 apply cost 55
 apply local-preference 222
 apply as-path 4200000003 additive
#
route-policy HOP6 permit node 10
 apply ipv6 next-hop 2001:DB8::1
#
ip ip-prefix TEN index 10 permit 10.0.0.0 8 greater-equal 8 less-equal 32
#
ip ip-prefix THIRTY index 10 permit 30.0.0.0 8 greater-equal 8 less-equal 32
#
ip ipv6-prefix DOC index 10 permit 2001:DB8:A:: 48 greater-equal 48 less-equal 64
#
ip ipv6-prefix CEE index 10 permit 2001:DB8:C:: 48 greater-equal 48 less-equal 64
#
"""


def network_line(prefix):
    address, length = prefix.split("/")
    return f"network {address.upper()} {length} route-policy MARKS"


def numbers(text):
    """The numbers of an AS path's or a community list's text."""
    return [int(n) for n in re.findall(r"\d+", text)]


def values(text):
    """Communities, plain or large, in a text."""
    return re.findall(r"\d+(?::\d+)+", str(text))


class Pair:
    """The scene of one test. `options` of a rival that our configuration needs to know: families,
    wide (over IPv6), lines and af_lines (of ours about it), plain (no lines about communities)."""

    def __init__(self, start, town, asn=AS, bgp_lines=(), bgp_as=None, ours=True):
        self.start, self.town, self.asn, self.bgp_lines, self.bgp_as = start, town, asn, bgp_lines, bgp_as or asn
        self.ours = OURS if ours is True else (ours or {})
        self.rivals, self.lines, self.af_lines = [], {}, {}
        self.family_lines = {}   # further lines of ours, by family
        self.dut = None

    def rival(self, kind, number=2, asn=200, families=(IPV4,), wide=False, lines=(), af_lines=(), originate=True,
              dynamic=False, session=None, **options):
        s = Session(US6 if wide else US4, self.asn, tuple(families), **(session or {}))
        r = kind(self.start, self.town, number, asn, [s], originate, **options)
        r.us = (IPV6_OF if wide else IPV4_OF).format(number)   # what we call it
        r.dynamic = dynamic
        self.rivals.append(r)
        self.lines[r], self.af_lines[r] = lines, af_lines
        return r

    def config(self):
        text = "sysname dut\n#\n" + POLICIES + f"bgp {self.bgp_as}\n router-id {US4}\n timer connect-retry 1\n"
        text += "".join(f" {line}\n" for line in self.bgp_lines)
        static = [r for r in self.rivals if not r.dynamic]
        for r in static:
            text += "".join(f" peer {r.us} {line}\n" for line in (f"as-number {r.asn}", *self.lines[r]))
        families = {f for r in self.rivals for f in r.families()}
        for family, view in VIEWS.items():
            if family not in families and family != IPV4:
                continue
            text += f" #\n {view}\n"
            text += "".join(f"  {network_line(p)}\n" for p in self.ours.get(family, []) if family in families)
            text += "".join(f"  {line}\n" for line in self.family_lines.get(family, ()))
            for r in static:
                if family in r.families():
                    text += "".join(f"  peer {r.us} {line}\n" for line in
                                    ("enable", "advertise-community", "advertise-large-community", *self.af_lines[r]))
                elif family == IPV4 and ":" not in r.us:
                    text += f"  undo peer {r.us} enable\n"
        return text + "#\nreturn\n"

    def run(self, wait=True):
        for r in self.rivals:
            r.start()
        self.dut = self.start(Afresh, "afresh", "", self.config())
        self.dut.prefix = self.town.house(1).prefix
        self.dut.start()
        if wait:
            self.established()
        return self

    def established(self, *rivals, seconds=15):
        for r in rivals or self.rivals:
            wait_for(f"a session with {r.name}", lambda: self.peer(r)["state"] == "Established" and r.status().up,
                     seconds, 0.05)

    # --- our side ---------------------------------------------------------------------------------
    def peer(self, r, family=None):
        family = family or r.families()[0]
        peers = self.dut.json(f"display bgp {SELECTOR[family]} peer verbose")["peers"]
        return next((p for p in peers if p["peer"].lower() == r.us), {"state": "absent", "established_count": 0})

    def routes(self, what="", family=IPV4):
        answer = self.dut.json(f"display bgp {SELECTOR[family]} routing-table {what}")
        return {r["prefix"].lower(): r for r in answer["routes"]}

    def received(self, r, family=IPV4):
        return self.routes(f"peer {r.us} received-routes", family)

    def installed(self, prefixes, family=IPV4):
        held = self.routes(family=family)
        return [held[p] for p in prefixes]

    def wait_received(self, r, expected, family=IPV4, seconds=15):
        wait_for(f"routes of {r.name}", lambda: set(self.received(r, family)) == set(expected), seconds, 0.05)
        return self.received(r, family)

    def commit(self, *lines, view=VIEWS[IPV4]):
        return self.dut.configure(f"bgp {self.bgp_as}", *([view] if view else []), *lines)

    def settle(self):
        """Waits for soft resets to end, unless somebody answers without an end: then they end by a quiet time."""
        if all(r.marks_end for r in self.rivals):
            wait_for("soft resets to end", lambda: not self.dut.json("display bgp refresh")["running"], 20, 0.05)

    # --- both sides -------------------------------------------------------------------------------
    def sessions(self):
        """How often each session has come up, as each end counts it."""
        return {r.name: (self.peer(r)["established_count"], r.status().established) for r in self.rivals}

    def exchanged(self, r, family=IPV4):
        """Everything has gone both ways."""
        theirs = self.wait_received(r, r.originated(family), family)
        return theirs, r.wait_routes(self.ours.get(family, []), family)


def same(one, other):
    return sorted(one) == sorted(other)


def check_attributes(pair, r, family=IPV4):
    """Routes both ways, every attribute as it was given."""
    internal = r.asn == pair.asn
    theirs, ours = pair.exchanged(r, family)
    hop = {IPV6: r.address6}.get(family, r.address)
    for prefix, t in theirs.items():
        assert numbers(t["as_path"]) == ([] if internal else [r.asn]) + [TAGS["prepend"]], (prefix, t)
        assert same(values(t["communities"]), TAGS["communities"]) and values(t["large_communities"]) == TAGS["large"]
        assert t["med"] == TAGS["med"] and t["origin"] == "igp" and t["next_hop"].lower() == hop, (prefix, t)
        assert t.get("local_preference") == (TAGS["local_pref"] if internal else t.get("local_preference"))
    for prefix, o in ours.items():
        assert o.path == ([] if internal else [pair.asn]) + [MARKS["prepend"]], (prefix, o)
        assert same(o.communities, MARKS["communities"]) and o.large == MARKS["large"], (prefix, o)
        assert o.med == MARKS["med"] and o.origin == "igp", (prefix, o)
        assert o.next_hop == (US6 if family == IPV6 else US4), (prefix, o)
        # Never toward EBGP (BIRD gives such routes 100 itself).
        assert o.local_pref == MARKS["local_pref"] if internal else o.local_pref in (None, 100), (prefix, o)


def check_we_ask(pair, r, family=IPV4):
    """refresh ... import: counted once by the rival, answered by it, and nothing else moves."""
    pair.exchanged(r, family)
    before, asked = pair.sessions(), r.status().refreshes
    updates = pair.peer(r, family)["messages_received"]
    pair.dut.run(f"refresh bgp {SELECTOR[family]} {r.us} import")
    wait_for("the rival to count it", lambda: r.status().refreshes > asked, 10, 0.05)
    pair.settle()
    wait_for("its answer", lambda: pair.peer(r, family)["messages_received"] > updates, 10, 0.05)
    assert r.status().refreshes == asked + 1
    assert set(pair.received(r, family)) == set(r.originated(family))
    assert pair.sessions() == before


def check_they_ask(pair, r, family=IPV4):
    """The rival asks: all our routes come to it again, and it has what it had."""
    pair.exchanged(r, family)
    before, told, asked = pair.sessions(), r.status().updates, pair.peer(r, family)["refresh_received"]
    r.ask(family)
    wait_for("us to count it", lambda: pair.peer(r, family)["refresh_received"] == asked + 1, 10, 0.05)
    wait_for("our answer", lambda: r.status().updates > told, 10, 0.05)
    r.wait_routes(pair.ours[family], family)
    assert pair.sessions() == before


def check_import_policy(pair, r, watch, keep, family=IPV4):
    """An import policy that refuses 10/8 comes and goes. `watch` is an ExaBGP listener (or None): it hears of
    exactly those routes, once each. With keep-all-routes the rival hears nothing at all."""
    ten = [p for p in r.originated(family) if p.startswith(("10.", "2001:db8:a:"))]
    rest = [p for p in r.originated(family) if p not in ten]
    pair.exchanged(r, family)
    if watch:
        watch.wait_routes(r.originated(family) + pair.ours[family], family)
    before, asked = pair.sessions(), r.status().refreshes
    told = watch.mark() if watch else 0
    pair.commit(f"peer {r.us} route-policy NOTEN import", view=VIEWS[family])
    pair.settle()
    wait_for("routes to go", lambda: set(pair.routes(family=family)) == set(rest + pair.ours[family]), 10, 0.05)
    if watch:
        watch.wait_routes(rest + pair.ours[family], family)
        assert watch.heard(told, family) == ([], sorted(ten))
        told = watch.mark()
    pair.commit(f"peer {r.us} route-policy ALL import", view=VIEWS[family])
    wait_for("routes to come back", lambda: set(pair.routes(family=family)) ==
             set(r.originated(family) + pair.ours[family]), 10, 0.05)
    pair.settle()
    if watch:
        watch.wait_routes(r.originated(family) + pair.ours[family], family)
        assert watch.heard(told, family) == (sorted(ten), [])
    assert (r.status().refreshes == asked) is keep
    assert pair.sessions() == before


def check_export_policy(pair, r, family=IPV4):
    """An export policy that refuses 30/8 comes and goes: the rival loses and regains exactly that."""
    thirty = [p for p in pair.ours[family] if p.startswith(("30.", "2001:db8:c:"))]
    rest = [p for p in pair.ours[family] if p not in thirty]
    pair.exchanged(r, family)
    before, told = pair.sessions(), r.status().updates
    pair.commit(f"peer {r.us} route-policy NOTHIRTY export", view=VIEWS[family])
    r.wait_routes(rest, family)
    pair.settle()
    assert r.status().updates - told <= pair.dut.threads   # a message for each part of the table took them all away
    told = r.status().updates
    pair.commit(f"undo peer {r.us} route-policy NOTHIRTY export", view=VIEWS[family])
    r.wait_routes(pair.ours[family], family)
    pair.settle()
    assert r.status().updates - told <= len(thirty)   # BIRD counts routes, the others messages
    told = r.status().updates
    pair.commit(f"peer {r.us} route-policy ALL export", view=VIEWS[family])
    pair.settle()
    assert r.status().updates == told
    assert pair.sessions() == before


def check_dynamic(pair, r):
    """A rival that no line names comes in by a group's range, is shown as dynamic, and goes with its session."""
    pair.bgp_lines = ("group D listen external", "peer D listen-net 10.0.0.0 24", "peer D listen-as 200 300")
    pair.family_lines[IPV4] = ("peer D enable", "peer D advertise-community", "peer D advertise-large-community")
    pair.run()
    check_attributes(pair, r)
    assert pair.peer(r)["dynamic"]
    assert re.search(rf"^ \*{r.us} ", pair.dut.run("display bgp peer"), re.M)
    r.daemon.stop()
    wait_for("it to be forgotten", lambda: pair.peer(r)["state"] in ("absent", "Idle", "Active") and not pair.routes(
        "10.0.0.0 8 longer-prefixes"), 10, 0.1)


def check_aggregate_and_default(pair, r):
    """An aggregate in place of its parts, then a default route, each seen and each gone again."""
    pair.exchanged(r)
    before = pair.sessions()
    pair.commit("aggregate 30.0.0.0 8 detail-suppressed")
    forty = [p for p in pair.ours[IPV4] if p.startswith("40.")]
    held = r.wait_routes(["30.0.0.0/8", *forty])
    assert held["30.0.0.0/8"].path in ([pair.asn], [pair.asn, MARKS["prepend"]])
    pair.commit("undo aggregate 30.0.0.0 8")
    r.wait_routes(pair.ours[IPV4])
    pair.commit(f"peer {r.us} default-route-advertise")
    assert r.wait_routes(["0.0.0.0/0", *pair.ours[IPV4]])["0.0.0.0/0"].path == [pair.asn]
    pair.commit(f"undo peer {r.us} default-route-advertise")
    r.wait_routes(pair.ours[IPV4])
    assert pair.sessions() == before


def check_large_message(pair, r, fits):
    """A route whose attributes need more than 4096 octets: it comes through us if the rival takes such messages
    (RFC 8654), else the rival is not told of it, keeps its session and hears the rest."""
    extra = " community [ " + " ".join(f"500:{i}" for i in range(1300)) + " ]"
    big = pair.rival(ExabgpRival, 8, 800, originate={IPV4: ["80.0.0.0/8"]},
                     session={"tagged": False, "route_refresh": False}, extra=extra)
    pair.run()
    wait_for("the large route", lambda: "80.0.0.0/8" in pair.received(big), 10, 0.05)
    assert len(values(pair.received(big)["80.0.0.0/8"]["communities"])) == 1300
    held = r.wait_routes(pair.ours[IPV4] + (["80.0.0.0/8"] if fits else []))
    if fits:
        assert r.community_count("80.0.0.0/8") == 1300
    pair.commit("network 40.8.0.0 16 route-policy MARKS")
    r.wait_routes(pair.ours[IPV4] + ["40.8.0.0/16"] + (["80.0.0.0/8"] if fits else []))
    assert pair.peer(r)["established_count"] == 1


def check_session_only(pair, r):
    pair.exchanged(r)
    assert pair.peer(r)["established_count"] == 1


def check_no_session(pair, r, seconds=4):
    """No session comes about; `pair` was started without waiting. Only our side is judged: with GTSM on
    our side alone the rival hears us and may think that it has one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert pair.peer(r)["established_count"] == 0
        time.sleep(0.2)
    assert pair.dut.log().count("-> Connect") >= 1   # it was tried


def listener(pair, number=9, families=(IPV4,)):
    """An ExaBGP that only listens, and without route refresh: every message of ours to it is in its journal."""
    return pair.rival(ExabgpRival, number, 900, families=families, originate=None,
                      session={"route_refresh": False})
