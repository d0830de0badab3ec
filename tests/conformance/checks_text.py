"""What stands between DATA and the dot: transparency, end of data, smuggling (lessons of 2023 to 2026)."""
from .registry import check

SMUGGLED = (b"MAIL FROM:<evil@src.test>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled\r\n.\r\n")


@check("RFC 5321 4.5.2", "lines that begin with a dot lose it")
def dots_at_line_begins(w):
    w.passes(w.greeted(), b".one\r\n..two\r\n...\r\n. \r\nend\r\n")


@check("RFC 5321 4.5.2", "a line of one dot ends the message, and the rest is lost")
def line_of_one_dot(w):
    w.passes(w.greeted(), b"before\r\n.\r\nafter\r\n")


@check("RFC 5321 4.5.2", "a dot at the very beginning is lost")
def text_that_begins_with_a_dot(w):
    w.passes(w.greeted(), b".first\r\n")


@check("RFC 5321 4.5.2", "dots are lost where packets happen to end")
def dots_in_single_bytes(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    assert c.data(w.content(b".a\r\n..\r\n.\r\nb\r\n"), step=1).code == 250
    assert w.text_of(w.arrived(to))[1] == b".a\r\n..\r\n.\r\nb\r\n"


@check("RFC 5321 4.1.1.4", "a message of no lines hangs the client")
def empty_message(w):
    c = w.greeted()
    w.begin(c, w.to())
    r = c.data(b"")
    assert r.code == 250 or r.code >= 500, r
    c.expect("NOOP", 250)


@check("RFC 5321 2.3.7", "blanks at line ends and empty lines are lost: signatures break")
def white_space_is_kept(w):
    w.passes(w.greeted(), b"a  \r\n\t\r\n\r\n\r\n  b\r\n\r\n")


@check("RFC 5321 2.3.7", "tabs and odd ASCII are changed: signatures break")
def all_of_ascii_is_kept(w):
    text = bytes(b for b in range(1, 128) if b not in (10, 13))
    w.passes(w.greeted(), text + b"\r\n")


@check("RFC 5321 4.5.2", "what is pipelined behind a message is taken for its text")
def next_message_right_behind_the_dot(w):
    c = w.greeted()
    first, second = w.to(), w.to()
    w.begin(c, first)
    c.expect("DATA", 354)
    c.send(w.content() + b".\r\nMAIL FROM:<s@src.test>\r\nRCPT TO:<%s>\r\n" % second.encode())
    assert [c.read().code for _ in range(3)] == [250, 250, 250]
    assert c.data(w.content()).code == 250
    w.arrived(first)
    w.arrived(second)


def smuggle(w, end):
    """A second message behind what is no end of data: nobody may get it, in any way."""
    c = w.greeted()
    first, second = w.to(), w.to()
    w.begin(c, first)
    c.expect("DATA", 354)
    c.send(w.content(b"text") + end + SMUGGLED % second.encode() + b"QUIT\r\n")
    codes = [r.code for r in c.all_replies()]
    assert 354 not in codes and codes.count(250) <= 1, f"commands in the text were obeyed: {codes}"
    w.nothing_for(second)
    for m in w.sink.messages(first):
        # What came out must not do to the next server what was tried here.
        w.is_clean(m)


def add(name, end):
    def run(w):
        smuggle(w, end)
    run.__name__ = "smuggling_" + name
    check("RFC 5321 4.1.1.4", "forged mail in the name of anybody, past SPF and DKIM")(run)


for _name, _end in (
        ("lf_dot_lf", b"\n.\n"), ("lf_dot_crlf", b"\n.\r\n"), ("crlf_dot_lf", b"\r\n.\n"),
        ("cr_dot_cr", b"\r.\r"), ("crlf_dot_cr", b"\r\n.\r"), ("cr_dot_crlf", b"\r.\r\n"),
        ("lf_dot_cr", b"\n.\r"), ("cr_dot_lf", b"\r.\n"), ("crcrlf_dot_crcrlf", b"\r\r\n.\r\r\n"),
        ("crlf_nul_dot_crlf", b"\r\n\0.\r\n"), ("crlf_dot_nul_crlf", b"\r\n.\0\r\n"),
        ("crlf_dot_blank_crlf", b"\r\n. \r\n")):
    add(_name, _end)


@check("RFC 5321 2.3.8", "a text with NUL is cut there, and what follows is lost")
def nul_in_the_text(w):
    c = w.greeted()
    to = w.to()
    w.begin(c, to)
    r = c.data(w.content(b"before\0after\r\nend\r\n"))
    assert r.code == 250 or r.code >= 500, r
    if r.code == 250:
        assert b"after\r\nend\r\n" in w.text_of(w.arrived(to))[1], "cut at the NUL"


@check("RFC 5321 2.3.8", "one client's commands are hidden in what another took for one line")
def lf_does_not_end_a_command(w):
    c = w.greeted()
    c.send(b"NOOP\nNOOP\r\n")
    c.send(b"QUIT\r\n")
    codes = [r.code for r in c.all_replies()]
    assert codes.count(250) < 2, f"two commands were seen: {codes}"


@check("RFC 5321 2.3.8", "one client's commands are hidden in what another took for one line")
def cr_does_not_end_a_command(w):
    c = w.greeted()
    c.send(b"NOOP\rNOOP\r\n")
    c.send(b"QUIT\r\n")
    codes = [r.code for r in c.all_replies()]
    assert codes.count(250) < 2, f"two commands were seen: {codes}"
