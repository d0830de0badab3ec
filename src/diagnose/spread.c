#include "diagnose/spread.h"

enum { ROOM_FIRST = 16, QUIET_MINUTES = 60 };

static struct keyrow *slot(const struct keyset *s, uint64_t key)
{
	size_t i = (size_t)(key ^ key >> 29) & (s->room - 1);

	while (s->rows[i].key != 0 && s->rows[i].key != key)
		i = (i + 1) & (s->room - 1);
	return &s->rows[i];
}

static void grow(struct keyset *s, struct arena *arena)
{
	struct keyset old = *s;

	s->room = old.room ? old.room * 2 : ROOM_FIRST;
	s->rows = arena_array(arena, s->room, sizeof *s->rows);
	for (size_t i = 0; i < old.room; i++)
		if (old.rows[i].key != 0)
			*slot(s, old.rows[i].key) = old.rows[i];
}

struct keyrow *keyset_add(struct keyset *s, uint64_t key, struct arena *arena)
{
	if (key == 0)
		key = 1; /* an empty name is one too */
	if (s->n * 2 >= s->room)
		grow(s, arena);
	struct keyrow *r = slot(s, key);

	s->n += r->key == 0;
	r->key = key;
	return r;
}

const struct keyrow *keyset_find(const struct keyset *s, uint64_t key)
{
	if (s->room == 0)
		return NULL;
	const struct keyrow *r = slot(s, key ? key : 1);

	return r->key ? r : NULL;
}

const struct keyrow *keyset_top(const struct keyset *s)
{
	const struct keyrow *top = NULL;

	for (size_t i = 0; i < s->room; i++)
		if (s->rows[i].fail > (top ? top->fail : 0) ||
			(top && s->rows[i].fail == top->fail && s->rows[i].key > top->key))
			top = &s->rows[i];
	return top;
}

static size_t count(const struct keyset *s, bool fails, int is_ok)
{
	size_t n = 0;

	for (size_t i = 0; i < s->room; i++)
		n += s->rows[i].key != 0 && (s->rows[i].fail > 0) == fails &&
		     (is_ok < 0 || (s->rows[i].ok > 0) == is_ok);
	return n;
}

size_t keyset_failing(const struct keyset *s)
{
	return count(s, true, -1);
}

size_t keyset_dead(const struct keyset *s)
{
	return count(s, true, 0);
}

size_t keyset_fine(const struct keyset *s)
{
	return count(s, false, 1);
}

/* Our own mailboxes say nothing of the world, nor it of them. */
static bool is_elsewhere(const struct spread_filter *f, const struct ledger_cell *c)
{
	return (c->provider == f->inside) != (f->provider == f->inside);
}

bool spread_is_hit(const struct spread_filter *f, const struct ledger_cell *c)
{
	if (c->cause == REPLY_NONE || verdict_family(c->cause) != f->family)
		return false;
	if (is_elsewhere(f, c))
		return false;
	if ((f->provider && c->provider != f->provider) || (f->domain && c->domain != f->domain))
		return false;
	if (f->without_domains && keyset_find(f->without_domains, c->domain))
		return false;
	return !f->without_providers || !keyset_find(f->without_providers, c->provider);
}

uint32_t spread_begin(const struct ledger *l, const struct spread_filter *f)
{
	uint32_t begin = 0, last = 0;
	bool has_succeeded = false;

	/* An hour without it, in which mail went out, is the end of what was before. */
	for (size_t i = 0; i < ledger_count(l); i++) {
		const struct ledger_cell *c = ledger_get(l, i);

		if (c->cause == REPLY_NONE && !is_elsewhere(f, c) &&
			(!f->provider || c->provider == f->provider))
			has_succeeded = true;
		if (!spread_is_hit(f, c))
			continue;
		if (begin == 0 || (has_succeeded && c->minute - last > QUIET_MINUTES))
			begin = c->minute;
		last = c->minute;
		has_succeeded = false;
	}
	return begin;
}

static bool is_about(const struct ledger_cell *c, uint64_t about)
{
	return about == c->site || about == c->provider || about == c->source ||
	       about == c->domain || about == c->sender || about == c->recipient;
}

static void add_failure(struct spread *s, const struct ledger_cell *c, struct arena *arena)
{
	s->fail += c->n;
	s->said += c->is_said ? c->n : 0;
	s->own_list += c->is_own_list ? c->n : 0;
	s->by_side[c->side] += c->n;
	s->by_cause[c->cause] += c->n;
	s->first = s->first ? s->first : c->minute;
	s->last = c->minute;
	keyset_add(&s->sites, c->site, arena)->fail += c->n;
	keyset_add(&s->providers, c->provider, arena)->fail += c->n;
	keyset_add(&s->sources, c->source, arena)->fail += c->n;
	keyset_add(&s->domains, c->domain, arena)->fail += c->n;
	keyset_add(&s->senders, c->sender, arena)->fail += c->n;
	keyset_add(&s->messages, c->message, arena)->fail += c->n;
	keyset_add(&s->recipients, c->recipient, arena)->fail += c->n;
}

static bool has_failed(const struct keyset *s, uint64_t key)
{
	const struct keyrow *r = keyset_find(s, key);

	return r && r->fail > 0;
}

static void add_success(struct spread *s, const struct ledger_cell *c, struct arena *arena)
{
	s->ok += c->n;
	keyset_add(&s->providers, c->provider, arena)->ok += c->n;
	if (c->domain != 0) /* a bounce is nobody's */
		keyset_add(&s->domains, c->domain, arena)->ok += c->n;
	keyset_add(&s->sources, c->source, arena)->ok += c->n;
	if (has_failed(&s->providers, c->provider))
		s->ok_source_near += has_failed(&s->sources, c->source) ? 0 : c->n;
	if (!has_failed(&s->sites, c->site))
		return;
	keyset_add(&s->sites, c->site, arena)->ok += c->n;
	s->ok_there += c->n;
	s->ok_domain += c->domain == 0 || has_failed(&s->domains, c->domain) ? 0 : c->n;
	s->ok_source += has_failed(&s->sources, c->source) ? 0 : c->n;
	s->ok_recipient += has_failed(&s->recipients, c->recipient) ? 0 : c->n;
	s->ok_message += has_failed(&s->messages, c->message) ? 0 : c->n;
}

/* What was taken in the very minute may have been before: it only shows that others were fine. */
static bool counts(const struct spread *s, const struct ledger_cell *c)
{
	return c->minute > s->first ||
	       (c->minute == s->first && !has_failed(&s->providers, c->provider));
}

void spread_make(const struct ledger *l, const struct spread_filter *f, struct arena *arena,
	struct spread *ret)
{
	*ret = (struct spread){.is_inside = f->inside != 0 && f->provider == f->inside};
	for (size_t i = 0; i < ledger_count(l); i++) {
		const struct ledger_cell *c = ledger_get(l, i);

		if (c->minute < f->from || !spread_is_hit(f, c))
			continue;
		add_failure(ret, c, arena);
		ret->about_hits += f->about && is_about(c, f->about);
	}
	for (size_t i = 0; i < ledger_count(l) && ret->fail > 0; i++) {
		const struct ledger_cell *c = ledger_get(l, i);

		if (c->cause == REPLY_NONE && !is_elsewhere(f, c) && counts(ret, c))
			add_success(ret, c, arena);
	}
}
