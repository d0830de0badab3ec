#include "spool/spool_in.h"
#include <errno.h>

struct parts parts_new(struct arena *arena, size_t most)
{
	return (struct parts){.at = arena_array(arena, most, sizeof(struct part))};
}

void parts_add(struct parts *p, struct spool_recipient *r)
{
	int64_t next_at = r->state == SPOOL_HELD ? INT64_MIN : r->next_at;

	for (size_t i = 0; i < p->n; i++)
		if (p->at[i].lane == r->lane && p->at[i].next_at == next_at) {
			r->part = p->at[i].part;
			p->at[i].count++;
			return;
		}
	r->part = r->n;
	p->at[p->n++] =
		(struct part){.lane = r->lane, .part = r->n, .next_at = next_at, .count = 1};
}

int parts_write(struct store_txn *t, struct id id, const struct parts *p)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		const struct part *part = &p->at[i];

		if (part->next_at == INT64_MIN)
			continue; /* held */
		struct store_key key = store_key_due(part->lane, part->next_at, id, part->part);
		struct store_key count = store_key_u32(part->count);

		rc = store_put(t, STORE_DUE, store_key_span(&key), store_key_span(&count));
	}
	return rc;
}

int parts_put_recipient(struct store_txn *t, struct id id, const struct spool_recipient *r)
{
	struct store_key key = store_key_id_n(id, r->n);
	struct store_key held = store_key_held(r->lane, id, r->n);
	int rc = store_put_record(
		t, STORE_RECIPIENTS, store_key_span(&key), &spool_recipient_type, r);

	if (rc == 0 && r->state == SPOOL_HELD)
		rc = store_put(t, STORE_HELD, store_key_span(&held), (struct span){"", 0});
	return rc;
}

static bool is_recipient_key(struct span key, struct id id)
{
	return key.len == ID_BYTES + 4 && id_equal(store_id_of(key), id);
}

static int load_one(struct parts_query *q, struct span key, struct span value, struct arena *arena,
	struct spool_recipient *ret)
{
	struct spool_recipient r;
	int rc = store_open_record(value, &spool_recipient_type, arena, &r);

	if (rc == 0 && r.n != store_u32_at(key, ID_BYTES))
		rc = -EBADMSG;
	if (rc < 0)
		q->bad = store_key_id_n(q->id, store_u32_at(key, ID_BYTES));
	else
		*ret = r;
	return rc;
}

int parts_load(struct store_txn *t, struct parts_query *q, struct arena *arena,
	struct spool_recipient **ret, size_t *ret_n)
{
	struct store_key from = store_key_id_n(q->id, q->one_part ? q->part : 0);
	struct spool_recipient *all = NULL;
	size_t n = 0, room = 0;
	struct span key, value;
	int rc = store_seek(t, STORE_RECIPIENTS, store_key_span(&from), &key, &value);

	while (rc == 0 && n < q->most && is_recipient_key(key, q->id)) {
		if (n == room) {
			room = room ? room * 2 : 4;
			struct spool_recipient *more = arena_array(arena, room, sizeof *more);

			if (n > 0)
				memcpy(more, all, n * sizeof *more);
			all = more;
		}
		rc = load_one(q, key, value, arena, &all[n]);
		if (rc < 0)
			return rc;
		/* The part of a held one is what it was. */
		if (!q->one_part || (all[n].part == q->part && all[n].state != SPOOL_HELD))
			n++;
		rc = n < q->most ? store_next(t, STORE_RECIPIENTS, &key, &value) : 0;
	}
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*ret = all;
	*ret_n = n;
	return 0;
}
