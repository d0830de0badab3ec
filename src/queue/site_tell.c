#include "queue/site_tell.h"
#include "base/alloc.h"
#include <stdlib.h>

#define ROWS_MOST 1000U

/* ---- counting ---- */

static int count_rows(
	struct spool *s, uint32_t lane, struct spool_due *after, struct site_count *c, bool is_held)
{
	struct spool_due *rows = alloc_array(ROWS_MOST, sizeof *rows);
	long n = is_held ? spool_held_list(s, lane, after, rows, ROWS_MOST)
			 : spool_due_list(s, lane, after, rows, ROWS_MOST);

	/* What a mark makes due. */
	int64_t latest = !is_held && spool_mark_of(s, lane) > 0 ? spool_now(s) : INT64_MAX;

	for (long i = 0; i < n; i++) {
		int64_t due = rows[i].due < latest ? rows[i].due : latest;

		if (is_held) {
			c->held++;
			continue;
		}
		c->waiting++;
		c->recipients += rows[i].count;
		if (c->first_due == 0 || due < c->first_due)
			c->first_due = due;
		if (due > c->last_due)
			c->last_due = due;
	}
	if (n > 0)
		*after = rows[n - 1];
	free(rows);
	return n < 0 ? (int)n : n == ROWS_MOST;
}

int site_count_due(struct spool *s, uint32_t lane, struct spool_due *after, struct site_count *c)
{
	return count_rows(s, lane, after, c, false);
}

int site_count_held(struct spool *s, uint32_t lane, struct spool_due *after, struct site_count *c)
{
	return count_rows(s, lane, after, c, true);
}

/* ---- telling ---- */

/* Connections that the site may have now, whatever is configured. */
static uint32_t limit_of(const struct site_tell *t)
{
	const struct flow *f = &t->site->flow;
	uint32_t n = f->window / 1000;

	if (f->state != FLOW_FLOWING)
		return f->state == FLOW_PROBING ? 1 : 0;
	if (f->ceiling > 0 && n > f->ceiling)
		n = f->ceiling;
	if (n > t->connections_most)
		n = t->connections_most;
	return n < 1 ? 1 : n;
}

static struct forecast forecast_of(const struct site_tell *t, uint64_t waiting)
{
	const struct site *s = t->site;
	bool flows = s->flow.state == FLOW_FLOWING;
	struct forecast_ask ask = {.now = t->now,
		.waiting = waiting,
		.last_due = t->count->last_due,
		.per_minute = site_rate(s, t->now),
		.lately = forecast_rate(&s->forecasts, t->now),
		.is_binding = s->is_binding,
		.connections = limit_of(t),
		.gap_us = s->flow.gap_us,
		.until = flows ? 0 : s->flow.until,
		.since = flows ? 0 : s->flow.since,
		.has_taken = s->delivered > 0 || s->flow.last_ok > 0,
		.before = t->before,
		.all_lately = t->all_lately,
		.past = t->past};

	return forecast_make(&ask);
}

static int64_t wall(const struct site_tell *t, int64_t at)
{
	return at > 0 ? spool_wall(t->spool, at) : 0;
}

static void tell_forecasts(const struct site_tell *t, struct ipc_control_site *ret)
{
	struct forecast_record *r = &t->site->forecasts;
	struct forecast f = forecast_of(t, ret->waiting + ret->active);

	forecast_note(r, &f, t->now);
	ret->drains_at_wall_ms = wall(t, f.at);
	ret->drains_from_wall_ms = wall(t, f.from);
	ret->drains_by_wall_ms = wall(t, f.to);
	ret->forecasts = r->settled;
	ret->forecasts_within = r->within;
	ret->forecast_made_wall_ms = wall(t, r->last_made_at);
	ret->forecast_said_wall_ms = wall(t, r->settled ? r->last.at : 0);
	ret->forecast_came_wall_ms = wall(t, r->last_came_at);
}

/* The next moment at which something may go there. */
static int64_t next_try(const struct site_tell *t)
{
	const struct flow *f = &t->site->flow;
	int64_t at = t->count->first_due;

	if (at == 0)
		return 0;
	if (f->state == FLOW_PAUSED && f->until > at)
		at = f->until;
	return at < t->now ? t->now : at;
}

static void tell_profile(const struct site *s, struct ipc_control_profile *ret)
{
	*ret = (struct ipc_control_profile){.site = span_str(s->name),
		.grey_enough = s->grey.enough,
		.grey_vain = s->grey.vain,
		.grey_remembers = s->grey.remembers,
		.grey_forgets = s->grey.forgets,
		.grey_pairs = s->grey.pairs,
		.recipients_most = s->recipients_most,
		.ceiling = s->flow.ceiling,
		.gap_us = s->flow.gap_us,
		.open_gap_ms = s->flow.open_gap_ms};
}

void site_tell(const struct site_tell *t, struct arena *arena, struct ipc_control_site *ret)
{
	const struct site *s = t->site;
	bool flows = s->flow.state == FLOW_FLOWING;
	/* A row stays until its outcome is on disk. */
	uint64_t active = s->jobs < t->count->waiting ? s->jobs : t->count->waiting;

	*ret = (struct ipc_control_site){.waiting = t->count->waiting - active,
		.active = active,
		.recipients = t->count->recipients,
		.held = t->count->held,
		.connections = s->connections,
		.limit = limit_of(t),
		.state = span_str(flow_state_text(s->flow.state)),
		.binds = s->is_binding ? span_str(flow_limit_text(s->limit)) : (struct span){0},
		.cause = flows ? (struct span){0} : span_str(reply_cause_text(s->flow.cause)),
		.next_try_wall_ms = wall(t, next_try(t)),
		.last_reply_code = s->last_code,
		.last_reply = span_str(s->last_reply),
		.last_at_wall_ms = wall(t, s->last_at),
		.delivered = s->delivered,
		.deferred = s->deferred,
		.bounced = s->bounced,
		.maybes = s->maybes,
		.per_minute_thousandths = (uint64_t)(site_rate(s, t->now) * 1000),
		.domains_n = t->count->domains_n,
		.domains_all = t->count->lanes};
	ret->domains = arena_array(arena, ret->domains_n, sizeof *ret->domains);
	for (size_t i = 0; i < ret->domains_n; i++)
		ret->domains[i].name = t->count->domains[i];
	tell_profile(s, &ret->profile);
	tell_forecasts(t, ret);
}

static int64_t bounded(int64_t v, int64_t most)
{
	return v < 0 ? 0 : v > most ? most : v;
}

void site_import(struct site *s, const struct ipc_control_profile *p, int64_t now)
{
	const int64_t day = INT64_C(86400000);

	s->grey.enough = bounded(p->grey_enough, day);
	s->grey.vain = bounded(p->grey_vain, s->grey.enough);
	s->grey.remembers = bounded(p->grey_remembers, 400 * day);
	s->grey.forgets = bounded(p->grey_forgets, 400 * day);
	s->grey.pairs = p->grey_pairs;
	s->grey.in_vain = 0;
	s->grey.learned_at = now;
	s->recipients_most = p->recipients_most;
	s->flow.ceiling = p->ceiling < 10000 ? p->ceiling : 10000;
	s->flow.ceiling_until = now + 600000;
	s->flow.gap_us = bounded(p->gap_us, INT64_C(3600000000));
	s->flow.gap_grown_at = now;
	s->flow.open_gap_ms = bounded(p->open_gap_ms, 3600000);
	s->last_at = s->last_at > 0 ? s->last_at : now;
	s->is_changed = s->is_urgent = true;
}
