"""The status page: what it shows and to whom, what it refuses, and that it costs the mail nothing."""
import html
import json
import os
import pwd
import re
import resource
import shutil
import signal
import socket
import subprocess
import urllib.parse

import pytest

from harness.abide import spool_user
from harness.process import free_port, status_of, wait_until
from harness.smtp import Smtp
from harness.tls import Certificate
from harness.web import connect, exchange, get, read_all

PATHS = ["/", "/metrics", "/healthz", "/queue.json", "/sites.json", "/explain", "/replies/", "/replies/GREYLISTED",
         "/explain?text=451+x", "/explain?text=451+x&json", "/nothing"]
RETRY = {"default": 'first = "10m"'}


class Web:
    """A running abide with a page; .get(path)."""

    def __init__(self, abide, block="", extra="", **kw):
        self.port = free_port()
        self.block = f'web {{ listen = "127.0.0.1:{self.port}" {block} }}\n'
        self.abide = abide(extra=self.block + extra, **kw)

    def get(self, path="/", **kw):
        return get(self.port, path, **kw)

    def metrics(self):
        return samples(self.get("/metrics").text)


@pytest.fixture
def web(abide):
    def start(*args, **kw):
        return Web(abide, *args, **kw)
    return start


def words_of(page):
    """What a person reads of it."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<style.*?</style>|<[^>]*>", " ", page, flags=re.S)))


def samples(text):
    """The text format of Prometheus, read strictly: {name{labels}: value}, and the types."""
    found, helped, kinds = {}, set(), {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped and line.split(" ", 3)[3], line
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in helped and name not in kinds and kind in ("counter", "gauge"), line
            assert (kind == "counter") == name.endswith("_total"), line
            kinds[name] = kind
        else:
            m = re.fullmatch(r'(abide_[a-z0-9_]+)(\{[a-z_]+="[a-zA-Z0-9_.-]+"\})? (\d+(?:\.\d+)?)', line)
            assert m, line
            assert m[1] in kinds and m[1] + (m[2] or "") not in found, line
            found[m[1] + (m[2] or "")] = float(m[3])
    return found


# ---- what it shows ----

def interface_example(directory, ports, certificate):
    """The configuration that the interface gives as its example, with paths and ports of this test."""
    smtp, page, hop = ports
    return f"""hostname   = "mx.example.org"            # greets with it, Received and Message-ID carry it
spool      = "{directory}/spool"          # created with mode 0700 if missing
user       = "nobody"
relay_from = {{"127.0.0.0/8", "::1/128"}}  # clients that may send anywhere
log        = "text"                      # or "json"

listen "127.0.0.1:{smtp}" {{ protocol = smtp }}          # smtp, submission, submissions

domain "example.org" {{ to = "lmtp:/run/dovecot/lmtp" }} # final here: lmtp:PATH, lmtp:HOST:PORT, maildir:PATH ({{user}} {{domain}})

tls {{ certificate = "{certificate.certificate}"  key = "{certificate.key}" }}   # STARTTLS offered where set

route "example.test" {{ to = "127.0.0.1:{hop}" }}       # smarthost: no MX look-up; a list is tried in order; lmtp:... too
route ".corp.test"   {{ to = "mx"  tls = required }}   # opportunistic, required, dane, none
route "*"            {{ to = "mx" }}                   # the default

retry default     {{ first = "5m"  factor = 2  max = "4h"  give_up = "5d"  notice_after = "4h" }}
retry greylisting {{ first = "2m" }}                   # by cause (shared/replies/taxonomy.md) and, if given, by site

resolver {{ servers = {{"127.0.0.1@5353"}} }}            # default: the system's
web      {{ listen = "127.0.0.1:{page}" }}
limits   {{ message_size = 52428800  sessions = 10000  recipients = 1000 }}
timeouts {{ connect = "30s"  greeting = "5m"  command = "5m"  data = "3m"  final = "10m"  # as client
           idle = "5m"  body = "5m" }}                                                     # as server
"""


def test_the_whole_example_of_the_interface_serves(binary, directory, run):
    """Else who copies it is refused a key that stands in it."""
    smtp, page, hop = (free_port() for _ in range(3))
    path = os.path.join(directory, "abide.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(interface_example(directory, (smtp, page, hop), Certificate(directory, "mx.example.org")))
    os.chmod(path, 0o644)
    done = subprocess.run([binary, "check", "-c", path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and ": ok" in done.stdout and not done.stderr, done
    server = run([binary, "serve", "-c", path], "abide")
    server.log.wait(event="ready")
    with Smtp(smtp) as c:
        assert c.ehlo().code == 250
    assert "mx.example.org" in get(page, "/").text
    assert server.stop() == 0


def test_a_person_finds_what_waits_and_why(web, lab):
    """The page stands for `abide queue`, `sites` and `diagnose` where nobody may log in."""
    grey = lab('451-rcpt="4.7.1 Greylisting in action, please come back in 00:10:00"')
    ptr = lab('450-rcpt="4.7.25 Client host rejected: cannot find your reverse hostname"')
    fine = lab()
    w = web(routes={"grey.test": grey.port, "ptr.test": ptr.port, "*": fine.port}, retry=RETRY)
    for i in range(3):
        w.abide.send("a@src.test", [f"g{i}@grey.test"])
    w.abide.send("a@src.test", ["p@ptr.test"])
    w.abide.send("a@src.test", ["f@fine.test"])
    for r in ("g0@grey.test", "g1@grey.test", "g2@grey.test", "p@ptr.test"):
        w.abide.wait_fate(r, "deferred")
    w.abide.wait_fate("f@fine.test", "delivered")
    wait_until(lambda: "ptr_missing" in w.get().text and w.metrics()["abide_queue_messages"] == 4, what="all of it")
    page = w.get()
    words = words_of(page.text)
    assert "Mail is taken and sent." in words and "4 messages in the queue" in words, words
    assert "greylisting" in words and "programs that send spam seldom try a second time" in words
    assert "ptr_missing needs a person" in words and re.search(r"in \d+ minutes", words), words
    assert "Greylisting in action, please come back in 00:10:00" in words
    assert "Have the reverse name of our address set" in words
    assert page.fields["content-type"] == "text/html; charset=utf-8"
    m = w.metrics()
    assert m['abide_queue_recipients_by_cause{cause="greylisting"}'] == 3
    assert m['abide_queue_recipients_by_cause{cause="ptr_missing"}'] == 1
    assert m['abide_recipients_ended_total{how="relayed"}'] == 1 and m["abide_messages_accepted_total"] == 5


def test_nobody_is_named_unless_it_is_wanted(web, lab):
    """Who writes to whom is told to nobody who only watches whether mail flows."""
    x = lab('452-rcpt="4.2.2 The mailbox <secretbob@dst.test> is full"')
    w = web(routes={"*": x.port}, retry=RETRY)
    w.abide.send("secretalice@src.test", ["secretbob@dst.test"])
    w.abide.wait_fate("secretbob@dst.test", "deferred")
    wait_until(lambda: "mailbox_full" in w.get().text, what="the page that shows it")
    for path in PATHS + ["/queue.json?cause=mailbox_full"]:
        assert "secret" not in w.get(path).text, path
    (message,) = json.loads(w.get("/queue.json").text)["messages"]
    assert message["sender"] == "*@src.test"
    assert message["recipients"][0]["address"] == "*@dst.test"
    assert message["recipients"][0]["reply"] == "452 4.2.2 The mailbox <*@dst.test> is full"
    # nor can it be guessed: there is no question about a person
    assert json.loads(w.get("/queue.json?recipient=nobody@else.test").text)["messages"] == [message]

    w.abide.config.extra = w.block.replace("}", "addresses = yes }")
    w.abide.config.write()
    w.abide.process.signal(signal.SIGHUP)
    w.abide.log.wait(event="reloaded")
    wait_until(lambda: "secretbob" in w.get("/queue.json").text, what="the new configuration")


def test_programs_get_the_objects_of_the_command_line(web, lab):
    """One meaning in two places would soon be two meanings."""
    x = lab('451-rcpt="4.7.1 Greylisted"')
    w = web("addresses = yes", routes={"*": x.port}, retry=RETRY)
    for i in range(5):
        w.abide.send("a@src.test", [f"r{i}@dst{i % 2}.test", f"s{i}@dst.test"])
    wait_until(lambda: all(r["state"] == "deferred" for m in w.abide.queue() for r in m["recipients"]), what="replies")
    shown = json.loads(w.get("/queue.json").text)
    assert shown["messages"] == w.abide.queue() and shown["next"] is None
    wait_until(lambda: json.loads(w.get("/sites.json").text)["sites"], what="the site")
    done = w.abide.run("sites", "-c", w.abide.config.path, "--json")
    sites = {s["site"]: s for s in map(json.loads, done.stdout.decode().splitlines())}
    for s in json.loads(w.get("/sites.json").text)["sites"]:
        assert s.keys() == sites[s["site"]].keys() and s["waiting"] == 5, s


def test_a_long_queue_is_told_in_pages(web, lab):
    """Else one request would carry a million messages."""
    x = lab('451-rcpt="4.7.1 Greylisted"')
    w = web(routes={"a.test": x.port, "*": x.port}, retry=RETRY)
    ids = set()
    with w.abide.client() as c:
        c.ehlo()
        for i in range(450):
            ids.add(c.mail("a@src.test", [f"r{i}@a.test"], b"Subject: a\r\n\r\nb\r\n").id)
    for query in ("", f"site=127.0.0.1:{x.port}&"):
        seen, after, pages = [], "", 0
        while after is not None:
            page = json.loads(w.get(f"/queue.json?{query}" + (f"after={after}" if after else "")).text)
            assert len(page["messages"]) <= 200
            seen += [m["id"] for m in page["messages"]]
            after, pages = page["next"], pages + 1
        assert set(seen) == ids and pages >= 3, (query, len(seen), pages)
    for wrong in ("x", "1", "9.0.0.x.0", "0.0.0.00000000000000000000000000.", "0.1.2." + "Z" * 26 + ".3", "%00"):
        assert w.get(f"/queue.json?after={wrong}").status == 400, wrong


def test_it_speaks_german_where_abide_does(web, lab):
    x = lab('451-rcpt="4.7.1 Greylisted"')
    w = web(extra="language = de\n", routes={"*": x.port}, retry=RETRY)
    w.abide.send("a@src.test", ["r@dst.test"])
    w.abide.wait_fate("r@dst.test", "deferred")
    wait_until(lambda: "greylisting" in w.get().text, what="the page that shows it")
    words = words_of(w.get().text)
    assert "Was wartet, und warum" in words and "Post wird angenommen und verschickt." in words
    assert "Nachrichten in der Warteschlange" in words


# ---- what replies mean ----

def test_each_of_our_replies_has_a_page_with_the_words_of_help(web):
    """The id in a reply leads to one explanation, whichever way it is looked up."""
    w = web()
    listed = re.findall(r'<h2 id="([^"]+)">', w.get("/replies/").text)
    assert len(listed) > 40 and "GREYLISTED" in listed
    for name in listed:
        with w.abide.client() as c:
            c.ehlo()
            told = c.cmd(f"HELP {name}")
        page = words_of(w.get(f"/replies/{name}").text)
        assert told.code == 214 and len(told.lines) > 1, told
        for line in told.lines[1:]:
            said = re.sub(r"\s+", " ", line.removeprefix("2.0.0")).strip()
            assert said and said in page, (name, said)
    for wrong in ("/replies/nothing", "/replies/../", "/replies/QUEUED", "/replies/%47REYLISTED"):
        assert w.get(wrong).status == 404, wrong


@pytest.mark.parametrize("text", [
    "451 4.7.1 Greylisting in action, please come back in 00:02:00",
    "550 5.7.1 <script>alert('x')</script> \"&\" blocked",
    "Nov 30 08:00:00 mx postfix/smtp[1]: 4A: to=<a@b.test>, relay=mx.b.test[192.0.2.1]:25, delay=1, dsn=4.2.2, "
    "status=deferred (host mx.b.test[192.0.2.1] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))",
    "", "ü \x01 ‮ x"])
def test_a_pasted_reply_is_explained_as_on_the_command_line(web, text):
    w = web()
    asked = "/explain?text=" + urllib.parse.quote_plus(text)
    done = w.abide.run("explain", "--json", text)
    answer = w.get(asked + "&json")
    assert json.loads(answer.text) == json.loads(done.stdout), text
    assert answer.fields["content-type"] == "application/json"
    assert w.get(asked, Accept="application/json").body == answer.body
    page = w.get(asked).text
    assert "<script" not in page and "alert('x')" not in page and "\x01" not in page
    meaning = json.loads(answer.text)
    assert meaning["cause"] in words_of(page) and meaning["advice"] in words_of(page)


def test_what_can_not_be_explained_is_said(web):
    w = web()
    assert w.get("/explain?text=" + "a" * 5000).status == 414
    assert w.get("/explain?text=%zz").status == 414
    assert 'name="text"' in w.get("/explain").text


# ---- strangers ----

def test_a_hostile_reply_stays_text(web, lab):
    """Any server in the world writes what an administrator's browser shows."""
    evil = "4.7.1 <script>alert(1)</script><img src=x onerror=alert(2)> &lt; ' </code></table>"
    x = lab(f'451-rcpt="{evil}"')
    w = web("addresses = yes", routes={"*": x.port}, retry=RETRY)
    for sender in ('"<b>x</b>"@src.test', "a@src.test"):
        w.abide.send(sender, ["r@dst.test"])
    wait_until(lambda: "alert(1)" in w.get().text, what="the page that shows it")
    page = w.get().text
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;img src=x onerror=alert(2)&gt; &amp;lt; &#39; &lt;/code&gt;" in page
    assert set(re.findall(r"<(/?[a-z0-9]+)", page)) <= {
        t for name in ("html head title style body nav a h1 h2 h3 p span b div table thead tr th tbody td code bdi "
                       "details summary dl dt dd").split() for t in (name, "/" + name)} | {"meta", "br", "!doctype"}
    assert "<b>x</b>" in w.get("/queue.json").text  # JSON, never sniffed as HTML
    assert w.get("/queue.json").fields["x-content-type-options"] == "nosniff"
    for path in ("/<script>alert(1)</script>", "/replies/<script>", "/nothing?<script>"):
        answer = exchange(w.port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nReferer: <script>\r\n\r\n".encode())
        assert answer.status == 404 and "<script" not in answer.text


def test_every_answer_forbids_what_it_does_not_need(web):
    w = web()
    nonces = set()
    for path in PATHS:
        f = w.get(path).fields
        nonce = re.fullmatch(r"default-src 'none'; style-src 'nonce-([0-9a-f]{32})'; form-action 'self'; "
                             r"base-uri 'none'; frame-ancestors 'none'", f["content-security-policy"])[1]
        assert nonce not in nonces, "a nonce is used once"
        nonces.add(nonce)
        assert f["x-content-type-options"] == "nosniff" and f["cache-control"] == "no-store"
        assert f["x-frame-options"] == "DENY" and f["referrer-policy"] == "no-referrer"
        assert f["cross-origin-resource-policy"] == "same-origin" and f["connection"] == "close"
        assert "access-control-allow-origin" not in f and "server" not in f
        text = w.get(path).text
        if f["content-type"].startswith("text/html"):
            assert not re.search(r"(src|href|action)=\"?(https?:)?//", text), "nothing from elsewhere"
            assert " style=" not in text and " on" not in "".join(re.findall(r"<[^>]*>", text))
        head = w.get(path, method="HEAD")
        assert head.fields.keys() == f.keys()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "BREW"])
def test_nothing_can_be_changed(web, method):
    w = web()
    answer = exchange(w.port, f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert answer.status == 405 and answer.fields["allow"] == "GET, HEAD"


HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize("request_bytes,status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", 400),
    (b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n" + HOST + b" folded: x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n" + HOST + b"x: a\nb: c\r\n\r\n", 400),
    (b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 505),
    (b"GET / HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 20000 + b"\r\n\r\n", 431),
    (b"GET /" + b"a" * 70000, 431),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    (b"EHLO a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n" + HOST + b"\r\nGET /metrics HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    (b"GET http://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    (b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n", 421),
    (b"GET / HTTP/1.0\r\n\r\n", 200),
])
def test_what_can_be_read_in_two_ways_is_refused(web, request_bytes, status):
    w = web()
    answer = exchange(w.port, request_bytes)
    assert answer.status == status, answer.raw[:200]
    assert answer.raw.count(b"\r\nDate: ") == 1, "one answer, whatever came behind the request"


def test_a_foreign_name_is_not_ours(web):
    """DNS rebinding: a page of evil.example, which suddenly has our address, must not read ours."""
    w = web('names = {"status.example.org"}')
    for host in ("evil.example", f"evil.example:{w.port}", "127.0.0.1.evil.example", "localhost.evil.example"):
        assert w.get(host=host).status == 421, host
    for host in ("localhost", f"[::1]:{w.port}", "127.0.0.1", "MX.abide.test", "status.example.org:443"):
        assert w.get(host=host).status == 200, host


def test_it_is_not_opened_to_others_by_chance(binary, abide):
    a = abide(begin=False, extra='web { listen = "0.0.0.0:8025" }')
    done = subprocess.run([binary, "check", "-c", a.config.write()], capture_output=True, text=True, check=False)
    assert done.returncode == 78 and "can be reached from other machines" in done.stderr and "open = yes" in done.stderr
    a.config.extra = 'web { listen = "0.0.0.0:8025" open = yes }'
    done = subprocess.run([binary, "check", "-c", a.config.write()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done


# ---- too many, too slow ----

@pytest.mark.backends
def test_slow_clients_keep_nobody_out(web):
    """Who says nothing loses its place to who does, and gets no answer."""
    w = web()
    slow = []
    for i in range(300):
        s = connect(w.port)
        s.sendall(b"GET / HTTP/1.1\r\nHost: local"[:5 + i % 20])
        slow.append(s)
    assert w.get("/healthz").status in (200, 503)
    cut = 0
    for s in slow[:100]:
        assert read_all(s) == b""
        cut += 1
    assert cut == 100 and w.get("/replies/").status == 200
    # the last of them may end what they began
    slow[-1].sendall(b"\r\n\r\n")
    assert read_all(slow[-1]).startswith(b"HTTP/1.1 ")
    for s in slow:
        s.close()


def test_a_request_that_trickles_in_has_an_end(web):
    """Not the pauses are bounded but the whole: a byte a second would hold a place for ever."""
    w = web()
    with connect(w.port) as s:
        s.sendall(b"GET / HTTP/1.1\r\n")
        s.settimeout(0.2)
        got, sent = b"", 0
        while not got:
            try:
                s.sendall(b"x")
                sent += 1
                got = s.recv(4096)
            except TimeoutError:
                assert sent < 1000
        assert got.startswith(b"HTTP/1.1 408 ")


@pytest.mark.backends
def test_a_thousand_connections(web):
    w = web()
    pid = w.abide.role_pid("web")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    socks = [connect(w.port) for _ in range(1000)]
    for s in socks:
        try:
            s.sendall(b"GET /replies/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        except OSError:
            pass
    served = sum(read_all(s).startswith(b"HTTP/1.1 200 ") for s in socks)
    for s in socks:
        s.close()
    assert served >= 100, served
    assert w.get("/replies/").status == 200
    assert w.abide.role_pid("web") == pid and os.path.exists(f"/proc/{pid}")
    w.abide.send()


# ---- processes ----

@pytest.mark.backends
def test_a_killed_page_comes_back_and_mail_goes_on(web, lab):
    x = lab()
    w = web(routes={"*": x.port})
    for n in range(2):
        w.abide.kill_role("web")
        w.abide.log.wait(count=n + 2, event="role_started", role="web/0")
        w.abide.send("a@src.test", [f"r{n}@dst.test"])
        w.abide.wait_fate(f"r{n}@dst.test", "delivered")
        wait_until(lambda: w.get("/healthz").status == 200, what="the page")
    assert w.metrics()["abide_messages_accepted_total"] == 2
    w.abide.stop()


@pytest.mark.backends
def test_a_queue_that_stands_still_is_said_and_not_waited_for(web, lab):
    """An administrator looks at the page when something is wrong."""
    x = lab()
    w = web(routes={"*": x.port})
    w.abide.send("a@src.test", ["r@dst.test"])
    w.abide.wait_fate("r@dst.test", "delivered")
    pid = w.abide.role_pid("queue")
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: w.get("/").status == 503, what="that it is noticed")
        page = w.get("/")
        assert "The queue does not answer." in words_of(page.text) and page.fields["retry-after"]
        assert w.metrics()['abide_up{role="queue"}'] == 0 and w.metrics()['abide_up{role="facts"}'] == 1
        health = w.get("/healthz")
        assert health.status == 503 and health.text == "not_ready: the queue does not answer\n"
        assert w.get("/queue.json").status == 503 and w.get("/sites.json").status == 503
        assert w.get("/explain?text=451+x").status == 200
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: w.get("/healthz").status == 200, what="that it is back")
    assert w.metrics()['abide_up{role="queue"}'] == 1


@pytest.mark.backends
def test_counters_outlive_what_counts(web, lab):
    """A counter that goes back is read as so much traffic."""
    x = lab()
    w = web(routes={"*": x.port})
    last = {}

    def never_back():
        now = {k: v for k, v in w.metrics().items() if k.split("{")[0].endswith("_total")}
        assert now and all(now.get(k, -1) >= v for k, v in last.items()), (last, now)
        last.update(now)
    for n in range(3):
        w.abide.send("a@src.test", [f"r{n}@dst.test"])
        w.abide.wait_fate(f"r{n}@dst.test", "delivered")
        wait_until(lambda: w.metrics()['abide_recipients_ended_total{how="relayed"}'] == n + 1, what="the count")
        never_back()
        if n == 0:
            w.abide.kill_role("queue")
            w.abide.log.wait(count=2, event="role_started", role="queue/0")
        elif n == 1:
            w.abide.stop()
            w.abide.start()
        wait_until(lambda: w.get("/healthz").status == 200, what="the page")
        never_back()


def test_our_own_deferrals_are_counted(web):
    """What greylisting does to others is ours to watch."""
    w = web(extra='domain "here.test" { to = "lmtp:127.0.0.1:9" }\ngreylist { mode = all  delay = "300s"  spf = no }\n'
                  'check sender_domain { action = off }\n', relay_from=("192.0.2.0/24",))
    for i in range(3):
        with w.abide.client() as c:
            c.ehlo()
            c.cmd("MAIL FROM:<a@src.test>")
            assert c.cmd(f"RCPT TO:<r{i}@here.test>").code // 100 == 4
    wait_until(lambda: w.metrics().get('abide_own_deferrals_total{reply="GREYLISTED"}') == 3, what="the count")
    words = words_of(w.get().text)
    assert "GREYLISTED 3 3 0" in words, words


@pytest.mark.backends
def test_the_page_comes_and_goes_with_the_configuration(web):
    w = web()
    a = w.abide
    reloads = [0]

    def reload(extra):
        a.config.extra = extra
        a.config.write()
        a.process.signal(signal.SIGHUP)
        reloads[0] += 1
        a.log.wait(count=reloads[0], event="reloaded")

    def refused(port):
        try:
            connect(port).close()
            return False
        except ConnectionRefusedError:
            return True
    pid = a.role_pid("web")
    assert w.get("/healthz").status in (200, 503)
    reload("")
    assert refused(w.port) and not os.path.exists(f"/proc/{pid}")
    a.send()
    reload(w.block)
    wait_until(lambda: not refused(w.port) and w.get("/healthz").status == 200, what="the page")
    other = free_port()
    reload(w.block.replace(str(w.port), str(other)))
    wait_until(lambda: get(other, "/healthz").status == 200, what="the page at its new place")
    assert refused(w.port)
    pid = a.role_pid("web")
    for _ in range(3):  # what does not change is not disturbed
        reload(w.block.replace(str(w.port), str(other)))
        assert get(other, "/healthz").status == 200
    assert a.role_pid("web") == pid
    a.stop()


def test_a_place_that_is_taken_leaves_the_old_configuration(web):
    w = web()
    taken = w.abide.port
    w.abide.config.extra = f'web {{ listen = "127.0.0.2:{taken}" }}'
    w.abide.config.write()
    with socket.socket() as s:
        s.bind(("127.0.0.2", taken))
        s.listen()
        w.abide.process.signal(signal.SIGHUP)
        e = w.abide.log.wait(event="config_refused")
    assert "127.0.0.2" in e["error"]
    assert w.get("/healthz").status in (200, 503)


@pytest.mark.root
def test_the_process_may_do_nothing_else(web):
    """It reads what strangers write: whoever gets hold of it has got hold of nothing."""
    w = web()
    assert w.get().status == 200
    pid = w.abide.role_pid("web")
    status = status_of(pid)
    assert status["NoNewPrivs"] == "1" and int(status["CapEff"], 16) == 0 and status["Uid"].split()[0] != "0"
    assert os.readlink(f"/proc/{pid}/root") == "/run/abide/empty" and not os.listdir(f"/proc/{pid}/root/")
    kinds = [os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{pid}/fd")]
    assert set(kinds) <= {"socket", "anon_inode", "/dev/null", "pipe", "/memfd"}, kinds


@pytest.mark.root
def test_every_process_is_the_user_that_was_meant(web):
    """Else one of them is somebody whom nobody has thought of."""
    w = web()
    base = spool_user()
    names = {u.pw_name: u for u in pwd.getpwall()}
    roles = w.abide.roles()
    assert {"web/0", "diagnose/0", "queue/0", "receive/0"} <= roles.keys()
    for role, pid in roles.items():
        kind = role.split("/")[0]
        user = names.get(f"{base}-{kind}", names[base]) if kind != "queue" else names[base]
        status = status_of(pid)
        assert status["Uid"].split() == [str(user.pw_uid)] * 4, role
        assert status["Gid"].split() == [str(user.pw_gid)] * 4 and not status["Groups"], role


# ---- clients ----

def test_curl_understands_it(web):
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("no curl")
    w = web()
    for args in (["-f"], ["-f", "-I"], ["-f", "--http1.0"], ["-f", "--compressed"]):
        done = subprocess.run([curl, "-sS", "-m", "60", *args, f"http://127.0.0.1:{w.port}/replies/"],
                              capture_output=True, check=False)
        assert done.returncode == 0, (args, done.stderr)
    done = subprocess.run([curl, "-sS", "-m", "60", "-d", "x=y", f"http://127.0.0.1:{w.port}/"],
                          capture_output=True, check=False)
    assert done.returncode == 0 and b"Nothing can be changed here" in done.stdout, done
