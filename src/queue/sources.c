#include "queue/queue.h"
#include "base/alloc.h"
#include <math.h>
#include <stdlib.h>

#define FROM " from " /* in a site's name: its destination, and our source */

struct span queue_source_of(const struct site *site)
{
	struct span name = span_str(site->name);
	ptrdiff_t at = span_find_span(name, SPAN_LIT(FROM));

	return at < 0 ? (struct span){0} : span_slice(name, (size_t)at + sizeof FROM - 1, name.len);
}

static struct span destination_of(struct span name)
{
	ptrdiff_t at = span_find_span(name, SPAN_LIT(FROM));

	return at < 0 ? name : span_slice(name, 0, (size_t)at);
}

uint32_t queue_source_index(const struct conf *conf, struct span source)
{
	for (size_t i = 0; source.len > 0 && i < conf->n_sources; i++)
		if (span_equal(conf->sources[i].address, source))
			return (uint32_t)i;
	return UINT32_MAX;
}

struct span queue_site_name(struct span destination, struct span source, struct arena *arena)
{
	if (source.len == 0)
		return destination;
	return arena_printf(arena, "%.*s" FROM "%.*s", SPAN_F(destination), SPAN_F(source));
}

struct span queue_real_site(
	const struct site *site, const struct ipc_outcome *o, struct arena *arena)
{
	if (!site)
		return (struct span){0};
	return o->site.len > 0 ? queue_site_name(o->site, queue_source_of(site), arena)
			       : arena_copy(arena, span_str(site->name));
}

/* FNV-1a. Not table_hash, whose key is another one in each process: a sender would change its source. */
static uint64_t add(uint64_t hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.at[i]) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

/* From 0 to 1, both left out; every bit counts (the finish of MurmurHash3). */
static double share_of(struct span sender, struct span destination, struct span source)
{
	uint64_t h = add(add(add(UINT64_C(0xcbf29ce484222325), sender), destination), source);

	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return ((double)(h >> 11) + 0.5) / (double)(UINT64_C(1) << 53);
}

static bool is_named(const struct conf_route *r, struct span source)
{
	for (size_t i = 0; i < r->n_sources; i++)
		if (span_equal(r->sources[i].text, source))
			return true;
	return false;
}

/* How much of the route's mail goes out from it. Who is named gets some, whatever its weight elsewhere. */
static uint32_t weight_of(const struct conf_route *r, const struct conf_source *s)
{
	if (!r || r->n_sources == 0)
		return s->weight;
	return !is_named(r, s->address) ? 0 : s->weight > 0 ? s->weight : 1;
}

/* Every route that may use the one may use the other. */
static bool may_stand_in(const struct conf *conf, struct span one, const struct conf_source *other)
{
	bool is_used = other->weight > 0;

	for (size_t i = 0; i < conf->n_routes; i++) {
		const struct conf_route *r = &conf->routes[i];
		bool is = is_named(r, other->address);

		if (is != is_named(r, one))
			return false;
		is_used |= is;
	}
	return is_used;
}

/*
 * Weighted rendezvous hashing: a sender keeps its source as long as that is there, and a source
 * that is added or taken away moves its own share only.
 */
struct span queue_source_for(const struct conf *conf, const struct conf_route *route,
	struct span sender, struct span destination)
{
	const struct conf_source *best = NULL;
	double most = -1;

	for (size_t i = 0; i < conf->n_sources; i++) {
		const struct conf_source *s = &conf->sources[i];
		double share = share_of(sender, destination, s->address);
		uint32_t weight = weight_of(route, s);
		double score = weight > 0 ? -(double)weight / log(share) : -1;

		if (score > most) {
			most = score;
			best = s;
		}
	}
	return best ? best->address : (struct span){0};
}

/* ---- a source that a site lists ---- */

/* What another address of ours may be spared. */
static bool is_about_source(const struct ipc_fate *f)
{
	return (f->outcome == IPC_FATE_DEFERRED || f->outcome == IPC_FATE_FAILED) &&
	       decide_lists_us(decide_meaning(f).cause);
}

bool queue_source_is_out(const struct site *site)
{
	return site->flow.is_out && site->flow.state != FLOW_FLOWING &&
	       queue_source_of(site).len > 0;
}

/* The same destination from another of our addresses, the heaviest that is not out. NULL: none. */
static struct site *other_site(struct queue *q, const struct site *site)
{
	const struct conf *conf = role_conf_now(q->role);
	struct span source = queue_source_of(site);
	struct site *best = NULL;
	uint32_t most = 0;
	struct arena arena = {0};

	for (size_t i = 0; source.len > 0 && i < conf->n_sources; i++) {
		const struct conf_source *s = &conf->sources[i];

		uint32_t weight = s->weight > 0 ? s->weight : 1;

		if (weight <= most || span_equal(s->address, source) ||
			!may_stand_in(conf, source, s))
			continue;
		struct site *other = queue_site_get(q,
			queue_site_name(destination_of(span_str(site->name)), s->address, &arena));

		if (!queue_source_is_out(other)) {
			best = other;
			most = weight;
		}
	}
	arena_done(&arena);
	return best;
}

/* Those that `which` says yes to go to another site; the list changes under way. */
static void move_lanes(struct queue *q, struct site *from, struct site *to, struct span home)
{
	size_t n = 0;

	list_for_each (node, &from->lanes)
		n++;
	struct lane **lanes = alloc_array(n + 1, sizeof(struct lane *));

	n = 0;
	list_for_each (node, &from->lanes) {
		struct lane *lane = container_of(node, struct lane, of_site);

		if (home.len == 0 || span_equal(lane_source(lane), home))
			lanes[n++] = lane;
	}
	for (size_t i = 0; i < n; i++)
		queue_lane_move(q, lanes[i], span_str(to->name));
	free(lanes);
}

struct site *queue_source_listed(
	struct queue *q, const struct site *site, const struct ipc_outcome *o)
{
	bool is_listed = false;

	for (size_t i = 0; i < o->fates_n; i++) {
		const struct ipc_fate *f = &o->fates[i];

		if (f->outcome == IPC_FATE_RELAYED || f->outcome == IPC_FATE_DELIVERED)
			return NULL;
		is_listed |= is_about_source(f);
	}
	return is_listed ? other_site(q, site) : NULL;
}

void queue_source_leave(struct queue *q, struct site *site, struct site *other,
	const struct ipc_outcome *o, const struct site_outcome *what)
{
	const struct ipc_fate *f = o->fates;

	/* Others were under way when the first one was told. */
	if (queue_source_is_out(site) && !what->is_probe)
		return;
	while (!is_about_source(f))
		f++;
	enum reply_cause cause = decide_meaning(f).cause;
	struct flow_trouble trouble = {.cause = cause,
		.now = what->now,
		.began = what->began,
		.wait = f->wait,
		.first = decide_schedule(role_conf_now(q->role), cause, 1),
		.message = what->message,
		.dice = what->dice};

	flow_out(&site->flow, &trouble);
	log_event(LOG_WARN, "source_out", LOG_STR("site", site->name),
		LOG_SPAN("source", queue_source_of(site)),
		LOG_STR("cause", reply_cause_text(cause)), LOG_SPAN("reply", f->reply),
		LOG_STR("instead", other->name),
		LOG_TIME("next_try", spool_wall(q->spool, site->flow.until)));
	move_lanes(q, site, other, (struct span){0});
}

bool queue_source_goes_on(
	const struct site *used, const struct lane *lane, const struct ipc_fate *f)
{
	return used && lane && used != lane->site && is_about_source(f);
}

void queue_source_home(struct queue *q, struct site *site)
{
	const struct conf *conf = role_conf_now(q->role);
	struct span source = queue_source_of(site);
	struct arena arena = {0};

	for (size_t i = 0; i < conf->n_sources; i++) {
		struct site *other =
			queue_site_find(q, queue_site_name(destination_of(span_str(site->name)),
						   conf->sources[i].address, &arena));

		if (other && other != site)
			move_lanes(q, other, site, source);
	}
	arena_done(&arena);
}

struct site *queue_source_now(struct queue *q, struct site *home)
{
	bool is_away = queue_source_is_out(home) && home->flow.until > spool_now(q->spool);
	struct site *other = is_away ? other_site(q, home) : NULL;

	return other ? other : home;
}
