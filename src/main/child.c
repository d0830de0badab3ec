#include "base/alloc.h"
#include "base/log.h"
#include "ipc/role.h"
#include "main/supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKOFF_FIRST (100 * NANOS_MS)
#define BACKOFF_MOST  (10 * NANOS_S)
#define LIFE_LONG     (60 * NANOS_S) /* who lived so long starts with the first back-off again */

extern char **environ;

/* In the new process: only calls that are safe after fork. */
_Noreturn static void become_program(int exe, char *const argv[], int fd, int extra)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	/* Descriptors 3 and 4 may be each other's source: away with them first. */
	int high = fcntl(fd, F_DUPFD, 10), high_extra = extra >= 0 ? fcntl(extra, F_DUPFD, 10) : -1,
	    high_exe = fcntl(exe, F_DUPFD_CLOEXEC, 10);

	if (null < 0 || high < 0 || high_exe < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(71);
	if (dup2(high, 3) < 0 || (extra >= 0 && dup2(high_extra, 4) < 0))
		_exit(71);
	if (close_range(extra >= 0 ? 5 : 4, (unsigned)high_exe - 1, 0) < 0 ||
		close_range((unsigned)high_exe + 1, ~0U, 0) < 0)
		_exit(71);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)fexecve(high_exe, argv, environ);
	_exit(71);
}

pid_t child_launch(const struct supervisor *s, char *const argv[], int fd, int extra)
{
	pid_t pid = fork();

	if (pid == 0)
		become_program(s->exe, argv, fd, extra);
	return pid < 0 ? -errno : pid;
}

/* ---- what it says ---- */

static void on_packet(struct ipc_channel *channel, struct ipc_packet *p, void *arg)
{
	struct child *c = arg;

	if (p->type == IPC_ROLE_READY && !c->is_ready) {
		c->is_ready = true;
		task_gate_wake_all(&c->supervisor->changed);
	}
	if (p->type == IPC_ROLE_PEER)
		wires_lost(c->supervisor, c, p->body);
}

/* A process whose channel ended ends too, sooner or later; then it is reaped. */
static void on_end(struct ipc_channel *channel, const char *why, void *arg)
{
	struct child *c = arg;

	if (c->pid > 0 && !c->supervisor->is_over[c->kind])
		log_event(
			LOG_DEBUG, "role_silent", LOG_STR("role", c->name), LOG_STR("reason", why));
}

/* ---- start ---- */

static int send_start(struct child *c)
{
	struct supervisor *s = c->supervisor;
	const struct user *u = &s->users.of[c->kind];
	bool is_queue = c->kind == IPC_QUEUE;
	const char *root = "";
	int fds[IPC_FDS_MAX] = {s->snapshot}, rc = 0;
	size_t n = 1;

	if (s->is_root && is_queue)
		root = s->spool;
	else if (s->is_root)
		rc = sockets_empty_root(&root);
	if (rc < 0)
		return rc;
	if (c->kind == IPC_RECEIVE)
		for (size_t i = 0; i < s->sockets.n; i++)
			fds[n++] = s->sockets.listeners[i].fds[c->index];
	if (is_queue) {
		fds[n++] = s->control_fd;
		fds[n++] = s->spool_fd;
	}
	const struct ipc_role_start start = {
		.role = (uint8_t)c->kind,
		.index = c->index,
		.of = s->of[c->kind],
		.uid = u->uid,
		.gid = u->gid,
		.root = span_str(root),
		.spool = is_queue ? span_str(s->is_root ? "/" : s->spool) : (struct span){0},
		.listeners = c->kind == IPC_RECEIVE ? (uint32_t)s->sockets.n : 0,
		.control = is_queue,
		.lock = is_queue,
	};

	return ipc_send(c->channel,
		&(struct ipc_out){.type = IPC_ROLE_START, .body = &start, .fds = fds, .fds_n = n});
}

static int open_channel(struct child *c, int *ret_other)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	int rc = ipc_open(
		fds[0], c->name, ipc_kinds, ipc_kinds_n, on_packet, on_end, c, &c->channel);

	if (rc < 0) {
		close(fds[1]);
		return rc;
	}
	*ret_other = fds[1];
	return 0;
}

static int start(struct child *c)
{
	char *argv[] = {(char *)(uintptr_t) "abide", (char *)(uintptr_t) "role", c->name, NULL};
	_cleanup_(fd_close) int other = -1;
	int rc = open_channel(c, &other);

	if (rc == 0)
		rc = send_start(c);
	if (rc == 0)
		rc = child_launch(c->supervisor, argv, other, -1);
	if (rc < 0)
		return rc;
	c->pid = rc;
	c->started = clock_now();
	log_event(LOG_INFO, "role_started", LOG_STR("role", c->name), LOG_I64("pid", c->pid));
	wires_connect(c->supervisor, c);
	return 0;
}

/* ---- death ---- */

void child_reap(struct supervisor *s)
{
	for (size_t i = 0; i <= s->children_n; i++) {
		struct child *c = i < s->children_n ? &s->children[i] : &s->parser;

		if (c->pid > 0 && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
			c->pid = 0;
	}
	task_gate_wake_all(&s->changed);
}

/* Five deaths in a minute, or a fault of memory or disk, are more than an accident. */
static enum log_level count_death(struct child *c)
{
	size_t most = sizeof c->deaths / sizeof c->deaths[0];
	nanos now = clock_now();

	c->deaths[c->deaths_n % most] = now;
	c->deaths_n++;
	bool is_often = c->deaths_n >= most && c->deaths[c->deaths_n % most] > now - 60 * NANOS_S;
	int signal = WIFSIGNALED(c->status) ? WTERMSIG(c->status) : 0;

	return is_often || signal == SIGBUS || signal == SIGSEGV || signal == SIGABRT ? LOG_ERROR
										      : LOG_WARN;
}

/* "0.1s" */
static void seconds(nanos n, char out[24])
{
	(void)snprintf(out, 24, "%lld.%llds", (long long)(n / NANOS_S),
		(long long)(n % NANOS_S / (100 * NANOS_MS)));
}

static void log_death(struct child *c, pid_t pid, nanos wait)
{
	const char *signal = WIFSIGNALED(c->status) ? sigabbrev_np(WTERMSIG(c->status)) : NULL;
	char status[16] = "", again[24];

	seconds(wait, again);
	if (!signal)
		(void)snprintf(status, sizeof status, "%d", WEXITSTATUS(c->status));
	log_event(count_death(c), "role_died", LOG_STR("role", c->name), LOG_I64("pid", pid),
		LOG_STR("signal", signal), LOG_STR("status", status), LOG_STR("again_in", again));
}

static void close_channel(struct child *c)
{
	ipc_close(c->channel);
	c->channel = NULL;
	c->is_ready = false;
}

/* One life. True where it died and was not meant to. */
static bool live(struct child *c, nanos *wait)
{
	struct supervisor *s = c->supervisor;
	int rc = start(c);

	if (rc < 0) {
		char again[24];

		seconds(*wait, again);
		log_event(LOG_ERROR, "role_failed", LOG_STR("role", c->name), LOG_ERRNO(rc),
			LOG_STR("again_in", again));
		close_channel(c);
		return true;
	}
	pid_t pid = c->pid;

	while (c->pid > 0)
		(void)task_gate_wait(&s->changed, CLOCK_NEVER);
	close_channel(c);
	if (s->is_over[c->kind]) {
		log_event(LOG_INFO, "role_ended", LOG_STR("role", c->name), LOG_I64("pid", pid));
		return false;
	}
	if (clock_now() - c->started >= LIFE_LONG)
		*wait = BACKOFF_FIRST;
	log_death(c, pid, *wait);
	return true;
}

void child_keep(void *arg)
{
	struct child *c = arg;
	struct supervisor *s = c->supervisor;
	nanos wait = BACKOFF_FIRST;

	while (!s->is_over[c->kind] && live(c, &wait)) {
		nanos again = clock_after(wait);

		wait = wait * 2 < BACKOFF_MOST ? wait * 2 : BACKOFF_MOST;
		while (!s->is_over[c->kind] && clock_now() < again)
			(void)task_gate_wait(&s->changed, again);
	}
	s->kept--;
	task_gate_wake_all(&s->changed);
}
