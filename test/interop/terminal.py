"""An operator at a terminal: the client on a pseudo-terminal, keys in, screen out."""
import os
import pty
import re
import select
import struct
import fcntl
import subprocess
import termios
import time

from daemons import BUILD

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    def __init__(self, socket, rows=24, columns=200):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen([str(BUILD / "afresh"), "-s", str(socket)], stdin=slave, stdout=slave,
                                        stderr=slave, start_new_session=True, env={**os.environ, "TERM": "vt100"},
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.screen = ""   # what came since the last expect()

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.screen += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def text(self):
        return ESCAPES.sub("", self.screen)

    def expect(self, expression, seconds=10):
        """Waits for it on the screen; returns what stood before it and itself, and forgets that."""
        end = time.monotonic() + seconds
        while not (found := re.search(expression, self.text())):
            if time.monotonic() > end or not self.read(max(0.01, end - time.monotonic())) and self.ended():
                raise AssertionError(f"no {expression!r} on the screen: {self.text()!r}")
        before = self.text()[:found.end()]
        self.screen = self.text()[found.end():]
        return before

    def keys(self, text):
        os.write(self.master, text.encode())

    def type(self, line, expression):
        self.keys(line + "\n")
        return self.expect(expression)

    def ended(self):
        return self.process.poll() is not None

    def close(self):
        if not self.ended():
            self.process.terminate()
        self.process.wait(5)
        os.close(self.master)
