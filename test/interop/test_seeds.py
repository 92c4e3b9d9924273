"""The procedures of the five documents, typed line by line as they stand, with values filled in,
against other people's software. One test a procedure, named after its document.

seed 000: (Optional) Configuring BGP4+ Soft Reset
seed 001: Configuring MBGP Soft Resetting
"""
import pytest

from daemons import Afresh, Bird, Capture, Frr, PORT, wait_for

US6, THEM6 = "2001:db8:1::1", "2001:db8:1::2"
US4, THEM4 = "127.0.1.1", "127.0.1.2"

START = """sysname HUAWEI
#
route-policy IN permit node 10
#
route-policy STRICT deny node 5
 if-match ip-prefix TEN
 if-match ipv6 address prefix-list DOC
#
route-policy STRICT permit node 10
#
ip ip-prefix TEN index 10 permit 10.0.0.0 8 greater-equal 8 less-equal 32
ip ipv6-prefix DOC index 10 permit 2001:DB8:A:: 48 greater-equal 48 less-equal 64
#
bgp 100
 router-id 1.1.1.1
 peer @THEM@ as-number 200
 peer @THEM@ port 1791
 #
 @VIEW@
  peer @THEM@ enable
  peer @THEM@ route-policy @POLICY@ import
#
return
"""

FRR = """
log stdout
bgp no-rib
router bgp 200
 bgp router-id 2.2.2.2
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor @US@ remote-as 100
 neighbor @US@ port 1790
 neighbor @US@ ebgp-multihop
 neighbor @US@ timers connect 1
 address-family @AF@
@NETWORKS@
  neighbor @US@ activate
 exit-address-family
"""

BIRD = """
log "log.bird" all;
router id 2.2.2.2;
@TABLES@
protocol static { @CHANNEL@; @ROUTES@ }
protocol bgp afresh {
  local @THEM@ port 1791 as 200;
  neighbor @US@ port 1790 as 100;
  multihop;
  enable route refresh off;
  connect retry time 1; connect delay time 1; error wait time 1, 2;
  @CHANNEL@ { import all; export all; };
}
"""


def fill(text, **values):
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


class Scene:
    """Afresh and one neighbour in a namespace, with a capture of what they say."""

    def __init__(self, start, namespace, tmp_path, wide, policy="STRICT"):
        self.us, self.them = (US6, THEM6) if wide else (US4, THEM4)
        self.wide = wide
        addresses = (f"{US6}/128", f"{THEM6}/128") if wide else ()
        self.prefix = namespace(*addresses)
        self.capture = Capture(tmp_path, PORT, self.prefix)
        self.start = start
        view = "ipv6-family unicast" if wide else "ipv4-family multicast"
        self.selector = "ipv6" if wide else "multicast"
        self.dut = start(Afresh, "afresh", self.us,
                         fill(START, THEM=self.them.upper() if wide else self.them, VIEW=view, POLICY=policy))
        self.dut.prefix = self.prefix
        self.dut.start()

    def frr(self):
        af = "ipv6 unicast" if self.wide else "ipv4 multicast"
        routes = ["2001:db8:a::/48", "2001:db8:b::/48"] if self.wide else ["10.0.0.0/8", "20.0.0.0/8"]
        other = self.start(Frr, "frr", self.them)
        other.prefix = self.prefix
        return other.start(fill(FRR, US=self.us, AF=af, NETWORKS="\n".join(f"  network {r}" for r in routes)), 1791)

    def bird(self):
        channel = "ipv6" if self.wide else "ipv4 multicast"
        routes = ["2001:db8:a::/48", "2001:db8:b::/48"] if self.wide else ["10.0.0.0/8", "20.0.0.0/8"]
        other = self.start(Bird, "bird", self.them)
        other.prefix = self.prefix
        tables = "" if self.wide else "ipv4 table master4m;"
        channel = channel if self.wide else "ipv4 multicast"
        text = fill(BIRD, US=self.us, THEM=self.them, CHANNEL=channel, TABLES=tables,
                    ROUTES="".join(f"route {r} blackhole;" for r in routes))
        if not self.wide:
            text = text.replace("ipv4 multicast;", "ipv4 { table master4m; };") \
                       .replace("ipv4 multicast {", "ipv4 multicast { table master4m;")
        return other.start(text)

    def routes(self, what=""):
        return {r["prefix"].lower() for r in self.dut.json(f"display bgp {self.selector} routing-table {what}")["routes"]}

    def peer(self):
        peers = self.dut.json(f"display bgp {self.selector} peer {self.them} verbose")["peers"]
        return peers[0]

    def established(self):
        wait_for("the session", lambda: self.peer()["state"] == "Established", 30)

    def connections(self):
        """Source and destination port of every SYN that was answered: one is one TCP connection."""
        self.capture.stop()
        return self.capture.rows("tcp.flags.syn==1 && tcp.flags.ack==1", "tcp.srcport", "tcp.dstport")


ALL = {True: {"2001:db8:a::/48", "2001:db8:b::/48"}, False: {"10.0.0.0/8", "20.0.0.0/8"}}
SOME = {True: {"2001:db8:b::/48"}, False: {"20.0.0.0/8"}}
VIEW = {True: "ipv6-family unicast", False: "ipv4-family multicast"}


def with_refresh(scene, typed):
    """The procedure for peers that support route-refresh; `typed` are its lines."""
    wide = scene.wide
    scene.frr()
    scene.established()
    wait_for("routes that pass", lambda: scene.routes() == SOME[wide])
    scene.dut.run("system-view", "bgp 100", f"peer {scene.them} capability-advertise route-refresh", "commit")
    scene.dut.run("system-view", "bgp 100", VIEW[wide], f"peer {scene.them} route-policy IN import", "commit")
    wait_for("the new policy", lambda: scene.routes() == ALL[wide])
    asked = scene.peer()["refresh_sent"]
    assert asked >= 1
    scene.dut.run(*typed)
    wait_for("the refresh", lambda: scene.peer()["refresh_sent"] == asked + 1)
    assert scene.peer()["established_count"] == 1
    assert len(scene.connections()) == 1
    opens = scene.capture.rows("bgp.type==1", "bgp.cap.type")
    assert len(opens) == 2 and all("2" in o[0].split(",") for o in opens)
    refreshes = scene.capture.rows(f"bgp.type==5 && tcp.dstport==1791 || bgp.type==5 && tcp.dstport!={PORT}",
                                   "bgp.route_refresh.subtype")
    assert sum(r[0].split(",").count("0") for r in refreshes) == asked + 1
    assert scene.capture.rows("bgp.type==3", "bgp.notify.major_error") == []


def without_refresh(scene, typed):
    """The procedure for peers that do not: keep-all-routes, typed as the document has it."""
    wide = scene.wide
    scene.bird()
    scene.established()
    wait_for("routes that pass", lambda: scene.routes() == SOME[wide])
    out = scene.dut.run(*typed)
    assert "reset" in out
    wait_for("the session to be new", lambda: scene.peer()["established_count"] == 2, 30)
    wait_for("all routes to be kept", lambda: scene.routes(f"peer {scene.them} received-routes") == ALL[wide])
    assert scene.routes(f"peer {scene.them} not-accepted-routes") == ALL[wide] - SOME[wide]
    scene.dut.run("system-view", "bgp 100", VIEW[wide], f"peer {scene.them} route-policy IN import", "commit")
    wait_for("the new policy", lambda: scene.routes() == ALL[wide])
    assert scene.peer()["established_count"] == 2
    connections = scene.connections()
    assert len(connections) == 2
    assert scene.capture.rows("bgp.type==5", "bgp.type") == []


def test_seed_000_peers_that_support_route_refresh(start, namespace, tmp_path):
    scene = Scene(start, namespace, tmp_path, wide=True)
    with_refresh(scene, ["refresh bgp ipv6 all import"])


@pytest.mark.parametrize("selector", [THEM6, "external"])
def test_seed_000_other_selectors(start, namespace, tmp_path, selector):
    scene = Scene(start, namespace, tmp_path, wide=True)
    with_refresh(scene, [f"refresh bgp ipv6 {selector} import"])


def test_seed_000_peers_without_route_refresh(start, namespace, tmp_path):
    scene = Scene(start, namespace, tmp_path, wide=True)
    without_refresh(scene, ["system-view", "bgp 100", "ipv6-family unicast", f"peer {THEM6} keep-all-routes", "commit"])


def test_seed_001_route_refresh_capability(start, namespace, tmp_path):
    scene = Scene(start, namespace, tmp_path, wide=False)
    with_refresh(scene, ["refresh bgp all import"])


def test_seed_001_export(start, namespace, tmp_path):
    scene = Scene(start, namespace, tmp_path, wide=False)
    scene.frr()
    scene.established()
    wait_for("routes that pass", lambda: scene.routes() == SOME[False])
    scene.dut.run(f"refresh bgp {THEM4} export", "refresh bgp external export", "refresh bgp all export")
    assert scene.peer()["established_count"] == 1 and len(scene.connections()) == 1


def test_seed_001_keep_all_routes(start, namespace, tmp_path):
    scene = Scene(start, namespace, tmp_path, wide=False)
    without_refresh(scene, ["system-view", "bgp 100", "ipv4-family multicast", f"peer {THEM4} keep-all-routes", "commit"])
