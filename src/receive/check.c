#include "receive/check.h"
#include "base/log.h"
#include "policy/except.h"
#include "policy/helo.h"
#include "receive/names.h"
#include "receive/spf.h"
#include <sys/socket.h>

#define COME_BACK     60  /* seconds, where a name server can not be asked */
#define COME_BACK_SPF 300 /* the sender's own */

struct row { /* a check: its name in the log, and its question */
	const char *name;
	enum reply_id (*ask)(struct session *s, const struct conf_check *c, struct check_subject *r,
		struct reply_words *words);
};

static enum reply_id ask_own_name(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	words->domain = s->helo;
	return helo_is_own(s->helo, s->transaction.conf->hostname) ? SAY_HELO_OWN_NAME
								   : REPLY_ID_NONE;
}

static enum reply_id ask_literal(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	words->domain = s->helo;
	return helo_is_foreign_literal(s->helo, &s->client) ? SAY_HELO_LITERAL : REPLY_ID_NONE;
}

static enum reply_id ask_qualified(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	words->domain = s->helo;
	return helo_is_short(s->helo) ? SAY_HELO_NOT_QUALIFIED : REPLY_ID_NONE;
}

static enum reply_id ask_spf_fail(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	const struct spf_verdict *v = spf_of(s);

	words->domain = v->domain;
	words->text = v->explanation;
	return v->result == SPF_FAIL ? SAY_SPF_FAIL : REPLY_ID_NONE;
}

static enum reply_id ask_spf_temperror(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	const struct spf_verdict *v = spf_of(s);

	words->domain = v->domain;
	words->text = v->reason;
	reply_words_set_wait(words, COME_BACK_SPF, s->wait_room);
	return v->result == SPF_TEMPERROR ? SAY_SPF_UNANSWERED : REPLY_ID_NONE;
}

static enum reply_id ask_reverse_name(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	return names_of_client(s)->reverse == NAMES_NONE ? SAY_NO_REVERSE_NAME : REPLY_ID_NONE;
}

static enum reply_id ask_confirmed_name(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	const struct names *n = names_of_client(s);

	words->domain = span_str(n->host);
	return n->reverse == NAMES_NONE          ? SAY_NO_REVERSE_NAME
	       : n->reverse == NAMES_UNCONFIRMED ? SAY_NAME_NOT_CONFIRMED
						 : REPLY_ID_NONE;
}

static enum reply_id ask_sender_domain(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	switch (names_of_sender(s, &words->domain, &words->text)) {
	case NAMES_DOMAIN_NULL_MX:
		return SAY_SENDER_NULL_MX;
	case NAMES_DOMAIN_NONE:
		return SAY_SENDER_NO_DOMAIN;
	case NAMES_DOMAIN_LATER:
		reply_words_set_wait(words, COME_BACK, s->wait_room);
		return SAY_SENDER_DOMAIN_FAILED;
	case NAMES_DOMAIN_FINE:
		break;
	}
	return REPLY_ID_NONE;
}

static enum reply_id ask_block_lists(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	const struct names *n = names_on_lists(s);

	words->text = span_str(n->lists);
	return n->score >= c->threshold ? SAY_CLIENT_LISTED : REPLY_ID_NONE;
}

static enum reply_id ask_early_talker(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	words->code = 550; /* 521 is said at the greeting only */
	return s->has_talked_early ? SAY_TALKED_EARLY : REPLY_ID_NONE;
}

/* Once for each recipient, whoever asks first. */
static enum reply_id find_people(struct session *s, struct check_subject *r)
{
	if (!r->is_asked)
		r->refusal = people_find(s, r->path, r->address, r->arena, &r->people, &r->words);
	r->is_asked = true;
	return r->refusal;
}

static enum reply_id ask_recipient(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	enum reply_id id = find_people(s, r);

	*words = r->words;
	return id == SAY_MAILBOX_FULL ? REPLY_ID_NONE : id;
}

static enum reply_id ask_quota(struct session *s, const struct conf_check *c,
	struct check_subject *r, struct reply_words *words)
{
	enum reply_id id = find_people(s, r);

	*words = r->words;
	return id == SAY_MAILBOX_FULL ? id : REPLY_ID_NONE;
}

static const struct row rows[] = {
	[CONF_CHECK_HELO_OWN] = {"helo_own_name", ask_own_name},
	[CONF_CHECK_HELO_LITERAL] = {"helo_literal", ask_literal},
	[CONF_CHECK_HELO_QUALIFIED] = {"helo_qualified", ask_qualified},
	[CONF_CHECK_SPF_FAIL] = {"spf_fail", ask_spf_fail},
	[CONF_CHECK_SPF_TEMPERROR] = {"spf_temperror", ask_spf_temperror},
	[CONF_CHECK_REVERSE_NAME] = {"reverse_name", ask_reverse_name},
	[CONF_CHECK_CONFIRMED_NAME] = {"confirmed_name", ask_confirmed_name},
	[CONF_CHECK_SENDER_DOMAIN] = {"sender_domain", ask_sender_domain},
	[CONF_CHECK_BLOCK_LISTS] = {"block_lists", ask_block_lists},
	[CONF_CHECK_EARLY_TALKER] = {"early_talker", ask_early_talker},
	[CONF_CHECK_RECIPIENT] = {"recipient", ask_recipient},
	[CONF_CHECK_QUOTA] = {"quota", ask_quota},
};

static void log_failed(const struct session *s, const struct conf_check *c, struct span recipient,
	enum reply_id id, const struct reply_words *words)
{
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];
	struct buf *text = pool_take(&s->server->replies);
	struct span sender = s->transaction.sender;

	(void)catalogue_line(id, words, text);
	log_event(LOG_INFO, "check", LOG_STR("check", rows[c->what].name),
		LOG_STR("action", c->action == CONF_CHECK_WARN ? "warn" : "refuse"),
		LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)), LOG_SPAN("helo", s->helo),
		LOG_SPAN("sender", sender.len ? sender : SPAN_LIT("<>")),
		LOG_STR("name", s->names ? s->names->host : ""),
		LOG_I64("score", s->names ? s->names->score : 0), LOG_SPAN("recipient", recipient),
		LOG_SPAN("reply", buf_span(text)));
	pool_give(&s->server->replies, text);
}

bool check_is_postmaster(struct span recipient)
{
	static const struct span names[] = {SPAN_LIT("postmaster"), SPAN_LIT("abuse")};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct span rest = recipient;

		if (span_take_nocase(&rest, names[i]) && (rest.len == 0 || rest.at[0] == '@'))
			return true;
	}
	return false;
}

static bool is_about_recipient(const struct conf_check *c)
{
	return c->what == CONF_CHECK_RECIPIENT || c->what == CONF_CHECK_QUOTA;
}

/* Is it asked about this mail? Of those who are trusted, only who is there. */
static bool is_asked(const struct session *s, const struct conf_check *c, struct span recipient)
{
	if (is_about_recipient(c))
		return true;
	return !s->transaction.may_relay && s->login.len == 0 && !check_is_postmaster(recipient);
}

/* Of one that does not refuse: what was found must not be held against it at the end. */
static void waive(const struct conf_check *c, struct check_subject *r)
{
	r->takes_unknown |= c->what == CONF_CHECK_RECIPIENT;
	r->takes_full |= c->what == CONF_CHECK_QUOTA;
}

/* Only that it is not there can be waived, and only where mail for it has a way to go. */
static enum reply_id settle(struct session *s, struct check_subject *r, struct reply_words *words)
{
	enum reply_id id = find_people(s, r);

	if (id == SAY_MAILBOX_FULL && r->takes_full)
		return REPLY_ID_NONE;
	if (id == SAY_USER_UNKNOWN && r->takes_unknown &&
		conf_target_for(s->transaction.conf, r->words.domain, NULL))
		return REPLY_ID_NONE;
	if (id)
		*words = r->words;
	return id;
}

static enum reply_id run_checks(
	struct session *s, struct check_subject *r, struct reply_words *words)
{
	const struct conf *conf = s->transaction.conf;
	struct sockaddr_storage client;
	char ip[WIRE_IP_TEXT_MAX];
	const struct except_who who = {.client = (const struct sockaddr *)&client,
		.name = s->helo,
		.sender = s->transaction.sender,
		.recipient = r->address};

	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	for (size_t i = 0; i < conf->n_checks; i++) {
		const struct conf_check *c = &conf->checks[i];
		struct reply_words found = {.ip = wire_ip_text(&s->client, ip)};
		bool is_off =
			c->action == CONF_CHECK_OFF || except_has(c->except, c->n_except, &who);

		if (is_off || c->action == CONF_CHECK_WARN)
			waive(c, r);
		if (is_off || !is_asked(s, c, r->address))
			continue;
		enum reply_id id = rows[c->what].ask(s, c, r, &found);

		if (!id)
			continue;
		log_failed(s, c, r->address, id, &found);
		if (c->action == CONF_CHECK_WARN)
			continue;
		*words = found;
		words->ip = (struct span){0}; /* the caller's */
		return id;
	}
	return REPLY_ID_NONE;
}

enum reply_id check_recipient(struct session *s, struct check_subject *r, struct reply_words *words)
{
	enum reply_id refusal = run_checks(s, r, words);

	return refusal ? refusal : settle(s, r, words);
}

enum check_talker check_early_talker(const struct session *s)
{
	const struct conf *conf = session_conf(s);
	const struct conf_check *c = NULL;
	struct sockaddr_storage client;
	const struct except_who who = {.client = (const struct sockaddr *)&client};

	for (size_t i = 0; i < conf->n_checks && !c; i++)
		if (conf->checks[i].what == CONF_CHECK_EARLY_TALKER)
			c = &conf->checks[i];
	if (!c)
		return CHECK_TALKER_REFUSED;
	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	if (c->action == CONF_CHECK_OFF || except_has(c->except, c->n_except, &who))
		return CHECK_TALKER_FINE;
	return c->action == CONF_CHECK_WARN || !except_is_by_network(c->except, c->n_except)
		       ? CHECK_TALKER_LATER
		       : CHECK_TALKER_REFUSED;
}
