"""Forwarding in our name beside others who do it: who changes from postsrsd or Mail::SRS to abide, or back, loses no bounce."""
import re
import socket
import subprocess

import pytest

from harness.peers import program
from harness.process import Process, free_port, wait_for_port
from test_lookup import rcpt, status, write

SECRET = "a secret that both of them know"
SENDERS = ["s@src.example.test", "A.b+tag=x@src.example.test", "SRS0=abcd=EF=first.example=s@src.example.test",
           "srs0+abcd=EF=first.example=s@src.example.test", "SRS1=wxyz=first.example==abcd=EF=zero.example=s@src.example.test"]
PERL = """use Mail::SRS; my ($secret, $n, $way, $address) = @ARGV;
my $srs = new Mail::SRS(Secret => $secret, MaxAge => 21, HashLength => $n, HashMin => $n, Separator => "=");
print $way eq "forward" ? $srs->forward($address, "fwd.example") : $srs->reverse($address);"""


class MailSrs:
    """The reference, in Perl."""

    def __init__(self, directory, length):
        self.length = length
        if subprocess.run(["perl", "-MMail::SRS", "-e1"], capture_output=True, check=False).returncode:
            pytest.skip("Mail::SRS is not installed (tools/setup test)")

    def ask(self, way, address):
        done = subprocess.run(["perl", "-e", PERL, SECRET, str(self.length), way, address], capture_output=True, check=True)
        return done.stdout.decode()

    def stop(self):
        pass


class Postsrsd:
    """What most who run Postfix use; it answers by Postfix's TCP tables."""

    def __init__(self, directory, length):
        self.ports = {"forward": free_port(), "reverse": free_port()}
        path = write(directory, "postsrsd.secret", SECRET + "\n")
        self.process = Process([program("postsrsd"), f"-s{path}", "-dfwd.example", f"-n{length}", f"-N{length}", "-4",
                                f"-f{self.ports['forward']}", f"-r{self.ports['reverse']}"], "postsrsd")
        for port in self.ports.values():
            wait_for_port(port)

    def ask(self, way, address):
        with socket.create_connection(("127.0.0.1", self.ports[way]), timeout=20) as s, s.makefile("rwb") as f:
            # Postfix's tables quote what is not plain; these addresses need only "+" kept.
            f.write(f"get {address.replace('%', '%25').replace('+', '%2B')}\n".encode())
            f.flush()
            code, text = f.readline().decode().rstrip("\n").split(" ", 1)
        assert code == "200", (address, code, text)
        return re.sub("%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1], 16)), text)

    def stop(self):
        self.process.destroy()  # and the process that it made


@pytest.fixture(params=[(MailSrs, 4), (MailSrs, 6), (Postsrsd, 4), (Postsrsd, 6)], ids=lambda p: f"{p[0].__name__}-{p[1]}")
def both(request, abide, lab, directory):
    """An abide that forwards, and another who has the same secret and length of hash."""
    kind, length = request.param
    x, other = lab(), kind(directory, length)
    secret, aliases = write(directory, "secret", SECRET + "\n"), write(directory, "aliases", "away: r@far.example\n")
    a = abide(routes={"*": x.port}, extra=f"""
postmaster = "pm@far.example"
map aliases {{ type = aliases file = "{aliases}" }}
domain "fwd.example" {{ aliases = "map:aliases" }}
srs {{ secret = "{secret}" domain = "fwd.example" hash_length = {length} }}
""")
    a.x = x
    yield a, other
    other.stop()


def test_others_take_our_addresses_back(both):
    """Our forward, their reverse: the bounce finds the sender."""
    a, other = both
    for sender in SENDERS:
        a.send(sender=sender, recipients=["away@fwd.example"])
    a.wait_empty()
    wrapped = {m["mail"] for m in a.x.messages()}
    assert len(wrapped) == len(SENDERS) and all(re.match(r"SRS[01]=", w) for w in wrapped), wrapped
    theirs = {other.ask("forward", s) for s in SENDERS}
    assert wrapped == theirs, "they would have made other addresses of the same senders"
    back = {other.ask("reverse", w) for w in wrapped}
    # Of what was wrapped before, it goes to the forwarder before us, not to the sender.
    assert back == {SENDERS[0], SENDERS[1], SENDERS[2], "SRS0+abcd=EF=first.example=s@src.example.test",
                    "SRS0=abcd=EF=zero.example=s@first.example"}


def test_we_take_theirs_back(both):
    """Their forward, our reverse: what was under way when abide took over still comes back."""
    a, other = both
    meant = []
    for sender in SENDERS[:2]:
        a.send(sender="", recipients=[other.ask("forward", sender)])
        meant.append(sender)
    a.wait_empty()
    assert sorted(r for m in a.x.messages() for r in m["rcpts"]) == sorted(meant)
    with a.client() as c:
        c.ehlo()
        right = other.ask("forward", SENDERS[0])
        assert status(rcpt(c, right, sender="")) == "250 2.1.5"
        assert status(rcpt(c, right.replace("=s@", "=t@"), sender="")) == "550 5.1.1"
        assert status(rcpt(c, right, sender="x@src.example.test")) == "550 5.7.1"
        other_hash = re.sub("SRS0=(.)", lambda m: "SRS0=" + ("b" if m[1] in "aA" else "a"), right)
        assert status(rcpt(c, other_hash, sender="")) == "550 5.1.1"
