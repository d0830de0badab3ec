#include "conf/schema_rows.h"

/* How mail goes on: route, source, sender, rule, retry, resolver, mta_sts. */

static const struct schema_name tls_names[] = {{"none", CONF_TLS_NONE, NULL},
	{"opportunistic", CONF_TLS_OPPORTUNISTIC, NULL}, {"required", CONF_TLS_REQUIRED, NULL},
	{"dane", CONF_TLS_DANE, NULL}, {0}};

static const struct schema_row source_title = {.key = "IP",
	.type = SCHEMA_IP,
	AT(conf_source, address),
	.min = 1,
	.max = 64,
	.meaning = "an address of this machine"};

static const struct schema_row source_rows[] = {
	{.key = "ipv6",
		.type = SCHEMA_IP,
		AT(conf_source, ipv6),
		.min = 1,
		.max = 64,
		.since = FIRST,
		.meaning = "Its partner for destinations of the other family."},
	{.key = "helo",
		.type = SCHEMA_DOMAIN,
		AT(conf_source, helo),
		.min = 1,
		.max = 255,
		.since = FIRST,
		.meaning = "The name to introduce it with; hostname where it is not set."},
	{.key = "weight",
		.type = SCHEMA_NUMBER,
		AT(conf_source, weight),
		.min = 0,
		.max = 1000,
		.preset = "1",
		.unit = "shares",
		.since = FIRST,
		.meaning = "How much of the mail it gets beside the others; 0: none but what a "
			   "route sends by it (route.source)."},
};

static const struct schema_name priority_names[] = {{"normal", CONF_PRIORITY_NORMAL, NULL},
	{"high", CONF_PRIORITY_HIGH, NULL}, {"low", CONF_PRIORITY_LOW, NULL}, {0}};

static const struct schema_row sender_title = {.key = "WHO",
	.type = SCHEMA_TEXT,
	AT(conf_sender, who),
	.min = 1,
	.max = 320,
	.meaning = "an address, a domain, \".example.org\" for all below it, \"<>\" for notices, "
		   "\"*\" for every other"};

static const struct schema_row sender_rows[] = {
	{.key = "priority",
		.type = SCHEMA_NAME,
		AT(conf_sender, priority),
		.names = priority_names,
		.preset = "normal",
		.since = FIRST,
		.meaning = "Where mail waits for a site: high goes first, low when others have "
			   "had their turns. Who sends very much at once waits behind others "
			   "anyway."},
};

static const struct schema_name stage_names[] = {{"any", REPLY_STAGE_NONE, NULL},
	{"connect", REPLY_STAGE_CONNECT, NULL}, {"helo", REPLY_STAGE_HELO, NULL},
	{"mail", REPLY_STAGE_MAIL, NULL}, {"rcpt", REPLY_STAGE_RCPT, NULL},
	{"data", REPLY_STAGE_DATA, NULL}, {"eod", REPLY_STAGE_EOD, NULL},
	{"auth", REPLY_STAGE_AUTH, NULL}, {"tls", REPLY_STAGE_TLS, NULL}, {0}};

static const struct schema_row rule_title = {.key = "NAME",
	.type = SCHEMA_TEXT,
	AT(conf_rule, name),
	.min = 1,
	.max = 100,
	.meaning = "what to call it where abide says why"};

#define RULE_TEXT(k, most, text)                                                         \
	{                                                                                \
		.key = #k, .type = SCHEMA_TEXT, AT(conf_rule, k), .min = 1, .max = most, \
		.since = FIRST, .meaning = text                                          \
	}

static const struct schema_row rule_rows[] = {
	RULE_TEXT(text, 400,
		"Phrases that all stand in the reply, with & between them: whole words in small "
		"letters, \"word*\" any ending, \"!phrase\" must not stand, \"@phrase\" stands "
		"in a link or a name. <address>, <ip>, <domain>, <url> and <time> stand for such. "
		"Default: any text."),
	{.key = "code",
		.type = SCHEMA_NUMBER,
		AT(conf_rule, code),
		.min = 4,
		.max = 599,
		.since = FIRST,
		.meaning = "The reply's code; 4 or 45 for all that begin so. Default: any."},
	RULE_TEXT(status, 20, "The enhanced status, such as \"4.7.1\". Default: any."),
	{.key = "stage",
		.type = SCHEMA_NAME,
		AT(conf_rule, stage),
		.names = stage_names,
		.preset = "any",
		.since = FIRST,
		.meaning = "What the reply answers; eod is the end of the message."},
	{.key = "host",
		.type = SCHEMA_PATTERN,
		AT(conf_rule, host),
		.min = 1,
		.max = 256,
		.since = FIRST,
		.meaning = "Who says it: a host, or \".example.org\" for all below it. Default: "
			   "anybody."},
	{.key = "cause",
		.type = SCHEMA_CAUSE,
		AT(conf_rule, cause),
		.min = 1,
		.max = 64,
		.since = FIRST,
		.meaning = "What it means. Must be set."},
	{.key = "wait",
		.type = SCHEMA_DURATION,
		AT(conf_rule, wait),
		.min = SECONDS(5),
		.max = SECONDS(6 * 3600),
		.since = FIRST,
		.meaning = "How long to wait where the reply does not say it."},
	{.key = "confidence",
		.type = SCHEMA_FACTOR,
		AT(conf_rule, confidence),
		.max = 1000,
		.preset = "1",
		.since = FIRST,
		.meaning = "How sure that is, 0 to 1."},
	RULE_TEXT(explanation, 700,
		"What happened, for people. <address>, <ip>, <wait> and so on are words of the "
		"reply; what stands in [brackets] is left out where its word is absent. Default: "
		"what is said about the cause."),
	RULE_TEXT(advice, 700, "What an administrator can do; as explanation."),
	RULE_TEXT(writer, 700, "What the person who wrote the mail can do; as explanation."),
};

static const struct schema_row route_title = {.key = "PATTERN",
	.type = SCHEMA_PATTERN,
	AT(conf_route, pattern),
	.min = 1,
	.max = 1000,
	.meaning = "a domain; \".example.org\" for all below it; \"*\" for every other. \"PATTERN "
		   "from WHO, WHO ...\" is for the mail of these alone: senders' addresses, "
		   "domains, .example.org, <> for notices, *, or login:NAME for who has logged in "
		   "so"};

static const struct schema_row route_rows[] = {
	{.key = "to",
		.type = SCHEMA_TARGET,
		AT(conf_route, to),
		.since = FIRST,
		.meaning =
			"The next hop: HOST:PORT, or a list of them that is tried in order; these "
			"names are looked up when the configuration is read. Or mx: the hosts that "
			"the DNS names for each domain (mx:PORT where they listen elsewhere than "
			"at port 25). weight=NUMBER behind hosts shares the mail among them by "
			"these numbers; who does not answer is left out. smtps:HOST:PORT, and "
			"each HOST:465, is spoken to in TLS from the beginning."},
	{.key = "source",
		.type = SCHEMA_TEXTS,
		AT(conf_route, sources),
		.count_offset = offsetof(struct conf_route, n_sources),
		.min = 2,
		.max = 64,
		.since = FIRST,
		.meaning =
			"The addresses of ours that it goes out from, and with them the name that "
			"abide says in EHLO: each is a section source. One with weight 0 is used "
			"by the routes that name it alone. Default: any, by weight."},
	{.key = "tls",
		.type = SCHEMA_NAME,
		AT(conf_route, tls),
		.names = tls_names,
		.preset = "opportunistic",
		.since = FIRST,
		.meaning = "Whether the connection is encrypted (STARTTLS): where the host offers "
			   "it, whoever it is (opportunistic; if it fails, in the clear); always, "
			   "and only with a certificate that names the host and is good by "
			   "tls.authorities (required); always, and only with a certificate that "
			   "the DNS vouches for (dane); or never (none). With any but none, what a "
			   "domain says about its hosts is obeyed: by DANE where resolver.dnssec "
			   "is yes, else by MTA-STS where mta_sts.use is."},
	{.key = "auth",
		.type = SCHEMA_MAP,
		AT(conf_route, auth),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning =
			"A map with the names and passwords to log in with (SCRAM-SHA-256, PLAIN "
			"or LOGIN): a row is KEY USER PASSWORD, and the key is a sender's "
			"address, @DOMAIN for all senders of it, or the host's name, tried in "
			"this order. Needs tls = required. Only the process lookup reads it."},
};

#define S conf_retry
static const struct schema_row retry_title = {.key = "CAUSE",
	.type = SCHEMA_CAUSE,
	AT(S, name),
	.min = 1,
	.max = 64,
	.meaning = "default, or a cause such as greylisting; what a cause leaves out is as in "
		   "default"};

static const struct schema_row retry_rows[] = {
	{.key = "first",
		.type = SCHEMA_DURATION,
		AT(S, first),
		.min = SECONDS(1),
		.max = DAYS(1),
		.preset = "5m",
		.since = FIRST,
		.meaning = "The wait after the first failure, where the reply stated none."},
	{.key = "factor",
		.type = SCHEMA_FACTOR,
		AT(S, factor),
		.min = 1000,
		.max = 10000,
		.preset = "2",
		.since = FIRST,
		.meaning = "Each further wait is this much longer."},
	{.key = "max",
		.type = SCHEMA_DURATION,
		AT(S, max),
		.min = SECONDS(1),
		.max = DAYS(7),
		.preset = "4h",
		.since = FIRST,
		.meaning = "No wait is longer than this."},
	{.key = "give_up",
		.type = SCHEMA_DURATION,
		AT(S, give_up),
		.min = SECONDS(1),
		.max = DAYS(60),
		.preset = "5d",
		.since = FIRST,
		.meaning = "How long after its arrival a message is given up and bounced."},
	{.key = "notice_after",
		.type = SCHEMA_DURATION,
		AT(S, notice_after),
		.min = SECONDS(1),
		.max = DAYS(60),
		.preset = "4h",
		.since = FIRST,
		.meaning =
			"How long after its arrival a message is late: then its sender is told, "
			"and again after six times as long, and so on; at once where only the "
			"sender can mend what the other side complains about. Who was told hears "
			"also when it has arrived after all."},
};
#undef S

#define S conf_resolver
static const struct schema_row resolver_rows[] = {
	{.key = "servers",
		.type = SCHEMA_SERVERS,
		AT(S, servers),
		.count_offset = offsetof(struct S, n_servers),
		.since = FIRST,
		.meaning = "DNS servers that answer for all names, as ADDRESS or ADDRESS@PORT; "
			   "root: none, abide begins at the root by itself. Default: those of the "
			   "system."},
	{.key = "system",
		.type = SCHEMA_PATH,
		AT(S, system),
		.min = 2,
		.max = 4000,
		.preset = "/etc/resolv.conf",
		.since = FIRST,
		.meaning = "The file that names the system's servers. It is followed when it "
			   "changes."},
	{.key = "dnssec",
		.type = SCHEMA_NAME,
		AT(S, dnssec),
		.names = schema_bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether signatures (DNSSEC) are checked: what has wrong ones is no "
			   "answer. The servers must pass signatures on."},
	{.key = "anchor",
		.type = SCHEMA_PATH,
		AT(S, anchor),
		.min = 2,
		.max = 4000,
		.preset = "/usr/share/dns/root.key",
		.since = FIRST,
		.meaning = "The file of the keys that signatures are checked by."},
	{.key = "deadline",
		.type = SCHEMA_DURATION,
		AT(S, deadline),
		.min = SECONDS(1),
		.max = SECONDS(60),
		.preset = "10s",
		.since = FIRST,
		.meaning = "How long a client waits for all that one check asks."},
};
#undef S

#define S conf_mta_sts
static const struct schema_row mta_sts_rows[] = {
	{.key = "use",
		.type = SCHEMA_NAME,
		AT(S, use),
		.names = schema_bool_names,
		.preset = "yes",
		.since = FIRST,
		.meaning = "Whether such policies are asked for, kept and obeyed."},
	{.key = "port",
		.type = SCHEMA_NUMBER,
		AT(S, port),
		.min = 1,
		.max = 65535,
		.preset = "443",
		.since = FIRST,
		.meaning = "The port of the servers that have them; another one for tests only."},
};
#undef S

static const struct schema_section sections[] = {
	{.name = "route",
		.title = &route_title,
		ROWS(route_rows),
		ARRAY(routes, n_routes),
		.meaning =
			"How mail to other domains goes on. The exact name is taken before the "
			"longest \".suffix\", and that before \"*\"; of several routes for one "
			"pattern the one that names the login goes before the one with the "
			"sender's address, its domain, .suffix, *, and last the one without from. "
			"Recipients without any route are refused."},
	{.name = "source",
		.title = &source_title,
		ROWS(source_rows),
		ARRAY(sources, n_sources),
		.meaning =
			"An address that mail goes out from. Each has its own limits and its own "
			"standing at every site; without any the system chooses."},
	{.name = "sender",
		.title = &sender_title,
		ROWS(sender_rows),
		ARRAY(senders, n_senders),
		.meaning = "Whose mail is urgent, and whose can wait."},
	{.name = "rule",
		.title = &rule_title,
		ROWS(rule_rows),
		ARRAY(rules, n_rules),
		.meaning =
			"What a reply of another server means, where you know better than abide. "
			"The first rule that fits decides; those of reply_rules come after those "
			"of this file."},
	{.name = "retry",
		.title = &retry_title,
		ROWS(retry_rows),
		ARRAY(retries, n_retries),
		.meaning =
			"When a recipient that could not be served is tried again, where the "
			"reply states no wait and none was learned. A cause without a section of "
			"its own has the times that suit it as long as first and max of default "
			"are not changed; else it is tried as default says."},
	{.name = "resolver",
		ROWS(resolver_rows),
		INSIDE(resolver),
		.meaning = "Who answers the questions that checks have."},
	{.name = "mta_sts",
		ROWS(mta_sts_rows),
		INSIDE(mta_sts),
		.meaning =
			"What domains say by HTTPS about their mail servers (MTA-STS, RFC 8461): "
			"which they are, and that mail goes there encrypted to a certificate "
			"good by tls.authorities, or not at all. Only for mail that goes to "
			"mx."},
};

const struct schema_part schema_route = {sections, COUNT(sections)};
