"""`prefix limit` and `routing-table limit` of a VPN instance: what is beyond them is turned away, whoever it comes
from, and comes back without a new session. With one rib thread and with several, which share the limit."""
import pytest

from daemons import wait_for
from test_rfc_k_vpn import Scene
from wirepeer import IPV4, VPNV4, update

PREFIX = "display ip vpn-instance verbose vpna"


class Limited(Scene):
    def __init__(self, lab, *lines, af_lines=(), **options):
        super().__init__(lab, **options)
        self.a.lines = lines
        self.ce_a.af_lines = af_lines
        self.run()

    def limit(self, kind="prefixes"):
        limits = self.lab.dut.json(PREFIX)["instances"][0]["families"][0]["limits"]
        return next((l for l in limits if l["of"] == kind), None)

    def wait_limit(self, held, turned_away, kind="prefixes"):
        wait_for(f"{held} {kind} and {turned_away} turned away",
                 lambda: [self.limit(kind)[k] for k in ("held", "turned_away")] == [held, turned_away])

    def customer(self, *numbers, withdraw=()):
        self.ce_a.wire.send(update([f"{n}.1.0.0/16" for n in numbers], [f"{n}.1.0.0/16" for n in withdraw],
                                   path=[65001] if numbers else (), next_hop=self.ce_a.address))

    def vpn(self, *numbers, withdraw=()):
        if numbers:
            self.say(*(f"100:9 {n}.9.0.0/16" for n in numbers))
        if withdraw:
            self.pe.send(update(withdraw=[f"100:9 {n}.9.0.0/16" for n in withdraw], family=VPNV4))

    def given(self):
        """First octets of what the other PE has been told of the instance."""
        return sorted(int(r.split()[1].split(".")[0]) for r in self.pe.routes(VPNV4) if r.startswith("100:1 "))

    def taken(self):
        """First octets of VPN routes that the customer has been told."""
        return sorted(int(r.split(".")[0]) for r in self.ce_a.wire.routes())

    def nobody_was_reset(self):
        assert not any(n.wire.closed.is_set() for n in (self.pes[0], self.ce_a, self.ce_b))


@pytest.fixture(params=[1, 3])
def limited(lab, request):
    return lambda *lines, **options: Limited(lab, *lines, threads=request.param, **options)


def test_beyond_the_limit_routes_are_turned_away_until_it_is_raised(limited):
    s = limited("prefix limit 4 75")
    s.customer(10, 11, 12)
    s.wait_limit(3, 0)
    wait_for("the warning before", lambda: "3 prefixes of IPv4 Unicast, near the limit of 4" in s.lab.dut.log())
    s.vpn(20)
    s.wait_limit(4, 0)
    s.vpn(21)
    s.wait_limit(4, 1)
    s.customer(13)
    s.wait_limit(4, 2)
    assert s.taken() == [20] and s.given() == [10, 11, 12]
    wait_for("the warning", lambda: "the limit of 4: no more are taken in" in s.lab.dut.log())
    text = s.lab.dut.run(PREFIX)
    assert "Maximum Prefixes Limit : 4" in text and "Current Prefixes : 4, full, turned away : 2" in text
    s.ce_a.wire.clear()
    told = s.instance_lines(s.a, "prefix limit 10 75")
    assert "prefix limit raised" in told
    s.ce_a.wire.wait(lambda: s.ce_a.wire.refreshes(0) == [IPV4])
    s.customer(10, 11, 12, 13)
    wait_for("all of them", lambda: s.taken() == [20, 21] and s.given() == [10, 11, 12, 13])
    s.wait_limit(6, 0)
    wait_for("the news", lambda: "there is room again" in s.lab.dut.log())
    for line in ("no more are taken in", "there is room again"):
        assert s.lab.dut.log().count(line) == 1
    s.nobody_was_reset()


def test_what_was_turned_away_comes_when_there_is_room(limited):
    s = limited("routing-table limit 2 80")
    s.vpn(20, 21)
    s.wait_limit(2, 0, "routes")
    s.vpn(22)
    s.wait_limit(2, 1, "routes")
    s.vpn(withdraw=(20,))
    wait_for("the third one", lambda: s.taken() == [21, 22])
    s.wait_limit(2, 0, "routes")
    assert any(j["origin"] == "limit" for j in s.lab.dut.json("display bgp refresh")["jobs"])
    s.nobody_was_reset()


def test_routes_that_are_kept_come_back_without_asking(limited):
    s = limited("prefix limit 2 80", af_lines=("keep-all-routes",))
    s.customer(10, 11, 12, 13)
    s.wait_limit(2, 2)
    s.ce_a.wire.clear()
    s.instance_lines(s.a, "undo prefix limit")
    wait_for("all of them", lambda: s.given() == [10, 11, 12, 13])
    assert s.ce_a.wire.refreshes() == [] and s.limit() is None
    s.nobody_was_reset()


def test_a_limit_below_what_is_there(limited):
    s = limited()
    s.customer(10, 11, 12, 13)
    wait_for("all of them", lambda: s.given() == [10, 11, 12, 13])
    s.instance_lines(s.a, "routing-table limit 2 80")
    s.wait_limit(4, 0, "routes")
    s.instance_lines(s.a, "prefix limit 2 80 route-unchanged")
    s.wait_limit(4, 0)
    assert s.given() == [10, 11, 12, 13]
    s.instance_lines(s.a, "prefix limit 2 80")
    s.wait_limit(2, 2)
    wait_for("two of them", lambda: len(s.given()) == 2)
    s.nobody_was_reset()


def test_simply_alert_turns_nothing_away(limited):
    s = limited("prefix limit 2 simply-alert")
    s.customer(10, 11, 12)
    wait_for("all of them", lambda: s.given() == [10, 11, 12])
    s.wait_limit(3, 0)
    wait_for("the warning", lambda: "3 prefixes of IPv4 Unicast, more than the limit of 2" in s.lab.dut.log())
    s.nobody_was_reset()
