"""250 means: on disk. Watched from outside, by strace: which writes were synchronous, and what came after what."""
import os
import re
import shutil
import signal
import subprocess
import threading

import pytest

from harness.process import wait_until

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not there")
CALL = re.compile(r"^(\d+) +[\d.]+ (?:<\.\.\. )?(\w+)")


class Trace:
    """strace of some processes, in the order in which the kernel saw the calls end."""

    def __init__(self, directory, pids):
        self.path = os.path.join(directory, "strace")
        words = ["strace", "-f", "-qq", "-ttt", "-s", "200", "-o", self.path,
                 "-e", "trace=fdatasync,fsync,pwrite64,pwritev,openat,sendto,write,sendmsg"]
        for pid in pids:
            words += ["-p", str(pid)]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE)
        for pid in pids:
            wait_until(lambda pid=pid: traced(pid), what=f"strace of {pid}")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
        with open(self.path, encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()


def traced(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return not re.search(r"^TracerPid:\s+0$", f.read(), re.M)


def start(abide, tmp_path):
    a = abide()
    if os.environ.get("ABIDE_BUILD", "build").endswith(("asan", "tsan", "sanitize")):
        pytest.skip("a sanitizer's own calls would be counted")
    with a.client() as c:  # all that happens once has happened
        c.ehlo()
        c.mail()
    roles = a.roles()
    try:
        trace = Trace(str(tmp_path), [p for r, p in roles.items() if r.startswith(("queue", "receive"))])
    except AssertionError as e:
        pytest.skip(f"processes can't be traced here: {e}")
    return a, roles["queue/0"], trace


def is_sync(line):
    """The end of a data sync (fdatasync), or of the meta page's write (it is opened with O_DSYNC: 120 bytes)."""
    if "<unfinished" in line:
        return None
    if "fdatasync" in line and line.rstrip().endswith("= 0"):
        return "data"
    if "pwrite64" in line and re.search(r"= 120$", line.rstrip()):
        return "meta"
    return None


def test_each_250_comes_after_both_syncs(abide, tmp_path):
    """A power cut right after the 250 would lose the message, and the sender has thrown its copy away."""
    a, _, trace = start(abide, tmp_path)
    with a.client() as c:
        c.ehlo()
        for i in range(10):
            c.mail(recipients=[f"r{i}@dst.test"])
    seen, told = [], 0
    for line in trace.stop():
        kind = is_sync(line)
        if kind:
            seen.append(kind)
        if "queued as" in line and ("sendto" in line or "write" in line or "sendmsg" in line):
            told += 1
            assert seen[-2:] == ["data", "meta"], (told, seen, line)
            seen = []
    assert told == 10


def test_many_share_one_sync(abide, tmp_path):
    """Twenty senders at once would wait twenty times as long, or the syncs would have been left out."""
    a, _, trace = start(abide, tmp_path)

    def send():
        with a.client() as c:
            c.ehlo()
            for _ in range(10):
                c.mail(content=b"Subject: a\r\n\r\n" + b"x" * 70 + b"\r\n")

    threads = [threading.Thread(target=send) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    kinds = [k for k in map(is_sync, trace.stop()) if k]
    batches = kinds.count("data")
    assert kinds.count("meta") == batches > 0
    assert batches < 200 / 2, f"{batches} batches for 200 messages"
