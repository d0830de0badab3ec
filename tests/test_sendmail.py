"""sendmail(8): how cron, web applications and mail programs on the machine hand over mail."""
import os
import subprocess

import pytest

MESSAGE = b"From: <writer@src.test>\nTo: one@dst.test, \"Two, B\" <two@dst.test>\nCc: three@dst.test\n" \
          b"Bcc: four@dst.test\nSubject: x\n\n.dot\n.\nend\n"


@pytest.fixture
def sendmail(binary):
    path = os.path.join(os.path.dirname(binary), "sendmail")
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} isn't there")

    def call(a, *argv, message=MESSAGE):
        return subprocess.run([path, "-C", a.config.path, *argv], input=message, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    return call


@pytest.fixture
def pair(abide, lab):
    x = lab(keep=True)
    return abide(routes={"*": x.port}), x


def test_recipients_from_the_header(pair, sendmail):
    """PHP's mail() and mutt use -t; Bcc must be served and not be shown."""
    a, x = pair
    done = sendmail(a, "-t", "-i", "-f", "bounces@src.test")
    assert done.returncode == 0, done.stderr
    a.log.wait(4, event="delivered")
    got = sorted(r for m in x.messages() for r in m["rcpts"])
    assert got == ["four@dst.test", "one@dst.test", "three@dst.test", "two@dst.test"]
    for m in x.messages():
        assert m["mail"] == "bounces@src.test"
        content = x.content(m)
        assert b"four@dst.test" not in content.replace(b"for <four@dst.test>", b"")
        assert content.endswith(b"\r\n\r\n.dot\r\n.\r\nend\r\n") and m["bare_lf"] == 0


def test_recipients_from_arguments(pair, sendmail):
    """cron's way; a lone dot ends the message unless -i (or -oi) is given."""
    a, x = pair
    assert sendmail(a, "-oi", "r1@dst.test", "r2@dst.test").returncode == 0
    a.log.wait(2, event="delivered")
    assert x.content(x.messages()[0]).endswith(b".dot\r\n.\r\nend\r\n")
    assert sendmail(a, "dot@dst.test").returncode == 0
    assert x.content(x.wait_for("dot@dst.test")).endswith(b"\r\n\r\n.dot\r\n")


def test_crlf_input(pair, sendmail):
    """Some programs write CRLF: it must not become CR CR LF."""
    a, x = pair
    assert sendmail(a, "-i", "r@dst.test", message=MESSAGE.replace(b"\n", b"\r\n")).returncode == 0
    m = x.wait_for("r@dst.test")
    assert m["bare_cr"] == 0 and x.content(m).endswith(b"\r\n\r\n.dot\r\n.\r\nend\r\n")


def test_null_sender(pair, sendmail):
    """Vacation programs send with -f '<>' so that nothing comes back."""
    a, x = pair
    assert sendmail(a, "-i", "-f", "<>", "r@dst.test").returncode == 0
    assert x.wait_for("r@dst.test")["mail"] == ""


def test_smtp_on_standard_input(pair, sendmail):
    """-bs: pine and some scripts speak SMTP to it."""
    a, x = pair
    talk = b"EHLO x\r\nMAIL FROM:<s@src.test>\r\nRCPT TO:<r@dst.test>\r\n"
    done = sendmail(a, "-bs", message=talk + b"RSET\r\nQUIT\r\n")
    assert done.returncode == 0
    codes = [line[:3] for line in done.stdout.decode().splitlines() if line[3:4] == " "]
    assert codes == ["220", "250", "250", "250", "250", "221"], done.stdout


def test_long_lines(pair, sendmail):
    """PHP sends HTML in one line, cron what a script wrote: refused, it would be lost."""
    a, x = pair
    words = b"word " * 2000
    done = sendmail(a, "-i", "r@dst.test", message=b"Subject: " + b"s" * 1500 + b" end\n\n" + words + b"\n")
    assert done.returncode == 0, done.stderr
    kept = x.content(x.wait_message())
    assert max(len(line) for line in kept.split(b"\r\n")) <= 998
    header, _, body = kept.partition(b"\r\n\r\n")
    assert body.split() == words.split() and b"".join(header.split()).count(b"s" * 1500) == 1


def test_exit_codes(abide, sendmail):
    """A script decides by these: 64 wrong use, 65 bad address or data, 75 try again later."""
    a = abide()
    assert sendmail(a).returncode == 64
    assert sendmail(a, "-i", "not an address").returncode in (64, 65, 67)
    for wrong in (["-N", "sometimes"], ["-N", "never,delay"], ["-N", "success,"], ["-R", "some"]):
        assert sendmail(a, *wrong, "r@dst.test").returncode == 64, wrong
    assert sendmail(a, "-N", "success,failure", "-R", "hdrs", "-V", "x1", "r@dst.test").returncode == 0
    assert sendmail(a, "-t", message=b"Subject: nobody\n\nx\n").returncode in (64, 65)
    assert sendmail(a, "-i", "r@dst.test").returncode == 0
    a.stop()
    assert sendmail(a, "-i", "r@dst.test").returncode == 75
