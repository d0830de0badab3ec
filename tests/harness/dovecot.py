"""A Dovecot of its own: LMTP, IMAP and POP3 on loopback, mail in Maildirs, users with passwords."""
import imaplib
import os
import poplib
import pwd
import random
import shutil
import signal
import subprocess

import pytest

from .peers import need_root, program
from .process import Process, children, free_port, wait_for_port, wait_until

CONFIG = """
base_dir = {d}/run
state_dir = {d}/state
instance_name = {d}
log_path = {d}/log
protocols = imap pop3 lmtp
listen = {host}
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{d}/mail/%d/%n
mail_plugins = $mail_plugins {plugins}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {d}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {d}/users
  default_fields = uid={user} gid={group} home={d}/mail/%d/%n
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0600
  }}
  inet_listener lmtp {{
    address = {host}
    port = {lmtp}
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
{sieve}
plugin {{
  {quota}
  quota_grace = 0
}}
"""


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Dovecot:
    """start() may be called again after kill() or stop(). users: addresses; the password of all is "secret"."""

    def __init__(self, directory, users, quota=None, sieve=None):
        need_root()
        self.binary = program("dovecot")
        if not os.path.exists("/usr/lib/dovecot/lmtp"):
            pytest.skip("dovecot-lmtpd is not installed (tools/setup test)")
        self.directory = os.path.join(directory, "dovecot")
        for name in ("", "run", "state", "mail"):
            os.mkdir(os.path.join(self.directory, name))
            os.chmod(os.path.join(self.directory, name), 0o755)
        mail = pwd.getpwnam("mail")
        os.chown(os.path.join(self.directory, "mail"), mail.pw_uid, mail.pw_gid)
        # An address that nobody else on this machine binds, so that its ports stay its own while it is dead.
        self.host = "127.%d.%d.%d" % tuple(random.randrange(1, 255) for _ in range(3))
        self.lmtp, self.imap, self.pop3 = free_port(), free_port(), free_port()
        self.socket = os.path.join(self.directory, "run", "lmtp")
        self.config = os.path.join(self.directory, "dovecot.conf")
        if sieve and not os.path.exists("/usr/lib/dovecot/modules/lib90_sieve_plugin.so"):
            pytest.skip("dovecot-sieve is not installed (tools/setup test)")
        with open(self.config, "w") as f:
            f.write(CONFIG.format(d=self.directory, host=self.host, user=mail.pw_uid, group=mail.pw_gid, lmtp=self.lmtp,
                                  imap=self.imap, pop3=self.pop3, sieve=self._sieve(sieve), plugins="quota" if quota else "",
                                  quota=f"quota = maildir:User quota\n  quota_rule = *:storage={quota}" if quota else ""))
        with open(os.path.join(self.directory, "users"), "w") as f:
            f.write("".join(f"{u}:secret::::::\n" for u in users))
        os.chmod(os.path.join(self.directory, "users"), 0o644)
        self.process = None
        self.start()

    def _sieve(self, script):
        """A script that runs before a person's own, and what names it."""
        if not script:
            return ""
        script, program_text = script
        path = os.path.join(self.directory, "once.sieve")
        execute = os.path.join(self.directory, "execute")
        os.mkdir(execute)
        for name, text in ((path, script), (execute + "/has-it", program_text)):
            with open(name, "w") as f:
                f.write(text)
            os.chmod(name, 0o755)
        plugin = {"sieve_plugins": "sieve_extprograms", "sieve_global_extensions": "+vnd.dovecot.execute"}
        options = [o for k, v in plugin.items() for o in ("-o", f"plugin/{k}={v}")]
        subprocess.run(["sievec", "-x", "+vnd.dovecot.execute", *options, path], check=True)
        rows = "".join(f"  {k} = {v}\n" for k, v in plugin.items())
        return ("protocol lmtp {\n  mail_plugins = $mail_plugins sieve\n}\n"
                f"plugin {{\n  sieve_before = {path}\n{rows}  sieve_execute_bin_dir = {execute}\n}}\n")

    def start(self):
        self.process = Process([self.binary, "-F", "-c", self.config], "dovecot")
        for port in (self.lmtp, self.imap, self.pop3):
            try:
                wait_for_port(port, self.host)
            except AssertionError as e:
                raise AssertionError(self.said() + str(self.process.log.lines)) from e

    def _all(self):
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children(pid)
        return found

    def kill(self):
        """All of it at once, as by the machine's end."""
        os.kill(self.process.pid, signal.SIGSTOP)  # so that it starts no more
        pids = self._all()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.popen.wait()
        # A port is free only once the last holder of its socket is gone.
        wait_until(lambda: all(is_gone(pid) for pid in pids), what="the end of Dovecot's processes")
        pid_file = os.path.join(self.directory, "run", "master.pid")
        if os.path.exists(pid_file):
            os.unlink(pid_file)

    def inbox(self, user):
        """Every message of the user, by IMAP."""
        with imaplib.IMAP4(self.host, self.imap, timeout=300) as c:
            c.login(user, "secret")
            c.select("INBOX", readonly=True)
            _, found = c.search(None, "ALL")
            numbers = found[0].split()
            if not numbers:
                return []
            _, parts = c.fetch(f"1:{len(numbers)}", "(BODY.PEEK[])")
            return [p[1] for p in parts if isinstance(p, tuple)]

    def by_pop3(self, user):
        c = poplib.POP3(self.host, self.pop3, timeout=60)
        c.user(user)
        c.pass_("secret")
        try:
            return [b"\r\n".join(c.retr(n + 1)[1]) + b"\r\n" for n in range(len(c.list()[1]))]
        finally:
            c.quit()

    def wait_inbox(self, user, count):
        return wait_until(lambda: len(self.inbox(user)) >= count and self.inbox(user),
                          what=f"{count} messages of {user}")

    def destroy(self):
        if self.process.alive():
            self.kill()
        self.process.destroy()
        shutil.rmtree(self.directory, ignore_errors=True)
    def said(self):
        """The last lines of its log, for whoever wonders."""
        with open(os.path.join(self.directory, "log"), errors="replace") as f:
            return "".join(f.readlines()[-30:])
