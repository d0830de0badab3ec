"""abide explain as a program: what a person pastes is understood, whole bounces included."""
import json
import os
import subprocess

from conftest import BUILD

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
