"""Receiving: every verb, the order of commands, limits, pipelining, chunks, and nothing smuggled."""
import itertools
import re
import signal
import socket

import pytest

from harness.process import wait_until
from harness.smtp import Closed, Smtp

pytestmark = pytest.mark.backends

CONTENT = b"From: <s@src.example.test>\r\nSubject: a\r\n\r\nbody\r\n"


@pytest.fixture
def server(abide):
    """Takes mail, and keeps it: nothing listens where it would go."""
    return abide()


@pytest.fixture
def c(server):
    with server.client() as client:
        yield client


def test_greeting_and_what_is_offered(server, c):
    """A client decides by these lines what it may send; a wrong one loses 8-bit or large mail."""
    assert c.banner.code == 220 and c.banner.lines[0].startswith(server.config.hostname)
    e = c.extensions()
    assert {"PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "CHUNKING", "SIZE", "DSN"} <= set(e)
    assert e["SIZE"] == ["52428800"]
    assert not {"STARTTLS", "AUTH"} & set(e), "not there yet"
    assert len(c.expect("HELO client.example.test", 250).lines) == 1


def test_small_commands(c):
    """Monitoring and debugging people use them; each must answer as RFC 5321 says."""
    c.expect("NOOP", 250)
    c.ehlo()
    c.expect("NOOP with words", 250)
    c.expect("VRFY postmaster", 252)
    c.expect("EXPN list", 502)
    c.expect("HELP", 214)
    c.expect("help mail", 214)
    c.expect("RSET", 250)
    c.expect("WHAT is this", 500)
    c.expect("STARTTLS", 502)
    c.expect("AUTH PLAIN", 502)
    c.expect("eHlO x.example.test", 250)
    c.expect("QUIT", 221)
    assert c.at_end()


def test_enhanced_codes_agree_with_the_codes(c):
    """RFC 2034: senders decide by either; when they disagree mail is lost or kept for ever."""
    assert not re.match(r"\d\.\d", c.banner.lines[0])
    for line in ("NOOP", "MAIL FROM:<a@b.test>", "WHAT", "VRFY x", "HELP", "RSET"):
        r = c.cmd(line)
        for text in r.lines[:1]:
            m = re.match(r"(\d)\.\d{1,3}\.\d{1,3} ", text)
            assert m and int(m.group(1)) == r.code // 100, (line, r)
    for text in c.ehlo().lines:
        assert not re.match(r"\d\.\d\.\d", text)


def test_refusals_have_a_name_that_help_explains(c):
    """Whoever runs the other server sees nothing but our reply: it must lead to an explanation."""
    seen = set()
    for line in ("MAIL FROM:<a@b.test>", "RCPT TO:<a@b.test>", "WHAT", "DATA now", "EHLO", "VRFY"):
        r = c.cmd(line)
        m = re.search(r" \[([A-Z_]+)\]$", r.lines[-1])
        assert m and r.code >= 400, (line, r)
        told = c.expect(f"HELP {m.group(1).lower()}", 214)
        assert m.group(1) in told.lines[0] and len(told.lines) > 1, told
        assert all(x.startswith("2.0.0 ") for x in told.lines), told
        seen.add(told.text)
    assert len(seen) > 3, seen
    with_wait = c.expect("HELP GREYLISTED", 214)
    assert "first attempt" in with_wait.text, with_wait
    c.expect("HELP nothing", 504)
    c.expect("HELP REFUSED", 504)  # an event of delivery: never said


def test_help_names_the_page(abide):
    """Who reads mail logs has a browser at hand, and the same words stand there."""
    a = abide(extra='help_url = "https://mx.example.test/help.html#"')
    with a.client() as c:
        c.ehlo()
        told = c.expect("HELP GREYLISTED", 214)
    assert told.lines[-1] == "2.0.0 https://mx.example.test/help.html#GREYLISTED", told
    page = a.run("explain", "--page", "--lang", "en").stdout.decode()
    entry = page.split('id="GREYLISTED"')[1].split("<h2")[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    for line in told.lines[1:-1]:
        assert line.removeprefix("2.0.0 ").strip() in " ".join(entry.split()), (line, entry)


ORDER = [
    (["MAIL FROM:<a@b.test>"], 503, "MAIL before EHLO"),
    (["EHLO x", "RCPT TO:<a@b.test>"], 503, "RCPT before MAIL"),
    (["EHLO x", "DATA"], 503, "DATA before MAIL"),
    (["EHLO x", "MAIL FROM:<a@b.test>", "DATA"], 503, "DATA before RCPT"),
    (["EHLO x", "MAIL FROM:<a@b.test>", "MAIL FROM:<c@d.test>"], 503, "MAIL in MAIL"),
    (["EHLO x", "MAIL FROM:<a@b.test>", "RSET", "RCPT TO:<a@b.test>"], 503, "RSET forgets MAIL"),
    (["EHLO x", "MAIL FROM:<a@b.test>", "EHLO x", "RCPT TO:<a@b.test>"], 503, "EHLO forgets MAIL"),
    (["EHLO x", "MAIL FROM:<a@b.test>", "RCPT TO:<bad", "DATA"], 554, "DATA when all were refused"),
    (["EHLO"], 501, "EHLO without a name"),
    (["EHLO x", "DATA now"], 501, "DATA with an argument"),
    (["EHLO x", "RSET now"], 501, "RSET with an argument"),
    (["EHLO x", "MAIL FROM:<a@b.test>", "RCPT TO:<r@b.test>", "VRFY x", "NOOP", "RCPT TO:<s@b.test>"], 250,
     "VRFY and NOOP change nothing"),
]


@pytest.mark.parametrize("lines,code,why", ORDER, ids=[o[2].replace(" ", "_") for o in ORDER])
def test_order(c, lines, code, why):
    """Commands out of order are how a session is confused; all get 503, and state is kept."""
    for line in lines[:-1]:
        c.cmd(line)
    r = c.cmd(lines[-1])
    assert r.code == code, (why, r)


MAIL_PATHS = [
    ("<>", 250), ("<a@b.test>", 250), ("<A.B+c@B.test>", 250), ('<"a b\\"c"@b.test>', 250),
    ("<@relay.test,@x.test:a@b.test>", 250), ("<a@[127.0.0.1]>", 250), ("<a@[IPv6:::1]>", 250),
    (" <a@b.test>", None), ("<a@b.test> SIZE=1000", 250), ("<a@b.test> size=0", 250),
    ("<a@b.test> BODY=8BITMIME", 250), ("<a@b.test> BODY=7BIT SMTPUTF8", 250),
    ("<\u00fc@b.test> SMTPUTF8", 250), ("<a@b\u00fc.test> SMTPUTF8", 250),
    ("<a@b.test> RET=HDRS ENVID=a+2Bb", 250),
    ("<a@b.test> SIZE=52428801", 552), ("<a@b.test> SIZE=99999999999999999999", (501, 552)),
    ("<a@b.test> SIZE=x", 501), ("<a@b.test> BODY=9BIT", (501, 504)), ("<a@b.test> BODY=BINARYMIME", 504),
    ("<a@b.test> WHAT=x", 555), ("<a@b.test> WHAT", 555), ("<a@b.test> SIZE=1 SIZE=2", 501),
    ("<a@b.test> RET=ALL RET=HDRS", 501),
    ("<\u00fc@b.test>", (550, 553)), ("a@b.test", 501), ("<a@b.test", 501), ("<a b@b.test>", 501),
    ("<@b.test>", 501), ("<a@>", 501), ("<a@-b.test>", 501), ("<a@b..test>", 501), ("<.a@b.test>", 501),
    ("<a@b.test>x", 501), ("<" + "x" * 65 + "@b.test>", 501), ("<a@" + "x" * 64 + ".test>", 501),
    ("<a@[1.2.3]>", 501), ("<a@[IPv6:1::2::3]>", 501), ("", 501), ("<a@b.test>" + " A=b" * 100, 555),
]


def test_senders(server):
    """An address that is wrongly taken can never be answered; one wrongly refused loses mail."""
    wrong = []
    for path, codes in MAIL_PATHS:
        with server.client() as c:
            c.ehlo()
            got = c.cmd(f"MAIL FROM:{path}").code
            allowed = codes if isinstance(codes, tuple) else (codes,)
            if codes is None:
                allowed = (250, 501)  # RFC 5321 4.1.1.2 leaves the space to the server
            if got not in allowed:
                wrong.append((path, got, codes))
    assert not wrong


def test_recipients(server):
    """The same for recipients, and postmaster is always taken (RFC 5321 4.5.1)."""
    cases = [("<r@b.test>", 250), ("<postmaster>", 250), ("<PostMaster>", 250), ("<>", 501),
             ('<"quoted local"@b.test>', 250), ("<@a.test:r@b.test>", 250), ("<r@b.test> NOTIFY=NEVER", 250),
             ("<r@b.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;r+40b.test", 250),
             ("<r@b.test> NOTIFY=NEVER,FAILURE", 501), ("<r@b.test> ORCPT=x", 501), ("<r@b.test> SIZE=1", 555),
             ("<r>", (501, 553)), ("<r@b.test", 501), ("<\u00fc@b.test>", (550, 553))]
    wrong = []
    for path, codes in cases:
        with server.client() as c:
            c.ehlo()
            c.expect("MAIL FROM:<s@b.test>", 250)
            got = c.cmd(f"RCPT TO:{path}").code
            if got not in (codes if isinstance(codes, tuple) else (codes,)):
                wrong.append((path, got, codes))
    assert not wrong


def test_takes_a_message_and_says_its_id(server, c):
    """The id is what a user quotes and a postmaster searches for."""
    c.ehlo()
    ids = []
    for _ in range(3):
        r = c.mail(content=CONTENT)
        assert r.code == 250 and r.id, r
        ids.append(r.id)
        e = server.log.wait(event="accepted", id=r.id)
        assert e["sender"] == "s@src.example.test" and int(e["size"]) >= len(CONTENT)
    assert len(set(ids)) == 3
    assert {m["id"] for m in server.queue()} == set(ids)


def test_helo_and_null_sender(server, c):
    """Old clients and every bounce come so."""
    c.expect("HELO old.example.test", 250)
    assert c.mail(sender="", content=CONTENT).id


def test_received_field(abide, lab):
    """RFC 5321 4.4: without it a loop is never seen and nobody can follow a message."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    mid = a.send(content=CONTENT)
    got = x.content(x.wait_message())
    assert got.endswith(CONTENT)
    field = got[:-len(CONTENT)].decode()
    one = re.sub(r"\r\n[ \t]+", " ", field)
    assert one.count("\r\n") == 1 and one.startswith("Received: from client.example.test")
    assert "127.0.0.1" in one and f"by {a.config.hostname}" in one and "with ESMTP" in one
    assert f"id {mid}" in one and "for <r@example.test>" in one
    assert re.search(r"; (Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r\n$", one)
    assert all(len(line) <= 998 for line in field.split("\r\n"))
    a.send(content=CONTENT, recipients=["secret1@example.test", "secret2@example.test"])
    got = x.content(x.wait_message(2)[1])
    assert b"secret1@" not in got[:-len(CONTENT)], "`for` only where there is one recipient"


def test_loop_is_ended(server, c):
    """A message that circles would fill two servers until someone notices."""
    c.ehlo()
    hop = b"Received: from a by b; Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    assert c.mail(content=hop * 90 + CONTENT).code == 250
    r = c.mail(content=hop * 101 + CONTENT)
    assert r.code == 554 and "5.4.6" in r.text
    # By chunks it is told in the same words, in the middle of a large message too.
    c.envelope()
    r = c.bdat(hop * 101 + CONTENT, last=True)
    assert r.code == 554 and "through 101 servers, at most 100" in r.text, r
    c.envelope()
    r = c.bdat(hop * 101 + CONTENT + b"x" * 70 + b"\r\n" * 70000)
    assert r.code == 554 and "through 101 servers, at most 100" in r.text, r


def test_split_at_every_byte(server):
    """TCP may cut anywhere: a parser that minds loses mail from slow networks only."""
    with server.client() as c:
        c.send(b"EHLO x.example.test\r\n", 1)
        assert c.read().code == 250
        for line in (b"MAIL FROM:<s@src.test> SIZE=100\r\n", b"RCPT TO:<r@b.test>\r\n"):
            c.send(line, 1)
            assert c.read().code == 250
        assert c.data(CONTENT + b".\r\n..x\r\n", 1).code == 250


def test_pipelined_groups(server, c):
    """RFC 2920: replies come in order, and each recipient gets its own."""
    c.ehlo()
    c.send("MAIL FROM:<s@src.test>\r\nRCPT TO:<a@b.test>\r\nRCPT TO:<bad\r\nRCPT TO:<c@b.test>\r\nDATA\r\n")
    codes = [c.read().code for _ in range(5)]
    assert codes[2] in (501, 553) and codes[:2] + codes[3:] == [250, 250, 250, 354]
    c.send(CONTENT + b".\r\nMAIL FROM:<s@src.test>\r\nRCPT TO:<a@b.test>\r\nRSET\r\nQUIT\r\n")
    assert [c.read().code for _ in range(5)] == [250, 250, 250, 250, 221]


@pytest.mark.parametrize("group", [
    "DATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n", "EHLO y\r\nMAIL FROM:<a@b.test>\r\n"])
def test_commands_that_must_end_a_group(server, c, group):
    """What was written before the reply could be seen is how mail is smuggled: it is never taken."""
    c.ehlo()
    c.envelope()
    c.send(group)
    r = c.read()
    assert r.code in (503, 554), r
    try:
        while True:
            assert c.read().code >= 400
    except Closed:
        pass
    assert server.queue() == []


def test_harmless_commands_inside_a_group(server, c):
    """Nothing depends on the replies to NOOP and VRFY: a client that doesn't wait loses no session."""
    c.ehlo()
    c.send("NOOP\r\nVRFY x\r\nHELP\r\nMAIL FROM:<s@src.test>\r\nNOOP\r\nRCPT TO:<a@b.test>\r\nNOOP\r\nDATA\r\n")
    assert [c.read().code for _ in range(8)] == [250, 252, 214, 250, 250, 250, 250, 354]
    c.send(CONTENT + b".\r\nQUIT\r\n")
    assert [c.read().code for _ in range(2)] == [250, 221]


def test_talking_before_the_greeting(server):
    """Spam programs don't wait; and what they say must not be taken for commands after it."""
    with Smtp(server.port, banner=False) as c:
        c.send("EHLO early\r\nMAIL FROM:<a@b.test>\r\n")
        r = c.read()
        # The greeting may already be under way when the bytes arrive.
        assert r.code in (220, 421, 521)


BREAKS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\n\n", b"\0\r\n", b"\r\0\n", b"\r\n\0"]


@pytest.mark.parametrize("before", BREAKS, ids=[repr(b)[2:-1] for b in BREAKS])
def test_nothing_is_smuggled(server, before):
    """SMTP smuggling (CVE-2023-51764 and its kin): another end of data than ours forges mail."""
    for after in BREAKS:
        trick = b"body" + before + b"." + after
        if b"\r\n.\r\n" in trick:
            continue
        with server.client() as c:
            c.ehlo()
            c.envelope()
            c.expect("DATA", 354)
            c.send(b"Subject: x\r\n\r\n" + trick + b"MAIL FROM:<evil@b.test>\r\nRCPT TO:<e@b.test>\r\nDATA\r\n"
                   b"Subject: forged\r\n\r\nx\r\n.\r\n")
            r = c.read()
            assert 500 <= r.code < 600, (before, after, r)
            assert re.search(r"\b(CR|LF|NUL)\b", r.text), f"the reply doesn't say what is wrong: {r}"
            c.expect("NOOP", 250)
    assert server.queue() == []


@pytest.mark.parametrize("bad,word", [(b"a\rb", "CR"), (b"a\nb", "LF"), (b"a\0b", "NUL"), (b"a\r\r\nb", "CR")])
def test_flaws_anywhere_in_the_content(server, bad, word):
    """The reply names the flaw, so that the person whose program it is can mend it."""
    for content in (b"X: " + bad + b"\r\n\r\nx\r\n", b"X: y\r\n\r\nx" + bad + b"\r\n",
                    b"X: y\r\n\r\n" + b"z\r\n" * 30000 + bad + b"\r\n"):
        with server.client() as c:
            c.ehlo()
            c.envelope()
            c.expect("DATA", 354)
            c.send(content + b".\r\n")
            r = c.read()
            assert 500 <= r.code < 600 and word in r.text, r
            c.expect("RSET", 250)
            c.envelope()
            r = c.bdat(content, last=True)
            assert 500 <= r.code < 600 and word in r.text, r
    assert server.queue() == []


@pytest.mark.parametrize("line", [b"NOOP\n", b"NO\rOP\r\n", b"NO\0OP\r\n", b"MAIL FROM:<a@b.test>\nRCPT TO:<c@d.test>\r\n"])
def test_flaws_in_commands(server, c, line):
    """A line end that only we see would be another place to hide commands."""
    c.ehlo()
    c.send(line)
    assert c.read().code == 500
    # Whatever stands before the next CRLF belongs to the refused line; each piece may get its 500.
    c.send("NOOP\r\n")
    codes = []
    for last in (250, 503):
        while not codes or codes[-1] != last:
            codes.append(c.read().code)
            assert codes[-1] in (500, last) and len(codes) < 5, codes
            if codes == [500] and line == b"NOOP\n":
                c.send("NOOP\r\n")
        c.send("RCPT TO:<x@d.test>\r\n")


def test_bytes_that_are_no_text_in_commands(c):
    """Latin-1 in an address is nobody's address."""
    c.ehlo()
    assert 500 <= c.cmd(b"MAIL FROM:<\xfc@b.test> SMTPUTF8").code < 600
    c.expect("NOOP", 250)


def test_dots(abide, lab):
    """A dot lost or added at the start of a line breaks signatures and attachments."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    content = b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.x\r\nx.\r\n\r\n.\r\n"
    a.send(content=content)
    m = x.wait_message()
    assert x.content(m).endswith(content) and m["bare_cr"] == m["bare_lf"] == 0


def test_empty_and_headerless_contents(abide, lab):
    """cron and old programs send such; a byte is a message too."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    for i, content in enumerate([b"", b"x\r\n", b"\r\n", b"\r\nbody\r\n", b"no header at all\r\n"]):
        a.send(content=content, recipients=[f"r{i}@example.test"])
        assert x.content(x.wait_for(f"r{i}@example.test")).endswith(content)


def test_size_limits(abide):
    """A sender must learn at once that a message is too big, and an unannounced one must not fill the disk."""
    a = abide(limits="message_size = 100000")
    with a.client() as c:
        assert c.extensions()["SIZE"] == ["100000"]
        assert c.cmd("MAIL FROM:<a@b.test> SIZE=100001").code == 552
        assert c.mail(content=b"x" * 70 + b"\r\n" + b"y\r\n" * 30000, params=" SIZE=99000").code == 250
        r = c.mail(content=b"y\r\n" * 50000)
        assert r.code == 552 and "5.3.4" in r.text
        c.envelope()
        assert c.bdat(b"y\r\n" * 50000, last=True).code == 552
        c.cmd("RSET")
        assert c.mail(content=CONTENT).code == 250


def test_recipient_limit(abide):
    """452 4.5.3 makes the client send the rest in another transaction; 5yz would bounce it."""
    a = abide(limits="recipients = 1000")
    with a.client() as c:
        c.ehlo()
        c.expect("MAIL FROM:<s@b.test>", 250)
        c.send("".join(f"RCPT TO:<r{i}@b.test>\r\n" for i in range(1001)))
        codes = [c.read().code for _ in range(1001)]
        assert codes[:1000] == [250] * 1000 and codes[1000] == 452
        assert c.data(CONTENT).code == 250
    assert len(a.queue()[0]["recipients"]) == 1000


def test_long_lines(server, c):
    """Lines: 998 octets go through, more are refused and nothing else breaks."""
    c.ehlo()
    assert c.mail(content=b"X: y\r\n\r\n" + b"a" * 998 + b"\r\n").code == 250
    r = c.mail(content=b"X: y\r\n\r\n" + b"a" * 999 + b"\r\n")
    assert r.code == 554 and "998" in r.text
    assert c.mail(content=b"X: y\r\n\r\n" + b"a" * 300000 + b"\r\n").code == 554
    c.expect("NOOP " + "x" * 400, 250)
    assert c.cmd("NOOP " + "x" * 100000).code == 500
    c.expect("NOOP", 250)


def test_too_many_errors_and_commands(abide):
    """Someone who only guesses is sent away, and told why."""
    a = abide(limits="errors = 5 commands_without_mail = 10")
    for line, most in (("WHAT", 8), ("NOOP", 14)):
        with a.client() as c:
            c.ehlo()
            codes = []
            try:
                for _ in range(3 * most):
                    c.send(line + "\r\n")
                    codes.append(c.read().code)
                    if codes[-1] != codes[0]:
                        break
            except (Closed, OSError):
                pass
            assert codes[-1] == 421 and len(codes) <= most, codes


def test_time_limits(abide):
    """A client that went away must not hold a session for ever, and one that stays is told why."""
    a = abide(timeouts='idle = "1s" body = "1s"')
    with a.client() as c:
        c.ehlo()
        r = c.read()
        assert r.code == 421 and c.at_end()
    with a.client() as c:
        c.ehlo()
        c.envelope()
        c.expect("DATA", 354)
        c.send("Subject: half\r\n")
        r = c.read()
        assert r.code == 421 and c.at_end()
    assert a.queue() == []


def test_session_limits(abide):
    """One client, or one network, must not shut out all others."""
    a = abide(limits="sessions = 3")
    clients = [a.client() for _ in range(3)]
    assert [x.banner.code for x in clients] == [220] * 3
    with a.client() as c:
        assert c.banner.code == 421 and c.at_end()
    for x in clients:
        x.expect("QUIT", 221)
        x.close()

    def taken_again():
        with a.client() as c:
            return c.banner.code == 220
    wait_until(taken_again, what="a free session")
    b = abide(limits="sessions_per_network = 2")
    clients = [b.client() for _ in range(2)]
    with b.client() as c:
        assert c.banner.code == 421
    with b.client(source="127.1.2.3") as c:
        assert c.banner.code == 220
    for x in clients:
        x.close()


def test_relaying_is_denied(abide):
    """An open relay is on every block list within a day."""
    a = abide(relay_from=["192.0.2.0/24"], extra='domain "home.test" { to = "127.0.0.1:9" }')
    with a.client() as c:
        c.ehlo()
        c.expect("MAIL FROM:<a@b.test>", 250)
        r = c.cmd("RCPT TO:<x@elsewhere.test>")
        assert r.code == 550 and "5.7.1" in r.text
        c.expect("RCPT TO:<x@home.test>", 250)
        c.expect("RCPT TO:<x@HOME.test>", 250)
        assert c.cmd("RCPT TO:<x@sub.home.test>").code == 550
        assert c.cmd("RCPT TO:<x%elsewhere.test@elsewhere.test>").code == 550
        c.expect("RCPT TO:<@elsewhere.test:x@home.test>", 250)
        assert c.data(CONTENT).code == 250


def test_chunks(abide, lab):
    """BDAT carries bytes as they are: a dot taken off would change the message."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    content = b"Subject: chunks\r\n\r\n.one\r\n..\r\n.\r\n" + b"line\r\n" * 20000
    with a.client() as c:
        c.ehlo()
        c.envelope()
        for i in range(0, len(content), 7001):
            assert c.bdat(content[i:i + 7001]).code == 250
        r = c.bdat(b"", last=True)
        assert r.code == 250 and r.id
    assert x.content(x.wait_message()).endswith(content)


def test_chunks_cut_everywhere(server, c):
    """A CRLF parted by two chunks is still a CRLF, and a chunk may come in any pieces."""
    c.ehlo()
    c.envelope()
    for i, byte in enumerate(CONTENT):
        assert c.bdat(bytes([byte]), last=i == len(CONTENT) - 1).code == 250
    c.envelope()
    c.send(b"BDAT %d LAST\r\n" % len(CONTENT) + CONTENT, 1)
    assert c.read().id
    c.envelope()
    c.send(b"BDAT 10\r\nSubject: xBDAT 6 LAST\r\n\r\n\r\nx\rNOOP\r\n")
    codes = [c.read().code for _ in range(3)]
    assert codes[0] == 250 and 500 <= codes[1] < 600 and codes[2] == 250, "a CR that ends the content alone"


def test_chunks_out_of_order(server):
    """After a failed chunk everything else of that message is thrown away, never taken for commands."""
    with server.client() as c:
        c.ehlo()
        assert c.bdat(b"RSET\r\nQUIT\r\n", last=True).code == 503
        c.expect("NOOP", 250)
        c.envelope()
        assert c.bdat(b"X: y\r\n").code == 250
        assert c.cmd("DATA").code == 503
        assert c.cmd("MAIL FROM:<a@b.test>").code == 503
        assert c.bdat(b"\r\nx\r\n", last=True).code == 250
        c.envelope()
        c.send(b"BDAT 3\r\na\nbBDAT 5\r\nQUIT\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
        codes = [c.read().code for _ in range(4)]
        assert 500 <= codes[0] < 600 and codes[1] == codes[2] == 503 and codes[3] == 250
    for line in ("BDAT", "BDAT x", "BDAT -1", "BDAT 5 FIRST", "BDAT 99999999999999999999 LAST"):
        with server.client() as c:
            c.ehlo()
            c.envelope()
            assert 500 <= c.cmd(line).code < 600


def test_utf8_addresses(abide, lab):
    """Somebody whose name isn't ASCII gets mail too."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    sender, rcpt = "jürgen@bücher.test", "用户@例え.test"
    content = "Subject: grüße\r\n\r\nüß\r\n".encode()
    a.send(sender, [rcpt], content, " SMTPUTF8 BODY=8BITMIME")
    m = x.wait_message()
    assert m["mail"] == sender and m["rcpts"] == [rcpt]
    assert "SMTPUTF8" in m["params"] and x.content(m).endswith(content)


def test_one_domain_in_two_spellings(abide, lab):
    """RFC 5890 2.3.2.4: U-label and A-label are one name. Who writes to grün is not told that relaying is denied."""
    x = lab(keep=True)
    ascii_form, other = "xn--grn-ioa.test", "xn--bcher-kva.test"
    a = abide(relay_from=("127.0.9.9/32",), routes={"bücher.test": x.port, "*": 9}, extra=f"""
domain "grün.test" {{ to = "127.0.0.1:{x.port}" recipients = {{"anna"}} }}\n""")
    with a.client() as c:
        c.ehlo()
        for to in (f"anna@{ascii_form}", "anna@grün.test", "anna@GRÜN.test", "anna@gru\u0308n.test", "ANNA@grün.test"):
            c.expect("MAIL FROM:<s@src.test> SMTPUTF8", 250)
            c.expect(f"RCPT TO:<{to}>", 250)
            c.expect("RSET", 250)
        c.expect("MAIL FROM:<s@src.test> SMTPUTF8", 250)
        assert c.cmd("RCPT TO:<bert@grün.test>").text.startswith("5.1.1 ")
        assert c.cmd("RCPT TO:<anna@grun.test>").text.startswith("5.7.1 ")
        for to in ("anna@grün.test", f"anna@{ascii_form}"):  # one recipient, named twice
            c.expect(f"RCPT TO:<{to}>", 250)
        assert c.data(CONTENT).code == 250
    assert x.wait_message()["rcpts"] == [f"anna@{ascii_form}"]
    # What goes on keeps the form that it came in.
    with a.client(source="127.0.9.9") as c:
        c.ehlo()
        for to in ("r@bücher.test", f"r@{other}"):
            assert c.mail(recipients=[to], content=CONTENT, params=" SMTPUTF8").code == 250
            x.wait_for(to)


def test_client_that_leaves_half_way(server):
    """What had no final dot was never sent; nothing of it may stay."""
    for cut in (b"", b"Subject: x\r\n", b"Subject: x\r\n\r\nbody\r\n.", b"Subject: x\r\n\r\nbody\r\n.\r"):
        with server.client() as c:
            c.ehlo()
            c.envelope()
            c.expect("DATA", 354)
            c.send(cut)
    with server.client() as c:
        c.ehlo()
        c.envelope()
        c.expect("DATA", 354)
        c.send(b"Subject: x\r\n\r\n" + b"z\r\n" * 100000)
    with server.client() as c:
        c.ehlo()
        c.sock.shutdown(socket.SHUT_WR)
        assert c.at_end()
    assert server.queue() == []
    server.audit()


def test_shutting_down_is_said(abide):
    """A client that is told 421 tries again at once elsewhere; one that is cut off waits."""
    a = abide()
    with a.client() as idle, a.client() as busy:
        idle.ehlo()
        busy.ehlo()
        busy.envelope()
        busy.expect("DATA", 354)
        busy.send(b"Subject: the last\r\n")
        a.process.signal(signal.SIGTERM)
        assert idle.read().code == 421 and idle.at_end()
        busy.send(b"\r\nx\r\n.\r\n")
        r = busy.read()
        assert r.code == 250 and r.id, "a running transaction may end"
        assert busy.read().code == 421
    assert a.process.stop() == 0
    assert [m["id"] for m in a.queue()] == [r.id]


def test_no_pair_of_commands_kills_a_session(server):
    """Every order of two commands after a transaction has begun gets two replies and no crash."""
    verbs = ["EHLO x", "HELO x", "MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>", "RSET", "NOOP", "VRFY x",
             "HELP", "BDAT 0", "BDAT 0 LAST", "EXPN x", "JUNK"]
    pids = server.all_pids()
    for a, b in itertools.product(verbs, verbs):
        with server.client() as c:
            c.ehlo()
            c.envelope()
            for line in (a, b):
                assert 200 <= c.cmd(line).code < 600
            c.expect("QUIT", 221)
    assert server.all_pids() == pids
