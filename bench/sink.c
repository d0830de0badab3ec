/*
 * sink - a destination that takes any mail as fast as it can and counts it: for bench/ only.
 *
 * usage: sink ADDRESS PORT STATUS-FILE SECONDS [take|defer|hang [lmtp|CERTIFICATE KEY]]
 * defer says 451 to each recipient and hang never greets, both until SIGUSR1. By LMTP each recipient has
 * a reply of its own; with a certificate STARTTLS is offered. Writes "messages=N
 * octets=N connections=N refused=N first=T last=T" to the status file every 50 ms when something changed. Ends by itself after SECONDS. One process, epoll, fixed memory a connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
	int fd;
	SSL *tls; /* NULL: in the clear */
	bool in_data;
	unsigned recipients; /* of this message: by LMTP each has a reply */
	unsigned tail;       /* how much of CRLF.CRLF has been seen: 2 at the start of a line */
	size_t len;
	char line[2048];
};

static struct {
	unsigned long long messages, octets, connections, refused;
	double first, last;
	bool changed;
} seen;

static enum { TAKE, DEFER, HANG } mode;
static bool is_lmtp;
static SSL_CTX *context; /* NULL: no STARTTLS */
static volatile sig_atomic_t is_back;

static void come_back(int number)
{
	(void)number;
	is_back = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tell(const char *file)
{
	char text[256], temp[4096];
	int n = snprintf(text, sizeof text,
		"messages=%llu octets=%llu connections=%llu refused=%llu first=%.4f last=%.4f\n",
		seen.messages, seen.octets, seen.connections, seen.refused, seen.first, seen.last);

	(void)snprintf(temp, sizeof temp, "%s.new", file);
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, (size_t)n) != n || rename(temp, file) < 0)
		perror(file);
	if (fd >= 0)
		close(fd);
	seen.changed = false;
}

/* Bytes of content up to the end of the message; sets in_data false there. */
static size_t take_content(struct client *c, const char *at, size_t len)
{
	static const char end[] = "\r\n.\r\n";

	for (size_t i = 0; i < len; i++) {
		if (at[i] == end[c->tail]) {
			if (++c->tail == 5) {
				c->in_data = false;
				c->tail = 0;
				seen.octets += i + 1;
				return i + 1;
			}
			continue;
		}
		c->tail = at[i] == '\r';
		if (c->tail == 0) { /* no line end near: go to the next CR at once */
			const char *cr = memchr(at + i, '\r', len - i);

			i = cr ? (size_t)(cr - at) - 1 : len - 1;
		}
	}
	seen.octets += len;
	return len;
}

static const char *greet(const struct client *c)
{
	return context && !c->tls
		       ? "250-sink\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-8BITMIME\r\n"
			 "250 SMTPUTF8\r\n"
		       : "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n";
}

static const char *answer(struct client *c, const char *line)
{
	static const struct {
		const char *verb, *reply;
	} replies[] = {{"HELO", "250 sink\r\n"}, {"MAIL", "250 ok\r\n"}, {"RCPT", "250 ok\r\n"},
		{"DATA", "354 go\r\n"}, {"RSET", "250 ok\r\n"}, {"NOOP", "250 ok\r\n"},
		{"STARTTLS", "220 go\r\n"}, {"QUIT", "221 bye\r\n"}};

	if (strncasecmp(line, is_lmtp ? "LHLO" : "EHLO", 4) == 0)
		return greet(c);
	if (mode == DEFER && strncasecmp(line, "RCPT", 4) == 0) {
		seen.refused++;
		seen.changed = true;
		return "451 4.7.1 Try again later\r\n";
	}
	if (mode == DEFER && strncasecmp(line, "DATA", 4) == 0)
		return "554 5.5.1 no recipients\r\n";
	for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
		if (strncasecmp(line, replies[i].verb, strlen(replies[i].verb)) == 0) {
			char first = replies[i].verb[0];

			c->recipients =
				first == 'M' ? 0 : c->recipients + (replies[i].verb[1] == 'C');
			if (first == 'D') {
				c->in_data = true;
				c->tail = 2;
			}
			return replies[i].reply;
		}
	return "500 what\r\n";
}

static void count_message(void)
{
	seen.messages++;
	seen.last = now();
	if (seen.first == 0)
		seen.first = seen.last;
	seen.changed = true;
}

/* As read(2): of a TLS record that is not whole yet EAGAIN. */
static ssize_t take_in(struct client *c, char *to, size_t size)
{
	if (!c->tls)
		return read(c->fd, to, size);
	int n = SSL_read(c->tls, to, (int)size);

	if (n > 0)
		return n;
	errno = SSL_get_error(c->tls, n) == SSL_ERROR_WANT_READ ? EAGAIN : EIO;
	return errno == EAGAIN ? -1 : 0;
}

static bool say(struct client *c, const char *text, size_t len)
{
	if (len == 0)
		return true;
	return c->tls ? SSL_write(c->tls, text, (int)len) == (int)len
		      : send(c->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool start_tls(struct client *c)
{
	c->tls = context ? SSL_new(context) : NULL;
	if (!c->tls || SSL_set_fd(c->tls, c->fd) != 1)
		return false;
	SSL_set_accept_state(c->tls);
	return true;
}

/* What was read. False: the connection is to be closed. */
static bool take(struct client *c, const char *in, size_t n)
{
	char out[8192];
	size_t out_len = 0;
	bool quit = false, shakes = false;

	for (size_t i = 0; i < n;) {
		const char *reply = "250 taken\r\n";
		unsigned times = 1;

		if (c->in_data) {
			i += take_content(c, in + i, n - i);
			if (c->in_data)
				continue;
			count_message();
			times = is_lmtp ? c->recipients : 1;
		} else {
			char b = in[i++];

			if (b != '\n' && c->len < sizeof c->line - 1) {
				c->line[c->len++] = b;
				continue;
			}
			c->line[c->len] = '\0';
			c->len = 0;
			reply = answer(c, c->line);
			quit |= memcmp(reply, "221", 3) == 0;
			shakes |= memcmp(reply, "220", 3) == 0;
		}
		size_t len = strlen(reply);

		if (out_len + len * times >= sizeof out)
			return false;
		for (; times > 0; times--, out_len += len)
			memcpy(out + out_len, reply, len);
	}
	return say(c, out, out_len) && !quit && (!shakes || start_tls(c));
}

/* All that is there. False: the connection is to be closed. */
static bool serve(struct client *c)
{
	static char in[256 * 1024];
	ssize_t n;

	do {
		n = take_in(c, in, sizeof in);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		if (!take(c, in, (size_t)n))
			return false;
	} while (c->tls); /* it may hold back what it has read */
	return true;
}

static void accept_all(int listener, int ep)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		struct client *c = calloc(1, sizeof *c);
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

		if (!c)
			exit(1);
		c->fd = fd;
		seen.connections++;
		seen.changed = true;
		if ((mode != HANG && send(fd, "220 sink\r\n", 10, MSG_NOSIGNAL) != 10) ||
			epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0) {
			close(fd);
			free(c);
		}
	}
}

static bool load_certificate(const char *certificate, const char *key)
{
	context = SSL_CTX_new(TLS_server_method());
	return context && SSL_CTX_use_certificate_chain_file(context, certificate) == 1 &&
	       SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc > 8)
		return fprintf(stderr, "usage: sink ADDRESS PORT STATUS-FILE SECONDS "
				       "[take|defer|hang [lmtp|CERTIFICATE KEY]]\n"),
		       64;
	is_lmtp = argc == 7;
	if (argc == 8 && !load_certificate(argv[6], argv[7]))
		return fprintf(stderr, "sink: %s: no certificate\n", argv[6]), 71;
	mode = argc < 6                        ? TAKE
	       : strcmp(argv[5], "defer") == 0 ? DEFER
	       : strcmp(argv[5], "hang") == 0  ? HANG
					       : TAKE;
	(void)signal(SIGUSR1, come_back);
	struct rlimit files = {65536, 65536};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};

	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (inet_pton(AF_INET, argv[1], &a.sin_addr) != 1 ||
		bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, 4096) < 0 ||
		epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e) < 0)
		return perror("sink"), 1;
	double end = now() + atof(argv[4]), told = 0;

	tell(argv[3]);
	while (now() < end) {
		struct epoll_event events[256];
		int n = epoll_wait(ep, events, 256, 50);

		if (is_back)
			mode = TAKE;
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;

			if (!c) {
				accept_all(listener, ep);
			} else if (!serve(c)) {
				SSL_free(c->tls);
				close(c->fd);
				free(c);
			}
		}
		if (seen.changed && now() - told > 0.05) {
			told = now();
			tell(argv[3]);
		}
	}
	return 0;
}
