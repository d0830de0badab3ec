#include "conf/schema.h"
#include "base/log.h"
#include "reply/taxonomy.h"

#define AT(s, m)   .offset = offsetof(struct s, m), .width = sizeof(((struct s *)0)->m)
#define SECONDS(n) ((n)*NANOS_S)
#define DAYS(n)    ((n)*86400 * NANOS_S)
#define COUNT(x)   (sizeof(x) / sizeof((x)[0]))
#define FIRST      "0.1"
#define MANY       INT64_C(1000000)

static const struct schema_name log_names[] = {
	{"text", CONF_LOG_TEXT, NULL}, {"json", CONF_LOG_JSON, NULL}, {0}};
static const struct schema_name level_names[] = {{"error", LOG_ERROR, NULL},
	{"warn", LOG_WARN, NULL}, {"info", LOG_INFO, NULL}, {"debug", LOG_DEBUG, NULL}, {0}};
static const struct schema_name protocol_names[] = {{"smtp", CONF_SMTP, NULL},
	{"submission", CONF_SUBMISSION,
		"needs TLS and AUTH, which this version does not have; write smtp"},
	{"submissions", CONF_SUBMISSIONS,
		"needs TLS and AUTH, which this version does not have; write smtp"},
	{0}};

#define NO_TLS "needs TLS, which this version does not have; write none"
static const struct schema_name tls_names[] = {{"none", CONF_TLS_NONE, NULL},
	{"opportunistic", CONF_TLS_OPPORTUNISTIC, NO_TLS}, {"required", CONF_TLS_REQUIRED, NO_TLS},
	{"dane", CONF_TLS_DANE, NO_TLS}, {0}};

#define S conf
static const struct schema_row top[] = {
	{.key = "hostname",
		.type = SCHEMA_DOMAIN,
		AT(S, hostname),
		.min = 1,
		.max = 255,
		.since = FIRST,
		.meaning =
			"The name that abide greets with and that Received fields and Message-IDs "
			"carry. Default: the name of the machine."},
	{.key = "spool",
		.type = SCHEMA_PATH,
		AT(S, spool),
		.min = 2,
		.max = 4000,
		.preset = "/var/spool/abide",
		.since = FIRST,
		.meaning =
			"The folder that keeps accepted mail. Created with mode 0700 if missing."},
	{.key = "user",
		.type = SCHEMA_TEXT,
		AT(S, user),
		.min = 1,
		.max = 32,
		.preset = "abide",
		.since = FIRST,
		.meaning = "The user that owns the spool when abide is started as root. The other "
			   "processes run as USER-receive, USER-deliver and so on where such users "
			   "exist, else as this one."},
	{.key = "relay_from",
		.type = SCHEMA_NETWORKS,
		AT(S, relay_from),
		.count_offset = offsetof(struct S, n_relay_from),
		.preset = "127.0.0.0/8, ::1/128",
		.since = FIRST,
		.meaning = "Clients that may send to any recipient."},
	{.key = "double_bounce",
		.type = SCHEMA_MAILBOX,
		AT(S, double_bounce),
		.min = 3,
		.max = 320,
		.since = FIRST,
		.meaning = "Who gets notices that can't be delivered themselves, and other mail "
			   "from the null sender that fails. Default: nobody; they end with a line "
			   "in the log."},
	{.key = "reply_rules",
		.type = SCHEMA_PATH,
		AT(S, reply_rules),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning = "A file of rule sections: what replies of other servers mean where you "
			   "know better. It is read with this one."},
	{.key = "log",
		.type = SCHEMA_NAME,
		AT(S, log),
		.names = log_names,
		.preset = "text",
		.since = FIRST,
		.meaning = "How log lines look: key=value, or JSON objects."},
	{.key = "log_level",
		.type = SCHEMA_NAME,
		AT(S, log_level),
		.names = level_names,
		.preset = "info",
		.since = FIRST,
		.meaning = "The least important events that are logged."},
};
#undef S

static const struct schema_row listen_title = {.key = "HOST:PORT",
	.type = SCHEMA_ADDRESS,
	.meaning = "where to listen; an IPv6 address stands in brackets"};
static const struct schema_row listen_rows[] = {
	{.key = "protocol",
		.type = SCHEMA_NAME,
		AT(conf_listener, protocol),
		.names = protocol_names,
		.preset = "smtp",
		.since = FIRST,
		.meaning = "What is spoken there."},
};

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
		.meaning = "How much of the mail it gets beside the others; 0: none now."},
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

static const struct schema_row domain_title = {.key = "DOMAIN",
	.type = SCHEMA_DOMAIN,
	AT(conf_domain, name),
	.min = 1,
	.max = 255,
	.meaning = "the domain"};
static const struct schema_row domain_rows[] = {
	{.key = "to",
		.type = SCHEMA_TARGET,
		AT(conf_domain, to),
		.since = FIRST,
		.meaning = "Where its mail goes: HOST:PORT, or a list of them that is tried in "
			   "order."},
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
	.max = 256,
	.meaning = "a domain; \".example.org\" for all below it; \"*\" for every other"};
static const struct schema_row route_rows[] = {
	{.key = "to",
		.type = SCHEMA_TARGET,
		AT(conf_route, to),
		.since = FIRST,
		.meaning =
			"The next hop: HOST:PORT, or a list of them that is tried in order. Names "
			"are looked up when the configuration is read."},
	{.key = "tls",
		.type = SCHEMA_NAME,
		AT(conf_route, tls),
		.names = tls_names,
		.preset = "none",
		.since = FIRST,
		.meaning = "Whether the connection is encrypted."},
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
		.idle = "changes nothing yet: this version sends no delay notices",
		.meaning = "When the sender is told that a message is delayed."},
};
#undef S

#define S conf_limits
#define LIMIT(k, low, high, def, counts, text)                                           \
	{                                                                                \
		.key = #k, .type = SCHEMA_NUMBER, AT(S, k), .min = (low), .max = (high), \
		.preset = (def), .unit = (counts), .since = FIRST, .meaning = (text)     \
	}
static const struct schema_row limit_rows[] = {
	{.key = "message_size",
		.type = SCHEMA_SIZE,
		AT(S, message_size),
		.min = 64 * 1024,
		.max = INT64_C(1) << 40,
		.preset = "52428800",
		.since = FIRST,
		.meaning = "Bytes of a message; announced by SIZE, and watched while it comes."},
	{.key = "spool_size",
		.type = SCHEMA_SIZE,
		AT(S, spool_size),
		.min = 16 << 20,
		.max = INT64_C(1) << 44,
		.preset = "64G",
		.since = FIRST,
		.meaning =
			"How large the spool's database may become; new mail is refused at 90 % of "
			"it. It is reserved as address space only."},
	LIMIT(sessions, 1, MANY, "10000", "sessions", "Clients at once; one more is told 421."),
	LIMIT(sessions_per_network, 1, MANY, "1000", "sessions",
		"Clients at once from one network; one more is told 421."),
	LIMIT(network_bits4, 8, 32, "24", "bits", "What counts as one network of IPv4 clients."),
	LIMIT(network_bits6, 16, 128, "64", "bits", "What counts as one network of IPv6 clients."),
	LIMIT(recipients, 100, MANY, "1000", "recipients",
		"Recipients of a message; one more is told 452."),
	LIMIT(messages_per_session, 1, MANY, "10000", "messages",
		"Messages that a client may send in one session; then it is told 421."),
	LIMIT(commands_without_mail, 5, MANY, "100", "commands",
		"Commands between two messages that bring no mail on; then the client is told "
		"421."),
	LIMIT(errors, 1, MANY, "20", "errors",
		"Wrong commands in one session; then the client is told 421."),
	LIMIT(command_line, 512, 65536, "2048", "octets", "A command with its CRLF."),
	LIMIT(text_line, 998, 65536, "998", "octets", "A line of a message without its CRLF."),
	LIMIT(received_hops, 10, 1000, "100", "fields",
		"Received fields of a message; more than that is a loop."),
	LIMIT(deliver_sessions, 1, MANY, "1000", "connections",
		"Connections to other servers at once."),
	LIMIT(deliver_connections, 1, 10000, "20", "connections",
		"Connections to one next hop at once."),
	LIMIT(messages_per_connection, 1, MANY, "100", "messages",
		"Messages sent over one connection; then a new one is made."),
	LIMIT(recipients_per_transaction, 1, MANY, "100", "recipients",
		"Recipients given to a next hop in one transaction; the rest follow in further "
		"ones."),
};
#undef S

#define S conf_timeouts
#define TIMEOUT(k, def, text)                                                            \
	{                                                                                \
		.key = #k, .type = SCHEMA_DURATION, AT(S, k), .min = SECONDS(1),         \
		.max = SECONDS(3600), .preset = (def), .since = FIRST, .meaning = (text) \
	}
static const struct schema_row timeout_rows[] = {
	TIMEOUT(connect, "30s", "As client: for a connection to one address."),
	TIMEOUT(greeting, "5m", "As client: for the greeting."),
	TIMEOUT(command, "5m", "As client: for the reply to a command."),
	TIMEOUT(data, "3m", "As client: for the next block of content to be taken."),
	TIMEOUT(final, "10m", "As client: for the reply to the final dot."),
	TIMEOUT(idle, "5m", "As server: for the next command."),
	TIMEOUT(body, "5m", "As server: for the next block of content."),
	{.key = "journal",
		.type = SCHEMA_DURATION,
		AT(S, journal),
		.min = SECONDS(60),
		.max = DAYS(3650),
		.preset = "30d",
		.since = FIRST,
		.meaning = "How long the journal of finished recipients is kept for abide audit."},
};
#undef S

#define S conf_processes
static const struct schema_row process_rows[] = {
	{.key = "receive",
		.type = SCHEMA_NUMBER,
		AT(S, receive),
		.max = 256,
		.preset = "0",
		.unit = "processes",
		.since = FIRST,
		.meaning = "How many take connections; 0: one for each processor."},
	{.key = "deliver",
		.type = SCHEMA_NUMBER,
		AT(S, deliver),
		.max = 256,
		.preset = "0",
		.unit = "processes",
		.since = FIRST,
		.meaning = "How many send mail on; 0: one for each processor."},
};
#undef S

static const struct schema_row tls_rows[] = {
	{.key = "certificate",
		.type = SCHEMA_NOTHING,
		.meaning = "The file of the certificate chain."},
	{.key = "key", .type = SCHEMA_NOTHING, .meaning = "The file of its private key."},
};
static const struct schema_row resolver_rows[] = {
	{.key = "servers",
		.type = SCHEMA_NOTHING,
		.meaning = "DNS servers, as ADDRESS or ADDRESS@PORT."},
};
static const struct schema_row web_rows[] = {
	{.key = "listen", .type = SCHEMA_NOTHING, .meaning = "Where the status page is served."},
};

#define ROWS(r)   .rows = (r), .n = COUNT(r)
#define INSIDE(m) .offset = offsetof(struct conf, m), .size = sizeof(((struct conf *)0)->m)
#define ARRAY(m, c)                                                                   \
	.offset = offsetof(struct conf, m), .count_offset = offsetof(struct conf, c), \
	.size = sizeof(((struct conf *)0)->m[0])

static const struct schema_section sections[] = {
	{.name = "", ROWS(top), .size = sizeof(struct conf), .meaning = "At the top of the file."},
	{.name = "listen",
		.title = &listen_title,
		ROWS(listen_rows),
		ARRAY(listeners, n_listeners),
		.meaning = "A place where clients connect. At least one is needed."},
	{.name = "domain",
		.title = &domain_title,
		ROWS(domain_rows),
		ARRAY(domains, n_domains),
		.meaning = "A domain whose mail is taken from anybody and sent on."},
	{.name = "tls",
		ROWS(tls_rows),
		.meaning = "Encryption.",
		.missing = "needs TLS, which this version does not have; leave the section out"},
	{.name = "route",
		.title = &route_title,
		ROWS(route_rows),
		ARRAY(routes, n_routes),
		.meaning =
			"How mail to other domains goes on. The exact name is taken before the "
			"longest \".suffix\", and that before \"*\". Recipients without any route "
			"are refused."},
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
		.meaning = "Name look-ups.",
		.missing =
			"is not used by this version, which asks the system's resolver; leave the "
			"section out"},
	{.name = "web",
		ROWS(web_rows),
		.meaning = "The status page.",
		.missing = "needs the status page, which this version does not have; leave the "
			   "section "
			   "out"},
	{.name = "limits",
		ROWS(limit_rows),
		INSIDE(limits),
		.meaning = "What others may ask for, and how much is done at once."},
	{.name = "timeouts",
		ROWS(timeout_rows),
		INSIDE(timeouts),
		.meaning = "How long is waited."},
	{.name = "processes",
		ROWS(process_rows),
		INSIDE(processes),
		.meaning = "How the work is spread."},
};

size_t schema_count(void)
{
	return COUNT(sections);
}

const struct schema_section *schema_section(size_t i)
{
	return &sections[i];
}
