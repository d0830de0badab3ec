/* If this fails, who gets hold of the status page's process can change what is remembered of clients. */
#include "base/alloc.h"
#include "facts/facts_in.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
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

/* Sends one request of that type as web would; true: the channel is still there. */
static bool survives(struct facts *f, uint16_t type)
{
	int fds[2];
	struct ipc_channel *web = NULL;
	struct task_gate ended;
	void *body = alloc_zero(BODY_MAX);
	struct arena arena = {0};
	struct ipc_packet *answer = ARENA_NEW(&arena, struct ipc_packet);

	task_gate_init(&ended);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	facts_show_peer(f, fds[0]);
	assert_non_null(f->web);
	assert_int_equal(ipc_open(fds[1], "facts", ipc_kinds, ipc_kinds_n, ignore_packet, note_end,
				 &ended, &web),
		0);
	int rc = ipc_ask(web, &(struct ipc_out){.type = type, .body = body},
		clock_after(30 * NANOS_S), &arena, answer);

	assert_true(rc == 0 || rc == -EPIPE);
	ipc_close(web);
	while (f->web)
		(void)task_yield();
	arena_done(&arena);
	alloc_free(&body);
	return rc == 0;
}

static void ask_everything(void *arg)
{
	struct facts *f = arg;

	for (size_t i = 0; i < ipc_kinds_n; i++)
		if (ipc_kinds[i].type != IPC_WEB_METERS && survives(f, ipc_kinds[i].type)) {
			print_error("type %u\n", ipc_kinds[i].type);
			fail();
		}
}

static void web_may_ask_nothing_else(void **state)
{
	struct role *role = alloc_zero(sizeof *role);
	struct facts *f = alloc_zero(sizeof *f);

	f->role = role;
	assert_int_equal(task_run(NULL, ask_everything, f), 0);
	alloc_free(&f);
	alloc_free(&role);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(web_may_ask_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
