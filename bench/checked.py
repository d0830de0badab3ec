"""Servers with the checks that are on by default, or with all of theirs, for bench/bench checked; a DNS and postgrey of their own.

All of them: reverse name that is confirmed, HELO form, block list, sender's domain, SPF, greylisting, rates, and whether the
recipient exists. Postfix has SPF from policyd-spf and greylisting from postgrey, as its administrators do.
It runs in a network of its own, where /etc/resolv.conf names the DNS server.
"""
import os
import shutil
import socket
import subprocess
import time

from peers import PEERS, free_port

MANY = 5000  # domains of senders
DELAY = 1  # seconds of greylisting: one first mail waits, then its sender is known

ZONES = {
    "in-addr.arpa": ["1.0.0.127 IN PTR client.example.test."],
    "test": ["client.example IN A 127.0.0.1", "src.example IN MX 10 client.example.test.",
             'src.example IN TXT "v=spf1 ip4:127.0.0.1 -all"', 'client.example IN TXT "v=spf1 a -all"',
             "2.0.0.127.bl IN A 127.0.0.2"],
    "many.test": ["$TTL 1", *(f'd{i} IN MX 10 client.example.test.\nd{i} IN TXT "v=spf1 ip4:127.0.0.1 -all"'
                              for i in range(MANY))],
}

NSD = """
server:
  ip-address: 127.0.0.1@53
  server-count: 1
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  username: ""
  zonesdir: "{d}"
  zonelistfile: "{d}/zone.list"
  database: ""
  pidfile: "{d}/nsd.pid"
  xfrdfile: "{d}/xfrd.state"
  xfrdir: "{d}"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
"""


def wait_for(port, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


class World:
    """nsd, postgrey and the resolv.conf that names nsd."""

    def __init__(self, disk):
        self.dir, self.processes = disk.folder("world"), []
        text = NSD.format(d=self.dir)
        for name, lines in ZONES.items():
            path = os.path.join(self.dir, name + ".zone")
            with open(path, "w", encoding="ascii") as f:
                f.write("\n".join([f"$ORIGIN {name}.", "$TTL 60", "@ IN SOA ns host 1 3600 600 86400 5", "@ IN NS ns",
                                   "ns IN A 127.0.0.1", *lines]) + "\n")
            text += f'zone:\n  name: "{name}"\n  zonefile: "{path}"\n'
        conf = os.path.join(self.dir, "nsd.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(text)
        self.begin(["nsd", "-d", "-c", conf])
        wait_for(53)
        grey = os.path.join(self.dir, "postgrey")
        os.makedirs(grey, exist_ok=True)
        shutil.chown(grey, "postgrey")
        empty = os.path.join(self.dir, "empty")
        with open(empty, "w", encoding="ascii"):
            pass
        self.grey = free_port()
        self.begin(["postgrey", f"--inet=127.0.0.1:{self.grey}", f"--delay={DELAY}", f"--dbdir={grey}",
                    f"--whitelist-clients={empty}", f"--whitelist-recipients={empty}"])
        wait_for(self.grey)
        resolv = os.path.join(self.dir, "resolv.conf")
        with open(resolv, "w", encoding="ascii") as f:
            f.write("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", resolv, "/etc/resolv.conf"], check=True)

    def begin(self, argv):
        self.processes.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def stop(self):
        subprocess.run(["umount", "/etc/resolv.conf"], check=False)
        for p in self.processes:
            p.terminate()
            p.wait()


class DefaultAbide(PEERS["abide"]):
    """What is on where nothing is said of it: relaying, whether the recipient exists, whose mail SPF says it is, deferrals counted."""

    world, greylists, more = None, False, ""

    def configure(self):
        super().configure()
        with open(self.conf, encoding="ascii") as f:
            text = f.read()
        self.write("recipients", "r@example.test x\n")
        self.write("abide.conf", text.replace('relay_from = {"127.0.0.0/8"}', 'relay_from = {"192.0.2.1/32"}') + f'''
resolver {{ servers = {{"127.0.0.1@53"}} }}
map "recipients" {{ file = "{self.dir}/recipients" }}
domain "example.test" {{ to = "127.0.0.1:9"  recipients = "map:recipients" }}
{self.more}''')


class CheckedAbide(DefaultAbide):
    """And all that can be."""

    greylists = True
    more = f'''
dnsbl "bl.test" {{ }}
check helo_qualified {{ }}
check helo_literal {{ }}
check confirmed_name {{ }}
check block_lists {{ }}
check sender_domain {{ }}
check spf_fail {{ }}
check recipient {{ }}
greylist {{ mode = all  delay = "{DELAY}s" }}
rate "calls" {{ what = connections  by = address  most = 1000000 }}
rate "mails" {{ what = messages  by = address  most = 1000000 }}
rate "people" {{ what = recipients  by = address  most = 1000000 }}
'''


class DefaultPostfix(PEERS["postfix"]):
    """Its own defaults (no DNS list, no SPF, no greylisting), and the same recipients."""

    world, greylists = None, False
    more = """smtpd_client_restrictions = check_client_access static:HOLD
"""

    def configure(self):
        super().configure()
        path = os.path.join(self.dir, "conf", "main.cf")
        with open(path, encoding="ascii") as f:
            text = f.read()
        for line in ("mynetworks = 127.0.0.0/8\n", "smtpd_relay_restrictions = permit_mynetworks, reject\n",
                     "smtpd_peername_lookup = no\n", "smtp_dns_support_level = disabled\n", "smtp_host_lookup = native\n",
                     "smtpd_client_restrictions = check_client_access static:HOLD\n"):
            text = text.replace(line, "")
        self.write("conf/main.cf", text + '''
mynetworks = 192.0.2.1/32
relay_domains = example.test
relay_recipient_maps = inline:{ { r@example.test = x } }
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_client_event_limit_exceptions =
smtpd_client_connection_count_limit = 100000
smtpd_client_connection_rate_limit = 1000000
smtpd_client_message_rate_limit = 1000000
smtpd_client_recipient_rate_limit = 1000000
''' + self.more)


class CheckedPostfix(DefaultPostfix):
    """As many checks as abide has."""

    greylists = True

    @property
    def more(self):
        # What is held stands first, and all the rest is looked at even so.
        return f'''smtpd_helo_required = yes
smtpd_client_restrictions = check_client_access static:HOLD, reject_unknown_client_hostname
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender, reject_unknown_sender_domain
smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient, reject_rbl_client bl.test,
 check_policy_service unix:private/spf, check_policy_service inet:127.0.0.1:{self.world.grey}
spf_time_limit = 3600
'''

    def configure(self):
        super().configure()
        spf = self.write("policyd-spf.conf", "debugLevel = 0\nskip_addresses = 192.0.2.1/32\nHELO_reject = Fail\nMail_From_reject = Fail\n")
        with open(os.path.join(self.dir, "conf", "master.cf"), "a", encoding="ascii") as f:
            f.write(f"spf unix - n n - 0 spawn\n  user=nobody argv=/usr/bin/policyd-spf {spf}\n")


CHECKED = {"on by default": {"abide": DefaultAbide, "postfix": DefaultPostfix},
           "all": {"abide": CheckedAbide, "postfix": CheckedPostfix}}
