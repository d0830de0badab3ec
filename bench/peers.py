"""The servers that bench/bench compares: each is set up in a folder of its own on a free port.

A mode is "hold" (accepts, delivers nothing), "relay" (everything to 127.0.0.1:next_hop, tried again
soon where a server can be told so) or "usual" (the same by the server's own schedule). Mail for
bad.test goes to 127.0.0.1:bad_hop where that is given.
"""
import os
import shutil
import signal
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICKS = os.sysconf("SC_CLK_TCK")
ROOT_USER = os.geteuid() == 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_220(port, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
                if s.recv(512).startswith(b"220"):
                    s.sendall(b"QUIT\r\n")
                    return True
        except OSError:
            time.sleep(0.05)
    return False


class Disk:
    """An ext4 with a journal on a loop image, as production hosts have; else the folder as it is."""

    def __init__(self, work, is_image=True):
        self.mount = os.path.join(work, "disk")
        self.mounted = False
        os.makedirs(self.mount, exist_ok=True)
        image = os.path.join(work, "disk.img")
        self.kind = "the machine's own file system"
        if not ROOT_USER or not is_image:
            return
        try:
            if not os.path.exists(image):
                subprocess.run(["dd", "if=/dev/zero", f"of={image}", "bs=1M", "count=6144", "conv=fdatasync"],
                               check=True, stderr=subprocess.DEVNULL)
                subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image],
                               check=True)
            subprocess.run(["mount", "-o", "loop", image, self.mount], check=True, stderr=subprocess.DEVNULL)
            os.chmod(self.mount, 0o755)
            self.mounted = True
            self.kind = "ext4 with a journal (loop image)"
        except (OSError, subprocess.CalledProcessError):
            pass

    def folder(self, name, is_kept=False):
        """An empty one, or the one of an earlier run as it is."""
        path = os.path.join(self.mount, name)
        if not is_kept:
            shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o755)
        return path

    def close(self):
        if self.mounted:
            subprocess.run(["umount", self.mount], check=False)


def children(pid):
    found, known = [pid], {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                    known.setdefault(int(f.read().rsplit(")", 1)[1].split()[1]), []).append(int(name))
            except OSError:
                pass
    for p in found:
        found += known.get(p, [])
    return found


def ticks(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return sum(int(x) for x in fields[11:15])  # own and waited-for children, user and system
    except OSError:
        return 0


def cpu_of(pids, before=None):
    """Seconds by pid; with before: the seconds since then, processes that ended in their parents' count."""
    here = {p: ticks(p) / TICKS for p in pids}
    if before is None:
        return here
    return sum(v - before.get(p, 0) for p, v in here.items())


def pss_of(pids):
    total = 0
    for p in pids:
        try:
            with open(f"/proc/{p}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            pass
    return total


class Peer:
    binary = ""
    can_restart = True

    def release(self):
        """Before a start: what had to wait is due now."""

    def __init__(self, disk, port, next_hop, mode, bad_hop=None, folder=None, extra="", tls=None,
                 is_kept=False):
        """folder: where several of a kind run at once; extra: lines for its configuration (Postfix; OpenSMTPD: its filter "grey");
        tls: files of a certificate and its key (abide, Postfix); is_kept: on what an earlier run left (abide)."""
        self.tls = tls
        self.port, self.next_hop, self.mode, self.bad_hop, self.extra = port, next_hop, mode, bad_hop, extra
        self.dir = disk.folder(folder or type(self).__name__.lower(), is_kept)
        self.log = open(os.path.join(ROOT, "var", "bench", type(self).__name__.lower() + ".log"), "ab")
        self.process = None
        self.configure()

    @classmethod
    def missing(cls):
        if not os.path.exists(cls.binary):
            return f"{cls.binary} is not there"
        return None if ROOT_USER else "it needs root"

    def start(self):
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, cwd="/",
                                        preexec_fn=raise_files)
        if not wait_220(self.port):
            self.stop()
            raise RuntimeError(f"{type(self).__name__} did not start: see {self.log.name}")
        self.after_start()

    def after_start(self):
        pass

    def settle(self):
        """Until it writes no more: at most 20 s."""
        before, end = -1, time.time() + 20
        while time.time() < end:
            now = sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(self.dir) for f in files
                      if os.path.exists(os.path.join(d, f)))
            if now == before:
                return
            before = now
            time.sleep(0.3)

    def pids(self):
        return children(self.process.pid)

    def stop(self):
        """Ends it, and throws away what it has."""
        if self.process:
            self.halt()
        shutil.rmtree(self.dir, ignore_errors=True)

    def halt(self):
        pids = self.pids()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for p in pids[1:]:
            try:
                os.kill(p, signal.SIGKILL)
            except OSError:
                pass
        self.process = None

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path


def raise_files():
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, hard), hard))


class Abide(Peer):
    binary = os.path.join(ROOT, os.environ.get("ABIDE_BUILD", "build"), "abide")

    @classmethod
    def missing(cls):
        return None if os.path.exists(cls.binary) else f"{cls.binary} is not there"

    def configure(self):
        user = "nobody" if ROOT_USER else ""
        self.conf = self.write("abide.conf", f'''
hostname = "mx.example.test"
spool = "{self.dir}/spool"
{f'user = "{user}"' if user else ''}
relay_from = {{"127.0.0.0/8"}}
listen "127.0.0.1:{self.port}" {{ protocol = smtp }}
{f'route "bad.test" {{ to = "127.0.0.1:{self.bad_hop}" }}' if self.bad_hop else ''}
route "*" {{ to = "127.0.0.1:{9 if self.mode == 'hold' else self.next_hop}" }}
{'retry default { first = "2s"  max = "4h"  give_up = "5d" }' if self.mode == 'relay' else ''}
{f'tls {{ certificate = "{self.tls[0]}" key = "{self.tls[1]}" }}' if self.tls else ''}
limits {{ sessions = 60000  sessions_per_network = 60000  messages_per_session = 1000000
          deliver_connections = 50 }}
''')

    def command(self):
        return [self.binary, "serve", "-c", self.conf]


class Postfix(Peer):
    binary = "/usr/lib/postfix/sbin/master"

    def configure(self):
        for d in ("conf", "queue", "data"):
            os.makedirs(os.path.join(self.dir, d))
        shutil.chown(os.path.join(self.dir, "data"), "postfix")
        for name in ("postfix-files", "dynamicmaps.cf"):
            shutil.copy("/etc/postfix/" + name, os.path.join(self.dir, "conf", name))
        os.makedirs(os.path.join(self.dir, "conf", "postfix-files.d"))
        os.makedirs(os.path.join(self.dir, "conf", "dynamicmaps.cf.d"))
        hold = "smtpd_client_restrictions = check_client_access static:HOLD" if self.mode == "hold" else ""
        self.write("conf/main.cf", f'''compatibility_level = 3.6
queue_directory = {self.dir}/queue
data_directory = {self.dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.test
mydestination =
local_recipient_maps =
local_transport = error:none
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
relayhost = [127.0.0.1]:{self.next_hop}
{f'transport_maps = inline:{{ {{ bad.test = smtp:[127.0.0.1]:{self.bad_hop} }} }}' if self.bad_hop else ''}
default_process_limit = 6000
smtp_destination_concurrency_limit = 50
smtp_connection_cache_destinations = [127.0.0.1]:{self.next_hop}
in_flow_delay = 0s
message_size_limit = 60000000
smtp_tls_security_level =
{self.tls_lines()}
maillog_file = {self.dir}/maillog
maillog_file_prefixes = /var, /dev/stdout, {self.dir}
{hold}
{self.extra}
''')
        with open("/usr/share/postfix/master.cf.dist", encoding="ascii") as f:
            lines = f.read().splitlines()
        out = []
        for line in lines:
            if line[:1].isalnum():
                words = line.split()
                if words[0] == "smtp" and words[1] == "inet":
                    words[0] = f"127.0.0.1:{self.port}"
                words[4] = "n"
                line = "\t".join(words)
            out.append(line)
        if not any(line.startswith("postlog") for line in out):
            out.append("postlog unix-dgram n - n - 1 postlogd")
        self.write("conf/master.cf", "\n".join(out) + "\n")
        subprocess.run(["postfix", "-c", os.path.join(self.dir, "conf"), "check"], stdout=self.log,
                       stderr=self.log, check=False)

    def tls_lines(self):
        """With the cache of sessions (tlsmgr) that its manual recommends beside tickets."""
        if not self.tls:
            return "smtpd_tls_security_level = none"
        return f"""smtpd_tls_security_level = may
smtpd_tls_chain_files = {self.tls[1]} {self.tls[0]}
smtpd_tls_session_cache_database = btree:{self.dir}/data/smtpd_scache
tls_random_source = dev:/dev/urandom"""

    def command(self):
        return [self.binary, "-c", os.path.join(self.dir, "conf"), "-d"]

    def release(self):
        queue = os.path.join(self.dir, "queue")
        for folder in ("active", "deferred"):
            for d, _, files in os.walk(os.path.join(queue, folder)):
                for f in files:
                    os.rename(os.path.join(d, f), os.path.join(queue, "incoming", f))


def unpacked(name, path):
    return os.path.join(ROOT, "var", "peers", name, path)


class Exim(Peer):
    can_restart = False
    binary = unpacked("exim", "usr/sbin/exim4")

    def configure(self):
        for d in ("spool", "log"):
            os.makedirs(os.path.join(self.dir, d))
            shutil.chown(os.path.join(self.dir, d), "Debian-exim", "Debian-exim")
        queue_only = "queue_only = true" if self.mode == "hold" else ""
        self.conf = self.write("exim.conf", f'''primary_hostname = mx.example.test
spool_directory = {self.dir}/spool
log_file_path = {self.dir}/log/%slog
pid_file_path = {self.dir}/spool/exim.pid
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
daemon_smtp_ports = {self.port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
rfc1413_query_timeout = 0s
dns_dnssec_ok = 0
helo_try_verify_hosts =
smtp_accept_max = 6000
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
smtp_connect_backlog = 1000
smtp_reserve_hosts =
queue_run_max = 20
remote_max_parallel = 20
split_spool_directory = true
message_logs = false
deliver_drop_privilege = true
accept_8bitmime = true
message_size_limit = 60M
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
{queue_only}
begin acl
acl_rcpt:
  accept hosts = 127.0.0.0/8
         control = dkim_disable_verify
  deny
acl_data:
  accept
begin routers
all:
  driver = manualroute
  transport = remote_smtp
  route_list = {f'bad.test 127.0.0.1::{self.bad_hop} ; ' if self.bad_hop else ''}* 127.0.0.1
  self = send
begin transports
remote_smtp:
  driver = smtp
  port = {self.next_hop}
  hosts_avoid_tls = *
  hosts_try_chunking =
  hosts_try_dane =
  connection_max_messages = 1000
  dnssec_request_domains =
begin retry
* * F,2h,15m; G,16h,1h,1.5; F,4d,6h
''')
        os.makedirs("/etc/exim4", exist_ok=True)
        trusted = "/etc/exim4/trusted_configs"
        known = open(trusted, encoding="utf-8").read() if os.path.exists(trusted) else ""
        if self.conf not in known.split("\n"):
            with open(trusted, "a", encoding="utf-8") as f:
                f.write(self.conf + "\n")

    def command(self):
        return [self.binary, "-C", self.conf, "-bdf"] + {"relay": ["-q1m"], "usual": ["-q30m"]}.get(self.mode, [])


class Opensmtpd(Peer):
    can_restart = False
    binary = unpacked("opensmtpd", "usr/sbin/smtpd")

    def configure(self):
        spool = "/var/spool/smtpd"
        if os.path.islink(spool):
            os.unlink(spool)
        os.symlink(self.dir, spool)
        os.chmod(self.dir, 0o711)
        os.makedirs("/var/lib/opensmtpd/empty", exist_ok=True)
        self.conf = self.write("smtpd.conf", f'''smtp limit max-mails 100000
smtp max-message-size "60M"
mta limit max-conn-per-host 50
mta limit max-conn-per-route 50
mta limit max-conn-per-connector 50
mta limit conn-delay-route 0
{self.extra}
listen on 127.0.0.1 port {self.port} hostname mx.example.test{' filter "grey"' if self.extra else ''}
action "relay" relay host smtp://127.0.0.1:{self.next_hop} helo mx.example.test
{f'action "bad" relay host smtp://127.0.0.1:{self.bad_hop} helo mx.example.test' if self.bad_hop else ''}
{'match from any for domain "bad.test" action "bad"' if self.bad_hop else ''}
match from any for any action "relay"
''')

    def command(self):
        return [self.binary, "-d", "-f", self.conf]

    def after_start(self):
        if self.mode == "hold":
            subprocess.run([unpacked("opensmtpd", "usr/sbin/smtpctl"), "pause", "mta"], stdout=self.log,
                           stderr=self.log, check=False)


PEERS = {"abide": Abide, "postfix": Postfix, "exim": Exim, "opensmtpd": Opensmtpd}
