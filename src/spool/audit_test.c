#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool/spool_in.h"
#include "spool/testing.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/*
 * abide audit is the proof that nothing was lost: a row that vanishes from any table, by whatever
 * fault, has to be named. Rows are deleted behind the spool's back, one kind after the other.
 */
struct seen {
	const char *table;
	char row[128];
	bool named;
	unsigned others;
};

static void look(const char *table, struct span row, struct span wrong, void *arg)
{
	struct seen *seen = arg;

	if (strcmp(table, seen->table) == 0 && span_equal(row, span_str(seen->row)))
		seen->named = true;
	else
		seen->others++;
}

/* One of each kind: several lanes, parts, a held recipient, ends, a file, a row set aside. */
static void fill(struct testing *t)
{
	struct testing_mail a = {.k = 1, .recipients = 4, .lanes = 2, .len = 9000, .due = 50};
	struct testing_mail b = {
		.k = 2, .recipients = 2, .lanes = 1, .len = 70000, .due = 60, .in_file = true};
	struct testing_mail c = {
		.k = 3, .recipients = 3, .lanes = 3, .len = 10, .due = 70, .edits = 9000};
	struct testing_mail d = {.k = 4, .recipients = 1, .lanes = 1, .len = 10, .due = 70};
	struct spool_op hold = {
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(3), .kind = SPOOL_HOLD}};
	struct spool_op generation = {.kind = SPOOL_OP_GENERATION};

	testing_open(t);
	assert_int_equal(testing_mail(t, &a), 0);
	assert_int_equal(testing_mail(t, &b), 0);
	assert_int_equal(testing_mail(t, &c), 0);
	assert_int_equal(testing_mail(t, &d), 0);
	assert_int_equal(spool_apply(t->s, &hold), 0);
	assert_int_equal(spool_apply(t->s, &generation), 0);
	assert_int_equal(testing_finish(t, 4, 0, SPOOL_RELAYED, 0), 0);
	assert_int_equal(testing_finish(t, 1, 1, SPOOL_DELIVERED, 0), 0);
	assert_int_equal(testing_audit(t->s), 0);
	testing_close(t);
}

enum { DELETE, SPOIL, ADD };
struct change { /* what happens to the files of the spool */
	enum store_table table;
	struct store_key key;
	int kind;
};

static int change_row(struct store_txn *t, const struct change *c)
{
	struct span there, first;
	static char copy[STORE_VALUE_MAX];
	int rc;

	if (c->kind == DELETE && c->key.len == 0) {
		rc = store_seek(t, c->table, (struct span){0}, &first, &there);
		return rc < 0 ? rc : store_delete_here(t, c->table);
	}
	if (c->kind == DELETE)
		return store_delete(t, c->table, store_key_span(&c->key));
	if (c->kind == ADD)
		return store_put(t, c->table, store_key_span(&c->key), SPAN_LIT("\0\0\0\1"));
	rc = store_get(t, c->table, store_key_span(&c->key), &there);
	if (rc < 0)
		return rc;
	memcpy(copy, there.at, there.len);
	copy[there.len / 2] ^= 0x20;
	return store_put(t, c->table, store_key_span(&c->key), span_of(copy, there.len));
}

/* Opens as a plain user of LMDB would, without the spool's care. */
static void damage(const char *dir, const struct change *c)
{
	static struct spool raw;
	struct store_txn t = {.s = &raw};

	assert_int_equal(mdb_env_create(&raw.env), 0);
	assert_int_equal(mdb_env_set_maxdbs(raw.env, STORE_TABLES), 0);
	assert_int_equal(mdb_env_set_mapsize(raw.env, 1UL << 30), 0);
	assert_int_equal(mdb_env_open(raw.env, dir, MDB_NOTLS, 0600), 0);
	assert_int_equal(mdb_txn_begin(raw.env, NULL, 0, &t.txn), 0);
	for (size_t i = 0; i < STORE_TABLES; i++)
		assert_int_equal(mdb_dbi_open(t.txn, store_names[i], 0, &raw.tables[i]), 0);
	assert_int_equal(change_row(&t, c), 0);
	assert_int_equal(store_commit_txn(&t), 0);
	mdb_env_close(raw.env);
}

static void expect(struct testing *t, const struct change *c, const char *table, const char *row)
{
	struct spool_options o = {.dir = t->dir, .read_only = true};
	struct spool_audit_totals totals;
	struct seen seen = {.table = table};
	struct spool *s = NULL;
	const char *why;

	(void)snprintf(seen.row, sizeof seen.row, "%s", row);
	fill(t);
	if (c)
		damage(t->dir, c);
	assert_int_equal(spool_open(&o, &s, &why), 0);
	long found = spool_audit_deep(s, look, &seen, &totals);

	spool_close(s);
	if (!seen.named)
		fprintf(stderr, "not named: %s %s (%ld others)\n", table, row, found);
	assert_true(seen.named);
	/* The neighbours may complain too, but not everybody. */
	assert_true(seen.others <= 5);
	testing_remove_dir(t->dir);
	testing_make_dir(t->dir);
}

static const char *text_of(struct arena *a, const char *format, uint32_t k)
{
	char id[ID_TEXT_LEN + 1];

	id_text(testing_id(k), id);
	return arena_printf(a, format, id).at;
}

/* Rows of fill(): by message k and recipient, chunk or part n. */
static const struct row {
	enum store_table table;
	uint32_t k, n, lane;
	int64_t due;
	int kind; /* DELETE, SPOIL, ADD */
	const char *text;
} rows[] = {
	{STORE_MESSAGES, 1, 0, 0, 0, DELETE, "%s"},
	{STORE_RECIPIENTS, 1, 0, 0, 0, DELETE, "%s/0"},
	{STORE_RECIPIENTS, 1, 2, 0, 0, DELETE, "%s/2"},
	{STORE_RECIPIENTS, 3, 1, 0, 0, DELETE, "%s/1"},
	{STORE_CONTENTS, 1, 0, 0, 0, DELETE, "%s/0"},
	{STORE_CONTENTS, 1, 2, 0, 0, DELETE, "%s/2"},
	{STORE_DUE, 1, 0, 1, 50, DELETE, "lane 1, due 50, %s/0"},
	{STORE_HELD, 3, 1, 2, 0, DELETE, "lane 2, %s/1"},
	{STORE_LANES, 1, 0, 1, 0, DELETE, "1"},
	{STORE_LANES, 1, 0, 3, 0, DELETE, "3"},
	{STORE_ENDS, 4, 0, 0, 0, DELETE, "%s/0"},
	{STORE_ENDS, 1, 1, 0, 0, DELETE, "%s/1"},
	{STORE_ENDS, 1, 3, 0, 0, DELETE, "%s/3"},
	{STORE_MESSAGES, 1, 0, 0, 0, SPOIL, "%s"},
	{STORE_MESSAGES, 3, 0, 0, 0, SPOIL, "%s"},
	{STORE_RECIPIENTS, 1, 0, 0, 0, SPOIL, "%s/0"},
	{STORE_CONTENTS, 1, 1, 0, 0, SPOIL, "%s"},
	{STORE_ENDS, 1, 1, 0, 0, SPOIL, "%s/1"},
	{STORE_LANES, 1, 0, 1, 0, SPOIL, "1"},
	{STORE_DUE, 1, 2, 3, 1, ADD, "lane 3, due 1, %s/2"},
	{STORE_HELD, 1, 0, 1, 0, ADD, "lane 1, %s/0"},
};

static struct store_key key_of(const struct row *r)
{
	switch (r->table) {
	case STORE_MESSAGES:
		return store_key_id(testing_id(r->k));
	case STORE_DUE:
		return store_key_due(r->lane, r->due, testing_id(r->k), r->n);
	case STORE_HELD:
		return store_key_held(r->lane, testing_id(r->k), r->n);
	case STORE_LANES:
		return store_key_u32(r->lane);
	default:
		return store_key_id_n(testing_id(r->k), r->n);
	}
}

static void tables_body(struct testing *t)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct change c = {.table = rows[i].table, .kind = rows[i].kind};
		char id[ID_TEXT_LEN + 1], text[80];

		c.key = key_of(&rows[i]);
		id_text(testing_id(rows[i].k), id);
		(void)snprintf(text, sizeof text, rows[i].text, id);
		expect(t, &c, store_names[c.table], text);
	}
	testing_open(t);
}

/* A row of each name in meta, and one of sites. */
static void names_body(struct testing *t)
{
	static const struct {
		enum store_table table;
		const char *name;
	} cases[] = {
		{STORE_META, "format"},
		{STORE_META, "instance"},
		{STORE_META, "generation"},
		{STORE_META, "horizon"},
		{STORE_META, "totals"},
		{STORE_META, "last_end"},
		{STORE_META, "clock"},
		{STORE_META, "tries"},
		{STORE_META, "intake"},
		{STORE_SITES, "mx.dest2.example"},
	};

	assert_int_equal(store_meta_rows_n, 9); /* a new row belongs into the table above */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct change c = {.table = cases[i].table};

		c.key.len = strlen(cases[i].name);
		memcpy(c.key.at, cases[i].name, c.key.len);
		expect(t, &c, store_names[c.table], cases[i].name);
	}
	testing_open(t);
}

/* A row of what traces tell: which one it was nobody can say, but that one is missing. */
static void tries_body(struct testing *t)
{
	struct change c = {.table = STORE_TRIES, .kind = DELETE};

	expect(t, &c, "meta", "tries");
	testing_open(t);
}

/* The file of a large content: lost, cut, or with other bytes. */
static void files_body(struct testing *t)
{
	struct spool_audit_totals totals;
	char path[160], id[ID_TEXT_LEN + 1];
	struct seen seen = {.table = "contents"};

	fill(t);
	testing_open(t);
	id_text(testing_id(2), id);
	(void)snprintf(seen.row, sizeof seen.row, "%s", id);
	(void)snprintf(path, sizeof path, "%s/content/%s", t->dir, id);
	FILE *f = fopen(path, "r+");

	assert_non_null(f);
	assert_int_equal(fputc('#', f), '#');
	assert_int_equal(fclose(f), 0);
	assert_int_equal(spool_audit(t->s, look, &seen, &totals), 0);
	assert_int_equal(spool_audit_deep(t->s, look, &seen, &totals), 1);
	assert_true(seen.named);
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(spool_audit(t->s, look, &seen, &totals), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(spool_audit(t->s, look, &seen, &totals), 1);
	assert_int_equal(totals.messages, 3);
	assert_int_equal(totals.recipients, 7);
	assert_int_equal(totals.accepted, 10);
	assert_int_equal(totals.ended[SPOOL_DELIVERED], 2);
	assert_int_equal(totals.ended[SPOOL_RELAYED], 1);
}

/* ---- damage stays local ---- */

/* An unreadable recipient: its part's others are tried again, and the daemon goes on. */
static void aside_body(struct testing *t)
{
	struct change spoil = {STORE_RECIPIENTS, store_key_id_n(testing_id(1), 0), SPOIL};
	struct change gone = {.table = STORE_ASIDE, .key = store_key_u64(1)};
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};
	struct spool_due due[4];
	struct spool_job job;

	fill(t);
	damage(t->dir, &spoil);
	testing_open(t);
	assert_int_equal(spool_job_load(t->s, testing_id(1), 0, &t->arena, &job), -EBADMSG);
	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(spool_figures(t->s).set_aside, 1);
	assert_int_equal(spool_due_list(t->s, 1, NULL, due, 4), 2);
	assert_int_equal(due[0].part, 2); /* of 0 and 2 the second one is left */
	assert_int_equal(due[0].count, 1);
	struct seen seen = {.table = "recipients"};
	struct spool_audit_totals totals;

	(void)snprintf(seen.row, sizeof seen.row, "%s", text_of(&t->arena, "%s/0", 1));
	assert_int_equal(spool_audit_deep(t->s, look, &seen, &totals), 1);
	assert_true(seen.named);
	assert_int_equal(testing_finish(t, 1, 2, SPOOL_RELAYED, 0), 0);
	/* Its message stays: the one that was set aside may still be mended. */
	assert_int_equal(spool_message_load(t->s, testing_id(1), &t->arena, &job), 0);
	assert_int_equal(job.recipients_n, 0);
	testing_close(t);
	damage(t->dir, &gone);
	testing_open(t);
	seen = (struct seen){.table = "aside", .row = "1"};
	(void)spool_audit(t->s, look, &seen, &totals);
	assert_true(seen.named);
}

/* An unreadable message is not tried for ever; nothing else stops. */
static void aside_message_body(struct testing *t)
{
	struct change spoil = {STORE_MESSAGES, store_key_id(testing_id(1)), SPOIL};
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};
	struct spool_due due[4];
	struct spool_job job;

	fill(t);
	damage(t->dir, &spoil);
	testing_open(t);
	assert_int_equal(spool_due_list(t->s, 1, NULL, due, 4), 2);
	assert_int_equal(spool_job_load(t->s, testing_id(1), 0, &t->arena, &job), -EBADMSG);
	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(spool_due_list(t->s, 1, NULL, due, 4), 1);
	assert_true(id_equal(due[0].id, testing_id(2)));
	struct seen seen = {.table = "messages"};
	struct spool_audit_totals totals;

	(void)snprintf(seen.row, sizeof seen.row, "%s", text_of(&t->arena, "%s", 1));
	assert_int_equal(spool_audit_deep(t->s, look, &seen, &totals), 1);
	assert_true(seen.named);
	assert_int_equal(testing_finish(t, 2, 0, SPOOL_RELAYED, 0), 0);
}

/* A spool that lost rows of meta opens, says so, and repeats no id. */
static void mend_body(struct testing *t)
{
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};
	struct change c = {.table = STORE_META, .key = {.at = "generation", .len = 10}};
	struct seen seen = {.table = "meta", .row = "generation"};
	struct spool_audit_totals totals;

	fill(t);
	damage(t->dir, &c);
	testing_open(t);
	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(spool_audit(t->s, look, &seen, &totals), 1);
	assert_true(seen.named);
	testing_close(t);
	memcpy(c.key.at, "totals", 6);
	c.key.len = 6;
	damage(t->dir, &c);
	testing_open(t);
	(void)snprintf(seen.row, sizeof seen.row, "totals");
	seen.named = false;
	assert_int_equal(spool_audit(t->s, look, &seen, &totals), 1);
	assert_true(seen.named);
}

#define CASE(name)                            \
	static void name##_test(void **state) \
	{                                     \
		testing_run(name##_body);     \
	}
CASE(tables)
CASE(names)
CASE(tries)
CASE(files)
CASE(aside)
CASE(aside_message)
CASE(mend)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_test),
		cmocka_unit_test(names_test),
		cmocka_unit_test(tries_test),
		cmocka_unit_test(files_test),
		cmocka_unit_test(aside_test),
		cmocka_unit_test(aside_message_test),
		cmocka_unit_test(mend_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
