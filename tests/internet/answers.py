"""Mail servers that answer as an incident wants it: rules over the stages of a dialogue."""
import re
import socket
import threading
import time

CLOSE, HANG = "CLOSE", "HANG"  # as replies: the connection ends, or nothing is said any more


class Rule:
    """At that stage (banner, ehlo, starttls, mail, rcpt, data, end) of a dialogue, that reply. Conditions: ends of sender and
    recipient, our source address, one of so many (part = (taken, of)), more bytes than over, younger than fresh seconds
    (by sender, recipient and source: greylisting), when(dialogue)."""

    def __init__(self, reply, at="rcpt", sender="", to="", source="", part=None, over=0, fresh=0, when=None):
        self.reply, self.at, self.sender, self.to, self.source = reply, at, sender, to, source
        self.part, self.over, self.fresh, self.when, self.n, self.seen = part, over, fresh, when, 0, {}

    def fits(self, at, d):
        if at != self.at or not d.sender.endswith(self.sender) or not d.to.endswith(self.to) or \
                (self.source and d.source != self.source) or d.size < self.over or (self.when and not self.when(d)):
            return False
        if self.fresh:
            first = self.seen.setdefault((d.sender, d.to, d.source), time.monotonic())
            if time.monotonic() - first >= self.fresh:
                return False
        self.n += 1
        return not self.part or (self.n - 1) % self.part[1] < self.part[0]


class Dialogue:
    def __init__(self, source):
        self.source, self.helo, self.sender, self.to, self.size, self.is_encrypted = source, "", "", "", 0, False

    def fill(self, text):
        for key in ("source", "helo", "sender", "to"):
            text = text.replace("{" + key + "}", getattr(self, key))
        return text


class Peer:
    """A mail server at these addresses. Its rules hold once the trouble has begun; before, it takes everything."""

    def __init__(self, host, addresses, *rules, tls=None, greeting="220 {host} ESMTP", port=25, lmtp=False):
        self.host, self.addresses, self.rules = host, [addresses] if isinstance(addresses, str) else addresses, rules
        self.tls, self.greeting, self.port, self.lmtp = tls, greeting, port, lmtp
        self.is_calm, self.listeners, self.context = True, [], None
        self.dialogues = self.taken = 0

    def up(self):
        for a in self.addresses:
            if ":" in a:
                s = socket.create_server((a, self.port), family=socket.AF_INET6, backlog=100)
            else:
                s = socket.create_server((a, self.port), backlog=100)
            self.listeners.append(s)
            threading.Thread(target=self.accept, args=(s,), daemon=True).start()

    def down(self):
        for s in self.listeners:
            s.shutdown(socket.SHUT_RDWR)
            s.close()
        self.listeners = []

    def accept(self, listener):
        while True:
            try:
                s, at = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s, at[0].split("%")[0]), daemon=True).start()

    def serve(self, s, source):
        try:
            with s:
                self.dialogues += 1
                Talk(self, s, Dialogue(source)).go()
        except (OSError, ValueError):
            pass

    def says(self, at, d):
        for r in () if self.is_calm else self.rules:
            if r.fits(at, d):
                return d.fill(r.reply)
        return None


class Talk:
    def __init__(self, peer, sock, dialogue):
        self.peer, self.sock, self.d = peer, sock, dialogue
        self.file = sock.makefile("rwb", buffering=0)

    def say(self, text):
        self.file.write(text.replace("\n", "\r\n").encode() + b"\r\n")

    def answer(self, at, usual):
        """True: it was the usual one."""
        said = self.peer.says(at, self.d)
        if said == CLOSE:
            raise ValueError
        if said == HANG:
            while self.sock.recv(65536):
                pass
            raise ValueError
        self.say(said or usual)
        return said is None

    def go(self):
        if not self.answer("banner", self.peer.greeting.replace("{host}", self.peer.host)):
            return
        while line := self.file.readline():
            verb = line[:8].upper().strip()
            if verb[:4] in (b"EHLO", b"LHLO", b"HELO"):
                self.d.helo = line[5:].strip().decode()
                tls = "250-STARTTLS\n" if self.peer.context and not self.d.is_encrypted else ""
                self.answer("ehlo", f"250-{self.peer.host}\n{tls}250-SIZE 50000000\n250 8BITMIME")
            elif verb == b"STARTTLS":
                if self.answer("starttls", "220 go"):
                    self.sock = self.peer.context.wrap_socket(self.sock, server_side=True)
                    self.file, self.d.is_encrypted = self.sock.makefile("rwb", buffering=0), True
            elif verb.startswith(b"MAIL"):
                self.d.sender, self.recipients = re.search(rb"<(.*?)>", line).group(1).decode(), []
                self.answer("mail", "250 2.1.0 ok")
            elif verb.startswith(b"RCPT"):
                self.d.to = re.search(rb"<(.*?)>", line).group(1).decode()
                if self.answer("rcpt", "250 2.1.5 ok"):
                    self.recipients.append(self.d.to)
            elif verb == b"DATA":
                self.data()
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def data(self):
        if not self.answer("data", "354 go"):
            return
        size, line = 0, b""
        while line != b".\r\n":
            line = self.file.readline(100000)
            size += len(line)
            if not line:
                raise ValueError
        self.d.size = size
        for _ in self.recipients if self.peer.lmtp else (0,):
            self.peer.taken += self.answer("end", "250 2.0.0 taken")
        self.d.size = 0


def site(name, net, *rules, **kw):
    """One that has nothing to do with the others: its own domain, host and network."""
    return {name: [(10, Peer(f"mx.{name}", f"198.18.{net}.10", *rules, **kw))]}


def sites(n, *rules, first=1, **kw):
    """good1.test, good2.test, ..."""
    out = {}
    for i in range(first, first + n):
        out.update(site(f"good{i}.test", i, *rules, **kw))
    return out


def hosted(names, host, address, *rules, **kw):
    """Several domains at one host."""
    peer = Peer(host, address, *rules, **kw)
    return {name: [(10, peer)] for name in names}
