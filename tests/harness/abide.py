"""A running abide with a configuration, a spool and ports of its own."""
import json
import os
import pwd
import signal
import subprocess

from .process import PATIENCE, Process, children, free_port, wait_until
from .smtp import Smtp


def spool_user():
    """Who owns the spool where abide is started as root."""
    for name in ("abide", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise AssertionError("neither a user abide nor nobody")


def quoted(value):
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def listed(values):
    return "{" + ", ".join(quoted(v) for v in values) + "}"


class Config:
    """The configuration as text. routes: pattern -> "HOST:PORT", port, or block text."""

    def __init__(self, directory, routes=None, retry=None, relay_from=("127.0.0.0/8", "::1/128"),
                 limits="", timeouts="", extra="", hostname="mx.abide.test", spool=None, listen=1,
                 listen_block="protocol = smtp"):
        self.directory = directory
        self.path = os.path.join(directory, "abide.conf")
        self.ports = [free_port() for _ in range(listen)]
        self.listen_block = listen_block
        self.spool = spool or os.path.join(directory, "spool")
        self.hostname, self.relay_from = hostname, relay_from
        self.routes = dict(routes or {"*": "127.0.0.1:9"})
        # Short, so that a test of a second try takes a second; as the causes' own schedules.
        self.retry = {"default": 'first = "1s" factor = 1 max = "2s" give_up = "1h" notice_after = "30m"'}
        self.retry.update(retry or {})
        self.limits, self.timeouts, self.extra = limits, timeouts, extra

    def text(self):
        lines = [f"hostname = {quoted(self.hostname)}", f"spool = {quoted(self.spool)}",
                 f"relay_from = {listed(self.relay_from)}"]
        if os.geteuid() == 0:
            lines.append(f"user = {quoted(spool_user())}")
        for port in self.ports:
            lines.append(f"listen \"127.0.0.1:{port}\" {{ {self.listen_block} }}")
        for pattern, to in self.routes.items():
            if isinstance(to, int):
                to = f"127.0.0.1:{to}"
            block = to if "=" in str(to) else f"to = {quoted(to)}"
            lines.append(f"route {quoted(pattern)} {{ {block} }}")
        for cause, block in self.retry.items():
            lines.append(f"retry {cause} {{ {block} }}")
        if self.limits:
            lines.append(f"limits {{ {self.limits} }}")
        if self.timeouts:
            lines.append(f"timeouts {{ {self.timeouts} }}")
        return "\n".join(lines) + "\n" + self.extra + "\n"

    def write(self):
        with open(self.path, "w") as f:
            f.write(self.text())
        os.chmod(self.path, 0o644)
        return self.path


class Abide:
    """serve in the foreground; start() may be called again after stop() or kill()."""

    def __init__(self, binary, config, env=None):
        self.binary, self.config = binary, config
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.past = []
        self.killed = set()  # pids that a test has ended itself

    @property
    def port(self):
        return self.config.ports[0]

    @property
    def log(self):
        return self.process.log

    def start(self):
        self.config.write()
        self.process = Process([self.binary, "serve", "-c", self.config.path], "abide", env=self.env)
        self.past.append(self.process)
        self.log.wait(event="ready")
        return self

    def stop(self):
        """SIGTERM must end it with exit 0 and leave no process behind."""
        pids = self.all_pids()
        status = self.process.stop()
        assert status == 0, f"exit {status}:\n" + "\n".join(self.log.lines[-40:])
        left = [p for p in pids if os.path.exists(f"/proc/{p}") and not is_zombie(p)]
        assert not left, f"still alive after the supervisor's end: {left}"

    def kill(self):
        """The machine goes dark: SIGKILL to all of its processes at once."""
        os.kill(self.process.pid, signal.SIGSTOP)  # so that it makes no more of them meanwhile
        pids = self.all_pids()
        for pid in pids:
            try:
                self.kill_pid(pid)
            except ProcessLookupError:
                pass
        self.process.popen.wait()
        # A port is free only once the last holder of its socket is gone.
        wait_until(lambda: all(is_zombie(p) for p in pids), what="the end of the killed processes")

    def kill_pid(self, pid, number=signal.SIGKILL):
        self.killed.add(pid)
        os.kill(pid, number)

    def destroy(self):
        """Ends it; a process that died by itself, or a broken request, fails the test."""
        for p in self.past:
            p.destroy()
        for p in self.past:
            assert not p.sanitizer_report(), p.sanitizer_report()
            died = [e for e in p.log.find(event="role_died") if int(e["pid"]) not in self.killed
                    and not self.killed]
            wrong = p.log.find(event="wrong_request") + p.log.find(event="record_unreadable")
            assert not died and not wrong, (died, wrong, p.log.lines[-40:])

    def all_pids(self):
        if not self.process.alive():
            return []
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children(pid)
        return found

    def roles(self):
        """role ("receive/0", "queue") -> pid of the one that was started last."""
        return {e["role"]: int(e["pid"]) for e in self.log.find(event="role_started")}

    def role_pid(self, role):
        """"receive" stands for "receive/0" where there are several."""
        roles = self.roles()
        return roles[role] if role in roles else roles[role + "/0"]

    def kill_role(self, role, number=signal.SIGKILL):
        pid = self.role_pid(role)
        self.kill_pid(pid, number)
        return pid

    def client(self, **kw):
        return Smtp(self.port, **kw)

    def send(self, sender="s@src.example.test", recipients=("r@example.test",),
             content=b"Subject: a\r\n\r\nb\r\n", params=""):
        """One message; its id."""
        with self.client() as c:
            c.ehlo()
            r = c.mail(sender, recipients, content, params)
            assert r.code == 250, f"the message was refused: {r}"
            assert r.id, f"no id in {r}"
            return r.id

    def run(self, *argv, check=True, timeout=PATIENCE, **kw):
        """A subcommand; -c FILE comes after its name (`queue show` has two words)."""
        done = subprocess.run([self.binary, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.env, timeout=timeout, check=False, **kw)
        if check:
            assert done.returncode == 0, f"{argv}: exit {done.returncode}: {done.stderr.decode()}"
        return done

    def queue(self, *options):
        """What `abide queue --json` lists, as objects."""
        done = self.run("queue", "-c", self.config.path, "--json", *options)
        return [json.loads(line) for line in done.stdout.decode().splitlines()]

    def show(self, message_id, check=True):
        done = self.run("queue", "show", "-c", self.config.path, "--json", message_id, check=check)
        return json.loads(done.stdout) if done.returncode == 0 else done

    def audit(self, check=True):
        return self.run("audit", "-c", self.config.path, check=check, timeout=120)

    def wait_fate(self, recipient, event, **kw):
        """The event (accepted, delivered, deferred, bounced …) of this recipient, once it is logged."""
        return self.log.wait(event=event, recipient=recipient, **kw)

    def recipient(self, address):
        """What the queue says of a recipient, or None."""
        for m in self.queue("--recipient", address):
            for r in m["recipients"]:
                if r["address"] == address:
                    return r
        return None

    def wait_empty(self, timeout=PATIENCE):
        wait_until(lambda: not self.queue(), timeout, "an empty queue")


def is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rsplit(b")", 1)[1].split()[0] == b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
