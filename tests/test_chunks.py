"""Large mail by BDAT, where that is offered: nothing is lost or doubled, whatever the server makes of it."""
import glob
import os
import pwd

import pytest

from harness.peers import Postfix, need_root, unpacked
from harness.process import Process, free_port, wait_for_port

# A dot at the start of lines, and no line end at the end of pieces of 64 or 512 KiB.
LARGE = b"Subject: large\r\n\r\n" + b".".join(b"%d dots and \r\n" % i for i in range(90000)) + b".\r\n"


def test_by_bdat(abide, lab):
    """Every octet arrives, without transparency; small mail and a server without it go by DATA."""
    x, y = lab(keep=True), lab("no-chunking", keep=True)
    a = abide(routes={"x.test": x.port, "y.test": y.port})
    for content in (LARGE, b"Subject: small\r\n\r\n.\r\n"):
        for to, at in (("r@x.test", x), ("r@y.test", y)):
            n = len(at.messages())
            a.send("", [to], content)
            at.wait_message(n + 1)
            m = at.messages()[-1]
            assert at.content(m).endswith(content)
            assert m["bdat"] == (content is LARGE and at is x), m
    a.audit()


@pytest.mark.parametrize("behaviour, fate, code", (
    ("552-data=\"5.3.4 Too much\"", "bounced", "552"), ("421-data=\"4.3.2 Down\"", "deferred", "421"), ("close-data", "deferred", "451"),
    ("take-close", "maybe", "451"), ("lie-chunking", "delivered", "250")))
def test_refused(abide, lab, behaviour, fate, code):
    """A refusal counts as by DATA; a server that does not know what it offers gets the mail by DATA."""
    x = lab(behaviour, keep=True)
    a = abide(routes={"*": x.port}, retry={"default": 'first = "10m" max = "1h" give_up = "5d"'})
    a.send("", ["r@x.test"], LARGE)
    e = a.wait_fate("r@x.test", "deferred" if fate == "maybe" else fate)
    assert e["code"] == code, e
    assert ("may have been delivered" in e["reply"]) == (fate == "maybe"), e
    if fate == "delivered":
        assert [m["bdat"] for m in x.messages()] == [False]
    a.audit()


EXIM = """
primary_hostname = exim.example.test
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
exim_user = {user}
exim_group = {group}
never_users =
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
message_size_limit = 100M
allow_utf8_domains = true
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
queue_only = true
acl_smtp_rcpt = all
begin acl
all:
  accept
"""


class EximServer:
    """Keeps what it is sent, in its queue."""

    def __init__(self, directory):
        need_root()
        path = unpacked("exim", "exim4")
        self.directory = os.path.join(directory, "exim")
        user, self.port = pwd.getpwnam("nobody"), free_port()
        for sub in ("", "spool", "log"):
            os.makedirs(os.path.join(self.directory, sub), exist_ok=True)
            os.chown(os.path.join(self.directory, sub), user.pw_uid, user.pw_gid)
        conf = os.path.join(self.directory, "exim.conf")
        with open(conf, "w") as f:
            f.write(EXIM.format(d=self.directory, user=user.pw_uid, group=user.pw_gid, port=self.port))
        self.process = Process([path, "-C", conf, "-bdf"], "exim", parse_err=lambda line: None)
        wait_for_port(self.port)

    def bodies(self):
        """As its spool has them: after a line with its id, by line feeds."""
        found = []
        for path in glob.glob(os.path.join(self.directory, "spool", "input", "**", "*-D"), recursive=True):
            with open(path, "rb") as f:
                found.append(f.read().split(b"\n", 1)[1].replace(b"\n", b"\r\n"))
        return found

    def log(self):
        with open(os.path.join(self.directory, "log", "mainlog")) as f:
            return f.read()

    def destroy(self):
        self.process.stop()
        self.process.destroy()


UTF8 = "Subject: gr\u00fc\u00dfe\r\n\r\n".encode() + LARGE.split(b"\r\n\r\n", 1)[1]


@pytest.mark.root
def test_into_postfix(abide, lab, peer):
    """A real Postfix takes it by BDAT, in pieces, addresses in UTF-8 too, and passes on every octet."""
    x = lab(keep=True)
    p = peer(Postfix, x.port)
    a = abide(routes={"*": p.port})
    for n, (who, content, options) in enumerate((("r@x.test", LARGE, ""), ("\u00fc@x.test", UTF8, " SMTPUTF8 BODY=8BITMIME"))):
        a.send("s@src.test", [who], content, options)
        a.wait_fate(who, "delivered", code=250)
        x.wait_message(n + 1)
        body = x.content(x.messages()[-1]).split(b"\r\n\r\n", 1)[1]
        assert body == content.split(b"\r\n\r\n", 1)[1]
    a.stop()
    said = [line for line in p.log().splitlines() if "disconnect from" in line]
    assert any(" bdat=" in line and " data=" not in line for line in said), said


@pytest.mark.root
def test_into_exim(abide, peer):
    """The same into Exim."""
    x = peer(EximServer)
    a = abide(routes={"*": x.port})
    for n, (who, content, options) in enumerate((("r@x.test", LARGE, ""), ("\u00fc@x.test", UTF8, " SMTPUTF8 BODY=8BITMIME"))):
        a.send("s@src.test", [who], content, options)
        a.wait_fate(who, "delivered", code=250)
        assert len(x.bodies()) == n + 1 and content.split(b"\r\n\r\n", 1)[1] in x.bodies()
    taken = [line for line in x.log().splitlines() if " <= " in line]
    assert len(taken) == 2 and all(" K " in line for line in taken), taken
