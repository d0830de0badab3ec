#include "conf/schema_rows.h"

/* At the top of the file, and how much is taken at once: listen, limits, timeouts, processes, greeting. */

const struct schema_name schema_bool_names[] = {{"no", 0, NULL}, {"yes", 1, NULL}, {0}};

static const struct schema_name log_names[] = {
	{"text", CONF_LOG_TEXT, NULL}, {"json", CONF_LOG_JSON, NULL}, {0}};

static const struct schema_name level_names[] = {{"error", LOG_ERROR, NULL},
	{"warn", LOG_WARN, NULL}, {"info", LOG_INFO, NULL}, {"debug", LOG_DEBUG, NULL}, {0}};

static const struct schema_name language_names[] = {
	{"en", REPLY_LANG_EN, NULL}, {"de", REPLY_LANG_DE, NULL}, {0}};

static const struct schema_name protocol_names[] = {{"smtp", CONF_SMTP, NULL},
	{"submission", CONF_SUBMISSION, NULL}, {"submissions", CONF_SUBMISSIONS, NULL}, {0}};

static const struct schema_name auth_names[] = {{"by_protocol", CONF_AUTH_BY_PROTOCOL, NULL},
	{"none", CONF_AUTH_NONE, NULL}, {"tls", CONF_AUTH_TLS, NULL},
	{"always", CONF_AUTH_ALWAYS, NULL}, {0}};

static const struct schema_name listener_tls_names[] = {
	{"offered", CONF_LISTENER_TLS_OFFERED, NULL},
	{"required", CONF_LISTENER_TLS_REQUIRED, NULL}, {"none", CONF_LISTENER_TLS_NONE, NULL},
	{0}};

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
	{.key = "help_url",
		.type = SCHEMA_TEXT,
		AT(S, help_url),
		.min = 8,
		.max = 300,
		.since = FIRST,
		.meaning =
			"The address of a web page that explains abide's replies, up to the name "
			"of "
			"one: https://mx.example.org/help.html# . What the SMTP command HELP "
			"tells of a reply ends with it and the name. abide explain --page writes "
			"such a page."},
	{.key = "language",
		.type = SCHEMA_NAME,
		AT(S, language),
		.names = language_names,
		.preset = "en",
		.since = FIRST,
		.meaning = "The language of what abide explains: in the notice that a sender gets "
			   "of mail that did not arrive (where it is not en, English stands below "
			   "it), in abide queue, abide trace and event=needs_person, and in abide "
			   "explain -c FILE."},
	{.key = "multilingual",
		.type = SCHEMA_NAME,
		AT(S, multilingual),
		.names = schema_bool_names,
		.preset = "yes",
		.since = FIRST,
		.meaning =
			"Whether a notice that is not in English alone has each language as a part "
			"of its own besides (RFC 8255), for mail programs that show the one their "
			"user reads. With no, both languages stand in one part alone."},
	{.key = "notify_anyone",
		.type = SCHEMA_NAME,
		AT(S, notify_anyone),
		.names = schema_bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning =
			"Whether a sender is told what became of a mail though nothing proves "
			"that he wrote it. With no, notices go to senders in our own domains, of "
			"clients that may send anywhere, and whose domain names the client in SPF; "
			"for others double_bounce is told of what failed: spam with a "
			"forged sender would make this server a nuisance to whom it names."},
	{.key = "returned_size",
		.type = SCHEMA_SIZE,
		AT(S, returned_size),
		.min = 0,
		.max = 4 << 20,
		.preset = "256K",
		.since = FIRST,
		.meaning =
			"Bytes of a message that comes back whole with the notice of its failure, "
			"where its sender asks for that (RET=FULL). Of a larger one the header "
			"comes back."},
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
	{.key = "needs_person",
		.type = SCHEMA_MAILBOX,
		AT(S, needs_person),
		.min = 3,
		.max = 320,
		.since = FIRST,
		.meaning =
			"Who gets a mail when mail is put off for what waiting alone does not "
			"heal (our address is listed, a login is wrong, a certificate has run "
			"out ...), when a site takes nothing for hours, and of alarms: with the "
			"reply, what it means, what was seen here and what can be done, in the "
			"language of the configuration. Once for one cause at a site, and once "
			"when it is over. Default: nobody; the lines needs_person, alarm and their "
			"ends are in the log."},
	{.key = "postmaster",
		.type = SCHEMA_MAILBOX,
		AT(S, postmaster),
		.min = 3,
		.max = 320,
		.since = FIRST,
		.meaning = "Who gets mail to postmaster and abuse of our domains where those are "
			   "not known otherwise; they are always taken. Default: the mail goes "
			   "where the domain's other mail goes."},
	{.key = "always_bcc",
		.type = SCHEMA_TEXTS,
		AT(S, always_bcc),
		.count_offset = offsetof(struct S, n_always_bcc),
		.min = 3,
		.max = 320,
		.since = FIRST,
		.meaning = "Addresses that get a copy of every message that is taken. They are "
			   "not looked up in maps."},
	{.key = "rewrite_sender",
		.type = SCHEMA_MAP,
		AT(S, rewrite_sender),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning = "A map from envelope senders to what they become: ADDRESS, or @DOMAIN "
			   "for all of a domain; a value @DOMAIN keeps the local part. It is "
			   "asked once, at MAIL; header fields stay as they are."},
	{.key = "rewrite_recipient",
		.type = SCHEMA_MAP,
		AT(S, rewrite_recipient),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning = "The same for recipients, at RCPT, before anything else is asked about "
			   "them."},
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
		.meaning = "What is spoken there. submission and submissions are for people's mail "
			   "programs: with a users section they must log in, and a missing Date or "
			   "Message-ID is added. submissions is encrypted from the first byte."},
	{.key = "tls",
		.type = SCHEMA_NAME,
		AT(conf_listener, tls),
		.names = listener_tls_names,
		.preset = "offered",
		.since = FIRST,
		.meaning = "STARTTLS, where there is a certificate: offered, required before "
			   "any mail, or not there."},
	{.key = "auth",
		.type = SCHEMA_NAME,
		AT(conf_listener, auth),
		.names = auth_names,
		.preset = "by_protocol",
		.since = FIRST,
		.meaning = "Whether clients may log in there, as users says: not at all, only once "
			   "the connection is encrypted, or always. by_protocol is tls for "
			   "submission and submissions, and none for smtp."},
	{.key = "proxy",
		.type = SCHEMA_NETWORKS,
		AT(conf_listener, proxy),
		.count_offset = offsetof(struct conf_listener, n_proxy),
		.since = FIRST,
		.meaning = "Load balancers: each of their connections must begin with a PROXY "
			   "header (version 1 or 2), which says who the client is. Others are "
			   "refused when they send one."},
	{.key = "xclient_from",
		.type = SCHEMA_NETWORKS,
		AT(conf_listener, xclient_from),
		.count_offset = offsetof(struct conf_listener, n_xclient_from),
		.since = FIRST,
		.meaning = "Who may say by XCLIENT for which client it speaks: filters before "
			   "abide, and tests."},
};

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
	{.key = "disk_free",
		.type = SCHEMA_SIZE,
		AT(S, disk_free),
		.min = 0,
		.max = INT64_C(1) << 40,
		.preset = "32M",
		.since = FIRST,
		.meaning = "Where less is free on the spool's disk, new mail is told 452 at MAIL, "
			   "before the disk is full. 0: it is not watched."},
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
	LIMIT(alias_depth, 1, 100, "10", "steps", "Aliases of aliases; beyond it is a loop."),
	LIMIT(alias_recipients, 1, 10000, "1000", "recipients",
		"Addresses that one recipient may become."),
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
	{.key = "message",
		.type = SCHEMA_DURATION,
		AT(S, message),
		.min = SECONDS(1),
		.max = DAYS(2),
		.preset = "2h",
		.since = FIRST,
		.meaning = "For all of a message's content, however it comes: a client that drips "
			   "has an end."},
	{.key = "session",
		.type = SCHEMA_DURATION,
		AT(S, session),
		.min = SECONDS(1),
		.max = DAYS(2),
		.preset = "1h",
		.since = FIRST,
		.meaning = "How long a client may keep its connection without a message that is "
			   "taken."},
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
		.meaning = "How many take connections; 0: one for each processor but one, which "
			   "queue and "
			   "the disk need, and at least one."},
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

#define S conf_greeting
static const struct schema_row greeting_rows[] = {
	{.key = "wait",
		.type = SCHEMA_DURATION,
		AT(S, wait),
		.max = SECONDS(60),
		.preset = "0s",
		.since = FIRST,
		.meaning = "How long a stranger must be silent before the greeting; one who speaks "
			   "before gets 521. Clients in relay_from, those on submission ports and "
			   "networks that proved themselves by greylisting are greeted at once."},
	{.key = "except",
		.type = SCHEMA_NETWORKS,
		AT(S, except),
		.count_offset = offsetof(struct S, n_except),
		.since = FIRST,
		.meaning = "Networks that are greeted at once."},
};
#undef S

static const struct schema_section sections[] = {
	{.name = "", ROWS(top), .size = sizeof(struct conf), .meaning = "At the top of the file."},
	{.name = "listen",
		.title = &listen_title,
		ROWS(listen_rows),
		ARRAY(listeners, n_listeners),
		.meaning = "A place where clients connect. At least one is needed."},
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
	{.name = "greeting",
		ROWS(greeting_rows),
		INSIDE(greeting),
		.meaning = "Programs that send spam seldom wait for the greeting."},
};

const struct schema_part schema_top = {sections, COUNT(sections)};
