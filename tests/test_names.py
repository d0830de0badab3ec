"""What the DNS says of a client and a sender: who is refused, with which reason, and who never is."""
import os
import signal
import time

import pytest

from harness.dns import Nsd, OddDns
from harness.process import children, wait_until

GOOD, NAMELESS, LIAR, LISTED = "127.0.31.1", "127.0.31.2", "127.0.31.3", "127.0.31.4"


def backwards(address, zone):
    return ".".join(reversed(address.split("."))) + "." + zone


def reverse(address):
    return backwards(address, "in-addr.arpa")


RECORDS = {
    reverse(GOOD): [("PTR", "mx.good.test")], "mx.good.test": [("A", GOOD)],
    reverse(LIAR): [("PTR", "mx.good.test")],
    "there.test": [("MX", "10 mx.good.test")],
    "bare.test": [("A", "192.0.2.1")], "null.test": [("MX", "0 .")], "empty.test": [("TXT", "nothing")],
    backwards(LISTED, "bl.test"): [("A", "127.0.0.2"), ("TXT", "see https://bl.test/why")],
    **{f"2.0.0.127.{zone}": [("A", "127.0.0.2")] for zone in ("bl.test", "wl.test", "two.test")},
}


@pytest.fixture
def world(abide, lab, started):
    def make(checks, records=None, behave=None, deadline="2s", **kw):
        odd = OddDns({**RECORDS, **(records or {})}, behave).start()
        started.append(odd)
        x = lab()
        a = abide(relay_from=("127.0.9.9/32",), extra=(
            f'domain "here.test" {{ to = "127.0.0.1:{x.port}" }}\n{checks}\n'
            f'resolver {{ servers = {{"{odd.server}"}} deadline = {deadline} }}'), **kw)
        return a, odd
    return make


def rcpt(a, source=GOOD, sender="s@there.test", recipient="r@here.test"):
    with a.client(source=source) as c:
        assert c.cmd("EHLO client.test").code == 250
        c.expect(f"MAIL FROM:<{sender}>", 250)
        return c.cmd(f"RCPT TO:<{recipient}>")


def test_the_name_of_a_client(world):
    a, odd = world("check confirmed_name { }")
    assert rcpt(a).code == 250
    reply = rcpt(a, NAMELESS)
    assert reply.code == 550 and reply.text.startswith("5.7.25 ") and f"{NAMELESS} has no name" in reply.text
    reply = rcpt(a, LIAR)
    assert reply.code == 550 and reply.text.startswith("5.7.25 ") and "mx.good.test" in reply.text, reply
    assert rcpt(a, NAMELESS, recipient="postmaster@here.test").code == 250
    wait_until(lambda: len(a.log.find(event="check")) == 2, what="both in the log")
    assert {e["check"] for e in a.log.find(event="check")} == {"confirmed_name"}
    # Asked once for a session, and never of those who may relay.
    seen = len(odd.seen)
    assert rcpt(a, "127.0.9.9").code == 250 and len(odd.seen) == seen


def test_any_name_is_enough_where_only_that_is_asked(world):
    a, _ = world("check reverse_name { }")
    assert rcpt(a, LIAR).code == 250
    assert rcpt(a, NAMELESS).code == 550


@pytest.mark.parametrize("how", ["servfail", "silent", "garbage"])
def test_no_answer_speaks_against_nobody(world, how):
    a, odd = world("check confirmed_name { }\ncheck reverse_name { }", behave={"in-addr.arpa": how}, deadline="1s")
    assert rcpt(a, NAMELESS).code == 250
    assert odd.asked(reverse(NAMELESS))


@pytest.mark.parametrize("sender, code, text", [
    ("s@there.test", 250, ""), ("s@bare.test", 250, ""), ("", 250, ""),
    ("s@null.test", 550, "5.7.27 Sender refused: the domain null.test takes no mail (null MX)"),
    ("s@nowhere.test", 550, "5.1.8 Sender refused: the domain nowhere.test does not exist"),
    ("s@empty.test", 550, "5.1.8 Sender refused: the domain empty.test does not exist or has no mail server"),
])
def test_the_domain_of_a_sender(world, sender, code, text):
    a, _ = world("check sender_domain { }")
    reply = rcpt(a, sender=sender)
    assert reply.code == code and reply.text.startswith(text), reply


def signal_all(dns, number):
    """It is its children's children who answer."""
    pids = [dns.process.pid]
    for pid in pids:
        pids += children(pid)
        os.kill(pid, number)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_name_server_goes_and_comes_back(abide, lab, directory, started, how):
    """Who writes meanwhile hears the true reason and comes again; nobody is refused, and it is over when the server is back."""
    x, dns = lab(), Nsd(directory, {"there.test": [f"d{i} IN MX 10 mx.there.test." for i in range(200)]}).start()
    started.append(dns)
    a = abide(relay_from=("127.0.9.9/32",), extra=f"""domain "here.test" {{ to = "127.0.0.1:{x.port}" }}
check sender_domain {{ }}
resolver {{ servers = {{"127.0.0.1@{dns.port}"}} deadline = 1s }}\n""")
    names = (f"s@d{i}.there.test" for i in range(200))
    assert rcpt(a, sender=next(names)).code == 250
    if how == "killed":
        dns.stop()
    else:
        signal_all(dns, signal.SIGSTOP)
    for _ in range(3):
        reply = rcpt(a, sender=next(names))
        assert reply.code == 451 and reply.text.startswith("4.4.3 ") and "retry=" in reply.text, reply
    if how == "killed":
        dns.start()
    else:
        signal_all(dns, signal.SIGCONT)
    begun, seen = time.monotonic(), []
    wait_until(lambda: seen.append(rcpt(a, sender=next(names)).code) or seen[-1] == 250, timeout=5, what="an answer")
    print(f"{how}: back after {time.monotonic() - begun:.1f} s")
    assert set(seen) <= {451, 250}, seen


@pytest.mark.parametrize("how, why", [
    ("servfail", "MX record, its name servers fail"),
    ("silent", "MX record, its name servers do not answer in time"),
    ("wrong_id", "MX record, its name servers do not answer in time"),
    ("garbage", "MX record, its name servers"),
    ("refused", "MX record, its name servers fail"),
])
def test_a_sender_that_can_not_be_looked_up_comes_back(world, how, why):
    a, odd = world("check sender_domain { }", behave={"there.test": how}, deadline="1s")
    reply = rcpt(a)
    assert reply.code == 451 and reply.text.startswith("4.4.3 ") and why in reply.text, reply
    assert "retry=00:01:00" in reply.text, reply
    odd.behave.clear()
    wait_until(lambda: rcpt(a).code == 250, what="an answer")


def test_a_slow_name_server(world):
    """Within the deadline it is waited for, and others are served meanwhile; beyond it nobody is refused."""
    a, odd = world("check sender_domain { }", {f"d{i}.test": [("MX", "10 mx.good.test")] for i in range(40)}, deadline="2s")
    odd.delay = 0.3
    assert rcpt(a, sender="s@d0.test").code == 250
    odd.delay = 10
    with a.client(source=GOOD) as slow, a.client(source=GOOD) as other:
        slow.ehlo()
        slow.expect("MAIL FROM:<s@d1.test>", 250)
        slow.send("RCPT TO:<r@here.test>\r\n")
        other.ehlo()
        other.expect("MAIL FROM:<>", 250)
        other.expect("RCPT TO:<r@here.test>", 250)
        reply = slow.read()
    assert reply.code == 451 and reply.text.startswith("4.4.3 ") and "do not answer in time" in reply.text, reply
    odd.delay = 0
    names = iter(range(2, 40))
    wait_until(lambda: rcpt(a, sender=f"s@d{next(names)}.test").code == 250, timeout=5, what="an answer")


def test_a_sender_whose_records_are_forged(abide, lab, directory, started):
    """Wrong signatures are neither "there is no such domain" nor a domain to believe."""
    nsd = Nsd(directory, {"bad.test": ["@ IN MX 10 mx", "mx IN A 192.0.2.1"], "fine.test": ["@ IN MX 10 mx", "mx IN A 192.0.2.1"]},
              signed=("bad.test", "fine.test"))
    nsd.spoil("bad.test", "\t10 mx", "\t20 mx")
    started.append(nsd.start())
    x = lab()
    a = abide(relay_from=("127.0.9.9/32",), extra=f"""domain "here.test" {{ to = "127.0.0.1:{x.port}" }}
check sender_domain {{ }}
resolver {{ servers = {{"127.0.0.1@{nsd.port}"}} dnssec = yes anchor = "{nsd.anchor()}" }}\n""")
    assert rcpt(a, sender="s@fine.test").code == 250
    reply = rcpt(a, sender="s@bad.test")
    assert reply.code == 451 and reply.text.startswith("4.4.3 ") and "its DNSSEC signatures are wrong" in reply.text, reply


def test_a_list(world):
    a, odd = world('dnsbl "bl.test" { }\ncheck block_lists { }')
    assert rcpt(a).code == 250
    reply = rcpt(a, LISTED)
    assert reply.code == 550 and reply.text.startswith("5.7.1 "), reply
    assert f"{LISTED} is listed: bl.test, see https://bl.test/why" in reply.text, reply
    assert odd.asked("1.0.0.127.bl.test") and odd.asked("2.0.0.127.bl.test"), "the list was not put to the test"
    assert not a.log.find(event="list_broken")


@pytest.mark.parametrize("text, said", [("evil\r\n250 ok\0\x07\u202e", "evil  250 ok"), ("5.7.2", "5.7.2"), ("550-", "550-"), ("y" * 900, "yyy")])
def test_what_a_list_says_is_text(world, text, said):
    """Whoever runs the zone can write anything there: it is a part of one reply line, and nothing more."""
    a, _ = world('dnsbl "bl.test" { }\ncheck block_lists { }', {backwards(LISTED, "bl.test"): [("A", "127.0.0.2"), ("TXT", text)]})
    reply = rcpt(a, LISTED)
    assert reply.code == 550 and len(reply.lines) == 1 and f"is listed: bl.test, {said}" in reply.text, reply
    assert all(" " <= c <= "~" for c in reply.text) and reply.text.endswith("[CLIENT_LISTED]"), reply
    assert not [line for line in a.log.lines if any(c < " " or c == "\x7f" for c in line)]


def test_weights(world):
    a, _ = world('dnsbl "bl.test" { weight = 2 }\ndnsbl "wl.test" { kind = allow weight = 1 }\n'
                 'dnsbl "two.test" { weight = 1 answers = {"127.0.0.4"} }\ncheck block_lists { threshold = 2 }',
                 {backwards(LISTED, "wl.test"): [("A", "127.0.5.1")],
                  backwards(GOOD, "two.test"): [("A", "127.0.0.4")],
                  backwards(LIAR, "bl.test"): [("A", "127.0.0.2")]})
    assert rcpt(a, LISTED).code == 250  # 2 - 1
    assert rcpt(a, GOOD).code == 250    # 1
    assert rcpt(a, LIAR).code == 550    # 2


@pytest.mark.parametrize("records, behave, why", [
    ({backwards(LISTED, "bl.test"): [("A", "127.255.255.254")]}, {}, "refuses to answer us"),
    ({backwards(LISTED, "bl.test"): [("A", "192.0.2.1")]}, {}, "outside of 127.0.0.0/8"),
    ({"1.0.0.127.bl.test": [("A", "127.0.0.2")]}, {}, "it lists 127.0.0.1"),
    ({"2.0.0.127.bl.test": []}, {}, "it does not list 127.0.0.2"),
    ({}, {"2.0.0.127.bl.test": "servfail"}, "its name servers fail"),
    ({}, {"bl.test": "servfail"}, "its name servers fail"),
    ({}, {"bl.test": "silent"}, "do not answer in time"),
])
def test_a_list_that_is_broken_refuses_nobody_and_is_an_alarm(world, records, behave, why):
    a, _ = world('dnsbl "bl.test" { }\ncheck block_lists { }', records, behave, deadline="1s")
    assert rcpt(a, LISTED).code == 250
    wait_until(lambda: a.log.find(event="list_broken"), what="the alarm")
    [alarm] = a.log.find(event="list_broken")
    assert alarm["list"] == "bl.test" and why in alarm["reason"] and alarm["level"] == "error", alarm
    assert rcpt(a, LISTED).code == 250


def test_without_resolve_mail_comes_in(world):
    a, _ = world('dnsbl "bl.test" { }\ncheck block_lists { }\ncheck confirmed_name { }')
    mark = a.log.mark()
    a.kill_role("resolve/0")
    assert rcpt(a, NAMELESS).code in (250, 550)
    a.log.wait(event="role_started", role="resolve/0", since=mark)
    wait_until(lambda: rcpt(a, NAMELESS).code == 550, what="answers again")
