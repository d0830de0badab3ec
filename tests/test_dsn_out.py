"""What a sender asked of notices reaches the next hop that knows DSN, as it was given."""


def test_parameters_go_on(abide, lab):
    x = lab()
    a = abide(routes={"*": x.port})
    with a.client() as c:
        c.ehlo()
        assert c.cmd("MAIL FROM:<s@src.test> RET=HDRS ENVID=a+2Bb").code == 250
        assert c.cmd("RCPT TO:<one@dst.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;One+2B@dst.test").code == 250
        assert c.cmd("RCPT TO:<two@dst.test> NOTIFY=NEVER").code == 250
        assert c.cmd("RCPT TO:<three@dst.test>").code == 250
        assert c.data(b"Subject: x\r\n\r\ny\r\n").code == 250
    m = x.wait_message()
    assert "RET=HDRS ENVID=a+2Bb" in m["params"], m
    given = dict(zip(m["rcpts"], m["rcpt_params"]))
    assert given == {"one@dst.test": "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;One+2B@dst.test",
                     "two@dst.test": "NOTIFY=NEVER", "three@dst.test": ""}, given


def test_not_to_who_does_not_know_it(abide, lab):
    x = lab("no-dsn")
    a = abide(routes={"*": x.port})
    with a.client() as c:
        c.ehlo()
        assert c.cmd("MAIL FROM:<s@src.test> RET=FULL ENVID=e").code == 250
        assert c.cmd("RCPT TO:<one@dst.test> NOTIFY=NEVER").code == 250
        assert c.data(b"Subject: x\r\n\r\ny\r\n").code == 250
    m = x.wait_message()
    assert "RET" not in m["params"] and "ENVID" not in m["params"] and m["rcpt_params"] == [""], m
