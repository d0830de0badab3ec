"""Who speaks for others: load balancers with PROXY headers, filters with XCLIENT, and those who may not."""
import socket
import subprocess

import pytest

from harness.peers import program
from harness.smtp import Closed, Smtp
from harness.tls import Certificate, TlsSmtp

BALANCER, FILTER, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture
def trusting(abide, lab):
    def start(**kw):
        x = lab(keep=True)
        a = abide(routes={"*": x.port}, relay_from=("192.0.2.0/24",),
                  listen_block=f'protocol = smtp proxy = {{"{BALANCER}"}} xclient_from = {{"{FILTER}"}}', **kw)
        a.lab = x
        return a
    return start


def v2(client, port=4711):
    return SIGNATURE + b"\x21\x11\x00\x0c" + socket.inet_aton(client) + socket.inet_aton("127.0.0.1") + \
        port.to_bytes(2, "big") + b"\x00\x19"


def may_relay(c):
    c.ehlo()
    c.expect("MAIL FROM:<s@src.example.test>", 250)
    return c.cmd("RCPT TO:<r@example.test>").code == 250


@pytest.mark.parametrize("header", [
    lambda ip: f"PROXY TCP4 {ip} 127.0.0.1 4711 25\r\n".encode(), v2], ids=["v1", "v2"])
def test_proxy_says_who_it_is(trusting, header):
    """All rights and limits are the client's, not the balancer's."""
    a = trusting()
    for ip, may in (("192.0.2.1", True), ("198.51.100.1", False)):
        with Smtp(a.port, banner=False, source=BALANCER) as c:
            c.send(header(ip), step=3)
            assert c.read().code == 220
            assert may_relay(c) == may
    e = a.log.wait(event="refused", peer="198.51.100.1")
    assert e["code"] == "550"


def test_proxy_forged_by_others(trusting):
    """Whoever is no balancer gains nothing by such a header."""
    a = trusting()
    for header in (b"PROXY TCP4 192.0.2.1 127.0.0.1 1 25\r\n", v2("192.0.2.1")):
        with Smtp(a.port, banner=False, source=STRANGER) as c:
            c.send(header + b"\r\nQUIT\r\n")
            with pytest.raises(Closed):
                while True:  # greeted or not, it is sent away
                    assert c.read().code in (220, 221, 500, 521)
    assert not a.log.find(peer="192.0.2.1")


@pytest.mark.parametrize("said, reason", [
    (b"EHLO x\r\n", "it is none"),
    (b"PROXY TCP4 192.0.2.1\r\n", "its line has too few words"),
    (SIGNATURE + b"\x21\x11\x00\x04abcd", "its addresses are cut off"),
    (b"PROXY TCP4 ", "the connection was closed before it"),
])
def test_balancer_without_a_right_header(trusting, said, reason):
    """A balancer that is set up wrong would make every client look trusted."""
    a = trusting()
    with Smtp(a.port, banner=False, source=BALANCER) as c:
        c.send(said)
        c.sock.shutdown(socket.SHUT_WR)
        assert c.at_end()
    assert a.log.wait(event="proxy_refused")["reason"] == reason


def test_proxy_before_tls(trusting, directory):
    """The header comes in the clear, also where the first byte of the client is of TLS."""
    c = Certificate(directory, "mx.abide.test")
    a = trusting(extra=c.block())
    a.config.listen_block = f'protocol = submissions proxy = {{"{BALANCER}"}}'
    a.config.write()
    a.process.popen.send_signal(1)
    a.log.wait(event="reloaded")
    s = TlsSmtp(a.port, banner=False, source=BALANCER)
    s.send(b"PROXY TCP4 192.0.2.1 127.0.0.1 4711 465\r\n")
    s.wrap(c.context(), "mx.abide.test")
    assert s.read().code == 220
    assert may_relay(s)
    s.close()


def test_xclient(trusting):
    """A filter in front passes on whom it has spoken with."""
    a = trusting()
    with Smtp(a.port, source=FILTER) as c:
        assert c.extensions()["XCLIENT"] == ["NAME", "ADDR", "PORT", "PROTO", "HELO"]
        assert not may_relay(c)
        c.expect("RSET", 250)
        c.expect("XCLIENT NAME=a.example ADDR=192.0.2.7 PORT=99 HELO=a.example PROTO=ESMTP", 220)
        assert may_relay(c)
        c.expect("RSET", 250)
        assert c.mail().code == 250
    assert a.log.wait(event="accepted")["peer"] == "192.0.2.7"
    assert b"([192.0.2.7])" in a.lab.content(a.lab.wait_message())


@pytest.mark.parametrize("said, code", [
    ("NAME=a+0D+0AX-Evil:+20y ADDR=192.0.2.3", 220), ("NAME=<script>", 220), ("NAME=a)b(c\\", 220), ("HELO=+00+01", 220),
    ("HELO=a+0D+0Ab", 220), ("ADDR=999.1.1.1", 501), ("PORT=99999", 501), ("LOGIN=root", 501), ("PROTO=XX", 501), ("", 501),
    ("ADDR=192.0.2.3 ADDR=127.0.0.1", 501)])
def test_xclient_with_odd_values(trusting, said, code):
    """What a filter passes on comes from a stranger: nothing of it becomes a line of the header or the log."""
    a = trusting(extra='domain "example.test" { to = "127.0.0.1:9" }')
    with Smtp(a.port, source=FILTER) as c:
        c.ehlo()
        c.expect(f"XCLIENT {said}".rstrip(), code)
        c.ehlo("helo.example.test")
        r = c.mail()
        assert r.code == 250, r
    content = a.run("queue", "content", "-c", a.config.path, r.id).stdout
    assert content.startswith(b"Received: from helo.example.test ([") and b"Evil" not in content
    assert not [line for line in a.log.lines if any(c < " " or c == "\x7f" for c in line)]


def test_xclient_of_a_stranger(trusting):
    """A header that says it is from elsewhere must not open the relay."""
    a = trusting()
    with Smtp(a.port, source=STRANGER) as c:
        assert "XCLIENT" not in c.extensions()
        c.expect("XCLIENT ADDR=192.0.2.7", 550)
        assert not may_relay(c)
        c.expect("XCLIENT ADDR=192.0.2.7", 503)


def test_swaks_speaks_both(trusting):
    """swaks has PROXY and XCLIENT of its own, as its authors read the papers."""
    a = trusting()
    for source, options in ((BALANCER, ["--proxy-version", "1", "--proxy-family", "TCP4", "--proxy-source",
                                        "192.0.2.8", "--proxy-source-port", "4711", "--proxy-dest",
                                        "127.0.0.1", "--proxy-dest-port", "25"]),
                            (FILTER, ["--xclient-addr", "192.0.2.8", "--xclient-helo", "x.example"])):
        done = subprocess.run([program("swaks"), "--server", f"127.0.0.1:{a.port}", "--local-interface", source,
                               "--from", "s@src.test", "--to", "r@dst.test", *options],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        assert done.returncode == 0, done.stdout.decode()
    a.log.wait(event="accepted", peer="192.0.2.8", count=2)
