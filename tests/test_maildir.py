"""Maildirs of abide's own: mail is there once, as its owner's, whatever dies, and nowhere else."""
import collections
import email
import mailbox
import os
import pwd
import subprocess

import pytest

from harness.dovecot import Dovecot
from harness.process import wait_until
from test_disk import Disk, pytestmark as needs_faults

CONTENT = "From: <s@src.test>\r\nMessage-ID: <%s@src.test>\r\nSubject: a\r\n\r\nHello\r\n.dot\r\n"
ROOT = os.geteuid() == 0


def content(name):
    return (CONTENT % name).encode()


@pytest.fixture
def store(directory):
    """Where mailboxes may be made by whoever mailbox is."""
    path = os.path.join(directory, "vmail")
    os.mkdir(path)
    os.chmod(path, 0o777)
    return path


def domain(store, pattern="{domain}/{user}", more=""):
    return f'domain "box.test" {{ to = "maildir:{store}/{pattern}" {more} }}'


def names_in(folder):
    counts = collections.Counter()
    for m in mailbox.Maildir(folder, create=False):
        counts[m["Message-ID"].strip("<>").split("@")[0]] += 1
    return counts


def test_mail_arrives(abide, store):
    """Small, large, of two recipients, with a tag: in new/, with its Return-Path, and no trace in tmp/."""
    a = abide(extra=domain(store, "{domain}/{user}/.{tag}", 'subaddress = "+" keep_tag = yes'))
    big = content("big") + (b"x" * 70 + b"\r\n") * 3000
    a.send("s@src.test", ["Anna@box.test", "otto@box.test"], content("one"))
    a.send("s@src.test", ["anna@box.test"], big)
    a.send("s@src.test", ["anna+lists@box.test"], content("tag"))
    a.wait_fate("otto@box.test", "delivered", code=250)
    a.wait_empty()
    anna = os.path.join(store, "box.test", "anna")
    assert names_in(anna) == {"one": 1, "big": 1}
    assert names_in(anna + "/.lists") == {"tag": 1}
    assert names_in(os.path.join(store, "box.test", "otto")) == {"one": 1}
    found = {m["Message-ID"]: m for m in mailbox.Maildir(anna)}
    one = found["<one@src.test>"]
    assert one["Return-Path"] == "<s@src.test>" and one["Delivered-To"] == "Anna@box.test" and one["Received"]
    assert one.get_payload() == "Hello\n.dot\n"
    assert len(found["<big@src.test>"].get_payload()) == len("Hello\n.dot\n") + 71 * 3000
    assert os.listdir(anna + "/tmp") == []
    a.audit()


def test_no_way_out(abide, store, directory):
    """An address with a path in it comes back; a link in the place of a mailbox is not followed."""
    os.makedirs(os.path.join(store, "box.test"), mode=0o777)
    os.chmod(os.path.join(store, "box.test"), 0o777)
    outside = os.path.join(directory, "outside")
    os.mkdir(outside)
    os.chmod(outside, 0o777)
    os.symlink(outside, os.path.join(store, "box.test", "link"))
    a = abide(extra=domain(store))
    a.send("", ['"../../outside"@box.test', "link@box.test", "good@box.test"], content("one"))
    e = a.wait_fate('"../../outside"@box.test', "bounced", code=550)
    assert e["cause"] == "user_unknown" and e["enhanced"] == "5.1.3", e
    e = a.wait_fate("link@box.test", "deferred")
    assert e["cause"] == "mailbox_busy" and "link" in e["reply"], e
    a.wait_fate("good@box.test", "delivered")
    assert os.listdir(outside) == []


def test_full(abide, store):
    """A mailbox over its quota is mailbox_full with words for its sender; others have their mail."""
    a = abide(extra=domain(store, more="mailbox_quota = 5K"))
    body = content("a") + (b"x" * 70 + b"\r\n") * 40
    a.send("s@src.test", ["anna@box.test"], body)
    a.wait_fate("anna@box.test", "delivered")
    a.send("s@src.test", ["anna@box.test"], body)
    e = a.wait_fate("anna@box.test", "deferred", code=452)
    assert (e["cause"], e["enhanced"], e["side"]) == ("mailbox_full", "4.2.2", "dest_mailbox"), e
    assert "anna@box.test" in e["reply"] and "full" in e["reply"]
    a.send("", ["otto@box.test"], content("small"))
    a.wait_fate("otto@box.test", "delivered")
    a.send("", ["otto@box.test"], body * 3)
    a.wait_fate("otto@box.test", "bounced", code=552, cause="message_too_big")


@pytest.mark.root
def test_owners(abide, store, directory):
    """Each mailbox is its owner's: a fixed one, or the system's user of that name; root and strangers own none."""
    home = os.path.join(directory, "home")
    os.mkdir(home)
    os.chmod(home, 0o755)
    nobody = pwd.getpwnam("nobody")
    mail = pwd.getpwnam("mail")
    os.chown(store, mail.pw_uid, mail.pw_gid)
    os.chmod(store, 0o700)
    os.mkdir(os.path.join(home, "nobody"), 0o700)
    os.chown(os.path.join(home, "nobody"), nobody.pw_uid, nobody.pw_gid)
    a = abide(extra=domain(store, more="owner = mail") +
              f'\ndomain "home.test" {{ to = "maildir:{home}/{{user}}/Maildir" owner = "{{user}}" }}' +
              f'\ndomain "none.test" {{ to = "maildir:{store}/x/{{user}}" owner = "no-such-user" }}')
    for r in ("anna@box.test", "nobody@home.test", "root@home.test", "no-such@home.test", "daemon@home.test",
              "x@none.test"):
        a.send("", [r], content("one"))
    a.wait_fate("anna@box.test", "delivered")
    a.wait_fate("nobody@home.test", "delivered")
    for r in ("root@home.test", "no-such@home.test", "daemon@home.test"):
        assert a.wait_fate(r, "bounced", code=550)["cause"] == "user_unknown"
    e = a.wait_fate("x@none.test", "deferred")
    assert e["cause"] == "local_error" and "no-such-user" in e["reply"], e
    for folder, user in ((store + "/box.test/anna", mail), (home + "/nobody/Maildir", nobody)):
        for path in (folder, folder + "/new", folder + "/new/" + os.listdir(folder + "/new")[0]):
            st = os.stat(path)
            assert (st.st_uid, st.st_gid, st.st_mode & 0o077) == (user.pw_uid, user.pw_gid, 0), path
    with open(f"/proc/{a.role_pid('mailbox')}/status") as f:
        status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
    assert int(status["CapEff"], 16) == (1 << 6 | 1 << 7), status["CapEff"]
    assert status["Uid"].split()[0] != "0"


def test_without_maildirs_no_right_is_kept(abide):
    """Who delivers nowhere may become nobody."""
    a = abide()
    with open(f"/proc/{a.role_pid('mailbox')}/status") as f:
        assert "CapPrm:\t0000000000000000" in f.read()


@pytest.mark.root
def test_full_disk(abide, directory, started):
    """ENOSPC is a wait with its reason, nothing is left behind, and the mail goes in once there is room."""
    disk = os.path.join(directory, "disk")
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k,mode=777", "tmpfs", disk], check=False).returncode:
        pytest.skip("no file system can be mounted here")

    class Mount:
        def destroy(self):
            subprocess.run(["umount", "-l", disk], check=True)
    started.append(Mount())
    with open(os.path.join(disk, "fill"), "wb") as f:
        f.write(b"x" * 200 * 1024)
    a = abide(extra=domain(disk))
    a.send("", ["anna@box.test"], content("big") + (b"x" * 70 + b"\r\n") * 3000)
    e = a.wait_fate("anna@box.test", "deferred", code=452)
    assert (e["cause"], e["enhanced"]) == ("storage_full", "4.3.1"), e
    assert os.listdir(disk + "/box.test/anna/tmp") == []
    os.unlink(os.path.join(disk, "fill"))
    a.wait_fate("anna@box.test", "delivered")
    assert names_in(disk + "/box.test/anna") == {"big": 1}


@needs_faults[0]
@needs_faults[1]
@pytest.mark.parametrize("how, code, enhanced, cause", (
    ("box-write", 451, "4.3.0", "local_error"), ("box-half", 452, "4.3.1", "storage_full"), ("box-sync", 451, "4.3.0", "local_error"),
    ("box-folder", 451, "4.3.0", "local_error")))
def test_a_disk_that_fails(abide, store, tmp_path, how, code, enhanced, cause):
    """EIO and ENOSPC at any step are a wait with their reason; no reader sees half a message, and later it is there once."""
    disk = Disk(tmp_path)
    a = abide(extra=domain(store), env=disk.env)
    a.send("", ["anna@box.test"], content("before"))
    a.wait_fate("anna@box.test", "delivered")
    disk.fails(how)
    whole = content("hit") + (b"x" * 70 + b"\r\n") * 3000
    i = a.send("", ["anna@box.test"], whole)
    e = a.wait_fate("anna@box.test", "deferred", code=code)
    assert (e["enhanced"], e["cause"]) == (enhanced, cause), e
    seen = names_in(store + "/box.test/anna")
    assert seen["before"] == 1 and set(seen) <= {"before", "hit"}
    assert how == "box-folder" or "hit" not in seen
    disk.fails("")
    a.run("queue", "retry", "-c", a.config.path, i)
    a.wait_fate("anna@box.test", "delivered", count=2)
    assert names_in(store + "/box.test/anna") == {"before": 1, "hit": 1}
    there = [m for m in mailbox.Maildir(store + "/box.test/anna", create=False) if "hit" in m["Message-ID"]]
    assert len(there[0].get_payload()) == len(whole.split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n"))
    assert os.listdir(store + "/box.test/anna/tmp") == []
    a.audit()


def test_killed_at_any_moment(abide, store, long_run):
    """mailbox, deliver, queue or all of it are killed while mail flows: none is lost, none is double."""
    total, deaths = (5000, 40) if long_run else (600, 8)
    a = abide(extra=domain(store))
    names = [f"n{i}" for i in range(total)]

    def send(part):
        for name in part:
            for _ in range(200):
                try:
                    a.send("", ["anna@box.test"], content(name))
                    break
                except (OSError, AssertionError, EOFError):
                    wait_until(lambda: a.process.alive() and a.log.find(event="ready"), what="abide again")
    # With abide itself killed a client can't know: it sends through a queue of its own, before.
    send(names)
    folder = os.path.join(store, "box.test", "anna")

    def arrived():
        return len(os.listdir(folder + "/new")) if os.path.isdir(folder + "/new") else 0
    for k in range(deaths):
        goal = (k + 1) * total // (deaths + 2)
        wait_until(lambda g=goal: arrived() >= g or not a.queue(), 120, "more mail")
        if k % 4 == 3:
            a.kill()
            a.start()
        else:
            role = ("mailbox", "deliver", "queue")[k % 4]
            a.kill_role(role)
            a.log.wait(event="role_started", count=2)
        # Its reader has seen some of it by then.
        for name in os.listdir(folder + "/new")[:5]:
            try:
                os.rename(f"{folder}/new/{name}", f"{folder}/cur/{name}:2,S")
            except FileNotFoundError:
                pass

    def settled():
        left = a.queue()
        if left:
            a.run("queue", "retry", "-c", a.config.path, "--all", "--yes")
        return not left
    wait_until(settled, 300, "an empty queue")
    seen = names_in(folder)
    double = {n: c for n, c in seen.items() if c > 1}
    print(f"{total} messages, {deaths} deaths: {len(double)} double, {len(set(names) - set(seen))} lost")
    assert set(seen) == set(names), f"lost: {set(names) - set(seen)}"
    assert not double, double
    a.audit()


@pytest.mark.root
def test_dovecot_reads_it(abide, peer):
    """What abide stores is what IMAP and POP3 show, byte for byte, and both count the same quota."""
    box = peer(Dovecot, ["anna@box.test"], "100k")
    a = abide(extra=f'domain "box.test" {{ to = "maildir:{box.directory}/mail/{{domain}}/{{user}}" owner = mail '
              'mailbox_quota = 102400 }')
    a.send("s@src.test", ["anna@box.test"], content("one"))
    a.wait_fate("anna@box.test", "delivered")
    for found in (box.wait_inbox("anna@box.test", 1), box.by_pop3("anna@box.test")):
        assert len(found) == 1 and found[0].endswith(content("one")), found
        head = email.message_from_bytes(found[0])
        assert head["Return-Path"] == "<s@src.test>" and head["Delivered-To"] == "anna@box.test"
    body = content("two") + (b"x" * 70 + b"\r\n") * 900
    a.send("", ["anna@box.test"], body)
    a.wait_fate("anna@box.test", "delivered", count=2)
    assert len(box.wait_inbox("anna@box.test", 2)) == 2
    a.send("", ["anna@box.test"], body)
    a.wait_fate("anna@box.test", "deferred", cause="mailbox_full")
    # Expunged by IMAP: Dovecot writes maildirsize, and abide sees the room.
    import imaplib
    with imaplib.IMAP4(box.host, box.imap, timeout=60) as c:
        c.login("anna@box.test", "secret")
        c.select("INBOX")
        c.store("1:*", "+FLAGS", "\\Deleted")
        c.expunge()
    a.run("queue", "retry", "-c", a.config.path, "--all", "--yes")
    a.wait_fate("anna@box.test", "delivered", count=3)
