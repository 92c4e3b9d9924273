"""Explanations: what is said of a route is what its neighbours see, and what the manual shows."""
import re

from daemons import ROOT, wait_for
from wirepeer import VPNV4, update

POLICIES = """ip ip-prefix TEN index 10 permit 10.0.0.0 8 greater-equal 8 less-equal 24
#
ip ip-prefix TWO index 10 permit 10.2.0.0 16
#
route-policy IN deny node 10
 if-match ip-prefix TWO
#
route-policy IN permit node 20
 if-match ip-prefix TEN
 apply local-preference 200
#
route-policy IN permit node 30
 if-match ip-prefix TEN
#
route-policy OUT deny node 10
#
"""


def explained(lab):
    box = lab(prelude=POLICIES, hold=90, name="r1")
    box.peer(2, 65002, af_lines=("route-policy IN import", "keep-all-routes"))
    box.peer(3, 65003)
    box.peer(4, 65004, af_lines=("route-policy OUT export",))
    box.run()
    one, two, _ = box.neighbours
    one.wire.send(update(["10.1.0.0/16", "10.2.0.0/16"], path=(65002,), next_hop=one.address))
    two.wire.send(update(["10.1.0.0/16"], path=(65003, 65010), next_hop=two.address))
    two.wire.wait_routes(["10.1.0.0/16"])
    wait_for("the routes", lambda: box.dut.json("display bgp routing-table statistics")["routes"] == 2, 10, 0.05)
    return box


def explain(box, prefix, *more):
    answer = box.dut.json(f"display bgp routing-table {prefix} explain {' '.join(more)}")
    return answer["explanations"][0]


def test_what_is_explained_is_what_neighbours_have(lab):
    box = explained(lab)
    for prefix in ("10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"):
        one = explain(box, prefix.replace("/", " "))
        assert one["best"]["stands"] and all(x["stands"] for x in one["paths"] + one["neighbors"])
        for n in box.neighbours:
            told = next(x for x in one["neighbors"] if x["peer"] == n.address)
            assert told["advertised"] == (prefix in n.wire.routes()), (prefix, told)
    reasons = {x["peer"]: x.get("reason") for x in explain(box, "10.1.0.0 16")["neighbors"]}
    assert list(reasons.values()) == ["split-horizon", None, "policy"]


def test_explanations_of_vpn_routes(lab):
    box = lab(prelude=POLICIES)
    pe = box.peer(2, 100, families=(VPNV4,))
    box.instance("red", "100:1", imports=("1:1",), exports=("1:1",))
    box.instance("blue", "100:2", imports=("2:2",), exports=("2:2",))
    box.run()
    box.commit("network 10.8.0.0 16", view="ipv4-family vpn-instance red")
    out = box.dut.run("display bgp vpnv4 all routing-table 10.8.0.0 16 explain")
    assert f" To {pe.address}:\n" in out and "   advertised: " in out
    assert " VPN instance blue:\n   not taken: it carries none of the instance's import targets\n" in out
    assert " The VPN tables:\n   taken: " in out


# --- the manual's transcripts -------------------------------------------------------------------
def transcripts():
    text = (ROOT / "doc/manual.md").read_text()
    section = text[text.index("## Why a route is as it is"):text.index("## VPN commands")]
    for block in re.findall(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
        yield from re.findall(r"^([<\[][~*]?r1[>\]])(.*)\n((?:(?![<\[][~*]?r1[>\]]).*\n)*)", block, re.MULTILINE)


def test_the_manual_shows_what_is_shown(lab):
    box = explained(lab)
    base = box.address.rpartition(".")[0]
    typed, count = [], 0
    for prompt, line, shown in transcripts():
        typed = [] if prompt.startswith("<") else typed
        if line.startswith("display"):
            now = box.dut.run(*typed, line).replace(base, "10.1.1")
            assert now == shown, f"{line}\n{now}"
            count += 1
        else:
            typed.append(line)
    assert count == 4
