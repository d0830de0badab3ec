"""abide explain --bounce reads what mail servers write about mail that did not arrive, whoever made them.

A user who asks about a bounce of one of these kinds would else be told of the wrong address, or not why.
"""
import glob
import json
import os
import subprocess

import pytest

from conftest import BUILD

ABIDE = os.path.join(BUILD, "abide")
HERE = os.path.dirname(os.path.abspath(__file__))


def read(path):
    """The cases of a file: what, kind, recipients as (address, status, cause), message."""
    with open(path, encoding="utf-8") as f:
        blocks = f.read().split("\n%%% ")[1:]
    for block in blocks:
        head, message = block.split("\n%%%\n", 1)
        what, kind, *recipients = head.split("\n")
        yield what, kind, [tuple(r.rsplit(" ", 2)) for r in recipients], message


CASES = [case for path in sorted(glob.glob(os.path.join(HERE, "bounces", "*.txt"))) for case in read(path)]


def explain(message):
    done = subprocess.run([ABIDE, "explain", "--json", "--bounce", "-"], input=message.encode(),
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def check(answer, kind, wanted):
    found = [(r["address"], r["status"] or "-", r["reply"]["cause"]) for r in answer["recipients"]]
    assert answer["kind"] == kind
    assert [r[0] for r in found] == [r[0] for r in wanted]
    for (_, status, cause), (_, wanted_status, wanted_cause) in zip(found, wanted):
        assert status == wanted_status
        assert wanted_cause in (cause, "-")


@pytest.mark.parametrize("what,kind,wanted,message", CASES, ids=[case[0] for case in CASES])
def test_a_bounce_is_read(what, kind, wanted, message):
    check(explain(message), kind, wanted)


@pytest.mark.parametrize("what,kind,wanted,message", CASES[::4], ids=[case[0] for case in CASES[::4]])
def test_line_ends_of_windows_change_nothing(what, kind, wanted, message):
    """Else the same bounce, saved by another mail program, would be read in another way."""
    check(explain(message.replace("\n", "\r\n")), kind, wanted)
