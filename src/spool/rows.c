#include "spool/spool_in.h"
#include <errno.h>
#include <unistd.h>

/* ---- records ---- */

uint16_t store_version(const struct pack_type *type)
{
	return type->n_fourth > 0   ? 5
	       : type->n_third > 0  ? 4
	       : type->n_second > 0 ? 3
	       : type->n_first > 0  ? 2
				    : 1;
}

int store_put_record(struct store_txn *t, enum store_table table, struct span key,
	const struct pack_type *type, const void *object)
{
	buf_clear(&t->packed);
	int rc = pack_seal(type, store_version(type), object, &t->packed);

	return rc < 0 ? rc : store_put(t, table, key, buf_span(&t->packed));
}

int store_open_record(
	struct span sealed, const struct pack_type *type, struct arena *arena, void *ret)
{
	uint16_t version;
	struct span payload;

	if (sealed.len > STORE_MESSAGE_MAX)
		return -EBADMSG;
	int rc = pack_open(arena_copy(arena, sealed), &version, &payload);

	if (rc < 0 || version == 0 || version > store_version(type))
		return -EBADMSG;
	struct pack_type first = *type;

	if (version < store_version(type))
		first.n = version == 1   ? type->n_first
			  : version == 2 ? type->n_second
			  : version == 3 ? type->n_third
					 : type->n_fourth;
	return pack_read(&first, payload, arena, ret);
}

int store_get_record(struct store_txn *t, enum store_table table, struct span key,
	const struct pack_type *type, struct arena *arena, void *ret)
{
	struct span sealed;
	int rc = store_get(t, table, key, &sealed);

	return rc < 0 ? rc : store_open_record(sealed, type, arena, ret);
}

/* ---- messages: a record longer than a page goes on in rows id, 1; id, 2 ... ---- */

static struct store_key rest_key(struct id id, unsigned k)
{
	struct store_key key = store_key_id(id);

	if (k > 0)
		key.at[key.len++] = (unsigned char)k;
	return key;
}

int store_put_message(struct store_txn *t, struct id id, struct span sealed)
{
	int rc = 0;

	for (unsigned k = 0; rc == 0 && (k == 0 || sealed.len > 0); k++) {
		struct store_key key = rest_key(id, k);
		struct span piece = span_slice(sealed, 0, STORE_VALUE_MAX);

		sealed = span_slice(sealed, piece.len, sealed.len);
		rc = store_put(t, STORE_MESSAGES, store_key_span(&key), piece);
	}
	return rc;
}

/* How long the seal says that it is, head included; 0: can't say. */
static size_t sealed_len(struct span first)
{
	struct pack_cursor c = {.rest = first};

	(void)pack_get_u(&c, 4);
	uint64_t len = pack_get_u(&c, 4) + 10;

	return c.failed || len > STORE_MESSAGE_MAX ? 0 : (size_t)len;
}

static int gather_message(struct store_txn *t, struct span first, struct id id, size_t len,
	struct arena *arena, struct span *ret)
{
	char *all = arena_zero(arena, len);
	size_t have = 0;
	struct span piece = first;

	for (unsigned k = 1;; k++) {
		if (piece.len > len - have || piece.len == 0)
			return -EBADMSG;
		memcpy(all + have, piece.at, piece.len);
		have += piece.len;
		if (have == len)
			break;
		struct store_key key = rest_key(id, k);
		int rc = store_get(t, STORE_MESSAGES, store_key_span(&key), &piece);

		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
	}
	*ret = span_of(all, len);
	return 0;
}

int store_get_message(
	struct store_txn *t, struct id id, struct arena *arena, struct spool_message *ret)
{
	struct store_key key = store_key_id(id);
	struct span sealed;
	int rc = store_get(t, STORE_MESSAGES, store_key_span(&key), &sealed);

	if (rc < 0)
		return rc;
	size_t len = sealed_len(sealed);

	if (len != sealed.len) {
		rc = len == 0 ? -EBADMSG : gather_message(t, sealed, id, len, arena, &sealed);
		if (rc < 0)
			return rc;
	}
	struct spool_message m;

	rc = store_open_record(sealed, &spool_message_type, arena, &m);
	if (rc == 0 && !id_equal(m.id, id))
		rc = -EBADMSG;
	if (rc == 0)
		*ret = m;
	return rc;
}

int store_delete_message(struct store_txn *t, struct id id)
{
	struct store_key key = store_key_id(id);
	struct span k, v;
	int rc = store_seek(t, STORE_MESSAGES, store_key_span(&key), &k, &v);

	while (rc == 0 && span_starts(k, store_key_span(&key))) {
		rc = store_delete_here(t, STORE_MESSAGES);
		if (rc == 0)
			rc = store_next(t, STORE_MESSAGES, &k, &v);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* ---- meta ---- */

#define T store_totals
static const struct pack_row totals_rows[] = {
	PACK_F_U64(struct T, accepted_messages),
	PACK_F_U64(struct T, accepted_recipients),
	PACK_F_U64(struct T, gone_messages),
	PACK_F_U64(struct T, delivered),
	PACK_F_U64(struct T, relayed),
	PACK_F_U64(struct T, expanded),
	PACK_F_U64(struct T, bounced),
	PACK_F_U64(struct T, silent),
	PACK_F_U64(struct T, dropped),
	PACK_F_U64(struct T, pruned),
	PACK_F_U64(struct T, aside),
	PACK_F_U64(struct T, aside_messages),
	PACK_F_U64(struct T, aside_recipients),
};
#undef T
const struct pack_type store_totals_type = PACK_TYPE(store_totals, totals_rows);

static const struct pack_row last_end_rows[] = {
	PACK_F_ID(struct store_last_end, id),
	PACK_F_U32(struct store_last_end, n),
	PACK_F_U64(struct store_last_end, serial),
};
const struct pack_type store_last_end_type = PACK_TYPE(store_last_end, last_end_rows);

static const struct pack_row number_rows[] = {PACK_F_U64(struct store_number, value)};
const struct pack_type store_number_type = PACK_TYPE(store_number, number_rows);

const struct store_meta_row store_meta_rows[] = {
	{"format", &store_number_type, offsetof(struct store_meta, format), false},
	{"instance", &store_number_type, offsetof(struct store_meta, instance), false},
	{"generation", &store_number_type, offsetof(struct store_meta, generation), false},
	{"horizon", &store_number_type, offsetof(struct store_meta, horizon), false},
	{"tries", &store_number_type, offsetof(struct store_meta, tries), false},
	{"totals", &store_totals_type, offsetof(struct store_meta, totals), false},
	{"last_end", &store_last_end_type, offsetof(struct store_meta, last_end), false},
	{"clock", &qclock_type, offsetof(struct store_meta, clock), true},
	{"intake", &store_number_type, offsetof(struct store_meta, intake), false},
};
const size_t store_meta_rows_n = sizeof store_meta_rows / sizeof store_meta_rows[0];

uint64_t store_ended_sum(const struct store_totals *t)
{
	return t->delivered + t->relayed + t->expanded + t->bounced + t->silent + t->dropped;
}

static int write_meta(struct store_txn *t, bool all)
{
	struct spool *s = t->s;
	int rc = 0;

	t->meta.clock = (struct qclock){
		.queue_ms = t->now,
		.wall_ms = t->wall_ms,
		.boot_ms = clock_boot() / NANOS_MS,
		.boot_id = span_of(s->boot_id, sizeof s->boot_id),
	};
	for (size_t i = 0; rc == 0 && i < store_meta_rows_n; i++) {
		const struct store_meta_row *row = &store_meta_rows[i];
		const char *is = (const char *)&t->meta + row->offset;
		const char *was = (const char *)&s->meta + row->offset;

		if (all || row->each_batch || memcmp(is, was, row->type->size) != 0)
			rc = store_put_record(t, STORE_META, span_str(row->name), row->type, is);
	}
	return rc;
}

int store_commit(struct store_txn *t, bool all)
{
	int rc = write_meta(t, all);

	if (rc == 0 && t->renamed && (fsync(t->s->in_fd) < 0 || fsync(t->s->content_fd) < 0))
		rc = -errno;
	if (rc < 0) {
		store_abort(t);
		return rc;
	}
	return store_commit_txn(t);
}

/* Rows that are missing or unreadable keep their zero; the first one's name is told. */
int store_read_meta(
	struct store_txn *t, struct arena *arena, struct store_meta *ret, const char **ret_missing)
{
	struct store_meta m = {0};
	const char *missing = NULL;

	for (size_t i = 0; i < store_meta_rows_n; i++) {
		const struct store_meta_row *row = &store_meta_rows[i];
		int rc = store_get_record(t, STORE_META, span_str(row->name), row->type, arena,
			(char *)&m + row->offset);

		if (rc < 0 && rc != -ENOENT && rc != -EBADMSG)
			return rc;
		if (rc < 0 && !missing)
			missing = row->name;
	}
	*ret = m;
	*ret_missing = missing;
	return 0;
}
