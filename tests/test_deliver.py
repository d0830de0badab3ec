"""Sending to nasty servers: each recipient gets the fate that the replies mean, and no other."""
import email
import os
import shutil
import signal
import tempfile

import pytest

from harness.abide import Abide, Config
from harness.lab import Lab
from harness.process import free_port, seconds
from harness.smtp import Smtp

pytestmark = pytest.mark.backends

SHORT = 'connect = "2s" greeting = "2s" command = "2s" data = "2s" final = "2s"'
LONG_WAIT = {"default": 'first = "10m" max = "1h" give_up = "5d"'}
BIG = b"Subject: big\r\n\r\n" + b"0123456789abcdef\r\n" * 60000
# More than the buffers of both kernels hold: its final dot can't be on its way while nobody reads.
HUGE = b"Subject: huge\r\n\r\n" + (b"0123456789abcdef" * 60 + b"\r\n") * 24000

# An octet of what is between x and x may not change, or the signature behind it is no good.
SIGNED = ("Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\nü\r\n--x\r\n\r\nsignature\r\n--x--\r\n").encode()

DELIVERED, DEFERRED, BOUNCED, MAYBE = "delivered", "deferred", "bounced", "maybe"

# Local part -> fate; where several are right, all of them.
BY_RECIPIENT = {
    "accept": DELIVERED,
    "450-rcpt": DEFERRED, "451-rcpt": DEFERRED, "452-rcpt": DEFERRED, "499-rcpt": DEFERRED,
    "421-rcpt": DEFERRED, "421-data": DEFERRED, "421-eod": DEFERRED, "421-body-100": DEFERRED,
    "451-data": DEFERRED, "451-eod": DEFERRED, "452-eod": DEFERRED,
    "550-rcpt": BOUNCED, "553-rcpt": BOUNCED, "554-data": BOUNCED, "554-eod": BOUNCED, "599-eod": BOUNCED,
    "close-rcpt": DEFERRED, "close-data": DEFERRED, "close-body-1000": DEFERRED,
    "reset-rcpt": DEFERRED, "reset-data": DEFERRED, "reset-body-1000": DEFERRED,
    "hang-rcpt": DEFERRED, "hang-data": DEFERRED, "hang-body-1000": DEFERRED,
    "close-eod": MAYBE, "reset-eod": MAYBE, "hang-eod": MAYBE,
    "take-close": MAYBE, "take-reset": MAYBE, "take-hang": MAYBE,
    "take-451": DEFERRED,
    "close-after-eod": DELIVERED, "close-after-rcpt": DEFERRED,
    "251-rcpt": DELIVERED, "252-eod": DELIVERED,
    "multiline-rcpt": DELIVERED, "multiline-eod-50": DELIVERED, "codeonly-rcpt": DELIVERED,
    "codeonly-eod": DELIVERED, "notext-eod": DELIVERED, "nul-rcpt": DELIVERED, "nul-eod": DELIVERED,
    "eightbit-rcpt": DELIVERED, "eightbit-eod": DELIVERED, "mixedcodes-rcpt": DELIVERED,
    "lf-rcpt": (DELIVERED, DEFERRED),
    "twodigit-rcpt": DEFERRED, "nocode-rcpt": DEFERRED, "999-rcpt": DEFERRED, "000-rcpt": DEFERRED,
    "twodigit-eod": MAYBE, "nocode-eod": MAYBE,
    "354-rcpt": (DEFERRED, BOUNCED), "250-data": (DEFERRED, BOUNCED), "354-eod": (MAYBE, DEFERRED),
    "longline-rcpt": (DELIVERED, DEFERRED), "endless-rcpt": DEFERRED, "endlessline-rcpt": DEFERRED,
    "twice-rcpt": (DELIVERED, DEFERRED),
    "bytewise-5": DELIVERED, "delay-eod-500": DELIVERED,
    "451-rset": DELIVERED, "close-quit": DELIVERED, "hang-quit": DELIVERED, "451-quit": DELIVERED,
}


def start_sites(request, binary, behaviours):
    """A lab for each row, so that what a row does to its site's breaker holds back no other row, and one
    abide with a route to each. Returns abide, labs and recipients by row."""
    directory = tempfile.mkdtemp(prefix="abide-")
    os.chmod(directory, 0o755)
    labs, routes, rcpts = {}, {}, {}
    request.addfinalizer(lambda: shutil.rmtree(directory, ignore_errors=True))
    for n, (name, behaviour) in enumerate(behaviours.items()):
        folder = os.path.join(directory, f"lab{n}")
        os.mkdir(folder)
        labs[name] = Lab(binary, folder, behaviour)
        request.addfinalizer(labs[name].destroy)
        routes[f"site{n}.test"] = labs[name].port
        rcpts[name] = f"{name}@site{n}.test"
    a = Abide(binary, Config(directory, routes=routes, retry=LONG_WAIT, timeouts=SHORT))
    request.addfinalizer(a.destroy)
    a.start()
    return a, labs, rcpts


@pytest.fixture(scope="module")
def nasty(request, binary, serves):
    """One message for each row; the tests look at what became of each."""
    a, labs, rcpts = start_sites(request, binary, dict.fromkeys(BY_RECIPIENT))
    for name in BY_RECIPIENT:
        # A null sender, so that bounces don't add mail of their own.
        a.send("", [rcpts[name]], HUGE if "body" in name else b"Subject: a\r\n\r\nb\r\n")
    return a, labs, rcpts


@pytest.mark.parametrize("name", BY_RECIPIENT)
def test_fate(nasty, name):
    """A wrong fate is lost mail, doubled mail, or a bounce for mail that arrived."""
    a, labs, rcpts = nasty
    rcpt = rcpts[name]
    fates = BY_RECIPIENT[name]
    fates = fates if isinstance(fates, tuple) else (fates,)
    e = a.log.wait(match=lambda e: e.get("recipient") == rcpt and
                   e["event"] in (DELIVERED, DEFERRED, BOUNCED, "noticed", "dropped"))
    state = a.recipient(rcpt)
    got = e["event"]
    if got == DEFERRED and state and state["state"] == "maybe":
        got = MAYBE
    taken = [m for m in labs[name].messages(rcpt) if m["answered"] and m["code"] // 100 == 2]
    assert got in fates, (e, state)
    if got != MAYBE:
        assert (got == DELIVERED) == (len(taken) == 1), (e, taken)
    if got in (DEFERRED, MAYBE):
        assert state and state["attempts"] == 1 and state["next_try"], state
        assert state["cause"] and state["side"] and state["explanation"]
    else:
        assert state is None


def test_nasty_server_leaves_the_audit_clean(nasty):
    """After all that, each recipient is in exactly one place."""
    a, _, _ = nasty
    a.audit()


BY_STAGE = {
    "451-connect": DEFERRED, "421-connect": DEFERRED, "554-connect": (BOUNCED, DEFERRED), "close-connect": DEFERRED,
    "reset-connect": DEFERRED, "hang-connect": DEFERRED, "451-helo": DEFERRED, "421-helo": DEFERRED,
    "550-helo": (DEFERRED, BOUNCED), "close-helo": DEFERRED, "hang-helo": DEFERRED,
    "451-mail": DEFERRED, "421-mail": DEFERRED, "550-mail": BOUNCED, "close-mail": DEFERRED, "hang-mail": DEFERRED,
    "no-ehlo": DELIVERED, "no-ehlo-502": DELIVERED, "no-ehlo-504": DELIVERED, "no-extensions": DELIVERED,
    "no-pipelining": DELIVERED, "no-size": DELIVERED, "no-statuscodes": DELIVERED, "lie-pipelining": DEFERRED,
    "lie-size": (DEFERRED, BOUNCED, DELIVERED), "bytewise": DELIVERED, "bytewise-2": DELIVERED,
    "multiline": DELIVERED, "codeonly": DELIVERED, "notext": DELIVERED, "nul": DELIVERED, "eightbit": DELIVERED,
    "nocode-connect": DEFERRED, "longline-connect": (DELIVERED, DEFERRED), "endless-helo": DEFERRED,
    "endlessline-connect": DEFERRED, "twice-connect": (DELIVERED, DEFERRED), "twice-helo": (DELIVERED, DEFERRED),
    "slow-2000": DELIVERED,
}


@pytest.fixture(scope="module")
def nasty_sites(request, binary, serves):
    """Sites that behave so towards everybody."""
    a, labs, rcpts = start_sites(request, binary, {name: name for name in BY_STAGE})
    for name in BY_STAGE:
        a.send("", [rcpts[name]])
    return a, labs, rcpts


@pytest.mark.parametrize("name", BY_STAGE)
def test_fate_at_nasty_sites(nasty_sites, name):
    """The same for servers that are so to everybody; here a wrong fate hits a whole domain."""
    a, labs, rcpts = nasty_sites
    rcpt = rcpts[name]
    fates = BY_STAGE[name]
    e = a.log.wait(match=lambda e: e.get("recipient") == rcpt and e["event"] in (DELIVERED, DEFERRED, BOUNCED))
    assert e["event"] in (fates if isinstance(fates, tuple) else (fates,)), e
    assert (e["event"] == DELIVERED) == (len(labs[name].messages()) == 1)
    if name.startswith("no-"):
        assert labs[name].messages()[0]["early"] == 0, "pipelined to a server that never offered it"


def test_tries_again_and_again(abide, lab):
    """A 451 that lasts a while is the everyday case."""
    x = lab()
    a = abide(routes={"*": x.port})
    names = ["tempfail-1@dst.test", "tempfail-3@dst.test", "tempfail-2-eod@dst.test", "tempfail-2-data@dst.test"]
    for n in names:
        a.send(recipients=[n])
    for n in names:
        a.wait_fate(n, "delivered", timeout=60)
        assert len(x.messages(n)) == 1
    assert [len(a.log.find(event="deferred", recipient=n)) for n in names] == [1, 3, 2, 2]
    tries = x.refused(rcpt="tempfail-3@dst.test")
    assert all(b["mono"] - a["mono"] >= 0.9 for a, b in zip(tries, tries[1:])), "hammered the server"
    a.audit()


def test_what_was_refused_is_asked_again_before_all_that_is_new(abide, lab):
    """A host that greylists, and calls it trouble of its own, would else refuse the whole queue once before it takes any."""
    x = lab("tempfail-1")
    a = abide(routes={"*": x.port})
    with a.client() as c:
        c.ehlo()
        for n in range(40):
            c.mail("", [f"r{n}@dst.test"])
    first = x.wait_message(timeout=60)
    assert len([e for e in x.refused(stage="rcpt") if e["mono"] < first["mono"]]) < 20
    a.log.wait(40, event="delivered", timeout=120)
    assert len(x.messages()) == 40
    a.audit()


def test_each_recipient_its_own_fate(abide, lab):
    """One mailing, three fates: nobody is dropped with a neighbour, nobody gets it twice."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "2s" max = "2s"'})
    good = [f"r{i}@dst.test" for i in range(30)]
    later = [f"tempfail-1+{i}@dst.test" for i in range(10)]
    bad = [f"reject+{i}@dst.test" for i in range(5)]
    mixed = [r for group in zip(good[:5], later[:5], bad) for r in group] + good[5:] + later[5:]
    a.send("s@home.test", mixed)
    for r in good + later:
        a.wait_fate(r, "delivered")
    for r in bad:
        a.wait_fate(r, "bounced")
    got = sorted(r for m in x.messages() if m["mail"] for r in m["rcpts"])
    assert got == sorted(good + later)
    back = x.wait_for("s@home.test")
    assert back["mail"] == "" and back["rcpts"] == ["s@home.test"]
    a.wait_empty()
    a.audit()


def test_first_failure_decides(abide, lab):
    """MAIL gets 451, the pipelined rest 503: the cause is the 451, and a 503 bounces nothing."""
    x = lab('451-mail="4.7.1 Greylisting in action, please come back in 00:10:00"')
    a = abide(routes={"*": x.port})
    a.send(recipients=["a@dst.test", "b@dst.test"])
    for r in ("a@dst.test", "b@dst.test"):
        d = a.wait_fate(r, "deferred")
        assert (d["code"], d["cause"], d["wait"]) == ("451", "greylisting", "600"), d


def test_all_refused_then_354(abide, lab):
    """The server says 354 all the same: the lone dot must follow, and nobody was sent anything."""
    x = lab("anyway")
    a = abide(routes={"*": x.port}, retry=LONG_WAIT)
    a.send("", ["451-rcpt@dst.test", "reject@dst.test"])
    assert a.wait_fate("451-rcpt@dst.test", "deferred")["code"] == "451"
    assert a.wait_fate("reject@dst.test", "bounced")["code"] == "550"
    assert x.messages() == [] and x.out.find(event="partial") == []


def test_reply_is_read_before_the_write_error(abide, lab):
    """The server says why and closes while we still write: the why is what the sender must see."""
    x = lab('421-body-5000="4.3.1 The disk is full, so come again later"')
    a = abide(routes={"*": x.port}, retry=LONG_WAIT)
    a.send(content=BIG * 3)
    d = a.wait_fate("r@example.test", "deferred")
    assert d["code"] == "421" and "disk is full" in d["reply"], d


def test_what_the_next_hop_can_not_take(abide, lab):
    """Bounced with the true reason, before the bytes are sent; never damaged to fit."""
    labs = {name: lab(name) for name in ("size-500", "no-8bitmime", "no-smtputf8")}
    a = abide(routes={f"{name}.test": x.port for name, x in labs.items()})
    a.send("", ["r@size-500.test"], BIG)
    a.send("", ["r@no-8bitmime.test"], SIGNED, " BODY=8BITMIME")
    a.send("", ["ü@no-smtputf8.test"], b"Subject: a\r\n\r\nb\r\n", " SMTPUTF8")
    assert a.wait_fate("r@size-500.test", "bounced")["cause"] == "message_too_big"
    e = a.wait_fate("r@no-8bitmime.test", "bounced")
    assert e["cause"] == "message_malformed" and "it is signed as it is" in e["reply"], e
    a.wait_fate("ü@no-smtputf8.test", "bounced")
    for x in labs.values():
        assert x.messages() == []
    a.send("", ["r@no-8bitmime.test"], b"Subject: a\r\n\r\nplain\r\n")
    a.wait_fate("r@no-8bitmime.test", "delivered")
    a.send("", ["r@no-smtputf8.test"], b"Subject: a\r\n\r\nplain\r\n")
    a.wait_fate("r@no-smtputf8.test", "delivered")


@pytest.mark.parametrize("behaviour", ["no-smtputf8", "no-8bitmime,no-smtputf8"])
def test_bounce_needs_no_extension(abide, lab, behaviour):
    """Over a smarthost that takes only ASCII, the sender would never hear that the message failed."""
    x = lab(behaviour)
    a = abide(routes={"*": x.port})
    mid = a.send("me@src.test", ["ü@dst.test"], "Subject: ö\r\n\r\nä\r\n".encode(), " SMTPUTF8")
    a.log.wait(event="bounced", id=mid)
    bounce = x.wait_for("me@src.test")
    assert bounce["mail"] == "" and bounce["eightbit"] == 0, bounce


@pytest.mark.parametrize("behaviour", ["rcpts-10", "messages-1", "throttle-2", "close-after-eod", "no-pipelining", "idle-100"])
def test_limits_of_the_next_hop(abide, lab, behaviour):
    """Servers that ration: all mail still arrives, each piece once, and soon."""
    x = lab(behaviour)
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1s" factor = 1 max = "1s"'})
    everyone = [f"m{i}@dst.test" for i in range(35)]
    a.send(recipients=everyone)
    for i in range(12):
        a.send(recipients=[f"single{i}@dst.test"])
    everyone += [f"single{i}@dst.test" for i in range(12)]
    a.log.wait(len(everyone), event="delivered", timeout=90)
    assert sorted(r for m in x.messages() for r in m["rcpts"]) == sorted(everyone)
    if behaviour == "no-pipelining":
        assert all(m["early"] == 0 for m in x.messages())
    a.wait_empty()
    a.audit()


def test_connections_are_used_again(abide, lab):
    """A connection a message is slow, and looks like an attack to the other side."""
    x = lab()
    a = abide(routes={"*": x.port})
    with a.client() as c:
        c.ehlo()
        for i in range(100):
            c.mail(recipients=[f"r{i}@dst.test"])
    x.wait_message(100)
    assert len(x.out.find(event="connect")) <= 50
    assert len({r for m in x.messages() for r in m["rcpts"]}) == 100


def test_next_of_the_list_is_tried(abide, lab):
    """The first smarthost is down: the mail takes the second, at once."""
    x = lab()
    a = abide(routes={"*": f'to = {{"127.0.0.1:{free_port()}", "127.0.0.1:{x.port}"}}'}, retry=LONG_WAIT)
    a.send()
    x.wait_message()
    a.wait_fate("r@example.test", "delivered")


def test_nobody_listens(abide, lab):
    """A server that is down for a while costs nothing but time; when it is back, its mail comes."""
    port = free_port()
    a = abide(routes={"*": port})
    a.send(recipients=["r@dst.test"])
    d = a.wait_fate("r@dst.test", "deferred")
    assert (d["cause"], d["side"]) == ("network_failure", "network"), d
    x = lab(port=port)
    x.wait_for("r@dst.test", timeout=60)
    a.wait_fate("r@dst.test", "delivered")


def test_gives_up_and_says_so(abide, lab):
    """Mail that can't be delivered comes back to its sender, once, with the reason; a bounce never does."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1s" max = "1s" give_up = "2s" notice_after = "1d"'})
    a.send("s@home.test", ['451-rcpt+gone@dst.test'])
    a.wait_fate("451-rcpt+gone@dst.test", "bounced")
    back = x.wait_for("s@home.test")
    text = x.content(back).decode()
    assert back["mail"] == "" and "451-rcpt+gone@dst.test" in text and "451" in text
    a.send("", ["reject+null@dst.test"])
    a.wait_fate("reject+null@dst.test", "bounced")
    a.wait_empty()
    assert len([m for m in x.messages() if m["mail"] == ""]) == 1
    a.audit()


def test_all_of_a_dead_site_are_given_up(abide):
    """Behind a host that is gone one probe goes out at a time; nobody's mail stays for longer than it was to."""
    a = abide(routes={"*": free_port()}, retry={"default": 'first = "5s" factor = 1 max = "5s" give_up = "6s"'})
    for n in range(40):
        a.send("", [f"r{n}@dst.test"])
    a.log.wait(40, event="bounced")
    a.wait_empty()
    a.audit()


def test_notice_in_another_language(abide, lab):
    """Else senders who read no English would not know what became of their mail; and others must read it too."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra="language = de")
    a.send("s@home.test", ["550-rcpt+gone@dst.test"])
    told = a.wait_fate("550-rcpt+gone@dst.test", "bounced")
    back = email.message_from_bytes(x.content(x.wait_for("s@home.test")))
    plain = next(p for p in back.walk() if p.get_content_type() == "text/plain")
    words = plain.get_payload(decode=True).decode("utf-8")
    assert back["Subject"] == "Ihre Nachricht wurde nicht zugestellt", told
    assert "diesem Empfänger nicht zugestellt" in words
    assert words.index("Ihre Nachricht konnte") < words.index("Your message could not be delivered")
    a.send("", ["451-rcpt@dst.test"])
    a.wait_fate("451-rcpt@dst.test", "deferred")
    assert "anderen Server" in a.queue()[0]["recipients"][0]["explanation"]


def test_maybe_is_not_hurried(abide, lab):
    """Lost after the final dot: it may have arrived, so it waits longer than others and says why."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1s" max = "1s"'})
    mid = a.send("", ["take-close@dst.test"])
    d = a.wait_fate("take-close@dst.test", "deferred")
    r = a.show(mid)["recipients"][0]
    assert r["state"] == "maybe" and "may have been delivered" in d["reply"], (d, r)
    assert seconds(d["next_try"]) - seconds(d["time"]) >= 60, d
    assert len(x.messages()) == 1


def test_deliver_dies_at_the_dot(abide, lab):
    """Killed between the final dot and its reply: *maybe*, not lost and not repeated at once."""
    x = lab("take-hang")
    a = abide(routes={"*": x.port})
    mid = a.send("", ["r@dst.test"])
    x.wait_for("r@dst.test")
    for role in a.roles():
        if role.startswith("deliver"):
            a.kill_role(role)
    d = a.wait_fate("r@dst.test", "deferred")
    assert a.show(mid)["recipients"][0]["state"] == "maybe"
    assert seconds(d["next_try"]) - seconds(d["time"]) >= 60, d
    a.audit()


def test_slow_site_does_not_slow_the_others(abide, lab):
    """One domain that hangs must not be everybody's delay."""
    slow, fast = lab("hang-connect"), lab()
    a = abide(routes={"slow.test": slow.port, "*": fast.port}, timeouts='greeting = "20s"')
    for i in range(30):
        a.send(recipients=[f"r{i}@slow.test"])
    for i in range(10):
        a.send(recipients=[f"r{i}@fast.test"])
    fast.wait_message(10, timeout=15)


def test_sighup_keeps_sessions(abide, lab):
    """A changed route is taken up without a restart, and nobody's session is dropped for it."""
    first, second = lab(), lab()
    a = abide(routes={"*": first.port})
    with Smtp(a.port) as c:
        c.ehlo()
        a.config.routes = {"*": second.port}
        a.config.write()
        a.process.signal(signal.SIGHUP)
        a.log.wait(event="reloaded")
        assert c.mail(recipients=["r@dst.test"]).code == 250
    second.wait_for("r@dst.test")
    assert first.messages() == []
