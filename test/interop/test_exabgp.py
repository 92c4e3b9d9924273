"""ExaBGP and our speaker. ExaBGP 4.2 ends its session when it has to answer a ROUTE-REFRESH to a neighbour with
enhanced route refresh, and sends IPv4 multicast routes as unicast ones: so we never ask it here, and multicast
is tried in one direction."""
import pytest

from daemons import wait_for
from pairs import (Pair, check_aggregate_and_default, check_attributes, check_dynamic, check_export_policy,
                   check_import_policy, check_session_only, check_they_ask, listener)
from rivals import ExabgpRival
from wirepeer import IPV4, IPV6, MULTICAST

PLAIN = {"route_refresh": False}


@pytest.fixture
def pair(start, town):
    return Pair(start, town)


@pytest.mark.parametrize("asn", [200, 100], ids=["ebgp", "ibgp"])
@pytest.mark.parametrize("family", [IPV4, IPV6], ids=["ipv4", "ipv6"])
def test_attributes(pair, asn, family):
    r = pair.rival(ExabgpRival, asn=asn, families=(family,), wide=family == IPV6, session=PLAIN)
    pair.run()
    check_attributes(pair, r, family)


def test_multicast_of_ours(pair):
    r = pair.rival(ExabgpRival, families=(IPV4, MULTICAST), originate=None, session=PLAIN)
    pair.run()
    r.wait_routes(pair.ours[IPV4])
    held = r.wait_routes(pair.ours[MULTICAST], MULTICAST)
    assert held["30.9.0.0/16"].path == [100, 4200000003] and held["30.9.0.0/16"].med == 55


@pytest.mark.parametrize("family", [IPV4, IPV6, MULTICAST], ids=["ipv4", "ipv6", "multicast"])
def test_they_ask(pair, family):
    r = pair.rival(ExabgpRival, families=(family,), wide=family == IPV6, originate=None)
    pair.run()
    check_they_ask(pair, r, family)
    wait_for("both marks", lambda: r.subtypes() == ["begin", "end"], 5)


def test_import_policy_from_kept_routes(pair):
    r = pair.rival(ExabgpRival, af_lines=("keep-all-routes",), session=PLAIN)
    watch = listener(pair)
    pair.run()
    check_import_policy(pair, r, watch, keep=True)


def test_export_policy(pair):
    r = pair.rival(ExabgpRival, session=PLAIN)
    pair.run()
    check_export_policy(pair, r)


def test_export_policy_moves_nothing_else(pair):
    """Message for message: what a changed export policy says to the neighbour, and that an equal outcome says nothing."""
    r = listener(pair)
    pair.run()
    pair.exchanged(r)
    thirty = [p for p in pair.ours[IPV4] if p.startswith("30.")]
    mark = r.mark()
    pair.commit(f"peer {r.us} route-policy ALL export")
    pair.commit(f"peer {r.us} route-policy NOTHIRTY export")
    r.wait_routes([p for p in pair.ours[IPV4] if p not in thirty])
    assert r.heard(mark) == ([], sorted(thirty)) and len(r.messages("update")) - mark <= pair.dut.threads
    mark = r.mark()
    pair.commit(f"peer {r.us} route-policy TAG export")
    wait_for("the tag", lambda: all("100:77" in x.communities for x in r.wait_routes(pair.ours[IPV4]).values()), 10)
    assert r.heard(mark) == (sorted(pair.ours[IPV4]), []) and len(r.messages("update")) - mark <= pair.dut.threads
    assert pair.sessions() == {"exabgp": (1, 1)}


def test_password(pair):
    r = pair.rival(ExabgpRival, lines=("password simple secret",), session={"password": "secret", **PLAIN})
    pair.run()
    check_session_only(pair, r)


def test_dynamic(pair):
    check_dynamic(pair, pair.rival(ExabgpRival, dynamic=True, session=PLAIN))


def test_aggregate_and_default(pair):
    r = pair.rival(ExabgpRival, session=PLAIN)
    pair.run()
    check_aggregate_and_default(pair, r)


def test_unknown_attribute_passes_with_partial(pair):
    """An optional transitive attribute that we do not know goes through us to another, marked Partial (RFC 4271 5)."""
    r = pair.rival(ExabgpRival, originate={IPV4: ["10.1.0.0/16"]}, session={"tagged": False, **PLAIN},
                   extra=" attribute [ 0x63 0xc0 0x01020304 ]")
    watch = listener(pair)
    pair.run()
    held = watch.wait_routes(["10.1.0.0/16", *pair.ours[IPV4]])["10.1.0.0/16"]
    assert "0xE0" in str(held.more["attribute"]).upper().replace("0XE0", "0xE0") and "01020304" in str(held.more)
