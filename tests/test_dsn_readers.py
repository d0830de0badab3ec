"""Programs that read bounces find in ours whom, which status and why: sisimai, and abide's own reader, cause by cause."""
import json
import os
import subprocess

import pytest

from harness.dns import OddDns
from harness.peers import program
from test_dsn import SISIMAI, explain, fields, notice

# cause -> stage and reply of the other server, what sisimai calls it, and where that is another thing, why.
# Its reasons (29 in 4.25) are fewer than our causes; it reads the words of the reply, then its status.
SAME, COARSE = None, "sisimai has no closer reason"
CAUSES = {
    "user_unknown": ("550-rcpt", "5.1.1 Recipient address rejected: User unknown in virtual mailbox table", "userunknown", SAME),
    "user_disabled": ("550-rcpt", "5.2.1 The email account that you tried to reach is disabled", "suspend", SAME),
    "user_moved": ("551-rcpt", "5.1.6 User has moved, please try new@example.test", "hasmoved", SAME),
    "address_syntax": ("553-rcpt", "5.1.3 Bad recipient address syntax", "userunknown", COARSE),
    "recipient_domain_invalid": ("550-rcpt", "5.1.2 Recipient address rejected: Domain not found", "hostunknown", SAME),
    "recipient_restricted": ("550-rcpt", "5.7.1 You are not allowed to post to this mailing list", "rejected", COARSE),
    "sender_domain_unresolvable": ("550-rcpt", "5.1.8 Sender address rejected: Domain not found", "rejected", COARSE),
    "sender_verify_failed": ("550-rcpt", "5.1.7 Sender verify failed", "rejected", COARSE),
    "sender_rejected": ("550-rcpt", "5.7.1 Sender address rejected: Access denied", "rejected", SAME),
    "sender_not_owned": ("553-rcpt", "5.7.1 Sender address rejected: not owned by user anybody", "rejected", COARSE),
    "ptr_missing": ("550-rcpt", "5.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.7]", "blocked", COARSE),
    "helo_invalid": ("550-rcpt", "5.7.1 Helo command rejected: Host not found", "blocked", COARSE),
    "blocklisted": ("554-rcpt", "5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org", "blocked", SAME),
    "dynamic_ip": ("554-rcpt", "5.7.1 We do not accept mail from hosts with dynamic IP or generic DNS PTR-records", "blocked",
                   COARSE),
    "poor_reputation": ("550-eod", "5.7.1 Our system has detected that this message is suspicious due to the very low "
                        "reputation of the sending IP address", "spamdetected", COARSE),
    "sender_auth_failed": ("550-eod", "5.7.26 Unauthenticated email from src.test is not accepted due to domain's DMARC policy",
                           "policyviolation", COARSE),
    "spam_content": ("554-eod", "5.7.1 Message rejected as spam by content filtering", "spamdetected", SAME),
    "virus": ("554-eod", "5.7.1 Virus detected in the message: Eicar-Test-Signature", "virusdetected", SAME),
    "policy_rejected": ("554-eod", "5.7.1 Message rejected due to local policy", "policyviolation", SAME),
    "message_too_big": ("552-eod", "5.3.4 Message size exceeds fixed limit", "mesgtoobig", SAME),
    "message_malformed": ("550-eod", "5.6.0 Message is not RFC 5322 compliant: From header is missing", "contenterror", SAME),
    "protocol_error": ("503-rcpt", "5.5.1 Bad sequence of commands", "syntaxerror", SAME),
    "relay_denied": ("554-rcpt", "5.7.1 Relay access denied", "norelaying", SAME),
    "auth_required": ("530-rcpt", "5.7.0 Authentication required", "securityerror", COARSE),
    "mail_loop": ("554-eod", "5.4.6 Too many hops", "networkerror", COARSE),
    "mailbox_full": ("552-rcpt", "5.2.2 Mailbox is full", "mailboxfull", SAME),
    "storage_full": ("552-rcpt", "5.3.1 Insufficient system storage", "systemfull", SAME),
    "rate_limited": ("550-rcpt", "5.7.0 Throttling failure: Maximum sending rate exceeded", "toomanyconn", COARSE),
    "too_many_connections": ("554-rcpt", "5.4.5 Too many concurrent SMTP connections from your address", "toomanyconn", SAME),
    "local_error": ("554-rcpt", "5.3.0 Internal error", "systemerror", SAME),
    "rejected_unspecified": ("550-rcpt", "5.0.0 Denied", "onhold", SAME),
    "message_expired": (None, None, "expired", SAME),  # nobody is there until it is too old
}
MESSAGE = b"From: <a@src.test>\r\nTo: <b@dst.test>\r\nSubject: x\r\nMessage-ID: <1@src.test>\r\n\r\ny\r\n"


def sisimai():
    perl = program("perl")
    if subprocess.run([perl, "-MSisimai", "-MJSON", "-e1"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("sisimai is not installed (tools/setup test)")
    return perl


def compare(perl, home, directory, senders, expected):
    """Each sender's bounce as its fields have it, as sisimai reads it, and as abide's own reader does. expected: sender ->
    (recipient, cause, code of the reply, sisimai's reason)."""
    bounces, paths = {}, []
    for sender in senders:
        bounces[sender] = home.out.wait(event="message", match=lambda e, s=sender: s in e["rcpts"] and e["mail"] == "")
        paths.append(os.path.join(directory, sender))
        with open(paths[-1], "wb") as f:
            f.write(home.content(bounces[sender]))
    done = subprocess.run([perl, "-e", SISIMAI, *paths], stdout=subprocess.PIPE, check=True)
    read = json.loads(done.stdout)
    assert [len(found) for found in read] == [1] * len(paths), read
    for sender, (found,) in zip(senders, read):
        to, cause, code, reason = expected[sender]
        field = fields(notice(home, bounces[sender]))[0]
        assert field["X-Abide-Cause"] == cause and field["Final-Recipient"] == f"rfc822; {to}", field
        assert (found["recipient"], found["status"], found["action"], found["reply"], found["reason"]) == (
            to, field["Status"], "failed", code, reason), (cause, found)
        own = explain(home, bounces[sender])
        assert own["kind"] == "failed" and [r["address"] for r in own["recipients"]] == [to]
        assert own["recipients"][0]["status"] == field["Status"]
        assert own["recipients"][0]["reply"]["cause"] == cause, own


def test_each_cause_is_read_alike(abide, lab, directory):
    """A list of customers is cleaned of people whose mailbox was full, or our server is taken for a mailbox that is gone."""
    perl = sisimai()
    behaviour = os.path.join(directory, "behaviour")
    with open(behaviour, "w", encoding="utf-8") as f:
        f.writelines(f'{cause}@* {stage}="{text}"\n' for cause, (stage, text, _, _) in CAUSES.items() if stage)
    home, away = lab(keep=True), lab(behaviour, host="0.0.0.0")
    # an address each: a site that says what is wrong with us gets no more mail for a while
    routes = {f"{cause.replace('_', '-')}.test": f"127.0.30.{n + 1}:{away.port}" for n, cause in enumerate(CAUSES)}
    routes |= {"message-expired.test": 1, "*": home.port}
    a = abide(routes=routes, retry={"network_failure": 'first = "1s" max = "1s" give_up = "3s"'})
    expected = {}
    for cause, (stage, _, reason, _) in CAUSES.items():
        to = f"{cause}@{cause.replace('_', '-')}.test"
        a.send(f"{cause}@src.test", [to], content=MESSAGE)
        expected[f"{cause}@src.test"] = (to, cause, stage[:3] if stage else "451", reason)
    compare(perl, home, directory, list(expected), expected)


# What the DNS says, or does not: our own words, which no server of others has said. sender -> recipient, cause, code, sisimai's reason
DNS = {
    "none@src.test": ("r@none.test", "recipient_domain_invalid", "550", "hostunknown"),
    "null@src.test": ("r@null.test", "recipient_domain_invalid", "550", "notaccept"),
    "hollow@src.test": ("r@hollow.test", "recipient_domain_invalid", "550", "hostunknown"),
    "loop@src.test": ("r@loop.test", "mail_loop", "554", "onhold"),  # it does not know these words, and says so
    "silent@src.test": ("r@silent.test", "message_expired", "451", "expired"),
    "broken@src.test": ("r@broken.test", "message_expired", "451", "expired"),
    "lost@src.test": ("r@lost.test", "message_expired", "451", "expired"),
}


def test_what_the_dns_says_is_read_alike(abide, lab, directory, started):
    """A name server that was down for a day, and all customers there are struck off for good."""
    perl = sisimai()
    odd = OddDns({"null.test": [("MX", "0 .")], "hollow.test": [("MX", "10 gone.mx.test")],
                  "loop.test": [("MX", "10 mx.abide.test")], "mx.abide.test": [("A", "192.0.2.1")],
                  "lost.test": [("MX", "10 lost.bad.test")]},
                 {"silent.test": "silent", "broken.test": "servfail", "bad.test": "servfail"}).start()
    started.append(odd)
    home = lab(keep=True)
    a = abide(routes={"src.test": home.port, "*": "mx"}, retry={"dns_failure": 'first = "1s" max = "1s" give_up = "4s"'},
              extra=f'resolver {{ servers = {{"{odd.server}"}} deadline = 2s }}')
    for sender, (to, *_) in DNS.items():
        a.send(sender, [to], content=MESSAGE)
    compare(perl, home, directory, list(DNS), DNS)
    for sender in ("silent@src.test", "broken@src.test", "lost@src.test"):
        got = home.wait_for(sender)
        field = fields(notice(home, got))[0]
        assert field["Status"] == "4.4.7" and "could not be looked up" in field["Diagnostic-Code"], field
        found, = [r for r in explain(home, got)["recipients"]]
        assert found["status"] == "4.4.7", found
