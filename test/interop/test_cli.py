"""The command line as scripts and operators meet it: the client against the daemon."""
import os
import re
import signal
import subprocess

import pytest

from daemons import BUILD, END_WITH_US, PORT, Afresh, wait_for
from terminal import Terminal
from wirepeer import WirePeer, end_of_rib, update

CONFIG = """sysname dut
#
route-policy IN permit node 10
#
bgp 100
 router-id 1.1.1.1
 peer {0}.2 as-number 65002
 peer {0}.2 listen-only
 peer {0}.3 as-number 65003
 peer {0}.3 listen-only
#
return
"""
HEAD = ("system-view", "bgp 100")


@pytest.fixture
def dut(start, network):
    base = network(1).rpartition(".")[0]
    one = start(Afresh, "afresh", network(1), CONFIG.format(base))
    one.base = base
    return one.start()


@pytest.fixture
def terminal(dut):
    made = []

    def make(**options):
        t = Terminal(dut.socket, **options)
        made.append(t)
        t.expect("<dut>")
        return t

    yield make
    for t in made:
        t.close()


@pytest.fixture
def feeder(dut):
    """A neighbour that has sent 300 routes."""
    wire = WirePeer(dut.base + ".2", dut.address, PORT, 65002).establish()
    routes = [f"10.{i // 256}.{i % 256}.0/24" for i in range(300)]
    wire.send(end_of_rib() + update(routes, path=(65002,), next_hop=wire.local))
    wait_for("the routes", lambda: dut.json("display bgp routing-table statistics")["routes"] == 300 and
             dut.json("display bgp peer")["peers"][0]["routes_received"] == 300, 10, 0.05)
    yield wire
    wire.close()


def client(dut, *arguments, text=None):
    done = subprocess.run([BUILD / "afresh", "-s", dut.socket, *arguments], input=text or "", text=True,
                          capture_output=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


# --- scripts ------------------------------------------------------------------------------------
def test_a_script_prints_answers_only(dut):
    status, out, errors = client(dut, text="system-view\nbgp 100\nipv4-family unicast\npeer x enable | count\n")
    assert status == 1
    status, out, errors = client(dut, text="# a comment\n\nsystem-view\nsysname other\n!another\ncommit\nquit\nquit\n")
    assert (status, errors) == (0, "")
    assert out.splitlines() == ["Info: Plan: no route is affected; no session will be reset."]
    assert "<" not in out and "[" not in out
    assert "sysname other\n" in client(dut, text="display current-configuration\n")[1]


def test_commands_of_an_argument(dut):
    status, out, _ = client(dut, "-c", 'system-view; bgp 100; peer {0}.2 description "a;b c"; commit; display this'.format(dut.base))
    assert status == 0 and f' peer {dut.base}.2 description "a;b c"\n' in out


@pytest.mark.parametrize("line, column, message", [
    ("bgpp 100", 0, "Error: Unrecognized command found at '^' position."),
    ("display bgp pear", 12, "Error: Unrecognized command found at '^' position."),
    ("display bgp routing-table peer", 30, "Error: Incomplete command found at '^' position."),
    ("re", 0, "Error: Ambiguous command found at '^' position."),
    ("display bgp routing-table 10.0.0.0/8", 26, "Error: Wrong parameter found at '^' position."),
    ("refresh bgp 300.1.1.1 import", 12, "Error: Wrong parameter found at '^' position."),
    ("display version now", 16, "Error:Too many parameters found at '^' position."),
])
def test_errors_have_a_caret(dut, line, column, message):
    status, out, errors = client(dut, text=f"display version\n{line}\ndisplay bgp peer\n")
    echo, caret, error = out.splitlines()[2:]
    assert status == 1 and echo == line and error == message
    assert caret == " " * column + "^"
    assert "line 2" in errors and "BGP local router" not in out


def test_a_script_stops_at_its_first_error(dut):
    status, out, errors = client(dut, text="system-view\nsysname other\nnonsense\ncommit\n")
    assert status == 1 and "sysname dut\n" in dut.run("display current-configuration")


def test_names_that_do_not_exist(dut):
    for line, message in (("refresh bgp 9.9.9.9 import", "Error: The peer does not exist."),
                          ("refresh bgp group none import", "Error: The peer group does not exist."),
                          ("display bgp routing-table peer 9.9.9.9 received-routes", "Error: The peer does not exist.")):
        status, out, _ = client(dut, text=line + "\n")
        assert (status, out.splitlines()[-1]) == (1, message), line
    dut.configure("undo bgp")
    assert client(dut, text="refresh bgp all import\n")[:2] == (1, "Error: BGP is not configured.\n")


def test_abbreviation_and_upper_views(dut):
    dut.run("sys", "bgp 100", "ipv4-f u", f"pe {dut.base}.2 en", "ipv6-family unicast", f"peer {dut.base}.3 enable",
            "route-policy NEW permit node 5", "apply cost 5", "commit")
    config = dut.run("dis cu")
    assert f" ipv6-family unicast\n  peer {dut.base}.3 enable\n" in config
    assert "route-policy NEW permit node 5\n apply cost 5\n" in config


def test_a_printed_configuration_is_one_that_can_be_typed(dut, start, network):
    dut.run(*HEAD, f"peer {dut.base}.2 description a b", "ipv6-family unicast", f"peer {dut.base}.3 enable", "commit")
    text = dut.run("display current-configuration")
    other = start(Afresh, "other", network(9)).start()
    other.run("system-view", *text.splitlines()[:-2], "commit")
    assert other.run("display current-configuration") == text


# --- displays ---------------------------------------------------------------------------------------
def test_filters(dut, feeder):
    full = dut.run("display bgp routing-table").splitlines()
    assert len([line for line in full if "/24" in line]) == 300
    assert dut.run("display bgp routing-table | include 10.0.7.0").splitlines() == [s for s in full if "10.0.7.0" in s]
    assert dut.run("display bgp routing-table | exclude 10.").splitlines() == [s for s in full if not re.search("10.", s)]
    assert dut.run("display bgp routing-table | begin Network").splitlines()[0].split() == [
        "Network", "NextHop", "MED", "LocPrf", "PrefVal", "Path/Ogn"]
    assert dut.run("display bgp routing-table | count") == f"Total lines: {len(full)}.\n"
    assert dut.run("display bgp routing-table | include 10\\.1\\. | exclude \\.0/24.*65002 | count") == "Total lines: 0.\n"
    assert dut.run("display bgp routing-table | inc 10\\.1\\.[0-9]+\\.0 | count") == "Total lines: 44.\n"
    assert dut.run("display bgp routing-table | no-more").splitlines() == full
    status, out, _ = client(dut, text="display bgp routing-table | include (\n")
    assert status == 1 and "^" in out
    assert client(dut, text="display bgp peer | frobnicate x\n")[0] == 1


def test_json(dut, feeder):
    table = dut.json("display bgp routing-table")
    assert table["total"] == 300 == len(table["routes"])
    assert {r["prefix"] for r in table["routes"]} == {f"10.{i // 256}.{i % 256}.0/24" for i in range(300)}
    one = dut.json("display bgp routing-table 10.0.5.0 24")["routes"]
    assert len(one) == 1 and one[0]["as_path"] == "65002" and one[0]["next_hop"] == feeder.local
    assert dut.json("display bgp peer")["peers_established"] == 1
    for command in ("display bgp refresh", "display bgp peer verbose", f"display bgp peer {dut.base}.2 log-info",
                    "display version", "display bgp group", "display bgp memory"):
        assert isinstance(dut.json(command), dict), command


def test_prefix_displays(dut, feeder):
    assert "10.0.5.0/24" in dut.run("display bgp routing-table 10.0.5.9")
    assert "Info: The network does not exist." in dut.run("display bgp routing-table 192.168.0.1")
    assert dut.run("display bgp routing-table 10.0.4.0 22 longer-prefixes | include /24 | count") == "Total lines: 4.\n"
    assert dut.run("display bgp routing-table 10.0.5.0 255.255.255.0") == dut.run("display bgp routing-table 10.0.5.0 24")
    assert dut.json("display bgp routing-table statistics regular-expression ^65002$")["routes"] == 300


# --- configurations ------------------------------------------------------------------------------------
def test_a_conflict_between_two_terminals(dut, terminal):
    one, two = terminal(), terminal()
    for t in (one, two):
        t.type("system-view", r"\[~dut\]")
        t.type("bgp 100", r"\[~dut-bgp\]")
    one.type(f"peer {dut.base}.2 description one", r"\[\*dut-bgp\]")
    two.type(f"peer {dut.base}.2 description two", r"\[\*dut-bgp\]")
    two.type(f"peer {dut.base}.3 description three", r"\[\*dut-bgp\]")
    one.type("commit", r"\[~dut-bgp\]")
    answer = two.type("commit", r"\[\*dut-bgp\]")
    assert "Commit canceled, the configuration conflicted with other user" in answer
    assert f"peer {dut.base}.2 description two" in answer
    config = dut.run("display current-configuration")
    assert "description one" in config and "description t" not in config
    # Taken back, the rest can be committed: nothing was merged behind anybody's back, nothing is lost.
    two.type("clear configuration candidate", r"\[~dut\]")
    two.type("bgp 100", r"\[~dut-bgp\]")
    two.type(f"peer {dut.base}.3 description three", r"\[\*dut-bgp\]")
    two.type("commit", r"\[~dut-bgp\]")
    config = dut.run("display current-configuration")
    assert "description one" in config and "description three" in config


def test_two_terminals_with_different_statements(dut, terminal):
    one, two = terminal(), terminal()
    for t, peer in ((one, 2), (two, 3)):
        t.type("system-view", r"\[~dut\]")
        t.type("bgp 100", r"\[~dut-bgp\]")
        t.type(f"peer {dut.base}.{peer} description mine", r"\[\*dut-bgp\]")
    for t in (one, two):
        t.type("commit", r"\[~dut-bgp\]")
    assert dut.run("display current-configuration | include mine | count") == "Total lines: 2.\n"


def test_commits_survive_a_crash(dut):
    dut.run(*HEAD, f"peer {dut.base}.2 description kept", "commit", f"peer {dut.base}.3 description too", "commit")
    before = dut.run("display current-configuration")
    dut.stop(signal.SIGKILL)
    dut.socket.unlink(missing_ok=True)
    dut.start()
    assert dut.run("display current-configuration") == before and "kept" in before and "too" in before


def test_save_and_start_from_the_saved_file(dut, start, network):
    dut.run(*HEAD, f"peer {dut.base}.2 description saved", "commit")
    assert "description" not in dut.config.read_text()
    assert "Info: Save the configuration successfully." in dut.run("save")
    text = dut.config.read_text()
    assert f" peer {dut.base}.2 description saved\n" in text
    other = start(Afresh, "other", network(1), text)
    dut.stop()
    other.start()
    assert f" peer {dut.base}.2 description saved\n" in other.run("display current-configuration")


def test_a_file_edited_by_hand_is_believed(dut):
    dut.run(*HEAD, f"peer {dut.base}.2 description committed", "commit")
    dut.stop()
    dut.config.write_text(dut.config.read_text().replace("sysname dut", "sysname edited"))
    dut.start()
    assert "sysname edited" in dut.run("display current-configuration")


@pytest.mark.parametrize("how", ["full disk", "size limit"])
def test_a_commit_that_cannot_be_written_changes_nothing(dut, how):
    """The state folder on a tiny disk that is full, or a limit on the size of files: Error with the reason, the
    old configuration runs on and stands on the disk, and when there is room again the same commit works."""
    if how == "full disk":
        dut.stop()
        dut.prefix = ("unshare", *(() if os.getuid() == 0 else ("--map-root-user",)), "--mount", "sh", "-c",
                      f'mount -t tmpfs -o size=64k none "{dut.state}" && exec "$@"', "sh")
        dut.start()
        state = f"/proc/{dut.process.pid}/root{dut.state}"
        assert os.statvfs(state).f_blocks * os.statvfs(state).f_frsize <= 65536
        with open(f"{state}/ballast", "wb", buffering=0) as f:
            with pytest.raises(OSError):
                for _ in range(17):
                    f.write(b"x" * 4096)
        room = lambda: os.unlink(f"{state}/ballast")
    else:
        subprocess.run(["prlimit", "--pid", str(dut.process.pid), "--fsize=64:unlimited"], check=True)
        room = lambda: subprocess.run(["prlimit", "--pid", str(dut.process.pid), "--fsize=unlimited:unlimited"], check=True)
    before = dut.run("display current-configuration")
    lines = [*HEAD, f"peer {dut.base}.2 description {'x' * 200}", f"undo peer {dut.base}.3", "commit"]
    status, out = dut.run(*lines, check=False)
    assert status == 1 and re.search(r"Error: .*(No space left on device|File too large)", out), out
    assert dut.alive() and dut.run("display current-configuration") == before
    status, out = dut.run("save", check=False)
    assert how == "full disk" or status == 1 and "Error:" in out
    room()
    dut.run(*lines)
    after = dut.run("display current-configuration")
    assert after != before and "x" * 200 in after and dut.base + ".3" not in after


def test_errors_of_a_configuration_file_all_at_once(dut, tmp_path):
    bad = tmp_path / "bad.cfg"
    bad.write_text("sysname x\n#\nbgp 100\n router-id 1.1.1\n peer 1.1.1.1 as-number 200\n nonsense here\n #\n"
                   " ipv4-family unicast\n  peer 1.1.1.1 route-policy\n#\nroute-policy P permit node 99999\n#\nreturn\n")
    for option in (["-t"], ["-d", tmp_path, "-s", tmp_path / "s", "-l", "127.0.0.1", "-p", "1"]):
        done = subprocess.run([BUILD / "afreshd", "-f", bad, *option], capture_output=True, text=True, timeout=10)
        assert done.returncode == 1
        errors = done.stderr.splitlines()
        places = [tuple(map(int, re.match(rf"{re.escape(str(bad))}:(\d+):(\d+): Error: ", e).groups())) for e in errors]
        assert places == [(4, 12), (6, 2), (9, 28), (11, 28)], done.stderr
    assert not (tmp_path / "s").exists()


def test_check_of_a_good_file(dut):
    done = subprocess.run([BUILD / "afreshd", "-t", "-f", dut.config], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and done.stderr.count("Error") == 0
    assert dut.alive()   # checked beside it, on nothing of its own


def test_names_missing_in_a_file_are_errors_too(dut, tmp_path):
    bad = tmp_path / "bad.cfg"
    bad.write_text(CONFIG.format("10.0.0") .replace("#\nreturn", " #\n ipv4-family unicast\n  peer 10.0.0.2 enable\n"
                   "  peer 10.0.0.2 route-policy NONE import\n  peer 10.0.0.3 route-policy NEITHER export\n#\nreturn"))
    done = subprocess.run([BUILD / "afreshd", "-t", "-f", bad], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1 and "NONE" in done.stderr and "NEITHER" in done.stderr


@pytest.mark.parametrize("what", ["socket", "port"])
def test_a_second_daemon_says_what_is_taken(dut, tmp_path, network, what):
    argv = [BUILD / "afreshd", "-f", dut.config, "-d", tmp_path, "-n", "0"]
    if what == "socket":
        argv += ["-s", dut.socket, "-l", network(5), "-p", str(PORT)]
    else:
        argv += ["-s", tmp_path / "other", "-l", dut.address, "-p", str(PORT)]
    done = subprocess.run([*END_WITH_US, *argv], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
    assert (str(dut.socket) if what == "socket" else f"{dut.address} port {PORT}") in done.stderr
    assert "Address already in use" in done.stderr
    assert dut.alive() and "sysname dut" in dut.run("display current-configuration")   # the first one lives on


# --- at a terminal ---------------------------------------------------------------------------------------
def test_prompts(terminal):
    t = terminal()
    for line, prompt in (("system-view", "[~dut]"), ("bgp 100", "[~dut-bgp]"), ("ipv4-family unicast", "[~dut-bgp-af-ipv4]"),
                         ("default med 7", "[*dut-bgp-af-ipv4]"), ("ipv6-family unicast", "[*dut-bgp-af-ipv6]"),
                         ("ipv4-family multicast", "[*dut-bgp-af-multicast]"), ("quit", "[*dut-bgp]"),
                         ("route-policy IN permit node 10", "[*dut-route-policy]"), ("commit", "[~dut-route-policy]"),
                         ("return", "<dut>")):
        t.type(line, re.escape(prompt) + "$")


def test_sysname_shows_after_commit(terminal):
    t = terminal()
    t.type("system-view", r"\[~dut\]")
    t.type("sysname renamed", r"\[\*dut\]")
    t.type("commit", r"\[~renamed\]")


def test_uncommitted_changes_are_asked_about(dut, terminal):
    t = terminal()
    question = r"Uncommitted configurations found.*\[Y\(yes\)/N\(no\)/C\(cancel\)\]:"
    t.type("system-view", r"\[~dut\]")
    t.type("sysname other", r"\[\*dut\]")
    t.type("return", question)
    t.type("maybe", r"Error: Please choose 'YES', 'NO' or 'CANCEL' first before pressing 'Enter'. \[Y/N/C\]:")
    t.type("c", r"\[\*dut\]")
    t.type("quit", question)
    t.type("n", "<dut>")
    assert "sysname dut" in dut.run("display current-configuration")
    t.type("system-view", r"\[~dut\]")
    t.type("sysname other", r"\[\*dut\]")
    t.type("return", question)
    t.type("y", "<other>")


def test_questions(dut, terminal):
    t = terminal()
    t.type("reset bgp all", r"Warning: .*\[Y/N\]:")
    t.type("n", "<dut>")
    t.type("system-view", r"\[~dut\]")
    t.type("undo bgp", r"Warning: All BGP configurations will be deleted. Continue\? \[Y/N\]:")
    t.type("n", r"\[~dut\]")
    t.type("undo bgp", r"\[Y/N\]:")
    t.type("y", r"\[\*dut\]")
    t.type("commit", r"\[~dut\]")
    assert "bgp" not in dut.run("display current-configuration")


def test_help(terminal):
    t = terminal()
    t.keys("refresh bgp all ?")
    before = t.expect(r"<dut>refresh bgp all $")
    assert "import" in before and "export" in before
    t.keys("\x15re?")   # Ctrl+U clears the line
    before = t.expect("<dut>re$")
    assert "refresh" in before and "reset" in before and "display" not in before


def test_tab_completes(terminal):
    t = terminal()
    t.keys("dis\tver\t")
    t.expect("display version $")
    t.type("", "Afresh BGP speaker, version")


def test_errors_at_a_terminal_point_below_the_line(terminal):
    t = terminal()
    text = t.type("display bgp pear", "<dut>")
    echo, caret = [line for line in text.splitlines() if "pear" in line or line.strip() == "^"]
    assert echo.index("pear") == caret.index("^") and echo.startswith(("<dut>", "display")) or caret.index("^") == 17


def test_the_pager(terminal, feeder):
    t = terminal(rows=24)
    t.type("display bgp routing-table", "  ---- More ----")
    t.keys(" ")
    first = t.expect("  ---- More ----")
    assert 20 <= first.count("/24") <= 24
    t.keys("\n")
    assert t.expect("  ---- More ----").count("/24") == 1
    t.keys("/10\\.1\\.40\\.0\n")
    assert "10.1.40.0" in t.expect("<dut>")
    t.type("display bgp routing-table", "  ---- More ----")
    t.keys("q")
    assert t.expect("<dut>").count("/24") == 0
    t.type("screen-length 0 temporary", "<dut>")
    assert t.type("display bgp routing-table", "<dut>").count("/24") == 300
    t.type("screen-length 24 temporary", "<dut>")
    assert t.type("display bgp routing-table | no-more", "<dut>").count("/24") == 300
    t.type("display bgp routing-table", "  ---- More ----")
    t.keys("q")
    t.expect("<dut>")


def test_interrupt(terminal, feeder):
    """Ctrl+C drops the line being typed, leaves a display, and ends neither client nor daemon."""
    t = terminal()
    t.keys("display bgp nonsense\x03")
    t.expect("<dut>$")
    t.type("display bgp routing-table", "  ---- More ----")
    t.keys("\x03")
    t.expect("<dut>")
    t.type("display version", "version")
    t.type("system-view", r"\[~dut\]")
    t.keys("\x1a")   # Ctrl+Z is return
    t.expect("<dut>")
    t.type("quit", "")
    wait_for("the client to end", t.ended, 5)


def test_end_of_a_terminal_leaves_no_half_candidate(dut, terminal):
    t = terminal()
    t.type("system-view", r"\[~dut\]")
    t.type("sysname lost", r"\[\*dut\]")
    t.process.kill()
    t.process.wait()
    assert "sysname dut" in dut.run("display current-configuration")


# --- clients of VRP ------------------------------------------------------------------------------------------
def test_peer_table_as_template_clients_read_it(dut, feeder):
    """A parser by lines, where any line that none of the expressions knows is an error; written from the
    description of the fields, for both the public template and the driver that cuts at `ID :`."""
    known = [r"^\s+Status\s+codes", r"^\s+BGP\s+[Ll]ocal\s+router\s+ID", r"^\s+[Ll]ocal\s+AS\s+number",
             r"^\s+Peers\s+in\s+established\s+state", r"^\s+Total\s+number\s+of(\s+dynamic)?\s+peers",
             r"^\s+Peer\s+V\s+AS\s+MsgRcvd\s+MsgSent\s+OutQ\s+Up/Down\s+State\s+PrefRcv", r"^\s*$"]
    row = re.compile(r"^\s+(?P<peer>\S+)\s+(?P<v>\d+)\s+(?P<as>\d+(?:\.\d+)?)\s+(?P<in>\d+)\s+(?P<out>\d+)\s+(?P<queue>\d+)"
                     r"\s+(?P<up>\S+)\s+(?P<state>\w+)\s+(?P<prefixes>\d+)\s*$")
    text = dut.run("display bgp peer")
    rows = {}
    for line in text.splitlines():
        found = row.match(line)
        if found:
            rows[found["peer"]] = found
        else:
            assert any(re.match(k, line) for k in known), line
    assert rows[dut.base + ".2"]["state"] == "Established" and rows[dut.base + ".2"]["prefixes"] == "300"
    assert rows[dut.base + ".3"]["state"] in ("Idle", "Active", "Connect") and rows[dut.base + ".3"]["as"] == "65003"
    assert re.match(r"^\d\d:\d\d:\d\d$|^\d+h\d+m$", rows[dut.base + ".2"]["up"])
    assert text.split("BGP local router ID :")[1].split()[0] == "1.1.1.1"
    assert int(text.split("Local AS number :")[1].split()[0]) == 100


def test_verbose_as_driver_clients_read_it(dut, feeder):
    text = dut.run(f"display bgp peer {dut.base}.2 verbose")
    for field, value in (("Advertised total routes:", "0"), ("Received total routes:", "300")):
        assert text.split(field)[1].split()[0] == value
    assert re.search(r"Remote router ID (\d+\.\d+\.\d+\.\d+)", text)[1] == feeder.router_id
    assert re.search(r"BGP current state: (\w+), Up for (\S+)", text)[1] == "Established"
    assert "not found" not in text and not re.search(r"error:", text, re.I)


def test_what_clients_send_when_they_log_in(dut, terminal):
    """screen-length, echo mode, one-stage mode: accepted, silent where scripts expect silence."""
    t = terminal()
    for line in ("screen-length 0 temporary", "undo terminal monitor", "undo terminal alarm", "terminal echo-mode line",
                 "mmi-mode enable", "undo mmi-mode enable", "timestamp disable"):
        assert "Error" not in t.type(line, r"<dut>$"), line
    t.type("system-view immediately", r"\[dut\]$")
    t.type("sysname at-once", r"\[at-once\]$")
    t.type("return", "<at-once>$")
    assert "sysname at-once" in dut.run("display current-configuration")
    assert "Huawei Versatile Routing Platform Software" in t.type("display version", "<at-once>$")


@pytest.mark.parametrize("words", ['commit comment "by a client"', "commit comment client", "commit description a note"])
def test_commit_with_a_note(dut, words):
    dut.run("system-view", "sysname noted", words)
    assert "sysname noted" in dut.run("display current-configuration")
