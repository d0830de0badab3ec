"""A small Internet with trouble in it: sites that answer as they are told, names by nsd, and the machine abide runs on.

In a network, mount and process namespace of its own (incidents.py makes it): ports are the real ones, addresses public ones.
"""
import http.server
import ipaddress
import json
import os
import re
import shutil
import subprocess
import threading

from harness.abide import Abide, Config
from harness.peers import PATH

from .answers import Peer
from .certificates import Authority
from .names import Front, Names, reverse
from .network import OURS, OURS6, lift_network, run

HOST, DOMAIN = "mx.abide.test", "haus.test"
LISTS = ("zen.spamhaus.org", "list.test")

class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


# A schedule in seconds where one of hours would show the same.
QUICK = {"default": 'first = "2s" factor = 1.5 max = "4s" give_up = "1h" notice_after = "30m"'}


class World:
    def __init__(self, incident, binary, directory):
        self.i, self.binary, self.directory, self.front, self.a = incident, binary, directory, None, None
        lift_network()
        self.machine()
        self.authority = Authority(directory)
        self.peers = []
        for hosts in incident.sites.values():
            self.peers += [p for _, p in hosts if p not in self.peers]
        self.peers += [p for p in incident.others if p not in self.peers]
        for p in self.peers:
            if p.tls is not None:
                p.context = self.authority.context(p.host, *p.tls)
            if p.addresses:
                p.up()
        self.sink = Peer("inside", "127.0.0.1", port=24, lmtp=True)
        self.sink.up()
        self.hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        self.hook.got = []
        threading.Thread(target=self.hook.serve_forever, daemon=True).start()
        self.names = Names(directory, self.records())
        port = self.names.port
        if incident.front is not None:
            self.front = Front(port)
            self.front.start()
            port = self.front.port
        self.start_abide(port)

    def peer(self, host):
        return next(p for p in self.peers if p.host == host)

    def machine(self):
        """Its memory, load and disk are as the incident has them, whatever the real one is like."""
        for name, text in {"meminfo": "MemTotal: 4000000 kB\nMemFree: 2000000 kB\nMemAvailable: 3000000 kB\n",
                           "loadavg": "0.50 0.40 0.30 1/200 4000\n", **self.i.proc}.items():
            path = os.path.join(self.directory, name)
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            os.chmod(path, 0o644)
            run("mount", "--bind", path, f"/proc/{name}")
        self.disk = os.path.join(self.directory, "disk")
        os.mkdir(self.disk)
        run("mount", "-t", "tmpfs", "-o", f"size={self.i.disk},mode=755", "tmpfs", self.disk)

    def key(self, domain):
        """Our key of the domain; its record as it should be."""
        path = os.path.join(self.directory, f"dkim-{domain}.pem")
        if not os.path.exists(path):
            said = subprocess.run([self.binary, "dkim", "-t", "ed25519", domain, "s1", path], stdout=subprocess.PIPE, check=True,
                                  timeout=60).stdout.decode().splitlines()[0]
            os.chmod(path, 0o644)
            with open(path + ".txt", "w", encoding="ascii") as f:
                f.write("".join(re.findall(r'"([^"]*)"', said)))
        with open(path + ".txt", encoding="ascii") as f:
            return path, f.read()

    def records(self):
        i = self.i
        out = [f"{HOST} A {OURS}", f"{reverse(OURS)}.in-addr.arpa PTR {HOST}.", "test.root TXT root"]
        if i.uses_ipv6:
            out += [f"{HOST} AAAA {OURS6}", f"{ipaddress.ip_address(OURS6).reverse_pointer} PTR {HOST}."]
        for d in (DOMAIN, *i.customers):
            out += [f"{d} MX 10 {HOST}.", f'{d} TXT "v=spf1 ip4:{OURS} ip6:{OURS6} -all"', f'_dmarc.{d} TXT "v=DMARC1; p=none"',
                    f's1._domainkey.{d} TXT "{self.key(d)[1]}"']
        out += [f"2.0.0.127.{z} A 127.0.0.2" for z in i.lists]
        for d, hosts in i.sites.items():
            out += [f"{d} MX {preference} {p.host}." for preference, p in hosts]
        for p in self.peers:
            out += [f"{p.host} {'AAAA' if ':' in a else 'A'} {a}" for a in p.addresses]
        out = [r for r in out if not i.without or not r.startswith(tuple(i.without))]
        return out + [r.replace("{ours}", OURS) for r in i.dns]

    def start_abide(self, port):
        i = self.i
        source = "".join(f'source "{a}" {{ {more} }}\n' for a, more in i.sources.items())
        dkim = "".join(f'dkim "{d}" {{ ed25519_key = "{self.key(d)[0]}" ed25519_selector = "s1" }}\n' for d in (DOMAIN, *i.customers))
        domains = "".join(f'domain "{d}" {{ to = "lmtp:127.0.0.1:24" }}\n' for d in (DOMAIN, *i.customers))
        crt, key = self.authority.leaf(HOST, *i.certificate)
        listed = ", ".join(f'"{z}"' for z in i.lists)
        extra = f"""resolver {{ servers = {{"127.0.0.1@{port}"}} deadline = 5s }}
tls {{ certificate = "{crt}" key = "{key}" authorities = "{self.authority.path("ca.pem")}" }}
{source}{dkim}{domains}diagnose {{ lists = {{{listed}}} webhook = "http://127.0.0.1:{self.hook.server_port}/" {i.diagnose} }}
{i.conf}"""
        self.a = Abide(self.binary, Config(self.directory, routes={"*": 'to = "mx"', **i.routes}, retry=QUICK, hostname=HOST, limits=i.limits,
                                           extra=extra, spool=os.path.join(self.disk, "spool"),
                                           timeouts='connect = "4s" greeting = "10s" command = "10s" data = "10s" final = "10s"'))
        self.a.start()

    # ---- what an incident may do ----

    def begin(self):
        for p in self.peers:
            p.is_calm = False

    def fill_disk(self, leave):
        """Something else eats the disk, until so many bytes are left."""
        v = os.statvfs(self.disk)
        with open(os.path.join(self.disk, "log"), "wb") as f:
            left = v.f_bavail * v.f_frsize - leave
            while left > 0:
                f.write(b"\0" * min(left, 1 << 20))
                left -= 1 << 20

    def ask(self, *options):
        """What an administrator who asks is told."""
        done = self.a.run("diagnose", "-c", self.a.config.path, "--json", *options, check=False, timeout=300)
        if done.returncode == 75:  # no answer now
            return None
        if done.returncode not in (0, 1):
            raise AssertionError(f"abide diagnose: exit {done.returncode}: {done.stderr.decode()}")
        return json.loads(done.stdout)

    def destroy(self):
        try:
            if self.a:
                self.a.destroy()
        finally:
            self.names.stop()
            self.hook.shutdown()


def needs():
    """Why it can't run here; None: it can."""
    if os.geteuid() != 0:
        return "needs to be started as root"
    for name in ("nsd", "ip", "unshare", "nft", "openssl", "drill", "mount"):
        if not shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"{name} is not installed (tools/setup test)"
    done = subprocess.run(["unshare", "-n", "-m", "-p", "-f", "--mount-proc", "sh", "-c", "ip link set lo up && nft add table inet t"],
                          check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ, PATH=PATH))
    return "no namespaces may be made here" if done.returncode else None
