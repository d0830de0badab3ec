/*
 * spread - messages to many domains, as fast as a server takes them: for bench/ only.
 *
 * usage: spread PORT SESSIONS MESSAGES OCTETS DOMAINS [from]
 * Message i goes to r@dN.many.test, N = i modulo DOMAINS, over as many sessions as told, a thread each; MAIL,
 * RCPT and DATA go in one write. With "from" it comes from s@dN.many.test instead, for r@example.test, and DATA
 * waits for the reply to RCPT: a recipient that is told 4xx is counted, and the session begun anew (a server ends those
 * in which nothing is taken). Prints "seconds=T deferred=N". A session that goes wrong ends it with status 1.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct {
	int port;
	unsigned long messages, domains;
	char *content; /* with its dot */
	size_t content_len;
	bool is_from;
	atomic_ulong next, deferred;
	atomic_bool is_wrong;
} job;

struct session {
	int fd;
	char in[4096];
	size_t len, at;
};

static bool say(struct session *s, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(s->fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/* The first digit of a whole reply; 0: there is none. */
static char hear_digit(struct session *s)
{
	for (;;) {
		for (char *end; (end = memchr(s->in + s->at, '\n', s->len - s->at));) {
			const char *line = s->in + s->at;

			s->at = (size_t)(end - s->in) + 1;
			if (end - line >= 4 && line[3] == ' ')
				return line[0];
		}
		memmove(s->in, s->in + s->at, s->len - s->at);
		s->len -= s->at;
		s->at = 0;
		ssize_t n = recv(s->fd, s->in + s->len, sizeof s->in - s->len, 0);

		if (n <= 0)
			return 0;
		s->len += (size_t)n;
	}
}

static bool hear(struct session *s, char digit)
{
	return hear_digit(s) == digit;
}

/* True, and *ret_again where the recipient has to come later. */
static bool send_from(struct session *s, unsigned long domain, bool *ret_again)
{
	char text[256];
	int len = snprintf(text, sizeof text,
		"MAIL FROM:<s@d%lu.many.test>\r\nRCPT TO:<r@example.test>\r\n", domain);

	if (!say(s, text, (size_t)len) || !hear(s, '2'))
		return false;
	char digit = hear_digit(s);

	*ret_again = digit == '4';
	if (digit == '4') {
		atomic_fetch_add(&job.deferred, 1);
		return true;
	}
	return digit == '2' && say(s, "DATA\r\n", 6) && hear(s, '3') &&
	       say(s, job.content, job.content_len) && hear(s, '2');
}

static bool send_one(struct session *s, unsigned long domain)
{
	char text[256];
	int len = snprintf(text, sizeof text,
		"MAIL FROM:<s@src.example.test>\r\nRCPT TO:<r@d%lu.many.test>\r\nDATA\r\n", domain);

	return say(s, text, (size_t)len) && hear(s, '2') && hear(s, '2') && hear(s, '3') &&
	       say(s, job.content, job.content_len) && hear(s, '2');
}

static bool talk(struct session *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((unsigned short)job.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 60};
	int on = 1;
	bool again = false;

	setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(s->fd, (const struct sockaddr *)&to, sizeof to) < 0 || !hear(s, '2') ||
		!say(s, "EHLO client.example.test\r\n", 26) || !hear(s, '2'))
		return false;
	for (unsigned long i; !again && (i = atomic_fetch_add(&job.next, 1)) < job.messages;)
		if (job.is_from ? !send_from(s, i % job.domains, &again)
				: !send_one(s, i % job.domains))
			return false;
	return say(s, "QUIT\r\n", 6) && hear(s, '2');
}

static void *work(void *arg)
{
	(void)arg;
	do {
		struct session s = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

		if (s.fd < 0 || !talk(&s))
			job.is_wrong = true;
		close(s.fd);
	} while (!job.is_wrong && job.next < job.messages);
	return NULL;
}

static void make_content(size_t octets)
{
	static const char
		head[] = "From: <s@src.example.test>\r\nSubject: load\r\n\r\n",
		line[] = "0123456789012345678901234567890123456789012345678901234567890123\r\n";

	job.content = malloc(octets + 1024);
	if (!job.content)
		exit(71);
	memcpy(job.content, head, sizeof head - 1);
	job.content_len = sizeof head - 1;
	while (job.content_len + sizeof line - 1 <= octets) {
		memcpy(job.content + job.content_len, line, sizeof line - 1);
		job.content_len += sizeof line - 1;
	}
	memcpy(job.content + job.content_len, ".\r\n", 3);
	job.content_len += 3;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc != 6 && (argc != 7 || strcmp(argv[6], "from") != 0)) {
		fprintf(stderr, "usage: spread PORT SESSIONS MESSAGES OCTETS DOMAINS [from]\n");
		return 64;
	}
	size_t sessions = (size_t)atoi(argv[2]);
	pthread_t *all = calloc(sessions, sizeof *all);

	job.port = atoi(argv[1]);
	job.is_from = argc == 7;
	job.messages = strtoul(argv[3], NULL, 10);
	make_content((size_t)atol(argv[4]));
	job.domains = strtoul(argv[5], NULL, 10);
	double begin = now();

	for (size_t i = 0; i < sessions; i++)
		if (!all || pthread_create(&all[i], NULL, work, NULL) != 0)
			return 71;
	for (size_t i = 0; i < sessions; i++)
		pthread_join(all[i], NULL);
	printf("seconds=%.3f deferred=%lu\n", now() - begin, (unsigned long)job.deferred);
	if (job.is_wrong)
		fprintf(stderr, "spread: a session went wrong\n");
	return job.is_wrong;
}
