"""The real peers alone, against the lab: if one of these fails, so would every scenario with it."""
from harness.peers import Exim, OpenSmtpd, Postfix, Postgrey, SmtpSink, send_by_smtplib, smtp_source
from harness.smtp import Smtp

CONTENT = b"From: <s@src.test>\r\nTo: <r@dst.test>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n" \
          b"Message-ID: <1@src.test>\r\nSubject: x\r\n\r\n.dot\r\n..\r\nend\r\n"
BODY = CONTENT.split(b"\r\n\r\n", 1)[1]


def body_of(lab, message):
    return lab.content(message).split(b"\r\n\r\n", 1)[1]


def test_postfix_relays(lab, peer):
    """Without it no scenario can say how abide does beside the commonest server."""
    x = lab(keep=True)
    p = peer(Postfix, x.port)
    assert send_by_smtplib(p.port, "s@src.test", ["r@dst.test"], CONTENT) == {}
    assert body_of(x, x.wait_message()) == BODY


def test_postgrey_states_its_wait(lab, peer):
    """The main job's proof stands on this very text."""
    x = lab()
    g = peer(Postgrey, 3, "Greylisted for %s seconds")
    p = peer(Postfix, x.port, extra=f"""
smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{g.port}
smtpd_delay_reject = yes
""")
    with Smtp(p.port) as c:
        c.ehlo()
        c.expect("MAIL FROM:<s@src.test>", 250)
        r = c.cmd("RCPT TO:<r@dst.test>")
    assert r.code == 450 and "Greylisted for 3 seconds" in r.text, r


def test_exim_relays(lab, peer):
    """Exim sends by BDAT where it may, Postfix by DATA: both ways in must be tried."""
    x = lab(keep=True)
    peer(Exim, x.port).send("s@src.test", ["r@dst.test"], CONTENT)
    assert body_of(x, x.wait_message()) == BODY


def test_opensmtpd_relays(lab, peer):
    """OpenSMTPD doesn't pipeline and splits its writes in its own way."""
    x = lab(keep=True)
    p = peer(OpenSmtpd, x.port)
    assert send_by_smtplib(p.port, "s@src.test", ["r@dst.test"], CONTENT) == {}
    assert body_of(x, x.wait_message()) == BODY


def test_smtp_sink_and_source(peer):
    """The load tools must work, or a figure of nothing would be measured."""
    s = peer(SmtpSink)
    smtp_source(s.port, 20, sessions=4)
    s.wait(20)
    assert len(s.messages()) == 20
