#include "deliver/fate.h"
#include "spool/record.h"

static struct span status_text(struct reply_status s, struct arena *arena)
{
	if (!reply_status_is_set(s))
		return (struct span){0};
	return arena_printf(arena, "%u.%u.%u", s.class, s.subject, s.detail);
}

static void fill(
	const struct reply_meaning *m, struct span text, struct arena *arena, struct ipc_fate *ret)
{
	static const char natures[REPLY_NATURES] = {
		[REPLY_TRANSIENT] = 'T', [REPLY_NEEDS_CHANGE] = 'C', [REPLY_PERMANENT] = 'P'};

	ret->code = (uint16_t)m->code;
	ret->status = status_text(m->status, arena);
	ret->reply = arena_copy(arena, span_slice(text, 0, SPOOL_REPLY_MAX));
	ret->cause =
		m->cause == REPLY_NONE ? (struct span){0} : span_str(reply_cause_text(m->cause));
	ret->side =
		m->side == REPLY_SIDE_NONE ? (struct span){0} : span_str(reply_side_text(m->side));
	ret->wait = m->wait_seconds;
	ret->nature = (uint8_t)natures[m->nature];
}

/*
 * The peer's first digit is obeyed, but for a refusal before any mail was named: a whole site
 * that turns us away (554 greeting, HELO or our login refused) may let us in later, and nothing is lost by waiting.
 */
static enum ipc_outcome_kind kind_of(
	const struct trouble *t, unsigned code, enum reply_action action)
{
	bool early = t->stage == REPLY_STAGE_CONNECT || t->stage == REPLY_STAGE_HELO ||
		     t->stage == REPLY_STAGE_AUTH;

	if (t->maybe_delivered)
		return IPC_FATE_MAYBE;
	/* RFC 5321 4.5.3.1.10: 552 for too many recipients means what 452 does. */
	if (early || action == REPLY_ACT_NEXT_TRANSACTION)
		return IPC_FATE_DEFERRED;
	return code / 100 == 5 ? IPC_FATE_FAILED : IPC_FATE_DEFERRED;
}

void fate_make(const struct trouble *t, const struct conf *conf, uint32_t n, struct arena *arena,
	struct ipc_fate *ret, enum reply_action *ret_action)
{
	struct reply_meaning m = {.wait_seconds = -1};
	struct buf text = BUF_INIT(REPLY_TEXT_MAX);
	struct reply_context context = {.stage = t->stage,
		.now_wall_ms = clock_wall_ms(),
		.own = conf ? conf->own : NULL,
		.host = t->host};

	*ret = (struct ipc_fate){.n = n, .stage = span_str(reply_stage_text(t->stage))};
	if (t->event != REPLY_ID_NONE) {
		catalogue_meaning(t->event, &t->words, t->stage, &m);
		(void)catalogue_text(t->event, &t->words, &text);
		fill(&m, buf_span(&text), arena, ret);
	} else {
		reply_read(&context, t->reply.code, t->reply.status, t->reply.text, arena, &m);
		m.code = t->reply.code;
		fill(&m, t->reply.text, arena, ret);
	}
	ret->outcome = (uint8_t)kind_of(t, ret->code, m.action);
	*ret_action = m.action;
	buf_done(&text);
}

void fate_own(enum reply_id say, const struct reply_words *words, enum ipc_outcome_kind how,
	uint32_t n, struct arena *arena, struct ipc_fate *ret)
{
	struct reply_meaning m = {.wait_seconds = -1};
	struct buf text = BUF_INIT(REPLY_TEXT_MAX);

	*ret = (struct ipc_fate){.n = n,
		.outcome = (uint8_t)how,
		.stage = span_str(reply_stage_text(REPLY_STAGE_EOD))};
	catalogue_meaning(say, words, REPLY_STAGE_EOD, &m);
	(void)catalogue_text(say, words, &text);
	fill(&m, buf_span(&text), arena, ret);
	buf_done(&text);
}

void fate_taken(const struct reply *reply, enum ipc_outcome_kind how, uint32_t n,
	struct arena *arena, struct ipc_fate *ret)
{
	struct reply_meaning m = {.code = reply->code, .status = reply->status, .wait_seconds = -1};

	*ret = (struct ipc_fate){.n = n,
		.outcome = (uint8_t)how,
		.stage = span_str(reply_stage_text(REPLY_STAGE_EOD))};
	fill(&m, reply->text, arena, ret);
}
