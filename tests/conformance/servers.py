"""abide, Postfix and Exim as servers of the same world: what is theirs, who may relay, who may log in.

Each listens on loopback ports of its own, sends all mail on to two sinks (one without DSN), and is ended by
its pid. 127.0.0.1 may relay, 127.0.0.2 is a stranger. example.test is a domain of ours, and in it are r,
postmaster and abuse; `r+tag` is r.
"""
import os
import pwd
import shutil

from harness.abide import Abide, Config
from harness.peers import Postfix, program, unpacked
from harness.process import Process, free_port, wait_for_port, wait_until
from harness.tls import Certificate

OURS = "example.test"
PEOPLE = ("r", "postmaster", "abuse")
LOGIN, PASSWORD = "user@example.test", "secret word"
SIZE, RECIPIENTS = 200000, 120


class Missing(Exception):
    """This server can't be started here."""


class AbideServer:
    name = "abide"

    def __init__(self, binary, directory, sink, plain_sink):
        c = Certificate(directory, "mx.abide.test")
        self.submission = free_port()
        people = ", ".join(f'"{p}"' for p in PEOPLE)
        users = os.path.join(directory, "users")
        with open(users, "w") as f:
            f.write(f"{LOGIN}:{{PLAIN}}{PASSWORD}\n")
        os.chmod(users, 0o644)
        self.abide = Abide(binary, Config(
            directory, routes={"nodsn.test": plain_sink, "*": sink}, relay_from=("127.0.0.1/32",),
            limits=f"message_size = {SIZE} recipients = {RECIPIENTS}",
            extra=c.block() + f'domain "{OURS}" {{ to = "127.0.0.1:{sink}" recipients = {{{people}}} '
                              'subaddress = "+" keep_tag = yes }\n'
                              f'users {{ from = "file:{users}" plain_passwords = yes }}\n'
                              f'listen "127.0.0.1:{self.submission}" {{ protocol = submission }}\n'))
        self.abide.start()
        self.port = self.abide.port

    def destroy(self):
        self.abide.destroy()


class Dovecot:
    """Only its auth service: what Postfix asks about passwords."""

    CONF = """
base_dir = {d}/run
state_dir = {d}/state
log_path = {d}/log
protocols =
ssl = no
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {d}/users
}}
service auth {{
  unix_listener {socket} {{
    mode = 0666
  }}
}}
"""

    def __init__(self, directory, socket):
        path = program("dovecot")
        folder = os.path.join(directory, "dovecot")
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        with open(os.path.join(folder, "users"), "w") as f:
            f.write(f"{LOGIN}:{PASSWORD}\n")
        conf = os.path.join(folder, "dovecot.conf")
        with open(conf, "w") as f:
            f.write(self.CONF.format(d=folder, socket=socket))
        self.process = Process([path, "-F", "-c", conf], "dovecot", parse_err=lambda line: None)
        wait_until(lambda: os.path.exists(socket), what="Dovecot's auth socket")

    def destroy(self):
        self.process.stop()
        self.process.destroy()


class PostfixServer(Postfix):
    name = "Postfix"

    EXTRA = """
mynetworks = 127.0.0.1/32
relay_domains = {ours}
relay_recipient_maps = inline:{{ {people} }}
recipient_delimiter = +
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
transport_maps = inline:{{ nodsn.test=smtp:[127.0.0.1]:{plain_sink} }}
message_size_limit = {size}
smtpd_recipient_limit = {recipients}
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtp_tls_security_level = none
"""

    def __init__(self, _binary, directory, sink, plain_sink):
        c = Certificate(directory, "mx.postfix.test", kind="rsa")
        self.submission = free_port()
        people = ", ".join(f"{{{p}@{OURS}=x}}" for p in PEOPLE)
        self.dovecot = None
        extra = self.EXTRA.format(
            ours=OURS, people=people, plain_sink=plain_sink, size=SIZE, recipients=RECIPIENTS,
            cert=c.certificate, key=c.key)
        # Each key once: a warning a repetition, and master waits for ever for its own log.
        keys = {line.split(" =")[0] for line in extra.splitlines() if " =" in line}
        self.MAIN = "\n".join(line for line in Postfix.MAIN.splitlines()
                              if line.split(" =")[0] not in keys) + "\n"
        super().__init__(directory, sink, extra)
        self.dovecot = Dovecot(directory, os.path.join(self.directory, "queue", "private", "auth"))
        wait_for_port(self.submission)

    def master_cf(self):
        return super().master_cf() + (
            f"127.0.0.1:{self.submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt "
            "-o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes -o smtpd_delay_reject=no "
            "-o smtpd_client_restrictions=\n"
            "  -o smtpd_sender_restrictions=permit_sasl_authenticated,reject -o mynetworks=127.0.0.3\n")

    def destroy(self):
        super().destroy()
        if self.dovecot:
            self.dovecot.destroy()


class EximServer:
    name = "Exim"

    CONF = """
primary_hostname = mx.exim.test
qualify_domain = {ours}
exim_path = {path}
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
exim_user = {user}
exim_group = {group}
never_users =
keep_environment =
host_lookup =
rfc1413_hosts =
message_size_limit = {size}
recipients_max = {recipients}
recipients_max_reject = false
accept_8bitmime = true
allow_utf8_domains = true
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
chunking_advertise_hosts = *
pipelining_advertise_hosts = *
tls_advertise_hosts = *
tls_certificate = {cert}
tls_privatekey = {key}
daemon_smtp_ports = {port} : {submission}
local_interfaces = 127.0.0.1
deliver_drop_privilege = true
smtp_accept_max = 100
queue_run_max = 5
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
mail:
  accept condition = ${{if !eq{{$received_port}}{{{submission}}}}}
  accept authenticated = *
  deny message = 5.7.0 Authentication required
accept:
  accept
rcpt:
  accept domains = {ours}
         endpass
         verify = recipient
  accept authenticated = *
  accept hosts = 127.0.0.1
  deny message = 5.7.1 relay not permitted
begin routers
people:
  driver = manualroute
  domains = {ours}
  local_parts = {people}
  local_part_suffix = +*
  local_part_suffix_optional
  transport = out
  route_list = * 127.0.0.1::{sink}
  self = send
nobody:
  driver = redirect
  domains = {ours}
  data = :fail: no such user
  allow_fail
plain:
  driver = manualroute
  domains = nodsn.test
  transport = out
  route_list = * 127.0.0.1::{plain_sink}
  self = send
all:
  driver = manualroute
  transport = out
  route_list = * 127.0.0.1::{sink}
  self = send
begin transports
out:
  driver = smtp
  hosts_avoid_tls = *
  hosts_try_dane =
  dnssec_request_domains =
  rcpt_include_affixes = true
begin retry
* * F,1h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{login}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{{login}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
  server_advertise_condition = ${{if def:tls_in_cipher}}
"""

    def __init__(self, _binary, directory, sink, plain_sink):
        path = unpacked("exim", "exim4")
        c = Certificate(directory, "mx.exim.test", kind="rsa")
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        for sub in ("spool", "log"):
            os.mkdir(os.path.join(directory, sub))
            shutil.chown(os.path.join(directory, sub), user.pw_uid, user.pw_gid)
        shutil.chown(c.key, user.pw_uid)
        self.port, self.submission = free_port(), free_port()
        conf = os.path.join(directory, "exim.conf")
        with open(conf, "w") as f:
            f.write(self.CONF.format(
                d=directory, path=path, user=user.pw_uid, group=user.pw_gid, cert=c.certificate, key=c.key,
                port=self.port, submission=self.submission, sink=sink, plain_sink=plain_sink, ours=OURS,
                people=" : ".join(PEOPLE), login=LOGIN, password=PASSWORD, size=SIZE,
                recipients=RECIPIENTS))
        argv = [path, "-C", conf, "-bdf", "-q1m"]
        if os.geteuid() == 0:
            argv = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *argv]
        self.process = Process(argv, "exim", parse_err=lambda line: None)
        wait_for_port(self.port)

    def destroy(self):
        self.process.stop()
        self.process.destroy()


SERVERS = (AbideServer, PostfixServer, EximServer)
