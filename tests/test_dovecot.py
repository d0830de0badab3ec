"""A real mailbox store behind abide: Dovecot, its death in the middle, its full mailboxes, its recipe."""
import collections
import email
import os
import re
import threading

import pytest

from harness.dovecot import Dovecot
from harness.peers import TOP
from harness.process import wait_until

pytestmark = pytest.mark.root

CONTENT = ("From: <s@src.test>\r\nTo: <anna@box.test>\r\nMessage-ID: <%s@src.test>\r\nSubject: gr\u00fc\u00dfe\r\n"
           "Content-Type: text/plain; charset=utf-8\r\n\r\nHallo \u7528\u6237\r\n.dot\r\n")


def content(name):
    return (CONTENT % name).encode()


def test_smtp_in_imap_and_pop3_out(abide, peer):
    """What was sent is what the owner of the mailbox reads, by either protocol."""
    box = peer(Dovecot, ["anna@box.test"])
    a = abide(extra=f'domain "box.test" {{ to = "lmtp:{box.socket}" }}')
    a.send("s@src.test", ["anna@box.test"], content("one"), " BODY=8BITMIME")
    e = a.wait_fate("anna@box.test", "delivered", code=250)
    assert e["site"] == f"lmtp:{box.socket}"
    for found in (box.inbox("anna@box.test"), box.by_pop3("anna@box.test")):
        assert len(found) == 1 and found[0].endswith(content("one")), found
        head = email.message_from_bytes(found[0])
        assert head["Return-Path"] == "<s@src.test>" and head["Delivered-To"] == "anna@box.test"
    a.audit()


def test_who_is_not_there(abide, peer):
    """Dovecot refuses one of two, over TCP: only that one bounces, with the true reason."""
    box = peer(Dovecot, ["anna@box.test"])
    a = abide(extra=f'domain "box.test" {{ to = "lmtp:{box.host}:{box.lmtp}" }}')
    a.send("", ["gone@box.test", "anna@box.test"], content("one"))
    a.wait_fate("anna@box.test", "delivered")
    e = a.wait_fate("gone@box.test", "bounced", code=550)
    assert (e["cause"], e["stage"]) == ("user_unknown", "rcpt"), e
    assert len(box.inbox("anna@box.test")) == 1
    a.wait_empty()
    a.audit()


def test_a_stranger_hears_who_is_not_there(abide, peer):
    """At RCPT, by a socket that only root may open: no bounce goes to whom he says to be."""
    box = peer(Dovecot, ["anna@box.test"])
    a = abide(relay_from=("127.0.9.9/32",), extra=f'domain "box.test" {{ to = "lmtp:{box.socket}" }}')
    with a.client() as c:
        c.ehlo()
        c.expect("MAIL FROM:<s@src.test>", 250)
        c.expect("RCPT TO:<gone@box.test>", 550)
        c.expect("RCPT TO:<anna@box.test>", 250)
        c.expect("RSET", 250)
        assert c.mail("s@src.test", ["anna@box.test"], content("one")).code == 250
    a.wait_fate("anna@box.test", "delivered")
    assert len(box.inbox("anna@box.test")) == 1
    a.audit()


def test_a_full_mailbox(abide, peer):
    """Its cause and its words reach the queue; other mailboxes have their mail."""
    box = peer(Dovecot, ["full@box.test", "anna@box.test"], "10k")
    a = abide(extra=f'domain "box.test" {{ to = "lmtp:{box.socket}" }}')
    big = content("big") + b"x" * 60 + b"\r\n"
    big += (b"y" * 70 + b"\r\n") * 200
    a.send("", ["full@box.test"], big)
    a.send("", ["anna@box.test"], content("small"))
    e = a.wait_fate("full@box.test", "deferred")
    assert (e["cause"], e["code"], e["enhanced"], e["stage"]) == ("mailbox_full", "552", "5.2.2", "eod"), (e, box.said())
    assert "Quota exceeded" in e["reply"], e
    a.wait_fate("anna@box.test", "delivered")
    shown = a.recipient("full@box.test")
    assert shown["cause"] == "mailbox_full" and "Quota exceeded" in shown["reply"]
    a.run("queue", "drop", "-c", a.config.path, "--all", "--yes")
    a.audit()


def send_all(a, names):
    with a.client() as c:
        c.ehlo()
        for name in names:
            assert c.mail("", ["anna@box.test"], content(name)).code == 250


def once():
    """The Sieve script of the recipe, and the program that it asks."""
    with open(os.path.join(TOP, "doc", "dovecot.md"), encoding="utf-8") as f:
        page = f.read()
    return [re.search(rf"<<'{end}'\n(.*?)^{end}$", page, re.S | re.M).group(1) for end in ("SIEVE", "SCRIPT")]


@pytest.mark.parametrize("sieve", (True, False))
def test_dovecot_dies_again_and_again(abide, peer, long_run, sieve):
    """Killed and started again while mail flows: none is lost; none is double with the recipe's script, and without
    it none but what was said to be in doubt."""
    total, deaths = (10000, 12) if long_run else (600, 4)
    box = peer(Dovecot, ["anna@box.test"], None, once() if sieve else None)
    a = abide(extra=f'domain "box.test" {{ to = "lmtp:{box.socket}" }}')
    names = [f"n{i}" for i in range(total)]
    threads = [threading.Thread(target=send_all, args=(a, names[k::4])) for k in range(4)]
    for t in threads:
        t.start()
    for k in range(deaths):
        a.log.wait(event="delivered", count=(k + 1) * total // (deaths + 2), timeout=300)
        mark = a.log.mark()
        box.kill()
        a.log.wait(event="deferred", since=mark, timeout=300)
        box.start()
    for t in threads:
        t.join()

    def settled():
        left = a.queue()
        if left and all(r["state"] == "maybe" for m in left for r in m["recipients"]):
            a.run("queue", "retry", "-c", a.config.path, "--all", "--yes")
        return not left
    wait_until(settled, 600 if long_run else 120, "an empty queue")
    seen = collections.Counter(email.message_from_bytes(m)["Message-ID"].strip("<>").split("@")[0]
                               for m in box.inbox("anna@box.test"))
    doubt = [e for e in a.log.find(event="deferred") if e["state"] == "maybe"]
    double = {n: c for n, c in seen.items() if c > 1}
    print(f"{total} messages, {deaths} deaths, sieve {sieve}: {len(doubt)} in doubt, {len(double)} double")
    assert set(seen) == set(names), f"lost: {set(names) - set(seen)}"
    assert sum(double.values()) - len(double) <= (0 if sieve else len(doubt)), (double, doubt, box.said())
    a.audit()
