#include "reply/settle.h"

/*
 * The first digit is obeyed even where the cause would speak against it: after
 * 5yz nothing is tried again, unless it would be done differently; after 4yz
 * nothing is given up, but a person hears of it at once.
 */
static enum reply_action action_after_5yz(enum reply_action action, enum reply_nature nature)
{
	switch (action) {
	case REPLY_ACT_NEXT_TRANSACTION:
	case REPLY_ACT_RECONNECT_PLAIN:
	case REPLY_ACT_USE_TLS:
	case REPLY_ACT_LOG_IN:
	case REPLY_ACT_GIVE_UP_TELL:
		return action;
	default:
		return nature == REPLY_NEEDS_CHANGE ? REPLY_ACT_GIVE_UP_TELL : REPLY_ACT_GIVE_UP;
	}
}

static enum reply_nature nature_of(const struct reply_meaning *m, enum reply_nature usual)
{
	bool is_5yz = m->code / 100 == 5;

	switch (m->cause) {
	case REPLY_LOCAL_ERROR:
		return is_5yz ? REPLY_NEEDS_CHANGE : REPLY_TRANSIENT;
	case REPLY_POOR_REPUTATION:
		return is_5yz ? REPLY_NEEDS_CHANGE : REPLY_TRANSIENT;
	case REPLY_RELAY_DENIED:
		return is_5yz ? REPLY_PERMANENT : REPLY_NEEDS_CHANGE;
	case REPLY_AUTH_FAILED:
		return is_5yz ? REPLY_PERMANENT : REPLY_TRANSIENT;
	default:
		return usual;
	}
}

void reply_settle(struct reply_meaning *m, enum reply_cause cause)
{
	const struct reply_cause_info *info = reply_cause_info(cause);

	m->cause = cause;
	m->side = info->side;
	m->scope = info->scope;
	m->action = info->action;
	m->nature = nature_of(m, info->nature);
	if (cause == REPLY_NONE || cause == REPLY_MESSAGE_EXPIRED)
		return;
	if (m->code / 100 == 5 && m->stage == REPLY_STAGE_CONNECT)
		m->action = REPLY_ACT_NEXT_HOST;
	else if (m->code / 100 == 5)
		m->action = action_after_5yz(m->action, m->nature);
	else if (m->code / 100 == 4 &&
		 (m->action == REPLY_ACT_GIVE_UP || m->action == REPLY_ACT_GIVE_UP_TELL))
		m->action = REPLY_ACT_RETRY_TELL;
}

bool reply_is_final(const struct reply_meaning *m)
{
	return m->action == REPLY_ACT_GIVE_UP || m->action == REPLY_ACT_GIVE_UP_TELL;
}
