"""What the queue makes of replies: what it learns, whom it tells, who waits for whom."""
import os

RETRY = {"default": 'first = "10m"', "greylisting": 'first = "2s" max = "3s"'}


def test_a_learned_wait_survives_a_restart(abide, lab):
    """Without it each first contact with that site would wait for the schedule again."""
    x = lab()
    a = abide(routes={"*": x.port}, retry=RETRY)
    first, second = "greylist-1-unstated@a.test", "greylist-1-unstated@b.test"
    a.send("one@src.test", [first])
    assert a.wait_fate(first, "deferred")["wait_source"] == "schedule"
    a.wait_fate(first, "delivered")
    a.stop()
    a.start()
    a.send("two@src.test", [second])
    d = a.wait_fate(second, "deferred")
    assert d["wait_source"] == "learned" and 1 <= int(d["wait"]) <= 4, d
    a.wait_fate(second, "delivered")
    assert len(x.messages()) == 2
    a.audit()


def test_what_waiting_does_not_heal_reaches_a_person(abide, lab, directory):
    """A missing PTR record is tried for days, and nobody would look before the first bounce."""
    x = lab(keep=True)
    path = os.path.join(directory, "replies.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write('rule "no PTR" {\n  code = 45\n  stage = rcpt\n  cause = ptr_missing\n}\n')
    os.chmod(path, 0o644)
    a = abide(routes={"*": x.port}, extra=f'reply_rules = "{path}"\nneeds_person = "postmaster@here.test"\n'
              "diagnose { checks = no }")  # what the machine of the test is like is no part of it
    rcpts = [f"greylist-2-unstated+{i}@dst.test" for i in range(3)]
    for i, r in enumerate(rcpts):
        a.send(f"s{i}@src.test", [r])
    e = a.log.wait(event="needs_person")
    assert e["cause"] == "ptr_missing" and "PTR" in e["advice"] and e["site"], e
    for r in rcpts:
        a.wait_fate(r, "delivered")
    assert len(a.log.find(event="needs_person")) == 1, "once a site, not once a message"
    a.log.wait(event="delivered", id=a.log.wait(event="noticed", kind="needs_person")["id"])
    mail = [m for m in x.messages() if m["rcpts"] == ["postmaster@here.test"]]
    text = x.content(mail[0])
    assert len(mail) == 1 and b"Subject: Mail to " in text and b"PTR" in text and b"It said:     451 " in text, text
    a.audit()


def test_a_message_overtakes_a_list(abide, lab):
    """One mail between people does not wait for the end of a newsletter to the same site."""
    x = lab()
    a = abide(routes={"*": x.port}, extra="limits { deliver_connections = 2 }")
    for i in range(60):
        a.send("list@src.test", [f"slow-1000+{i}@dst.test"])
    a.send("person@src.test", ["plain@dst.test"])
    a.wait_fate("plain@dst.test", "delivered")
    left = 60 - len(a.log.find(event="delivered", sender="list@src.test"))
    a.wait_empty(timeout=60)
    assert left > 10 and len(x.messages()) == 61


def test_a_stop_does_not_wait_for_the_backlog(abide, lab):
    """Else a stop with much mail takes minutes, and ends by killing what may just be delivered."""
    x = lab()
    a = abide(routes={"*": x.port}, extra="limits { deliver_connections = 2 }")
    for i in range(24):
        a.send("list@src.test", [f"delay-eod-400+{i}@dst.test"])
    a.log.wait(event="delivered")
    a.stop()
    assert not a.log.find(event="role_killed") and len(a.queue()) > 8
    a.audit()
    a.start()
    a.wait_empty()
    to = [r for m in x.messages() for r in m["rcpts"]]
    assert len(to) == len(set(to)) == 24
    a.audit()
