/*
 * The whole role over real sockets: this test is its supervisor, queue, facts and clients. If it
 * failed, mail would be lost or doubled when a process dies, or clients be cut off without a word.
 */
#include "base/alloc.h"
#include "base/crc.h"
#include "base/log.h"
#include "conf/snapshot.h"
#include "ipc/role.h"
#include "ipc/socket.h"
#include "receive/receive.h"
#include "task/stream.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define SOON clock_after(20 * NANOS_S) /* no test waits so long unless it has failed */

/* A failure must not jump out of a task. */
#define MUST(what)                                                             \
	do {                                                                   \
		if (!(what)) {                                                 \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #what); \
			abort();                                               \
		}                                                              \
	} while (0)

struct stage {
	int supervisor; /* our end */
	uint16_t port;
	struct role *role;
	struct task *body;
	int exit_status;
	struct ipc_channel *queue, *facts;
	struct task_gate happened;
	/* queue */
	uint32_t generation;
	int commits_to_lose; /* the channel ends instead of an answer */
	int64_t answer;
	unsigned commits, makes, discards;
	struct id last_id;
	struct buf content;
	uint32_t content_crc;
	bool was_in_file;
	char path[40];
	/* facts */
	unsigned entered, left;
	bool is_full;
};

static void answer_result(struct ipc_channel *c, uint32_t request, int64_t error, int fd)
{
	struct ipc_result result = {.error = error};

	(void)ipc_send(c, &(struct ipc_out){.type = IPC_RESULT,
				  .request = request,
				  .is_answer = true,
				  .body = &result,
				  .fds = &fd,
				  .fds_n = fd >= 0 ? 1 : 0});
}

static void on_commit(struct stage *s, struct ipc_channel *c, struct ipc_packet *p)
{
	const struct ipc_commit *in = p->body;

	s->commits++;
	s->last_id = in->id;
	s->content_crc = in->content_crc;
	s->was_in_file = in->content_in_file;
	if (!in->content_in_file) {
		buf_clear(&s->content);
		(void)buf_add(&s->content, p->bytes);
	}
	task_gate_wake_all(&s->happened);
	if (s->commits_to_lose > 0) {
		s->commits_to_lose--;
		s->queue = NULL;
		ipc_close(c);
		return;
	}
	answer_result(c, p->request, s->answer, -1);
}

static void on_make(struct stage *s, struct ipc_channel *c, struct ipc_packet *p)
{
	(void)snprintf(s->path, sizeof s->path, "/tmp/abide-serve-test.XXXXXX");
	int fd = mkostemp(s->path, O_CLOEXEC);

	MUST(fd >= 0);
	s->makes++;
	answer_result(c, p->request, 0, fd);
	close(fd);
}

static void on_queue(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct stage *s = arg;

	if (p->type == IPC_QUEUE_HELLO) {
		struct ipc_queue_welcome w = {.generation = ++s->generation, .instance = 7};

		(void)ipc_send(c, &(struct ipc_out){.type = IPC_QUEUE_WELCOME,
					  .request = p->request,
					  .is_answer = true,
					  .body = &w});
	} else if (p->type == IPC_COMMIT) {
		on_commit(s, c, p);
	} else if (p->type == IPC_CONTENT_MAKE) {
		on_make(s, c, p);
	} else if (p->type == IPC_CONTENT_DISCARD) {
		s->discards++;
		(void)unlink(s->path);
		task_gate_wake_all(&s->happened);
	}
}

static void on_facts(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct stage *s = arg;
	struct ipc_facts_verdict v = {.too_many_from_network = s->is_full};

	if (p->type == IPC_FACTS_ENTER) {
		s->entered++;
		(void)ipc_send(c, &(struct ipc_out){.type = IPC_FACTS_VERDICT,
					  .request = p->request,
					  .is_answer = true,
					  .body = &v});
	} else if (p->type == IPC_FACTS_LEAVE) {
		s->left++;
	}
	task_gate_wake_all(&s->happened);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
}

static void await(struct stage *s, const unsigned *count, unsigned least)
{
	nanos deadline = SOON;

	while (*count < least)
		MUST(task_gate_wait(&s->happened, deadline) == 0);
}

static void post(struct stage *s, uint16_t type, const void *body, int *fds, size_t n)
{
	MUST(ipc_socket_post(s->supervisor,
		     &(struct ipc_out){.type = type, .body = body, .fds = fds, .fds_n = n}) == 0);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void bring(
	struct stage *s, enum ipc_role kind, ipc_handler *handler, struct ipc_channel **ret)
{
	int pair[2];
	struct ipc_role_peer peer = {.role = (uint8_t)kind};

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(ipc_open(pair[0], role_kind_name(kind), ipc_kinds, ipc_kinds_n, handler, on_end, s,
		     ret) == 0);
	post(s, IPC_ROLE_PEER, &peer, &pair[1], 1);
}

static int snapshot(uint16_t port, const char *more, uint32_t number)
{
	struct arena a = {0};
	struct buf text = BUF_INIT(4096), errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;

	(void)buf_printf(&text,
		"hostname = \"mx.example.org\"\nspool = \"/tmp/s\"\nrelay_from = "
		"{\"127.0.0.0/8\"}\n"
		"listen \"127.0.0.1:%u\" { protocol = smtp }\nroute \"*\" { to = "
		"\"127.0.0.1:2526\" }\n%s",
		port, more);
	MUST(conf_parse("test", buf_span(&text), &a, &conf, &errors) == 0);
	int fd = conf_seal_memfd(&conf, number);

	MUST(fd >= 0);
	buf_done(&text);
	buf_done(&errors);
	arena_done(&a);
	return fd;
}

static int listener(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 64) == 0 &&
		getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void run_body(void *arg)
{
	struct stage *s = arg;

	s->exit_status = receive_serve(s->role);
}

static void stage_init(struct stage *s, const char *conf)
{
	int pair[2], fds[2];
	struct ipc_role_start start = {.role = IPC_RECEIVE, .of = 1, .listeners = 1};
	struct arena a = {0};
	struct ipc_packet p;

	*s = (struct stage){.content = BUF_INIT(1 << 20), .exit_status = -1};
	task_gate_init(&s->happened);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	s->supervisor = pair[0];
	fds[1] = listener(&s->port);
	fds[0] = snapshot(s->port, conf, 1);
	post(s, IPC_ROLE_START, &start, fds, 2);
	MUST(role_start(pair[1], &s->role) == 0);
	bring(s, IPC_QUEUE, on_queue, &s->queue);
	bring(s, IPC_FACTS, on_facts, &s->facts);
	s->body = task_spawn("body", run_body, s);
	while (s->generation == 0)
		MUST(task_yield() == 0);
	MUST(ipc_socket_take(s->supervisor, &a, &p) == 0 && p.type == IPC_ROLE_READY);
	arena_done(&a);
}

static void stage_stop(struct stage *s)
{
	post(s, IPC_ROLE_STOP, NULL, NULL, 0);
}

static void stage_done(struct stage *s)
{
	MUST(task_join(s->body, SOON) == 0);
	MUST(s->exit_status == 0);
	role_done(s->role);
	ipc_close(s->queue);
	ipc_close(s->facts);
	close(s->supervisor);
	buf_done(&s->content);
	(void)unlink(s->path);
}

/* ---- a client ---- */

static struct stream *dial(const struct stage *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stream *c;

	MUST(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
	MUST(stream_open_fd(fd, &c) == 0);
	return c;
}

static void tell(struct stream *c, struct span bytes)
{
	MUST(stream_write(c, bytes, SOON) == 0 && stream_flush(c, SOON) == 0);
}

/* The next reply begins with this (its last line, where it has several). */
static void hear(struct stream *c, const char *begin)
{
	for (;;) {
		struct span in = stream_input(c);
		ptrdiff_t lf = span_find(in, '\n');

		if (lf < 0) {
			MUST(stream_fill(c, SOON) > 0);
			continue;
		}
		bool is_last = lf > 4 && in.at[3] == ' ';
		bool is_it = span_starts(in, span_str(begin));

		if (is_last && !is_it)
			print_error("heard %.*s, not %s\n", (int)lf, in.at, begin);
		MUST(!is_last || is_it);
		stream_consume(c, (size_t)lf + 1);
		if (is_last)
			return;
	}
}

static void hear_end(struct stream *c)
{
	MUST(stream_fill(c, SOON) == 0);
	stream_close(c);
}

static void say_line(struct stream *c, const char *line, const char *reply)
{
	tell(c, span_str(line));
	hear(c, reply);
}

static struct stream *greeted(const struct stage *s)
{
	struct stream *c = dial(s);

	hear(c, "220 ");
	say_line(c, "EHLO client.example\r\n", "250 ");
	return c;
}

static void envelope(struct stream *c)
{
	tell(c, SPAN_LIT("MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"));
	hear(c, "250 2.1.0");
	hear(c, "250 2.1.5");
	hear(c, "354 ");
}

static void quit(struct stream *c)
{
	say_line(c, "QUIT\r\n", "221 ");
	hear_end(c);
}

/* ---- what is tested ---- */

static void small_message(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	struct stream *c = greeted(&s);

	envelope(c);
	say_line(c, "Subject: x\r\n\r\nhello\r\n.\r\n", "250 2.0.0");
	MUST(s.commits == 1 && !s.was_in_file);
	MUST(span_equal(buf_span(&s.content), SPAN_LIT("Subject: x\r\n\r\nhello\r\n")));
	MUST(s.content_crc == crc32c(0, buf_span(&s.content)));
	quit(c);
	await(&s, &s.left, 1);
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
		struct stream *c = greeted(&s);

		envelope(c);
		s.commits_to_lose = 1;
		s.answer = cases[i].answer;
		tell(c, SPAN_LIT(".\r\n"));
		await(&s, &s.commits, 1);
		struct id first = s.last_id;

		bring(&s, IPC_QUEUE, on_queue, &s.queue);
		hear(c, cases[i].reply);
		MUST(s.commits == 2 && id_equal(first, s.last_id));
		/* And life goes on, with other ids. */
		s.answer = 0;
		envelope(c);
		say_line(c, ".\r\n", "250 2.0.0");
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
	struct stream *c = greeted(&s);

	s.answer = -EEXIST;
	envelope(c);
	say_line(c, ".\r\n", "451 4.3.0");
	quit(c);
	stage_stop(&s);
	stage_done(&s);
}

static void queue_comes_back(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	struct stream *c = greeted(&s);

	ipc_close(s.queue);
	tell(c, SPAN_LIT("MAIL FROM:<a@example.net>\r\n"));
	MUST(task_yield() == 0);
	bring(&s, IPC_QUEUE, on_queue, &s.queue);
	hear(c, "250 2.1.0");
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
		struct stream *c = greeted(&s);

		while (sent.len + 80 < sizes[i])
			(void)buf_printf(&sent, "%076zu\r\n", sent.len);
		while (sent.len < sizes[i] - 2)
			(void)buf_add_byte(&sent, 'x');
		(void)buf_add_str(&sent, "\r\n");
		envelope(c);
		tell(c, buf_span(&sent));
		say_line(c, ".\r\n", "250 2.0.0");
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
	struct stream *c = greeted(&s);

	envelope(c);
	tell(c, span_of(text, 80000));
	while (s.makes == 0)
		MUST(task_yield() == 0);
	stream_close(c);
	await(&s, &s.discards, 1);
	/* Too big while it comes: the rest is read, and the reply is true. */
	c = greeted(&s);
	envelope(c);
	tell(c, span_of(text, 199999 / 80 * 80));
	say_line(c, "\r\n.\r\n", "552 5.3.4");
	quit(c);
	MUST(s.commits == 0);
	await(&s, &s.discards, 2);
	/* queue refuses: not ours to keep either. */
	c = greeted(&s);
	envelope(c);
	s.answer = -ENOSPC;
	tell(c, span_of(text, 80000));
	say_line(c, "\r\n.\r\n", "452 4.3.1");
	await(&s, &s.discards, 3);
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
	struct stream *c = dial(&s);

	hear(c, "421 4.7.0");
	hear_end(c);
	MUST(s.left == 0);
	s.is_full = false;
	c = greeted(&s);
	/* facts dies: everybody is let in, and it is told when it is back. */
	unsigned before = s.entered;

	ipc_close(s.facts);
	struct stream *d = greeted(&s);

	bring(&s, IPC_FACTS, on_facts, &s.facts);
	await(&s, &s.entered, before + 2);
	quit(c);
	quit(d);
	await(&s, &s.left, 2);
	MUST(s.entered == before + 2);
	stage_stop(&s);
	stage_done(&s);
}

static void stopping(void *arg)
{
	struct stage s;

	stage_init(&s, "");
	struct stream *idle = greeted(&s), *busy = greeted(&s);

	envelope(busy);
	stage_stop(&s);
	hear(idle, "421 4.3.2");
	hear_end(idle);
	/* A transaction that runs may end; then the session does. */
	say_line(busy, ".\r\n", "250 2.0.0");
	hear(busy, "421 4.3.2");
	hear_end(busy);
	stage_done(&s);
}

static void reconfigured(void *arg)
{
	struct stage s;
	int fds[2];

	stage_init(&s, "limits { message_size = 65536 }\n");
	struct stream *c = greeted(&s), *d = greeted(&s);

	say_line(c, "MAIL FROM:<a@example.net>\r\n", "250 2.1.0");
	fds[0] = snapshot(s.port,
		"limits { message_size = 65536 }\ndomain \"x.example\" { to = \"127.0.0.1:9\" }\n"
		"route \"no.example\" { to = \"127.0.0.1:9\" }\n",
		2);
	uint16_t other = 0;

	fds[1] = listener(&other);
	post(&s, IPC_ROLE_CONFIG, NULL, fds, 2);
	while (role_conf_now(s.role)->number != 2)
		MUST(task_yield() == 0);
	say_line(c, "RSET\r\n", "250 ");
	say_line(d, "MAIL FROM:<a@example.net> SIZE=65537\r\n", "552 5.3.4");
	/* Sessions went on; the new socket is served, the old one is gone. */
	s.port = other;
	struct stream *e = greeted(&s);

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
	struct stream *c = dial(&s);

	tell(c, SPAN_LIT("EHLO x\r\n"));
	hear(c, "554 5.5.1");
	hear_end(c);
	stage_stop(&s);
	stage_done(&s);
}

static void thousand_recipients(void *arg)
{
	struct stage s;
	struct buf lines = BUF_INIT(1 << 20);

	stage_init(&s, "");
	struct stream *c = greeted(&s);

	(void)buf_add_str(&lines, "MAIL FROM:<a@example.net>\r\n");
	for (unsigned i = 0; i < 1002; i++)
		(void)buf_printf(
			&lines, "RCPT TO:<%060u@a-domain-with-a-rather-long-name.example>\r\n", i);
	tell(c, buf_span(&lines));
	for (unsigned i = 0; i <= 1000; i++)
		hear(c, "250 ");
	hear(c, "452 4.5.3");
	hear(c, "452 4.5.3");
	say_line(c, "DATA\r\n", "354 ");
	say_line(c, ".\r\n", "250 2.0.0");
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
