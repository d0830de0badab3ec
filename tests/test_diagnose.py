"""Whose side it is on: what is wrong with our own names is found because mail is put off, told once, and said to who asks."""
import email
import email.policy
import email.utils
import hashlib
import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time

import pytest

from conftest import TOP
from harness.dns import Nsd
from harness.process import wait_until

SOURCE = "127.0.22.7"
SITES = [f"site{n}" for n in range(1, 7)]
NO_PTR = "450 4.7.25 Client host rejected: cannot find your reverse hostname, [127.0.22.7]"


class Peer:
    """A mail server that says .reply to RCPT, or takes everything."""

    def __init__(self, host, port):
        self.reply, self.taken, self.greeting = None, [], "220 peer"
        self.listener = socket.create_server((host, port))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_quietly, args=(client,), daemon=True).start()

    def serve_quietly(self, client):
        try:
            self.serve(client)
        except OSError:
            pass

    def serve(self, client):
        with client, client.makefile("rb") as lines:
            def say(text):
                client.sendall(text.encode() + b"\r\n")
            say(self.greeting)
            in_data = False
            for line in lines:
                verb = line[:4].upper()
                if in_data:
                    if line.rstrip() == b".":
                        in_data = False
                        self.taken.append(1)
                        say("250 2.0.0 taken")
                elif verb == b"RCPT" and self.reply:
                    say(self.reply)
                elif verb == b"DATA":
                    in_data = True
                    say("354 go")
                elif verb == b"QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 ok")

    def destroy(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Hook(http.server.BaseHTTPRequestHandler):
    """.got: what was posted; .answers: the status of each, 204 when they are used up; .hangs: it never answers."""

    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.server.hangs:
            self.server.released.wait()
            return
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()

    def log_message(self, *args):
        pass


class World:
    """Names, sites at addresses of their own, and abide that sends from SOURCE."""

    def __init__(self, abide, directory, started, port):
        self.make_abide, self.directory, self.started, self.port = abide, directory, started, port
        self.peers = {}
        for n, name in enumerate(SITES):
            self.peers[name] = Peer(f"127.0.22.{11 + n}", port)
            started.append(self.peers[name])
        self.mailboxes = Peer("127.0.0.1", 0)  # ours, which take all: no alarm is about them
        started.append(self.mailboxes)
        self.hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        self.hook.got, self.hook.answers, self.hook.hangs = [], [], False
        self.hook.released = threading.Event()
        threading.Thread(target=self.hook.serve_forever, daemon=True).start()

    def dns(self, ptr=True, listed=False, spf=SOURCE, ours=()):
        zones = {
            ".": ["test NS ns"],
            "ours.test": [f"mx A {SOURCE}", f'@ TXT "v=spf1 ip4:{spf} -all"', "@ MX 10 mx",
                          '_dmarc TXT "v=DMARC1; p=none"', *ours],
            "22.0.127.in-addr.arpa": ["7 PTR mx.ours.test."] if ptr else [],
            "list.test": ["2.0.0.127 A 127.0.0.2"] + (["7.22.0.127 A 127.0.0.4",
                                                       '7.22.0.127 TXT "spam was seen"'] if listed else []),
        }
        for n, name in enumerate(SITES):
            zones[f"{name}.test"] = ["@ MX 10 mx", f"mx A 127.0.22.{11 + n}"]
        self.nsd = Nsd(self.directory, zones).start()
        self.started.append(self.nsd)

    def start(self, extra="", via="", checks=True, **kw):
        via = (f'mail_via = "{via}"' if via else "") + ("" if checks else " checks = no")
        self.a = self.make_abide(
            hostname="mx.ours.test", routes={"*": f"mx:{self.port}"},
            extra=f"""resolver {{ servers = {{"127.0.0.1@{self.nsd.port}"}} deadline = 5s }}
source "{SOURCE}" {{ }}
domain "ours.test" {{ to = "lmtp:127.0.0.1:{self.mailboxes.listener.getsockname()[1]}" }}
diagnose {{ lists = {{"list.test"}} webhook = "http://127.0.0.1:{self.hook.server_port}/" {via} }}
{extra}""", **kw)
        return self.a

    def diagnose(self, *args):
        done = self.a.run("diagnose", "-c", self.a.config.path, "--json", *args, check=False, timeout=90)
        assert done.returncode in (0, 1), done.stderr.decode()
        return json.loads(done.stdout), done.returncode


@pytest.fixture
def world(abide, directory, started):
    from test_sources import Site  # a port that is free on all is found as there
    for _ in range(100):
        probe = Site()
        port = probe.port
        probe.listener.close()
        try:
            for n in range(len(SITES)):
                with socket.socket() as s:
                    s.bind((f"127.0.22.{11 + n}", port))
        except OSError:
            continue
        w = World(abide, directory, started, port)
        yield w
        w.hook.released.set()
        w.hook.shutdown()
        w.hook.server_close()
        return
    raise AssertionError("no port is free")


def checks(answer):
    return {c["check"]: c for c in answer["checks"]}


def test_a_healthy_server_is_called_healthy(world):
    world.dns()
    world.start()
    answer, status = world.diagnose("site1.test")
    found = checks(answer)
    for name in ("ptr", "helo", "spf", "mx", "dmarc", "blocklist", "port25", "resolver"):
        assert found[name]["state"] == "fine", found[name]
    assert not [v for v in answer["verdicts"] if v["whose"] == "ours" and v["check"] not in ("disk", "memory")]
    assert status in (0, 1) and answer["running"]


def test_they_are_right_we_have_no_ptr(world):
    world.dns(ptr=False)
    for name in ("site1", "site2", "site3"):
        world.peers[name].reply = NO_PTR
    a = world.start()
    ids = [a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",)) for name in SITES]
    alarm = a.log.wait(event="alarm")
    assert alarm["whose"] == "ours" and alarm["trouble"] == "identity", alarm
    assert f"{SOURCE} has no PTR" in alarm["advice"] and "reverse name" in alarm["advice"]
    # attached to the message that it explains
    assert a.show(ids[0])["recipients"][0]["finding"] == f"they are right: {SOURCE} has no PTR"
    assert b"they are right" in a.run("queue", "show", "-c", a.config.path, ids[0]).stdout
    # the webhook got it, once
    wait_until(lambda: world.hook.got, what="the webhook")
    assert world.hook.got[0]["event"] == "alarm" and world.hook.got[0]["whose"] == "ours"
    a.log.wait(event="deferred", count=9)
    assert len(a.log.find(event="alarm")) == 1
    # and who asks is told whose side it is on, why, and what to do first
    answer, status = world.diagnose()
    v = answer["verdicts"][0]
    assert (v["whose"], v["check"], status) == ("ours", "ptr", 1), v
    assert v["confidence"] > 0.9 and v["advice"].count("PTR") and v["supports"]


def english_pieces():
    """What only the English of a sentence has in it, as diagnose/sentences.def holds them: pieces between its words."""
    with open(os.path.join(TOP, "src", "diagnose", "sentences.def"), encoding="utf-8") as f:
        text = re.sub(r'"\s*\n\s*"', "", f.read())
    pairs = re.findall(r'SENTENCE\(\w+,\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\)', text)
    german = "\n".join(g for _, g in pairs)
    pieces = {piece.strip() for english, _ in pairs for piece in re.split(r"%\d", english)}
    found = {p for p in pieces if len(p) > 7 and " " in p and p not in german}
    assert len(found) > 150, found
    return found


def test_it_is_all_german_for_who_asks_in_german(world, lab, directory):
    """An administrator who reads German is told half of it, and how to mend it, in another language."""
    certificate(directory, "-days", "3")
    world.dns(ptr=False, listed=True, spf="127.0.22.8")
    other = lab(keep=True)
    for name in SITES[:3]:
        world.peers[name].reply = NO_PTR
    a = world.start(via=f"smtp://127.0.0.1:{other.port}", extra=f"""language = "de"
needs_person = "admin@site6.test"
tls {{ certificate = "{directory}/cert.pem" key = "{directory}/key.pem" }}""")
    ids = [a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",)) for name in SITES]
    letter = email.message_from_bytes(other.content(other.wait_for("admin@site6.test")), policy=email.policy.SMTP)
    alarm = " ".join(letter.get_content().split())
    asked = a.run("diagnose", "-c", a.config.path, "--lang", "de", check=False, timeout=90).stdout.decode()
    queued = a.run("queue", "show", "-c", a.config.path, ids[0]).stdout.decode()
    for part in (f"{SOURCE} hat keinen PTR-Eintrag", f"{SOURCE} steht auf list.test (dort heißt es: spam was seen)",
                 f"darf nicht für ours.test senden (-all)", "bedeutet: ", "Abhilfe: ", "dafür", "Antworten sagen, dass es auf unserer Seite liegt"):
        assert part in asked, f"{part} is not in:\n{asked}"
    assert f"Rückwärtsname (PTR) und zurück: {SOURCE} hat keinen PTR-Eintrag" in alarm, alarm
    assert f"sie haben recht: {SOURCE} hat keinen PTR-Eintrag" in queued, queued
    for text in (asked, alarm):
        for piece in english_pieces():
            assert piece not in text, f'"{piece}" is in:\n{text}'
    english = a.run("diagnose", "-c", a.config.path, "--lang", "en", check=False, timeout=90).stdout.decode()
    assert f"{SOURCE} has no PTR" in english and "\2" not in english + asked + queued + alarm
    answer, _ = world.diagnose("--lang", "de")
    assert checks(answer)["ptr"]["showed"] == f"{SOURCE} has no PTR"  # programs read the same in every language
    other.destroy()


def test_a_restart_tells_nobody_again(world):
    """Each restart wakes the administrator once more, and abide says that the trouble began with it."""
    world.dns(ptr=False)
    for name in ("site1", "site2", "site3"):
        world.peers[name].reply = NO_PTR
    a = world.start()
    for name in SITES:
        a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",))
    a.log.wait(event="alarm")
    wait_until(lambda: world.hook.got, what="the webhook")
    before = world.diagnose("--no-checks")[0]["verdicts"][0]
    a.stop()
    a.start()
    kept = os.path.join(a.config.spool, "diagnosis")
    written = os.stat(kept).st_mtime_ns
    after = world.diagnose("--no-checks")[0]["verdicts"][0]
    assert (after["whose"], after["since"], after["check"]) == ("ours", before["since"], "ptr"), after
    assert after["failures"] >= before["failures"] and after["worst_sites"]
    a.send(sender="ann@ours.test", recipients=("again@site1.test",))
    a.log.wait(event="deferred", recipient="again@site1.test")
    wait_until(lambda: world.diagnose("--no-checks")[0]["verdicts"][0]["failures"] > after["failures"], what="news")
    assert len(world.hook.got) == 1 and not a.log.find(event="alarm_over") and not a.log.find(event="alarm")
    wait_until(lambda: os.stat(kept).st_mtime_ns != written, what="the file to be written")
    with open(kept, "r+b") as f:  # damaged: it is said, and learned anew
        f.seek(100)
        f.write(b"nonsense")
    a.kill_role("queue")
    assert a.log.wait(event="diagnosis_forgotten")


def test_an_alarm_goes_another_way(world, lab):
    """Mail is broken, and who could mend it is told by mail: it waits in the same queue."""
    world.dns(ptr=False)
    other = lab(keep=True)
    for peer in world.peers.values():
        peer.reply = NO_PTR
    a = world.start(extra=f'needs_person = "admin@site6.test"', via=f"smtp://127.0.0.1:{other.port}")
    for name in SITES:
        a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",))
    told = a.log.wait(event="noticed", kind="alarm")
    assert told["recipient"] == "admin@site6.test"
    got = other.wait_for("admin@site6.test")
    assert got["mail"] == "" and b"has no PTR" in other.content(got)
    other.destroy()


LISTED = "450 4.7.1 Service unavailable; Client host [127.0.22.7] blocked using list.test"


def test_a_site_goes_another_way(world, lab):
    """One site wants something changed, and the letter about it waits behind the mail that it is about."""
    world.dns()
    other = lab(keep=True)
    world.peers["site1"].reply = LISTED
    a = world.start(extra='needs_person = "admin@site1.test"', via=f"smtp://127.0.0.1:{other.port}")
    for n in range(3):
        a.send(sender=f"s{n}@ours.test", recipients=(f"r{n}@site1.test",))
    told = a.log.wait(event="noticed", kind="needs_person")
    assert (told["recipient"], told["way"]) == ("admin@site1.test", "mail_via"), told
    text = other.content(other.wait_for("admin@site1.test"))
    assert b"Subject: Mail to mx.site1.test needs a person" in text and LISTED.encode()[:40] in text, text
    assert b"Our address: 127.0.22.7\r\n" in text and b"\"abide diagnose mx.site1.test\"" in b" ".join(text.split()), text
    # what was looked at here stands in it: the list does not have us
    assert b"What abide saw when it looked at its own side:" in text and b"not listed by list.test" in text, text
    # and the webhook has it too, in words for people and for programs
    wait_until(lambda: world.hook.got, what="the webhook")
    got = world.hook.got[0]
    assert (got["event"], got["site"], got["cause"], got["host"]) == (
        "needs_person", "mx.site1.test from 127.0.22.7", "blocklisted", "mx.ours.test"), got
    assert got["reply"] == LISTED and got["text"] and got["advice"] and got["recipient"].endswith("@site1.test")
    # the same once more is no news
    a.send(sender="late@ours.test", recipients=("late@site1.test",))
    a.wait_fate("late@site1.test", "deferred")
    a.stop()
    assert len(a.log.find(event="needs_person")) == 1 and len(world.hook.got) == 1
    assert len(other.messages()) == 1


def test_where_the_other_way_is_closed_it_goes_by_the_queue(world):
    """The letter is lost with the server that it was handed to."""
    world.dns()
    world.peers["site1"].reply = LISTED
    a = world.start(extra='needs_person = "admin@site2.test"', via="smtp://127.0.0.1:1", checks=False)
    a.send(sender="ann@ours.test", recipients=("r@site1.test",))
    assert a.log.wait(event="mail_via_failed")["reason"]
    told = a.log.wait(event="noticed", kind="needs_person")
    a.log.wait(event="delivered", id=told["id"], recipient="admin@site2.test")


def test_a_stop_loses_no_letter(world):
    """Who stops abide in the seconds in which it still looks never hears what was wrong."""
    world.dns()
    world.peers["site1"].reply = LISTED
    a = world.start(extra='needs_person = "admin@site1.test"')
    a.send(sender="ann@ours.test", recipients=("r@site1.test",))
    a.log.wait(event="needs_person")
    a.stop()
    a.start()
    assert [m for m in a.queue() if m["recipients"][0]["address"] == "admin@site1.test"]


def test_a_webhook_in_trouble_gets_it_later(world):
    """The alarm is lost because the one who should hear of it restarted just then."""
    world.dns()
    world.peers["site1"].reply = LISTED
    world.hook.answers = [500]
    a = world.start(checks=False)
    a.send(sender="ann@ours.test", recipients=("r@site1.test",))
    failed = a.log.wait(event="webhook_failed")
    assert failed["status"] == "500" and int(failed["again_in"]) > 0, failed
    wait_until(lambda: len(world.hook.got) == 2, what="the second try")
    assert world.hook.got[0] == world.hook.got[1]


def test_a_webhook_that_does_not_know_it_is_not_asked_again(world):
    world.dns()
    world.peers["site1"].reply = LISTED
    world.hook.answers = [404]
    a = world.start(checks=False)
    a.send(sender="ann@ours.test", recipients=("r@site1.test",))
    failed = a.log.wait(event="webhook_failed")
    assert (failed["status"], failed["note"]) == ("404", "given up"), failed


def test_a_webhook_that_hangs_holds_nothing_up(world):
    """A dead chat server stops the mail, or all further alarms."""
    world.dns()
    world.hook.hangs = True
    world.peers["site1"].reply = LISTED
    a = world.start(extra='needs_person = "admin@site2.test"', checks=False)
    a.send(sender="ann@ours.test", recipients=("r@site1.test",))
    wait_until(lambda: world.hook.got, what="the webhook")
    told = a.log.wait(event="noticed", kind="needs_person")
    a.log.wait(event="delivered", id=told["id"])
    a.send(sender="ann@ours.test", recipients=("r@site3.test",))
    a.wait_fate("r@site3.test", "delivered")
    failed = a.log.wait(event="webhook_failed")
    assert failed["status"] == "0" and failed["again_in"], failed
    assert not a.log.find(event="role_died")


def test_a_list_has_us(world):
    world.dns(listed=True)
    for name in ("site1", "site2"):
        world.peers[name].reply = "554 5.7.1 Service unavailable; Client host [127.0.22.7] blocked using list.test"
    a = world.start()
    for name in SITES:
        a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",))
    alarm = a.log.wait(event="alarm")
    assert alarm["trouble"] == "reputation" and "is listed by list.test" in alarm["advice"], alarm


def test_one_site_is_wrong_about_us(world):
    world.dns()
    world.peers["site1"].reply = NO_PTR
    a = world.start()
    ids = [a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",)) for name in SITES]
    wait_until(lambda: a.show(ids[0])["recipients"][0]["finding"], what="a finding")
    assert a.show(ids[0])["recipients"][0]["finding"].startswith("we looked: ")
    answer, _ = world.diagnose("site1.test")
    v = answer["verdicts"][0]
    assert v["whose"] == "theirs" and v["scope"] in ("site", "provider") and v["first"] == "tell_them", v
    assert not a.log.find(event="alarm")


def test_one_site_down_is_theirs(world):
    world.dns()
    world.peers["site1"].destroy()
    a = world.start()
    for name in SITES:
        a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",))
    a.log.wait(event="deferred", count=2)
    a.log.wait(event="delivered", count=5)
    answer, _ = world.diagnose("site1.test")
    found = [v for v in answer["verdicts"] if v["trouble"] == "reach"]
    assert found and all(v["whose"] in ("theirs", "unknown") for v in found), found
    assert not a.log.find(event="alarm")


def test_the_resolver_dies(world):
    world.dns()
    a = world.start()
    a.send(sender="ann@ours.test", recipients=("r@site1.test",))
    a.log.wait(event="delivered")
    world.nsd.stop()
    for name in SITES[1:]:
        a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",))
    alarm = a.log.wait(event="alarm", timeout=90)
    assert alarm["trouble"] == "dns" and alarm["whose"] == "ours" and "resolver" in alarm["advice"].lower(), alarm


def test_a_sender_whose_spf_is_wrong(world):
    world.dns(spf="192.0.2.1")
    for name in ("site1", "site2"):
        world.peers[name].reply = "550 5.7.23 SPF validation failed for ours.test"
    a = world.start()
    for name in SITES:
        a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",))
    alarm = a.log.wait(event="alarm")
    assert alarm["trouble"] == "authentication" and "ip4:" + SOURCE in alarm["advice"], alarm


def test_letter(world):
    world.dns()
    world.peers["site1"].reply = NO_PTR
    a = world.start()
    ident = a.send(sender="ann@ours.test", recipients=("r@site1.test",))
    a.log.wait(event="deferred", count=2)
    text = a.run("letter", "-c", a.config.path, "site1.test", timeout=90).stdout.decode()
    for part in ("To: postmaster@site1.test", ident, "<ann@ours.test> -> <r@site1.test>", NO_PTR, SOURCE,
                 f"{SOURCE} is mx.ours.test", "not listed by list.test"):
        assert part in text, f"{part} is not in:\n{text}"
    german = a.run("letter", "-c", a.config.path, "--lang", "de", "site1.test", timeout=90).stdout.decode()
    assert "Guten Tag" in german and ident in german
    done = a.run("letter", "-c", a.config.path, "nowhere.test", check=False)
    assert done.returncode == 66 and b"no mail waits" in done.stderr


def test_without_a_running_abide_our_side_is_still_looked_at(world):
    world.dns(ptr=False)
    a = world.start(begin=False)
    a.config.write()
    answer, status = world.diagnose()
    assert status == 1 and not answer["running"]
    assert checks(answer)["ptr"]["state"] == "bad"
    text = subprocess.run([a.binary, "diagnose", "-c", a.config.path, "--lang", "de"], capture_output=True,
                          check=False, timeout=90).stdout.decode()
    assert f"{SOURCE} hat keinen PTR-Eintrag" in text and "Abhilfe" in text


def test_a_clock_that_is_off_is_seen_by_others_greetings(world):
    world.dns()
    world.peers["site1"].greeting = "220 peer ESMTP Exim 4.96 " + email.utils.formatdate(time.time() - 7200)
    world.start()
    found = checks(world.diagnose("site1.test")[0])["clock"]
    assert found["state"] == "bad" and "ahead of" in found["showed"] and "NTP" in found["mend"], found
    world.peers["site1"].greeting = "220 peer ESMTP Exim 4.96 " + email.utils.formatdate(time.time())
    assert checks(world.diagnose("site1.test")[0])["clock"]["state"] == "fine"


def certificate(directory, *options, name="mx.ours.test"):
    """(certificate, key, SHA-256 of its public key in hex)"""
    paths = [os.path.join(directory, x) for x in ("cert.pem", "key.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-out", paths[0], "-keyout",
                    paths[1], *options], check=True, capture_output=True)
    der = subprocess.run(f"openssl x509 -in {paths[0]} -noout -pubkey | openssl pkey -pubin -outform DER",
                         shell=True, check=True, capture_output=True).stdout
    return paths[0], paths[1], hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("days,name,state,words", [
    (30, "mx.ours.test", "warning", "who verifies says"), (3, "other.test", "warning", "not for mx.ours.test")])
def test_certificate_and_tlsa(world, directory, days, name, state, words):
    cert, key, digest = certificate(directory, "-days", str(days), name=name)
    world.dns(ours=[f"_25._tcp.mx TLSA 3 1 1 {digest}"])
    world.start(extra=f'tls {{ certificate = "{cert}" key = "{key}" }}')
    found = checks(world.diagnose("site1.test")[0])
    assert found["certificate"]["state"] == state and words in found["certificate"]["showed"], found["certificate"]
    assert found["tlsa"]["state"] == "fine", found["tlsa"]


def test_tlsa_of_another_certificate(world, directory):
    cert, key, _ = certificate(directory)
    world.dns(ours=["_25._tcp.mx TLSA 3 1 1 " + "ab" * 32])
    world.start(extra=f'tls {{ certificate = "{cert}" key = "{key}" }}')
    answer, status = world.diagnose("site1.test")
    assert checks(answer)["tlsa"]["state"] == "bad" and status == 1
    assert [v for v in answer["verdicts"] if v["check"] == "tlsa" and v["scope"] == "server"]


@pytest.mark.parametrize("right", [True, False])
def test_dkim_key_in_the_dns(world, binary, directory, right):
    records = []
    for name in ("a.pem", "b.pem"):
        out = subprocess.run([binary, "dkim", "-t", "ed25519", "ours.test", "s1", os.path.join(directory, name)],
                             stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()[0]
        records.append("".join(re.findall(r'"([^"]*)"', out)))
    world.dns(ours=[f's1._domainkey TXT "{records[0 if right else 1]}"'])
    key = os.path.join(directory, "a.pem")
    world.start(extra=f'dkim "ours.test" {{ ed25519_key = "{key}" ed25519_selector = "s1" }}')
    found = checks(world.diagnose("site1.test")[0])["dkim"]
    assert found["state"] == ("fine" if right else "bad"), found
    assert right or "not that which we sign with" in found["showed"], found


def test_the_end_of_a_sites_trouble_is_told(world, lab, long_run):
    """Who mended it writes to the other postmaster all the same."""
    if not long_run:
        pytest.skip("waits for minutes of quiet")
    world.dns()
    world.peers["site1"].reply = LISTED
    a = world.start(extra='needs_person = "admin@site2.test"', checks=False)
    a.send(sender="ann@ours.test", recipients=("r@site1.test",))
    a.log.wait(event="noticed", kind="needs_person")
    world.peers["site1"].reply = None
    a.wait_fate("r@site1.test", "delivered")
    over = a.log.wait(event="needs_person_over", timeout=400)
    assert over["site"] == "mx.site1.test from 127.0.22.7" and over["cause"] == "blocklisted", over
    a.log.wait(event="noticed", kind="needs_person_over")
    wait_until(lambda: len(world.hook.got) >= 2, what="the webhook's second call")
    assert [h["event"] for h in world.hook.got] == ["needs_person", "needs_person_over"]


def test_its_end_is_told_too(world, long_run):
    if not long_run:
        pytest.skip("waits for minutes of quiet")
    world.dns(ptr=False)
    for name in ("site1", "site2", "site3"):
        world.peers[name].reply = NO_PTR
    a = world.start()
    for name in SITES:
        a.send(sender="ann@ours.test", recipients=(f"r@{name}.test",))
    a.log.wait(event="alarm")
    for name in ("site1", "site2", "site3"):
        world.peers[name].reply = None
    over = a.log.wait(event="alarm_over", timeout=400)
    assert over["trouble"] == "identity", over
    wait_until(lambda: len(world.hook.got) >= 2, what="the webhook's second call")
    assert [h["event"] for h in world.hook.got] == ["alarm", "alarm_over"]
