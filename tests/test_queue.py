"""The queue as people see it: listing, looking, changing, proving that nothing is lost."""
import os
import re
from datetime import datetime, timezone

from harness.process import wait_until

STATES = {"queued", "active", "deferred", "held", "maybe"}
STUCK = {"default": 'first = "10m"'}


def when(text):
    assert text.endswith("Z"), f"not UTC in RFC 3339: {text}"
    return datetime.fromisoformat(text[:-1] + "+00:00")


def steady(messages):
    """The listing with its times in whole minutes: they are computed from the queue's own clock."""
    def minutes(value):
        return round(when(value).timestamp() / 60) if value else value

    def recipient(r):
        return dict(r, next_try=minutes(r["next_try"]))
    return [dict(m, arrived=minutes(m["arrived"]), expires=minutes(m["expires"]),
                 recipients=[recipient(r) for r in m["recipients"]]) for m in messages]


def deferred_queue(abide, lab, n=3):
    """An abide whose queue holds n messages with a reply to each."""
    x = lab()
    a = abide(routes={"*": x.port, "down.test": "127.0.0.1:9"}, retry=STUCK)
    ids = [a.send(f"s{i}@src.test", [f"451-rcpt+{i}@dst.test"]) for i in range(n)]
    for i in range(n):
        a.wait_fate(f"451-rcpt+{i}@dst.test", "deferred")
    return a, ids


def test_listing(abide, lab):
    """Scripts and dashboards read these fields; a missing one breaks them silently."""
    a, ids = deferred_queue(abide, lab)
    messages = a.queue()
    assert [m["id"] for m in messages] == sorted(ids), "ids sort by time"
    for m in messages:
        i = ids.index(m["id"])  # two that came in one millisecond may stand either way
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", m["id"])
        assert m["sender"] == f"s{i}@src.test" and m["size"] > 10
        assert abs((datetime.now(timezone.utc) - when(m["arrived"])).total_seconds()) < 60
        assert when(m["expires"]) > when(m["arrived"])
        (r,) = m["recipients"]
        assert r["address"] == f"451-rcpt+{i}@dst.test" and r["state"] == "deferred" and r["attempts"] == 1
        assert when(r["next_try"]) > when(m["arrived"])
        assert r["reply"].startswith("451 ") and r["site"] and r["cause"] and r["side"]
        assert len(r["explanation"]) > 20
        assert steady([a.show(m["id"])]) == steady([m])
    text = a.run("queue", "-c", a.config.path).stdout.decode()
    assert all(i in text for i in ids)


def test_filters(abide, lab):
    """In an outage there are a million lines; a person wants the ones of a site, a cause, a user."""
    a, ids = deferred_queue(abide, lab)
    down = a.send("other@src.test", ["r@down.test"])
    a.wait_fate("r@down.test", "deferred")
    assert [m["id"] for m in a.queue("--sender", "s1@src.test")] == [ids[1]]
    assert [m["id"] for m in a.queue("--recipient", "r@down.test")] == [down]
    assert [m["id"] for m in a.queue("--cause", "network_failure")] == [down]
    site = a.show(down)["recipients"][0]["site"]
    assert [m["id"] for m in a.queue("--site", site)] == [down]
    assert a.queue("--sender", "nobody@src.test") == []


def test_unknown_ids(abide, lab):
    """Exit 66 tells a script that the message has gone; 0 with nothing would be read as an error."""
    a, ids = deferred_queue(abide, lab, 1)
    unknown = "0" * 25 + "1"
    for running in (True, False):
        if not running:
            a.stop()
        assert a.show(unknown, check=False).returncode == 66
        assert a.show("what", check=False).returncode in (64, 66)
        assert a.show(ids[0])["id"] == ids[0]


def test_the_same_when_down(abide, lab):
    """When abide doesn't start is when one wants to look into the queue."""
    a, _ = deferred_queue(abide, lab)
    before = a.queue()
    a.stop()
    assert steady(a.queue()) == steady(before)
    a.audit()


def test_restart_keeps_everything(abide, lab):
    """Attempts, replies and next tries survive, or each restart would start a storm of retries."""
    a, ids = deferred_queue(abide, lab)
    before = a.queue()
    a.stop()
    a.start()
    assert steady(a.queue()) == steady(before)
    a.kill()
    a.start()
    assert steady(a.queue()) == steady(before)
    assert {m["id"] for m in before} == set(ids)
    assert not a.log.find(event="deferred"), "tried again although it was not due"
    a.audit()


def test_ids_do_not_repeat_over_restarts(abide):
    """Two messages with one id: one of them would be lost."""
    a = abide()
    seen = set()
    for _ in range(3):
        seen |= {a.send() for _ in range(5)}
        a.kill()
        a.start()
    assert len(seen) == 15 == len(a.queue())


def test_long_listing_comes_in_pages(abide):
    """A queue of thousands is listed whole, whatever fits into one answer."""
    a = abide()
    with a.client() as c:
        c.ehlo()
        ids = {c.mail(recipients=[f"r{i}@dst.test" for i in range(20)]).id for _ in range(300)}
        one = c.mail(recipients=[f"r{i}@dst.test" for i in range(1000)]).id
    listed = a.queue()
    assert {m["id"] for m in listed} == ids | {one} and len(listed) == 301
    assert len(a.show(one)["recipients"]) == 1000


def test_hold_release_retry_drop(abide, lab):
    """A postmaster's four hands on a message; each must do what it says and be logged."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=STUCK)
    mid = a.send(recipients=["tempfail-1@dst.test"])
    a.wait_fate("tempfail-1@dst.test", "deferred")

    def do(verb):
        a.run("queue", verb, "-c", a.config.path, mid)

    do("hold")
    wait_until(lambda: a.show(mid)["recipients"][0]["state"] == "held", what="held")
    do("release")
    x.wait_for("tempfail-1@dst.test")
    soon = a.send(recipients=["tempfail-1+soon@dst.test"])
    a.wait_fate("tempfail-1+soon@dst.test", "deferred")
    a.run("queue", "retry", "-c", a.config.path, soon)
    x.wait_for("tempfail-1+soon@dst.test")
    a.wait_empty()
    gone = a.send(recipients=["451-rcpt@dst.test"])
    a.wait_fate("451-rcpt@dst.test", "deferred")
    a.run("queue", "drop", "-c", a.config.path, gone)
    a.wait_empty()
    a.log.wait(event="dropped", id=gone)
    a.audit()


def test_content(abide, lab):
    """To see what is stuck, without reading the spool's format."""
    a, ids = deferred_queue(abide, lab, 1)
    shown = a.run("queue", "content", "-c", a.config.path, ids[0]).stdout
    assert shown.endswith(b"Subject: a\r\n\r\nb\r\n") and shown.startswith(b"Received: ")


def test_spool_is_private(abide):
    """Other users of the machine must not read mail."""
    a = abide()
    assert os.stat(a.config.spool).st_mode & 0o077 == 0


def test_audit_proves_all_ends(abide, lab):
    """Delivered, bounced, queued: after a mixed day the proof is clean, running or not."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1s" max = "1s"', "greylisting": 'first = "10m" max = "10m"'})
    for i in range(5):
        a.send(recipients=[f"ok{i}@dst.test", f"reject+{i}@dst.test", f"tempfail-1+{i}@dst.test",
                           f"greylist-900+{i}@dst.test"])
    a.log.wait(10, event="delivered", match=lambda e: "dst.test" in e["recipient"])
    a.log.wait(5, event="bounced")
    a.audit()
    a.stop()
    a.audit()
    a.start()
    a.audit()
