"""Memory: what a session costs, and that it doesn't grow with the message."""
import os
import resource
import shutil
import threading

import pytest

from harness.process import status_of
from harness.smtp import Smtp

pytestmark = [pytest.mark.backends, pytest.mark.alone, pytest.mark.usefixtures("plain_build")]

IDLE_KIB = 20  # issue: Haraka 11, OpenSMTPD 68, Exim 216, Postfix 1,181
GROWTH_KIB = 64 * 1024


def anonymous(a, kind="receive"):
    """KiB of private memory of all processes of a kind."""
    return sum(int(status_of(pid)["RssAnon"].split()[0])
               for role, pid in a.roles().items() if role.split("/")[0] == kind)


def allow_descriptors(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < n:
        pytest.skip(f"only {hard} descriptors are allowed here")
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, hard))


def test_idle_sessions(abide, long_run):
    """Ten thousand clients that keep their connections must not push the server out of memory."""
    n = 10000 if long_run else 2000
    allow_descriptors(n + 500)
    a = abide(limits="sessions = 20000 sessions_per_network = 20000")
    warm = [a.client() for _ in range(100)]
    for c in warm:
        c.ehlo()
    before = anonymous(a)
    clients = []
    try:
        for _ in range(n):
            clients.append(a.client())
        for c in clients:
            c.send("EHLO client.example.test\r\n")
        for c in clients:
            assert c.read().code == 250
        each = (anonymous(a) - before) / n
        print(f"{n} idle sessions, {each:.1f} KiB each")
        assert each <= IDLE_KIB
        assert clients[0].cmd("NOOP").code == 250
        with a.client() as c:
            c.ehlo()
            assert c.mail().code == 250
    finally:
        for c in clients + warm:
            c.close()


def test_large_messages_at_once(abide, directory, long_run):
    """A hundred people send a video at once: the disk fills, not the memory."""
    sessions, size = 100, 50_000_000 if long_run else 3_000_000
    if shutil.disk_usage(directory).free < 3 * sessions * size:
        pytest.skip("not enough room on the disk")
    a = abide(limits="message_size = 52428800")
    with a.client() as c:
        c.ehlo()
        c.mail(content=b"x" * 70 + b"\r\n" + b"warm\r\n" * 50000)
    before = anonymous(a)
    most, failures = [before], []
    halfway, done = threading.Barrier(sessions + 1), threading.Event()
    block = (b"0123456789abcdef" * 60 + b"\r\n") * 64

    def work():
        try:
            with Smtp(a.port, timeout=300) as c:
                c.ehlo()
                c.envelope(params=f" SIZE={size}")
                c.expect("DATA", 354)
                for i in range(size // len(block)):
                    c.send(block)
                    if i == size // len(block) // 2:
                        halfway.wait(300)
                c.send(b".\r\n")
                r = c.read()
                assert r.code == 250, r
        except BaseException as e:
            failures.append(repr(e))
            halfway.abort()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(sessions)]
    for t in threads:
        t.start()

    def watch():
        while not done.wait(0.05):
            most.append(anonymous(a))
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        halfway.wait(300)
    except threading.BrokenBarrierError:
        pass
    for t in threads:
        t.join()
    done.set()
    watcher.join()
    print(f"{sessions} x {size} bytes: receive grew by {max(most) - before} KiB; queue has "
          f"{anonymous(a, 'queue')} KiB")
    assert not failures, failures[:3]
    assert max(most) - before < GROWTH_KIB
    assert len(a.queue()) == sessions + 1
    assert os.path.isdir(a.config.spool)


def test_endless_input(abide):
    """A line, a header or a group of commands without end costs its bounded buffer and no more."""
    a = abide()
    with a.client() as c:
        c.ehlo()
    before = anonymous(a)
    with a.client() as c:
        c.ehlo()
        c.envelope()
        c.expect("DATA", 354)
        for _ in range(300):
            c.send(b"X-Endless: " + b"y" * 99989)
        c.send(b"\r\n\r\n.\r\n")
        assert c.read().code // 100 == 5
    with a.client() as c:
        c.ehlo()
        try:
            for _ in range(300):
                c.send(b"z" * 100000)
        except OSError:
            pass
    assert anonymous(a) - before < 16 * 1024


def test_memory_does_not_follow_the_queue(abide, long_run):
    """An outage of a large destination must not make the queue process grow with each message."""
    a = abide(retry={"default": 'first = "1h"'})

    def fill(n):
        with a.client() as c:
            c.ehlo()
            for _ in range(n):
                assert c.mail(content=b"Subject: x\r\n\r\n" + b"y\r\n" * 300).code == 250
    fill(200)
    before = anonymous(a, "queue")
    n = 20000 if long_run else 1500
    with_limit = n // 500
    for _ in range(with_limit):
        fill(500)
    grown = anonymous(a, "queue") - before
    print(f"queue grew by {grown} KiB over {n} messages")
    assert grown < 24 * 1024
