/* Whom the kernel lets through while a crowd is sifted: real sockets on the loopback. */
#include "receive/sieve.h"
#include "base/alloc.h"
#include "conf/value.h"
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SALT 0x9e3779b9U
#define SOON 100 /* ms: a first packet that is lost is sent again only after a second */

static struct wire_ip ip(const char *text)
{
	struct wire_ip out;

	assert_int_equal(wire_ip_read(span_str(text), &out), 0);
	return out;
}

static int socket_at(const char *host, uint16_t port)
{
	struct wire_ip at = ip(host);
	struct sockaddr_storage to;
	socklen_t len = (socklen_t)wire_ip_to_sockaddr(&at, port, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, len) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

struct door {
	int fd;
	struct sockaddr_storage at;
	socklen_t len;
};

/* False: this machine has no such address. */
static bool open_door(struct door *d, const char *host)
{
	d->fd = socket_at(host, 0);
	d->len = sizeof d->at;
	if (d->fd < 0)
		return false;
	assert_int_equal(listen(d->fd, 64), 0);
	assert_int_equal(getsockname(d->fd, (struct sockaddr *)&d->at, &d->len), 0);
	return true;
}

/* Its connection, or -1: it was not heard. */
static int knock(const struct door *d, const char *from)
{
	int fd = socket_at(from, 0);
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&d->at, d->len) == 0 || poll(&p, 1, SOON) == 1)
		return fd;
	close(fd);
	return -1;
}

static bool is_heard(const struct door *d, const char *from)
{
	int fd = knock(d, from);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static struct conf_network network(const char *text)
{
	struct conf_network n;

	assert_null(value_network(span_str(text), &n));
	return n;
}

static int set(const struct door *d, const struct conf *conf, const struct conf_listener *l,
	const struct sieve_known *known, unsigned part)
{
	struct sieve *s = alloc_zero(sizeof *s);

	assert_true(sieve_build(s, conf, l, known, part, SALT));
	const struct sock_fprog program = {.len = (unsigned short)s->n, .filter = s->code};

	assert_int_equal(sieve_code(s).len, s->n * sizeof *s->code);
	int rc = setsockopt(d->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);

	if (rc < 0 && errno == EPERM)
		print_message("no right to set a filter here\n");
	if (rc < 0 && errno == EPERM)
		skip();
	free(s);
	return rc;
}

/* Else our own users, or those they write to, would be kept out by a crowd of others. */
static void ours_and_known_are_heard(void **state)
{
	struct conf_network own[] = {network("127.0.9.0/28"), network("10.0.0.0/8")};
	struct conf_network balancer[] = {network("127.0.7.7")};
	struct conf conf = {.relay_from = own, .n_relay_from = 2};
	struct conf_listener l = {.proxy = balancer, .n_proxy = 1};
	static struct sieve_known known;
	struct door d;

	/* more than a leaf of them, in no order */
	for (unsigned i = 0; i < 60; i++) {
		char text[32];

		(void)snprintf(text, sizeof text, "127.%u.%u.9", 1 + i * 37 % 60, i);
		struct wire_ip known_ip = ip(text);

		sieve_note_known(&known, &known_ip);
		sieve_note_known(&known, &known_ip);
	}
	assert_int_equal(known.n, 60);
	assert_true(open_door(&d, "127.0.0.1"));
	assert_int_equal(set(&d, &conf, &l, &known, 0), 0);
	assert_true(is_heard(&d, "127.0.9.1"));
	assert_true(is_heard(&d, "127.0.9.15"));
	assert_false(is_heard(&d, "127.0.9.16"));
	assert_true(is_heard(&d, "127.0.7.7"));
	assert_false(is_heard(&d, "127.0.7.8"));
	for (unsigned i = 0; i < 60; i++) {
		char text[32];

		(void)snprintf(text, sizeof text, "127.%u.%u.200", 1 + i * 37 % 60, i);
		assert_true(is_heard(&d, text));
	}
	assert_false(is_heard(&d, "127.1.1.9"));
	assert_false(is_heard(&d, "127.60.60.9"));
	assert_int_equal(setsockopt(d.fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)), 0);
	assert_true(is_heard(&d, "127.0.9.16"));
	close(d.fd);
}

static void the_same_by_ipv6(void **state)
{
	struct conf_network own[] = {network("::1")}, other[] = {network("2001:db8::/33")};
	struct conf conf = {.relay_from = own, .n_relay_from = 1};
	struct conf_listener l = {0};
	static struct sieve_known known;
	struct door d;

	if (!open_door(&d, "::1"))
		skip();
	assert_int_equal(set(&d, &conf, &l, &known, 0), 0);
	assert_true(is_heard(&d, "::1"));
	conf.relay_from = other;
	assert_int_equal(set(&d, &conf, &l, &known, 0), 0);
	assert_false(is_heard(&d, "::1"));
	struct wire_ip loopback = ip("::1");

	sieve_note_known(&known, &loopback);
	assert_int_equal(set(&d, &conf, &l, &known, 0), 0);
	assert_true(is_heard(&d, "::1"));
	close(d.fd);
}

/* "0.0.0.0/0" and "::/0" let everybody relay: nobody is left out. */
static void all_are_ours(void **state)
{
	static const char *const texts[] = {"0.0.0.0/0", "::/0"};
	struct conf_listener l = {0};
	static struct sieve_known known;
	struct door d;

	assert_true(open_door(&d, "127.0.0.1"));
	for (unsigned i = 0; i < 2; i++) {
		struct conf_network all = network(texts[i]);
		struct conf conf = {.relay_from = &all, .n_relay_from = 1};

		assert_int_equal(set(&d, &conf, &l, &known, 0), 0);
		assert_true(is_heard(&d, "127.0.9.16"));
	}
	close(d.fd);
}

/* Else mail that is being taken would stall when the crowd comes. */
static void who_is_in_stays_in(void **state)
{
	struct conf conf = {0};
	struct conf_listener l = {0};
	static struct sieve_known known;
	struct door d;
	char octets[64];

	assert_true(open_door(&d, "127.0.0.1"));
	int early = knock(&d, "127.0.3.3");
	int us[2] = {accept(d.fd, NULL, NULL)};

	assert_int_equal(set(&d, &conf, &l, &known, SIEVE_WHOLE), 0);
	int late = knock(&d, "127.0.3.4"); /* its socket has the filter from the door */

	us[1] = accept(d.fd, NULL, NULL);
	assert_int_equal(set(&d, &conf, &l, &known, 0), 0);
	int them[2] = {early, late};

	for (unsigned i = 0; i < 2; i++) {
		struct pollfd p = {.fd = us[i], .events = POLLIN};

		assert_int_equal(send(them[i], "MAIL", 4, 0), 4);
		assert_int_equal(poll(&p, 1, 5000), 1);
		assert_int_equal(recv(us[i], octets, sizeof octets, 0), 4);
		close(us[i]);
		close(them[i]);
	}
	assert_false(is_heard(&d, "127.0.3.3"));
	close(d.fd);
}

/* By lot, about as many as were asked for: 400 of which half are heard are 100 to 300, or something is broken. */
static void a_part_is_heard(void **state)
{
	struct conf conf = {0};
	struct conf_listener l = {0};
	static struct sieve_known known;
	struct door d;
	unsigned heard = 0;
	static int fds[400];

	assert_true(open_door(&d, "127.0.0.1"));
	assert_int_equal(listen(d.fd, 400), 0);
	assert_int_equal(set(&d, &conf, &l, &known, SIEVE_WHOLE / 2), 0);
	for (unsigned i = 0; i < 400; i++) {
		fds[i] = socket_at("127.0.4.4", 0);
		(void)connect(fds[i], (struct sockaddr *)&d.at, d.len);
	}
	for (unsigned i = 0; i < 400; i++) {
		struct pollfd p = {.fd = fds[i], .events = POLLOUT};

		heard += poll(&p, 1, 0) == 1;
		close(fds[i]);
	}
	close(d.fd);
	assert_in_range(heard, 100, 300);
}

/* So many networks that the kernel would not have them: then without a sieve. */
static void too_many_networks(void **state)
{
	struct conf_network *own = alloc_array(SIEVE_MOST, sizeof *own);
	struct conf conf = {.relay_from = own, .n_relay_from = SIEVE_MOST};
	struct conf_listener l = {0};
	static struct sieve_known known;
	struct sieve *s = alloc_zero(sizeof *s);

	for (unsigned i = 0; i < SIEVE_MOST; i++)
		own[i] = network("127.0.0.1");
	assert_false(sieve_build(s, &conf, &l, &known, 1, SALT));
	free(s);
	free(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_and_known_are_heard),
		cmocka_unit_test(the_same_by_ipv6),
		cmocka_unit_test(all_are_ours),
		cmocka_unit_test(who_is_in_stays_in),
		cmocka_unit_test(a_part_is_heard),
		cmocka_unit_test(too_many_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
