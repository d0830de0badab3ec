"""Names of the incidents: nsd, a resolver before it that may misbehave, and sites that ask before they take mail."""
import ipaddress
import re
import socket
import subprocess
import threading

from harness.dns import Nsd, OddDns

from .answers import Rule

SERVER = {}  # "port": of nsd, once it runs


def dig(name, kind):
    """Texts of the records that nsd has."""
    done = subprocess.run(["drill", "-p", str(SERVER["port"]), name, "@127.0.0.1", kind], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=300, check=False)
    return re.findall(rf"^\S+\t\d+\tIN\t{kind}\t(.*)$", done.stdout.decode(), re.M)


def reverse(address):
    return ".".join(reversed(address.split(".")))


def has_name(address):
    if ":" in address:
        return bool(dig(ipaddress.ip_address(address).reverse_pointer, "PTR"))
    names = dig(reverse(address) + ".in-addr.arpa", "PTR")
    return any(address in dig(n.strip(), "A") for n in names)


def fails_spf(d):
    record = " ".join(dig(d.sender.split("@")[-1], "TXT")) if "@" in d.sender else ""
    return "v=spf1" in record and "-all" in record and f"ip4:{d.source}" not in record and f"ip6:{d.source}" not in record


def zones_of(records):
    """nsd's zones, the last two labels of a name each, and the reverse ones."""
    zones = {".": []}
    for r in records:
        owner, rest = r.split(" ", 1)
        labels = owner.rstrip(".").split(".")
        keep = 5 if owner.endswith("in-addr.arpa") else 2
        zones.setdefault(".".join(labels[-keep:]), []).append(f"{owner.rstrip('.')}. {rest}")
    return zones


class Names:
    def __init__(self, directory, records):
        self.records = list(records)
        self.nsd = Nsd(directory, zones_of(self.records)).start()
        SERVER["port"] = self.port = self.nsd.port

    def change(self, without=(), more=()):
        """A zone whose records are all gone stays, empty."""
        was = zones_of(self.records)
        self.records = [r for r in self.records if not r.startswith(tuple(without))] if without else self.records
        self.records += more
        for zone, lines in {**{z: [] for z in was}, **zones_of(self.records)}.items():
            self.nsd.write_zone(zone, lines)
        self.nsd.signal(1)

    def stop(self):
        self.nsd.stop()


class Front(OddDns):
    """A resolver before nsd. behave: name -> servfail, refused, silent; delay: name -> seconds; share: (lost, of) of all questions."""

    def __init__(self, port, behave=None, late=None, share=None):
        super().__init__(behave=behave)
        self.behind, self.late, self.share, self.n = port, late or {}, share, 0

    def answers_itself(self, packet):
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1").lower())
            at += 1 + packet[at]
        return ".".join(labels)

    def reply(self, packet):
        name = self.answers_itself(packet)
        self.n += 1
        if self.share and (self.n - 1) % self.share[1] < self.share[0]:
            return None
        if self.how(name):
            return super().reply(packet)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            try:
                s.sendto(packet, ("127.0.0.1", self.behind))
                return s.recv(65535)
            except OSError:
                return None

    def say(self, out, peer):
        name = self.answers_itself(out)
        wait = max((s for n, s in self.late.items() if name.endswith(n)), default=0)
        if wait:  # the network's time
            threading.Timer(wait, super().say, (out, peer)).start()
        else:
            super().say(out, peer)


def strict_rules():
    """What sites do that look at us: reverse name and HELO by real questions to the DNS."""
    return (Rule("450 4.7.25 Client host rejected: cannot find your hostname, [{source}]", when=lambda d: not has_name(d.source)),
            Rule("450 4.7.1 <{helo}>: Helo command rejected: Host not found", when=lambda d: not dig(d.helo, "A")),
            Rule("554 5.7.1 Service unavailable; Client host [{source}] blocked using list.test",
                 when=lambda d: ":" not in d.source and dig(reverse(d.source) + ".list.test", "A")),
            Rule("550 5.7.23 <{to}>: Recipient address rejected: Message rejected due to: SPF fail - not authorized. Please see "
                 "http://www.openspf.net/Why?s=mfrom;id={sender};ip={source}", when=fails_spf))
