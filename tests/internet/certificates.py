"""Certificates and MTA-STS policies of the incidents."""
import os
import socket
import ssl
import threading
import time

from .network import run

class Authority:
    def __init__(self, directory):
        self.directory = os.path.join(directory, "certificates")
        os.makedirs(self.directory)
        os.chmod(self.directory, 0o755)
        for name, text in {"index.txt": "", "serial": "01\n", "ca.conf": CA_CONF.format(d=self.directory)}.items():
            with open(self.path(name), "w", encoding="ascii") as f:
                f.write(text)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            "/CN=Authority of the tests", "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def leaf(self, host, begins=-1, ends=30 * 24):
        """Good from begins to ends, in hours from now: the files of chain and key."""
        crt, key, csr = (self.path(f"{host}.{x}") for x in ("pem", "key", "csr"))

        def at(hours):
            return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + hours * 3600))
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}",
            "-addext", f"subjectAltName=DNS:{host}", "-keyout", key, "-out", csr)
        run("openssl", "ca", "-batch", "-config", self.path("ca.conf"), "-startdate", at(begins), "-enddate", at(ends), "-in", csr,
            "-out", crt, "-notext")
        os.chmod(key, 0o644)
        with open(crt, "a", encoding="ascii") as f, open(self.path("ca.pem"), encoding="ascii") as ca:
            f.write(ca.read())
        return crt, key

    def context(self, host, *times):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(*self.leaf(host, *times))
        return c


CA_CONF = """
[ca]
default_ca = a
[a]
database = {d}/index.txt
serial = {d}/serial
new_certs_dir = {d}
certificate = {d}/ca.pem
private_key = {d}/ca.key
default_md = sha256
policy = p
copy_extensions = copy
unique_subject = no
[p]
commonName = supplied
"""


class Policies:
    """MTA-STS policies, enforced, at 192.0.2.80: domain -> its mail host."""

    def __init__(self, authority, hosts):
        self.hosts = hosts
        self.contexts = {f"mta-sts.{d}": authority.context(f"mta-sts.{d}") for d in hosts}
        self.first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.first.sni_callback = self.choose
        self.listener = socket.create_server(("192.0.2.80", 443), backlog=50)
        threading.Thread(target=self.run, daemon=True).start()

    def choose(self, sock, name, _):
        if name in self.contexts:
            sock.context = self.contexts[name]

    def run(self):
        while True:
            s, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            s.settimeout(20)
            with self.first.wrap_socket(s, server_side=True) as t:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    got = t.recv(4096)
                    if not got:
                        return
                    asked += got
                host = next(h for d, h in self.hosts.items() if f"mta-sts.{d}".encode() in asked)
                body = f"version: STSv1\r\nmode: enforce\r\nmx: {host}\r\nmax_age: 86400\r\n".encode()
                t.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except (OSError, StopIteration):
            pass
