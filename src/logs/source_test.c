/* Without these lines of a log would be lost at the edge of a piece, or a broken file taken for a whole one. */
#include "logs/source.h"
#include "base/buf.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

enum { BIG = 3 << 20 };

struct seen {
	struct buf text; /* the lines, each with an end */
	size_t longest;
};

static void see(void *arg, struct span line)
{
	struct seen *s = arg;

	(void)buf_add(&s->text, line);
	(void)buf_add_byte(&s->text, '\n');
	s->longest = line.len > s->longest ? line.len : s->longest;
}

static int read_bytes(struct span bytes, struct seen *s)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.at, bytes.len), (ssize_t)bytes.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	*s = (struct seen){.text = BUF_INIT(4 * BIG)};
	int rc = logs_source_read(fd, see, s);

	(void)close(fd);
	return rc;
}

/* Lines of all lengths up to 3,000. */
static struct buf many_lines(void)
{
	struct buf b = BUF_INIT(2 * BIG);

	for (unsigned i = 0; b.len < BIG; i++) {
		for (unsigned k = 0; k < i * 37 % 3000; k++)
			(void)buf_add_byte(&b, (char)('a' + (i + k) % 26));
		(void)buf_add_byte(&b, '\n');
	}
	return b;
}

static struct buf gzipped(struct span s)
{
	struct buf b = BUF_INIT(2 * BIG);
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(buf_reserve(&b, deflateBound(&z, s.len)), 0);
	char *in = malloc(s.len);

	memcpy(in, s.at, s.len);
	z.next_in = (unsigned char *)in;
	z.avail_in = (unsigned)s.len;
	z.next_out = (unsigned char *)b.at;
	z.avail_out = (unsigned)b.room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_added(&b, z.total_out);
	(void)deflateEnd(&z);
	free(in);
	return b;
}

static struct buf zstandard(struct span s)
{
	struct buf b = BUF_INIT(2 * BIG);

	assert_int_equal(buf_reserve(&b, ZSTD_compressBound(s.len)), 0);
	size_t n = ZSTD_compress(b.at, b.room, s.at, s.len, 3);

	assert_false(ZSTD_isError(n));
	buf_added(&b, n);
	return b;
}

static void check(struct span file, struct span lines, int wanted)
{
	struct seen s;
	int rc = read_bytes(file, &s);

	assert_int_equal(rc, wanted);
	if (wanted == 0)
		assert_true(span_equal(buf_span(&s.text), lines));
	buf_done(&s.text);
}

static void lines_are_the_same_however_packed(void **state)
{
	struct buf lines = many_lines();
	struct buf packed[] = {gzipped(buf_span(&lines)), zstandard(buf_span(&lines))};

	check(buf_span(&lines), buf_span(&lines), 0);
	for (size_t i = 0; i < 2; i++) {
		struct span whole = buf_span(&packed[i]);

		check(whole, buf_span(&lines), 0);
		check(span_slice(whole, 0, whole.len / 2), (struct span){0}, -EBADMSG);
		check(span_slice(whole, 0, whole.len - 1), (struct span){0}, -EBADMSG);
		packed[i].at[whole.len / 2] ^= 0x55;
		packed[i].at[whole.len / 2 + 1] ^= 0x55;
		check(whole, (struct span){0}, -EBADMSG);
		buf_done(&packed[i]);
	}
	buf_done(&lines);
}

/* As logrotate and cat make them. */
static void members_follow_one_another(void **state)
{
	struct buf a = gzipped(SPAN_LIT("one\ntw")), b = gzipped(SPAN_LIT("o\nthree\n"));
	struct buf c = zstandard(SPAN_LIT("one\ntw")), d = zstandard(SPAN_LIT("o\nthree\n"));

	(void)buf_add(&a, buf_span(&b));
	check(buf_span(&a), SPAN_LIT("one\ntwo\nthree\n"), 0);
	(void)buf_add(&c, buf_span(&d));
	check(buf_span(&c), SPAN_LIT("one\ntwo\nthree\n"), 0);
	buf_done(&a);
	buf_done(&b);
	buf_done(&c);
	buf_done(&d);
}

static void odd_lines(void **state)
{
	struct seen s;
	struct buf b = BUF_INIT(BIG);

	check(SPAN_LIT(""), SPAN_LIT(""), 0);
	check(SPAN_LIT("a"), SPAN_LIT("a\n"), 0);
	check(SPAN_LIT("a\r\n\nb"), SPAN_LIT("a\n\nb\n"), 0);
	for (size_t i = 0; i < 10 * LOGS_LINE_MAX; i++)
		(void)buf_add_byte(&b, 'x');
	(void)buf_add_str(&b, "\nnext\n");
	assert_int_equal(read_bytes(buf_span(&b), &s), 0);
	assert_true(s.longest >= LOGS_LINE_MAX && s.longest <= 4 * LOGS_LINE_MAX);
	assert_true(
		span_equal(span_slice(buf_span(&s.text), s.text.len - 6, 6), SPAN_LIT("\nnext\n")));
	buf_done(&s.text);
	buf_done(&b);
	assert_int_equal(logs_source_read(-1, see, &s), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_same_however_packed),
		cmocka_unit_test(members_follow_one_another),
		cmocka_unit_test(odd_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
