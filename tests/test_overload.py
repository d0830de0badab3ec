"""More comes than can be done: abide says so early and politely, serves those it took, and is back at once."""
import os
import resource
import select
import signal
import socket
import time

import pytest

from harness.process import status_of, wait_until
from harness.smtp import Closed, Smtp

pytestmark = pytest.mark.alone

TCP_SYN_SENT = 2
STRANGER, TRUSTED = "127.0.1.1", "127.0.9.9"


def mx(abide, lab, limits="", timeouts="", **kw):
    x = lab(keep=True)
    return abide(relay_from=(TRUSTED + "/32",), routes={"*": x.port}, limits=limits, timeouts=timeouts,
                 extra=f'domain "here.test" {{ to = "127.0.0.1:{x.port}" }}', **kw)


def banner(a, source):
    with a.client(source=source) as c:
        return c.banner


def test_strangers_are_turned_away_first(abide, lab):
    """Whoever has waited long with us must not suffer for a crowd of strangers."""
    a = mx(abide, lab, limits="sessions = 20 sessions_per_network = 100")
    processes = sum(role.startswith("receive") for role in a.roles())
    held = []
    while len(held) < 18:  # 17 of 20 are 850 of 1000
        held.append(a.client(source="127.0.2.1"))
        if held[-1].banner.code != 220:
            break
    a.log.wait(event="load", stage="busy", why="sessions", count=processes)
    r = banner(a, STRANGER)
    assert r.code == 421 and r.lines[0].startswith("4.3.2 ") and "retry=00:0" in r.text, r
    assert banner(a, TRUSTED).code == 220
    with a.client(source=TRUSTED) as c:
        c.ehlo()
        assert c.mail("s@here.test", ["r@there.test"]).code == 250
    for c in held:
        c.close()
    a.log.wait(event="load", stage="calm", count=processes)
    wait_until(lambda: banner(a, STRANGER).code == 220, what="service again")


def knock(port, source, n):
    """n strangers in one moment; how many of them the kernel let through at once."""
    knocking = []
    for _ in range(n):
        s = socket.socket()
        s.setblocking(False)
        s.bind((source, 0))
        s.connect_ex(("127.0.0.1", port))
        knocking.append(s)
    heard = sum(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != TCP_SYN_SENT for s in knocking)
    for s in knocking:
        s.close()
    return heard


@pytest.mark.skipif(os.geteuid() != 0, reason="Linux asks for a privilege to set a filter")
def test_a_crowd_is_sifted_by_the_kernel(abide, lab):
    """To turn ten thousand away each second would leave nothing for those who are let in; ours never stand in that crowd."""
    a = mx(abide, lab, limits="sessions = 20 sessions_per_network = 100", timeouts="command = 5m")
    receivers = [role for role in a.roles() if role.startswith("receive")]
    held = []
    while len(held) < 18:
        held.append(a.client(source="127.0.2.1"))
        if held[-1].banner.code != 220:
            break
    a.log.wait(event="load", stage="busy", why="sessions", count=len(receivers))

    def is_sifted():
        knock(a.port, "127.0.3.3", 400)
        return len(a.log.find(event="sieve", level="warn")) >= len(receivers) and knock(a.port, "127.0.3.3", 400) < 300
    wait_until(is_sifted, what="some of the crowd are not heard")
    assert knock(a.port, TRUSTED, 200) == 200
    for role in receivers:  # who comes after it must not be deaf
        a.kill_role(role)
    a.log.wait(event="role_died", count=len(receivers))
    wait_until(lambda: banner(a, STRANGER).code == 220, what="service again")
    assert knock(a.port, "127.0.3.3", 200) == 200
    for c in held:
        c.close()


def test_strangers_behind_a_balancer_are_turned_away_too(abide, lab):
    """All come from the balancer's address: were all of them its own people, nobody could be turned away."""
    a = mx(abide, lab, limits="sessions = 20 sessions_per_network = 100",
           listen_block='protocol = smtp proxy = {"127.0.0.2"} xclient_from = {"127.0.0.3"}')
    processes = sum(role.startswith("receive") for role in a.roles())

    def by_balancer(client):
        with Smtp(a.port, banner=False, source="127.0.0.2") as c:
            c.send(f"PROXY TCP4 {client} 127.0.0.1 4711 25\r\n".encode())
            return c.read()
    with Smtp(a.port, source="127.0.0.3") as c:
        c.ehlo()
        held = []
        while len(held) < 17:
            held.append(a.client(source="127.0.2.1"))
            if held[-1].banner.code != 220:
                break
        a.log.wait(event="load", stage="busy", why="sessions", count=processes)
        assert by_balancer("198.51.100.1").code == 421
        assert by_balancer(TRUSTED).code == 220
        c.expect("XCLIENT ADDR=198.51.100.1", 421)
    for c in held:
        c.close()
    a.log.wait(event="load", stage="calm", count=processes)
    wait_until(lambda: by_balancer("198.51.100.1").code == 220, what="service again")


def test_a_low_disk_is_told_at_mail(abide, lab):
    """A disk that is full in the middle of a message costs the message's way; at MAIL it costs nothing."""
    a = mx(abide, lab, limits='disk_free = "900G"')
    processes = sum(role.startswith("receive") for role in a.roles())
    a.log.wait(event="disk_low", count=processes)
    for source in (STRANGER, TRUSTED):
        with a.client(source=source) as c:
            c.ehlo()
            r = c.cmd("MAIL FROM:<s@there.test>")
            assert r.code == 452 and r.lines[0].startswith("4.3.1 ") and "retry=00:0" in r.text, r
            assert c.cmd("NOOP").code == 250
    a.config.limits = 'disk_free = "1M"'
    a.config.write()
    a.process.signal(1)
    a.log.wait(event="disk_free", count=processes)
    with a.client(source=STRANGER) as c:
        c.ehlo()
        assert c.mail("s@there.test", ["r@here.test"]).code == 250


def test_counters_that_hang_turn_nobody_away(abide, lab):
    """Facts only counts: while it hangs mail comes late, but who writes to us for the first time must not hear 421."""
    a = mx(abide, lab)
    facts = a.role_pid("facts/0")
    os.kill(facts, signal.SIGSTOP)
    try:
        clients = [Smtp(a.port, banner=False, source=f"127.0.3.{i + 1}") for i in range(12)]
        for c in clients:
            assert c.read().code == 220
            c.ehlo()
        for c in clients:
            c.close()
    finally:
        os.kill(facts, signal.SIGCONT)
    with a.client(source=STRANGER) as c:
        c.ehlo()
        assert c.mail("s@here.test", ["r@here.test"]).code == 250


def test_slow_clients_have_an_end(abide, lab):
    """A client that drips holds a place for as long as it likes, if nothing ends it."""
    a = mx(abide, lab, timeouts='idle = "20s" body = "20s" session = "3s" message = "2s"')
    with a.client(source=STRANGER) as c:  # drips whole commands
        c.ehlo()
        begun = time.monotonic()
        reply = None
        while time.monotonic() - begun < 60:
            try:
                reply = c.cmd("NOOP")
            except (Closed, OSError):
                break
            if reply.code == 421:
                break
            readable, _, _ = select.select([c.sock], [], [], 0.3)
            if readable:
                reply = c.read()
                break
        assert reply.code == 421 and "too long" in reply.text, reply
        assert time.monotonic() - begun > 2
    with a.client(source=STRANGER) as c:  # drips a body
        c.ehlo()
        c.envelope("s@there.test", ["r@here.test"])
        c.expect("DATA", 354)
        begun = time.monotonic()
        while time.monotonic() - begun < 60 and not select.select([c.sock], [], [], 0.2)[0]:
            c.send("x")
        r = c.read()
        assert r.code == 421 and time.monotonic() - begun > 1, r
    with a.client(source=STRANGER) as c:  # who is well is not hurried
        c.ehlo()
        for _ in range(4):
            assert c.mail("s@there.test", ["r@here.test"]).code == 250
            time.sleep(1)  # the session is older than its limit in the end, but each mail renews it


class Crowd:
    """Many clients that drip a byte now and then, from several addresses: come one after the other, and all let in."""

    AT_ONCE = 250

    def __init__(self, port, n, seconds):
        self.sockets, self.n = [], n
        end = time.monotonic() + seconds
        for i in range(n):
            s = socket.socket()
            s.bind((f"127.0.{10 + i % 40}.{1 + i // 40 % 200}", 0))
            s.connect(("127.0.0.1", port))
            self.sockets.append(s)
            if len(self.sockets) % self.AT_ONCE == 0:
                self.let_in(self.sockets[-self.AT_ONCE:], end)

    def let_in(self, sockets, end):
        """Each of them has heard that it may go on."""
        for s in sockets:
            s.settimeout(max(0.1, end - time.monotonic()))
            greeting = s.recv(4, socket.MSG_PEEK)
            assert greeting == b"220 ", f"{greeting!r} to one of the first {len(self.sockets)} of {self.n}"

    def drip(self):
        for s in self.sockets:
            try:
                s.send(b"E")
            except OSError:
                pass

    def close(self):
        for s in self.sockets:
            s.close()


@pytest.mark.parametrize("n", [10000])
def test_ten_thousand_slow_clients(abide, lab, plain_build, n):
    """A byte a minute from everywhere must cost nothing but the fibers, and no well-behaved client its time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < n + 1000:
        pytest.skip("not so many descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(n + 1000, hard) if hard > 0 else n + 1000, hard))
    a = mx(abide, lab, limits="sessions = 20000 sessions_per_network = 20000")
    before = memory(a)
    crowd = Crowd(a.port, n, 60)
    try:
        worst = 0
        for _ in range(20):
            crowd.drip()
            begun = time.monotonic()
            with Smtp(a.port, source=STRANGER) as c:
                c.ehlo()
                assert c.mail("s@there.test", ["r@here.test"]).code == 250
            worst = max(worst, time.monotonic() - begun)
        each = (memory(a) - before) / n
        print(f"{n} slow clients: worst transaction {worst * 1000:.0f} ms, {each:.1f} KiB each")
        assert worst < 15
        assert each < 20
    finally:
        crowd.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_until(lambda: memory_of_sessions(a) == 0, timeout=60, what="the end of all sessions")


def memory(a):
    return sum(int(status_of(pid)["VmRSS"].split()[0]) for role, pid in a.roles().items()
               if role.startswith("receive"))


def memory_of_sessions(a):
    """Descriptors that receive processes hold beyond a few."""
    return sum(max(0, len(os.listdir(f"/proc/{pid}/fd")) - 40) for role, pid in a.roles().items()
               if role.startswith("receive"))
