"""One incident: what is staged, what is right, and how well abide says so."""
import dataclasses
import heapq
import re
import threading
import time

from harness.smtp import Closed

from .answers import sites
from .network import OURS
from .staging import DOMAIN, LISTS, World

PATIENCE = 300  # seconds until the verdict is to be right
SENDERS = (f"ann@{DOMAIN}", f"bob@{DOMAIN}", f"cyn@{DOMAIN}")


@dataclasses.dataclass
class Right:
    """What a verdict must say. A tuple: one of these; empty: anything. words: each in the first advice, "a|b": one of them."""
    whose: object
    trouble: object = ()
    scope: object = ()
    who: str = ""
    check: object = ()
    words: tuple = ()

    def fits(self, v):
        def is_one(wanted, got):
            return not wanted or got in ((wanted,) if isinstance(wanted, str) else wanted)
        return is_one(self.whose, v["whose"]) and is_one(self.trouble, v["trouble"]) and is_one(self.scope, v["scope"]) and \
            is_one(self.check, v["check"]) and self.who in (v["who"] or "") + " " + " ".join(v["worst_sites"])

    def advises(self, v):
        return all(re.search(w, v["advice"] or "", re.I) for w in self.words)

    def text(self):
        return self.whose if isinstance(self.whose, str) else "/".join(self.whose)


@dataclasses.dataclass
class Flow:
    """n messages from each sender in turn to each recipient in turn, one every so many seconds from start on."""
    senders: object
    to: object
    n: int
    every: float
    start: float = 0
    size: int = 0


@dataclasses.dataclass
class Incident:
    name: str
    what: str
    right: tuple
    sites: dict = dataclasses.field(default_factory=lambda: sites(6))
    others: tuple = ()         # peers without a domain
    mail: tuple = ()           # flows; empty: everybody writes to every site
    trouble: object = None     # what happens when it begins: fn(world)
    later: tuple = ()          # (seconds, fn(world))
    is_healthy: bool = True    # mail went well before
    healthy: tuple = ()        # to these; empty: to all
    noise: tuple = ()          # Rights of small things beside it that may be told first
    dns: tuple = ()            # records beside the usual ones
    without: tuple = ()        # how those records begin that are missing
    front: object = None       # {}: a resolver before nsd that may misbehave (Front)
    uses_ipv6: bool = False
    lists: tuple = LISTS       # that we ask
    customers: tuple = ()      # domains of others that send through us
    sources: dict = dataclasses.field(default_factory=lambda: {OURS: ""})
    certificate: tuple = ()    # hours from now: begins, ends
    routes: dict = dataclasses.field(default_factory=dict)
    conf: str = ""
    diagnose: str = 'probe = "good1.test"'
    proc: dict = dataclasses.field(default_factory=dict)
    disk: str = "400m"
    limits: str = ""
    seconds: float = 16        # that mail flows
    judged_until: float = 0    # then it is over; answers after that must not say "ours", no more
    is_blind: bool = False
    is_long: bool = False      # takes minutes: what is right needs them

    @property
    def is_tested(self):
        return not self.is_blind and not self.is_long

    def is_ours(self):
        return any("ours" in (r.whose if isinstance(r.whose, tuple) else (r.whose,)) for r in self.right)


class Post:
    """Sends the flows, as fast as they are due."""

    def __init__(self, world):
        self.w, self.refused, self.begun, self.due = world, 0, time.monotonic(), []
        i = world.i
        flows = i.mail or (Flow(SENDERS, [f"r{{n}}@{d}" for d in i.sites], int(i.seconds * 3), 1 / 3),)
        for f in flows:
            senders, to = ([x] if isinstance(x, str) else list(x) for x in (f.senders, f.to))
            for n in range(f.n):
                heapq.heappush(self.due, (f.start + n * f.every, len(self.due), senders[n // len(to) % len(senders)],
                                          to[n % len(to)].replace("{n}", str(n // len(to) % 3)), f.size))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.due:
            at, _, sender, to, size = heapq.heappop(self.due)
            time.sleep(max(0, self.begun + at - time.monotonic()))  # the pace of the mail, which is part of the incident
            self.send(sender, to, size)

    def send(self, sender, to, size):
        body = b"From: <%s>\r\nSubject: s\r\n\r\n" % sender.encode() + b"x" * 70 + b"\r\n"
        body += (b"y" * 76 + b"\r\n") * (size // 78)
        try:
            with self.w.a.client() as c:
                c.ehlo()
                c.mail(sender, (to,), body)
        except (AssertionError, OSError, Closed):
            self.refused += 1


class Verdict:
    """How the answers compare with what is right."""

    def __init__(self, incident):
        self.i, self.asked, self.last, self.ours = incident, 0, None, []
        self.whose_at = self.right_at = None  # seconds; since when it is so without a break

    def see(self, answer, seconds, is_whole):
        """is_whole: with checks, as an administrator asks. What is told without them only must not be wrong."""
        self.asked += 1
        verdicts = [v for v in answer["verdicts"] if not any(n.fits(v) for n in self.i.noise)]
        for v in verdicts:
            if v["whose"] == "ours" and not any(r.fits(v) for r in self.i.right):
                self.ours.append((round(seconds, 1), short(v)))
        if not is_whole or (self.i.judged_until and seconds > self.i.judged_until):
            return
        self.last = verdicts
        found = [[v for v in self.last if r.fits(v)] for r in self.i.right]
        is_first = bool(self.last) and any(r.fits(self.last[0]) for r in self.i.right)
        is_side = all(found) and is_first
        is_advice = is_side and all(any(r.advises(v) for v in f[:1]) for r, f in zip(self.i.right, found))
        self.whose_at = (self.whose_at or seconds) if is_side else None
        self.right_at = (self.right_at or seconds) if is_advice else None


def short(v):
    where = v["scope"] + (f" {v['who']}" if v["who"] else "")
    return f"{v['whose']}: {v['trouble']}, {where}" + (f", check {v['check']}" if v["check"] else "")


def before(w):
    """Mail goes well: each site has taken some of each sender."""
    got = [(s, f"r0@{d}") for d in w.i.healthy or w.i.sites for s in SENDERS[:2]]
    for s, r in got:
        w.a.send(s, (r,))
    for r in {r for _, r in got}:
        w.a.log.wait(event="delivered", recipient=r, count=2)


class Heart:
    """Notices when the machine held all of us still: then timeouts came that nobody staged."""

    def __init__(self):
        self.longest = 0
        threading.Thread(target=self.beat, daemon=True).start()

    def beat(self):
        while True:
            at = time.monotonic()
            time.sleep(0.2)  # measures the machine
            self.longest = max(self.longest, time.monotonic() - at - 0.2)


def play(incident, binary, directory, patience):
    """Everything of one incident, as a dict."""
    heart, w = Heart(), World(incident, binary, directory)
    try:
        if incident.is_healthy:
            before(w)
        if incident.trouble:
            incident.trouble(w)
        w.begin()
        got = watch(w, patience)
        got["held"] = heart.longest
        return got
    finally:
        w.destroy()


def watch(w, patience):
    i, later, v = w.i, sorted(w.i.later, key=lambda x: x[0]), Verdict(w.i)
    post, begun, timers = Post(w), time.monotonic(), []
    for seconds, fn in later:
        timers.append(threading.Timer(seconds, fn, (w,)))
        timers[-1].daemon = True
        timers[-1].start()
    is_over, n = False, 0
    while not is_over:
        n += 1
        asked = time.monotonic()
        answer = w.ask(*(() if n % 2 else ("--no-checks",)))
        seconds = time.monotonic() - begun
        if answer:
            v.see(answer, seconds, n % 2 == 1)
        is_still = not post.thread.is_alive() and not any(t.is_alive() for t in timers)
        is_over = (is_still and v.right_at is not None and v.asked > 3 and seconds > v.right_at + 3) or seconds > patience
        post.thread.join(max(0.0, asked + 1.0 - time.monotonic()))  # asked once a second
        if is_still:
            w.a.log.changed.acquire()
            w.a.log.changed.wait(max(0.0, asked + 1.0 - time.monotonic()))
            w.a.log.changed.release()
    alarms = w.a.log.find(event="alarm")
    told = [h for h in w.hook.got if h.get("event") == "alarm"]
    wrong = [f"alarm: {a['trouble']} {a['scope']} {a.get('who', '')}" for a in alarms if a["whose"] == "ours" and not i.is_ours()]
    wrong += [f"webhook: {h.get('trouble')} {h.get('scope')}" for h in told if h.get("whose") == "ours" and not i.is_ours()]
    return {"name": i.name, "what": i.what, "right": " + ".join(r.text() for r in i.right), "is_blind": i.is_blind,
            "is_theirs": not i.is_ours(), "said": [short(x) for x in (v.last or [])[:4]], "whose": v.whose_at is not None,
            "advice": v.right_at is not None, "whose_at": v.whose_at, "right_at": v.right_at, "asked": v.asked,
            "ours": sorted({t for _, t in v.ours}) + wrong, "ours_first": v.ours[:1], "alarms": len(alarms),
            "refused": post.refused, "all": v.last, "log": w.a.log.lines[-3000:]}

