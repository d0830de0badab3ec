"""Real submission servers: Postfix that asks Dovecot who may log in, and Dovecot's own, each with a relay behind it."""
import os
import pwd
import ssl

import pytest

from .peers import Postfix, need_root, program
from .process import Process, free_port, wait_for_port, wait_until
from .smtp import Smtp
from .tls import any_context

# What a login is, for both; a word of it in the log proves that somebody tried.
AUTH = """
base_dir = {d}/run
state_dir = {d}/state
instance_name = {d}
log_path = {d}/log
auth_mechanisms = {mechanisms}
auth_debug = yes
first_valid_uid = 1
disable_plaintext_auth = {with_tls}
mail_location = maildir:{d}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {d}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {d}/users
  default_fields = uid={uid} gid={gid} home={d}/mail/%u
}}
"""

SUBMISSION = """
protocols = submission
listen = 127.0.0.1
hostname = dovecot.example.test
ssl = {ssl}
ssl_cert = <{certificate}
ssl_key = <{key}
{old}
submission_relay_host = 127.0.0.1
submission_relay_port = {next_hop}
service submission-login {{
  inet_listener submission {{
    port = {port}
  }}
  inet_listener submissions {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""

# Of Dovecot's settings none is a highest version; OpenSSL's own file has one.
OLD = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = old
[old]
MinProtocol = TLSv1
MaxProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


class Dovecot:
    """The daemon with what stands in text besides; users: name -> password."""

    def __init__(self, directory, users, mechanisms, text, with_tls=True, import_environment=""):
        need_root()
        binary, mail = program("dovecot"), pwd.getpwnam("mail")
        self.directory = os.path.join(directory, "dovecot")
        for name in ("", "run", "state", "mail"):
            os.mkdir(os.path.join(self.directory, name))
            os.chmod(os.path.join(self.directory, name), 0o755)
        os.chown(os.path.join(self.directory, "mail"), mail.pw_uid, mail.pw_gid)
        path = os.path.join(self.directory, "users")
        with open(path, "w") as f:
            f.write("".join(f"{u}:{p}::::::\n" for u, p in users.items()))
        os.chmod(path, 0o644)
        conf = os.path.join(self.directory, "dovecot.conf")
        with open(conf, "w") as f:
            f.write(AUTH.format(d=self.directory, mechanisms=mechanisms.lower(), uid=mail.pw_uid, gid=mail.pw_gid,
                                with_tls="yes" if with_tls else "no") + text)
        self.process = Process([binary, "-F", "-c", conf], "dovecot", parse_err=lambda line: None)

    def log(self):
        try:
            with open(os.path.join(self.directory, "log"), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def destroy(self):
        self.process.stop()
        self.process.destroy()


class Smarthost:
    """.port of STARTTLS, .tls_port of TLS from the beginning."""

    def tries(self):
        """How often anybody tried to log in."""
        return self.dovecot.log().count("client in: AUTH\t")

    def talks(self, version):
        """Would it take a client that speaks this version alone?"""
        context = any_context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with Smtp(self.port) as c:
            c.ehlo()
            c.expect("STARTTLS", 220)
            try:
                with context.wrap_socket(c.sock) as s:
                    return s.version() is not None
            except (ssl.SSLError, OSError):
                return False

    def offers(self, word):
        with Smtp(self.port) as c:
            return word in c.ehlo().text.upper()


class PostfixSubmission(Postfix, Smarthost):
    """smtpd that takes mail of those who have logged in, and of nobody else."""

    EXTRA = """
mynetworks = 127.0.0.3
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_tls_security_level = {level}
smtpd_tls_auth_only = {auth_only}
smtpd_tls_chain_files = {key} {certificate}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_authenticated_header = yes
{old}
"""
    LISTENER = """service auth {{
  unix_listener {socket} {{
    mode = 0666
  }}
}}
protocols =
"""

    def __init__(self, directory, certificate, next_hop, users, mechanisms="PLAIN", old=False, stripped=False):
        """old: TLS 1.0 alone; stripped: no STARTTLS is offered, but AUTH is."""
        self.dovecot, self.tls_port = None, free_port()
        extra = self.EXTRA.format(
            level="none" if stripped else "encrypt", auth_only="no" if stripped else "yes",
            key=certificate.key, certificate=certificate.certificate,
            old="smtpd_tls_mandatory_protocols = >=TLSv1, <=TLSv1\nsmtpd_tls_mandatory_ciphers = medium\n"
                "tls_medium_cipherlist = ALL:@SECLEVEL=0\n" if old else "")
        # Each key once: a warning a repetition, and master waits for ever for its own log.
        keys = {line.split(" =")[0] for line in extra.splitlines() if " =" in line}
        self.MAIN = "".join(line + "\n" for line in Postfix.MAIN.splitlines() if line.split(" =")[0] not in keys)
        super().__init__(directory, next_hop, extra)
        socket = os.path.join(self.directory, "queue", "private", "auth")
        self.dovecot = Dovecot(directory, users, mechanisms, self.LISTENER.format(socket=socket), not stripped)
        wait_until(lambda: os.path.exists(socket), what="Dovecot's socket")
        wait_for_port(self.tls_port)

    def master_cf(self):
        return super().master_cf() + (f"127.0.0.1:{self.tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes "
                                      "-o smtpd_tls_security_level=encrypt\n")

    def destroy(self):
        super().destroy()
        if self.dovecot:
            self.dovecot.destroy()


class DovecotSubmission(Smarthost):
    """The submission service, which hands each command on to a relay once somebody has logged in."""

    def __init__(self, directory, certificate, next_hop, users, mechanisms="PLAIN", old=False, stripped=False):
        if not os.path.exists("/usr/lib/dovecot/submission"):
            pytest.skip("dovecot-submissiond is not installed (tools/setup test)")
        self.port, self.tls_port, more = free_port(), free_port(), ""
        if old:
            path = os.path.join(directory, "old.cnf")
            with open(path, "w") as f:
                f.write(OLD)
            more = (f"import_environment = $import_environment OPENSSL_CONF={path}\nssl_min_protocol = TLSv1\n"
                    "ssl_cipher_list = ALL:@SECLEVEL=0\n")
        self.dovecot = Dovecot(directory, users, mechanisms, SUBMISSION.format(
            ssl="no" if stripped else "required", certificate=certificate.certificate, key=certificate.key, old=more,
            next_hop=next_hop, port=self.port, tls_port=self.tls_port), not stripped)
        try:
            wait_for_port(self.port)
        except AssertionError as e:
            self.destroy()
            raise AssertionError(f"{e}: {self.dovecot.log()}") from None

    def log(self):
        return self.dovecot.log()

    def destroy(self):
        self.dovecot.destroy()
