"""The history of commits against the daemon: killed at any moment, in a trial, and as clients read it.

AFRESH_KILLS sets how often the daemon is killed (100).
"""
import contextlib
import os
import random
import re
import signal
import subprocess
import time

import pytest

from daemons import BUILD, END_WITH_US, PORT, ROOT, Afresh, wait_for
from terminal import Terminal
from wirepeer import WirePeer, end_of_rib, update

CONFIG = """sysname n0
#
route-policy P permit node 10
 apply cost 0
#
bgp 100
 router-id 1.1.1.1
 peer {0}.2 as-number 65002
#
return
"""
KILLS = int(os.environ.get("AFRESH_KILLS", "100"))


@pytest.fixture
def dut(start, network):
    base = network(1).rpartition(".")[0]
    one = start(Afresh, "afresh", network(1), CONFIG.format(base), threads=0)
    one.base = base
    return one


def ready(dut, seconds=10):
    """Waits for the socket in small steps: many starts are waited for here."""
    end = time.monotonic() + seconds
    while not dut.socket.exists() or "ready" not in dut.log():
        assert dut.alive() and time.monotonic() < end, dut.log()
        time.sleep(0.003)


def spawn(dut):
    dut.socket.unlink(missing_ok=True)
    (dut.folder / "log").write_text("")
    dut.spawn(dut.argv())
    dut.ended = False


def kill(dut):
    dut.stop(signal.SIGKILL)
    assert dut.process.returncode == -signal.SIGKILL, dut.log()


def steps(first):
    """Commits of two statements each, rollbacks and labels among them; a script for the client."""
    for i in range(first, first + 200):
        yield from ("system-view", f"sysname n{i}", "route-policy P permit node 10", f"apply cost {i}",
                    f"commit description step {i}", "return")


def configuration(dut):
    text = dut.run("display current-configuration")
    name = re.search(r"^sysname n(\d+)$", text, re.MULTILINE)
    cost = re.search(r"^ apply cost (\d+)$", text, re.MULTILINE)
    assert name and cost and name[1] == cost[1], "half a commit:\n" + text
    return int(name[1]), text


def check_history(dut, step, text):
    """The list has no gap, its newest is what runs, and an older one can still be read."""
    commits = dut.json("display configuration commit list")["commits"]
    numbers = [c["id"] - 1000000000 for c in commits]
    assert numbers == list(range(numbers[0], numbers[0] - len(numbers), -1)) if numbers else step == 0
    if not numbers:
        return 0
    assert commits[0]["description"] == f"step {step}" and commits[0]["user"] and commits[0]["plan"]
    oldest = commits[min(len(commits), 80) - 1]
    out = dut.run(f"display configuration commit at {commits[0]['id']}")
    assert out == text
    out = dut.run(f"display configuration commit at {oldest['id']}")
    assert f"sysname {oldest['description'].replace('step ', 'n')}\n" in out
    return numbers[0]


def test_killed_during_commits(dut):
    """Whatever the moment: the old configuration or the new one, and a history that tells the same."""
    choose = random.Random(int(os.environ.get("AFRESH_SEED", "4")))
    step = last = 0
    for _ in range(KILLS):
        if choose.random() < 0.2:  # during the start, too
            spawn(dut)
            time.sleep(choose.uniform(0, 0.03))
            kill(dut)
        spawn(dut)
        ready(dut)
        client = subprocess.Popen([*END_WITH_US, BUILD / "afresh", "-s", dut.socket], stdin=subprocess.PIPE, text=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client.stdin.write("\n".join(steps(step + 1)) + "\n")
        client.stdin.flush()
        time.sleep(choose.uniform(0, 0.06))
        kill(dut)
        with contextlib.suppress(BrokenPipeError):
            client.stdin.close()
        client.wait(10)
        said = len(re.findall(r" info commit \d+ by ", dut.log()))   # each when it was on disk
        spawn(dut)
        ready(dut)
        now, text = configuration(dut)
        assert step + said <= now <= step + said + 1, f"{said} commits were confirmed, {now - step} are there"
        number = check_history(dut, now, text)
        assert number == last + now - step
        step, last = now, number
        kill(dut)
    assert step > KILLS, "hardly anything was committed"
    spawn(dut)
    ready(dut)
    before = step - 79
    assert "succeeded" in dut.run("rollback configuration last 79")
    assert configuration(dut)[0] == before
    assert (dut.state / "history.journal").stat().st_size < 2_000_000


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_restart_ends_a_trial(dut, how):
    dut.start()
    dut.run("system-view", "sysname n1", "commit", "sysname n2", "commit trial 600 persist word", "sysname n3",
            "commit trial persist word")
    dut.stop(how)
    spawn(dut)
    ready(dut)
    assert "sysname n1\n" in dut.run("display current-configuration")
    assert dut.json("display configuration trial status")["status"] == "INACTIVE"
    newest = dut.json("display configuration commit list")["commits"][0]
    assert (newest["id"], newest["type"]) == (1000000004, "TRIAL-ROLLBACK")
    dut.stop()
    dut.start()
    assert len(dut.json("display configuration commit list")["commits"]) == 4


def test_a_file_edited_by_hand_is_a_commit_too(dut):
    dut.start()
    dut.run("system-view", "sysname n1", "commit")
    dut.stop()
    dut.config.write_text(dut.config.read_text().replace("sysname n0", "sysname hand"))
    dut.start()
    dut.run("system-view", "sysname n3", "commit")
    assert "- sysname n1\n+ sysname hand\n" in dut.run("display configuration commit changes at 1000000002")
    dut.run("rollback configuration to commit-id 1000000001")
    assert "sysname n1\n" in dut.run("display current-configuration")
    dut.run("rollback configuration to commit-id 1000000002")
    assert "sysname hand\n" in dut.run("display current-configuration")


def test_what_no_longer_parses_is_refused(dut):
    """A history of a version that knew another statement."""
    dut.start()
    dut.run("system-view", "sysname n1", "commit", "sysname n2", "commit")
    dut.stop()
    journal = dut.state / "history.journal"
    sound = journal.read_bytes()
    journal.write_bytes(sound.replace(b"+ sysname n1\n", b"+ sysnome n1\n"))
    dut.start()   # the hash says that it is not ours: the history begins anew, the configuration stands
    assert "sysname n2\n" in dut.run("display current-configuration")
    assert dut.run("rollback configuration to commit-id 1000000001", check=False)[0] == 1
    assert "sysname n2\n" in dut.run("display current-configuration")


def test_a_rollback_keeps_sessions(dut, start):
    """Policy changes forth and back: the session that is up stays the same."""
    other = start(Afresh, "other", dut.base + ".2", f"bgp 65002\n router-id 2.2.2.2\n peer {dut.base}.1 as-number 100\n"
                  f" peer {dut.base}.1 port {PORT}\n network 10.1.0.0 16\n", threads=0)
    dut.start()
    other.start()
    peer = lambda: next((p["state"], p["established_count"]) for p in dut.json("display bgp peer")["peers"])
    wait_for("the session", lambda: peer()[0] == "Established", 40)
    before = peer()
    dut.run("system-view", "bgp 100", "ipv4-family unicast", f"peer {dut.base}.2 route-policy P import", "commit")
    out = dut.run("rollback configuration last 1")
    assert "sessions that will be reset: 0" in out and "Configuration rollback succeeded." in out
    dut.run("system-view", "bgp 100", "ipv4-family unicast", f"peer {dut.base}.2 route-policy P import", "commit trial")
    assert len(dut.json("display configuration commit list")["commits"]) == 4   # over with its session
    assert peer() == before and other.alive()


# --- as automation reads it ---------------------------------------------------------------------
def test_clients_roll_back(dut):
    """napalm's and ansible's way: save, change, compare, roll back to the file; the list by columns."""
    dut.start()
    t = Terminal(dut.socket)
    t.expect("<n0>")
    t.type("screen-length 0 temporary", "<n0>")
    t.type("save before.cfg", r"\[Y/N\]:")
    assert "successfully" in t.type("y", "<n0>")
    t.type("system-view", r"\[~n0\]")
    t.type("sysname n1", r"\[\*n0\]")
    t.type("commit label after", r"\[~n1\]")
    t.type("return", "<n1>")
    changes = t.type("display configuration changes file before.cfg running", "<n1>")
    assert "- sysname n0\n+ sysname n1\n" in changes and "rror" not in changes
    t.type("rollback configuration to file before.cfg", "Y/N")
    assert re.search("succeeded|finished", t.type("y", "<n0>"))
    rows = [line.split() for line in t.type("display configuration commit list", "<n0>").splitlines()
            if re.match(r"\d", line.strip())]
    assert [(r[1].replace("*", ""), r[2]) for r in rows] == [("1000000002", "-"), ("1000000001", "after")]
    t.type("rollback configuration to label after", "Y/N")
    t.type("y", "<n1>")
    t.type("rollback configuration last 1", "Y/N")
    t.type("n", "<n1>")
    t.close()


def test_a_difference_is_pasted(dut):
    """What one device shows of a change, typed by a script into another, is the same change there."""
    dut.start()
    change = ("route-policy P permit node 10", "apply community 100:1 additive", "quit", "bgp 100",
              f"peer {dut.base}.2 description up", f"peer {dut.base}.3 as-number 65003", "ipv4-family unicast",
              f"peer {dut.base}.2 route-policy P import")
    dut.configure(*change)
    shown = dut.run("display configuration commit changes last 1")
    wanted = dut.run("display current-configuration")
    dut.run("rollback configuration last 1")
    dut.run("system-view", "load configuration terminal", *shown.splitlines(), "end-diff", "commit")
    assert dut.run("display current-configuration") == wanted
    code, out = dut.run("system-view", "load configuration terminal", "+ sysnome x", "end-diff", "commit", check=False)
    assert code == 1 and "terminal:1:3: Error: " in out and "stopped at line 4: end-diff" in out
    assert dut.run("display current-configuration") == wanted


def test_a_trial_ends_with_its_terminal(dut):
    dut.start()
    t = Terminal(dut.socket)
    t.expect("<n0>")
    t.type("system-view", r"\[~n0\]")
    t.type("sysname n1", r"\[\*n0\]")
    out = t.type("commit trial 60", r"\[~n1\]")
    assert "Info: The system enters the trial configuration mode." in out
    assert "if the trial configuration is not confirmed in 60 seconds." in out
    assert re.search(r"Trial status: ACTIVE\nTrial time left \(sec\): \d+", t.type("display configuration trial status", "~n1"))
    t.close()
    end = time.monotonic() + 10
    while "sysname n0\n" not in dut.run("display current-configuration"):
        assert time.monotonic() < end
        time.sleep(0.05)


# --- the manual's transcripts -------------------------------------------------------------------
def transcripts():
    """The manual's section, as lists of (prompt and line typed, what is shown until the next)."""
    text = (ROOT / "doc/manual.md").read_text()
    section = text[text.index("## History, rollback, trial"):text.index("## The guard")]
    for block in re.findall(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
        if "\n...\n" in block:  # shortened: test_transcripts.py looks at those
            continue
        yield re.findall(r"^(?:([<\[][~*]?r1[>\]])(.*)|(Warning: .*?\[Y/N\]:)(.*))\n"
                         r"((?:(?![<\[][~*]?r1|Warning).*\n)*)", block, re.MULTILINE)


def same(text, base):
    """Without what is another one each time."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00", "WHEN", text.replace(base, "10.1.1"))
    return re.sub(r"left \(sec\): \d+", "left (sec): S", text)


def test_the_manual_shows_what_is_shown(dut):
    dut.config.write_text(CONFIG.format(dut.base).replace("sysname n0", "sysname r1").replace(
        " apply cost 0\n", "").replace("#\nreturn", f" peer {dut.base}.2 listen-only\n #\n ipv4-family unicast\n  peer {dut.base}.2 enable\n"
        f"  peer {dut.base}.2 route-policy P import\n#\nreturn"))
    dut.start()
    wire = WirePeer(dut.base + ".2", dut.address, PORT, 65002).establish()
    wire.send(update([f"10.2.{i}.0/24" for i in range(12)], path=(65002,), next_hop=wire.local) + end_of_rib())
    wait_for("the routes", lambda: dut.json("display bgp routing-table statistics")["routes"] == 12 and
             dut.json("display bgp peer")["peers"][0]["routes_received"] == 12, 10, 0.05)
    dut.run("system-view", "bgp 100", f"peer {dut.base}.2 description upstream", "commit description ticket 17",
            "timer connect-retry 20", "commit label before-tuning",
            "route-policy P permit node 10", "apply preferred-value 5", "commit")
    t = Terminal(dut.socket)
    t.expect("<r1>")
    prompt = re.compile(r"^(?:[<\[][~*]?r1[>\]]|Warning: .*?\[Y/N\]:)$", re.MULTILINE)
    blocks = list(transcripts())
    assert [len(block) for block in blocks] == [2, 2]
    for block in blocks:
        if block[0][0].startswith("["):   # the change that is tried
            t.type("system-view", r"\[~r1\]$")
            t.type("ip ip-prefix LIST permit 10.0.0.0 8", r"\[\*r1\]$")
        for _, line, _, answer, shown in block:
            found = t.type(line or answer, prompt)
            shown_now = found.split("\n", 1)[1]
            shown_now = shown_now[:prompt.search(shown_now).start()]
            assert same(shown_now, dut.base) == same(shown, dut.base), line
    t.close()
    wire.close()
