#include "diagnose/told.h"
#include "base/table.h"
#include <string.h>

enum { QUIET_TIMES = 5 };

static struct span name_of(const struct told *t)
{
	return span_of(t->site, strnlen(t->site, TOLD_SITE_MAX - 1));
}

static uint64_t hash_of(struct span site)
{
	return table_hash(span_slice(site, 0, TOLD_SITE_MAX - 1));
}

static bool is_of(const struct told *t, struct span site, uint64_t hash)
{
	return t->hash == hash && span_equal(name_of(t), span_slice(site, 0, TOLD_SITE_MAX - 1));
}

static struct told *find(struct tolds *t, struct span site, enum reply_cause cause)
{
	uint64_t hash = t->n > 0 ? hash_of(site) : 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->all[i].cause == cause && is_of(&t->all[i], site, hash))
			return &t->all[i];
	return NULL;
}

static struct told *place(struct tolds *t)
{
	if (t->n < TOLD_MOST)
		return &t->all[t->n++];
	struct told *oldest = &t->all[0];

	for (size_t i = 1; i < TOLD_MOST; i++)
		if (t->all[i].seen_at < oldest->seen_at)
			oldest = &t->all[i];
	return oldest;
}

void told_add(struct tolds *t, const struct told *what)
{
	struct told *row = place(t);

	*row = *what;
	row->hash = hash_of(name_of(what));
}

bool told_see(struct tolds *t, const struct told *what)
{
	struct told *known = find(t, name_of(what), what->cause);
	struct told fresh = *what;

	if (known && what->at - known->seen_at < TOLD_SILENCE) {
		known->seen_at = what->at;
		known->more++;
		known->is_whole |= what->is_whole;
		return false;
	}
	fresh.seen_at = what->at;
	fresh.ok_at = 0;
	fresh.more = 0;
	fresh.state = TOLD_PENDING;
	fresh.hash = hash_of(name_of(what));
	if (known)
		*known = fresh;
	else
		told_add(t, &fresh);
	return true;
}

void told_mark(struct tolds *t, struct span site, enum reply_cause cause, enum told_state state)
{
	struct told *known = find(t, site, cause);

	if (known)
		known->state = state;
}

/* Such a trouble is not that of one message, sender or recipient: whoever gets through shows that it has passed. */
static bool hits_all(enum reply_cause cause)
{
	enum reply_scope scope = reply_cause_info(cause)->scope;

	return scope == REPLY_SCOPE_SITE || scope == REPLY_SCOPE_SOURCE;
}

void told_ok(struct tolds *t, struct span site, enum reply_cause cause, int64_t at)
{
	uint64_t hash = t->n > 0 ? hash_of(site) : 0;

	for (size_t i = 0; i < t->n; i++) {
		struct told *one = &t->all[i];

		if (is_of(one, site, hash) &&
			(one->is_whole || one->cause == cause || hits_all(one->cause)))
			one->ok_at = at;
	}
}

/* Where mail gets through now and then it goes on. */
static bool is_over(const struct told *t, int64_t at)
{
	int64_t usual = (t->seen_at - t->at) / ((int64_t)t->more + 1);

	return t->ok_at > 0 && t->ok_at >= t->seen_at &&
	       at - t->seen_at >= TOLD_QUIET + QUIET_TIMES * usual;
}

bool told_over(struct tolds *t, int64_t at, struct told *ret)
{
	for (size_t i = 0; i < t->n;) {
		struct told one = t->all[i];
		bool over = is_over(&one, at);

		if (!over && at - one.seen_at < TOLD_SILENCE) {
			i++;
			continue;
		}
		t->all[i] = t->all[--t->n];
		if (!over || one.state != TOLD_SAID)
			continue;
		*ret = one;
		return true;
	}
	return false;
}

int64_t told_last(const struct tolds *t, struct span site)
{
	uint64_t hash = t->n > 0 ? hash_of(site) : 0;
	int64_t last = 0;

	for (size_t i = 0; i < t->n; i++)
		if (is_of(&t->all[i], site, hash) && t->all[i].state == TOLD_SAID &&
			t->all[i].at > last)
			last = t->all[i].at;
	return last;
}
