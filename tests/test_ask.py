"""Who is there is asked of the store itself: no stranger gets mail back that he never wrote."""
import os

import pytest

from harness.process import free_port

STRANGER, OURS = "127.0.1.1", "127.0.9.9"
PEOPLE = r"""nobody@box.test 550-rcpt="5.1.1 <nobody@box.test> User doesn't exist: nobody@box.test"
full@box.test 452-rcpt="4.2.2 <full@box.test> Mailbox is full"
closed@box.test 550-rcpt="5.2.1 <closed@box.test> This mailbox is disabled"
Anna@box.test accept
anna@box.test 550-rcpt="5.1.1 no such user"
*+* 550-rcpt="5.1.1 no such user"
"""


@pytest.fixture
def store(lab, directory):
    """A place where mail goes that knows a few people. host=…: another address."""
    def start(*args, **kw):
        path = os.path.join(directory, "people")
        with open(path, "w") as f:
            f.write(PEOPLE)
        return lab(path, args=list(args), **kw)
    return start


def serve(abide, to, keys=""):
    return abide(relay_from=(OURS + "/32",), extra=f'domain "box.test" {{ to = "{to}" {keys} }}')


def rcpt(a, address, source=STRANGER):
    """The reply to RCPT."""
    with a.client(source=source) as c:
        c.ehlo()
        c.expect("MAIL FROM:<s@src.example.test>", 250)
        return c.cmd(f"RCPT TO:<{address}>")


def send(a, address, source=STRANGER):
    with a.client(source=source) as c:
        c.ehlo()
        r = c.mail("s@src.example.test", [address], b"Subject: a\r\n\r\nb\r\n", "")
        assert r.code == 250, r


def test_a_store_is_asked_when_a_stranger_writes(abide, store):
    """An address that nobody has is refused while the stranger is there, and no bounce is made."""
    x = store("--lmtp")
    a = serve(abide, f"lmtp:127.0.0.1:{x.port}")
    r = rcpt(a, "nobody@box.test")
    assert r.code == 550 and "5.1.1" in r.text, r
    send(a, "Anna@box.test")
    a.wait_fate("Anna@box.test", "delivered", code=250)
    a.wait_empty()
    a.audit()


def test_what_else_a_store_says_refuses_nobody(abide, store):
    """A full or a closed mailbox is no wrong address: "user unknown" would be a lie. And postmaster is always taken."""
    x = store("--lmtp")
    a = serve(abide, f"lmtp:127.0.0.1:{x.port}")
    send(a, "full@box.test")
    e = a.wait_fate("full@box.test", "deferred")
    assert e["cause"] == "mailbox_full", e
    assert rcpt(a, "postmaster@box.test").code == 250
    assert rcpt(a, "closed@box.test").code == 250


def test_our_own_clients_get_a_notice_instead(abide, store):
    """Their mail does not wait for a store, and what comes back to them is no backscatter."""
    x = store("--lmtp")
    a = serve(abide, f"lmtp:127.0.0.1:{x.port}")
    assert rcpt(a, "nobody@box.test", OURS).code == 250


def test_ask_is_for_all_and_for_smtp_too(abide, store):
    """recipients = ask, in front of a mail server that knows its people."""
    x = store()
    a = serve(abide, f"127.0.0.1:{x.port}", "recipients = ask")
    for source in STRANGER, OURS:
        assert rcpt(a, "nobody@box.test", source).code == 550
        assert rcpt(a, "Anna@box.test", source).code == 250


def test_any_asks_nobody(abide, store):
    x = store("--lmtp")
    a = serve(abide, f"lmtp:127.0.0.1:{x.port}", "recipients = any")
    assert rcpt(a, "nobody@box.test").code == 250


def test_a_tag_is_asked_about_without_it_too(abide, store):
    """bob+news is Bob where the store knows no tags."""
    x = store("--lmtp")
    a = serve(abide, f"lmtp:127.0.0.1:{x.port}", 'subaddress = "+"')
    send(a, "bob+news@box.test")
    a.wait_fate("bob@box.test", "delivered", code=250)
    assert rcpt(a, "nobody+news@box.test").code == 550


@pytest.mark.parametrize("trouble", ["down", "hang-connect", "hang-rcpt", "421-connect", "close-rcpt", "endless-rcpt",
                                     "twodigit-connect"])
def test_a_store_in_trouble_refuses_nobody(abide, lab, trouble):
    """What can't be asked is taken, soon, and delivered when the store is back: no mail is lost by asking."""
    port = free_port() if trouble == "down" else lab(trouble, args=["--lmtp"]).port
    a = serve(abide, f"lmtp:127.0.0.1:{port}")
    send(a, "Anna@box.test")
    e = a.log.wait(event="lookup_failed")
    assert e["map"] == "ask box.test" and e["error"], e
    if trouble == "down":
        lab(args=["--lmtp"], port=port)
        a.wait_fate("Anna@box.test", "delivered", code=250)
        a.wait_empty()
        a.audit()
