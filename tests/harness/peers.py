"""Real mail servers and clients of Debian, each with folders and ports of its own, on loopback only."""
import os
import pwd
import shutil
import smtplib
import subprocess

import pytest

from .process import PATIENCE, Process, free_port, wait_for_port, wait_until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def program(name):
    """Its path, or the test is skipped."""
    found = shutil.which(name, path=PATH)
    if not found:
        pytest.skip(f"{name} is not installed (tools/setup test)")
    return found


def unpacked(peer, name):
    """A program of a package that can't be installed beside Postfix."""
    path = os.path.join(TOP, "var", "peers", peer, "usr", "sbin", name)
    if not os.access(path, os.X_OK):
        pytest.skip(f"var/peers/{peer} is not there (tools/setup test)")
    return path


def need_root():
    if os.geteuid() != 0:
        pytest.skip("needs to be started as root")


def send_by_smtplib(port, sender, recipients, content, **options):
    """content: bytes, as they are to arrive. Returns what smtplib returns: the refused ones."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example.test", timeout=120) as s:
        s.ehlo()
        return s.sendmail(sender, recipients, content, **options)


class Postfix:
    """master(8) with a configuration and a queue of its own, not chrooted. Root only."""

    MAIN = """
compatibility_level = 3.6
queue_directory = {d}/queue
data_directory = {d}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.example.test
mydestination =
local_recipient_maps =
local_transport = error:no local mail
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
relayhost = [127.0.0.1]:{next_hop}
message_size_limit = 104857600
mailbox_size_limit = 0
smtpd_recipient_limit = 10000
smtputf8_enable = yes
strict_smtputf8 = no
smtp_tls_security_level =
smtpd_tls_security_level = none
smtp_line_length_limit = 0
smtpd_error_sleep_time = 0
minimal_backoff_time = 2s
queue_run_delay = 2s
in_flow_delay = 0
maillog_file = {d}/log
maillog_file_prefixes = /var, /tmp, {d}
"""

    def __init__(self, directory, next_hop, extra="", at=None):
        """at: address and port to listen at; else a free port of 127.0.0.1. extra overrides what stands above."""
        need_root()
        master = "/usr/lib/postfix/sbin/master"
        if not os.access(master, os.X_OK):
            pytest.skip("postfix is not installed (tools/setup test)")
        self.directory = os.path.join(directory, "postfix")
        conf = os.path.join(self.directory, "conf")
        self.address, self.port = at or ("127.0.0.1", free_port())
        for sub in ("conf", "queue", "data"):
            os.makedirs(os.path.join(self.directory, sub))
        shutil.chown(os.path.join(self.directory, "data"), "postfix")
        for name in ("postfix-files", "dynamicmaps.cf"):
            if os.path.exists(f"/etc/postfix/{name}"):
                shutil.copy(f"/etc/postfix/{name}", conf)
        for name in ("postfix-files.d", "dynamicmaps.cf.d"):
            os.mkdir(os.path.join(conf, name))
        with open(os.path.join(conf, "main.cf"), "w") as f:
            f.write(self.MAIN.format(d=self.directory, next_hop=next_hop) + extra)
        with open(os.path.join(conf, "master.cf"), "w") as f:
            f.write(self.master_cf())
        subprocess.run(["postfix", "-c", conf, "check"], env=dict(os.environ, PATH=PATH),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        self.process = Process([master, "-c", conf, "-d"], "postfix", parse_err=lambda line: None)
        wait_for_port(self.port, self.address)

    def master_cf(self):
        """Debian's services, none of them chrooted, smtpd on the test's port."""
        for path in ("/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf.proto"):
            if os.path.exists(path):
                break
        lines, services = [], set()
        with open(path) as f:
            for line in f:
                if line.startswith("smtp      inet"):
                    line = f"{self.address}:{self.port} inet n - n - - smtpd\n"
                fields = line.split()
                if line[:1].isalnum() and len(fields) >= 8:
                    fields[4] = "n"
                    line = "\t".join(fields) + "\n"
                    services.add(fields[0])
                lines.append(line)
        if "postlog" not in services:
            lines.append("postlog unix-dgram n - n - 1 postlogd\n")
        return "".join(lines)

    def log(self):
        try:
            with open(os.path.join(self.directory, "log"), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, text, timeout=PATIENCE):
        try:
            wait_until(lambda: text in self.log(), timeout, f"{text!r} in Postfix's log")
        except AssertionError as e:
            raise AssertionError(f"{e}; its end:\n{self.log()[-4000:]}") from None

    def destroy(self):
        self.process.stop()
        self.process.destroy()


class Postgrey:
    """The policy server that most greylisting Postfix hosts run."""

    def __init__(self, directory, delay, text):
        need_root()
        path = program("postgrey")
        try:
            pwd.getpwnam("postgrey")
        except KeyError:
            pytest.skip("there is no user postgrey")
        folder = os.path.join(directory, "postgrey")
        os.mkdir(folder)
        shutil.chown(folder, "postgrey")
        empty = os.path.join(folder, "empty")
        with open(empty, "w"):
            pass
        self.port = free_port()
        self.argv = [path, f"--inet=127.0.0.1:{self.port}", f"--delay={delay}", f"--dbdir={folder}",
                     f"--greylist-text={text}", "--auto-whitelist-clients=0", f"--whitelist-clients={empty}",
                     f"--whitelist-recipients={empty}", "--hostname=postfix.example.test"]
        self.start()

    def start(self):
        self.process = Process(self.argv, "postgrey", parse_err=lambda line: None)
        wait_for_port(self.port)

    def destroy(self):
        self.process.destroy()


class Rspamd:
    """rspamd as a milter with nothing but its greylisting, which takes everything; and its redis."""

    CONF = """
options {{
  filters = "";
  disable_hyperscan = true;
  url_tld = "{d}/domains";
  local_addrs = ["192.0.2.0/24"];
  check_local = true;
  dns {{ nameserver = ["127.0.0.1:9"]; }}
  control_socket = "{d}/control mode=0600";
  tempdir = "{d}";
  hs_cache_dir = "{d}";
  cache_file = "{d}/symbols.cache";
  history_file = "{d}/history";
  pidfile = "{d}/pid";
  task_timeout = 20s;
}}
logging {{ type = "console"; level = "info"; }}
lua = "{d}/rule.lua";
modules {{ path = "${{PLUGINSDIR}}/greylist.lua"; }}
actions {{ reject = 100; add_header = 90; greylist = 4; }}
redis {{ servers = "127.0.0.1:{redis}"; timeout = 10s; }}
greylist {{ timeout = {delay}s; expire = 1d; check_local = true; greylist_min_score = 0; }}
worker "rspamd_proxy" {{
  bind_socket = "127.0.0.1:{port}";
  milter = yes;
  timeout = 60s;
  count = 1;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
"""
    # It greylists what is a little suspicious: here that is all.
    RULE = """
rspamd_config:register_symbol({name = 'EVERYTHING', score = 5.0, callback = function() return true end})
"""

    def __init__(self, directory, delay):
        need_root()
        path, redis = program("rspamd"), program("redis-server")
        try:
            pwd.getpwnam("_rspamd")
        except KeyError:
            pytest.skip("there is no user _rspamd")
        folder = os.path.join(directory, "rspamd")
        os.mkdir(folder)
        shutil.chown(folder, "_rspamd", "_rspamd")
        self.port, redis_port = free_port(), free_port()
        conf = os.path.join(folder, "rspamd.conf")
        with open(os.path.join(folder, "rule.lua"), "w") as f:
            f.write(self.RULE)
        # Of all domains there are it would compile patterns for half a minute.
        with open(os.path.join(folder, "domains"), "w") as f:
            f.write("test\nexample\n")
        with open(conf, "w") as f:
            f.write(self.CONF.format(d=folder, delay=delay, port=self.port, redis=redis_port))
        self.processes = [Process(
            [redis, "--bind", "127.0.0.1", "--port", redis_port, "--save", "", "--appendonly", "no",
             "--dir", folder], "redis", parse_err=lambda line: None)]
        try:
            wait_for_port(redis_port)
            self.processes.append(Process([path, "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", conf],
                                          "rspamd", parse_err=lambda line: None))
            wait_for_port(self.port)
        except AssertionError:
            self.destroy()
            raise

    def destroy(self):
        for p in reversed(self.processes):
            p.stop()
            p.destroy()


class Exim:
    """Exim as a client: takes a message on standard input and relays it at once. Needs no root."""

    CONF = """
primary_hostname = exim.example.test
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
exim_user = {user}
exim_group = {group}
never_users =
trusted_users = {user}
keep_environment =
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
message_size_limit = 100M
accept_8bitmime = true
allow_utf8_domains = true
smtputf8_advertise_hosts = *
deliver_drop_privilege = true
begin routers
all:
  driver = manualroute
  transport = out
  route_list = * 127.0.0.1
  self = send
begin transports
out:
  driver = smtp
  port = {next_hop}
  hosts_avoid_tls = {avoid_tls}
{login}  hosts_try_dane =
  dnssec_request_domains =
  max_rcpt = 0
begin retry
* * F,1h,1m
"""

    LOGIN = """
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{0}^{1}
"""

    def __init__(self, directory, next_hop, tls=False, login=None):
        """login: user and password, to log in with at the next hop."""
        self.path = unpacked("exim", "exim4")
        self.directory = os.path.join(directory, "exim")
        os.mkdir(self.directory)
        os.chmod(self.directory, 0o755)
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.user = user
        for sub in ("spool", "log"):
            path = os.path.join(self.directory, sub)
            os.mkdir(path)
            os.chown(path, user.pw_uid, user.pw_gid)
        self.conf = os.path.join(self.directory, "exim.conf")
        with open(self.conf, "w") as f:
            f.write(self.CONF.format(d=self.directory, user=user.pw_uid, group=user.pw_gid,
                                     next_hop=next_hop, avoid_tls="" if tls else "*",
                                     login="  hosts_require_auth = *\n" if login else ""))
            if login:
                f.write(self.LOGIN.format(*(word.replace("^", "^^") for word in login)))

    def run(self, options, content=b""):
        argv = [self.path, "-C", self.conf, *options]
        if os.geteuid() == 0:
            argv = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
                    "--clear-groups", *argv]
        done = subprocess.run(argv, input=content, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout

    def send(self, sender, recipients, content):
        """content: bytes with CRLF; Exim's local form has LF."""
        self.run(["-odf", "-oi", "-f", sender, *recipients], content.replace(b"\r\n", b"\n"))
        return self.log()

    def run_queue(self):
        """A queue runner, whatever the retry times say."""
        self.run(["-qff"])

    def log(self):
        with open(os.path.join(self.directory, "log", "mainlog"), errors="replace") as f:
            return f.read()


class OpenSmtpd:
    """smtpd(8) in a mount namespace of its own, for its paths are compiled in. Root only."""

    NAMESPACE = """
set -e
for p in /var/spool /var/lib /run; do mount -t tmpfs -o mode=755 tmpfs $p; done
mkdir -p /var/spool/smtpd /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd
exec "$@"
"""

    def __init__(self, directory, next_hop, login=None):
        """login: user and password, to log in with at the next hop."""
        need_root()
        path = unpacked("opensmtpd", "smtpd")
        for user in ("opensmtpd", "opensmtpq"):
            try:
                pwd.getpwnam(user)
            except KeyError:
                pytest.skip(f"there is no user {user} (tools/setup test)")
        if subprocess.run(["unshare", "-m", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
            pytest.skip("no mount namespace may be made here")
        self.port = free_port()
        conf = os.path.join(directory, "smtpd.conf")
        relay = f"smtp://127.0.0.1:{next_hop}"
        secrets = os.path.join(directory, "smtpd.secrets")
        if login:
            relay = f'"smtp+tls://l@127.0.0.1:{next_hop}" tls no-verify auth <secrets>'
            with open(secrets, "w") as f:
                f.write(f"l {login[0]}:{login[1]}\n")
            os.chmod(secrets, 0o644)
        with open(conf, "w") as f:
            f.write(f'table secrets file:{secrets}\n' if login else "")
            f.write('smtp max-message-size "100M"\nmta limit conn-delay-route 0\n'
                    f"listen on 127.0.0.1 port {self.port} hostname opensmtpd.example.test\n"
                    f'action "out" relay host {relay} helo opensmtpd.example.test\n'
                    'match from any for any action "out"\n')
        self.process = Process(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", self.NAMESPACE, "sh",
             path, "-d", "-f", conf], "opensmtpd", parse_err=lambda line: None)
        wait_for_port(self.port)

    def destroy(self):
        self.process.stop()
        self.process.destroy()


class Sendmail:
    """sendmail(8) with a configuration and a queue of its own, and a host name that it believes. Root only."""

    CONF = """divert(0)dnl
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx.sendmail.test')dnl
define(`QUEUE_DIR', `{d}/queue')dnl
define(`confPID_FILE', `{d}/pid')dnl
define(`STATUS_FILE', `{d}/statistics')dnl
define(`ALIAS_FILE', `{d}/aliases')dnl
define(`HELP_FILE', `{d}/helpfile')dnl
define(`confCW_FILE', `-o {d}/local-host-names')dnl
define(`confCT_FILE', `-o {d}/trusted-users')dnl
define(`confSERVICE_SWITCH_FILE', `{d}/service.switch')dnl
define(`confDELIVERY_MODE', `interactive')dnl
define(`confDONT_BLAME_SENDMAIL', `groupwritabledirpathsafe')dnl
define(`confTO_IDENT', `0')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
define(`confRUN_AS_USER', `root')dnl
define(`confTRUSTED_USER', `root')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {next_hop}')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`nocanonify')dnl
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port={port}')dnl
MAILER(`smtp')dnl
"""

    def __init__(self, _binary, directory, next_hop, _plain_next_hop=None):
        need_root()
        m4, path = program("m4"), os.path.join(TOP, "var", "peers", "sendmail", "usr")
        if not os.access(os.path.join(path, "libexec", "sendmail", "sendmail"), os.X_OK):
            pytest.skip("var/peers/sendmail is not there (tools/setup test)")
        self.port, d = free_port(), os.path.join(directory, "sendmail")
        os.makedirs(os.path.join(d, "queue"))
        os.chmod(os.path.join(d, "queue"), 0o700)
        cf, conf = os.path.join(path, "share", "sendmail", "cf"), os.path.join(d, "sendmail.cf")
        made = subprocess.run([m4, f"-D_CF_DIR_={cf}/"], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              input=self.CONF.format(cf=cf, d=d, next_hop=next_hop, port=self.port).encode())
        for name, text in (("sendmail.cf", made.stdout), ("aliases", b""), ("service.switch", b"hosts files\naliases files\n")):
            with open(os.path.join(d, name), "wb") as f:
                f.write(text)
        self.process = Process(
            ["unshare", "-u", "sh", "-c", 'hostname mx.sendmail.test; exec "$@"', "sh",
             os.path.join(path, "libexec", "sendmail", "sendmail"), "-C", conf, "-bD", "-q2s"],
            "sendmail", parse_err=lambda line: None)
        wait_for_port(self.port)

    def destroy(self):
        self.process.stop()
        self.process.destroy()


class SmtpSink:
    """Postfix's own test server; counts, or dumps each message into a file."""

    def __init__(self, directory, *options):
        self.port = free_port()
        argv = [program("smtp-sink"), "-4", "-c", *options]
        self.folder = os.path.join(directory, "sink")
        os.mkdir(self.folder)
        if os.geteuid() == 0:
            argv += ["-u", "nobody"]
            shutil.chown(self.folder, "nobody")
        self.process = Process([*argv, "-d", self.folder + "/%M.", f"127.0.0.1:{self.port}", "1000"],
                               "smtp-sink", parse_err=lambda line: None)
        wait_for_port(self.port)

    def messages(self):
        """Contents with LF, smtp-sink's own X- headers taken off."""
        found = []
        for name in sorted(os.listdir(self.folder)):
            with open(os.path.join(self.folder, name), "rb") as f:
                lines = f.read().split(b"\n")
            while lines and lines[0].startswith(b"X-"):
                lines.pop(0)
            found.append(b"\n".join(lines))
        return found

    def wait(self, count, timeout=PATIENCE):
        wait_until(lambda: len(os.listdir(self.folder)) >= count, timeout, f"{count} messages in the sink")

    def destroy(self):
        self.process.destroy()


def smtp_source(port, count, sessions=1, size=1000, recipients=1, one_session=True, timeout=120):
    """Postfix's own load client; the exit status must be 0."""
    argv = [program("smtp-source"), "-4", "-m", str(count), "-s", str(sessions), "-l", str(size),
            "-r", str(recipients), "-f", "s@src.example.test", "-t", "r@example.test",
            "-M", "source.example.test"]
    if one_session:
        argv.append("-d")
    done = subprocess.run([*argv, f"127.0.0.1:{port}"], timeout=timeout, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
