"""Incidents that are theirs, or nobody's: "ours" must never be said."""
from .answers import Rule, hosted, site, sites
from .incident import Incident, Right
from .incidents_ours import TLS_TO
from .network import nft

WAIT, LETTER = ("nothing: it passes",), ("abide letter",)
ODD = "odd.test"


def odd(*rules, **kw):
    """Six that take everything, and one that says so."""
    return {**sites(6), **site(ODD, 40, *rules, **kw)}


def house(n, *rules):
    """A hoster with n domains, beside six others."""
    return {**sites(6), **hosted([f"firm{i}.test" for i in range(1, n + 1)], "mx.hoster.test", "203.0.113.30", *rules)}


def theirs(trouble, words, scope=("site", "provider"), who="odd", whose="theirs"):
    return (Right(whose, trouble, scope, who, words=words),)


def silence(address):
    return lambda w: nft(f"add rule inet t in ip daddr {address} tcp dport 25 drop")


LISTED = ("554 5.7.1 Service unavailable; Client host [{source}] blocked using zen.spamhaus.org; Error: open resolver; "
          "https://check.spamhaus.org/returnc/pub/203.0.113.53/")
INCIDENTS = [
    Incident("site-refuses", "one site's server does not run", theirs("reach", WAIT), sites=odd(), trouble=lambda w: w.peer(f"mx.{ODD}").down()),
    Incident("site-silent", "one site's line is cut", theirs("reach", WAIT), sites=odd(), trouble=silence("198.18.40.10"), seconds=20),
    Incident("site-hangs", "one site takes connections and says nothing", theirs("reach", WAIT), sites=odd(Rule("HANG", "banner")), seconds=30),
    Incident("site-closes", "one site hangs up at the end of each message", theirs(("reach", "load"), WAIT), sites=odd(Rule("CLOSE", "end"))),
    Incident("two-sites-down", "two sites that have nothing to do with each other are down", (Right("theirs", "reach", who="odd", words=WAIT),
             Right("theirs", "reach", who="far", words=WAIT)), sites={**odd(), **site("far.test", 41)},
             trouble=lambda w: (w.peer(f"mx.{ODD}").down(), w.peer("mx.far.test").down())),
    Incident("greylisting", "one site greylists", theirs("wait", WAIT, whose="nobody"), sites=odd(
             Rule("450 4.2.0 <{to}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/odd.html", fresh=60))),
    Incident("greylisting-many", "we are new, and most sites greylist us", (Right("nobody", "wait", words=WAIT),), is_healthy=False,
             sites={**sites(6, Rule("451 4.7.1 Greylisting in action, please come back later", fresh=40)), **sites(2, first=7)}),
    Incident("mailbox-full", "one mailbox is full", theirs("mailbox", ("recipient",), "recipient", f"r1@{ODD}"),
             sites=odd(Rule("452 4.2.2 The email account that you tried to reach is over quota", to=f"r1@{ODD}"))),
    Incident("mailbox-rate", "one mailbox is flooded by others", theirs(("wait", "mailbox"), WAIT + (), ("recipient", "site", "provider"),
             whose=("nobody", "theirs")), sites=odd(Rule("450-4.2.1 The user you are trying to contact is receiving mail at a rate that\n450-4.2.1 "
                                                         "prevents additional messages from being delivered.\n450 4.2.1 Please resend later.", to=f"r2@{ODD}"))),
    Incident("left-the-firm", "somebody has left her firm", (Right(("theirs", "sender"), "address", "recipient", f"r0@{ODD}", words=("sender",)),),
             sites=odd(Rule("550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table", to=f"r0@{ODD}"))),
    Incident("sees-no-ptr", "one site does not see our reverse name, which is there", theirs("identity", LETTER),
             sites=odd(Rule("450 4.7.25 Client host rejected: cannot find your hostname, [{source}]"))),
    Incident("sees-no-sender", "one site does not find our domain, which is there", theirs("authentication", LETTER, ("site", "provider", "sender")),
             sites=odd(Rule("450 4.1.8 <{sender}>: Sender address rejected: Domain not found"))),
    Incident("sees-spf-fail", "one site misreads our SPF record", theirs("authentication", LETTER, ("site", "provider", "sender")),
             sites=odd(Rule("550 5.7.23 <{to}>: Recipient address rejected: Message rejected due to: SPF fail - not authorized"))),
    Incident("open-resolver", "one site asks a list the wrong way", theirs(("policy", "reputation"), LETTER), sites=odd(Rule(LISTED))),
    Incident("own-list", "one house thinks badly of us by a list of its own", theirs("reputation", LETTER), sites=odd(
             Rule("554 IP={source} - A problem occurred. Ask your postmaster for help or to contact tobr@rx.t-online.de to clarify. (BL)", "banner"))),
    Incident("overload", "one site has too much to do", theirs("load", WAIT), sites=odd(
             Rule("451 4.3.2 System load is too high, please try again later", part=(3, 4)))),
    Incident("their-disk", "one site's disk is full", theirs("load", WAIT), sites=odd(Rule("452 4.3.1 Insufficient system storage", "mail"))),
    Incident("ldap", "one site's directory is away", theirs("load", WAIT), sites=odd(Rule("451 4.3.0 <{to}>: Temporary lookup failure"))),
    Incident("hoster-down", "a hoster with five of eleven domains is down", theirs("reach", WAIT, who="hoster"), sites=house(5),
             trouble=lambda w: w.peer("mx.hoster.test").down()),
    Incident("hoster-fails", "a hoster's storage is broken", theirs("load", WAIT, who="hoster"),
             sites=house(5, Rule("451 4.3.0 Error: queue file write error", "end", part=(4, 5)))),
    Incident("hoster-throttles", "a provider takes less mail at a time than we have", theirs("rate", WAIT, who="hoster"),
             sites=house(4, Rule("450 4.7.1 You have exceeded the rate limit, please try again later", "mail", part=(2, 3)))),
    Incident("hoster-complains", "a provider puts some of our mail off, as its users complained", theirs(("rate", "reputation"),
             ("letter|nothing|less",), who="hoster"),
             sites=house(4, Rule("421 4.7.0 [TSS04] Messages from {source} temporarily deferred due to unexpected volume or user complaints - "
                                 "4.16.55.1; see https://postmaster.yahooinc.com/error-codes", "mail", part=(2, 3)))),
    Incident("hoster-resolver", "a hoster's resolver is dead: it sees no reverse name, whose ever", theirs(
             ("identity", "authentication"), LETTER, who="hoster"), sites=house(4, Rule("450 4.7.25 Client host rejected: cannot find your hostname, [{source}]"))),
    Incident("their-dns", "the name servers of one domain fail", theirs("dns", WAIT), sites=odd(), front={}, healthy=("good1.test", "good2.test"),
             trouble=lambda w: w.front.behave.update({ODD: "servfail"})),
    Incident("their-domain-gone", "nobody has paid for a domain, and it is gone", (Right(("theirs", "sender"), "address", words=("sender",)),),
             sites=odd(), without=(f"{ODD} ", f"mx.{ODD} "), healthy=("good1.test",)),
    Incident("their-tls-lost", "a site offers TLS that it can't do, and we demand it", theirs("tls", ()), routes={ODD: 'to = "mx" tls = required'},
             sites=odd(Rule("454 4.7.0 TLS not available due to local problem", "starttls"), tls=())),
    Incident("their-certificate", "a site's certificate ran out, and we demand a good one", theirs("tls", LETTER),
             routes={ODD: TLS_TO["good1.test"]}, sites=odd(tls=(-48, -24)), healthy=("good1.test",), is_long=True, seconds=250),
    Incident("their-certificate-first", "the same, in its first minutes", theirs("tls", ()), routes={ODD: TLS_TO["good1.test"]},
             sites=odd(tls=(-48, -24)), healthy=("good1.test",)),
    Incident("their-policy", "one site refuses us for no reason that it tells", theirs("policy", LETTER),
             sites=odd(Rule("550 5.7.1 Message refused by policy"))),
]
