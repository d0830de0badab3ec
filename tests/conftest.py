"""Fixtures of the scenarios. ABIDE_BUILD: the folder with the program (build); ABIDE_LONG=1: all of it."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness.abide import Abide, Config  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.process import Process  # noqa: E402

TOP = os.path.dirname(HERE)
BUILD = os.path.abspath(os.environ.get("ABIDE_BUILD", os.path.join(TOP, "build")))
LONG = os.environ.get("ABIDE_LONG") == "1"
LIMIT = 4 * 3600 if LONG else 600  # seconds a test


def pytest_configure(config):
    config.addinivalue_line("markers", "root: needs to be started as root")
    config.addinivalue_line("markers", "backends: waits in ways that the back-ends of task/ differ in")
    config.addinivalue_line("markers", "xdist_group: of tests that one process runs")
    config.addinivalue_line("markers", "alone: measures, or fills the machine: nothing runs beside it")


# What their tests share is made once: they stay together where tests are spread over processes.
TOGETHER = ("test_conformance", "test_deliver", "test_incidents", "test_internet", "test_log_lines")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.module.__name__ in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call():
    """A test that hangs fails by itself, and the others go on."""
    def late(_signal, _frame):
        raise AssertionError(f"still running after {LIMIT} s")
    signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def binary():
    path = os.path.join(BUILD, "abide")
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} isn't there: build it, or set ABIDE_BUILD")
    return path


@pytest.fixture(scope="session")
def plain_build(binary):
    """For what is measured: a sanitizer's memory and time are not abide's."""
    with open(binary, "rb") as f:
        if re.search(rb"__[at]san_init", f.read()):
            pytest.skip("this build has a sanitizer in it")


@pytest.fixture(scope="session")
def serves(binary):
    """Fails at once, and says why, where this build can't serve."""
    done = subprocess.run([binary, "serve"], capture_output=True, timeout=30, check=False)
    if done.returncode == 0:
        pytest.fail("abide serve without a configuration ended with 0")
    return True


@pytest.fixture
def directory():
    """A folder that other users may enter (roles of abide, Postfix), removed afterwards."""
    path = tempfile.mkdtemp(prefix="abide-", dir=os.environ.get("ABIDE_TMP"))
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def started():
    """Whatever a test starts ends with it."""
    things, failures = [], []
    yield things
    for t in reversed(things):
        try:
            t.destroy()
        except AssertionError as e:  # the others must end all the same
            failures.append(str(e))
    assert not failures, "\n".join(failures)


@pytest.fixture
def run(started):
    """run(argv, name): any other program."""
    def start(argv, name, **kw):
        p = Process(argv, name, **kw)
        started.append(p)
        return p
    return start


@pytest.fixture
def lab(binary, directory, started):
    """lab(behaviour, keep=True): a destination that answers as it is told."""
    n = [0]

    def start(behaviour=None, **kw):
        n[0] += 1
        folder = os.path.join(directory, f"lab{n[0]}")
        os.mkdir(folder)
        x = Lab(binary, folder, behaviour, **kw)
        started.append(x)
        return x
    return start


@pytest.fixture
def abide(binary, serves, directory, started):
    """abide(routes=…, retry=…): a running server; abide.config may be changed before a restart."""
    n = [0]

    def start(begin=True, env=None, **kw):
        n[0] += 1
        folder = os.path.join(directory, f"abide{n[0]}")
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        x = Abide(binary, Config(folder, **kw), env)
        started.append(x)
        return x.start() if begin else x
    return start


@pytest.fixture(scope="session")
def long_run():
    return LONG


@pytest.fixture
def peer(directory, started):
    """peer(Postfix, port, …): a real server, ended with the test."""
    def start(kind, *args, **kw):
        x = kind(directory, *args, **kw)
        if hasattr(x, "destroy"):
            started.append(x)
        return x
    return start
