"""The terminal program on a real terminal: keys, help, completion, paging, interrupts, and scripts.

terminal_test.py AFRESHD AFRESH: starts the daemon on loopback with a state directory of its own, and
types into the client through a pseudo-terminal. What is checked is what an operator would see.
"""

import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import socket

WAIT = 10.0  # seconds until something is given up


class Terminal:
    """The client with its keyboard and screen."""

    def __init__(self, client, path):
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(client, [client, "-s", path])

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def expect(self, text):
        """Waits for text (a regular expression) and returns what came up to its end."""
        end = time.monotonic() + WAIT
        while True:
            found = re.search(text, self.seen, re.DOTALL)
            if found:
                before = self.seen[: found.end()]
                self.seen = self.seen[found.end():]
                return before
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"no {text!r} in {self.seen!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"the client ended; no {text!r} in {self.seen!r}")
            self.seen += data.decode(errors="replace")

    def end(self):
        """Waits for the client's end and returns its exit status."""
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_keys(client, path):
    t = Terminal(client, path)
    t.expect("<Afresh>")
    t.type("sys\t")
    t.expect("tem-view ")  # the editor draws only what is new
    t.type("\r")
    t.expect(r"Enter system view.*\[~Afresh\]")
    t.type("rou?")
    t.expect(r"route-policy[^\n]*\n")
    t.expect("rou")
    t.type("\x03")  # drops the line
    t.expect(r"\^C\s+\[~Afresh\]")
    t.type("bgp 100\r")
    t.expect(r"\[\*Afresh-bgp\]")
    t.type("peer 127.99.0.2 as-number 200\r")
    t.expect(r"\[\*Afresh-bgp\]")
    t.type("nonsense\r")
    t.expect(r"\n +\^\r\nError: Unrecognized command found at '\^' position.\r\n.*\[\*Afresh-bgp\]")
    t.type("\x1a")  # Ctrl+Z
    t.expect(r"\[Y\(yes\)/N\(no\)/C\(cancel\)\]:")
    t.type("c\r")
    t.expect(r"\[\*Afresh-bgp\]")
    t.type("commit\r")
    t.expect(r"\[~Afresh-bgp\]")
    t.type("\x1a")
    t.expect("<Afresh>")
    t.type("quit\r")
    assert t.end() == 0


def fill(client, path, lines):
    text = "system-view\n" + "".join(
        f"ip ip-prefix P index {i} permit 10.{i >> 8}.{i & 255}.0 24\n" for i in range(1, lines + 1))
    done = subprocess.run([client, "-s", path], input=text + "commit\n", text=True, timeout=60,
                          capture_output=True)
    assert done.returncode == 0, done


def test_pager(client, path):
    fill(client, path, 3000)
    t = Terminal(client, path)
    t.expect("<Afresh>")
    t.type("screen-length 10 temporary\r")
    t.expect("terminal interface only.*<Afresh>")
    t.type("display current-configuration\r")
    page = t.expect("  ---- More ----")
    assert page[page.index("#"):].count("\n") == 9, page
    t.type(" ")
    assert t.expect("  ---- More ----").count("\n") == 9
    t.type("\r")
    assert t.expect("  ---- More ----").count("\n") == 1
    t.type("/index 2999\r")
    page = t.expect("  ---- More ----")
    assert "index 2999 " in page and "index 2998 " not in page, page
    t.type(" ")
    t.expect("<Afresh>")
    t.type("display current-configuration\r")
    t.expect("  ---- More ----")
    t.type("q")
    t.expect("<Afresh>")
    t.type("display current-configuration | count\r")
    t.expect(r"Total lines: 30\d\d\.\s+<Afresh>")
    t.type("screen-length 0 temporary\r")
    t.expect("<Afresh>")
    t.type("display current-configuration | no-more\r")
    assert t.expect("return\r\n<Afresh>").count("\n") > 3000
    t.type("\x04")  # the end of input
    assert t.end() == 0


def script(client, path, *arguments, text=None):
    done = subprocess.run([client, "-s", path, *arguments], input=text, text=True, timeout=60,
                          capture_output=True)
    return done.returncode, done.stdout, done.stderr


def test_scripts(client, path):
    status, out, error = script(client, path, "-c", "system-view; sysname \"R1\"; quit; sysname R2")
    assert status == 1 and "Error: Unrecognized command" in out, (out, error)
    assert "stopped at command 4: sysname R2" in error, error
    status, out, error = script(client, path, text="system-view\n# comment\n\nsysname R3\ncommit\n")
    assert (status, error) == (0, ""), (status, out, error)
    status, out, error = script(client, path, text="system-view\nsysname R4\n")
    assert status == 0 and "not committed" in error, error
    status, out, error = script(client, path, "-c", "display current-configuration | include sysname")
    assert out == "sysname R3\n", out
    status, out, error = script(client, path, text="system-view\nundo sysname\ncommit")  # no line end
    assert status == 0, (out, error)
    status, out, error = script(client, "/nowhere/at/all", "-c", "display version")
    assert status == 1 and "No such file" in error, error
    # Driven line by line through pipes: each answer comes before the next command is typed.
    with subprocess.Popen([client, "-s", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, bufsize=1) as p:
        for _ in range(3):
            p.stdin.write("display current-configuration | count\n")
            p.stdin.flush()
            assert p.stdout.readline().startswith("Total lines: ")
        p.stdin.close()
        assert p.wait(WAIT) == 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main(daemon, client):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "socket")
        with open(os.path.join(folder, "log"), "w+") as log:
            p = subprocess.Popen(
                [daemon, "-f", os.path.join(folder, "afresh.cfg"), "-s", path, "-d", folder,
                 "-l", "127.0.0.1", "-p", str(free_port()), "-n", "0"], stderr=log)
            try:
                end = time.monotonic() + WAIT
                while not os.path.exists(path) and time.monotonic() < end and p.poll() is None:
                    time.sleep(0.02)
                for test in (test_keys, test_pager, test_scripts):
                    test(client, path)
                    print("ok", test.__name__)
            except BaseException:
                log.seek(0)
                print(log.read()[-3000:], file=sys.stderr)
                raise
            finally:
                p.terminate()
                p.wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
