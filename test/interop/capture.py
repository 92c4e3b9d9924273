"""What crossed an interface's TCP port 179, seen from outside both speakers.

Run as a program (capture.py INTERFACE FILE) it writes every frame to FILE, each after its length in
four octets, until it is ended; class Capture starts that in a namespace and takes the file apart:
handshakes, and the BGP messages of each direction of each connection, put in order by sequence
number.
"""
import pathlib
import socket
import struct
import subprocess
import sys

PORT = 179
ALL_PROTOCOLS = 3


def record(interface, file):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as s, open(file, "wb", 0) as out:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        s.bind((interface, 0))
        print(flush=True)
        while True:
            frame = s.recv(1 << 17)
            out.write(struct.pack("!I", len(frame)) + frame)


def segment(frame):
    """(source, destination, flags, sequence, payload) of a TCP segment of ours; None for another frame."""
    kind, ip = struct.unpack_from("!H", frame, 12)[0], frame[14:]
    if kind == 0x800 and ip[9] == 6:
        size, total = (ip[0] & 15) * 4, struct.unpack_from("!H", ip, 2)[0]
        hosts = [socket.inet_ntop(socket.AF_INET, ip[a:a + 4]) for a in (12, 16)]
    elif kind == 0x86DD and ip[6] == 6:
        size, total = 40, 40 + struct.unpack_from("!H", ip, 4)[0]
        hosts = [socket.inet_ntop(socket.AF_INET6, ip[a:a + 16]) for a in (8, 24)]
    else:
        return None
    tcp = ip[size:total or len(ip)]
    ports = struct.unpack_from("!HH", tcp)
    if PORT not in ports:
        return None
    return (*zip(hosts, ports), tcp[13], struct.unpack_from("!I", tcp, 4)[0], tcp[(tcp[12] >> 4) * 4:])


class Capture:
    def __init__(self, folder, interface, prefix):
        self.file = pathlib.Path(folder) / "capture"
        self.process = subprocess.Popen([*prefix, sys.executable, __file__, interface, str(self.file)],
                                        stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"\n"

    def stop(self):
        """Takes note of what has come so far, and ends."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()

    def segments(self):
        data, at = self.file.read_bytes(), 0
        while at + 4 <= len(data):
            size = struct.unpack_from("!I", data, at)[0]
            one = segment(data[at + 4:at + 4 + size])
            if one:
                yield one
            at += 4 + size

    def connections(self):
        """How many times a SYN was answered."""
        return sum(1 for _, _, flags, _, _ in self.segments() if flags & 0x12 == 0x12)

    def messages(self):
        """(sender's address, type, body) of every BGP message, by direction of each connection."""
        flows, start = {}, {}
        for source, target, flags, sequence, payload in self.segments():
            if flags & 2:
                start[source, target] = sequence + 1
            if payload:
                flows.setdefault((source, target), {})[sequence] = payload
        for key, pieces in flows.items():
            stream, wanted = b"", start.get(key, min(pieces))
            for sequence in sorted(pieces, key=lambda n: n - start.get(key, 0) & 0xFFFFFFFF):
                skip = (wanted - sequence) & 0xFFFFFFFF
                if skip < len(pieces[sequence]):   # not a repetition
                    stream += pieces[sequence][skip:]
                    wanted = sequence + len(pieces[sequence]) & 0xFFFFFFFF
            while len(stream) >= 19:
                size = struct.unpack_from("!H", stream, 16)[0]
                yield key[0][0], stream[18], stream[19:size]
                stream = stream[size:]


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2])
