"""Incidents with the whole program: whose side it is on, and what is to be done first.

Who loses if these fail: an administrator is sent to mend what is not broken, or writes to another postmaster because of his own
fault. tests/internet/incidents.py plays them, each in namespaces of its own.
"""
import json
import os
import subprocess
import sys

import pytest

from internet import incidents
from internet.staging import needs


@pytest.fixture(scope="module")
def played(binary, tmp_path_factory):
    """name -> what became of it. All run at the same time, a few at once."""
    why = needs()
    if why:
        pytest.skip(why)
    out = str(tmp_path_factory.mktemp("incidents") / "got.json")
    done = subprocess.run([sys.executable, incidents.__file__, "--json", out, "--build", os.path.dirname(binary), "--patience", "120",
                           *(i.name for i in incidents.ALL if i.is_tested)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=580, check=False)
    assert os.path.exists(out), done.stdout.decode(errors="replace")
    with open(out, encoding="utf-8") as f:
        return {g["name"]: g for g in json.load(f)}


@pytest.mark.root
@pytest.mark.parametrize("name", [i.name for i in incidents.ALL if i.is_tested])
def test_incident(played, name):
    g = played[name]
    assert "failed" not in g, g["failed"]
    assert g["whose"], f"not {g['right']}, but {g['said']}"
    assert g["advice"], g["all"]
    assert not (g["is_theirs"] and g["ours"]), g["ours"]
