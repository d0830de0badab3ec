#include "resolve/sts.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "resolve/ops.h"
#include "resolve/sts_dns.h"
#include "resolve/sts_fetch.h"
#include "resolve/sts_keep.h"
#include "task/task.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FETCHES_MOST 4U /* at once; each has a helper thread */
#define FETCH_MS     30000
#define FAILED_FOR   (5 * 60 * NANOS_S)
#define REFRESH_MS   INT64_C(86400000)
#define LOOK_EACH    (30 * 60 * NANOS_S) /* where nothing is announced any more, or can't be asked */

struct entry {                    /* of a domain that announced a policy, or had one */
	struct sts_kept *kept;    /* NULL: never fetched */
	struct task_gate fetched; /* or not: the fetch is over */
	bool is_fetching;
	nanos failed; /* 0: the last fetch did not */
	nanos looked; /* whether it is announced still, to renew it; 0: never */
	char why[STS_FETCH_WHY_MAX];
};

struct sts {
	struct resolver *resolver;
	int folder;
	struct table entries;  /* by domain */
	unsigned fetching;     /* by helper threads */
	unsigned running;      /* begun, and not over */
	struct task_gate room; /* for another fetch */
};

struct fetching {
	struct sts *sts;
	struct sts_fetch fetch;
	char domain[STS_DOMAIN_MAX + 1], id[STS_ID_MAX + 1];
	char *authorities;
	struct buf addresses;
};

/* ---- what is kept ---- */

static bool is_valid(const struct entry *e)
{
	int64_t now = clock_wall_ms();
	const struct sts_kept *k = e ? e->kept : NULL;

	/* A clock that went back makes none of them last longer than it may. */
	return k && now >= k->fetched_ms - REFRESH_MS &&
	       now < k->fetched_ms + INT64_C(1000) * k->max_age;
}

static int64_t stale_ms(const struct sts_kept *k)
{
	int64_t half = INT64_C(500) * k->max_age;

	return k->fetched_ms + (half < REFRESH_MS ? half : REFRESH_MS);
}

static bool is_stale(const struct sts_kept *k)
{
	return clock_wall_ms() >= stale_ms(k);
}

static void drop(struct sts *s, struct span domain, struct entry *e)
{
	if (e->kept && s->folder >= 0)
		sts_keep_remove(s->folder, e->kept->domain);
	(void)table_remove(&s->entries, domain);
	sts_kept_free(e->kept);
	free(e);
}

/* Over the bound: the one that was fetched the longest ago goes. */
static void make_room(struct sts *s)
{
	struct span domain, oldest = {0};
	struct entry *found = NULL;
	void *value;

	if (s->entries.n < STS_KEPT_MOST)
		return;
	for (size_t i = 0; table_next(&s->entries, &i, &domain, &value);) {
		struct entry *e = value;

		if (e->is_fetching ||
			(found && found->kept &&
				(e->kept && e->kept->fetched_ms >= found->kept->fetched_ms)))
			continue;
		found = e;
		oldest = domain;
	}
	if (found)
		drop(s, oldest, found);
}

static struct entry *entry_for(struct sts *s, struct span domain)
{
	struct entry *e = table_get(&s->entries, domain);

	if (e)
		return e;
	make_room(s);
	e = alloc_zero(sizeof *e);
	task_gate_init(&e->fetched);
	(void)table_set(&s->entries, domain, e);
	return e;
}

static void take_kept(struct sts_kept *k, void *arg)
{
	struct sts *s = arg;
	struct entry *e = alloc_zero(sizeof *e);

	task_gate_init(&e->fetched);
	e->kept = k;
	e = table_set(&s->entries, span_str(k->domain), e);
	if (e) {
		sts_kept_free(e->kept);
		free(e);
	}
}

struct writing {
	const struct sts *sts;
	const struct sts_kept *kept;
	int rc;
};

static void read_all(void *arg)
{
	struct sts *s = arg;

	if (s->folder >= 0)
		sts_keep_read(s->folder, take_kept, s);
}

static void write_one(void *arg)
{
	struct writing *w = arg;

	w->rc = sts_keep_write(w->sts->folder, w->kept);
}

/* ---- a fetch ---- */

static struct sts_kept *read_policy(const struct fetching *f, char why[STS_FETCH_WHY_MAX])
{
	struct arena arena = {0};
	struct sts_policy p;
	const char *wrong = "";
	struct sts_kept *k = NULL;

	if (sts_policy_read(buf_span(&f->fetch.body), &arena, &p, &wrong) < 0) {
		(void)snprintf(why, STS_FETCH_WHY_MAX, "%s", wrong);
	} else {
		k = alloc_zero(sizeof *k);
		*k = (struct sts_kept){.fetched_ms = clock_wall_ms(),
			.max_age = p.max_age,
			.mode = (uint8_t)p.mode,
			.hosts = BUF_INIT(STS_POLICY_MAX)};
		(void)snprintf(k->domain, sizeof k->domain, "%s", f->domain);
		(void)snprintf(k->id, sizeof k->id, "%s", f->id);
		for (size_t i = 0; i < p.n; i++)
			(void)buf_printf(&k->hosts, "%.*s\n", SPAN_F(p.hosts[i]));
		buf_shrink(&k->hosts);
	}
	arena_done(&arena);
	return k;
}

static void keep(struct sts *s, struct entry *e, struct sts_kept *k)
{
	struct sts_kept *old = e->kept;
	struct writing w = {.sts = s, .kept = k};

	e->kept = k;
	e->failed = 0;
	log_event(LOG_INFO, "sts_policy", LOG_STR("domain", k->domain), LOG_STR("policy", k->id),
		LOG_STR("mode", sts_mode_name((enum sts_mode)k->mode)),
		LOG_U64("max_age", k->max_age));
	sts_kept_free(old);
	/* is_fetching still: nobody else writes this one, or takes it away. */
	if (s->folder >= 0 && (task_offload(write_one, &w) < 0 || w.rc < 0))
		log_event(LOG_WARN, "sts_not_kept", LOG_STR("domain", k->domain), LOG_ERRNO(w.rc));
}

static void finish(struct fetching *f)
{
	struct sts *s = f->sts;
	struct entry *e = table_get(&s->entries, span_str(f->domain));
	struct sts_kept *k = f->fetch.is_fetched ? read_policy(f, f->fetch.why) : NULL;

	if (k) {
		e->looked = 0;
		keep(s, e, k);
	} else {
		e->failed = clock_now();
		memcpy(e->why, f->fetch.why, sizeof e->why);
		log_event(LOG_INFO, "sts_failed", LOG_STR("domain", f->domain),
			LOG_STR("reason", e->why), LOG_STR("kept", is_valid(e) ? "yes" : "no"));
	}
	e->is_fetching = false;
	s->running--;
	task_gate_wake_all(&e->fetched);
	task_gate_wake_all(&s->room);
	buf_done(&f->fetch.body);
	buf_done(&f->addresses);
	alloc_free(&f->authorities);
	free(f);
}

static void run_fetch(void *arg)
{
	struct fetching *f = arg;
	struct sts *s = f->sts;

	while (s->fetching >= FETCHES_MOST)
		if (task_gate_wait(&s->room, CLOCK_NEVER) < 0)
			break;
	s->fetching++;
	if (task_offload(sts_fetch_run, &f->fetch) < 0)
		(void)snprintf(
			f->fetch.why, sizeof f->fetch.why, "%s", "there was no thread for it");
	s->fetching--;
	task_gate_wake_all(&s->room);
	finish(f);
}

/* It ends by itself, whoever waits for it. */
static void begin_fetch(struct sts *s, const struct conf *conf, struct entry *e, struct span domain,
	struct span id, nanos deadline)
{
	struct fetching *f = alloc_zero(sizeof *f);

	e->is_fetching = true;
	s->running++;
	f->sts = s;
	(void)span_copy(domain, f->domain, sizeof f->domain);
	(void)span_copy(id, f->id, sizeof f->id);
	f->authorities = alloc_copy(conf->tls.authorities.at, conf->tls.authorities.len);
	f->addresses = (struct buf)BUF_INIT(2048);
	f->fetch = (struct sts_fetch){.domain = f->domain,
		.authorities = f->authorities,
		.port = conf->mta_sts.port,
		.timeout_ms = FETCH_MS,
		.body = BUF_INIT(STS_POLICY_MAX),
		.why = "libcurl does not work here"};
	const char *why;

	if (!sts_addresses(s->resolver, conf, domain, deadline, &f->addresses, &why))
		(void)snprintf(f->fetch.why, sizeof f->fetch.why, "%s", why);
	f->fetch.addresses = buf_cstr(&f->addresses);
	struct task *t = f->addresses.len > 0 ? task_spawn("sts", run_fetch, f) : NULL;

	if (t)
		task_detach(t);
	else
		finish(f);
}

/* ---- asking ---- */

static bool wants_fetch(const struct entry *e, struct span id)
{
	if (id.len == 0 || (e && e->is_fetching))
		return false;
	if (e && e->failed > 0 && clock_now() < e->failed + FAILED_FOR)
		return false;
	return !is_valid(e) || !span_equal(id, span_str(e->kept->id)) || is_stale(e->kept);
}

static void tell(const struct entry *e, struct arena *arena, struct ipc_resolve_answer *ret)
{
	*ret = (struct ipc_resolve_answer){.state = RESOLVE_NODATA};
	if (!is_valid(e)) {
		if (e && e->failed > 0)
			ret->why = arena_copy(arena, span_str(e->why));
		return;
	}
	struct span hosts = arena_copy(arena, buf_span(&e->kept->hosts)), host;

	ret->state = RESOLVE_FOUND;
	ret->ttl = e->kept->max_age;
	ret->records = arena_array(arena, STS_HOSTS_MAX + 1, sizeof *ret->records);
	ret->records[ret->records_n++].data = span_str(sts_mode_name((enum sts_mode)e->kept->mode));
	while (ret->records_n <= STS_HOSTS_MAX && span_take_until(&hosts, '\n', &host))
		ret->records[ret->records_n++].data = host;
}

bool sts_knows(const struct sts *s, struct span name)
{
	return table_get(&s->entries, name) != NULL;
}

void sts_ask(struct sts *s, const struct conf *conf, struct span domain, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	struct span name = sts_name(domain, arena);

	*ret = (struct ipc_resolve_answer){.state = RESOLVE_NODATA};
	if (name.len == 0 || !conf->mta_sts.use)
		return;
	struct span id = sts_announced(s->resolver, conf, name, deadline, arena);
	struct entry *e = table_get(&s->entries, name);

	if (wants_fetch(e, id)) {
		e = entry_for(s, name);
		begin_fetch(s, conf, e, name, id, deadline);
		e = table_get(&s->entries, name);
	}
	/* One that is only to be renewed holds nobody up. */
	while (e && e->is_fetching && !(is_valid(e) && span_equal(id, span_str(e->kept->id)))) {
		if (task_gate_wait(&e->fetched, deadline) < 0)
			break;
		e = table_get(&s->entries, name);
	}
	tell(e, arena, ret);
}

/* ---- renewing ---- */

static bool wants_renewal(const struct entry *e)
{
	nanos now = clock_now();

	return is_valid(e) && is_stale(e->kept) && !e->is_fetching &&
	       (e->looked == 0 || now >= e->looked + LOOK_EACH) &&
	       (e->failed == 0 || now >= e->failed + FAILED_FOR);
}

bool sts_renew(struct sts *s, const struct conf *conf, nanos deadline)
{
	struct arena arena = {0};
	struct span domain;
	void *value;
	bool found = false;

	for (size_t i = 0;
		conf->mta_sts.use && !found && table_next(&s->entries, &i, &domain, &value);)
		found = wants_renewal(value);
	if (found) {
		struct span name = arena_copy(&arena, domain);

		((struct entry *)value)->looked = clock_now();
		struct span id = sts_announced(s->resolver, conf, name, deadline, &arena);
		struct entry *e = table_get(&s->entries, name);

		if (e && wants_fetch(e, id))
			begin_fetch(s, conf, e, name, id, deadline);
	}
	arena_done(&arena);
	return found;
}

/* ---- life ---- */

struct sts *sts_new(struct resolver *r, int folder)
{
	struct sts *s = alloc_zero(sizeof *s);

	s->resolver = r;
	s->folder = folder;
	task_gate_init(&s->room);
	(void)task_offload(read_all, s);
	return s;
}

void sts_free(struct sts *s)
{
	struct span domain;
	void *value;

	while (s->running > 0)
		(void)task_gate_wait(&s->room, CLOCK_NEVER);
	for (size_t i = 0; table_next(&s->entries, &i, &domain, &value);) {
		sts_kept_free(((struct entry *)value)->kept);
		free(value);
	}
	table_done(&s->entries);
	free(s);
}
