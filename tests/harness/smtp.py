"""An SMTP client of bytes: it sends what it is told, when it is told, and reads replies strictly."""
import re
import socket

from .process import PATIENCE

LINE = re.compile(rb"([2-5][0-9]{2})([ -]?)([^\r\n]*)\r\n\Z")


class Closed(Exception):
    """The server closed the connection where a reply was due."""


class Reply:
    def __init__(self, code, lines):
        self.code, self.lines = code, lines
        self.text = "\n".join(lines)

    @property
    def id(self):
        """The id in `queued as ID`."""
        m = re.search(r"queued as ([0-9A-HJKMNP-TV-Z]{26})$", self.lines[-1])
        return m.group(1) if m else None

    def __repr__(self):
        return f"<{self.code} {self.text!r}>"


class Smtp:
    def __init__(self, port, host="127.0.0.1", timeout=PATIENCE, banner=True, source=None):
        self.sock = socket.create_connection(
            (host, port), timeout, source_address=(source, 0) if source else None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""
        self.banner = self.read() if banner else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data, step=0):
        """Bytes as they are; step > 0: so many in each packet."""
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        if step <= 0:
            self.sock.sendall(data)
            return
        for i in range(0, len(data), step):
            self.sock.sendall(data[i:i + step])

    def read_line(self):
        while b"\n" not in self.input:
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                raise Closed(self.input) from None
            if not more:
                raise Closed(self.input)
            self.input += more
        line, _, self.input = self.input.partition(b"\n")
        return line + b"\n"

    def read(self):
        """One reply; every line of it must be well-formed, with one code."""
        lines, code = [], None
        while True:
            line = self.read_line()
            m = LINE.match(line)
            assert m, f"not a reply line: {line!r}"
            assert len(line) <= 512, f"a reply line of {len(line)} bytes"
            assert code in (None, m.group(1)), f"two codes in one reply: {code} {line!r}"
            code = m.group(1)
            lines.append(m.group(3).decode("utf-8", "replace"))
            if m.group(2) != b"-":
                return Reply(int(code), lines)

    def cmd(self, line, step=0):
        if isinstance(line, str):
            line = line.encode("utf-8", "surrogateescape")
        self.send(line + b"\r\n", step)
        return self.read()

    def expect(self, line, code):
        r = self.cmd(line)
        assert r.code == code, f"{line!r} got {r}, not {code}"
        return r

    def ehlo(self, name="client.example.test"):
        return self.expect(f"EHLO {name}", 250)

    def extensions(self, name="client.example.test"):
        """Keyword -> parameters, as EHLO offers them."""
        lines = self.ehlo(name).lines[1:]
        return {w[0].upper(): w[1:] for w in (line.split() for line in lines)}

    def envelope(self, sender="s@src.example.test", recipients=("r@example.test",), params=""):
        self.expect(f"MAIL FROM:<{sender}>{params}", 250)
        for r in recipients:
            self.expect(f"RCPT TO:<{r}>", 250)

    def data(self, content, step=0):
        """Stuffs dots, ends the data, reads the reply. content: bytes that end in CRLF, or empty."""
        self.expect("DATA", 354)
        self.send(stuffed(content) + b".\r\n", step)
        return self.read()

    def mail(self, sender="s@src.example.test", recipients=("r@example.test",),
             content=b"Subject: a\r\n\r\nb\r\n", params=""):
        """A whole transaction; the reply to its end."""
        self.envelope(sender, recipients, params)
        return self.data(content)

    def bdat(self, chunk, last=False):
        self.send(b"BDAT %d%s\r\n" % (len(chunk), b" LAST" if last else b"") + chunk)
        return self.read()

    def at_end(self):
        """True where the server closes now without another byte."""
        if self.input:
            return False
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


def stuffed(content):
    assert content == b"" or content.endswith(b"\r\n")
    out = content.replace(b"\r\n.", b"\r\n..")
    return b"." + out if out.startswith(b".") else out
