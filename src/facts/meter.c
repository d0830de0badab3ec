#include "facts/meter.h"
#include "base/buf.h"
#include "base/crc.h"
#include "base/pack.h"

#define VERSION  1U
#define BINS     80U /* quarter octaves from a second on: to 12 days */
#define DAY_MS   INT64_C(86400000)
#define TEXT_MAX 320U

struct kind {
	uint64_t told, first, back, elsewhere, never, tried;
	int64_t day;
	uint32_t bins[2][BINS]; /* today's, and those of the day before */
};

struct deferral {
	bool has_sender, has_recipient;
	int64_t first, last;
	uint32_t tries;
	struct span reply, client, network, sender, recipient;
};

/* ---- delays ---- */

/* The lower edge of a bin, in ms. */
static int64_t edge(unsigned bin)
{
	static const int64_t quarter[] = {1000, 1189, 1414, 1682};

	return bin == 0 ? 0 : quarter[bin % 4] << bin / 4;
}

static unsigned bin_of(int64_t delay_ms)
{
	unsigned bin = 0;

	while (bin + 1 < BINS && edge(bin + 1) <= delay_ms)
		bin++;
	return bin;
}

/* The upper edge of the bin that holds the part in a thousand; -1: nothing was counted. */
static int64_t quantile(const struct kind *m, uint64_t thousandths, uint64_t all)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < BINS && all > 0; i++) {
		seen += (uint64_t)m->bins[0][i] + m->bins[1][i];
		if (seen * 1000 >= all * thousandths)
			return edge(i + 1);
	}
	return -1;
}

/* ---- records ---- */

static bool read_kind(struct span value, struct kind *ret)
{
	struct pack_cursor c = {.rest = value};
	bool is_ours = pack_get_u(&c, 1) == VERSION;
	uint64_t *const numbers[] = {
		&ret->told, &ret->first, &ret->back, &ret->elsewhere, &ret->never, &ret->tried};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		*numbers[i] = pack_get_u(&c, 8);
	ret->day = (int64_t)pack_get_u(&c, 8);
	for (unsigned d = 0; d < 2; d++)
		for (unsigned i = 0; i < BINS; i++)
			ret->bins[d][i] = (uint32_t)pack_get_u(&c, 4);
	if (is_ours && !c.failed)
		return true;
	*ret = (struct kind){0};
	return false;
}

static struct span kind_key(struct keep_key *room, struct span reply)
{
	return keep_key(room, KEEP_METER, reply, (struct span){0});
}

static void write_kind(struct keep *k, struct span reply, const struct kind *m)
{
	const uint64_t numbers[] = {m->told, m->first, m->back, m->elsewhere, m->never, m->tried};
	struct buf out = BUF_INIT(KEEP_VALUE_MAX);
	struct keep_key room;

	(void)pack_put_u(&out, VERSION, 1);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		(void)pack_put_u(&out, numbers[i], 8);
	(void)pack_put_u(&out, (uint64_t)m->day, 8);
	for (unsigned d = 0; d < 2; d++)
		for (unsigned i = 0; i < BINS; i++)
			(void)pack_put_u(&out, m->bins[d][i], 4);
	k->ops->put(k, kind_key(&room, reply), buf_span(&out),
		(struct keep_life){INT64_MAX, KEEP_WORTH_MOST});
	buf_done(&out);
}

static void load_kind(struct keep *k, struct span reply, int64_t now, struct kind *ret)
{
	struct keep_key room;
	struct span value;
	int64_t day = now / DAY_MS;

	*ret = (struct kind){0};
	if (k->ops->get(k, kind_key(&room, reply), &value))
		(void)read_kind(value, ret);
	if (ret->day == day)
		return;
	if (ret->day == day - 1)
		memcpy(ret->bins[1], ret->bins[0], sizeof ret->bins[0]);
	else
		memset(ret->bins[1], 0, sizeof ret->bins[1]);
	memset(ret->bins[0], 0, sizeof ret->bins[0]);
	ret->day = day;
}

static void put_text(struct buf *out, struct span s)
{
	s = span_slice(s, 0, TEXT_MAX);
	(void)pack_put_u(out, s.len, 2);
	(void)buf_add(out, s);
}

static struct span get_text(struct pack_cursor *c)
{
	return pack_get_bytes(c, pack_get_u(c, 2));
}

static bool read_deferral(struct span value, struct deferral *ret)
{
	struct pack_cursor c = {.rest = value};
	bool is_ours = pack_get_u(&c, 1) == VERSION;

	ret->has_sender = pack_get_u(&c, 1) == 1;
	ret->has_recipient = pack_get_u(&c, 1) == 1;
	ret->first = (int64_t)pack_get_u(&c, 8);
	ret->last = (int64_t)pack_get_u(&c, 8);
	ret->tries = (uint32_t)pack_get_u(&c, 4);
	ret->reply = get_text(&c);
	ret->client = get_text(&c);
	ret->network = get_text(&c);
	ret->sender = get_text(&c);
	ret->recipient = get_text(&c);
	return is_ours && !c.failed;
}

static void write_deferral(
	struct keep *k, struct span key, const struct deferral *d, const struct meter_times *t)
{
	struct buf out = BUF_INIT(4096);

	(void)pack_put_u(&out, VERSION, 1);
	(void)pack_put_u(&out, d->has_sender, 1);
	(void)pack_put_u(&out, d->has_recipient, 1);
	(void)pack_put_u(&out, (uint64_t)d->first, 8);
	(void)pack_put_u(&out, (uint64_t)d->last, 8);
	(void)pack_put_u(&out, d->tries, 4);
	put_text(&out, d->reply);
	put_text(&out, d->client);
	put_text(&out, d->network);
	put_text(&out, d->sender);
	put_text(&out, d->recipient);
	k->ops->put(k, key, buf_span(&out),
		(struct keep_life){
			d->last + t->listed, d->tries > 1 ? KEEP_WORTH_AGAIN : KEEP_WORTH_ONCE});
	buf_done(&out);
}

/* Who it is that was deferred: a pair; a sender from there; or a client. */
static struct span key_of(struct keep_key *room, const struct meter_event *e)
{
	struct buf who = BUF_INIT(8192);
	const char *depth = e->has_recipient ? "p" : e->has_sender ? "s" : "c";

	(void)buf_add_str(&who, depth);
	(void)buf_add(&who, e->has_sender ? span_slice(e->sender, 0, 4000) : (struct span){0});
	struct span other = e->has_recipient ? e->recipient : e->client;
	struct span key =
		keep_key(room, KEEP_DEFERRAL, buf_span(&who), other.at ? other : SPAN_LIT(""));

	buf_done(&who);
	return key;
}

/* ---- what happens ---- */

bool meter_deferred(
	struct keep *k, const struct meter_event *e, const struct meter_times *t, int64_t now)
{
	struct keep_key room;
	struct span key = key_of(&room, e), value;
	struct deferral d;
	struct kind m;
	struct buf old = BUF_INIT(KEEP_VALUE_MAX); /* the record, while it is replaced */
	bool was_open = k->ops->get(k, key, &value) && buf_add(&old, value) == 0 &&
			read_deferral(buf_span(&old), &d);

	if (!was_open)
		d = (struct deferral){.has_sender = e->has_sender,
			.has_recipient = e->has_recipient,
			.first = now,
			.reply = e->reply,
			.client = e->client,
			.network = e->network,
			.sender = e->sender,
			.recipient = e->recipient};
	d.last = now;
	d.tries += d.tries < UINT32_MAX;
	write_deferral(k, key, &d, t);
	load_kind(k, e->reply, now, &m);
	m.told++;
	m.first += !was_open;
	write_kind(k, e->reply, &m);
	buf_done(&old);
	return !was_open;
}

static unsigned close_one(struct keep *k, const struct meter_event *e, int64_t now)
{
	struct keep_key room;
	struct span key = key_of(&room, e), value;
	struct deferral d;
	struct kind m;

	if (!k->ops->get(k, key, &value) || !read_deferral(value, &d))
		return 0;
	struct buf reply = BUF_INIT(TEXT_MAX);
	int64_t delay = now > d.first ? now - d.first : 0;
	bool is_elsewhere = !span_equal(d.network, e->network);

	(void)buf_add(&reply, d.reply);
	k->ops->remove(k, key);
	load_kind(k, buf_span(&reply), now, &m);
	m.back++;
	m.elsewhere += is_elsewhere;
	m.bins[0][bin_of(delay)]++;
	write_kind(k, buf_span(&reply), &m);
	buf_done(&reply);
	return 1;
}

unsigned meter_accepted(struct keep *k, const struct meter_event *e, int64_t now)
{
	struct meter_event wider = *e;
	unsigned n = close_one(k, e, now);

	wider.has_recipient = false;
	n += close_one(k, &wider, now);
	wider.has_sender = false;
	return n + close_one(k, &wider, now);
}

bool meter_expired(struct keep *k, struct span key, struct span value)
{
	struct deferral d;
	struct kind m;

	if (key.len == 0 || key.at[0] != KEEP_DEFERRAL || !read_deferral(value, &d))
		return false;
	load_kind(k, d.reply, d.last, &m);
	if (d.tries > 1)
		m.tried++;
	else
		m.never++;
	write_kind(k, d.reply, &m);
	return true;
}

/* ---- looking ---- */

static struct meter_lost lost_of(struct span key, const struct deferral *d)
{
	uint32_t low = crc32c(0, key);

	return (struct meter_lost){.id = (uint64_t)crc32c(~low, key) << 32 | low,
		.reply = d->reply,
		.sender = d->sender,
		.recipient = d->recipient,
		.client = d->client,
		.has_sender = d->has_sender,
		.has_recipient = d->has_recipient,
		.first = d->first,
		.last = d->last,
		.tries = d->tries};
}

/* Adds those of the open deferrals that belong to f. */
static void count_open(
	const struct keep *k, const struct meter_times *t, int64_t now, struct meter_figures *f)
{
	struct span key, value;
	struct deferral d;

	for (size_t i = 0; k->ops->next(k, KEEP_DEFERRAL, &i, &key, &value);) {
		if (!read_deferral(value, &d) || !span_equal(d.reply, f->reply))
			continue;
		if (now - d.last < t->lost_after)
			f->open++;
		else if (d.tries > 1)
			f->tried++;
		else
			f->never++;
	}
}

void meter_walk(const struct keep *k, const struct meter_times *t, int64_t now,
	void (*kind)(void *arg, const struct meter_figures *f),
	void (*lost)(void *arg, const struct meter_lost *l), void *arg)
{
	struct span key, value;
	struct deferral d;
	struct kind m;

	for (size_t i = 0; k->ops->next(k, KEEP_METER, &i, &key, &value);) {
		if (!read_kind(value, &m))
			continue;
		struct meter_figures f = {.reply = span_slice(key, 1, key.len),
			.told = m.told,
			.first = m.first,
			.back = m.back,
			.elsewhere = m.elsewhere,
			.never = m.never,
			.tried = m.tried};

		if (m.day < now / DAY_MS - 1)
			memset(m.bins, 0, sizeof m.bins);
		for (unsigned b = 0; b < BINS; b++)
			f.recent += (uint64_t)m.bins[0][b] + m.bins[1][b];
		f.p50_ms = quantile(&m, 500, f.recent);
		f.p95_ms = quantile(&m, 950, f.recent);
		if (t)
			count_open(k, t, now, &f);
		kind(arg, &f);
	}
	for (size_t i = 0; lost && k->ops->next(k, KEEP_DEFERRAL, &i, &key, &value);) {
		if (!read_deferral(value, &d) || now - d.last < t->lost_after)
			continue;
		struct meter_lost one = lost_of(key, &d);

		lost(arg, &one);
	}
}

bool meter_find(const struct keep *k, uint64_t id, struct meter_lost *ret)
{
	struct span key, value;
	struct deferral d;

	for (size_t i = 0; k->ops->next(k, KEEP_DEFERRAL, &i, &key, &value);) {
		if (!read_deferral(value, &d))
			continue;
		struct meter_lost one = lost_of(key, &d);

		if (one.id != id)
			continue;
		*ret = one;
		return true;
	}
	return false;
}
