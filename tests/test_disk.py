"""The disk fails under the spool: senders are told the truth, nothing is lost, and it goes on when the disk does."""
import os

import pytest

from harness.process import preload, wait_until

BUILD = os.environ.get("ABIDE_BUILD", "build")
FAULT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), BUILD, "tests", "spool_fault.so")

pytestmark = [
    pytest.mark.skipif(not os.path.exists(FAULT), reason="spool_fault.so is not built here"),
    pytest.mark.skipif(BUILD.endswith(("asan", "tsan", "sanitize")), reason="a sanitizer wants to be loaded first"),
]


class Disk:
    def __init__(self, tmp_path):
        self.path = str(tmp_path / "fault")
        with open(self.path, "wb") as f:
            f.write(bytes(16))
        os.chmod(self.path, 0o644)
        self.env = {**preload(FAULT, tmp_path), "SPOOL_FAULT": self.path}

    def fails(self, how):
        with open(self.path, "r+b") as f:
            f.write(how.encode().ljust(16, b"\0"))


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path)


def send(a, who, size=100):
    """The reply to the message, or to the command before it that was refused."""
    with a.client() as c:
        c.ehlo()
        for command in ("MAIL FROM:<s@src.example.test>", f"RCPT TO:<{who}@example.test>", "DATA"):
            reply = c.cmd(command)
            if reply.code >= 400:
                return reply
        c.send(b"Subject: a\r\n\r\n" + (b"x" * 76 + b"\r\n") * (size // 78 + 1) + b".\r\n")
        return c.read()


def status(reply):
    return reply.text.split()[0]


@pytest.mark.parametrize("how, size", [("sync", 100), ("write", 100), ("sync", 300000)])
def test_an_io_error_is_never_a_250(abide, lab, disk, how, size):
    """A 250 after a failed sync would be mail that a power cut takes away; the sender has no copy any more."""
    sink = lab()
    a = abide(routes={"*": sink.port}, env=disk.env)
    assert send(a, "before").code == 250
    a.wait_fate("before@example.test", "delivered")
    disk.fails(how)
    reply = send(a, "lost", size)
    assert (reply.code, status(reply)) == (451, "4.3.0") and "retry=00:" in reply.text, reply
    again = send(a, "still")
    assert again.code == 451, "after EIO the spool takes nothing more until somebody looked"
    disk.fails("")
    a.stop()
    a.start()
    assert send(a, "after").code == 250
    sink.wait_for("after@example.test")
    a.stop()
    a.audit()


@pytest.mark.parametrize("how, code", [("space", 452), ("room", 452), ("readonly", 451)])
def test_a_full_or_read_only_disk(abide, lab, disk, how, code):
    """The sender must hear whether it is worth to come back, and what is queued must still go out."""
    sink = lab()
    a = abide(routes={"*": sink.port}, env=disk.env)
    assert send(a, "before").code == 250
    a.wait_fate("before@example.test", "delivered")
    disk.fails(how)
    reply = send(a, "room")
    assert reply.code == code and status(reply)[0] == "4" and "retry=00:" in reply.text, reply
    disk.fails("")
    if how != "readonly":
        wait_until(lambda: send(a, "after").code == 250, what="mail to be taken again")
    a.stop()
    a.audit()

