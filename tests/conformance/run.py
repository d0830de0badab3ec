"""Runs the checks; `python3 -m conformance` prints the table."""
import os
import shutil
import sys
import tempfile
import threading

import pytest

from harness.lab import Lab

from . import checks_core, checks_dsn, checks_extensions, checks_secure, checks_text  # noqa: F401
from .registry import CHECKS
from .servers import SERVERS
from .world import NotOffered, World

OK, FAILED, ABSENT = "ok", "FAILS", "-"


class Stage:
    """One server with its sinks, in a folder of its own."""

    def __init__(self, kind, binary):
        self.directory = tempfile.mkdtemp(prefix="abide-", dir=os.environ.get("ABIDE_TMP"))
        os.chmod(self.directory, 0o755)
        self.started = []
        try:
            sink = self.start(Lab, binary, self.folder("sink"), keep=True)
            plain = self.start(Lab, binary, self.folder("plain"), "no-dsn", keep=True)
            server = self.start(kind, binary, self.folder("server"), sink.port, plain.port)
        except BaseException:
            self.destroy()
            raise
        self.world = World(server, sink, plain)

    def folder(self, name):
        path = os.path.join(self.directory, name)
        os.mkdir(path)
        os.chmod(path, 0o755)
        return path

    def start(self, kind, *args, **kw):
        x = kind(*args, **kw)
        self.started.append(x)
        return x

    def destroy(self):
        for x in reversed(self.started):
            x.destroy()
        shutil.rmtree(self.directory, ignore_errors=True)


def run_one(world, check):
    """(OK, FAILED or ABSENT, why)."""
    try:
        check.run(world)
        return OK, ""
    except NotOffered as e:
        return ABSENT, f"{e} is not offered"
    except (AssertionError, OSError, Exception) as e:  # pylint: disable=broad-except
        return FAILED, f"{type(e).__name__}: {e}" if not isinstance(e, AssertionError) else str(e)
    finally:
        world.close()


stopping = threading.Event()  # set: no further check is begun


def run_list(kind, world):
    found = []
    for c in CHECKS:
        if stopping.is_set():
            break
        found.append(run_one(world, c))
        print(f"{kind.name}: {c.name}: {found[-1][0]}", file=sys.stderr, flush=True)
    return found


def run_server(kind, binary, results):
    try:
        stage = Stage(kind, binary)
    except pytest.skip.Exception as e:
        results[kind.name] = str(e)
        return
    try:
        results[kind.name] = run_list(kind, stage.world)
    finally:
        stage.destroy()


def run_all(binary, kinds=SERVERS):
    """Server name -> list of (verdict, why) in the order of CHECKS, or why it could not be started."""
    results = {}
    threads = [threading.Thread(target=run_server, args=(k, binary, results)) for k in kinds]
    for t in threads:
        t.start()
    try:
        for t in threads:
            t.join()
    except BaseException:
        stopping.set()
        for t in threads:
            t.join()
        raise
    return results


def print_table(results):
    names = [k.name for k in SERVERS if isinstance(results.get(k.name), list)]
    print(f"{'check':44} {'where':24} " + " ".join(f"{n:8}" for n in names) + " what a user would lose")
    for i, c in enumerate(CHECKS):
        row = " ".join(f"{results[n][i][0]:8}" for n in names)
        print(f"{c.name:44} {c.rfc:24} {row} {c.loses}")
    print()
    for n in names:
        verdicts = [v for v, _ in results[n]]
        print(f"{n:8} {verdicts.count(OK)} ok, {verdicts.count(FAILED)} fail, "
              f"{verdicts.count(ABSENT)} not offered, of {len(CHECKS)}")
    for k in SERVERS:
        if not isinstance(results.get(k.name), list):
            print(f"{k.name:8} was not run: {results.get(k.name, 'it could not be started')}")
    for n in names:
        print(f"\n{n}:")
        for c, (v, why) in zip(CHECKS, results[n]):
            if v == FAILED:
                print(f"  {c.name}: " + " ".join(why.split())[:300])
