"""Whom mail is for: maps by file, aliases and directory, and what is said while they can't be asked."""
import os
import re
import signal
import threading
import time

import pytest

from harness.process import wait_until
from harness.slapd import Slapd
from harness.slow import Slow

MANY = "commands_without_mail = 1000000 errors = 1000000"  # a test asks more than a client should


def write(directory, name, text):
    """As an administrator should: a new file, renamed over the old one."""
    path = os.path.join(directory, name)
    with open(path + ".new", "w") as f:
        f.write(text)
    os.chmod(path + ".new", 0o644)
    os.rename(path + ".new", path)
    return path


def rcpt(client, address, sender="s@src.example.test"):
    """The reply to one recipient."""
    client.cmd("RSET")
    assert client.cmd(f"MAIL FROM:<{sender}>").code == 250
    return client.cmd(f"RCPT TO:<{address}>")


def status(reply):
    return f"{reply.code} {reply.text.split(' ')[0]}"


def ask(a, address, sender="s@src.example.test"):
    with a.client() as c:
        c.ehlo()
        return rcpt(c, address, sender)


PEOPLE = """# who is there
anna@example.org
bob            over
"Carl C"@example.org
dora   1000 2000
self
emil   2000, 2000
"""

ALIASES = """
team: anna, bob@example.org,
      dora
self: self, anna
"odd name": anna
loop: pool
pool: loop
away: somebody@far.example, anna
gone: nobody
wrong: "not an address
tag: dora
"""


@pytest.fixture
def files(abide, lab, directory):
    """An abide with files for example.org; .x is where its mail goes, .dir where the files are."""
    x = lab()
    people = write(directory, "people", PEOPLE)
    aliases = write(directory, "aliases", ALIASES.replace('wrong: "not an address\n', ""))
    secret = write(directory, "secret", "a secret of twenty characters\n")
    a = abide(routes={"*": x.port}, limits=MANY, extra=f"""
postmaster = "anna@example.org"
map people {{ file = "{people}" }}
map aliases {{ type = aliases file = "{aliases}" }}
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = "map:people" aliases = "map:aliases"
    quota = "map:people" subaddress = "+" }}
domain "any.example" {{ to = "127.0.0.1:{x.port}" }}
domain "virtual.example" {{ aliases = "map:aliases" }}
domain "all.example" {{ to = "127.0.0.1:{x.port}" recipients = {{"known"}} catch_all = "anna@example.org" }}
srs {{ secret = "{secret}" domain = "example.org" }}
""")
    a.x, a.dir = x, directory
    return a


CASES = [("anna@example.org", "250 2.1.5"), ("ANNA@EXAMPLE.ORG", "250 2.1.5"), ("nobody@example.org", "550 5.1.1"),
         ("bob@example.org", "452 4.2.2"), ('"carl c"@example.org', "250 2.1.5"), ("dora@example.org", "250 2.1.5"),
         ("emil@example.org", "452 4.2.2"), ("anna+tag@example.org", "250 2.1.5"), ("+tag@example.org", "550 5.1.1"),
         ("team@example.org", "250 2.1.5"), ('"odd name"@example.org', "250 2.1.5"), ("loop@example.org", "554 5.4.6"),
         ("self@example.org", "250 2.1.5"), ("gone@example.org", "550 5.1.1"), ("away@example.org", "250 2.1.5"),
         ("postmaster@example.org", "250 2.1.5"), ("Abuse@example.org", "250 2.1.5"), ("postmaster", "250 2.1.5"),
         ("x@any.example", "250 2.1.5"), ("anna@virtual.example", "550 5.1.1"), ("team@virtual.example", "452 4.2.2"),
         ("postmaster@virtual.example", "250 2.1.5"), ("known@all.example", "250 2.1.5"),
         ("whoever@all.example", "250 2.1.5"), ("x@else.example", "250 2.1.5"),
         ("SRS0=aaaaaa=aa=far.example=x@example.org", "550 5.1.1")]


def test_who_is_there(files):
    """A recipient that nobody has is refused at RCPT, not bounced to a forged sender later."""
    with files.client() as c:
        c.ehlo()
        got = [(address, status(rcpt(c, address))) for address, _ in CASES]
    assert got == CASES


def arrived(files, recipients, sender="s@src.example.test"):
    """Who got it, and from whom: (sender, recipient) pairs."""
    mid = files.send(recipients=recipients, sender=sender)
    files.wait_empty()
    return mid, sorted((m["mail"], r) for m in files.x.messages() for r in m["rcpts"])


def test_mail_goes_where_aliases_lead(files):
    """Each one once, though two ways lead to it."""
    _, got = arrived(files, ["team@example.org", "self@example.org"])
    assert [r for _, r in got] == ["anna@example.org", "bob@example.org", "dora@example.org", "self@example.org"]
    assert {s for s, _ in got} == {"s@src.example.test"}


def test_forwarding_in_our_name(files):
    """SPF holds at the far end, the mailbox here keeps the true sender, and a bounce finds its way back."""
    _, got = arrived(files, ["away@example.org"])
    by = {r: s for s, r in got}
    assert by["anna@example.org"] == "s@src.example.test"
    wrapped = by["somebody@far.example"]
    assert re.fullmatch(r"SRS0=[A-Za-z0-9+/]{6}=[A-Z2-7]{2}=src\.example\.test=s@example\.org", wrapped), wrapped
    assert status(ask(files, wrapped)) == "550 5.7.1"
    assert status(ask(files, wrapped.replace("=s@", "=t@"), sender="")) == "550 5.1.1"
    files.send(sender="", recipients=[wrapped])
    assert files.x.wait_for("s@src.example.test")["mail"] == ""
    files.audit()


def test_a_file_that_changes(files):
    """New people are there within seconds; a wrong file changes nothing and is named with its line."""
    path = os.path.join(files.dir, "people")
    mark = files.log.mark()
    write(files.dir, "people", PEOPLE + "frida\n")
    files.log.wait(event="map_loaded", map="people", since=mark)
    assert status(ask(files, "frida@example.org")) == "250 2.1.5"
    mark = files.log.mark()
    write(files.dir, "people", PEOPLE + "gustav\nanna@example.org\n")
    wrong = files.log.wait(event="map_wrong", map="people", since=mark)
    assert (wrong["file"], wrong["line"]) == (path, str(len(PEOPLE.splitlines()) + 2)), wrong
    assert status(ask(files, "frida@example.org")) == "250 2.1.5"
    assert status(ask(files, "gustav@example.org")) == "550 5.1.1"
    mark = files.log.mark()
    with open(path, "w") as f:
        f.write("anna\nhal")
    assert "half written" in files.log.wait(event="map_wrong", map="people", since=mark)["error"]
    assert status(ask(files, "frida@example.org")) == "250 2.1.5"
    done = files.run("check", "-c", files.config.path, check=False)
    assert done.returncode == 78 and f"{path}:2: " in done.stderr.decode(), done


def test_a_file_that_is_missing(abide, lab, directory):
    """Nobody is refused for good because a file is not there yet."""
    x = lab()
    path = os.path.join(directory, "later")
    a = abide(routes={"*": x.port}, limits=MANY, extra=f"""map later {{ file = "{path}" }}
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = "map:later" }}\n""")
    reply = ask(a, "anna@example.org")
    assert status(reply) == "451 4.3.0" and "retry=" in reply.text, reply
    assert directory not in reply.text
    mark = a.log.mark()
    write(directory, "later", "anna\n")
    a.log.wait(event="map_loaded", since=mark)
    assert status(ask(a, "anna@example.org")) == "250 2.1.5"


@pytest.mark.parametrize("line, why", [
    ('prog: "|/bin/x"', "start a program"), ("file: /var/mail/x", "write into a file"),
    ("more: :include:/etc/more", "read another file"), ("no colon", "colon"), ("empty:", "leads nowhere")])
def test_what_aliases_may_not_do(abide, directory, line, why):
    """Refused by name, with the line: a program that was quietly left out would lose mail."""
    path = write(directory, "aliases", f"root: anna\n{line}\n")
    a = abide(begin=False, extra=f'map m {{ type = aliases file = "{path}" }}\n')
    a.config.write()
    done = a.run("check", "-c", a.config.path, check=False)
    assert done.returncode == 78 and f"{path}:2: " in done.stderr.decode() and why in done.stderr.decode(), done


def test_rewriting_and_copies(abide, lab, directory):
    """Addresses of the past keep working, and every message has its copy."""
    x = lab()
    senders = write(directory, "senders", "old@src.example.test new@src.example.test\n@old.example @new.example\n")
    recipients = write(directory, "recipients", "@old.example @new.example\n")
    a = abide(routes={"*": x.port}, limits=MANY, extra=f"""always_bcc = {{"archive@keep.example"}}
map senders {{ file = "{senders}" }}
map recipients {{ file = "{recipients}" }}
rewrite_sender = "map:senders"
rewrite_recipient = "map:recipients"
""")
    a.send(sender="old@src.example.test", recipients=["b@old.example", "b@new.example", "c@other.example"])
    a.send(sender="A.b@Old.Example", recipients=["d@other.example"])
    a.wait_empty()
    got = sorted((m["mail"], r) for m in x.messages() for r in m["rcpts"])
    assert got == sorted([("new@src.example.test", "b@new.example"), ("new@src.example.test", "c@other.example"),
                          ("new@src.example.test", "archive@keep.example"), ("A.b@new.example", "d@other.example"),
                          ("A.b@new.example", "archive@keep.example")])


def test_rewriting_opens_no_relay(abide, lab, directory):
    """A stranger who names a foreign address may not relay, whatever it is rewritten to."""
    x = lab()
    recipients = write(directory, "recipients", "@foreign.example @other.example\n@mine.example @ours.example\n")
    a = abide(routes={"*": x.port}, relay_from=["192.0.2.1"], extra=f"""map recipients {{ file = "{recipients}" }}
rewrite_recipient = "map:recipients"
domain "ours.example" {{ to = "127.0.0.1:{x.port}" }}\n""")
    with a.client() as c:
        c.ehlo()
        got = [status(rcpt(c, x)) for x in ("a@foreign.example", "a@else.example", "a@mine.example", "a@ours.example")]
    assert got == ["550 5.7.1", "550 5.7.1", "250 2.1.5", "250 2.1.5"]


@pytest.mark.alone
def test_a_million_rows(abide, lab, directory):
    """Reading a big file stops nobody who is being served meanwhile."""
    x = lab()
    path = os.path.join(directory, "many")
    small = write(directory, "small", "anna\n")
    with open(path, "w") as f:
        f.writelines(f"user{i}@example.org mailbox{i}@example.org\n" for i in range(1000000))
    os.chmod(path, 0o644)
    a = abide(routes={"*": x.port}, limits=MANY, extra=f"""map many {{ file = "{path}" }}
map small {{ file = "{small}" }}
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = "map:many" }}
domain "small.example" {{ to = "127.0.0.1:{x.port}" recipients = "map:small" }}\n""")
    assert a.log.wait(event="map_loaded", map="many")["rows"] == "1000000"
    assert status(ask(a, "user999999@example.org")) == "250 2.1.5"
    assert status(ask(a, "user1000000@example.org")) == "550 5.1.1"
    mark, slowest = a.log.mark(), 0
    os.utime(path)
    with a.client() as c:
        c.ehlo()
        while not a.log.find(event="map_loaded", map="many", since=mark):
            begun = time.monotonic()
            assert status(rcpt(c, "anna@small.example")) == "250 2.1.5"
            slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 1, f"a look-up took {slowest:.2f} s while the file was read"
    assert not a.log.find(event="slow_task", role="lookup/0")


def test_asking_a_map(files):
    """What an administrator sees is what abide sees."""
    done = files.run("map", "-c", files.config.path, "aliases", "TEAM")
    assert done.stdout.decode().split() == ["anna", "bob@example.org", "dora"]
    assert f"{files.dir}/aliases:2" in done.stderr.decode()
    assert files.run("map", "-c", files.config.path, "people", "nobody", check=False).returncode == 67


def test_lookup_dies(files):
    """The process is started again, and who asks meanwhile waits for it or is put off: nobody is refused."""
    files.kill_role("lookup")
    replies = [status(ask(files, "anna@example.org")) for _ in range(3)]
    assert set(replies) <= {"250 2.1.5", "451 4.3.0"} and replies[-1] == "250 2.1.5", replies


# ---- the directory ----

WHO = {"anna": "", "bob": "", "list": "title: anna@example.org\ntitle: bob@example.org"}


class Traffic:
    """One who asks all the time; what was answered, with the time, by address."""

    def __init__(self, a):
        self.a, self.seen, self.stop = a, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(60)

    def run(self):
        with self.a.client(timeout=60) as c:
            c.ehlo()
            n = 0
            while not self.stop.is_set():
                n += 1
                begun = time.monotonic()
                reply = rcpt(c, "anna@example.org" if n % 2 else "nobody@example.org")
                self.seen.append((begun, time.monotonic() - begun, n % 2, reply))
                self.stop.wait(0.02)

    def wait(self, condition, what):
        mark = len(self.seen)
        wait_until(lambda: any(condition(r) for _, _, _, r in self.seen[mark:]), what=what)

    def check(self):
        for _, _, known, reply in self.seen:
            good = "250 2.1.5" if known else "550 5.1.1"
            assert status(reply) in (good, "451 4.3.0"), (known, reply)
            assert "secret" not in reply.text and "dc=" not in reply.text


def directory_abide(abide, lab, slapd, more='cache = "0" cache_missing = "0" timeout = "1s"', tls=None):
    x = lab()
    a = abide(routes={"*": x.port}, limits=MANY, extra=slapd.map(more=more, tls=tls) + f"""
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = "map:people" }}\n""")
    a.x = x
    return a


def is_up(reply):
    return status(reply) in ("250 2.1.5", "550 5.1.1")


def is_down(reply):
    return status(reply) == "451 4.3.0"


@pytest.mark.parametrize("tls", [None, "starttls", "ldaps"])
def test_directory(abide, lab, directory, started, tls):
    slapd = Slapd(directory, WHO, tls=bool(tls)).start()
    started.append(slapd)
    a = directory_abide(abide, lab, slapd, tls=tls)
    assert status(ask(a, "anna@example.org")) == "250 2.1.5"
    assert status(ask(a, "nobody@example.org")) == "550 5.1.1"
    # What would be a filter of its own is a name that nobody has.
    for address in ('"*"@example.org', '"a*"@example.org', '")(mail=*"@example.org', "a*@example.org"):
        assert status(ask(a, address)) == "550 5.1.1", address
    assert not a.log.find(event="lookup_failed")


BREAKS = {
    "killed": (lambda s: s.stop(), lambda s: s.start(), "can't be reached"),
    "stopped": (lambda s: s.signal(signal.SIGSTOP), lambda s: s.signal(signal.SIGCONT), "did not answer in time"),
}


@pytest.mark.parametrize("tls", [None, "starttls", "ldaps"])
@pytest.mark.parametrize("how", sorted(BREAKS))
def test_directory_goes_and_comes_back(abide, lab, directory, started, how, tls):
    """Every reply is true, the log has the cause, and service is back within 5 s of the directory."""
    slapd = Slapd(directory, WHO, tls=bool(tls)).start()
    started.append(slapd)
    a = directory_abide(abide, lab, slapd, tls=tls)
    breaks, mends, why = BREAKS[how]
    with Traffic(a) as t:
        t.wait(is_up, "an answer")
        mark = a.log.mark()
        breaks(slapd)
        t.wait(is_down, "a reply that puts off")
        down = a.log.wait(event="lookup_down", map="people", since=mark)
        t.wait(lambda r: is_down(r) and why in r.text, f"a reply that says: {why}")
        mends(slapd)
        back = time.monotonic()
        a.log.wait(event="lookup_back", map="people", since=mark)
        t.wait(is_up, "an answer again")
    first = min(begun + took for begun, took, _, r in t.seen if begun > back and is_up(r))
    assert first - back < 5, f"{first - back:.1f} s"
    assert max(took for _, took, _, _ in t.seen) < 3
    t.check()
    failed = a.log.find(event="lookup_failed", map="people")
    assert failed and all(e["step"] and e["error"] for e in failed) and down["reason"], failed
    assert "secret-of" not in "\n".join(a.log.lines)
    assert all("retry=" in r.text for _, _, _, r in t.seen if is_down(r))


def test_directory_is_slow(abide, lab, directory, started):
    """Within its time it is waited for; beyond it 451 says so, who needs no directory is served, and it ends with the trouble."""
    slapd = Slapd(directory, WHO).start()
    slow = Slow(slapd.port)
    started.extend([slapd, slow])
    slapd.port = slow.port
    a = directory_abide(abide, lab, slapd, more='cache = "0" cache_missing = "0" timeout = "2s"')
    slow.delay = 0.3  # for connection, login and search
    with Traffic(a) as t:
        t.wait(is_up, "an answer")
        assert not any(is_down(r) for _, _, _, r in t.seen)
        slow.delay = 10
        t.wait(lambda r: is_down(r) and "did not answer in time" in r.text, "a reply that puts off")
        assert status(ask(a, "x@else.example")) == "250 2.1.5"
        slow.delay, back = 0, time.monotonic()
        t.wait(is_up, "an answer again")
    first = min(begun + took for begun, took, _, r in t.seen if begun + took > back and is_up(r))
    assert first - back < 5, f"{first - back:.1f} s"
    t.check()


def test_directory_refuses_our_login(abide, lab, directory, started):
    """A changed password is 451, not "user unknown"; the right one is used without a restart."""
    slapd = Slapd(directory, WHO).start()
    started.append(slapd)
    slapd.set_password("a wrong one")
    a = directory_abide(abide, lab, slapd)
    reply = ask(a, "anna@example.org")
    assert status(reply) == "451 4.3.0" and "refused our login" in reply.text, reply
    e = a.log.wait(event="lookup_failed", map="people")
    assert e["step"] == "login" and "Invalid credentials" in e["error"] and "wrong one" not in str(e), e
    slapd.set_password("secret-of-abide")
    wait_until(lambda: status(ask(a, "anna@example.org")) == "250 2.1.5", timeout=5, what="an answer")


def test_directory_whose_certificate_is_wrong(abide, lab, directory, started):
    """Nothing is said to who can't prove that it is the right server, least of all a password."""
    slapd = Slapd(directory, WHO, tls=True).start()
    started.append(slapd)
    other = os.path.join(directory, "other")
    os.mkdir(other)
    slapd.ca = Slapd(other, {}, tls=True).ca
    for tls in ("starttls", "ldaps"):
        a = directory_abide(abide, lab, slapd, tls=tls)
        reply = ask(a, "anna@example.org")
        assert status(reply) == "451 4.3.0" and "encrypted" in reply.text, reply
        assert a.log.wait(event="lookup_failed", map="people")["step"] == "TLS"


def test_directory_is_remembered(abide, lab, directory, started):
    """Answers are kept for a while: a short absence of the directory is not seen by who asked before."""
    slapd = Slapd(directory, WHO).start()
    started.append(slapd)
    a = directory_abide(abide, lab, slapd, more='timeout = "1s"')
    assert [status(ask(a, x)) for x in ("anna@example.org", "nobody@example.org")] == ["250 2.1.5", "550 5.1.1"]
    slapd.stop()
    assert [status(ask(a, x)) for x in ("anna@example.org", "nobody@example.org", "bob@example.org")] == \
        ["250 2.1.5", "550 5.1.1", "451 4.3.0"]


def test_aliases_in_the_directory(abide, lab, directory, started):
    slapd = Slapd(directory, WHO).start()
    started.append(slapd)
    x = lab()
    a = abide(routes={"*": x.port}, limits=MANY, extra=slapd.map()
              + slapd.map("lists", 'filter = "(&(uid={user})(title=*))" result = {"title"}') + f"""
domain "example.org" {{ to = "127.0.0.1:{x.port}" recipients = "map:people" aliases = "map:lists" }}\n""")
    a.send(recipients=["list@example.org"])
    a.wait_empty()
    assert sorted(r for m in x.messages() for r in m["rcpts"]) == ["anna@example.org", "bob@example.org"]
    done = a.run("map", "-c", a.config.path, "lists", "list@example.org")
    assert sorted(done.stdout.decode().split()) == ["anna@example.org", "bob@example.org"]


def test_changes_during_traffic(files):
    """A table that is replaced again and again never makes anybody unknown who is in all of them."""
    with Traffic(files) as t:
        for n in range(8):
            mark = files.log.mark()
            write(files.dir, "people", PEOPLE + f"new{n}\n")
            files.log.wait(event="map_loaded", map="people", since=mark)
    t.check()
    assert all(is_up(r) for _, _, _, r in t.seen)
