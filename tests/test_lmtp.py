"""LMTP: each recipient's own fate after the dot, over TCP and Unix sockets, and what is in doubt."""
import os
import signal

import pytest

from harness.abide import is_zombie

DOMAIN = 'domain "box.test" { to = "lmtp:%s" }'


def store(lab, abide, behaviour=None, **kw):
    """A lab that speaks LMTP, and an abide whose box.test is there."""
    x = lab(behaviour, args=["--lmtp"])
    return x, abide(extra=DOMAIN % f"127.0.0.1:{x.port}", **kw)


def test_each_recipient_has_its_own_fate(lab, abide):
    """One mailbox is full and one is gone: the others have their mail, once."""
    x, a = store(lab, abide)
    i = a.send("", ["one@box.test", "452-eod@box.test", "550-eod@box.test", "two@box.test"])
    a.wait_fate("one@box.test", "delivered", code=250)
    a.wait_fate("two@box.test", "delivered", code=250)
    a.wait_fate("452-eod@box.test", "deferred", count=2, code=452)
    a.wait_fate("550-eod@box.test", "bounced", code=550)
    assert sorted(m["rcpts"] for m in x.messages()) == [["one@box.test"], ["two@box.test"]]
    a.run("queue", "drop", "-c", a.config.path, i)
    a.wait_empty()
    a.audit()


@pytest.mark.backends
def test_over_a_unix_socket(lab, abide, directory):
    """As Dovecot has it: the path is outside of every chroot."""
    path = os.path.join(directory, "lmtp")
    x = lab(args=["--lmtp"], path=path)
    a = abide(extra=DOMAIN % path)
    for n in range(20):
        a.send(recipients=[f"r{n}@box.test"])
    for n in range(20):
        a.wait_fate(f"r{n}@box.test", "delivered", code=250)
    a.wait_empty()
    assert len(x.messages()) == 20
    # Over few connections, and with the verb of LMTP.
    assert len(x.out.find(event="connect")) < 20
    a.audit()


def test_a_socket_that_comes_late(lab, abide, directory):
    """The store is started after abide: nothing is lost, and the cause is named."""
    path = os.path.join(directory, "late")
    a = abide(extra=DOMAIN % path)
    a.send(recipients=["r@box.test"])
    e = a.wait_fate("r@box.test", "deferred")
    assert e["cause"] == "network_failure" and path in e["reply"], e
    lab(args=["--lmtp"], path=path)
    a.wait_fate("r@box.test", "delivered", code=250)
    a.wait_empty()


def test_replies_that_break_off(lab, abide):
    """After the dot the store says yes to one and dies: that one is not sent again, the next is in doubt."""
    x, a = store(lab, abide)
    i = a.send("", ["one@box.test", "take-close@box.test", "two@box.test"])
    a.wait_fate("one@box.test", "delivered", code=250)
    for who in ("take-close@box.test", "two@box.test"):
        e = a.wait_fate(who, "deferred")
        assert "may have been delivered" in e["reply"], e
        assert a.recipient(who)["state"] == "maybe"
    a.run("queue", "retry", "-c", a.config.path, i)
    a.wait_fate("take-close@box.test", "deferred", count=2)
    a.run("queue", "drop", "-c", a.config.path, i)
    a.wait_empty()
    # That it comes twice is what in doubt means; nobody else's comes twice.
    assert len(x.messages("take-close@box.test")) == 2
    assert len(x.messages("one@box.test")) == 1
    a.audit()


def test_a_frozen_deliver_does_not_wake_up_beside_its_heir(lab, abide):
    """It stands between RCPT and the dot, a new queue does not hear of it: it is gone before another has its message."""
    x, a = store(lab, abide)
    a.send("", ["delay-data-5000@box.test"])
    x.out.wait(event="connect")
    frozen = [a.kill_role(r, signal.SIGSTOP) for r in a.roles() if r.startswith("deliver/")]
    a.kill_role("queue")
    a.log.wait(event="role_killed", count=len(frozen), timeout=40)
    a.wait_fate("delay-data-5000@box.test", "delivered", code=250, timeout=60)
    assert all(is_zombie(pid) for pid in frozen)
    assert len(x.messages()) == 1
    a.wait_empty()
    a.audit()
