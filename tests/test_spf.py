"""SPF: the openspf suite, which stands beside the source tree or where ABIDE_SHARED says; and what abide does with it."""
import glob
import ipaddress
import os
import subprocess

import pytest
import yaml

from conftest import BUILD, TOP
from harness.dns import Nsd, OddDns
from harness.process import wait_until

SHARED = os.environ.get("ABIDE_SHARED", os.path.join(TOP, "..", "shared"))
SUITE = os.path.join(SHARED, "vectors", "spf-openspf", "test")

# Where the suite wants what RFC 7208 has changed, or what only the program wants that it belongs to. What we say
# instead stands here too, with the reason.
OTHERWISE = {
    ("rfc4408-tests.yml", "multispf2"): ("pass", "records of type SPF are no longer asked for (RFC 7208 3.1)"),
    ("test.yml", "default-modifier"): ("neutral", "default= is of an early draft; pyspf obeys it unless strict"),
    ("test.yml", "default-modifier-harsh"): ("neutral", "'ambiguous' is a word of pyspf's strict mode"),
}


def as_bytes(value):
    """Of what stands in the suite: bytes are written as the code points of the same number."""
    return value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")


def word(value):
    return as_bytes(value).hex()


def text_of(value):
    return b"".join(as_bytes(v) for v in value) if isinstance(value, list) else as_bytes(value)


def address(value):
    return ipaddress.ip_address(value).packed


def zone_lines(zone):
    """Names that have no TXT records of their own have them by those of type SPF, as the suite asks."""
    yield "zone"
    for name, records in zone.items():
        entries = [r if isinstance(r, dict) else {r: None} for r in records]
        has_txt = any("TXT" in r for r in entries)
        for r in entries:
            (kind, value), = r.items()
            if kind == "TIMEOUT":
                yield f"fail {word(name)} -"
            elif kind == "TXT" and value != "NONE" or kind == "SPF" and not has_txt:
                yield f"txt {word(name)} {text_of(value).hex()}"
            elif kind in ("A", "AAAA"):
                yield f"{kind.lower()} {word(name)} {address(value).hex()}"
            elif kind == "MX":
                yield f"mx {word(name)} {word(value[1])}"
            elif kind in ("PTR", "CNAME"):
                yield f"{kind.lower()} {word(name)} {word(str(value).rstrip('.'))}"


def cases():
    for path in sorted(glob.glob(os.path.join(SUITE, "*.yml"))):
        with open(path, encoding="utf-8") as f:
            for scenario in yaml.safe_load_all(f):
                for name, case in (scenario or {}).get("tests", {}).items():
                    yield os.path.basename(path), name, case, scenario["zonedata"]


def answers(all_cases):
    lines = []
    for _, _, case, zone in all_cases:
        lines += zone_lines(zone)
        lines.append("ask " + " ".join(word(case.get(k) or "") for k in ("host", "helo", "mailfrom")))
    out = subprocess.run([os.path.join(BUILD, "src", "auth_spf_say")], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, timeout=60, check=True).stdout
    return [line.split(" ", 2) for line in out.splitlines()]


def wrong_with(file, name, case, result, explanation):
    wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
    if (file, name) in OTHERWISE:
        wanted = [OTHERWISE[file, name][0]]
    if result not in wanted:
        return f"{file} {name}: {result}, not {wanted}"
    wanted = case.get("explanation")
    if wanted is not None and result == "fail" and explanation.lower() != wanted.lower().replace("default", ""):
        return f"{file} {name}: says {explanation!r}, not {wanted!r}"
    return None


@pytest.mark.skipif(not os.path.isdir(SUITE), reason=f"{SUITE} is not there")
def test_openspf_suite():
    """All of it: both RFCs' tests (394 with pyspf's own), results and explanations."""
    all_cases = list(cases())
    got = answers(all_cases)
    assert len(all_cases) == len(got) >= 390
    bad = [wrong_with(file, name, case, result, bytes.fromhex(said).decode() if said != "-" else "")
           for (file, name, case, _), (result, said, _) in zip(all_cases, got)]
    assert [b for b in bad if b] == []


# ---- in the server ----

STRANGER = "127.0.0.1"
TXT = {"good": "v=spf1 ip4:127.0.0.1 ip4:127.0.1.0/24 ip4:127.0.2.0/24 -all", "bad": "v=spf1 -all exp=why.%{d}",
       "why.bad": "%{i} is none of ours", "soft": "v=spf1 ~all", "wrong": "v=spf1 ip4:nowhere -all",
       "open": "v=spf1 +all", "deep0": "v=spf1 ip4:127.0.0.1 -all", "helo": "v=spf1 ip4:127.0.0.1 -all"}
TXT.update({f"deep{n}": f"v=spf1 include:deep{n - 1}.spf.test -all" for n in range(1, 12)})


@pytest.fixture
def spf(abide, lab, started):
    """spf(more): an abide to which loopback is a stranger, and its DNS."""
    def start(more, records=None, listen="protocol = smtp"):
        records = {f"{k}.spf.test": [("TXT", v)] for k, v in (records or TXT).items()}
        dns = OddDns(records, {"failing.spf.test": "servfail", "silent.spf.test": "silent"}).start()
        started.append(dns)
        x = lab(keep=True)
        a = abide(relay_from=("192.0.2.1",), routes={"*": x.port}, listen_block=listen, extra=f"""
resolver {{ servers = {{"{dns.server}"}} }}
domain "here.test" {{ to = "127.0.0.1:{x.port}" }}
{more}
""")
        a.dns, a.x = dns, x
        return a
    return start


def rcpt(a, domain, source=STRANGER, helo="client.spf.test"):
    with a.client(source=source, timeout=60) as c:
        c.ehlo(helo)
        c.expect(f"MAIL FROM:<s@{domain}.spf.test>" if domain else "MAIL FROM:<>", 250)
        return c.cmd("RCPT TO:<r@here.test>")


def verdict(a, domain):
    e = a.log.wait(event="spf", domain=f"{domain}.spf.test")
    return e["result"], e["reason"]


def test_refused_by_the_domains_own_word(spf):
    a = spf('check spf_fail { except = {"@friend.test"} }\ncheck spf_temperror { }\nspf { timeout = "3s" }\n')
    reply = rcpt(a, "bad")
    assert (reply.code, reply.lines[0].split(" ")[0]) == (550, "5.7.23"), reply
    assert "127.0.0.1 is none of ours" in reply.text and "bad.spf.test" in reply.text, reply
    assert verdict(a, "bad") == ("fail", "127.0.0.1 may not send for bad.spf.test (-all)")
    for domain in ("good", "soft", "wrong", "open", "nothing"):
        assert rcpt(a, domain).code == 250, domain
    assert verdict(a, "wrong")[0] == "permerror"


def test_what_failed_is_said(spf):
    """A sender's DNS that is down is no reason to refuse for good: 451 that says what failed, and when to come back."""
    a = spf('check spf_fail { }\ncheck spf_temperror { }\nspf { timeout = "3s" }\n')
    for domain, why in (("failing", "name servers fail"), ("silent", "in time")):
        reply = rcpt(a, domain)
        assert (reply.code, reply.lines[0].split(" ")[0]) == (451, "4.4.3"), reply
        assert why in reply.text and "retry=00:05:00" in reply.text, reply
        assert verdict(a, domain)[0] == "temperror"
    a.dns.behave.clear()
    a.dns.records["failing.spf.test"] = [("TXT", "v=spf1 -all")]
    wait_until(lambda: rcpt(a, "failing").code == 550, timeout=20, what="an answer")


def test_odd_records_are_no_harm(spf):
    """U+200B in a record stopped another server; loops, long names and explanations of any bytes are strangers' too."""
    a = spf("check spf_fail { }", {
        "good": "v=spf1 ip4:127.0.0.1 -all", "zero": "v=spf1 \u200bip4:192.0.2.9 -all", "loop": "v=spf1 include:loop.spf.test -all",
        "macro": "v=spf1 exists:%{p}.%{l99r}.%{h}%{d255}.%{S}." + ("a" * 60 + ".") * 5 + "x -all",
        "odd": "v=spf1 -all exp=why.odd.spf.test", "why.odd": "bad\r\n250 x\x01 \u202e" + "z" * 600})
    got = {}
    for name in ("zero", "loop", "macro", "odd", "good"):
        with a.client() as c:
            c.ehlo()
            c.expect(f"MAIL FROM:<s@{name}.spf.test>", 250)
            reply = c.cmd("RCPT TO:<r@here.test>")
        assert len(reply.lines) == 1 and all(" " <= c <= "~" for c in reply.text), reply
        got[name] = reply.code
    assert got == {"zero": 250, "loop": 250, "macro": 550, "odd": 550, "good": 250}


def test_chains_end(spf):
    """Ten includes deep, and no deeper: neither time nor stack is a stranger's to take."""
    a = spf("check spf_fail { }\n")
    assert rcpt(a, "deep10").code == 250
    assert rcpt(a, "deep11").code == 250
    assert "10 look-ups" in verdict(a, "deep11")[1]


def test_the_field(spf):
    """What was found is written before the mail, above our Received; and not for our own users."""
    a = spf("spf { header = yes }\n")
    with a.client(source=STRANGER) as c:
        c.ehlo("helo.spf.test")
        for sender in ('"s\\"(x"@good.spf.test', ""):
            c.mail(sender=sender, recipients=["r@here.test"])
    a.wait_empty()
    fields = sorted(a.x.content(m).decode().split("\r\nReceived:")[0].replace("\r\n", "") for m in a.x.messages())
    assert fields == [
        'Received-SPF: pass (mx.abide.test: 127.0.0.1 may send for good.spf.test [ip4:127.0.0.1])\t'
        'client-ip="127.0.0.1";\tenvelope-from="\\"s\\\\\\"(x\\"@good.spf.test";\thelo="helo.spf.test";\t'
        'receiver="mx.abide.test";\tmechanism="ip4:127.0.0.1";\tidentity="mailfrom"',
        'Received-SPF: pass (mx.abide.test: 127.0.0.1 may send for helo.spf.test [ip4:127.0.0.1])\t'
        'client-ip="127.0.0.1";\tenvelope-from="";\thelo="helo.spf.test";\treceiver="mx.abide.test";\t'
        'mechanism="ip4:127.0.0.1";\tidentity="helo"']


def test_a_proved_domain_waits_once(spf):
    """The machines of a pool are one sender to greylisting; a domain that lets anybody send proves nothing."""
    a = spf('greylist { mode = all delay = "2s" }\n')
    for domain in ("good", "open", "soft"):
        assert rcpt(a, domain, source="127.0.1.1").code == 451
    wait_until(lambda: rcpt(a, "good", source="127.0.2.1").code == 250, timeout=10, what="another machine is let in")
    assert a.log.wait(event="greylist", proved="good.spf.test", why="waited")
    assert rcpt(a, "open", source="127.0.2.1").code == 451
    assert rcpt(a, "soft", source="127.0.2.1").code == 451
    assert rcpt(a, "good", source="127.0.1.1").code == 250


def test_nothing_is_asked_unasked(spf):
    """Without a check, greylisting or the field no question costs anybody time."""
    a = spf("")
    assert rcpt(a, "bad").code == 250
    assert not a.dns.seen and not a.log.find(event="spf")


def test_by_a_real_server(abide, lab, directory, started):
    nsd = Nsd(directory, {"spf.test": [f'{k} IN TXT "{v}"' for k, v in TXT.items() if "%" not in v]})
    nsd.start()
    started.append(nsd)
    x = lab()
    a = abide(relay_from=("192.0.2.1",), routes={"*": x.port}, extra=f"""
resolver {{ servers = {{"127.0.0.1@{nsd.port}"}} }}
domain "here.test" {{ to = "127.0.0.1:{x.port}" }}
check spf_fail {{ }}
check spf_temperror {{ }}
spf {{ timeout = "2s" }}
""")
    assert rcpt(a, "good").code == 250
    assert rcpt(a, "deep11").code == 250
    nsd.stop()
    wait_until(lambda: rcpt(a, "deep3").code == 451, timeout=20, what="the reply that puts off")
    nsd.start()
    wait_until(lambda: rcpt(a, "deep4").code == 250, timeout=20, what="an answer again")
