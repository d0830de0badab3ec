"""The test Internet as a table: domains, what the DNS and their servers do, and what must become of mail there.

Names below s.test are signed, those below u.test are not (their zone has no key, and its parent proves that).
A case's addresses are {a}, {b}, {c}; records may say {tlsa:CERTIFICATE SELECTOR MATCHING} (its data).
"""
from dataclasses import dataclass, field


@dataclass
class Case:
    name: str
    what: str                    # in words, for the table
    records: tuple = ()          # of the zone, "@" is the domain
    servers: dict = field(default_factory=dict)  # address letter -> behaviour (server.py)
    web: str = ""                # behaviour of its policy server (web.py); "" none
    policy: str = ""             # text of the policy, {h} the host
    want: str = "delivered"      # delivered, deferred, bounced
    code: str = ""               # enhanced status, where it did not arrive
    tls: str = ""                # words that the log's tls must have; "-": none
    peer: str = ""               # letter of the address that must have got it
    says: str = ""               # words of the reply
    signed: bool = True
    domain: str = ""             # where it is not NAME.s.test
    postfix: bool = True         # Postfix is asked too


MX = ("@ MX 10 mx", "mx A {a}")
EE = "_25._tcp.mx TLSA 3 1 1 {tlsa:good 1 1}"
STS = ("_mta-sts TXT \"v=STSv1; id=1;\"", "mta-sts A {web}")
ENFORCE = "version: STSv1\nmode: enforce\nmx: {h}\nmax_age: 86400\n"
TESTING = ENFORCE.replace("enforce", "testing")
OTHER = ENFORCE.replace("{h}", "elsewhere.test")


def sts(name, what, server, policy=ENFORCE, web="good", records=(), **kw):
    return Case(name, what, MX + STS + tuple(records), {"a": server}, web, policy, signed=False, **kw)


def dane(name, what, server, *tlsa, **kw):
    return Case(name, what, MX + tuple(tlsa), {"a": server}, **kw)


ROUTING = [
    Case("best", "two MX: the best preference first", ("@ MX 20 mx2", "@ MX 10 mx", "mx A {a}", "mx2 A {b}"),
         {"a": "plain", "b": "plain"}, peer="a"),
    Case("second", "the best one refuses connections", ("@ MX 10 mx", "@ MX 20 mx2", "mx A {a}", "mx2 A {b}"),
         {"b": "plain"}, peer="b"),
    Case("greets554", "the best one greets with 554", ("@ MX 10 mx", "@ MX 20 mx2", "mx A {a}", "mx2 A {b}"),
         {"a": "greets554", "b": "plain"}, peer="b"),
    Case("implicit", "no MX, an A record", ("@ A {a}",), {"a": "plain"}, peer="a"),
    Case("cname", "the domain is an alias", ("real MX 10 mx", "mx A {a}"), {"a": "plain"},
         domain="alias.cname.s.test", peer="a"),
    Case("mxcname", "the MX is an alias", ("@ MX 10 mx", "mx CNAME host", "host A {a}"), {"a": "plain"}, peer="a"),
    Case("family", "the IPv6 address is dead, the IPv4 one lives", ("@ MX 10 mx", "mx AAAA 2001:db8::1", "mx A {a}"),
         {"a": "plain"}, peer="a"),
    Case("idn", "an international domain", MX, {"a": "plain"}, domain="bücher.idn.s.test", peer="a"),
    Case("nullmx", "null MX", ("@ MX 0 .",), want="bounced", code="5.1.10"),
    Case("nxdomain", "no such domain", (), want="bounced", code="5.1.2", domain="nowhere.s.test"),
    Case("noaddress", "its MX has no address", ("@ MX 10 gone",), want="bounced", code="5.4.4"),
    Case("mxliteral", "its MX is an address", ("@ MX 10 10.53.0.9.",), want="bounced", code="5.4.4"),
    Case("loop", "its MX is us", ("@ MX 10 mx.abide.s.test.",), want="bounced", code="5.4.6", postfix=False),
    Case("backup", "we are its second MX, the first is dead",
         ("@ MX 10 mx", "@ MX 20 mx.abide.s.test.", "@ MX 30 mx2", "mx A {a}", "mx2 A {b}"), {"b": "plain"},
         want="deferred", code="4.4.1", postfix=False),
    Case("servfail", "its MX: SERVFAIL", (), want="deferred", code="4.4.3", domain="x.servfail.s.test"),
    Case("silent", "its name servers say nothing", (), want="deferred", code="4.4.3", domain="x.silent.s.test"),
    Case("bogus", "its MX records have wrong signatures", ("@ MX 10 spoil-mx", "spoil-mx A {a}"), {"a": "plain"},
         want="deferred", code="4.4.3", says="signatures"),
    Case("afails", "its only MX has an address that fails", ("@ MX 10 mx.servfail.s.test.",), want="deferred",
         code="4.4.3"),
    Case("ahalf", "one of two MX has an address that fails",
         ("@ MX 10 mx.servfail.s.test.", "@ MX 20 mx", "mx A {a}"), {"a": "plain"}, peer="a"),
    Case("literal", "an address literal", (), {"a": "plain"}, domain="[{a}]", peer="a"),
]

OPPORTUNISTIC = [
    Case("notls", "no TLS offered", MX, {"a": "plain"}, tls="-"),
    Case("selfsigned", "a certificate of nobody's", MX, {"a": "self"}, tls="not verified"),
    Case("later454", "454 to STARTTLS", MX, {"a": "starttls454"}, tls="-"),
    Case("rubbish", "no TLS after STARTTLS", MX, {"a": "rubbish"}, tls="-"),
    Case("hangup", "closes after STARTTLS", MX, {"a": "hangup"}, tls="-"),
]

DANE = [
    dane("ee", "3 1 1, fits", "good", EE, tls="verified by dane"),
    dane("ee512", "3 1 2", "good", "_25._tcp.mx TLSA 3 1 2 {tlsa:good 1 2}", tls="verified by dane"),
    dane("eecert", "3 0 1", "good", "_25._tcp.mx TLSA 3 0 1 {tlsa:good 0 1}", tls="verified by dane"),
    dane("eefull", "3 0 0, the certificate itself", "good", "_25._tcp.mx TLSA 3 0 0 {tlsa:good 0 0}",
         tls="verified by dane"),
    dane("eeself", "3 1 1, expired, for another name, of nobody's", "old",
         "_25._tcp.mx TLSA 3 1 1 {tlsa:old 1 1}", tls="verified by dane"),
    dane("ta", "2 0 1, right name", "ta", "_25._tcp.mx TLSA 2 0 1 {tlsa:taca 0 1}", tls="verified by dane"),
    dane("taname", "2 0 1, wrong name", "taother", "_25._tcp.mx TLSA 2 0 1 {tlsa:taca 0 1}", want="deferred",
         code="4.7.5", says="could not prove"),
    dane("tadomain", "2 1 1, the certificate names the domain, not the host", "tadomain",
         "_25._tcp.mx TLSA 2 1 1 {tlsa:taca 1 1}", tls="verified by dane"),
    dane("mismatch", "3 1 1 of another key", "self", EE, want="deferred", code="4.7.5", says="DANE TLSA"),
    dane("rollover", "two records, one of the next key", "good", EE,
         "_25._tcp.mx TLSA 3 1 1 {tlsa:old 1 1}", tls="verified by dane"),
    dane("unusable", "only records that nobody can use (1 1 1, 3 9 9)", "self",
         "_25._tcp.mx TLSA 1 1 1 {tlsa:self 1 1}", "_25._tcp.mx TLSA 3 9 9 00", tls="not verified"),
    dane("unusableplain", "the same, and no TLS offered", "plain", "_25._tcp.mx TLSA 1 1 1 {tlsa:self 1 1}",
         want="deferred", code="4.7.4"),
    dane("mixed", "an unusable record beside one that fits", "good", EE, "_25._tcp.mx TLSA 0 0 1 {tlsa:self 0 1}",
         tls="verified by dane"),
    dane("stripped", "TLSA records, and no TLS offered", "plain", EE, want="deferred", code="4.7.4", says="TLSA"),
    dane("dane454", "TLSA records, and 454 to STARTTLS", "starttls454", EE, want="deferred", code="4.7.0"),
    dane("danebroken", "TLSA records, and no TLS after STARTTLS", "rubbish", EE, want="deferred", code="4.7.5"),
    Case("tlsafails", "its TLSA records: SERVFAIL", ("@ MX 10 mx.tlsaservfail.s.test.",), {}, want="deferred",
         code="4.7.5", says="TLSA records"),
    Case("tlsasilent", "its TLSA records: no answer", ("@ MX 10 mx.tlsasilent.s.test.",), {}, want="deferred",
         code="4.7.5", says="TLSA records"),
    dane("tlsabogus", "its TLSA records have wrong signatures", "self", "_25._tcp.mx TLSA 3 1 1 " + "5b01" * 16,
         want="deferred", code="4.7.5", says="signatures"),
    Case("tlsahalf", "one of two MX has TLSA records that fail",
         ("@ MX 10 mx.tlsaservfail.s.test.", "@ MX 20 mx", "mx A {a}", EE), {"a": "good"}, peer="a",
         tls="verified by dane"),
    Case("nextmx", "the first MX does not fit its record, the second does",
         ("@ MX 10 mx", "@ MX 20 mx2", "mx A {a}", "mx2 A {b}", EE,
          "_25._tcp.mx2 TLSA 3 1 1 {tlsa:good 1 1}"), {"a": "self", "b": "good"}, peer="b", tls="verified by dane"),
    Case("insecuremx", "the MX is in an unsigned zone, its host in a signed one",
         ("@ MX 10 mx.insecuremx.s.test.", "@s mx A {a}", "@s _25._tcp.mx TLSA 3 1 1 {tlsa:good 1 1}"), {"a": "self"},
         signed=False, tls="not verified"),
    Case("insecurehost", "the MX is signed, its host in an unsigned zone, whose TLSA fails",
         ("@ MX 10 mx.tlsaservfail.u.test.",), {}, tls="not verified"),
    Case("mxalias", "the host is an alias, the record stands at its end",
         ("@ MX 10 mx", "mx CNAME host", "host A {a}", "_25._tcp.host TLSA 3 1 1 {tlsa:good 1 1}"), {"a": "good"},
         tls="verified by dane"),
    Case("mxaliasfirst", "the host is an alias, the record stands at its own name",
         ("@ MX 10 mx", "mx CNAME host", "host A {a}", EE), {"a": "good"}, tls="verified by dane"),
    Case("mxaliasout", "an alias into an unsigned zone, the record at its own name",
         ("@ MX 10 mx", "mx CNAME mx.mxaliasout.u.test.", "@u mx A {a}", EE), {"a": "good"}, tls="verified by dane"),
    Case("tlsaalias", "the record is an alias", MX + (
        "_25._tcp.mx CNAME shared", "shared TLSA 3 1 1 {tlsa:good 1 1}"), {"a": "good"}, tls="verified by dane"),
    Case("daneimplicit", "no MX, an A record, and TLSA", ("@ A {a}", "_25._tcp TLSA 3 1 1 {tlsa:good 1 1}"),
         {"a": "good"}, tls="verified by dane"),
    dane("sni", "the right certificate only for who asks for it by name", "sni", EE, tls="verified by dane"),
]

MTASTS = [
    sts("enforce", "enforce, all right", "good", tls="mta-sts"),
    sts("enforceself", "enforce, a certificate of nobody's", "self", want="deferred", code="4.7.5", says="MTA-STS",
        postfix=True),
    sts("enforceold", "enforce, an expired certificate", "expired", want="deferred", code="4.7.5", says="expired"),
    sts("enforcename", "enforce, a certificate for another name", "other", want="deferred", code="4.7.5",
        says="mismatch"),
    sts("enforceplain", "enforce, no TLS offered", "plain", want="deferred", code="4.7.4", says="MTA-STS"),
    sts("enforcemx", "enforce, the policy names other hosts", "good", OTHER, want="deferred", code="4.7.5",
        says="none of the mail servers"),
    sts("enforcestar", "enforce, the policy has *.DOMAIN", "good", ENFORCE.replace("{h}", "*.{d}"), tls="mta-sts"),
    Case("enforcetwo", "enforce, the first of two MX is not in the policy",
         ("@ MX 10 evil", "@ MX 20 mx", "evil A {a}", "mx A {b}") + STS, {"a": "self", "b": "good"}, "good", ENFORCE,
         signed=False, peer="b", tls="mta-sts"),
    sts("testing", "testing, a certificate of nobody's", "self", TESTING, tls="mta-sts testing"),
    sts("testingplain", "testing, no TLS offered", "plain", TESTING, tls="-"),
    sts("stsnone", "mode none, a certificate of nobody's", "self",
        "version: STSv1\nmode: none\nmax_age: 86400\n", tls="not verified"),
    sts("sts404", "the policy is not there", "self", web="404", tls="not verified"),
    sts("stsredirect", "the policy is elsewhere (redirect)", "self", web="redirect", tls="not verified"),
    sts("stscert", "the policy's server has a wrong certificate", "self", web="self", tls="not verified"),
    sts("stshtml", "the policy is HTML", "self", web="html", tls="not verified"),
    sts("stslong", "the policy is 1 MiB", "self", ENFORCE + "x: y\n" * 200000, tls="not verified"),
    sts("stsbad", "the policy has no mode", "self", "version: STSv1\nmx: {h}\nmax_age: 1\n", tls="not verified"),
    sts("ststwice", "two records announce it", "self", records=('_mta-sts TXT "v=STSv1; id=2;"',), tls="not verified"),
    sts("stsdead", "nobody answers at the policy's address", "self", web="dead", tls="not verified"),
    sts("stsrenewed", "enforce, for seconds only, and nobody writes meanwhile", "good", ENFORCE.replace("86400", "12"), tls="mta-sts"),
    sts("stskept", "enforce, and then the policy's server has none any more", "self", want="deferred", code="4.7.5"),
    Case("danests", "DANE fits, the policy would not (DANE counts)", MX + (EE,) + STS, {"a": "good"}, "good", OTHER,
         tls="verified by dane"),
    Case("danestsbad", "DANE does not fit, the policy would (DANE counts)",
         MX + ("_25._tcp.mx TLSA 3 1 1 {tlsa:old 1 1}",) + STS, {"a": "good"}, "good", ENFORCE, want="deferred",
         code="4.7.5", says="DANE TLSA"),
]

REAL = [
    dane("postfix", "a real Postfix, 3 1 1", "postfix", EE, tls="verified by dane"),
    dane("exim", "a real Exim, 3 1 1", "exim", EE, tls="verified by dane"),
    Case("opensmtpd", "a real OpenSMTPD, without TLS", MX, {"a": "opensmtpd"}, tls="-"),
]

CASES = ROUTING + OPPORTUNISTIC + DANE + MTASTS + REAL
