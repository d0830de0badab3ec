"""Incidents by somebody who has not seen how abide judges: a blind test. Ordinary mail goes on beside each."""
import ipaddress

from .answers import Peer, Rule, hosted, site
from .incident import SENDERS, Flow, Incident, Right
from .names import reverse
from .network import OURS, OURS6, nft, run
from .staging import DOMAIN

TOWN = ("uni-nord.test", "stadtwerke.test", "praxis.test", "gaertner.test", "notar.test", "museum.test")
NATTED = "198.51.100.77"
PASSES = ("nothing|passes|wait|by itself",)
STALE = Rule("550 5.1.1 <{to}>... User unknown", to="emerita@uni-nord.test")
NOISE = (Right(("theirs", "sender"), ("address", "mailbox"), "recipient", "emerita@"),)
CALLED = ("550-Verification failed for <{sender}>\n550-Called:   192.0.2.25\n550-Sent:     RCPT TO:<{sender}>\n"
          "550-Response: 550 5.1.1 <{sender}>: Recipient address rejected: User unknown\n550 Sender verify failed")
NO_PTR6 = ("550-5.7.25 [{source}] The IP address sending this message does not have a\n550-5.7.25 PTR record setup, or the "
           "corresponding forward DNS entry does not\n550-5.7.25 match the sending IP. As a policy, Gmail does not accept messages "
           "from\n550-5.7.25 IPs with missing PTR records. For more information, go to\n"
           "550 5.7.25  https://support.google.com/a?p=sender-guidelines-ip - gsmtp")
UNSOLICITED = ("421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\n421-4.7.28 from your DKIM domain "
               "[blumen.test 35]. To protect our users from\n421-4.7.28 spam, mail sent from your domain has been temporarily rate "
               "limited. For\n421-4.7.28 more information, go to\n"
               "421 4.7.28  https://support.google.com/mail/?p=UnsolicitedRateLimitError - gsmtp")


def town(rules=None, **more):
    """The ordinary sites; rules: domain -> what one of them says."""
    out = {}
    for net, name in enumerate(TOWN, 60):
        own = (rules or {}).get(name, ())
        out.update(site(name, net, *own, *((STALE,) if name == TOWN[0] else ())))
    return {**out, **more}


def mail(*domains, n=40, every=0.35, more=()):
    """What our people write on a day, to these and to the town; some come in; one writes to somebody who left."""
    to = [f"r{{n}}@{d}" for d in (*domains, *TOWN)]
    return (Flow(SENDERS, to, n, every), Flow(["dekanat@uni-nord.test", "kasse@museum.test"], [f"ann@{DOMAIN}", f"bob@{DOMAIN}"], 8, 1.7, 0.5),
            Flow(f"cyn@{DOMAIN}", "emerita@uni-nord.test", 1, 1, 5), *more)


def incident(name, what, right, sites, flows, **kw):
    return Incident(name, what, right, sites=sites, mail=flows, noise=NOISE, diagnose=f'probe = "{TOWN[5]}"', is_blind=True, **kw)


def big_packets_vanish(_):
    """As in a tunnel, where nobody hears "fragmentation needed"."""
    run("ip", "link", "set", "lo", "mtu", "1500")
    nft("add rule inet t in tcp dport 25 meta length > 1400 drop")


def another_router(_):
    nft("add chain inet t nat { type nat hook postrouting priority 100; }",
        f"add rule inet t nat ip daddr 198.18.0.0/15 tcp dport 25 snat ip to {NATTED}")


def network_away(_):
    nft("add rule inet t out ip daddr 203.0.113.0/24 tcp dport 25 reject with icmp type host-unreachable")


def from_natted(reply, at="rcpt"):
    return (Rule(reply, at, source=NATTED),)


def dual(name, net):
    """One with IPv6 too, where it asks for the reverse name."""
    out = site(name, net, Rule(NO_PTR6, "end", when=lambda d: ":" in d.source))
    out[name][0][1].addresses.append(f"2001:db8:1::{net}")
    return out


def firms(**addresses):
    return {f"{name}.test": [(10, Peer(f"mail.{name}.test", address))] for name, address in addresses.items()}


INCIDENTS = [
    incident("range-listed", "our address is in a range that a list says sends no mail; three sites ask it, each in its words",
             (Right("ours", "reputation", check="blocklist", words=("spamhaus|list",)),),
             town({TOWN[1]: (Rule("554 IP={source} - None/bad reputation. Ask your postmaster for help or to contact "
                                  "tobr@rx.t-online.de for reset. (NOWL)", "banner"),),
                   TOWN[2]: (Rule("554-gmx.net (mxgmx116) Nemesis ESMTP Service not available\n554-No SMTP service\n554-IP address is "
                                  "black listed.\n554 For explanation visit https://postmaster.gmx.net/en/error-messages?ip={source}&c=bl",
                                  "banner"),),
                   TOWN[4]: (Rule("550 5.7.1 Service unavailable, Client host [{source}] blocked using Spamhaus. To request removal from "
                                  "this list see https://www.spamhaus.org/query/ip/{source} AS(1450)"),)}),
             mail(), dns=(f"{reverse(OURS)}.zen.spamhaus.org A 127.0.0.11",
                          f'{reverse(OURS)}.zen.spamhaus.org TXT "https://www.spamhaus.org/query/ip/{OURS}"')),
    incident("large-stalls", "packets above 1400 bytes vanish on our way out: mail with attachments dies at every site, the rest goes",
             (Right("ours", ("reach", "server"), words=("MTU|MSS|fragment|packet|large|big|size|firewall|router|path",)),), town(),
             mail(n=30, every=0.5, more=(Flow(SENDERS, [f"r{{n}}@{d}" for d in TOWN], 24, 0.6, 0.2, 60000),)),
             trouble=big_packets_vanish, seconds=30),
    incident("nat-changed", "a new router sends our mail out as another address, and sites that look refuse that one",
             (Right("ours", ("identity", "authentication", "reputation", "reach"),
                    words=(r"198\.51\.100\.77|\bNAT\b|(an)?other address|different address",)),),
             town({TOWN[1]: from_natted("550 5.7.1 Fix reverse DNS for {source}"),
                   TOWN[3]: from_natted("450 4.7.25 Client host rejected: cannot find your hostname, [{source}]"),
                   TOWN[4]: from_natted("550-[SPF] {source} is not allowed to send mail from haus.test.\n550 Please see "
                                        "http://www.open-spf.org/Why?scope=mfrom;identity={sender};ip={source}")}),
             mail(), trouble=another_router),
    incident("dkim-rotated", "our new DKIM key is not in the DNS yet, where the old one stands; sites that verify refuse",
             (Right(("ours", "sender"), "authentication", check="dkim", words=("DKIM|_domainkey",)),),
             town({TOWN[0]: (Rule("554 5.7.5 Message rejected: DKIM signature did not verify (header.d=haus.test, s=s1)", "end", sender=DOMAIN),),
                   TOWN[3]: (Rule("550 5.7.0 bad DKIM signature data", "end", sender=DOMAIN),),
                   TOWN[5]: (Rule("550 5.7.20 No passing DKIM signature found for haus.test", "end", sender=DOMAIN),)}),
             mail(), without=(f"s1._domainkey.{DOMAIN}",),
             dns=(f's1._domainkey.{DOMAIN} TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="',)),
    incident("callback-fails", "a customer's web server writes as an address that does not exist here; sites that call back refuse",
             (Right(("sender", "ours"), (), who="moebel.test", words=("address|exist|mailbox|verif|bounce",)),),
             town({d: (Rule(CALLED, sender="www-data@moebel.test"),) for d in (TOWN[1], TOWN[2], TOWN[4])}),
             mail(more=(Flow("www-data@moebel.test", [f"r{{n}}@{d}" for d in TOWN], 24, 0.6),
                        Flow("kim@moebel.test", [f"r{{n}}@{d}" for d in TOWN], 18, 0.8))), customers=("moebel.test",)),
    incident("ptr6-and-maintenance", "two at once: our IPv6 address has no reverse name, and one site is in maintenance",
             (Right("ours", "identity", check="ptr", words=("PTR|reverse", "IPv6|2001:db8")),
              Right("theirs", ("load", "reach"), ("site", "provider"), "bauhof", words=PASSES)),
             town(**dual("fluss.test", 71), **dual("wald.test", 72), **dual("berg.test", 73), **dual("tal.test", 74),
                  **site("bauhof.test", 75, Rule("421 4.3.2 mx.bauhof.test Service not available, closing transmission channel", "banner"))),
             mail("fluss.test", "wald.test", "berg.test", "tal.test", "bauhof.test", n=55, every=0.3), uses_ipv6=True,
             sources={OURS: f'ipv6 = "{OURS6}"'}, without=(ipaddress.ip_address(OURS6).reverse_pointer,)),
    incident("exchange-busy", "a cloud with four domains says that it is busy, three times of four",
             (Right(("theirs", "nobody"), ("load", "rate", "reputation", "wait"), who="mailcloud",
                    words=("nothing|passes|wait|by itself|slow|less|fewer",)),),
             town(**hosted([f"mandant{i}.test" for i in range(1, 5)], "mx.mailcloud.test", "203.0.113.40", Rule(
                 "451 4.7.500 Server busy. Please try again later from [{source}]. (S77714) [DB5EUR03FT042.eop-EUR03.prod.protection.outlook.com "
                 "2026-11-30T09:12:44.310Z 08DE2F1C]", "mail", part=(3, 4)))),
             mail(*(f"mandant{i}.test" for i in range(1, 5)), n=50)),
    incident("verify-behind", "a relay before two domains can't reach the server behind it, of which it asks who is there",
             (Right("theirs", ("load", "reach", "mailbox"), who="werkzeug", words=("nothing|passes|wait|by itself|letter",)),),
             town(**hosted(["werkzeug.test", "werkzeug-shop.test"], "mx.werkzeug.test", "203.0.113.41", Rule(
                 "451-10.20.0.8 [10.20.0.8] : Connection refused\n451 Could not complete recipient verify callout for <{to}>"))),
             mail("werkzeug.test", "werkzeug-shop.test")),
    incident("mimecast-grey", "a filter before three domains says that something is short, to whom it hears for the first time",
             (Right(("nobody", "theirs"), ("wait", "load"), words=PASSES),),
             town(**hosted(["anwalt.test", "steuer.test", "patent.test"], "mx.eu-filter.test", "203.0.113.42", Rule(
                 "451 Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451 "
                 "[q3XcRkzPOWmEbRzVdB0m9w.uk272]", fresh=30))),
             mail("anwalt.test", "steuer.test", "patent.test", n=50)),
    incident("old-mx", "a firm has moved, and the first of its MX is still the old hoster, who knows nothing of it any more",
             (Right(("theirs", "sender"), (), who="schreinerei", words=(r"letter|sender|recipient|\bMX\b|postmaster",)),),
             town(**{"schreinerei.test": [(10, Peer("mx.schreinerei-alt.test", "203.0.113.43", Rule("550 5.7.1 <{to}>... Relaying denied"))),
                                          (20, Peer("mx.schreinerei.test", "198.18.80.10"))]}), mail("schreinerei.test")),
    incident("network-away", "the network of three firms is not reached; all the others are",
             (Right(("theirs", "nobody"), "reach", words=("nothing|passes|wait|by itself|traceroute|provider|letter",)),),
             town(**firms(kanzlei="203.0.113.61", kirche="203.0.113.62", verlag="203.0.113.63")),
             mail("kanzlei.test", "kirche.test", "verlag.test", n=50), trouble=network_away),
    incident("newsletter-and-disk", "two at once: a customer's newsletter is unwelcome at two houses, and a town hall's disk is full",
             (Right("sender", ("content", "reputation", "rate"), who="blumen.test",
                    words=(r"account|who sends|sender|customer|\bless\b|slow|complain|consent|subscri|\blists?\b",)),
              Right("theirs", "load", ("site", "provider"), "rathaus", words=("nothing|passes|wait|by itself|letter",))),
             town({TOWN[3]: (Rule("550 5.7.1 Message rejected: looks like unsolicited bulk mail [B7]", "end", sender="news@blumen.test"),)},
                  **hosted(["bigmail.test", "bigmail-alt.test", "verein.test"], "mx.bigmail.test", "203.0.113.44",
                           Rule(UNSOLICITED, "end", sender="news@blumen.test")),
                  **site("rathaus.test", 81, Rule("452 4.4.5 Insufficient disk space; try again later", "mail"))),
             mail("bigmail.test", "bigmail-alt.test", "verein.test", "rathaus.test", n=50, more=(
                 Flow("news@blumen.test", [f"r{{n}}@{d}" for d in ("bigmail.test", TOWN[3], "verein.test", TOWN[2], "bigmail-alt.test")], 50, 0.3),
                 Flow("laden@blumen.test", ["r{n}@bigmail.test", f"r{{n}}@{TOWN[3]}", f"r{{n}}@{TOWN[1]}"], 12, 1.2))),
             customers=("blumen.test",)),
]
