"""The lab itself: what these tests protect is the ruler that all other scenarios measure with."""
import hashlib
import os
import signal
import smtplib
import subprocess
import time

import pytest

from harness.process import Process, parse_log_line
from harness.smtp import Closed, Smtp

CONTENT = b"Subject: lab\r\n\r\n.dots\r\n..\r\nend\r\n"


def talk(lab):
    c = Smtp(lab.port)
    c.ehlo()
    return c


def test_log_lines_are_parsed():
    """A test that misreads a log line would pass or fail for no reason."""
    line = r'time=x level=info event=deferred reply="451 4.7.1 \"a b\" \\ \x07" n=3 empty=""'
    assert parse_log_line(line) == {"time": "x", "level": "info", "event": "deferred", "n": "3",
                                    "reply": '451 4.7.1 "a b" \\ \x07', "empty": ""}
    assert parse_log_line("Segmentation fault") is None


def test_takes_and_records_byte_for_byte(lab):
    """Without it nobody could say that a message arrived unchanged."""
    x = lab(keep=True)
    with talk(x) as c:
        assert c.mail("s@a.test", ["r1@b.test", '"a b>c"@b.test'], CONTENT, " BODY=8BITMIME").code == 250
        c.expect("QUIT", 221)
    m = x.wait_message()
    assert m["mail"] == "s@a.test" and m["params"] == "BODY=8BITMIME"
    assert m["rcpts"] == ["r1@b.test", '"a b>c"@b.test']
    assert m["size"] == len(CONTENT)
    assert m["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert m["body_sha256"] == hashlib.sha256(CONTENT.split(b"\r\n\r\n", 1)[1]).hexdigest()
    assert (m["bare_cr"], m["bare_lf"], m["nul"], m["early"]) == (0, 0, 0, 0)
    assert x.content(m) == CONTENT
    bye = x.out.wait(event="disconnect")
    assert bye["quit"] is True and bye["messages"] == 1 and bye["commands"] == 6


def test_split_at_every_byte_is_the_same(lab):
    """A message cut by the network in another place must not count as changed."""
    x = lab()
    with talk(x) as c:
        c.send(b"MAIL FROM:<s@a.test>\r\n", 1)
        assert c.read().code == 250
        c.send(b"RCPT TO:<r@a.test>\r\n", 1)
        assert c.read().code == 250
        assert c.data(CONTENT, 1).code == 250
    assert x.wait_message()["sha256"] == hashlib.sha256(CONTENT).hexdigest()


def test_bdat_keeps_bytes_as_they_are(lab):
    """Chunks aren't dot-stuffed: unstuffing them would hide a client's mistake."""
    x = lab()
    with talk(x) as c:
        c.envelope()
        assert c.bdat(b"Subject: a\r\n\r\n..two").code == 250
        assert c.bdat(b" dots\n", last=True).code == 250
        assert c.bdat(b"none", last=True).code == 503
    m = x.wait_message()
    assert m["size"] == 25 and m["bdat"] and m["bare_lf"] == 1


def test_pipelined_group(lab):
    """The lab must serve a pipelining client, or half of deliver goes untested."""
    x = lab()
    with talk(x) as c:
        c.send("MAIL FROM:<s@a.test>\r\nRCPT TO:<a@a.test>\r\nRCPT TO:<451-rcpt@a.test>\r\n"
               "RCPT TO:<reject@a.test>\r\nDATA\r\n")
        assert [c.read().code for _ in range(5)] == [250, 250, 451, 550, 354]
        c.send(b"x\r\n.\r\nQUIT\r\n")
        assert [c.read().code for _ in range(2)] == [250, 221]
    assert x.wait_message()["rcpts"] == ["a@a.test"]
    assert {r["code"] for r in x.refused(stage="rcpt")} == {451, 550}


@pytest.mark.parametrize("stage,code", [
    ("helo", 451), ("mail", 451), ("rcpt", 451), ("data", 451), ("eod", 451), ("quit", 451),
    ("rset", 451), ("noop", 500), ("mail", 250), ("rcpt", 550), ("eod", 554), ("data", 999)])
def test_any_code_at_any_stage(lab, stage, code):
    """Each reply code that abide must survive has to be sayable."""
    x = lab(f"{code}-{stage}=4.7.1 as told")
    with Smtp(x.port) as c:
        got = {}
        for name, line in (("helo", "EHLO x"), ("noop", "NOOP"), ("rset", "RSET"), ("mail", "MAIL FROM:<a@b.c>"),
                           ("rcpt", "RCPT TO:<a@b.c>"), ("data", "DATA"), ("eod", "hi\r\n."), ("quit", "QUIT")):
            c.send(line + "\r\n")
            raw = c.read_line()
            while raw[3:4] == b"-":
                raw = c.read_line()
            got[name] = raw
            if name == stage:
                break
        assert got[stage] == f"{code:03d} 4.7.1 as told\r\n".encode()
    if code >= 400 and stage in ("helo", "mail", "rcpt", "data", "eod"):
        assert x.out.wait(event="refused", stage=stage)["code"] == code
    x.out.wait(event="disconnect")
    assert len(x.messages()) == (stage == "quit")


def test_421_closes_and_says_so(lab):
    """421 at any point is the commonest surprise of real servers."""
    for stage in ("connect", "helo", "mail"):
        x = lab(f"421-{stage}")
        with Smtp(x.port) as c:
            r = c.banner
            if stage != "connect":
                r = c.cmd("EHLO x")
            if stage == "mail":
                r = c.cmd("MAIL FROM:<a@b.c>")
            assert r.code == 421 and c.at_end()


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("stage", ["connect", "helo", "mail", "rcpt", "data", "eod"])
def test_ends_without_a_reply(lab, how, stage):
    """A connection that just ends must be distinguishable from a refusal at each stage."""
    x = lab(f"{how}-{stage}")
    with pytest.raises((Closed, ConnectionResetError)), Smtp(x.port) as c:
        c.ehlo()
        c.mail()
    x.out.wait(event="refused", stage=stage, code=0)
    assert x.messages() == []


def test_taken_but_never_answered(lab):
    """`maybe delivered` can only be tested with a server that took the message and vanished."""
    x = lab()
    for name in ("take-close", "take-reset"):
        with talk(x) as c:
            c.envelope(recipients=[f"{name}@a.test"])
            with pytest.raises(Closed):
                c.data(CONTENT)
        m = x.wait_for(f"{name}@a.test")
        assert m["answered"] is False
    with talk(x) as c:
        assert c.mail(recipients=["take-451@a.test"]).code == 451
    assert x.wait_for("take-451@a.test")["answered"] is True


def test_close_after_reply(lab):
    """A peer that closes after its 250 has taken the message: repeating it would be a duplicate."""
    x = lab("close-after-eod")
    with talk(x) as c:
        assert c.mail().code == 250
        assert c.at_end()
    assert len(x.messages()) == 1


@pytest.mark.parametrize("how,end", [("close-body-2000", Closed), ("reset-body-2000", (Closed, OSError))])
def test_ends_in_the_middle_of_the_content(lab, how, end):
    """Where the content isn't whole nothing was taken, and the client must learn it."""
    x = lab(how)
    with talk(x) as c:
        c.envelope()
        with pytest.raises(end):
            c.data(b"x" * 78 + b"\r\n" + b"y\r\n" * 100000)
    x.out.wait(event="refused", stage="body")


def test_421_in_the_middle_of_the_content(lab):
    """The reply comes while the client still writes; who only writes never reads it."""
    x = lab("421-body-100")
    with talk(x) as c:
        c.envelope()
        c.expect("DATA", 354)
        c.send(b"x" * 200)
        assert c.read().code == 421


@pytest.mark.parametrize("stage", ["connect", "helo", "mail", "rcpt", "data", "eod"])
def test_hangs_until_the_client_goes(lab, stage):
    """Time-outs of abide are tested with this silence."""
    x = lab(f"hang-{stage}")
    with Smtp(x.port, timeout=0.3, banner=False) as c, pytest.raises(TimeoutError):
        c.read()
        c.ehlo()
        c.mail()
    x.out.wait(event="disconnect")
    assert x.messages() == []


def test_hang_is_bounded(lab):
    """A lab that never lets go would keep a whole test run waiting."""
    x = lab("hang-connect", args=["--max-time", "1"])
    with Smtp(x.port, banner=False) as c:
        assert c.at_end()


GREY = [("postgrey", 450, "come back in 00:00:0"), ("hms", 451, "please come back in 00:00:0"),
        ("seconds", 450, "Greylisted for "), ("minutes", 451, "in 1 minutes"),
        ("unstated", 451, "try again later")]


@pytest.mark.parametrize("style,code,text", GREY)
def test_greylists_by_triple(lab, style, code, text):
    """The main job of abide is tried against this."""
    x = lab()
    rcpt = f"greylist-2-{style}@a.test"
    with talk(x) as c:
        for sender in ("s1@a.test", "s2@a.test"):
            c.expect(f"MAIL FROM:<{sender}>", 250)
            r = c.cmd(f"RCPT TO:<{rcpt}>")
            assert r.code == code and text in r.text
            c.expect("RSET", 250)
        deadline = time.monotonic() + 20
        while True:
            c.expect("MAIL FROM:<s1@a.test>", 250)
            if c.cmd(f"RCPT TO:<{rcpt}>").code == 250:
                break
            c.expect("RSET", 250)
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert c.data(CONTENT).code == 250
    first = x.refused(rcpt=rcpt)[0]
    assert x.wait_for(rcpt)["mono"] - first["mono"] >= 2


def test_first_tries_fail(lab):
    """Schedules are tested by counting tries, not by the clock."""
    x = lab()
    with talk(x) as c:
        for code in (451, 451, 250):
            c.expect("MAIL FROM:<s@a.test>", 250)
            assert c.cmd("RCPT TO:<tempfail-2@a.test>").code == code
            c.expect("RSET", 250)
        for code in (451, 250):
            assert c.mail(recipients=["tempfail-1-eod@a.test"]).code == code
    assert len(x.messages()) == 1


def test_recipient_fates_are_mixed(lab):
    """Each recipient has its own fate; a client that takes the last for all loses mail."""
    x = lab("mixed")
    with talk(x) as c:
        c.expect("MAIL FROM:<s@a.test>", 250)
        assert [c.cmd(f"RCPT TO:<r{i}@a.test>").code for i in range(6)] == [250, 451, 550] * 2
        assert c.data(CONTENT).code == 250
    assert x.wait_message()["rcpts"] == ["r0@a.test", "r3@a.test"]


def test_one_recipient_does_not_change_the_next(lab):
    """A refusal that sticks to the session would look like a bug of abide."""
    x = lab()
    with talk(x) as c:
        c.expect("MAIL FROM:<s@a.test>", 250)
        codes = [c.cmd(f"RCPT TO:<{r}@a.test>").code
                 for r in ("451-rcpt", "a", "reject", "b", "greylist-9", "c", "451-data")]
        assert codes == [451, 250, 550, 250, 450, 250, 250]
        c.expect("DATA", 451)
        c.expect("RSET", 250)
        assert c.mail().code == 250


def test_limits(lab):
    """Recipients, messages, sizes and sessions: each has servers that limit it."""
    x = lab("rcpts-2,messages-1,size-100")
    with talk(x) as c:
        c.expect("MAIL FROM:<s@a.test>", 250)
        assert [c.cmd(f"RCPT TO:<r{i}@a.test>").code for i in range(3)] == [250, 250, 452]
        assert c.data(b"x\r\n").code == 250
        assert c.cmd("MAIL FROM:<s@a.test>").code == 421
    with talk(x) as c:
        assert c.cmd("MAIL FROM:<s@a.test> SIZE=101").code == 552
        c.envelope()
        assert c.data(b"x" * 200 + b"\r\n").code == 552


def test_throttles_sessions(lab):
    """421 to the third connection, as a busy provider says it."""
    x = lab("throttle-2")
    with talk(x) as a, talk(x) as b:
        with Smtp(x.port) as c:
            assert c.banner.code == 421 and c.at_end()
        assert a.cmd("NOOP").code == b.cmd("NOOP").code == 250


def test_idle_sessions_get_421(lab):
    """A kept connection may have been closed by the peer just before it is used again."""
    x = lab("idle-200")
    with talk(x) as c:
        assert c.read().code == 421 and c.at_end()


def test_extensions_offered_hidden_and_lied_about(lab):
    """What a peer offers decides what abide may send it."""
    full = {"PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "SIZE"}
    with Smtp(lab().port) as c:
        assert set(c.extensions()) == full
    with Smtp(lab("no-pipelining,no-8bitmime,size-77").port) as c:
        e = c.extensions()
        assert set(e) == full - {"PIPELINING", "8BITMIME"} and e["SIZE"] == ["77"]
    with Smtp(lab("no-extensions").port) as c:
        assert c.extensions() == {}
    with Smtp(lab("lie-extensions").port) as c:
        assert set(c.extensions()) == full
        assert c.cmd("MAIL FROM:<a@b.c> SIZE=1").code == 555
        assert c.cmd("MAIL FROM:<a@b.c> BODY=8BITMIME").code == 555
    with Smtp(lab("no-ehlo-502").port) as c:
        assert c.cmd("EHLO x").code == 502
        assert c.cmd("HELO x").code == 250
        assert c.mail().code == 250


def test_lie_about_pipelining_drops_what_was_pipelined(lab):
    """Some middleboxes do: a client that waits for the lost replies waits for ever."""
    x = lab("lie-pipelining")
    with talk(x) as c:
        c.send("MAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n")
        assert c.read().code == 250
        assert c.cmd("NOOP").code == 250


def test_early_commands_are_counted(lab):
    """A client that pipelines to a server that never offered it breaks old servers."""
    x = lab("no-pipelining")
    with talk(x) as c:
        c.send("MAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\n")
        c.read(), c.read()
        c.send("DATA\r\nx\r\n")
        c.read()
        c.send(".\r\n")
        c.read()
    assert x.wait_message()["early"] == 3


def test_data_without_recipients(lab):
    """354 after every recipient was refused: the lone dot must follow, and nothing was sent."""
    with talk(lab()) as c:
        c.expect("MAIL FROM:<a@b.c>", 250)
        c.expect("DATA", 554)
    with talk(lab("anyway")) as c:
        c.expect("MAIL FROM:<a@b.c>", 250)
        assert c.data(b"").code == 554


SHAPES = {
    "multiline": b"250-2.0.0 Ok (line 1)\r\n250-2.0.0 Ok (line 2)\r\n250 2.0.0 Ok\r\n",
    "multiline-5": None,
    "codeonly": b"250\r\n",
    "notext": b"250 \r\n",
    "nul": b"250 a\0b\0\r\n",
    "eightbit": b"250 gr\xfc\xdf dich \xc3\xa9 \xff\xfe\x80\r\n",
    "lf": b"250 2.0.0 Ok\n",
    "mixedcodes": b"451-2.0.0 Ok (line 1)\r\n451-2.0.0 Ok (line 2)\r\n250 2.0.0 Ok\r\n",
    "twodigit": b"25 2.0.0 Ok\r\n",
    "nocode": b"2.0.0 Ok\r\n",
    "twice": b"250 2.0.0 Ok\r\n250 2.0.0 Nobody asked for this reply\r\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_replies(lab, shape):
    """Replies are hostile input: each of these has broken a mail server somewhere."""
    name, _, n = shape.partition("-")
    x = lab(f"{name}-noop{'-' + n if n else ''}")
    with talk(x) as c:
        c.send("NOOP\r\nQUIT\r\n")
        got = b""
        while not got.endswith(b"221 2.0.0 Bye\r\n"):
            got += c.read_line()
    got = got[:-len(b"221 2.0.0 Bye\r\n")]
    if SHAPES[shape] is None:
        assert got.count(b"\r\n") == 5 and got.count(b"250-") == 4
    else:
        assert got == SHAPES[shape]


def test_a_line_of_a_megabyte(lab):
    """What a reply may cost in memory must not be the peer's choice."""
    with talk(lab("longline-noop")) as c:
        c.send("NOOP\r\n")
        line = c.read_line()
        assert len(line) == 4 + 1024 * 1024 + 2 and line.startswith(b"250 xxx")


@pytest.mark.parametrize("shape", ["endless", "endlessline"])
def test_endless_replies(lab, shape):
    """Nor may the end of a reply be the peer's choice."""
    with talk(lab(f"{shape}-noop", args=["--max-time", "30"])) as c:
        c.send("NOOP\r\n")
        got = 0
        while got < 4 << 20:
            got += len(c.sock.recv(65536))


def test_bytewise_and_slow(lab):
    """A reply in many packets is one reply."""
    for spec in ("bytewise", "bytewise-1", "slow-100000"):
        with talk(lab(spec)) as c:
            assert c.mail().code == 250


def test_raw_bytes(lab):
    """What has no name can still be said."""
    x = lab('raw-noop="250-a\\r\\n550 b\\x00\\r\\n"')
    with talk(x) as c:
        c.send("NOOP\r\n")
        assert c.read_line() + c.read_line() == b"250-a\r\n550 b\0\r\n"


def test_behaviours_from_a_file(lab, directory):
    """A site with its own rules is described once, not in each address."""
    path = os.path.join(directory, "rules")
    with open(path, "w") as f:
        f.write('# a site\nsession no-chunking\n*@full.test 452-rcpt="4.2.2 Mailbox full"\n'
                "sender:*@bad.test 550-mail\n")
    with talk(lab(path)) as c:
        assert c.cmd("MAIL FROM:<a@bad.test>").code == 550
        c.expect("MAIL FROM:<a@good.test>", 250)
        r = c.cmd("RCPT TO:<x@FULL.test>")
        assert (r.code, r.text) == (452, "4.2.2 Mailbox full")


def test_plain_ignores_names(lab):
    """A sink for load must take whatever it gets."""
    with talk(lab(args=["--plain"])) as c:
        assert c.mail(recipients=["reject@a.test"]).code == 250


def test_wrong_behaviour_and_usage(binary, directory):
    """A misspelt name must not be a friendly server."""
    def status(*argv):
        return subprocess.run([binary, "lab", *argv], capture_output=True, timeout=10, check=False)
    done = status("--listen", "127.0.0.1:0", "--behaviour", "gryelist-5")
    assert done.returncode == 64 and b"gryelist-5" in done.stderr
    assert status().returncode == 64
    assert status("--listen", "nowhere").returncode == 64
    path = os.path.join(directory, "rules")
    with open(path, "w") as f:
        f.write("a@b accept\na@c noidea\n")
    done = status("--listen", "127.0.0.1:0", "--behaviour", path)
    assert done.returncode == 78 and f"{path}:2:".encode() in done.stderr
    done = status("--list")
    assert done.returncode == 0 and b"greylist-N" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly(lab, number):
    """`make run` ends it with Ctrl-C; sessions that hang must not keep it."""
    x = lab("hang-helo")
    with Smtp(x.port) as c:
        c.send("EHLO x\r\n")
        x.out.wait(event="connect")
        x.signal(number)
        assert x.popen.wait(10) == 0
    assert x.log.find(event="stopped")


def test_record_file_is_appended_to(binary, started, directory):
    """Several labs may write one record, and a second run keeps the first's."""
    path = os.path.join(directory, "record")
    for _ in range(2):
        p = Process([binary, "lab", "--listen", "127.0.0.1:0", "--record", path], "lab")
        started.append(p)
        with Smtp(int(p.log.wait(event="ready")["port"])) as c:
            c.ehlo()
            c.mail()
        p.stop()
    with open(path) as f:
        assert sum('"event":"message"' in line for line in f) == 2


def test_a_thousand_sessions_at_once(lab):
    """abide's parallel deliveries must not be limited by the ruler."""
    x = lab()
    clients = [Smtp(x.port) for _ in range(1000)]
    try:
        for c in clients:
            c.send("EHLO x\r\n")
        for c in clients:
            c.read()
        assert all(c.mail().code == 250 for c in clients[::50])
    finally:
        for c in clients:
            c.close()
    x.wait_message(20)


def test_smtplib_and_swaks(lab):
    """Clients that others wrote understand the lab."""
    x = lab(keep=True)
    with smtplib.SMTP("127.0.0.1", x.port, timeout=20) as s:
        assert s.sendmail("a@b.test", ["c@d.test"], "Subject: x\n\n.y\n") == {}
    assert x.content(x.wait_for("c@d.test")) == b"Subject: x\r\n\r\n.y\r\n"
    done = subprocess.run(["swaks", "--server", f"127.0.0.1:{x.port}", "--from", "a@b.test", "--to", "e@d.test"],
                          stdout=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    x.wait_for("e@d.test")
