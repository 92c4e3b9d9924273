"""What happens to a network over time: speakers that die and come back, cables, passwords that change, old speakers,
groups, and a table of some size between two rivals."""
import signal
import time

import pytest

from daemons import wait_for
from pairs import US4, Pair, check_attributes, values
from rivals import ROUTES, TAGS, BirdRival, FrrRival, GobgpRival
from wirepeer import IPV4, IPV6


@pytest.fixture
def pair(start, town):
    return Pair(start, town)


@pytest.mark.parametrize("kind", [FrrRival, BirdRival, GobgpRival], ids=lambda k: k.name)
def test_a_rival_that_crashes_comes_back(pair, kind):
    r = pair.rival(kind)
    pair.run()
    pair.exchanged(r)
    r.daemon.stop(signal.SIGKILL)
    wait_for("its routes to go", lambda: set(pair.routes()) == set(pair.ours[IPV4]), 10, 0.05)
    (r.daemon.folder / "ctl").unlink(missing_ok=True)
    r.start()
    pair.established(r)
    check_attributes(pair, r)
    assert pair.peer(r)["established_count"] == 2


@pytest.mark.parametrize("kind", [FrrRival, BirdRival], ids=lambda k: k.name)
def test_we_crash_and_come_back(pair, kind):
    """With what was committed, though never saved."""
    r = pair.rival(kind)
    pair.run()
    pair.exchanged(r)
    pair.commit(f"peer {r.us} route-policy NOTHIRTY export")
    forty = [p for p in pair.ours[IPV4] if p.startswith("40.")]
    r.wait_routes(forty)
    pair.dut.stop(signal.SIGKILL)
    pair.dut.socket.unlink(missing_ok=True)
    wait_for("our routes to go", lambda: not r.routes(), 10)
    pair.dut.start()
    pair.established(r)
    r.wait_routes(forty)
    pair.wait_received(r, ROUTES[IPV4])


def test_a_cable_is_pulled(pair):
    """Nothing says that the neighbour is gone but its silence: the hold timer does, on both sides; then it is back."""
    r = pair.rival(BirdRival, lines=("timer keepalive 1 hold 3",), lines_of_its_own=("hold time 3;",))
    pair.run()
    pair.exchanged(r)
    pair.town.cut(2)
    wait_for("the hold timer", lambda: pair.peer(r)["state"] != "Established", 8, 0.1)
    assert set(pair.routes()) == set(pair.ours[IPV4])
    assert "4/0" in pair.dut.log() or "Hold" in pair.dut.log()
    pair.town.cut(2, down=False)
    pair.established(r, seconds=20)
    pair.exchanged(r)


def test_a_password_is_changed(pair):
    """Ours first: the session goes, and comes back with the neighbour's new one; and an unprotected one is as good."""
    r = pair.rival(FrrRival, lines=("password simple first",), session={"password": "first"})
    pair.run()
    pair.exchanged(r)
    out = pair.commit(f"peer {r.us} password simple second", view=None)
    assert "will be reset: 1" in out
    time.sleep(1)
    assert pair.peer(r)["state"] != "Established"
    r.daemon.run("configure terminal", "router bgp 200", f"neighbor {US4} password second")
    pair.established(r, seconds=20)
    pair.commit(f"undo peer {r.us} password", view=None)
    r.daemon.run("configure terminal", "router bgp 200", f"no neighbor {US4} password")
    pair.established(r, seconds=20)
    pair.exchanged(r)


def test_an_old_speaker(pair):
    """2-octet AS numbers in AS_PATH, the true ones in AS4_PATH (RFC 6793), both ways."""
    r = pair.rival(BirdRival, lines_of_its_own=("enable as4 off;",))
    pair.run()
    check_attributes(pair, r)


def test_a_speaker_without_capabilities(pair):
    """IPv4 unicast because it always was so, no refresh. (FRR without capabilities does not read our AS4_PATH.)"""
    r = pair.rival(FrrRival, session={"route_refresh": False})
    pair.run()
    theirs, ours = pair.exchanged(r)
    assert {t["as_path"] for t in theirs.values()} == {f"200 {TAGS['prepend']}"}
    assert {tuple(o.path) for o in ours.values()} == {(100, 23456)}
    assert not pair.peer(r)["route_refresh"]


@pytest.mark.parametrize("kind", [FrrRival, BirdRival, GobgpRival], ids=lambda k: k.name)
def test_a_neighbour_with_a_four_octet_number(pair, kind):
    r = pair.rival(kind, asn=4200000200)
    pair.run()
    check_attributes(pair, r)


@pytest.mark.parametrize("turn", range(3))
def test_both_call_at_once(pair, turn):
    """Both sides are active and reset again and again: collisions are decided, one session stands, none is lost."""
    frr = pair.rival(FrrRival, 2, 200, originate={IPV4: ["10.1.0.0/16"]})
    bird = pair.rival(BirdRival, 3, 300, originate={IPV4: ["10.2.0.0/16"]})
    pair.run()
    for _ in range(3):
        pair.dut.run("reset bgp all")
        frr.daemon.run("clear bgp *")
        bird.daemon.run("restart b0")
        time.sleep(0.1 * turn)
    for r in (frr, bird):
        pair.established(r, seconds=25)
    for r, other in ((frr, bird), (bird, frr)):
        r.wait_routes(pair.ours[IPV4] + other.originated(IPV4))
        pair.wait_received(r, r.originated(IPV4))
    counts = pair.sessions()
    time.sleep(1)
    assert pair.sessions() == counts


def test_a_group_and_what_its_members_say_themselves(start, town):
    """Two members share a policy of their group; one of them has its own. A change of the group's moves the other only."""
    pair = Pair(start, town, bgp_lines=("group G external",))
    a = pair.rival(FrrRival, 2, 200, lines=("group G",))
    b = pair.rival(BirdRival, 3, 300, lines=("group G",), af_lines=("route-policy ALL import",))
    pair.family_lines[IPV4] = ("peer G enable", "peer G route-policy NOTEN import")
    pair.run()
    twenty = [p for p in ROUTES[IPV4] if p.startswith("20.")]
    pair.wait_received(a, twenty)
    pair.wait_received(b, ROUTES[IPV4])
    before = pair.sessions()
    pair.commit("peer G route-policy TAG import")
    pair.wait_received(a, ROUTES[IPV4])
    pair.settle()
    installed = pair.routes()
    assert all(("100:77" in values(x["communities"])) == (x["peer"] == a.us) for x in installed.values()
               if x["peer"] in (a.us, b.us))
    pair.commit(f"undo peer {b.us} route-policy ALL import")
    wait_for("the group's policy", lambda: "TAG" == pair.peer(b)["import_policy"], 5)
    pair.settle()
    assert pair.sessions() == before


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "ask"])
def test_a_table_of_some_size(pair, keep):
    """Five thousand routes from BIRD through us to FRR and GoBGP; a policy takes a third of them away, changes another
    third, and all comes back; what FRR and GoBGP hold is exactly that each time."""
    pair.ours = {}
    routes = [f"{1 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24" for i in range(5000)]
    bird = pair.rival(BirdRival, 2, 200, originate={IPV4: routes}, af_lines=("keep-all-routes",) if keep else ())
    frr, gobgp = pair.rival(FrrRival, 3, 300, originate=None), pair.rival(GobgpRival, 4, 400, originate=None)
    pair.run()
    low = {p for p in routes if int(p.split(".")[1]) < 6}
    tagged = {p for p in routes if int(p.split(".")[1]) >= 13}
    for r in (frr, gobgp):
        r.wait_routes(routes, seconds=40)
    before = pair.sessions()
    pair.dut.configure("ip ip-prefix LOW index 10 permit 1.0.0.0 8 greater-equal 24 less-equal 24",
                       "undo ip ip-prefix LOW",
                       *(f"ip ip-prefix LOW permit 1.{n}.0.0 16 greater-equal 24 less-equal 24" for n in range(6)),
                       *(f"ip ip-prefix HIGH permit 1.{n}.0.0 16 greater-equal 24 less-equal 24" for n in range(13, 20)),
                       "route-policy CUT deny node 5", "if-match ip-prefix LOW", "route-policy CUT permit node 10",
                       "if-match ip-prefix HIGH", "apply community 100:77 additive", "route-policy CUT permit node 20",
                       "bgp 100", "ipv4-family unicast", f"peer {bird.us} route-policy CUT import")
    for r in (frr, gobgp):
        held = r.wait_routes(set(routes) - low, seconds=30)
        wait_for("the tags", lambda r=r: {p for p, x in r.routes().items() if "100:77" in x.communities} == tagged, 15)
        assert all(x.path[-1] == TAGS["prepend"] for x in held.values())
    pair.commit(f"peer {bird.us} route-policy ALL import")
    for r in (frr, gobgp):
        r.wait_routes(routes, seconds=30)
        wait_for("no tags", lambda r=r: not any("100:77" in x.communities for x in r.routes().values()), 15)
    pair.settle()
    assert pair.sessions() == before
    assert (bird.status().refreshes == 0) is keep
