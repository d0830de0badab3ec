#include "cli/stored.h"
#include "queue/site_tell.h"
#include <errno.h>
#include <sysexits.h>

struct telling {
	struct spooled *s;
	struct span site; /* empty: all */
	void (*fn)(const struct ipc_control_site *site, void *arg);
	void *arg;
	uint64_t told;
	int result;
};

/* "example.org#low" is a lane to example.org. */
static struct span destination_of(struct span lane)
{
	ptrdiff_t at = span_find(lane, '#');

	return at < 0 ? lane : span_slice(lane, 0, (size_t)at);
}

static int count_site(struct spooled *s, struct span site, struct site_count *count)
{
	const struct stored_lane *lane;
	int rc = 0;

	for (uint32_t least = 0; rc == 0 && (lane = stored_lane_of(s, site, least));
		least = lane->number + 1) {
		struct spool_due after = {0};

		if (count->domains_n < SITE_TELL_DOMAINS)
			count->domains[count->domains_n++] = destination_of(lane->name);
		count->lanes++;
		while ((rc = site_count_due(s->spool, lane->number, &after, count)) > 0)
			;
		after = (struct spool_due){0};
		while (rc == 0 && (rc = site_count_held(s->spool, lane->number, &after, count)) > 0)
			;
		if (lane->number == UINT32_MAX)
			break;
	}
	return rc;
}

static void tell(const struct spool_site *stored, void *arg)
{
	struct telling *t = arg;
	struct arena arena = {0};
	struct site_count count = {0};
	struct ipc_control_site told;

	if (t->site.len > 0 && !span_equal(t->site, stored->name))
		return;
	struct site *site = site_new(stored->name);
	struct site_tell how = {.spool = t->s->spool,
		.site = site,
		.count = &count,
		.connections_most = t->s->conf->limits.deliver_connections,
		.now = spool_now(t->s->spool)};

	site_load(site, stored, how.now);
	int rc = count_site(t->s, stored->name, &count);

	t->result = rc < 0 ? rc : t->result;
	site_tell(&how, &arena, &told);
	t->fn(&told, t->arg);
	t->told++;
	site_free(site);
	arena_done(&arena);
}

int stored_sites(struct spooled *s, struct span site,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg)
{
	struct telling t = {.s = s, .site = site, .fn = fn, .arg = arg};
	int rc = spool_sites(s->spool, tell, &t);

	if (rc < 0 || t.result < 0)
		return EX_DATAERR;
	return site.len > 0 && t.told == 0 ? EX_NOINPUT : EX_OK;
}

int stored_profile(struct spooled *s, const struct ipc_control_profile *profile)
{
	struct spool_op op = {.kind = SPOOL_OP_SITE};
	struct arena arena = {0};
	struct spool_site stored;
	struct site *site = site_new(profile->site);

	if (spool_site_load(s->spool, profile->site, &arena, &stored) == 0)
		site_load(site, &stored, spool_now(s->spool));
	site_import(site, profile, spool_now(s->spool));
	site_store(site, &stored);
	op.site = &stored;
	int rc = spool_apply(s->spool, &op);

	site_free(site);
	arena_done(&arena);
	return rc < 0 ? EX_DATAERR : EX_OK;
}
