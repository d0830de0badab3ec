#include "spool/spool_in.h"
#include <errno.h>

/*
 * Beside the journal of ends: what happened to recipients before theirs, for `abide trace`. A row
 * stands under the least of the recipients that it tells of, so that it goes when that one's end is
 * pruned, and a recipient that is tried for ever keeps its newest rows only.
 */

static bool is_same_result(const struct tried *a, const struct tried *b)
{
	const struct spool_recipient *x = a->is, *y = b->is;

	return x->code == y->code && x->next_at == y->next_at && x->state == y->state &&
	       x->attempts == y->attempts && span_equal(x->reply, y->reply) &&
	       span_equal(x->cause, y->cause) && span_equal(x->peer, y->peer) &&
	       span_equal(x->status, y->status) && span_equal(x->tls, y->tls);
}

/* Makes room under (id, n): the oldest rows go. */
static int prune(struct store_txn *t, struct id id, uint32_t n)
{
	struct store_key key = store_key_id_n(id, n);
	struct span k, v;
	unsigned rows = 0;
	int rc = store_seek(t, STORE_TRIES, store_key_span(&key), &k, &v);

	for (; rc == 0 && span_starts(k, store_key_span(&key)); rows++)
		rc = store_next(t, STORE_TRIES, &k, &v);
	for (; (rc == 0 || rc == -ENOENT) && rows >= SPOOL_TRIES_KEPT; rows--) {
		rc = store_seek(t, STORE_TRIES, store_key_span(&key), &k, &v);
		if (rc == 0)
			rc = store_delete_here(t, STORE_TRIES);
		if (rc == 0)
			t->meta.tries--;
	}
	return rc == -ENOENT ? 0 : rc;
}

static int put_row(struct store_txn *t, struct id id, const struct spool_try *y)
{
	uint32_t n = y->ranges[0].from;
	int rc = 0;

	/* Few attempts and no hands: there is room. */
	if (y->kind != SPOOL_TRY_ATTEMPT || y->attempt >= SPOOL_TRIES_KEPT / 2)
		rc = prune(t, id, n);
	if (rc < 0)
		return rc;
	buf_clear(&t->packed);
	rc = pack_seal(&spool_try_type, store_version(&spool_try_type), y, &t->packed);
	for (int64_t at = t->now; rc == 0; at++) {
		struct store_key key = store_key_try(id, n, at);

		rc = store_put_new(t, STORE_TRIES, store_key_span(&key), buf_span(&t->packed));
		if (rc != -EEXIST)
			break;
		rc = 0; /* two things in one millisecond */
	}
	if (rc == 0)
		t->meta.tries++;
	return rc;
}

/* True where n was added: it follows the last range, or there is room for one more. */
static bool add_to_ranges(struct spool_try *y, uint32_t n)
{
	struct spool_try_range *last = y->ranges_n > 0 ? &y->ranges[y->ranges_n - 1] : NULL;

	if (last && last->to + 1 == n) {
		last->to = n;
		return true;
	}
	if (y->ranges_n == SPOOL_RANGES_MOST)
		return false;
	y->ranges[y->ranges_n++] = (struct spool_try_range){n, n};
	return true;
}

static struct spool_try row_of(
	const struct store_txn *t, const struct tried *of, struct spool_try_range *ranges)
{
	const struct spool_recipient *r = of->is;

	return (struct spool_try){.kind = SPOOL_TRY_ATTEMPT,
		.wall_ms = t->wall_ms,
		.ranges = ranges,
		.attempt = r->attempts,
		.maybe = r->state == SPOOL_MAYBE,
		.code = r->code,
		.status = r->status,
		.reply = r->reply,
		.cause = r->cause,
		.peer = r->peer,
		.tls = r->tls,
		.stage = span_slice(of->result->stage, 0, 16),
		.next_wall_ms = r->state == SPOOL_HELD ? 0 : t->wall_ms + (r->next_at - t->now),
		.wait_source = span_slice(of->result->wait_source, 0, 16)};
}

int tries_note(struct store_txn *t, struct id id, const struct tried *tried, size_t n)
{
	struct arena arena = {0};
	bool *is_told = arena_array(&arena, n, sizeof *is_told);
	struct spool_try_range *ranges = arena_array(&arena, SPOOL_RANGES_MOST, sizeof *ranges);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (is_told[i])
			continue;
		struct spool_try y = row_of(t, &tried[i], ranges);

		for (size_t j = i; j < n; j++)
			if (!is_told[j] && is_same_result(&tried[i], &tried[j]))
				is_told[j] = add_to_ranges(&y, tried[j].is->n);
		rc = put_row(t, id, &y);
	}
	arena_done(&arena);
	return rc;
}

int tries_note_hand(
	struct store_txn *t, struct id id, uint8_t kind, const uint32_t *n, size_t count)
{
	struct arena arena = {0};
	struct spool_try y = {.kind = kind, .wall_ms = t->wall_ms};
	int rc = 0;

	y.ranges = arena_array(&arena, SPOOL_RANGES_MOST, sizeof *y.ranges);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (add_to_ranges(&y, n[i]))
			continue;
		rc = put_row(t, id, &y);
		y.ranges_n = 0;
		(void)add_to_ranges(&y, n[i]);
	}
	if (rc == 0 && y.ranges_n > 0)
		rc = put_row(t, id, &y);
	arena_done(&arena);
	return rc;
}

int tries_forget(struct store_txn *t, struct id id, uint32_t n)
{
	struct store_key key = store_key_id_n(id, n);
	struct span k, v;
	int rc = t->meta.tries > 0 ? 0 : -ENOENT;

	while (rc == 0) {
		rc = store_seek(t, STORE_TRIES, store_key_span(&key), &k, &v);
		if (rc == 0 && !span_starts(k, store_key_span(&key)))
			break;
		if (rc == 0)
			rc = store_delete_here(t, STORE_TRIES);
		if (rc == 0)
			t->meta.tries--;
	}
	return rc == -ENOENT ? 0 : rc;
}

int spool_tries(
	struct spool *s, struct id id, void (*fn)(const struct spool_try *y, void *arg), void *arg)
{
	struct store_key key = store_key_id(id);
	struct store_txn t;
	struct span k, v;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	for (rc = store_seek(&t, STORE_TRIES, store_key_span(&key), &k, &v);
		rc == 0 && span_starts(k, store_key_span(&key));
		rc = store_next(&t, STORE_TRIES, &k, &v)) {
		struct arena arena = {0};
		struct spool_try y;

		if (store_open_record(v, &spool_try_type, &arena, &y) == 0)
			fn(&y, arg);
		else
			spool_set_aside(s, STORE_TRIES, k);
		arena_done(&arena);
	}
	store_end_read(&t);
	return rc == -ENOENT ? 0 : rc;
}
