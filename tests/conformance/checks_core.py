"""RFC 5321: commands, addresses, order, limits."""
from .registry import check
from .servers import OURS, RECIPIENTS, SIZE
from .world import STRANGER


# ---- greeting and hello ----

@check("RFC 5321 4.2", "the client does not know whom it speaks to, and can't begin")
def greeting_names_the_host(w):
    b = w.connect().banner
    assert b.code == 220 and "." in b.lines[0].split()[0], b


@check("RFC 5321 4.1.1.1", "old clients can't send")
def helo_has_one_line(w):
    r = w.connect().expect("HELO client.example.test", 250)
    assert len(r.lines) == 1, r


@check("RFC 5321 4.1.1.1", "clients can't use any extension")
def ehlo_lists_what_is_offered(w):
    r = w.connect().ehlo()
    assert "." in r.lines[0].split()[0] and len(r.lines) > 1, r
    for line in r.lines[1:]:
        assert line.split()[0].replace("-", "").isalnum(), r


@check("RFC 5321 4.1.3", "a host without a name can't send")
def ehlo_takes_an_address_literal(w):
    w.connect().expect("EHLO [127.0.0.1]", 250)


@check("RFC 5321 4.1.3", "an IPv6 host without a name can't send")
def ehlo_takes_an_ipv6_literal(w):
    w.connect().expect("EHLO [IPv6:2001:db8::1]", 250)


@check("RFC 5321 4.1.1.1", "a broken client is not told what is wrong with it")
def ehlo_without_a_name_is_refused(w):
    w.connect().refused("EHLO", 501)


@check("RFC 5321 4.1.4", "the mail of one client goes out in the name of another")
def ehlo_ends_a_transaction(w):
    c = w.greeted()
    w.begin(c, w.to())
    c.ehlo()
    c.refused("DATA", 503, 554)
    c.expect("MAIL FROM:<s@src.test>", 250)


@check("RFC 5321 4.1.4", "a client that falls back to HELO is refused")
def helo_after_ehlo(w):
    c = w.greeted()
    c.expect("HELO client.example.test", 250)
    w.passes(c, b"text\r\n")


@check("RFC 5321 2.4", "clients that write small letters can't send")
def commands_in_small_letters(w):
    c = w.connect()
    c.expect("ehlo client.example.test", 250)
    c.expect("mail from:<s@src.test>", 250)
    c.expect(f"rcpt to:<{w.to()}>", 250)
    c.expect("data", 354)
    c.send(w.content() + b".\r\n")
    assert c.read().code == 250


@check("RFC 5321 2.4", "clients that write MaiL FroM can't send")
def commands_in_mixed_letters(w):
    c = w.greeted()
    c.expect("MaiL fROm:<s@src.test>", 250)
    c.expect("rSEt", 250)


# ---- order ----

@check("RFC 5321 4.1.4", "a message without a sender is taken")
def rcpt_before_mail(w):
    w.greeted().refused(f"RCPT TO:<{w.to()}>", 503)


@check("RFC 5321 3.3", "a message for nobody is taken, and lost")
def data_before_rcpt(w):
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused("DATA", 503, 554)


@check("RFC 5321 3.3", "a message is taken though nobody will get it")
def data_after_refused_recipients(w):
    c = w.greeted(source=STRANGER)
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused("RCPT TO:<u@elsewhere.test>")
    c.refused("DATA", 503, 554)


@check("RFC 5321 4.1.4", "two messages become one, with the wrong sender")
def mail_inside_a_transaction(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    c.refused("MAIL FROM:<other@src.test>", 503)
    assert c.data(w.content()).code == 250
    assert w.arrived(to)["mail"] == "s@src.test"


@check("RFC 5321 4.1.1.5", "recipients of a message that was given up get the next one")
def rset_forgets_recipients(w):
    c = w.greeted()
    first, second = w.to(), w.to()
    w.begin(c, first)
    c.expect("RSET", 250)
    c.refused("DATA", 503, 554)
    w.send(c, second)
    assert w.arrived(second)["rcpts"] == [second]


@check("RFC 5321 4.1.1.5", "a client that tidies up first is refused")
def rset_before_hello(w):
    w.connect().expect("RSET", 250)


@check("RFC 5321 4.1.1.9", "keeping a connection open breaks the message in it")
def noop_changes_nothing(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    c.expect("NOOP", 250)
    c.expect("NOOP with words", 250)
    assert c.data(w.content()).code == 250
    w.arrived(to)


@check("RFC 5321 4.1.1.10", "the client waits for the end of the connection")
def quit_is_answered_and_closes(w):
    c = w.greeted()
    c.expect("QUIT", 221)
    assert c.at_end()


@check("RFC 5321 4.1.1.10", "a message that was given up goes out")
def quit_in_a_transaction(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    c.expect("QUIT", 221)
    w.nothing_for(to)


@check("RFC 5321 3.5.3", "a client that asks first does not send")
def vrfy_has_an_answer(w):
    r = w.greeted().cmd(f"VRFY r@{OURS}")
    assert r.code in (250, 251, 252, 502, 550, 553), r


@check("RFC 5321 3.5.3", "the members of lists are given away")
def expn_gives_nothing_away(w):
    r = w.greeted().cmd("EXPN r")
    assert r.code in (252, 502, 550, 500), r


@check("RFC 5321 4.1.1.8", "a person at the other end is left alone")
def help_has_an_answer(w):
    r = w.greeted().cmd("HELP")
    assert r.code in (211, 214, 502), r


@check("RFC 5321 4.2.4", "a client that tries an extension is cut off")
def unknown_command(w):
    c = w.greeted()
    c.refused("XUNKNOWN", 500, 502)
    c.expect("NOOP", 250)


@check("RFC 5321 4.2.4", "one odd command, and the message is lost")
def unknown_command_in_a_transaction(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    c.refused("XUNKNOWN", 500, 502)
    assert c.data(w.content()).code == 250
    w.arrived(to)


@check("RFC 5321 4.1.1.2", "mail with a misspelt command is taken by chance")
def mail_without_from(w):
    w.greeted().refused("MAIL <s@src.test>", 500, 501)


@check("RFC 5321 4.1.1.4", "commands with trailing words mean something else than was said")
def data_with_an_argument(w):
    c = w.greeted()
    w.begin(c, w.to())
    c.refused("DATA now", 500, 501)
    assert c.data(w.content()).code == 250


# ---- addresses ----

@check("RFC 5321 4.5.5", "bounces are not taken: senders never learn that mail failed")
def null_sender(w):
    c = w.greeted()
    to = w.to()
    w.send(c, to, sender="")
    assert w.arrived(to)["mail"] == ""


@check("RFC 5321 4.5.1", "who has trouble with this server can't write to its master")
def postmaster_without_a_domain(w):
    c = w.greeted(source=STRANGER)
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.expect("RCPT TO:<Postmaster>", 250)


@check("RFC 5321 4.5.1", "who has trouble with this domain can't write to its master")
def postmaster_of_a_domain(w):
    c = w.greeted(source=STRANGER)
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.expect(f"RCPT TO:<PostMaster@{OURS}>", 250)


@check("RFC 5321 4.1.1.3, C", "mail with a source route is lost")
def source_route_to(w):
    c = w.greeted()
    to = w.to()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.expect(f"RCPT TO:<@a.example.test,@b.example.test:{to}>", 250)
    assert c.data(w.content()).code == 250
    w.arrived(to)


@check("RFC 5321 4.1.1.2, C", "mail from behind a gateway is lost")
def source_route_from(w):
    w.greeted().expect("MAIL FROM:<@gate.example.test:s@src.test>", 250)


@check("RFC 5321 4.1.2", "people with a blank in their address get no mail")
def quoted_local_part(w):
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.expect('RCPT TO:<"john smith"@dst.test>', 250)


@check("RFC 5321 4.1.2", "an address with a quoted @ goes to somebody else")
def quoted_at_sign(w):
    c = w.greeted()
    local = w.name()
    to = f'"{local}@inside"@dst.test'
    w.begin(c, to)
    assert c.data(w.content()).code == 250
    m = w.sink.out.wait(event="message", match=lambda e: any(local in r for r in e["rcpts"]))
    assert m["rcpts"][0].endswith("@dst.test") and "@inside" in m["rcpts"][0], m["rcpts"]


@check("RFC 5321 4.5.3.1.1", "people with long names get no mail")
def local_part_of_64_octets(w):
    c = w.greeted()
    to = w.name().ljust(64, "x") + "@dst.test"
    w.send(c, to)
    w.arrived(to)


@check("RFC 5321 4.5.3.1.2", "mail to long domains is lost")
def long_domain(w):
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.expect("RCPT TO:<u@" + ".".join(["x" * 49] * 3) + ".dst.test>", 250)


@check("RFC 5321 2.4", "mail to Ann goes to ann, who is another person elsewhere")
def case_of_local_part_is_kept(w):
    c = w.greeted()
    to = "MixedCase-" + w.to()
    w.send(c, to)
    w.arrived(to)


@check("RFC 5321 4.1.1", "clients that end lines in blanks can't send")
def trailing_blank(w):
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test> ", 250)
    c.expect("RSET ", 250)


@check("CVE-2020-7247", "an empty domain gets past the check of addresses")
def sender_without_a_domain(w):
    w.greeted().refused("MAIL FROM:<s@>")


@check("RFC 5321 4.1.2", "mail comes from nobody, and no bounce can go back")
def sender_of_only_an_at(w):
    w.greeted().refused("MAIL FROM:<@>")


@check("RFC 5321 4.1.1.3", "mail for nobody is taken, and lost")
def recipient_empty(w):
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused("RCPT TO:<>")


@check("RFC 5321 4.1.2", "an address becomes a line of a file or a command")
def recipient_with_a_control_character(w):
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused("RCPT TO:<a\x01b@dst.test>")


@check("RFC 5321 4.1.2", "an address with two @ goes to either")
def recipient_with_two_ats(w):
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused("RCPT TO:<a@b@dst.test>")


@check("RFC 5321 4.1.2", "one wrong address, and the others get nothing")
def good_recipients_after_a_bad_one(w):
    c = w.greeted()
    to = w.to()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused("RCPT TO:<a@>")
    c.expect(f"RCPT TO:<{to}>", 250)
    assert c.data(w.content()).code == 250
    assert w.arrived(to)["rcpts"] == [to]


@check("RFC 5321 4.1.1.11", "a parameter that is not understood is taken for understood")
def unknown_mail_parameter(w):
    w.greeted().refused("MAIL FROM:<s@src.test> XNEW=1", 555)


@check("RFC 5321 4.1.1.11", "a parameter that is not understood is taken for understood")
def unknown_rcpt_parameter(w):
    c = w.greeted()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused(f"RCPT TO:<{w.to()}> XNEW=1", 555)


@check("RFC 5321 4.1.1.3", "a recipient named twice gets the mail twice")
def recipient_named_twice(w):
    c = w.greeted()
    to = w.to()
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.expect(f"RCPT TO:<{to}>", 250)
    c.expect(f"RCPT TO:<{to}>", 250)
    assert c.data(w.content()).code == 250
    assert w.arrived(to)["rcpts"] == [to]


# ---- who may ----

@check("RFC 5321 7.9, RFC 2505", "the server becomes a spammer's, and is listed everywhere")
def strangers_may_not_relay(w):
    c = w.greeted(source=STRANGER)
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused(f"RCPT TO:<{w.to()}>", 550, 551, 553, 554)


@check("RFC 2505 2.1", "the server becomes a spammer's by way of an old trick")
def strangers_may_not_relay_by_percent(w):
    c = w.greeted(source=STRANGER)
    c.expect("MAIL FROM:<s@src.test>", 250)
    for to in ("u%elsewhere.test", "elsewhere.test!u", "u@elsewhere.test"):
        c.refused(f'RCPT TO:<"{to}"@elsewhere.test>')


@check("RFC 5321 3.3", "nobody can write to the people here")
def strangers_may_write_to_us(w):
    to = f"r+{w.name()}@{OURS}"
    w.send(w.greeted(source=STRANGER), to)
    w.arrived(to)


@check("RFC 5321 3.3", "a typing error is told by a bounce days later, or to a forged sender")
def unknown_users_are_refused_at_rcpt(w):
    c = w.greeted(source=STRANGER)
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused(f"RCPT TO:<nobody@{OURS}>", 550, 553, 554)
    c.expect(f"RCPT TO:<r@{OURS}>", 250)


# ---- limits ----

@check("RFC 5321 4.5.3.1.4", "long addresses and parameters don't fit")
def command_line_of_512_octets(w):
    w.greeted().expect("NOOP " + "x" * 505, 250)


@check("RFC 5321 4.5.3.1.4", "a long line is taken for two commands")
def overlong_command(w):
    c = w.greeted()
    c.send(b"NOOP " + b"x" * 70000 + b"\r\nQUIT\r\n")
    codes = [r.code for r in c.all_replies()]
    assert len(codes) == 2 and codes[1] == 221 or codes == [421], codes


@check("RFC 5321 4.5.3.1.6", "long lines of text are cut or broken")
def text_line_of_1000_octets(w):
    w.passes(w.greeted(), b"x" * 998 + b"\r\nend\r\n")


@check("RFC 5321 4.5.3.1.8", "a message to a list reaches its first members only")
def a_hundred_recipients(w):
    c = w.greeted()
    base = w.name()
    c.expect("MAIL FROM:<s@src.test>", 250)
    for i in range(100):
        c.expect(f"RCPT TO:<{base}-{i}@dst.test>", 250)
    c.expect("RSET", 250)


@check("RFC 5321 4.5.3.1.10", "the rest of a long list is lost, not sent in another transaction")
def a_recipient_too_many(w):
    c = w.greeted()
    base = w.name()
    c.expect("MAIL FROM:<s@src.test>", 250)
    for i in range(RECIPIENTS):
        c.expect(f"RCPT TO:<{base}-{i}@dst.test>", 250)
    c.refused(f"RCPT TO:<{base}-more@dst.test>", 452)
    assert c.data(w.content()).code == 250
    w.arrived(f"{base}-0@dst.test")


@check("RFC 5321 4.5.3.1.7", "messages of usual size are refused")
def message_of_64_kib(w):
    w.passes(w.greeted(), b"0123456789abcd\r\n" * 4096)


@check("RFC 5321 4.5.3.1.9", "a message too big for the server breaks the session for those behind it")
def message_too_big(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    r = c.data(w.content(b"x" * 70 + b"\r\n") + (b"x" * 70 + b"\r\n") * (SIZE // 60))
    assert r.code == 552, r
    w.passes(c, b"next\r\n")
    w.nothing_for(to)


@check("RFC 5321 6.3", "a message on a long but honest way is thrown away")
def ninety_received_fields(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    fields = b"".join(b"Received: from h%d.test by h%d.test; Mon, 23 Nov 2026 12:00:00 +0000\r\n" % (i, i + 1)
                      for i in range(90))
    r = c.data(fields + w.content())
    assert r.code == 250, r


@check("RFC 5321 6.3", "a message runs in circles for ever")
def loop_is_ended(w):
    c = w.greeted()
    to = w.to()
    sender = f"{w.name('s')}@src.test"
    w.begin(c, to, sender=sender)
    fields = b"".join(b"Received: from h%d.test by h%d.test; Mon, 23 Nov 2026 12:00:00 +0000\r\n" % (i, i + 1)
                      for i in range(200))
    if c.data(fields + w.content()).code == 250:
        w.bounce_to(sender)
    w.nothing_for(to)


# ---- the session ----

@check("RFC 5321 3.3", "each message needs a connection of its own")
def several_messages_in_a_session(w):
    c = w.greeted()
    for text in (b"one\r\n", b"two\r\n", b"three\r\n"):
        w.passes(c, text)


@check("RFC 5321 4.1.1.4", "after one refused message the next ones are lost too")
def message_after_a_refused_one(w):
    c = w.greeted(source=STRANGER)
    c.expect("MAIL FROM:<s@src.test>", 250)
    c.refused(f"RCPT TO:<nobody@{OURS}>")
    c.expect("RSET", 250)
    to = f"r+{w.name()}@{OURS}"
    w.send(c, to)
    w.arrived(to)


@check("RFC 5321 3.8", "half a message goes out as if it were whole")
def connection_lost_in_the_text(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    c.expect("DATA", 354)
    c.send(w.content(b"half\r\n"))
    c.close()
    w.nothing_for(to)


@check("RFC 5321 3.8", "a message without text goes out")
def connection_lost_before_the_text(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    c.close()
    w.nothing_for(to)


@check("RFC 5321 4.4", "nobody can find out which way a message came, or end a loop")
def received_field_is_added(w):
    to = w.to()
    w.send(w.greeted(), to)
    head = w.text_of(w.arrived(to))[0]
    first = head.split(b"\r\n")[0].lower()
    whole = head.lower().replace(b"\r\n\t", b" ").replace(b"\r\n ", b" ").split(b"\r\n")[0]
    assert first.startswith(b"received:") and b"client.example.test" in whole and b" by " in whole, head
    assert b";" in whole and b"esmtp" in whole, head


@check("RFC 3848", "nobody can see that a message came without ESMTP")
def received_says_smtp_after_helo(w):
    c = w.connect()
    c.expect("HELO client.example.test", 250)
    to = w.to()
    w.send(c, to)
    whole = w.text_of(w.arrived(to))[0].lower().replace(b"\r\n", b"")
    assert b"esmtp" not in whole.split(b"received:")[1].split(b"from:")[0], whole


@check("RFC 5321 4.2", "the client can't tell refused from busy")
def replies_are_well_formed(w):
    c = w.greeted()
    for line in ("NOOP", "XX", "MAIL FROM:<bad", "MAIL FROM:<s@src.test>", "RCPT TO:<bad", "RSET", "HELP",
                 "VRFY", "RCPT TO:<u@dst.test>", "EHLO", "HELO", "DATA", "BDAT", "BDAT x"):
        c.cmd(line)  # reads strictly: code, separator, CRLF, 512 octets
        if line.startswith("BDAT"):
            break


@check("RFC 5321 3.1", "a client that speaks too early is cut off without a word")
def talking_before_the_greeting(w):
    c = w.connect(banner=False)
    c.send(b"EHLO client.example.test\r\n")
    r = c.read()
    assert r.code in (220, 421, 521, 554), r
