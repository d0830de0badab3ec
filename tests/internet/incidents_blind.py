"""Fourteen incidents written by somebody who has seen neither the judge nor the others, played as written.

G1..G4 are the sites that look at us strictly and take everything: a message every two seconds goes to one of them.
"""
import functools
import ipaddress
import os

from harness.dns import Nsd

from .answers import Peer, Rule, hosted, site, sites
from .certificates import Policies
from .incident import Flow, Incident, Right
from .incidents_ours import greets_later
from .names import reverse, strict_rules, zones_of
from .network import OURS, OURS6, nft
from .staging import DOMAIN, HOST, LISTS

ANN, ROB, EVE, FAY, MAX = (f"{n}@{DOMAIN}" for n in ("anna", "rob", "eve", "fay", "max"))
INFO = f"info@{DOMAIN}"
GOOD = [f"g@good{i}.test" for i in range(1, 5)]
SHOP = "laden.test"
WAIT, LETTER = ("nothing: it passes",), ("abide letter",)


def controls(**kw):
    return sites(4, *strict_rules(), **kw)


def steady(seconds):
    return Flow((ANN, ROB), GOOD, int(seconds / 2), 2)


# ---- 1 ----

def old_server(w):
    """The second name server of our domain has the zone of last month."""
    folder = os.path.join(w.directory, "old")
    os.mkdir(folder)
    w.old = Nsd(folder, {k: v for k, v in zones_of([f'{DOMAIN} TXT "v=spf1 ip4:198.51.100.9 -all"', f"{DOMAIN} MX 10 {HOST}."]).items() if k != "."})
    with open(w.old.conf, encoding="ascii") as f:
        text = f.read()
    with open(w.old.conf, "w", encoding="ascii") as f:
        f.write(text.replace(f"127.0.0.1@{w.old.port}", "192.0.2.54@53\n  ip-address: 127.0.0.1@" + str(w.old.port)))
    w.old.start()


TWO_TRUTHS = Incident(
    "blind-1-two-truths", "one of our two name servers has an old zone, and receivers ask either",
    (Right("ours", words=("name server|zone|authoritative",)),), trouble=old_server, is_blind=True, is_healthy=False,
    dns=(f"{DOMAIN} NS ns1.{DOMAIN}.", f"{DOMAIN} NS ns2.{DOMAIN}.", f"ns1.{DOMAIN} A 192.0.2.53", f"ns2.{DOMAIN} A 192.0.2.54"),
    sites={**controls(),
           **site("laposte.test", 21, Rule("450 4.1.8 <{sender}>: Sender address rejected: Emetteur invalide / Invalid Sender. LPN007_405", part=(1, 2))),
           **site("postfix.test", 22, Rule("450 4.7.1 <{helo}>: Helo command rejected: Host not found", part=(1, 2))),
           **site("exchange.test", 23, Rule("550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.1 "
                                            f"Recipient rejected: SPF check failed for {DOMAIN}", "end", part=(1, 2)))},
    mail=(Flow(INFO, ["a@laposte.test", "b@postfix.test", "c@exchange.test"], 24, 45 / 24), steady(45)))


# ---- 2 ----

def wrong_door(w):
    nft("add table ip n", "add chain ip n post { type nat hook postrouting priority 100; }",
        f"add rule ip n post ip saddr {OURS} tcp dport 25 snat to 192.0.2.77")


WRONG = {"source": "192.0.2.77"}
WRONG_DOOR = Incident(
    "blind-2-wrong-door", "from second 15 on we go out from another address than that which we vouch for",
    (Right("ours", words=("192.0.2.77", "source|SNAT|goes out")),), is_blind=True, is_healthy=False, later=((15, wrong_door),),
    sites={**sites(2), **sites(2, *strict_rules(), first=3),
           **site("gmx.test", 21, Rule("554-mail.gmx.test (mxgmx016) Nemesis ESMTP Service not available\n554-No SMTP service\n554-Bad DNS PTR "
                                       "resource record.\n554 For explanation visit https://postmaster.gmx.test/en/case?c=r0501&i=ip&v={source}",
                                       "banner", **WRONG)),
           **site("postfix.test", 22, Rule("450 4.7.25 Client host rejected: cannot find your hostname, [{source}]", **WRONG)),
           **site("gmail.test", 23, Rule("550-5.7.25 [{source}] The IP address sending this message does not have a PTR record setup, or the\n"
                                         "550 5.7.25 corresponding forward DNS entry does not match the sending IP.", "end", **WRONG))},
    mail=(Flow((ANN, ROB, EVE, FAY, MAX), ["a@gmx.test", "b@postfix.test", "c@gmail.test"], 30, 50 / 30), steady(50)))


# ---- 3 ----

S3140 = Rule("550 5.7.1 Unfortunately, messages from [{source}] weren't sent. Please contact your Internet service provider since part of their "
             "network is on our block list (S3140). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors. "
             "[Name=Protocol Filter Agent][AGT=PFA][MxId=11B9]")
FIRMS = {"outlook.test": "198.51.100.11", "firma-a.test": "198.51.100.12", "firma-b.test": "203.0.113.11", "firma-c.test": "203.0.113.12",
         "firma-d.test": "198.51.100.13"}
MICROSOFT = Incident(
    "blind-3-microsoft", "all is green, but one operator of five domains has us on a list of its own",
    (Right("ours", "reputation", words=("ask|remov|delist", "off|remov|delist")),), is_blind=True,
    sites={**controls(), **{d: [(10, Peer(d.replace(".", "-") + ".mail.protection.example", a, S3140))] for d, a in FIRMS.items()}},
    mail=(Flow(ANN, ["x@outlook.test"], 4, 10), Flow(ROB, ["x@firma-a.test"], 4, 10, 2), Flow(EVE, ["x@firma-b.test", "x@firma-c.test"], 8, 5, 1),
          Flow(FAY, ["x@firma-d.test"], 4, 10, 4), Flow((ANN, ROB, EVE, FAY), GOOD, 20, 2)))


# ---- 4 ----

def redirect(w):
    nft("add table ip n", "add chain ip n out { type nat hook output priority -100; }",
        "add rule ip n out tcp dport 25 ip daddr != 192.0.2.200 dnat to 192.0.2.200")


def policies(*domains):
    def start(w):
        w.policies = Policies(w.authority, {d: f"mx.{d}" for d in domains})
    return start


def is_used_up(box, _dialogue):
    return box[0].taken >= 5


def middle():
    box = []
    box.append(Peer("box.zugang.test", "192.0.2.200", Rule("220 ************************", "banner"), Rule("250-box\n250 XXXXXXXA", "ehlo"),
                    Rule(f"550 5.7.0 Outbound SMTP quota exceeded for {OURS}, use smtp.zugang.test as smarthost or contact abuse@zugang.test",
                         "mail", when=functools.partial(is_used_up, box))))
    return box[0]


MIDDLE = Incident(
    "blind-4-middle", "from second 12 on the provider redirects port 25 to a box of its own",
    (Right("ours", scope="everything", words=("provider|smarthost|between this server and the world",)),), is_blind=True, is_healthy=False,
    trouble=policies("sure1.test", "sure2.test"), later=((12, redirect),), others=(middle(),),
    sites={**controls(), **site("sure1.test", 21, tls=()), **site("sure2.test", 22, tls=()), **site("other1.test", 23, tls=()), **site("other2.test", 24)},
    dns=tuple(r for d in ("sure1.test", "sure2.test") for r in (f'_mta-sts.{d} TXT "v=STSv1; id=1"', f"mta-sts.{d} A 192.0.2.80")),
    mail=(Flow((ANN, ROB, EVE), [f"a@{d}" for d in ("sure1.test", "sure2.test", "other1.test", "other2.test")] + GOOD, 25, 45 / 25), steady(45)))


# ---- 5 ----

LATER = greets_later(26)
YESTERDAY = Incident(
    "blind-5-yesterday", "our clock is 26 h behind the world", (Right("ours", check="clock", words=("clock|behind", "NTP")),), is_blind=True,
    is_healthy=False, trouble=policies("s1.test", "s2.test", "s3.test"),
    sites={**controls(greeting=LATER), **{k: v for n in (1, 2, 3) for k, v in site(f"s{n}.test", 20 + n, tls=(20, 900), greeting=LATER).items()},
           **site("exim.test", 25, Rule("550 Message rejected: Date header is too far in the past (DKIM-Signature t=/x= expired)", "end"), greeting=LATER)},
    dns=tuple(r for n in (1, 2, 3) for r in (f'_mta-sts.s{n}.test TXT "v=STSv1; id=1"', f"mta-sts.s{n}.test A 192.0.2.80")),
    mail=(Flow((ANN, ROB), ["a@s1.test", "a@s2.test", "a@s3.test", "a@exim.test"], 12, 3), steady(35)))


# ---- 6 ----

def both(name, net, *rules):
    out = site(name, net, *rules)
    out[name][0][1].addresses.append(f"2001:db8:1::{net}")
    return out


IPV6 = Incident(
    "blind-6-half-of-ipv6", "our IPv6 address has no reverse name; and one site is down on both families",
    (Right("ours", ("identity", "authentication", "policy", "reputation"), who="gmail", words=("PTR|reverse name",)),
     Right("theirs", ("load", "reach"), who="siteb", words=WAIT)),
    is_blind=True, is_healthy=False, uses_ipv6=True, sources={OURS: f'ipv6 = "{OURS6}"'},
    without=(ipaddress.ip_address(OURS6).reverse_pointer,), trouble=lambda w: nft("add rule inet t in ip6 daddr 2001:db8:1::30 drop"),
    sites={**both("good1.test", 1), **both("good2.test", 2), **sites(2, *strict_rules(), first=3),
           **both("gmail.test", 21, Rule("550-5.7.1 [{source}] Our system has detected that this message does not\n550-5.7.1 meet IPv6 sending "
                                         "guidelines regarding PTR records and authentication.\n550 5.7.1 Please review "
                                         "https://support.google.test/mail/?p=IPv6AuthError", "end", when=lambda d: ":" in d.source)),
           **both("siteb.test", 30, Rule("421 4.3.2 Service not available, closing transmission channel", "banner"))},
    mail=(Flow((ANN, ROB, EVE), ["a@gmail.test"], 8, 5), Flow((ANN, ROB, EVE), ["b@siteb.test"], 6, 7), Flow((ANN, ROB, EVE), GOOD, 10, 4.5)))


# ---- 7 ----

WRONG_LISTS = Incident(
    "blind-7-wrong-lists", "one site asks a list the wrong way, another a list that closed; and a list refuses to answer us",
    (Right("theirs", ("policy", "reputation"), who="site-k", words=LETTER), Right("theirs", ("policy", "reputation"), who="site-l", words=LETTER)),
    is_blind=True, lists=(*LISTS, "dnsbl.tot.test"), without=("2.0.0.127.zen.spamhaus.org",),
    dns=("*.zen.spamhaus.org A 127.255.255.254", "2.0.0.127.dnsbl.tot.test A 127.0.0.2", "1.0.0.127.dnsbl.tot.test A 127.0.0.2",
         f"{reverse(OURS)}.dnsbl.tot.test A 127.0.0.2"),
    sites={**controls(),
           **site("site-k.test", 21, Rule("554 5.7.1 Service unavailable; Client host [{source}] blocked using zen.spamhaus.org; Error: open resolver; "
                                          "https://check.spamhaus.org/returnc/pub/203.0.113.53/")),
           **site("site-l.test", 22, Rule("550 5.7.1 Mail from {source} refused, see http://dnsbl.tot.test/lookup?{source}"))},
    mail=(Flow((ANN, ROB), ["a@site-k.test", "b@site-l.test"], 8, 3.5), Flow((ANN, ROB), GOOD, 12, 2.5)))


# ---- 8 ----

def small_hoster():
    no_name = Rule("450 4.7.25 Client host rejected: cannot find your hostname, [{source}]")
    return {"schreiner.test": [(10, Peer("mail.schreiner.test", "203.0.113.11", no_name))],
            "praxis.test": [(10, Peer("mx1.praxis.test", "203.0.113.12", no_name))],
            "verein.test": [(10, Peer("mx.verein.test", "203.0.113.17", Rule("451 Temporary local problem - please try later", part=(1, 2)),
                                      Rule("451 4.1.8 <{sender}>: Sender address rejected: Domain not found")))]}


def mend(w):
    for p in w.peers:
        p.is_calm = True


HOSTER = Incident(
    "blind-8-small-hoster", "three domains at one hoster, whose resolver fails, do not see our reverse name; mended in second 40",
    (Right("theirs", ("identity", "authentication", "load"), words=("nothing: it passes|abide letter",)),), is_blind=True, is_healthy=False,
    sites={**controls(), **small_hoster()}, later=((40, mend),), judged_until=40,
    mail=(Flow((ANN, ROB, EVE, FAY), ["a@schreiner.test", "b@praxis.test", "c@verein.test"], 15, 2.5), steady(55)))


# ---- 9 ----

FORWARDER = Incident(
    "blind-9-forwarder", "a club forwards some addresses to Gmail and hands its refusal on",
    (Right(("theirs", "nobody"), who="club.test", words=("letter|recipient|forward",)),), is_blind=True, is_healthy=False,
    sites={**controls(), **hosted(["club.test"], "mx.club.test", "203.0.113.40", Rule(
        "550-5.7.26 Your email has been blocked because the sender is unauthenticated.\n550-5.7.26 Gmail requires all senders to authenticate with "
        f"either SPF or DKIM.\n550-5.7.26  Authentication results:\n550-5.7.26  DKIM = did not pass\n550-5.7.26  SPF [{DOMAIN}] with ip: "
        "[203.0.113.40] = did not pass\n550 5.7.26  For instructions on setting up authentication, go to "
        "https://support.google.test/mail/answer/81126#authentication", "end", to="vorstand@club.test")), **site("gmail.test", 21)},
    mail=(Flow((ANN, ROB), ["vorstand@club.test"], 6, 5), Flow((ANN, ROB), ["kasse@club.test"], 4, 7), Flow((ANN, ROB), ["x@gmail.test"], 6, 5), steady(30)))


# ---- 10 ----

LOST = ("shop.test", "school.test", "town.test", "news.test")


def registrar(domains):
    def fail(w):
        w.front.behave.update({d: "servfail" for d in domains})
        w.front.late.update({d: 3.5 for d in domains})
    return fail


REGISTRAR = Incident(
    "blind-10-registrar", "five domains at five operators share name servers that are gone",
    (Right("theirs", "dns", words=("nothing: it passes|abide letter",)),), is_blind=True, is_healthy=False, front={},
    without=("doctor.test MX", "mx.doctor.test A"), dns=("doctor.test 8 MX 10 mx.doctor.test.", "mx.doctor.test 8 A 198.18.25.10"),
    trouble=registrar(LOST), later=((10, registrar(("doctor.test",))),),
    sites={**controls(), **{k: v for n, d in enumerate((*LOST, "doctor.test")) for k, v in site(d, 21 + n).items()}},
    mail=(Flow((ANN, ROB, EVE, FAY), [f"a@{d}" for d in ("doctor.test", *LOST)], 15, 3), steady(45)))


# ---- 11 ----

def moved():
    old = Peer("mx-old.alt.test", "198.18.21.10", Rule("554 5.7.1 <{to}>: Relay access denied", to="@x.test"))
    new = Peer("x-test.mail.protection.example", "198.51.100.21")
    tenant = Peer("tenant.mail.protection.example", "198.51.100.22", Rule(
        "550 5.7.51 TenantInboundAttribution; There is a partner connector configured that matched the message's recipient domain. The connector had "
        "either the RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set [AM0EUR02FT031.eop-EUR02.test]", "end"))
    return {"x.test": [(10, new), (10, old), (20, tenant)], "y.test": [(10, old)]}


MOVED = Incident(
    "blind-11-half-moved", "one of a site's two MX no longer serves it", (Right("theirs", who="alt.test", words=LETTER),), is_blind=True, is_healthy=False,
    sites={**controls(), **moved()}, mail=(Flow((ANN, ROB, EVE), ["einkauf@x.test", "chef@x.test", "lager@x.test"], 10, 3.5),
                                           Flow((ANN, ROB), ["y@y.test"], 4, 8), steady(35)))


# ---- 12 ----

LARGE = Incident(
    "blind-12-large-mail", "large mail dies on the way to one site; another site's disk is full",
    (Right("theirs", ("reach", "load"), who="site-z", words=("nothing: it passes|abide letter",)), Right("theirs", "load", who="site-w", words=WAIT)), is_blind=True,
    is_healthy=False, trouble=lambda w: nft("add rule inet t in ip daddr 198.18.21.10 ip length > 1400 drop"),
    sites={**controls(), **site("site-z.test", 21), **site("site-w.test", 22, Rule(
        "452 4.3.1 Insufficient system resources (UsedDiskSpace[C:\\Program Files\\Microsoft\\Exchange Server\\V15])", "data"))},
    mail=(Flow((ANN, ROB), ["a@site-z.test"], 4, 12), Flow((ANN, ROB), ["b@site-z.test"], 5, 10, 1, 200000), Flow(EVE, ["c@site-w.test"], 3, 15),
          Flow(EVE, GOOD, 8, 6, 0, 200000), steady(55)))


# ---- 13 ----

QUARRELS = Incident(
    "blind-13-two-quarrels", "a customer's DNS is broken in three ways; and one mailbox at Gmail is flooded by others",
    (Right("sender", "authentication", who=SHOP, check=("spf", "dkim"), words=("SPF|DKIM|abide dkim", SHOP)),
     Right(("theirs", "nobody"), ("wait", "mailbox", "rate"), "recipient", "otto@gmail.test", words=("nothing",))), is_blind=True,
    is_healthy=False, customers=(SHOP,), without=(f"{SHOP} TXT", f"_dmarc.{SHOP}", f"s1._domainkey.{SHOP}"),
    dns=(f'_dmarc.{SHOP} TXT "v=DMARC1; p=reject"', f'{SHOP} TXT "v=spf1 "' + "".join(f' "include:i{n}.agency.test "' for n in range(12)) + ' "-all"',
         *(f'i{n}.agency.test TXT "v=spf1 ip4:198.51.100.{n} ?all"' for n in range(12))),
    sites={**sites(4),
           **site("gmail.test", 21, Rule(f"550-5.7.26 Unauthenticated email from {SHOP} is not accepted due to domain's\n550-5.7.26 DMARC policy. Please "
                                         f"contact the administrator of {SHOP} domain if\n550 5.7.26 this was a legitimate mail.", "end", sender=SHOP),
                  Rule("450-4.2.1 The user you are trying to contact is receiving mail at a rate that\n450-4.2.1 prevents additional messages from being "
                       "delivered. Please resend your\n450 4.2.1 message at a later time.", to="otto@gmail.test")),
           **site("orange.test", 22, Rule("550 5.7.1 Service refuse. Veuillez verifier votre configuration. / Service refused, please check your "
                                          "configuration. OFR_999", "end", sender=SHOP))},
    mail=(Flow((f"info@{SHOP}", f"kim@{SHOP}"), ["a@gmail.test", "b@orange.test"], 8, 5), Flow(f"alarm@{DOMAIN}", ["otto@gmail.test"], 3, 10),
          Flow((ANN, ROB), ["c@gmail.test", "d@orange.test"], 10, 4), Flow(f"kim@{SHOP}", GOOD, 10, 4), steady(40)))


# ---- 14 ----

def large_provider():
    rules = (Rule("421 mwinf5c42 ME Service temporairement indisponible, veuillez reessayer plus tard. [104]", "banner", part=(2, 3)),
             Rule("451 4.3.0 Error: queue file write error", "end"))
    out = {"libero.test": [(10, Peer("mx.libero.test", "203.0.113.50", *rules))]}
    for n in range(1, 6):
        out[f"kunde{n}.test"] = [(10, Peer(f"mx{n}.libero.test", f"{'203.0.113' if n % 2 else '198.51.100'}.{50 + n}", *rules))]
    return out


def fails(is_failing):
    def change(w):
        for p in w.peers:
            p.is_calm = not (is_failing and "libero" in p.host)
    return change


CUSTOMERS = ("shop1.test", "shop2.test", "shop3.test")
CHAIN = Incident(
    "blind-14-chain", "a provider's outage fills our little disk",
    (Right("theirs", ("load", "wait"), ("provider", "site"), "libero", words=WAIT), Right("ours", "server", check="disk", words=("room|disk",))), is_blind=True,
    is_healthy=False, customers=CUSTOMERS, disk="12m", limits='disk_free = "1M"',  # of more than that disk it would take no mail from the start
    sites={**controls(), **large_provider()}, trouble=fails(False), later=((5, fails(True)), (50, fails(False))),
    judged_until=50, mail=(Flow([f"rechnung@{d}" for d in CUSTOMERS], [f"k{{n}}@{d}" for d in ("libero.test", *(f"kunde{n}.test" for n in range(1, 6)))],
                                150, 40 / 150, 0, 100000), Flow(ANN, GOOD, 25, 2), Flow("x@good1.test", [INFO], 10, 5)))

INCIDENTS = [TWO_TRUTHS, WRONG_DOOR, MICROSOFT, MIDDLE, YESTERDAY, IPV6, WRONG_LISTS, HOSTER, FORWARDER, REGISTRAR, MOVED, LARGE, QUARRELS, CHAIN]
