#include "spool/compact.h"
#include <errno.h>

const char *const store_names[STORE_TABLES] = {
	[STORE_MESSAGES] = "messages",
	[STORE_RECIPIENTS] = "recipients",
	[STORE_CONTENTS] = "contents",
	[STORE_DUE] = "due",
	[STORE_HELD] = "held",
	[STORE_LANES] = "lanes",
	[STORE_SITES] = "sites",
	[STORE_ENDS] = "ends",
	[STORE_META] = "meta",
	[STORE_TRIES] = "tries",
	[STORE_ASIDE] = "aside",
	[STORE_MARKS] = "marks",
};

int store_errno(int mdb_rc)
{
	switch (mdb_rc) {
	case 0:
		return 0;
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_KEYEXIST:
		return -EEXIST;
	case MDB_MAP_FULL:
	case EDQUOT:
		return -ENOSPC;
	case MDB_TXN_FULL:
		return -EFBIG;
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID:
		return -EBADMSG;
	default:
		return mdb_rc > 0 ? -mdb_rc : -EIO;
	}
}

static MDB_val value_of(struct span s)
{
	return (MDB_val){.mv_size = s.len, .mv_data = (void *)(uintptr_t)s.at};
}

static struct span span_of_value(MDB_val v)
{
	return span_of(v.mv_data, v.mv_size);
}

static int cursor(struct store_txn *t, enum store_table table, MDB_cursor **ret)
{
	if (!t->cursors[table]) {
		int rc = mdb_cursor_open(t->txn, t->s->tables[table], &t->cursors[table]);

		if (rc)
			return store_errno(rc);
	}
	*ret = t->cursors[table];
	return 0;
}

static void close_cursors(struct store_txn *t)
{
	for (size_t i = 0; i < STORE_TABLES; i++)
		if (t->cursors[i])
			mdb_cursor_close(t->cursors[i]);
	memset(t->cursors, 0, sizeof t->cursors);
}

int store_begin_write(struct spool *s, struct store_txn *t)
{
	*t = (struct store_txn){
		.s = s,
		.meta = s->meta,
		.packed = BUF_INIT(STORE_MESSAGE_MAX),
		.gone_files = BUF_INIT(1U << 20),
	};
	return store_errno(mdb_txn_begin(s->env, NULL, 0, &t->txn));
}

void store_abort(struct store_txn *t)
{
	close_cursors(t);
	if (t->txn)
		mdb_txn_abort(t->txn);
	t->txn = NULL;
	buf_done(&t->packed);
}

int store_commit_txn(struct store_txn *t)
{
	close_cursors(t);
	int rc = mdb_txn_commit(t->txn);

	t->txn = NULL;
	buf_done(&t->packed);
	return store_errno(rc);
}

int store_begin_read(struct spool *s, struct store_txn *t)
{
	*t = (struct store_txn){.s = s};
	if (s->reader_busy)
		return store_errno(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &t->txn));
	int rc = s->reader ? mdb_txn_renew(s->reader)
			   : mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->reader);

	if (rc) {
		if (s->reader)
			mdb_txn_abort(s->reader);
		s->reader = NULL;
		return store_errno(rc);
	}
	s->reader_busy = true;
	t->txn = s->reader;
	return 0;
}

void store_end_read(struct store_txn *t)
{
	close_cursors(t);
	if (t->txn == t->s->reader) {
		mdb_txn_reset(t->txn);
		t->s->reader_busy = false;
	} else {
		mdb_txn_abort(t->txn);
	}
	t->txn = NULL;
	buf_done(&t->packed);
}

static int move(
	struct store_txn *t, enum store_table table, MDB_cursor_op op, MDB_val *key, MDB_val *value)
{
	MDB_cursor *c = NULL;
	int rc = cursor(t, table, &c);

	return rc < 0 ? rc : store_errno(mdb_cursor_get(c, key, value, op));
}

int store_get(struct store_txn *t, enum store_table table, struct span key, struct span *ret)
{
	MDB_val k = value_of(key), v;
	int rc = move(t, table, MDB_SET_KEY, &k, &v);

	if (rc == 0)
		*ret = span_of_value(v);
	return rc;
}

int store_seek(struct store_txn *t, enum store_table table, struct span key, struct span *ret_key,
	struct span *ret_value)
{
	MDB_val k = value_of(key), v;
	int rc = move(t, table, key.len > 0 ? MDB_SET_RANGE : MDB_FIRST, &k, &v);

	if (rc < 0)
		return rc;
	*ret_key = span_of_value(k);
	*ret_value = span_of_value(v);
	return 0;
}

int store_next(
	struct store_txn *t, enum store_table table, struct span *ret_key, struct span *ret_value)
{
	MDB_val k, v;
	int rc = move(t, table, MDB_NEXT, &k, &v);

	if (rc < 0)
		return rc;
	*ret_key = span_of_value(k);
	*ret_value = span_of_value(v);
	return 0;
}

static int put_value(struct store_txn *t, enum store_table table, struct span key, MDB_val *value,
	unsigned flags)
{
	MDB_cursor *c = NULL;
	MDB_val k = value_of(key);
	int rc = cursor(t, table, &c);

	if (rc == 0)
		rc = store_errno(mdb_cursor_put(c, &k, value, flags));
	if (rc == 0)
		compact_note(t, table, key);
	return rc;
}

int store_put(struct store_txn *t, enum store_table table, struct span key, struct span value)
{
	MDB_val v = value_of(value);

	if (value.len > STORE_VALUE_MAX)
		return -EMSGSIZE;
	return put_value(t, table, key, &v, 0);
}

int store_put_new(struct store_txn *t, enum store_table table, struct span key, struct span value)
{
	MDB_val v = value_of(value);

	if (value.len > STORE_VALUE_MAX)
		return -EMSGSIZE;
	return put_value(t, table, key, &v, MDB_NOOVERWRITE);
}

int store_put_space(
	struct store_txn *t, enum store_table table, struct span key, size_t len, char **ret)
{
	MDB_val v = {.mv_size = len};
	int rc = put_value(t, table, key, &v, MDB_RESERVE);

	if (rc == 0)
		*ret = v.mv_data;
	return rc;
}

int store_delete_here(struct store_txn *t, enum store_table table)
{
	MDB_val key, value;

	if (!t->cursors[table])
		return -ENOENT;
	if (t->s->recording &&
		mdb_cursor_get(t->cursors[table], &key, &value, MDB_GET_CURRENT) == 0)
		compact_note(t, table, span_of_value(key));
	return store_errno(mdb_cursor_del(t->cursors[table], 0));
}

int store_delete(struct store_txn *t, enum store_table table, struct span key)
{
	struct span value;
	int rc = store_get(t, table, key, &value);

	return rc < 0 ? rc : store_delete_here(t, table);
}

int store_count(
	struct store_txn *t, enum store_table table, uint64_t *ret_rows, uint64_t *ret_pages)
{
	MDB_stat st;
	int rc = store_errno(mdb_stat(t->txn, t->s->tables[table], &st));

	if (rc < 0)
		return rc;
	*ret_rows = st.ms_entries;
	*ret_pages = st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages;
	return 0;
}
