#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/crc.h"
#include "spool/spool_in.h"
#include "spool/testing.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Rows of every table with bytes changed at random, half of them with a right seal: whatever a
 * disk or an intruder made of the spool, the daemon opens it or says why not, goes on with what
 * can be read, and never crashes.
 */
static uint64_t state;

static uint32_t pick(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % below;
}

static void fill(struct testing *t)
{
	testing_open(t);
	for (uint32_t k = 0; k < 6; k++) {
		struct testing_mail m = {.k = k,
			.recipients = 1 + k % 4,
			.lanes = 2,
			.len = k == 3 ? 70000 : k * 3000,
			.due = 50 + k,
			.in_file = k == 3,
			.edits = k == 4 ? 6000 : 50};

		assert_int_equal(testing_mail(t, &m), 0);
	}
	struct spool_op hold = {
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(2), .kind = SPOOL_HOLD}};

	assert_int_equal(spool_apply(t->s, &hold), 0);
	assert_int_equal(testing_finish(t, 1, 0, SPOOL_RELAYED, 0), 0);
	assert_int_equal(testing_finish(t, 5, 0, SPOOL_BOUNCED, 0), 0);
	testing_close(t);
}

/* Makes the seal right again, so that the payload itself is what readers meet. */
static void seal(char *at, size_t len)
{
	if (len < 10)
		return;
	for (unsigned i = 0; i < 4; i++)
		at[4 + i] = (char)((len - 10) >> (8 * i) & 255);
	uint32_t crc = crc32c(0, span_of(at + 4, len - 4));

	for (unsigned i = 0; i < 4; i++)
		at[i] = (char)(crc >> (8 * i) & 255);
}

static int spoil_row(struct store_txn *t, enum store_table table)
{
	static char value[STORE_VALUE_MAX + 64];
	struct span key, there;
	struct store_key row;
	int rc = store_seek(t, table, (struct span){0}, &key, &there);

	for (uint32_t skip = pick(12); rc == 0 && skip > 0; skip--)
		rc = store_next(t, table, &key, &there);
	if (rc < 0 || key.len > sizeof row.at || there.len > STORE_VALUE_MAX)
		return 0;
	row.len = key.len;
	memcpy(row.at, key.at, key.len);
	size_t len = there.len;

	if (len > 0)
		memcpy(value, there.at, len);
	for (uint32_t n = 1 + pick(4); n > 0 && len > 0; n--)
		value[pick((uint32_t)len)] = (char)pick(256);
	if (pick(4) == 0)
		len = pick((uint32_t)len + 20);
	if (pick(2))
		seal(value, len);
	if (pick(4) == 0)
		row.at[pick((uint32_t)row.len)] ^= (unsigned char)(1 + pick(255));
	if (pick(5) == 0)
		row.len = 1 + pick((uint32_t)sizeof row.at - 1);
	return len > STORE_VALUE_MAX
		       ? 0
		       : store_put(t, table, store_key_span(&row), span_of(value, len));
}

static void spoil(const char *dir)
{
	static struct spool raw;
	struct store_txn t = {.s = &raw};

	assert_int_equal(mdb_env_create(&raw.env), 0);
	assert_int_equal(mdb_env_set_maxdbs(raw.env, STORE_TABLES), 0);
	assert_int_equal(mdb_env_set_mapsize(raw.env, 1UL << 28), 0);
	assert_int_equal(mdb_env_open(raw.env, dir, MDB_NOTLS, 0600), 0);
	assert_int_equal(mdb_txn_begin(raw.env, NULL, 0, &t.txn), 0);
	for (size_t i = 0; i < STORE_TABLES; i++)
		assert_int_equal(mdb_dbi_open(t.txn, store_names[i], 0, &raw.tables[i]), 0);
	for (uint32_t n = 1 + pick(5); n > 0; n--)
		(void)spoil_row(&t, (enum store_table)pick(STORE_TABLES));
	assert_int_equal(store_commit_txn(&t), 0);
	mdb_env_close(raw.env);
}

static void use_job(struct testing *t, const struct spool_due *due)
{
	struct buf b = BUF_INIT(1 << 20);
	struct spool_job job;

	if (spool_job_load(t->s, due->id, due->part, &t->arena, &job) == 0 &&
		job.recipients_n > 0) {
		uint8_t *how = arena_array(&t->arena, job.recipients_n, 1);
		int64_t *next = arena_array(&t->arena, job.recipients_n, sizeof *next);

		for (size_t i = 0; i < job.recipients_n; i++) {
			how[i] = (uint8_t)pick(3);
			next[i] = pick(1000);
		}
		struct spool_op op = {.kind = SPOOL_OP_OUTCOME,
			.outcome = testing_outcome(&t->arena, &job, how, next)};

		(void)spool_content_read(t->s, &job.message, 0, 100000, &b);
		(void)spool_apply(t->s, &op);
	}
	buf_done(&b);
}

static void see_lane(const struct spool_lane *lane, const struct spool_due *first, void *arg)
{
	uint32_t *seen = arg;

	if (seen[0] < 15)
		seen[++seen[0]] = lane->number;
}

static void see_site(const struct spool_site *site, void *arg)
{
	*(size_t *)arg += site->name.len;
}

static bool see_message(const struct spool_job *job, void *arg)
{
	*(size_t *)arg += job->recipients_n;
	return true;
}

static void see_finding(const char *table, struct span row, struct span wrong, void *arg)
{
	*(size_t *)arg += row.len;
}

static void use(struct testing *t)
{
	struct testing_mail more = {.k = 77, .recipients = 2, .lanes = 2, .len = 100, .due = 9};
	struct spool_op drop = {
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(2), .kind = SPOOL_RETRY}};
	struct spool_audit_totals totals;
	uint32_t lanes[16] = {0};
	struct spool_due *due = arena_array(&t->arena, 32, sizeof *due);
	size_t sum = 0;
	struct id last;

	(void)spool_lanes(t->s, see_lane, lanes);
	(void)spool_sites(t->s, see_site, &sum);
	for (uint32_t i = 1; i <= lanes[0]; i++) {
		long n = spool_due_list(t->s, lanes[i], NULL, due, 32);

		for (long j = 0; j < n; j++)
			use_job(t, &due[j]);
	}
	(void)spool_scan(t->s, (struct id){0}, 100, see_message, &sum, &last);
	(void)testing_mail(t, &more);
	(void)spool_apply(t->s, &drop);
	assert_true(spool_audit_deep(t->s, see_finding, &sum, &totals) >= 0);
}

static void hostile_body(struct testing *t)
{
	bool is_long = getenv("ABIDE_LONG") != NULL;
	const char *given = getenv("ABIDE_SEED");
	uint64_t first = given ? strtoull(given, NULL, 10) : 1;
	uint64_t last = given ? first : is_long ? 5000 : 150;
	uint32_t opened = 0;

	t->map_size = 1UL << 28;
	for (uint64_t seed = first; seed <= last; seed++) {
		struct spool_options o = {.dir = t->dir, .map_size = t->map_size};
		const char *why;

		state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
		fill(t);
		spoil(t->dir);
		if (spool_open(&o, &t->s, &why) == 0) {
			assert_int_equal(spool_start(t->s), 0);
			use(t);
			testing_close(t);
			opened++;
		}
		arena_done(&t->arena);
		testing_remove_dir(t->dir);
		testing_make_dir(t->dir);
	}
	assert_true(given || opened > (last - first) * 8 / 10);
}

static void hostile_test(void **unused)
{
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	testing_run(hostile_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hostile_test)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
