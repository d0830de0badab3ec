"""Real clients and servers -> abide -> real servers: byte for byte what was sent, headers added apart."""
import glob
import os
import random
import subprocess
import threading

import pytest

from harness.peers import (TOP, Exim, OpenSmtpd, Postfix, SmtpSink, program, send_by_smtplib, smtp_source)
from harness.smtp import Smtp

HEAD = (b"From: <s@src.test>\r\nTo: <r@dst.test>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
        b"Message-ID: <1@src.test>\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n")
BODY = ("grüße, 用户\r\n.dot\r\n..two\r\n.\r\n\r\nx" + "y" * 900 + "\r\n \r\ntab\t\r\nend").encode() + b"\r\n"
CONTENT = HEAD + b"\r\n" + BODY


def body_of(content):
    return content.split(b"\r\n\r\n", 1)[1]


def by_smtplib(port, directory, peer):
    assert send_by_smtplib(port, "s@src.test", ["r@dst.test"], CONTENT, mail_options=["BODY=8BITMIME"]) == {}


def by_swaks(port, directory, peer):
    path = os.path.join(directory, "message")
    with open(path, "wb") as f:
        f.write(CONTENT.replace(b"\r\n", b"\n")[:-1])  # swaks adds a line end of its own
    done = subprocess.run([program("swaks"), "--server", f"127.0.0.1:{port}", "--from", "s@src.test",
                           "--to", "r@dst.test", "--data", f"@{path}", "--pipeline"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def by_curl(port, directory, peer):
    path = os.path.join(directory, "message")
    with open(path, "wb") as f:
        f.write(CONTENT)
    done = subprocess.run([program("curl"), "-sS", f"smtp://127.0.0.1:{port}/client.example.test", "--mail-from", "s@src.test",
                           "--mail-rcpt", "r@dst.test", "--upload-file", path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def by_msmtp(port, directory, peer):
    done = subprocess.run([program("msmtp"), "--host=127.0.0.1", f"--port={port}", "--from=s@src.test",
                           "--tls=off", "--auth=off", "--domain=client.example.test", "--", "r@dst.test"],
                          input=CONTENT.replace(b"\r\n", b"\n"), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def by_exim(port, directory, peer):
    log = peer(Exim, port).send("s@src.test", ["r@dst.test"], CONTENT)
    assert " => r@dst.test" in log, log


def by_postfix(port, directory, peer):
    p = peer(Postfix, port)
    send_by_smtplib(p.port, "s@src.test", ["r@dst.test"], CONTENT, mail_options=["BODY=8BITMIME"])
    p.wait_log("status=sent")


def by_opensmtpd(port, directory, peer):
    send_by_smtplib(peer(OpenSmtpd, port).port, "s@src.test", ["r@dst.test"], CONTENT)


SOURCES = [by_smtplib, by_swaks, by_curl, by_msmtp, by_exim, by_postfix, by_opensmtpd]


@pytest.mark.parametrize("source", SOURCES, ids=lambda f: f.__name__)
def test_from_real_clients(abide, lab, peer, directory, source):
    """Whoever sends: what arrives is what was written, or signatures and attachments break."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    source(a.port, directory, peer)
    m = x.wait_message()
    assert m["rcpts"] == ["r@dst.test"] and m["mail"] == "s@src.test"
    assert body_of(x.content(m)) == BODY
    assert (m["bare_cr"], m["bare_lf"], m["early"]) == (0, 0, 0)
    a.wait_fate("r@dst.test", "delivered")
    assert len(x.messages()) == 1
    a.wait_empty()
    a.audit()


def test_to_postfix(abide, lab, peer):
    """The commonest next hop, and what it passes on to its own."""
    x = lab(keep=True)
    p = peer(Postfix, x.port)
    a = abide(routes={"*": p.port})
    a.send("s@src.test", ["r@dst.test"], CONTENT, " BODY=8BITMIME")
    assert body_of(x.content(x.wait_message())) == BODY
    a.wait_fate("r@dst.test", "delivered", code=250)


def test_to_smtp_sink(abide, peer):
    """A server that takes all it can get as fast as it can: nothing lost, nothing twice."""
    sink = peer(SmtpSink)
    a = abide(routes={"*": sink.port})
    smtp_source(a.port, 200, sessions=10, size=3000)
    sink.wait(200)
    a.wait_empty()
    assert len(sink.messages()) == 200
    a.audit()


def test_postfix_to_abide_to_postfix(abide, lab, peer, directory):
    """abide between two others, as a gateway stands."""
    x = lab(keep=True)
    far = peer(Postfix, x.port)
    a = abide(routes={"*": far.port})
    near_dir = os.path.join(directory, "near")
    os.mkdir(near_dir)
    os.chmod(near_dir, 0o755)
    near = Postfix(near_dir, a.port)
    try:
        send_by_smtplib(near.port, "s@src.test", ["r@dst.test"], CONTENT, mail_options=["BODY=8BITMIME"])
        assert body_of(x.content(x.wait_message())) == BODY
    finally:
        near.destroy()


def content_of_size(n, size):
    """Exactly size bytes and CRLF, of lines that try every habit: dots, 8-bit, long, empty."""
    rng = random.Random(n * 1000003 + size)
    kinds = [b".", b"..", b"", b"\xe4\xf6\xfc \xff\xfe", "用户".encode(), b"From here", b". ",
             b"x" * 77, b"z" * 998, bytes(range(1, 10)) + bytes([11, 12]) + bytes(range(14, 256))]
    block = b"\r\n".join(rng.choice(kinds) for _ in range(400)) + b"\r\n"
    head = b"X-Number: %d\r\n\r\n" % n if size > 40 else b""
    text = (head + block * (size // len(block) + 1))[:size]
    bare = text.rstrip(b"\r\n")
    return bare + b"e" * (len(text) - len(bare)) + b"\r\n"


def test_two_hundred_messages_of_all_sizes(abide, lab, long_run):
    """From one byte to 50 MB, over eight sessions at once: each arrives once, as it was."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, limits="message_size = 60000000")
    largest = 50_000_000 if long_run else 4_000_000
    sizes = [int(largest ** (i / 198)) for i in range(199)] + [50_000_000]
    sent, failures = {}, []

    def work(mine):
        try:
            with Smtp(a.port, timeout=120) as c:
                c.ehlo()
                for n in mine:
                    content = content_of_size(n, sizes[n])
                    sent[f"n{n}@dst.test"] = (len(content), hash(content))
                    if n % 3:
                        r = c.mail("s@src.test", [f"n{n}@dst.test"], content, " BODY=8BITMIME")
                    else:
                        c.envelope("s@src.test", [f"n{n}@dst.test"], " BODY=8BITMIME")
                        r = c.bdat(content, last=True)
                    assert r.code == 250, (n, sizes[n], r)
        except Exception as e:  # a thread's failure must reach the test
            failures.append(repr(e))
    workers = [threading.Thread(target=work, args=(range(i, len(sizes), 8),)) for i in range(8)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert not failures
    messages = x.wait_message(len(sizes), timeout=300)
    for m in messages:
        n = int(m["rcpts"][0][1:].split("@")[0])
        assert x.content(m).endswith(content_of_size(n, sizes[n])), f"message {n} of {sizes[n]} bytes"
        assert m["bare_cr"] == m["bare_lf"] == 0
    a.wait_empty()
    assert len({m["rcpts"][0] for m in x.messages()}) == len(x.messages()) == len(sizes)
    a.audit()


def test_a_thousand_recipients(abide, lab):
    """A list's mail: each member gets it once, whatever the next hop's limits are."""
    x = lab("rcpts-150", keep=True)
    a = abide(routes={"*": x.port})
    everyone = [f"m{i}@dst.test" for i in range(1000)]
    a.send(recipients=everyone, content=CONTENT)
    a.log.wait(1000, event="delivered", timeout=60)
    got = [r for m in x.messages() for r in m["rcpts"]]
    assert sorted(got) == sorted(everyone)
    assert all(x.content(m).endswith(CONTENT) for m in x.messages())
    a.wait_empty()
    a.audit()


def vectors():
    shared = os.environ.get("ABIDE_SHARED", os.path.join(TOP, "..", "shared"))
    found = []
    for folder in ("rspamd-messages", "ruby-mail-fixtures", "notmuch-corpora"):
        found += glob.glob(os.path.join(shared, "vectors", folder, "**", "*"), recursive=True)
    return sorted(f for f in found if os.path.isfile(f) and os.path.getsize(f) < 1_000_000)


def canonical(raw):
    """With CRLF; None for what may not be sent at all (NUL, lines over 998)."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if b"\0" in raw or any(len(line) > 998 for line in lines):
        return None
    return b"".join(line + b"\r\n" for line in lines)


def test_real_and_odd_messages(abide, lab, long_run):
    """Real mail has shapes that nobody would invent: MIME of every kind, broken headers, mbox lines."""
    files = vectors()
    if not files:
        pytest.skip("shared/vectors isn't there")
    random.Random(1).shuffle(files)
    x = lab(keep=True)
    a = abide(routes={"*": x.port})
    contents = []
    for path in files if long_run else files[:250]:
        with open(path, "rb") as f:
            content = canonical(f.read())
        if content is not None:
            contents.append((path, content))
    with a.client() as c:
        c.ehlo()
        for n, (path, content) in enumerate(contents):
            r = c.mail("s@src.test", [f"n{n}@dst.test"], content, " BODY=8BITMIME")
            assert r.code == 250, (path, r)
    for m in x.wait_message(len(contents), timeout=120):
        path, content = contents[int(m["rcpts"][0][1:].split("@")[0])]
        assert x.content(m).endswith(content), path


def test_restart_in_the_middle(abide, lab):
    """An upgrade of abide must not cost or double a message."""
    x = lab("delay-eod-50")
    a = abide(routes={"*": x.port})
    with a.client() as c:
        c.ehlo()
        for n in range(60):
            assert c.mail("s@src.test", [f"n{n}@dst.test"]).code == 250
    a.stop()
    a.start()
    a.wait_empty()
    assert sorted(m["rcpts"][0] for m in x.messages()) == sorted(f"n{n}@dst.test" for n in range(60))
    a.audit()
