#include "facts/bucket.h"
#include "base/buf.h"
#include "base/pack.h"

#define VERSION 1U

/* Nanoseconds of the keep's time. */
struct bucket {
	int64_t empty_at; /* when all that was taken has run out again */
	int64_t held_until;
};

static struct bucket read_bucket(struct keep *k, struct span key)
{
	struct pack_cursor c = {0};
	struct bucket b = {0};

	if (!k->ops->get(k, key, &c.rest) || pack_get_u(&c, 1) != VERSION)
		return b;
	b.empty_at = (int64_t)pack_get_u(&c, 8);
	b.held_until = (int64_t)pack_get_u(&c, 8);
	return c.failed ? (struct bucket){0} : b;
}

static void write_bucket(struct keep *k, struct span key, struct bucket b)
{
	struct buf out = BUF_INIT(64);
	bool is_held = b.held_until > 0;
	int64_t ends = b.empty_at > b.held_until ? b.empty_at : b.held_until;

	(void)pack_put_u(&out, VERSION, 1);
	(void)pack_put_u(&out, (uint64_t)b.empty_at, 8);
	(void)pack_put_u(&out, (uint64_t)b.held_until, 8);
	k->ops->put(k, key, buf_span(&out),
		(struct keep_life){
			ends / NANOS_MS + 1, is_held ? KEEP_WORTH_LEARNED : KEEP_WORTH_LEAST});
	buf_done(&out);
}

/* How far count tokens move the time at which the bucket is empty. */
static int64_t cost(const struct bucket_rate *rate, uint32_t count)
{
	return (int64_t)((__int128)rate->per * count / rate->most);
}

/* More than ever fits is let through by an empty bucket. */
static int64_t wait_for(
	const struct bucket *b, const struct bucket_rate *rate, uint32_t count, int64_t now)
{
	int64_t used = b->empty_at > now ? b->empty_at - now : 0, more = cost(rate, count);
	int64_t over = used + (more < rate->per ? more : rate->per) - rate->per;

	return over > 0 ? over : 0;
}

struct bucket_verdict bucket_look(struct keep *k, struct span key, const struct bucket_rate *rate,
	uint32_t count, int64_t now)
{
	struct bucket b = read_bucket(k, key);
	int64_t at = now * NANOS_MS, wait = wait_for(&b, rate, count, at);
	bool is_held = b.held_until > at;

	if (is_held && b.held_until - at > wait)
		wait = b.held_until - at;
	return (struct bucket_verdict){(wait + NANOS_MS - 1) / NANOS_MS, is_held};
}

void bucket_take(struct keep *k, struct span key, const struct bucket_rate *rate, uint32_t count,
	int64_t now)
{
	struct bucket b = read_bucket(k, key);
	int64_t at = now * NANOS_MS;

	b.empty_at = (b.empty_at > at ? b.empty_at : at) + cost(rate, count);
	if (b.held_until <= at)
		b.held_until = 0;
	write_bucket(k, key, b);
}

bool bucket_hold(struct keep *k, struct span key, const struct bucket_rate *rate, int64_t now)
{
	struct bucket b = read_bucket(k, key);
	int64_t at = now * NANOS_MS;
	bool is_new = b.held_until <= at;

	if (is_new) {
		b.held_until = at + rate->hold;
		write_bucket(k, key, b);
	}
	return is_new;
}
