"""The four rivals behind one face, for the pair tests.

A rival lives in a house of a town (town.py), has one session for each `Session` that the test
names, all of them with our speaker, and originates the routes it is given with the attributes of
TAGS. What it holds and counts is read with its own tools and put into one form:

    routes(family)   {prefix: Route} that it has accepted from us (ExaBGP: that it was told)
    status(session)  Status: established, how often, refreshes and updates received

Where a rival cannot do a thing, its class says so (`can`), with the reason.
"""
import dataclasses
import json
import re
import time

from daemons import Bird, Exabgp, Frr, Gobgp, wait_for
from town import IPV4_OF, IPV6_OF
from wirepeer import IPV4, IPV6, MULTICAST

ROUTES = {IPV4: [f"10.{i}.0.0/16" for i in range(1, 5)] + [f"20.{i}.0.0/16" for i in range(1, 5)],
          IPV6: [f"2001:db8:a:{i}::/64" for i in range(1, 4)] + [f"2001:db8:b:{i}::/64" for i in range(1, 4)],
          MULTICAST: ["10.9.0.0/16", "20.9.0.0/16"]}
# What a rival puts on its routes (LOCAL_PREF only toward iBGP).
TAGS = {"communities": ["200:1", "200:2"], "large": ["4200000002:1:2"], "med": 77, "local_pref": 333,
        "prepend": 4200000001}


@dataclasses.dataclass
class Route:
    path: list
    communities: list = dataclasses.field(default_factory=list)
    large: list = dataclasses.field(default_factory=list)
    med: int | None = None
    local_pref: int | None = None
    origin: str = "igp"
    next_hop: str = ""
    more: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Status:
    up: bool
    established: int = 0
    refreshes: int = 0   # ROUTE-REFRESH received from us
    updates: int = 0     # UPDATE received from us


@dataclasses.dataclass
class Session:
    """From the rival's side: whom it talks to. `them` is our address."""
    them: str = IPV4_OF.format(1)
    asn: int = 100
    families: tuple = (IPV4,)
    password: str = ""
    ttl_security: bool = False
    route_refresh: bool = True
    passive: bool = False
    tagged: bool = True
    shutdown: str = ""


class Rival:
    name = ""
    marks_end = True   # answers a ROUTE-REFRESH with EoRR behind it

    def __init__(self, start, town, number, asn, sessions, originate=True, **options):
        self.number, self.asn, self.sessions, self.options = number, asn, sessions, options
        self.address, self.address6 = IPV4_OF.format(number), IPV6_OF.format(number)
        self.routes_of = ROUTES if originate is True else (originate or {})
        self.daemon = start(self.kind, f"{self.name}{number}", self.address)
        self.daemon.prefix = town.house(number).prefix

    def local(self, session):
        return self.address6 if ":" in session.them else self.address

    def families(self):
        return [f for f in (IPV4, IPV6, MULTICAST) if any(f in s.families for s in self.sessions)]

    def originated(self, family):
        return self.routes_of.get(family, [])

    def log(self):
        return self.daemon.log()

    def community_count(self, prefix):
        return len(self.routes()[prefix].communities)

    def wait_routes(self, expected, family=IPV4, seconds=15):
        want = set(expected)
        end = time.monotonic() + seconds
        while set(self.routes(family)) != want and time.monotonic() < end:
            time.sleep(0.1)
        held = self.routes(family)
        assert set(held) == want, f"{self.name}: {sorted(held)}\n{self.log()[-2000:]}"
        return held


class FrrRival(Rival):
    name, kind = "frr", Frr
    words = {IPV4: "ipv4 unicast", IPV6: "ipv6 unicast", MULTICAST: "ipv4 multicast"}

    def neighbour(self, s):
        lines = [f"remote-as {s.asn}", "timers connect 1", "timers 20 60", "advertisement-interval 0"]
        lines += [f"password {s.password}"] if s.password else []
        lines += ["ttl-security hops 1"] if s.ttl_security else []
        lines += ["disable-connected-check"] if not s.ttl_security and s.asn != self.asn else []
        lines += [] if s.route_refresh else ["dont-capability-negotiate"]
        lines += ["passive"] if s.passive else []
        lines += [f"shutdown message {s.shutdown}"] if s.shutdown else []
        return "".join(f" neighbor {s.them} {line}\n" for line in lines)

    def config(self):
        text = "log stdout\nlog timestamp precision 3\nbgp no-rib\nbgp route-map delay-timer 0\n"
        text += "debug bgp neighbor-events\ndebug bgp updates in\n"
        text += f"bgp as-path access-list OWN permit ^$\nroute-map TAG permit 10\n match as-path OWN\n set community {' '.join(TAGS['communities'])}\n"
        text += f" set large-community {TAGS['large'][0]}\n set metric {TAGS['med']}\n"
        text += f" set local-preference {TAGS['local_pref']}\n set as-path prepend {TAGS['prepend']}\n"
        text += f"router bgp {self.asn}\n bgp router-id {self.address}\n no bgp ebgp-requires-policy\n"
        text += " no bgp default ipv4-unicast\n no bgp network import-check\n no bgp enforce-first-as\n"
        text += "".join(f" {line}\n" for line in self.options.get("bgp_lines", ()))
        text += "".join(self.neighbour(s) for s in self.sessions)
        for family in self.families():
            text += f" address-family {self.words[family]}\n"
            text += "".join(f"  network {p}\n" for p in self.originated(family))
            for s in self.sessions:
                if family in s.families:
                    text += f"  neighbor {s.them} activate\n"
                    text += f"  neighbor {s.them} route-map TAG out\n" if s.tagged else ""
                    text += " exit-address-family\n"
        return text

    def start(self):
        self.daemon.start(self.config(), 179, listen=False)
        return self

    def routes(self, family=IPV4):
        answer = self.daemon.run(f"show bgp {self.words[family]} json detail")
        out = {}
        for prefix, paths in (json.loads(answer)["routes"] if answer.strip() else {}).items():
            for p in paths[1:]:
                if p.get("sourced") or p.get("local"):
                    continue
                out[prefix.lower()] = Route(
                    path=[n for s in p["aspath"].get("segments", []) for n in s["list"]],
                    communities=p.get("community", {}).get("list", []),
                    large=p.get("largeCommunity", {}).get("list", []), med=p.get("metric"),
                    local_pref=p.get("locPrf"), origin=p["origin"].lower(), next_hop=p["nexthops"][0]["ip"], more=p)
        return out

    def neighbours(self):
        return self.daemon.json("show bgp neighbors")

    def status(self, session=None):
        s = session or self.sessions[0]
        n = self.neighbours()[s.them]
        stats = n["messageStats"]
        return Status(n["bgpState"] == "Established", n["connectionsEstablished"], stats["routeRefreshRecv"], stats["updatesRecv"])

    def ask(self, family=IPV4):
        """Has it send us a ROUTE-REFRESH."""
        self.daemon.run(f"clear bgp {self.words[family]} * soft in")


class BirdRival(Rival):
    name, kind = "bird", Bird
    tables = {IPV4: "master4", IPV6: "master6", MULTICAST: "mcast4"}
    words = {IPV4: "ipv4", IPV6: "ipv6", MULTICAST: "ipv4 multicast"}

    def protocol(self, i, s):
        text = f"protocol bgp b{i} {{\n local {self.local(s)} as {self.asn};\n neighbor {s.them} as {s.asn};\n direct;\n"
        text += " connect retry time 1; connect delay time 1; error wait time 1, 2; hold time 60;\n"
        text += " enable extended messages on;\n"
        text += f' password "{s.password}";\n' if s.password else ""
        text += " ttl security on;\n" if s.ttl_security else ""
        text += "" if s.route_refresh else " enable route refresh off;\n"
        text += " passive on;\n" if s.passive else ""
        text += "".join(f" {line}\n" for line in self.options.get("lines_of_its_own", ()))
        for f in s.families:
            text += f" {self.words[f]} {{ table {self.tables[f]}; import all; export filter {'tagged' if s.tagged else 'untagged'}; "
            text += " ".join(self.options.get("channel6" if f == IPV6 else "channel4", ())) + " };\n"
        return text + "}\n"

    def config(self):
        a, b = TAGS["communities"], TAGS["large"][0]
        text = f'log "bird.log" all;\nrouter id {self.address};\ntimeformat log iso long ms;\ntimeformat route iso long ms;\n'
        text += "debug protocols { states, events, packets };\nipv4 table lan4;\nipv6 table lan6;\nipv4 table mcast4;\n"
        text += "protocol device { scan time 5; }\nprotocol direct { ipv4 { table lan4; }; ipv6 { table lan6; }; }\n"
        text += "filter untagged { if source != RTS_STATIC then reject; accept; }\nfilter tagged {\n if source != RTS_STATIC then reject;\n"
        text += "".join(f" bgp_community.add(({c.replace(':', ',')}));\n" for c in a)
        text += f" bgp_large_community.add(({b.replace(':', ',')}));\n bgp_med = {TAGS['med']};\n"
        text += f" bgp_local_pref = {TAGS['local_pref']};\n bgp_path.prepend({TAGS['prepend']});\n accept;\n}}\n"
        for f in self.families():
            channel = "ipv4" if f != IPV6 else "ipv6"
            routes = "".join(f" route {p} blackhole;\n" for p in self.originated(f))
            text += f"protocol static {{ {channel} {{ table {self.tables[f]}; }};\n{routes}}}\n"
        return text + "".join(self.protocol(i, s) for i, s in enumerate(self.sessions))

    def start(self):
        self.daemon.start(self.config())
        return self

    def log(self):
        path = self.daemon.folder / "bird.log"
        return (path.read_text(errors="replace") if path.exists() else "") + self.daemon.log()

    def routes(self, family=IPV4):
        text = self.daemon.run(f"show route all table {self.tables[family]} where proto ~ \"b*\"")
        out, prefix, route = {}, "", None
        for line in text.splitlines():
            m = re.match(r"(\S+/\d+)?\s+\w+(?: \w+)* \[b\d+ (\S+ \S+?)(?: from \S+)?\]", line)
            if m:
                prefix = m[1] or prefix
                route = out[prefix] = Route([], more={"since": m[2]})
            m = re.match(r"\tBGP\.(\w+): ?(.*)", line)
            if m and route:
                self.attribute(route, m[1], m[2])
        return out

    def community_count(self, prefix):
        """BIRD's display cuts long lists off; its filters do not."""
        counts = [1, 100, 1300]
        return next((n for n in counts if prefix in self.daemon.run(
            f"show route for {prefix} where bgp_community.len = {n}")), None)

    @staticmethod
    def attribute(route, key, value):
        route.more[key] = value
        if key == "as_path":
            route.path = [int(n) for n in re.findall(r"\d+", value)]
        elif key in ("community", "large_community"):
            list_ = [re.sub(r",\s*", ":", c) for c in re.findall(r"\(([^)]*)\)", value)]
            setattr(route, "communities" if key == "community" else "large", list_)
        elif key in ("med", "local_pref"):
            setattr(route, key, int(value))
        elif key == "next_hop":
            route.next_hop = value.split()[0]
        elif key == "origin":
            route.origin = value.lower()

    def protocol_name(self, session=None):
        return f"b{self.sessions.index(session) if session else 0}"

    def status(self, session=None):
        name = self.protocol_name(session)
        text = self.daemon.run(f"show protocols all {name}")
        log = re.findall(rf" {name}: (.*)", self.log())
        received = sum(int(n) for n in re.findall(r"Import updates:\s+(\d+)", text))
        return Status("Established" in text, sum("BGP session established" in line for line in log),
                      sum("Got ROUTE-REFRESH" in line for line in log), received)

    def ask(self, family=IPV4):
        self.daemon.run("reload in all")


class GobgpRival(Rival):
    name, kind = "gobgp", Gobgp
    marks_end = False
    words = {IPV4: "ipv4", IPV6: "ipv6"}
    names = {IPV4: "ipv4-unicast", IPV6: "ipv6-unicast"}

    def config(self):
        text = f'[global.config]\n as = {self.asn}\n router-id = "{self.address}"\n'
        for s in self.sessions:
            text += f'[[neighbors]]\n [neighbors.config]\n  neighbor-address = "{s.them}"\n  peer-as = {s.asn}\n'
            text += f'  auth-password = "{s.password}"\n' if s.password else ""
            text += f' [neighbors.timers.config]\n  connect-retry = 1\n  hold-time = 60\n  keepalive-interval = 20\n  idle-hold-time-after-reset = 1\n'
            text += f' [neighbors.transport.config]\n  passive-mode = {str(s.passive).lower()}\n  local-address = "{self.local(s)}"\n'
            if s.ttl_security:
                text += " [neighbors.ttl-security.config]\n  enabled = true\n  ttl-min = 255\n"
            for f in s.families:
                text += f' [[neighbors.afi-safis]]\n  [neighbors.afi-safis.config]\n   afi-safi-name = "{self.names[f]}"\n'
        return text

    def start(self):
        self.daemon.start(self.config(), 50051)
        for f in self.families():
            for p in self.originated(f):
                tags = (f" med {TAGS['med']} community {','.join(TAGS['communities'])} large-community {TAGS['large'][0]}"
                        f" local-pref {TAGS['local_pref']} aspath {TAGS['prepend']}") if self.sessions[0].tagged else ""
                hop = f" nexthop {self.address6}" if f == IPV6 else f" nexthop {self.address}"
                answer = self.daemon.run(f"global rib add {p} -a {self.words[f]} origin igp{hop}{tags}")
                assert "rror" not in answer, answer
        return self

    def routes(self, family=IPV4):
        out = {}
        for prefix, paths in self.daemon.json(f"global rib -a {self.words[family]}").items():
            for p in paths:
                if p.get("source-id") and p.get("neighbor-ip"):
                    out[prefix] = self.route(p)
        return out

    @staticmethod
    def route(p):
        r = Route([], more=p)
        for a in p["attrs"]:
            kind, value = a["type"], a.get("value")
            if kind == 1:
                r.origin = ("igp", "egp", "incomplete")[value]
            elif kind == 2:
                r.path = [n for s in a["as_paths"] for n in s["asns"]]
            elif kind in (3, 14):
                r.next_hop = a["nexthop"]
            elif kind == 4:
                r.med = a["metric"]
            elif kind == 5:
                r.local_pref = value
            elif kind == 8:
                r.communities = [f"{c >> 16}:{c & 65535}" for c in a["communities"]]
            elif kind == 32:
                r.large = [f"{c['ASN']}:{c['LocalData1']}:{c['LocalData2']}" for c in a["value"]]
        return r

    def status(self, session=None):
        s = session or self.sessions[0]
        n = self.daemon.json(f"neighbor {s.them}")
        state, received = n["state"], n["state"]["messages"].get("received", {})
        return Status(state.get("session_state") == 6, self.log().count('"msg":"Peer Up"'),
                      received.get("refresh", 0), received.get("update", 0))


class ExabgpRival(Rival):
    name, kind = "exabgp", Exabgp
    words = {IPV4: "ipv4 unicast", IPV6: "ipv6 unicast", MULTICAST: "ipv4 multicast"}

    def route_line(self, family, prefix, s, **more):
        t = TAGS
        hop = self.address6 if family == IPV6 else self.address
        path = [t["prepend"]] if s.asn == self.asn else [self.asn, t["prepend"]]
        words = f"{prefix} next-hop {hop} as-path [ {' '.join(map(str, path))} ] origin igp"
        if s.tagged:
            words += (f" med {t['med']} local-preference {t['local_pref']} community [ {' '.join(t['communities'])} ]"
                      f" large-community [ {t['large'][0]} ]")
        return f"{self.words[family].split()[1]} {words}{self.options.get('extra', '')}"

    def config(self):
        text = "process watch { run @RECEIVER@; encoder json; }\n"
        for s in self.sessions:
            text += f"neighbor {s.them} {{\n router-id {self.address}; local-address {self.local(s)};\n"
            text += f" local-as {self.asn}; peer-as {s.asn}; hold-time 60;\n"
            text += " passive true;\n" if s.passive else ""
            text += f' md5-password "{s.password}";\n' if s.password else ""
            text += " outgoing-ttl 255; incoming-ttl 255;\n" if s.ttl_security else ""
            text += f" capability {{ asn4 enable; route-refresh {'enable' if s.route_refresh else 'disable'};"
            text += " extended-message enable; }\n"
            text += " family { " + " ".join(self.words[f] + ";" for f in s.families) + " }\n"
            text += " api { processes [ watch ]; neighbor-changes; receive { parsed; update; refresh; notification; open; } }\n"
            text += " announce {\n"
            for version in ("ipv4", "ipv6"):
                lines = [self.route_line(f, p, s) for f in s.families if self.words[f].startswith(version)
                         for p in self.originated(f)]
                text += f"  {version} {{ " + " ".join(line + ";" for line in lines) + " }\n" if lines else ""
            text += " }\n}\n"
        return text

    def start(self):
        self.daemon.start(self.config(), 179)
        return self

    def messages(self, kind, session=None):
        s = session or self.sessions[0]
        return [m for m in self.daemon.received()
                if m.get("type") == kind and m["neighbor"]["address"]["peer"] == s.them]

    def ask(self, family=IPV4):
        self.daemon.command(f"neighbor {self.sessions[0].them} announce route-refresh {self.words[family]}")

    def subtypes(self, session=None):
        """Of the ROUTE-REFRESH messages that came: query, begin, end."""
        return [m["neighbor"]["route-refresh"]["subtype"] for m in self.messages("refresh", session)]

    def mark(self):
        """Where the journal of received UPDATEs stands; for heard()."""
        return len(self.messages("update"))

    def heard(self, mark, family=IPV4):
        """(announced, withdrawn) since a mark, with repetitions, sorted."""
        announced, withdrawn = [], []
        for m in self.messages("update")[mark:]:
            update = m["neighbor"]["message"].get("update", {})
            for entries in update.get("announce", {}).get(self.words[family], {}).values():
                announced += [e["nlri"] for e in entries]
            withdrawn += [e["nlri"] for e in update.get("withdraw", {}).get(self.words[family], [])]
        return sorted(announced), sorted(withdrawn)

    def routes(self, family=IPV4):
        """Replays what came since the session came up."""
        out = {}
        for m in self.daemon.received():
            if m.get("type") == "state" and m["neighbor"]["state"] == "down":
                out.clear()
            update = m.get("type") == "update" and m["neighbor"]["message"].get("update")
            if not update:
                continue
            for hop, entries in update.get("announce", {}).get(self.words[family], {}).items():
                for e in entries:
                    out[e["nlri"]] = self.route(update.get("attribute", {}), hop, update)
            for e in update.get("withdraw", {}).get(self.words[family], []):
                out.pop(e["nlri"], None)
        return out

    @staticmethod
    def route(a, hop, update):
        join = lambda c: ":".join(map(str, c))
        return Route(path=a.get("as-path", []), communities=[join(c) for c in a.get("community", [])],
                     large=[join(c) for c in a.get("large-community", [])], med=a.get("med"),
                     local_pref=a.get("local-preference"), origin=a.get("origin", ""), next_hop=hop, more=update)

    def status(self, session=None):
        states = [m["neighbor"]["state"] for m in self.messages("state", session)]
        return Status(bool(states) and states[-1] in ("up", "connected") and "up" in states and states[-1] == "up",
                      states.count("up"), self.subtypes(session).count("query"), len(self.messages("update", session)))
