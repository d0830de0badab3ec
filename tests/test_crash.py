"""Nothing is lost: random processes are killed at random moments while numbered messages come in."""
import collections
import os
import random
import re
import threading
import time

import pytest

from harness.abide import is_zombie
from harness.process import children, wait_until
from harness.smtp import Closed, Smtp

pytestmark = pytest.mark.backends
SESSIONS = 20


class Sender(threading.Thread):
    """Sends its numbers, one session after the other; repeats whatever got no 250."""

    def __init__(self, abide, numbers, stop):
        super().__init__(daemon=True)
        self.abide, self.numbers, self.stop = abide, list(numbers), stop
        self.acknowledged, self.tries = {}, {}

    def content(self, n):
        size = random.Random(n).choice([10, 1000, 16000, 70000, 300000])
        return b"X-Number: %d\r\n\r\n" % n + b"0123456789abcde\r\n" * (size // 17)

    def one(self, c, n):
        self.tries[n] = self.tries.get(n, 0) + 1
        r = c.mail("s@src.test", [f"n{n}@dst.test"], self.content(n))
        if r.code == 250:
            self.acknowledged[n] = r.id
        else:
            c.cmd("RSET")

    def run(self):
        left = self.numbers
        while left and not self.stop.is_set():
            try:
                with Smtp(self.abide.port, timeout=20) as c:
                    c.ehlo()
                    for n in left[:5]:
                        self.one(c, n)
            except (OSError, Closed, AssertionError):
                time.sleep(0.05)  # another try at once would only find the same ruin
            left = [n for n in left if n not in self.acknowledged]


def pids_by_role(a):
    alive = set(a.all_pids())
    roles = {pid: role for role, pid in a.roles().items() if pid in alive}
    roles[a.process.pid] = "supervisor"
    return roles


def kill_one(a, rng):
    """SIGKILL to one process; (time, role, when it was over). A killed supervisor is started again, as init would: its
    kill is over when its roles have ended, which may let a transaction end first."""
    roles = pids_by_role(a)
    pid = rng.choice(sorted(roles))
    try:
        a.kill_pid(pid)
    except ProcessLookupError:
        return None
    at = over = time.monotonic()
    if roles[pid] == "supervisor":
        a.process.popen.wait()
        rest = [p for p in roles if p != pid]
        wait_until(lambda: all(is_zombie(p) for p in rest), what="the end of the roles")
        over = time.monotonic()
        a.start()
    return at, roles[pid], over


def id_of(content):
    return re.search(rb"\bid ([0-9A-HJKMNP-TV-Z]{26})\b", content).group(1).decode()


def duplicates(lab, kills):
    """(message id, number) that arrived more than once, with the kills between the arrivals."""
    arrivals = {}
    for m in lab.messages():
        arrivals.setdefault((id_of(lab.content(m)), m["rcpts"][0]), []).append(m["mono"])
    found = []
    for key, times in arrivals.items():
        if len(times) > 1:
            # The arrival is recorded before its reply; the kill may fall into the moment after it.
            between = [role for at, role, over in kills if times[0] - 0.5 <= over and at <= times[-1]]
            found.append((key, between))
            if not any(r.split("/")[0] in ("deliver", "queue", "supervisor") for r in between):
                # Told with the failure: what was killed before it, and how long before.
                before = [(role, round(times[0] - at, 2)) for at, role, _ in kills if at < times[0]][-3:]
                print(f"{key}: arrivals {[round(t - times[0], 2) for t in times]}, kills before {before}")
    return found


def by_cause(twice):
    """How many were doubled, by the kind of process whose end explains it best."""
    order = ("deliver", "supervisor", "queue")
    return collections.Counter(
        next((kind for kind in order if any(r.startswith(kind) for r in between)), "nothing")
        for _, between in twice)


def test_killed_at_random(abide, lab, long_run):
    """A 250 is a promise: one message less, and somebody's order, ticket or farewell has vanished."""
    seed = int(os.environ.get("ABIDE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"ABIDE_SEED={seed}")
    rng = random.Random(seed)
    rounds, total = (100, 5000) if long_run else (8, 400)
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1s" factor = 1 max = "1s"'})
    stop = threading.Event()
    senders = [Sender(a, range(i, total, SESSIONS), stop) for i in range(SESSIONS)]
    for s in senders:
        s.start()
    kills = []
    for _ in range(rounds):
        time.sleep(rng.uniform(0.01, 0.6))  # the moment of the kill is what is tried
        kill = kill_one(a, rng)
        if kill:
            kills.append(kill)
    for s in senders:
        s.join(120 if not long_run else 900)
    stop.set()
    acknowledged = {n: i for s in senders for n, i in s.acknowledged.items()}
    assert len(acknowledged) == total, f"{total - len(acknowledged)} messages were never taken"
    arrived = check_arrivals(a, x, acknowledged)
    twice = duplicates(x, kills)
    print(f"seed {seed}: {len(kills)} kills {sorted({r for _, r, _ in kills})}, {arrived} arrivals of {total}, "
          f"{sum(t - 1 for s in senders for t in s.tries.values())} repeats by senders, "
          f"doubled by abide, by what was killed meanwhile: {dict(by_cause(twice))}")
    for key, between in twice:
        assert any(r.split("/")[0] in ("deliver", "queue", "supervisor") for r in between), \
            f"{key} was sent twice, and nothing was killed that explains it"
    a.audit()


def check_arrivals(a, x, acknowledged):
    """Every acknowledged id is in the lab, or still queued as *maybe* and comes when asked to."""
    ids = {}  # by the file that is kept: each is read once, for they are thousands

    def missing():
        for m in x.messages():
            if m["kept"] not in ids:
                ids[m["kept"]] = id_of(x.content(m))
        there = set(ids.values())
        return {n: i for n, i in acknowledged.items() if i not in there}

    def all_there_or_maybe():
        left = missing()
        if not left:
            return True
        states = {m["id"]: m["recipients"][0]["state"] for m in a.queue()}
        lost = {n: i for n, i in left.items() if i not in states}
        # An arrival may have been recorded since we looked.
        lost = {n: i for n, i in lost.items() if n in missing()}
        assert not lost, f"LOST although 250 was said: {lost}"
        return all(states[i] == "maybe" for i in left.values() if i in states)

    wait_until(all_there_or_maybe, 180, "the arrival of all messages")
    left = missing()
    if left:
        a.run("queue", "retry", "-c", a.config.path, *left.values())
        wait_until(lambda: not missing(), 60, f"the arrival of {left}")
    return len(x.messages())


def test_the_machine_goes_dark(abide, lab):
    """All processes at once, again and again, in the middle of commits and deliveries."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1s" factor = 1 max = "1s"'})
    total = 100
    stop = threading.Event()
    senders = [Sender(a, range(i, total, 5), stop) for i in range(5)]
    for s in senders:
        s.start()
    for _ in range(3):
        time.sleep(0.3)
        a.kill()
        a.start()
    for s in senders:
        s.join(120)
    stop.set()
    acknowledged = {n: i for s in senders for n, i in s.acknowledged.items()}
    assert len(acknowledged) == total
    check_arrivals(a, x, acknowledged)
    a.audit()


def test_every_role_in_turn_under_load(abide, lab):
    """Not left to chance: each role is killed once while mail flows."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1s" factor = 1 max = "1s"'})
    stop = threading.Event()
    senders = [Sender(a, range(i, 200, 10), stop) for i in range(10)]
    for s in senders:
        s.start()
    for role in ("receive/0", "deliver/0", "queue/0", "facts/0"):
        mark = a.log.mark()
        a.kill_role(role)
        a.log.wait(event="role_started", since=mark, role=role)
    for s in senders:
        s.join(120)
    stop.set()
    acknowledged = {n: i for s in senders for n, i in s.acknowledged.items()}
    assert len(acknowledged) == 200
    check_arrivals(a, x, acknowledged)
    assert children(a.process.pid)
    a.audit()
