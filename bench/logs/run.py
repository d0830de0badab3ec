#!/usr/bin/python3
"""abide logs on much: run.py make FOLDER MIB OUT | time OUT | count OUT.

make: of the logs in FOLDER, again and again with other ids, addresses, numbers and times, until OUT has so many MiB; no line is there
twice. time: CPU seconds, speed and memory of `abide logs`. count: its causes beside those of a slow careful reader, who picks the lines of
failed attempts by tests/test_logs.py's expressions and has each explained by itself.
"""
import collections
import json
import os
import re
import resource
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ABIDE = os.path.join(os.environ.get("ABIDE_BUILD", os.path.join(TOP, "build")), "abide")
WORDS = re.compile(r"\b[0-9A-F]{8,14}\b|(?<=[<=])[\w.+-]+@|\[\d+\]|(?<=:)\d\d(?=[ .])|\b[0-9a-f]{16,40}\b")


def vary(line, n, seen):
    """Another line of the same kind: the n-th round's."""
    def other(m):
        word = m.group(0)
        if word.endswith("@"):
            return f"{word[:-1]}.{n}@"
        if word.startswith("["):
            return f"[{(n * 7919 + int(word[1:-1])) % 99999}]"
        if len(word) == 2:
            return f"{(n * 13 + int(word)) % 60:02d}"
        return f"{(n * 2654435761 + hash(word)) & 0xffffffffff:0{len(word)}X}"[:len(word)]
    return WORDS.sub(other, line)


def make(folder, mib, out):
    lines = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".log"):
            with open(os.path.join(folder, name), encoding="latin-1") as f:
                lines += [l.rstrip("\r\n") for l in f if not l.startswith("##")]
    size, n, most = 0, 0, mib << 20
    with open(out, "w", encoding="latin-1") as f:
        while size < most:
            text = "".join(f"{vary(l, n, None)} r{n}.{i}\n" for i, l in enumerate(lines))
            f.write(text)
            size += len(text)
            n += 1


def measure(path):
    began = time.monotonic()
    done = subprocess.run([ABIDE, "logs", "--json", path], stdout=subprocess.PIPE, check=True)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, mb = usage.ru_utime + usage.ru_stime, os.path.getsize(path) / 1e6
    print(f"{mb:.0f} MB: {cpu:.2f} s of CPU, {mb / cpu:.0f} MB/s; {time.monotonic() - began:.2f} s by the clock; "
          f"{usage.ru_maxrss // 1024} MiB; {json.loads(done.stdout)['lines']} lines")


def count(path):
    sys.path.insert(0, os.path.join(TOP, "tests"))
    from test_logs import FAILURES
    causes = collections.Counter()
    explain = [ABIDE, "explain", "--json"]

    def take(batch):
        done = subprocess.run(explain, input="".join(batch), stdout=subprocess.PIPE, check=True,
                              universal_newlines=True)
        for answer in map(json.loads, done.stdout.splitlines()):
            causes[answer["cause"] or "none"] += 1
    batch = []
    with open(path, encoding="latin-1") as f:
        for line in f:
            if any(e.search(line) for e in FAILURES):
                batch.append(line)
            if len(batch) == 100000:
                take(batch)
                batch = []
    take(batch)
    report = json.loads(subprocess.run([ABIDE, "logs", "--json", path], stdout=subprocess.PIPE, check=True).stdout)
    quick = {p["cause"]: p["deferred"] + p["failed"] for p in report["problems"]}
    for cause in sorted(set(quick) | set(causes), key=lambda c: -causes[c]):
        print(f"{cause:28} {causes[cause]:10} {quick.get(cause, 0):10}")
    print("equal" if quick == dict(causes) else "NOT equal")


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"] and len(sys.argv) == 5:
        make(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    elif sys.argv[1:2] == ["time"] and len(sys.argv) == 3:
        measure(sys.argv[2])
    elif sys.argv[1:2] == ["count"] and len(sys.argv) == 3:
        count(sys.argv[2])
    else:
        sys.exit(__doc__)
