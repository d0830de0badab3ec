"""Dovecot's auth process with users and a socket of its own; nothing else of it runs."""
import os
import signal
import subprocess

from .peers import need_root, program
from .process import Process, children, wait_until

CONF = """
base_dir = {d}/run
state_dir = {d}/state
log_path = {d}/log
protocols =
listen = 127.0.0.1
ssl = no
auth_mechanisms = {mechanisms}
auth_failure_delay = {delay}
auth_verbose = yes
passdb {{
  driver = passwd-file
  args = {d}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {socket} {{
    mode = 0666
  }}
}}
service stats {{
  client_limit = 1000
}}
"""


def stored(scheme, password):
    """As `doveadm pw` stores it."""
    done = subprocess.run([program("doveadm"), "pw", "-s", scheme, "-p", password], capture_output=True,
                          check=True, timeout=60)
    return done.stdout.decode().strip()


class Dovecot:
    """start(), kill(), signal(): what an administrator's bad day brings."""

    def __init__(self, directory, users, mechanisms="plain login", delay="0 secs"):
        need_root()
        self.directory = os.path.join(directory, "dovecot")
        os.mkdir(self.directory)
        os.chmod(self.directory, 0o755)
        self.socket = os.path.join(self.directory, "auth-abide")
        self.conf = os.path.join(self.directory, "dovecot.conf")
        self.process = None
        with open(os.path.join(self.directory, "users"), "w") as f:
            f.writelines(f"{name}:{hashed}::::::\n" for name, hashed in users.items())
        os.chmod(f.name, 0o644)
        with open(self.conf, "w") as f:
            f.write(CONF.format(d=self.directory, socket=self.socket, mechanisms=mechanisms, delay=delay))

    def start(self):
        self.process = Process([program("dovecot"), "-F", "-c", self.conf], "dovecot", parse_err=lambda line: None)
        wait_until(lambda: os.path.exists(self.socket), what="Dovecot's socket")
        return self

    def pids(self):
        """Of the master and all below it."""
        return [self.process.pid, *children(self.process.pid)]

    def signal(self, number):
        for pid in self.pids():
            os.kill(pid, number)

    def kill(self):
        """All at once; its sockets are left behind."""
        self.signal(signal.SIGKILL)
        self.process.popen.wait()

    def log(self):
        with open(os.path.join(self.directory, "log"), errors="replace") as f:
            return f.read()

    def destroy(self):
        if self.process and self.process.alive():
            self.signal(signal.SIGCONT)
            self.process.stop()
        if self.process:
            self.process.destroy()
