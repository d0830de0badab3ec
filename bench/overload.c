/*
 * overload - SMTP sessions at a rate that does not ask what the server can do: for bench/ only.
 *
 * usage: overload PORT RATE SECONDS OCTETS OWN
 * Each session comes from an address of its own (127.16-95.*.*, so that no network is known), and
 * is: connect, EHLO, MAIL RCPT DATA in one, a message of so many octets, QUIT. OWN of a thousand come
 * from 127.0.9.9 instead, which the server trusts. Who is not done PATIENCE after it was to begin
 * gives up, and counts as failed. Prints one line: for strangers and own "begun done shed failed p50 p95
 * p99" (ms from the time when the session was to begin to the final 250), and what came in each second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 10.0
#define MOST     30000
#define SECONDS  120

struct session {
	int fd;
	bool is_own;
	int step, replies; /* step: banner, EHLO, envelope, content; replies: to it so far */
	double begun;
	size_t sent; /* of what step sends */
	char line[8];
	size_t len;                   /* of the reply line so far */
	struct session *next, **self; /* in the order in which they began */
};

static struct {
	unsigned begun, done, shed, failed;
	float *took;
} counts[2];

static int epoll, open_now;
static struct session *first, **last = &first;
static char *message;
static size_t message_len;
static unsigned done_in[SECONDS];
static double start;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void end(struct session *s)
{
	close(s->fd);
	*s->self = s->next;
	if (s->next)
		s->next->self = s->self;
	else
		last = s->self;
	open_now--;
	free(s);
}

static void fail(struct session *s)
{
	counts[s->is_own].failed++;
	end(s);
}

static void begin(int port, bool is_own, double due)
{
	struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
	struct linger linger = {1, 0}; /* no port waits: there are not so many */
	struct session *s = calloc(1, sizeof *s);
	unsigned random_bits = (unsigned)lrand48();
	int one = 1;

	counts[is_own].begun++;
	to.sin_port = htons((unsigned short)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	from.sin_addr.s_addr =
		htonl(is_own ? 0x7f000909U : 0x7f100000U + random_bits % (80U << 16));
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	s->is_own = is_own;
	s->begun = due;
	s->self = last;
	*last = s;
	last = &s->next;
	open_now++;
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&from, sizeof from) < 0 ||
		(connect(s->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)) {
		fail(s);
		return;
	}
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = s};

	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &e);
}

/* What is sent in a step. */
static const char *words(const struct session *s, size_t *len)
{
	static const char ehlo[] = "EHLO client.example.test\r\n";
	static const char envelope[] =
		"MAIL FROM:<s@src.example.test>\r\nRCPT TO:<r@example.test>\r\nDATA\r\n";
	static const char quit[] = "QUIT\r\n";
	const char *all[] = {NULL, ehlo, envelope, message, quit};

	*len = s->step == 3 ? message_len : all[s->step] ? strlen(all[s->step]) : 0;
	return all[s->step];
}

/* False: it is over. */
static bool push(struct session *s)
{
	size_t len;
	const char *text = words(s, &len);

	while (s->sent < len) {
		ssize_t n = send(s->fd, text + s->sent, len - s->sent, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
			return true;
		if (n < 0)
			return false;
		s->sent += (size_t)n;
	}
	return true;
}

/* A whole reply has come. False: the session is over, and counted. */
static bool hear(struct session *s)
{
	static const int wanted[] = {1, 1, 3, 1}; /* replies, by step */
	double t = now();

	if (s->line[0] != '2' && s->line[0] != '3') {
		if (s->line[0] == '4' && s->step < 2)
			counts[s->is_own].shed++;
		else
			counts[s->is_own].failed++;
		return false;
	}
	if (++s->replies < wanted[s->step])
		return true;
	s->replies = 0;
	s->sent = 0;
	s->step++;
	if (s->step < 4)
		return true;
	counts[s->is_own].took[counts[s->is_own].done++] = (float)((t - s->begun) * 1000);
	if (t - start < SECONDS)
		done_in[(int)(t - start)]++;
	(void)push(s);
	return false;
}

static void work(struct session *s)
{
	char in[4096];
	ssize_t n;

	if (!push(s)) {
		fail(s);
		return;
	}
	while ((n = recv(s->fd, in, sizeof in, 0)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (in[i] != '\n') {
				if (s->len < sizeof s->line)
					s->line[s->len++] = in[i];
				continue;
			}
			bool is_last = s->len > 3 && s->line[3] == ' ';

			s->len = 0;
			if (is_last && !hear(s)) {
				end(s);
				return;
			}
		}
	if (n == 0 || (errno != EAGAIN && errno != ENOTCONN) || !push(s))
		fail(s);
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void print(int own)
{
	unsigned n = counts[own].done;
	float *t = counts[own].took;

	qsort(t, n, sizeof *t, compare);
	printf("\"%s\": {\"begun\": %u, \"done\": %u, \"shed\": %u, \"failed\": %u, \"p50\": %.1f, "
	       "\"p95\": %.1f, "
	       "\"p99\": %.1f}, ",
		own ? "own" : "strangers", counts[own].begun, n, counts[own].shed,
		counts[own].failed, n ? (double)t[n / 2] : 0, n ? (double)t[n * 95 / 100] : 0,
		n ? (double)t[n * 99 / 100] : 0);
}

int main(int argc, char **argv)
{
	struct rlimit files = {MOST + 100, MOST + 100};
	struct epoll_event events[512];

	if (argc != 6)
		return 64;
	int port = atoi(argv[1]), own = atoi(argv[5]);
	double rate = atof(argv[2]), seconds = atof(argv[3]);
	size_t octets = (size_t)atoi(argv[4]);

	if (rate <= 0 || seconds <= 0 || seconds > SECONDS || rate * seconds > 4e6)
		return 64;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < 2; i++)
		counts[i].took = calloc((size_t)(rate * seconds) + 16, sizeof(float));
	message = malloc(octets + 128);
	message_len = (size_t)sprintf(message, "From: s@src.example.test\r\nSubject: x\r\n\r\n");
	while (message_len < octets) {
		memcpy(message + message_len,
			"0123456789012345678901234567890123456789012345678901234567890\r\n", 63);
		message_len += 63;
	}
	message_len += (size_t)sprintf(message + message_len, ".\r\n");
	epoll = epoll_create1(EPOLL_CLOEXEC);
	srand48(4711);
	start = now();
	for (unsigned long begun = 0;;) {
		double t = now();
		bool is_over = t - start >= seconds;

		for (int i = 0;
			i < 200 && !is_over && open_now < MOST && start + (double)begun / rate <= t;
			i++, begun++)
			begin(port, lrand48() % 1000 < own, start + (double)begun / rate);
		while (first && t - first->begun > PATIENCE)
			fail(first);
		if (is_over && !first)
			break;
		int n = epoll_wait(epoll, events, 512, 1);

		for (int i = 0; i < n; i++)
			work(events[i].data.ptr);
	}
	printf("{");
	print(0);
	print(1);
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	printf("\"busy\": %.2f, \"each_second\": [",
		((double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6) /
			(now() - start));
	for (int i = 0; i < (int)(seconds + PATIENCE) && i < SECONDS; i++)
		printf("%s%u", i ? ", " : "", done_in[i]);
	printf("]}\n");
	return 0;
}
