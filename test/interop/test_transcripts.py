"""The transcripts of doc/transcripts: what they show is what is shown (test/transcripts/README.md)."""
import os
import pwd
import re
import time

import pytest

from daemons import ROOT, Afresh, Bgpfeed, wait_for
from terminal import Terminal

COMMANDS, SHOWN = ROOT / "test/transcripts", ROOT / "doc/transcripts"
NAMES = sorted(path.stem for path in COMMANDS.glob("*.txt"))
PROMPT = r"(?:^|\n)(?:<r1>|\[[~*]?r1[-\w]*\])\Z"
QUESTION = r"(?:^|\n)[^\n]*\[Y[^]\n]*\] ?:\Z"
ADDRESSES = [f"10.1.1.{n}/24" for n in range(1, 10)] + [f"2001:db8:1::{n}/64" for n in range(1, 10)]

# What differs from one time to the next, and what stands for it.
SAME = [
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00", "2026-03-02 10:12:09+00:00"),
    (r"worked out in \d+\.\d{3} s", "worked out in 0.010 s"),
    (r"(Time +): \d+\.\d{3} s", r"\1: 0.001 s"),
    (r"(?m)(\d  )\d+\.\d{3} s$", r"\g<1>0.001 s"),
    (r"\b\d+ us\b", "100 us"),
    (r"; \d+ ms\b", "; 1 ms"),
    (r"\b\d\d:\d\d:\d\d\b(?!\+)", "00:00:10"),
    (r"\b\d\dh\d\dm\d\ds\b", "00h00m10s"),
    (r"\b\d+\.\d{3} ms\b", "0.100 ms"),
    (r"(KEEPALIVEs +: ).*", r"\g<1>1 sent, at worst 0.100 ms after it was due; left after 0.100 ms (peer 10.1.1.2)"),
    (r"(?m)^( \d+ +\d{4}-.{20}(?: +\d+){5}) +\d+\.\d{3} ", r"\g<1>     0.001     "),
    (r"\bnumber \d+, router", "number 1, router"),
    (r"\bports \d+ and \d+\b", "ports 179 and 40000"),
    (r"VTY \d+", "VTY 1"),
    (r"(Session ID(?: =|:) )\d+", r"\g<1>2"),
    (r"(Trial time left \(sec\): )\d+", r"\g<1>118"),
]


def read_commands(name):
    """The title, and the lines of each section."""
    head, *parts = re.split(r"(?m)^\[(config|peers|feed|type)\]\n", (COMMANDS / f"{name}.txt").read_text())
    sections = dict(zip(parts[::2], parts[1::2]))
    return head.strip(), {k: [l for l in sections.get(k, "").splitlines() if l or k == "config"]
                          for k in ("config", "peers", "feed", "type")}


def equalled(text):
    for pattern, same in SAME:
        text = re.sub(pattern, same, text)
    user = pwd.getpwuid(os.getuid()).pw_name
    text = text.replace(f"  {user:<14} ", f"  {'root':<14} ")  # display bgp tables check
    return text.replace(f"User: {user}\n", "User: root\n").replace(f" {user:<19} 20", f" {'root':<19} 20")


class Stage:
    """The daemon, its neighbours, and terminals in front of it."""

    def __init__(self, start, prefix, parts):
        self.daemon = start(Afresh, "r1", "10.1.1.1", "\n".join(parts["config"]) + "\n", threads=1, port=179)
        self.daemon.prefix = prefix
        self.daemon.start()
        self.terminals, self.at, self.shown = {}, "main", ""
        self.peers = len(parts["peers"])
        if parts["peers"]:
            self.feed = start(Bgpfeed, "feed", "10.1.1.2")
            self.feed.prefix = prefix
            self.feed.start(*(f"remote=10.1.1.1:179,{p}" for p in parts["peers"]), options=("--routes", "0"))
            wait_for("sessions", self.sessions_up, 30)
            for line in parts["feed"]:
                self.feed.ask(line)
                time.sleep(0.1)  # in this order: samples go by it
        self.settle()

    def sessions_up(self):
        return all(p["state"] == "established" for p in self.feed.ask("status")[0]["peers"])

    def settle(self):
        def quiet():
            if self.daemon.json("display bgp refresh")["running"]:
                return False
            last = self.daemon.json("display configuration commit list")["commits"][:1]
            return not last or last[0]["report"] or not re.search("again|asked", last[0]["plan"] or "")
        time.sleep(0.3)
        wait_for("nothing under way", quiet, 30)

    # --- typing --------------------------------------------------------------------------------------
    def terminal(self):
        if self.at not in self.terminals:
            self.terminals[self.at] = Terminal(self.daemon.socket, rows=200, columns=200)
            self.show(self.terminals[self.at].expect(PROMPT))
        return self.terminals[self.at]

    def show(self, text):
        name = "" if self.at == "main" else f"{self.at}: "
        self.shown += re.sub(r"(?m)^(?=.)", name, text) if name else text

    def type(self, line):
        """A prompt or a question stands at the end of what is shown; the line follows it."""
        t = self.terminal()
        self.show_line(line, t.type(line, f"{PROMPT}|{QUESTION}"))

    def show_line(self, line, text):
        echoed, _, rest = text.partition("\n")
        assert echoed.endswith(line), (line, text)
        self.shown += line + "\n"
        self.show(re.sub(r"(Working out the impact|Checking tables): \d+%", "", rest))

    def restart(self):
        self.close()
        self.daemon.stop()
        self.daemon.start()
        self.shown += "\n"

    def do(self, line):
        if not line.startswith("@"):
            self.type(line)
            return
        word, _, rest = line[1:].partition(" ")
        if word == "wait":
            self.settle()
        elif word == "feed":
            self.feed.ask(rest)
            self.settle()
        elif word == "sleep":
            time.sleep(float(rest))
        elif word == "restart":
            self.restart()
        elif word == "as":
            self.at = rest
            self.shown = self.shown[:self.shown.rfind("\n") + 1]
            if rest in self.terminals:
                self.terminals[rest].keys("\n")
                self.show(self.terminals[rest].expect(PROMPT).lstrip("\n"))
        elif word == "key":
            self.terminal().keys({"c": "\x03", "z": "\x1a"}[rest])
        else:
            raise AssertionError(f"{line}: there is no such line")

    def close(self):
        for t in self.terminals.values():
            t.close()
        self.terminals = {}


def play(start, prefix, name):
    title, parts = read_commands(name)
    stage = Stage(start, prefix, parts)
    try:
        stage.terminal()
        for line in parts["type"]:
            stage.do(line)
    finally:
        stage.close()
    shown = stage.shown[:stage.shown.rfind("\n") + 1]  # without the last prompt
    return f"{title}\n\n{equalled(shown)}"


@pytest.mark.parametrize("name", NAMES)
def test_transcripts(start, namespace, name):
    shown = play(start, namespace(*ADDRESSES), name)
    path = SHOWN / f"{name}.txt"
    if os.environ.get("AFRESH_TRANSCRIPTS") == "write":
        path.write_text(shown)
    assert path.exists(), f"{path} is not there: AFRESH_TRANSCRIPTS=write makes it"
    assert shown == path.read_text(), f"{path}: AFRESH_TRANSCRIPTS=write takes over what is shown now"


def test_every_transcript_has_its_commands():
    assert sorted(p.stem for p in SHOWN.glob("*.txt")) == NAMES


def test_the_manual_shows_parts_of_them():
    """A block of the manual that stands behind or above a link to a transcript is in it, `...` apart."""
    shown = "\n".join(p.read_text() for p in SHOWN.glob("*.txt"))
    manual = (ROOT / "doc/manual.md").read_text()
    chapter = manual[manual.index("## What a commit would do"):manual.index("## Soft reset")]
    parts = [part for block in re.findall(r"(?ms)^```\n(.*?)^```", chapter) if re.search("Impact|Foretold|Not known|"
             "the guard|Staged|in stages", block) for part in re.split(r"(?m)^\.\.\.\n", block)]
    assert len(parts) >= 5 and all(part in shown for part in parts), [p for p in parts if p not in shown]
