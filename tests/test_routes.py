"""Whose mail goes which way: a table by domain, suffix, sender and login, and what each way goes out from."""
import os
import signal

import pytest

from harness.process import free_port, wait_until
from test_sources import Site
from test_submission import files, hashes, login, greeted, submission, PASSWORD, plain, write  # noqa: F401


@pytest.fixture
def sites():
    made = [Site() for _ in range(4)]
    yield made
    for s in made:
        s.close()


def arrived(site, recipient):
    wait_until(lambda: any(r == recipient for _, r in site.taken), what=f"{recipient} at its place")
    return next(source for source, r in site.taken if r == recipient)


def way(site, more=""):
    return f'to = "127.0.0.1:{site.port}" {more}'


def test_by_domain_suffix_and_sender(abide, sites):
    """The mail of one customer must not go by the smarthost of another, nor out from his address."""
    a = abide(routes={"*": sites[0].port}, extra=f"""
source "127.0.0.2" {{ helo = "news.abide.test" weight = 0 }}
source "127.0.0.3" {{ }}
route "* from news.test"          {{ {way(sites[1], 'source = "127.0.0.2"')} }}
route "* from boss@news.test, <>" {{ {way(sites[2])} }}
route ".far.test"                 {{ {way(sites[3])} }}
""")
    a.send("me@src.test", ["all@dst.test"])
    assert arrived(sites[0], "all@dst.test") == "127.0.0.3", "what no route names is for those alone that name it"
    for n in range(6):
        a.send(f"list{n}@news.test", [f"r{n}@dst.test"])
        assert arrived(sites[1], f"r{n}@dst.test") == "127.0.0.2"
    assert sites[1].helo == {"127.0.0.2": "news.abide.test"}
    a.send("boss@news.test", ["b@dst.test"])
    arrived(sites[2], "b@dst.test")
    a.send("boss@news.test", ["c@x.far.test"])
    arrived(sites[3], "c@x.far.test")
    a.send("", ["n@dst.test"])
    arrived(sites[2], "n@dst.test")
    a.wait_empty()
    a.audit()


def test_who_is_not_named_has_no_way(abide, sites):
    """A way for some is none for all: it is said at RCPT, not a day later by a bounce."""
    a = abide(routes={"own.test": sites[0].port}, extra=f'route "* from src.test" {{ {way(sites[1])} }}')
    with a.client() as c:
        c.ehlo()
        c.cmd("MAIL FROM:<me@else.test>")
        r = c.cmd("RCPT TO:<r@dst.test>")
        assert (r.code, "NO_ROUTE" in r.text) == (550, True), r
    a.send("me@src.test", ["r@dst.test"])
    arrived(sites[1], "r@dst.test")


def test_a_route_that_changes_takes_what_waits(abide, sites):
    """The way is today's: what waits for a smarthost that is gone takes the one that is written now."""
    a = abide(routes={"own.test": sites[2].port}, retry={"default": 'first = "2s" max = "3s" give_up = "1h"'},
              extra=f'route "* from src.test" {{ to = "127.0.0.1:{free_port()}" }}')
    a.send("me@src.test", ["r@dst.test"])
    a.wait_fate("r@dst.test", "deferred")
    a.config.extra = f'route "* from src.test" {{ {way(sites[1])} }}'
    a.config.write()
    a.process.signal(signal.SIGHUP)
    arrived(sites[1], "r@dst.test")


def test_by_login(submission, sites, directory):  # noqa: F811
    """A login has a way of its own, whatever it writes as sender."""
    path = write(os.path.join(directory, "users"), f"anna:{hashes()['bcrypt@example.org']}:@team.test\n"
                 f"bert:{hashes()['bcrypt@example.org']}:@team.test\n")
    a = submission(f'from = "file:{path}"', extra=f'route "* from login:anna" {{ {way(sites[0])} }}\n')
    a.log.wait(event="users_loaded")
    for user in ("anna", "bert"):
        with greeted(a) as c:
            assert c.cmd(plain(user, PASSWORD)).code == 235
            assert c.mail("both@team.test", [f"{user}@dst.test"], b"Subject: x\r\n\r\nx\r\n").code == 250
    arrived(sites[0], "anna@dst.test")
    a.x.wait_for("bert@dst.test")
    assert not any(r == "bert@dst.test" for _, r in sites[0].taken)
