/*
 * tls_load - SMTP sessions that begin with STARTTLS, as many as the server takes: for bench/ only.
 *
 * usage: tls_load PORT THREADS SECONDS full|resumed OCTETS
 * Each session: connect, EHLO, STARTTLS, the handshake (full, or with the ticket of an earlier session
 * of the same thread), EHLO, one message of so many octets (0: none), QUIT. Prints "sessions=N
 * resumed=N seconds=T". A session that goes wrong ends it with status 1. TLS 1.3 as both sides like it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <netinet/tcp.h>
#include <unistd.h>

static struct {
	int port;
	bool resumes;
	size_t octets;
	double until;
	char *message; /* with its dot */
	size_t message_len;
	SSL_CTX *context;
} job;

struct worker {
	pthread_t thread;
	SSL_SESSION *session;
	unsigned long sessions, resumed;
	const char *wrong;
};

struct link { /* plain until tls is set */
	int fd;
	SSL *tls;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool say(struct link *l, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = l->tls ? SSL_write(l->tls, text, (int)(len < 65536 ? len : 65536))
				   : send(l->fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/* A whole reply, and whether it begins with that digit. */
static bool hear(struct link *l, char digit)
{
	char in[4096];
	size_t len = 0, line = 0;

	for (;;) {
		ssize_t n = l->tls ? SSL_read(l->tls, in + len, (int)(sizeof in - len))
				   : recv(l->fd, in + len, sizeof in - len, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
		for (char *end; (end = memchr(in + line, '\n', len - line));
			line = (size_t)(end - in) + 1)
			if (len - line >= 4 && in[line + 3] == ' ')
				return in[0] == digit;
		if (len == sizeof in)
			return false;
	}
}

static bool ask(struct link *l, const char *command, char digit)
{
	return say(l, command, strlen(command)) && hear(l, digit);
}

static const char *shake_hands(struct worker *w, struct link *l)
{
	l->tls = SSL_new(job.context);
	if (!l->tls || !SSL_set_fd(l->tls, l->fd))
		return "no memory";
	if (job.resumes && w->session)
		SSL_set_session(l->tls, w->session);
	if (SSL_connect(l->tls) != 1)
		return "the handshake failed";
	w->resumed += SSL_session_reused(l->tls) == 1;
	return NULL;
}

/* The ticket of TLS 1.3 comes with the first answer. */
static void keep_session(struct worker *w, struct link *l)
{
	SSL_SESSION_free(w->session);
	w->session = SSL_get1_session(l->tls);
}

static const char *talk(struct worker *w, struct link *l)
{
	const char *wrong;

	if (!hear(l, '2') || !ask(l, "EHLO load.example.test\r\n", '2') ||
		!ask(l, "STARTTLS\r\n", '2'))
		return "no STARTTLS";
	if ((wrong = shake_hands(w, l)))
		return wrong;
	if (!ask(l, "EHLO load.example.test\r\n", '2'))
		return "no EHLO under TLS";
	if (job.resumes)
		keep_session(w, l);
	if (job.octets > 0 &&
		(!ask(l, "MAIL FROM:<s@src.example.test>\r\n", '2') ||
			!ask(l, "RCPT TO:<r@example.test>\r\n", '2') || !ask(l, "DATA\r\n", '3') ||
			!say(l, job.message, job.message_len) || !hear(l, '2')))
		return "the message was not taken";
	if (!ask(l, "QUIT\r\n", '2'))
		return "no QUIT";
	SSL_shutdown(l->tls);
	return NULL;
}

static const char *run_one(struct worker *w)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((unsigned short)job.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct link l = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	struct timeval patience = {.tv_sec = 30};
	int on = 1;
	const char *wrong = "no connection";

	setsockopt(l.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(l.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (l.fd >= 0 && connect(l.fd, (const struct sockaddr *)&to, sizeof to) == 0)
		wrong = talk(w, &l);
	SSL_free(l.tls);
	close(l.fd);
	return wrong;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!w->wrong && now() < job.until) {
		w->wrong = run_one(w);
		w->sessions += !w->wrong;
	}
	return NULL;
}

static void make_message(void)
{
	const char head[] = "Subject: load\r\n\r\n",
		   line[] = "0123456789012345678901234567890123456789012345678901234567890123\r\n";

	job.message = malloc(job.octets + 1024);
	if (!job.message)
		exit(71);
	strcpy(job.message, head);
	job.message_len = sizeof head - 1;
	while (job.message_len + sizeof line - 1 <= job.octets) {
		memcpy(job.message + job.message_len, line, sizeof line - 1);
		job.message_len += sizeof line - 1;
	}
	memcpy(job.message + job.message_len, ".\r\n", 3);
	job.message_len += 3;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: tls_load PORT THREADS SECONDS full|resumed OCTETS\n");
		return 64;
	}
	size_t threads = (size_t)atoi(argv[2]);
	struct worker *all = calloc(threads, sizeof *all);
	unsigned long sessions = 0, resumed = 0;
	const char *wrong = NULL;

	job.port = atoi(argv[1]);
	job.resumes = strcmp(argv[4], "resumed") == 0;
	job.octets = (size_t)atol(argv[5]);
	make_message();
	job.context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_session_cache_mode(job.context, SSL_SESS_CACHE_OFF);
	double begin = now();

	job.until = begin + atof(argv[3]);
	for (size_t i = 0; i < threads; i++)
		if (pthread_create(&all[i].thread, NULL, work, &all[i]) != 0)
			return 71;
	for (size_t i = 0; i < threads; i++) {
		pthread_join(all[i].thread, NULL);
		sessions += all[i].sessions;
		resumed += all[i].resumed;
		wrong = all[i].wrong ? all[i].wrong : wrong;
	}
	printf("sessions=%lu resumed=%lu seconds=%.3f\n", sessions, resumed, now() - begin);
	if (wrong)
		fprintf(stderr, "tls_load: %s\n", wrong);
	return wrong != NULL;
}
