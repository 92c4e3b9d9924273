"""A laboratory of one: an afreshd on loopback, and wire peers around it, in few words."""
from daemons import Afresh, PORT, wait_for
from wirepeer import IPV4, IPV6, MULTICAST, MVPN, MVPN6, VPN_TARGET, VPNV4, VPNV6, WirePeer, end_of_rib

AS = 100
VIEWS = {IPV4: "ipv4-family unicast", IPV6: "ipv6-family unicast", MULTICAST: "ipv4-family multicast",
         VPNV4: "ipv4-family vpnv4", VPN_TARGET: "ipv4-family vpn-target", MVPN: "ipv4-family mvpn",
         VPNV6: "ipv6-family vpnv6", MVPN6: "ipv6-family mvpn"}
INSTANCE_VIEWS = {IPV4: "ipv4-family vpn-instance", IPV6: "ipv6-family vpn-instance",
                  MULTICAST: "ipv4-multicast vpn-instance"}
SELECTOR = {IPV4: "", IPV6: "ipv6", MULTICAST: "multicast", VPNV4: "vpnv4", VPNV6: "vpnv6", VPN_TARGET: "vpn-target",
            MVPN: "mvpn", MVPN6: "mvpn vpnv6"}

POLICIES = """route-policy ALL permit node 10
#
route-policy NONE deny node 10
#
route-policy TAG1 permit node 10
 apply community 100:1 additive
#
route-policy TAG2 permit node 10
 apply community 100:2 additive
#
ip ip-prefix TEN index 10 permit 10.0.0.0 8 greater-equal 8 less-equal 32
#
ip ipv6-prefix DOC index 10 permit 2001:DB8:: 32 greater-equal 32 less-equal 128
#
route-policy NOTEN deny node 5
 if-match ip-prefix TEN
#
route-policy NOTEN permit node 10
#
"""


class Neighbour:
    """What the configuration says about a peer; `wire` is the peer itself once it is up."""

    def __init__(self, lab, host, asn, families=(IPV4,), lines=(), af_lines=(), instance=None, **wire):
        self.address = lab.network(host)
        self.asn, self.families = asn, families
        self.lines, self.af_lines = lines, af_lines
        self.options, self.instance = wire, instance
        self.wire = None

    def session_text(self):
        return "".join(f" peer {self.address} {line}\n" for line in
                       (f"as-number {self.asn}", "listen-only", *self.lines))

    def family_text(self, family):
        if family not in self.families:
            return f"  undo peer {self.address} enable\n" if family == IPV4 else ""
        lines = ("enable", "advertise-community", *self.af_lines)
        return "".join(f"  peer {self.address} {line}\n" for line in lines)


class Instance:
    """A VPN instance: its distinguisher, its route targets, and further lines."""

    def __init__(self, name, rd, imports=(), exports=(), lines=(), bgp_lines=(), families=(IPV4,)):
        self.name, self.rd, self.imports, self.exports = name, rd, imports, exports
        self.lines, self.bgp_lines, self.families = lines, bgp_lines, families

    def text(self):
        text = f"ip vpn-instance {self.name}\n"
        for family in self.families:
            text += f" {'ipv4-family' if family == IPV4 else 'ipv6-family'}\n  route-distinguisher {self.rd}\n"
            text += "".join(f"  vpn-target {t} export-extcommunity\n" for t in self.exports)
            text += "".join(f"  vpn-target {t} import-extcommunity\n" for t in self.imports)
            text += "".join(f"  {line}\n" for line in self.lines)
        return text + "#\n"

    def view(self, family=IPV4):
        return f"{INSTANCE_VIEWS[family]} {self.name}"


class Lab:
    def __init__(self, start, network, prelude=POLICIES, bgp_lines=(), hold=90, threads=None, name="afresh"):
        self.start_daemon, self.network = start, network
        self.address = network(1)
        self.prelude, self.bgp_lines, self.hold = prelude, bgp_lines, hold
        self.threads, self.name = threads, name
        self.neighbours, self.instances = [], []
        self.family_lines = {}   # of the public families' views
        self.dut = None

    def peer(self, host, asn, **options):
        n = Neighbour(self, host, asn, **options)
        self.neighbours.append(n)
        return n

    def instance(self, name, rd, imports=(), exports=(), **options):
        self.instances.append(Instance(name, rd, imports, exports, **options))
        return self.instances[-1]

    def instance_text(self, i):
        text = ""
        for family in i.families:
            members = [n for n in self.neighbours if n.instance is i and family in n.families]
            text += f" #\n {i.view(family)}\n" + "".join(f"  {line}\n" for line in i.bgp_lines)
            for n in members:
                text += "".join(f" {line}\n" for line in n.session_text().splitlines()) + n.family_text(family)
        return text

    def config(self):
        public = [n for n in self.neighbours if not n.instance]
        text = "sysname dut\n#\n" + self.prelude + "".join(i.text() for i in self.instances)
        text += f"bgp {AS}\n router-id {self.address}\n"
        text += "".join(f" {line}\n" for line in self.bgp_lines)
        text += "".join(n.session_text() for n in public)
        for family, view in VIEWS.items():
            if family == IPV4 or family in self.family_lines or any(family in n.families for n in public):
                text += f" #\n {view}\n" + "".join(f"  {line}\n" for line in self.family_lines.get(family, ()))
                text += "".join(n.family_text(family) for n in public)
        return text + "".join(self.instance_text(i) for i in self.instances) + "#\nreturn\n"

    def run(self):
        """Starts the speaker and brings every neighbour up."""
        self.dut = self.start_daemon(Afresh, self.name, self.address, self.config(), threads=self.threads).start()
        for n in self.neighbours:
            self.up(n)
        return self

    def up(self, n):
        if n.wire:
            n.wire.close()
        n.wire = WirePeer(n.address, self.address, PORT, n.asn, hold=self.hold, families=n.families, **n.options)
        n.wire.establish()
        for family in n.families:
            n.wire.send(end_of_rib(family))
        return n.wire

    def close(self):
        for n in self.neighbours:
            if n.wire:
                n.wire.close()

    # --- typing ------------------------------------------------------------------------------------
    def commit(self, *lines, view=VIEWS[IPV4]):
        """Lines for a family's view (or none, for the BGP view), committed."""
        return self.dut.configure(f"bgp {AS}", *([view] if view else []), *lines)

    def settle(self):
        """Waits until no soft reset runs."""
        wait_for("soft resets to end", lambda: not self.dut.json("display bgp refresh")["running"], 20)

    def jobs(self):
        self.settle()
        return self.dut.json("display bgp refresh")["jobs"]

    def peers(self, selector=""):
        return {p["peer"]: p for p in self.dut.json(f"display bgp {selector} peer verbose")["peers"]}

    def routes(self, what="", selector=""):
        """{prefix: record} of a display of routes."""
        answer = self.dut.json(f"display bgp {selector} routing-table {what}")
        return {r["prefix"].lower(): r for r in answer["routes"]}

    def sessions(self):
        """What must stay as it is when nothing but policy changes."""
        return {a: (p["established_count"], p["state"]) for a, p in self.peers().items()}
