#include "spool/audit.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>

/* ---- findings ---- */

static struct span id_and(struct arena *a, struct span key)
{
	char text[ID_TEXT_LEN + 1];

	return arena_printf(
		a, "%s/%u", id_text(store_id_of(key), text), store_u32_at(key, ID_BYTES));
}

/* A key as people write it. */
static struct span row_text(struct arena *a, enum store_table table, struct span key)
{
	char text[ID_TEXT_LEN + 1];
	struct spool_due due;
	uint32_t lane;

	if ((table == STORE_META || table == STORE_SITES) && key.len > 0)
		return key;
	if (table == STORE_DUE && store_due_of(key, SPAN_LIT("\0\0\0\0"), &lane, &due))
		return arena_printf(a, "lane %u, due %lld, %s/%u", lane, (long long)due.due,
			id_text(due.id, text), due.part);
	if (table == STORE_HELD && key.len == 24)
		return arena_printf(a, "lane %u, %.*s", store_u32_at(key, 0),
			SPAN_F(id_and(a, span_slice(key, 4, 20))));
	if (key.len == 4)
		return arena_printf(a, "%u", store_u32_at(key, 0));
	if (key.len == 8)
		return arena_printf(a, "%llu",
			(unsigned long long)store_u32_at(key, 0) << 32 | store_u32_at(key, 4));
	if (key.len == ID_BYTES)
		return arena_printf(a, "%s", id_text(store_id_of(key), text));
	if (key.len == ID_BYTES + 4)
		return id_and(a, key);
	if (table == STORE_TRIES && key.len == ID_BYTES + 12)
		return arena_printf(a, "%.*s at %llu",
			SPAN_F(id_and(a, span_slice(key, 0, ID_BYTES + 4))),
			(unsigned long long)store_id_of(span_slice(key, 12, key.len)).low);
	return arena_printf(a, "a key of %zu bytes", key.len);
}

void audit_found(struct audit *a, enum store_table table, struct span key, const char *wrong)
{
	struct arena arena = {0};

	a->found++;
	a->fn(store_names[table], row_text(&arena, table, key), span_str(wrong), a->arg);
	arena_done(&arena);
}

int audit_has(struct audit *a, enum store_table table, const struct store_key *key)
{
	struct span value;
	int rc = store_get(&a->t, table, store_key_span(key), &value);

	if (rc < 0 && rc != -ENOENT)
		audit_found(a, table, store_key_span(key), "the disk or LMDB fails at it");
	return rc != -ENOENT;
}

bool audit_is_aside(struct audit *a, enum store_table table, struct span key)
{
	char text[64] = {(char)table};

	if (key.len > sizeof text - 1)
		return false;
	memcpy(text + 1, key.at, key.len);
	return table_get(&a->aside, span_of(text, key.len + 1)) != NULL;
}

/* ---- meta, lanes and sites ---- */

static void audit_meta(struct audit *a)
{
	struct arena arena = {0};

	for (size_t i = 0; i < store_meta_rows_n; i++) {
		const struct store_meta_row *row = &store_meta_rows[i];
		struct span name = span_str(row->name);
		int rc = store_get_record(
			&a->t, STORE_META, name, row->type, &arena, (char *)&a->meta + row->offset);

		if (rc < 0)
			audit_found(a, STORE_META, name,
				rc == -ENOENT ? "is missing" : "can't be read");
		if (rc < 0 && !a->meta_missing)
			a->meta_missing = row->name;
	}
	if (a->s->open_missing && !a->s->read_only)
		audit_found(a, STORE_META, span_str(a->s->open_missing),
			"was missing when the spool was opened, and was made again");
	arena_done(&arena);
}

static void audit_lane(struct audit *a, struct span key, struct span value)
{
	struct arena arena = {0};
	struct spool_lane lane;
	struct span site;

	if (store_open_record(value, &spool_lane_type, &arena, &lane) < 0 || key.len != 4 ||
		lane.number != store_u32_at(key, 0))
		audit_found(a, STORE_LANES, key, "can't be read");
	else if (store_get(&a->t, STORE_SITES, lane.site, &site) < 0)
		audit_found(a, STORE_SITES, lane.site, "is missing, but a lane names it");
	arena_done(&arena);
}

static void audit_lanes(struct audit *a)
{
	struct span key, value;

	for (int rc = store_seek(&a->t, STORE_LANES, (struct span){0}, &key, &value); rc == 0;
		rc = store_next(&a->t, STORE_LANES, &key, &value))
		audit_lane(a, key, value);
}

static void audit_sites(struct audit *a)
{
	struct span key, value;

	for (int rc = store_seek(&a->t, STORE_SITES, (struct span){0}, &key, &value); rc == 0;
		rc = store_next(&a->t, STORE_SITES, &key, &value)) {
		struct arena arena = {0};
		struct spool_site site;

		if (store_open_record(value, &spool_site_type, &arena, &site) < 0 ||
			!span_equal(site.name, key))
			audit_found(a, STORE_SITES, key, "can't be read");
		arena_done(&arena);
	}
}

/* ---- sums ---- */

static void audit_sums(struct audit *a)
{
	const struct store_totals *sum = &a->meta.totals;
	uint64_t rows[STORE_TABLES], pages;

	for (enum store_table i = 0; i < STORE_TABLES; i++)
		if (store_count(&a->t, i, &rows[i], &pages) < 0)
			return;
	a->totals.recipients = rows[STORE_RECIPIENTS];
	a->totals.accepted = sum->accepted_recipients;
	const uint64_t ended[] = {sum->delivered, sum->relayed, sum->expanded, sum->bounced,
		sum->silent, sum->dropped};

	memcpy(&a->totals.ended[SPOOL_DELIVERED], ended, sizeof ended);
	if (a->meta_missing)
		return;
	if (sum->accepted_recipients !=
		rows[STORE_RECIPIENTS] + store_ended_sum(sum) + sum->aside_recipients)
		audit_found(a, STORE_META, SPAN_LIT("totals"),
			"accepted recipients are not live + ended + set aside");
	if (sum->accepted_messages != a->totals.messages + sum->gone_messages + sum->aside_messages)
		audit_found(a, STORE_META, SPAN_LIT("totals"),
			"accepted messages are not those here + gone + set aside");
	if (a->meta.tries != rows[STORE_TRIES])
		audit_found(a, STORE_META, SPAN_LIT("tries"),
			"is not how many rows of tries there are");
	if (store_ended_sum(sum) != rows[STORE_ENDS] + sum->pruned)
		audit_found(a, STORE_META, SPAN_LIT("totals"),
			"recipients that ended are not the journal's rows + pruned");
}

/* ---- the whole ---- */

static void run(void *arg)
{
	struct audit *a = arg;

	a->t = (struct store_txn){.s = a->s};
	int rc = store_errno(mdb_txn_begin(a->s->env, NULL, MDB_RDONLY, &a->t.txn));

	if (rc < 0) {
		a->found = rc;
		return;
	}
	audit_meta(a);
	audit_aside(a);
	audit_ends(a);
	audit_messages(a);
	audit_recipients(a);
	audit_contents(a);
	audit_due(a);
	audit_held(a);
	audit_tries(a);
	audit_marks(a);
	audit_lanes(a);
	audit_sites(a);
	audit_sums(a);
	store_abort(&a->t);
	table_done(&a->aside);
	table_done(&a->missing_ends);
}

/* While tasks run, a helper thread reads; its findings are told when it is done. */
#define KEPT_MOST 10000U
struct kept {
	struct arena arena;
	struct kept_row {
		const char *table;
		struct span row, wrong;
	} * rows;
	size_t n;
};

static void keep(const char *table, struct span row, struct span wrong, void *arg)
{
	struct kept *k = arg;

	if (!k->rows)
		k->rows = arena_array(&k->arena, KEPT_MOST, sizeof *k->rows);
	if (k->n < KEPT_MOST)
		k->rows[k->n++] = (struct kept_row){
			.table = table, .row = arena_copy(&k->arena, row), .wrong = wrong};
}

static long audit(struct audit *a)
{
	struct kept kept = {0};

	if (!a->s->started) {
		run(a);
		return a->found;
	}
	void (*fn)(const char *, struct span, struct span, void *) = a->fn;
	void *arg = a->arg;

	a->fn = keep;
	a->arg = &kept;
	while (a->s->switching && task_gate_wait(&a->s->readers_gone, CLOCK_NEVER) == 0)
		;
	a->s->long_readers++;
	int rc = task_offload(run, a);

	a->s->long_readers--;
	task_gate_wake_all(&a->s->readers_gone);

	for (size_t i = 0; i < kept.n; i++)
		fn(kept.rows[i].table, kept.rows[i].row, kept.rows[i].wrong, arg);
	arena_done(&kept.arena);
	return rc < 0 ? rc : a->found;
}

static long begin(struct audit like, struct spool_audit_totals *ret)
{
	/* It holds a dozen cursors' state: not for a fiber's stack. */
	struct audit *a = alloc_zero(sizeof *a);

	*a = like;
	long found = audit(a);

	if (found >= 0)
		*ret = a->totals;
	free(a);
	return found;
}

long spool_audit(struct spool *s,
	void (*fn)(const char *table, struct span row, struct span wrong, void *arg), void *arg,
	struct spool_audit_totals *ret)
{
	return begin((struct audit){.s = s, .fn = fn, .arg = arg}, ret);
}

long spool_audit_deep(struct spool *s,
	void (*fn)(const char *table, struct span row, struct span wrong, void *arg), void *arg,
	struct spool_audit_totals *ret)
{
	return begin((struct audit){.s = s, .deep = true, .fn = fn, .arg = arg}, ret);
}
