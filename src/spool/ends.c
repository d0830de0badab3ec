#include "spool/spool_in.h"
#include <errno.h>

static void count_end(struct store_totals *t, uint8_t how)
{
	uint64_t *const kinds[] = {
		[SPOOL_DELIVERED] = &t->delivered,
		[SPOOL_RELAYED] = &t->relayed,
		[SPOOL_EXPANDED] = &t->expanded,
		[SPOOL_BOUNCED] = &t->bounced,
		[SPOOL_SILENT] = &t->silent,
		[SPOOL_DROPPED] = &t->dropped,
	};

	(*kinds[how])++;
}

int ends_write(struct store_txn *t, const struct spool_message *m, const struct spool_recipient *r,
	uint8_t how, struct id notice)
{
	struct store_last_end *last = &t->meta.last_end;
	struct spool_ended e = {
		.how = how,
		.wall_ms = t->wall_ms,
		.address = r->address,
		.sender = m->sender,
		.peer = r->peer,
		.code = r->code,
		.reply = r->reply,
		.cause = r->cause,
		.attempts = r->attempts,
		.notice = notice,
		.before_id = last->id,
		.before_n = last->n,
		.ended_at = t->now,
		.serial = last->serial + 1,
		.client = m->client,
		.tls = r->tls,
		.tls_in = m->tls,
		.login = m->login,
	};
	struct store_key key = store_key_id_n(m->id, r->n);

	*last = (struct store_last_end){.id = m->id, .n = r->n, .serial = e.serial};
	count_end(&t->meta.totals, how);
	return store_put_record(t, STORE_ENDS, store_key_span(&key), &spool_ended_type, &e);
}

static int has_recipient(struct store_txn *t, struct id id)
{
	struct store_key key = store_key_id(id);
	struct span k, v;
	int rc = store_seek(t, STORE_RECIPIENTS, store_key_span(&key), &k, &v);

	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : span_starts(k, store_key_span(&key));
}

/* Counts the message's rows in the journal. */
static int count_ends(struct store_txn *t, struct id id, uint64_t *ret)
{
	struct store_key key = store_key_id(id);
	struct span k, v;
	uint64_t n = 0;
	int rc = store_seek(t, STORE_ENDS, store_key_span(&key), &k, &v);

	for (; rc == 0 && span_starts(k, store_key_span(&key)); n++)
		rc = store_next(t, STORE_ENDS, &k, &v);
	*ret = n;
	return rc == -ENOENT ? 0 : rc;
}

int ends_finish_message(struct store_txn *t, const struct spool_message *m, bool *ret_gone)
{
	int rc = has_recipient(t, m->id);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (t->meta.totals.aside_recipients > 0) {
		uint64_t ended;

		/* A recipient that was set aside still needs its message. */
		rc = count_ends(t, m->id, &ended);
		if (rc < 0 || ended < m->recipients)
			return rc;
	}
	unsigned char raw[ID_BYTES];

	id_to_bytes(m->id, raw);
	rc = store_delete_message(t, m->id);
	if (rc == 0 && m->content_in_file)
		(void)buf_add(&t->gone_files,
			span_of(raw, sizeof raw)); /* else swept at the next start */
	else if (rc == 0)
		rc = content_delete(t, m->id);
	t->meta.totals.gone_messages++;
	*ret_gone = rc == 0;
	return rc;
}

/* ---- tidying ---- */

int ends_lane_in_use(struct store_txn *t, uint32_t lane)
{
	static const enum store_table tables[] = {STORE_DUE, STORE_HELD};
	struct store_key key = store_key_u32(lane);

	for (size_t i = 0; i < 2; i++) {
		struct span k, v;
		int rc = store_seek(t, tables[i], store_key_span(&key), &k, &v);

		if (rc == 0 && span_starts(k, store_key_span(&key)))
			return 1;
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	return 0;
}

static int tidy_lanes(struct store_txn *t, size_t steps)
{
	struct store_key from = store_key_u32(t->s->tidy_lane);
	struct span k, v;
	int rc = 0;

	for (; rc == 0 && steps > 0; steps--) {
		rc = store_seek(t, STORE_LANES, store_key_span(&from), &k, &v);
		if (rc < 0)
			break;
		uint32_t lane = store_u32_at(k, 0);

		rc = ends_lane_in_use(t, lane);
		if (rc == 0) {
			rc = store_delete_here(t, STORE_LANES);
			rc = rc < 0 ? rc : mark_delete(t, lane);
		} else if (rc > 0) {
			rc = 0;
		}
		from = store_key_u32(lane + 1);
		t->s->tidy_lane = lane + 1;
		if (lane == UINT32_MAX)
			return rc;
	}
	if (rc == -ENOENT)
		t->s->tidy_lane = 0;
	return rc == -ENOENT ? 0 : rc;
}

/* An old row of a message that is gone may go. *ret_stop: those behind are all too young. */
static int tidy_end(struct store_txn *t, struct span key, struct span value, bool *ret_stop)
{
	struct id id = store_id_of(key);
	struct store_key message = store_key_id(id);
	int64_t kept = t->s->ends_kept / NANOS_MS;
	struct arena arena = {0};
	struct spool_ended e;
	struct span there;

	*ret_stop = (int64_t)id_wall_ms(id) > t->wall_ms - kept;
	if (*ret_stop)
		return 0;
	int rc = store_open_record(value, &spool_ended_type, &arena, &e);

	arena_done(&arena);
	if (rc < 0 || e.ended_at > t->now - kept)
		return 0;
	rc = store_get(t, STORE_MESSAGES, store_key_span(&message), &there);
	if (rc != -ENOENT)
		return rc;
	if (t->meta.horizon <= e.serial)
		t->meta.horizon = e.serial + 1;
	t->meta.totals.pruned++;
	rc = tries_forget(t, id, store_u32_at(key, ID_BYTES));
	return rc < 0 ? rc : store_delete_here(t, STORE_ENDS);
}

static int tidy_journal(struct store_txn *t, size_t steps)
{
	struct spool *s = t->s;
	struct span key, value;
	int rc =
		store_seek(t, STORE_ENDS, span_of(s->tidy_ends, sizeof s->tidy_ends), &key, &value);
	bool stop = false;

	for (; rc == 0 && !stop && steps > 0; steps--) {
		if (key.len != sizeof s->tidy_ends)
			return 0;
		memcpy(s->tidy_ends, key.at, key.len);
		rc = tidy_end(t, key, value, &stop);
		if (rc == 0)
			rc = store_next(t, STORE_ENDS, &key, &value);
	}
	if (rc == -ENOENT || stop) {
		memset(s->tidy_ends, 0, sizeof s->tidy_ends);
		s->tidying = false;
	}
	return rc == -ENOENT ? 0 : rc;
}

int ends_tidy(struct store_txn *t, size_t steps, bool *ret_more)
{
	struct spool *s = t->s;
	int rc = 0;

	if (!s->tidying && (s->tidied_at == 0 || clock_now() - s->tidied_at > s->tidy_every)) {
		s->tidying = true;
		s->tidied_at = clock_now();
		rc = tidy_lanes(t, 1000);
	}
	if (rc == 0 && s->tidying)
		rc = tidy_journal(t, steps);
	*ret_more = s->tidying;
	return rc;
}
