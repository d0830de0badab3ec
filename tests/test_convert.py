"""Mail for servers that take less than ours: what its reader is shown is what was sent, or the sender hears why not."""
import email
import email.policy

import pytest

from test_dkim import DKIM, dkim, keys, verify  # noqa: F401 (keys is a fixture)

TEXT = "Grüße, 用户!\r\nFrom me  \r\n.\r\n=20\r\n"
MIXED = ("From: \"Jörg, der Erste\" <j@src.test>\r\nTo: \u7528\u6237 <a@b.test>\r\nSubject: Ein Gruß an alle\r\n"
         "Message-ID: <1@src.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b 1\"\r\n"
         "Content-Transfer-Encoding: 8bit\r\n\r\nfür alte Programme\r\n--b 1\r\nContent-Type: text/plain; charset=utf-8\r\n"
         f"Content-Transfer-Encoding: 8bit\r\n\r\n{TEXT}\r\n--b 1\r\nContent-Type: message/rfc822\r\n\r\n"
         f"Subject: weiter\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n--b 1\r\n"
         "Content-Type: application/octet-stream; name=\"größe.bin\"\r\n\r\n").encode() + (bytes(
             c for c in range(1, 256) if c not in (10, 13)) + b"\r\n") * 9 + b"\r\n--b 1--\r\n"


def shown(content):
    """What a mail program makes of it: its fields and the bytes of its parts."""
    m = email.message_from_bytes(content, policy=email.policy.default)
    fields = [m["Subject"], [(a.display_name, a.addr_spec) for a in m["From"].addresses]]
    parts = [(p.get_content_type(), p.get_filename(), p.get_payload(decode=True)) for p in m.walk() if not p.is_multipart()]
    return fields, parts


def is_plain(content):
    return max(content) < 128 and all(len(line) <= 998 for line in content.split(b"\r\n"))


def test_seven_bits(abide, lab):
    """Eight bits to a server of seven: text, a message within and a file arrive whole."""
    x = lab("no-8bitmime,no-smtputf8", keep=True)
    a = abide(routes={"*": x.port})
    a.send("s@src.test", ["r@dst.test"], MIXED, " BODY=8BITMIME SMTPUTF8")
    m = x.wait_for("r@dst.test")
    got = x.content(m)
    assert is_plain(got) and "BODY" not in str(m.get("params", "")), got
    fields, parts = shown(got)
    assert fields == ["Ein Gruß an alle", [("Jörg, der Erste", "j@src.test")]], fields
    assert [p[2] for p in parts] == [p[2] for p in shown(MIXED)[1]], parts
    assert parts[2][1] == "größe.bin"
    a.wait_fate("r@dst.test", "delivered")
    a.audit()


def test_header_alone(abide, lab):
    """Where only SMTPUTF8 is missing the body stays as it is."""
    x = lab("no-smtputf8", keep=True)
    a = abide(routes={"*": x.port})
    a.send("s@src.test", ["r@dst.test"], MIXED, " BODY=8BITMIME SMTPUTF8")
    got = x.content(x.wait_for("r@dst.test"))
    head, _, body = got.partition(b"\r\n\r\n")
    assert max(head) < 128 and TEXT.encode() in body
    assert shown(got)[0] == ["Ein Gruß an alle", [("Jörg, der Erste", "j@src.test")]]


def test_domain_in_ascii(abide, lab):
    """A domain of another script has a form that any server takes; a local part has none, and fails alone."""
    x = lab("no-smtputf8", keep=True)
    a = abide(routes={"*": x.port})
    a.send("", ["r@b\u00fccher.test", "\u00fc@b\u00fccher.test"], b"Subject: a\r\n\r\nb\r\n", " SMTPUTF8")
    a.wait_fate("r@b\u00fccher.test", "delivered")
    e = a.wait_fate("\u00fc@b\u00fccher.test", "bounced", code=550)
    assert e["enhanced"] == "5.6.7", e
    assert [m["rcpts"] for m in x.messages()] == [["r@xn--bcher-kva.test"]]
    a.audit()


def test_converted_and_signed(abide, lab, keys):  # noqa: F811
    """The signature is of what was sent, not of what came in; of large mail too."""
    path, records = keys
    x = lab("no-8bitmime", keep=True)
    a = abide(routes={"*": x.port}, extra=DKIM.format(d=path))
    large = MIXED.replace(b"--b 1--", b"--b 1\r\n\r\n" + ("äöü " * 30 + "\r\n").encode() * 5000 + b"--b 1--")
    for i, content in enumerate((MIXED, large)):
        a.send("j@src.test", [f"r{i}@dst.test"], content, " BODY=8BITMIME")
        got = x.content(x.wait_for(f"r{i}@dst.test"))
        assert is_plain(got) and verify(got, records) == {"r1": True, "e1": True}
        assert [p[2] for p in shown(got)[1]] == [p[2] for p in shown(content)[1]]


@pytest.mark.parametrize("body, fate", ((b"x" * 3000 + b"\r\nend\r\n", "delivered"), (b"plain\r\n", "delivered"), (None, "bounced")))
def test_long_lines(abide, lab, body, fate):
    """Where we take longer lines than the standard, what goes out keeps to it, or comes back."""
    x = lab(keep=True)
    a = abide(routes={"*": x.port}, extra="limits { text_line = 4000 }")
    content = b"Subject: x\r\n\r\n" + body if body else b"Subject:" + b"x" * 3000 + b"\r\n\r\ny\r\n"
    a.send("", ["r@dst.test"], content)
    e = a.wait_fate("r@dst.test", fate)
    if fate == "bounced":
        assert e["cause"] == "message_malformed" and "998" in e["reply"], e
        return
    got = x.content(x.wait_for("r@dst.test"))
    assert is_plain(got) and email.message_from_bytes(got).get_payload(decode=True) == body
