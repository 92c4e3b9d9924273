"""MVPN (SAFI 5) and the other VPN families from end to end: two PEs of ours, a reflector of ours between them, and
bgpfeed as a client of the reflector, an independent sender and a strict listener. No package of Debian 12 speaks SAFI 5.
What crosses the reflector's interface is given to tshark's dissector, which must find nothing malformed and the
fields that were meant."""
import pathlib
import re
import struct
import subprocess

import pytest

from capture import Capture
from daemons import Bgpfeed, wait_for
from test_rfc_f_mvpn import NLRI
from test_vpn_rivals import Speaker, config
from wirepeer import UPDATE, host, message, mvpn_bytes, rd_bytes, target_bytes

VIEWS = ("ipv4-family vpnv4", "ipv6-family vpnv6", "ipv4-family vpn-target", "ipv4-family mvpn")
CLIENTS = ("10.0.0.1", "10.0.0.2", "10.0.0.4")
TEXTS = {
    1: "1 100:9 10.0.0.9", 2: "2 100:9 100", 3: "3 100:9 10.1.1.1 225.1.1.1 10.0.0.9",
    4: "4 [3 100:9 10.1.1.1 225.1.1.1 10.0.0.9] 10.0.0.8", 5: "5 100:9 10.1.1.1 225.1.1.1",
    6: "6 100:9 100 10.2.2.2 225.1.1.1", 7: "7 100:9 100 10.1.1.1 225.1.1.1",
}


class Scene:
    def __init__(self, start, town, families=VIEWS):
        self.town = town
        clients = [(a, ("reflect-client",)) for a in CLIENTS]
        quick = {"ipv4-family vpn-target": ("timer wait-for-eor 1",)}
        views = tuple(v for v in VIEWS if v in families)
        self.reflector = Speaker(start, town, 3, config(3, clients, views, instance=False, lines=("undo policy vpn-target",), only=quick))
        self.one, self.two = (Speaker(start, town, n, config(n, [("10.0.0.3", ())], views, more="  mvpn\n", only=quick))
                              for n in (1, 2))
        self.feed = start(Bgpfeed, "feed", "10.0.0.4")
        self.feed.prefix = town.house(4).prefix
        spoken = "+".join({"ipv4-family vpnv4": "vpnv4", "ipv6-family vpnv6": "vpnv6", "ipv4-family vpn-target": "vpn-target",
                           "ipv4-family mvpn": "mvpn"}[v] for v in views)
        self.feed.start(f"name=f,local=10.0.0.4,remote=10.0.0.3:179,as=100,role=feed,families={spoken}")
        for s in (self.one, self.two):
            wait_for("both I-PMSI routes", lambda: len(self.routes(s, 1)) == 2, 30)

    def routes(self, speaker, kind=None):
        """MVPN routes in vpna, by text."""
        which = f"type {kind}" if kind else "all-type"
        answer = speaker.dut.json(f"display bgp mvpn vpn-instance vpna routing-table {which}")
        return {r["prefix"]: r for r in answer["routes"]}

    def say(self, *nlri, rt="100:1", word="announce"):
        self.feed.ask(*(f"{word} f {n.hex()} family mvpn" + (f' rt "{rt}"' if word == "announce" else "") for n in nlri))

    def instance(self, speaker, *lines):
        speaker.dut.configure("ip vpn-instance vpna", "ipv4-family", *lines)

    def route_import(self, speaker, prefix):
        """The VRF Route Import that a unicast VPN route in vpna carries, as a route target."""
        wait_for(prefix, lambda: prefix in speaker.instance(), 10)
        return re.search(r"VRF Route Import <(\S+) : (\d+)>", speaker.instance()[prefix]["extended_communities"]).groups()

    def steady(self):
        for s in (self.one, self.two, self.reflector):
            for p in s.dut.json("display bgp mvpn all peer verbose")["peers"]:
                assert (p["state"], p["established_count"]) == ("Established", 1), p
        self.feed.ask("wait f established = 1 and f drops = 0 and f malformed = 0 timeout 1")


@pytest.fixture
def scene(start, town):
    return Scene(start, town)


def test_i_pmsi_routes_follow_the_export_target(scene):
    s = scene
    s.instance(s.two, "undo vpn-target 100:1 export-extcommunity")
    wait_for("its route gone", lambda: len(s.routes(s.one, 1)) == 1, 10)
    s.instance(s.two, "vpn-target 100:1 export-extcommunity")
    wait_for("its route back", lambda: len(s.routes(s.one, 1)) == 2, 10)
    assert s.routes(s.one, 1)["1 100:2 10.0.0.2"]["pmsi_tunnel"].startswith("ingress replication")
    s.one.dut.run("refresh bgp mvpn all import", "refresh bgp mvpn all export")
    s.one.settle()
    s.instance(s.two, "undo mvpn")
    wait_for("its route gone", lambda: len(s.routes(s.one, 1)) == 1, 10)
    s.steady()


def test_configured_joins_reach_the_pe_of_the_source(scene):
    """A receiver's PE joins with what the source's route says; the PE of the source alone takes it in. Then it says that
    the source is active, and the receiver's PE hears that."""
    s = scene
    address, number = s.route_import(s.one, "30.2.0.0/16")
    assert address == "10.0.0.2"
    target = f"route-distinguisher 100:2 source-as 100 route-target {address}:{number}"
    tree = f"mvpn join source-tree 30.2.2.2 group 225.1.1.1 {target}"
    shared = f"mvpn join shared-tree 30.2.9.9 group 225.1.1.2 {target}"
    active = "mvpn source-active 30.2.2.2 group 225.1.1.1"
    wanted = {"7 100:2 100 30.2.2.2 225.1.1.1", "6 100:2 100 30.2.9.9 225.1.1.2"}
    def joins(speaker):
        return {p for p, r in s.routes(speaker).items() if r["type"] in (6, 7) and r["peer"] == "imported"}
    s.instance(s.one, tree, shared)
    wait_for("the joins", lambda: joins(s.two) == wanted, 10)
    assert not joins(s.one)
    s.instance(s.two, active)
    wait_for("the source", lambda: "5 100:2 30.2.2.2 225.1.1.1" in s.routes(s.one, 5), 10)
    heard = s.feed.ask("route f " + mvpn_bytes(7, rd_bytes("100:2"), struct.pack("!I", 100), host("30.2.2.2"),
                                              host("225.1.1.1")).hex() + " family mvpn")[0]
    assert target_bytes(f"{address}:{number}").hex() in heard["attributes"]["ext_communities"], heard
    s.one.dut.run("reset bgp mvpn all")
    wait_for("the joins gone", lambda: not joins(s.two), 10)
    wait_for("the joins back", lambda: joins(s.two) == wanted, 20)
    s.instance(s.one, f"undo {tree}")
    wait_for("one join left", lambda: joins(s.two) == {"6 100:2 100 30.2.9.9 225.1.1.2"}, 10)
    s.instance(s.two, f"undo {active}")
    wait_for("the source gone", lambda: not s.routes(s.one, 5), 10)


def test_all_seven_types_from_an_independent_sender(scene):
    """Types 1 to 5 by the instance's route target, 6 and 7 by its route import; each shown as itself, and each goes."""
    s = scene
    address, number = s.route_import(s.two, "30.1.0.0/16")
    s.say(*(NLRI[k] for k in range(1, 6)))
    s.say(NLRI[6], NLRI[7], rt=f"{address}:{number}")
    def theirs(speaker):
        return {p for p in s.routes(speaker) if "100:9" in p}
    wait_for("all seven", lambda: theirs(s.one) == set(TEXTS.values()), 10)
    wait_for("five", lambda: theirs(s.two) == {TEXTS[k] for k in range(1, 6)}, 10)   # the joins are for the other PE
    for kind, text in TEXTS.items():
        assert s.routes(s.one, kind)[text]["type"] == kind
        assert s.routes(s.one, kind)[text]["next_hop"] == "10.0.0.4"
    s.say(NLRI[1], NLRI[4], word="withdraw")
    wait_for("five left", lambda: theirs(s.one) == {TEXTS[k] for k in (2, 3, 5, 6, 7)}, 10)
    s.say(NLRI[2], NLRI[3], rt="100:77")
    wait_for("three left", lambda: theirs(s.one) == {TEXTS[k] for k in (5, 6, 7)}, 10)
    s.instance(s.one, "vpn-target 100:77 import-extcommunity")
    wait_for("them again", lambda: theirs(s.one) == {TEXTS[k] for k in (2, 3, 5, 6, 7)}, 10)
    s.instance(s.one, "undo vpn-target 100:77 import-extcommunity")
    wait_for("three left", lambda: theirs(s.one) == {TEXTS[k] for k in (5, 6, 7)}, 10)
    s.steady()


# --- what tshark makes of it ------------------------------------------------------------------------------------------
def pcap(frames, file):
    """A capture file of Ethernet frames."""
    with open(file, "wb") as out:
        out.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 17, 1))
        for at, frame in enumerate(frames):
            out.write(struct.pack("<IIII", at, 0, len(frame), len(frame)) + frame)


def dissected(capture, folder, wanted="bgp"):
    data, at, frames = capture.file.read_bytes(), 0, []
    while at + 4 <= len(data):
        size = struct.unpack_from("!I", data, at)[0]
        frames.append(data[at + 4:at + 4 + size])
        at += 4 + size
    pcap(frames, folder / "capture.pcap")
    def tshark(*words):
        return subprocess.run(["tshark", "-n", "-r", folder / "capture.pcap", *words], text=True, capture_output=True, check=True).stdout
    return tshark


def test_tshark_finds_nothing_malformed(start, town, tmp_path):
    town.house(3)
    capture = Capture(tmp_path, "eth0", town.house(3).prefix)
    s = Scene(start, town)
    address, number = s.route_import(s.one, "30.2.0.0/16")
    target = f"route-distinguisher 100:2 source-as 100 route-target {address}:{number}"
    s.instance(s.one, f"mvpn join source-tree 30.2.2.2 group 225.1.1.1 {target}", f"mvpn join shared-tree 30.2.9.9 group 225.1.1.2 {target}")
    s.instance(s.two, "mvpn source-active 30.2.2.2 group 225.1.1.1")
    s.say(*(NLRI[k] for k in (2, 3, 4)))
    wait_for("all of it", lambda: {r["type"] for r in s.routes(s.one).values()} == {1, 2, 3, 4, 5, 6, 7}, 10)
    wait_for("all of it", lambda: {r["type"] for r in s.routes(s.two).values()} == {1, 2, 3, 4, 5, 6, 7}, 10)
    s.instance(s.two, "undo mvpn source-active 30.2.2.2 group 225.1.1.1")
    wait_for("a withdrawal", lambda: not any(r["type"] == 5 for r in s.routes(s.one).values()), 10)
    s.steady()
    capture.stop()
    tshark = dissected(capture, tmp_path)
    not_feed = "ip.src != 10.0.0.4 && bgp"
    assert not tshark("-Y", "_ws.malformed || _ws.unreassembled")
    assert not tshark("-Y", f"{not_feed} && _ws.expert.severity >= 0x600000")     # warnings and errors, resets of TCP aside
    text = tshark("-V", "-O", "bgp", "-Y", f"{not_feed} && bgp.type == 2")
    for wanted in SAID:
        assert re.search(wanted, text), wanted
    kinds = tshark("-T", "fields", "-e", "bgp.mcast_vpn_nlri_route_type", "-Y", f"{not_feed} && bgp.mcast_vpn_nlri")
    assert set(re.findall(r"\d", kinds)) == set("1234567")
    assert re.search(r"MP_UNREACH_NLRI(?:\n(?!Border).*)*Source Active A-D route", text)


SAID = [   # what stands in tshark's text, lines in this order
    r"Labeled VPN Unicast(.*\n)*.*RD=0:0 IPv4=10.0.0.1(.*\n)*.*Label Stack: 17 \(bottom\)\n.*Route Distinguisher: 100:1\n.*prefix: 30.1.0.0",
    r"IPv6=::ffff:10.0.0.1(.*\n)*.*Label Stack=17 \(bottom\) RD=100:1, IPv6=2001:db8:1::/48",
    r"Route Target: 100:1 (.*\n)*.*Source AS: 100:0 (.*\n)*.*VRF Route Import: 10.0.0.1:1 ",
    r"Route Target Filter \(132\)(.*\n)*.*100:100:1/96\n(.*\n){3}.*100:10.0.0.1:1/96",
    r"Intra-AS I-PMSI A-D route \(12 bytes\)\n.*100:1\n.*Originating Router: 10.0.0.1",
    r"Ingress Replication \(6\)\n.*MPLS Label: 17\n.*10.0.0.1",
    r"Inter-AS I-PMSI A-D route \(12 bytes\)\n.*100:9\n.*Source AS: 100\n",
    r"S-PMSI A-D route \(22 bytes\)\n.*100:9\n.*: 32\n.*Source Address: 10.1.1.1\n.*: 32\n.*Group Address: 225.1.1.1\n.*Router: 10.0.0.9",
    r"Leaf A-D route \(28 bytes\)\n.*Route Key \(24 bytes\)\n.*Originating Router: 10.0.0.8",
    r"Source Active A-D route \(18 bytes\)\n.*100:2\n.*: 32\n.*: 30.2.2.2\n.*: 32\n.*: 225.1.1.1",
    r"Shared Tree Join route \(22 bytes\)\n.*100:2\n.*Source AS: 100\n.*: 32\n.*: 30.2.9.9\n.*: 32\n.*: 225.1.1.2",
    r"Source Tree Join route \(22 bytes\)\n.*100:2\n.*Source AS: 100\n.*: 32\n.*: 30.2.2.2\n.*: 32\n.*: 225.1.1.1",
    r"Originator identifier: 10.0.0.1\n",
    r"Cluster ID: 10.0.0.3\n",
]


# --- the vectors of test/wire -------------------------------------------------------------------------------------------
class Vectors:
    """The UPDATEs of test/wire/*.hex that are good, with what they are expected to say. Its notation: octets in hex,
    $name for what `let` named, [1 and [2 with ] for a length of one or two octets in front, *N for N times."""

    def __init__(self, file):
        self.names, self.cases = {}, {}
        for path in (file.parent / "00_common.hex", file):
            text = re.sub(r"#.*", "", path.read_text()).replace("\n ", " ")
            for block in re.split(r"\n(?=case )", text):
                for line in re.findall(r"^let (\S+) +(.*)", block, re.M):
                    self.names[line[0]] = line[1].split()
                m = re.match(r"case (\S+)\n((?:set .*\n)*)update (.*)\nexpect\nok\n((?:.+\n)*)", block)
                if m and path == file and "trouble" not in m[4]:
                    self.cases[m[1]] = (self.octets(m[3].split()), re.findall(r"^[-+] (\S+) (.*)", m[4], re.M))

    def octets(self, words):
        """The words up to the end or to the bracket that closes."""
        out = b""
        while words:
            word = words.pop(0)
            if word == "]":
                break
            if word[0] == "[":
                inner = self.octets(words)
                out += struct.pack("!B" if word[1] == "1" else "!H", len(inner)) + inner
            elif word[0] == "*":
                out += self.octets([words.pop(0)]) * int(word[1:])
            elif word[0] == "$":
                out += self.octets(list(self.names[word[1:]]))
            else:
                out += bytes.fromhex(word)
        return out


def frame(sequence, message):
    """The message as a segment of TCP to port 179."""
    tcp = struct.pack("!HHIIBBHHH", 40000, 179, sequence, 1, 5 << 4, 0x18, 65535, 0, 0) + message
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + bytes([10, 0, 0, 1, 10, 0, 0, 2])
    return bytes(12) + b"\x08\0" + ip + tcp


# Where tshark 4.0.17 reads otherwise, and who is right.
OTHERWISE = {
    "K6_bottom_of_stack_is_ignored": "it looks for the bottom of the stack; without the capability for more there is one label (RFC 8277 2.2)",
    "K10_default_route_and_host": "it shows nothing that follows ::/0",
    "E1_lengths_between": "it reads the part of a target that is there as if it were moved (RFC 4684 section 4)",
    "E1_types_of_targets": "it reads a 4-octet AS number in a target as 4294967295",
    "F3_originator_of_16": "it takes the originator's length from the AFI; RFC 6514 4.1 takes it from the route's",
    "F5_wildcards": "the same",
    "F6_leaf_of_each_route_key": "it does not take the route key apart, and the same",
}


def test_tshark_reads_the_vectors_as_we_do(tmp_path):
    file = pathlib.Path(__file__).parents[1] / "wire" / "90_vpn.hex"
    cases = Vectors(file).cases
    assert len(cases) > 20
    frames, sequence = [], 1
    for body, _ in cases.values():
        frames.append(frame(sequence, message(UPDATE, body)))
        sequence += len(frames[-1]) - 54
    pcap(frames, tmp_path / "vectors.pcap")
    done = subprocess.run(["tshark", "-n", "-V", "-r", tmp_path / "vectors.pcap"], text=True, capture_output=True, check=True)
    texts = re.split(r"^(?=Frame \d+:)", done.stdout, flags=re.M)[1:]
    assert len(texts) == len(cases)
    wrong = {}
    for (name, (_, says)), text in zip(cases.items(), texts):
        body = text[text.find("Border Gateway"):]
        for family, words in says:
            missing = [w for w in re.findall(r"(?<![/\w])[0-9A-F][0-9A-F.:]*", words) if w.lower() not in body.lower()]
            if missing:
                wrong.setdefault(name, []).append((family, words, missing))
        if "Malformed" in text:
            wrong.setdefault(name, []).append("malformed")
    assert set(wrong) == set(OTHERWISE), wrong
