"""RFC 3461: what a sender asks to be told, and is told."""
import re

from .registry import check
from .world import NotOffered


def parts(w, notice):
    head, text = w.text_of(notice)
    return head.decode("utf-8", "replace"), text.decode("utf-8", "replace")


@check("RFC 3461 4.1", "a list's owner can't say that nobody is to be told")
def notify_never(w):
    w.offering("DSN")
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.expect(f"RCPT TO:<{w.to()}> NOTIFY=NEVER", 250)


@check("RFC 3461 4.1", "who asks for a receipt is refused")
def notify_list(w):
    c = w.offering("DSN")
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.expect(f"RCPT TO:<{w.to()}> NOTIFY=SUCCESS,FAILURE,DELAY", 250)


@check("RFC 3461 4.1", "a wish that can't be fulfilled is taken")
def notify_never_with_others(w):
    c = w.offering("DSN")
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused(f"RCPT TO:<{w.to()}> NOTIFY=NEVER,FAILURE", 501)


@check("RFC 3461 4.1", "a wish that nobody understands is taken")
def notify_unknown(w):
    c = w.offering("DSN")
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused(f"RCPT TO:<{w.to()}> NOTIFY=SOMETIMES", 501)


@check("RFC 3461 4.3", "a wish that nobody understands is taken")
def ret_unknown(w):
    w.offering("DSN").refused("MAIL FROM:<s@src.test> RET=SOME", 501)


@check("RFC 3461 5.4", "of two wishes the wrong one is kept")
def parameters_given_twice(w):
    w.offering("DSN").refused("MAIL FROM:<s@src.test> RET=FULL RET=HDRS", 501)


@check("RFC 3461 4.4", "an envelope id is no text, and breaks the notice")
def envid_that_is_no_xtext(w):
    w.offering("DSN").refused("MAIL FROM:<s@src.test> ENVID=a+zz", 501)


@check("RFC 3461 4.2", "an original recipient without a kind is shown as something else")
def orcpt_without_a_type(w):
    c = w.offering("DSN")
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused(f"RCPT TO:<{w.to()}> ORCPT=someone", 501)


@check("RFC 3461 4.4", "a notice can't be told from that of another message")
def envid_and_ret_are_taken(w):
    w.offering("DSN").expect("MAIL FROM:<s@src.test> RET=HDRS ENVID=Q+2B1", 250)


@check("RFC 3461 5.2.1", "wishes are lost at the first hop: the receipt never comes")
def wishes_are_passed_on(w):
    c = w.offering("DSN")
    to = w.to()
    w.send(c, to, params=" RET=HDRS ENVID=Q+2B1",
           rcpt=f" NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+2B{to}")
    told = str(w.arrived(to))
    for wish in ("RET=HDRS", "ENVID=Q+2B1", f"ORCPT=rfc822;first+2B{to}"):
        assert wish.lower() in told.lower(), f"{wish} is not in {told}"
    assert re.search("NOTIFY=[A-Z,]*SUCCESS", told, re.I), told


def failed(w, params="", rcpt=""):
    sender = f"{w.name('s')}@src.test"
    to = f"550-rcpt+{w.to()}"
    c = w.offering("DSN")
    w.send(c, to, b"the text itself\r\n", params=params, rcpt=rcpt, sender=sender)
    return sender, to


@check("RFC 3461 4.1, RFC 3464", "nobody is told that a message failed")
def failure_is_told(w):
    sender, to = failed(w)
    head, text = parts(w, w.bounce_to(sender))
    assert "multipart/report" in head.lower() and "delivery-status" in text.lower(), head
    assert re.search("^Final-Recipient: *rfc822; *" + re.escape(to), text, re.M | re.I), text
    assert re.search("^Action: *failed", text, re.M | re.I), text
    assert re.search(r"^Status: *5\.\d+\.\d+", text, re.M | re.I), text


@check("RFC 3461 6.1", "a bounce of a bounce runs for ever")
def notices_have_the_null_sender(w):
    sender, _to = failed(w)
    assert w.bounce_to(sender)["mail"] == ""


@check("RFC 3834 5", "answering machines answer the notice")
def notices_are_auto_submitted(w):
    sender, _to = failed(w)
    assert "auto-submitted: auto-" in parts(w, w.bounce_to(sender))[0].lower()


@check("RFC 3464 2.2.1", "a program can't find the message that failed")
def envid_comes_back(w):
    sender, _to = failed(w, params=" ENVID=Q+2B1x")
    text = parts(w, w.bounce_to(sender))[1]
    assert re.search(r"^Original-Envelope-Id: *Q(\+2B|\+)1x", text, re.M | re.I), text


@check("RFC 3464 2.3.1", "the address that failed is none that the sender knows")
def orcpt_comes_back(w):
    sender, _to = failed(w, rcpt=" ORCPT=rfc822;known@example.test")
    text = parts(w, w.bounce_to(sender))[1]
    assert re.search("^Original-Recipient: *rfc822; *known@example.test", text, re.M | re.I), text


@check("RFC 3461 4.3", "who asked for the header alone gets the whole message back")
def ret_hdrs_returns_the_header(w):
    sender, _to = failed(w, params=" RET=HDRS")
    text = parts(w, w.bounce_to(sender))[1]
    assert "Subject: x" in text and "the text itself" not in text, text


@check("RFC 3461 4.3", "what was written is lost: it was to come back whole")
def ret_full_returns_the_message(w):
    sender, _to = failed(w, params=" RET=FULL")
    text = parts(w, w.bounce_to(sender))[1]
    assert "the text itself" in text, text


@check("RFC 3461 4.1", "who asked to be left alone is written to")
def notify_never_tells_nobody(w):
    sender, _to = failed(w, rcpt=" NOTIFY=NEVER")
    other, _to = failed(w)
    w.bounce_to(other)
    assert not w.sink.messages(sender)


@check("RFC 3461 4.1", "who asked for receipts only is told of failures")
def notify_success_does_not_tell_failure(w):
    sender, _to = failed(w, rcpt=" NOTIFY=SUCCESS")
    other, _to = failed(w)
    w.bounce_to(other)
    assert not w.sink.messages(sender)


@check("RFC 3461 5.2.2", "a receipt that was asked for never comes, and nobody says why")
def success_is_told_as_relayed(w):
    c = w.offering("DSN")
    sender, to = f"{w.name('s')}@src.test", w.to("nodsn.test")
    w.send(c, to, rcpt=" NOTIFY=SUCCESS", sender=sender)
    w.arrived_plain(to)
    text = parts(w, w.bounce_to(sender))[1]
    assert re.search("^Action: *relayed", text, re.M | re.I), text


@check("RFC 3461 5.2.1", "two receipts come for one message")
def success_is_left_to_the_next_server(w):
    c = w.offering("DSN")
    sender, to = f"{w.name('s')}@src.test", w.to()
    w.send(c, to, rcpt=" NOTIFY=SUCCESS", sender=sender)
    w.arrived(to)
    other, _to = failed(w)
    w.bounce_to(other)
    assert not w.sink.messages(sender), "told, and asked the next server to tell"


@check("RFC 3461 4.2", "the bounce of an international address can't be read")
def orcpt_utf8(w):
    c = w.offering("DSN")
    if "SMTPUTF8" not in c.offers:
        raise NotOffered("SMTPUTF8")
    c.expect("MAIL FROM:<s@src.test> SMTPUTF8", 250)
    c.expect(f"RCPT TO:<{w.to()}> ORCPT=utf-8;gr\\x{{FC}}n@dst.test", 250)
