"""Processes that say what happens in lines; tests wait for such lines, never for time to pass."""
import fcntl
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from datetime import datetime

# Generous: it bounds a hang, it measures nothing.
PATIENCE = float(os.environ.get("ABIDE_PATIENCE", "30"))

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
FIELD = re.compile(r'([A-Za-z0-9_.-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')


def unescape(text):
    def one(m):
        if m.group(1):
            return chr(int(m.group(1), 16))
        return ESCAPES.get(m.group(2), m.group(2))
    return re.sub(r"\\(?:x([0-9a-f]{2})|(.))", one, text)


def parse_log_line(line):
    """key=value fields, or a JSON object, as a dict; None for any other line."""
    line = line.strip()
    if line.startswith("{"):
        try:
            return json.loads(line)
        except ValueError:
            return None
    fields = {k: unescape(q) if q or not p else p for k, q, p in FIELD.findall(line)}
    return fields if "event" in fields else None


def seconds(text):
    """RFC 3339 to seconds since 1970."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def preload(library, folder):
    """The environment with a library of the build in it: LD_PRELOAD takes no path with a space, so a copy is named."""
    copy = shutil.copy(library, str(folder))
    assert not set(" :") & set(copy), f"{copy}: LD_PRELOAD can't name that"
    return {"LD_PRELOAD": copy}


PORTS = range(10240, 32000)  # below those that the kernel gives to clients
PORT_FILE = os.path.join(tempfile.gettempdir(), f"abide-test-ports.{os.getuid()}")


def is_free(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family, kind) as s:
            try:
                s.bind((host, port))
            except OSError:
                return False
    return True


def free_port(host="127.0.0.1"):
    """No two tests are given one port, of those that run at the same time: the next in turn, by a file."""
    with open(PORT_FILE, "a+", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.seek(0)
        said = f.read().strip()
        at = int(said) + 1 if said.isdigit() else PORTS.start + os.getpid() % len(PORTS)
        for n in range(len(PORTS)):
            port = PORTS.start + (at + n - PORTS.start) % len(PORTS)
            if is_free(host, port):
                f.truncate(0)
                f.write(str(port))
                return port
    raise AssertionError(f"no port is free on {host}")


def wait_until(condition, timeout=PATIENCE, what="it"):
    """For what has no event to wait for (another program's files): asks again and again."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come to pass in {timeout:.0f} s")
        time.sleep(0.02)


def wait_for_port(port, host="127.0.0.1", timeout=PATIENCE):
    def connected():
        try:
            socket.create_connection((host, port), 1).close()
            return True
        except OSError:
            return False
    wait_until(connected, timeout, f"a listener at {host}:{port}")


class Events:
    """The lines of a stream, parsed as they come; any thread may wait for one.

    Whoever looks reads first what is there, so that what a program wrote before it answered is seen
    by whoever has its answer.
    """

    def __init__(self, stream, parse, name):
        self.items, self.lines, self.name = [], [], name
        self.changed = threading.Condition()
        self.ended = False
        self.parse, self.stream, self.rest = parse, stream, b""
        os.set_blocking(stream.fileno(), False)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        readable = select.poll()
        readable.register(self.stream, select.POLLIN)
        while not self.ended:
            readable.poll()
            with self.changed:
                self._take()

    def _take(self):
        """All that is there now; under the lock."""
        while not self.ended:
            try:
                piece = os.read(self.stream.fileno(), 65536)
            except BlockingIOError:
                return
            *whole, self.rest = (self.rest + piece).split(b"\n")
            if not piece:
                whole, self.ended = [self.rest] if self.rest else [], True
            for raw in whole:
                line = raw.decode("utf-8", "replace")
                item = self.parse(line)
                self.lines.append(line)
                if item is not None:
                    self.items.append(item)
            self.changed.notify_all()

    def find(self, since=0, match=None, **fields):
        """All events with these fields (compared as text) that match(event) accepts."""
        with self.changed:
            self._take()
            items = self.items[since:]
        return [e for e in items if all(str(e.get(k)) == str(v) for k, v in fields.items())
                and (match is None or match(e))]

    def mark(self):
        with self.changed:
            self._take()
            return len(self.items)

    def wait(self, count=1, timeout=PATIENCE, since=0, match=None, **fields):
        """Until there are count of them: the last of these; with count > 1, all of them."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                found = self.find(since, match, **fields)
                if len(found) >= count:
                    return found[count - 1] if count == 1 else found[:count]
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    raise AssertionError(
                        f"{self.name}: {len(found)} of {count} events {fields} after {timeout} s"
                        f"{' (the process has ended)' if self.ended else ''}; the last lines:\n"
                        + "\n".join(self.lines[-40:]))
                self.changed.wait(left)


SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion .* failed")


class Process:
    """A program in a session of its own, so that what it starts can be ended with it."""

    def __init__(self, argv, name, parse_out=None, parse_err=parse_log_line, **popen):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.popen = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if parse_out else subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True, **popen)
        self.pid = self.popen.pid
        self.log = Events(self.popen.stderr, parse_err, name)
        self.out = Events(self.popen.stdout, parse_out, name) if parse_out else None

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def stop(self, timeout=75):
        """SIGTERM; the exit status."""
        if self.alive():
            self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end after SIGTERM; the last lines:\n"
                                 + "\n".join(self.log.lines[-40:])) from None

    def sanitizer_report(self):
        """What a sanitizer or an assertion said, as text; empty: nothing."""
        lines = self.log.lines
        for i, line in enumerate(lines):
            if SANITIZER.search(line):
                return "\n".join(lines[max(0, i - 2):i + 60])
        return ""

    def destroy(self):
        """Ends whatever is left of it."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.popen.wait()
        for events in (self.log, self.out):
            if events:
                events.thread.join(2)


def children(pid):
    """The pids of the live children of pid."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as f:
                stat = f.read().rsplit(b")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError, IndexError):
            continue
        if int(stat[1]) == pid and stat[0] != b"Z":
            found.append(int(entry))
    return found


def status_of(pid):
    """/proc/PID/status as a dict."""
    with open(f"/proc/{pid}/status") as f:
        return {k: v.strip() for k, _, v in (line.partition(":") for line in f)}
