"""Logging in at the smarthosts that people have: Postfix and Dovecot, as they are and as they go wrong."""
import os
import ssl

import pytest

from harness.smarthosts import DovecotSubmission, PostfixSubmission
from harness.tls import Certificate

pytestmark = pytest.mark.root

PASSWORD = "correct horse"


def knows(directory, password):
    """The file that abide has its login from."""
    path = os.path.join(directory, "credentials")
    with open(path, "w") as f:
        f.write(f'127.0.0.1 anna "{password}"\n')
    return path


@pytest.fixture(params=[PostfixSubmission, DovecotSubmission], ids=["postfix", "dovecot"])
def smarthost(request, abide, lab, peer, directory):
    """smarthost(…): the server, the relay behind it, and an abide that sends all mail there."""
    def start(mechanisms="PLAIN", password=PASSWORD, host="127.0.0.1", days=30, first=False, **kw):
        c, x = Certificate(directory, "smart.test", "rsa", host=host, days=days), lab(keep=True)
        s = peer(request.param, c, x.port, {"anna": PASSWORD}, mechanisms, **kw)
        path = knows(directory, password)
        to = f"smtps:127.0.0.1:{s.tls_port}" if first else f"127.0.0.1:{s.port}"
        a = abide(routes={"*": f'to = "{to}" tls = required auth = "map:smart"'},
                  extra=f'map "smart" {{ type = file file = "{path}" }}\n'
                        f'tls {{ authorities = "{c.certificate}" }}\n')
        return s, x, a
    return start


@pytest.mark.parametrize("mechanisms, used, first", [
    ("PLAIN", "PLAIN", False), ("LOGIN", "LOGIN", False), ("SCRAM-SHA-256", "SCRAM-SHA-256", False),
    ("PLAIN LOGIN SCRAM-SHA-256", "SCRAM-SHA-256", False), ("PLAIN LOGIN SCRAM-SHA-256", "SCRAM-SHA-256", True),
    ("LOGIN PLAIN", "PLAIN", True)])
def test_each_mechanism(smarthost, mechanisms, used, first):
    """Mail goes out by what the server of another hand takes for a login, under TLS that names it."""
    s, x, a = smarthost(mechanisms, first=first)
    for n in range(3):
        a.send(recipients=[f"r{n}@dst.test"])
        a.wait_fate(f"r{n}@dst.test", "delivered", code=250)
        head = x.content(x.wait_for(f"r{n}@dst.test")).split(b"\r\n\r\n")[0]
        assert b"with ESMTPSA" in head, head
    assert a.log.find(event="tls", verified="yes")
    assert f"client in: AUTH\t1\t{used}\t" in s.dovecot.log(), s.dovecot.log()
    assert PASSWORD not in "\n".join(a.log.lines)
    a.wait_empty()
    a.audit()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256"])
def test_a_wrong_password(smarthost, mechanism, directory):
    """Nobody's mail comes back for it: it waits, the cause is said, and the right password sends it on."""
    s, x, a = smarthost(mechanism, "wrong")
    a.send(recipients=["r@dst.test"])
    e = a.wait_fate("r@dst.test", "deferred")
    assert (e["stage"], e["code"], e["cause"]) == ("auth", "535", "auth_failed"), e
    assert s.tries() and not x.messages() and not a.log.find(event="bounced")
    assert a.recipient("r@dst.test")["cause"] == "auth_failed"
    knows(directory, PASSWORD)
    a.wait_fate("r@dst.test", "delivered", code=250)
    x.wait_for("r@dst.test")
    assert not a.log.find(event="bounced")


@pytest.mark.parametrize("trouble, words", [
    ({"days": -1}, "expired"), ({"days": -1, "first": True}, "expired"),
    ({"host": "elsewhere.test"}, ""), ({"host": "elsewhere.test", "first": True}, ""),
    ({"old": True}, ""), ({"old": True, "first": True}, ""), ({"stripped": True}, "offers no TLS")],
    ids=["expired", "expired at 465", "wrong name", "wrong name at 465", "tls 1.0 only", "tls 1.0 only at 465",
         "no STARTTLS"])
def test_no_password_without_proof(smarthost, trouble, words):
    """No login is tried where the server has not proved who it is; the mail waits, and the reason is said."""
    s, x, a = smarthost(**trouble)
    a.send(recipients=["r@dst.test"])
    e = a.wait_fate("r@dst.test", "deferred")
    assert (e["stage"], e["cause"]) == ("tls", "tls_failed") and words in e["reply"], (e, s.log())
    assert not s.tries() and not x.messages() and not a.log.find(event="bounced"), s.log()
    # What is wrong with it is what is said to be wrong, and nothing else.
    if "old" in trouble:
        assert s.talks(ssl.TLSVersion.TLSv1) and not s.talks(ssl.TLSVersion.TLSv1_2)
    elif "stripped" in trouble:
        assert s.offers("AUTH PLAIN") and not s.offers("STARTTLS")
    else:
        assert s.talks(ssl.TLSVersion.TLSv1_2)


def test_what_the_relay_behind_it_says(smarthost):
    """A login is no answer for the recipient: who is not there is bounced with the words of the last host that knows."""
    s, x, a = smarthost()
    a.send("", ['550-rcpt@dst.test'])
    a.send("", ["r@dst.test"])
    a.wait_fate("r@dst.test", "delivered", code=250)
    if isinstance(s, DovecotSubmission):
        assert a.wait_fate("550-rcpt@dst.test", "bounced")["code"] == "550"
    else:
        a.wait_fate("550-rcpt@dst.test", "delivered", code=250)  # Postfix has taken it, and says so itself
