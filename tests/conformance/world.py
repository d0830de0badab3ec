"""What a check is given: connections to one server, and what came out of it behind."""
import itertools

from harness.process import PATIENCE
from harness.smtp import Closed
from harness.tls import TlsSmtp

from . import servers

BODY = b"From: <s@src.test>\r\nTo: <r@dst.test>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n" \
       b"Message-ID: <%s@src.test>\r\nSubject: x\r\n\r\n"
STRANGER = "127.0.0.2"


class NotOffered(Exception):
    """The server doesn't say that it does this: nothing to check."""


class Client(TlsSmtp):
    def refused(self, line, *codes):
        """A 4xx or 5xx; with codes, one of these."""
        r = self.cmd(line)
        assert r.code in codes if codes else r.code >= 400, f"{line!r} got {r}" + (
            f", not one of {codes}" if codes else "")
        return r

    def all_replies(self):
        """Until the server closes."""
        found = []
        try:
            while True:
                found.append(self.read())
        except (Closed, AssertionError):
            return found


class World:
    numbers = itertools.count(1)

    def __init__(self, server, sink, plain_sink):
        self.server, self.sink, self.plain_sink = server, sink, plain_sink
        self.open = []

    # ---- connections ----

    def connect(self, source=None, banner=True, port=None):
        c = Client(port or self.server.port, source=source, banner=banner, timeout=PATIENCE)
        self.open.append(c)
        return c

    def greeted(self, source=None, port=None):
        c = self.connect(source, port=port)
        c.offers = c.extensions()
        return c

    def offering(self, keyword):
        """A session whose server offers this, or there is nothing to check."""
        c = self.greeted()
        if keyword not in c.offers:
            raise NotOffered(keyword)
        return c

    def under_tls(self, port=None, source=None):
        c = self.offering("STARTTLS") if port is None else self.greeted(source, port)
        c.starttls()
        c.offers = c.extensions()
        return c

    def at_submission(self):
        """A stranger under TLS, with AUTH offered, not logged in."""
        if not self.server.submission:
            raise NotOffered("AUTH")
        c = self.under_tls(self.server.submission, STRANGER)
        if "AUTH" not in c.offers:
            raise NotOffered("AUTH")
        return c

    def close(self):
        for c in self.open:
            c.close()
        self.open.clear()

    # ---- mail ----

    def name(self, begin="c"):
        """A local part that nobody else has."""
        return f"{begin}-{next(self.numbers)}"

    def to(self, domain="dst.test"):
        return f"{self.name()}@{domain}"

    def content(self, text=b"text\r\n"):
        return BODY % self.name("m").encode() + text

    def begin(self, c, to, params="", sender="s@src.test"):
        c.expect(f"MAIL FROM:<{sender}>{params}", 250)
        c.expect(f"RCPT TO:<{to}>", 250)

    def send(self, c, to, text=b"text\r\n", params="", rcpt="", sender="s@src.test"):
        """A whole message; its final reply must be 250."""
        c.expect(f"MAIL FROM:<{sender}>{params}", 250)
        c.expect(f"RCPT TO:<{to}>{rcpt}", 250)
        r = c.data(self.content(text))
        assert r.code == 250, f"the message got {r}"
        return r

    def arrived(self, to):
        """What came out for this recipient: the sink's record of it."""
        return self.sink.out.wait(event="message", match=lambda e: to in e["rcpts"])

    def arrived_plain(self, to):
        return self.plain_sink.out.wait(event="message", match=lambda e: to in e["rcpts"])

    def text_of(self, message):
        """Its content as it came out: header and text."""
        head, _, text = self.sink.content(message).partition(b"\r\n\r\n")
        return head, text

    @staticmethod
    def is_clean(message):
        """What came out does not do to the next server what was tried here."""
        found = {k: message[k] for k in ("bare_cr", "bare_lf", "nul") if message.get(k)}
        assert not found, f"sent on with {found}"

    def passes(self, c, text, **kw):
        """Sent, and come out behind with the same text."""
        to = self.to()
        self.send(c, to, text, **kw)
        got = self.text_of(self.arrived(to))[1]
        assert got == text, f"{got[:200]!r} came out, not {text[:200]!r}"

    def bounce_to(self, sender, timeout=PATIENCE):
        """The notice that a sender got."""
        return self.sink.out.wait(event="message", timeout=timeout,
                                  match=lambda e: sender in e["rcpts"])

    def nothing_for(self, to):
        """What was sent later has come out, and this has not (and nobody said that it was taken)."""
        witness = self.to()
        self.send(self.greeted(), witness)
        self.arrived(witness)
        assert not self.sink.messages(to), f"a message for {to} came out"


__all__ = ["World", "Client", "NotOffered", "STRANGER", "servers"]
