"""SIZE, PIPELINING, 8BITMIME, SMTPUTF8, CHUNKING, enhanced codes, LIMITS."""
import re

from .registry import check
from .servers import RECIPIENTS, SIZE
from .world import STRANGER, NotOffered

UTF8 = "grüße"


# ---- SIZE ----

@check("RFC 1870 3", "clients learn of the limit only after sending the whole message")
def size_tells_the_limit(w):
    c = w.offering("SIZE")
    assert c.offers["SIZE"] == [str(SIZE)], c.offers["SIZE"]


@check("RFC 1870 6.1", "a message too big is sent in vain")
def size_over_the_limit(w):
    w.offering("SIZE").refused(f"MAIL FROM:<s@src.test> SIZE={SIZE + 1}", 552)


@check("RFC 1870 6.1", "a message that fits is refused")
def size_at_the_limit(w):
    w.offering("SIZE").expect(f"MAIL FROM:<s@src.test> SIZE={SIZE}", 250)


@check("RFC 1870 6.1", "a number that is none counts as some size")
def size_that_is_no_number(w):
    w.offering("SIZE").refused("MAIL FROM:<s@src.test> SIZE=big", 501, 555)


@check("RFC 1870 3", "a number of twenty digits overflows, and the limit is gone")
def size_of_twenty_digits(w):
    w.offering("SIZE").refused("MAIL FROM:<s@src.test> SIZE=99999999999999999999", 552, 501)


@check("RFC 1870 6.3", "a client that announced too little loses its message")
def size_was_announced_too_small(w):
    w.passes(w.offering("SIZE"), b"more than was said\r\n" * 5, params=" SIZE=10")


# ---- PIPELINING ----

@check("RFC 2920 3.1", "each command costs a round trip")
def pipelined_envelope(w):
    c = w.offering("PIPELINING")
    a, b = w.to(), w.to()
    c.send(f"MAIL FROM:<s@src.test>\r\nRCPT TO:<{a}>\r\nRCPT TO:<{b}>\r\nDATA\r\n")
    assert [c.read().code for _ in range(4)] == [250, 250, 250, 354]
    c.send(w.content() + b".\r\n")
    assert c.read().code == 250
    w.arrived(a)
    w.arrived(b)


@check("RFC 2920 3.2", "replies come in another order: one recipient's refusal is read as another's")
def pipelined_replies_are_in_order(w):
    c = w.offering("PIPELINING")
    to = w.to()
    c.send(f"MAIL FROM:<s@src.test>\r\nRCPT TO:<a@>\r\nRCPT TO:<{to}>\r\nRCPT TO:<b@>\r\nNOOP\r\n")
    codes = [c.read().code for _ in range(5)]
    assert codes[0] == 250 and codes[1] >= 500 and codes[2] == 250 and codes[3] >= 500 and codes[4] == 250, codes


@check("RFC 2920 3.1", "after refused recipients the client and the server are out of step")
def pipelined_data_without_recipients(w):
    c = w.offering("PIPELINING")
    c.send(b"MAIL FROM:<s@src.test>\r\nRCPT TO:<a@>\r\nDATA\r\n")
    codes = [c.read().code for _ in range(3)]
    assert codes[0] == 250 and codes[1] >= 500, codes
    if codes[2] == 354:  # allowed: then a lone dot must do
        c.send(b".\r\n")
        assert c.read().code >= 500
    else:
        assert codes[2] in (503, 554), codes
    c.expect("NOOP", 250)


@check("RFC 2920 3.1", "a message given up goes out with the next one's recipients")
def pipelined_rset_between_envelopes(w):
    c = w.offering("PIPELINING")
    first, second = w.to(), w.to()
    c.send(f"MAIL FROM:<a@src.test>\r\nRCPT TO:<{first}>\r\nRSET\r\nMAIL FROM:<b@src.test>\r\n"
           f"RCPT TO:<{second}>\r\nDATA\r\n")
    assert [c.read().code for _ in range(6)] == [250] * 5 + [354]
    c.send(w.content() + b".\r\n")
    assert c.read().code == 250
    m = w.arrived(second)
    assert m["mail"] == "b@src.test" and m["rcpts"] == [second], m


@check("RFC 2920 3.1", "commands are lost where packets happen to end")
def pipelined_in_single_bytes(w):
    c = w.offering("PIPELINING")
    to = w.to()
    c.send(f"MAIL FROM:<s@src.test>\r\nRCPT TO:<{to}>\r\nDATA\r\n", step=1)
    assert [c.read().code for _ in range(3)] == [250, 250, 354]
    c.send(w.content() + b".\r\n")
    assert c.read().code == 250


@check("RFC 2920 3.1", "after a failed MAIL the recipients are taken for another message")
def pipelined_after_a_failed_mail(w):
    c = w.offering("PIPELINING")
    c.send(f"MAIL FROM:<s@>\r\nRCPT TO:<{w.to()}>\r\nDATA\r\n")
    codes = [c.read().code for _ in range(3)]
    assert codes[0] >= 500 and codes[1] == 503 and codes[2] in (503, 554), codes


# ---- 8BITMIME ----

@check("RFC 6152 2", "mail with accents must be encoded, or is refused")
def body_8bitmime(w):
    w.passes(w.offering("8BITMIME"), "Grüße\r\n".encode(), params=" BODY=8BITMIME")


@check("RFC 6152 2", "7-bit mail that says so is refused")
def body_7bit(w):
    w.passes(w.offering("8BITMIME"), b"seven\r\n", params=" BODY=7BIT")


@check("RFC 6152 2", "a kind of body that is not known is broken on the way")
def body_unknown(w):
    w.offering("8BITMIME").refused("MAIL FROM:<s@src.test> BODY=9BIT", 501, 504, 555)


@check("RFC 3030 3", "a binary message is taken, and broken on the way")
def body_binarymime_only_where_offered(w):
    c = w.greeted()
    if "BINARYMIME" in c.offers:
        raise NotOffered("its absence")
    c.refused("MAIL FROM:<s@src.test> BODY=BINARYMIME", 501, 504, 555)


@check("RFC 6152 3", "the next server takes an 8-bit text for 7-bit, and strips it")
def body_8bitmime_is_passed_on(w):
    c = w.offering("8BITMIME")
    to = w.to()
    w.send(c, to, "Grüße\r\n".encode(), params=" BODY=8BITMIME")
    told = w.arrived(to)["params"]
    assert "BODY=8BITMIME" in told.upper(), told


# ---- SMTPUTF8 ----

@check("RFC 6531 3.1", "SMTPUTF8 without 8BITMIME can't carry its own text")
def smtputf8_comes_with_8bitmime(w):
    assert "8BITMIME" in w.offering("SMTPUTF8").offers


@check("RFC 6531 3.3", "people with an address in their own letters can't send")
def smtputf8_sender(w):
    c = w.offering("SMTPUTF8")
    to = w.to()
    w.send(c, to, params=" SMTPUTF8", sender=f"{UTF8}@src.test")
    assert w.arrived(to)["mail"] == f"{UTF8}@src.test"


@check("RFC 6531 3.3", "people with an address in their own letters get no mail")
def smtputf8_recipient(w):
    c = w.offering("SMTPUTF8")
    to = f"{UTF8}-{w.to()}"
    w.send(c, to, params=" SMTPUTF8")
    w.arrived(to)


@check("RFC 6531 3.5", "an international address gets to a server that can't take it")
def smtputf8_sender_without_asking(w):
    w.offering("SMTPUTF8").refused(f"MAIL FROM:<{UTF8}@src.test>", 500, 501, 550, 553)


@check("RFC 6531 3.5", "an international address gets to a server that can't take it")
def smtputf8_recipient_without_asking(w):
    c = w.offering("SMTPUTF8")
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused(f"RCPT TO:<{UTF8}@dst.test>", 500, 501, 550, 553)


@check("RFC 6531 3.3", "bytes that are no text become an address")
def smtputf8_that_is_no_utf8(w):
    w.offering("SMTPUTF8").refused(b"MAIL FROM:<a\xff\xfeb@src.test> SMTPUTF8")


@check("RFC 6531 3.1", "a wrong parameter is taken")
def smtputf8_with_a_value(w):
    w.offering("SMTPUTF8").refused("MAIL FROM:<s@src.test> SMTPUTF8=yes", 501, 555)


@check("RFC 6531 3.4", "mail to domains in their own letters is lost")
def smtputf8_domain(w):
    c = w.offering("SMTPUTF8")
    c.expect("MAIL FROM:<s@src.test> SMTPUTF8", 250)
    c.expect("RCPT TO:<u@bücher.dst.test>", 250)


@check("RFC 6532 3", "names in a header lose their letters")
def smtputf8_header_is_kept(w):
    c = w.offering("SMTPUTF8")
    to = w.to()
    c.expect("MAIL FROM:<s@src.test> SMTPUTF8", 250)
    c.expect(f"RCPT TO:<{to}>", 250)
    head = f"From: {UTF8} <s@src.test>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n" \
           f"Message-ID: <{w.name('m')}@src.test>\r\nSubject: {UTF8}\r\n\r\n"
    assert c.data(head.encode() + b"text\r\n").code == 250
    assert f"Subject: {UTF8}".encode() in w.text_of(w.arrived(to))[0]


@check("RFC 6531 4.3", "nobody can see that a message needed SMTPUTF8")
def smtputf8_in_received(w):
    c = w.offering("SMTPUTF8")
    to = w.to()
    w.send(c, to, params=" SMTPUTF8", sender=f"{UTF8}@src.test")
    head = w.text_of(w.arrived(to))[0]
    assert b"utf8smtp" in head.lower(), head


# ---- CHUNKING ----

@check("RFC 3030 2", "clients that send by BDAT can't")
def bdat_one_chunk(w):
    c = w.offering("CHUNKING")
    to = w.to()
    w.begin(c, to)
    assert c.bdat(w.content(b"one\r\n"), last=True).code == 250
    assert w.text_of(w.arrived(to))[1] == b"one\r\n"


@check("RFC 3030 2", "a message in several chunks is lost")
def bdat_many_chunks(w):
    c = w.offering("CHUNKING")
    to = w.to()
    w.begin(c, to)
    for piece in (w.content(b"one\r"), b"\ntw", b"o\r\n"):
        assert c.bdat(piece).code == 250
    assert c.bdat(b"three\r\n", last=True).code == 250
    assert w.text_of(w.arrived(to))[1] == b"one\r\ntwo\r\nthree\r\n"


@check("RFC 3030 2", "a client that ends by an empty chunk hangs")
def bdat_empty_last_chunk(w):
    c = w.offering("CHUNKING")
    to = w.to()
    w.begin(c, to)
    assert c.bdat(w.content(b"one\r\n")).code == 250
    assert c.bdat(b"", last=True).code == 250
    assert w.text_of(w.arrived(to))[1] == b"one\r\n"


@check("RFC 3030 2", "dots are lost that nobody doubled")
def bdat_keeps_dots(w):
    c = w.offering("CHUNKING")
    to = w.to()
    w.begin(c, to)
    assert c.bdat(w.content(b"..two\r\n.\r\n.one\r\n"), last=True).code == 250
    assert w.text_of(w.arrived(to))[1] == b"..two\r\n.\r\n.one\r\n"


@check("RFC 3030 2", "a chunk's bytes are obeyed as commands")
def bdat_before_rcpt_is_read_away(w):
    c = w.offering("CHUNKING")
    c.expect("MAIL FROM:<s@src.test>", 250)
    chunk = b"NOOP\r\nNOOP\r\nNOOP\r\n"
    c.send(b"BDAT %d LAST\r\n" % len(chunk) + chunk)
    assert c.read().code >= 500
    c.send(b"RSET\r\nQUIT\r\n")
    codes = [r.code for r in c.all_replies()]
    assert codes == [250, 221], f"the chunk was obeyed: {codes}"


@check("RFC 3030 2", "DATA behind BDAT joins two messages")
def bdat_then_data(w):
    c = w.offering("CHUNKING")
    w.begin(c, w.to())
    assert c.bdat(w.content()).code == 250
    c.refused("DATA", 503)


@check("RFC 3030 2", "chunks of a message given up go out with the next one")
def bdat_then_rset(w):
    c = w.offering("CHUNKING")
    to = w.to()
    w.begin(c, w.to())
    assert c.bdat(b"X-Given-Up: yes\r\n").code == 250
    c.expect("RSET", 250)
    w.begin(c, to)
    assert c.bdat(w.content(b"two\r\n"), last=True).code == 250
    head, text = w.text_of(w.arrived(to))
    assert text == b"two\r\n" and b"X-Given-Up" not in head


@check("RFC 3030 2", "a chunk too big leaves the rest of it as commands")
def bdat_too_big(w):
    c = w.offering("CHUNKING")
    w.begin(c, w.to())
    chunk = b"NOOP\r\n" * (SIZE // 5)
    c.send(b"BDAT %d LAST\r\n" % len(chunk) + chunk)
    r = c.read()
    assert r.code in (552, 554, 500), r
    c.send(b"RSET\r\nQUIT\r\n")
    codes = [r.code for r in c.all_replies()]
    assert codes in ([250, 221], []), f"the chunk was obeyed: {codes}"


@check("RFC 3030 2", "a number that overflows moves the end of a chunk")
def bdat_size_that_overflows(w):
    c = w.offering("CHUNKING")
    w.begin(c, w.to())
    c.send(b"BDAT 18446744073709551617 LAST\r\nNOOP\r\n")
    codes = [c.read().code]
    assert codes[0] >= 500 or codes[0] == 421, codes


@check("RFC 3030 4.2", "each chunk costs a round trip")
def bdat_pipelined(w):
    c = w.offering("CHUNKING")
    to = w.to()
    one, two = w.content(b"one\r\n"), b"two\r\n"
    c.send(b"MAIL FROM:<s@src.test>\r\nRCPT TO:<%s>\r\nBDAT %d\r\n" % (to.encode(), len(one)) + one
           + b"BDAT %d LAST\r\n" % len(two) + two)
    assert [c.read().code for _ in range(4)] == [250] * 4
    assert w.text_of(w.arrived(to))[1] == b"one\r\ntwo\r\n"


@check("RFC 3030 2", "a second message behind LAST is taken for more of the first")
def bdat_after_last(w):
    c = w.offering("CHUNKING")
    w.begin(c, w.to())
    assert c.bdat(w.content(), last=True).code == 250
    assert c.bdat(b"more\r\n", last=True).code == 503
    c.expect("NOOP", 250)


@check("RFC 3030 2", "an end of data hidden in a chunk makes forged mail at the next server")
def bdat_does_not_smuggle(w):
    c = w.offering("CHUNKING")
    to, second = w.to(), w.to()
    w.begin(c, to)
    inner = b"\n.\nMAIL FROM:<evil@src.test>\r\nRCPT TO:<%s>\r\nDATA\r\nx\r\n.\r\n" % second.encode()
    taken = c.bdat(w.content(b"text") + inner, last=True).code == 250
    w.nothing_for(second)
    if taken:
        w.is_clean(w.arrived(to))


# ---- enhanced codes ----

@check("RFC 2034 4", "programs can't tell why, and guess")
def enhanced_codes_everywhere(w):
    c = w.offering("ENHANCEDSTATUSCODES")
    lines = ["NOOP", "RSET", "VRFY r", "MAIL FROM:<s@>", "RCPT TO:<u@dst.test>", "XX", "MAIL FROM:<s@src.test>",
             "RCPT TO:<a@>", f"RCPT TO:<{w.to()}>", "MAIL FROM:<t@src.test>", "RSET", "QUIT"]
    for line in lines:
        r = c.cmd(line)
        for text in r.lines:
            m = re.match(r"([245])\.\d{1,3}\.\d{1,3}( |$)", text)
            assert m, f"{line}: {r} has none"
            assert int(m.group(1)) == r.code // 100, f"{line}: {r} has another class"


@check("RFC 2034 3", "a greeting or EHLO with a code is read as a keyword")
def no_enhanced_code_at_ehlo(w):
    c = w.connect()
    r = c.ehlo()
    for text in c.banner.lines + r.lines:
        assert not re.match(r"[245]\.\d+\.\d+ ", text), text


@check("RFC 3463 3.8", "the refusal of a relay can't be told from a wrong address")
def relay_denied_is_5_7(w):
    c = w.greeted(source=STRANGER)
    if "ENHANCEDSTATUSCODES" not in c.offers:
        raise NotOffered("ENHANCEDSTATUSCODES")
    c.expect("MAIL FROM:<s@src.test>", 250)
    r = c.refused("RCPT TO:<u@elsewhere.test>")
    assert r.lines[0].startswith("5.7."), r


@check("RFC 3463 3.2", "an unknown user can't be told from a full mailbox")
def unknown_user_is_5_1_1(w):
    c = w.greeted(source=STRANGER)
    if "ENHANCEDSTATUSCODES" not in c.offers:
        raise NotOffered("ENHANCEDSTATUSCODES")
    c.expect("MAIL FROM:<s@src.test>", 250)
    r = c.refused("RCPT TO:<nobody@example.test>")
    assert r.lines[0].startswith("5.1."), r


# ---- LIMITS ----

@check("RFC 9422 4", "clients run into limits that they could have known")
def limits_are_well_formed(w):
    c = w.offering("LIMITS")
    words = c.offers["LIMITS"]
    assert words, "no limit in it"
    for word in words:
        assert re.fullmatch(r"[A-Z0-9-]+=[1-9][0-9]{0,5}", word), word


@check("RFC 9422 4.2", "the limit told is not the one kept: recipients are put off in vain")
def limits_rcptmax_is_kept(w):
    c = w.offering("LIMITS")
    most = dict(x.split("=") for x in c.offers["LIMITS"]).get("RCPTMAX")
    if not most:
        raise NotOffered("RCPTMAX")
    assert int(most) == RECIPIENTS, most
    base = w.name()
    c.expect("MAIL FROM:<s@src.test>", 250)
    for i in range(int(most)):
        c.expect(f"RCPT TO:<{base}-{i}@dst.test>", 250)
    c.refused(f"RCPT TO:<{base}-more@dst.test>", 452)


@check("RFC 9422 4.1", "the limit told is not the one kept: the connection ends in the middle")
def limits_mailmax_is_kept(w):
    c = w.offering("LIMITS")
    most = dict(x.split("=") for x in c.offers["LIMITS"]).get("MAILMAX")
    if not most:
        raise NotOffered("MAILMAX")
    n = min(int(most), 30)
    for _ in range(n):
        w.send(c, w.to())


@check("RFC 9422 3", "a client takes limits for those of the connection before TLS")
def limits_are_told_again_under_tls(w):
    before = w.offering("LIMITS").offers["LIMITS"]
    after = w.under_tls().offers.get("LIMITS")
    assert after, f"told in the clear ({before}) and not under TLS"


# ---- RFC 7504 ----

@check("RFC 7504 3", "a refusal at the greeting is lost by a reset, and the sender tries for days")
def refusal_at_the_greeting_arrives(w):
    c = w.connect(banner=False)
    c.send(b"EHLO a.example.test\r\nMAIL FROM:<s@src.test>\r\n" * 20)
    r = c.read()
    assert r.code in (220, 521, 554, 421), r


@check("RFC 5321 3.1, RFC 7504", "a client that wants to leave in order gets an error in place of its refusal")
def quit_after_a_refused_greeting(w):
    c = w.connect(banner=False)
    c.send(b"EHLO a.example.test\r\n")
    r = c.read()
    if r.code == 554:
        # 554: the server waits for QUIT, and says 503 to all else; only 421 and 521 may close.
        c.send(b"QUIT\r\n")
        codes = [x.code for x in c.all_replies()]
        assert codes and codes[-1] == 221, f"closed without an answer to QUIT: {codes}"
