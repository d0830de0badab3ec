"""Certificates of the tests' own, made by openssl, and a client that speaks TLS."""
import os
import ssl
import subprocess

from .smtp import Smtp

KINDS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
         "rsa": ["-newkey", "rsa:2048"],
         "ed25519": ["-newkey", "ed25519"]}


class Certificate:
    """One of its own authority, with its key beside it."""

    def __init__(self, directory, name, kind="ec", days=30, host=None):
        self.name, self.host = name, host or name
        alternative = ("IP:" if self.host.replace(".", "").isdigit() else "DNS:") + self.host
        self.certificate = os.path.join(directory, f"{name}-{kind}.pem")
        self.key = os.path.join(directory, f"{name}-{kind}.key")
        made = ["-nodes", *KINDS[kind], "-subj", f"/CN={self.host}", "-addext", f"subjectAltName={alternative}",
                "-keyout", self.key, "-out", self.certificate]
        if days > 0:
            subprocess.run(["openssl", "req", "-x509", "-days", str(days), *made], check=True, capture_output=True)
            return
        # One that has expired: only this command signs such.
        subprocess.run(["openssl", "req", "-new", *made], check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", self.certificate, "-signkey", self.key, "-days", str(days),
                        "-copy_extensions", "copy", "-out", self.certificate], check=True, capture_output=True)

    def block(self, section="tls"):
        return f'{section} {{ certificate = "{self.certificate}" key = "{self.key}" }}\n'

    def context(self, **options):
        """That trusts this certificate alone."""
        c = ssl.create_default_context(cafile=self.certificate)
        for k, v in options.items():
            setattr(c, k, v)
        return c


def any_context():
    """Takes every certificate, and every version that Python has."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


class TlsSmtp(Smtp):
    """The raw client of harness.smtp, that can begin TLS."""

    def starttls(self, context=None, host=None, session=None):
        self.expect("STARTTLS", 220)
        return self.wrap(context, host, session)

    def wrap(self, context=None, host=None, session=None):
        context = context or any_context()
        assert self.input == b"", f"said before the handshake: {self.input!r}"
        self.sock = context.wrap_socket(self.sock, server_hostname=host, session=session)
        return self.sock
