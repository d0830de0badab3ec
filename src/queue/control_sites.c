#include "queue/control_sites.h"
#include "queue/site_tell.h"
#include <errno.h>

#define PAGE    200U /* sites in an answer */
#define IN_TURN 20U  /* thousands of rows, or sites, before others may go on */

struct names {
	struct arena arena;
	struct span *at;
	size_t n;
};

static void note_name(const struct spool_site *site, void *arg)
{
	struct names *names = arg;

	names->at[names->n++] = arena_copy(&names->arena, site->name);
}

/* The site of this name, or the one that a domain of this name goes to. */
static int find_site(struct queue *q, struct span name, struct names *ret)
{
	const struct lane *lane = table_get(&q->lanes_by_name, name);
	struct spool_site stored;

	if (!queue_site_find(q, name) &&
		spool_site_load(q->spool, name, &ret->arena, &stored) < 0) {
		if (!lane)
			return -ENOENT;
		name = span_str(lane->site->name);
	}
	ret->at[ret->n++] = arena_copy(&ret->arena, name);
	return 0;
}

struct counting {
	struct queue *queue;
	struct arena arena;
	struct site_count count;
	uint32_t *lanes;
	size_t lanes_n;
	unsigned steps;
};

static void note_lanes(struct counting *c, const struct site *site)
{
	list_for_each (node, &site->lanes)
		c->lanes_n++;
	c->lanes = arena_array(&c->arena, c->lanes_n, sizeof *c->lanes);
	c->lanes_n = 0;
	list_for_each (node, &site->lanes) {
		const struct lane *lane = container_of(node, struct lane, of_site);

		if (c->count.domains_n < SITE_TELL_DOMAINS)
			c->count.domains[c->count.domains_n++] =
				arena_copy(&c->arena, lane_destination(lane));
		c->lanes[c->lanes_n++] = lane->number;
	}
	c->count.lanes = c->lanes_n;
}

static void let_others(struct counting *c)
{
	if (++c->steps % IN_TURN == 0)
		(void)task_yield();
}

static int count_lane(struct counting *c, uint32_t lane)
{
	struct spool *s = c->queue->spool;
	struct spool_due after = {0};
	int rc;

	while ((rc = site_count_due(s, lane, &after, &c->count)) > 0)
		let_others(c);
	after = (struct spool_due){0};
	while (rc >= 0 && (rc = site_count_held(s, lane, &after, &c->count)) > 0)
		let_others(c);
	return rc;
}

static uint64_t before_its_last(const struct queue_turns *turns, uint64_t waiting)
{
	uint64_t most = waiting * turns->sites;

	return most < turns->messages ? most : turns->messages;
}

static int tell_one(struct queue *q, const struct queue_turns *turns, struct span name,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg)
{
	struct counting c = {.queue = q};
	struct site *site = queue_site_find(q, name), *read = NULL;
	struct spool_site stored;
	int rc = 0;

	if (site)
		note_lanes(&c, site);
	for (size_t i = 0; rc == 0 && i < c.lanes_n; i++)
		rc = count_lane(&c, c.lanes[i]);
	site = queue_site_find(q, name); /* others went on meanwhile */
	if (!site) {
		site = read = site_new(name);
		if (spool_site_load(q->spool, name, &c.arena, &stored) == 0)
			site_load(read, &stored, spool_now(q->spool));
	}
	if (rc == 0) {
		struct site_tell t = {.spool = q->spool,
			.site = site,
			.count = &c.count,
			.connections_most = role_conf_now(q->role)->limits.deliver_connections,
			.now = spool_now(q->spool),
			.before = before_its_last(turns, c.count.waiting),
			.all_lately = forecast_rate(&q->taken, spool_now(q->spool)),
			.past = &q->past};
		struct ipc_control_site told;

		site_tell(&t, &c.arena, &told);
		fn(&told, arg);
	}
	site_free(read);
	arena_done(&c.arena);
	return rc;
}

int control_site(struct queue *q, struct span name,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg)
{
	struct queue_turns turns = queue_turns(q);

	return tell_one(q, &turns, name, fn, arg);
}

void control_sites(struct queue *q, const struct ipc_control_sites *ask,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg,
	struct ipc_control_end *ret)
{
	size_t most = ask->most > 0 && ask->most < PAGE ? ask->most : PAGE;
	struct names names = {.n = 0};
	struct queue_turns turns = queue_turns(q);
	int rc;

	names.at = arena_array(&names.arena, PAGE, sizeof *names.at);
	rc = ask->site.len > 0 ? find_site(q, ask->site, &names)
			       : spool_sites_from(q->spool, ask->after, most, note_name, &names);
	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		rc = tell_one(q, &turns, names.at[i], fn, arg);
		if (i % IN_TURN == IN_TURN - 1)
			(void)task_yield();
	}
	*ret = (struct ipc_control_end){
		.error = rc, .count = names.n, .more = ask->site.len == 0 && names.n == most};
	arena_done(&names.arena);
}

int control_profile(struct queue *q, const struct ipc_control_profile *profile)
{
	struct spool_op op = {.kind = SPOOL_OP_SITE};
	struct arena arena = {0};
	struct spool_site stored;
	struct site *site = queue_site_find(q, profile->site), *read = NULL;
	int64_t now = spool_now(q->spool);

	if (profile->site.len == 0 || profile->site.len > 500)
		return -EINVAL;
	if (!site) {
		site = read = site_new(profile->site);
		if (spool_site_load(q->spool, profile->site, &arena, &stored) == 0)
			site_load(read, &stored, now);
	}
	site_import(site, profile, now);
	if (site != read) {
		queue_site_keep(q, site);
		arena_done(&arena);
		return 0;
	}
	site_store(site, &stored);
	op.site = &stored;
	int rc = spool_apply(q->spool, &op);

	site_free(read);
	arena_done(&arena);
	return rc;
}

struct progress {
	void (*fn)(const struct ipc_control_progress *p, void *arg);
	void *arg;
};

static void on_progress(uint64_t rows, uint64_t of, void *arg)
{
	struct progress *p = arg;

	p->fn(&(struct ipc_control_progress){.done = rows, .of = of}, p->arg);
}

int control_compact(
	struct queue *q, void (*fn)(const struct ipc_control_progress *p, void *arg), void *arg)
{
	struct progress p = {fn, arg};
	struct spool_compacted made;
	int rc = spool_compact(q->spool, on_progress, &p, &made);

	if (rc < 0) {
		log_event(LOG_WARN, "spool_not_compacted", LOG_ERRNO(rc));
		return rc;
	}
	log_event(LOG_INFO, "spool_compacted", LOG_U64("before", made.before),
		LOG_U64("after", made.after), LOG_I64("took_ms", made.took / NANOS_MS),
		LOG_I64("paused_ms", made.paused / NANOS_MS));
	fn(&(struct ipc_control_progress){.before = made.before,
		   .after = made.after,
		   .took_ms = (uint64_t)(made.took / NANOS_MS),
		   .paused_ms = (uint64_t)(made.paused / NANOS_MS)},
		arg);
	return 0;
}
