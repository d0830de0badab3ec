/* Descriptors of others: a library would miss answers, or be called for descriptors that it has closed. */
#include "task/watch.h"
#include "task/task_test.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct seen {
	struct task_gate gate;
	unsigned what, times;
};

static void on_ready(void *arg, unsigned what)
{
	struct seen *s = arg;

	s->what = what;
	s->times++;
	task_gate_wake_all(&s->gate);
}

static void await(struct seen *s, unsigned times)
{
	while (s->times < times)
		if (task_gate_wait(&s->gate, SOON) < 0)
			return;
}

static void is_told_until_it_was_read(void *arg)
{
	struct seen s = {0};
	struct task_watch *w = task_watch_new(on_ready, &s);
	int fds[2];
	char c;

	task_gate_init(&s.gate);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	CHECK(task_watch_begin(w, fds[0], TASK_READABLE) == 0);
	for (int i = 0; i < 3; i++)
		(void)task_yield();
	CHECK(s.times == 0);
	CHECK(send(fds[1], "x", 1, 0) == 1);
	await(&s, 3);
	CHECK(s.times >= 3 && s.what == TASK_READABLE);
	CHECK(recv(fds[0], &c, 1, 0) == 1);
	s.times = 0;
	for (int i = 0; i < 3; i++)
		(void)task_yield();
	CHECK(s.times == 0);
	task_watch_free(w);
	close(fds[0]);
	close(fds[1]);
}

static void is_silent_after_its_end_and_can_begin_again(void *arg)
{
	struct seen s = {0};
	struct task_watch *w = task_watch_new(on_ready, &s);
	int fds[2];

	task_gate_init(&s.gate);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	CHECK(task_watch_begin(w, fds[0], TASK_READABLE) == 0);
	CHECK(send(fds[1], "x", 1, 0) == 1);
	task_watch_end(w);
	task_watch_end(w);
	for (int i = 0; i < 3; i++)
		(void)task_yield();
	CHECK(s.times == 0);
	CHECK(task_watch_begin(w, fds[1], TASK_READABLE | TASK_WRITABLE) == 0);
	await(&s, 1);
	CHECK(s.what == TASK_WRITABLE);
	close(fds[0]); /* its peer hears of it */
	task_watch_end(w);
	s = (struct seen){.gate = s.gate};
	task_gate_init(&s.gate);
	CHECK(task_watch_begin(w, fds[1], TASK_WRITABLE) == 0);
	await(&s, 1);
	CHECK(s.what == TASK_WRITABLE);
	task_watch_free(w);
	close(fds[1]);
	task_watch_free(NULL);
}

static void what_can_not_be_watched_is_said(void *arg)
{
	struct task_watch *w = task_watch_new(on_ready, NULL);
	int fds[2];

	CHECK(pipe(fds) == 0);
	close(fds[0]);
	CHECK(task_watch_begin(w, fds[0], TASK_READABLE) == -EBADF);
	task_watch_end(w);
	close(fds[1]);
	task_watch_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK(is_told_until_it_was_read),
		IN_TASK(is_silent_after_its_end_and_can_begin_again),
		IN_TASK(what_can_not_be_watched_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
