"""A network for one test: a bridge, and a network namespace ("house") for each speaker on it.

Every house has one interface, 10.0.0.N/24 and 2001:db8::N/64, so that each speaker runs with its
ordinary port, real next hops and a kernel of its own (TCP MD5, time to live). Root makes the
namespaces directly; a user makes them inside a user namespace of his own. A namespace lives as
long as the process that holds it: nothing is named, nothing stays behind.
"""
import os
import subprocess
import time

IPV4_OF, IPV6_OF = "10.0.0.{}", "2001:db8::{}"


class Namespace:
    """One network namespace, held open by a sleeping process; `prefix` runs a command inside."""

    def __init__(self, outer=None):
        if outer:
            argv = [*outer.prefix, "unshare", "--net"]
        elif os.getuid() == 0:
            argv = ["unshare", "--net"]
        else:
            argv = ["unshare", "--map-root-user", "--net"]
        self.holder = subprocess.Popen([*argv, "sh", "-c", "echo; exec sleep 3600"], stdout=subprocess.PIPE,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        assert self.holder.stdout.readline() == b"\n", "no network namespace: run as root, or allow user namespaces"
        self.pid = self.holder.pid
        user = () if os.getuid() == 0 else ("-U", "--preserve-credentials")
        self.prefix = ("nsenter", "-t", str(self.pid), *user, "-n")
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *argv, check=True):
        return subprocess.run([*self.prefix, *argv], check=check, capture_output=True, text=True).stdout

    def batch(self, *lines):
        """`ip` commands, all in one process."""
        subprocess.run([*self.prefix, "ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)

    def address(self, *addresses):
        """Addresses (with a length) for the loopback interface."""
        self.batch(*(f"addr add {a} dev lo" + (" nodad" if ":" in a else "") for a in addresses))

    def close(self):
        if self.holder.poll() is None:
            self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


class Town:
    def __init__(self):
        self.street = Namespace()
        self.street.batch("link add name br0 type bridge forward_delay 0", "link set br0 up")
        self.houses = {}

    def house(self, number):
        """The namespace of 10.0.0.number, made when first asked for."""
        if number not in self.houses:
            h = Namespace(self.street)
            self.houses[number] = h
            self.street.batch(f"link add name v{number} type veth peer name eth0 netns {h.pid}",
                              f"link set v{number} master br0", f"link set v{number} up")
            h.batch("link set eth0 up", f"addr add {IPV4_OF.format(number)}/24 dev eth0",
                    f"addr add {IPV6_OF.format(number)}/64 dev eth0 nodad")
        return self.houses[number]

    def cut(self, number, down=True):
        """Pulls the cable of a house, or puts it back."""
        self.street.batch(f"link set v{number} {'down' if down else 'up'}")

    def close(self):
        for h in self.houses.values():
            h.close()
        self.street.close()
