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

    def __init__(self, directory, pids, more):
        self.path = os.path.join(directory, "strace")
        words = ["strace", "-f", "-qq", "-ttt", "-s", "200", "-o", self.path,
                 "-e", "trace=fdatasync,fsync,pwrite64,pwritev,openat,sendto,write,sendmsg", *more]
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


def start(abide, tmp_path, more=()):
    a = abide()
    if os.environ.get("ABIDE_BUILD", "build").endswith(("asan", "tsan", "sanitize")):
        pytest.skip("a sanitizer's own calls would be counted")
    with a.client() as c:  # all that happens once has happened
        c.ehlo()
        c.mail()
    roles = a.roles()
    wait_until(lambda: intake_is_synchronous(roles["queue/0"]), what="the intake, opened to be synchronous")
    try:
        trace = Trace(str(tmp_path), [p for r, p in roles.items() if r.startswith(("queue", "receive"))], more)
    except AssertionError as e:
        pytest.skip(f"processes can't be traced here: {e}")
    return a, trace


class Syncs:
    """What was made durable so far, line by line: the intake's record is one synchronous write (O_DSYNC), and
    the database takes an fdatasync and the meta page's write (O_DSYNC too, 120 bytes)."""

    def __init__(self):
        self.seen, self.records = [], set()  # processes whose write of a record is under way

    def read(self, line):
        pid = line.split()[0]
        if "pwrite64" in line and "abideRC1" in line:
            self.records.add(pid)
        if "<unfinished" in line:
            return
        good = line.rstrip().removesuffix(" (DELAYED)")
        if "pwrite64" in line and pid in self.records:
            self.records.discard(pid)
            if re.search(r"= \d{4,}$", good):
                self.seen.append("intake")
        elif "fdatasync" in line and good.endswith("= 0"):
            self.seen.append("data")
        elif "pwrite64" in line and re.search(r"= 120$", good):
            self.seen.append("meta")


def intake_is_synchronous(pid):
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            if os.readlink(f"/proc/{pid}/fd/{fd}").endswith("/intake"):
                with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
                    return bool(int(re.search(r"flags:\s*(\d+)", f.read()).group(1), 8) & os.O_DSYNC)
        except FileNotFoundError:
            pass
    return False


def test_each_250_comes_after_its_sync(abide, tmp_path):
    """A power cut right after the 250 would lose the message, and the sender has thrown its copy away."""
    a, trace = start(abide, tmp_path)
    with a.client() as c:
        c.ehlo()
        for i in range(10):
            c.mail(recipients=[f"r{i}@dst.test"])
        for i in range(3):
            c.mail(recipients=[f"r{i}@dst.test"], content=b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" * 60000)
    syncs, told, ways = Syncs(), 0, []
    for line in trace.stop():
        syncs.read(line)
        if "queued as" in line and ("sendto" in line or "write" in line or "sendmsg" in line):
            told += 1
            ways.append("intake" if "intake" in syncs.seen else "database")
            assert "intake" in syncs.seen or ("data" in syncs.seen and "meta" in syncs.seen), (told, line)
            syncs.seen = []
    assert told == 13
    assert ways == ["intake"] * 10 + ["database"] * 3


def test_many_share_one_sync(abide, tmp_path):
    """Twenty senders at once would wait twenty times as long, or the syncs would have been left out."""
    # A disk that takes 5 ms: slow beside the senders, however busy this machine is.
    a, trace = start(abide, tmp_path, ["-e", "inject=pwrite64,fdatasync:delay_exit=5000"])

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
    a.recipient("r@dst.test")  # answered once the database has caught up: no batch is under way
    syncs = Syncs()
    for line in trace.stop():
        syncs.read(line)
    records, batches = syncs.seen.count("intake"), syncs.seen.count("data")
    assert syncs.seen.count("meta") >= batches > 0  # the trace may begin or end between the two
    assert 0 < records < 200 / 2, f"{records} synchronous writes for 200 messages"
    assert batches < 200 / 2, f"{batches} batches of the database for 200 messages"
