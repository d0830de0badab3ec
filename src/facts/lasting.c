#include "base/log.h"
#include "base/pack.h"
#include "facts/facts_in.h"
#include "spool/clock.h"
#include <errno.h>

_Static_assert(QCLOCK_BOOT_ID == ROLE_BOOT_ID, "the role's boot id is the clock's");

#define FLUSH_EVERY   NANOS_S
#define RECORDS_LEAST 1000U
#define LOOK_EVERY    INT64_C(10000)   /* ms: at delays beside their target */
#define WARN_EVERY    INT64_C(3600000) /* who misses it is named so often */
#define WARN_LEAST    20U              /* who came back lately: fewer say nothing */

static const char clock_key[] = {KEEP_CLOCK};

/* ---- time ---- */

int64_t lasting_now(const struct facts *f)
{
	return f->base_ms + (clock_boot() / NANOS_MS - f->boot_ms);
}

int64_t lasting_wall(const struct facts *f, int64_t ms)
{
	return clock_wall_ms() + (ms - lasting_now(f));
}

static void start_clock(struct facts *f)
{
	struct qclock_now now;
	struct qclock stored;
	struct arena arena = {0};
	struct span value;
	bool has_stored =
		f->keep->ops->get(f->keep, span_of(clock_key, sizeof clock_key), &value) &&
		pack_read(&qclock_type, value, &arena, &stored) == 0;

	qclock_read(&now);
	memcpy(now.boot_id, f->role->boot_id, sizeof now.boot_id);
	struct qclock_step step = qclock_resume(has_stored ? &stored : NULL, &now);

	f->base_ms = step.queue_ms;
	f->boot_ms = now.boot_ms;
	arena_done(&arena);
}

static void store_clock(struct facts *f)
{
	struct buf out = BUF_INIT(KEEP_VALUE_MAX);
	const struct qclock now = {.queue_ms = lasting_now(f),
		.wall_ms = clock_wall_ms(),
		.boot_ms = clock_boot() / NANOS_MS,
		.boot_id = span_of(f->role->boot_id, sizeof f->role->boot_id)};

	if (pack_write(&qclock_type, &now, &out) == 0)
		f->keep->ops->put(f->keep, span_of(clock_key, sizeof clock_key), buf_span(&out),
			(struct keep_life){INT64_MAX, KEEP_WORTH_MOST});
	buf_done(&out);
}

/* ---- the keep ---- */

size_t lasting_most(const struct facts *f)
{
	size_t records = role_conf_now(f->role)->facts.records;

	return records > RECORDS_LEAST ? records : RECORDS_LEAST;
}

void lasting_open(struct facts *f)
{
	size_t most = lasting_most(f);
	bool was_bad;
	int rc = keep_open(f->role->spool, most, &f->keep, &was_bad);

	if (rc < 0) {
		log_event(LOG_ERROR, "facts_not_kept", LOG_ERRNO(rc),
			LOG_STR("note", "what is learned now is forgotten at the next restart"));
		rc = keep_open(NULL, most, &f->keep, &was_bad);
		(void)rc; /* memory is always there */
	} else if (was_bad) {
		log_event(LOG_ERROR, "facts_damaged",
			LOG_STR("note", "what was remembered can't be read; it is kept as "
					"data.mdb.bad, and facts begins anew"));
	}
	start_clock(f);
}

void lasting_close(struct facts *f)
{
	store_clock(f);
	int rc = f->keep->ops->flush(f->keep);

	if (rc < 0)
		log_event(LOG_WARN, "facts_not_saved", LOG_ERRNO(rc));
	f->keep->ops->free(f->keep);
	f->keep = NULL;
}

static void flush(struct facts *f)
{
	struct keep_figures figures;

	f->keep->ops->figures(f->keep, &figures);
	if (figures.unsaved == 0)
		return;
	store_clock(f);
	int rc = f->keep->ops->flush(f->keep);

	if (rc < 0 && !f->said_unsaved)
		log_event(LOG_WARN, "facts_not_saved", LOG_ERRNO(rc));
	else if (rc == 0 && f->said_unsaved)
		log_event(LOG_INFO, "facts_saved");
	f->said_unsaved = rc < 0;
}

static void forget(struct facts *f)
{
	struct span key, value;
	unsigned n = 0;

	while (n++ < 1000 && f->keep->ops->expire(f->keep, lasting_now(f), &key, &value))
		(void)meter_expired(f->keep, key, value);
	requests_watch(f);
}

/* ---- the target of deferrals ---- */

struct look {
	int64_t target;
	bool has_warned;
};

static void warn(void *arg, const struct meter_figures *m)
{
	struct look *l = arg;

	if (m->recent < WARN_LEAST || m->p95_ms <= l->target)
		return;
	l->has_warned = true;
	log_event(LOG_WARN, "deferrals_slow", LOG_SPAN("reply", m->reply),
		LOG_U64("came_back", m->recent), LOG_I64("p95", m->p95_ms / 1000),
		LOG_I64("target", l->target / 1000), LOG_U64("elsewhere", m->elsewhere),
		LOG_STR("note", "abide deferrals shows whom this kind of reply delays"));
}

static void look(struct facts *f)
{
	struct look l = {.target = role_conf_now(f->role)->deferrals.target / NANOS_MS};
	int64_t now = lasting_now(f);

	if (now < f->look_at)
		return;
	meter_walk(f->keep, NULL, now, warn, NULL, &l);
	f->look_at = now + (l.has_warned ? WARN_EVERY : LOOK_EVERY);
}

void lasting_run(void *facts)
{
	struct facts *f = facts;

	while (!role_is_stopping(f->role) &&
		role_wait_stop(f->role, clock_after(FLUSH_EVERY)) == -ETIMEDOUT) {
		flush(f);
		forget(f);
		look(f);
	}
}
