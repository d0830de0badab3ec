"""abide explain finds the reply in log lines of other servers: what it is, whom it is about, what it means.

Else a user would have to cut the reply out of the line by hand, or be told about the wrong thing.
"""
import json
import os
import subprocess

import pytest

from conftest import BUILD

ABIDE = os.path.join(BUILD, "abide")
LINES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "log_lines.txt")


def read():
    with open(LINES, encoding="utf-8") as f:
        blocks = f.read().strip().split("\n\n")[1:]
    return [block.split("\n") for block in blocks]


CASES = read()


@pytest.fixture(scope="module")
def answers():
    done = subprocess.run([ABIDE, "explain", "--json"], stdout=subprocess.PIPE, check=True,
                          input="".join(line + "\n" for _, line in CASES).encode())
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_has_its_answer(answers):
    assert len(answers) == len(CASES)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[line[-60:] for _, line in CASES])
def test_a_line_is_read(answers, number):
    wanted = CASES[number][0].split("|")
    a = answers[number]
    found = [a.get("log") or "-", a.get("stage") or "none", a.get("recipient") or "-", a.get("host") or "-",
             str(a["code"] or "-"), a["cause"]]
    for want, is_there in zip(wanted, found):
        assert want in ("*", is_there), (wanted, found, a.get("reply"))
