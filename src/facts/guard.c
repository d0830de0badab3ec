#include "facts/guard.h"
#include "base/buf.h"
#include "base/pack.h"

#define VERSION   1U
#define PLACE_FOR (INT64_C(60) * 86400 * 1000) /* ms that a login is known at a network */

struct row { /* whose failures these are */
	char letter;
	unsigned free, most; /* that cost nothing, and that are looked at */
};
static const struct row by_network = {'n', 10, GUARD_NETWORK}, by_login = {'l', 4, GUARD_LOGIN};

static struct span key_of(struct keep_key *room, const struct row *r, struct span whose)
{
	return keep_key(room, KEEP_TRIES, span_of(&r->letter, 1), whose);
}

/* ms until all of it is forgotten. */
static int64_t owed(struct keep *k, const struct row *r, struct span whose, int64_t now)
{
	struct keep_key room;
	struct pack_cursor c = {0};

	if (!k->ops->get(k, key_of(&room, r, whose), &c.rest) || pack_get_u(&c, 1) != VERSION)
		return 0;
	int64_t until = (int64_t)pack_get_u(&c, 8), most = (int64_t)r->most * GUARD_FORGET_MS;

	if (c.failed || until <= now)
		return 0;
	return until - now < most ? until - now : most; /* a clock that went back */
}

static void set_owed(
	struct keep *k, const struct row *r, struct span whose, int64_t ms, int64_t now)
{
	struct keep_key room;
	struct buf out = BUF_INIT(16);

	(void)pack_put_u(&out, VERSION, 1);
	(void)pack_put_u(&out, (uint64_t)(now + ms), 8);
	if (ms > 0)
		k->ops->put(k, key_of(&room, r, whose), buf_span(&out),
			(struct keep_life){now + ms, KEEP_WORTH_LEAST});
	else
		k->ops->remove(k, key_of(&room, r, whose));
	buf_done(&out);
}

static struct guard_patience look(
	struct keep *k, const struct row *r, struct span whose, int64_t now)
{
	int64_t ms = owed(k, r, whose, now), failed = (ms + GUARD_FORGET_MS - 1) / GUARD_FORGET_MS;
	struct guard_patience p = {0};

	if (failed >= r->most)
		p.wait_ms = ms - (int64_t)(r->most - 1) * GUARD_FORGET_MS;
	else if (failed >= r->free)
		p.pause_ms = (failed - r->free + 1) * 1000;
	if (p.pause_ms > GUARD_PAUSE_MOST)
		p.pause_ms = GUARD_PAUSE_MOST;
	return p;
}

static bool is_known_place(struct keep *k, struct span network, struct span login)
{
	struct keep_key room;
	struct span found;

	return k->ops->get(k, keep_key(&room, KEEP_PLACE, login, network), &found);
}

static void add(struct keep *k, const struct row *r, struct span whose, int64_t more, int64_t now)
{
	int64_t ms = owed(k, r, whose, now) + more;

	set_owed(k, r, whose, ms > 0 ? ms : 0, now);
}

struct guard_patience guard_try(struct keep *k, struct span network, struct span login, int64_t now)
{
	struct guard_patience p = {0}, l = {0};
	bool is_known = is_known_place(k, network, login);

	if (network.len > 0)
		p = look(k, &by_network, network, now);
	if (!is_known)
		l = look(k, &by_login, login, now);
	p.pause_ms = l.pause_ms > p.pause_ms ? l.pause_ms : p.pause_ms;
	p.wait_ms = l.wait_ms > p.wait_ms ? l.wait_ms : p.wait_ms;
	if (p.wait_ms > 0)
		return p;
	if (network.len > 0)
		add(k, &by_network, network, GUARD_FORGET_MS, now);
	if (!is_known)
		add(k, &by_login, login, GUARD_FORGET_MS, now);
	return p;
}

void guard_tried(struct keep *k, struct span network, struct span login, bool is_right, int64_t now)
{
	struct keep_key room;

	if (network.len > 0)
		add(k, &by_network, network, -GUARD_FORGET_MS, now);
	if (!is_known_place(k, network, login))
		add(k, &by_login, login, -GUARD_FORGET_MS, now);
	if (is_right)
		k->ops->put(k, keep_key(&room, KEEP_PLACE, login, network), SPAN_LIT("\1"),
			(struct keep_life){now + PLACE_FOR, KEEP_WORTH_AGAIN});
}
