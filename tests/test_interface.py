"""The face that scripts and people rely on: help, wrong calls, messages about wrong configurations."""
import os
import subprocess

import pytest

SUBCOMMANDS = ["serve", "check", "config", "explain", "logs", "queue", "sites", "deferrals", "diagnose", "letter",
               "dkim", "dns", "map", "spool", "trace", "audit", "lab", "help", "version"]
HEAD = 'hostname = mx.example.org  user = nobody\nlisten "127.0.0.1:2525" { protocol = smtp }\n'


def abide(binary, *args, **kw):
    return subprocess.run([binary, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False, **kw)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_says_how_it_is_called(binary, name):
    """Else who forgot an option would have to search a manual for it."""
    done = abide(binary, name, "--help")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith(f"usage: abide {name}".encode())
    assert abide(binary, "help", name).stdout == done.stdout
    if name in ("help", "version", "config"):
        return
    wrong = abide(binary, name, "--no-such-option")
    assert wrong.returncode == 64 and not wrong.stdout
    assert wrong.stderr.startswith(f"abide {name}: ".encode()) and b"usage: abide " + name.encode() in wrong.stderr


def test_a_wrong_word_gets_the_right_one(binary):
    """Else a typing error would be answered with a page of text."""
    done = abide(binary, "quueue")
    assert (done.returncode, done.stdout) == (64, b"")
    assert done.stderr == b'abide: there is no subcommand "quueue"; did you mean "queue"?\n'
    assert b"see abide help" in abide(binary, "--zzzzzz").stderr
    assert abide(binary, "-h").stdout == abide(binary, "help").stdout
    done = abide(binary, "queue", "--cause", "greylistng")
    assert done.returncode == 64 and b"did you mean greylisting?" in done.stderr


# What is wrong, and what would be right: what stands behind FILE:LINE.
WRONG = [
    ('map x { type = aliases\n file = "/nonexistent" }',
     "map.file: /nonexistent can't be read: No such file or directory; correct its name or its mode"),
    ('srs { secret = "/nonexistent" }',
     "srs.secret: /nonexistent can't be read: No such file or directory; correct its name or its mode"),
    ('users { from = "file:/nonexistent" }',
     "users.from: /nonexistent can't be read: No such file or directory; correct its name or its mode"),
    ("retry greylistng { }", 'retry: "greylistng" is not a cause; did you mean greylisting'),
    ('rule a { text = "x"  cause = mailbox_ful }', 'rule "a".cause: "mailbox_ful" is not a cause; did you mean mailbox_full'),
    ('tls { certificate = "/x" }', 'tls has no key; add key = "/etc/abide/tls/mx.key"'),
    ('domain "a.test" { to = "ltmp:/run/x" }',
     'domain "a.test".to: "ltmp:/run/x" is not known; before a path write lmtp: (a socket), '
     "or for a domain maildir: (a folder)"),
]


@pytest.mark.parametrize("text,said", WRONG, ids=[w[0].split()[0] + "-" + str(i) for i, w in enumerate(WRONG)])
def test_what_is_wrong_is_said_with_file_and_line(binary, directory, text, said):
    """An error without its line in a file of 1,000 routes is no help."""
    path = os.path.join(directory, "abide.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD + text + "\n")
    done = abide(binary, "check", "-c", path)
    assert done.returncode == 78 and done.stdout == b""
    assert f"{path}:3: {said}" in done.stderr.decode().splitlines()


@pytest.mark.root
def test_a_user_that_is_not_there_is_told_by_check(binary, directory):
    """Else check says ok, and serve does not start."""
    path = os.path.join(directory, "abide.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD.replace("nobody", "no-such-user"))
    done = abide(binary, "check", "-c", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: ok, with warnings\n".encode())
    assert done.stderr.startswith(f'{path}:1: warning: user: there is no user "no-such-user" here'.encode())


def test_explain_says_why_it_can_not_go_on(binary):
    """A report that ends in the middle of a full disk must not look like a whole one."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([binary, "explain", "--json", "451 x"], stdin=subprocess.DEVNULL, stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (74, b"abide explain: No space left on device\n")
    with open("/dev/null", "wb") as away:
        folder = os.open("/", os.O_RDONLY)
        done = subprocess.run([binary, "explain"], stdin=folder, stdout=away, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        os.close(folder)
    assert (done.returncode, done.stderr) == (74, b"abide explain: Is a directory\n")
