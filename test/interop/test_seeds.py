"""The procedures of the five documents, typed line by line as they stand, with values filled in,
against other people's software. One test a procedure, named after its document.

seed 000: (Optional) Configuring BGP4+ Soft Reset
seed 001: Configuring MBGP Soft Resetting
"""
import pytest

from capture import Capture
from daemons import wait_for
from pairs import Pair
from rivals import BirdRival, FrrRival
from town import IPV4_OF, IPV6_OF
from wirepeer import IPV6, MULTICAST, NOTIFICATION, OPEN, REFRESH, capabilities

THEM6, THEM4 = "2001:db8::2", "10.0.0.2"


class Scene(Pair):
    """Afresh and one neighbour, with a capture of what they say. The import policy refuses half of the routes."""

    def __init__(self, start, town, tmp_path, wide, kind, **session):
        super().__init__(start, town)
        self.wide, self.family = wide, IPV6 if wide else MULTICAST
        self.them = THEM6 if wide else THEM4
        self.other = self.rival(kind, families=(self.family,), wide=wide, af_lines=("route-policy NOTEN import",),
                                session={**session, "passive": True})
        self.capture = Capture(tmp_path, "eth0", town.house(1).prefix)
        self.run()
        wait_for("routes that pass", lambda: self.prefixes() == SOME[wide], 15, 0.05)

    def prefixes(self, what=""):
        return set(self.routes(what, self.family)) - set(self.ours[self.family])

    def state(self):
        return self.peer(self.other, self.family)

    def captured(self):
        """{type: [(sender, body)]} of the BGP messages, and how many TCP connections there were."""
        self.capture.stop()
        kinds = {}
        for sender, kind, body in self.capture.messages():
            kinds.setdefault(kind, []).append((sender, body))
        return kinds, self.capture.connections()


ALL = {True: {f"2001:db8:{x}:{i}::/64" for x in "ab" for i in (1, 2, 3)}, False: {"10.9.0.0/16", "20.9.0.0/16"}}
SOME = {True: {p for p in ALL[True] if ":b:" in p}, False: {"20.9.0.0/16"}}
VIEW = {True: "ipv6-family unicast", False: "ipv4-family multicast"}


def with_refresh(start, town, tmp_path, wide, typed):
    """The procedure for peers that support route-refresh; `typed` are its lines."""
    scene = Scene(start, town, tmp_path, wide, FrrRival)
    scene.dut.run("system-view", "bgp 100", f"peer {scene.them} capability-advertise route-refresh", "commit")
    scene.dut.run("system-view", "bgp 100", VIEW[wide], f"peer {scene.them} route-policy ALL import", "commit")
    wait_for("the new policy", lambda: scene.prefixes() == ALL[wide], 10, 0.05)
    scene.settle()
    asked = scene.state()["refresh_sent"]
    assert asked >= 1
    scene.dut.run(*typed)
    wait_for("the refresh", lambda: scene.other.status().refreshes == asked + 1, 10, 0.05)
    scene.settle()
    assert scene.state()["refresh_sent"] == asked + 1 and scene.state()["established_count"] == 1
    assert scene.prefixes() == ALL[wide]
    messages, connections = scene.captured()
    assert connections == 1 and NOTIFICATION not in messages
    assert len(messages[OPEN]) == 2 and all(b"\x02\x00" in capabilities(body) for _, body in messages[OPEN])
    us = (IPV6_OF if wide else IPV4_OF).format(1)
    family = bytes([0, scene.family[0], 0, scene.family[1]])
    assert [body for sender, body in messages[REFRESH] if sender == us and body[2] == 0] == [family] * (asked + 1)


def without_refresh(start, town, tmp_path, wide, typed):
    """The procedure for peers that do not: keep-all-routes, typed as the document has it."""
    scene = Scene(start, town, tmp_path, wide, BirdRival, route_refresh=False)
    assert scene.prefixes(f"peer {scene.them} received-routes") == SOME[wide]
    out = scene.dut.run(*typed)
    assert "will be reset: 1" in out and scene.them in out.lower()
    wait_for("the session to be new", lambda: scene.state()["established_count"] == 2, 30, 0.05)
    wait_for("all routes to be kept", lambda: scene.prefixes(f"peer {scene.them} received-routes") == ALL[wide], 10)
    assert scene.prefixes(f"peer {scene.them} not-accepted-routes") == ALL[wide] - SOME[wide]
    scene.dut.run("system-view", "bgp 100", VIEW[wide], f"peer {scene.them} route-policy ALL import", "commit")
    wait_for("the new policy", lambda: scene.prefixes() == ALL[wide], 10, 0.05)
    assert scene.state()["established_count"] == 2
    messages, connections = scene.captured()
    assert connections == 2 and REFRESH not in messages


def test_seed_000_peers_that_support_route_refresh(start, town, tmp_path):
    with_refresh(start, town, tmp_path, True, ["refresh bgp ipv6 all import"])


@pytest.mark.parametrize("selector", [THEM6, "external"])
def test_seed_000_other_selectors(start, town, tmp_path, selector):
    with_refresh(start, town, tmp_path, True, [f"refresh bgp ipv6 {selector} import"])


def test_seed_000_peers_without_route_refresh(start, town, tmp_path):
    without_refresh(start, town, tmp_path, True,
                    ["system-view", "bgp 100", "ipv6-family unicast", f"peer {THEM6} keep-all-routes", "commit"])


@pytest.mark.parametrize("selector", ["all", THEM4, "external"])
def test_seed_001_route_refresh_capability(start, town, tmp_path, selector):
    with_refresh(start, town, tmp_path, False, [f"refresh bgp {selector} import"])


def test_seed_001_export(start, town, tmp_path):
    scene = Scene(start, town, tmp_path, False, FrrRival)
    scene.other.wait_routes(scene.ours[MULTICAST], MULTICAST)
    scene.dut.run(f"refresh bgp {THEM4} export", "refresh bgp external export", "refresh bgp all export")
    scene.settle()
    scene.other.wait_routes(scene.ours[MULTICAST], MULTICAST)
    assert scene.state()["established_count"] == 1 and scene.captured()[1] == 1


def test_seed_001_keep_all_routes(start, town, tmp_path):
    without_refresh(start, town, tmp_path, False,
                    ["system-view", "bgp 100", "ipv4-family multicast", f"peer {THEM4} keep-all-routes", "commit"])
