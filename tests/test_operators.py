"""An operator's hands on many messages, and the story of one: with real processes."""
import json
import os
import subprocess

import pytest

from harness.process import wait_until

STUCK = {"default": 'first = "10m"'}


@pytest.fixture
def stuck(abide, lab):
    """stuck(n): an abide with n messages that were deferred, to two sites, and their ids."""
    def start(n=6, **kw):
        x, y = lab(), lab()
        a = abide(routes={"one.test": x.port, "two.test": y.port, "*": x.port}, retry=STUCK, **kw)
        ids = []
        for i in range(n):
            to = f"451-rcpt+{i}@{'one' if i % 2 else 'two'}.test"
            ids.append(a.send(f"s{i}@src.test", [to]))
            a.wait_fate(to, "deferred")
        return a, ids
    return start


def do(a, *argv, check=True):
    done = a.run("queue", argv[0], "-c", a.config.path, *argv[1:], check=check, stdin=subprocess.DEVNULL)
    return done


def states(a, *filters):
    return {r["address"]: r["state"] for m in a.queue(*filters) for r in m["recipients"]}


def site(a, message_id):
    return a.show(message_id)["recipients"][0]["site"]


def test_by_site_only_that_site(stuck):
    """An outage of one site must be handled without touching the mail of the others."""
    a, ids = stuck()
    of = [i for i in ids if site(a, i) == site(a, ids[0])]
    assert 0 < len(of) < len(ids)
    assert sorted(m["id"] for m in a.queue("--site", site(a, ids[0]))) == sorted(of)
    done = do(a, "hold", "--site", site(a, ids[0]), "--yes")
    assert b"hold: 3 messages, 3 recipients" in done.stdout
    assert sorted(m["id"] for m in a.queue() if m["recipients"][0]["state"] == "held") == sorted(of)
    # Held ones are found by their site too.
    assert sorted(m["id"] for m in a.queue("--site", site(a, ids[0]))) == sorted(of)
    said = json.loads(do(a, "release", "--site", site(a, ids[0]), "--yes", "--json").stdout)
    assert said == {"verb": "release", "messages": 3, "recipients": 3, "active": 0, "failed": 0, "matched": 3}
    a.audit()


def test_a_wrong_pattern_does_nothing(stuck):
    """Without a person who says yes, a pattern that matches too much changes nothing."""
    a, ids = stuck(3)
    before = states(a)
    refused = do(a, "drop", "--all", check=False)
    assert refused.returncode == 64 and b"3 messages with 3 recipients match" in refused.stderr
    assert do(a, "drop", "--cause", "no_such_cause", "--yes", check=False).returncode == 64
    assert do(a, "drop", "--all", "--site", "x", "--yes", check=False).returncode == 64
    assert do(a, "drop", check=False).returncode == 64
    assert do(a, "drop", "--all", ids[0], check=False).returncode == 64
    nothing = do(a, "drop", "--sender", "nobody@src.test", "--yes")
    assert b"no message matches" in nothing.stderr
    assert states(a) == before


def test_all_verbs_on_many(stuck):
    """Hold, release, retry and drop of everything, at once, in the running daemon."""
    a, ids = stuck()
    do(a, "hold", "--all", "--yes")
    assert set(states(a).values()) == {"held"}
    do(a, "release", "--all", "--yes")
    assert "held" not in states(a).values()
    for i, _ in enumerate(ids):
        a.log.wait(event="deferred", attempt="2", recipient=f"451-rcpt+{i}@{'one' if i % 2 else 'two'}.test")
    do(a, "retry", "--all", "--yes")
    for i, _ in enumerate(ids):
        a.log.wait(event="deferred", attempt="3", recipient=f"451-rcpt+{i}@{'one' if i % 2 else 'two'}.test")
    do(a, "drop", "--all", "--yes")
    a.wait_empty()
    assert {e["id"] for e in a.log.find(event="dropped")} == set(ids)
    a.audit()


def test_only_the_recipients_that_match(abide, lab):
    """Of a message to many only those who were meant: the others must stay in the schedule."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=STUCK)
    to = [f"451-rcpt+{i}@dst.test" for i in range(5)]
    mid = a.send(recipients=to)
    for r in to:
        a.wait_fate(r, "deferred")
    do(a, "drop", "--recipient", to[2], "--yes")
    assert set(states(a)) == set(to) - {to[2]}
    do(a, "hold", "--recipient", to[0], "--yes")
    a.audit()
    do(a, "retry", mid)
    for r in (to[1], to[3], to[4]):
        a.log.wait(event="deferred", attempt="2", recipient=r)
    assert states(a)[to[0]] == "held"
    a.audit()


def test_null_sender_is_a_sender(abide, lab):
    """--sender '' asks for bounces, not for everything."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=STUCK)
    mid = a.send("", ["451-rcpt+0@dst.test"])
    a.send("s@src.test", ["451-rcpt+1@dst.test"])
    for i in range(2):
        a.wait_fate(f"451-rcpt+{i}@dst.test", "deferred")
    assert [m["id"] for m in a.queue("--sender", "")] == [mid]
    assert [m["id"] for m in a.queue("--sender", "<>")] == [mid]
    assert len(a.queue("--sender", "@src.test")) == 1
    do(a, "drop", "--sender", "", "--yes")
    assert len(a.queue()) == 1


def test_bounce(abide, lab):
    """A postmaster returns mail: the sender is told in the same breath, with what the other side said."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=STUCK)
    mid = a.send("s@src.test", ["451-rcpt+0@dst.test", "451-rcpt+1@dst.test"])
    for i in range(2):
        a.wait_fate(f"451-rcpt+{i}@dst.test", "deferred")
    do(a, "bounce", mid)
    e = a.log.wait(event="bounced", id=mid)
    assert "administrator" in e["reply"]
    m = x.wait_for("s@src.test")
    text = str(m)
    assert m and "s@src.test" in text
    a.wait_empty()
    # A bounce of a bounce tells nobody.
    null = a.send("", ["451-rcpt+2@dst.test"])
    a.wait_fate("451-rcpt+2@dst.test", "deferred")
    do(a, "bounce", null)
    assert a.log.wait(event="bounced", id=null)["notice"] == "none"
    a.wait_empty()
    a.audit()


def test_without_a_running_abide(stuck):
    """When abide does not start is when one wants to take a message out of its way."""
    a, ids = stuck(4)
    a.stop()
    do(a, "hold", ids[0])
    do(a, "drop", ids[1])
    said = do(a, "retry", "--site", site(a, ids[2]), "--yes").stdout
    assert b"retry: 1 message, 1 recipient" in said, said
    assert do(a, "bounce", ids[2], check=False).returncode == 69
    assert do(a, "drop", "0" * 25 + "1", check=False).returncode == 66
    a.audit()
    owner = os.stat(a.config.spool).st_uid
    for folder, _, names in os.walk(a.config.spool):
        assert all(os.stat(os.path.join(folder, n)).st_uid == owner for n in names)
    a.start()
    a.log.wait(event="deferred", attempt="2", id=ids[2])
    assert a.show(ids[0])["recipients"][0]["state"] == "held"
    assert a.show(ids[1], check=False).returncode == 66


def test_what_is_being_delivered_is_left_alone(abide, lab):
    """A message in flight that is dropped would arrive all the same; so it is said instead."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=STUCK)
    mid = a.send(recipients=["hang-eod@dst.test"])
    wait_until(lambda: a.show(mid)["recipients"][0]["state"] == "active", what="a delivery")
    said = do(a, "drop", mid)
    assert b"being delivered" in said.stderr and b"0 recipients" in said.stdout


def test_content_of_many(stuck):
    a, ids = stuck(2)
    many = [json.loads(line) for line in
            do(a, "content", "--all", "--json").stdout.decode().splitlines()]
    assert {m["id"] for m in many} == set(ids)
    assert all(m["content"].endswith("Subject: a\r\n\r\nb\r\n") for m in many)
    text = do(a, "content", *ids).stdout.decode()
    assert all(f"==> {i} <==" in text for i in ids)


def trace(a, message_id, check=True):
    done = a.run("trace", "-c", a.config.path, "--json", message_id, check=check)
    return json.loads(done.stdout) if done.returncode == 0 else done


def test_trace(abide, lab):
    """Where was it, who said what, and when will it be tried: without reading logs."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=STUCK)
    to = ["tempfail-1+a@dst.test", "tempfail-1+b@dst.test"]
    mid = a.send("s@src.test", to)
    for r in to:
        a.wait_fate(r, "deferred")
    t = trace(a, mid)
    assert t["sender"] == "s@src.test" and t["client"].startswith("127.0.0.1") and len(t["waiting"]) == 2
    assert sum(len(e["recipients"]) for e in t["events"]) == 2
    for e in t["events"]:
        assert e["event"] == "attempt" and e["attempt"] == 1 and e["reply"].startswith("4") and e["peer"]
        assert e["cause"] and e["side"] and len(e["explanation"]) > 20 and e["next_try"]
    do(a, "hold", mid)
    do(a, "release", mid)
    a.wait_empty()
    t = trace(a, mid)
    kinds = [e["event"] for e in t["events"]]
    assert kinds[0] == "attempt" and "held" in kinds and "released" in kinds
    assert kinds[-1] == "relayed" and t["events"][-1]["attempts"] == 2
    assert t["sender"] == "s@src.test" and t["client"].startswith("127.0.0.1")
    text = a.run("trace", "-c", a.config.path, mid).stdout.decode()
    assert "accepted " + mid in text and "attempt 1" in text and "held" in text and "relayed" in text
    a.stop()
    assert [e["event"] for e in trace(a, mid)["events"]] == kinds
    assert trace(a, "0" * 25 + "1", check=False).returncode == 66
    a.audit()


def test_trace_keeps_the_newest_attempts(abide, lab):
    """A message that is tried for days must not fill the disk with its own story."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1h"'})
    mid = a.send("s@src.test", ["451-rcpt@dst.test"])
    for i in range(1, 41):
        a.log.wait(event="deferred", attempt=str(i), id=mid)
        do(a, "retry", mid)
    a.log.wait(event="deferred", attempt="41", id=mid)
    events = trace(a, mid)["events"]
    assert len(events) <= 32 and events[-1]["attempt"] == 41
    a.audit()


def sites(a, *argv):
    done = a.run("sites", "-c", a.config.path, "--json", *argv)
    return {o["site"]: o for o in map(json.loads, done.stdout.decode().splitlines())}


def test_sites(abide, lab):
    """Which destination is in trouble, why, and when it will be over: the first question of an outage."""
    x = lab()
    a = abide(routes={"good.test": x.port, "down.test": "127.0.0.1:9"}, retry=STUCK)
    a.send(recipients=["ok@good.test"])
    a.log.wait(event="delivered", recipient="ok@good.test")
    for i in range(3):
        a.send(recipients=[f"r{i}@down.test"])
    a.wait_fate("r0@down.test", "deferred")
    held = a.send(recipients=["451-rcpt@good.test"])
    a.wait_fate("451-rcpt@good.test", "deferred")
    down, good = site(a, a.queue("--recipient", "r0@down.test")[0]["id"]), site(a, held)
    do(a, "hold", held)
    all_ = sites(a)
    d, g = all_[down], all_[good]
    wait_until(lambda: sites(a)[down]["state"] == "paused", what="a breaker that opens")
    d = sites(a)[down]
    assert d["waiting"] == 3 and d["active"] == 0 and d["cause"] == "network_failure" and d["next_try"]
    assert d["domains"] and d["limit"] == 0 and d["last_reply"] and d["drains_at"] is None
    assert g["state"] == "flowing" and g["waiting"] == 0 and g["held"] == 1 and g["cause"] is None
    assert g["limit"] >= 1 and g["delivered"] >= 1 and g["next_try"] is None
    do(a, "release", held)
    a.log.wait(event="deferred", id=held, attempt="2")
    g = sites(a, good)[good]
    assert g["waiting"] == 1 and g["drains_from"] <= g["drains_at"] <= g["drains_by"]
    text = a.run("sites", "-c", a.config.path).stdout.decode()
    assert good in text and "paused (network_failure)" in text and "empty at about" in text
    assert a.run("sites", "-c", a.config.path, "nowhere.test", check=False).returncode == 66
    a.stop()
    stored = sites(a)
    assert stored[good]["waiting"] == 1 and stored[down]["waiting"] == 3 and stored[down]["state"] == "paused"
    a.audit()


def test_forecasts_are_remembered(abide, lab):
    """A forecast is worth what past ones were: each is held against what came."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "3s" factor = 1'})
    a.send(recipients=["ok@dst.test"])
    a.log.wait(event="delivered", recipient="ok@dst.test")
    mid = a.send(recipients=["tempfail-1@dst.test"])
    a.wait_fate("tempfail-1@dst.test", "deferred")
    (name,) = sites(a)
    assert sites(a)[name]["drains_at"]
    a.wait_empty()
    f = wait_until(lambda: sites(a)[name]["forecasts"]["settled"] and sites(a)[name]["forecasts"],
                   what="a forecast that came true")
    assert f["settled"] == 1 and f["last_said"] and f["last_came"]
    assert mid


def test_profiles_travel(abide, lab, directory):
    """What one server learned of a site spares another one the same refusals."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"greylisting": 'first = "1s" factor = 1', **STUCK})
    a.send(recipients=["greylist-2-unstated@dst.test"])
    a.log.wait(event="delivered", recipient="greylist-2-unstated@dst.test")
    (name,) = sites(a)
    learned = sites(a)[name]["learned"]
    assert learned["grey_enough"] > 0 and sites(a)[name]["learned_wait"] >= 2
    path = os.path.join(directory, "profiles")
    a.run("sites", "-c", a.config.path, "--export", path)
    exported = json.load(open(path, encoding="utf-8"))
    assert exported["sites"][name] == learned
    assert a.run("sites", "-c", a.config.path, "--diff", path).stdout == b""
    b = abide(routes={"*": x.port})
    different = b.run("sites", "-c", b.config.path, "--diff", path, check=False)
    assert different.returncode == 1 and b"grey_enough" in different.stdout
    b.run("sites", "-c", b.config.path, "--import", path)
    assert sites(b)[name]["learned"] == learned
    b.stop()
    assert sites(b)[name]["learned"] == learned
    exported["sites"][name]["grey_enough"] = 60000
    json.dump(exported, open(path, "w", encoding="utf-8"))
    b.run("sites", "-c", b.config.path, "--import", path)
    b.start()
    assert sites(b)[name]["learned_wait"] == 60
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"abide_sites": 1, "sites": {"x.test": {"grey_enough": "long"}}}')
    assert b.run("sites", "-c", b.config.path, "--import", path, check=False).returncode == 65
    b.audit()


def test_a_bounce_that_fails_ends_at_the_double_bounce_address(abide, lab):
    """Notices that nobody can get would tell a postmaster that something is wrong; they must not vanish or loop."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=STUCK, extra='double_bounce = "postmaster@here.test"')
    mid = a.send("reject@src.test", ["reject@dst.test"])
    first = a.log.wait(event="noticed", kind="failed")
    assert first["recipient"] == "reject@src.test"
    second = a.log.wait(event="noticed", kind="double_bounce")
    assert second["recipient"] == "postmaster@here.test"
    assert x.wait_for("postmaster@here.test")["mail"] == ""
    a.wait_empty()
    kinds = [e["event"] for e in trace(a, first["id"])["events"]]
    assert kinds == ["bounced"] and trace(a, mid)["events"][-1]["notice"] == first["id"]
    a.audit()


def test_what_fails_at_the_double_bounce_address_ends(abide, lab):
    """A postmaster without a mailbox must not make a loop of notices."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=STUCK, extra='double_bounce = "reject@here.test"')
    a.send("", ["reject@dst.test"])
    e = a.log.wait(event="bounced", recipient="reject@here.test")
    assert e["notice"] == "none" and e["double_bounce"] == "yes"
    a.wait_empty()
    a.audit()


def test_given_up_by_age(abide, lab):
    """The sender is told when the time is up, by the queue's clock: in the transaction that ends it."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "1s" factor = 1 max = "1s" give_up = "3s"'})
    mid = a.send("s@src.test", ["451-rcpt@dst.test"])
    e = a.log.wait(event="bounced", id=mid)
    assert e["reason"] == "expired" and 3000 <= int(e["delay_ms"]) < 20000
    assert x.wait_for("s@src.test")
    end = trace(a, mid)["events"][-1]
    assert end["event"] == "bounced" and end["notice"] and end["attempts"] >= 2
    a.audit()


def test_compact_without_stopping_service(stuck):
    """After a bad day the spool fills the disk; giving that back must not cost a minute of mail."""
    a, ids = stuck(4)
    big = b"Subject: a\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 76 + b"\r\n") * 500
    with a.client() as c:
        c.ehlo()
        for i in range(300):
            assert c.mail("big@src.test", [f"451-rcpt+{i}@one.test"], big).code == 250
    do(a, "hold", "--all", "--yes")
    a.audit()
    do(a, "drop", "--sender", "big@src.test", "--yes")
    assert len(a.queue()) == 4
    said = json.loads(a.run("spool", "compact", "-c", a.config.path, "--json").stdout)
    assert said["after"] < said["before"] / 2 and said["paused_ms"] <= said["took_ms"]
    a.log.wait(event="spool_compacted")
    assert {m["id"] for m in a.queue()} == set(ids)
    after = a.send("s@src.test", ["451-rcpt+after@one.test"])
    a.wait_fate("451-rcpt+after@one.test", "deferred")
    a.audit()
    a.kill()
    a.start()
    assert {m["id"] for m in a.queue()} == set(ids) | {after}
    a.audit()
    a.stop()
    assert b"MiB now" in a.run("spool", "compact", "-c", a.config.path).stdout
    a.start()
    assert len(a.queue()) == 5
    a.audit()
    assert a.run("spool", "-c", a.config.path, check=False).returncode == 64
