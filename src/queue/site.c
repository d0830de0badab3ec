#include "queue/site.h"
#include "base/alloc.h"
#include "base/table.h"
#include <stdlib.h>

#define MINUTE INT64_C(60000)

struct site *site_new(struct span name)
{
	struct site *s = alloc_zero(sizeof *s);

	s->name = alloc_copy(name.at, name.len);
	flow_init(&s->flow);
	list_init(&s->lanes);
	list_init(&s->due);
	list_init(&s->idle);
	list_init(&s->ready);
	return s;
}

void site_free(struct site *s)
{
	if (!s)
		return;
	grey_done(&s->grey);
	free(s->holds);
	free(s->name);
	free(s);
}

/* ---- to the spool and back ---- */

void site_load(struct site *s, const struct spool_site *stored, int64_t now)
{
	s->delivered = stored->delivered;
	s->deferred = stored->deferred;
	s->bounced = stored->bounced;
	s->maybes = stored->maybes;
	s->last_at = stored->last_at;
	(void)span_copy(stored->last_reply, s->last_reply, sizeof s->last_reply);
	s->written_at = now;
	if (now - stored->last_at > SITE_FORGET)
		return;
	s->recipients_most = stored->recipients_most;
	s->grey.enough = stored->grey_enough;
	s->grey.vain = stored->grey_vain;
	s->grey.pairs = stored->grey_pairs;
	s->grey.learned_at = stored->grey_at;
	s->grey.remembers = stored->grey_remembers;
	s->grey.forgets = stored->grey_forgets;
	s->grey.recipient_waits = stored->recipient_waits;
	s->grey.recipient_passes = stored->recipient_passes;
	s->grey.sender_waits = stored->sender_waits;
	s->grey.sender_passes = stored->sender_passes;
	s->flow.ceiling = stored->ceiling;
	s->flow.ceiling_tests = stored->ceiling_tests;
	s->flow.ceiling_until = stored->ceiling_until;
	s->flow.gap_us = stored->gap_us;
	s->flow.gap_tests = stored->gap_tests;
	s->flow.gap_grown_at = now;
	s->flow.open_gap_ms = stored->open_gap_ms;
	if (stored->state == FLOW_FLOWING)
		return;
	/* A probe that ran when the queue ended is forgotten: the pause is over, the next one goes. */
	s->flow.state = FLOW_PAUSED;
	s->flow.cause = stored->cause < REPLY_CAUSES ? stored->cause : REPLY_NONE;
	s->flow.until = stored->until;
	s->flow.since = stored->since;
	s->flow.pauses = stored->pauses;
	s->flow.is_rate = stored->is_rate;
	s->flow.is_out = decide_lists_us(s->flow.cause);
	s->flow.window = FLOW_RAMP * 1000;
}

void site_store(const struct site *s, struct spool_site *ret)
{
	const struct flow *f = &s->flow;
	const struct grey *g = &s->grey;

	*ret = (struct spool_site){.name = span_str(s->name),
		.delivered = s->delivered,
		.deferred = s->deferred,
		.bounced = s->bounced,
		.last_at = s->last_at,
		.last_reply = span_str(s->last_reply),
		.maybes = s->maybes,
		.recipients_most = s->recipients_most,
		.grey_enough = g->enough,
		.grey_vain = g->vain,
		.grey_pairs = g->pairs,
		.grey_at = g->learned_at,
		.grey_remembers = g->remembers,
		.grey_forgets = g->forgets,
		.recipient_waits = g->recipient_waits,
		.recipient_passes = g->recipient_passes,
		.sender_waits = g->sender_waits,
		.sender_passes = g->sender_passes,
		.ceiling = f->ceiling,
		.ceiling_tests = f->ceiling_tests,
		.ceiling_until = f->ceiling_until,
		.gap_us = f->gap_us,
		.gap_tests = f->gap_tests,
		.open_gap_ms = f->open_gap_ms,
		.state = f->state,
		.cause = f->cause,
		.until = f->until,
		.since = f->since,
		.pauses = f->pauses,
		.is_rate = f->is_rate};
}

bool site_wants_writing(const struct site *s, int64_t now)
{
	return s->is_changed && (s->is_urgent || now - s->written_at >= SITE_WRITE_EACH);
}

/* ---- holds ---- */

uint64_t site_key(enum reply_scope scope, struct span sender, struct span recipient)
{
	uint64_t from = scope == REPLY_SCOPE_RECIPIENT ? 0 : table_hash(sender);
	uint64_t to = scope == REPLY_SCOPE_SENDER ? 0 : table_hash(recipient);

	return (from * UINT64_C(0x9E3779B97F4A7C15)) ^ to ^ (uint64_t)scope;
}

void site_hold(struct site *s, const struct site_hold *hold, int64_t now)
{
	struct site_hold *place = NULL;

	if (!s->holds)
		s->holds = alloc_array(SITE_HOLDS, sizeof *s->holds);
	for (size_t i = 0; i < SITE_HOLDS; i++) {
		struct site_hold *h = &s->holds[i];

		if (h->key == hold->key && h->scope == hold->scope) {
			place = h;
			break;
		}
		if (!place || h->until < place->until)
			place = h;
	}
	/* More than can be kept: the one that ends first is tried for itself. */
	if (place->key == hold->key || place->until <= now || place->until < hold->until)
		*place = *hold;
}

int64_t site_held(const struct site *s, struct span sender, struct span recipient, int64_t now)
{
	static const uint8_t scopes[] = {
		REPLY_SCOPE_TRIPLE, REPLY_SCOPE_RECIPIENT, REPLY_SCOPE_SENDER};
	uint64_t keys[3];
	int64_t until = 0;

	if (!s->holds)
		return 0;
	for (size_t i = 0; i < 3; i++)
		keys[i] = site_key(scopes[i], sender, recipient);
	for (size_t i = 0; i < SITE_HOLDS; i++) {
		const struct site_hold *h = &s->holds[i];

		for (size_t j = 0; j < 3 && h->until > now; j++)
			if (h->scope == scopes[j] && h->key == keys[j] && h->until > until)
				until = h->until;
	}
	return until;
}

void site_release(struct site *s)
{
	free(s->holds);
	s->holds = NULL;
}

/* ---- outcomes ---- */

double site_rate(const struct site *s, int64_t now)
{
	if (s->rate_at == 0)
		return 0;
	return s->rate / (1 + (double)(now - s->rate_at) / (double)(5 * MINUTE));
}

/* An average over about five minutes: what was before fades. */
static void count_rate(struct site *s, int64_t now)
{
	forecast_taken(&s->forecasts, now);
	s->rate = site_rate(s, now) + 1 / 5.0;
	s->rate_at = now;
}

static void note_reply(struct site *s, const struct ipc_outcome *o)
{
	for (size_t i = 0; i < o->fates_n; i++) {
		const struct ipc_fate *f = &o->fates[i];

		if (f->outcome == IPC_FATE_RELAYED || f->outcome == IPC_FATE_DELIVERED)
			continue;
		(void)span_copy(f->reply, s->last_reply, sizeof s->last_reply);
		(void)span_copy(f->status, s->last_status, sizeof s->last_status);
		s->last_code = f->code;
		s->last_cause = (uint8_t)decide_meaning(f).cause;
		return;
	}
}

static bool is_alive(const struct ipc_outcome *o)
{
	for (size_t i = 0; i < o->fates_n; i++)
		if (o->fates[i].code >= 200 && o->fates[i].outcome != IPC_FATE_MAYBE)
			return true;
	return false;
}

bool site_learn(struct site *s, const struct conf *conf, const struct ipc_outcome *o,
	const struct site_outcome *what)
{
	struct flow_trouble trouble;
	uint8_t was = s->flow.state;

	s->last_at = what->now;
	s->attempts++;
	s->is_changed = true;
	note_reply(s, o);
	if (o->recipients_most > 0 && o->recipients_most != s->recipients_most) {
		s->recipients_most = o->recipients_most;
		s->is_urgent = true;
	}
	if (what->is_probe)
		flow_probe_ended(&s->flow);
	if (what->is_listed) {
		s->is_urgent = true;
	} else if (decide_trouble(conf, o, &trouble)) {
		trouble.now = what->now;
		trouble.began = what->began;
		trouble.message = what->message;
		trouble.connections = s->connections;
		trouble.dice = what->dice;
		trouble.is_probe = what->is_probe;
		(void)flow_fail(&s->flow, &trouble);
	} else if (what->taken > 0 || is_alive(o)) {
		(void)flow_ok(&s->flow, what->now, what->taken > 0, s->busy);
	}
	if (what->taken > 0)
		count_rate(s, what->now);
	bool turned = (was == FLOW_FLOWING) != (s->flow.state == FLOW_FLOWING);

	s->is_urgent |= turned;
	return turned;
}
