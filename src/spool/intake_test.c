/* What would be lost: mail that a sender was told is safe, in the moment between that and the database. */
#include "spool/intake.h"
#include "base/alloc.h"
#include "base/crc.h"
#include "spool/spool_in.h"
#include "spool/testing.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DUE INT64_C(1000000000000000)

/* ---- the bytes ---- */

static void head_test(void **state)
{
	struct intake_head h = {.size = INTAKE_SIZE, .nonce = {1, 2, 3}}, read;
	static char block[INTAKE_BLOCK];

	intake_head_write(&h, block);
	assert_int_equal(intake_head_read(span_of(block, sizeof block), &read), 0);
	assert_int_equal(read.size, h.size);
	assert_memory_equal(read.nonce, h.nonce, INTAKE_NONCE);
	assert_int_equal(intake_head_read(span_of(block, 100), &read), -EBADMSG);
	for (size_t i = 0; i < 36; i++) {
		block[i] ^= 4;
		assert_int_equal(intake_head_read(span_of(block, sizeof block), &read), -EBADMSG);
		block[i] ^= 4;
	}
}

/* Each flipped bit is seen, and nobody who does not know the nonce can write a record. */
static void record_test(void **state)
{
	const unsigned char nonce[INTAKE_NONCE] = "a nonce of here", other[INTAKE_NONCE] = "no";
	struct intake_record r = {.serial = 77, .count = 2, .len = 300}, read;
	char bytes[INTAKE_HEAD_LEN + 300];
	struct span all = span_of(bytes, sizeof bytes);

	memset(bytes, 'x', sizeof bytes);
	intake_record_seal(&r, nonce, bytes);
	assert_true(intake_record_peek(all, nonce, &read));
	assert_true(intake_record_is_whole(all));
	assert_int_equal(read.serial, 77);
	assert_int_equal(read.count, 2);
	assert_int_equal(read.len, 300);
	assert_false(intake_record_peek(all, other, &read));
	assert_false(intake_record_is_whole(span_slice(all, 0, all.len - 1)));
	for (size_t i = 0; i < sizeof bytes * 8; i++) {
		bytes[i / 8] ^= (char)(1 << i % 8);
		assert_false(intake_record_is_whole(all));
		bytes[i / 8] ^= (char)(1 << i % 8);
	}
}

/* Its place in the ring is chosen by this: with less, a record would run into what is still needed. */
static void room_test(void **state)
{
	struct arena arena = {0};
	struct span text = arena_printf(&arena, "%0100d", 7);
	struct spool_recipient r[3];
	struct spool_lane lane = {.number = 1, .name = text, .site = text};
	struct spool_accept a = {.message = {.id = testing_id(1),
					 .sender = text,
					 .client = text,
					 .helo = text,
					 .envid = text,
					 .edits = text,
					 .recipients = 3,
					 .content_len = text.len,
					 .content_crc = crc32c(0, text)},
		.recipients = r,
		.recipients_n = 3,
		.lanes = &lane,
		.lanes_n = 1,
		.content.bytes = text};
	struct accept_packed packed;
	struct buf out = BUF_INIT(1 << 20);

	for (uint32_t i = 0; i < 3; i++)
		r[i] = (struct spool_recipient){.n = i,
			.state = SPOOL_QUEUED,
			.lane = 1,
			.next_at = INT64_MAX,
			.last_at = INT64_MAX,
			.first_at = INT64_MAX,
			.attempts = UINT32_MAX,
			.flags = UINT32_MAX,
			.address = text,
			.orcpt = text,
			.status = SPAN_LIT("5.100.100"),
			.reply = text,
			.cause = SPAN_LIT("greylisting"),
			.peer = text,
			.sender = text};
	assert_int_equal(accept_seal(&a, &arena, &packed), 0);
	assert_int_equal(intake_mail_write(&packed, &a, &out), 0);
	assert_true(out.len <= intake_mail_room(&a));
	assert_true(out.len > 20 * text.len);
	buf_done(&out);
	arena_done(&arena);
}

/* ---- in a spool ---- */

static void copy_file(const char *from_dir, const char *to_dir, const char *name)
{
	char from[128], to[128];
	ssize_t n;

	(void)snprintf(from, sizeof from, "%s/%s", from_dir, name);
	(void)snprintf(to, sizeof to, "%s/%s", to_dir, name);
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(in >= 0 && out >= 0);
	do
		n = copy_file_range(in, NULL, out, NULL, 1UL << 30, 0);
	while (n > 0);
	assert_int_equal(n, 0);
	close(in);
	close(out);
}

/* The spool as it would be found if the process were killed now. */
static void take_image(struct testing *t, char image[64])
{
	testing_make_dir(image);
	char folder[96];

	(void)snprintf(folder, sizeof folder, "%s/content", image);
	assert_int_equal(mkdir(folder, 0700), 0);
	(void)snprintf(folder, sizeof folder, "%s/content/in", image);
	assert_int_equal(mkdir(folder, 0700), 0);
	copy_file(t->dir, image, "data.mdb");
	copy_file(t->dir, image, "intake");
}

static void first_mails(struct testing *t)
{
	struct testing_mail m = {.k = 1, .recipients = 1, .lanes = 1, .len = 100, .due = DUE};
	struct testing_promise p = {0};

	/* The intake is made when the first mail comes, which does not wait for it. */
	testing_promise(t, &m, &p);
	testing_settle(t->s, &p);
	testing_await(&t->s->intake.is_made);
	assert_true(t->s->intake.fd >= 0);
	arena_reset(&t->arena);
}

struct image {
	struct testing *t;
	char dir[64];
};

static void on_durable(struct testing_promise *p)
{
	struct image *image = p->arg;
	struct spool_job job;

	/* Not in the database yet, or this would prove nothing. */
	assert_int_equal(
		spool_message_load(image->t->s, p->op.accept.message.id, &image->t->arena, &job),
		-ENOENT);
	take_image(image->t, image->dir);
}

static void check_image(const char *dir, uint32_t k, size_t len, uint64_t lost)
{
	struct testing t = {0};
	struct spool_job job;
	struct buf content = BUF_INIT(1 << 20);

	(void)snprintf(t.dir, sizeof t.dir, "%s", dir);
	testing_open(&t);
	assert_int_equal(spool_figures(t.s).intake_lost, lost);
	assert_int_equal(spool_message_load(t.s, testing_id(k), &t.arena, &job), 0);
	assert_int_equal(spool_content_read(t.s, &job.message, 0, SIZE_MAX, &content), 0);
	assert_true(span_equal(buf_span(&content), testing_content(&t.arena, k, len)));
	assert_int_equal(testing_audit(t.s), 0);
	testing_close(&t);
	/* Once more: what was taken over is not taken over again. */
	testing_open(&t);
	assert_int_equal(spool_figures(t.s).taken_over, 0);
	assert_int_equal(testing_audit(t.s), 0);
	testing_close(&t);
	buf_done(&content);
	arena_done(&t.arena);
}

/* Killed right after the sender was told: the mail is there, once, with its content. */
static void killed_body(struct testing *t)
{
	static const size_t sizes[] = {0, 1, 2000, 4096, 65536};

	testing_open(t);
	first_mails(t);
	for (uint32_t i = 0; i < 5; i++) {
		struct testing_mail m = {.k = 10 + i,
			.recipients = 1 + i * 5,
			.lanes = 1 + i % 2,
			.len = sizes[i],
			.due = DUE,
			.edits = 300};
		struct image image = {.t = t};
		struct testing_promise p = {.on_durable = on_durable, .arg = &image};

		testing_promise(t, &m, &p);
		testing_settle(t->s, &p);
		assert_true(p.is_durable);
		assert_int_equal(p.op.result, 0);
		check_image(image.dir, 10 + i, sizes[i], 0);
		testing_remove_dir(image.dir);
	}
	assert_int_equal(testing_audit(t->s), 0);
}

/* A reader sees all or says why not: here the mail is in the intake alone. */
static void reader_body(struct testing *t)
{
	struct testing_mail m = {.k = 5, .recipients = 2, .lanes = 1, .len = 500, .due = DUE};
	struct image image = {.t = t};
	struct testing_promise p = {.on_durable = on_durable, .arg = &image};
	struct spool *s = NULL;
	const char *why = "";

	testing_open(t);
	first_mails(t);
	testing_promise(t, &m, &p);
	testing_settle(t->s, &p);
	struct spool_options o = {.dir = image.dir, .read_only = true};

	assert_int_equal(spool_open(&o, &s, &why), -EAGAIN);
	assert_non_null(strstr(why, "taken over"));
	check_image(image.dir, 5, 500, 0);
	assert_int_equal(spool_open(&o, &s, &why), 0);
	spool_close(s);
	testing_remove_dir(image.dir);
}

/* A hundred at once, each of 60,000 octets. */
enum { AT_ONCE = 100 };

static void send_many(struct testing *t, uint32_t first)
{
	struct testing_promise *p = alloc_array(AT_ONCE, sizeof *p);

	for (uint32_t i = 0; i < AT_ONCE; i++) {
		struct testing_mail m = {
			.k = first + i, .recipients = 1, .lanes = 1, .len = 60000, .due = DUE};

		p[i] = (struct testing_promise){0};
		testing_promise(t, &m, &p[i]);
	}
	for (uint32_t i = 0; i < AT_ONCE; i++) {
		testing_settle(t->s, &p[i]);
		assert_int_equal(p[i].op.result, 0);
	}
	arena_reset(&t->arena);
	free(p);
}

/* Many laps of the ring, all at once and one after the other. */
static void laps_body(struct testing *t)
{
	enum { ROUNDS = 9 };

	testing_open(t);
	first_mails(t);
	for (uint32_t round = 0; round < ROUNDS; round++)
		send_many(t, 100 + round * AT_ONCE);
	assert_int_equal(spool_catch_up(t->s), 0);
	assert_int_equal(t->s->intake.used, 0);
	assert_int_equal(spool_figures(t->s).messages, AT_ONCE * ROUNDS + 1);
	assert_int_equal(testing_audit(t->s), 0);
}

/* A receiver that lost its channel commits again, under the same id: it is one message. */
static void twins_body(struct testing *t)
{
	struct testing_mail m = {.k = 9, .recipients = 1, .lanes = 1, .len = 50, .due = DUE};
	static struct testing_promise a, b, c;

	testing_open(t);
	first_mails(t);
	testing_promise(t, &m, &a);
	testing_promise(t, &m, &b);
	testing_settle(t->s, &a);
	testing_settle(t->s, &b);
	testing_promise(t, &m, &c);
	testing_settle(t->s, &c);
	assert_int_equal(a.op.result, 0);
	assert_true(a.is_durable);
	assert_int_equal(b.op.result, -EEXIST);
	assert_int_equal(c.op.result, -EEXIST);
	assert_false(b.is_durable || c.is_durable);
	assert_int_equal(spool_figures(t->s).messages, 2);
}

static void flip(const char *dir, off_t at)
{
	char path[128], c;

	(void)snprintf(path, sizeof path, "%s/intake", dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

/* Damage takes the record that it hits, and says so; the one behind it is still taken over. */
static void damaged_body(struct testing *t)
{
	struct image image = {.t = t};
	static struct testing_promise a, b, before;
	struct testing_mail m = {.k = 20, .recipients = 1, .lanes = 1, .len = 9000, .due = DUE};
	struct testing_mail n = {.k = 21, .recipients = 1, .lanes = 1, .len = 10, .due = DUE};
	struct testing_mail o = {.k = 19, .recipients = 1, .lanes = 1, .len = 10, .due = DUE};
	testing_open(t);
	b = (struct testing_promise){.on_durable = on_durable, .arg = &image};
	first_mails(t);
	testing_promise(t, &o, &before);
	testing_settle(t->s, &before);
	off_t at = (off_t)t->s->intake.at + 5000;

	testing_promise(t, &m, &a);
	testing_await(&a.is_durable);
	testing_promise(t, &n, &b);
	testing_settle(t->s, &b);
	flip(image.dir, at);
	check_image(image.dir, 21, 10, 1);
	testing_remove_dir(image.dir);
}

/* Is that record still in the ring's file? */
static bool is_in_ring(const struct testing *t, uint64_t serial)
{
	char path[128], *bytes = alloc_zero(INTAKE_HEAD_LEN + INTAKE_MOST);
	struct intake_record r;
	bool found = false;

	(void)snprintf(path, sizeof path, "%s/intake", t->dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (off_t at = 0; pread(fd, bytes, INTAKE_HEAD_LEN, at) == INTAKE_HEAD_LEN && !found;
		at += (off_t)INTAKE_BLOCK)
		if (intake_record_peek(span_of(bytes, INTAKE_HEAD_LEN), t->s->intake.nonce, &r) &&
			r.serial == serial && pread(fd, bytes, INTAKE_HEAD_LEN + r.len, at) > 0)
			found = intake_record_is_whole(span_of(bytes, INTAKE_HEAD_LEN + r.len));
	close(fd);
	free(bytes);
	return found;
}

/* More than the ring holds: what the database does not have yet is not overwritten. */
static void fill_ring(struct testing *t)
{
	for (uint32_t k = 0; k < 700; k += AT_ONCE)
		send_many(t, 1000 + k);
}

/* Lane 1 is nobody's any more. */
static void drop_all(struct testing *t)
{
	for (uint32_t k = 0; k < 700; k++) {
		assert_int_equal(testing_finish(t, 1000 + k, 0, SPOOL_RELAYED, 0), 0);
		arena_reset(&t->arena);
	}
	assert_int_equal(testing_finish(t, 30, 0, SPOOL_RELAYED, 0), 0);
}

static void rename_lane(struct testing_promise *p)
{
	p->op.accept.lanes[0].name = SPAN_LIT("another.example");
}

/*
 * What was promised and is then refused stays, is tried again, and holds back what says that the
 * database has it. Two lanes of one number can't come from queue: it stands for any refusal.
 */
static void refused_body(struct testing *t)
{
	struct testing_mail m = {.k = 30, .recipients = 1, .lanes = 1, .len = 10, .due = DUE};
	struct testing_mail n = {.k = 31, .recipients = 1, .lanes = 1, .len = 10, .due = DUE};
	static struct testing_promise a, b;

	testing_open(t);
	first_mails(t);
	assert_int_equal(testing_finish(t, 1, 0, SPOOL_RELAYED, 0), 0);
	testing_promise(t, &m, &a);
	struct testing own = {.s = t->s};

	testing_promise(&own, &n, &b);
	rename_lane(&b); /* the intake's task has not run yet */
	testing_settle(t->s, &a);
	testing_await(&b.is_durable);
	while (spool_figures(t->s).stuck == 0)
		(void)task_sleep(clock_after(NANOS_MS));
	assert_false(b.is_done);
	assert_int_equal(spool_catch_up(t->s), -EIO);
	assert_true(t->s->meta.intake < t->s->intake.serial);
	uint64_t serial = b.op.intake_serial;

	fill_ring(t);
	assert_true(is_in_ring(t, serial));
	assert_false(b.is_done);
	arena_reset(&t->arena);
	drop_all(t);
	testing_settle(t->s, &b);
	assert_int_equal(b.op.result, 0);
	assert_int_equal(spool_figures(t->s).stuck, 0);
	assert_int_equal(spool_catch_up(t->s), 0);
	assert_int_equal(testing_audit(t->s), 0);
	arena_done(&own.arena);
}

#define IN_SPOOL(name)                    \
	static void name##_test(void **s) \
	{                                 \
		testing_run(name##_body); \
	}
IN_SPOOL(killed)
IN_SPOOL(reader)
IN_SPOOL(laps)
IN_SPOOL(twins)
IN_SPOOL(damaged)
IN_SPOOL(refused)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_test),
		cmocka_unit_test(record_test),
		cmocka_unit_test(room_test),
		cmocka_unit_test(killed_test),
		cmocka_unit_test(reader_test),
		cmocka_unit_test(laps_test),
		cmocka_unit_test(twins_test),
		cmocka_unit_test(damaged_test),
		cmocka_unit_test(refused_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
