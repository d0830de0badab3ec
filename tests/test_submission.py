"""Submission: who may log in, how, and what is said when nobody can say (RFC 4954, 6409, 8314)."""
import base64
import json
import os
import re
import signal
import smtplib
import socket
import threading
import time

import pytest

from harness.dovecot_auth import Dovecot, stored
from harness.process import PATIENCE, free_port
from harness.scram import Client, b64
from harness.slapd import Slapd
from harness.smtp import Smtp
from harness.tls import Certificate, any_context

PASSWORD = "geheim & more"
BACK_WITHIN = 5  # seconds, after the back-end is back
MANY = "commands_without_mail = 1000000 errors = 1000000"


def plain(user, password=PASSWORD):
    return "AUTH PLAIN " + b64(f"\0{user}\0{password}")


def write(path, text, mode=0o644):
    """As an administrator should: a new file, renamed over the old one."""
    with open(path + ".new", "w") as f:
        f.write(text)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)
    return path


def hashes():
    """Login -> stored password: each kind that can be stored."""
    return {"bcrypt@example.org": stored("BLF-CRYPT", PASSWORD),
            "sha512@example.org": stored("SHA512-CRYPT", PASSWORD),
            "argon2@example.org": stored("ARGON2ID", PASSWORD),
            "scram@example.org": stored("SCRAM-SHA-256", PASSWORD)}


@pytest.fixture
def submission(abide, lab, directory):
    """submission(users block, more): .port submission, .implicit submissions; .x is where mail goes."""
    def start(users, extra="", limits=MANY, host="localhost", **kw):
        x, c, implicit = lab(keep=True), Certificate(directory, host, "rsa"), free_port()
        a = abide(routes={"*": x.port}, hostname=host, relay_from=("192.0.2.1",), limits=limits,
                  listen_block="protocol = submission", extra=c.block() + f"users {{ {users} }}\n" + extra
                  + f'listen "127.0.0.1:{implicit}" {{ protocol = submissions }}\n', **kw)
        a.x, a.certificate, a.implicit = x, c, implicit
        return a
    return start


@pytest.fixture
def files(submission, directory):
    """Users of every kind in a file."""
    lines = [f"{login}:{hashed}\n" for login, hashed in hashes().items()]
    lines.append(f"many:{hashes()['sha512@example.org']}:boss@example.org, @team.example\n")
    path = write(os.path.join(directory, "users"), "".join(lines))
    a = submission(f'from = "file:{path}" mechanisms = {{"PLAIN", "LOGIN", "SCRAM-SHA-256"}}')
    a.log.wait(event="users_loaded")
    a.users = path
    return a


def greeted(a, source=None):
    c = Client(a.port, source=source)
    c.ehlo()
    c.starttls()
    c.ehlo()
    return c


def login(a, user, password=PASSWORD):
    """The reply to one try."""
    with greeted(a) as c:
        return c.cmd(plain(user, password))


def status(reply):
    return f"{reply.code} {reply.text.split(' ')[0]}"


def no_secrets(a, *more):
    """Passwords are in no line of the log, in no form."""
    for secret in (PASSWORD, b64(PASSWORD), *more):
        assert not [line for line in a.log.lines if secret in line]


@pytest.mark.parametrize("user", ["bcrypt@example.org", "sha512@example.org", "argon2@example.org",
                                  "scram@example.org"])
def test_every_kind_of_password(files, user):
    """Logged in by PLAIN and LOGIN, and mail goes out with our trace and nothing of the password."""
    with greeted(files) as c:
        assert status(c.cmd(plain(user, PASSWORD + "x"))) == "535 5.7.8"
        assert status(c.cmd(plain(user.upper()))) == "235 2.7.0"
        r = c.mail(user, ["r@far.example"], b"Subject: x\r\n\r\nhello\r\n")
        assert r.code == 250, r
    content = files.x.content(files.x.wait_for("r@far.example")).decode()
    assert content.replace("\r\n\t", " ").startswith("Received: by localhost with ESMTPSA (TLSv1."), content
    assert "client.example.test" not in content and "127.0." not in content, "where a person is, is told to nobody"
    assert re.search(rf"^Message-ID: <{r.id}@localhost>\r$", content, re.M), content
    assert re.search(r"^Date: \w{3}, \d+ \w{3} \d{4} ", content, re.M), content
    assert files.log.wait(event="accepted")["login"] == user
    assert files.log.wait(event="login")["mechanism"] == "PLAIN"
    told = json.loads(files.run("trace", "-c", files.config.path, "--json", r.id).stdout)
    assert told["login"] == user and told["tls"].startswith("TLSv1."), told
    assert f", logged in as {user}, sender <" in files.run("trace", "-c", files.config.path, r.id).stdout.decode()
    with greeted(files) as c:
        assert c.cmd("AUTH LOGIN").text == b64("Username:")
        assert c.cmd(b64(user)).text == b64("Password:")
        assert status(c.cmd(b64(PASSWORD))) == "235 2.7.0"
        assert "AUTH" not in c.extensions()
    no_secrets(files, b64(f"\0{user}\0{PASSWORD}"))


def test_who_may_send_as_whom(files):
    """A login sends as itself, or as the file says."""
    with greeted(files) as c:
        assert status(c.cmd("MAIL FROM:<scram@example.org>")) == "530 5.7.0"
        assert c.cmd(plain("many")).code == 235
        got = {}
        for sender in ("boss@example.org", "any@team.example", "many@example.org", "boss@other.example", ""):
            got[sender] = status(c.cmd(f"MAIL FROM:<{sender}>"))
            c.cmd("RSET")
    assert got == {"boss@example.org": "250 2.1.0", "any@team.example": "250 2.1.0", "": "250 2.1.0",
                   "many@example.org": "553 5.7.1", "boss@other.example": "553 5.7.1"}
    e = files.log.wait(event="refused", code="553")
    assert e["cause"] == "sender_not_owned", e


def test_senders_by_map(submission, directory):
    """Where the configuration says who may send as whom, it is asked at each log-in."""
    users = write(os.path.join(directory, "users"), f"anna:{hashes()['sha512@example.org']}\n")
    senders = write(os.path.join(directory, "senders"), "anna info@example.org @team.example\n")
    a = submission(f'from = "file:{users}" senders = "map:senders"', f'map senders {{ file = "{senders}" }}\n')
    a.log.wait(event="map_loaded")
    with greeted(a) as c:
        assert c.cmd(plain("anna")).code == 235
        assert c.cmd("MAIL FROM:<info@example.org>").code == 250
        c.cmd("RSET")
        assert c.cmd("MAIL FROM:<anna@example.org>").code == 553


def test_scram(files):
    """Both ends prove that they know the password, and neither says it."""
    for plus in (False, True):
        with greeted(files) as c:
            r = c.auth_scram("scram@example.org", PASSWORD, plus)
            assert status(r) == "235 2.7.0", r
    assert files.log.wait(event="login", mechanism="SCRAM-SHA-256-PLUS")["login"] == "scram@example.org"
    no_secrets(files)


@pytest.mark.parametrize("cheat, code", [
    (dict(password="wrong"), 535), (dict(proof=bytes(32)), 535), (dict(nonce="abc"), 535),
    (dict(plus=True, data=bytes(32)), 535), (dict(flag="y"), 535), (dict(data=b"x"), 535),
    (dict(plus=True, flag="n", data=b""), 501), (dict(flag="p=tls-server-end-point"), 501),
    (dict(plus=True, flag="p=tls-unique"), 501), (dict(more=",m=x"), 501)])
def test_scram_cheated(files, cheat, code):
    """A stolen proof, another connection's, one of a man in the middle who hides -PLUS."""
    with greeted(files) as c:
        args = dict(user="scram@example.org", password=PASSWORD)
        args.update(cheat)
        assert c.auth_scram(**args).code == code
        assert c.cmd("MAIL FROM:<scram@example.org>").code == 530


def test_nobody_learns_who_is_there(files):
    """Nor from the words, nor from the salt, nor from the time that a refusal takes."""
    replies, salts = {}, {}
    for user in ("nobody@example.org", "bcrypt@example.org", "argon2@example.org", "scram@example.org"):
        begun = time.monotonic()
        with greeted(files) as c:
            replies[user] = c.cmd(plain(user, "wrong")).text
        assert time.monotonic() - begun >= 1
        with greeted(files) as c:
            assert c.auth_scram(user, "wrong").code == 535
            salts[user] = (c.salt, c.iterations)
        with greeted(files) as c:
            assert c.auth_scram(user, "other").code == 535
            assert (c.salt, c.iterations) == salts[user]
    assert len(set(replies.values())) == 1
    assert {(len(s), i) for s, i in salts.values()} == {(16, 4096)}
    assert len({s for s, _ in salts.values()}) == 4


def test_a_file_that_changes(files):
    """A new user is there at once, a wrong line changes nothing, and who has left is out."""
    with open(files.users) as f:
        text = f.read()
    mark = files.log.mark()
    write(files.users, text + f"new:{hashes()['sha512@example.org']}\n")
    files.log.wait(event="users_loaded", since=mark)
    assert login(files, "new").code == 235
    mark = files.log.mark()
    write(files.users, text + "wrong:{MD5}abc\n")
    e = files.log.wait(event="users_wrong", since=mark)
    assert e["line"] == str(len(text.splitlines()) + 1), e
    assert login(files, "new").code == 235
    done = files.run("check", "-c", files.config.path, check=False)
    assert done.returncode == 78 and f"{files.users}:{e['line']}: " in done.stderr.decode(), done
    mark = files.log.mark()
    write(files.users, text)
    files.log.wait(event="users_loaded", since=mark)
    assert login(files, "new").code == 535


def test_a_file_that_is_missing(submission, directory):
    """Nobody is told that his password is wrong because a file is not there."""
    path = os.path.join(directory, "later")
    a = submission(f'from = "file:{path}"')
    r = login(a, "anna")
    assert status(r) == "454 4.7.0" and "could not be read" in r.text and "retry=" in r.text, r
    mark = a.log.mark()
    write(path, f"anna:{hashes()['sha512@example.org']}\n")
    a.log.wait(event="users_loaded", since=mark)
    assert login(a, "anna").code == 235


def test_where_auth_is_offered(files):
    """Only once the connection is encrypted, and from the first byte on at submissions."""
    with Smtp(files.port) as c:
        assert "AUTH" not in c.extensions()
        assert status(c.cmd(plain("scram@example.org"))) == "538 5.7.11"
    with greeted(files) as c:
        assert c.extensions()["AUTH"] == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "LOGIN", "PLAIN"]
    with smtplib.SMTP_SSL("127.0.0.1", files.implicit, context=any_context()) as s:
        s.login("scram@example.org", PASSWORD)
        assert s.sendmail("scram@example.org", ["r@far.example"], "Subject: x\n\ny\n") == {}


def test_long_responses_end_it(files):
    """RFC 4954 4: 12288 octets; beyond them 500 5.5.6, and the session goes on."""
    with greeted(files) as c:
        c.expect("AUTH PLAIN", 334)
        assert status(c.cmd("A" * 12289)) == "500 5.5.6"
        c.expect("AUTH PLAIN", 334)
        assert status(c.cmd("A" * 12288)) == "501 5.5.2"
        assert c.cmd(plain("scram@example.org")).code == 235


# ---- guessing and volume ----

def test_guessing_slows_down(files):
    """Tries count from their beginning on: a crowd at once gains nothing; other networks notice nothing."""
    clients = [greeted(files, source="127.0.0.1") for _ in range(60)]
    for i, c in enumerate(clients):
        c.send(plain(f"user{i}@example.org", "wrong") + "\r\n")
    # The first ten at once, the rest later and later; those beyond the fortieth are not looked at.
    begun = time.monotonic()
    replies = [c.read() for c in clients]
    assert time.monotonic() - begun >= 20
    held = [r for r in replies if r.code == 454]
    assert [status(r) for r in replies if r not in held] == ["535 5.7.8"] * 40, replies
    assert all(re.search(r"4.7.0 .*retry=00:0[01]:\d\d", r.text) for r in held), held
    for c in clients:
        c.close()
    with greeted(files, source="127.0.1.1") as c:
        begun = time.monotonic()
        assert c.cmd(plain("scram@example.org")).code == 235
        assert time.monotonic() - begun < PATIENCE / 2
    assert files.log.find(event="login_failed")


def test_a_stolen_password_is_found_by_its_volume(submission, directory):
    """Over its rate a login is held, wherever it comes from, and the administrator is told."""
    users = write(os.path.join(directory, "users"), f"anna@example.org:{hashes()['sha512@example.org']}\n"
                  f"bob@example.org:{hashes()['sha512@example.org']}\n")
    a = submission(f'from = "file:{users}"',
                   'rate volume { what = recipients by = login most = 5 per = "1h" hold = "2h" }\n')
    with greeted(a) as c:
        assert c.cmd(plain("anna@example.org")).code == 235
        c.envelope("anna@example.org", [f"r{i}@far.example" for i in range(5)])
        r = c.cmd("RCPT TO:<r6@far.example>")
        assert status(r) == "451 4.7.0" and "retry=02:00:00" in r.text, r
        assert c.data(b"Subject: x\r\n\r\ny\r\n").code == 250
    e = a.log.wait(event="rate_hold")
    assert (e["login"], e["rate"]) == ("anna@example.org", "volume"), e
    with greeted(a, source="127.0.1.1") as c:
        assert c.cmd(plain("ANNA@example.org")).code == 235
        assert c.cmd("MAIL FROM:<anna@example.org>").code == 250
        assert status(c.cmd("RCPT TO:<r7@far.example>")) == "451 4.7.0"
    with greeted(a) as c:
        assert c.cmd(plain("bob@example.org")).code == 235
        c.envelope("bob@example.org", ["r@far.example"])


# ---- back-ends that are killed, stopped, slow ----

class Backend:
    """A user of it, and what it takes to break it."""

    def __init__(self, server, user, password, users):
        self.server, self.user, self.password, self.users = server, user, password, users


@pytest.fixture
def slapd(directory, started):
    s = Slapd(directory, people={"anna": "mail: info@example.org", "bob": ""})
    started.append(s.start())
    return s


def by_ldap(submission, slapd):
    a = submission('from = "map:people"',
                   slapd.map(more='filter = "(|(uid={key})(mail={key}))" timeout = "2s"'))
    return a, Backend(slapd, "anna@example.org", "password-of-anna", slapd)


@pytest.fixture
def ldap(submission, slapd):
    return by_ldap(submission, slapd)


@pytest.fixture
def dovecot(submission, directory, started):
    d = Dovecot(directory, {"anna@example.org": stored("SHA512-CRYPT", "password-of-anna")})
    started.append(d.start())
    a = submission(f'from = "dovecot:{d.socket}" timeout = "2s"')
    return a, Backend(d, "anna@example.org", "password-of-anna", d)


@pytest.fixture(params=["ldap", "dovecot"])
def backend(request):
    return request.getfixturevalue(request.param)


def test_logging_in_there(backend):
    """Right, wrong, unknown, and as whom one may send."""
    a, b = backend
    assert login(a, b.user, b.password).code == 235
    assert status(login(a, b.user, "wrong")) == "535 5.7.8"
    assert status(login(a, "nobody@example.org", b.password)) == "535 5.7.8"
    assert status(login(a, "*", b.password)) == "535 5.7.8"
    with greeted(a) as c:
        assert c.cmd(plain(b.user.title(), b.password)).code == 235
        assert c.cmd("MAIL FROM:<anna@example.org>").code == 250
        c.cmd("RSET")
        assert c.cmd("MAIL FROM:<bob@example.org>").code == 553
    assert a.log.wait(event="login")["login"] == "anna@example.org"
    no_secrets(a, b.password, b64(b.password))


def test_the_directory_names_its_people(ldap):
    """By whichever name they log in, they are one, and send as all of their addresses."""
    a, b = ldap
    with greeted(a) as c:
        assert c.cmd(plain("ANNA", b.password)).code == 235
        got = {}
        for sender in ("anna@example.org", "info@example.org", "bob@example.org"):
            got[sender] = c.cmd(f"MAIL FROM:<{sender}>").code
            c.cmd("RSET")
    assert got == {"anna@example.org": 250, "info@example.org": 250, "bob@example.org": 553}
    assert a.log.wait(event="login")["login"] == "anna@example.org"
    assert login(a, "anna)(uid=*", b.password).code == 535


def tries(a, b, until):
    """Logs in again and again until that code: the replies on the way, and how long it took."""
    begun, seen = time.monotonic(), []
    while time.monotonic() - begun < BACK_WITHIN:
        seen.append(login(a, b.user, b.password))
        if seen[-1].code == until:
            return seen, time.monotonic() - begun
    raise AssertionError(seen[-3:])


def only_454(replies, *reasons):
    for r in replies:
        assert status(r) == "454 4.7.0" and "retry=" in r.text, r
        assert any(reason in r.text for reason in reasons), r
        assert "password" not in r.text and "/" not in r.text, r


def test_a_back_end_that_is_killed(backend):
    """454 with the kind of failure, at once; never 535; and back as soon as it is."""
    a, b = backend
    assert login(a, b.user, b.password).code == 235
    if hasattr(b.server, "kill"):
        b.server.kill()
    else:
        b.server.signal(signal.SIGKILL)
        b.server.process.popen.wait()
    only_454([login(a, b.user, b.password) for _ in range(12)], "can't be reached", "reported an error")
    a.log.wait(event="lookup_down")
    b.server.start()
    seen, took = tries(a, b, 235)
    only_454(seen[:-1], "can't be reached", "reported an error")
    assert took < BACK_WITHIN, took
    assert not a.log.find(event="refused", code="535")


def test_a_back_end_that_stands_still(backend):
    """The deadline is kept, then nobody waits for it any more; back as soon as it moves."""
    a, b = backend
    assert login(a, b.user, b.password).code == 235
    b.server.signal(signal.SIGSTOP)
    begun = time.monotonic()
    try:
        only_454([login(a, b.user, b.password) for _ in range(4)], "in time", "can't be reached")
        a.log.wait(event="lookup_down")
        begun = time.monotonic()
        only_454([login(a, b.user, b.password)], "in time", "can't be reached")
        assert time.monotonic() - begun < 2, "the breaker is closed"
    finally:
        b.server.signal(signal.SIGCONT)
    seen, took = tries(a, b, 235)
    only_454(seen[:-1], "in time", "can't be reached")
    assert took < BACK_WITHIN, took
    assert not a.log.find(event="refused", code="535")


def test_a_back_end_that_is_slow(backend):
    """Within its time it is waited for, and others are served meanwhile."""
    a, b = backend
    assert login(a, b.user, b.password).code == 235
    with greeted(a) as c, greeted(a) as other:
        b.server.signal(signal.SIGSTOP)
        wake = threading.Timer(1, b.server.signal, [signal.SIGCONT])
        wake.start()
        c.send(plain(b.user, b.password) + "\r\n")
        assert other.cmd("NOOP").code == 250
        assert c.read().code == 235
        wake.join()


def test_trouble_is_not_counted_against_people(backend):
    """However often they tried while it was down: when it is back they are in at once."""
    a, b = backend
    b.server.signal(signal.SIGSTOP)
    try:
        with greeted(a) as c:
            for _ in range(60):
                only_454([c.cmd(plain(b.user, b.password))], "in time", "can't be reached")
    finally:
        b.server.signal(signal.SIGCONT)
    seen, _ = tries(a, b, 235)
    only_454(seen[:-1], "in time", "can't be reached")


def test_dovecot_without_plain(submission, directory, started):
    """What the administrator must change is in the log."""
    d = Dovecot(directory, {"anna": stored("SHA512-CRYPT", PASSWORD)}, mechanisms="login")
    started.append(d.start())
    a = submission(f'from = "dovecot:{d.socket}"')
    only_454([login(a, "anna")], "reported an error")
    assert "auth_mechanisms" in a.log.wait(event="lookup_failed")["error"]


def scram_at_dovecot(submission, socket):
    return submission(f'from = "dovecot:{socket}" timeout = "2s" mechanisms = {{"SCRAM-SHA-256", "PLAIN"}}')


def test_scram_at_dovecot(submission, directory, started):
    """Dovecot keeps the keys: the password is said to nobody, and both ends prove that they know it."""
    d = Dovecot(directory, {"anna@example.org": stored("SCRAM-SHA-256", PASSWORD)}, mechanisms="plain scram-sha-256")
    started.append(d.start())
    a = scram_at_dovecot(submission, d.socket)
    with greeted(a) as c:
        assert "SCRAM-SHA-256-PLUS" not in c.extensions()["AUTH"], "Dovecot does not know our connection"
        assert status(c.auth_scram("anna@example.org", PASSWORD)) == "235 2.7.0"
        assert c.cmd("MAIL FROM:<anna@example.org>").code == 250
        c.cmd("RSET")
        assert c.cmd("MAIL FROM:<bob@example.org>").code == 553
    assert a.log.wait(event="login", mechanism="SCRAM-SHA-256")["login"] == "anna@example.org"
    for cheat in (dict(password="wrong"), dict(proof=bytes(32)), dict(nonce="abc"), dict(data=b"x"),
                  dict(user="nobody@example.org")):
        with greeted(a) as c:
            assert status(c.auth_scram(**{"user": "anna@example.org", "password": PASSWORD, **cheat})) == "535 5.7.8"
            assert c.cmd("MAIL FROM:<anna@example.org>").code == 530
    with greeted(a) as c:
        assert c.auth_scram("anna@example.org", PASSWORD, flag="y").code == 235
    d.kill()
    with greeted(a) as c:
        only_454([c.auth_scram("anna@example.org", PASSWORD)], "can't be reached")
    d.start()
    begun = time.monotonic()
    while time.monotonic() - begun < BACK_WITHIN:
        with greeted(a) as c:
            r = c.auth_scram("anna@example.org", PASSWORD)
        if r.code == 235:
            break
        only_454([r], "can't be reached", "reported an error")
    assert r.code == 235
    no_secrets(a)


class FalseDovecot:
    """Greets as Dovecot does, then answers each line of a client with what is next; None: it hangs up."""

    def __init__(self, path, answers):
        self.answers, self.listener = answers, socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(5)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as lines:
                peer.sendall(b"VERSION\t1\t2\nMECH\tPLAIN\nMECH\tSCRAM-SHA-256\nDONE\n")
                answers = list(self.answers)
                for line in lines:
                    if line.startswith((b"VERSION", b"CPID")):
                        continue
                    if not answers or answers[0] is None:
                        break
                    said = answers.pop(0)
                    peer.sendall(said(line) if callable(said) else said)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def challenge(line):
    """An answer to the client's first message, as it should be."""
    first = base64.b64decode(line.split(b"resp=")[1]).decode()
    return b"CONT\t1\t" + b64(f"r={first.split('r=')[1]}more,s={b64(bytes(16))},i=4096").encode() + b"\n"


@pytest.mark.parametrize("answers", [
    [b"CONT\t1\t\n"], [b"CONT\t1\t!!\n"], [b"CONT\t1\t" + b64("r=other,s=AAAA,i=4096").encode() + b"\n"],
    [b"OK\t1\tuser=anna\n"], [b"CONT\t1\t" + b"A" * 9000 + b"\n"], [None], [b"CONT\t2\tAAAA\n" * 200],
    [challenge, None], [challenge, b"OK\t1\tuser=anna\n"], [challenge, b"OK\t1\tuser=anna\tresp=AAAA\n"],
    [challenge, b"CONT\t1\tAAAA\n"], [challenge, b"FAIL\t1\ttemp\n"]])
def test_a_false_dovecot(submission, directory, answers):
    """Whatever it says, nobody is logged in without its proof, and nobody hears that the password is wrong."""
    path = os.path.join(directory, "auth")
    d = FalseDovecot(path, answers)
    try:
        a = scram_at_dovecot(submission, path)
        with greeted(a) as c:
            only_454([c.auth_scram("anna", PASSWORD)], "reported an error", "can't be reached")
            assert c.cmd("MAIL FROM:<anna@example.org>").code == 530
        assert a.log.wait(event="lookup_failed")["error"]
    finally:
        d.close()


def test_lookup_dies(files):
    """The process that has the passwords is started again, and nobody is told 535 for it."""
    assert login(files, "scram@example.org").code == 235
    files.kill_role("lookup")
    replies = [login(files, "scram@example.org") for _ in range(3)]
    assert {r.code for r in replies} <= {235, 454} and replies[-1].code == 235, replies


TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def blocks(kind):
    """Those of the recipe, its files in the test's folder."""
    with open(os.path.join(TOP, "doc", "submission.md"), encoding="utf-8") as f:
        return re.findall(rf"^```{kind}\n(.*?)^```\n", f.read(), re.S | re.M)


def test_the_recipe(abide, directory):
    """What doc/submission.md tells people to write is right, each block with the first."""
    c = Certificate(directory, "mx")
    first, *others = blocks("conf")
    assert len(others) == 6
    users, = blocks("users")
    with_keys = f"anna:{stored('SCRAM-SHA-256', PASSWORD)}\n"
    write(os.path.join(directory, "senders"), "anna info@example.org\n")
    for block in others:
        write(os.path.join(directory, "users"), with_keys if "SCRAM" in block else users)
        text = (first.replace("/etc/abide/tls/mx.pem", c.certificate).replace("/etc/abide/tls/mx.key", c.key)
                + block).replace("/etc/abide/", directory + "/")
        a = abide(begin=False, extra=text)
        a.config.write()
        a.run("check", "-c", a.config.path)
