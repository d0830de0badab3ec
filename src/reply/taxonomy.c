#include "reply/taxonomy.h"
#include <assert.h>

static const struct reply_cause_info causes[REPLY_CAUSES] = {
	[REPLY_NONE] = {"none", REPLY_SIDE_NONE, REPLY_NATURE_NONE, REPLY_SCOPE_NONE,
		REPLY_ACT_NONE, 0, 0},
#define CAUSE(symbol, name, is_side, is_nature, is_scope, is_action, first, most) \
	[REPLY_##symbol] = {.id = name,                                           \
		.side = REPLY_##is_side,                                          \
		.nature = REPLY_##is_nature,                                      \
		.scope = REPLY_SCOPE_##is_scope,                                  \
		.action = REPLY_ACT_##is_action,                                  \
		.first_seconds = first,                                           \
		.max_seconds = most},
#include "reply/taxonomy.def"
#undef CAUSE
};

static const char *const sides[REPLY_SIDES] = {
	[REPLY_SIDE_NONE] = "none",
	[REPLY_SENDER_SERVER] = "sender_server",
	[REPLY_SENDER_MESSAGE] = "sender_message",
	[REPLY_SENDER_REPUTATION] = "sender_reputation",
	[REPLY_SENDER_ISP] = "sender_isp",
	[REPLY_DEST_SERVER] = "dest_server",
	[REPLY_DEST_MAILBOX] = "dest_mailbox",
	[REPLY_NETWORK] = "network",
	[REPLY_NOBODY_WAIT] = "nobody_wait",
};

static const char *const scopes[REPLY_SCOPES] = {
	[REPLY_SCOPE_NONE] = "none",
	[REPLY_SCOPE_TRIPLE] = "triple",
	[REPLY_SCOPE_RECIPIENT] = "recipient",
	[REPLY_SCOPE_SENDER] = "sender",
	[REPLY_SCOPE_MESSAGE] = "message",
	[REPLY_SCOPE_DOMAIN] = "domain",
	[REPLY_SCOPE_SESSION] = "session",
	[REPLY_SCOPE_HOST] = "host",
	[REPLY_SCOPE_SITE] = "site",
	[REPLY_SCOPE_SOURCE] = "source",
};

static const char *const natures[REPLY_NATURES] = {
	[REPLY_NATURE_NONE] = "none",
	[REPLY_TRANSIENT] = "transient",
	[REPLY_NEEDS_CHANGE] = "needs_change",
	[REPLY_PERMANENT] = "permanent",
};

static const char *const actions[REPLY_ACTIONS] = {
	[REPLY_ACT_NONE] = "none",
	[REPLY_ACT_RETRY] = "retry",
	[REPLY_ACT_RETRY_SAME] = "retry_same",
	[REPLY_ACT_RETRY_TELL] = "retry_tell",
	[REPLY_ACT_SLOW_DOWN] = "slow_down",
	[REPLY_ACT_FEWER_CONNECTIONS] = "fewer_connections",
	[REPLY_ACT_NEXT_HOST] = "next_host",
	[REPLY_ACT_NEXT_TRANSACTION] = "next_transaction",
	[REPLY_ACT_RECONNECT_PLAIN] = "reconnect_plain",
	[REPLY_ACT_USE_TLS] = "use_tls",
	[REPLY_ACT_LOG_IN] = "log_in",
	[REPLY_ACT_GIVE_UP] = "give_up",
	[REPLY_ACT_GIVE_UP_TELL] = "give_up_tell",
};

static const char *const stages[REPLY_STAGES] = {
	[REPLY_STAGE_NONE] = "unknown",
	[REPLY_STAGE_CONNECT] = "connect",
	[REPLY_STAGE_HELO] = "helo",
	[REPLY_STAGE_MAIL] = "mail",
	[REPLY_STAGE_RCPT] = "rcpt",
	[REPLY_STAGE_DATA] = "data",
	[REPLY_STAGE_EOD] = "eod",
	[REPLY_STAGE_AUTH] = "auth",
	[REPLY_STAGE_TLS] = "tls",
};

const struct reply_cause_info *reply_cause_info(enum reply_cause cause)
{
	assert(cause < REPLY_CAUSES);
	return &causes[cause];
}

const char *reply_cause_text(enum reply_cause cause)
{
	return reply_cause_info(cause)->id;
}

const char *reply_side_text(enum reply_side side)
{
	assert(side < REPLY_SIDES);
	return sides[side];
}

const char *reply_scope_text(enum reply_scope scope)
{
	assert(scope < REPLY_SCOPES);
	return scopes[scope];
}

const char *reply_nature_text(enum reply_nature nature)
{
	assert(nature < REPLY_NATURES);
	return natures[nature];
}

const char *reply_action_text(enum reply_action action)
{
	assert(action < REPLY_ACTIONS);
	return actions[action];
}

const char *reply_stage_text(enum reply_stage stage)
{
	assert(stage < REPLY_STAGES);
	return stages[stage];
}

const char *reply_wait_source_text(enum reply_wait_source source)
{
	static const char *const names[] = {NULL, "stated", "learned", "schedule"};

	assert(source <= REPLY_WAIT_SCHEDULE);
	return names[source];
}

bool reply_cause_parse(struct span text, enum reply_cause *ret)
{
	for (unsigned i = REPLY_NONE + 1; i < REPLY_CAUSES; i++)
		if (span_equal(text, span_str(causes[i].id))) {
			*ret = i;
			return true;
		}
	return false;
}

bool reply_stage_parse(struct span text, enum reply_stage *ret)
{
	for (unsigned i = REPLY_STAGE_NONE + 1; i < REPLY_STAGES; i++)
		if (span_equal_nocase(text, span_str(stages[i]))) {
			*ret = i;
			return true;
		}
	return false;
}
