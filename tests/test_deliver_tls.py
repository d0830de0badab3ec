"""TLS as a client: offered, demanded, broken, and of servers that can't prove who they are."""
import socket
import threading

import pytest

from harness.peers import Postfix
from harness.tls import Certificate

CONTENT = b"From: <s@src.example.test>\r\nSubject: x\r\n\r\nbody\r\n"


@pytest.fixture
def far(abide, lab, directory):
    """far(host=..., block=...): another abide that speaks TLS, before a lab."""
    def start(host="127.0.0.1", block="protocol = smtp", kind="ec"):
        x, c = lab(keep=True), Certificate(directory, "far.test", kind, host=host)
        a = abide(routes={"*": x.port}, extra=c.block(), listen_block=block, hostname="far.test")
        a.certificate, a.lab = c, x
        return a
    return start


def route(port, tls, host="127.0.0.1"):
    return f'to = "{host}:{port}" tls = {tls}'


def trusting(certificate):
    return f'tls {{ authorities = "{certificate.certificate}" }}\n'


def received(far):
    content = far.lab.content(far.lab.wait_message())
    return content.split(b"Received: ")[1].replace(b"\r\n\t", b" ")


@pytest.mark.backends
def test_offered_tls_is_used(abide, far):
    """Whoever the host is: better than in the clear."""
    f = far()
    a = abide(routes={"*": f.port})  # the default
    message = a.send()
    assert b" with ESMTPS (TLSv1.3 " in received(f)
    e = a.log.wait(event="tls", id=message)
    assert e["version"] == "TLSv1.3" and e["verified"] == "no" and e["host"] == "127.0.0.1"


@pytest.mark.backends
@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
def test_required_tls_is_verified(abide, far, kind):
    """The host, here an address, is in a certificate of an authority that was named."""
    f = far(kind=kind)
    a = abide(routes={"*": route(f.port, "required")}, extra=trusting(f.certificate))
    ids = [a.send() for _ in range(3)]
    for _ in ids:
        a.log.wait(event="delivered", count=3)
    assert b" with ESMTPS (" in received(f)
    assert a.log.find(event="tls")[0]["verified"] == "yes"


def deferred(a):
    a.send()
    e = a.log.wait(event="deferred")
    assert e["cause"] == "tls_failed", e
    return e


def test_wrong_name_gets_nothing(abide, far):
    """A certificate of somebody else's is no proof."""
    f = far(host="elsewhere.test")
    a = abide(routes={"*": route(f.port, "required")}, extra=trusting(f.certificate))
    e = deferred(a)
    assert "could not prove that it is the right one" in e["reply"] and "mismatch" in e["reply"], e
    assert e["enhanced"] == "4.7.5" and not f.lab.messages()
    said = a.queue()[0]["recipients"][0]
    assert said["cause"] == "tls_failed" and "certificate" in said["explanation"]


def test_unknown_authority_gets_nothing(abide, far, directory):
    """Nor is one that nobody here trusts."""
    f = far()
    a = abide(routes={"*": route(f.port, "required")},
              extra=trusting(Certificate(directory, "other.test")))
    e = deferred(a)
    assert "self-signed certificate" in e["reply"] and not f.lab.messages(), e


def test_no_authorities_at_all(abide, far):
    """A file that is not there must not mean that all are trusted."""
    f = far()
    a = abide(routes={"*": route(f.port, "required")}, extra='tls { authorities = "/nonexistent" }\n')
    e = deferred(a)
    assert "no certificate authorities here" in e["reply"] and not f.lab.messages(), e


def test_required_and_not_offered(abide, lab):
    """Nothing is sent in the clear where that was forbidden."""
    x = lab()
    a = abide(routes={"*": route(x.port, "required", "127.0.0.1")})
    e = deferred(a)
    assert "offers no TLS" in e["reply"] and e["enhanced"] == "4.7.4" and not x.messages(), e


@pytest.mark.backends
def test_a_reply_that_demands_tls(abide, far):
    """530 Must issue a STARTTLS command first: done at once, although the route says none."""
    f = far(block="protocol = smtp tls = required")
    a = abide(routes={"*": route(f.port, "none", "127.0.0.1")})
    a.send()
    assert b" with ESMTPS (" in received(f)
    a.wait_fate("r@example.test", "delivered")
    assert f.log.find(event="refused", code="530")


class Broken:
    """A server that offers STARTTLS; what it then does is up to the test. Takes mail in the clear."""

    def __init__(self, after):
        self.after, self.mails = after, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def destroy(self):
        self.listener.close()

    def serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(s,), daemon=True).start()

    def talk(self, s):
        f = s.makefile("rwb", buffering=0)
        f.write(b"220 broken.test ESMTP\r\n")
        body = None
        for line in iter(f.readline, b""):
            verb = line.split()[0].upper() if line.split() else b""
            if body is not None:
                if line == b".\r\n":
                    self.mails.append(body)
                    body = None
                    f.write(b"250 ok\r\n")
                else:
                    body += line
            elif verb == b"EHLO":
                f.write(b"250-broken.test\r\n250 STARTTLS\r\n")
            elif verb == b"STARTTLS":
                if not self.after(s, f):
                    s.close()
                    return
            elif verb == b"DATA":
                f.write(b"354 go\r\n")
                body = b""
            elif verb == b"QUIT":
                f.write(b"221 bye\r\n")
                break
            else:
                f.write(b"250 ok\r\n")
        s.close()


def not_now(_s, f):
    f.write(b"454 4.7.0 TLS not available due to local problem\r\n")
    return True


def rubbish(_s, f):
    f.write(b"220 go\r\n")
    f.readline()
    f.write(b"this is no TLS\r\n")
    return False


def closes(_s, f):
    f.write(b"220 go\r\n")
    return False


def talks_on(_s, f):
    """What an attacker may slip in: replies that the client would take for those under TLS."""
    f.write(b"220 go\r\n250-evil.test\r\n250 AUTH PLAIN\r\n")
    return False


@pytest.fixture
def broken(started):
    def start(after):
        b = Broken(after)
        started.append(b)
        return b
    return start


@pytest.mark.backends
@pytest.mark.parametrize("after", [not_now, rubbish, closes, talks_on], ids=lambda f: f.__name__)
def test_broken_tls_that_is_only_a_wish(abide, broken, after):
    """Half of the world's servers have had it at some time: the mail goes on without."""
    b = broken(after)
    a = abide(routes={"*": b.port})
    a.send(content=CONTENT)
    a.wait_fate("r@example.test", "delivered")
    assert len(b.mails) == 1 and b.mails[0].endswith(CONTENT)


@pytest.mark.parametrize("after, text, code", [
    (not_now, "TLS not available due to local problem", "454"),
    (rubbish, "the server does not speak TLS", "451"),
    (closes, "the server closed the connection in the middle of it", "451"),
    (talks_on, "it said more before TLS than it may", "451"),
], ids=lambda x: getattr(x, "__name__", ""))
def test_broken_tls_that_is_required(abide, broken, after, text, code):
    """Deferred, never in the clear, and the reason is the one that helps."""
    b = broken(after)
    a = abide(routes={"*": route(b.port, "required")})
    e = deferred(a)
    assert text in e["reply"] and e["code"] == code and not b.mails, e
    if code == "451":
        assert text in a.log.wait(event="tls_failed", id=e["id"])["reason"]


@pytest.mark.root
def test_postfix_as_a_destination(abide, lab, peer, directory):
    """The commonest server, verified by name."""
    x, c = lab(keep=True), Certificate(directory, "postfix.test", "rsa", host="127.0.0.1")
    p = peer(Postfix, x.port, extra=f"""
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {c.key} {c.certificate}
""")
    a = abide(routes={"*": route(p.port, "required")}, extra=trusting(c))
    a.send(content=CONTENT)
    a.wait_fate("r@example.test", "delivered")
    assert b"with ESMTPS" in x.content(x.wait_message())


@pytest.mark.backends
def test_sessions_are_resumed(abide, far):
    """The second connection spares both sides a signature; it proves no less than the first one."""
    f = far()
    a = abide(routes={"*": route(f.port, "required")}, limits="messages_per_connection = 1",
              extra=trusting(f.certificate) + "processes { deliver = 1 }\n")
    for i in range(3):
        a.send(recipients=(f"r{i}@example.test",))
        a.wait_fate(f"r{i}@example.test", "delivered")
    tls = a.log.find(event="tls")
    assert [e["resumed"] for e in tls] == ["no", "yes", "yes"] and all(e["verified"] == "yes" for e in tls), tls
    assert a.log.find(event="delivered")[1]["tls"].endswith(", verified, resumed")
