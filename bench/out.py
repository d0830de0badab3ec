"""Servers that relay in other ways than to one smarthost in the clear, for bench/bench out: each way of WAYS.

mx: to 100 domains by MX; domains: a message each to 10,000 domains, by MX too, each with a mail server of its own name and
address; tls: to one smarthost by STARTTLS, as it is offered; lmtp: to one store. The DNS is an nsd of its own, which both servers ask
themselves (resolv.conf names it), in a network of its own where the ports are the real ones and all of 10.0.0.0/8 is this machine.
"""
import os
import subprocess

from checked import NSD, wait_for
from peers import PEERS

DOMAINS = {"mx": 100, "domains": 10000, "tls": 1, "lmtp": 1}
WAYS = tuple(DOMAINS)


class Names:
    """nsd with d0.many.test and on, and the resolv.conf that names it."""

    def __init__(self, disk, most=10000):
        self.dir = disk.folder("names")
        lines = ["$ORIGIN many.test.", "$TTL 3600", "@ IN SOA ns host 1 3600 600 86400 5", "@ IN NS ns",
                 "ns IN A 127.0.0.1"]
        for i in range(most):
            lines += [f"d{i} IN MX 10 mx.d{i}", f"mx.d{i} IN A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}"]
        zone = os.path.join(self.dir, "zone")
        with open(zone, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        conf = os.path.join(self.dir, "nsd.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(NSD.format(d=self.dir) + f'zone:\n  name: "many.test"\n  zonefile: "{zone}"\n')
        self.process = subprocess.Popen(["nsd", "-d", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(53)
        resolv = os.path.join(self.dir, "resolv.conf")
        with open(resolv, "w", encoding="ascii") as f:
            f.write("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", resolv, "/etc/resolv.conf"], check=True)

    def stop(self):
        subprocess.run(["umount", "/etc/resolv.conf"], check=False)
        self.process.terminate()
        self.process.wait()


class OutAbide(PEERS["abide"]):
    way = None

    def configure(self):
        super().configure()
        with open(self.conf, encoding="ascii") as f:
            text = f.read()
        plain = f'to = "127.0.0.1:{self.next_hop}"'
        to = {"lmtp": f'to = "lmtp:127.0.0.1:{self.next_hop}"', "tls": plain}.get(self.way, 'to = "mx"')
        assert plain in text
        text = text.replace(plain, to).replace("deliver_connections = 50", "deliver_connections = 1000"
                                               if self.way == "domains" else "deliver_connections = 50")
        self.write("abide.conf", text + '\nresolver { servers = {"127.0.0.1@53"} }\n')


class OutPostfix(PEERS["postfix"]):
    """With its cache of connections, TLS ones too, and for 10,000 domains the 100 clients that it has by default."""
    way = None

    def configure(self):
        super().configure()
        path = os.path.join(self.dir, "conf", "main.cf")
        with open(path, encoding="ascii") as f:
            text = f.read()
        if self.way in ("mx", "domains"):
            for line in ("smtp_dns_support_level = disabled\n", "smtp_host_lookup = native\n",
                         f"relayhost = [127.0.0.1]:{self.next_hop}\n"):
                assert line in text
                text = text.replace(line, "")
        if self.way == "lmtp":
            text = text.replace("relayhost =", f"default_transport = lmtp:inet:127.0.0.1:{self.next_hop}\n#")
            text += (f"lmtp_connection_cache_destinations = inet:127.0.0.1:{self.next_hop}\n"
                     "lmtp_destination_concurrency_limit = 50\n")
        if self.way == "tls":
            text = text.replace("smtp_tls_security_level =\n", "smtp_tls_security_level = may\n")
            text += f"smtp_tls_connection_reuse = yes\nsmtp_tls_session_cache_database = btree:{self.dir}/data/smtp_scache\n"
            with open(os.path.join(self.dir, "conf", "master.cf"), "a", encoding="ascii") as f:
                f.write("tlsproxy unix - - n - 0 tlsproxy\n")
        if self.way == "domains":
            path_master = os.path.join(self.dir, "conf", "master.cf")
            with open(path_master, encoding="ascii") as f:
                rows = f.read().splitlines()
            rows = ["\t".join(r.split()[:6] + ["100"] + r.split()[7:])
                    if r.split()[:2] == ["smtp", "unix"] else r for r in rows]
            self.write("conf/master.cf", "\n".join(rows) + "\n")
        self.write("conf/main.cf", text)


OUT = {"abide": OutAbide, "postfix": OutPostfix}
