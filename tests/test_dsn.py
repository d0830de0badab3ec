"""What a sender is told of his mail: as he asked for it, once, and in words that help."""
import email
import email.policy
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from datetime import datetime

import pytest

from conftest import BUILD
from conformance.servers import EximServer, PostfixServer
from harness.peers import Sendmail, need_root, program
from harness.smtp import Smtp

ABIDE = os.path.join(BUILD, "abide")
QUICK = 'first = "1s" max = "1s" notice_after = "1s"'


def mail(c, to, rcpt="", params="", sender="s@home.test", content=b"Subject: x\r\n\r\ny\r\n"):
    c.ehlo()
    assert c.cmd(f"MAIL FROM:<{sender}>{params}").code == 250
    for one in [to] if isinstance(to, str) else to:
        assert c.cmd(f"RCPT TO:<{one}>{rcpt}").code == 250
    assert c.data(content).code == 250


def notice(x, message):
    """The mail as Python's own parser has it."""
    return email.message_from_bytes(x.content(message), policy=email.policy.SMTP)


def fields(m):
    """The fields of each recipient of a report."""
    status = next(p for p in m.walk() if p.get_content_type().endswith("delivery-status"))
    blocks = status.get_payload()
    if isinstance(blocks, list):
        return [dict(b.items()) for b in blocks[1:]]
    return [dict(email.message_from_string(b).items()) for b in blocks.strip().split("\n\n")[1:]]


def explain(x, message):
    """What abide's own reader makes of it."""
    done = subprocess.run([ABIDE, "explain", "--json", "--bounce", "-"], input=x.content(message),
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def words(m, kind="plain"):
    return m.get_body(preferencelist=(kind,)).get_content()


def test_failed_and_relayed_in_one_report(abide, lab):
    """Two letters for one mail, or none of the second recipient."""
    x = lab("no-dsn", keep=True)
    a = abide(routes={"*": x.port})
    with a.client() as c:
        mail(c, ["550-rcpt+gone@dst.test", "there@dst.test"], " NOTIFY=SUCCESS,FAILURE", " ENVID=Q+2Bx RET=HDRS")
    got = x.wait_for("s@home.test")
    m = notice(x, got)
    assert got["mail"] == "" and m.get_content_type() == "multipart/report"
    assert m["Auto-Submitted"] == "auto-replied"
    by = {f["Final-Recipient"].split(";")[1].strip(): f for f in fields(m)}
    assert by["550-rcpt+gone@dst.test"]["Action"] == "failed"
    assert by["there@dst.test"]["Action"] == "relayed" and by["there@dst.test"]["Status"].startswith("2.")
    assert b"Original-Envelope-Id: Q+x\r\n" in x.content(got)
    a.wait_empty()
    assert len(x.wait_for("s@home.test", count=1) and [n for n in x.messages() if n["mail"] == ""]) == 1


@pytest.mark.parametrize("notify,failed,delivered", [
    ("", True, False), ("NEVER", False, False), ("SUCCESS", False, True), ("FAILURE", True, False),
    ("DELAY", False, False), ("SUCCESS,FAILURE", True, True), ("SUCCESS,DELAY", False, True)])
def test_each_wish(abide, lab, notify, failed, delivered):
    """Who asked to be left alone is written to, or who asked for a receipt gets none."""
    x = lab("no-dsn", keep=True)
    a = abide(routes={"*": x.port})
    wish = f" NOTIFY={notify}" if notify else ""
    with a.client() as c:
        mail(c, "550-rcpt+gone@dst.test", wish, sender="f@home.test")
        mail(c, "there@dst.test", wish, sender="d@home.test")
    a.wait_fate("550-rcpt+gone@dst.test", "bounced")
    a.wait_fate("there@dst.test", "delivered")
    a.wait_empty()
    told = {r for n in x.messages() if n["mail"] == "" for r in n["rcpts"]}
    assert told == ({"f@home.test"} if failed else set()) | ({"d@home.test"} if delivered else set())
    a.audit()


def test_full_returns_the_message(abide, lab):
    """What was written is lost where nobody kept a copy; and a huge one does not come back whole."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra='returned_size = "64K"')
    body = b"Subject: x\r\n\r\n" + b"the text itself\r\n.dot\r\n"
    with a.client() as c:
        mail(c, "550-rcpt+small@dst.test", params=" RET=FULL", sender="one@home.test", content=body)
        mail(c, "550-rcpt+large@dst.test", params=" RET=FULL", sender="two@home.test",
             content=body + 5000 * b"a line of the text\r\n")
    small, large = (notice(x, x.wait_for(f"{w}@home.test")) for w in ("one", "two"))
    back = small.get_payload()[2]
    assert back.get_content_type() == "message/rfc822"
    assert back.get_payload()[0].get_payload() == "the text itself\r\n.dot\r\n"
    assert large.get_payload()[2].get_content_type() == "text/rfc822-headers"
    assert "a line of the text" not in large.as_string()


def test_late_then_delivered(abide, lab):
    """Nobody says that mail is late, says so twice, or that it has arrived in the end."""
    x = lab(keep=True)
    a = abide(routes={"late.test": 1, "*": x.port}, retry={"default": QUICK})
    a.send("s@home.test", ["r@late.test"])
    told = a.log.wait(event="noticed", kind="delayed")
    got = x.wait_for("s@home.test")
    m = notice(x, got)
    f = fields(m)[0]
    assert f["Action"] == "delayed" and f["Status"].startswith("4.") and f["Will-Retry-Until"], f
    assert "not been delivered yet" in m["Subject"]
    assert re.search(r"The next try is in \d+ (second|minute)", words(m)), words(m)
    assert re.search(r"tried until \d\d\d\d-\d\d-\d\d \d\d:\d\d UTC", words(m)), words(m)
    assert explain(x, got)["kind"] == "delayed"
    assert told["messages"] == "1"
    a.config.routes = {"*": x.port}
    a.config.write()
    a.process.signal(signal.SIGHUP)
    news = a.log.wait(event="noticed", kind="relayed")
    assert news["recipient"] == "s@home.test"
    a.wait_empty()
    last = [n for n in x.messages() if n["mail"] == ""][-1]
    assert "delivered now" in notice(x, last)["Subject"]
    assert notice(x, last).get_content_type() == "multipart/alternative"
    a.audit()


def test_again_but_rarely(abide, lab):
    """A letter for each attempt, or one and then nothing for days."""
    x = lab(keep=True)
    a = abide(routes={"late.test": 1, "*": x.port}, retry={"default": QUICK})
    a.send("s@home.test", ["r@late.test"])
    first, second = a.log.wait(count=2, event="noticed", kind="delayed")
    assert first["about"] == second["about"]
    x.wait_for("s@home.test", count=2)
    # in that time it was tried as often as the schedule has it, and nothing was said of most of it
    assert len(a.log.find(event="deferred", recipient="r@late.test")) >= 5
    apart = datetime.fromisoformat(second["time"]) - datetime.fromisoformat(first["time"])
    assert apart.total_seconds() > 5.5, apart  # six times notice_after at the least
    letters = [notice(x, n) for n in x.messages() if n["mail"] == ""]
    assert [fields(m)[0]["Action"] for m in letters] == ["delayed"] * 2
    assert "still not been delivered" in letters[1]["Subject"] != letters[0]["Subject"]
    a.config.routes = {"*": x.port}
    a.config.write()
    a.process.signal(signal.SIGHUP)
    a.log.wait(event="noticed", kind="relayed")
    a.wait_empty()
    letters = [notice(x, n) for n in x.messages() if n["mail"] == ""]
    assert len(letters) == 3 and "delivered now" in letters[2]["Subject"]
    a.audit()


def test_killed_queue_tells_once(abide, lab):
    """A notice more for each restart."""
    x = lab(keep=True)
    a = abide(routes={"late.test": 1, "*": x.port}, retry={"default": 'first = "1h" max = "1h" notice_after = "2s"'})
    a.send("s@home.test", ["r@late.test"])
    a.log.wait(event="noticed", kind="delayed")
    x.wait_for("s@home.test")
    for _ in range(2):
        started = len(a.log.find(event="role_started", match=lambda e: e["role"] == "queue/0"))
        a.kill_role("queue")
        a.log.wait(count=started + 1, event="role_started", match=lambda e: e["role"] == "queue/0")
    a.send("s@home.test", ["witness@dst.test"])
    x.wait_for("witness@dst.test")
    assert len([n for n in x.messages() if n["mail"] == ""]) == 1
    a.audit()


def test_many_are_told_together(abide, lab):
    """A letter for each of a hundred mails."""
    x = lab(keep=True)
    a = abide(routes={"late.test": 1, "*": x.port}, retry={"default": 'first = "1h" max = "1h" notice_after = "3s"'})
    for i in range(12):
        a.send("s@home.test", [f"r{i}@late.test"])
    told = a.log.wait(event="noticed", kind="delayed", match=lambda e: int(e["messages"]) > 3)
    m = notice(x, x.out.wait(event="message", match=lambda n: b"Subject: Messages of yours" in x.content(n)))
    assert "Messages of yours" in m["Subject"], m["Subject"]
    assert len(re.findall(r"^<r\d+@late.test>", words(m), re.M)) >= min(4, int(told["recipients"]))
    assert f"{told['messages']} of your messages" in words(m).replace("\r\n", " ")


def test_strangers_are_not_told(abide, lab):
    """Spam with a forged sender would make this server write to whom it names."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, relay_from=("127.0.0.1/32",),
              extra=f'double_bounce = "post@else.test"\ndomain "here.test" {{ to = "127.0.0.1:{x.port}" }}')
    with a.client(source="127.0.0.2") as c:
        mail(c, "550-rcpt+gone@here.test", sender="victim@else.test")
    b = a.wait_fate("550-rcpt+gone@here.test", "bounced")
    assert b["sender_proved"] == "no" and b["double_bounce"] == "yes"
    x.wait_for("post@else.test")
    assert not [n for n in x.messages() if "victim@else.test" in n["rcpts"]]


def test_in_the_writers_language(abide, lab):
    """Who reads no English does not know what became of his mail."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    with a.client() as c:
        mail(c, "550-rcpt+gone@dst.test", content=b"Accept-Language: de-DE, en;q=0.5\r\nSubject: x\r\n\r\ny\r\n")
    m = notice(x, x.wait_for("s@home.test"))
    assert m["Subject"] == "Ihre Nachricht wurde nicht zugestellt"
    assert "Dasselbe auf Englisch" in words(m) and "Was Sie tun können" in words(m, "html")
    # and each language alone, for programs that choose (RFC 8255)
    several = m.get_payload()[0]
    assert several.get_content_type() == "multipart/multilingual"
    both, german, english = several.get_payload()
    assert "Content-Language" not in both and "The same" not in both.as_string()
    for part, lang, kind, subject in ((german, "de", "human", "Ihre Nachricht wurde nicht zugestellt"),
                                      (english, "en", "original", "Your message was not delivered")):
        inner = part.get_payload()[0]
        assert (part["Content-Language"], part["Content-Translation-Type"], inner["Subject"]) == (lang, kind, subject)
        assert "550-rcpt+gone@dst.test" in words(inner)
    assert "Dies ist" not in words(english.get_payload()[0]) and "This is" not in words(german.get_payload()[0])


def test_one_language_part_where_that_is_wanted(abide, lab):
    """A program that does not know of languages shows the same words three times."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra='language = "de"\nmultilingual = no')
    a.send("s@home.test", ["550-rcpt+gone@dst.test"])
    m = notice(x, x.wait_for("s@home.test"))
    assert m.get_payload()[0].get_content_type() == "multipart/alternative"
    assert "Dasselbe auf Englisch" in words(m)


def test_the_subject_is_named(abide, lab):
    """Who sends fifty mails a day does not know which one it was."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    with a.client() as c:
        mail(c, "550-rcpt+gone@dst.test", content="Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= an alle\r\n\r\ny\r\n".encode())
    m = notice(x, x.wait_for("s@home.test"))
    text = " ".join(words(m).split())
    assert 'your message "Grüße an alle", which came in here at ' in text, text
    assert f"In the words of the server at 127.0.0.1, port {x.port}:" in text, text
    assert "Grüße an alle" in words(m, "html")


def test_an_alias_is_told_once(abide, lab, directory):
    """Who wants a receipt of a list gets none, or one of each of its members."""
    x = lab("no-dsn", keep=True)
    with open(os.path.join(directory, "aliases"), "w") as f:
        f.write("team: anna, 550-rcpt+bob, carl\nsolo: anna\n")
    a = abide(routes={"*": x.port}, extra=f"""
map aliases {{ type = aliases file = "{directory}/aliases" }}
domain "here.test" {{ to = "127.0.0.1:{x.port}" aliases = "map:aliases" }}""")
    with a.client() as c:
        mail(c, "team@here.test", " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Team@here.test", " ENVID=e1")
        mail(c, "team@here.test", " NOTIFY=SUCCESS", sender="only@home.test")
        mail(c, "solo@here.test", " NOTIFY=SUCCESS", sender="solo@home.test")
        mail(c, "team@here.test", " NOTIFY=NEVER", sender="never@home.test")
    a.wait_empty()
    told = {}
    for n in x.messages():
        if n["mail"] == "":
            told.setdefault(n["rcpts"][0], []).extend(
                (f["Action"], f["Final-Recipient"].split("; ")[1]) for f in fields(notice(x, n)))
    assert sorted(told.pop("s@home.test")) == [("expanded", "team@here.test"), ("failed", "550-rcpt+bob@here.test")]
    assert told == {"only@home.test": [("expanded", "team@here.test")], "solo@home.test": [("relayed", "anna@here.test")]}
    m = notice(x, next(n for n in x.messages() if "only@home.test" in n["rcpts"]))
    assert m["Subject"] == "Your message was passed on to a group"
    assert fields(m)[0]["Status"].startswith("2.") and explain(x, x.wait_for("only@home.test"))["kind"] == "delivered"
    a.audit()


SISIMAI = r"""
use strict; use warnings; use Sisimai; use JSON;
my $found = [];
for my $path (@ARGV) {
    my $list = Sisimai->make($path, delivered => 1) || [];
    push @$found, [map { {recipient => $_->recipient->address, status => $_->deliverystatus, action => $_->action,
        reason => $_->reason, reply => $_->replycode, sender => $_->addresser->address} } @$list];
}
print encode_json($found);
"""

@pytest.mark.parametrize("language", ["en", "de"])
def test_sisimai_reads_it(abide, lab, directory, language):
    """Programs that keep address lists clean take the wrong recipient, status or cause from our notices."""
    perl = program("perl")
    if subprocess.run([perl, "-MSisimai", "-MJSON", "-e1"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("sisimai is not installed (tools/setup test)")
    x = lab(keep=True)
    a = abide(routes={"late.test": 1, "*": x.port}, extra=f'language = "{language}"', retry={
        "default": 'first = "1h" max = "1h" notice_after = "1s"'})
    kinds = {"all@home.test": " RET=FULL", "some@home.test": " RET=HDRS"}
    for sender, ret in kinds.items():
        with a.client() as c:
            mail(c, ["550-rcpt+one@dst.test", "550-rcpt+two@dst.test"], params=ret, sender=sender,
                 content=b"From: <" + sender.encode() + b">\r\nTo: <one@dst.test>\r\nSubject: x\r\nMessage-ID: <1@home.test>\r\n\r\ny\r\n")
    a.send("late@home.test", ["r@late.test"])
    paths = []
    for sender in [*kinds, "late@home.test"]:
        paths.append(os.path.join(directory, sender))
        with open(paths[-1], "wb") as f:
            f.write(x.content(x.wait_for(sender)))
    found = json.loads(subprocess.run([perl, "-e", SISIMAI, *paths], stdout=subprocess.PIPE, check=True).stdout)
    for got in found[:2]:
        assert sorted(r["recipient"] for r in got) == ["550-rcpt+one@dst.test", "550-rcpt+two@dst.test"], found
        assert {(r["action"], r["reply"]) for r in got} == {("failed", "550")}, found
        assert {r["status"] for r in got} == {fields(notice(x, x.wait_for("all@home.test")))[0]["Status"]}, found
    assert [(r["recipient"], r["action"]) for r in found[2]] == [("r@late.test", "delayed")], found


@pytest.mark.parametrize("reply,status,cause", [
    ("550-5.1.1-No_such_user", "5.1.1", "user_unknown")])
def test_own_reader_reads_it(abide, lab, reply, status, cause):
    """abide's own bounces are the ones that its users ask it about."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    a.send("s@home.test", ["550-rcpt+gone@dst.test"])
    answer = explain(x, x.wait_for("s@home.test"))
    assert answer["kind"] == "failed"
    assert [r["address"] for r in answer["recipients"]] == ["550-rcpt+gone@dst.test"]
    m = notice(x, x.wait_for("s@home.test"))
    assert answer["recipients"][0]["status"] == fields(m)[0]["Status"]
    assert answer["recipients"][0]["reply"]["cause"] == re.search(r"X-Abide-Cause: (\S+)", m.as_string())[1]


# ---- other servers as senders ----

WISHES = ["", "NEVER", "SUCCESS", "FAILURE", "DELAY", "SUCCESS,FAILURE", "SUCCESS,DELAY", "FAILURE,DELAY",
          "SUCCESS,FAILURE,DELAY"]
CASES = [(wish, ret) for wish in WISHES for ret in ("", "FULL", "HDRS")]


def from_peer(port, i, wish, ret, kind, to):
    with Smtp(port) as c:
        mail(c, to, f" NOTIFY={wish}" if wish else "", (f" RET={ret}" if ret else "") + f" ENVID=id+2B{i}",
             f"{kind}{i}@src.test", b"From: <s@src.test>\r\nTo: <r@dst.test>\r\nSubject: x\r\n\r\nthe text itself\r\n")


def wanted(wish):
    """Is a failure told, and a success?"""
    return (not wish or "FAILURE" in wish), "SUCCESS" in wish


@pytest.mark.parametrize("server", [PostfixServer, EximServer, Sendmail], ids=["postfix", "exim", "sendmail"])
def test_peers_wishes(abide, lab, server):
    """A user of another server asks for a notice and gets none, another one, or the wrong part of his message."""
    need_root()
    x = lab("no-dsn", keep=True)
    a = abide(routes={"*": x.port})
    folder = tempfile.mkdtemp(prefix="abide-dsn-")
    os.chmod(folder, 0o755)  # the peer has users of its own
    peer = server(None, folder, a.port, a.port)
    try:
        for i, (wish, ret) in enumerate(CASES):
            from_peer(peer.port, i, wish, ret, "f", f"550-rcpt+{i}@dst.test")
            from_peer(peer.port, i, wish, ret, "d", f"there{i}@dst.test")
        for i in range(len(CASES)):
            a.wait_fate(f"550-rcpt+{i}@dst.test", "bounced")
            a.wait_fate(f"there{i}@dst.test", "delivered")
        a.wait_empty()
    finally:
        peer.destroy()
        shutil.rmtree(folder, ignore_errors=True)
    told = {r: n for n in x.messages() if n["mail"] == "" for r in n["rcpts"]}
    assert set(told) == {f"f{i}@src.test" for i, (w, _) in enumerate(CASES) if wanted(w)[0]} | {
        f"d{i}@src.test" for i, (w, _) in enumerate(CASES) if wanted(w)[1]}
    for i, (_, ret) in enumerate(CASES):
        for kind, action, to in (("f", "failed", f"550-rcpt+{i}@dst.test"), ("d", "relayed", f"there{i}@dst.test")):
            got = told.get(f"{kind}{i}@src.test")
            if not got:
                continue
            m, f = notice(x, got), fields(notice(x, got))[0]
            assert (f["Action"], f["Final-Recipient"]) == (action, f"rfc822; {to}"), f
            assert f"Original-Envelope-Id: id+{i}\r\n".encode() in x.content(got)
            assert ("the text itself" in m.as_string()) == (ret == "FULL" and kind == "f"), (i, ret, kind)
            answer = explain(x, got)
            assert [r["address"] for r in answer["recipients"]] == [to]
            assert answer["recipients"][0]["status"] == f["Status"]
            if kind == "f":
                assert answer["recipients"][0]["reply"]["cause"] == f["X-Abide-Cause"]
