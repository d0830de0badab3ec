#include "conf/schema.h"
#include "base/log.h"
#include "reply/taxonomy.h"
#include "reply/texts.h"

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

static const struct schema_name tls_names[] = {{"none", CONF_TLS_NONE, NULL},
	{"opportunistic", CONF_TLS_OPPORTUNISTIC, NULL}, {"required", CONF_TLS_REQUIRED, NULL},
	{"dane", CONF_TLS_DANE, NULL}, {0}};

static const struct schema_name bool_names[] = {{"no", 0, NULL}, {"yes", 1, NULL}, {0}};

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
		.names = bool_names,
		.preset = "yes",
		.since = FIRST,
		.meaning =
			"Whether a notice that is not in English alone has each language as a part "
			"of its own besides (RFC 8255), for mail programs that show the one their "
			"user reads. With no, both languages stand in one part alone."},
	{.key = "notify_anyone",
		.type = SCHEMA_NAME,
		AT(S, notify_anyone),
		.names = bool_names,
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
			"out ...), and when a site takes nothing for hours: with the reply, what "
			"it means and what can be done; of a site at most every ten minutes. "
			"Default: nobody; a line needs_person is in the log."},
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

static const struct schema_name map_names[] = {{"file", CONF_MAP_FILE, NULL},
	{"aliases", CONF_MAP_ALIASES, NULL}, {"ldap", CONF_MAP_LDAP, NULL}, {0}};
static const struct schema_name scope_names[] = {{"sub", CONF_SCOPE_SUB, NULL},
	{"one", CONF_SCOPE_ONE, NULL}, {"base", CONF_SCOPE_BASE, NULL}, {0}};

#define S conf_map
static const struct schema_row map_title = {.key = "NAME",
	.type = SCHEMA_TEXT,
	AT(S, name),
	.min = 1,
	.max = 100,
	.meaning = "what other keys call it: \"map:NAME\""};
static const struct schema_row map_rows[] = {
	{.key = "type",
		.type = SCHEMA_NAME,
		AT(S, type),
		.names = map_names,
		.preset = "file",
		.since = FIRST,
		.meaning = "file: lines of a key and its values; a line that begins with a space "
			   "goes on, # begins a comment. aliases: as /etc/aliases, without "
			   "programs, files and :include:. ldap: a directory."},
	{.key = "file",
		.type = SCHEMA_PATH,
		AT(S, file),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning = "Of file and aliases. It is read again when it has changed; one that is "
			   "wrong changes nothing, and the log says where. The user that runs "
			   "lookup must be able to read it."},
	{.key = "servers",
		.type = SCHEMA_TEXTS,
		AT(S, servers),
		.count_offset = offsetof(struct S, n_servers),
		.min = 8,
		.max = 400,
		.since = FIRST,
		.meaning = "Of ldap: ldap://HOST:PORT, ldaps://HOST:PORT or ldapi://PATH, tried in "
			   "their order."},
	{.key = "starttls",
		.type = SCHEMA_NAME,
		AT(S, starttls),
		.names = bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether ldap:// is encrypted by StartTLS; without it nothing is asked "
			   "then."},
	{.key = "ca",
		.type = SCHEMA_PATH,
		AT(S, ca),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning = "The certificates that may have signed the server's. Default: the "
			   "system's."},
	{.key = "bind",
		.type = SCHEMA_TEXT,
		AT(S, bind),
		.min = 1,
		.max = 1000,
		.since = FIRST,
		.meaning = "Who logs in at the directory: a DN. Default: nobody (anonymous)."},
	{.key = "password_file",
		.type = SCHEMA_PATH,
		AT(S, password_file),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning = "The file whose first line is the password of bind. Only lookup reads "
			   "it, at each login."},
	{.key = "base",
		.type = SCHEMA_TEXT,
		AT(S, base),
		.max = 1000,
		.since = FIRST,
		.meaning = "Where to search: a DN."},
	{.key = "scope",
		.type = SCHEMA_NAME,
		AT(S, scope),
		.names = scope_names,
		.preset = "sub",
		.since = FIRST,
		.meaning = "How far below base."},
	{.key = "filter",
		.type = SCHEMA_TEXT,
		AT(S, filter),
		.min = 3,
		.max = 2000,
		.preset = "(mail={key})",
		.since = FIRST,
		.meaning = "What to search. {key} is the key (an address), {user} and {domain} its "
			   "parts; they are escaped."},
	{.key = "result",
		.type = SCHEMA_TEXTS,
		AT(S, results),
		.count_offset = offsetof(struct S, n_results),
		.min = 1,
		.max = 100,
		.preset = "mail",
		.since = FIRST,
		.meaning = "The attributes whose values are the answer."},
	{.key = "timeout",
		.type = SCHEMA_DURATION,
		AT(S, timeout),
		.min = SECONDS(1),
		.max = SECONDS(60),
		.preset = "5s",
		.since = FIRST,
		.meaning = "How long one question may take, with connection and login."},
	{.key = "connections",
		.type = SCHEMA_NUMBER,
		AT(S, connections),
		.min = 1,
		.max = 16,
		.preset = "4",
		.unit = "connections",
		.since = FIRST,
		.meaning = "Questions asked at once."},
	{.key = "entries",
		.type = SCHEMA_NUMBER,
		AT(S, entries),
		.min = 1,
		.max = 10000,
		.preset = "1000",
		.unit = "entries",
		.since = FIRST,
		.meaning = "Entries of one answer; more are a failure."},
	{.key = "cache",
		.type = SCHEMA_DURATION,
		AT(S, cache),
		.min = 0,
		.max = DAYS(1),
		.preset = "1m",
		.since = FIRST,
		.meaning = "How long an answer of a directory is kept."},
	{.key = "cache_missing",
		.type = SCHEMA_DURATION,
		AT(S, cache_missing),
		.min = 0,
		.max = DAYS(1),
		.preset = "10s",
		.since = FIRST,
		.meaning = "The same where it had no such key."},
};
#undef S

#define S conf_srs
static const struct schema_row srs_rows[] = {
	{.key = "secret",
		.type = SCHEMA_PATH,
		AT(S, secret),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning =
			"A file with secrets, one a line of at least 16 characters: the first "
			"signs, all are taken. Only lookup reads it, when it begins and when the "
			"configuration is read."},
	{.key = "domain",
		.type = SCHEMA_DOMAIN,
		AT(S, domain),
		.min = 1,
		.max = 255,
		.since = FIRST,
		.meaning = "The domain of these addresses: bounces come back to it. Default: "
			   "hostname."},
	{.key = "max_age",
		.type = SCHEMA_DURATION,
		AT(S, max_age),
		.min = DAYS(1),
		.max = DAYS(500),
		.preset = "21d",
		.since = FIRST,
		.meaning = "How old such an address may be when a bounce comes to it."},
};
#undef S

static const struct schema_row domain_title = {.key = "DOMAIN",
	.type = SCHEMA_DOMAIN,
	AT(conf_domain, name),
	.min = 1,
	.max = 255,
	.meaning = "the domain"};
#define S conf_domain
static const struct schema_row domain_rows[] = {
	{.key = "to",
		.type = SCHEMA_TARGET,
		.is_optional = true,
		AT(conf_domain, to),
		.since = FIRST,
		.meaning = "Where its mail goes: HOST:PORT, or lmtp:PATH or lmtp:HOST:PORT of a "
			   "store such as Dovecot, or a list of such that is tried in order; "
			   "maildir:PATH, a folder of ours, in which {user}, {domain} and {tag} "
			   "stand for the parts of an address (a name that has {tag} is left out "
			   "where there is no tag); or mx, where we are a backup for hosts before "
			   "us in the DNS. May be left "
			   "out where aliases is set: then every address of it is an "
			   "alias."},
	{.key = "recipients",
		.type = SCHEMA_TEXTS,
		AT(S, recipients),
		.count_offset = offsetof(struct S, n_recipients),
		.min = 1,
		.max = 320,
		.preset = "any",
		.since = FIRST,
		.meaning = "Who is there: any; \"map:NAME\", whose keys are addresses or local "
			   "parts; or a list of addresses and local parts. All others are refused "
			   "at RCPT. Small and capital letters are the same."},
	{.key = "aliases",
		.type = SCHEMA_MAP,
		AT(S, aliases),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning = "A map from addresses or local parts to the addresses that get the "
			   "mail in their place; @DOMAIN stands for all others. It is asked before "
			   "recipients, and again for what it gave."},
	{.key = "catch_all",
		.type = SCHEMA_MAILBOX,
		AT(S, catch_all),
		.min = 3,
		.max = 320,
		.since = FIRST,
		.meaning =
			"Who gets mail to addresses that nobody has. Default: they are refused."},
	{.key = "subaddress",
		.type = SCHEMA_TEXT,
		AT(S, subaddress),
		.min = 1,
		.max = 1,
		.since = FIRST,
		.meaning = "What separates a user from a tag, such as +. Who is not there with the "
			   "tag is looked for without it. Default: nothing does."},
	{.key = "keep_tag",
		.type = SCHEMA_NAME,
		AT(S, keep_tag),
		.names = bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether the tag stays in the address that the mail is sent on to, and "
			   "goes into those of an alias."},
	{.key = "quota",
		.type = SCHEMA_MAP,
		AT(S, quota),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning = "A map that says of a recipient \"over\", or two numbers, used and "
			   "allowed; where it is over, mail is put off with 452 4.2.2. Anything "
			   "else, and no entry: there is room."},
	{.key = "owner",
		.type = SCHEMA_TEXT,
		AT(S, owner),
		.min = 1,
		.max = 255,
		.since = FIRST,
		.meaning = "Of maildir: the user of the system that mailboxes belong to, such as "
			   "vmail, whose rights each delivery has; or {user}: the user of that "
			   "name (not one below 1000). Only where abide is started as root. "
			   "Default: user-mailbox where there is such a user, else user."},
	{.key = "mailbox_quota",
		.type = SCHEMA_SIZE,
		AT(S, mailbox_quota),
		.min = 1,
		.max = INT64_C(1) << 50,
		.since = FIRST,
		.meaning = "Of maildir: how much a mailbox may hold, counted in its maildirsize, "
			   "which other programs read and keep too (Maildir++); where it is full, "
			   "mail is put off with 452 4.2.2. Default: what that file says."},
};
#undef S

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
			"The next hop: HOST:PORT, or a list of them that is tried in order; these "
			"names are looked up when the configuration is read. Or mx: the hosts that "
			"the DNS names for each domain (mx:PORT where they listen elsewhere than "
			"at port 25). weight=NUMBER behind hosts shares the mail among them by "
			"these numbers; who does not answer is left out. smtps:HOST:PORT, and "
			"each HOST:465, is spoken to in TLS from the beginning."},
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

#define S conf_users
static const struct schema_row users_rows[] = {
	{.key = "from",
		.type = SCHEMA_TEXT,
		AT(S, from),
		.min = 5,
		.max = 400,
		.since = FIRST,
		.meaning = "Where they are: file:/PATH, lines LOGIN:HASH:SENDERS, read again when "
			   "it changes; map:NAME, a map of ldap whose filter finds the person, who "
			   "is then logged in there; dovecot:/PATH, the socket that Dovecot's "
			   "auth process has for clients."},
	{.key = "mechanisms",
		.type = SCHEMA_TEXTS,
		AT(S, mechanisms),
		.count_offset = offsetof(struct S, n_mechanisms),
		.min = 1,
		.max = 40,
		.preset = "PLAIN, LOGIN",
		.since = FIRST,
		.meaning = "How they may log in: PLAIN, LOGIN, SCRAM-SHA-256. The last needs "
			   "passwords stored for it ({SCRAM-SHA-256}) in a file or at Dovecot "
			   "(its auth_mechanisms must have it); with a file and under TLS it "
			   "brings SCRAM-SHA-256-PLUS with it."},
	{.key = "senders",
		.type = SCHEMA_MAP,
		AT(S, senders),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning =
			"A map from logins to the senders that they may use: addresses, "
			"@DOMAIN, or *. A login that is not in it, or without this key: what the "
			"file says of it, or the addresses that the directory has of it, or "
			"else the login itself as an address (+tag allowed), or as the local "
			"part at one of our domains."},
	{.key = "any_sender",
		.type = SCHEMA_NAME,
		AT(S, any_sender),
		.names = bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether who has logged in may send as anybody."},
	{.key = "plain_passwords",
		.type = SCHEMA_NAME,
		AT(S, plain_passwords),
		.names = bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether the file may hold passwords as they are, written {PLAIN}."},
	{.key = "timeout",
		.type = SCHEMA_DURATION,
		AT(S, timeout),
		.min = SECONDS(1),
		.max = SECONDS(60),
		.preset = "10s",
		.since = FIRST,
		.meaning = "How long Dovecot may take for an answer. A directory has the timeout "
			   "of its map."},
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

#define S conf_greylist
static const struct schema_name greylist_names[] = {{"off", CONF_GREYLIST_OFF, NULL},
	{"all", CONF_GREYLIST_ALL, NULL}, {"doubtful", CONF_GREYLIST_DOUBTFUL, NULL}, {0}};
static const struct schema_row greylist_rows[] = {
	{.key = "mode",
		.type = SCHEMA_NAME,
		AT(S, mode),
		.names = greylist_names,
		.preset = "off",
		.since = FIRST,
		.meaning = "Whose first mail has to come back: everybody's, or only that of "
			   "clients that look doubtful (no confirmed host name, on a block list, "
			   "or not proved by SPF). Those who may relay, whom our users wrote to, "
			   "who stand on a list of good senders or proved themselves never have "
			   "to."},
	{.key = "delay",
		.type = SCHEMA_DURATION,
		AT(S, delay),
		.min = SECONDS(1),
		.max = DAYS(1),
		.preset = "60s",
		.since = FIRST,
		.meaning = "After what time a first mail is taken; the reply states what is left "
			   "of it."},
	{.key = "window",
		.type = SCHEMA_DURATION,
		AT(S, window),
		.min = SECONDS(60),
		.max = DAYS(30),
		.preset = "2d",
		.since = FIRST,
		.meaning = "How long a first contact is remembered that does not come back."},
	{.key = "remember",
		.type = SCHEMA_DURATION,
		AT(S, remember),
		.min = SECONDS(60),
		.max = DAYS(3650),
		.preset = "36d",
		.since = FIRST,
		.meaning = "How long it is remembered who passed and whom our users wrote to, "
			   "from the last time on."},
	{.key = "proven",
		.type = SCHEMA_NUMBER,
		AT(S, proven),
		.min = 1,
		.max = MANY,
		.preset = "3",
		.unit = "mails",
		.since = FIRST,
		.meaning = "After so many first mails that came back, a network (or a domain that "
			   "SPF proves) has to wait no more."},
	{.key = "hasty",
		.type = SCHEMA_NUMBER,
		AT(S, hasty),
		.min = 0,
		.max = MANY,
		.preset = "5",
		.unit = "attempts",
		.since = FIRST,
		.meaning = "Who comes back so often before the delay is over "
			   "waits five times as long from then on, and is told so: no mail server "
			   "does, and programs that hammer have gone by then. Who obeys the wait "
			   "that he was told is never made to wait anew. 0: waits never grow."},
	{.key = "pool_places",
		.type = SCHEMA_NUMBER,
		AT(S, pool_places),
		.min = 1,
		.max = 8,
		.preset = "2",
		.unit = "networks",
		.since = FIRST,
		.meaning = "A domain whose mail came through from so many networks may come back "
			   "from any other."},
	{.key = "spf",
		.type = SCHEMA_NAME,
		AT(S, spf),
		.names = bool_names,
		.preset = "yes",
		.since = FIRST,
		.meaning =
			"Whether SPF is asked whose mail it is: the machines of a domain that "
			"proves itself so count as one sender, and wait once; as long as nothing "
			"is known of it, only those of one /16 (IPv6: /32) do."},
	{.key = "except",
		.type = SCHEMA_WHO,
		AT(S, except),
		.count_offset = offsetof(struct S, n_except),
		.since = FIRST,
		.meaning = "Whose first mail never has to come back, as in check."},
};
#undef S

#define S conf_spf
static const struct schema_row spf_rows[] = {
	{.key = "header",
		.type = SCHEMA_NAME,
		AT(S, header),
		.names = bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether what SPF says of strangers' mail is written before it, as "
			   "Received-SPF."},
	{.key = "timeout",
		.type = SCHEMA_DURATION,
		AT(S, timeout),
		.min = SECONDS(1),
		.max = SECONDS(60),
		.preset = "20s",
		.since = FIRST,
		.meaning = "How long all questions about one message may take; what is not "
			   "answered by then counts as a passing failure (temperror)."},
};
#undef S

#define S conf_rate
static const struct schema_name rate_what_names[] = {{"connections", CONF_RATE_CONNECTIONS, NULL},
	{"messages", CONF_RATE_MESSAGES, NULL}, {"recipients", CONF_RATE_RECIPIENTS, NULL}, {0}};
static const struct schema_name rate_by_names[] = {{"address", CONF_RATE_ADDRESS, NULL},
	{"network", CONF_RATE_NETWORK, NULL}, {"login", CONF_RATE_LOGIN, NULL}, {0}};
static const struct schema_row rate_title = {.key = "NAME",
	.type = SCHEMA_TEXT,
	AT(S, name),
	.min = 1,
	.max = 32,
	.meaning = "what to call it in the log"};
static const struct schema_row rate_rows[] = {
	{.key = "what",
		.type = SCHEMA_NAME,
		AT(S, what),
		.names = rate_what_names,
		.preset = "messages",
		.since = FIRST,
		.meaning = "What is counted."},
	{.key = "by",
		.type = SCHEMA_NAME,
		AT(S, by),
		.names = rate_by_names,
		.preset = "address",
		.since = FIRST,
		.meaning = "Whom it is counted for: each client address, each network of clients "
			   "(limits.network_bits4 and network_bits6), or each login. Connections "
			   "have no login."},
	{.key = "most",
		.type = SCHEMA_NUMBER,
		AT(S, most),
		.min = 1,
		.max = INT64_C(1000000000),
		.preset = "1000",
		.unit = "of them",
		.since = FIRST,
		.meaning = "How many in the time of per; over it the client is told 4xx with the "
			   "time after which there is room again."},
	{.key = "per",
		.type = SCHEMA_DURATION,
		AT(S, per),
		.min = SECONDS(1),
		.max = DAYS(1),
		.preset = "1m",
		.since = FIRST,
		.meaning = "The time in which they are counted."},
	{.key = "hold",
		.type = SCHEMA_DURATION,
		AT(S, hold),
		.min = 0,
		.max = DAYS(30),
		.preset = "0",
		.since = FIRST,
		.meaning = "Who goes over it is held for so long, and a warning is logged: a "
			   "stolen password is found by its volume. 0: no longer than needed."},
	{.key = "except",
		.type = SCHEMA_WHO,
		AT(S, except),
		.count_offset = offsetof(struct S, n_except),
		.since = FIRST,
		.meaning =
			"Who is not counted, as in check. Of connections only networks are known."},
};
#undef S

#define S conf_check
static const struct schema_name check_names[] = {{"helo_own_name", CONF_CHECK_HELO_OWN, NULL},
	{"helo_literal", CONF_CHECK_HELO_LITERAL, NULL},
	{"helo_qualified", CONF_CHECK_HELO_QUALIFIED, NULL},
	{"reverse_name", CONF_CHECK_REVERSE_NAME, NULL},
	{"confirmed_name", CONF_CHECK_CONFIRMED_NAME, NULL},
	{"sender_domain", CONF_CHECK_SENDER_DOMAIN, NULL},
	{"block_lists", CONF_CHECK_BLOCK_LISTS, NULL}, {"spf_fail", CONF_CHECK_SPF_FAIL, NULL},
	{"spf_temperror", CONF_CHECK_SPF_TEMPERROR, NULL},
	{"early_talker", CONF_CHECK_EARLY_TALKER, NULL}, {"recipient", CONF_CHECK_RECIPIENT, NULL},
	{"quota", CONF_CHECK_QUOTA, NULL}, {0}};
static const struct schema_name action_names[] = {{"refuse", CONF_CHECK_REFUSE, NULL},
	{"warn", CONF_CHECK_WARN, NULL}, {"off", CONF_CHECK_OFF, NULL}, {0}};
static const struct schema_row check_title = {.key = "NAME",
	.type = SCHEMA_NAME,
	AT(S, what),
	.names = check_names,
	.meaning =
		"helo_own_name: the client does not call itself by hostname. helo_literal: "
		"where it gives an address for a name, it is its own. helo_qualified: its "
		"name has a dot. reverse_name: its address has a name in the DNS. "
		"confirmed_name: and that name the address. sender_domain: the sender's domain "
		"exists and takes mail. block_lists: the dnsbl sections do not speak against it. "
		"spf_fail: the sender's domain does not forbid the client (SPF). spf_temperror: "
		"its word on that can be looked up now; else the client is told to come back. "
		"early_talker: the client waits for the greeting (see greeting.wait). recipient: "
		"the recipient exists. quota: its mailbox is not full. The last three are asked "
		"without a section of theirs too, after all others, and recipient and quota also "
		"of clients in relay_from or logged in: a section gives them a place, exceptions, "
		"or switches them off"};
static const struct schema_row check_rows[] = {
	{.key = "threshold",
		.type = SCHEMA_NUMBER,
		AT(S, threshold),
		.min = 1,
		.max = 1000000,
		.preset = "1",
		.since = FIRST,
		.meaning = "Of block_lists: the sum of weights that speaks against a client."},
	{.key = "action",
		.type = SCHEMA_NAME,
		AT(S, action),
		.names = action_names,
		.preset = "refuse",
		.since = FIRST,
		.meaning = "What is done with recipients of a client that fails it; warn logs "
			   "what would have been refused."},
	{.key = "except",
		.type = SCHEMA_WHO,
		AT(S, except),
		.count_offset = offsetof(struct S, n_except),
		.since = FIRST,
		.meaning =
			"Whom it leaves alone: networks; names that clients call themselves by "
			"(\".example.org\": all below it); senders and recipients, as LOCAL@DOMAIN "
			"or @DOMAIN."},
};
#undef S

#define S conf_policy
static const struct schema_name down_names[] = {
	{"defer", CONF_DOWN_DEFER, NULL}, {"open", CONF_DOWN_OPEN, NULL}, {0}};
static const struct schema_name policy_stage_names[] = {{"rcpt", CONF_STAGE_RCPT, NULL},
	{"connect", CONF_STAGE_CONNECT, NULL}, {"helo", CONF_STAGE_HELO, NULL},
	{"mail", CONF_STAGE_MAIL, NULL}, {"data", CONF_STAGE_DATA, NULL},
	{"end", CONF_STAGE_END, NULL}, {0}};
static const struct schema_row policy_title = {.key = "ADDRESS",
	.type = SCHEMA_SERVICE,
	AT(S, at),
	.meaning = "where the service listens: HOST:PORT, or unix:PATH"};
static const struct schema_row policy_rows[] = {
	{.key = "when_down",
		.type = SCHEMA_NAME,
		AT(S, when_down),
		.names = down_names,
		.preset = "defer",
		.since = FIRST,
		.meaning = "What is done with recipients while it can't be asked: they are told to "
			   "come back, with the kind of failure; or they are taken as if it had "
			   "nothing to say, and a warning is logged."},
	{.key = "timeout",
		.type = SCHEMA_DURATION,
		AT(S, timeout),
		.min = SECONDS(1),
		.max = SECONDS(60),
		.preset = "10s",
		.since = FIRST,
		.meaning = "How long an answer may take. After three failures in a row nobody "
			   "waits for it, but for one in two seconds who tries."},
	{.key = "connections",
		.type = SCHEMA_NUMBER,
		AT(S, connections),
		.min = 1,
		.max = 1000,
		.preset = "20",
		.unit = "connections",
		.since = FIRST,
		.meaning = "How many are open at most; they are used again and again, and closed "
			   "after a minute without work."},
	{.key = "stages",
		.type = SCHEMA_NAMES,
		AT(S, stages),
		.names = policy_stage_names,
		.preset = "rcpt",
		.since = FIRST,
		.meaning = "When it is asked: rcpt: about each recipient; connect: before the "
			   "greeting; helo, mail, data: before these commands are answered; end: "
			   "when the message is there, and before it is taken."},
	{.key = "trusted",
		.type = SCHEMA_NAME,
		AT(S, trusted),
		.names = bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether it is asked about clients too that may relay, by their address "
			   "or their login."},
	{.key = "except",
		.type = SCHEMA_WHO,
		AT(S, except),
		.count_offset = offsetof(struct S, n_except),
		.since = FIRST,
		.meaning = "Whom it is not asked about, as in check."},
};
#undef S

#define S conf_dnsbl
static const struct schema_name dnsbl_names[] = {
	{"block", CONF_DNSBL_BLOCK, NULL}, {"allow", CONF_DNSBL_ALLOW, NULL}, {0}};
static const struct schema_row dnsbl_title = {.key = "ZONE",
	.type = SCHEMA_DOMAIN,
	AT(S, zone),
	.min = 1,
	.max = 150,
	.meaning = "the zone that is asked"};
static const struct schema_row dnsbl_rows[] = {
	{.key = "kind",
		.type = SCHEMA_NAME,
		AT(S, kind),
		.names = dnsbl_names,
		.preset = "block",
		.since = FIRST,
		.meaning = "Whether it speaks against those whom it lists, or for them."},
	{.key = "weight",
		.type = SCHEMA_NUMBER,
		AT(S, weight),
		.min = 1,
		.max = 1000,
		.preset = "1",
		.since = FIRST,
		.meaning = "How much its word counts, see threshold in check."},
	{.key = "answers",
		.type = SCHEMA_NETWORKS,
		AT(S, codes),
		.count_offset = offsetof(struct S, n_codes),
		.since = FIRST,
		.meaning = "Which of its answers count, as addresses or networks. Default: all "
			   "that a list may give."},
};
#undef S

#define S conf_facts
static const struct schema_row facts_rows[] = {
	{.key = "records",
		.type = SCHEMA_NUMBER,
		AT(S, records),
		.min = 1000,
		.max = INT64_C(10000000),
		.preset = "200000",
		.unit = "records",
		.since = FIRST,
		.meaning = "How many are kept of greylisting, rates and correspondents; over it "
			   "the least worth are forgotten, the oldest of them first. One takes "
			   "about 300 bytes of memory."},
};
#undef S

#define S conf_deferrals
static const struct schema_row deferral_rows[] = {
	{.key = "target",
		.type = SCHEMA_DURATION,
		AT(S, target),
		.min = SECONDS(1),
		.max = DAYS(7),
		.preset = "6m",
		.since = FIRST,
		.meaning = "What 95 of 100 of those whom abide told to come back should be delayed "
			   "at most; a warning is logged where they are not."},
	{.key = "lost_after",
		.type = SCHEMA_DURATION,
		AT(S, lost_after),
		.min = SECONDS(1),
		.max = DAYS(30),
		.preset = "8h",
		.since = FIRST,
		.meaning = "Who did not come back by then is listed by abide deferrals as lost."},
};
#undef S

#define FILE_OF(s, k, member, text)                                                  \
	{                                                                            \
		.key = k, .type = SCHEMA_PATH, AT(s, member), .min = 2, .max = 4000, \
		.since = FIRST, .meaning = text                                      \
	}
static const struct schema_row tls_rows[] = {
	FILE_OF(conf_encryption, "certificate", own.certificate,
		"The file (PEM) of the certificate, with those above it behind. STARTTLS is "
		"offered where it is set. Read again at SIGHUP."),
	FILE_OF(conf_encryption, "key", own.key,
		"The file of its private key (PEM, without a passphrase): ECDSA, RSA or Ed25519. "
		"Only the process keys reads it."),
	{.key = "authorities",
		.type = SCHEMA_PATH,
		AT(conf_encryption, authorities),
		.min = 2,
		.max = 4000,
		.preset = "/etc/ssl/certs/ca-certificates.crt",
		.since = FIRST,
		.meaning = "The file (PEM) of the authorities that certificates of next hops are "
			   "verified with, and servers that have policies (mta_sts)."},
};

static const struct schema_row dkim_title = {.key = "DOMAIN",
	.type = SCHEMA_DOMAIN,
	AT(conf_dkim, domain),
	.min = 1,
	.max = 255,
	.meaning = "the domain that signs (d=)"};
#define SELECTOR(k)                                                                      \
	{                                                                                \
		.key = #k, .type = SCHEMA_DOMAIN, AT(conf_dkim, k), .min = 1, .max = 63, \
		.since = FIRST,                                                          \
		.meaning = "The name under which the DNS has its public key: "           \
			   "SELECTOR._domainkey.DOMAIN."                                 \
	}
static const struct schema_row dkim_rows[] = {
	FILE_OF(conf_dkim, "rsa_key", rsa_key,
		"The file (PEM) of an RSA key of 2048 bits or more, as abide dkim makes it. Every "
		"receiver understands its signatures. Only the process keys reads it."),
	SELECTOR(rsa_selector),
	FILE_OF(conf_dkim, "ed25519_key", ed25519_key,
		"The file of an Ed25519 key (RFC 8463): shorter and faster, not yet understood "
		"everywhere. With both, mail carries two signatures."),
	SELECTOR(ed25519_selector),
};
static const struct schema_row certificate_title = {.key = "NAME",
	.type = SCHEMA_PATTERN,
	AT(conf_certificate, name),
	.min = 1,
	.max = 255,
	.meaning = "the name that clients ask for (SNI); \".example.org\" for all below it"};
static const struct schema_row certificate_rows[] = {
	FILE_OF(conf_certificate, "certificate", certificate, "As in tls."),
	FILE_OF(conf_certificate, "key", key, "As in tls."),
};
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
		.names = bool_names,
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
		.names = bool_names,
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
#define S conf_diagnose
static const struct schema_row diagnose_rows[] = {
	{.key = "checks",
		.type = SCHEMA_NAME,
		AT(S, checks),
		.names = bool_names,
		.preset = "yes",
		.since = FIRST,
		.meaning =
			"Whether abide looks at its own side (reverse name, block lists, port 25 "
			"...) because of mail that is put off. abide diagnose does so anyway."},
	{.key = "lists",
		.type = SCHEMA_TEXTS,
		AT(S, lists),
		.count_offset = offsetof(struct S, n_lists),
		.min = 1,
		.max = 200,
		.preset = "zen.spamhaus.org, bl.spamcop.net, psbl.surriel.com",
		.since = FIRST,
		.meaning = "Block lists by DNS that the addresses mail goes out from are looked up "
			   "in. A list that does not show its own test entry is not believed."},
	{.key = "probe",
		.type = SCHEMA_DOMAIN,
		AT(S, probe),
		.min = 1,
		.max = 253,
		.since = FIRST,
		.meaning = "A domain whose mail hosts show whether port 25 gets out, beside those "
			   "that mail is put off at. Without one, only these are tried."},
	{.key = "webhook",
		.type = SCHEMA_TEXT,
		AT(S, webhook),
		.min = 8,
		.max = 2000,
		.since = FIRST,
		.meaning =
			"URL (http or https) that alarms are posted to, as JSON: one when trouble "
			"begins, one when it is over."},
	{.key = "mail_via",
		.type = SCHEMA_TEXT,
		AT(S, mail_via),
		.min = 8,
		.max = 2000,
		.since = FIRST,
		.meaning =
			"Another way for mail about alarms to needs_person: a mail server as "
			"smtp://HOST:PORT or smtps://USER:PASSWORD@HOST. It is handed there at "
			"once, past queue and routes, because these may be what is broken. Where "
			"that server does not take it, it goes as other mail does."},
};
#undef S
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
	{.name = "map",
		.title = &map_title,
		ROWS(map_rows),
		ARRAY(maps, n_maps),
		.meaning = "A table of keys and values. Keys are compared without regard to small "
			   "and capital letters."},
	{.name = "domain",
		.title = &domain_title,
		ROWS(domain_rows),
		ARRAY(domains, n_domains),
		.meaning = "A domain whose mail is taken from anybody and sent on."},
	{.name = "srs",
		ROWS(srs_rows),
		INSIDE(srs),
		.meaning =
			"Mail that an alias sends on to somebody else's domain goes out under an "
			"address of ours, so that SPF holds and bounces find their way back."},
	{.name = "users",
		ROWS(users_rows),
		INSIDE(users),
		.meaning = "Who may log in and then send anywhere, as themselves."},
	{.name = "tls",
		ROWS(tls_rows),
		INSIDE(tls),
		.meaning = "Encryption of what clients send: TLS 1.2 and 1.3."},
	{.name = "certificate",
		.title = &certificate_title,
		ROWS(certificate_rows),
		ARRAY(certificates, n_certificates),
		.meaning = "Another certificate, for clients that ask for that name. All others "
			   "get that of tls."},
	{.name = "dkim",
		.title = &dkim_title,
		ROWS(dkim_rows),
		ARRAY(dkim, n_dkim),
		.meaning = "Signs mail whose author (From) is of that domain, or of one below it "
			   "that has no section of its own: what clients send that may send "
			   "anywhere, and notices of abide. While a signature can't be made, mail "
			   "waits."},
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
	{.name = "diagnose",
		ROWS(diagnose_rows),
		INSIDE(diagnose),
		.meaning = "How abide finds out whose side trouble is on, and whom it tells. "
			   "Alarms go "
			   "to the log, by mail to needs_person, and to webhook."},
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
	{.name = "greeting",
		ROWS(greeting_rows),
		INSIDE(greeting),
		.meaning = "Programs that send spam seldom wait for the greeting."},
	{.name = "greylist",
		ROWS(greylist_rows),
		INSIDE(greylist),
		.meaning = "Whether first mail from strangers has to come back a little later."},
	{.name = "spf",
		ROWS(spf_rows),
		INSIDE(spf),
		.meaning = "How it is asked whether a client may send for the sender's domain (RFC "
			   "7208); it is asked where greylist, a check or header here needs it."},
	{.name = "rate",
		.title = &rate_title,
		ROWS(rate_rows),
		ARRAY(rates, n_rates),
		.meaning = "How much one client may send in a time. Clients in relay_from have no "
			   "rates by address or network."},
	{.name = "check",
		.title = &check_title,
		ROWS(check_rows),
		ARRAY(checks, n_checks),
		.meaning = "What is asked of strangers before a recipient is taken, in the order "
			   "of the file. Clients in relay_from or logged in are not asked, and "
			   "postmaster can always be written to."},
	{.name = "policy_service",
		.title = &policy_title,
		ROWS(policy_rows),
		ARRAY(policies, n_policies),
		.meaning = "A process that is asked about each recipient by Postfix's policy "
			   "delegation protocol, such as postgrey or policyd: after the checks, in "
			   "the order of the file, for recipients that there are. Understood are "
			   "DUNNO, OK (no further service is asked, and there is no greylisting), "
			   "REJECT, DEFER, DEFER_IF_PERMIT, codes with texts, PREPEND, INFO and "
			   "WARN; another action is logged as policy_unsupported and counts as "
			   "DUNNO."},
	{.name = "dnsbl",
		.title = &dnsbl_title,
		ROWS(dnsbl_rows),
		ARRAY(dnsbls, n_dnsbls),
		.meaning = "A list of addresses in the DNS, asked about strangers by check "
			   "block_lists. One that fails, refuses to answer us or lists everybody "
			   "counts for nothing, and is logged as event=list_broken."},
	{.name = "facts",
		ROWS(facts_rows),
		INSIDE(facts),
		.meaning = "What is remembered of clients and senders."},
	{.name = "deferrals",
		ROWS(deferral_rows),
		INSIDE(deferrals),
		.meaning = "What is watched of abide's own \"come back later\"."},
};

size_t schema_count(void)
{
	return COUNT(sections);
}

const struct schema_section *schema_section(size_t i)
{
	return &sections[i];
}
