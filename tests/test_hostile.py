"""Clients that mean harm: each is bounded, and a well-behaved session beside it keeps its pace."""
import multiprocessing
import os
import random
import select
import socket
import stat
import time

import pytest

from harness.process import status_of, wait_until
from harness.smtp import Closed, Smtp

STRANGER = "127.0.1.1"


@pytest.fixture
def sink(lab):
    return lab(keep=True)


@pytest.fixture
def mx(abide, sink):
    return abide(relay_from=("127.0.0.1/32",), routes={"*": sink.port},
                 limits="sessions = 5000 sessions_per_network = 5000",
                 extra=f'domain "here.test" {{ to = "127.0.0.1:{sink.port}" }}\n')


def memory(a):
    """KiB of all receive processes."""
    return sum(int(status_of(pid)["VmRSS"].split()[0]) for role, pid in a.roles().items()
               if role.startswith("receive"))


def transaction(a):
    """How long a well-behaved session takes, in seconds."""
    begun = time.monotonic()
    with Smtp(a.port, source=STRANGER) as c:
        assert c.banner.code == 220, c.banner
        c.ehlo()
        assert c.mail("s@there.test", ["r@here.test"]).code == 250
        c.expect("QUIT", 221)
    return time.monotonic() - begun


def beside(a, attack, *args, least=10):
    """Runs the attack in a process of its own; the worst time of a well-behaved session, and what came of it."""
    said = multiprocessing.SimpleQueue()
    p = multiprocessing.Process(target=lambda: said.put(attack(a.port, *args)), daemon=True)
    p.start()
    times = []
    while p.is_alive() and said.empty() or len(times) < least:
        times.append(transaction(a))
    result = said.get()
    p.join(60)
    assert p.exitcode == 0
    return max(times), result


# ---- a thousand connections a second ----

def connect_all(port, n):
    """n connections from many addresses, as fast as they come; (seconds, how many heard a greeting or a 421)."""
    begun, heard, open_ones = time.monotonic(), 0, []

    def harvest(most):
        nonlocal heard
        while len(open_ones) > most:
            s = open_ones.pop(0)
            try:
                if s.recv(4) in (b"220 ", b"421 "):
                    heard += 1
            except OSError:
                pass
            s.close()
    for i in range(n):
        s = socket.socket()
        s.settimeout(60)
        s.bind((f"127.0.{20 + i % 200}.{1 + i // 200 % 200}", 0))
        s.connect(("127.0.0.1", port))
        open_ones.append(s)
        harvest(100)
    harvest(0)
    return time.monotonic() - begun, heard


def test_a_thousand_connections_a_second(mx, plain_build):
    """A flood of connections must cost its sender more than those who have mail to send."""
    transaction(mx)
    before = memory(mx)
    worst, (seconds, heard) = beside(mx, connect_all, 5000)
    grown = memory(mx) - before
    print(f"{5000 / seconds:.0f} connections a second, {heard} answered; worst transaction {worst * 1000:.0f} ms, "
          f"{grown} KiB more")
    assert heard == 5000
    assert worst < 1.5
    assert grown < 30000


# ---- floods of commands ----

def flood(port, commands):
    """Forty sessions that send without reading, until the server has had enough of each; the bytes they sent."""
    socks, sent = [], 0
    for i in range(40):
        s = socket.create_connection(("127.0.0.1", port), 60, source_address=(f"127.0.3.{1 + i}", 0))
        s.recv(1000)
        s.setblocking(False)
        socks.append(s)
    end = time.monotonic() + 3
    poll = select.poll()
    for s in socks:
        poll.register(s, select.POLLOUT)
    by_fd = {s.fileno(): s for s in socks}
    while by_fd and time.monotonic() < end:
        for fd, what in poll.poll(100):
            try:
                sent += by_fd[fd].send(commands)
            except BlockingIOError:
                pass
            except OSError:
                poll.unregister(fd)
                del by_fd[fd]
    for s in socks:
        s.close()
    return sent


@pytest.mark.parametrize("command", [b"NOOP\r\n", b"RSET\r\n", b"EHLO a.test\r\n", b"VRFY x\r\n",
                                     b"XX\r\n", b"HELP GREYLISTED\r\n", b"a\n", b"x" * 600],
                         ids=["noop", "rset", "ehlo", "vrfy", "unknown", "help", "bare_lf", "no_end"])
def test_floods_of_commands(mx, plain_build, command):
    """Replies that nobody reads must not pile up, and nobody else may wait for them."""
    transaction(mx)
    before = memory(mx)
    worst, sent = beside(mx, flood, command * (60000 // len(command)))
    grown = memory(mx) - before
    print(f"{sent} bytes; worst transaction {worst * 1000:.0f} ms, {grown} KiB more")
    assert sent > 40 * len(command)
    assert worst < 1.5
    assert grown < 20000


# ---- transaction stuffing ----

def wire(*parts):
    return "".join(parts).encode()


MAIL, OTHER = "MAIL FROM:<a@there.test>\r\n", "MAIL FROM:<b@there.test>\r\n"
ONE, TWO = "RCPT TO:<one@here.test>\r\n", "RCPT TO:<two@here.test>\r\n"
TEXT = "Subject: x\r\n\r\ntext\r\n.\r\n"
A, B = "a@there.test", "b@there.test"
R1, R2 = "one@here.test", "two@here.test"

# What is sent in one packet with DATA; what may come out.
STUFFED = [
    ("two senders", wire(MAIL, OTHER, ONE), [(A, [R1])]),
    ("the second sender after a recipient", wire(MAIL, ONE, OTHER, TWO), [(A, [R1, R2])]),
    ("recipients of a message given up", wire(MAIL, ONE, "RSET\r\n", OTHER, TWO), [(B, [R2])]),
    ("EHLO in the middle", wire(MAIL, ONE, "EHLO x.test\r\n"), []),
    ("HELO in the middle", wire(MAIL, ONE, "HELO x.test\r\n"), []),
    ("a refused recipient between two", wire(MAIL, ONE, "RCPT TO:<x@else.test>\r\n", TWO), [(A, [R1, R2])]),
    ("a refused sender, then recipients", wire("MAIL FROM:<a@>\r\n", ONE), []),
    ("the null sender after another", wire(MAIL, "MAIL FROM:<>\r\n", ONE), [(A, [R1])]),
    ("noise between", wire(MAIL, "NOOP\r\nXX\r\nVRFY x\r\n", ONE, "NOOP\r\n"), [(A, [R1])]),
    ("RSET twice", wire(MAIL, ONE, "RSET\r\nRSET\r\n", OTHER, ONE), [(B, [R1])]),
    ("recipients first", wire(ONE, MAIL, TWO), [(A, [R2])]),
    ("a chunk given up", wire(MAIL, ONE, "BDAT 5\r\nx: y\n", "RSET\r\n", OTHER, TWO), [(B, [R2])]),
]


@pytest.mark.parametrize("name,before,out", STUFFED, ids=[s[0].replace(" ", "_") for s in STUFFED])
def test_transactions_are_not_mixed(mx, sink, name, before, out):
    """What was given up must leave nothing behind: a forged sender, a recipient too many, half a text."""
    with Smtp(mx.port, source=STRANGER) as c:
        c.ehlo()
        c.send(before + b"DATA\r\n")
        try:
            codes = [c.read().code for _ in range(before.count(b"\r\n") + 1)]
        except Closed:  # a verb that must end a group did not
            codes = [421]
        if codes[-1] == 354:
            c.send(TEXT)
            assert c.read().code == 250
        else:
            assert not out, codes
    with Smtp(mx.port, source=STRANGER) as c:
        c.ehlo()
        assert c.mail("last@there.test", ["last@here.test"]).code == 250
    sink.wait_for("last@here.test")
    wait_until(lambda: len(sink.messages()) >= len(out) + 1, what="all messages")
    found = sorted((m["mail"], m["rcpts"]) for m in sink.messages() if m["mail"] != "last@there.test")
    assert found == out, found


def test_what_is_stuffed_behind_the_text(mx, sink):
    """Commands behind the dot belong to the next message, whatever the first was."""
    with Smtp(mx.port, source=STRANGER) as c:
        c.ehlo()
        c.send(wire(MAIL, ONE, "DATA\r\n"))
        assert [c.read().code for _ in range(3)] == [250, 250, 354]
        c.send(wire(TEXT, OTHER, TWO, "DATA\r\n"))
        assert [c.read().code for _ in range(4)] == [250, 250, 250, 354]
        c.send(wire("\0", TEXT, MAIL, TWO, "QUIT\r\n"))
        assert c.read().code == 554  # NUL: refused, and what follows is read all the same
        assert [c.read().code for _ in range(3)] == [250, 250, 221]
    first = sink.wait_for(R1)
    assert (first["mail"], first["rcpts"]) == (A, [R1])
    transaction(mx)
    sink.wait_for("r@here.test")
    assert not sink.messages(R2)


# ---- our own sockets ----

@pytest.mark.parametrize("name", ["control", "facts/control"])
def test_nonsense_on_a_control_socket(mx, name):
    """CVE-2025-62875: any local user could stop a whole mail server by a message of wrong length. Here only the owner gets
    in, and what he says ends his own connection."""
    path = os.path.join(mx.config.spool, name)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(mx.config.spool).st_mode) == 0o700
    pids = mx.all_pids()
    for junk in (b"", b"\0", b"\0" * 10, b"\xff" * 60000, random.Random(1).randbytes(200), b"QUIT\r\n"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(60)
            s.connect(path)
            try:
                s.send(junk)
                while s.recv(65536):
                    pass
            except ConnectionError:
                pass
    assert mx.queue() == []
    mx.run("deferrals", "-c", mx.config.path)
    transaction(mx)
    assert mx.all_pids() == pids


# ---- before the greeting ----

def test_strangers_wait_for_the_greeting(abide, sink):
    """Programs that send spam talk at once; who can wait is served, who is known need not."""
    a = abide(relay_from=("127.0.9.9/32",), routes={"*": sink.port},
              extra=f'domain "here.test" {{ to = "127.0.0.1:{sink.port}" }}\n'
                    'greeting { wait = "3s" except = {"127.0.8.0/24"} }\n')
    begun = time.monotonic()
    with Smtp(a.port, source=STRANGER) as c:
        assert c.banner.code == 220 and time.monotonic() - begun >= 2.9, c.banner
        c.ehlo()
        assert c.mail("s@there.test", ["r@here.test"]).code == 250
    with Smtp(a.port, source=STRANGER, banner=False) as c:
        c.send("EHLO spam.test\r\n")
        r = c.read()
        assert r.code == 521 and r.lines[0].endswith("[TALKED_EARLY]"), r
        with pytest.raises(Closed):
            c.read()
    a.log.wait(event="refused", code=521)
    for source in ("127.0.9.9", "127.0.8.1"):
        begun = time.monotonic()
        with Smtp(a.port, source=source) as c:
            assert c.banner.code == 220 and time.monotonic() - begun < 2.9, source
    with Smtp(a.port, source=STRANGER, banner=False):
        pass  # gone before it was greeted: nothing is left of it
    a.stop()
