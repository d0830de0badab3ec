"""abide logs as a program: another server's log is judged, and counted as a slow careful reader counts it."""
import collections
import gzip
import html.parser
import json
import os
import random
import re
import subprocess

import pytest

from conftest import BUILD

ABIDE = os.path.join(BUILD, "abide")
HERE = os.path.dirname(__file__)


def logs(*arguments, text=None):
    done = subprocess.run([ABIDE, "logs", *arguments], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    return done.returncode, done.stdout, done.stderr


# One expression a server, for lines in which a delivery did not succeed. Whatever is slow about them is welcome here.
FAILURES = [
    re.compile(r"postfix[^ ]*(\[\d+\]: |\",\"MESSAGE\":).*\bstatus=(deferred|bounced) \(|postfix/qmgr\[\d+\]: .*status=expired,"),
    re.compile(r"^(?:\d{4}-\d\d-\d\d [\d:.]+ (?:[+-]\d{4} )?(?:\[\d+\] )?|.* exim\[\d+\]: )(?:\S{16}|\S{23}) (==|\*\*) \S+@\S+( .*R=|: )"),
    re.compile(r"(?:sendmail|sm-[a-z]+)\[\d+\]: \S+: .*dsn=[45]\..*, stat=(?!Sent)"),
    re.compile(r"\bm[td]a (event=)?delivery evpid=.*result=\"?(TempFail|PermFail)\b|smtpd\[\d+\]: \w+: (Temp|Perm)Fail for "),
    re.compile(r"delivery \d+: (deferral|failure): "),
    re.compile(r"level=\w+ .*event=(deferred|bounced) "),
]


def careful_count(lines):
    """Cause by cause, how many attempts failed: each line by itself through abide explain."""
    failed = [line for line in lines if any(e.search(line) for e in FAILURES)]
    done = subprocess.run([ABIDE, "explain", "--json"], input="".join(line + "\n" for line in failed),
                          stdout=subprocess.PIPE, check=True, universal_newlines=True)
    causes = collections.Counter()
    for answer in map(json.loads, done.stdout.splitlines()):
        causes[answer["cause"] or "none"] += 1
    return causes


def counted(report):
    return {p["cause"]: p["deferred"] + p["failed"] for p in report["problems"]}


def sample_lines():
    """Lines of many servers: every second line of log_lines.txt's pairs."""
    with open(os.path.join(HERE, "log_lines.txt"), encoding="utf-8") as file:
        blocks = file.read().split("\n\n")[1:]
    return [block.split("\n")[1].replace("\\n", " ") for block in blocks if block.count("\n") >= 1]


def varied(lines, n, seed=1):
    """n lines, none twice: other ids, addresses, numbers and hosts each time."""
    rng = random.Random(seed)
    for i in range(n):
        line = lines[i % len(lines)]
        line = re.sub(r"\b[0-9A-F]{8,14}\b", lambda m: f"{rng.getrandbits(40):010X}", line)
        line = re.sub(r"\byou@", f"u{i}.{rng.randrange(1000)}@", line)
        line = re.sub(r"\bmx\.example\.org\b", f"mx{i}.d{rng.randrange(400)}.example", line)
        yield line


def postfix(second, site, what, id=None):
    clock = f"2026-11-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    return (f"{clock} mx postfix/smtp[7]: {id or second * 1000 + site:010X}: to=<you@s{site}.example>, "
            f"relay=mx.s{site}.example[192.0.2.{site % 250}]:25, delay=1, {what}")


SENT = "dsn=2.0.0, status=sent (250 2.0.0 Ok)"
GREY = ("dsn=4.7.1, status=deferred (host mx said: 450 4.7.1 <you@example.org>: Greylisted for 300 seconds "
        "(in reply to RCPT TO command))")
LISTED = ("dsn=5.7.1, status=bounced (host mx said: 554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked "
          "using zen.spamhaus.org (in reply to RCPT TO command))")
GONE = "dsn=4.4.1, status=deferred (connect to mx[192.0.2.1]:25: Connection timed out)"


def test_the_same_causes_as_a_careful_count(tmp_path):
    """Else the quick reader would lose lines or take one cause for another, and its advice be about nothing."""
    lines = list(varied(sample_lines(), 20000))
    path = tmp_path / "log"
    path.write_text("\n".join(lines) + "\n")
    report = json.loads(logs("--json", str(path))[1])
    wanted = careful_count(lines)
    assert sum(wanted.values()) > 3000 and len(wanted) >= 9
    assert counted(report) == dict(wanted)


@pytest.mark.skipif("ABIDE_LOGS" not in os.environ, reason="ABIDE_LOGS names no folder of real logs")
def test_the_same_causes_in_real_logs():
    """Else only lines that we thought of would be understood."""
    folder = os.environ["ABIDE_LOGS"]
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.endswith(".log"):
            continue
        with open(path, encoding="latin-1") as file:
            lines = [line.rstrip("\r\n") for line in file]
        assert counted(json.loads(logs("--json", path)[1])) == dict(careful_count(lines)), name


def test_packed_and_plain_are_the_same(tmp_path):
    """Else rotated logs, which are packed, would be left out or read wrongly."""
    text = "".join(line + "\n" for line in varied(sample_lines(), 5000))
    plain = logs("--json", "-", text=text)[1]
    packed = tmp_path / "log.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert logs("--json", str(packed))[1] == plain
    small = subprocess.run(["zstd", "-q", "-c"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    (tmp_path / "log.zst").write_bytes(small)
    assert logs("--json", str(tmp_path / "log.zst"))[1] == plain
    packed.write_bytes(packed.read_bytes()[:-100])
    status, said, error = logs(str(packed))
    assert status == 65 and said == "" and "ends too early" in error
    assert logs(str(tmp_path / "none"))[0] == 66


def test_whose_side_and_what_first():
    """Else the blocklisting that concerns all mail would stand below a thousand greylistings that pass by themselves."""
    lines = [postfix(60 + i, i % 40, GREY, id=i + 1) for i in range(1000)]
    lines += [postfix(3000 + i, i % 40, SENT, id=i + 1) for i in range(1000)]
    lines += [postfix(4000 + i, i % 30, LISTED) for i in range(300)]
    report = json.loads(logs("--json", text="\n".join(lines))[1])
    assert [(p["cause"], p["whose"]) for p in report["problems"]] == [("blocklisted", "ours"), ("greylisting", "nobody")]
    grey = report["problems"][1]
    assert (grey["recipients"], grey["recovered"], grey["waiting"]) == (1000, 1000, 0)
    assert grey["recovered_after"] == 2940
    said = logs(text="\n".join(lines))[1]
    assert said.index("blocklisted") < said.index("greylisting") and "zen.spamhaus.org" in said


def test_an_outage_of_ours_is_found():
    """Else a broken link here would be shown as forty sites in trouble, and their postmasters be asked."""
    lines = [postfix(60 + i, i, SENT) for i in range(40)] + [postfix(9000 + i, i, GONE) for i in range(40)]
    report = json.loads(logs("--json", text="\n".join(lines))[1])
    assert [(p["cause"], p["whose"], p["sites"]) for p in report["problems"]] == [("network_failure", "ours", 40)]
    assert report["outages"][0]["sites_failing"] == 40 and "2026-11-01T02:" in report["outages"][0]["from"]
    one = [postfix(60 + i, i, SENT) for i in range(40)] + [postfix(9000 + i, 3, GONE) for i in range(40)]
    report = json.loads(logs("--json", text="\n".join(one))[1])
    assert report["outages"] == [] and report["problems"][0]["whose"] == "network"


class Page(html.parser.HTMLParser):
    """What is in a page; void elements apart, all that opens must close."""
    VOID = {"meta", "rect", "path", "br"}
    LOOSE = {"th", "td", "tr"}

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text, self.links = [], collections.Counter(), "", []

    def handle_starttag(self, tag, attrs):
        self.seen[tag] += 1
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href")]
        if tag not in self.VOID | self.LOOSE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID | self.LOOSE:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_stands_alone(tmp_path):
    """Else it could not be mailed to somebody, would tell a stranger who opens it, or run what a reply says."""
    nasty = GREY.replace("Greylisted", "<script>alert(1)</script><img src=http://x.example/> & \x1b[31m Greylisted")
    lines = [postfix(60 + i, i % 9, nasty if i % 3 else SENT) for i in range(300)]
    path = tmp_path / "page.html"
    status, said, _ = logs("--html", str(path), "-", text="\n".join(lines))
    assert status == 0 and said == ""
    text = path.read_text()
    page = Page()
    page.feed(text)
    assert page.open == [] and page.links == []
    assert page.seen["script"] == page.seen["img"] == page.seen["link"] == 0 and page.seen["svg"] > 3
    assert "url(" not in text and "@import" not in text and "\x1b" not in text
    assert "<script>alert(1)" in page.text and "greylisting" in page.text and "s4.example" in page.text


def test_the_page_is_there_in_german(tmp_path):
    """Else half of a page for people who read German would be in English."""
    lines = [postfix(60 + 7 * i, i % 40, (GREY, SENT, LISTED, GONE)[i % 4], id=i + 1) for i in range(1500)]
    lines += [postfix(12000 + i, i % 40, SENT, id=1 + 4 * i) for i in range(300)]
    lines += [postfix(13000 + i, i % 40, GONE) for i in range(500)]
    path = tmp_path / "page.html"
    assert logs("--html", str(path), "--lang", "de", "-", text="\n".join(lines))[0] == 0
    page = Page()
    text = path.read_text()
    page.feed(text[:text.index("<style>")] + text[text.index("</style>") + 8:])
    assert page.open == [] and '<html lang="de">' in text
    for word in ("Auf wessen Seite es liegt", "Was zuerst zu tun ist", "auf einer Sperrliste", "nicht erreichbar",
                 "Nichts war erreichbar", "Zustellungen", "Greylisting", "wartet noch am Ende des Logs"):
        assert word in page.text, word
    for word in (" the ", " and ", " put off", "refused", "delivered", "since", " sites", "Where"):
        assert word not in page.text, (word, page.text[page.text.index(word) - 80:page.text.index(word) + 80])


def test_a_log_of_nothing_is_said_to_be_one():
    """Else a wrong file would be taken for a server without trouble."""
    assert "No line of these" in logs(text="nothing\nof the kind\n")[1]
    assert json.loads(logs("--json", text="")[1])["lines"] == 0
    assert logs("--json", "--html", "x")[0] == 64 and logs("--top", "0")[0] == 64


def test_rules_of_the_operator_count(tmp_path):
    """Else what somebody taught abide about his own peers would be forgotten for their logs."""
    rules = tmp_path / "rules"
    rules.write_text('rule own {\n  text = "wombat"\n  cause = mailbox_full\n}\n')
    line = postfix(60, 1, "dsn=4.0.0, status=deferred (host mx said: 450 wombat (in reply to RCPT TO command))")
    status, said, error = logs("--json", "--rules", str(rules), "-", text=line)
    assert status == 0, error
    assert json.loads(said)["problems"][0]["cause"] == "mailbox_full"


@pytest.mark.usefixtures("plain_build")
def test_memory_does_not_follow_the_log(tmp_path):
    """Else a log of gigabytes, which is when somebody needs this, would not be read at all."""
    path = tmp_path / "log"
    with open(path, "w", encoding="utf-8") as file:
        for round_ in range(12):
            file.write("".join(postfix(i % 80000, round_ * 5000 + i % 5000, GREY, id=round_ * 30000 + i + 1) + "\n"
                               for i in range(30000)))
    pid = os.posix_spawn(ABIDE, [ABIDE, "logs", "--json", str(path)], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    print(f"{usage.ru_maxrss} KiB for {path.stat().st_size} bytes, 60,000 sites")
    assert usage.ru_maxrss <= 200 * 1024


def test_the_text_is_german_throughout():
    """Half of the sentences would be in a language that the reader did not ask for."""
    lines = "\n".join([postfix(60 + i, i, GREY) for i in range(30)] + [postfix(4000, 1, LISTED)])
    said = logs("--lang", "de", text=lines)[1]
    for part in ("Zeilen gelesen", "Was zuerst zu tun ist", "Zu tun: ", "Wo: s", "Antwort: ", "Ziele mit Schwierigkeiten"):
        assert part in said, f"{part} is not in:\n{said}"
    for part in (" to ", "lines read", "To do", "Where", "Said", "attempts", "nobody", "mostly"):
        assert part not in said.replace("reply to", ""), f"{part} is in:\n{said}"
    assert logs("--json", "--lang", "de", text=lines) == logs("--json", text=lines)
