"""Mail to where the DNS says: every kind of answer, and what becomes of the mail."""
import os
import socket

import pytest

from harness.dns import Nsd, OddDns
from harness.process import free_port, wait_until

ADDRESSES = {"a": "127.0.21.1", "b": "127.0.21.2", "c": "127.0.21.3"}


def port_for_all():
    """One that is free on all of these addresses."""
    for _ in range(100):
        port = free_port()
        try:
            for address in [*ADDRESSES.values(), "::1"]:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                with socket.socket(family, socket.SOCK_STREAM) as s:
                    s.bind((address, port))
            return port
        except OSError:
            continue
    raise AssertionError("no port is free")


class World:
    """Names as they are, servers at some of the addresses, and abide between them."""

    def __init__(self, abide, lab, started):
        self.make_abide, self.make_lab, self.started = abide, lab, started
        self.port, self.labs, self.count = port_for_all(), {}, 0

    def dns(self, records, behave=None):
        hosts = {f"{n}.mx.test": [("A", a)] for n, a in ADDRESSES.items()}
        self.odd = OddDns({**hosts, **records}, behave).start()
        self.started.append(self.odd)

    def lab(self, name, behaviour=None, host=None):
        self.labs[name] = self.make_lab(behaviour, host=host or ADDRESSES[name], port=self.port)
        return self.labs[name]

    def abide(self, extra="", resolver="deadline = 2s", server=None, **kw):
        self.a = self.make_abide(
            routes={"*": f"mx:{self.port}"},
            extra=f'resolver {{ servers = {{"{server or self.odd.server}"}} {resolver} }}\n{extra}', **kw)
        return self.a

    def fate(self, domain, event):
        """The event of a message that is sent there now."""
        self.count += 1
        address = f"r{self.count}@{domain}"
        self.a.send(recipients=(address,))
        return self.a.wait_fate(address, event)


@pytest.fixture
def world(abide, lab, started):
    return World(abide, lab, started)


def test_best_host_first_and_equals_share(world):
    world.dns({"one.test": [("MX", "20 b.mx.test"), ("MX", "10 a.mx.test")],
               "equal.test": [("MX", "10 b.mx.test"), ("MX", "10 c.mx.test")]})
    for name in "abc":
        world.lab(name)
    a = world.abide(limits="messages_per_connection = 1")
    for _ in range(5):
        assert world.fate("one.test", "delivered")["peer"] == f"{ADDRESSES['a']}:{world.port}"
    assert len(world.labs["a"].messages()) == 5
    for i in range(16):
        a.send(recipients=(f"r{i}@equal.test",))
        a.wait_fate(f"r{i}@equal.test", "delivered")
    got = [len(world.labs[n].messages()) for n in "bc"]
    assert sum(got) == 16 and min(got) > 0 and len(world.labs["a"].messages()) == 5, got


def test_the_next_host_where_one_does_not_answer(world):
    """And the one that did not is not asked first again for a while."""
    world.dns({"two.test": [("MX", "10 a.mx.test"), ("MX", "20 b.mx.test")],
               "also.test": [("MX", "10 a.mx.test"), ("MX", "20 b.mx.test")]})
    world.lab("b")
    world.abide()
    assert world.fate("two.test", "delivered")["peer"].startswith(ADDRESSES["b"])
    here = world.lab("a")  # it is back; nobody has been told
    assert world.fate("also.test", "delivered")["peer"].startswith(ADDRESSES["b"])
    assert not here.messages()


def test_without_mx_the_domain_itself(world):
    world.dns({"plain.test": [("A", ADDRESSES["a"])], "alias.test": [("CNAME", "plain.test")],
               "to-alias.test": [("MX", "10 alias.test")], "six.test": [("AAAA", "::1")],
               "both.test": [("AAAA", "2001:db8::1"), ("A", ADDRESSES["a"])]})
    world.lab("a")
    world.lab("six", host="[::1]")
    world.abide(timeouts='connect = "2s"')
    for domain in ("plain.test", "alias.test", "to-alias.test", "both.test"):
        assert world.fate(domain, "delivered")["peer"].startswith(ADDRESSES["a"]), domain
    assert world.fate("six.test", "delivered")["peer"] == f"[::1]:{world.port}"


class Deaf:
    """An address whose SYNs nobody answers: the queue of its listener is full."""

    def __init__(self, port):
        self.sockets = [socket.socket(socket.AF_INET6, socket.SOCK_STREAM)]
        self.sockets[0].bind(("::1", port))
        self.sockets[0].listen(0)
        for _ in range(4):
            s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            s.setblocking(False)
            s.connect_ex(("::1", port))
            self.sockets.append(s)

    def destroy(self):
        for s in self.sockets:
            s.close()


def test_a_family_that_does_not_answer(world):
    """IPv6 leads nowhere and nobody says so: mail goes by IPv4, long before any time-out."""
    world.dns({"both.test": [("AAAA", "::1"), ("A", ADDRESSES["a"])]})
    world.started.append(Deaf(world.port))
    world.lab("a")
    world.abide(timeouts='connect = "5m"')
    for _ in range(3):
        assert world.fate("both.test", "delivered")["peer"].startswith(ADDRESSES["a"])


def test_a_race_is_no_harm_to_greylisting(world):
    """Both families answer and each greylists by itself: the retry goes where the first attempt was, and passes."""
    world.dns({"both.test": [("AAAA", "::1"), ("A", ADDRESSES["a"])]})
    world.lab("a", "greylist-1")
    world.lab("six", "greylist-1", host="[::1]")
    world.abide()
    for _ in range(3):
        e = world.fate("both.test", "delivered")
        before = world.a.log.find(event="deferred", recipient=e["recipient"])
        assert [d["peer"] for d in before] == [e["peer"]] and before[0]["cause"] == "greylisting", before


@pytest.mark.parametrize("domain, status, words", [
    ("null.test", "5.1.10", "takes no mail"),
    ("none.test", "5.1.2", "There is no domain none.test"),
    ("hollow.test", "5.4.4", "No mail server of hollow.test has an address"),
    ("loop.test", "5.4.6", "leads back to this server"),
    ("backup.test", "5.4.6", "leads back to this server"),
])
def test_what_can_never_arrive_is_told_at_once(world, domain, status, words):
    world.dns({"null.test": [("MX", "0 .")], "hollow.test": [("MX", "10 gone.mx.test")],
               "loop.test": [("MX", "10 mx.abide.test")], "mx.abide.test": [("A", "192.0.2.1")],
               "backup.test": [("MX", "5 mx.abide.test"), ("MX", "10 a.mx.test")]})
    world.lab("a")
    world.abide()
    bounced = world.fate(domain, "bounced")
    assert bounced["enhanced"] == status and words in bounced["reply"], bounced
    assert not world.labs["a"].messages()


def test_our_own_place_among_the_hosts(world):
    """A backup sends to those before it, never to its equals or those behind."""
    world.dns({"ours.test": [("MX", "10 a.mx.test"), ("MX", "20 mx.abide.test"), ("MX", "20 b.mx.test"),
                             ("MX", "30 c.mx.test")], "mx.abide.test": [("A", "192.0.2.1")]})
    world.lab("b")
    world.lab("c")
    world.abide()
    assert world.fate("ours.test", "deferred")["cause"] == "network_failure"
    assert not world.labs["b"].messages() and not world.labs["c"].messages()


@pytest.mark.parametrize("how, words", [
    ("servfail", "MX of broken.test, its name servers fail"),
    ("silent", "MX of broken.test, its name servers do not answer in time"),
    ("wrong_id", "MX of broken.test, its name servers do not answer in time"),
    ("garbage", "MX of broken.test, its name servers fail"),
    ("short_rdata", "MX of broken.test"),
])
def test_no_answer_is_no_reason_to_give_up(world, how, words):
    """Nor to take the domain's own address: mail waits, and the reason says for what."""
    world.dns({"broken.test": [("MX", "10 a.mx.test"), ("A", ADDRESSES["b"])]}, {"broken.test": how})
    world.lab("a")
    world.lab("b")
    a = world.abide()
    deferred = world.fate("broken.test", "deferred")
    assert (deferred["code"], deferred["enhanced"], deferred["cause"]) == ("451", "4.4.3", "dns_failure"), deferred
    assert words in deferred["reply"], deferred
    assert not world.labs["b"].messages()
    world.odd.behave.clear()
    a.wait_fate("r1@broken.test", "delivered")
    assert world.labs["a"].messages("r1@broken.test")


def test_a_host_that_can_not_be_looked_up_does_not_keep_the_others(world):
    world.dns({"half.test": [("MX", "10 lost.bad.test"), ("MX", "20 a.mx.test")],
               "lost.test": [("MX", "10 lost.bad.test")]}, {"bad.test": "servfail"})
    world.lab("a")
    world.abide()
    assert world.fate("half.test", "delivered")["peer"].startswith(ADDRESSES["a"])
    deferred = world.fate("lost.test", "deferred")
    assert deferred["enhanced"] == "4.4.3" and "of lost.bad.test, its name servers fail" in deferred["reply"]


def test_bogus_signatures_defer(world, directory):
    nsd = Nsd(directory, {"bad.test": ["@ IN MX 10 mx", f"mx IN A {ADDRESSES['a']}"],
                          "good.test": ["@ IN MX 10 mx", f"mx IN A {ADDRESSES['a']}"]},
              signed=("bad.test", "good.test"))
    nsd.spoil("bad.test", f"\t{ADDRESSES['a']}", f"\t{ADDRESSES['b']}")
    world.started.append(nsd.start())
    world.lab("a")
    world.lab("b")
    world.abide(server=f"127.0.0.1@{nsd.port}", resolver=f'dnssec = yes anchor = "{nsd.anchor()}"')
    deferred = world.fate("bad.test", "deferred")
    assert deferred["enhanced"] == "4.4.3" and "its DNSSEC signatures are wrong" in deferred["reply"]
    assert world.fate("good.test", "delivered")["peer"].startswith(ADDRESSES["a"])
    assert not world.labs["b"].messages()


def test_literals_and_international_names(world):
    world.dns({"xn--bcher-kva.test": [("MX", "10 a.mx.test")]})
    world.lab("a")
    a = world.abide()
    assert world.fate(f"[{ADDRESSES['a']}]", "delivered")["peer"].startswith(ADDRESSES["a"])
    with a.client() as c:
        c.ehlo()
        c.expect("MAIL FROM:<s@src.test> SMTPUTF8", 250)
        c.expect("RCPT TO:<r@b\u00fccher.test>", 250)
        c.expect("DATA", 354)
        assert c.cmd("Subject: x\r\n\r\ny\r\n.").code == 250
    wait_until(lambda: world.labs["a"].messages() and len(world.labs["a"].messages()) == 2, what="both")


def test_domains_of_one_set_of_hosts_are_one_site(world):
    names = [f"d{i}.test" for i in range(3)]
    world.dns({n: [("MX", "10 a.mx.test"), ("MX", "20 b.mx.test")] for n in names})
    world.lab("a")
    a = world.abide()
    for n in names:
        world.fate(n, "delivered")
        a.send(recipients=(f"again@{n}",))
        assert a.wait_fate(f"again@{n}", "delivered")["site"] == "a.mx.test,b.mx.test"


def test_resolve_dies_and_mail_waits_for_it(world):
    world.dns({"one.test": [("MX", "10 a.mx.test")]})
    world.lab("a")
    a = world.abide()
    a.kill_role("resolve/0")
    address = "r@one.test"
    a.send(recipients=(address,))
    a.wait_fate(address, "delivered")


def test_servers_of_the_system_are_followed(world, directory):
    """As when a machine moves to another network: without a restart."""
    if os.geteuid() != 0:
        pytest.skip("needs root for port 53")
    path = os.path.join(directory, "resolv.conf")
    first = OddDns({"one.test": [("A", ADDRESSES["a"])]}, host="127.0.21.53", port=53, ttl=0).start()
    second = OddDns({"one.test": [("A", ADDRESSES["b"])]}, host="127.0.21.54", port=53, ttl=0).start()
    world.started.extend([first, second])
    world.lab("a")
    world.lab("b")

    def name(server):
        with open(path + ".new", "w") as f:
            f.write(f"nameserver {server}\n")
        os.rename(path + ".new", path)
    name("127.0.21.53")
    world.a = a = world.make_abide(routes={"*": f"mx:{world.port}"}, limits="messages_per_connection = 1",
                                   extra=f'resolver {{ system = "{path}" }}')
    assert world.fate("one.test", "delivered")["peer"].startswith(ADDRESSES["a"])
    name("127.0.21.54")

    wait_until(lambda: world.fate("one.test", "delivered")["peer"].startswith(ADDRESSES["b"]),
               what="the other server's answer")
    assert a.log.find(event="resolver_renewed")
