"""Large mail by BDAT, where that is offered: nothing is lost or doubled, whatever the server makes of it."""
import pytest

# A dot at the start of lines, and no line end at the end of pieces of 64 or 512 KiB.
LARGE = b"Subject: large\r\n\r\n" + b".".join(b"%d dots and \r\n" % i for i in range(90000)) + b".\r\n"


def test_by_bdat(abide, lab):
    """Every octet arrives, without transparency; small mail and a server without it go by DATA."""
    x, y = lab(keep=True), lab("no-chunking", keep=True)
    a = abide(routes={"x.test": x.port, "y.test": y.port})
    for content in (LARGE, b"Subject: small\r\n\r\n.\r\n"):
        for to, at in (("r@x.test", x), ("r@y.test", y)):
            n = len(at.messages())
            a.send("", [to], content)
            at.wait_message(n + 1)
            m = at.messages()[-1]
            assert at.content(m).endswith(content)
            assert m["bdat"] == (content is LARGE and at is x), m
    a.audit()


@pytest.mark.parametrize("behaviour, fate, code", (
    ("552-data=\"5.3.4 Too much\"", "bounced", "552"), ("421-data=\"4.3.2 Down\"", "deferred", "421"), ("close-data", "deferred", "451"),
    ("take-close", "maybe", "451"), ("lie-chunking", "delivered", "250")))
def test_refused(abide, lab, behaviour, fate, code):
    """A refusal counts as by DATA; a server that does not know what it offers gets the mail by DATA."""
    x = lab(behaviour, keep=True)
    a = abide(routes={"*": x.port}, retry={"default": 'first = "10m" max = "1h" give_up = "5d"'})
    a.send("", ["r@x.test"], LARGE)
    e = a.wait_fate("r@x.test", "deferred" if fate == "maybe" else fate)
    assert e["code"] == code, e
    assert ("may have been delivered" in e["reply"]) == (fate == "maybe"), e
    if fate == "delivered":
        assert [m["bdat"] for m in x.messages()] == [False]
    a.audit()
