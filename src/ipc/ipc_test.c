/* What a channel promises the processes: requests are answered; a bad peer costs only itself. */
#include "ipc/messages/commit.h"
#include "ipc/messages/facts.h"
#include "ipc/messages/plain.h"
#include "ipc/messages/role.h"
#include "ipc/side.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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

	side_pair(fds);
	side_open(&a, fds[0]);
	side_open(&b, fds[1]);
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
	side_wait_end(&b);
	assert_string_equal(b.why, "peer closed");
	assert_int_equal(ask_verdict(&b, "abc", CLOCK_NEVER, &verdict), -EPIPE);
	ipc_close(b.c);
}

static void run_no_answer(void *arg)
{
	struct side a, b;
	int fds[2];
	bool verdict;

	side_pair(fds);
	side_open(&a, fds[0]);
	/* Nobody reads there. */
	assert_int_equal(ask_verdict(&a, "abc", clock_after(NANOS_MS), &verdict), -ETIMEDOUT);
	/* Now somebody answers, too late; the next answer is not confused with it. */
	side_open(&b, fds[1]);
	side_wait_packets(&b, 1);
	assert_int_equal(ask_verdict(&a, "abcd", CLOCK_NEVER, &verdict), 0);
	assert_false(verdict);
	/* From its own handler a channel would wait for itself. */
	assert_int_equal(ipc_send(b.c, &(struct ipc_out){.type = IPC_QUEUE_HELLO,
					       .body = &(struct ipc_queue_hello){0}}),
		0);
	side_wait_packets(&a, 1);
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
		side_pair(fds);
		side_open(&a, fds[0]);
		task_detach(task_spawn("asks", ask_in_vain, &a));
		task_detach(task_spawn("asks", ask_in_vain, &a));
		assert_int_equal(task_yield(), 0);
		if (closes_itself)
			ipc_close(a.c);
		else
			close(fds[1]);
		side_wait_packets(&a, 2);
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

	side_pair(fds);
	side_open(&a, fds[0]);
	assert_int_equal(send(fds[1], "\x04\0\0\0\0\0\0\0\1\0\0\0\0", 13, 0), 13);
	assert_int_equal(ipc_send(a.c, &(struct ipc_out){.type = IPC_ROLE_READY}), 0);
	close(fds[1]);
	side_wait_end(&a);
	assert_int_equal(a.packets, 1);
	ipc_close(a.c);

	side_pair(fds);
	side_open(&a, fds[0]);
	side_open(&b, fds[1]);
	b.closes = true;
	assert_int_equal(ipc_send(a.c, &(struct ipc_out){.type = IPC_ROLE_READY}), 0);
	assert_int_equal(ipc_send(a.c, &(struct ipc_out){.type = IPC_ROLE_READY}), 0);
	side_wait_end(&a);
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

		side_pair(fds);
		side_open(&a, fds[0]);
		if (cases[i].with_fd) {
			m.msg_control = &control;
			m.msg_controllen = sizeof control.at;
			control.head =
				(struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
			memcpy(CMSG_DATA(&control.head), &fds[1], sizeof(int));
		}
		assert_int_equal(sendmsg(fds[1], &m, 0), cases[i].len);
		side_wait_end(&a);
		assert_string_equal(a.why, cases[i].why);
		assert_int_equal(a.packets, 0);
		assert_int_equal(a.ends, 1);
		/* The peer learns it. */
		side_open(&b, fds[1]);
		side_wait_end(&b);
		ipc_close(a.c);
		ipc_close(b.c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK("requests are answered, with descriptors", run_answers),
		IN_TASK("a request without an answer ends at its deadline", run_no_answer),
		IN_TASK("who waits learns of the peer's death", run_peer_dies),
		IN_TASK("what was sent before a death is read", run_last_words),
		IN_TASK("a wrong packet ends the channel, not the process", run_wrong_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
