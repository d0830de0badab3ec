"""Real clients and servers send to abide under TLS: STARTTLS, and port 465 where they can."""
import os
import subprocess

import pytest

from harness.peers import Exim, OpenSmtpd, Postfix, program, send_by_smtplib
from harness.process import free_port
from harness.tls import Certificate

CONTENT = b"From: <s@src.test>\r\nTo: <r@dst.test>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n" \
          b"Message-ID: <1@src.test>\r\nSubject: x\r\n\r\n.dot\r\nend\r\n"
LF = CONTENT.replace(b"\r\n", b"\n")


class Server:
    def __init__(self, abide, lab, certificate, port, implicit):
        self.abide, self.lab, self.certificate = abide, lab, certificate
        self.port, self.implicit = port, implicit


@pytest.fixture
def server(abide, lab, directory):
    x, c, implicit = lab(keep=True), Certificate(directory, "localhost", "rsa"), free_port()
    a = abide(routes={"*": x.port}, extra=c.block()
              + f'listen "127.0.0.1:{implicit}" {{ protocol = submissions }}\n', hostname="localhost")
    return Server(a, x, c, a.port, implicit)


def run(argv, content=None):
    done = subprocess.run(argv, input=content, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    return done.stdout


def message(directory):
    path = os.path.join(directory, "message")
    with open(path, "wb") as f:
        f.write(CONTENT)
    return path


def by_swaks(s, directory, peer):
    run([program("swaks"), "--server", f"127.0.0.1:{s.port}", "--from", "s@src.test", "--to", "r@dst.test",
         "--tls", "--tls-verify", "--tls-ca-path", s.certificate.certificate, "--tls-sni", "localhost",
         "--data", "-"], LF[:-1])


def by_swaks_implicit(s, directory, peer):
    run([program("swaks"), "--server", f"127.0.0.1:{s.implicit}", "--from", "s@src.test", "--to", "r@dst.test",
         "--tlsc", "--data", "-"], LF[:-1])


def by_curl(s, directory, peer):
    run([program("curl"), "-sS", "--ssl-reqd", "--cacert", s.certificate.certificate, "--resolve",
         f"localhost:{s.port}:127.0.0.1", f"smtp://localhost:{s.port}/client.example.test",
         "--mail-from", "s@src.test", "--mail-rcpt", "r@dst.test", "--upload-file", message(directory)])


def by_curl_implicit(s, directory, peer):
    run([program("curl"), "-sS", "--cacert", s.certificate.certificate, "--tlsv1.2", "--tls-max", "1.2",
         "--resolve", f"localhost:{s.implicit}:127.0.0.1", f"smtps://localhost:{s.implicit}/client.example.test",
         "--mail-from", "s@src.test", "--mail-rcpt", "r@dst.test", "--upload-file", message(directory)])


def by_msmtp(s, directory, peer):
    """msmtp is the GnuTLS among them."""
    run([program("msmtp"), "--host=localhost", f"--port={s.port}", "--from=s@src.test", "--tls=on",
         f"--tls-trust-file={s.certificate.certificate}", "--auth=off", "--domain=client.example.test",
         "--", "r@dst.test"], LF)


def by_msmtp_implicit(s, directory, peer):
    run([program("msmtp"), "--host=localhost", f"--port={s.implicit}", "--from=s@src.test", "--tls=on",
         "--tls-starttls=off", f"--tls-trust-file={s.certificate.certificate}", "--auth=off",
         "--domain=client.example.test", "--", "r@dst.test"], LF)


def by_snail(s, directory, peer):
    run([program("s-nail"), "-:/", "-S", "v15-compat=yes", "-S", f"mta=smtp://localhost:{s.port}",
         "-S", "smtp-auth=none", "-S", "smtp-use-starttls", "-S", f"tls-ca-file={s.certificate.certificate}",
         "-S", "tls-verify=strict", "-S", "from=s@src.test", "-S", "sendwait", "-s", "x", "r@dst.test"],
        b".dot\nend\n")


def by_exim(s, directory, peer):
    log = peer(Exim, s.port, tls=True).send("s@src.test", ["r@dst.test"], CONTENT)
    assert " => r@dst.test" in log and " X=TLS" in log, log


def by_postfix(s, directory, peer):
    extra = f"""
smtp_tls_security_level = verify
smtp_tls_CAfile = {s.certificate.certificate}
smtp_tls_verify_cert_match = localhost
smtp_tls_loglevel = 1
"""
    os.chmod(s.certificate.certificate, 0o644)
    p = peer(Postfix, s.port, extra=extra)
    assert send_by_smtplib(p.port, "s@src.test", ["r@dst.test"], CONTENT) == {}
    p.wait_log("Verified TLS connection established")


def by_opensmtpd(s, directory, peer):
    p = peer(OpenSmtpd, s.port)
    assert send_by_smtplib(p.port, "s@src.test", ["r@dst.test"], CONTENT) == {}


CLIENTS = [by_swaks, by_swaks_implicit, by_curl, by_curl_implicit, by_msmtp, by_msmtp_implicit, by_snail,
           by_exim, by_postfix, by_opensmtpd]


@pytest.mark.parametrize("by", CLIENTS, ids=lambda f: f.__name__)
def test_clients_encrypt(server, directory, peer, by):
    """Each has a TLS of its own kind (OpenSSL, GnuTLS, LibreSSL's ways), and must not fall back."""
    by(server, directory, peer)
    content = server.lab.content(server.lab.wait_for("r@dst.test"))
    assert content.endswith(b"\r\n.dot\r\nend\r\n")
    received = content.split(b"\r\n\tfor <")[0].replace(b"\r\n\t", b" ")
    # s-nail says HELO where it need not log in: RFC 3848 has no word for SMTP under TLS.
    assert (b" with SMTP (TLSv1." if by is by_snail else b" with ESMTPS (TLSv1.") in received, received
    e = server.abide.log.wait(event="accepted")
    assert e["tls"].startswith("TLSv1."), e


def test_openssl_s_client_and_old_versions(server):
    """What TLS 1.0 and 1.1 clients get, and that the log says it."""
    for option, name in (("-tls1", "TLS 1.0"), ("-tls1_1", "TLS 1.1")):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-starttls",
                               "smtp", option, "-cipher", "ALL@SECLEVEL=0"], input=b"QUIT\r\n",
                              capture_output=True, timeout=60, check=False)
        assert b"protocol version" in done.stderr, done.stderr
        server.abide.log.wait(event="tls_failed",
                              reason=f"the client speaks at most {name}, and TLS 1.2 is the least that is safe")
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-starttls",
                           "smtp", "-tls1_2", "-cipher", "AES128-SHA@SECLEVEL=0"], input=b"",
                          capture_output=True, timeout=60, check=False)
    assert b"handshake failure" in done.stderr, done.stderr
    server.abide.log.wait(event="tls_failed", reason="the client offers no cipher that is safe")


@pytest.mark.parametrize("name", ["evil\\", "localhost\\", "a" * 250, "..", "*", "LOCALHOST.", "x y", "$(id)", "-"])
def test_odd_server_names(server, name):
    """CVE-2019-15846: a name that ended in a backslash was root's. It chooses a certificate, or none, and nothing more."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-starttls", "smtp",
                           "-servername", name, "-brief"], input=b"QUIT\r\n", capture_output=True, timeout=60, check=False)
    assert b"CONNECTION ESTABLISHED" in done.stderr, done.stderr
    assert not [line for line in server.abide.log.lines if any(c < " " for c in line)]


def test_renegotiation_is_refused(server):
    """A client that asks for it costs the server more than itself."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-starttls",
                           "smtp", "-tls1_2"], input=b"R\n", capture_output=True, timeout=60, check=False)
    assert b"no renegotiation" in done.stderr.lower(), done.stderr
