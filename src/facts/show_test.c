/* If this fails, who gets hold of the status page's process can change what is remembered of clients. */
#include "base/alloc.h"
#include "ipc/kinds.h"
#include "ipc/messages/web.h"
#include "ipc/testing.h"
#include "facts/facts_in.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void link_web(void *self, int fd)
{
	facts_show_peer(self, fd);
}

static void ask_everything(void *arg)
{
	struct facts *f = arg;
	const struct ipc_asked web = {.self = f, .link = link_web, .held = &f->web};

	for (size_t i = 0; i < ipc_kinds_n; i++)
		if (ipc_kinds[i].type != IPC_WEB_METERS &&
			ipc_testing_survives(&web, ipc_kinds[i].type)) {
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
