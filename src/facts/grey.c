#include "base/buf.h"
#include "base/crc.h"
#include "base/pack.h"
#include "facts/grey.h"

#define VERSION      1U
#define PAIR_VERSION 2U
#define EARLY_GAPS \
	12 /* tries closer together than that part of the delay are one: a queue's burst */

struct place {
	uint64_t who;
	int64_t first;
	bool has_passed;
};

struct pair {
	int64_t first,
		counted; /* counted: the last try that counted as early, or the first of all */
	uint32_t tries, early, n;
	struct place places[GREY_PLACES];
};

struct network {
	uint32_t passes;
};

struct domain {
	uint32_t n;
	uint64_t places[GREY_PLACES];
};

/* The same for ever: it stands in records. */
static uint64_t mark_of(char kind, struct span who)
{
	uint32_t a = crc32c(0, span_of(&kind, 1)), b = crc32c(~a, span_of(&kind, 1));

	return (uint64_t)crc32c(a, who) << 32 | crc32c(b, who);
}

static uint64_t network_mark(const struct grey_question *q)
{
	return mark_of('n', q->network);
}

static uint64_t proved_mark(const struct grey_question *q)
{
	return mark_of('d', q->proved);
}

/* A proof in that range of networks. */
static uint64_t near_mark(const struct grey_question *q)
{
	return mark_of('d', q->proved) ^ mark_of('w', q->near);
}

struct span grey_sender(struct span sender, char out[GREY_SENDER_MAX])
{
	ptrdiff_t found = span_find(sender, '@');
	size_t local = found < 0 ? sender.len : (size_t)found, n = 0;
	bool is_cut = false;

	for (size_t i = 0; i < sender.len && n < GREY_SENDER_MAX; i++) {
		char c = sender.at[i];
		bool is_digit = i < local && byte_is_digit(c);

		is_cut |= i < local && i > 0 && c == '+';
		if ((i < local && is_cut) || (is_digit && n > 0 && out[n - 1] == '#'))
			continue;
		out[n++] = is_digit ? '#' : byte_lower(c);
	}
	return span_of(out, n);
}

/* ---- records ---- */

static bool read_pair(struct keep *k, struct span key, struct pair *ret)
{
	struct pack_cursor c;

	*ret = (struct pair){0};
	if (!k->ops->get(k, key, &c.rest))
		return false;
	c.failed = false;
	uint64_t version = pack_get_u(&c, 1);
	bool is_ours = version == 1 || version == PAIR_VERSION;

	ret->first = (int64_t)pack_get_u(&c, 8);
	ret->tries = (uint32_t)pack_get_u(&c, 4);
	ret->early = version == 1 ? 0 : (uint32_t)pack_get_u(&c, 4);
	ret->counted = version == 1 ? ret->first : (int64_t)pack_get_u(&c, 8);
	ret->n = (uint32_t)pack_get_u(&c, 1);
	for (uint32_t i = 0; i < ret->n && i < GREY_PLACES; i++)
		ret->places[i] = (struct place){.who = pack_get_u(&c, 8),
			.first = (int64_t)pack_get_u(&c, 8),
			.has_passed = pack_get_u(&c, 1) == 1};
	if (is_ours && !c.failed && ret->n <= GREY_PLACES)
		return true;
	*ret = (struct pair){0};
	return false;
}

static void write_pair(struct keep *k, struct span key, const struct pair *p, struct keep_life life)
{
	struct buf out = BUF_INIT(KEEP_VALUE_MAX);

	(void)pack_put_u(&out, PAIR_VERSION, 1);
	(void)pack_put_u(&out, (uint64_t)p->first, 8);
	(void)pack_put_u(&out, p->tries, 4);
	(void)pack_put_u(&out, p->early, 4);
	(void)pack_put_u(&out, (uint64_t)p->counted, 8);
	(void)pack_put_u(&out, p->n, 1);
	for (uint32_t i = 0; i < p->n; i++) {
		(void)pack_put_u(&out, p->places[i].who, 8);
		(void)pack_put_u(&out, (uint64_t)p->places[i].first, 8);
		(void)pack_put_u(&out, p->places[i].has_passed, 1);
	}
	k->ops->put(k, key, buf_span(&out), life);
	buf_done(&out);
}

static uint32_t read_passes(struct keep *k, struct span key)
{
	struct pack_cursor c = {0};

	if (key.len <= 1 || !k->ops->get(k, key, &c.rest) || pack_get_u(&c, 1) != VERSION)
		return 0;
	uint32_t passes = (uint32_t)pack_get_u(&c, 4);

	return c.failed ? 0 : passes;
}

static void count_pass(struct keep *k, struct span key, struct keep_life life)
{
	uint32_t passes = read_passes(k, key);
	struct buf out = BUF_INIT(64);

	(void)pack_put_u(&out, VERSION, 1);
	(void)pack_put_u(&out, passes < UINT32_MAX ? passes + 1 : passes, 4);
	k->ops->put(k, key, buf_span(&out), life);
	buf_done(&out);
}

static struct domain read_domain(struct keep *k, struct span key)
{
	struct pack_cursor c = {0};
	struct domain d = {0};

	if (!k->ops->get(k, key, &c.rest) || pack_get_u(&c, 1) != VERSION)
		return d;
	d.n = (uint32_t)pack_get_u(&c, 1);
	if (d.n > GREY_PLACES)
		return (struct domain){0};
	for (uint32_t i = 0; i < d.n; i++)
		d.places[i] = pack_get_u(&c, 8);
	return c.failed ? (struct domain){0} : d;
}

static void note_domain(struct keep *k, const struct grey_question *q, struct keep_life life)
{
	struct keep_key room;
	struct span key = keep_key(&room, KEEP_DOMAIN, q->domain, (struct span){0});
	struct domain d = read_domain(k, key);
	uint64_t mark = network_mark(q);
	struct buf out = BUF_INIT(KEEP_VALUE_MAX);
	uint32_t i = 0;

	while (i < d.n && d.places[i] != mark)
		i++;
	if (i == d.n && d.n < GREY_PLACES)
		d.places[d.n++] = mark;
	(void)pack_put_u(&out, VERSION, 1);
	(void)pack_put_u(&out, d.n, 1);
	for (i = 0; i < d.n; i++)
		(void)pack_put_u(&out, d.places[i], 8);
	k->ops->put(k, key, buf_span(&out), life);
	buf_done(&out);
}

/* ---- what came before ---- */

static struct place *find_place(struct pair *p, uint64_t who)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->places[i].who == who)
			return &p->places[i];
	return NULL;
}

/*
 * Where there is no more room: proofs take the places of the youngest, and a network counts as the
 * youngest does.
 */
enum room { ROOM_NONE, ROOM_NEAR, ROOM_PROOF }; /* whose place it may take, counted from the end */

static struct place *take_place(struct pair *p, uint64_t who, enum room room, int64_t now)
{
	struct place *at = find_place(p, who);

	if (at)
		return at;
	if (p->n == GREY_PLACES && room == ROOM_NONE)
		return &p->places[GREY_PLACES - 1];
	at = p->n < GREY_PLACES ? &p->places[p->n++] : &p->places[GREY_PLACES - room];
	*at = (struct place){.who = who, .first = now};
	return at;
}

static struct span pair_key(struct keep_key *room, const struct grey_question *q)
{
	char sender[GREY_SENDER_MAX];

	/* A recipient that is empty is still the second half. */
	return keep_key(room, KEEP_PAIR, grey_sender(q->sender, sender),
		q->recipient.at ? q->recipient : SPAN_LIT(""));
}

static struct keep_life life_of(const struct pair *p, const struct grey_times *t, int64_t now)
{
	bool has_passed = false;

	for (uint32_t i = 0; i < p->n; i++)
		has_passed |= p->places[i].has_passed;
	return has_passed ? (struct keep_life){now + t->remember, KEEP_WORTH_PASSED}
			  : (struct keep_life){now + t->window,
				    p->tries > 1 ? KEEP_WORTH_AGAIN : KEEP_WORTH_ONCE};
}

static bool is_kept(struct keep *k, enum keep_kind kind, struct span a, struct span b)
{
	struct keep_key room;
	struct span found;

	return k->ops->get(k, keep_key(&room, kind, a, b), &found);
}

static uint32_t passes_of(struct keep *k, struct span who)
{
	struct keep_key room;

	return read_passes(k, keep_key(&room, KEEP_NETWORK, who, (struct span){0}));
}

/* What does not depend on the pair. */
static void look_around(struct keep *k, const struct grey_question *q, struct grey_answer *ret)
{
	char text[GREY_SENDER_MAX];
	struct span none = {0}, sender = grey_sender(q->sender, text);
	struct keep_key room;
	uint32_t by_network = passes_of(k, q->network), by_proof = passes_of(k, q->proved);

	ret->passes = by_network > by_proof ? by_network : by_proof;
	ret->proof_passes = by_proof;
	ret->is_known = sender.len > 0 && is_kept(k, KEEP_KNOWN, sender, none);
	ret->is_let_in = is_kept(k, KEEP_LET_IN, sender, none) ||
			 is_kept(k, KEEP_LET_IN, sender, q->recipient);
	if (q->domain.len > 0)
		ret->domain_places =
			read_domain(k, keep_key(&room, KEEP_DOMAIN, q->domain, none)).n;
}

static int64_t since(int64_t then, int64_t now)
{
	return now > then ? now - then : 0;
}

void grey_touch(struct keep *k, const struct grey_question *q, const struct grey_times *t,
	int64_t now, struct grey_answer *ret)
{
	struct keep_key room;
	struct pair p;

	*ret = (struct grey_answer){0};
	look_around(k, q, ret);
	struct span key = pair_key(&room, q);

	ret->is_new = !read_pair(k, key, &p);
	if (ret->is_new)
		p.first = p.counted = now;
	if (p.tries < UINT32_MAX)
		p.tries++;
	if (since(p.first, now) < t->delay && since(p.counted, now) >= t->delay / EARLY_GAPS) {
		p.early++;
		p.counted = now;
	}
	struct place here = *take_place(&p, network_mark(q), ROOM_NONE, now);

	if (q->proved.len > 0) {
		const struct place *near = take_place(&p, near_mark(q), ROOM_NEAR, here.first);

		here.first = near->first < here.first ? near->first : here.first;
		const struct place *proof = take_place(&p, proved_mark(q), ROOM_PROOF, here.first);

		here.has_passed |= proof->has_passed;
		ret->proof_age_ms = since(proof->first, now);
	}
	ret->has_passed = here.has_passed;
	ret->age_ms = since(here.first, now);
	ret->pair_age_ms = since(p.first, now);
	ret->tries = p.tries;
	ret->early = p.early;
	ret->places = p.n;
	write_pair(k, key, &p, life_of(&p, t, now));
}

void grey_pass(
	struct keep *k, const struct grey_question *q, const struct grey_times *t, int64_t now)
{
	struct keep_life learned = {now + t->remember, KEEP_WORTH_LEARNED};
	struct keep_key room;
	struct pair p;
	struct span key = pair_key(&room, q);

	if (!read_pair(k, key, &p))
		p.first = p.counted = now;
	struct place *here = take_place(&p, network_mark(q), ROOM_NONE, now);
	bool is_first = !here->has_passed;

	here->has_passed = true;
	if (q->proved.len > 0)
		take_place(&p, proved_mark(q), ROOM_PROOF, now)->has_passed = true;
	write_pair(k, key, &p, life_of(&p, t, now));
	if (!is_first)
		return;
	count_pass(k, keep_key(&room, KEEP_NETWORK, q->network, (struct span){0}), learned);
	if (q->proved.len > 0)
		count_pass(k, keep_key(&room, KEEP_NETWORK, q->proved, (struct span){0}), learned);
	if (q->domain.len > 0)
		note_domain(k, q, learned);
}

void grey_learn(struct keep *k, struct span address, const struct grey_times *t, int64_t now)
{
	char text[GREY_SENDER_MAX];
	struct span sender = grey_sender(address, text);
	struct keep_key room;

	if (sender.len > 0)
		k->ops->put(k, keep_key(&room, KEEP_KNOWN, sender, (struct span){0}), SPAN_LIT(""),
			(struct keep_life){now + t->remember, KEEP_WORTH_LEARNED});
}

void grey_let_in(struct keep *k, struct span sender, struct span recipient,
	const struct grey_times *t, int64_t now)
{
	char text[GREY_SENDER_MAX];
	struct keep_key room;
	struct span to = recipient.len > 0 ? recipient : (struct span){0};

	k->ops->put(k, keep_key(&room, KEEP_LET_IN, grey_sender(sender, text), to), SPAN_LIT(""),
		(struct keep_life){now + t->remember, KEEP_WORTH_MOST});
}
