"""The main job: mail gets through a real greylisting server, once, and after the wait that it stated."""
import pytest

from harness.peers import Postfix, Postgrey, Rspamd
from harness.process import seconds


def greylisting_postfix(peer, next_hop, delay, text):
    g = peer(Postgrey, delay, text)
    return peer(Postfix, next_hop, extra=f"""
smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{g.port}
""")


def test_through_postfix_with_postgrey(abide, lab, peer):
    """Without it a user's mail waits for the next full turn of a schedule, or is sent twice."""
    x = lab(keep=True)
    p = greylisting_postfix(peer, x.port, 6, "Greylisted for %s seconds")
    a = abide(routes={"*": p.port}, retry={"default": 'first = "10m"', "greylisting": 'first = "20m"'})
    mid = a.send("s@src.test", ["r@dst.test"])
    d = a.wait_fate("r@dst.test", "deferred")
    assert (d["id"], d["cause"], d["code"]) == (mid, "greylisting", "450")
    assert d["wait_source"] == "stated" and 5 <= int(d["wait"]) <= 7, d
    assert 5 <= seconds(d["next_try"]) - seconds(d["time"]) <= 9, d
    assert "Greylisted for" in d["reply"]
    r = a.show(mid)["recipients"][0]
    assert r["state"] == "deferred" and r["cause"] == "greylisting" and r["attempts"] == 1
    assert r["side"] == d["side"] and len(r["explanation"]) > 20
    end = a.wait_fate("r@dst.test", "delivered")
    assert end["id"] == mid
    x.wait_message()
    a.wait_empty()
    assert len(x.messages()) == 1
    assert len(a.log.find(event="deferred", recipient="r@dst.test")) == 1
    a.audit()


def test_through_postfix_with_rspamd(abide, lab, peer):
    """It says no more than "451 4.7.1 Try again later", after the content, as a filter in doubt does: so abide
    does not call it greylisting, but learns its delay all the same. Without that, each first contact
    with such a site waits for a schedule; and a wait that isn't taken as greylisting is far longer."""
    x = lab(keep=True)
    g = peer(Rspamd, 5)
    p = peer(Postfix, x.port, extra=f"""
smtpd_milters = inet:127.0.0.1:{g.port}
milter_default_action = accept
""")
    a = abide(routes={"*": p.port},
              retry={"default": 'first = "10m"', "deferred_unspecified": 'first = "3s" factor = 1 max = "3s"'})
    first = a.send("s@src.test", ["r@dst.test"], b"Subject: one\r\n\r\nthe first\r\n")
    d = a.wait_fate("r@dst.test", "deferred")
    assert (d["id"], d["cause"], d["code"], d["wait_source"]) == (first, "deferred_unspecified", "451", "schedule"), d
    a.wait_fate("r@dst.test", "delivered")
    assert len(a.log.find(event="deferred", recipient="r@dst.test")) <= 3
    second = a.send("s@src.test", ["other@dst.test"], b"Subject: two\r\n\r\nthe second\r\n")
    d = a.wait_fate("other@dst.test", "deferred")
    assert (d["id"], d["cause"], d["wait_source"]) == (second, "deferred_unspecified", "learned"), d
    a.wait_fate("other@dst.test", "delivered")
    assert len(a.log.find(event="deferred", recipient="other@dst.test")) <= 3
    x.wait_message(2)
    a.wait_empty()
    assert len(x.messages("r@dst.test")) == len(x.messages("other@dst.test")) == 1
    a.audit()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_was_learned_survives_a_restart(abide, lab, end):
    """Forgotten with each restart, all sites that greylist would be strangers again that day."""
    x = lab()
    a = abide(routes={"*": x.port},
              retry={"default": 'first = "10m"', "greylisting": 'first = "3s" factor = 1 max = "3s"'})
    a.send("s@src.test", ["greylist-2-unstated@dst.test"])
    d = a.wait_fate("greylist-2-unstated@dst.test", "deferred")
    assert d["wait_source"] == "schedule"
    a.wait_fate("greylist-2-unstated@dst.test", "delivered")
    a.wait_empty()
    getattr(a, end)()
    a.start()
    a.send("t@src.test", ["greylist-2-unstated+b@dst.test"])
    d = a.wait_fate("greylist-2-unstated+b@dst.test", "deferred")
    assert d["cause"] == "greylisting" and d["wait_source"] == "learned", d
    a.wait_fate("greylist-2-unstated+b@dst.test", "delivered")
    assert len(x.messages("greylist-2-unstated+b@dst.test")) == 1
    a.audit()


@pytest.mark.parametrize("style", ["postgrey", "hms", "seconds"])
def test_stated_waits_are_obeyed(abide, lab, style):
    """Each way to write a wait is somebody's server; missed, the mail comes minutes later."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "10m"'})
    rcpt = f"greylist-6-{style}@dst.test"
    a.send(recipients=[rcpt])
    d = a.wait_fate(rcpt, "deferred")
    assert d["cause"] == "greylisting" and d["wait_source"] == "stated" and 5 <= int(d["wait"]) <= 7, d
    m = x.wait_for(rcpt)
    assert m["mono"] - x.refused(rcpt=rcpt)[0]["mono"] >= 5
    assert len(a.log.find(event="deferred", recipient=rcpt)) == 1


def test_a_stated_wait_is_not_cut_short_when_others_get_in(abide, lab):
    """Some servers count from the beginning when one comes too early: the mail would be late, and its attempts wasted."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "10m"'})
    to = [f"greylist-12-seconds@d{i}.test" for i in range(15)]
    for r in to:
        a.send(recipients=[r])
    first = "greylist-6-seconds@d0.test"
    a.send(recipients=[first])
    x.wait_for(first)
    for r in to:
        x.wait_for(r)
    to.append(first)
    assert len(x.refused(code=450)) == len(to)


def test_no_stated_wait_follows_the_schedule_of_the_cause(abide, lab):
    """`retry greylisting` is what a postmaster sets; it must be what happens."""
    x = lab()
    a = abide(routes={"*": x.port}, retry={"default": 'first = "10m"', "greylisting": 'first = "1s" max = "2s"'})
    rcpt = "greylist-2-unstated@dst.test"
    a.send(recipients=[rcpt])
    d = a.wait_fate(rcpt, "deferred")
    assert d["cause"] == "greylisting" and d.get("wait_source", "schedule") == "schedule"
    x.wait_for(rcpt)
    a.wait_fate(rcpt, "delivered")
    assert len(x.messages(rcpt)) == 1


def test_the_triple_stays_the_same(abide, lab):
    """Another HELO name or sender would be a first contact again, and again."""
    x = lab()
    a = abide(routes={"*": x.port})
    a.send("s@src.test", ["greylist-5@dst.test", "plain@dst.test"])
    x.wait_for("plain@dst.test")
    m = x.wait_for("greylist-5@dst.test")
    r = x.refused(rcpt="greylist-5@dst.test")[0]
    assert m["mail"] == r["mail"] == "s@src.test"
    helos = {e["helo"] for e in x.out.find(event="disconnect") + x.out.find(event="message")}
    assert helos == {a.config.hostname}


def test_one_greylisted_recipient_does_not_hold_the_others(abide, lab):
    """Greylisting is about one triple: all others must go at once."""
    x = lab()
    a = abide(routes={"*": x.port})
    names = [f"r{i}@dst.test" for i in range(20)] + ["greylist-5@dst.test"]
    a.send(recipients=names)
    for n in names[:-1]:
        a.wait_fate(n, "delivered")
    a.wait_fate(names[-1], "delivered")
    assert sorted(r for m in x.messages() for r in m["rcpts"]) == sorted(names)
