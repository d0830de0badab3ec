"""Incidents that are ours, or of one who sends through us."""
from .answers import Rule, site, sites
from .incident import SENDERS, Flow, Incident, Right
from .names import reverse, strict_rules
from .network import OURS, OURS6, nft, run
from .staging import DOMAIN, HOST

ARPA = f"{reverse(OURS)}.in-addr.arpa"
SHOP = "laden.test"
SECOND = "192.0.2.26"
NOTHING = "nothing: it passes"


def looking(n=6):
    """Half of them look at us."""
    return {**sites(n // 2, *strict_rules()), **sites(n - n // 2, first=n // 2 + 1)}


def with_shop(times=1):
    """(flows) ours and a customer's to every site."""
    to = [f"r{{n}}@good{i}.test" for i in range(1, 7)]
    return (Flow(SENDERS, to, 36 * times, 0.4), Flow([f"info@{SHOP}", f"kim@{SHOP}"], to, 30 * times, 0.5))


def block_by_provider(w):
    nft("add rule inet t in tcp dport 25 drop")


def block_by_own_firewall(w):
    nft("add rule inet t out tcp dport 25 reject with icmpx type admin-prohibited")


def lose_ipv6(w):
    run("ip", "-6", "route", "del", "default", "dev", "lo")
    run("ip", "-6", "route", "del", "local", "2001:db8:1::/48", "dev", "lo")


def both_ways(n):
    """Sites that have IPv6 too."""
    out = {}
    for i in range(1, n + 1):
        out.update(site(f"good{i}.test", i))
        out[f"good{i}.test"][0][1].addresses.append(f"2001:db8:1::{i}")
    return out


def greets_later(hours):
    """A host that says what time it is."""
    import email.utils  # pylint: disable=import-outside-toplevel
    import time  # pylint: disable=import-outside-toplevel
    return "220 {host} ESMTP Exim 4.96 " + email.utils.formatdate(time.time() + hours * 3600)


def young(first, n, hours):
    """Sites whose certificates begin in an hour, as our clock has it."""
    out = {}
    for i in range(first, first + n):
        out.update(site(f"good{i}.test", i, tls=(hours - 1, hours + 500), greeting=greets_later(hours)))
    return out


TLS_TO = {f"good{i}.test": 'to = "mx" tls = required' for i in range(1, 5)}
UNAUTHENTICATED = (f"550-5.7.26 Unauthenticated email from {SHOP} is not accepted due to domain's\n550-5.7.26 DMARC policy. Please "
                   f"contact the administrator of\n550 5.7.26 {SHOP} domain if this was a legitimate mail.")

INCIDENTS = [
    Incident("ptr-gone", "our reverse name is gone; half of the sites look", (Right("ours", "identity", check="ptr",
             words=("has no PTR", "reverse name", OURS)),), sites=looking(), without=(ARPA,)),
    Incident("ptr-not-back", "our reverse name does not lead back", (Right("ours", "identity", check="ptr", words=("lead back", "DNS")),),
             sites=looking(), without=(ARPA,), dns=(f"{ARPA} PTR host25.old.test.", "host25.old.test A 192.0.2.99")),
    Incident("helo-gone", "the name that we greet with has no address any more", (Right("ours", "identity", check="helo",
             words=(HOST, "hostname|address")),), sites=looking(), without=(f"{HOST} A ", ARPA),
             dns=(f"{ARPA} PTR real.abide.test.", f"real.abide.test A {OURS}")),
    Incident("helo-localhost", "after a new installation we greet as localhost", (Right("ours", "identity", words=("hostname|helo",)),),
             sites={**sites(3, Rule("504 5.5.2 <{helo}>: Helo command rejected: need fully-qualified hostname",
                                    when=lambda d: d.helo == "localhost.localdomain")), **sites(3, first=4)},
             sources={OURS: 'helo = "localhost.localdomain"'}),
    Incident("listed", "a list has our address, and half of the sites ask it", (Right("ours", "reputation", check="blocklist",
             words=("list.test", "spam|off")),), sites=looking(), dns=(f"{reverse(OURS)}.list.test A 127.0.0.4",
                                                                      f'{reverse(OURS)}.list.test TXT "spam was seen"')),
    Incident("listed-elsewhere", "a list that we do not ask has our address", (Right("ours", "reputation", words=("list",)),),
             sites={**sites(4, Rule("554 5.7.1 Service unavailable; Client host [{source}] blocked using bl.other.test")),
                    **sites(3, first=5)}),
    Incident("resolver-dead", "the resolver dies while mail flows", (Right("ours", "dns", check=("resolver", None), words=("resolver",)),),
             sites=sites(8), healthy=("good1.test",), trouble=lambda w: w.names.stop(), seconds=20),
    Incident("resolver-refuses", "the resolver refuses to answer us", (Right("ours", "dns", words=("resolver",)),), sites=sites(8),
             healthy=("good1.test",), front={}, trouble=lambda w: w.front.behave.update({"": "refused"}), seconds=20),
    Incident("port25-provider", "the provider drops what goes out to port 25", (Right("ours", "reach", "everything",
             words=("port 25", "provider|firewall")),), sites=sites(8), trouble=block_by_provider, seconds=20),
    Incident("port25-firewall", "our own firewall refuses what goes out to port 25", (Right("ours", "reach", "everything",
             words=("port 25|firewall",)),), sites=sites(8), trouble=block_by_own_firewall, seconds=20),
    Incident("clock", "our clock is 2 h behind: certificates are not valid yet", (Right("ours", ("tls", "server"), check="clock",
             words=("behind", "NTP")),), sites={**young(1, 4, 2), **sites(3, first=5)}, routes=TLS_TO, is_healthy=False),
    Incident("certificate", "our certificate ran out yesterday; no mail out suffers", (Right("ours", "server", check="certificate",
             words=("expired", "new certificate")),), certificate=(-100, -24)),
    Incident("tlsa", "our TLSA record is of another key", (Right("ours", "server", check="tlsa", words=("TLSA",)),),
             dns=(f"_25._tcp.{HOST} TLSA 3 1 1 " + "ab" * 32,)),
    Incident("disk", "the disk of the queue is nearly full", (Right("ours", "server", check="disk", words=("room", "disk")),),
             trouble=lambda w: w.fill_disk(30 << 20)),
    Incident("memory", "hardly any memory is left", (Right("ours", "server", check="memory", words=("memory|top",)),),
             proc={"meminfo": "MemTotal: 4000000 kB\nMemFree: 20000 kB\nMemAvailable: 100000 kB\n"}),
    Incident("spf-own", "our own SPF record lacks us", (Right(("ours", "sender"), "authentication", check="spf", words=("SPF", f"ip4:{OURS}")),),
             sites=looking(), without=(f'{DOMAIN} TXT',), dns=(f'{DOMAIN} TXT "v=spf1 ip4:198.51.100.9 -all"',)),
    Incident("spf-customer", "a customer's SPF record lacks us", (Right("sender", "authentication", who=SHOP, check="spf", words=("SPF", SHOP)),),
             sites=looking(), customers=(SHOP,), mail=with_shop(), without=(f'{SHOP} TXT',),
             dns=(f'{SHOP} TXT "v=spf1 ip4:198.51.100.9 -all"',)),
    Incident("dkim-customer", "a customer's key for DKIM was lost in a move", (Right("sender", "authentication", who=SHOP, check="dkim",
             words=("abide dkim|_domainkey",)),), sites={**sites(3, Rule(UNAUTHENTICATED, "end", sender=SHOP)), **sites(3, first=4)},
             customers=(SHOP,), mail=with_shop(), without=(f"s1._domainkey.{SHOP}",)),
    Incident("account-abused", "one account sends what is refused as spam everywhere", (Right("sender", ("content", "reputation"),
             who=f"info@{SHOP}", words=("account|who sends",)),), customers=(SHOP,), mail=with_shop(5),
             sites=sites(6, Rule("554 5.7.1 Message rejected as spam by Content Filtering.", "end", sender=f"info@{SHOP}"))),
    Incident("mx-own-gone", "our domain's MX is gone, and sites that look refuse its senders",
             (Right(("ours", "sender"), "authentication", check="mx", words=("MX",)),), without=(f"{DOMAIN} MX",),
             sites={**sites(4, Rule("450 4.1.8 <{sender}>: Sender address rejected: Domain not found")), **sites(3, first=5)}),
    Incident("second-address", "the second of our addresses has no reverse name", (Right("ours", "identity", who=SECOND,
             words=("PTR|reverse",)),), sources={OURS: "", SECOND: ""}, sites=sites(6, *strict_rules()), seconds=24,
             dns=(f"{HOST} A {SECOND}", f'{DOMAIN} TXT "v=spf1 ip4:{OURS} ip4:{SECOND} -all"'), without=(f"{DOMAIN} TXT",)),
    Incident("ipv6-gone", "the route for IPv6 is gone, and sites with AAAA are reached only by the second try",
             (Right("ours", ("reach", "server"), check="ipv6", words=("IPv6",)),), sites=both_ways(6), uses_ipv6=True,
             sources={OURS: f'ipv6 = "{OURS6}"'}, trouble=lose_ipv6),
    Incident("mailboxes-down", "what has our own mailboxes is down; mail to others goes well", (Right("ours", "reach", who="lmtp:",
             words=("mailboxes", "run")),), trouble=lambda w: w.sink.down(),
             mail=(Flow(SENDERS, [f"r{{n}}@good{i}.test" for i in range(1, 7)], 30, 0.5), Flow("x@good1.test", [f"ann@{DOMAIN}"], 12, 1))),
    Incident("ptr-and-site-down", "two at once: no reverse name, and one site is down",
             (Right("ours", "identity", check="ptr", words=("PTR",)), Right("theirs", "reach", ("site", "provider"), "good6.test", words=(NOTHING,))),
             sites=looking(), without=(ARPA,), trouble=lambda w: w.peer("mx.good6.test").down()),
    Incident("disk-and-dkim", "two at once: the disk, and a customer's key",
             (Right("ours", "server", check="disk", words=("room",)), Right("sender", "authentication", who=SHOP, check="dkim")),
             sites={**sites(3, Rule(UNAUTHENTICATED, "end", sender=SHOP)), **sites(3, first=4)}, customers=(SHOP,), mail=with_shop(),
             without=(f"s1._domainkey.{SHOP}",), trouble=lambda w: w.fill_disk(30 << 20)),
]
