"""The test Internet: signed zones, certificates, mail servers and policy servers, at addresses of 10.53.0.0/16.

Runs as root in a network and mount namespace of its own (run.py makes them), so that ports are the real ones.
"""
import hashlib
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import traceback

from harness.dns import NSD_CONF, wire_name
from harness.peers import program
from harness.process import Process, wait_until

AUTHORITATIVE, FRONT, VALIDATOR = "10.53.0.54", "10.53.0.53", "10.53.0.55"
HOST = "mx.abide.s.test"


def run(*argv, **kw):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False, **kw)
    if done.returncode:
        raise RuntimeError(f"{argv}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def lift_loopback():
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", "10.53.0.1/16", "dev", "lo")
    # A new namespace has 10: Postfix's master blocks on its log before it could start who reads it.
    with open("/proc/sys/net/unix/max_dgram_qlen", "w") as f:
        f.write("1000")


# ---- certificates ----

class Certificates:
    """name -> chain and key; good, old, ... are for all hosts of the table at once."""

    def __init__(self, directory, names):
        self.directory, self.der, self.spki = directory, {}, {}
        names = sorted(set(names))
        self.authority("ca", "Authority of the tests")
        self.authority("taca", "Authority of one domain")
        self.authority("webca", "Authority that nobody has")
        self.leaf("good", "ca", names)
        self.leaf("self", None, names)
        self.leaf("old", None, ["elsewhere.test"], expired=True)
        self.leaf("expired", "ca", names, expired=True)
        self.leaf("other", "ca", ["elsewhere.test"])
        self.leaf("ta", "taca", names)
        self.leaf("taother", "taca", ["elsewhere.test"])
        self.leaf("tadomain", "taca", [n for n in names if not n.startswith("mx")])

    def path(self, name):
        return os.path.join(self.directory, name)

    def key(self, name):
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-out", self.path(f"{name}.key"))
        os.chmod(self.path(f"{name}.key"), 0o644)

    def note(self, name):
        pem = self.path(f"{name}.crt")
        self.der[name] = run("openssl", "x509", "-in", pem, "-outform", "DER")
        public = run("openssl", "x509", "-in", pem, "-noout", "-pubkey")
        self.spki[name] = run("openssl", "pkey", "-pubin", "-outform", "DER", input=public)

    def authority(self, name, subject):
        self.key(name)
        run("openssl", "req", "-x509", "-key", self.path(f"{name}.key"), "-subj", f"/CN={subject}", "-days", "30",
            "-addext", "basicConstraints=critical,CA:TRUE", "-out", self.path(f"{name}.crt"))
        self.note(name)

    def leaf(self, name, by, names, expired=False):
        self.key(name)
        extensions = self.path(f"{name}.ext")
        with open(extensions, "w") as f:
            f.write("subjectAltName=" + ",".join(f"DNS:{n}" for n in names) + "\nbasicConstraints=CA:FALSE\n")
        request, out = self.path(f"{name}.csr"), self.path(f"{name}.crt")
        run("openssl", "req", "-new", "-key", self.path(f"{name}.key"), "-subj", f"/CN={name}", "-out", request)
        signer = ["-CA", self.path(f"{by}.crt"), "-CAkey", self.path(f"{by}.key")] if by else \
            ["-signkey", self.path(f"{name}.key")]
        days = ["-days", "-1" if expired else "30"]
        run("openssl", "x509", "-req", "-in", request, *signer, "-extfile", extensions, *days, "-out", out)
        self.note(name)
        with open(self.path(f"{name}.pem"), "w") as f:
            for part in (name, by) if by else (name,):
                with open(self.path(f"{part}.crt")) as g:
                    f.write(g.read())

    def context(self, name):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        return c

    def tlsa(self, name, selector, matching):
        data = self.spki[name] if selector == "1" else self.der[name]
        return {"0": data, "1": hashlib.sha256(data).digest(), "2": hashlib.sha512(data).digest()}[matching].hex()


# ---- the DNS ----

class Zones:
    """s.test is signed, as are test and the root; u.test is not. All by one nsd."""

    def __init__(self, directory, cases):
        self.cases = cases
        self.directory = os.path.join(directory, "nsd")
        os.makedirs(self.directory)
        self.lines = {"s.test": [], "u.test": [], "test": [], ".": []}
        self.process = None

    def add(self, zone, owner, record):
        self.lines[zone].append(f"{owner} IN {record}")

    def file(self, zone):
        return os.path.join(self.directory, "root" if zone == "." else zone)

    def write(self, zone):
        origin = "." if zone == "." else zone + "."
        ns = "ns." if zone == "." else f"ns.{zone}."
        head = [f"$ORIGIN {origin}", "$TTL 300", f"@ IN SOA {ns} host.{'' if zone == '.' else origin} 1 3600 600 86400 5",
                f"@ IN NS {ns}", f"{ns} IN A {AUTHORITATIVE}"]
        with open(self.file(zone), "w") as f:
            f.write("\n".join(head + self.lines[zone]) + "\n")

    def sign(self, zone):
        key = run(program("ldns-keygen"), "-r", "/dev/urandom", "-a", "ECDSAP256SHA256", "-k", zone,
                  cwd=self.directory).decode().strip()
        run(program("ldns-signzone"), "-o", zone, self.file(zone), key, cwd=self.directory)
        with open(os.path.join(self.directory, key + ".ds")) as f:
            ds = f.read().strip()
        with open(os.path.join(self.directory, key + ".key")) as f:
            return ds, f.read()

    def start(self):
        for zone, parent in (("s.test", "test"), ("u.test", "test"), ("test", "."), (".", None)):
            self.write(zone)
            key = ""
            if zone != "u.test":
                ds, key = self.sign(zone)
            if parent:
                self.lines[parent] += [f"{zone}. IN NS ns.{zone}.", f"ns.{zone}. IN A {AUTHORITATIVE}"]
                self.lines[parent] += [ds] if zone != "u.test" else []
        self.anchor = os.path.join(self.directory, "anchor")
        with open(self.anchor, "w") as f:
            f.write(key)
        os.chmod(self.anchor, 0o644)
        self.spoil()
        text = "".join(f'zone:\n  name: "{z}"\n  zonefile: "{self.file(z)}{"" if z == "u.test" else ".signed"}"\n'
                       for z in self.lines)
        conf = os.path.join(self.directory, "nsd.conf")
        with open(conf, "w") as f:
            f.write(NSD_CONF.format(port=53, d=self.directory, zones=text).replace("127.0.0.1@53", AUTHORITATIVE))
        self.process = Process([shutil.which("nsd") or "/usr/sbin/nsd", "-d", "-c", conf], "nsd",
                               parse_err=lambda line: None)
        wait_until(lambda: can_connect(AUTHORITATIVE, 53), what="nsd")

    def spoil(self):
        """Two records say something else than what was signed."""
        path = self.file("s.test") + ".signed"
        with open(path) as f:
            text = f.read()
        text, n = re.subn(r"(\tMX\t10 )spoil-mx", r"\1spoilt-mx", text)
        text, m = re.subn("(?i)(5b01){16}", "6c" * 32, text)
        wanted = [c.name for c in self.cases]
        assert (n, m) == (wanted.count("bogus"), wanted.count("tlsabogus")), (n, m)
        with open(path, "w") as f:
            f.write(text)

    def destroy(self):
        if self.process:
            self.process.destroy()


def can_connect(host, port):
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex((host, port)) == 0


class Front:
    """What resolvers ask. Names with a label servfail or silent fail so; tlsaservfail: only TLSA questions do."""

    def __init__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((FRONT, 53))
        self.tcp = socket.create_server((FRONT, 53))
        for target in (self.run_udp, self.run_tcp):
            threading.Thread(target=target, daemon=True).start()

    def how(self, packet):
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1").lower())
            at += 1 + packet[at]
        kind, = struct.unpack(">H", packet[at + 1:at + 3])
        if kind == 43:  # DS: of the zone above
            return None, at + 5
        for way in ("servfail", "silent"):
            if way in labels or (f"tlsa{way}" in labels and kind == 52):
                return way, at + 5
        return None, at + 5

    def answer(self, packet, over_tcp):
        how, end = self.how(packet)
        if how == "silent":
            return None
        if how == "servfail":
            return packet[:2] + struct.pack(">HHHHH", 0x8182, 1, 0, 0, 0) + packet[12:end]
        if over_tcp:
            with socket.create_connection((AUTHORITATIVE, 53), timeout=5) as s:
                s.sendall(struct.pack(">H", len(packet)) + packet)
                return read_tcp(s)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.sendto(packet, (AUTHORITATIVE, 53))
            return s.recv(65535)

    def serve_udp(self, packet, peer):
        try:
            reply = self.answer(packet, False)
        except (OSError, IndexError, struct.error):
            return
        if reply:
            self.udp.sendto(reply, peer)

    def run_udp(self):
        while True:
            packet, peer = self.udp.recvfrom(65535)
            threading.Thread(target=self.serve_udp, args=(packet, peer), daemon=True).start()

    def serve_tcp(self, s):
        with s:
            try:
                while True:
                    packet = read_tcp(s)
                    reply = packet and self.answer(packet, True)
                    if not reply:
                        return
                    s.sendall(struct.pack(">H", len(reply)) + reply)
            except (OSError, IndexError, struct.error):
                return

    def run_tcp(self):
        while True:
            s, _ = self.tcp.accept()
            threading.Thread(target=self.serve_tcp, args=(s,), daemon=True).start()


def read_tcp(s):
    head = s.recv(2, socket.MSG_WAITALL)
    return s.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL) if len(head) == 2 else None


# ---- mail servers ----

class Mail:
    """Takes all mail. behaviours: address -> "plain", "greets554", "starttls454", "rubbish", "hangup", "sni", or
    the certificate that it has."""

    def __init__(self, certificates, behaviours):
        self.certificates, self.got, self.lock = certificates, {}, threading.Lock()
        self.contexts = {}
        for address, how in behaviours.items():
            listener = socket.create_server((address, 25), backlog=50)
            threading.Thread(target=self.run, args=(listener, address, how), daemon=True).start()

    def context(self, how):
        with self.lock:
            if how not in self.contexts:
                c = self.certificates.context("self" if how == "sni" else how)
                if how == "sni":
                    good = self.certificates.context("good")
                    c.sni_callback = lambda s, name, _: setattr(s, "context", good if name else s.context)
                self.contexts[how] = c
            return self.contexts[how]

    def run(self, listener, address, how):
        while True:
            s, _ = listener.accept()
            threading.Thread(target=self.talk, args=(s, address, how), daemon=True).start()

    def talk(self, s, address, how):
        try:
            self.session(s, address, how)
        except (OSError, ValueError):
            if os.environ.get("INTERNET_DEBUG"):
                traceback.print_exc()
        finally:
            s.close()

    def session(self, s, address, how):
        f, has_tls, recipients = s.makefile("rwb", buffering=0), how not in ("plain", "greets554"), []
        is_on = False
        f.write(b"554 no\r\n" if how == "greets554" else b"220 mx ESMTP\r\n")
        while line := f.readline():
            verb = line[:8].upper().strip()
            if verb.startswith(b"EHLO"):
                f.write(b"250-mx\r\n" + (b"250-STARTTLS\r\n" if has_tls and not is_on else b"") + b"250-SMTPUTF8\r\n250 8BITMIME\r\n")
            elif verb == b"STARTTLS":
                if how == "starttls454":
                    f.write(b"454 4.7.0 TLS not available due to local problem\r\n")
                    continue
                f.write(b"220 go\r\n")
                if how == "hangup":
                    return
                if how == "rubbish":
                    s.recv(1000)
                    f.write(b"this is no TLS\r\n")
                    return
                s = self.context(how).wrap_socket(s, server_side=True)
                f, is_on = s.makefile("rwb", buffering=0), True
            elif verb.startswith(b"RCPT"):
                recipients.append(re.search(rb"<(.*)>", line).group(1).decode())
                f.write(b"250 ok\r\n")
            elif verb.startswith(b"DATA"):
                f.write(b"354 go\r\n")
                for body in iter(f.readline, b""):
                    if body == b".\r\n":
                        break
                with self.lock:
                    for r in recipients:
                        self.got.setdefault(r, []).append((address, is_on))
                recipients = []
                f.write(b"250 taken\r\n")
            elif verb.startswith(b"QUIT"):
                f.write(b"221 bye\r\n")
                return
            else:
                f.write(b"250 ok\r\n")


class Web:
    """Policies. sites: address -> (behaviour, policy); may be changed while it runs. seen: addresses asked."""

    def __init__(self, certificates, sites):
        self.certificates, self.sites, self.seen = certificates, sites, []
        for address, (how, _) in sites.items():
            if how != "dead":
                listener = socket.create_server((address, 443), backlog=50)
                threading.Thread(target=self.run, args=(listener, address), daemon=True).start()

    def run(self, listener, address):
        while True:
            s, _ = listener.accept()
            threading.Thread(target=self.talk, args=(s, address), daemon=True).start()

    def talk(self, s, address):
        how, policy = self.sites[address]
        try:
            s.settimeout(20)
            s = self.certificates.context("self" if how == "self" else "good").wrap_socket(s, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request:
                got = s.recv(4096)
                if not got:
                    return
                request += got
            self.seen.append(address)
            is_right = request.startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n")
            head = {"404": "404 Not Found", "redirect": "302 Found\r\nLocation: /policy"}.get(how, "200 OK")
            body = policy.encode() if is_right else b""
            kind = "text/html" if how == "html" else "text/plain; charset=utf-8"
            s.sendall(f"HTTP/1.1 {head}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                      "Connection: close\r\n\r\n".encode() + body)
        except OSError:
            pass
        finally:
            s.close()


# ---- all of it ----

class World:
    """cases: those of cases.py that are wanted."""

    def __init__(self, directory, cases):
        self.directory, self.cases = directory, cases
        lift_loopback()
        self.addresses, mail, web, names = {}, {}, {}, []
        for i, c in enumerate(cases):
            self.addresses[c.name] = {x: f"10.53.{i + 1}.{j + 1}" for j, x in enumerate("abc")}
            self.addresses[c.name]["web"] = f"10.53.{i + 1}.9"
            zone = self.zone_of(c)
            base = f"{c.name}.{zone}"
            names += [base, f"mx.{base}", f"mx2.{base}", f"host.{base}", f"mta-sts.{base}"]
        certificates = self.certificates = Certificates(directory, names)
        self.zones = Zones(directory, cases)
        self.zones.add("s.test", HOST + ".", "A 10.53.0.1")
        # Hosts behind TLSA questions that fail.
        for zone in ("s.test", "u.test"):
            for way in ("tlsaservfail", "tlsasilent"):
                self.zones.add(zone, f"mx.{way}", "A 10.53.0.2")
                # It is there: that there is none can be proved without asking for it.
                self.zones.add(zone, f"_25._tcp.mx.{way}", f"TLSA 3 1 1 {'00' * 32}")
        mail["10.53.0.2"] = "self"
        self.real = []
        for c in cases:
            self.add_case(c, mail, web)
        self.zones.start()
        self.front = Front()
        self.mail, self.web = Mail(certificates, mail), Web(certificates, web)

    def zone_of(self, c):
        return "s.test" if c.signed else "u.test"

    def domain(self, c):
        return (c.domain or f"{c.name}.{self.zone_of(c)}").format(**self.addresses[c.name])

    def fill(self, c, text):
        text = re.sub(r"\{tlsa:(\w+) (\d) (\d)\}", lambda m: self.certificates.tlsa(*m.groups()), text)
        return re.sub(r"\{(a|b|c|web)\}", lambda m: self.addresses[c.name][m.group(1)], text)

    def add_case(self, c, mail, web):
        for record in c.records:
            zone = self.zone_of(c)
            if record.startswith("@s ") or record.startswith("@u "):
                zone, record = record[1] + ".test", record[3:]
            owner, rest = self.fill(c, record).split(" ", 1)
            base = f"{c.name}.{zone}."
            owner = base if owner == "@" else f"{owner}.{base}"
            kind, *words = rest.split(" ")
            if kind in ("MX", "CNAME") and not words[-1].endswith("."):
                words[-1] += "." + base
            self.zones.add(zone, owner, " ".join([kind, *words]))
        if c.name == "cname":
            self.zones.add("s.test", "alias.cname", "CNAME real.cname.s.test.")
        if c.name == "idn":
            self.zones.add("s.test", "xn--bcher-kva.idn", "MX 10 mx.idn.s.test.")
        for letter, how in c.servers.items():
            address = self.addresses[c.name][letter]
            if how in ("postfix", "exim", "opensmtpd"):
                self.real.append((how, address))
            else:
                mail[address] = how
        if c.web:
            base = f"{c.name}.{self.zone_of(c)}"
            policy = c.policy.replace("{h}", f"mx.{base}").replace("{d}", base)
            web[self.addresses[c.name]["web"]] = (c.web, policy)

    def destroy(self):
        self.zones.destroy()
