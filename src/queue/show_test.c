/* If these fail, who gets hold of the status page's process can change the queue, or read who writes to whom. */
#include "base/alloc.h"
#include "ipc/kinds.h"
#include "ipc/messages/web.h"
#include "ipc/testing.h"
#include "queue/show.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void link_web(void *self, int fd)
{
	queue_show_peer(self, fd);
}

static void ask_everything(void *arg)
{
	struct queue *q = arg;
	const struct ipc_asked web = {.self = q, .link = link_web, .held = &q->web};

	for (size_t i = 0; i < ipc_kinds_n; i++)
		if (ipc_kinds[i].type != IPC_WEB_LOOK && ipc_kinds[i].type != IPC_WEB_LIST &&
			ipc_testing_survives(&web, ipc_kinds[i].type)) {
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
