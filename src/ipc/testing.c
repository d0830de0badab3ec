#include "ipc/testing.h"
#include "base/alloc.h"
#include "ipc/kinds.h"
#include "task/task.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <cmocka.h>

#define BODY_MAX 4096U /* of any struct that is sent */

static void ignore_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
}

static void note_end(struct ipc_channel *c, const char *why, void *arg)
{
	task_gate_wake_all(arg);
}

bool ipc_testing_survives(const struct ipc_asked *a, uint16_t type)
{
	int fds[2];
	struct ipc_channel *peer = NULL;
	struct task_gate ended;
	void *body = alloc_zero(BODY_MAX);
	struct arena arena = {0};
	struct ipc_packet *answer = ARENA_NEW(&arena, struct ipc_packet);

	task_gate_init(&ended);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	a->link(a->self, fds[0]);
	assert_non_null(*a->held);
	assert_int_equal(ipc_open(fds[1], "asked", ipc_kinds, ipc_kinds_n, ignore_packet, note_end,
				 &ended, &peer),
		0);
	int rc = ipc_ask(peer, &(struct ipc_out){.type = type, .body = body},
		clock_after(30 * NANOS_S), &arena, answer);

	assert_true(rc == 0 || rc == -EPIPE);
	ipc_close(peer);
	while (*a->held)
		(void)task_yield();
	arena_done(&arena);
	alloc_free(&body);
	return rc == 0;
}
