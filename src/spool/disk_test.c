#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/alloc.h"
#include "spool/testing.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A large content is taken over only when it is complete and nobody can change it any more. */
static void file_body(struct testing *t)
{
	struct testing_mail m = {
		.k = 1, .recipients = 1, .lanes = 1, .len = 300000, .due = 5, .in_file = true};
	struct spool_op op = {.kind = SPOOL_OP_ACCEPT, .accept = testing_accept(&t->arena, &m)};
	struct span bytes = op.accept.content.bytes;
	struct buf b = BUF_INIT(1 << 20);
	struct spool_job job;
	int fd;

	testing_open(t);
	assert_int_equal(spool_apply(t->s, &op), -ENOENT);
	assert_int_equal(spool_content_make(t->s, testing_id(1), &fd), 0);
	assert_int_equal(write(fd, bytes.at, bytes.len - 1), bytes.len - 1);
	assert_int_equal(spool_apply(t->s, &op), -ESTALE); /* still open for writing */
	assert_int_equal(write(fd, bytes.at + bytes.len - 1, 1), 1);
	close(fd);
	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(spool_message_load(t->s, testing_id(1), &t->arena, &job), 0);
	assert_int_equal(spool_content_read(t->s, &job.message, 0, SIZE_MAX, &b), 0);
	assert_true(span_equal(buf_span(&b), bytes));
	assert_int_equal(testing_audit(t->s), 0);
	assert_int_equal(testing_finish(t, 1, 0, SPOOL_RELAYED, 0), 0);
	assert_int_equal(spool_content_open(t->s, testing_id(1), &fd), -ENOENT);
	buf_done(&b);
}

/* A database that lost its end, or all of it, is said to be damaged: not a new, empty spool. */
static void cut_body(struct testing *t)
{
	static const off_t lengths[] = {0, 5000, 12288};
	struct testing_mail m = {.k = 1, .recipients = 1, .lanes = 1, .len = 60000, .due = 5};
	char path[160];

	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	testing_close(t);
	(void)snprintf(path, sizeof path, "%s/data.mdb", t->dir);
	for (size_t i = sizeof lengths / sizeof lengths[0]; i-- > 0;) {
		struct spool_options options = {.dir = t->dir};
		const char *why = "";
		struct spool *s;

		assert_int_equal(truncate(path, lengths[i]), 0);
		assert_true(spool_open(&options, &s, &why) < 0);
		assert_non_null(strstr(why, "data.mdb"));
	}
	/* Who takes it away on purpose begins anew. */
	assert_int_equal(unlink(path), 0);
	testing_open(t);
}

/* What a crash leaves in the folders goes at the next start; what messages need stays. */
static void sweep_body(struct testing *t)
{
	struct testing_mail m = {
		.k = 1, .recipients = 1, .lanes = 1, .len = 70000, .due = 5, .in_file = true};
	char from[160], to[160], name[ID_TEXT_LEN + 1];
	int fd;

	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	testing_write_file(t->s, testing_id(2), SPAN_LIT("half"));
	testing_write_file(t->s, testing_id(3), SPAN_LIT("a commit that never came"));
	(void)snprintf(from, sizeof from, "%s/content/in/%s", t->dir, id_text(testing_id(3), name));
	(void)snprintf(to, sizeof to, "%s/content/%s", t->dir, name);
	assert_int_equal(rename(from, to), 0);
	testing_close(t);
	testing_open(t);
	assert_int_equal(spool_figures(t->s).swept, 2);
	assert_int_equal(spool_content_open(t->s, testing_id(3), &fd), -ENOENT);
	assert_int_equal(spool_content_open(t->s, testing_id(1), &fd), 0);
	close(fd);
	assert_int_equal(testing_audit(t->s), 0);
}

/* A full spool refuses new mail and still lets go of the old. */
static void full_body(struct testing *t)
{
	uint32_t k = 0;
	int rc;

	t->map_size = 4 << 20;
	testing_open(t);
	do {
		struct testing_mail m = {
			.k = k++, .recipients = 1, .lanes = 1, .len = 60000, .due = 5};

		rc = testing_mail(t, &m);
	} while (rc == 0 && k < 1000);
	assert_int_equal(rc, -ENOSPC);
	assert_true(k > 40);
	assert_int_equal(testing_audit(t->s), 0);
	for (uint32_t i = 0; i + 1 < k; i++)
		assert_int_equal(testing_finish(t, i, 0, SPOOL_RELAYED, 0), 0);
	assert_int_equal(testing_audit(t->s), 0);
	struct testing_mail m = {.k = k, .recipients = 1, .lanes = 1, .len = 60000, .due = 5};

	assert_int_equal(testing_mail(t, &m), 0);
}

/* Records longer than a page: a long header edit comes back whole. */
static void long_body(struct testing *t)
{
	struct testing_mail m = {
		.k = 1, .recipients = 1, .lanes = 1, .len = 10, .due = 5, .edits = 20000};
	struct testing_mail more = {
		.k = 2, .recipients = 1, .lanes = 1, .len = 10, .due = 5, .edits = 70000};
	struct spool_job job;
	struct id last;

	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	assert_int_equal(testing_mail(t, &more), -EMSGSIZE);
	assert_int_equal(spool_message_load(t->s, testing_id(1), &t->arena, &job), 0);
	assert_true(span_equal(job.message.edits, testing_content(&t->arena, 2, 20000)));
	assert_int_equal(testing_audit(t->s), 0);
	assert_int_equal(testing_finish(t, 1, 0, SPOOL_RELAYED, 0), 0);
	assert_int_equal(testing_audit(t->s), 0);
	assert_int_equal(spool_scan(t->s, (struct id){0}, 10, NULL, NULL, &last), 0);
}

/* Two writers at once would destroy it; readers come only while nobody writes. */
static void lock_body(struct testing *t)
{
	struct spool_options o = {.dir = t->dir}, r = {.dir = t->dir, .read_only = true};
	struct testing_mail m = {.k = 1, .recipients = 1, .lanes = 1, .len = 10, .due = 5};
	struct spool *other = NULL;
	const char *why = NULL;

	assert_int_equal(spool_open(&r, &other, &why), -ENOENT);
	testing_open(t);
	uint16_t instance = spool_instance(t->s);

	assert_int_equal(testing_mail(t, &m), 0);
	assert_int_equal(spool_open(&o, &other, &why), -EBUSY);
	assert_int_equal(spool_open(&r, &other, &why), -EBUSY);
	assert_non_null(why);
	int64_t now = spool_now(t->s);

	testing_close(t);
	assert_int_equal(spool_open(&r, &other, &why), 0);
	assert_int_equal(spool_instance(other), instance);
	assert_true(spool_now(other) >= now);
	assert_int_equal(testing_audit(other), 0);
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};

	assert_int_equal(spool_apply(other, &op), -EROFS);
	spool_close(other);
}

#define CASE(name)                            \
	static void name##_test(void **state) \
	{                                     \
		testing_run(name##_body);     \
	}
CASE(file)
CASE(cut)
CASE(sweep)
CASE(full)
CASE(long)
CASE(lock)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_test),
		cmocka_unit_test(cut_test),
		cmocka_unit_test(sweep_test),
		cmocka_unit_test(full_test),
		cmocka_unit_test(long_test),
		cmocka_unit_test(lock_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
