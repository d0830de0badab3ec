#!/usr/bin/env python3
"""The test Internet: mail to every case of cases.py, by abide and by Postfix, and what became of it.

  run.py [--table] [--postfix] [--json FILE] [CASE...]     (as root)

Says which cases went otherwise than the table wants; exit 1 if any did. --table prints all as Markdown. It makes
a network and a mount namespace of its own: nothing outside is touched.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)

from harness.abide import Abide, Config  # noqa: E402  pylint: disable=wrong-import-position
from harness.peers import PATH, Postfix  # noqa: E402  pylint: disable=wrong-import-position
from harness.process import Process, wait_until  # noqa: E402  pylint: disable=wrong-import-position
from internet import peers  # noqa: E402  pylint: disable=wrong-import-position
from internet.cases import CASES  # noqa: E402  pylint: disable=wrong-import-position
from internet.world import FRONT, HOST, VALIDATOR, World, can_connect  # noqa: E402

CONTENT = b"From: <s@abide.s.test>\r\nSubject: x\r\n\r\nbody\r\n"
PATIENCE = 60

UNBOUND = """
server:
  interface: {validator}
  access-control: 10.53.0.0/16 allow
  do-not-query-localhost: no
  username: ""
  chroot: ""
  pidfile: "{d}/unbound.pid"
  directory: "{d}"
  trust-anchor-file: "{anchor}"
  do-daemonize: no
  use-syslog: no
  local-zone: "test." transparent
  local-zone: "10.in-addr.arpa." transparent
  infra-keep-probing: yes
forward-zone:
  name: "."
  forward-addr: {front}
remote-control:
  control-enable: no
"""


def abide_conf(w, directory):
    extra = (f'resolver {{ servers = {{"{FRONT}"}} dnssec = yes anchor = "{w.zones.anchor}" deadline = 5s }}\n'
             f'tls {{ authorities = "{w.certificates.path("ca.crt")}" }}\n')
    return Config(directory, routes={"*": 'to = "mx"'}, extra=extra, hostname=HOST,
                  retry={"default": 'first = "1h" max = "1h" give_up = "5d"'}, timeouts='connect = "3s"')


class Seen:
    """What became of a case."""

    def __init__(self, outcome, code="", tls="", peer="", reply=""):
        self.outcome, self.code, self.tls, self.peer, self.reply = outcome, code, tls, peer, reply
        self.finger = ""  # what posttls-finger said

    def text(self):
        tls = self.tls or ("in the clear" if self.outcome == "delivered" else "")
        words = [self.outcome] + [x for x in (self.code, tls) if x]
        return ", ".join(words) + (f": {self.reply}" if self.outcome != "delivered" and self.reply else "")


def ask_abide(w, binary, directory):
    """case -> Seen."""
    a = Abide(binary, abide_conf(w, directory)).start()
    try:
        recipients = {c.name: f"r@{w.domain(c)}" for c in w.cases}
        for r in recipients.values():
            a.send("s@abide.s.test", (r,), CONTENT, params="" if r.isascii() else " SMTPUTF8")
        seen = {}
        ends = ("delivered", "deferred", "bounced")

        def events():
            for c in w.cases:
                if c.name in seen:
                    continue
                wanted = (recipients[c.name], recipients[c.name].encode("idna").decode()
                          if recipients[c.name][2:3] != "[" and not recipients[c.name].isascii() else "")
                for kind in ends:
                    found = [e for e in a.log.find(event=kind) if e.get("recipient") in wanted]
                    if found:
                        e = found[0]
                        seen[c.name] = Seen(kind, e.get("enhanced", ""), e.get("tls", ""), e.get("peer", ""),
                                            e.get("reply", ""))
                        break
            return len(seen) == len(w.cases)
        try:
            wait_until(events, PATIENCE, "the end of all")
        except AssertionError:
            pass
        return seen
    finally:
        a.destroy()


def ask_abide_again(w, binary, directory):
    """A policy that was fetched once holds, whatever becomes of its server, and of abide. What went otherwise."""
    a = Abide(binary, abide_conf(w, directory)).start()
    c = next(c for c in w.cases if c.name == "stskept")
    address = w.addresses[c.name]["web"]
    failed = []

    def deferred(n):
        r = f"r{n}@{w.domain(c)}"
        a.send("s@abide.s.test", (r,), CONTENT)
        e = a.log.wait(event="deferred", recipient=r)
        if e["enhanced"] != "4.7.5":
            failed.append(f"stskept: {e}")
    try:
        deferred(1)
        w.web.sites[address] = ("404", "")  # whoever could take the server over would do no more
        deferred(2)
        a.stop()
        a = Abide(binary, a.config).start()
        deferred(3)
        seen = w.web.seen.count(address)
        if seen != 1:
            failed.append(f"stskept: its policy was fetched {seen} times")
        said = a.queue("--recipient", f"r1@{w.domain(c)}")[0]["recipients"][0]
        if said["cause"] != "tls_failed" or "certificate" not in said["explanation"]:
            failed.append(f"stskept: {said}")
    finally:
        a.destroy()
    return failed


# What goes out, and what a policy or an old certificate of the other side keeps here.
REACHED = ("best", "implicit", "cname", "enforce", "enforcestar")
THEIRS = {"enforcemx": "names other hosts", "enforceold": "an expired certificate"}


def judged(a, *about):
    done = a.run("diagnose", "-c", a.config.path, "--json", *about, check=False, timeout=90)
    return json.loads(done.stdout)


def ask_whose(w, binary, directory):
    """Whose side it is on: their policy, their certificate, ours, and port 25 blocked. What was judged otherwise."""
    failed, path = [], w.certificates.path
    directory = os.path.join(directory, "whose")  # its own spool: what the other cases left is no trouble of its
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    conf = abide_conf(w, directory)
    conf.extra = (f'tls {{ certificate = "{path("expired.crt")}" key = "{path("expired.key")}" '
                  f'authorities = "{path("ca.crt")}" }}\n'
                  f'resolver {{ servers = {{"{FRONT}"}} dnssec = yes anchor = "{w.zones.anchor}" deadline = 5s }}\n')
    domains = {c.name: w.domain(c) for c in w.cases if c.name in REACHED or c.name in THEIRS}
    a = Abide(binary, conf).start()
    try:
        for d in domains.values():
            a.send("s@abide.s.test", (f"whose@{d}",), CONTENT)
        for name, d in domains.items():
            a.log.wait(event="deferred" if name in THEIRS else "delivered", recipient=f"whose@{d}")
        for name in THEIRS:
            first = judged(a, "--no-checks", domains[name])["verdicts"][0]
            if first["whose"] != "theirs" or first["scope"] not in ("site", "provider"):
                failed.append(f"{name}: {first}")
        checks = judged(a)["checks"]
        ours = [c for c in checks if c["check"] == "certificate"]
        if not ours or ours[0]["state"] != "bad" or "expired" not in ours[0]["showed"]:
            failed.append(f"our own certificate has expired: {ours}")
        if a.log.find(event="alarm", match=lambda e: e["whose"] == "ours" and e["trouble"] in ("tls", "reach")):
            failed.append("called ours: " + str(a.log.find(event="alarm")))
        for line in ("add table inet t", "add chain inet t out { type filter hook output priority 0; }",
                     "add rule inet t out tcp dport 25 drop"):
            subprocess.run(["nft", line], check=True, env=dict(os.environ, PATH=PATH))
        for name in REACHED:
            a.send("s@abide.s.test", (f"blocked@{domains[name]}",), CONTENT)
        alarm = a.log.wait(event="alarm", trouble="reach", timeout=90)
        v = next(v for v in judged(a, "--no-checks")["verdicts"] if v["trouble"] == "reach")
        if (alarm["whose"], v["whose"], v["scope"]) != ("ours", "ours", "everything") or \
                "port 25" not in v["advice"]:
            failed.append(f"port 25 is blocked: {alarm} {v}")
    finally:
        subprocess.run(["nft", "delete table inet t"], check=False, stderr=subprocess.DEVNULL, env=dict(os.environ, PATH=PATH))
        a.destroy()
    return failed


# What `abide dns` says of a case: name under its domain, type, status, words of its output.
ASKED = (("ee", "_25._tcp.mx", "TLSA", 0, "3 1 1 "), ("ee", "_25._tcp.mx", "TLSA", 0, "secure"), ("eefull", "_25._tcp.mx", "TLSA", 0, "3 0 0 "),
         ("tlsabogus", "_25._tcp.mx", "TLSA", 75, "bogus"), ("notls", "_25._tcp.mx", "TLSA", 68, "no such"),
         ("enforce", "", "STS", 0, "enforce"), ("testing", "", "STS", 0, "testing"), ("sts404", "", "STS", 68, "status 404"),
         ("notls", "", "STS", 68, ""))


def ask_dns(w, binary, directory):
    """What an administrator asks beforehand. What was answered otherwise."""
    directory = os.path.join(directory, "asked")
    os.mkdir(directory)
    a = Abide(binary, abide_conf(w, directory)).start()
    failed = []
    try:
        for name, below, kind, status, words in ASKED:
            domain = next(w.domain(c) for c in w.cases if c.name == name)
            done = subprocess.run([binary, "dns", "-c", a.config.path, f"{below}.{domain}" if below else domain, kind],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
            said = done.stdout.decode()
            if done.returncode != status or words not in said:
                failed.append(f"dns {name} {kind}: {done.returncode}, {said!r}")
    finally:
        a.destroy()
    return failed


def ask_abide_to_renew(w, binary, directory):
    """A policy is fetched again before it ends, though nobody writes there: what went otherwise."""
    a = Abide(binary, abide_conf(w, directory)).start()
    c = next(c for c in w.cases if c.name == "stsrenewed")
    address = w.addresses[c.name]["web"]
    before = w.web.seen.count(address)
    try:
        r = f"r@{w.domain(c)}"
        a.send("s@abide.s.test", (r,), CONTENT)
        a.log.wait(event="delivered", recipient=r)
        wait_until(lambda: w.web.seen.count(address) >= before + 2, 30, "the policy's renewal")
        return []
    except AssertionError as e:
        return [f"stsrenewed: {e}"]
    finally:
        a.destroy()


def ask_postfix(w, directory):
    conf = os.path.join(directory, "unbound.conf")
    with open(conf, "w") as f:
        f.write(UNBOUND.format(validator=VALIDATOR, d=directory, anchor=w.zones.anchor, front=FRONT))
    unbound = Process(["/usr/sbin/unbound", "-d", "-c", conf], "unbound", parse_err=lambda line: None)
    wait_until(lambda: can_connect(VALIDATOR, 53), what="unbound")
    resolv = os.path.join(directory, "resolv.conf")
    with open(resolv, "w") as f:
        f.write(f"nameserver {VALIDATOR}\noptions trust-ad edns0 timeout:5 attempts:1\n")
    subprocess.run(["mount", "--bind", resolv, "/etc/resolv.conf"], check=True)
    p = Postfix(directory, 9, extra=f"""
relayhost =
smtp_dns_support_level = dnssec
smtp_tls_security_level = dane
smtp_tls_CAfile = {w.certificates.path("ca.crt")}
smtp_tls_loglevel = 1
smtp_host_lookup = dns
inet_protocols = ipv4
smtp_connect_timeout = 3s
myhostname = {HOST}
mynetworks = 127.0.0.0/8
""")
    try:
        cases = {c.name: f"r@{w.domain(c)}" for c in w.cases if c.postfix}
        for r in cases.values():
            env = dict(os.environ, PATH=PATH)
            if not r.isascii():
                local, domain = r.split("@")
                r = local + "@" + domain.encode("idna").decode()
            subprocess.run(["sendmail", "-C", os.path.join(p.directory, "conf"), "-f", "s@abide.s.test", r],
                           input=CONTENT, env=env, check=False, timeout=60, stderr=subprocess.DEVNULL)
        seen = {}

        def events():
            log = p.log()
            for name, r in cases.items():
                if name in seen:
                    continue
                address = r if r.isascii() else r.split("@")[0] + "@" + r.split("@")[1].encode("idna").decode()
                m = re.search(r"(\w+): to=<" + re.escape(address) + r">, relay=([^,]*),.* dsn=([\d.]+), "
                              r"status=(\w+) \((.*)\)", log)
                if m:
                    seen[name] = postfix_seen(log, *m.groups())
            return len(seen) == len(cases)
        try:
            wait_until(events, PATIENCE, "Postfix's end of all")
        except AssertionError:
            pass
        for name, s in seen.items():
            s.finger = finger(w, p, next(w.domain(c) for c in w.cases if c.name == name))
        return seen
    finally:
        p.destroy()
        unbound.destroy()
        subprocess.run(["umount", "/etc/resolv.conf"], check=False)


def finger(w, postfix, domain):
    """What Postfix's posttls-finger says of a domain's TLS, by DANE where it has records."""
    done = subprocess.run(["posttls-finger", "-c", "-l", "dane", "-T", "5", "-F", w.certificates.path("ca.crt"),
                           "-o", "inet_protocols=ipv4", domain if domain.isascii() else domain.encode("idna").decode()],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
                          env=dict(os.environ, PATH=PATH, MAIL_CONFIG=os.path.join(postfix.directory, "conf")))
    lines = [x.split("posttls-finger: ")[-1] for x in done.stdout.decode(errors="replace").splitlines()]
    found = [x for x in lines if "TLS connection established" in x]
    if found:
        return found[-1].split(" TLS connection")[0].lower()
    said = [x for x in lines if x and "overriding earlier entry" not in x and not x.startswith((">", "<"))]
    return said[-1] if said else "in the clear" if done.returncode == 0 else f"exit {done.returncode}"


def postfix_seen(log, number, relay, dsn, status, words):
    outcome = {"sent": "delivered"}.get(status, status)
    tls = ""
    m = re.search(r"\[(10\.53\.[\d.]+)\]:25", relay)
    if m and outcome == "delivered":
        t = re.findall(r"(\w+) TLS connection established to [^\[]*\[" + re.escape(m.group(1)) + r"\]:25: (\S+)", log)
        tls = f"{t[0][1]} {t[0][0].lower()}" if t else "in the clear"
    return Seen(outcome, "" if outcome == "delivered" else dsn, tls, m.group(1) if m else "", words)


def wrong(w, c, seen):
    """What is other than the case wants; None: nothing."""
    if not seen:
        return "no end was seen"
    if seen.outcome != c.want or (c.code and seen.code != c.code):
        return f"wanted {c.want} {c.code}"
    if c.says and c.says not in seen.reply:
        return f"wanted a reply with {c.says!r}"
    if c.tls == "-" and seen.tls:
        return "wanted no TLS"
    if c.tls not in ("", "-") and c.tls not in seen.tls:
        return f"wanted TLS {c.tls!r}"
    if c.peer and seen.peer != w.addresses[c.name][c.peer] + ":25":
        return f"wanted address {c.peer}"
    return None


def short(seen):
    return seen.text().replace("|", "\\|")[:300] if seen else "(not asked)"


def print_table(w, by_abide, by_postfix):
    print("| case | what | abide | Postfix | posttls-finger |\n|---|---|---|---|---|")
    for c in w.cases:
        print(f"| {c.name} | {c.what} | {short(by_abide.get(c.name))} | {short(by_postfix.get(c.name))} | "
              f"{by_postfix[c.name].finger[:160] if c.name in by_postfix else ''} |")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--table", action="store_true")
    p.add_argument("--postfix", action="store_true")
    p.add_argument("--json")
    p.add_argument("--keep", action="store_true", help="leaves the folder with configurations and logs")
    p.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--build", default=os.environ.get("ABIDE_BUILD", os.path.join(os.path.dirname(TESTS), "build")))
    p.add_argument("cases", nargs="*")
    o = p.parse_args()
    if not o.inside:
        return subprocess.call(["unshare", "-n", "-m", "--propagation", "private", sys.executable, __file__,
                                "--inside", *sys.argv[1:]])
    cases = [c for c in CASES if not o.cases or c.name in o.cases]
    directory = tempfile.mkdtemp(prefix="abide-internet-")
    os.chmod(directory, 0o755)
    begun = time.monotonic()
    w = World(directory, cases)
    real = peers.start(w, directory)
    ready = time.monotonic()
    by_abide = ask_abide(w, os.path.join(os.path.abspath(o.build), "abide"), directory)
    kept = ask_abide_again(w, os.path.join(os.path.abspath(o.build), "abide"), directory) \
        if any(c.name == "stskept" for c in w.cases) else []
    if all(any(c.name == n for c in w.cases) for n in (*REACHED, *THEIRS)):
        kept += ask_whose(w, os.path.join(os.path.abspath(o.build), "abide"), directory)
    if any(c.name == "stsrenewed" for c in w.cases):
        kept += ask_abide_to_renew(w, os.path.join(os.path.abspath(o.build), "abide"), directory)
    if all(any(c.name == n for c in w.cases) for n, *_ in ASKED):
        kept += ask_dns(w, os.path.join(os.path.abspath(o.build), "abide"), directory)
    done = time.monotonic()
    by_postfix = ask_postfix(w, directory) if o.postfix else {}
    for r in real:
        r.destroy()
    w.destroy()
    if o.table:
        print_table(w, by_abide, by_postfix)
    failed = {c.name: wrong(w, c, by_abide.get(c.name)) for c in w.cases}
    failed.update({why: why for why in kept})
    for name, why in failed.items():
        if why:
            print(f"{name}: {why}, got {short(by_abide.get(name))} {by_abide.get(name) and by_abide[name].peer}",
                  file=sys.stderr)
    print(f"{len(w.cases)} cases, {sum(map(bool, failed.values()))} otherwise; set-up {ready - begun:.1f} s, "
          f"abide {done - ready:.1f} s", file=sys.stderr)
    if o.json:
        with open(o.json, "w") as f:
            json.dump({"failed": {k: v for k, v in failed.items() if v},
                       "abide": {k: vars(v) for k, v in by_abide.items()},
                       "postfix": {k: vars(v) for k, v in by_postfix.items()}}, f)
    if not o.keep:
        subprocess.run(["rm", "-rf", directory], check=False)
    return 1 if any(failed.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
