"""/etc/aliases as Debian makes it and as people fill it, and aliases and catch-alls of a directory."""
import os

import pytest

from harness.process import wait_until
from harness.slapd import Slapd
from test_lookup import MANY, ask, rcpt, status, write

# Debian's postfix, exim4-config and sendmail-base make such files.
POSTFIX = "# See man 5 aliases for format\npostmaster:    root\n"
EXIM = """# /etc/aliases
mailer-daemon: postmaster
postmaster: root
nobody: root
hostmaster: root
usenet: root
news: root
webmaster: root
www: root
ftp: root
abuse: root
noc: root
security: root
"""


@pytest.fixture
def stock(abide, lab, directory):
    """stock(aliases, people, more): an abide for example.org with both files; .x is where its mail goes."""
    def start(aliases, people="anna\nroot\n", more=""):
        x = lab()
        aliases = write(directory, "aliases", aliases)
        people = write(directory, "people", people)
        a = abide(routes={"*": x.port}, limits=MANY, hostname="mx.example.org", extra=f"""{more}
map people {{ file = "{people}" }}
map aliases {{ type = aliases file = "{aliases}" }}
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = "map:people" aliases = "map:aliases" subaddress = "+" }}
""")
        a.x = x
        return a
    return start


def statuses(a, *addresses):
    with a.client() as c:
        c.ehlo()
        return [status(rcpt(c, address)) for address in addresses]


@pytest.mark.parametrize("text", [POSTFIX, EXIM], ids=["postfix", "exim"])
def test_debians_own_file(stock, text):
    """It works as it lies there, and what it leads to gets the mail."""
    a = stock(text)
    a.run("check", "-c", a.config.path)
    a.send(recipients=["postmaster@example.org"])
    assert a.x.wait_message()["rcpts"] == ["root@example.org"]
    a.send(recipients=["abuse@example.org"])
    assert a.x.wait_message(2)[-1]["rcpts"] == ["root@example.org" if text == EXIM else "abuse@example.org"]


@pytest.mark.parametrize("more, to", [("", "postmaster@example.org"), ('postmaster = "anna@example.org"', "anna@example.org")])
def test_a_postmaster_whose_alias_leads_nowhere(stock, more, to):
    """RFC 5321 4.5.1: where nobody is called root, whoever has trouble with us is not told that there is no postmaster."""
    a = stock(EXIM, people="anna\n", more=more)
    assert statuses(a, "postmaster@example.org", "Postmaster+x@example.org", "abuse@example.org", "webmaster@example.org") == [
        "250 2.1.5", "250 2.1.5", "250 2.1.5", "550 5.1.1"]
    a.send(recipients=["postmaster@example.org"])
    assert a.x.wait_message()["rcpts"] == [to]


@pytest.mark.parametrize("line, why", [
    ('majordomo: "|/usr/lib/majordomo/wrapper majordomo"', "would start a program"),
    ("majordomo: |/usr/bin/procmail", "would start a program"),
    ("archive: anna, /var/mail/archive", "would write into a file"),
    ("list: :include:/var/lib/lists/list", "would read another file"),
    ('list: ":include:/var/lib/lists/list"', "would read another file")])
def test_what_is_not_done_is_said_with_its_line(stock, line, why):
    """Left out without a word, it would lose mail; told by check before, and nobody is refused for good meanwhile."""
    a = stock(POSTFIX + "# lists\n" + line + "\n")
    done = a.run("check", "-c", a.config.path, check=False)
    assert done.returncode == 78 and "aliases:4: " in done.stderr.decode() and why in done.stderr.decode(), done
    wrong = a.log.wait(event="map_wrong", map="aliases")
    assert wrong["line"] == "4" and why in wrong["error"], wrong
    reply = ask(a, "anna@example.org")
    assert status(reply) == "451 4.3.0" and "retry=" in reply.text and "/" not in reply.text.split("retry")[0], reply
    mark = a.log.mark()
    write(os.path.dirname(wrong["file"]), "aliases", POSTFIX)
    a.log.wait(event="map_loaded", map="aliases", since=mark)
    assert status(ask(a, "anna@example.org")) == "250 2.1.5"


# ---- the directory ----

WHO = {"anna": "", "bob": "",
       "team": "title: anna\ntitle: bob@example.org",           # names without a domain are of the same one
       "boss": "title: anna@example.org",
       "one": "title: two@example.org", "two": "title: one@example.org",
       "far": "title: somebody@far.example",
       "odd": "title: |/bin/sh", "other": "description: @example.org\ntitle: anna@example.org"}
PEOPLE = 'filter = "(&(uid={user})(!(title=*)))" result = {"uid"} cache = "0" cache_missing = "0" timeout = "1s"'
LISTS = 'filter = "(&(uid={user})(title=*)(!(description=*)))" result = {"title"} cache = "0" cache_missing = "0" timeout = "1s"'
# A key without a local part, "@example.org", asks who gets all others.
ALL = ('filter = "(|(&(uid={user})(title=*)(!(description=*)))(description={key}))" result = {"title"} '
       'cache = "0" cache_missing = "0" timeout = "1s"')


@pytest.fixture
def ldap(abide, lab, directory, started):
    def start(lists):
        slapd, x = Slapd(directory, WHO).start(), lab()
        started.append(slapd)
        a = abide(routes={"*": x.port}, limits=MANY, extra=slapd.map(more=PEOPLE) + slapd.map("lists", lists) + f"""
postmaster = "anna@example.org"
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = "map:people" aliases = "map:lists" subaddress = "+" }}
domain "virtual.example" {{ aliases = "map:lists" }}\n""")
        a.x, a.slapd = x, slapd
        return a
    return start


def test_aliases(ldap):
    a = ldap(LISTS)
    assert statuses(a, "anna@example.org", "team@example.org", "team+x@example.org", "boss@virtual.example",
                    "one@example.org", "far@example.org", "nobody@example.org", "anna@virtual.example") == [
        "250 2.1.5", "250 2.1.5", "250 2.1.5", "250 2.1.5", "554 5.4.6", "250 2.1.5", "550 5.1.1", "550 5.1.1"]
    a.send(recipients=["team@example.org", "boss@virtual.example"])
    a.wait_empty()
    assert sorted(r for m in a.x.messages() for r in m["rcpts"]) == ["anna@example.org", "bob@example.org"]
    # What would start a program starts nothing, and is not called "user unknown".
    assert statuses(a, "odd@example.org") == ["554 5.2.4"]
    assert "would start a program" in str(a.log.find(match=lambda e: e.get("address") == "odd@example.org"))


def test_catch_all(ldap):
    """Whoever is there gets what is his; the rest goes to one place, and nothing of a stranger's becomes a filter."""
    a = ldap(ALL)
    a.send(recipients=["bob@example.org", "whoever@example.org", '"*"@example.org', '")(uid=bob"@example.org'])
    a.wait_empty()
    assert sorted(r for m in a.x.messages() for r in m["rcpts"]) == ["anna@example.org", "bob@example.org"]
    assert statuses(a, "whoever@virtual.example") == ["550 5.1.1"], "another domain's catch-all"


@pytest.mark.parametrize("lists", [LISTS, ALL], ids=["aliases", "catch_all"])
def test_the_directory_goes_and_comes_back(ldap, lists):
    """While it can't be asked nobody is unknown, and nobody's mail goes to the catch-all by mistake."""
    a = ldap(lists)
    who = ("anna@example.org", "team@example.org", "whoever@example.org")
    up = statuses(a, *who)
    a.slapd.stop()
    for _ in range(3):
        assert statuses(a, *who) == ["451 4.3.0"] * 3
    a.slapd.start()
    wait_until(lambda: statuses(a, *who) == up, timeout=5, what="service")
