#include "base/log.h"
#include "base/buf.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define LINE_MAX_LEN 4096U

static char line[2 * LINE_MAX_LEN];

/* What one event wrote. */
static struct span logged(bool json, struct span value)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_true(fd >= 0);
	log_init("test/0", json, LOG_INFO);
	log_to(fd);
	log_event(LOG_INFO, "tried", LOG_SPAN("reply", value), LOG_U64("size", INT64_MAX),
		LOG_I64("change", -5), LOG_ID(((struct id){1, 2})), LOG_TIME("next_try", 0));
	log_to(2);
	ssize_t n = pread(fd, line, sizeof line, 0);

	(void)close(fd);
	assert_true(n > 0 && n <= (ssize_t)LINE_MAX_LEN);
	return span_of(line, (size_t)n);
}

/* One line, printable, and quotes that close: else a reply's text could forge an event. */
static void check_text(struct span text)
{
	bool is_quoted = false;

	assert_true(text.at[text.len - 1] == '\n');
	assert_int_equal(span_find(text, '\n'), text.len - 1);
	for (size_t i = 0; i + 1 < text.len; i++) {
		assert_true((unsigned char)text.at[i] >= ' ' && text.at[i] != 0x7f);
		if (is_quoted && text.at[i] == '\\')
			i++;
		else if (text.at[i] == '"')
			is_quoted = !is_quoted;
	}
	assert_false(is_quoted);
}

static void check_json(struct span text)
{
	json_error_t error;
	json_t *object = json_loadb(text.at, text.len, JSON_ALLOW_NUL, &error);

	if (!object)
		fail_msg("%s: %.*s", error.text, SPAN_F(text));
	assert_true(json_is_object(object));
	assert_string_equal(json_string_value(json_object_get(object, "event")), "tried");
	assert_int_equal(span_find(text, '\n'), text.len - 1);
	json_decref(object);
}

static void values_are_written(void **state)
{
	static const struct {
		struct span value;
		const char *text, *json;
	} rows[] = {
		{SPAN_LIT("plain"), " reply=plain ", ",\"reply\":\"plain\","},
		{SPAN_LIT("two words"), " reply=\"two words\" ", ",\"reply\":\"two words\","},
		{SPAN_LIT("a=b"), " reply=\"a=b\" ", ",\"reply\":\"a=b\","},
		{SPAN_LIT("q\"b\\"), " reply=\"q\\\"b\\\\\" ", ",\"reply\":\"q\\\"b\\\\\","},
		{SPAN_LIT("a\r\nlevel=x"), " reply=\"a\\r\\nlevel=x\" ",
			",\"reply\":\"a\\r\\nlevel=x\","},
		{SPAN_LIT("\x1b[0m\0"), " reply=\"\\x1b[0m\\x00\" ",
			",\"reply\":\"\\u001b[0m\\u0000\","},
		{SPAN_LIT("\xc3\xbc"), " reply=\"\xc3\xbc\" ", ",\"reply\":\"\xc3\xbc\","},
		{SPAN_LIT("\xff"), " reply=\"\\xff\" ", ",\"reply\":\"\\u00ff\","},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct span text = logged(false, rows[i].value);

		if (span_find_span(text, span_str(rows[i].text)) < 0)
			fail_msg("%.*s", SPAN_F(text));
		text = logged(true, rows[i].value);
		if (span_find_span(text, span_str(rows[i].json)) < 0)
			fail_msg("%.*s", SPAN_F(text));
	}
	struct span text = logged(false, SPAN_LIT(""));

	assert_true(span_find_span(text, SPAN_LIT("reply")) < 0);
	assert_true(
		span_find_span(text, SPAN_LIT(" level=info role=test/0 event=tried size=")) > 0);
	assert_true(
		span_find_span(text, SPAN_LIT(" size=9223372036854775807 change=-5 id=0000")) > 0);
	assert_true(span_find_span(text, SPAN_LIT(" next_try=1970-01-01T00:00:00.000Z\n")) > 0);
}

/* Any bytes of a stranger, of any length: still one line, still JSON. */
static void nothing_breaks_a_line(void **state)
{
	static const char *const parts[] = {"\xe2\x82\xac", "\xf0\x9f\x93\xa7", "\xed\xa0\x80",
		"\xc0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80", "\xc2\x85", "\n", "\"", "\\",
		"\x01", "a", "=", " "};
	struct buf b = BUF_INIT(16384);
	unsigned seed = 11;

	for (int round = 0; round < 3000; round++) {
		size_t len = (size_t)rand_r(&seed) % (round % 4 == 0 ? 6000 : 60);

		buf_clear(&b);
		while (b.len < len) {
			if (round % 3 == 0)
				(void)buf_add_byte(&b, (char)rand_r(&seed));
			else
				(void)buf_add_str(&b, parts[(unsigned)rand_r(&seed) % 14]);
		}
		check_text(logged(false, buf_span(&b)));
		check_json(logged(true, buf_span(&b)));
	}
	/* every length around the end of the line */
	for (size_t len = 3700; len < 4100; len++) {
		buf_clear(&b);
		while (b.len < len)
			(void)buf_add_byte(&b, len % 2 ? 'x' : '\x01');
		check_text(logged(false, buf_span(&b)));
		check_json(logged(true, buf_span(&b)));
	}
	buf_done(&b);
}

static void levels_are_obeyed(void **state)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	log_init("", false, LOG_WARN);
	log_to(fd);
	log_event(LOG_INFO, "quiet");
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	log_event(LOG_ERROR, "loud", LOG_ERRNO(-ENOENT));
	log_to(2);
	ssize_t n = pread(fd, line, sizeof line, 0);

	assert_true(n > 0 && span_find_span(span_of(line, (size_t)n),
				     SPAN_LIT("level=error event=loud error=\"No such file")) > 0);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_written),
		cmocka_unit_test(nothing_breaks_a_line),
		cmocka_unit_test(levels_are_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
