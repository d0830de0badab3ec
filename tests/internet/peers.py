"""Real servers behind some of the cases: Postfix, Exim and OpenSMTPD with the certificate that the table says."""
import os
import pwd
import sys

import pytest

from harness.peers import Postfix, unpacked
from harness.process import Process, wait_until
from internet.world import can_connect

EXIM = """
primary_hostname = mx.exim.s.test
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
exim_user = {user}
exim_group = {group}
never_users =
daemon_smtp_ports = 25
local_interfaces = {address}
tls_advertise_hosts = *
tls_certificate = {cert}
tls_privatekey = {key}
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = all
begin acl
all:
  accept
begin routers
all:
  driver = redirect
  data = :blackhole:
"""

# In the clear: its process of keys ("rsa routines::missing private key") does not get on with OpenSSL 3, in Debian 12 at least.
SMTPD = """
listen on {address} port 25 hostname mx.opensmtpd.s.test
action "out" relay host smtp://127.0.0.1:9
match from any for any action "out"
"""


def start_postfix(address, chain, key, directory):
    folder = os.path.join(directory, "far")
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    return Postfix(folder, 9, at=(address, 25), extra=f"""
relayhost =
mynetworks = 10.53.0.0/16
smtpd_tls_security_level = may
smtpd_tls_chain_files = {key} {chain}
default_transport = discard:
""")


def start_exim(address, chain, key, directory):
    path = unpacked("exim", "exim4")
    d = os.path.join(directory, "exim")
    user = pwd.getpwnam("nobody")
    for sub in ("", "spool", "log"):
        os.makedirs(os.path.join(d, sub), exist_ok=True)
        os.chmod(os.path.join(d, sub), 0o755)
        os.chown(os.path.join(d, sub), user.pw_uid, user.pw_gid)
    conf = os.path.join(d, "exim.conf")
    with open(conf, "w") as f:
        f.write(EXIM.format(d=d, user=user.pw_uid, group=user.pw_gid, address=address, cert=chain, key=key))
    return Process([path, "-C", conf, "-bdf"], "exim", parse_err=lambda line: None)


def start_opensmtpd(address, _chain, _key, directory):
    path = unpacked("opensmtpd", "smtpd")
    conf = os.path.join(directory, "smtpd.conf")
    with open(conf, "w") as f:
        f.write(SMTPD.format(address=address))
    script = ("set -e; for p in /var/spool /var/lib /run; do mount -t tmpfs -o mode=755 tmpfs $p; done; "
              "mkdir -p /var/spool/smtpd /var/lib/opensmtpd/empty; chmod 711 /var/spool/smtpd; exec \"$@\"")
    return Process(["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", path, "-d", "-f", conf],
                   "opensmtpd", parse_err=lambda line: None)


STARTS = {"postfix": start_postfix, "exim": start_exim, "opensmtpd": start_opensmtpd}


def start(w, directory):
    """Those that the cases name, running."""
    chain, key = w.certificates.path("good.pem"), w.certificates.path("good.key")
    running = []
    for how, address in w.real:
        try:
            running.append(STARTS[how](address, chain, key, directory))
        except pytest.skip.Exception as e:
            print(f"{how}: {e}", file=sys.stderr)
            w.cases = [c for c in w.cases if how not in c.servers.values()]
            continue
        wait_until(lambda a=address: can_connect(a, 25), what=how)
    return running
