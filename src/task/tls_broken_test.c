/* TLS with peers that are not what they should be: what does not speak it, what is slow, what is cut off. */
#include "task/task_test.h"
#include "task/tls_stage.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
	struct tls_server *server;
	struct tls_client *client;
} scene;

struct wrong {
	struct span sent;
	bool stays; /* does not close */
	const char *why;
	int rc;
};

/* A ClientHello that offers TLS 1.0 and one cipher of that time. */
#define OLD_HELLO                                      \
	"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01" \
	"0123456789abcdef0123456789abcdef\x00\x00\x02\x00\x2f\x01\x00"

static const struct wrong wrongs[] = {
	{SPAN_LIT("MAIL FROM:<a@b>\r\nRCPT"), false, "the client does not speak TLS", -EPROTO},
	{SPAN_LIT("GET / HTTP/1.0\r\n\r\n"), false, "the client speaks HTTP, not TLS", -EPROTO},
	{SPAN_LIT(OLD_HELLO), false,
		"the client speaks at most TLS 1.0, and TLS 1.2 is the least that is safe",
		-EPROTO},
	{SPAN_LIT(""), false, "the client closed the connection in the middle of it", -ECONNRESET},
	{SPAN_LIT("\x16\x03\x01\x02\x00\x01"), false,
		"the client closed the connection in the middle of it", -ECONNRESET},
	{SPAN_LIT("\x16\x03\x01\x02\x00\x01"), true, "the client took too long", -ETIMEDOUT},
};

static void be_wrong(void *arg)
{
	int fds[2];

	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		const struct wrong *w = &wrongs[i];
		struct stream *s;
		struct tls_info info;

		CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
		CHECK(stream_open_fd(fds[0], &s) == 0);
		CHECK(write(fds[1], w->sent.at, w->sent.len) == (ssize_t)w->sent.len);
		if (!w->stays)
			CHECK(shutdown(fds[1], SHUT_WR) == 0);
		int rc = tls_accept(s, scene.server,
			clock_after(w->stays ? NANOS_S / 50 : 20 * NANOS_S), &info);

		CHECK(rc == w->rc && strcmp(info.why, w->why) == 0);
		if (rc != w->rc || strcmp(info.why, w->why) != 0)
			print_error("%zu: %d %s\n", i, rc, info.why);
		CHECK(stream_write(s, SPAN_LIT("x"), SOON) == rc);
		CHECK(stream_fill(s, SOON) == rc);
		stream_close(s);
		close(fds[1]);
	}
}

static void wrong_peers_are_named(void **state)
{
	void *fn = (void *)(uintptr_t)be_wrong;

	scene.server = stage_server(0);
	run_in_task(&fn);
	tls_server_free(scene.server);
}

/* Takes what the other end sends without being asked for it, a byte at a time, and cuts it off. */
struct relay {
	int from, to;
	size_t most; /* bytes; then both ends close */
};

static void relay(void *arg)
{
	struct relay *r = arg;
	struct task_fd *from, *to;
	char c;

	CHECK(task_fd_open(r->from, &from) == 0 && task_fd_open(r->to, &to) == 0);
	for (size_t n = 0; n < r->most && task_fd_read(from, &c, 1, SOON) == 1; n++)
		if (task_fd_write(to, &c, 1, SOON) != 1)
			break;
	(void)shutdown(r->to, SHUT_WR);
	(void)shutdown(r->from, SHUT_RD);
	task_fd_close(from);
	task_fd_close(to);
}

struct cut_side {
	int fd;
	bool is_done;
};

static void cut_client(void *arg)
{
	struct cut_side *c = arg;
	struct stream *s;
	struct tls_info info;

	CHECK(stream_open_fd(c->fd, &s) == 0);
	if (tls_connect(s, scene.client, &(struct tls_wish){.host = ""}, SOON, &info) == 0 &&
		stream_write(s, SPAN_LIT("DATA\r\n.\r\n"), SOON) == 0 && stream_flush(s, SOON) == 0)
		c->is_done = true;
	else
		(void)stream_fill(s, SOON);
	stream_close(s);
}

/*
 * The client's bytes arrive one at a time, and no more than so many. What the server's last read
 * gave: 0 is an end in order.
 */
static ssize_t play_cut(size_t most, size_t *ret_got)
{
	int up[2], down[2];
	struct stream *s;
	struct tls_info info;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, up) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, down) == 0);
	/* client up[0] = up[1] -relay-> down[0] = down[1] server; and back */
	struct cut_side c = {.fd = up[0]};
	struct relay there = {up[1], down[0], most}, back = {dup(down[0]), dup(up[1]), SIZE_MAX};
	struct task *tasks[] = {task_spawn("client", cut_client, &c),
		task_spawn("there", relay, &there), task_spawn("back", relay, &back)};

	CHECK(stream_open_fd(down[1], &s) == 0);
	int rc = tls_accept(s, scene.server, SOON, &info);
	ssize_t n = rc;

	while (n >= 0 && (n = stream_fill(s, SOON)) > 0) {
		*ret_got += stream_input(s).len;
		stream_consume(s, stream_input(s).len);
	}
	stream_close(s);
	for (size_t i = 0; i < 3; i++)
		CHECK(task_join(tasks[i], SOON) == 0);
	return n;
}

static void cut_anywhere(void *arg)
{
	size_t cut_with_data = 0;
	ssize_t n = -1;

	for (size_t most = 0; most < 2000 && n != 0; most += most < 20 ? 1 : 7) {
		size_t got = 0;

		n = play_cut(most, &got);
		CHECK(n == -ECONNRESET || (n == 0 && got == 9));
		cut_with_data += n < 0 && got > 0;
	}
	CHECK(n == 0);
	CHECK(cut_with_data > 0); /* after the dot, before close_notify */
}

static void a_cut_is_no_end(void **state)
{
	void *fn = (void *)(uintptr_t)cut_anywhere;

	scene.server = stage_server(0);
	scene.client = stage_client(0);
	run_in_task(&fn);
	tls_server_free(scene.server);
	tls_client_free(scene.client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_peers_are_named),
		cmocka_unit_test(a_cut_is_no_end),
	};

	return cmocka_run_group_tests(tests, stage_begin, stage_end);
}
