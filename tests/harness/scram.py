"""A client of SCRAM-SHA-256 and -PLUS (RFC 5802, 7677, 5929) that may also cheat."""
import base64
import hashlib
import hmac
import os

from .tls import TlsSmtp


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def end_point(sock):
    """tls-server-end-point of a certificate that was signed with SHA-256."""
    return hashlib.sha256(sock.getpeercert(binary_form=True)).digest()


class Client(TlsSmtp):
    def auth_scram(self, user, password, plus=False, flag=None, data=None, nonce=None, proof=None, more=""):
        """The last reply of the server; .signature is what it proved itself by."""
        if flag is None:
            flag = "p=tls-server-end-point" if plus else "n"
        if data is None:
            data = end_point(self.sock) if plus else b""
        gs2, own = f"{flag},,", b64(os.urandom(12))
        bare = f"n={user},r={own}"
        r = self.cmd(f"AUTH SCRAM-SHA-256{'-PLUS' if plus else ''} {b64(gs2 + bare)}")
        if r.code != 334:
            return r
        first = base64.b64decode(r.text).decode()
        parts = dict(p.split("=", 1) for p in first.split(","))
        assert parts["r"].startswith(own), first
        self.salt, self.iterations = base64.b64decode(parts["s"]), int(parts["i"])
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), self.salt, self.iterations)
        final = f"c={b64(gs2.encode() + data)},r={nonce or parts['r']}{more}"
        message = f"{bare},{first},{final}".encode()

        def sign(key, text):
            return hmac.new(key, text, hashlib.sha256).digest()
        client = sign(salted, b"Client Key")
        signature = sign(hashlib.sha256(client).digest(), message)
        right = bytes(a ^ b for a, b in zip(client, signature))
        r = self.cmd(b64(f"{final},p={b64(proof or right)}"))
        if r.code != 334:
            return r
        said = base64.b64decode(r.text).decode()
        assert said == "v=" + b64(sign(sign(salted, b"Server Key"), message)), said
        return self.cmd("")
