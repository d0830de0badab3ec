/*
 * What a stranger sends must not cost more than its length: else one reply could stop the queue.
 *
 * Work is counted, not timed: reply/, report/ and base/ are compiled for this test so that each
 * block of code that runs calls __sanitizer_cov_trace_pc, and what libc looks through for them is
 * counted in bytes. A text of four times the size may cost little more than four times the
 * work, and no byte more than a fixed amount.
 */
#include "report/bounce_read.h"
#include "report/log_line.h"
#include "reply/explain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { LARGEST = 1 << 20, STEPS_ALWAYS = 20000 };

static uint64_t steps;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
	steps++;
}

/* libc's own, which stand in front of these, but for the counting. */
void *memchr(const void *at, int c, size_t n)
{
	const unsigned char *p = at;
	size_t i = 0;

	while (i < n && p[i] != (unsigned char)c)
		i++;
	steps += i / 16 + 1;
	return i < n ? (void *)(uintptr_t)(p + i) : NULL;
}

void *memmem(const void *at, size_t n, const void *needle, size_t len)
{
	const char *p = at;

	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(p + i, needle, len) == 0) {
			steps += i + len;
			return (void *)(uintptr_t)(p + i);
		}
	steps += n + 1;
	return NULL;
}

static const char *const parts[] = {
	"a",
	"1",
	" ",
	"\n",
	"a ",
	"a.",
	"a@",
	"@",
	".",
	"1:",
	":",
	"1.",
	"::1 ",
	"fe80::",
	"5.1.1 ",
	"550-5.1.1 ",
	"550 5.1.1 a\n",
	"host mx.example.org[192.0.2.1] said: ",
	"host X said: 550 ",
	"in reply to ",
	"in reply to RCPT TO ",
	"after ",
	"after DATA ",
	"refused to talk ",
	"fffff",
	"status=",
	"status=(",
	" status=deferred (",
	" stat=",
	" result=",
	"reject: RCPT from a: ",
	" rejected RCPT ",
	" == a@b R=c ",
	" ** a@b ",
	" == ",
	" h=",
	"remote_host_said:_",
	"deferral:_",
	"/giving_up_on_",
	"{led=",
	"{led=};",
	"remote server returned '",
	"; from=<",
	" to=",
	" to=<a@b>",
	"retry ",
	"retry in 5 m ",
	"5 minutes ",
	"per 5 minutes ",
	"00:05:00 ",
	"3D",
	"=3D",
	"5 d and ",
	"wait 1 ",
	"retry=",
	"<b>",
	"<b>x</b>",
	"&lt;",
	"&",
	"<",
	">",
	"\"",
	"'",
	"don't ",
	"\xe2\x80\x99",
	"\xc3\xa9",
	"\xff",
	"http://a.b/",
	"www.",
	"http://",
	"https://a.b?c=d&e=f#",
	"spam ",
	"mailbox full ",
	"access denied ",
	"listed by ",
	"recipient address rejected ",
	"user unknown ",
	"blocked using ",
	"see http://postgrey.example/help ",
	"a1b2c3d4 ",
	"[",
	"](",
	"a-",
	"-",
	"+",
	"Content-Type: text/html\n\n<p>",
	"\n--x\n",
	"Final-Recipient: rfc822; a@b\n",
	"<a@b>:\n",
	"Content-Type: multipart/mixed; boundary=x\n\n--x\n",
	"Diagnostic-Code: smtp; 550 no\n\n",
	" a@b.example\n",
	"    550 no\n",
	"=\n",
	"YWJj",
	"> a@b\n",
	"(expanded from: <a@b>)\n",
	"{\"a\":[",
};

static char text[LARGEST + 1];

static void fill(const char *part, size_t size)
{
	size_t len = strlen(part);

	for (size_t i = 0; i < size; i++)
		text[i] = part[i % len];
}

static uint64_t work_of_reply(size_t size)
{
	struct arena arena = {0};
	struct buf out = BUF_INIT(16384);
	struct reply_meaning m;
	struct log_line line;

	steps = 0;
	log_line_read(span_of(text, size), &arena, &line);
	struct reply_context context = {.stage = line.stage, .now_wall_ms = INT64_C(1700000000000)};

	reply_read(&context, 0, line.status, line.reply, &arena, &m);
	assert_int_equal(reply_explain(&m, &out), 0);
	assert_int_equal(reply_advise(&m, &out), 0);
	assert_true(arena.used <= 200 * size + 4096);
	buf_done(&out);
	arena_done(&arena);
	return steps;
}

static uint64_t work_of_bounce(size_t size)
{
	struct arena arena = {0};
	struct bounce b;

	steps = 0;
	bounce_read(span_of(text, size), &arena, &b);
	arena_done(&arena);
	return steps;
}

struct reader {
	uint64_t (*work)(size_t size);
	size_t least, most; /* sizes of texts; below, what is looked at around a place is short */
	uint64_t a_byte;
};

static const struct reader reply = {work_of_reply, 512, LARGEST, 1500};
static const struct reader bounce = {work_of_bounce, 4096, LARGEST / 8, 6000};

/*
 * Four times the size, not much more than four times the work, unless it is little anyway (a text may
 * mean something else from some length on). front: what it begins with.
 */
static bool grows_linearly(const struct reader *r, const char *front, const char *part)
{
	uint64_t before = 0;
	bool is_linear = true;

	fill(part, r->most);
	memcpy(text, front, strlen(front));
	for (size_t size = r->least; size <= r->most; size *= 4) {
		uint64_t now = r->work(size);
		bool is_good = now <= STEPS_ALWAYS + r->a_byte * size &&
			       (before == 0 || now <= r->a_byte / 4 * size ||
				       now <= STEPS_ALWAYS + before * 5);

		if (!is_good)
			print_error("%s%.20s, %zu bytes: %llu steps, %.1f a byte; a fourth of it: "
				    "%llu\n",
				front, part, size, (unsigned long long)now,
				(double)now / (double)size, (unsigned long long)before);
		is_linear = is_linear && is_good;
		before = now;
	}
	return is_linear;
}

static void replies_cost_what_they_are_long(void **state)
{
	static const char *const fronts[] = {"", "550 5.1.1 ", "451 4.7.1 Greylisted "};
	unsigned wrong = 0;

	for (size_t f = 0; f < sizeof fronts / sizeof fronts[0]; f++)
		for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
			wrong += !grows_linearly(&reply, fronts[f], parts[i]);
	assert_int_equal(wrong, 0);
}

static void bounces_cost_what_they_are_long(void **state)
{
	static const char *const fronts[] = {"", "From: MAILER-DAEMON\nContent-Type: text/html\n\n",
		"From: a\nContent-Type: multipart/report; boundary=x\n\n--x\n",
		"From: a\nContent-Transfer-Encoding: quoted-printable\n\n",
		"From: a\nContent-Transfer-Encoding: base64\n\n"};
	unsigned wrong = 0;

	for (size_t f = 0; f < sizeof fronts / sizeof fronts[0]; f++)
		for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
			wrong += !grows_linearly(&bounce, fronts[f], parts[i]);
	assert_int_equal(wrong, 0);
}

/* Else the tests above would prove nothing. */
static void steps_are_counted(void **state)
{
	fill("a ", 4096);
	uint64_t work = work_of_reply(4096);

	assert_true(work > 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_counted),
		cmocka_unit_test(replies_cost_what_they_are_long),
		cmocka_unit_test(bounces_cost_what_they_are_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
