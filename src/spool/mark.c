#include "spool/spool_in.h"
#include <errno.h>

static int64_t mark_get(struct store_txn *t, uint32_t lane)
{
	struct store_key key = store_key_u32(lane);
	struct store_number at = {0};
	struct arena arena = {0};
	int rc = store_get_record(
		t, STORE_MARKS, store_key_span(&key), &store_number_type, &arena, &at);

	arena_done(&arena);
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : (int64_t)(at.value & INT64_MAX);
}

int mark_delete(struct store_txn *t, uint32_t lane)
{
	struct store_key key = store_key_u32(lane);
	int rc = store_delete(t, STORE_MARKS, store_key_span(&key));

	return rc == -ENOENT ? 0 : rc;
}

/* All lanes that rows of due name: those of lanes whose own row is lost, too. */
static int mark_all(struct store_txn *t)
{
	struct store_number at = {.value = (uint64_t)t->now};
	struct span k, v;
	int rc = 0;

	for (uint64_t lane = 0; lane <= UINT32_MAX; lane++) {
		struct store_key key = store_key_u32((uint32_t)lane);

		rc = store_seek(t, STORE_DUE, store_key_span(&key), &k, &v);
		if (rc < 0)
			break;
		lane = store_u32_at(k, 0);
		key = store_key_u32((uint32_t)lane);
		rc = store_put_record(
			t, STORE_MARKS, store_key_span(&key), &store_number_type, &at);
		if (rc < 0)
			break;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* 1: nothing of the message waits, and this is its first recipient: it is counted at that one. */
static int is_wholly_held(struct store_txn *t, struct id id, uint32_t n)
{
	struct parts_query q = {.id = id, .most = SIZE_MAX};
	struct spool_recipient *all;
	struct arena arena = {0};
	size_t all_n = 0;
	int rc = parts_load(t, &q, &arena, &all, &all_n);
	bool is = rc == 0 && all_n > 0 && all[0].n == n;

	for (size_t i = 0; is && i < all_n; i++)
		is = all[i].state == SPOOL_HELD;
	arena_done(&arena);
	return rc < 0 && rc != -EBADMSG ? rc : is;
}

static int count(struct store_txn *t, struct spool_mark *m)
{
	const struct store_totals *sum = &t->meta.totals;
	struct span k, v;
	uint64_t pages;
	int rc = store_count(t, STORE_RECIPIENTS, &m->recipients, &pages);

	m->messages = sum->accepted_messages - sum->gone_messages - sum->aside_messages;
	if (rc == 0)
		rc = store_seek(t, STORE_HELD, (struct span){0}, &k, &v);
	for (; rc == 0; rc = store_next(t, STORE_HELD, &k, &v)) {
		int held =
			is_wholly_held(t, store_id_of(span_slice(k, 4, 20)), store_u32_at(k, 20));

		if (held < 0)
			return held;
		m->recipients--;
		m->messages -= (uint64_t)held;
	}
	return rc == -ENOENT ? 0 : rc;
}

int mark_apply(struct store_txn *t, struct spool_op *op)
{
	struct spool_mark *m = &op->mark;

	if (m->done_lane > 0) {
		int64_t at = mark_get(t, m->done_lane);

		if (at > m->at)
			return 0; /* a later one: its rows are still to be given */
		return at < 0 && at != -EBADMSG ? (int)at : mark_delete(t, m->done_lane);
	}
	m->at = t->now;
	int rc = mark_all(t);

	return rc < 0 ? rc : count(t, m);
}

int64_t mark_of(struct store_txn *t, uint32_t lane)
{
	int64_t at = mark_get(t, lane);
	struct store_key key = store_key_u32(lane);

	if (at == -EBADMSG)
		spool_set_aside(t->s, STORE_MARKS, store_key_span(&key));
	return at < 0 ? 0 : at;
}

int64_t spool_mark_of(struct spool *s, uint32_t lane)
{
	struct store_txn t;
	int64_t at;

	if (store_begin_read(s, &t) < 0)
		return 0;
	at = mark_of(&t, lane);
	store_end_read(&t);
	return at;
}
