#include "spool/spool_in.h"
#include <errno.h>

static bool held_of(struct span key, struct spool_due *ret)
{
	if (key.len != 24)
		return false;
	*ret = (struct spool_due){.id = store_id_of(span_slice(key, 4, 20)),
		.part = store_u32_at(key, 20),
		.count = 1};
	return true;
}

/* Rows of one lane behind `after` (its key; of the lane's number alone: from the first). */
static long list_rows(struct spool *s, enum store_table table, const struct store_key *after,
	struct spool_due *ret, size_t most)
{
	struct store_key prefix = store_key_u32(store_u32_at(store_key_span(after), 0));
	struct store_txn t;
	struct span k, v;
	size_t n = 0;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	rc = store_seek(&t, table, store_key_span(after), &k, &v);
	if (rc == 0 && after->len > prefix.len && span_equal(k, store_key_span(after)))
		rc = store_next(&t, table, &k, &v);
	for (; rc == 0 && n < most && span_starts(k, store_key_span(&prefix));
		rc = store_next(&t, table, &k, &v)) {
		uint32_t number;

		if (table == STORE_DUE ? store_due_of(k, v, &number, &ret[n]) : held_of(k, &ret[n]))
			n++;
		else
			spool_set_aside(s, table, k);
	}
	store_end_read(&t);
	return rc < 0 && rc != -ENOENT ? rc : (long)n;
}

long spool_due_list(struct spool *s, uint32_t lane, const struct spool_due *after,
	struct spool_due *ret, size_t most)
{
	bool from_first = !after || (id_is_zero(after->id) && after->due == 0);
	struct store_key key = from_first ? store_key_u32(lane)
					  : store_key_due(lane, after->due, after->id, after->part);

	return list_rows(s, STORE_DUE, &key, ret, most);
}

long spool_held_list(struct spool *s, uint32_t lane, const struct spool_due *after,
	struct spool_due *ret, size_t most)
{
	struct store_key key = !after || id_is_zero(after->id)
				       ? store_key_u32(lane)
				       : store_key_held(lane, after->id, after->part);

	return list_rows(s, STORE_HELD, &key, ret, most);
}

/* ---- lanes ---- */

struct lane_walk {
	struct spool *s;
	struct store_txn *t;
	void (*fn)(const struct spool_lane *lane, const struct spool_due *first, void *arg);
	void *arg;
};

/* The least lane number from `from` on that a table names in its first four bytes; -1: none. */
static int64_t next_lane(struct lane_walk *w, enum store_table table, uint32_t from)
{
	struct store_key key = store_key_u32(from);
	struct span k, v;

	if (store_seek(w->t, table, store_key_span(&key), &k, &v) < 0)
		return -1;
	return store_u32_at(k, 0);
}

static int tell_lane(struct lane_walk *w, uint32_t number)
{
	struct store_key key = store_key_u32(number);
	struct arena arena = {0};
	struct spool_lane lane = {.number = number};
	struct spool_due first;
	int rc = store_get_record(
		w->t, STORE_LANES, store_key_span(&key), &spool_lane_type, &arena, &lane);

	if (rc == -EBADMSG)
		spool_set_aside(w->s, STORE_LANES, store_key_span(&key));
	if (rc == 0 || rc == -ENOENT || rc == -EBADMSG) {
		struct spool_lane told = rc == 0 ? lane : (struct spool_lane){.number = number};

		told.marked_at = mark_of(w->t, number);
		long n = spool_due_list(w->s, number, NULL, &first, 1);

		rc = n < 0 ? (int)n : 0;
		if (rc == 0)
			w->fn(&told, n == 1 ? &first : NULL, w->arg);
	}
	arena_done(&arena);
	return rc;
}

int spool_lanes(struct spool *s,
	void (*fn)(const struct spool_lane *lane, const struct spool_due *first, void *arg),
	void *arg)
{
	static const enum store_table tables[] = {STORE_LANES, STORE_DUE, STORE_HELD};
	struct store_txn t;
	struct lane_walk w = {.s = s, .t = &t, .fn = fn, .arg = arg};
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	for (uint64_t from = 0; rc == 0 && from <= UINT32_MAX;) {
		int64_t least = -1;

		for (size_t i = 0; i < 3; i++) {
			int64_t lane = next_lane(&w, tables[i], (uint32_t)from);

			if (lane >= 0 && (least < 0 || lane < least))
				least = lane;
		}
		if (least < 0)
			break;
		rc = tell_lane(&w, (uint32_t)least);
		from = (uint64_t)least + 1;
	}
	store_end_read(&t);
	return rc;
}

int spool_lane_load(struct spool *s, uint32_t number, struct arena *arena, struct spool_lane *ret)
{
	struct store_key key = store_key_u32(number);
	struct store_txn t;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	rc = store_get_record(&t, STORE_LANES, store_key_span(&key), &spool_lane_type, arena, ret);
	if (rc == 0)
		ret->marked_at = mark_of(&t, number);
	store_end_read(&t);
	return rc;
}

int spool_site_load(struct spool *s, struct span name, struct arena *arena, struct spool_site *ret)
{
	struct store_txn t;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	rc = store_get_record(&t, STORE_SITES, name, &spool_site_type, arena, ret);
	store_end_read(&t);
	return rc;
}

int spool_sites_from(struct spool *s, struct span after, size_t most,
	void (*fn)(const struct spool_site *site, void *arg), void *arg)
{
	struct store_txn t;
	struct span k, v;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	for (rc = store_seek(&t, STORE_SITES, after, &k, &v); rc == 0 && most > 0;
		rc = store_next(&t, STORE_SITES, &k, &v)) {
		struct arena arena = {0};
		struct spool_site site;

		if (after.len > 0 && span_equal(k, after))
			continue;
		if (store_open_record(v, &spool_site_type, &arena, &site) == 0) {
			fn(&site, arg);
			most--;
		} else {
			spool_set_aside(s, STORE_SITES, k);
		}
		arena_done(&arena);
	}
	store_end_read(&t);
	return rc == -ENOENT ? 0 : rc;
}

int spool_sites(struct spool *s, void (*fn)(const struct spool_site *site, void *arg), void *arg)
{
	return spool_sites_from(s, (struct span){0}, SIZE_MAX, fn, arg);
}

/* ---- messages ---- */

static int load(struct spool *s, struct store_txn *t, struct parts_query *q, struct arena *arena,
	struct spool_job *ret)
{
	struct spool_job job;
	struct store_key key = store_key_id(q->id);
	int rc = store_get_message(t, q->id, arena, &job.message);

	if (rc == -EBADMSG)
		spool_set_aside(s, STORE_MESSAGES, store_key_span(&key));
	if (rc < 0)
		return rc;
	rc = parts_load(t, q, arena, &job.recipients, &job.recipients_n);
	if (rc == -EBADMSG)
		spool_set_aside(s, STORE_RECIPIENTS, store_key_span(&q->bad));
	if (rc == 0)
		*ret = job;
	return rc;
}

/* How many recipients the part has: its first one names the due row. */
static int count_part(struct store_txn *t, struct parts_query *q, struct arena *arena)
{
	struct store_key key = store_key_id_n(q->id, q->part);
	struct spool_recipient r;
	struct span value;
	int rc = store_get_record(
		t, STORE_RECIPIENTS, store_key_span(&key), &spool_recipient_type, arena, &r);

	q->bad = key;
	q->most = SIZE_MAX;
	if (rc < 0)
		return rc;
	if (r.part != q->part)
		return -ENOENT;
	key = store_key_due(r.lane, r.next_at, q->id, q->part);
	if (store_get(t, STORE_DUE, store_key_span(&key), &value) == 0 && value.len == 4)
		q->most = store_u32_at(value, 0);
	return 0;
}

int spool_job_load(
	struct spool *s, struct id id, uint32_t part, struct arena *arena, struct spool_job *ret)
{
	struct parts_query q = {.id = id, .one_part = true, .part = part};
	const struct spool_op *young = young_find(s, id);
	struct store_txn t;

	if (young)
		return young_load(young, part, arena, ret);
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	rc = count_part(&t, &q, arena);
	if (rc == -EBADMSG)
		spool_set_aside(s, STORE_RECIPIENTS, store_key_span(&q.bad));
	struct spool_job job;

	if (rc == 0)
		rc = load(s, &t, &q, arena, &job);
	if (rc == 0 && job.recipients_n == 0)
		rc = -ENOENT; /* held */
	if (rc == 0)
		*ret = job;
	store_end_read(&t);
	return rc;
}

int spool_message_load(struct spool *s, struct id id, struct arena *arena, struct spool_job *ret)
{
	struct parts_query q = {.id = id, .most = SIZE_MAX};
	struct store_txn t;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	rc = load(s, &t, &q, arena, ret);
	store_end_read(&t);
	return rc;
}

int spool_scan(struct spool *s, struct id after, size_t most,
	bool (*fn)(const struct spool_job *job, void *arg), void *arg, struct id *ret_last)
{
	struct store_key key = store_key_id(after);
	struct store_txn t;
	struct span k, v;
	struct id last = {0};
	bool go_on = true;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	rc = store_seek(&t, STORE_MESSAGES, store_key_span(&key), &k, &v);
	while (rc == 0 && go_on && most > 0) {
		struct parts_query q = {.id = store_id_of(k), .most = SIZE_MAX};
		struct arena arena = {0};
		struct spool_job job;

		/* Rows that carry on a long record have a longer key. */
		if (k.len == ID_BYTES && !id_equal(q.id, after)) {
			last = q.id;
			most--;
			if (load(s, &t, &q, &arena, &job) == 0)
				go_on = fn(&job, arg);
		}
		arena_done(&arena);
		rc = store_next(&t, STORE_MESSAGES, &k, &v);
	}
	store_end_read(&t);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*ret_last = rc == -ENOENT ? (struct id){0} : last;
	return 0;
}

long spool_ids(struct spool *s, struct id after, struct id *ret, size_t most)
{
	struct store_key key = store_key_id(after);
	struct store_txn t;
	struct span k, v;
	size_t n = 0;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	for (rc = store_seek(&t, STORE_MESSAGES, store_key_span(&key), &k, &v); rc == 0 && n < most;
		rc = store_next(&t, STORE_MESSAGES, &k, &v))
		if (k.len == ID_BYTES && !id_equal(store_id_of(k), after))
			ret[n++] = store_id_of(k);
	store_end_read(&t);
	return rc < 0 && rc != -ENOENT ? rc : (long)n;
}

int spool_ends(struct spool *s, struct id id,
	void (*fn)(struct id id, uint32_t n, const struct spool_ended *e, void *arg), void *arg)
{
	struct store_key key = store_key_id(id);
	struct store_txn t;
	struct span k, v;
	int rc = store_begin_read(s, &t);

	if (rc < 0)
		return rc;
	for (rc = store_seek(&t, STORE_ENDS, store_key_span(&key), &k, &v);
		rc == 0 && span_starts(k, store_key_span(&key));
		rc = store_next(&t, STORE_ENDS, &k, &v)) {
		struct arena arena = {0};
		struct spool_ended e;

		if (store_open_record(v, &spool_ended_type, &arena, &e) == 0)
			fn(id, store_u32_at(k, ID_BYTES), &e, arg);
		else
			spool_set_aside(s, STORE_ENDS, k);
		arena_done(&arena);
	}
	store_end_read(&t);
	return rc == -ENOENT ? 0 : rc;
}
