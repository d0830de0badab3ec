#include "ipc/side.h"
#include "ipc/kinds.h"
#include "ipc/messages/commit.h"
#include "ipc/messages/facts.h"
#include "ipc/messages/plain.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

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

void side_open(struct side *s, int fd)
{
	*s = (struct side){.is_in_order = true};
	task_gate_init(&s->changed);
	assert_int_equal(
		ipc_open(fd, "peer", ipc_kinds, ipc_kinds_n, on_packet, on_end, s, &s->c), 0);
}

void side_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

void side_wait_packets(struct side *s, unsigned n)
{
	while (s->packets < n)
		assert_int_equal(task_gate_wait(&s->changed, CLOCK_NEVER), 0);
}

void side_wait_end(struct side *s)
{
	while (s->ends == 0)
		assert_int_equal(task_gate_wait(&s->changed, CLOCK_NEVER), 0);
	assert_false(ipc_is_open(s->c));
}

void side_run_in_task(void **state)
{
	assert_int_equal(task_run(NULL, (task_fn *)(uintptr_t)*state, NULL), 0);
}
