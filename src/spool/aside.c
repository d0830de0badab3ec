#include "base/alloc.h"
#include "spool/spool_in.h"
#include <errno.h>
#include <stdlib.h>

/*
 * Damage stays local (INVARIANTS.md S11): a reader that meets a bad row
 * submits its removal; the row goes to `aside` as it was, for whoever mends it.
 */
static void free_op(struct spool_op *op, void *arg)
{
	free(container_of(op, struct spool_aside, op));
}

void spool_set_aside(struct spool *s, enum store_table table, struct span key)
{
	/* Bytes of a damaged page may claim a long key; such a row stays where it is. */
	if (!s->started || key.len > sizeof(((struct store_key *)NULL)->at)) {
		s->read_failures++;
		return;
	}
	struct spool_aside *a = alloc_zero(sizeof *a);

	a->op = (struct spool_op){.kind = SPOOL_OP_ASIDE, .done = free_op};
	a->table = table;
	memcpy(a->key.at, key.at, key.len);
	a->key.len = key.len;
	spool_submit(s, &a->op);
}

static int move_row(struct store_txn *t, enum store_table table, struct span key)
{
	struct buf b = BUF_INIT(STORE_VALUE_MAX);
	struct span value;
	int rc = store_get(t, table, key, &value);

	if (rc < 0)
		return rc;
	(void)pack_put_u(&b, table, 1);
	(void)pack_put_u(&b, key.len, 2);
	(void)buf_add(&b, key);
	(void)buf_add(&b, span_slice(value, 0, STORE_VALUE_MAX - b.len));
	struct store_key serial = store_key_u64(++t->meta.totals.aside);

	rc = store_delete_here(t, table);
	if (rc == 0)
		rc = store_put(t, STORE_ASIDE, store_key_span(&serial), buf_span(&b));
	buf_done(&b);
	return rc;
}

/* Walks the whole table: damage is rare, and nothing else knows the rows of a lost recipient. */
static int delete_due(struct store_txn *t, struct id id)
{
	struct span k, v;
	int rc = store_seek(t, STORE_DUE, (struct span){0}, &k, &v);

	while (rc == 0) {
		if (k.len == 32 && id_equal(store_id_of(span_slice(k, 12, ID_BYTES)), id))
			rc = store_delete_here(t, STORE_DUE);
		if (rc == 0)
			rc = store_next(t, STORE_DUE, &k, &v);
	}
	return rc == -ENOENT ? 0 : rc;
}

static bool has_leader(const struct spool_recipient *all, size_t n, const struct spool_recipient *r)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].n == r->part)
			return all[i].part == r->part && all[i].lane == r->lane &&
			       all[i].next_at == r->next_at;
	return false;
}

static struct part *find_part(struct parts *p, uint32_t part)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i].part == part)
			return &p->at[i];
	return NULL;
}

/* Recipients of parts that lost their first one form new parts; the others keep theirs. */
static int write_due(struct store_txn *t, struct id id, struct arena *arena,
	struct spool_recipient *all, size_t n)
{
	struct parts kept = parts_new(arena, n), made = parts_new(arena, n);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct spool_recipient *r = &all[i];

		if (r->state == SPOOL_HELD)
			continue;
		if (!has_leader(all, n, r)) {
			parts_add(&made, r);
			rc = parts_put_recipient(t, id, r);
			continue;
		}
		struct part *p = find_part(&kept, r->part);

		if (!p) {
			p = &kept.at[kept.n++];
			*p = (struct part){.lane = r->lane, .part = r->part, .next_at = r->next_at};
		}
		p->count++;
	}
	if (rc == 0)
		rc = parts_write(t, id, &kept);
	return rc < 0 ? rc : parts_write(t, id, &made);
}

static int load_readable(struct store_txn *t, struct id id, struct arena *arena,
	struct spool_recipient **ret, size_t *ret_n)
{
	struct store_key key = store_key_id(id);
	uint64_t rows, pages;
	struct span k, v;
	size_t n = 0, room = 0;
	int rc = store_count(t, STORE_RECIPIENTS, &rows, &pages);

	if (rc == 0)
		rc = store_seek(t, STORE_RECIPIENTS, store_key_span(&key), &k, &v);
	for (*ret = NULL; rc == 0 && span_starts(k, store_key_span(&key));
		rc = store_next(t, STORE_RECIPIENTS, &k, &v)) {
		if (n == room) {
			struct spool_recipient *more =
				arena_array(arena, room * 2 + 4, sizeof *more);

			if (n > 0)
				memcpy(more, *ret, n * sizeof *more);
			*ret = more;
			room = room * 2 + 4;
		}
		n += store_open_record(v, &spool_recipient_type, arena, &(*ret)[n]) == 0;
	}
	*ret_n = n;
	return rc == -ENOENT ? 0 : rc;
}

/* The schedule of one message, made again from what can be read. */
static int schedule_again(struct store_txn *t, struct id id)
{
	struct arena arena = {0};
	struct spool_recipient *all;
	struct spool_message m;
	size_t n;
	int rc = delete_due(t, id);
	int readable = store_get_message(t, id, &arena, &m);

	if (rc == 0)
		rc = load_readable(t, id, &arena, &all, &n);
	if (rc == 0 && readable == 0)
		rc = write_due(t, id, &arena, all, n);
	arena_done(&arena);
	return rc;
}

static int move_message(struct store_txn *t, struct id id)
{
	struct store_key key = store_key_id(id);
	struct span k, v;
	int rc;

	while ((rc = store_seek(t, STORE_MESSAGES, store_key_span(&key), &k, &v)) == 0 &&
		span_starts(k, store_key_span(&key))) {
		struct store_key row = {.len = k.len};

		memcpy(row.at, k.at, k.len < sizeof row.at ? k.len : sizeof row.at);
		rc = move_row(t, STORE_MESSAGES, store_key_span(&row));
		if (rc < 0)
			return rc;
	}
	t->meta.totals.aside_messages++;
	return rc == -ENOENT ? 0 : rc;
}

int aside_apply(struct store_txn *t, struct spool_op *op)
{
	struct spool_aside *a = container_of(op, struct spool_aside, op);
	struct span key = store_key_span(&a->key), there;
	int rc = store_get(t, a->table, key, &there);

	if (rc < 0) /* an earlier one moved it */
		return rc == -ENOENT ? 0 : rc;
	switch (a->table) {
	case STORE_MESSAGES:
		rc = move_message(t, store_id_of(key));
		return rc < 0 ? rc : schedule_again(t, store_id_of(key));
	case STORE_RECIPIENTS:
		t->meta.totals.aside_recipients++;
		rc = move_row(t, a->table, key);
		return rc < 0 ? rc : schedule_again(t, store_id_of(key));
	case STORE_DUE:
		rc = move_row(t, a->table, key);
		if (rc == 0 && key.len == 32)
			rc = schedule_again(t, store_id_of(span_slice(key, 12, ID_BYTES)));
		return rc;
	case STORE_SITES: {
		struct spool_site site = {.name = key};

		rc = move_row(t, a->table, key);
		return rc < 0 ? rc : store_put_record(t, STORE_SITES, key, &spool_site_type, &site);
	}
	case STORE_TRIES:
		rc = move_row(t, a->table, key);
		t->meta.tries -= rc == 0;
		return rc;
	default:
		return move_row(t, a->table, key);
	}
}
