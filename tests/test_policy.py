"""What exists already for Postfix is asked by abide too: policy services, unchanged."""
import os
import shutil
import signal
import threading
import time

import pytest

from harness.peers import Postgrey
from harness.policy import Service, Spawn
from harness.process import wait_until

MANY = "commands_without_mail = 1000000 errors = 1000000"


def rcpt(client, address, sender="s@src.example.test"):
    client.cmd("RSET")
    assert client.cmd(f"MAIL FROM:<{sender}>").code == 250
    return client.cmd(f"RCPT TO:<{address}>")


def status(reply):
    return f"{reply.code} {reply.text.split(' ')[0]}"


def ask(a, address="anna@example.org", sender="s@src.example.test"):
    with a.client() as c:
        c.ehlo()
        return rcpt(c, address, sender)


def section(address, more=""):
    return f'policy_service "{address}" {{ trusted = yes timeout = "1s" {more} }}\n'


@pytest.fixture
def served(abide, lab, started):
    """served(answer, ...): an abide that asks these services, each a function from attributes to an action."""
    def start(*answers, more="", extra="", path=None, limits=MANY):
        services = [Service(a, path if n == 0 else None) for n, a in enumerate(answers)]
        started.extend(services)
        x = lab(keep=True)
        a = abide(routes={"*": x.port}, limits=limits, extra=extra + f"""
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = {{"anna", "bob"}} }}
""" + "".join(section(s.address, more) for s in services))
        a.x, a.services = x, services
        return a
    return start


# What is said, by the action.
ACTIONS = [
    ("DUNNO", "250 2.1.5", None), ("OK", "250 2.1.5", None), ("REJECT", "550 5.7.1", None),
    ("REJECT we know you", "550 5.7.1", "we know you"), ("reject 5.7.2", "550 5.7.2", None),
    ("DEFER not today", "450 4.7.1", "not today"), ("DEFER_IF_PERMIT Greylisted, see http://x.example/", "450 4.7.1",
                                                    "Greylisted, see http://x.example/"),
    ("451 4.3.5 broken", "451 4.3.5", "broken"), ("554 5.7.9 go", "554 5.7.9", "go"), ("450", "450 4.7.1", None),
    ("INFO nothing", "250 2.1.5", None), ("PREPEND X-A: b", "250 2.1.5", None)]


def test_actions(served):
    said = [None]
    a = served(lambda _: said[0])
    for action, wanted, text in ACTIONS:
        said[0] = action
        reply = ask(a)
        assert status(reply) == wanted and (text is None or text in reply.text), (action, reply)
    assert len(a.services[0].asked) == len(ACTIONS)
    assert len(a.services[0].connections) == 1, "the connection is used again"


# A code or status with nothing behind it, cut off, too long, of another kind (CVE-2026-43964: Postfix read on beyond "5.7.2").
ODD = [("REJECT 5.7.1", "550 5.7.1", ""), ("REJECT 5.7.1 ", "550 5.7.1", ""), ("REJECT 5.7.1-x", "550 5.7.1", "5.7.1-x"),
       ("550 ", "550 5.7.1", ""), ("550 5", "550 5.7.1", "5"), ("550 5.", "550 5.7.1", "5."), ("550 5.7.", "550 5.7.1", "5.7."),
       ("550 5.7.1000 x", "550 5.7.1", "5.7.1000 x"), ("550 5.99999999999999999999.1 x", "550 5.7.1", "x"),
       ("550 4.7.1 x", "550 5.7.1", "x"), ("450 5.7.1 x", "450 4.7.1", "x"), ("DEFER 4.7.1", "450 4.7.1", ""),
       ("250 2.0.0 x", "250 2.1.5", ""), ("354 go", "250 2.1.5", ""), ("REJECT a\0b\x07c", "550 5.7.1", "a?b?c"),
       ("REJECT caf\u00e9\u202e", "550 5.7.1", "caf??"), ("REJECT " + "x" * 3000, "550 5.7.1", "xxx"),
       ("PREPEND X-A: b\x0bc", "250 2.1.5", ""), ("PREPEND : x", "250 2.1.5", ""),
       (b"action=REJECT x\r\n250 y\n\n", "550 5.7.1", "x"), (b"action=\n\n", "451 4.3.0", "no proper answer"),
       (b"\n", "451 4.3.0", "no proper answer"), (b"action=" + b"A" * 200000 + b"\n\n", "451 4.3.0", "no proper answer")]


def test_odd_answers_are_one_reply(served):
    """Whatever a service says, the client gets one well-formed reply, and the log no control character."""
    said = [None]
    a = served(lambda _: said[0])
    for action, wanted, text in ODD:
        said[0] = action
        reply = ask(a)
        assert status(reply) == wanted and text in reply.text and len(reply.lines) == 1, (action, reply)
        assert all(" " <= c <= "~" for c in reply.text), reply
    assert not [line for line in a.log.lines if any(c < " " or c == "\x7f" for c in line)]


def test_what_is_not_supported_is_named(served):
    said = [None]
    a = served(lambda _: said[0])
    for action in ("HOLD wait", "DISCARD", "FILTER smtp:[127.0.0.1]", "PREPEND no field", "reject_unlisted_sender"):
        said[0] = action
        mark = a.log.mark()
        assert status(ask(a)) == "250 2.1.5"
        event = a.log.wait(event="policy_unsupported", since=mark)
        assert event["action"] == action.split(" ")[0] and event["level"] == "error", event


def test_attributes(served):
    """All that Postfix gives for RCPT, so that policies find what they look for."""
    a = served(lambda _: "DUNNO")
    with a.client() as c:
        c.ehlo("client.example.test")
        assert c.cmd("MAIL FROM:<s@src.example.test> SIZE=1234").code == 250
        c.cmd("RCPT TO:<anna@example.org>")
        c.cmd("RCPT TO:<bob@example.org>")
        c.cmd("RSET")
        c.cmd("MAIL FROM:<>")
        c.cmd("RCPT TO:<anna@example.org>")
        c.cmd("RCPT TO:<nobody@example.org>")
    first, second, third = a.services[0].asked  # nobody is asked about who is not there
    assert {k: v for k, v in first.items() if k not in ("instance", "client_port")} == {
        "request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
        "client_address": "127.0.0.1", "client_name": "unknown", "reverse_client_name": "unknown",
        "helo_name": "client.example.test", "server_address": "127.0.0.1", "server_port": str(a.port), "queue_id": "",
        "sender": "s@src.example.test", "recipient": "anna@example.org", "recipient_count": "0", "size": "1234",
        "sasl_method": "", "sasl_username": "", "sasl_sender": "", "ccert_subject": "", "ccert_issuer": "",
        "ccert_fingerprint": "", "ccert_pubkey_fingerprint": "", "encryption_protocol": "", "encryption_cipher": "",
        "encryption_keysize": "0", "etrn_domain": "", "stress": "", "policy_context": ""}
    assert first["instance"] == second["instance"] != third["instance"]
    assert second["recipient"] == "bob@example.org" and third["sender"] == ""


STAGES = [("connect", "CONNECT"), ("helo", "EHLO"), ("mail", "MAIL"), ("data", "DATA"), ("end", "END-OF-MESSAGE")]


@pytest.mark.parametrize("stage, state", STAGES)
@pytest.mark.parametrize("body", ["data", "bdat"])
def test_stages(served, stage, state, body):
    """Services that Postfix asks at other restrictions than recipients' are asked then by abide too."""
    said = [None]
    a = served(lambda _: said[0], more=f"stages = {{{stage}}}")

    def mail():
        codes = []
        with a.client(banner=False) as c:
            codes.append(c.read().code)
            for line in ("EHLO client.test", "MAIL FROM:<s@src.example.test>", "RCPT TO:<anna@example.org>"):
                if codes[-1] < 300:
                    codes.append(c.cmd(line).code)
            if codes[-1] >= 300:
                return codes
            if body == "bdat":
                c.send("BDAT 15 LAST\r\nSubject: x\r\n\r\nx")
                return codes + [c.read().code]
            codes.append(c.cmd("DATA").code)
            return codes if codes[-1] != 354 else codes + [c.cmd("Subject: x\r\n\r\nx\r\n.").code]

    good = [220, 250, 250, 250, 354, 250] if body == "data" else [220, 250, 250, 250, 250]
    said[0] = "DUNNO"
    assert mail() == good
    [q] = a.services[0].asked
    assert q["protocol_state"] == state, q
    if stage in ("data", "end"):
        assert (q["recipient"], q["recipient_count"], q["sender"]) == ("anna@example.org", "1", "s@src.example.test")
    if stage == "end":
        assert int(q["size"]) >= 15, q
    said[0] = "REJECT we know you"
    refused = mail()
    at = {"connect": 0, "helo": 1, "mail": 2, "data": 4, "end": len(good) - 1}[stage]
    assert refused == good[:at] + [554 if stage == "connect" else 550], refused
    said[0] = "451 4.3.5 not now"
    assert mail()[-1] == (421 if stage == "connect" else 451)
    said[0] = "DUNNO"
    assert mail() == good
    a.wait_empty()


def test_order_and_exceptions(served):
    """The first that decides is the last that is asked; OK is the end too."""
    a = served(lambda q: "OK" if q["sender"].startswith("ok@") else "DUNNO",
               lambda q: "REJECT" if q["sender"].startswith("bad@") else "DUNNO",
               lambda _: "DEFER", more='except = {"@good.example"}')
    assert [status(ask(a, sender=s)) for s in ("ok@x.example", "bad@x.example", "x@x.example", "x@good.example")] == \
        ["250 2.1.5", "550 5.7.1", "450 4.7.1", "250 2.1.5"]
    assert [len(s.asked) for s in a.services] == [3, 2, 1]


def test_ok_skips_greylisting(served):
    """A policy that knows the sender saves it the wait; trusted clients are not greylisted anyway."""
    said = ["OK"]
    a = served(lambda _: said[0], extra="greylist { mode = all }\n")
    assert status(ask(a)) == "250 2.1.5"


def test_fields_are_prepended(served):
    """Above our Received field, once for all recipients of a message, and not in the next message."""
    a = served(lambda q: "PREPEND X-Policy: " + q["sender"])
    a.send(recipients=["anna@example.org", "bob@example.org"], sender="one@src.example.test")
    a.send(recipients=["anna@example.org"], sender="two@src.example.test")
    a.wait_empty()
    got = {m["mail"]: a.x.content(m).decode() for m in a.x.messages()}
    for sender in ("one@src.example.test", "two@src.example.test"):
        assert got[sender].startswith(f"X-Policy: {sender}\r\nReceived: "), got[sender][:200]
        assert got[sender].count("X-Policy:") == 1


def test_trusted_clients_are_left_alone(abide, lab, started):
    """By default, as Postfix does where permit_mynetworks stands first."""
    service = Service(lambda _: "REJECT")
    started.append(service)
    x = lab()
    a = abide(routes={"*": x.port}, extra=f'policy_service "{service.address}" {{ }}\n')
    assert status(ask(a)) == "250 2.1.5" and not service.asked


def test_unix_socket_and_odd_answers(served, directory):
    said = [None]
    a = served(lambda _: said[0], path=os.path.join(directory, "policy"))
    said[0] = "REJECT"
    assert status(ask(a)) == "550 5.7.1"
    for odd in (b"\n", b"x=y\n\n", b"action=\n\n", b"action=OK\n" * 1000, b"\0" * 5000, b"HTTP/1.1 400 Bad\r\n\r\n"):
        said[0] = odd
        mark = a.log.mark()
        reply = ask(a)
        assert status(reply) == "451 4.3.0" and "proper answer" in reply.text and "retry=" in reply.text, (odd, reply)
        assert a.log.wait(event="policy_failed", since=mark)["step"] == "answer"
        said[0] = "DUNNO"
        wait_until(lambda: status(ask(a)) == "250 2.1.5", timeout=5, what="an answer")


def test_closed_connections_are_opened_again(served):
    """A service that was restarted between two mails is not seen by anybody."""
    a = served(lambda _: "DUNNO")
    for _ in range(5):
        assert status(ask(a)) == "250 2.1.5"
        a.services[0].drop_connections()
    assert not a.log.find(event="policy_failed")


@pytest.mark.parametrize("down, wanted", [("defer", "451 4.3.0"), ("open", "250 2.1.5")])
def test_a_slow_service(served, down, wanted):
    """Its time is bounded; then nobody waits for it any more, until it is back."""
    slow = threading.Event()
    slow.set()
    a = served(lambda _: None if slow.is_set() else "DUNNO", more=f"when_down = {down}")
    took = []
    with a.client() as c:
        c.ehlo()
        for _ in range(10):
            before = time.monotonic()
            reply = rcpt(c, "anna@example.org")
            took.append(time.monotonic() - before)
            assert status(reply) == wanted and (down == "open" or "in time" in reply.text), reply
    # The first ones wait for their time-out, the others for nothing.
    assert sorted(took)[4] < max(took) / 2, took
    assert a.log.wait(event="policy_down")["reason"] == "the service did not answer in time"
    assert a.log.find(event="policy", action=down)
    slow.clear()
    with a.client() as c:
        c.ehlo()
        wait_until(lambda: status(rcpt(c, "anna@example.org")) == "250 2.1.5" and a.log.find(event="policy_back"),
                   timeout=5, what="an answer")


def test_many_at_once_share_few_connections(served):
    a = served(lambda _: "DUNNO", more="connections = 3")
    replies = []

    def one():
        with a.client() as c:
            c.ehlo()
            replies.extend(status(rcpt(c, "anna@example.org")) for _ in range(20))
    threads = [threading.Thread(target=one) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert replies == ["250 2.1.5"] * 240
    assert len(a.services[0].connections) <= 3


# ---- real services ----

class Traffic:
    """One who asks all the time; what was answered, with the time."""

    def __init__(self, a):
        self.a, self.seen, self.stop = a, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(60)

    def run(self):
        with self.a.client(timeout=60) as c:
            c.ehlo()
            while not self.stop.is_set():
                begun = time.monotonic()
                reply = rcpt(c, "anna@example.org")
                self.seen.append((begun, time.monotonic() - begun, reply))
                self.stop.wait(0.02)

    def wait(self, condition, what):
        mark = len(self.seen)
        wait_until(lambda: any(condition(r) for _, _, r in self.seen[mark:]), what=what)


def postgrey_abide(abide, lab, postgrey):
    x = lab()
    return abide(routes={"*": x.port}, limits=MANY, extra=f"""
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = {{"anna"}} }}
""" + section(f"127.0.0.1:{postgrey.port}"))


def test_postgrey(abide, lab, peer):
    """Debian's postgrey, unchanged: a first mail has to come back, and carries postgrey's field when it does."""
    postgrey = peer(Postgrey, 2, "Greylisted for %s seconds")
    a = postgrey_abide(abide, lab, postgrey)
    reply = ask(a)
    assert reply.code == 450 and "Greylisted for 2 seconds" in reply.text, reply
    assert a.log.wait(event="policy", action="defer_if_permit")["service"] == f"127.0.0.1:{postgrey.port}"
    wait_until(lambda: status(ask(a)) == "250 2.1.5", what="postgrey lets it in")
    a.send(recipients=["anna@example.org"])
    a.wait_empty()


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_postgrey_goes_and_comes_back(abide, lab, peer, directory, how):
    """451 with the kind of failure, the cause in the log, and back within 5 s."""
    postgrey = peer(Postgrey, 1, "Greylisted")
    a = postgrey_abide(abide, lab, postgrey)
    with Traffic(a) as t:
        t.wait(lambda r: status(r) == "250 2.1.5", "an answer")
        mark = a.log.mark()
        if how == "killed":
            postgrey.process.destroy()
        else:
            postgrey.process.signal(signal.SIGSTOP)
        why = "can't be reached" if how == "killed" else "did not answer in time"
        t.wait(lambda r: status(r) == "451 4.3.0" and why in r.text, f"a reply that says: {why}")
        down = a.log.wait(event="policy_down", since=mark)
        if how == "killed":
            postgrey.start()
        else:
            postgrey.process.signal(signal.SIGCONT)
        back = time.monotonic()
        a.log.wait(event="policy_back", since=mark)
        t.wait(lambda r: status(r) == "250 2.1.5", "an answer again")
    first = min(begun + took for begun, took, r in t.seen if begun > back and status(r) == "250 2.1.5")
    assert first - back < 5, f"{first - back:.1f} s"
    assert max(took for _, took, _ in t.seen) < 30
    assert {status(r) for _, _, r in t.seen} <= {"250 2.1.5", "450 4.2.0", "451 4.3.0"}
    failed = a.log.find(event="policy_failed", since=mark)
    assert failed and all(e["step"] and e["error"] and e["reason"] for e in failed) and down["error"]
    assert all("retry=" in r.text for _, _, r in t.seen if status(r) == "451 4.3.0")


def test_policyd_spf(abide, lab, started, directory):
    """Debian's policyd-spf, started for each connection as Postfix's spawn(8) does: its field is put before the mail."""
    path = shutil.which("policyd-spf")
    if not path:
        pytest.skip("policyd-spf is not installed")
    service = Spawn([path], os.path.join(directory, "spf"))
    started.append(service)
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra=f"""
domain "example.org" {{ to = "127.0.0.1:{x.port}" }}
policy_service "{service.address}" {{ trusted = yes timeout = "20s" }}\n""")
    a.send(recipients=["anna@example.org"])
    a.wait_empty()
    assert "SPF check N/A for local connections" in x.content(x.messages()[0]).decode().split("\r\n")[0]


def test_check_says_what_is_wrong(abide):
    for bad in ("unix:policy", "nowhere", "unix:/" + "x" * 200):
        a = abide(begin=False, extra=f'policy_service "{bad}" {{ }}\n')
        a.config.write()
        done = a.run("check", "-c", a.config.path, check=False)
        assert done.returncode == 78 and b"policy_service" in done.stderr, done
