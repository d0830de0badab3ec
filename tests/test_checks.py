"""What a stranger calls himself: refused with the reason, warned of, or let be, as the operator says."""
import pytest

from harness.process import wait_until
from harness.smtp import Smtp

STRANGER, TRUSTED = "127.0.0.1", "127.0.9.9"


def checking(abide, lab, checks):
    x = lab(keep=True)
    return abide(relay_from=(TRUSTED + "/32",), routes={"*": x.port},
                 extra=f'domain "here.test" {{ to = "127.0.0.1:{x.port}" }}\n{checks}\n'), x


def rcpt(a, helo, source=STRANGER, sender="s@there.test", recipient="r@here.test"):
    with a.client(source=source) as c:
        assert c.cmd("EHLO " + helo).code == 250
        c.expect(f"MAIL FROM:<{sender}>", 250)
        return c.cmd(f"RCPT TO:<{recipient}>")


@pytest.mark.parametrize("check, bad, good, words", [
    ("helo_literal", "[192.0.2.9]", "[127.0.0.1]", "[192.0.2.9] is not 127.0.0.1"),
    ("helo_qualified", "localhost", "mx.there.test", "localhost is not a full host name"),
])
def test_refusal_says_why_and_the_log_whose_mail_it_was(abide, lab, check, bad, good, words):
    a, _ = checking(abide, lab, f'check {check} {{ except = {{"@friend.test"}} }}')
    reply = rcpt(a, bad)
    assert reply.code == 550 and reply.text.startswith("5.7.1 ") and words in reply.text, reply
    assert rcpt(a, good).code == 250
    assert rcpt(a, bad, sender="s@friend.test").code == 250
    assert [rcpt(a, bad, recipient=f"{x}@here.test").code for x in ("postmaster", "Abuse")] == [250, 250]
    assert rcpt(a, bad, source=TRUSTED).code == 250
    wait_until(lambda: a.log.find(event="check"), what="the log of the check")
    [line] = a.log.find(event="check")
    assert (line["check"], line["action"], line["helo"]) == (check, "refuse", bad)
    assert (line["peer"], line["sender"], line["recipient"]) == (STRANGER, "s@there.test", "r@here.test")
    assert line["reply"].startswith("550 5.7.1 ") and words in line["reply"]
    [refused] = a.log.find(event="refused")
    assert refused["cause"] == "helo_invalid"


@pytest.fixture
def mailboxes(abide, lab):
    """anna is there, full has no room; the checks as given."""
    def make(checks, **kw):
        x = lab(keep=True)
        a = abide(relay_from=(TRUSTED + "/32",), routes={"*": x.port}, extra=f"""
map "quota" {{ file = "QUOTA" }}
domain "here.test" {{ to = "127.0.0.1:{x.port}" recipients = {{"anna", "full", "postmaster"}} quota = "map:quota" }}
{checks}
""", begin=False, **kw)
        path = a.config.directory + "/quota"
        with open(path, "w") as f:
            f.write("full over\n")
        a.config.extra = a.config.extra.replace("QUOTA", path)
        a.start()
        return a
    return make


def test_who_is_there_is_a_check_with_exceptions(mailboxes):
    """By default nobody is taken who does not exist; an operator can let some through, to a scanner, say."""
    a = mailboxes("")
    assert [rcpt(a, "mx.there.test", recipient=r + "@here.test").code for r in ("anna", "nobody", "full")] == \
        [250, 550, 452]
    assert rcpt(a, "mx.there.test", source=TRUSTED, recipient="nobody@here.test").code == 550
    a.config.extra += ('check recipient { except = {"127.0.7.0/24", "@friend.test"} }\n'
                       'check quota { action = warn }\n')
    a.config.write()
    a.process.signal(1)
    a.log.wait(event="reloaded")
    assert rcpt(a, "mx.there.test", recipient="nobody@here.test").code == 550
    assert rcpt(a, "mx.there.test", recipient="nobody@here.test", source="127.0.7.1").code == 250
    assert rcpt(a, "mx.there.test", recipient="nobody@here.test", sender="s@friend.test").code == 250
    assert rcpt(a, "mx.there.test", recipient="full@here.test").code == 250
    wait_until(lambda: a.log.find(event="check", check="quota"), what="the log of the check")
    [line] = a.log.find(event="check", check="quota")
    assert line["action"] == "warn" and line["reply"].startswith("452 4.2.2 "), line


@pytest.mark.parametrize("first, second, code", [
    ("recipient", "helo_qualified", "5.1.1"), ("helo_qualified", "recipient", "5.7.1")])
def test_checks_are_asked_in_their_order(mailboxes, first, second, code):
    a = mailboxes(f"check {first} {{ }}\ncheck {second} {{ }}")
    assert rcpt(a, "localhost", recipient="nobody@here.test").lines[0].startswith(code)


def talk_early(a, recipient, source=STRANGER):
    """The replies to one who says EHLO before the greeting."""
    with Smtp(a.port, source=source, banner=False) as c:
        c.send("EHLO mx.there.test\r\n")
        codes = [c.read().code]
        if codes != [220]:
            return codes
        codes.append(c.read().code)
        return codes + [c.cmd(line).code for line in
                        ("MAIL FROM:<s@there.test>", f"RCPT TO:<{recipient}>", "QUIT")]


@pytest.mark.parametrize("check, codes", [
    ("", [521]), ("check early_talker { action = off }", [220, 250, 250, 250, 221]),
    ('check early_talker { except = {"127.0.0.0/8"} }', [220, 250, 250, 250, 221]),
    ('check early_talker { except = {"@other.test"} }', [220, 250, 250, 550, 221]),
    ('check early_talker { except = {"r@here.test"} }', [220, 250, 250, 250, 221]),
    ("check early_talker { action = warn }", [220, 250, 250, 250, 221])])
def test_early_talkers(abide, lab, check, codes):
    """Refused before the greeting, or, where exceptions name more than networks, with each recipient."""
    a, _ = checking(abide, lab, 'greeting { wait = "5s" }\n' + check)
    assert talk_early(a, "r@here.test") == codes
    if "warn" in check or "other" in check:
        wait_until(lambda: a.log.find(event="check", check="early_talker"), what="the log of the check")


def test_warning_refuses_nobody_and_tells_what_would_have_been(abide, lab):
    a, _ = checking(abide, lab, "check helo_qualified { action = warn }")
    assert rcpt(a, "localhost").code == 250
    wait_until(lambda: a.log.find(event="check"), what="the log of the check")
    [line] = a.log.find(event="check")
    assert line["action"] == "warn" and line["reply"].startswith("550 5.7.1 "), line
    assert not a.log.find(event="refused")
