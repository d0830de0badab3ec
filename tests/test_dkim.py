"""Signed mail as receivers see it: verified by dkimpy and by OpenDKIM, with the records that abide dkim prints."""
import glob
import json
import os
import random
import re
import shutil
import subprocess
import urllib.request

import pytest

from harness.dns import Nsd
from harness.peers import TOP, need_root
from harness.process import Process, free_port, wait_for_port

dkim = pytest.importorskip("dkim", reason="python3-dkim is not installed (tools/setup test)")

DKIM = 'dkim "src.test" {{ rsa_key = "{d}/rsa.pem" rsa_selector = "r1" ed25519_key = "{d}/ed.pem" ed25519_selector = "e1" }}'


def make_key(binary, directory, kind, selector, name):
    """By abide dkim: name of the record -> its text."""
    done = subprocess.run([binary, "dkim", "-t", kind, "src.test", selector, os.path.join(directory, name)],
                          stdout=subprocess.PIPE, check=True)
    line = done.stdout.decode().splitlines()[0]
    host, texts = re.fullmatch(r"(\S+) IN TXT \((.*) \)", line).groups()
    return host, "".join(re.findall(r'"([^"]*)"', texts))


@pytest.fixture
def keys(binary, directory):
    os.makedirs(os.path.join(directory, "keys"))
    path = os.path.join(directory, "keys")
    records = dict([make_key(binary, path, "rsa", "r1", "rsa.pem"), make_key(binary, path, "ed25519", "e1", "ed.pem")])
    return path, records


def verify(content, records):
    """Verdicts by selector, of both signatures."""
    d = dkim.DKIM(content)
    answer = {}
    heads = [v for k, v in d.headers if k.lower() == b"dkim-signature"]
    for i, head in enumerate(heads):
        selector = re.search(rb"\bs=(\w+);", head).group(1).decode()
        answer[selector] = dkim.DKIM(content).verify(
            idx=i, dnsfunc=lambda name, **kw: records[name.decode()].encode())
    return answer


ODD = [
    b"From: a@src.test\r\nSubject: x\r\n\r\nHello\r\n",
    b"From: a@src.test\r\n\r\n",
    b"From: a@src.test\r\n",
    b"From: a@src.test\r\n\r\n\r\n\r\n\r\n",
    b"From: a@src.test\r\nTo: b@x.test\r\nTo: c@x.test\r\nCc: \r\n\r\n \t x \t\r\n\r\n \r\n",
    b"from:  \"A, B\" <a@src.test>\r\nSUBJECT:\r\n folded\r\n\t again  \r\n\r\n.dot\r\n..\r\n",
    b"From: =?utf-8?q?gr=C3=BC=C3=9Fe?= <a@sub.src.test>\r\nX: y\r\n\r\n" + "grüße 用户\r\n".encode(),
    b"From: a@src.test\r\nSubject: " + b"long " * 150 + b"\r\n\r\n" + b"x" * 900 + b"\r\n",
    b"From: a@src.test\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nthe end, and blanks \t \r\n",
]


def many(n):
    """Messages of random blanks, lines and fields."""
    rng = random.Random(n)
    pieces = [b" ", b"\t", b"\r\n", b"\r\n\r\n", b"word", b"x" * 70, b" . ", b"\r\n.\r\n", "ü".encode()]
    fields = [b"To: b@x.test\r\n", b"Subject:\t a  b\r\n", b"Cc: c@x.test,\r\n d@x.test\r\n", b"X-Odd: z \r\n",
              b"Reply-To: r@src.test\r\n", b"References: <1@x> \r\n <2@x>\r\n"]
    for _ in range(n):
        head = [b"From: a@src.test\r\n"] + [rng.choice(fields) for _ in range(rng.randrange(8))]
        rng.shuffle(head)
        yield b"".join(head) + b"\r\n" + b"".join(rng.choice(pieces) for _ in range(rng.randrange(60))) + b"\r\n"


def test_receivers_agree(abide, lab, keys, long_run):
    """Whatever the message looks like, both signatures are good at its destination."""
    path, records = keys
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra=DKIM.format(d=path))
    odd = ODD + list(many(1000 if long_run else 60))
    odd.append(b"From: a@src.test\r\n\r\n" + b"".join(b"line %d  \t\r\n" % i for i in range(200000)))
    with a.client() as c:
        c.ehlo()
        for n, content in enumerate(odd):
            assert c.mail("s@src.test", [f"r{n}@dst.test"], content, " BODY=8BITMIME").code == 250
    for n in range(len(odd)):
        found = x.content(x.wait_for(f"r{n}@dst.test"))
        assert verify(found, records) == {"r1": True, "e1": True}, found[:2000]
    a.audit()


def test_open_dkim_agrees(abide, lab, keys, directory, long_run):
    """Another implementation, of many receivers."""
    if not shutil.which("opendkim", path="/usr/sbin:/usr/bin"):
        pytest.skip("opendkim is not installed (tools/setup test)")
    path, records = keys
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra=DKIM.format(d=path))
    table, conf = os.path.join(directory, "records"), os.path.join(directory, "opendkim.conf")
    with open(table, "w") as f:
        f.writelines(f"{name.rstrip('.')} {text}\n" for name, text in records.items())
    with open(conf, "w") as f:
        f.write(f"Mode v\nTestPublicKeys {table}\nSyslog no\nSocket local:{directory}/milter\n")
    named = list(real_messages())
    odder = [content for _, content in derived(named, 480 if long_run else 20)] if named else []
    real = [content for _, content in named]
    random.Random(2).shuffle(real)
    messages = ODD + (real if long_run else real[:40]) + odder
    # Its -t takes no field of 64 KiB.
    messages = [m for m in messages if max(map(len, re.split(rb"\r\n(?![ \t])", m.partition(b"\r\n\r\n")[0]))) < 60000]
    for n, content in enumerate(messages):
        a.send("s@src.test", [f"r{n}@dst.test"], content, " BODY=8BITMIME")
        m = x.wait_for(f"r{n}@dst.test")
        file = os.path.join(directory, f"m{n}")
        with open(file, "wb") as f:
            f.write(x.content(m))
        done = subprocess.run(["/usr/sbin/opendkim", "-x", conf, "-vv", "-t", file], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode()
        assert done.returncode == 0 and text.count("dkim=pass") == 2, text
    print(f"{len(messages)} messages verified by opendkim")


def real_messages():
    """Those of shared/vectors as their author would have written them here: From is ours, lines are canonical."""
    shared = os.environ.get("ABIDE_SHARED", os.path.join(TOP, "..", "shared"))
    found = []
    for folder in ("rspamd-messages", "ruby-mail-fixtures", "notmuch-corpora", "imaptest-mbox", "postfix-mime",
                   "perl-mail-dkim", "arc-valimail"):
        found += glob.glob(os.path.join(shared, "vectors", folder, "**", "*"), recursive=True)
    for path in sorted(f for f in found if os.path.isfile(f) and os.path.getsize(f) < 1_000_000):
        with open(path, "rb") as f:
            raw = f.read().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\0" in raw or any(len(line) > 998 for line in raw.split(b"\n")):
            continue
        raw = raw[raw.index(b"\n") + 1:] if raw.startswith(b"From ") and b"\n" in raw else raw
        head, _, body = raw.partition(b"\n\n")
        # Foreign signatures would be verified too; the rest of the header stays as odd as it is.
        head = re.sub(rb"(?im)^(from|sender|dkim-signature)\s*:.*(\n[ \t].*)*\n?", b"", head + b"\n")
        content = b"From: a@src.test\n" + head.rstrip(b"\n") + b"\n\n" + body
        # A blank before the colon is beyond dkimpy.
        if re.match(rb"(?s)([!-9;-~]+:[^\n]*\n([ \t][^\n]*\n)*)+\n", content):
            yield path, content.rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"


def derived(messages, n):
    """n messages that were made odder than they are: their ends, blanks, fields, sizes."""
    rng = random.Random(n)
    ways = (
        lambda head, body: (head, body + b"\r\n" * rng.randrange(1, 9)),
        lambda head, body: (head, b"" if rng.randrange(2) else b"\r\n \r\n\t\r\n"),
        lambda head, body: (head.replace(b": ", b":\r\n\t  ", 3), body),
        lambda head, body: (head, re.sub(rb"(?<!\r\n)\r\n", lambda m: rng.choice((b"\r\n", b" \t \r\n")), body)),
        lambda head, body: (head + b"".join(b"To: r%d@x.test, \r\n\tR <q%d@y.test>\r\n" % (i, i) for i in range(40)), body),
        lambda head, body: (head + b"X-Huge: " + b"word-0123456789\r\n " * 1200 + b"\r\n", body),
        lambda head, body: (head + "X-Eight: gr\u00fc\u00dfe \u7528\u6237\r\n".encode(), body + bytes(range(128, 256)) + b"\r\n"),
        lambda head, body: (head.lower().replace(b"from:", b"FROM:", 1), b".\r\n" + body.replace(b"\r\n", b"\r\n.") + b"\r\n"),
    )
    for i in range(n):
        path, content = rng.choice(messages)
        head, _, body = content.partition(b"\r\n\r\n")
        head, body = ways[i % len(ways)](head + b"\r\n", body)
        if all(len(line) <= 998 for line in (head + body).split(b"\r\n")):
            yield f"{path} ({i % len(ways)})", head + b"\r\n" + body


def test_real_messages(abide, lab, keys, long_run):
    """Real and odd mail, a thousand of it in a long run: not one signature that a receiver finds bad."""
    messages = list(real_messages())
    if not messages:
        pytest.skip("shared/vectors isn't there")
    odder = list(derived(messages, 480 if long_run else 80))
    random.Random(1).shuffle(messages)
    messages = (messages if long_run else messages[:150]) + odder
    path, records = keys
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra=DKIM.format(d=path))
    with a.client() as c:
        c.ehlo()
        for n, (file, content) in enumerate(messages):
            assert c.mail("s@src.test", [f"r{n}@dst.test"], content, " BODY=8BITMIME").code == 250, file
    for n, (file, _) in enumerate(messages):
        found = x.content(x.wait_for(f"r{n}@dst.test"))
        assert verify(found, records) == {"r1": True, "e1": True}, (file, found[:2000])
    print(f"{len(messages)} messages ({len(odder)} of them made odder), {2 * len(messages)} signatures verified")


RSPAMD = """
options {{
  filters = "dkim"; disable_hyperscan = true; url_tld = "{d}/domains"; check_local = true;
  local_addrs = ["192.0.2.0/24"];
  dns {{ nameserver = ["127.0.0.1:{dns}"]; timeout = 5s; retransmits = 3; }}
  control_socket = "{d}/control mode=0600"; tempdir = "{d}"; hs_cache_dir = "{d}"; cache_file = "{d}/symbols.cache";
  history_file = "{d}/history"; pidfile = "{d}/pid"; task_timeout = 20s;
}}
logging {{ type = "console"; level = "info"; }}
dkim {{ check_local = true; dkim_cache_size = 2k; max_sigs = 5; }}
actions {{ reject = 1000; add_header = 900; greylist = 800; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
"""


class Rspamd:
    """rspamd with nothing but its verifier of DKIM, and the DNS that it asks."""

    def __init__(self, directory, records):
        need_root()
        if not shutil.which("rspamd", path="/usr/sbin:/usr/bin"):
            pytest.skip("rspamd is not installed (tools/setup test)")
        folder = os.path.join(directory, "rspamd")
        os.mkdir(folder)
        shutil.chown(folder, "_rspamd", "_rspamd")
        with open(os.path.join(folder, "domains"), "w") as f:
            f.write("test\n")
        lines = [name + ". IN TXT " + " ".join(f'"{text[i:i + 200]}"' for i in range(0, len(text), 200))
                 for name, text in ((k.rstrip("."), v) for k, v in records.items())]
        self.dns = Nsd(directory, {"test": lines})
        self.dns.start()
        self.port = free_port()
        conf = os.path.join(folder, "rspamd.conf")
        with open(conf, "w") as f:
            f.write(RSPAMD.format(d=folder, dns=self.dns.port, port=self.port))
        self.process = Process(["/usr/bin/rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", conf], "rspamd",
                               parse_err=lambda line: None)
        wait_for_port(self.port)

    def verdicts(self, content):
        """selector -> R_DKIM_ALLOW or what else it was called."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/checkv2", content, {"IP": "198.51.100.1"})
        with urllib.request.urlopen(request, timeout=60) as f:
            symbols = json.load(f)["symbols"]
        return {option.split("s=")[1].split(":")[0]: name for name, s in symbols.items() if name.startswith("R_DKIM")
                for option in s.get("options", ()) if "s=" in option}

    def destroy(self):
        self.process.stop()
        self.process.destroy()
        self.dns.destroy()


def is_beyond_rspamd(content):
    """It says nothing of DKIM in test mail (GTUBE), and 3.4 finds any signature bad that is over a field that stands twice and should
    not (of two To or Cc dkimpy's own too): these are left to the others."""
    if b"C4JDBQADN1.NSBN3*2IDNEN" in content:
        return True
    head = content.partition(b"\r\n\r\n")[0]
    return any(len(re.findall(rb"(?im)^" + name + rb"\s*:", head)) > 1 for name in (b"to", b"cc", b"subject"))


@pytest.mark.root
def test_rspamd_agrees(abide, lab, peer, keys, long_run):
    """The one that many receivers decide by: over the same messages."""
    path, records = keys
    x = lab(keep=True)
    r = peer(Rspamd, records)
    a = abide(routes={"*": x.port}, extra=DKIM.format(d=path))
    real = list(real_messages())
    odder = list(derived(real, 480 if long_run else 40)) if real else []
    random.Random(3).shuffle(real)
    messages = ODD + [content for _, content in (real if long_run else real[:40]) + odder]
    messages = [content for content in messages if not is_beyond_rspamd(content)]
    with a.client() as c:
        c.ehlo()
        for n, content in enumerate(messages):
            assert c.mail("s@src.test", [f"r{n}@dst.test"], content, " BODY=8BITMIME").code == 250
    for n in range(len(messages)):
        found = x.content(x.wait_for(f"r{n}@dst.test"))
        assert r.verdicts(found) == {"r1": "R_DKIM_ALLOW", "e1": "R_DKIM_ALLOW"}, found[:2000]
    print(f"{len(messages)} messages verified by rspamd")


def test_whose_mail_is_signed(abide, lab, keys):
    """Strangers' mail with our name on it is not; notices of ours are; other authors are not."""
    path, records = keys
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, relay_from=("127.0.0.2/32",), hostname="mx.src.test",
              extra=DKIM.format(d=path) + f'\ndomain "ours.test" {{ to = "127.0.0.1:{x.port}" }}\nnotify_anyone = yes')
    a.send("s@far.test", ["forged@ours.test"], b"From: ceo@src.test\r\n\r\nmoney\r\n")
    assert verify(x.content(x.wait_for("forged@ours.test")), records) == {}
    a.send("s@far.test", ["550-rcpt@ours.test"], b"From: s@far.test\r\n\r\nx\r\n")
    notice = x.content(x.wait_for("s@far.test"))
    assert b"MAILER-DAEMON" in notice and verify(notice, records) == {"r1": True, "e1": True}, notice


def test_other_authors_are_not_signed(abide, lab, keys):
    path, records = keys
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra=DKIM.format(d=path))
    for n, author in enumerate((b"a@notsrc.test", b"\"a@src.test\" <a@far.test>", b"a@src.test.far.test")):
        a.send("s@src.test", [f"r{n}@dst.test"], b"From: " + author + b"\r\n\r\nx\r\n")
        assert verify(x.content(x.wait_for(f"r{n}@dst.test")), records) == {}


def test_keys_dies(abide, lab, keys):
    """While keys is away mail waits; nothing goes out unsigned."""
    path, records = keys
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra=DKIM.format(d=path))
    for n in range(3):
        mark = a.log.mark()
        a.kill_role("keys")
        a.send("s@src.test", [f"r{n}@dst.test"], ODD[0])
        a.log.wait(event="role_started", role="keys/0", since=mark)
    for n in range(3):
        assert verify(x.content(x.wait_for(f"r{n}@dst.test")), records) == {"r1": True, "e1": True}
    a.audit()


def test_wrong_keys_are_named(binary, abide, keys, directory):
    """abide check says what is wrong with the file and its line; abide dkim overwrites nothing."""
    path, _ = keys
    before = open(os.path.join(path, "rsa.pem"), "rb").read()
    assert make_key(binary, path, "rsa", "r1", "rsa.pem")[0] == "r1._domainkey.src.test."
    assert open(os.path.join(path, "rsa.pem"), "rb").read() == before
    assert os.stat(os.path.join(path, "rsa.pem")).st_mode & 0o077 == 0
    a = abide(begin=False, extra=f'dkim "src.test" {{ rsa_key = "{path}/ed.pem" rsa_selector = "r1" }}')
    a.config.write()
    done = a.run("check", "-c", a.config.path, check=False)
    assert done.returncode == 78 and b"ed.pem is no RSA key" in done.stderr + done.stdout
