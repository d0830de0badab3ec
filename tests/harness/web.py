"""An HTTP client that sees everything: status, fields, body, and how the connection ended."""
import socket


class Answer:
    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        self.version, status, self.reason = first.split(" ", 2)
        self.status = int(status)
        self.fields = {}
        for line in lines:
            name, value = line.split(": ", 1)
            assert name.lower() not in self.fields, f"{name} twice"
            self.fields[name.lower()] = value

    @property
    def text(self):
        return self.body.decode("utf-8")


def connect(port, timeout=60):
    return socket.create_connection(("127.0.0.1", port), timeout)


def read_all(sock):
    got = b""
    while True:
        try:
            more = sock.recv(65536)
        except ConnectionResetError:
            return got
        if not more:
            return got
        got += more


def exchange(port, request):
    """What is answered to these bytes; None: the connection ended without an answer."""
    with connect(port) as sock:
        sock.sendall(request)
        got = read_all(sock)
    return Answer(got) if got else None


def get(port, path="/", host=None, method="GET", **fields):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    answer = exchange(port, ("\r\n".join(lines) + "\r\n\r\n").encode())
    assert answer is not None, f"no answer to {method} {path}"
    assert len(answer.body) == (0 if method == "HEAD" else int(answer.fields["content-length"]))
    return answer
