/* What a process must get from its supervisor to do its work, and what it must survive. */
#include "base/alloc.h"
#include "conf/snapshot.h"
#include "ipc/role.h"
#include "ipc/socket.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static int make_snapshot(uint32_t number)
{
	static const char text[] = "hostname = \"mx.example.org\"\nspool = \"/tmp/s\"\n"
				   "listen \"127.0.0.1:2525\" { protocol = smtp }\n"
				   "route \"*\" { to = \"127.0.0.1:2526\" }\n";
	struct arena a = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;

	assert_int_equal(conf_parse("test", span_str(text), &a, &conf, &errors), 0);
	int fd = conf_seal_memfd(&conf, number);

	assert_true(fd >= 0);
	arena_done(&a);
	buf_done(&errors);
	return fd;
}

static int null_fd(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void post(int fd, uint16_t type, const void *body, int *fds, size_t fds_n)
{
	assert_int_equal(
		ipc_socket_post(fd,
			&(struct ipc_out){.type = type, .body = body, .fds = fds, .fds_n = fds_n}),
		0);
	ipc_close_fds(fds, fds_n);
}

static struct role *start_role(int pair[2], enum ipc_role kind, uint32_t listeners)
{
	struct role *r = NULL;
	struct ipc_role_start s = {.role = (uint8_t)kind,
		.index = 1,
		.of = 2,
		.uid = 7,
		.gid = 8,
		.root = SPAN_LIT("/run/empty"),
		.spool = kind == IPC_QUEUE ? SPAN_LIT("/") : (struct span){0},
		.listeners = listeners,
		.control = kind == IPC_QUEUE,
		.lock = kind == IPC_QUEUE};
	int fds[8] = {make_snapshot(1), null_fd(), null_fd()};

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	post(pair[0], IPC_ROLE_START, &s, fds, kind == IPC_QUEUE ? 3 : 1 + listeners);
	if (kind != IPC_QUEUE && listeners < 2)
		ipc_close_fds(fds + 1 + listeners, 2 - listeners);
	assert_int_equal(role_start(pair[1], &r), 0);
	return r;
}

static void test_start_tells_everything(void **state)
{
	int pair[2];
	struct role *r = start_role(pair, IPC_RECEIVE, 2);

	assert_int_equal(r->kind, IPC_RECEIVE);
	assert_string_equal(r->name, "receive/1");
	assert_int_equal(r->of, 2);
	assert_int_equal(r->uid, 7);
	assert_int_equal(r->gid, 8);
	assert_string_equal(r->root, "/run/empty");
	assert_int_equal(r->listeners_n, 2);
	assert_int_equal(r->control_fd, -1);
	assert_true(span_equal(role_conf_now(r)->hostname, SPAN_LIT("mx.example.org")));
	ipc_close_fds(r->listeners, 2);
	role_done(r);
	close(pair[0]);

	r = start_role(pair, IPC_QUEUE, 0);
	assert_string_equal(r->spool, "/");
	assert_true(r->control_fd >= 0);
	close(r->control_fd);
	role_done(r);
	close(pair[0]);
}

static void test_a_wrong_start_is_an_error(void **state)
{
	for (int i = 0; i < 5; i++) {
		int pair[2], fds[2] = {make_snapshot(1), null_fd()};
		struct role *r = NULL;
		struct ipc_role_start s = {.role = IPC_FACTS, .of = 1};

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
		if (i == 0) /* a listener is missing */
			s.listeners = 2;
		if (i == 1) /* the supervisor is no role */
			s.role = IPC_SUPERVISOR;
		if (i == 2) /* a snapshot that could still be changed */
			ipc_close_fds(fds, 1), fds[0] = null_fd();
		if (i == 3) /* something else comes first */
			post(pair[0], IPC_ROLE_STOP, NULL, NULL, 0);
		if (i == 4)
			shutdown(pair[0], SHUT_WR);
		else
			assert_int_equal(
				ipc_socket_post(pair[0], &(struct ipc_out){.type = IPC_ROLE_START,
								 .body = &s,
								 .fds = fds,
								 .fds_n = 1}),
				0);
		ipc_close_fds(fds, 2);
		assert_true(role_start(pair[1], &r) < 0);
		close(pair[0]);
	}
}

struct seen {
	struct task_gate changed;
	unsigned peers, confs, stops;
	uint32_t index;
	enum ipc_role kind;
};

static void on_peer(struct role *r, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct seen *s = arg;

	s->peers++;
	s->kind = kind;
	s->index = index;
	close(fd);
	task_gate_wake_all(&s->changed);
}

static void on_conf(struct role *r, void *arg)
{
	struct seen *s = arg;

	s->confs++;
	task_gate_wake_all(&s->changed);
}

static void on_stop(struct role *r, void *arg)
{
	struct seen *s = arg;

	s->stops++;
}

static void run_life(void *arg)
{
	static const struct role_events events = {on_peer, on_conf, on_stop};
	struct seen seen = {.peers = 0};
	int pair[2], peer = null_fd(), fds[2] = {make_snapshot(2), null_fd()};
	struct role *r = start_role(pair, IPC_RECEIVE, 1);
	const struct conf *old = role_conf_get(r);

	task_gate_init(&seen.changed);
	assert_int_equal(role_watch(r, &events, &seen), 0);
	post(pair[0], IPC_ROLE_PEER, &(struct ipc_role_peer){.role = IPC_QUEUE, .index = 3}, &peer,
		1);
	while (seen.peers == 0)
		assert_int_equal(task_gate_wait(&seen.changed, CLOCK_NEVER), 0);
	assert_int_equal(seen.kind, IPC_QUEUE);
	assert_int_equal(seen.index, 3);

	int listener = r->listeners[0];

	post(pair[0], IPC_ROLE_CONFIG, NULL, fds, 2);
	while (seen.confs == 0)
		assert_int_equal(task_gate_wait(&seen.changed, CLOCK_NEVER), 0);
	/* The new one is in force; who began with the old one keeps it. */
	assert_int_equal(role_conf_now(r)->number, 2);
	assert_int_equal(old->number, 1);
	assert_true(span_equal(old->hostname, SPAN_LIT("mx.example.org")));
	role_conf_put(old);
	assert_int_equal(r->listeners_n, 1);
	assert_int_not_equal(r->listeners[0], listener);
	close(listener);
	close(r->listeners[0]);

	struct arena a = {0};
	struct ipc_packet p;

	role_ready(r);
	assert_int_equal(ipc_socket_take(pair[0], &a, &p), 0);
	assert_int_equal(p.type, IPC_ROLE_READY);
	role_lost_peer(r, IPC_QUEUE, 3);
	assert_int_equal(ipc_socket_take(pair[0], &a, &p), 0);
	assert_int_equal(p.type, IPC_ROLE_PEER);
	assert_int_equal(((const struct ipc_role_peer *)p.body)->index, 3);
	arena_done(&a);

	assert_int_equal(role_wait_stop(r, clock_after(NANOS_MS)), -ETIMEDOUT);
	post(pair[0], IPC_ROLE_STOP, NULL, NULL, 0);
	post(pair[0], IPC_ROLE_STOP, NULL, NULL, 0);
	assert_int_equal(role_wait_stop(r, CLOCK_NEVER), 0);
	assert_true(role_is_stopping(r));
	close(pair[0]);
	while (ipc_is_open(r->supervisor))
		assert_int_equal(task_yield(), 0);
	assert_int_equal(seen.stops, 1);
	role_done(r);
}

static void test_a_life(void **state)
{
	assert_int_equal(task_run(NULL, run_life, NULL), 0);
}

static void run_orphan(void *arg)
{
	static const struct role_events events = {0};
	int pair[2];
	struct role *r = start_role(pair, IPC_FACTS, 0);

	assert_int_equal(role_watch(r, &events, NULL), 0);
	close(pair[0]);
	assert_int_equal(role_wait_stop(r, CLOCK_NEVER), 0);
	role_done(r);
}

static void test_the_end_of_the_supervisor_ends_the_role(void **state)
{
	assert_int_equal(task_run(NULL, run_orphan, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_tells_everything),
		cmocka_unit_test(test_a_wrong_start_is_an_error),
		cmocka_unit_test(test_a_life),
		cmocka_unit_test(test_the_end_of_the_supervisor_ends_the_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
