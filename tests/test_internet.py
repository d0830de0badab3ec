"""Mail to a small Internet: signed zones, servers of every kind, and what must become of mail to each of its domains.

Who loses if these fail: mail would go in the clear, or to somebody else, where its receiver took care that it can't;
or it would wait for ever where nothing is wrong. tests/internet/cases.py is the table, tests/internet/run.py asks
Postfix too.
"""
import json
import os
import shutil
import subprocess
import sys

import pytest

TESTS = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="module")
def needs():
    if os.geteuid() != 0:
        pytest.skip("needs to be started as root")
    for name in ("nsd", "ldns-signzone", "ip", "unshare", "nft"):
        if not shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            pytest.skip(f"{name} is not installed (tools/setup test)")
    if subprocess.run(["unshare", "-n", "-m", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no network namespace may be made here")


def run(build, directory, *options):
    out = os.path.join(directory, "internet.json")
    done = subprocess.run([sys.executable, os.path.join(TESTS, "internet", "run.py"), "--json", out, "--build", build,
                           *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=500, check=False)
    return done.returncode, done.stdout.decode(errors="replace"), out


@pytest.mark.root
def test_every_case(needs, binary, directory):
    status, said, out = run(os.path.dirname(binary), directory)
    assert status == 0, said
    with open(out) as f:
        assert len(json.load(f)["abide"]) > 70
