/*
 * The whole role over real sockets. If this failed, mail would be lost or doubled when a process
 * dies, or clients be cut off without a word.
 */
#include "base/alloc.h"
#include "base/crc.h"
#include "base/log.h"
#include "receive/stage.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

static void envelope(struct stream *c)
{
	stage_tell(c, SPAN_LIT("MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"));
	stage_hear(c, "250 2.1.0");
	stage_hear(c, "250 2.1.5");
	stage_hear(c, "354 ");
}

static void quit(struct stream *c)
{
	stage_say(c, "QUIT\r\n", "221 ");
	stage_hear_end(c);
}

static void small_message(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	struct stream *c = stage_greeted(&s);

	envelope(c);
	stage_say(c, "Subject: x\r\n\r\nhello\r\n.\r\n", "250 2.0.0");
	MUST(s.commits == 1 && !s.was_in_file);
	MUST(span_equal(buf_span(&s.content), SPAN_LIT("Subject: x\r\n\r\nhello\r\n")));
	MUST(s.content_crc == crc32c(0, buf_span(&s.content)));
	quit(c);
	stage_await(&s, &s.left, 1);
	MUST(s.entered == 1);
	stage_stop(&s);
	stage_done(&s);
}

/* The answer to a commit is lost with queue: it is asked again under the same id. */
static void lost_commit(void *arg)
{
	static const struct {
		int64_t answer;
		const char *reply;
	} cases[] = {{0, "250 2.0.0"}, {-EEXIST, "250 2.0.0"}, {-ENOENT, "451 4.3.0"}};

	for (size_t i = 0; i < 3; i++) {
		struct stage s;

		stage_init(&s, "");
		struct stream *c = stage_greeted(&s);

		envelope(c);
		s.commits_to_lose = 1;
		s.answer = cases[i].answer;
		stage_tell(c, SPAN_LIT(".\r\n"));
		stage_await(&s, &s.commits, 1);
		struct id first = s.last_id;

		stage_bring_queue(&s);
		stage_hear(c, cases[i].reply);
		MUST(s.commits == 2 && id_equal(first, s.last_id));
		/* And life goes on, with other ids. */
		s.answer = 0;
		envelope(c);
		stage_say(c, ".\r\n", "250 2.0.0");
		MUST(!id_equal(first, s.last_id));
		quit(c);
		stage_stop(&s);
		stage_done(&s);
	}
}

/* "Have it already" to what was never asked before is somebody else's message: not 250. */
static void foreign_id(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	struct stream *c = stage_greeted(&s);

	s.answer = -EEXIST;
	envelope(c);
	stage_say(c, ".\r\n", "451 4.3.0");
	quit(c);
	stage_stop(&s);
	stage_done(&s);
}

static void queue_comes_back(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	struct stream *c = stage_greeted(&s);

	ipc_close(s.queue);
	stage_tell(c, SPAN_LIT("MAIL FROM:<a@example.net>\r\n"));
	MUST(task_yield() == 0);
	stage_bring_queue(&s);
	stage_hear(c, "250 2.1.0");
	quit(c);
	stage_stop(&s);
	stage_done(&s);
}

static void check_file(struct stage *s, const struct buf *sent)
{
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);
	char *got = alloc_zero(sent->len + 1);

	MUST(fd >= 0);
	MUST(read(fd, got, sent->len + 1) == (ssize_t)sent->len);
	MUST(memcmp(got, sent->at, sent->len) == 0);
	MUST(s->content_crc == crc32c(0, buf_span(sent)));
	/* No writer is left: queue could not take it over otherwise. */
	MUST(fcntl(fd, F_SETLEASE, F_RDLCK) == 0);
	close(fd);
	free(got);
}

static void large_message(void *arg)
{
	/* Around the edge where the buffer is full, and well beyond. */
	static const size_t sizes[] = {65534, 65536, 65538, 131072, 131074, 3000000};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct stage s;
		struct buf sent = BUF_INIT(4 << 20);

		stage_init(&s, "");
		struct stream *c = stage_greeted(&s);

		while (sent.len + 80 < sizes[i])
			(void)buf_printf(&sent, "%076zu\r\n", sent.len);
		while (sent.len < sizes[i] - 2)
			(void)buf_add_byte(&sent, 'x');
		(void)buf_add_str(&sent, "\r\n");
		envelope(c);
		stage_tell(c, buf_span(&sent));
		stage_say(c, ".\r\n", "250 2.0.0");
		MUST(s.was_in_file == (sizes[i] > 65536) && s.makes == s.was_in_file);
		if (s.was_in_file)
			check_file(&s, &sent);
		else
			MUST(span_equal(buf_span(&s.content), buf_span(&sent)));
		quit(c);
		stage_stop(&s);
		stage_done(&s);
		buf_done(&sent);
	}
}

static void given_up(void *arg)
{
	struct stage s;
	char *text = alloc_zero(200000);

	stage_init(&s, "limits { message_size = 100000 }\n");
	memset(text, 'x', 200000);
	for (size_t i = 78; i < 200000; i += 80)
		text[i - 1] = '\r', text[i] = '\n';

	/* The client vanishes half-way: what is in the file is thrown away. */
	struct stream *c = stage_greeted(&s);

	envelope(c);
	stage_tell(c, span_of(text, 80000));
	while (s.makes == 0)
		MUST(task_yield() == 0);
	stream_close(c);
	stage_await(&s, &s.discards, 1);
	/* Too big while it comes: the rest is read, and the reply is true. */
	c = stage_greeted(&s);
	envelope(c);
	stage_tell(c, span_of(text, 199999 / 80 * 80));
	stage_say(c, "\r\n.\r\n", "552 5.3.4");
	quit(c);
	MUST(s.commits == 0);
	stage_await(&s, &s.discards, 2);
	/* queue refuses: not ours to keep either. */
	c = stage_greeted(&s);
	envelope(c);
	s.answer = -ENOSPC;
	stage_tell(c, span_of(text, 80000));
	stage_say(c, "\r\n.\r\n", "452 4.3.1");
	stage_await(&s, &s.discards, 3);
	quit(c);
	stage_stop(&s);
	stage_done(&s);
	free(text);
}

static void counted(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	s.is_full = true;
	struct stream *c = stage_dial(&s);

	stage_hear(c, "421 4.7.0");
	stage_hear_end(c);
	MUST(s.left == 0);
	s.is_full = false;
	c = stage_greeted(&s);
	/* facts dies: everybody is let in, and it is told when it is back. */
	unsigned before = s.entered;

	ipc_close(s.facts);
	struct stream *d = stage_greeted(&s);

	stage_bring_facts(&s);
	stage_await(&s, &s.entered, before + 2);
	quit(c);
	quit(d);
	stage_await(&s, &s.left, 2);
	MUST(s.entered == before + 2);
	stage_stop(&s);
	stage_done(&s);
}

static void stopping(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	struct stream *idle = stage_greeted(&s), *busy = stage_greeted(&s);

	envelope(busy);
	stage_stop(&s);
	stage_hear(idle, "421 4.3.2");
	stage_hear_end(idle);
	/* A transaction that runs may end; then the session does. */
	stage_say(busy, ".\r\n", "250 2.0.0");
	stage_hear(busy, "421 4.3.2");
	stage_hear_end(busy);
	stage_done(&s);
}

static void reconfigured(void *arg)
{
	struct stage s;

	stage_init(&s, "limits { message_size = 65536 }\n");
	struct stream *c = stage_greeted(&s), *d = stage_greeted(&s);

	stage_say(c, "MAIL FROM:<a@example.net>\r\n", "250 2.1.0");
	stage_configure(&s,
		"limits { message_size = 65536 }\nroute \"no.example\" { to = \"127.0.0.1:9\" }\n",
		2);
	while (role_conf_now(s.role)->number != 2)
		MUST(task_yield() == 0);
	stage_say(c, "RSET\r\n", "250 ");
	stage_say(d, "MAIL FROM:<a@example.net> SIZE=65537\r\n", "552 5.3.4");
	/* Sessions went on; the new socket is served, the old one is gone. */
	struct stream *e = stage_greeted(&s);

	quit(c);
	quit(d);
	quit(e);
	stage_stop(&s);
	stage_done(&s);
}

static void talks_early(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	struct stream *c = stage_dial(&s);

	stage_tell(c, SPAN_LIT("EHLO x\r\n"));
	stage_hear(c, "521 5.5.1");
	stage_hear_end(c);
	stage_stop(&s);
	stage_done(&s);
}

static void thousand_recipients(void *arg)
{
	struct stage s;
	struct buf lines = BUF_INIT(1 << 20);

	stage_init(&s, "");
	struct stream *c = stage_greeted(&s);

	(void)buf_add_str(&lines, "MAIL FROM:<a@example.net>\r\n");
	for (unsigned i = 0; i < 1002; i++)
		(void)buf_printf(
			&lines, "RCPT TO:<%060u@a-domain-with-a-rather-long-name.example>\r\n", i);
	stage_tell(c, buf_span(&lines));
	for (unsigned i = 0; i <= 1000; i++)
		stage_hear(c, "250 ");
	stage_hear(c, "452 4.5.3");
	stage_hear(c, "452 4.5.3");
	stage_say(c, "DATA\r\n", "354 ");
	stage_say(c, ".\r\n", "250 2.0.0");
	quit(c);
	stage_stop(&s);
	stage_done(&s);
	buf_done(&lines);
}

#define TASK_TEST(name)                                          \
	static void test_##name(void **state)                    \
	{                                                        \
		assert_int_equal(task_run(NULL, name, NULL), 0); \
	}

TASK_TEST(small_message)
TASK_TEST(lost_commit)
TASK_TEST(foreign_id)
TASK_TEST(queue_comes_back)
TASK_TEST(large_message)
TASK_TEST(given_up)
TASK_TEST(counted)
TASK_TEST(stopping)
TASK_TEST(reconfigured)
TASK_TEST(talks_early)
TASK_TEST(thousand_recipients)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_message),
		cmocka_unit_test(test_lost_commit),
		cmocka_unit_test(test_foreign_id),
		cmocka_unit_test(test_queue_comes_back),
		cmocka_unit_test(test_large_message),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_stopping),
		cmocka_unit_test(test_reconfigured),
		cmocka_unit_test(test_talks_early),
		cmocka_unit_test(test_thousand_recipients),
	};

	log_init("test", false, LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
