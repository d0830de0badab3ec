"""Real mail programs and servers log in and send: each in the ways that it has."""
import os
import smtplib
import subprocess

import pytest

from harness.dovecot_auth import stored
from harness.peers import Exim, OpenSmtpd, Postfix, program, send_by_smtplib
from harness.process import free_port
from harness.tls import Certificate

USER, PASSWORD = "anna@src.test", "geheim^9"
CONTENT = b"From: <anna@src.test>\r\nTo: <r@dst.test>\r\nSubject: x\r\n\r\n.dot\r\nend\r\n"
LF = CONTENT.replace(b"\r\n", b"\n")

NODE = """
const mailer = require('nodemailer');
const [port, secure, ca, method, user, pass] = process.argv.slice(2);
mailer.createTransport({host: 'localhost', port: Number(port), secure: secure === 'yes', requireTLS: true,
                        tls: {ca: require('fs').readFileSync(ca)}, authMethod: method, auth: {user, pass}})
  .sendMail({envelope: {from: user, to: ['r@dst.test']}, raw: require('fs').readFileSync(0)})
  .then(i => console.log(i.response), e => { console.error(e); process.exit(1); });
"""


class Server:
    def __init__(self, abide, lab, certificate, implicit):
        self.abide, self.lab, self.certificate, self.implicit = abide, lab, certificate.certificate, implicit
        self.port = abide.port


@pytest.fixture
def server(abide, lab, directory):
    """One user, with keys for SCRAM; nobody may relay without logging in, or is spared greylisting."""
    x, c, implicit = lab(keep=True), Certificate(directory, "localhost", "rsa"), free_port()
    os.chmod(c.certificate, 0o644)
    users = os.path.join(directory, "users")
    with open(users, "w") as f:
        f.write(f"{USER}:{stored('SCRAM-SHA-256', PASSWORD)}\n")
    a = abide(routes={"*": x.port}, hostname="localhost", relay_from=("192.0.2.1",),
              listen_block="protocol = submission", extra=c.block()
              + f'users {{ from = "file:{users}" mechanisms = {{"PLAIN", "LOGIN", "SCRAM-SHA-256"}} }}\n'
              f'listen "127.0.0.1:{implicit}" {{ protocol = submissions }}\n'
              'greylist { mode = all }\n')
    return Server(a, x, c, implicit)


def run(argv, content=None, **kw):
    done = subprocess.run(argv, input=content, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, check=False, **kw)
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    return done.stdout


def message(directory):
    path = os.path.join(directory, "message")
    with open(path, "wb") as f:
        f.write(CONTENT)
    return path


def by_swaks(method, *more):
    def by(s, directory, peer):
        port = s.implicit if "--tlsc" in more else s.port
        run([program("swaks"), "--server", f"127.0.0.1:{port}", "--from", USER, "--to", "r@dst.test",
             "--auth", method, "--auth-user", USER, "--auth-password", PASSWORD, "--data", "-", *more], LF[:-1])
    return by


def by_curl(method, implicit=False, *more):
    def by(s, directory, peer):
        port, scheme = (s.implicit, "smtps") if implicit else (s.port, "smtp")
        run([program("curl"), "-sS", "--ssl-reqd", "--cacert", s.certificate, "--resolve",
             f"localhost:{port}:127.0.0.1", f"{scheme}://localhost:{port}/client.example.test", "--mail-from", USER,
             "--mail-rcpt", "r@dst.test", "--upload-file", message(directory), "--user", f"{USER}:{PASSWORD}",
             "--login-options", f"AUTH={method}", *more])
    return by


def by_msmtp(method, implicit=False):
    def by(s, directory, peer):
        run([program("msmtp"), "--host=localhost", f"--port={s.implicit if implicit else s.port}", f"--from={USER}",
             "--tls=on", f"--tls-starttls={'off' if implicit else 'on'}", f"--tls-trust-file={s.certificate}",
             f"--auth={method}", f"--user={USER}", f"--passwordeval=printf %s '{PASSWORD}'",
             "--domain=client.example.test", "--", "r@dst.test"], LF)
    return by


def by_snail(method):
    def by(s, directory, peer):
        user, password = USER.replace("@", "%40"), PASSWORD.replace("^", "%5E")
        run([program("s-nail"), "-:/", "-S", "v15-compat=yes", "-S",
             f"mta=submissions://{user}:{password}@localhost:{s.implicit}", "-S", f"smtp-auth={method}", "-S",
             f"tls-ca-file={s.certificate}", "-S", "tls-verify=strict", "-S", f"from={USER}", "-S", "sendwait",
             "-s", "x", "r@dst.test"], b".dot\nend\n")
    return by


def by_nodemailer(method, secure):
    def by(s, directory, peer):
        script = os.path.join(directory, "send.js")
        with open(script, "w") as f:
            f.write(NODE)
        if not os.path.isdir("/usr/share/nodejs/nodemailer"):
            pytest.skip("node-nodemailer is not installed (tools/setup test)")
        run([program("node"), script, str(s.implicit if secure == "yes" else s.port), secure, s.certificate, method,
             USER, PASSWORD], CONTENT, env=dict(os.environ, NODE_PATH="/usr/share/nodejs"))
    return by


def by_smtplib(s, directory, peer):
    import ssl
    with smtplib.SMTP("localhost", s.port) as c:
        c.starttls(context=ssl.create_default_context(cafile=s.certificate))
        c.login(USER, PASSWORD)
        assert c.sendmail(USER, ["r@dst.test"], CONTENT) == {}


def by_postfix(method):
    def by(s, directory, peer):
        extra = f"""
smtp_tls_security_level = encrypt
smtp_tls_CAfile = {s.certificate}
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = inline:{{ {{ [127.0.0.1]:{s.port} = {USER}:{PASSWORD} }} }}
smtp_sasl_security_options = noanonymous
smtp_sasl_mechanism_filter = {method}
"""
        p = peer(Postfix, s.port, extra=extra)
        assert send_by_smtplib(p.port, USER, ["r@dst.test"], CONTENT) == {}
        p.wait_log("status=sent")
    return by


def by_exim(s, directory, peer):
    log = peer(Exim, s.port, tls=True, login=(USER, PASSWORD)).send(USER, ["r@dst.test"], CONTENT)
    assert " => r@dst.test" in log and " A=plain" in log, log


def by_opensmtpd(s, directory, peer):
    p = peer(OpenSmtpd, s.port, login=(USER, PASSWORD))
    assert send_by_smtplib(p.port, USER, ["r@dst.test"], CONTENT) == {}


CLIENTS = {
    "swaks-plain": by_swaks("PLAIN", "--tls"), "swaks-login": by_swaks("LOGIN", "--tlsc"),
    "curl-plain": by_curl("PLAIN"), "curl-login": by_curl("LOGIN", True),
    "curl-initial": by_curl("PLAIN", True, "--sasl-ir"),
    "msmtp-plain": by_msmtp("plain"), "msmtp-login": by_msmtp("login", True),
    "msmtp-scram": by_msmtp("scram-sha-256"), "msmtp-auto": by_msmtp("on", True),
    "s-nail-plain": by_snail("plain"), "s-nail-login": by_snail("login"),
    "nodemailer-plain": by_nodemailer("PLAIN", "no"), "nodemailer-login": by_nodemailer("LOGIN", "yes"),
    "smtplib": by_smtplib, "postfix-plain": by_postfix("plain"), "postfix-login": by_postfix("login"),
    "postfix-scram": by_postfix("scram-sha-256"), "exim": by_exim, "opensmtpd": by_opensmtpd}


@pytest.mark.parametrize("by", CLIENTS.values(), ids=CLIENTS)
def test_clients_log_in(server, directory, peer, by):
    """What they could not send without, they send; and the log says who it was."""
    by(server, directory, peer)
    content = server.lab.content(server.lab.wait_for("r@dst.test"))
    assert content.endswith(b"\r\n.dot\r\nend\r\n")
    received = content.split(b"\r\n\tfor <")[0].replace(b"\r\n\t", b" ")
    assert b" with ESMTPSA (TLSv1." in received, received
    assert server.abide.log.wait(event="accepted")["login"] == USER
    assert not [line for line in server.abide.log.lines if PASSWORD in line]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"])
def test_gsasl(server, mechanism):
    """GNU SASL: the one client here that binds itself to the connection by tls-exporter."""
    done = subprocess.run(
        [program("gsasl"), "--smtp", f"--x509-ca-file={server.certificate}", "--connect", f"localhost:{server.port}",
         "--mechanism", mechanism, "-a", USER, "-p", PASSWORD, "--quality-of-protection", "qop-auth",
         # Else it says that it could bind itself and sees no -PLUS, which is what a man in the middle causes.
         *(["--no-cb"] if mechanism == "SCRAM-SHA-256" else [])],
        input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    # It sends its QUIT and does not wait for the end of TLS, whatever its exit status says of that.
    assert b"\n235 2.7.0" in done.stdout and b"server trusted" in done.stdout, done.stdout
    e = server.abide.log.wait(event="login")
    assert (e["login"], e["mechanism"]) == (USER, mechanism), e
