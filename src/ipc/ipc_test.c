/* What a channel promises the processes: requests arrive once, in order, whole; a bad peer costs only itself. */
#include "base/alloc.h"
#include "ipc/kinds.h"
#include "ipc/messages/commit.h"
#include "ipc/messages/facts.h"
#include "ipc/messages/plain.h"
#include "ipc/messages/role.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

struct side {
	struct ipc_channel *c;
	unsigned packets, ends;
	const char *why;
	uint64_t sum;
	uint32_t last;
	bool is_in_order;
	bool closes; /* at the first packet */
	int asked_itself;
	struct task_gate changed;
};

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct side *s = arg;

	s->ends++;
	s->why = why;
	task_gate_wake_all(&s->changed);
}

static void answer_verdict(struct side *s, struct ipc_packet *p)
{
	const struct ipc_facts_enter *e = p->body;
	const struct ipc_facts_verdict verdict = {.too_many_in_all = e->client.len == 3};

	assert_int_equal(ipc_send(s->c, &(struct ipc_out){.type = IPC_FACTS_VERDICT,
						.request = p->request,
						.is_answer = true,
						.body = &verdict}),
		0);
}

/* Makes a file for the writer, as queue does. */
static void answer_content(struct side *s, struct ipc_packet *p)
{
	const struct ipc_result result = {.commit_ms = 7};
	_cleanup_(fd_close) int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_int_equal(ipc_send(s->c, &(struct ipc_out){.type = IPC_RESULT,
						.request = p->request,
						.is_answer = true,
						.body = &result,
						.fds = &fd,
						.fds_n = 1}),
		0);
}

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct side *s = arg;

	s->packets++;
	if (p->type == IPC_FACTS_ENTER)
		answer_verdict(s, p);
	if (p->type == IPC_CONTENT_MAKE)
		answer_content(s, p);
	if (p->type == IPC_COMMIT_PART) {
		s->is_in_order = s->is_in_order && p->request == s->last + 1;
		s->last = p->request;
		for (size_t i = 0; i < p->bytes.len; i += 997)
			s->sum += (unsigned char)p->bytes.at[i];
	}
	if (p->type == IPC_QUEUE_HELLO) {
		struct ipc_packet ret;

		s->asked_itself = ipc_ask(c,
			&(struct ipc_out){.type = IPC_FACTS_ENTER,
				.body = &(struct ipc_facts_enter){.client = {0}}},
			CLOCK_NEVER, p->arena, &ret);
	}
	if (s->closes) {
		ipc_close(s->c);
		s->c = NULL;
	}
	task_gate_wake_all(&s->changed);
}

static void open_side(struct side *s, int fd)
{
	*s = (struct side){.is_in_order = true};
	task_gate_init(&s->changed);
	assert_int_equal(
		ipc_open(fd, "peer", ipc_kinds, ipc_kinds_n, on_packet, on_end, s, &s->c), 0);
}

static void make_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

static void wait_packets(struct side *s, unsigned n)
{
	while (s->packets < n)
		assert_int_equal(task_gate_wait(&s->changed, CLOCK_NEVER), 0);
}

static void wait_end(struct side *s)
{
	while (s->ends == 0)
		assert_int_equal(task_gate_wait(&s->changed, CLOCK_NEVER), 0);
	assert_false(ipc_is_open(s->c));
}

static int ask_verdict(struct side *s, const char *client, nanos deadline, bool *ret)
{
	struct arena a = {0};
	struct ipc_packet p;
	const struct ipc_facts_enter e = {.client = span_str(client)};
	int rc = ipc_ask(
		s->c, &(struct ipc_out){.type = IPC_FACTS_ENTER, .body = &e}, deadline, &a, &p);

	if (rc == 0) {
		assert_int_equal(p.type, IPC_FACTS_VERDICT);
		*ret = ((const struct ipc_facts_verdict *)p.body)->too_many_in_all;
	}
	arena_done(&a);
	return rc;
}

static void run_answers(void *arg)
{
	struct side a, b;
	int fds[2];
	bool verdict = false;

	make_pair(fds);
	open_side(&a, fds[0]);
	open_side(&b, fds[1]);
	assert_string_equal(ipc_name(a.c), "peer");
	assert_int_equal(ask_verdict(&a, "abc", CLOCK_NEVER, &verdict), 0);
	assert_true(verdict);
	assert_int_equal(ask_verdict(&b, "abcd", CLOCK_NEVER, &verdict), 0);
	assert_false(verdict);

	struct arena arena = {0};
	struct ipc_packet p;

	assert_int_equal(ipc_ask(a.c,
				 &(struct ipc_out){.type = IPC_CONTENT_MAKE,
					 .body = &(struct ipc_content_name){.id = {0}}},
				 CLOCK_NEVER, &arena, &p),
		0);
	assert_int_equal(p.fds_n, 1);
	assert_true(fcntl(p.fds[0], F_GETFD) & FD_CLOEXEC);
	close(p.fds[0]);
	arena_done(&arena);

	ipc_close(a.c);
	wait_end(&b);
	assert_string_equal(b.why, "peer closed");
	assert_int_equal(ask_verdict(&b, "abc", CLOCK_NEVER, &verdict), -EPIPE);
	ipc_close(b.c);
}

static void run_no_answer(void *arg)
{
	struct side a, b;
	int fds[2];
	bool verdict;

	make_pair(fds);
	open_side(&a, fds[0]);
	/* Nobody reads there. */
	assert_int_equal(ask_verdict(&a, "abc", clock_after(NANOS_MS), &verdict), -ETIMEDOUT);
	/* Now somebody answers, too late; the next answer is not confused with it. */
	open_side(&b, fds[1]);
	wait_packets(&b, 1);
	assert_int_equal(ask_verdict(&a, "abcd", CLOCK_NEVER, &verdict), 0);
	assert_false(verdict);
	/* From its own handler a channel would wait for itself. */
	assert_int_equal(ipc_send(b.c, &(struct ipc_out){.type = IPC_QUEUE_HELLO,
					       .body = &(struct ipc_queue_hello){0}}),
		0);
	wait_packets(&a, 1);
	assert_int_equal(a.asked_itself, -EDEADLK);
	ipc_close(a.c);
	ipc_close(b.c);
}

static void ask_in_vain(void *arg)
{
	struct side *s = arg;
	bool verdict;

	assert_int_equal(ask_verdict(s, "abc", CLOCK_NEVER, &verdict), -EPIPE);
	s->packets++;
	task_gate_wake_all(&s->changed);
}

static void run_peer_dies(void *arg)
{
	struct side a;
	int fds[2];

	for (int closes_itself = 0; closes_itself < 2; closes_itself++) {
		make_pair(fds);
		open_side(&a, fds[0]);
		task_detach(task_spawn("asks", ask_in_vain, &a));
		task_detach(task_spawn("asks", ask_in_vain, &a));
		assert_int_equal(task_yield(), 0);
		if (closes_itself)
			ipc_close(a.c);
		else
			close(fds[1]);
		wait_packets(&a, 2);
		if (closes_itself)
			close(fds[1]);
		else
			ipc_close(a.c);
	}
}

/* What was sent before a death is read, even where that process left something unread itself. */
static void run_last_words(void *arg)
{
	struct side a, b;
	int fds[2];

	make_pair(fds);
	open_side(&a, fds[0]);
	assert_int_equal(send(fds[1], "\x04\0\0\0\0\0\0\0\1\0\0\0\0", 13, 0), 13);
	assert_int_equal(ipc_send(a.c, &(struct ipc_out){.type = IPC_ROLE_READY}), 0);
	close(fds[1]);
	wait_end(&a);
	assert_int_equal(a.packets, 1);
	ipc_close(a.c);

	make_pair(fds);
	open_side(&a, fds[0]);
	open_side(&b, fds[1]);
	b.closes = true;
	assert_int_equal(ipc_send(a.c, &(struct ipc_out){.type = IPC_ROLE_READY}), 0);
	assert_int_equal(ipc_send(a.c, &(struct ipc_out){.type = IPC_ROLE_READY}), 0);
	wait_end(&a);
	assert_int_equal(b.packets, 1);
	assert_int_equal(b.ends, 0);
	ipc_close(a.c);
}

static void run_wrong_packet(void *arg)
{
	static const struct {
		const char *why;
		size_t len;
		char at[20];
		int with_fd;
	} cases[] = {
		{"no head", 3, "abc", 0},
		{"unknown type", 13, "\xff\xff\0\0\0\0\0\0\1\0\0\0\0", 0},
		{"bytes behind a type that has none", 14, "\5\0\0\0\0\0\0\0\1\0\0\0\0!", 0},
		{"bundle that can't be read", 6, "\0\0\0\0\0\0", 0},
		{"bundle that can't be read", 8, "\0\0\0\0\0\0\0\0", 0},
		{"bundle that can't be read", 12, "\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 0},
		{"unknown type", 20, "\0\0\0\0\14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0},
		{"struct that can't be read", 12, "\5\0\0\0\0\0\0\0\0\0\0\0", 0},
		{"more descriptors than the type allows", 13, "\5\0\0\0\0\0\0\0\1\0\0\0\0", 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct side a, b;
		int fds[2];
		union {
			struct cmsghdr head;
			char at[CMSG_SPACE(sizeof(int))];
		} control = {0};
		struct iovec iov = {(void *)(uintptr_t)cases[i].at, cases[i].len};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

		make_pair(fds);
		open_side(&a, fds[0]);
		if (cases[i].with_fd) {
			m.msg_control = &control;
			m.msg_controllen = sizeof control.at;
			control.head =
				(struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
			memcpy(CMSG_DATA(&control.head), &fds[1], sizeof(int));
		}
		assert_int_equal(sendmsg(fds[1], &m, 0), cases[i].len);
		wait_end(&a);
		assert_string_equal(a.why, cases[i].why);
		assert_int_equal(a.packets, 0);
		assert_int_equal(a.ends, 1);
		/* The peer learns it. */
		open_side(&b, fds[1]);
		wait_end(&b);
		ipc_close(a.c);
		ipc_close(b.c);
	}
}

static void run_backlog(void *arg)
{
	struct side a, b;
	int fds[2], rc;
	size_t len = 150 * 1024;
	char *bytes = calloc(1, len);
	uint32_t n = 0;
	uint64_t sum = 0;

	make_pair(fds);
	open_side(&a, fds[0]);
	for (;;) {
		bytes[0] = (char)n;
		rc = ipc_send(a.c, &(struct ipc_out){.type = IPC_COMMIT_PART,
					   .request = n + 1,
					   .body = &(struct ipc_content_name){.id = {0}},
					   .bytes = span_of(bytes, len)});
		if (rc < 0)
			break;
		sum += (unsigned char)bytes[0];
		assert_true(++n < 1000);
	}
	assert_int_equal(rc, -ENOBUFS);
	assert_true(ipc_backlog(a.c) <= IPC_BACKLOG_MAX);
	assert_true(ipc_backlog(a.c) > IPC_BACKLOG_MAX - 2 * len);
	assert_true(ipc_is_open(a.c));
	/* All that was taken arrives, in order, once somebody reads. */
	open_side(&b, fds[1]);
	assert_int_equal(ipc_flush(a.c, CLOCK_NEVER), 0);
	assert_int_equal(ipc_backlog(a.c), 0);
	wait_packets(&b, n);
	assert_true(b.is_in_order);
	assert_int_equal(b.sum, sum);
	ipc_close(a.c);
	wait_end(&b);
	ipc_close(b.c);
	free(bytes);
}

static void send_part(struct side *s, uint32_t request, bool soon)
{
	assert_int_equal(ipc_send(s->c, &(struct ipc_out){.type = IPC_COMMIT_PART,
						.request = request,
						.body = &(struct ipc_content_name){.id = {0}},
						.bytes = SPAN_LIT("some bytes"),
						.soon = soon}),
		0);
}

/* What goes soon goes together, in the order in which it was sent, whatever goes beside it. */
static void run_bundle(void *arg)
{
	struct side a, b;
	int fds[2];
	char bytes[512];

	make_pair(fds);
	open_side(&a, fds[0]);
	for (uint32_t i = 1; i <= 5; i++)
		send_part(&a, i, true);
	assert_int_equal(recv(fds[1], bytes, sizeof bytes, MSG_DONTWAIT), -1);
	assert_int_equal(ipc_flush(a.c, CLOCK_NEVER), 0);
	ssize_t n = recv(fds[1], bytes, sizeof bytes, MSG_DONTWAIT);

	assert_true(n > 5 * (ssize_t)strlen("some bytes"));
	assert_int_equal(recv(fds[1], bytes, sizeof bytes, MSG_DONTWAIT), -1);
	open_side(&b, fds[1]);
	for (uint32_t i = 1; i <= 500; i++) {
		int fd = fds[1];

		send_part(&a, i, i % 3 > 0);
		if (i % 7 == 0) /* of a type that brings a descriptor */
			assert_int_equal(
				ipc_send(a.c, &(struct ipc_out){.type = IPC_RESULT,
						      .body = &(struct ipc_result){.error = 0},
						      .fds = &fd,
						      .fds_n = 1}),
				0);
	}
	wait_packets(&b, 500 + 500 / 7);
	assert_true(b.is_in_order);
	ipc_close(a.c);
	wait_end(&b);
	ipc_close(b.c);
}

/* Who closes the channel at the first of a bundle does not see the rest. */
static void run_closed_within(void *arg)
{
	struct side a, b;
	int fds[2];

	make_pair(fds);
	open_side(&a, fds[0]);
	open_side(&b, fds[1]);
	b.closes = true;
	for (uint32_t i = 1; i <= 3; i++)
		send_part(&a, i, true);
	wait_end(&a);
	assert_int_equal(b.packets, 1);
	ipc_close(a.c);
}

static void run_long_message(void *arg)
{
	struct side a, b;
	int fds[2];
	size_t len = 5U << 20;
	char *bytes = calloc(1, len);
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i % 251);
	for (size_t i = 0; i < len; i += 997)
		sum += (unsigned char)bytes[i];
	make_pair(fds);
	open_side(&a, fds[0]);
	open_side(&b, fds[1]);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(
			ipc_send(a.c, &(struct ipc_out){.type = IPC_COMMIT_PART,
					      .request = i,
					      .body = &(struct ipc_content_name){.id = {0}},
					      .bytes = span_of(bytes, 1000),
					      .more_bytes = span_of(bytes + 1000, len - 1000)}),
			0);
	wait_packets(&b, 3);
	assert_true(b.is_in_order);
	assert_int_equal(b.sum, 3 * sum);
	/* Closing with a queue full: nothing leaks, the peer sees an end. */
	assert_int_equal(ipc_send(a.c, &(struct ipc_out){.type = IPC_COMMIT_PART,
					       .body = &(struct ipc_content_name){.id = {0}},
					       .bytes = span_of(bytes, len)}),
		0);
	ipc_close(a.c);
	wait_end(&b);
	ipc_close(b.c);
	free(bytes);
}

static void run_in_task(void **state)
{
	assert_int_equal(task_run(NULL, (task_fn *)(uintptr_t)*state, NULL), 0);
}

#define IN_TASK(name, fn)                                              \
	{                                                              \
		name, run_in_task, NULL, NULL, (void *)(uintptr_t)(fn) \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK("requests are answered, with descriptors", run_answers),
		IN_TASK("a request without an answer ends at its deadline", run_no_answer),
		IN_TASK("who waits learns of the peer's death", run_peer_dies),
		IN_TASK("what was sent before a death is read", run_last_words),
		IN_TASK("a wrong packet ends the channel, not the process", run_wrong_packet),
		IN_TASK("a peer that does not read costs bounded memory", run_backlog),
		IN_TASK("what goes soon goes together and in order", run_bundle),
		IN_TASK("a bundle ends with its channel", run_closed_within),
		IN_TASK("a long message arrives as one", run_long_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
