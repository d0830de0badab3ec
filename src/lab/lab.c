#include "lab/lab.h"
#include "base/alloc.h"
#include "base/log.h"
#include "lab/content.h"
#include "lab/load.h"
#include "lab/options.h"
#include "lab/place.h"
#include "lab/seen.h"
#include "lab/session.h"
#include "task/task.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define BACKLOG         4096
#define MAX_TIME        (600 * NANOS_S)
#define CLIENT_TEXT_MAX 64

struct parts {
	struct lab *lab;
	int listen_fd, signal_fd;
	struct task_fd *listener, *signals;
};

struct guest {
	struct lab *lab;
	int fd;
	char client[CLIENT_TEXT_MAX];
};

static struct span address_text(const struct sockaddr_storage *a, char out[CLIENT_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?";
	int n;

	if (a->ss_family == AF_UNIX) {
		n = snprintf(out, CLIENT_TEXT_MAX, "unix:0");
	} else if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)a;

		(void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		n = snprintf(out, CLIENT_TEXT_MAX, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const void *)a;

		(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		n = snprintf(out, CLIENT_TEXT_MAX, "%s:%u", host, ntohs(in->sin_port));
	}
	return span_of(out, n > 0 ? (size_t)n : 0);
}

static void serve_guest(void *arg)
{
	struct guest *g = arg;

	lab_session_run(g->lab, g->fd, span_str(g->client));
	free(g);
}

static void admit(struct lab *lab, int fd, const struct sockaddr_storage *from)
{
	struct guest *g = alloc_zero(sizeof *g);

	g->lab = lab;
	g->fd = fd;
	(void)address_text(from, g->client);
	struct task *t = task_spawn("lab", serve_guest, g);

	if (t) {
		task_detach(t);
		return;
	}
	(void)close(fd);
	free(g);
}

static void accept_all(void *arg)
{
	struct parts *p = arg;

	for (;;) {
		struct sockaddr_storage from = {0};
		unsigned len = sizeof from;
		int fd = task_fd_accept(p->listener, (struct sockaddr *)&from, &len, CLOCK_NEVER);

		if (fd == -ECANCELED)
			return;
		if (fd >= 0)
			admit(p->lab, fd, &from);
		else if (task_sleep(clock_after(10 * NANOS_MS)) == -ECANCELED)
			return;
	}
}

/* A listening descriptor, or -errno. */
static int listen_at(const struct sockaddr_storage *at, socklen_t len)
{
	int one = 1;
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (at->ss_family == AF_UNIX)
		(void)unlink(((const struct sockaddr_un *)(const void *)at)->sun_path);
	if (bind(fd, (const struct sockaddr *)at, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int rc = -errno;

	(void)close(fd);
	return rc;
}

/* Blocks the signals that end the lab and gives them as a descriptor. */
static int open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void raise_limits(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

static void say_ready(int fd)
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof at;
	char text[CLIENT_TEXT_MAX];

	(void)getsockname(fd, (struct sockaddr *)&at, &len);
	struct span where = address_text(&at, text);
	struct span port = where;

	for (ptrdiff_t i; (i = span_find(port, ':')) >= 0;)
		port = span_slice(port, (size_t)i + 1, port.len);
	log_event(LOG_INFO, "ready", LOG_SPAN("listen", where), LOG_SPAN("port", port));
}

static void accept_until_told(struct parts *p)
{
	struct task *accepting = task_spawn("lab_accept", accept_all, p);

	if (!accepting)
		return;
	say_ready(p->listen_fd);
	(void)task_fd_wait_read(p->signals, CLOCK_NEVER);
	task_cancel(accepting);
	(void)task_join(accepting, CLOCK_NEVER);
	lab_session_cancel_all(p->lab);
	log_event(LOG_INFO, "stopped", LOG_U64("sessions", p->lab->n_sessions),
		LOG_U64("messages", p->lab->n_messages));
}

static void run(void *arg)
{
	struct parts *p = arg;

	if (task_fd_open(p->listen_fd, &p->listener) == 0 &&
		task_fd_open(p->signal_fd, &p->signals) == 0)
		accept_until_told(p);
	task_fd_close(p->listener);
	task_fd_close(p->signals);
}

static int fail(int status, const char *what, int rc)
{
	(void)fprintf(stderr, "abide lab: %s: %s\n", what, log_strerror(rc));
	return status;
}

static int serve(struct lab *lab, const struct lab_options *o)
{
	struct sockaddr_storage at;
	socklen_t len;
	struct parts p = {.lab = lab};

	if (!o->listen || lab_place_read(span_str(o->listen), &at, &len) < 0) {
		(void)fprintf(stderr,
			"abide lab: --listen needs ADDR:PORT, as in 127.0.0.1:2526, or PATH\n");
		return EX_USAGE;
	}
	if (!lab_content_ready())
		return fail(EX_OSERR, "SHA-256", -ENOSYS);
	p.signal_fd = open_signals();
	p.listen_fd = listen_at(&at, len);
	if (p.signal_fd < 0 || p.listen_fd < 0)
		return fail(EX_UNAVAILABLE, o->listen, p.listen_fd);
	int rc = lab_record_open(&lab->record, o->record);

	if (rc == 0)
		rc = task_run(NULL, run, &p);
	lab_record_close(&lab->record);
	return rc < 0 ? fail(EX_OSERR, "it can't run", rc) : EX_OK;
}

int cli_lab(int argc, char **argv)
{
	struct lab lab = {
		.hostname = "lab.example.test", .max_time = MAX_TIME, .record = {.fd = -1}};
	struct lab_options o = {.load = {.sessions = 20, .seconds = 10}};

	list_init(&lab.sessions);
	raise_limits();
	log_init("lab", false, LOG_INFO);
	int rc = lab_options_read(argc, argv, &lab, &o);

	if (rc == 0)
		rc = o.load.to ? lab_load_run(&o.load) : serve(&lab, &o);
	lab_rules_done(&lab.rules);
	lab_seen_done(&lab.seen);
	return rc == LAB_DONE ? EX_OK : rc;
}
