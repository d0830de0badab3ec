"""A submission server of another hand: TLS by STARTTLS, AUTH with PLAIN, LOGIN or SCRAM-SHA-256."""
import base64
import hashlib
import hmac
import os
import socketserver
import ssl
import threading


def b64(data):
    return base64.b64encode(data).decode()


class Handler(socketserver.StreamRequestHandler):
    timeout = 60

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def hear(self):
        line = self.rfile.readline(65536).rstrip(b"\r\n").decode()
        self.server.heard.append(line)
        return line

    def ask(self, text=b""):
        self.say("334 " + b64(text))
        answer = self.hear()
        return None if answer == "*" else base64.b64decode(answer)

    def start_tls(self):
        if self.server.injects:
            self.wfile.write(b"220 Go\r\n250-submission.test\r\n250 AUTH PLAIN\r\n")
            self.wfile.flush()
        else:
            self.say("220 Go")
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")

    def auth(self, words):
        s = self.server
        first = base64.b64decode(words[2]) if len(words) > 2 else None
        if words[1] == "PLAIN":
            return (first or self.ask()) == f"\0{s.user}\0{s.password}".encode()
        if words[1] == "LOGIN":
            return self.ask(b"Username:") == s.user.encode() and self.ask(b"Password:") == s.password.encode()
        return self.scram(first or self.ask())

    def scram(self, first):
        s = self.server
        bare = first.split(b",", 2)[2]
        name, nonce = bare.decode().split(",")
        salt, full = os.urandom(16), nonce[2:] + b64(os.urandom(12))
        challenge = f"r={full},s={b64(salt)},i=4096"
        final = self.ask(challenge.encode())
        if final is None:
            return False
        without, proof = final.rsplit(b",p=", 1)
        signed = b",".join([bare, challenge.encode(), without])
        salted = hashlib.pbkdf2_hmac("sha256", s.password.encode(), salt, 4096)

        def mac(key, text):
            return hmac.new(key, text, "sha256").digest()
        key = mac(salted, b"Client Key")
        want = bytes(x ^ y for x, y in zip(key, mac(hashlib.sha256(key).digest(), signed)))
        if base64.b64decode(proof) != want or name != "n=" + s.user:
            return False
        server = mac(mac(salted, b"Server Key"), signed)
        return self.ask(b"v=" + b64(bytes(32) if s.lies else server).encode()) is not None

    def offers(self, is_tls):
        self.say("250-submission.test")
        if is_tls:
            self.say(f"250-AUTH {self.server.mechanisms}")
        elif not self.server.stripped:
            self.say("250-STARTTLS")
        self.say("250 8BITMIME")

    def handle(self):
        s, is_tls, user = self.server, False, None
        if s.first:  # TLS from the beginning (RFC 8314)
            self.connection = s.context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
            is_tls = True
        self.say("220 submission.test")
        while True:
            line = self.hear()
            words = line.split(" ")
            verb = words[0].upper()
            if not line or verb == "QUIT":
                return
            if verb == "EHLO":
                self.offers(is_tls)
            elif verb == "STARTTLS":
                self.start_tls()
                is_tls = True
            elif verb == "AUTH":
                user = s.user if is_tls and self.auth(words) else None
                self.say("235 2.7.0 Welcome" if user else s.refusal)
            elif not user and verb == "MAIL":
                self.say("530 5.7.0 Log in first")
            elif verb == "DATA":
                self.say("354 Go")
                lines = iter(lambda: self.rfile.readline(), b".\r\n")
                s.taken.append((user, b"".join(lines)))
                self.say("250 2.0.0 Taken")
            else:
                self.say("250 2.0.0 Ok")


class Submission(socketserver.ThreadingTCPServer):
    """.heard: all lines; .taken: (user, content)."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certificate, mechanisms, user="anna", password="correct horse", lies=False,
                 refusal="535 5.7.8 Authentication credentials invalid", first=False, stripped=False, injects=False,
                 old=False):
        """first: TLS from the beginning; stripped: no STARTTLS is offered; injects: replies behind the 220 that
        stand for ones under TLS; old: TLS 1.0 alone."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.certificate, certificate.key)
        if old:
            self.context.set_ciphers("ALL:@SECLEVEL=0")
            self.context.minimum_version = self.context.maximum_version = ssl.TLSVersion.TLSv1
        self.first, self.stripped, self.injects = first, stripped, injects
        self.mechanisms, self.user, self.password, self.lies = mechanisms, user, password, lies
        self.refusal = refusal
        self.heard, self.taken = [], []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def destroy(self):
        self.shutdown()
        self.server_close()
