"""What abide learns from the DNS: what the server says, and each way of not getting an answer by its name."""
import os
import subprocess
import time

import pytest

from harness.dns import Nsd, OddDns

ZONE = ["@ IN MX 10 mx", "@ IN MX 20 mx2", "mx IN A 192.0.2.1", "mx IN AAAA 2001:db8::1", "www IN CNAME mx",
        '@ IN TXT "one " "two"', "away IN CNAME nowhere", "xn--bcher-kva IN A 192.0.2.7"]


@pytest.fixture
def dns():
    """Starts servers, ends them afterwards."""
    started = []

    def start(server):
        started.append(server.start())
        return server
    yield start
    for server in started:
        server.destroy()


@pytest.fixture
def ask(binary, directory):
    """abide dns with that resolver section: (exit status, lines, what it says of them)."""
    def run(resolver, name, kind):
        path = os.path.join(directory, "dns.conf")
        with open(path, "w") as f:
            f.write('hostname = "mx.abide.test"\nlisten "127.0.0.1:2525" { protocol = smtp }\n'
                    f'route "*" {{ to = "127.0.0.1:9" }}\nresolver {{ {resolver} }}\n')
        done = subprocess.run([binary, "dns", "-c", path, name, kind], capture_output=True, timeout=60,
                              check=False)
        return done.returncode, sorted(done.stdout.decode().splitlines()), done.stderr.decode()
    return run


def test_records_and_their_absence(dns, ask, directory):
    nsd = dns(Nsd(directory, {"zone.test": ZONE}))
    servers = f'servers = {{"127.0.0.1@{nsd.port}"}}'
    rows = [
        ("zone.test", "MX", 0, ["10 mx.zone.test", "20 mx2.zone.test"], "found, insecure, ttl 60"),
        ("mx.zone.test", "A", 0, ["192.0.2.1"], "found"),
        ("MX.Zone.Test.", "AAAA", 0, ["2001:db8::1"], "found"),
        ("www.zone.test", "A", 0, ["192.0.2.1"], "found"),
        ("zone.test", "TXT", 0, ["one two"], "found"),
        ("b\u00fccher.zone.test", "A", 0, ["192.0.2.7"], "found"),
        ("mx.zone.test", "MX", 68, [], "nodata"),
        ("nothing.zone.test", "A", 68, [], "nxdomain"),
        ("away.zone.test", "A", 68, [], "nxdomain"),
        ("x" * 64 + ".zone.test", "A", 68, [], "nxdomain"),
    ]
    for name, kind, status, lines, says in rows:
        got = ask(servers, name, kind)
        assert got[:2] == (status, lines) and says in got[2], (name, kind, got)


@pytest.mark.parametrize("how, says", [
    ("servfail", "servfail: its name servers fail"),
    ("refused", "servfail: its name servers fail"),
    ("garbage", "servfail: its name servers fail"),
    ("silent", "timeout: its name servers do not answer in time"),
    ("wrong_id", "timeout: its name servers do not answer in time"),
])
def test_no_answer_is_never_taken_for_no_such_name(dns, ask, how, says):
    odd = dns(OddDns(behave={"zone.test": how}))
    begun = time.monotonic()
    status, lines, said = ask(f'servers = {{"{odd.server}"}} deadline = 2s', "mx.zone.test", "A")
    assert (status, lines) == (75, []) and says in said, said
    assert time.monotonic() - begun < 60, "the deadline was not kept"
    assert odd.asked("mx.zone.test")


def test_no_server_at_all(ask):
    status, _, said = ask('servers = {"127.0.0.1@9"} deadline = 2s', "zone.test", "A")
    assert status == 75 and ("servfail" in said or "timeout" in said), said


def test_signatures(dns, ask, directory):
    """Right ones are told, wrong ones are no answer; a zone without keys is neither."""
    nsd = Nsd(directory, {"zone.test": ZONE, "other.test": ZONE, "bad.test": ZONE},
              signed=("zone.test", "bad.test"))
    nsd.spoil("bad.test", "192.0.2.1", "192.0.2.66")
    dns(nsd)
    resolver = f'servers = {{"127.0.0.1@{nsd.port}"}} dnssec = yes anchor = "{nsd.anchor()}"'
    for name, kind, says in [("zone.test", "MX", "found, secure"), ("none.zone.test", "A", "nxdomain, secure"),
                             ("mx.zone.test", "MX", "nodata, secure"), ("other.test", "MX", "found, insecure"),
                             ("bad.test", "MX", "found, secure")]:
        assert says in ask(resolver, name, kind)[2], (name, kind)
    status, lines, said = ask(resolver, "mx.bad.test", "A")
    assert (status, lines) == (75, []) and "bogus: its DNSSEC signatures are wrong" in said, said
    # Who does not look sees what was put there.
    assert ask(f'servers = {{"127.0.0.1@{nsd.port}"}}', "mx.bad.test", "A")[1] == ["192.0.2.66"]


def test_anchor_that_is_not_there(dns, ask, directory):
    odd = dns(OddDns({"zone.test": [("A", "192.0.2.1")]}))
    status, _, said = ask(f'servers = {{"{odd.server}"}} dnssec = yes anchor = "{directory}/none"', "zone.test", "A")
    assert status == 75 and "down: the resolver here is not ready" in said and "anchor" in said, said
    assert not odd.seen


@pytest.mark.root
def test_the_servers_of_the_system(dns, ask, directory):
    odd = dns(OddDns({"zone.test": [("A", "192.0.2.1")]}, host="127.0.9.53", port=53))
    path = os.path.join(directory, "resolv.conf")
    with open(path, "w") as f:
        f.write("# a comment\nsearch zone.test\nnameserver 127.0.9.53\n")
    assert ask(f'system = "{path}"', "zone.test", "A")[1] == ["192.0.2.1"]
    assert odd.asked("zone.test")


def test_wrong_settings_are_refused_with_what_would_be_right(binary, directory):
    path = os.path.join(directory, "x.conf")
    for resolver, says in [('servers = {"localhost"}', "resolver.servers"),
                           ('servers = {"192.0.2.1@0"}', "has no port; write 192.0.2.1 or 192.0.2.1@53"),
                           ('deadline = 5m', "resolver.deadline")]:
        with open(path, "w") as f:
            f.write(f'listen "127.0.0.1:2525" {{ protocol = smtp }}\nresolver {{ {resolver} }}\n')
        done = subprocess.run([binary, "check", "-c", path], capture_output=True, timeout=30, check=False)
        assert done.returncode == 78 and says in done.stderr.decode() + done.stdout.decode(), done
