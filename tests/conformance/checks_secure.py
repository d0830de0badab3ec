"""STARTTLS (RFC 3207) and AUTH (RFC 4954)."""
import base64
import ssl

from harness.smtp import Closed
from harness.tls import any_context

from .registry import check
from .servers import LOGIN, PASSWORD
from .world import NotOffered


def b64(text):
    return base64.b64encode(text.encode()).decode()


PLAIN = b64(f"\0{LOGIN}\0{PASSWORD}")
WRONG = b64(f"\0{LOGIN}\0wrong")


# ---- STARTTLS ----

@check("RFC 3207 4", "mail goes in the clear")
def starttls_works(w):
    c = w.under_tls()
    w.passes(c, b"under TLS\r\n")


@check("RFC 3207 4.2", "a client begins TLS in TLS")
def starttls_is_not_offered_under_tls(w):
    assert "STARTTLS" not in w.under_tls().offers


@check("RFC 3207 4", "a client begins TLS in TLS")
def starttls_twice(w):
    w.under_tls().refused("STARTTLS", 500, 502, 503, 554)


@check("RFC 3207 4", "a wrong command is taken for the beginning of TLS")
def starttls_with_an_argument(w):
    c = w.offering("STARTTLS")
    c.refused("STARTTLS now", 500, 501)
    c.expect("NOOP", 250)


@check("RFC 3207 4.2", "what a stranger put before TLS counts as said under it")
def starttls_forgets_the_envelope(w):
    c = w.offering("STARTTLS")
    c.expect("MAIL FROM:<evil@src.test>", 250)
    r = c.cmd("STARTTLS")
    if r.code >= 500:  # refused in a transaction: as good
        return
    assert r.code == 220, r
    c.wrap()
    c.refused(f"RCPT TO:<{w.to()}>", 503)


@check("CVE-2011-0411", "what a stranger put behind STARTTLS is obeyed under TLS: mail and passwords are stolen")
def starttls_injection(w):
    c = w.offering("STARTTLS")
    c.send(b"STARTTLS\r\nNOOP injected\r\n")
    if c.read().code != 220:
        return
    try:
        c.wrap()
    except (ssl.SSLError, ConnectionError, AssertionError):
        return
    r = c.cmd("EHLO client.example.test")
    assert len(r.lines) > 1, f"the first reply under TLS was for what was said before it: {r}"


@check("RFC 3207 4.1", "one broken handshake, and the server is gone")
def starttls_and_then_no_tls(w):
    c = w.offering("STARTTLS")
    c.expect("STARTTLS", 220)
    c.send(b"this is no handshake\r\n" * 20)
    try:
        while c.sock.recv(4096):
            pass
    except OSError:
        pass
    w.passes(w.greeted(), b"still there\r\n")


@check("RFC 8996", "mail is sent by broken versions of TLS")
def no_tls_1_1(w):
    c = w.offering("STARTTLS")
    c.expect("STARTTLS", 220)
    context = any_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        c.wrap(context)
    except (ssl.SSLError, ConnectionError, OSError):
        return
    raise AssertionError(f"{c.sock.version()} was taken")


@check("RFC 8446", "clients that want TLS 1.3 can't have it")
def tls_1_3(w):
    c = w.offering("STARTTLS")
    c.expect("STARTTLS", 220)
    context = any_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    c.wrap(context)
    c.ehlo()


@check("RFC 9325 3.1", "clients with TLS 1.2 only must send in the clear")
def tls_1_2(w):
    c = w.offering("STARTTLS")
    c.expect("STARTTLS", 220)
    context = any_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    c.wrap(context)
    c.ehlo()


@check("RFC 3848", "nobody can see whether a message came under TLS")
def received_says_esmtps(w):
    c = w.under_tls()
    to = w.to()
    w.send(c, to)
    assert b"esmtps" in w.text_of(w.arrived(to))[0].lower()


@check("RFC 3207 6", "a message cut off by a stranger goes out as if it were whole")
def tls_cut_in_the_text(w):
    c = w.under_tls()
    to = w.to()
    w.begin(c, to)
    c.expect("DATA", 354)
    c.send(w.content(b"half\r\n"))
    c.close()
    w.nothing_for(to)


# ---- AUTH ----

@check("RFC 4954 4, RFC 8314", "passwords are asked for in the clear")
def auth_is_not_offered_in_the_clear(w):
    w.at_submission()
    assert "AUTH" not in w.greeted(port=w.server.submission).offers


@check("RFC 4954 4", "passwords are taken in the clear")
def auth_in_the_clear_is_refused(w):
    w.at_submission()
    w.greeted(port=w.server.submission).refused(f"AUTH PLAIN {PLAIN}")


@check("RFC 4954 4, RFC 4616", "people can't log in")
def auth_plain_at_once(w):
    c = w.at_submission()
    assert "PLAIN" in c.offers["AUTH"], c.offers
    c.expect(f"AUTH PLAIN {PLAIN}", 235)


@check("RFC 4954 4", "clients that wait to be asked can't log in")
def auth_plain_when_asked(w):
    c = w.at_submission()
    c.expect("AUTH PLAIN", 334)
    c.expect(PLAIN, 235)


@check("draft-murchison-sasl-login", "Outlook can't log in")
def auth_login(w):
    c = w.at_submission()
    c.expect("AUTH LOGIN", 334)
    c.expect(b64(LOGIN), 334)
    c.expect(b64(PASSWORD), 235)


@check("RFC 4954 6", "anybody can send in anybody's name")
def auth_wrong_password(w):
    c = w.at_submission()
    c.refused(f"AUTH PLAIN {WRONG}", 535)
    c.refused("MAIL FROM:<s@src.test>")


@check("RFC 4954 6", "a program can't tell a wrong password from a server in trouble")
def auth_wrong_password_is_5_7_8(w):
    c = w.at_submission()
    if "ENHANCEDSTATUSCODES" not in c.offers:
        raise NotOffered("ENHANCEDSTATUSCODES")
    r = c.refused(f"AUTH PLAIN {WRONG}", 535)
    assert r.lines[0].startswith("5.7.8"), r


@check("RFC 4954 4", "a client that tries another way is cut off")
def auth_unknown_mechanism(w):
    c = w.at_submission()
    c.refused("AUTH XMAGIC", 504, 535)
    c.expect(f"AUTH PLAIN {PLAIN}", 235)


@check("RFC 4954 4", "who gives up is taken for one who failed, and locked out")
def auth_cancelled(w):
    c = w.at_submission()
    c.expect("AUTH PLAIN", 334)
    c.refused("*", 501)
    c.expect(f"AUTH PLAIN {PLAIN}", 235)


@check("RFC 4954 4", "bytes that are no base64 are decoded to some password")
def auth_that_is_no_base64(w):
    c = w.at_submission()
    c.expect("AUTH PLAIN", 334)
    c.refused("not base64!", 501, 535)


@check("RFC 4954 4", "a session changes hands in the middle")
def auth_twice(w):
    c = w.at_submission()
    c.expect(f"AUTH PLAIN {PLAIN}", 235)
    c.refused(f"AUTH PLAIN {PLAIN}", 503)


@check("RFC 4954 4", "a message begun by one goes out in the name of another")
def auth_inside_a_transaction(w):
    c = w.at_submission()
    c.expect(f"AUTH PLAIN {PLAIN}", 235)
    c.expect(f"MAIL FROM:<{LOGIN}>", 250)
    c.refused(f"AUTH PLAIN {PLAIN}", 503)


@check("RFC 6409 4.3", "anybody can send through the submission port")
def mail_without_auth_at_submission(w):
    w.at_submission().refused("MAIL FROM:<s@src.test>")


@check("RFC 4954 5", "mail that says who sent it is refused")
def auth_parameter_at_mail(w):
    c = w.at_submission()
    c.expect(f"AUTH PLAIN {PLAIN}", 235)
    c.expect(f"MAIL FROM:<{LOGIN}> AUTH=<>", 250)
    c.expect("RSET", 250)
    c.expect(f"MAIL FROM:<{LOGIN}> AUTH=user+2Btag@example.test", 250)


@check("RFC 4954 5", "a parameter that is no xtext becomes part of a file or a header")
def auth_parameter_that_is_no_xtext(w):
    c = w.at_submission()
    c.expect(f"AUTH PLAIN {PLAIN}", 235)
    c.refused(f"MAIL FROM:<{LOGIN}> AUTH=a+zz", 501)


@check("RFC 4954 4", "a long line of base64 kills the server, or is cut")
def auth_line_of_12288_octets(w):
    c = w.at_submission()
    c.expect("AUTH PLAIN", 334)
    try:
        r = c.cmd("A" * 12286)
        assert r.code >= 500, r
    except Closed:
        raise AssertionError("the connection was closed") from None
    w.at_submission()


@check("RFC 3848", "nobody can see that the sender had logged in")
def received_says_esmtpsa(w):
    c = w.at_submission()
    c.expect(f"AUTH PLAIN {PLAIN}", 235)
    to = w.to()
    w.send(c, to, sender=LOGIN)
    assert b"esmtpsa" in w.text_of(w.arrived(to))[0].lower()


@check("RFC 4954 4", "who has logged in can't send anywhere")
def auth_may_relay(w):
    c = w.at_submission()
    c.expect(f"AUTH PLAIN {PLAIN}", 235)
    w.send(c, w.to(), sender=LOGIN)
