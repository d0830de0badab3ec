"""DNS servers on loopback: nsd with zones that may be signed, and one that misbehaves as it is told."""
import os
import random
import shutil
import socket
import struct
import subprocess
import threading

from .peers import program
from .process import Process, free_port, wait_for_port

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
CODES = {"servfail": 2, "nxdomain": 3, "refused": 5}

NSD_CONF = """
server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  zonesdir: "{d}"
  zonelistfile: "{d}/zone.list"
  database: ""
  pidfile: "{d}/nsd.pid"
  xfrdfile: "{d}/xfrd.state"
  xfrdir: "{d}"
  verbosity: 1
remote-control:
  control-enable: no
{zones}
"""


class Nsd:
    """zones: name -> lines of its file. Those in signed get keys; anchor() is the file that proves them."""

    def __init__(self, directory, zones, signed=()):
        self.directory = os.path.join(directory, "nsd")
        os.makedirs(self.directory)
        self.port, self.process, self.keys = free_port(), None, []
        text = ""
        for name, lines in zones.items():
            file = self.write_zone(name, lines)
            if name in signed:
                file = self.sign(name, file)
            text += f'zone:\n  name: "{name}"\n  zonefile: "{file}"\n'
        self.conf = os.path.join(self.directory, "nsd.conf")
        with open(self.conf, "w") as f:
            f.write(NSD_CONF.format(port=self.port, d=self.directory, zones=text))

    def write_zone(self, name, lines):
        path = os.path.join(self.directory, name.rstrip(".") + ".zone")
        head = [f"$ORIGIN {name.rstrip('.')}.", "$TTL 60", "@ IN SOA ns host 1 3600 600 86400 5",
                "@ IN NS ns", "ns IN A 127.0.0.1"]
        with open(path, "w") as f:
            f.write("\n".join(head + list(lines)) + "\n")
        return path

    def sign(self, name, path):
        key = subprocess.run([program("ldns-keygen"), "-r", "/dev/urandom", "-a", "ECDSAP256SHA256", "-k", name],
                             cwd=self.directory, check=True, capture_output=True,
                             timeout=60).stdout.decode().strip()
        subprocess.run([program("ldns-signzone"), path, key], cwd=self.directory, check=True,
                       capture_output=True, timeout=60)
        self.keys.append(os.path.join(self.directory, key + ".key"))
        return path + ".signed"

    def spoil(self, name, before, after):
        """A signed record says something else than what was signed."""
        path = os.path.join(self.directory, name.rstrip(".") + ".zone.signed")
        with open(path) as f:
            text = f.read()
        assert before in text, text
        with open(path, "w") as f:
            f.write(text.replace(before, after))

    def anchor(self):
        path = os.path.join(self.directory, "anchor")
        with open(path, "w") as f:
            for key in self.keys:
                with open(key) as k:
                    f.write(k.read())
        os.chmod(path, 0o644)
        return path

    def start(self):
        os.chmod(self.directory, 0o755)
        self.process = Process([shutil.which("nsd") or "/usr/sbin/nsd", "-d", "-c", self.conf], "nsd",
                               parse_err=lambda line: None)
        wait_for_port(self.port)
        return self

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self):
        self.process.destroy()

    def destroy(self):
        if self.process:
            self.process.destroy()


def wire_name(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.rstrip(".").split(".") if l) + b"\0"


def rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        preference, host = value.split()
        return struct.pack(">H", int(preference)) + wire_name(host)
    if kind == "TXT":
        data = value.encode()
        return b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255))
    return wire_name(value)


class OddDns:
    """Answers for all names. behave: name -> "servfail", "refused", "silent", "wrong_id", "garbage",
    "truncated_garbage"; delay: seconds that each answer takes; records: name -> [(type, value)]. What is in neither does not exist. seen: questions.
    """

    def __init__(self, records=None, behave=None, host="127.0.0.1", port=None, ttl=5):
        self.records, self.behave, self.ttl = dict(records or {}), dict(behave or {}), ttl
        self.seen, self.lock = [], threading.Lock()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, port or 0))
        self.host, self.port = host, self.udp.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.is_over, self.delay = False, 0

    @property
    def server(self):
        return f"{self.host}@{self.port}"

    def start(self):
        self.thread.start()
        return self

    def destroy(self):
        self.is_over = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", (self.host, self.port))
        self.thread.join()
        self.udp.close()

    def asked(self, name):
        with self.lock:
            return [t for n, t in self.seen if n == name]

    def how(self, name):
        labels = name.split(".")
        for i in range(len(labels) + 1):
            found = self.behave.get(".".join(labels[i:]))
            if found:
                return found
        return None

    def soa(self):
        data = wire_name("ns.test") + wire_name("host.test") + struct.pack(">IIIII", 1, 60, 60, 600, 1)
        return b"\0" + struct.pack(">HHIH", 6, 1, 1, len(data)) + data

    def answers(self, name, number):
        """(records on the wire, does the name exist), through CNAMEs."""
        out, owner = [], name
        for _ in range(10):
            here = self.records.get(owner)
            if here is None:
                exists = any(n.endswith("." + owner) for n in self.records)
                return out, exists or owner != name and False
            alias = [v for k, v in here if k == "CNAME"]
            take = [(k, v) for k, v in here if TYPES[k] == number or (alias and k == "CNAME")]
            for kind, value in take:
                data = rdata(kind, value)
                out.append(wire_name(owner) + struct.pack(">HHIH", TYPES[kind], 1, self.ttl, len(data)) + data)
            if not alias or number == TYPES["CNAME"]:
                return out, True
            owner = alias[0].rstrip(".").lower()
        return out, True

    def reply(self, packet):
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1").lower())
            at += 1 + packet[at]
        end = at + 5
        number = struct.unpack(">H", packet[at + 1:at + 3])[0]
        name = ".".join(labels)
        with self.lock:
            self.seen.append((name, number))
        how, head = self.how(name), packet[:2]
        if how == "silent":
            return None
        if how == "wrong_id":
            head = bytes([head[0] ^ 255, head[1]])
        if how == "garbage":
            return head + random.Random(len(name)).randbytes(40)
        if how in CODES:
            return head + struct.pack(">HHHHH", 0x8580 | CODES[how], 1, 0, 0, 0) + packet[12:end]
        found, exists = self.answers(name, number)
        if how == "short_rdata":
            found = [wire_name(name) + struct.pack(">HHIH", number, 1, 5, 3) + b"\xff\xff\xff"]
        code = 0 if exists else 3
        authority = b"" if found else self.soa()
        return (head + struct.pack(">HHHHH", 0x8580 | code, 1, len(found), 1 if authority else 0, 0) +
                packet[12:end] + b"".join(found) + authority)

    def run(self):
        while not self.is_over:
            packet, peer = self.udp.recvfrom(4096)
            if len(packet) < 17:
                continue
            out = self.reply(packet)
            if out is not None:
                # The network's time, not a test's: others are answered meanwhile.
                threading.Timer(self.delay, self.say, (out, peer)).start() if self.delay else self.say(out, peer)

    def say(self, out, peer):
        try:
            self.udp.sendto(out, peer)
        except OSError:
            pass  # the test is over
