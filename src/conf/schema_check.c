#include "conf/schema_rows.h"

/* What is asked of strangers: greylist, spf, rate, check, policy_service, dnsbl, facts, deferrals. */

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
		.names = schema_bool_names,
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
		.names = schema_bool_names,
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
		.names = schema_bool_names,
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

static const struct schema_section sections[] = {
	{.name = "greylist",
		ROWS(greylist_rows),
		INSIDE(greylist),
		.meaning =
			"Whether first mail from strangers has to come back a little later; not to "
			"postmaster and abuse, who are there for those who do not get through."},
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
			   "postmaster and abuse can always be written to."},
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

const struct schema_part schema_check = {sections, COUNT(sections)};
