/* If these fail, who gets hold of the status page's process can change the queue, or read who writes to whom. */
#include "base/alloc.h"
#include "queue/show.h"
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
static bool survives(struct queue *q, uint16_t type)
{
	int fds[2];
	struct ipc_channel *web = NULL;
	struct task_gate ended;
	void *body = alloc_zero(BODY_MAX);
	struct arena arena = {0};
	struct ipc_packet *answer = ARENA_NEW(&arena, struct ipc_packet);

	task_gate_init(&ended);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	queue_show_peer(q, fds[0]);
	assert_non_null(q->web);
	assert_int_equal(ipc_open(fds[1], "queue", ipc_kinds, ipc_kinds_n, ignore_packet, note_end,
				 &ended, &web),
		0);
	int rc = ipc_ask(web, &(struct ipc_out){.type = type, .body = body},
		clock_after(30 * NANOS_S), &arena, answer);

	assert_true(rc == 0 || rc == -EPIPE);
	ipc_close(web);
	while (q->web)
		(void)task_yield();
	arena_done(&arena);
	alloc_free(&body);
	return rc == 0;
}

static void ask_everything(void *arg)
{
	struct queue *q = arg;

	for (size_t i = 0; i < ipc_kinds_n; i++)
		if (ipc_kinds[i].type != IPC_WEB_LOOK && ipc_kinds[i].type != IPC_WEB_LIST &&
			survives(q, ipc_kinds[i].type)) {
			print_error("type %u\n", ipc_kinds[i].type);
			fail();
		}
}

static void web_may_ask_nothing_else(void **state)
{
	struct role *role = alloc_zero(sizeof *role);
	struct queue *q = alloc_zero(sizeof *q);

	q->role = role;
	assert_int_equal(task_run(NULL, ask_everything, q), 0);
	alloc_free(&q);
	alloc_free(&role);
}

static void people_are_not_told(void **state)
{
	struct ipc_control_recipient r = {.address = SPAN_LIT("bob@dst.test"),
		.site = SPAN_LIT("dst.test"),
		.reply = SPAN_LIT("<bob@dst.test> is full"),
		.finding = SPAN_LIT("they mean alice@src.test"),
		.code = 452};
	const struct ipc_control_message from = {.sender = SPAN_LIT("alice@src.test"),
		.client = SPAN_LIT("192.0.2.1"),
		.helo = SPAN_LIT("pc.alice.test"),
		.login = SPAN_LIT("alice"),
		.tls = SPAN_LIT("TLSv1.3"),
		.recipients = &r,
		.recipients_n = 1};
	struct arena arena = {0};
	struct show show = {.arena = &arena};
	struct ipc_control_message to;

	show_message(&show, &from, &to);
	assert_true(span_equal(to.sender, SPAN_LIT("*@src.test")));
	assert_int_equal(to.client.len + to.helo.len + to.login.len + to.tls.len, 0);
	assert_int_equal(to.recipients_n, 1);
	assert_true(span_equal(to.recipients[0].address, SPAN_LIT("*@dst.test")));
	assert_true(span_equal(to.recipients[0].reply, SPAN_LIT("<*@dst.test> is full")));
	assert_true(span_equal(to.recipients[0].finding, SPAN_LIT("they mean *@src.test")));
	assert_int_equal(to.recipients[0].code, 452);
	show.is_full = true;
	show_message(&show, &from, &to);
	assert_true(span_equal(to.sender, from.sender));
	assert_true(span_equal(to.recipients[0].reply, r.reply));
	assert_int_equal(to.client.len + to.login.len, 0);

	struct ipc_control_name names[] = {{SPAN_LIT("alice@src.test")}};
	const struct ipc_control_verdict verdict = {.who = SPAN_LIT("alice@src.test"),
		.names = names,
		.names_n = 1,
		.supports = names,
		.supports_n = 1};
	struct ipc_control_verdict told;

	show.is_full = false;
	show_verdict(&show, &verdict, &told);
	assert_true(span_equal(told.who, SPAN_LIT("*@src.test")));
	assert_true(span_equal(told.names[0].name, told.who));
	assert_true(span_equal(told.supports[0].name, told.who));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(web_may_ask_nothing_else),
		cmocka_unit_test(people_are_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
