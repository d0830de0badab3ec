"""TLS of clients: STARTTLS and implicit, certificates and their keys, and those who do it wrong."""
import os
import random
import socket
import ssl
import subprocess
import time

import pytest

from harness.process import PATIENCE, free_port, wait_until
from harness.smtp import Closed, Smtp
from harness.tls import Certificate, TlsSmtp, any_context

CONTENT = b"From: <s@src.example.test>\r\nTo: <r@example.test>\r\nSubject: x\r\n\r\nbody\r\n"


@pytest.fixture
def secure(abide, lab, directory):
    """secure(kind=..., extra=...): abide with a certificate for mx.abide.test, and a lab behind it."""
    def start(kind="ec", extra="", **kw):
        x = lab(keep=True)
        c = Certificate(directory, "mx.abide.test", kind)
        a = abide(routes={"*": x.port}, extra=c.block() + extra, **kw)
        a.certificate, a.lab = c, x
        return a
    return start


def started_tls(a, **kw):
    c = TlsSmtp(a.port)
    assert "STARTTLS" in c.extensions()
    c.starttls(**kw)
    return c


@pytest.mark.backends
@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_every_kind_of_key(secure, kind, version):
    """A certificate that clients can't verify would leave all mail in the clear."""
    a = secure(kind)
    context = a.certificate.context()
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    c = started_tls(a, context=context, host="mx.abide.test")
    assert "STARTTLS" not in c.extensions()
    r = c.mail(content=CONTENT)
    assert r.code == 250, r
    c.expect("QUIT", 221)
    assert c.at_end()
    e = a.log.wait(event="tls")
    assert e["version"] == version.replace("_", ".") and e["sni"] == "mx.abide.test" and e["resumed"] == "no"
    content = a.lab.content(a.lab.wait_message())
    received = content.split(b"\r\n\tfor <")[0].replace(b"\r\n\t", b" ")
    assert b" with ESMTPS (" + e["version"].encode() + b" " + e["cipher"].encode() + b") id " in received


@pytest.mark.backends
def test_keys_are_held_by_one_process(secure):
    """Whoever breaks into a process that parses must not find the key there."""
    a = secure("rsa")
    started_tls(a).close()
    with open(a.certificate.key) as f:
        pem = f.read()
    text = subprocess.run(["openssl", "pkey", "-in", a.certificate.key, "-noout", "-text"],
                          check=True, capture_output=True, text=True).stdout
    exponent = text.split("privateExponent:")[1].split("prime1")[0]
    secret = bytes.fromhex(exponent.replace(":", "").replace(" ", "").replace("\n", ""))[-64:]
    found = {}
    for role, pid in a.roles().items():
        memory = memory_of(pid)
        found[role] = secret in memory or secret[::-1] in memory or pem.split("\n")[3].encode() in memory
    assert found.pop("keys/0"), "the search itself finds nothing"
    assert not any(found.values()), found


def memory_of(pid):
    out = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            area, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in area.split("-"))
            if end - begin > 1 << 30:
                continue
            try:
                mem.seek(begin)
                out.append(mem.read(end - begin))
            except OSError:
                pass
    return b"".join(out)


def test_sni_chooses_the_certificate(secure, directory):
    """Who hosts several names needs the right certificate for each."""
    exact = Certificate(directory, "two.example.test", "rsa")
    suffix = Certificate(directory, "suffix", "ec", host="a.below.example.test")
    a = secure(extra=exact.block('certificate "two.example.test"')
               + suffix.block('certificate ".below.example.test"'))
    for host, who in (("mx.abide.test", a.certificate), ("two.example.test", exact),
                      ("a.below.example.test", suffix)):
        started_tls(a, context=who.context(), host=host).close()
    # A name that nobody knows, or none, is no reason to refuse mail.
    for host in ("nobody.example.test", None):
        c = started_tls(a, context=any_context(), host=host)
        with open(a.certificate.certificate) as f:
            assert ssl.DER_cert_to_PEM_cert(c.sock.getpeercert(True)) == f.read()
        c.close()


@pytest.mark.backends
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_sessions_are_resumed(secure, version):
    """A client that comes again, to whichever process, is spared the signature."""
    a = secure()
    context = any_context()
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    c = started_tls(a, context=context)
    c.ehlo()  # in TLS 1.3 the ticket comes with the first answer
    session = c.sock.session
    c.close()
    for _ in range(8):
        c = started_tls(a, context=context, session=session)
        assert c.sock.session_reused
        c.close()
    a.log.wait(event="tls", resumed="yes", count=8)


@pytest.mark.parametrize("resume", [False, True])
def test_the_generator_counts_what_happened(secure, resume):
    """A benchmark whose figures are not what the server saw would praise or blame it for nothing."""
    a = secure()
    done = a.run("lab", "--load", f"127.0.0.1:{a.port}", "--sessions", "3", "--seconds", "1", "--octets", "3000",
                 *(["--resume"] if resume else []))
    said = dict(p.split("=") for p in done.stdout.decode().split())
    sessions, resumed = int(said["sessions"]), int(said["resumed"])
    assert sessions > 3 and resumed == (sessions - 3 if resume else 0) and float(said["seconds"]) >= 1, said
    a.log.wait(event="accepted", count=sessions)
    assert len(a.log.find(event="tls", resumed="yes")) == resumed
    assert len(a.log.find(event="tls")) == len(a.log.find(event="accepted")) == sessions
    a.wait_empty()
    contents = [a.lab.content(m) for m in a.lab.messages()]
    assert len(contents) == sessions and all(2900 < len(c.split(b"\r\n\r\n", 1)[1]) <= 3000 for c in contents)


def test_the_generator_says_what_is_wrong(lab, binary):
    """A server without TLS, or one that refuses the mail, is no slow server."""
    x = lab("451-data")
    for port, why in ((x.port, b"no STARTTLS"), (free_port(), b"no connection")):
        done = subprocess.run([binary, "lab", "--load", f"127.0.0.1:{port}", "--seconds", "1"], capture_output=True, check=False)
        assert done.returncode == 69 and why in done.stderr, done
    for wrong in (["--sessions", "0"], ["--seconds", "x"], ["--octets", "-1"]):
        done = subprocess.run([binary, "lab", "--load", "127.0.0.1:1", *wrong], capture_output=True, check=False)
        assert done.returncode == 64 and wrong[0].encode() in done.stderr, done
    assert subprocess.run([binary, "lab", "--load", "nowhere"], capture_output=True, check=False).returncode == 64


@pytest.mark.backends
def test_reload_brings_new_certificates(secure, directory):
    """A certificate lives for weeks, abide for months: new ones must come without a dropped session."""
    a = secure()
    old = started_tls(a)
    old.ehlo()
    old.expect("MAIL FROM:<s@src.example.test>", 250)
    fresh = Certificate(directory, "mx.abide.test", "rsa")
    os.replace(fresh.certificate, a.certificate.certificate)
    os.replace(fresh.key, a.certificate.key)
    a.process.popen.send_signal(1)
    a.log.wait(event="reloaded")
    context = ssl.create_default_context(cafile=a.certificate.certificate)
    started_tls(a, context=context, host="mx.abide.test").close()
    old.expect("RCPT TO:<r@example.test>", 250)
    assert old.data(CONTENT).code == 250
    # What is wrong leaves the old one in force.
    os.unlink(a.certificate.key)
    a.process.popen.send_signal(1)
    e = a.log.wait(event="config_refused")
    assert a.certificate.key in e["error"], e
    started_tls(a, context=context, host="mx.abide.test").close()
    assert old.mail(content=CONTENT).code == 250


def test_tls_comes_and_goes_by_reload(abide, directory):
    """The first certificate must not need a restart, nor the end of it."""
    a, c = abide(), Certificate(directory, "mx.abide.test")
    for count, extra in enumerate((c.block(), "", c.block()), 1):
        with a.client() as plain:
            assert ("STARTTLS" in plain.extensions()) == (count == 2)
        a.config.extra = extra
        a.config.write()
        a.process.popen.send_signal(1)
        a.log.wait(event="reloaded", count=count)
    started_tls(a, context=c.context(), host="mx.abide.test").close()


def test_a_wrong_pair_leaves_the_one_before(secure, directory):
    """Who renews a certificate writes two files, and SIGHUP may come between them."""
    a = secure()
    context = a.certificate.context()
    fresh = Certificate(directory, "mx.abide.test", "rsa")
    os.replace(fresh.certificate, a.certificate.certificate)
    a.process.popen.send_signal(1)
    e = a.log.wait(event="certificate_unusable")
    assert e["reason"] == "is the key of another certificate" and e["file"] == a.certificate.key
    a.log.wait(event="reloaded")
    started_tls(a, context=context, host="mx.abide.test").close()
    os.replace(fresh.key, a.certificate.key)
    a.process.popen.send_signal(1)
    a.log.wait(event="reloaded", count=2)
    context = ssl.create_default_context(cafile=a.certificate.certificate)
    started_tls(a, context=context, host="mx.abide.test").close()


@pytest.mark.backends
def test_keys_may_die(secure):
    """The process with the keys is one; its death must not mean a day in the clear."""
    a = secure()
    started_tls(a).close()
    a.kill_role("keys")
    c = started_tls(a, context=a.certificate.context(), host="mx.abide.test")
    assert c.expect("EHLO x", 250)
    c.close()
    a.log.wait(event="role_died", role="keys/0")


def test_plaintext_behind_starttls(secure):
    """CVE-2011-0411: what somebody slipped in before TLS must not run after it."""
    a = secure()
    with Smtp(a.port) as c:
        c.ehlo()
        c.send(b"STARTTLS\r\nMAIL FROM:<evil@example.test>\r\n")
        assert c.read().code == 503
        assert c.at_end()
    # In a packet of its own, after the 220: it must look like a broken handshake.
    c = TlsSmtp(a.port)
    c.ehlo()
    c.expect("STARTTLS", 220)
    c.send(b"MAIL FROM:<evil@example.test>\r\n")
    with pytest.raises((ssl.SSLError, OSError)):
        c.wrap()
    assert a.log.wait(event="tls_failed")["reason"] == "the client does not speak TLS"
    c.close()


def test_all_is_forgotten_with_tls(secure):
    """RFC 3207 4.2: what was said before counts for nothing."""
    a = secure()
    c = TlsSmtp(a.port)
    c.ehlo("liar.example.test")
    c.expect("MAIL FROM:<s@src.example.test>", 250)
    c.starttls()
    c.expect("RCPT TO:<r@example.test>", 503)
    c.expect("MAIL FROM:<s@src.example.test>", 503)
    c.ehlo("honest.example.test")
    assert c.mail(content=CONTENT).code == 250
    c.close()
    content = a.lab.content(a.lab.wait_message())
    assert b"honest.example.test" in content and b"liar" not in content


@pytest.mark.backends
@pytest.mark.parametrize("how", ["close_notify", "tcp"])
@pytest.mark.parametrize("verb", ["DATA", "BDAT"])
def test_an_end_within_a_body_is_no_end_of_it(secure, how, verb):
    """Exim's Dead.Letter: a TLS end within a body, and then a byte in the clear."""
    a = secure()
    c = started_tls(a)
    c.ehlo()
    c.envelope()
    if verb == "DATA":
        c.expect("DATA", 354)
        c.send(b"Subject: half\r\n\r\nhalf\r\n")
    else:
        c.send(b"BDAT 1000 LAST\r\nSubject: half\r\n\r\nhalf\r\n")
    plain = socket.socket(fileno=os.dup(c.sock.fileno()))
    if how == "close_notify":
        try:
            c.sock.settimeout(0.01)
            c.sock.unwrap()
        except (OSError, ssl.SSLError):
            pass
    try:
        if how == "close_notify":
            plain.sendall(b".\r\nQUIT\r\n")
        plain.shutdown(socket.SHUT_WR)
    except OSError:  # the server was quicker
        pass
    e = a.log.wait(event="abandoned")
    assert e["verb"] == verb
    plain.close()
    c.close()
    assert not a.queue() and not a.lab.messages()


def old_hello():
    """A ClientHello of TLS 1.0, as Windows XP sent it."""
    body = b"\x03\x01" + random.Random(1).randbytes(32) + b"\x00" + b"\x00\x04\x00\x2f\x00\x35" + b"\x01\x00"
    hello = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello


def raw_starttls(a):
    c = Smtp(a.port)
    c.ehlo()
    c.expect("STARTTLS", 220)
    return c


@pytest.mark.parametrize("said, reason", [
    (old_hello(), "the client speaks at most TLS 1.0, and TLS 1.2 is the least that is safe"),
    (b"GET / HTTP/1.0\r\n\r\n", "the client speaks HTTP, not TLS"),
    (random.Random(2).randbytes(300).replace(b"\x16", b"\x17"), None),
    (b"", "the client closed the connection in the middle of it"),
], ids=("tls-1.0", "http", "noise", "nothing"))
def test_broken_handshakes_are_named(secure, said, reason):
    """A partner that can't connect calls; the log must say why."""
    a = secure()
    c = raw_starttls(a)
    c.send(said)
    c.sock.shutdown(socket.SHUT_WR)
    e = a.log.wait(event="tls_failed")
    assert reason in (None, e["reason"]), e
    c.close()
    started_tls(a).close()


@pytest.mark.backends
def test_slow_handshakes_have_an_end(secure):
    """A handshake that drips costs a fiber, and not for ever."""
    a = secure(timeouts='idle = "2s"')
    c = raw_starttls(a)
    hello = old_hello()
    for byte in hello:
        try:
            c.sock.sendall(bytes([byte]))
        except OSError:
            break
        if a.log.find(event="tls_failed"):
            break
        time.sleep(0.05)  # the drip itself, not a wait for anything
    assert a.log.wait(event="tls_failed")["reason"] == "the client took too long"
    c.close()


class Dripping:
    """A socket that gives ssl's bytes on one at a time."""

    def __init__(self, sock, context):
        self.sock, self.input, self.output = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.input, self.output)

    def move(self, fn, *args):
        while True:
            try:
                done = fn(*args)
            except ssl.SSLWantReadError:
                done = None
            for byte in self.output.read():
                self.sock.sendall(bytes([byte]))
            if done is not None:
                return done
            got = self.sock.recv(65536)
            assert got, "closed"
            self.input.write(got)

    def shake_hands(self):
        def do():
            self.tls.do_handshake()
            return True
        self.move(do)

    def sendall(self, data):
        self.move(self.tls.write, data)

    def recv(self, n):
        return self.move(self.tls.read, n)

    def close(self):
        self.sock.close()


def test_a_byte_at_a_time(secure):
    """However the network cuts records, the mail is the same."""
    a = secure()
    c = raw_starttls(a)
    c.sock = Dripping(c.sock, any_context())
    c.sock.shake_hands()
    c.ehlo()
    content = CONTENT + b"line\r\n" * 300
    assert c.mail(content=content).code == 250
    c.close()
    assert a.lab.content(a.lab.wait_message()).endswith(content)


@pytest.mark.backends
def test_large_mail_both_ways_of_saying_it(secure):
    """More than a record, a buffer and a packet hold, with pipelining behind it."""
    a = secure()
    c = started_tls(a)
    c.ehlo()
    content = CONTENT + b"".join(b"%06d " % i + b"x" * 60 + b"\r\n" for i in range(30000))
    assert c.mail(content=content, recipients=["d@example.test"]).code == 250
    c.envelope(recipients=["b@example.test"])
    assert c.bdat(content[:1000000]).code == 250
    assert c.bdat(content[1000000:], last=True).code == 250
    c.expect("QUIT", 221)
    for who in ("d@example.test", "b@example.test"):
        a.lab.wait_for(who)
        assert a.lab.content(a.lab.messages(who)[0]).endswith(content)


@pytest.mark.backends
def test_implicit_tls(secure, directory):
    """Port 465: nothing is said in the clear, and the greeting comes after the handshake."""
    port = free_port()
    a = secure(extra=f'listen "127.0.0.1:{port}" {{ protocol = submissions }}\n')
    c = TlsSmtp(port, banner=False)
    c.wrap(a.certificate.context(), "mx.abide.test")
    assert c.read().code == 220
    assert "STARTTLS" not in c.extensions()
    c.expect("STARTTLS", 503)
    assert c.mail(content=CONTENT).code == 250
    c.expect("QUIT", 221)
    c.close()
    # Who speaks in the clear there is told nothing and logged.
    with Smtp(port, banner=False) as c:
        c.send(b"EHLO x\r\n")
        with pytest.raises((Closed, AssertionError)):
            c.read()
    a.log.wait(event="tls_failed", reason="the client does not speak TLS")


def test_tls_can_be_demanded(secure):
    """RFC 3207 4: 530 until it is there."""
    a = secure(listen_block="protocol = smtp tls = required")
    c = TlsSmtp(a.port)
    c.ehlo()
    r = c.expect("MAIL FROM:<s@src.example.test>", 530)
    assert r.text.startswith("5.7.0 "), r
    c.starttls()
    c.ehlo()
    assert c.mail(content=CONTENT).code == 250
    c.close()


def test_stopping_says_so(secure):
    """A session under TLS hears the 421 too."""
    a = secure()
    c = started_tls(a)
    c.ehlo()
    a.process.popen.terminate()
    assert c.read().code == 421
    assert c.at_end()
    c.close()


# ---- files that are wrong ----

def check(a):
    done = a.run("check", "-c", a.config.write(), check=False)
    lines = done.stderr.decode().splitlines(True)
    return done.returncode, "".join(line for line in lines if "notice_after" not in line)


def test_check_looks_at_the_files(abide, directory):
    """What is found by abide check is not found by the senders."""
    good, other = Certificate(directory, "a.test"), Certificate(directory, "b.test", "rsa")
    a = abide(begin=False)

    def with_files(certificate, key):
        a.config.extra = f'tls {{\n certificate = "{certificate}"\n key = "{key}" }}\n'
        return check(a)
    assert with_files(good.certificate, good.key) == (0, "")
    line = a.config.text().splitlines().index("tls {") + 2
    where = f"{a.config.path}:{line}: "
    assert with_files("/nonexistent.pem", good.key) == (
        78, f"{where}/nonexistent.pem can't be read: No such file or directory; correct its name or its mode\n")
    assert with_files(good.certificate, other.key) == (
        78, f"{where}{other.key} is the key of another certificate than that of {good.certificate}; "
            "write the one that belongs to it\n")
    assert with_files(good.key, good.key)[1] == f"{where}{good.key} holds no certificate in PEM\n"
    assert with_files(good.certificate, good.certificate)[1] == \
        f"{where}{good.certificate} holds no private key in PEM\n"
    short = Certificate(directory, "short.test", days=3)
    status, said = with_files(short.certificate, short.key)
    assert status == 0 and f"{where}warning: {short.certificate} expires in " in said, said


def test_serve_refuses_files_that_are_not_there(abide, directory):
    """Better no start than a start without TLS."""
    c = Certificate(directory, "a.test")
    os.unlink(c.key)
    a = abide(begin=False, extra=c.block())
    done = a.run("serve", "-c", a.config.write(), check=False)
    assert done.returncode == 78 and c.key in done.stderr.decode(), done


@pytest.mark.root
def test_keys_may_be_root_s_alone(secure, directory):
    """The file's mode is 0600, its folder's 0700, and abide's processes are nobody's."""
    c = Certificate(directory, "x.test")
    os.chmod(c.key, 0o600)
    hidden = os.path.join(directory, "hidden")
    os.mkdir(hidden, 0o700)
    for name in (c.key, c.certificate):
        os.rename(name, os.path.join(hidden, os.path.basename(name)))
    c.key, c.certificate = (os.path.join(hidden, os.path.basename(n)) for n in (c.key, c.certificate))
    a = secure(extra=c.block('certificate "x.test"'))
    started_tls(a, context=c.context(), host="x.test").close()


# ---- many ----

def rss(a):
    total = 0
    for role, pid in a.roles().items():
        if role.startswith("receive/"):
            with open(f"/proc/{pid}/statm") as f:
                total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def test_idle_sessions_are_small(secure, plain_build):
    """60 KiB for an idle TLS session: 1,000 of them."""
    n = 1000
    a = secure(limits=f"sessions = {2 * n} sessions_per_network = {2 * n}", timeouts='idle = "5m"')
    context = any_context()
    first = [started_tls(a, context=context) for _ in range(50)]
    before, held = rss(a), []
    for _ in range(n):
        c = started_tls(a, context=context)
        c.ehlo()
        held.append(c)
    each = (rss(a) - before) / n
    print(f"an idle TLS session: {each / 1024:.1f} KiB")
    assert each <= 60 * 1024
    for c in first + held:
        c.close()
    wait_until(lambda: len(a.log.find(event="tls")) >= n + 50, PATIENCE, "all handshakes")
