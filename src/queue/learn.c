#include "queue/queue.h"
#include "queue/diagnosing.h"
#include "queue/person.h"
#include "queue/results.h"

#define DROUGHT_LEAST  10U /* refusals in a row without a success between them */
#define LONG_MS        (4 * 3600 * INT64_C(1000))
#define RECALL_REFUSED 3U /* in a row: they were too early */

static uint32_t count_taken(const struct ipc_outcome *o)
{
	uint32_t n = 0;

	for (size_t i = 0; i < o->fates_n; i++)
		n += o->fates[i].outcome == IPC_FATE_RELAYED ||
		     o->fates[i].outcome == IPC_FATE_DELIVERED;
	return n;
}

static bool is_refused_for_being_new(const struct ipc_outcome *o)
{
	bool all = o->fates_n > 0;

	for (size_t i = 0; i < o->fates_n; i++)
		all = all && decide_is_grey(&o->fates[i]);
	return all;
}

/*
 * Long without a success, and then one: what waits need not wait for its own time. What comes early
 * and is refused was too early; a few of them end it.
 */
static void note_drought(struct queue *q, struct site *site, const struct queue_job *job,
	const struct ipc_outcome *o)
{
	bool was_early = job && job->was_early;

	if (is_refused_for_being_new(o)) {
		if (site->refused_in_row == 0)
			site->refused_since = spool_now(q->spool);
		site->refused_in_row += site->refused_in_row < UINT32_MAX;
		if (was_early && ++site->recall_refused >= RECALL_REFUSED)
			queue_recall_end(q, site);
	} else if (count_taken(o) > 0) {
		bool was_long = site->refused_in_row >= DROUGHT_LEAST;

		site->refused_in_row = 0;
		if (was_early)
			site->recall_refused = 0;
		if (was_long && site->recall_from == 0)
			queue_recall(q, site);
	}
}

static void tell_person(
	struct queue *q, const struct site *site, const struct ipc_outcome *o, struct arena *arena)
{
	const struct ipc_fate *f = &o->fates[0];
	struct person p = {.kind = PERSON_STUCK,
		.site = queue_real_site(site, o, arena),
		.peer = o->peer,
		.reply = arena_printf(arena, "%u %.*s", f->code, SPAN_F(f->reply)),
		.since_ms = spool_wall(q->spool, site->flow.since)};

	(void)reply_cause_parse(f->cause, &p.cause);
	if (!queue_diagnosing_is_news(q, p.site, p.cause, true))
		return;
	log_event(LOG_WARN, "needs_person", LOG_STR("site", site->name), LOG_SPAN("peer", o->peer),
		LOG_U64("code", f->code), LOG_SPAN("cause", f->cause), LOG_SPAN("side", f->side),
		LOG_SPAN("reply", f->reply), LOG_TIME("since", p.since_ms),
		LOG_SPAN("advice", results_advice(q, f, arena)));
	queue_tell_person(q, &p);
}

/* Hours without any success: whatever the cause, somebody should look. */
static void tell_of_long_trouble(struct queue *q, struct site *site, const struct ipc_outcome *o)
{
	struct arena arena = {0};

	if (site->flow.state == FLOW_FLOWING || site->flow.since == 0 || o->fates_n == 0 ||
		spool_now(q->spool) - site->flow.since < LONG_MS)
		return;
	tell_person(q, site, o, &arena);
	arena_done(&arena);
}

void queue_learn(
	struct queue *q, struct lane *lane, struct queue_job *job, const struct ipc_outcome *o)
{
	struct site *site = job ? job->site : lane->site;
	struct site_outcome what = {.now = spool_now(q->spool),
		.began = job ? job->began : 0,
		.message = o->id.low ^ o->id.high,
		.is_probe = job && job->is_probe,
		.taken = count_taken(o),
		.dice = queue_dice(q)};
	struct site *other = queue_source_listed(q, site, o);
	bool was_out = queue_source_is_out(site);

	if (what.taken > 0)
		forecast_taken(&q->taken, what.now);
	what.is_listed = other != NULL;
	bool turned = site_learn(site, role_conf_now(q->role), o, &what);

	if (other)
		queue_source_leave(q, site, other, o, &what);
	else if (was_out && site->flow.state == FLOW_FLOWING)
		queue_source_home(q, site);
	if (job)
		job->is_probe = false;
	if (turned && site->flow.state == FLOW_FLOWING)
		log_event(LOG_INFO, "site_flows", LOG_STR("site", site->name));
	else if (turned && !other)
		log_event(LOG_INFO, "site_paused", LOG_STR("site", site->name),
			LOG_STR("cause", reply_cause_text(site->flow.cause)),
			LOG_STR("reply", site->last_reply),
			LOG_TIME("next_try", spool_wall(q->spool, site->flow.until)));
	note_drought(q, site, job, o);
	tell_of_long_trouble(q, site, o);
	if (o->site.len > 0 && !other) {
		struct arena arena = {0};

		queue_lane_move(q, lane, queue_site_name(o->site, queue_source_of(site), &arena));
		arena_done(&arena);
	}
	queue_site_write(q, site);
}
