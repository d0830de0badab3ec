/* If these fail, a restart of a process or of abide refuses clients, or two abides share a port or spool. */
#include "base/alloc.h"
#include "main/sockets.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <unistd.h>
#include <cmocka.h>

static struct conf_address loopback(uint16_t port)
{
	return (struct conf_address){
		.text = SPAN_LIT("127.0.0.1"), .low = UINT64_C(0xffff7f000001), .port = port};
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof at;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static bool connects(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;

	close(fd);
	return good;
}

static void test_listeners_move_on_reload(void **state)
{
	struct conf_listener both[2] = {{.address = loopback(0)}, {.address = loopback(0)}};
	struct conf conf = {.listeners = both, .n_listeners = 1};
	struct sockets none = {0}, first, second, third;
	struct buf why = BUF_INIT(1024);

	assert_int_equal(sockets_open(&conf, 3, &none, &first, &why), 0);
	assert_int_equal(first.n, 1);
	assert_int_equal(first.listeners[0].fds_n, 3);
	uint16_t port = port_of(first.listeners[0].fds[0]);

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(port_of(first.listeners[0].fds[i]), port);
		assert_true(fcntl(first.listeners[0].fds[i], F_GETFD) & FD_CLOEXEC);
	}
	assert_true(connects(port));

	/* Somebody listens there already: said, and nothing is left open. */
	struct conf_listener taken = {.address = loopback(port)};
	static struct conf other;

	other = (struct conf){.listeners = &taken, .n_listeners = 1};

	assert_int_equal(sockets_open(&other, 3, &none, &second, &why), -EADDRINUSE);
	assert_true(why.len > 0);

	/* One stays (the same socket), one is new. */
	int kept = first.listeners[0].fds[1];

	first.listeners[0].address.port = port;
	both[0].address = loopback(0);
	both[1].address = loopback(port);
	conf.n_listeners = 2;
	assert_int_equal(sockets_open(&conf, 3, &first, &second, &why), 0);
	sockets_close(&first);
	assert_int_equal(second.listeners[1].fds[1], kept);
	assert_int_not_equal(port_of(second.listeners[0].fds[0]), port);
	assert_true(connects(port));

	/* Gone from the configuration: closed. */
	both[0] = both[1];
	conf.n_listeners = 1;
	uint16_t gone = port_of(second.listeners[0].fds[0]);

	assert_int_equal(sockets_open(&conf, 3, &second, &third, &why), 0);
	sockets_close(&second);
	assert_false(connects(gone));
	assert_true(connects(port));
	sockets_close(&third);
	buf_done(&why);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *w)
{
	return remove(path);
}

static void run_spool(void *arg)
{
	char *top = arg, *path = NULL, *other = NULL;
	struct buf dir = BUF_INIT(1024), why = BUF_INIT(1024);
	struct stat st;
	int fd = -1, again = -1, control = -1;

	/* Longer than the name of a socket may be. */
	(void)buf_printf(&dir, "%s/%0120d/sp ool", top, 0);
	assert_int_equal(
		sockets_open_spool(buf_cstr(&dir), getuid(), getgid(), 0, &fd, &path, &why), 0);
	assert_true(path[0] == '/');
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* A second abide is told so. */
	assert_int_equal(
		sockets_open_spool(buf_cstr(&dir), getuid(), getgid(), 0, &again, &other, &why),
		-EBUSY);
	/* One that was killed left its control socket behind. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sockets_open_control(fd, getuid(), getgid(), &control), 0);
		assert_int_equal(fstatat(fd, "control", &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISSOCK(st.st_mode));
		assert_int_equal(st.st_mode & 0777, 0600);
		close(control);
	}
	close(fd);
	assert_int_equal(
		sockets_open_spool(buf_cstr(&dir), getuid(), getgid(), 0, &again, &other, &why), 0);
	close(again);
	free(path);
	free(other);
	/* Another's folder is not taken. */
	assert_int_equal(
		sockets_open_spool(buf_cstr(&dir), getuid() + 1, getgid(), 0, &again, &other, &why),
		getuid() == 0 ? 0 : -EPERM);
	if (getuid() == 0) {
		close(again);
		free(other);
		assert_int_equal(sockets_open_spool(buf_cstr(&dir), getuid() + 2, getgid(), 0,
					 &again, &other, &why),
			-EPERM);
	}
	buf_done(&dir);
	buf_done(&why);
}

static void test_spool(void **state)
{
	char top[] = "/tmp/abide-sockets-XXXXXX";

	assert_non_null(mkdtemp(top));
	assert_int_equal(task_run(NULL, run_spool, top), 0);
	assert_int_equal(nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listeners_move_on_reload),
		cmocka_unit_test(test_spool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
