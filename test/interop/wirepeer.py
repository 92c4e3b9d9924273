"""A BGP neighbour that does exactly what a test says: bytes in, bytes out.

It holds a session over TCP on loopback (keepalives by a thread of its own), keeps every message
that came, and a table of what it has been told. Written from the RFCs alone, so that it judges the
speaker independently of the speaker's own codec.
"""
import socket
import struct
import threading
import time

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, REFRESH = 1, 2, 3, 4, 5
MARKER = b"\xff" * 16
IPV4, IPV6, MULTICAST = (1, 1), (2, 1), (1, 2)
VPNV4, VPNV6, VPN_TARGET, MVPN, MVPN6 = (1, 128), (2, 128), (1, 132), (1, 5), (2, 5)


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def capability(code, value=b""):
    return bytes([code, len(value)]) + value


def attribute(flags, kind, value):
    if len(value) > 255:
        return struct.pack("!BBH", flags | 0x10, kind, len(value)) + value
    return struct.pack("!BBB", flags, kind, len(value)) + value


def prefix_bytes(text):
    address, length = text.split("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return bytes([int(length)]) + socket.inet_pton(family, address)[:(int(length) + 7) // 8]


def prefixes(data, bits):
    out, at = [], 0
    while at < len(data):
        length = data[at]
        size = (length + 7) // 8
        raw = data[at + 1:at + 1 + size].ljust(bits // 8, b"\0")
        family = socket.AF_INET6 if bits == 128 else socket.AF_INET
        out.append(f"{socket.inet_ntop(family, raw)}/{length}")
        at += 1 + size
    return out


# --- NLRI that are more than a prefix: texts like those of the displays --------------------------------
def rd_bytes(text):
    """A route distinguisher: AS2:nn4, A4:nn2, AS4:nn2."""
    head, tail = text.rsplit(":", 1)
    if "." in head:
        return struct.pack("!H", 1) + socket.inet_aton(head) + struct.pack("!H", int(tail))
    if int(head) > 65535:
        return struct.pack("!HIH", 2, int(head), int(tail))
    return struct.pack("!HHI", 0, int(head), int(tail))


def rd_text(raw):
    kind = struct.unpack_from("!H", raw)[0]
    if kind == 1:
        return f"{socket.inet_ntoa(raw[2:6])}:{struct.unpack_from('!H', raw, 6)[0]}"
    return "%d:%d" % struct.unpack_from("!IH" if kind == 2 else "!HI", raw, 2)


def target_bytes(text, sub_type=2):
    """A route target (or with another sub-type its like) as an extended community."""
    raw = rd_bytes(text)
    return bytes([raw[1], sub_type]) + raw[2:]


def targets(*texts):
    """The EXTENDED COMMUNITIES attribute with these route targets."""
    return attribute(0xC0, 16, b"".join(target_bytes(t) for t in texts))


def vpn_bytes(text, label=16, withdraw=False):
    """"100:1 10.0.0.0/24" with a label (RFC 8277 2.2, RFC 4364 4.3.4)."""
    rd, prefix = text.split(" ")
    raw = prefix_bytes(prefix)
    tag = b"\x80\0\0" if withdraw else struct.pack("!I", label << 4 | 1)[1:]
    return bytes([88 + raw[0]]) + tag + rd_bytes(rd) + raw[1:]


def membership_bytes(text):
    """"default", "100 RT<1:1>" or "100 RT<1:1>/64" (RFC 4684 section 4)."""
    if text == "default":
        return b"\0"
    asn, rest = text.split(" ")
    target, _, bits = rest.partition("/")
    bits = int(bits or 96)
    raw = struct.pack("!I", int(asn)) + target_bytes(target[3:-1])
    return bytes([bits]) + raw[:(bits + 7) // 8]


def mvpn_bytes(kind, *parts):
    """One NLRI of RFC 6514 section 4: parts are bytes, one after the other."""
    value = b"".join(parts)
    return bytes([kind, len(value)]) + value


def host(address):
    """An address with its length in bits in front, as in MVPN NLRI; "*" is the wildcard of RFC 6625."""
    if address == "*":
        return b"\0"
    raw = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    return bytes([8 * len(raw)]) + raw


def vpn_prefixes(data, bits):
    """[(text, label)]"""
    out, at = [], 0
    while at < len(data):
        length = data[at] - 88
        size = (length + 7) // 8
        label = int.from_bytes(data[at + 1:at + 4], "big") >> 4
        raw = data[at + 12:at + 12 + size].ljust(bits // 8, b"\0")
        address = socket.inet_ntop(socket.AF_INET6 if bits == 128 else socket.AF_INET, raw)
        out.append((f"{rd_text(data[at + 4:at + 12])} {address}/{length}", label))
        at += 12 + size
    return out


def memberships(data):
    out, at = [], 0
    while at < len(data):
        bits = data[at]
        size = (bits + 7) // 8
        raw = data[at + 1:at + 1 + size].ljust(12, b"\0")
        asn = struct.unpack_from("!I", raw)[0]
        target = rd_text(bytes([0, raw[4]]) + raw[6:])
        out.append("default" if not bits else f"{asn} RT<{target}>" + ("" if bits == 96 else f"/{bits}"))
        at += 1 + size
    return out


def typed(data):
    """NLRI of MVPN: type and value in hex."""
    out, at = [], 0
    while at < len(data):
        end = at + 2 + data[at + 1]
        out.append(f"{data[at]} {data[at + 2:end].hex()}")
        at = end
    return out


def nlri_texts(family, data):
    """[(text, label or None)]"""
    if family in (VPNV4, VPNV6):
        return vpn_prefixes(data, 128 if family[0] == 2 else 32)
    if family == VPN_TARGET:
        return [(t, None) for t in memberships(data)]
    if family in (MVPN, MVPN6):
        return [(t, None) for t in typed(data)]
    return [(t, None) for t in prefixes(data, 128 if family[0] == 2 else 32)]


def nlri_bytes(family, text, withdraw=False, label=16):
    if isinstance(text, bytes):
        return text
    if family in (VPNV4, VPNV6):
        return vpn_bytes(text, label, withdraw)
    return membership_bytes(text) if family == VPN_TARGET else prefix_bytes(text)


def next_hop_bytes(family, address):
    raw = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    return bytes(8) + raw if family in (VPNV4, VPNV6) else raw


def as_path(*numbers):
    if not numbers:
        return b""
    return bytes([2, len(numbers)]) + b"".join(struct.pack("!I", n) for n in numbers)


def communities(*values):
    return b"".join(struct.pack("!HH", *map(int, v.split(":"))) for v in values)


def update(announce=(), withdraw=(), path=(), next_hop="127.0.0.1", origin=0, family=IPV4,
           med=None, local_pref=None, community=(), extra=b"", rt=(), label=16):
    """An UPDATE message; other families than IPv4 unicast ride in the RFC 4760 attributes."""
    nlri = b"".join(nlri_bytes(family, p, label=label) for p in announce)
    gone = b"".join(nlri_bytes(family, p, withdraw=True) for p in withdraw)
    attributes = b""
    if announce:
        attributes += attribute(0x40, 1, bytes([origin])) + attribute(0x40, 2, as_path(*path))
        if family == IPV4:
            attributes += attribute(0x40, 3, socket.inet_aton(next_hop))
        if med is not None:
            attributes += attribute(0x80, 4, struct.pack("!I", med))
        if local_pref is not None:
            attributes += attribute(0x40, 5, struct.pack("!I", local_pref))
        if community:
            attributes += attribute(0xC0, 8, communities(*community))
        if rt:
            attributes += targets(*rt)
        attributes += extra
    if family != IPV4:
        hop = next_hop_bytes(family, next_hop)
        head = struct.pack("!HB", *family)
        mp = attribute(0x80, 14, head + bytes([len(hop)]) + hop + b"\0" + nlri) if announce else b""
        mp += attribute(0x80, 15, head + gone) if withdraw else b""
        return message(UPDATE, struct.pack("!HH", 0, len(mp + attributes)) + mp + attributes)
    return message(UPDATE, struct.pack("!H", len(gone)) + gone + struct.pack("!H", len(attributes)) + attributes + nlri)


def end_of_rib(family=IPV4):
    if family == IPV4:
        return message(UPDATE, b"\0\0\0\0")
    mp = attribute(0x80, 15, struct.pack("!HB", *family))
    return message(UPDATE, struct.pack("!HH", 0, len(mp)) + mp)


def refresh(family=IPV4, subtype=0):
    return message(REFRESH, struct.pack("!HBB", family[0], subtype, family[1]))


def capabilities(body):
    """The capabilities of an OPEN body: the first two bytes, code and length, of each."""
    out, at = [], 10
    while at < len(body):
        end = at + 2 + body[at + 1]
        inner = at + 2
        while inner < end:
            out.append(bytes(body[inner:inner + 2]))
            inner += 2 + body[inner + 1]
        at = end
    return out


class Update:
    """A received UPDATE, taken apart."""

    def __init__(self, body):
        size = struct.unpack_from("!H", body)[0]
        self.family, self.withdrawn = IPV4, prefixes(body[2:2 + size], 32)
        at = 2 + size
        total = struct.unpack_from("!H", body, at)[0]
        self.attributes, data = {}, body[at + 2:at + 2 + total]
        self.labels = {}
        self.order = []
        self.announced = prefixes(body[at + 2 + total:], 32)
        self.end_of_rib = not body[2:at] and not total and not self.announced
        while data:
            flags, kind = data[0], data[1]
            size, head = (struct.unpack_from("!H", data, 2)[0], 4) if flags & 0x10 else (data[2], 3)
            self._attribute(kind, flags, data[head:head + size])
            data = data[head + size:]

    def _attribute(self, kind, flags, value):
        self.order.append(kind)
        if kind == 15:
            self.family = struct.unpack_from("!HB", value)
            self.withdrawn += [text for text, _ in nlri_texts(self.family, value[3:])]
            self.end_of_rib = len(value) == 3
        elif kind == 14:
            self.family = struct.unpack_from("!HB", value)
            hop = value[3]
            self.attributes[3] = value[4:4 + hop]
            told = nlri_texts(self.family, value[5 + hop:])
            self.announced += [text for text, _ in told]
            self.labels.update(told)
        else:
            self.attributes[kind] = value

    def path(self):
        value, out = self.attributes.get(2, b""), []
        while value:
            n = value[1]
            out += struct.unpack_from(f"!{n}I", value, 2)
            value = value[2 + 4 * n:]
        return out

    def extended(self):
        """Extended communities, each 8 bytes."""
        value = self.attributes.get(16, b"")
        return [value[i:i + 8] for i in range(0, len(value), 8)]

    def targets(self):
        return [rd_text(bytes([0, c[0]]) + c[2:]) for c in self.extended() if c[0] < 3 and c[1] == 2]

    def communities(self):
        value = self.attributes.get(8, b"")
        return ["%d:%d" % struct.unpack_from("!HH", value, i) for i in range(0, len(value), 4)]


class WirePeer:
    """One neighbour. `connect` opens towards the speaker, `accept` waits for it."""

    def __init__(self, local, remote, port=1790, asn=65001, router_id=None, hold=90, families=(IPV4,),
                 route_refresh=True, enhanced=True, as4=True, more=b"", graceful=False):
        self.local, self.remote, self.port, self.asn, self.hold = local, remote, port, asn, hold
        self.router_id = router_id or local
        caps = b"".join(capability(1, struct.pack("!HBB", f[0], 0, f[1])) for f in families)
        caps += capability(2) if route_refresh else b""
        caps += capability(70) if enhanced else b""
        caps += capability(65, struct.pack("!I", asn)) if as4 else b""
        caps += capability(64, struct.pack("!H", 120)) if graceful else b""
        self.capabilities = caps + more
        self.messages = []      # (time, kind, body), in order
        self.table = {}         # (family, prefix) -> Update that told it last
        self.closed = threading.Event()
        self.lock = threading.Lock()
        self.sock = None
        self.reading = True
        self.beating = True     # keepalives by itself
        self.answering = False  # a ROUTE-REFRESH is answered at once: we have no routes

    # --- the session ---------------------------------------------------------------------------
    def open_message(self):
        parameters = bytes([2, len(self.capabilities)]) + self.capabilities if self.capabilities else b""
        body = struct.pack("!BHH", 4, self.asn if self.asn < 65536 else 23456, self.hold)
        return message(OPEN, body + socket.inet_aton(self.router_id) + bytes([len(parameters)]) + parameters)

    def connect(self, seconds=20):
        end = time.monotonic() + seconds
        while True:
            try:
                self.sock = socket.create_connection((self.remote, self.port), 5, (self.local, 0))
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self._start()
        return self

    def listen(self):
        self.listener = socket.create_server((self.local, self.port))
        return self

    def accept(self, seconds=60):
        self.listener.settimeout(seconds)
        self.sock = self.listener.accept()[0]
        self._start()
        return self

    def _start(self):
        self.sock.settimeout(None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.closed.clear()
        self.messages.clear()
        self.table.clear()
        self.thread = threading.Thread(target=self._read, args=(self.sock,), daemon=True)
        self.thread.start()

    def establish(self, seconds=20):
        """Connects until a session stands (the speaker may be in its idle hold time)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.connect(max(1, end - time.monotonic()))
            self.send(self.open_message())
            if self.wait(lambda: self.count(OPEN) or self.closed.is_set(), 5, False) and not self.closed.is_set():
                self.send(message(KEEPALIVE))
                if self.wait(lambda: self.count(KEEPALIVE) or self.closed.is_set(), 5, False) and not self.closed.is_set():
                    threading.Thread(target=self._keepalive, args=(self.sock,), daemon=True).start()
                    return self
            self.sock.close()
            time.sleep(0.2)
        raise AssertionError(f"no session {self.local} -> {self.remote}")

    def _keepalive(self, sock):
        while self.hold and self.beating and not self.closed.wait(max(1, self.hold / 3)):
            try:
                self.send(message(KEEPALIVE), sock)
            except OSError:
                return

    def _read(self, sock):
        data = b""
        while True:
            while not self.reading:
                time.sleep(0.02)
            try:
                piece = sock.recv(65536)
            except OSError:
                piece = b""
            if not piece:
                self.closed.set()
                return
            data += piece
            while len(data) >= 19 and len(data) >= struct.unpack_from("!H", data, 16)[0]:
                size = struct.unpack_from("!H", data, 16)[0]
                self._take(data[18], data[19:size])
                data = data[size:]

    def _take(self, kind, body):
        with self.lock:
            self.messages.append((time.monotonic(), kind, body))
            if kind == REFRESH and body[2] == 0 and self.answering:
                family = struct.unpack_from("!HBB", body)[::2]
                self.send(refresh(family, 1) + refresh(family, 2))
            if kind == UPDATE:
                u = Update(body)
                for p in u.withdrawn:
                    self.table.pop((u.family, p), None)
                for p in u.announced:
                    self.table[(u.family, p)] = u

    def send(self, data, sock=None):
        (sock or self.sock).sendall(data)

    def close(self):
        if self.sock:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.sock.close()
        if hasattr(self, "listener"):
            self.listener.close()
            del self.listener

    # --- looking ---------------------------------------------------------------------------------
    def count(self, kind):
        with self.lock:
            return sum(1 for m in self.messages if m[1] == kind)

    def bodies(self, kind):
        with self.lock:
            return [m[2] for m in self.messages if m[1] == kind]

    def updates(self):
        return [Update(b) for b in self.bodies(UPDATE)]

    def refreshes(self, subtype=None):
        """(afi, safi) of each ROUTE-REFRESH received, of one subtype or of all."""
        out = [struct.unpack_from("!HBB", b) for b in self.bodies(REFRESH)]
        return [(a, s) for a, t, s in out if subtype is None or t == subtype]

    def clear(self):
        with self.lock:
            self.messages.clear()

    def routes(self, family=IPV4):
        with self.lock:
            return {p: u for (f, p), u in self.table.items() if f == family}

    def wait(self, predicate, seconds=10, fail=True):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = predicate()
            if answer:
                return answer
            time.sleep(0.02)
        if fail:
            raise AssertionError(f"{self.local}: nothing came of {predicate} in {seconds} s; "
                                 f"messages: {[(k, b.hex()[:60]) for _, k, b in self.messages[-8:]]}")
        return None

    def wait_routes(self, expected, family=IPV4, seconds=10):
        """Waits until exactly these prefixes are held."""
        want = set(expected)
        self.wait(lambda: set(self.routes(family)) == want, seconds, False)
        assert set(self.routes(family)) == want

    def quiet(self, seconds=0.5):
        """Waits until nothing but KEEPALIVEs came for that long; returns how many others there are."""
        def others():
            with self.lock:
                return [m[0] for m in self.messages if m[1] != KEEPALIVE]
        while True:
            last = others()
            if not last or time.monotonic() - last[-1] > seconds:
                time.sleep(seconds if not last else 0)
                if others() == last:
                    return len(last)
            time.sleep(0.05)

    def notification(self, seconds=10):
        """(code, subcode, data) of the NOTIFICATION that ended the session."""
        self.wait(lambda: self.count(NOTIFICATION) or self.closed.is_set(), seconds)
        assert self.count(NOTIFICATION), "the connection ended without a NOTIFICATION"
        body = self.bodies(NOTIFICATION)[0]
        return body[0], body[1], body[2:]
