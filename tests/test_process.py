"""The processes: started again when they die, unprivileged, told to stop, told to read again."""
import json
import os
import pwd
import signal
import socket
import stat
import subprocess

import pytest

from harness.abide import is_zombie
from harness.process import children, seconds, status_of, wait_until
from harness.smtp import Closed, Smtp

pytestmark = pytest.mark.backends

ROLES = ["queue/0", "receive/0", "deliver/0", "facts/0", "resolve/0", "lookup/0", "keys/0", "diagnose/0"]


def test_roles_are_there(abide):
    """Each process has one job; a missing one is a server that half works."""
    a = abide()
    roles = a.roles()
    assert {r.split("/")[0] for r in roles} >= {"queue", "receive", "deliver", "facts"}
    assert set(roles.values()) <= set(a.all_pids())


@pytest.mark.parametrize("role", ROLES)
def test_killed_role_comes_back(abide, lab, role):
    """A crash costs a moment, not the service: mail goes through again without anybody's hand."""
    x = lab()
    a = abide(routes={"*": x.port})
    mark = a.log.mark()
    old = a.kill_role(role)
    died = a.log.wait(event="role_died", since=mark)
    assert int(died["pid"]) == old, died
    again = a.log.wait(event="role_started", since=mark)
    assert int(again["pid"]) != old

    def sends():
        try:
            with a.client() as c:
                c.ehlo()
                return c.mail(recipients=["r@dst.test"]).code == 250
        except (OSError, AssertionError, Closed):  # refused or cut off: not yet
            return False
    wait_until(sends, what="a message that is taken")
    x.wait_for("r@dst.test")
    a.stop()


def test_a_role_that_keeps_dying_is_started_with_pauses(abide):
    """A role that crashes at once must not keep the machine busy with starting it."""
    a = abide()
    for _ in range(4):
        mark = a.log.mark()
        a.kill_role("deliver/0")
        a.log.wait(event="role_started", since=mark, role="deliver/0", timeout=60)
    starts = a.log.find(event="role_started", role="deliver/0")
    assert len(starts) == 5
    at = [seconds(e["time"]) for e in starts]
    pauses = [b - a for a, b in zip(at, at[1:])]
    assert pauses[-1] > min(pauses), f"no back-off: {pauses}"


def test_supervisor_dies(abide):
    """Roles without their supervisor would hold ports and spool against the next start."""
    a = abide()
    mid = a.send()
    pids = a.all_pids()
    a.kill_pid(a.process.pid)
    a.process.popen.wait()
    wait_until(lambda: all(is_zombie(p) for p in pids), what="the end of all roles")
    a.start()
    assert [m["id"] for m in a.queue()] == [mid]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_cleanly(abide, number):
    """Exit 0, no process left, port free: what an init system expects of a stop."""
    a = abide()
    a.send()
    pids = a.all_pids()
    a.process.signal(number)
    assert a.process.stop() == 0
    assert not any(os.path.exists(f"/proc/{p}") for p in pids)
    a.start()
    assert len(a.queue()) == 1


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # it was in the kernel's queue while the door shut
        return False


def test_stop_shuts_the_door_at_once(abide):
    """A client that the kernel still lets in waits for a greeting that never comes, not for the next server."""
    a = abide()
    with Smtp(a.port) as c:
        c.ehlo()
        c.envelope()
        assert c.cmd("DATA").code == 354
        a.process.signal(signal.SIGTERM)
        wait_until(lambda: is_refused(a.port), what="refused connections")
        c.send(b"Subject: last\r\n\r\nx\r\n.\r\n")
        assert c.read().code == 250
    assert a.process.stop() == 0


def test_stop_lets_the_last_dot_end(abide, lab):
    """Cut between final dot and reply, a message would be sent twice after the restart."""
    x = lab("delay-eod-1500")
    a = abide(routes={"*": x.port})
    a.send(recipients=["r@dst.test"])
    x.wait_for("r@dst.test")
    a.stop()
    a.start()
    assert a.queue() == []
    assert len(x.messages()) == 1


def test_wrong_configuration(binary, directory, run):
    """A typing error is named with its line, and changes nothing that runs."""
    path = os.path.join(directory, "wrong.conf")
    with open(path, "w") as f:
        f.write('hostname = "mx.test"\n\nlimits { mesage_size = 5 }\n')
    for argv in (["check", "-c", path], ["serve", "-c", path]):
        done = subprocess.run([binary, *argv], capture_output=True, timeout=30, check=False)
        assert done.returncode == 78, (argv, done)
        assert f"{path}:3:".encode() in done.stderr and b"message_size" in done.stderr


def test_wrong_configuration_at_sighup(abide):
    """The old one goes on: a typing error must not stop the mail."""
    a = abide()
    with open(a.config.path, "w") as f:
        f.write("hostname = \n")
    a.process.signal(signal.SIGHUP)
    a.log.wait(match=lambda e: e["level"] == "error" and a.config.path in str(e))
    assert a.send()
    a.config.write()
    a.process.signal(signal.SIGHUP)
    a.log.wait(event="reloaded")
    assert a.send()


def test_wrong_configuration_is_told_in_the_format_of_the_log(abide):
    """A log collector that reads JSON would drop the one line that says what is wrong with the file."""
    a = abide(extra="log = json")
    with open(a.config.path, "a", encoding="utf-8") as f:
        f.write("nonsense\n")
    a.process.signal(signal.SIGHUP)
    a.log.wait(event="config_refused")
    told = [line for line in a.log.lines if "config_wrong" in line]
    assert told and all(json.loads(line)["error"] for line in told), told


def test_second_start_on_one_spool_is_refused(abide, directory):
    """Two queues on one spool would send everything twice."""
    a = abide()
    b = abide(begin=False, spool=a.config.spool)
    b.config.write()
    done = b.run("serve", "-c", b.config.path, check=False)
    assert done.returncode not in (0, -9) and done.stderr
    assert a.send()


def test_no_stray_descriptors(abide):
    """A descriptor too many is a way out of the jail."""
    a = abide()
    with a.client() as c:
        c.ehlo()
        for role, pid in a.roles().items():
            kinds = []
            for fd in os.listdir(f"/proc/{pid}/fd"):
                try:
                    kinds.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
                except FileNotFoundError:
                    continue
            files = [k for k in kinds if k.startswith("/") and not k.startswith(("/dev/null", "/dev/pts"))]
            spooled = [k for k in files if k.startswith(a.config.spool)]
            if role.startswith("queue"):
                assert spooled, "queue holds the spool"
            elif role.startswith("facts"):
                facts = os.path.join(a.config.spool, "facts") + "/"
                assert [k for k in spooled if k.startswith(facts)] == spooled != [], "facts holds its own folder"
            elif role.startswith("resolve"):
                assert set(spooled) == {os.path.join(a.config.spool, "sts")}, "resolve holds its own folder alone"
            else:
                assert not spooled, (role, spooled)
            told = ["/proc/meminfo"] if role.startswith("receive") else []  # how much memory is left
            assert not [k for k in files if k not in spooled + told], (role, files)
            assert len(kinds) < 40, (role, kinds)


@pytest.mark.root
def test_privileges(abide):
    """Whoever breaks into a process must be nobody, nowhere, and without a way up."""
    a = abide()
    uid = pwd.getpwnam(a.config.text().split('user = "')[1].split('"')[0]).pw_uid
    for role, pid in a.roles().items():
        s = status_of(pid)
        uids = set(s["Uid"].split())
        assert "0" not in uids, (role, s["Uid"])
        assert s["NoNewPrivs"] == "1", role
        assert int(s["CapEff"], 16) == 0 and int(s["CapPrm"], 16) == 0, role
        # its spool; the maps and resolv.conf, opened again when they change; /proc
        if not role.startswith(("queue", "lookup", "resolve", "diagnose")):
            root = os.readlink(f"/proc/{pid}/root")
            assert root != "/", (role, "is not in a chroot")
            own = {"data.mdb", "data.mdb.bad", "control"} if role.startswith("facts") else set()
            assert set(os.listdir(f"/proc/{pid}/root")) <= own, (role, "its root is not empty")
        groups = s["Groups"].split()
        assert "0" not in groups, (role, groups)
    st = os.stat(a.config.spool)
    assert st.st_uid == uid and stat.S_IMODE(st.st_mode) == 0o700


def test_every_role_says_its_name(abide):
    """`ps` is where an operator looks first."""
    a = abide()
    for role, pid in a.roles().items():
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            line = f.read().replace(b"\0", b" ").decode()
        with open(f"/proc/{pid}/comm") as f:
            line += f.read()
        assert role.split("/")[0] in line, (role, line)
    assert children(a.process.pid)
