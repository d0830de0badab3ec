"""abide explain as a program: what a person pastes is understood, whole bounces included."""
import json
import os
import subprocess

import pytest

from conftest import BUILD
from harness.process import preload

ABIDE = os.path.join(BUILD, "abide")
BOUNCE = """From: MAILER-DAEMON@mx.example.net
To: me@example.net
Subject: failure notice

I was not able to deliver your message to the following addresses.

<you@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 552 5.2.2 Mailbox full

--- Below this line is a copy of the message.

Return-Path: <me@example.net>
"""


def explain(*arguments, text=None):
    done = subprocess.run([ABIDE, "explain", *arguments], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    return done.returncode, done.stdout


def test_a_bounce_in_a_file_is_explained(tmp_path):
    """Else somebody who got a bounce would have to find the reply in it by hand."""
    path = tmp_path / "bounce"
    path.write_text(BOUNCE)
    status, said = explain("--json", "--bounce", str(path))
    assert status == 0
    answer = json.loads(said)
    assert answer["kind"] == "failed"
    assert [r["address"] for r in answer["recipients"]] == ["you@example.org"]
    assert answer["recipients"][0]["status"] == "5.2.2"
    assert answer["recipients"][0]["reply"]["cause"] == "mailbox_full"
    status, said = explain("--bounce", "-", text=BOUNCE)
    assert status == 0 and "you@example.org" in said and "If you wrote it" in said


def test_a_bounce_that_is_not_there_is_said(tmp_path):
    """Else a script would take a wrong file name for a mail that arrived."""
    assert explain("--bounce", str(tmp_path / "none"))[0] == 66


def test_each_line_gives_one_object():
    """Else a program that pipes a log through would lose which answer belongs to which line."""
    lines = ["", "451 4.7.1 Greylisted",
             "x postfix/smtp[1]: A: to=<you@example.org>, relay=b[192.0.2.1]:25, dsn=4.2.2, "
             "status=deferred (host b said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))"]
    status, said = explain("--json", text="".join(line + "\n" for line in lines))
    answers = [json.loads(line) for line in said.splitlines()]
    assert status == 0 and len(answers) == 3
    assert answers[2]["recipient"] == "you@example.org" and answers[2]["stage"] == "rcpt"
    assert answers[2]["cause"] == "mailbox_full" and answers[2]["log"] == "postfix"


ALIKE = ["451 4.7.1 Greylisted", "451 4.7.1 Greylisted, try again in 5 minutes", "451 4.7.1 Greylisted, try again in 600 seconds",
         "450 4.7.1 <a@example.org>: Recipient address rejected: Greylisted, try again in 600 seconds",
         "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown", "550 5.1.1 User unknown",
         "450 5.1.1 <b@example.net>: Recipient address rejected: User unknown", "552 5.2.2 Mailbox full", "452 4.2.2 Mailbox full",
         "554 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org",
         "554 5.7.1 Service unavailable; client [192.0.2.7] blocked using bl.spamcop.net",
         "554 5.7.1 Client host rejected: blocked, see our list", "421 4.3.2 Too many connections", "550 no", "450 no", ""]


@pytest.mark.parametrize("options", [[], ["--lang", "de"]])
def test_a_line_among_many_is_explained_as_it_is_alone(options):
    """Else somebody would read another reply's address, list or wait in the explanation of his own."""
    options = ["--now", "2026-11-30T12:00:00Z", *options]
    alone = [explain(*options, text=line + "\n")[1] for line in ALIKE]
    for order in (ALIKE, ALIKE[::-1], ALIKE * 2):
        status, said = explain(*options, text="".join(line + "\n" for line in order))
        assert status == 0 and said == "".join(alone[ALIKE.index(line)] for line in order)


def test_the_reply_inside_a_reply_is_told_too():
    """Else "the callout failed" would be all that is said, and not why."""
    line = "451 Could not complete sender verify callout: host mx.b.example said: 550 5.1.1 no such user"
    answer = json.loads(explain("--json", line)[1])
    assert answer["cause"] == "sender_verify_failed"
    assert (answer["inner"]["code"], answer["inner"]["cause"]) == (550, "user_unknown")
    assert set(answer["inner"]) == {key for key in answer if key != "inner"}
    said = explain(line)[1]
    assert "550 5.1.1 no such user" in said.split("As abide reads it")[1]
    assert "inner" not in json.loads(explain("--json", "550 5.1.1 no such user")[1])


def test_a_person_reads_it_in_german():
    """Else who reads no English could not use it; what programs read stays as it is."""
    env = dict(os.environ, LC_ALL="de_DE.UTF-8")
    reply = "451 4.7.1 Greylisted, try again in 5 minutes"
    done = subprocess.run([ABIDE, "explain", "--now", "2026-11-23T14:00:00Z", reply], env=env,
                          stdout=subprocess.PIPE, check=True)
    assert "in 5 Minuten (14:05 UTC)" in " ".join(done.stdout.decode().split())
    done = subprocess.run([ABIDE, "explain", "--json", reply], env=env, stdout=subprocess.PIPE, check=True)
    assert "5 minutes" in json.loads(done.stdout)["explanation"]
    answer = json.loads(explain("--json", "--lang", "de", reply)[1])
    assert "in 5 Minuten" in answer["explanation"] and answer["cause"] == "greylisting"
    assert explain("--lang", "xx", reply)[0] == 64


def test_a_configuration_says_language_and_rules(tmp_path):
    """Else an administrator who set these would have to say them again with each reply."""
    rules = tmp_path / "rules"
    rules.write_text('rule "robot" {\n  text = "robot at work"\n  cause = policy_rejected\n}\n')
    conf = tmp_path / "conf"
    conf.write_text(f'hostname = mx.example.org\nlisten "127.0.0.1:2525" {{ }}\nlanguage = de\nreply_rules = "{rules}"\n')
    status, said = explain("-c", str(conf), "550 robot at work")
    assert status == 0 and "Was abide tut" in said and "policy_rejected" in said and "robot" in said
    assert "What abide does" in explain("-c", str(conf), "--lang", "en", "550 robot at work")[1]
    assert explain("-c", str(tmp_path / "missing"), "550 no")[0] == 66


def test_lines_fit_a_terminal():
    """Else the answer would be broken in the middle of words, in either language."""
    lines = ["550 5.7.1 [192.0.2.1] is on our block list", "451 4.3.0 Error getting LDAP results in map x",
             "421 4.7.0 Try again later"]
    for lang in ("en", "de"):
        said = explain("--lang", lang, text="".join(line + "\n" for line in lines))[1]
        assert max(len(line) for line in said.splitlines()) <= 80, said
        assert "\x1b" not in said


def test_why_shows_what_decided():
    """Else nobody could tell a rule that is wrong from a reply that is odd."""
    answer = json.loads(explain("--json", "--why", "452 4.2.2 over quota")[1])
    assert answer["why"]["rule_cause"] == answer["why"]["status_cause"] == "mailbox_full"
    assert answer["why"]["next"] != "mailbox_full" and answer["why"]["next_share"] < 0.5
    assert all(set(c) == {"part", "cause", "confidence"} for c in answer["why"]["without"])
    said = explain("--why", "451 4.7.1 Greylisted, come back in 60 seconds")[1]
    assert "  Why " in said and "comes next" in " ".join(said.split())
    assert "why" not in json.loads(explain("--json", "452 4.2.2 over quota")[1])


def test_why_says_how_often_such_an_answer_was_right():
    """Else "62 % sure" would be a number that nobody can check."""
    answer = json.loads(explain("--json", "--why", "452 4.2.2 over quota")[1])
    trial = answer["why"]["trial"]
    assert trial["from"] <= 100 * answer["confidence"] <= trial["to"] + 1
    assert 0 < trial["right"] <= trial["answers"]
    assert "were right" in " ".join(explain("--why", "452 4.2.2 over quota")[1].split())


# What doc/hard-lines.txt shows, line by line: cause, side, seconds to wait.
HARD = [
    ("spam_content", "sender_message", 900),
    ("rate_limited", "sender_server", 5100),
    ("greylisting", "nobody_wait", 300),
    ("directory_failure", "dest_server", None),
    ("ptr_missing", "sender_isp", None),
    ("blocklisted", "sender_reputation", None),
    ("tls_failed", "dest_server", None),
    ("dns_failure", "network", None),
    ("sender_domain_unresolvable", "sender_server", None),
    ("directory_failure", "dest_server", None),
    ("local_error", "dest_server", None),
    ("sender_verify_failed", "sender_server", None),
    ("greylisting", "nobody_wait", 5100),
    ("blocklisted", "sender_reputation", None),
]


def test_the_transcripts_in_the_docs_are_right():
    """Else the pages that show what the reader can do would show mistakes."""
    with open(os.path.join(os.path.dirname(__file__), "..", "doc", "hard-lines.txt"), encoding="utf-8") as file:
        lines = [line.rstrip("\n").rpartition("\t") for line in file]
    read = []
    for options, _, text in lines:
        answer = json.loads(explain("--json", *options.split(), text)[1])
        read.append((answer["cause"], answer["side"], answer["wait"]))
    assert len(read) >= 10 and read == HARD


@pytest.mark.usefixtures("plain_build")
def test_the_page_of_causes_shows_how_servers_say_each():
    """Else a reply could not be looked up on the page by its own words."""
    with open(os.path.join(BUILD, "doc", "replies.md"), encoding="utf-8") as file:
        causes = file.read().split("\n## ")[1:]
    assert len(causes) == 45
    for cause in causes:
        assert "How other servers say it:" in cause and "If you wrote the mail" in cause, cause
    with open(os.path.join(BUILD, "doc", "replies.html"), encoding="utf-8") as file:
        page = file.read()
    assert page.count("<section") == page.count("</section>") == 45


@pytest.mark.usefixtures("plain_build")
def test_a_reply_more_allocates_nothing_more(tmp_path):
    """Else millions of lines would spend their time in malloc, and fragment what it has."""
    counted = preload(os.path.join(BUILD, "tests", "alloc_count.so"), tmp_path)

    def allocations(n):
        text = "".join(f"45{i % 3} 4.7.{i % 9} <u{i}@example.org>: Greylisted, host mx{i}.example.net, id {i:08x}, "
                       f"try again in {60 + i} seconds\n" for i in range(n))
        done = subprocess.run([ABIDE, "explain", *options], input=text, stdout=subprocess.DEVNULL, check=True,
                              stderr=subprocess.PIPE, universal_newlines=True,
                              env=dict(os.environ, **counted))
        return int(done.stderr.split()[-1])
    for options in ([], ["--json"]):
        assert 0 < allocations(20000) == allocations(40000)
