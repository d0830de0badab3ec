#include "base/alloc.h"
#include "base/log.h"
#include "ipc/kinds.h"
#include "ipc/messages/plain.h"
#include "ipc/role.h"
#include "main/supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Only what the configuration names: whoever got hold of deliver or lookup gets no further by this. */
static void connect_for(struct child *c, struct ipc_packet *p)
{
	const struct ipc_role_connect *wish = p->body;
	struct ipc_result result = {.error = -EPERM};
	_cleanup_(fd_close) int fd = -1;

	if (conf_has_socket(&c->supervisor->conf, wish->path))
		result.error = fd = sockets_connect(wish->path);
	if (fd >= 0)
		result.error = 0;
	(void)ipc_send(c->channel, &(struct ipc_out){.type = IPC_RESULT,
					   .request = p->request,
					   .is_answer = true,
					   .body = &result,
					   .fds = &fd,
					   .fds_n = fd >= 0});
}

/*
 * A deliver that does not answer queue may be frozen between a message and its dot: it must be gone
 * before another gets that message. False: that is not what is asked.
 */
static bool end_peer(const struct child *c, const struct ipc_role_peer *peer)
{
	const struct supervisor *s = c->supervisor;

	if (!peer->end_it)
		return false;
	for (size_t i = 0; c->kind == IPC_QUEUE && i < s->children_n; i++) {
		const struct child *other = &s->children[i];

		if (other->kind != IPC_DELIVER || peer->role != IPC_DELIVER ||
			other->index != peer->index || other->pid <= 0)
			continue;
		log_event(LOG_WARN, "role_killed", LOG_STR("role", other->name),
			LOG_I64("pid", other->pid), LOG_STR("reason", "it does not answer queue"));
		(void)kill(other->pid, SIGKILL);
	}
	return true;
}

/* Which of its own clients the kernel passes on (receive/sieve.h): on a listening socket, it can't do more than that. */
static void sift(const struct ipc_packet *p)
{
	const struct ipc_role_sift *wish = p->body;
	int rc = p->fds_n == 1 ? sockets_sift(p->fds[0], wish->code) : -EBADF;

	if (rc < 0)
		log_event(LOG_DEBUG, "sieve_refused", LOG_ERRNO(rc));
}

static void on_packet(struct ipc_channel *channel, struct ipc_packet *p, void *arg)
{
	struct child *c = arg;

	if (p->type == IPC_ROLE_READY && !c->is_ready) {
		c->is_ready = true;
		task_gate_wake_all(&c->supervisor->changed);
	}
	if (p->type == IPC_ROLE_PEER && !end_peer(c, p->body))
		wires_lost(c->supervisor, c, p->body);
	if (p->type == IPC_ROLE_CONNECT && (c->kind == IPC_DELIVER || c->kind == IPC_LOOKUP))
		connect_for(c, p);
	if (p->type == IPC_ROLE_SIFT && c->kind == IPC_RECEIVE)
		sift(p);
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

/* The folder that a process keeps its state in; NULL: none. */
static const char *own_folder(const struct child *c, char room[PATH_MAX])
{
	if (c->kind == IPC_QUEUE)
		return c->supervisor->spool;
	if (c->kind != IPC_FACTS)
		return NULL;
	(void)snprintf(room, PATH_MAX, "%s/facts", c->supervisor->spool);
	return room;
}

size_t child_files(const struct child *c, int *fds)
{
	if (c->kind != IPC_RESOLVE)
		return files_of(&c->supervisor->files, c->kind, fds);
	fds[0] = c->supervisor->sts_fd;
	return 1;
}

size_t child_listeners(const struct child *c, int *fds)
{
	const struct supervisor *s = c->supervisor;
	const struct sockets *from = c->kind == IPC_RECEIVE ? &s->sockets
				     : c->kind == IPC_WEB   ? &s->web
							    : NULL;

	size_t n = 0;

	for (size_t i = 0; from && i < from->n; i++)
		if (from->listeners[i].fds)
			fds[n++] = from->listeners[i].fds[c->index];
	return n;
}

static int send_start_in(struct child *c, const char *folder)
{
	struct supervisor *s = c->supervisor;
	const struct user *u = &s->users.of[c->kind];
	bool is_queue = c->kind == IPC_QUEUE;
	const char *root = "";
	int fds[IPC_FDS_MAX] = {s->snapshot}, rc = 0;
	size_t n = 1;

	if (s->is_root && folder)
		root = folder;
	else if (s->is_root &&
		 c->kind != IPC_LOOKUP &&   /* which opens its maps again when they change, as */
		 c->kind != IPC_RESOLVE &&  /* this one resolv.conf, */
		 c->kind != IPC_DIAGNOSE && /* this one /proc; and Maildirs are */
		 (c->kind != IPC_MAILBOX || !conf_has_maildirs(&s->conf))) /* anywhere */
		rc = sockets_empty_root(&root);
	if (rc < 0)
		return rc;
	size_t files = child_files(c, fds + n);

	n += files;
	size_t listeners = child_listeners(c, fds + n);

	/* What one who died in a crowd has set (receive/sieve.h). */
	for (size_t i = 0; i < listeners; i++)
		(void)sockets_sift(fds[n + i], (struct span){0});
	n += listeners;
	if (is_queue) {
		fds[n++] = s->control_fd;
		fds[n++] = s->spool_fd;
	}
	if (c->kind == IPC_FACTS)
		fds[n++] = s->facts_control_fd;
	const struct ipc_role_start start = {
		.role = (uint8_t)c->kind,
		.index = c->index,
		.of = s->of[c->kind],
		.uid = u->uid,
		.gid = u->gid,
		.root = span_str(root),
		.spool = folder ? span_str(s->is_root ? "/" : folder) : (struct span){0},
		.listeners = (uint32_t)listeners,
		.control = folder != NULL,
		.lock = is_queue,
		.files = (uint32_t)files,
	};

	return ipc_send(c->channel,
		&(struct ipc_out){.type = IPC_ROLE_START, .body = &start, .fds = fds, .fds_n = n});
}

static int send_start(struct child *c)
{
	char *room = alloc_zero(PATH_MAX);
	int rc = send_start_in(c, own_folder(c, room));

	free(room);
	return rc;
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
	c->is_kept = false;
	task_gate_wake_all(&s->changed);
}

bool child_is_wanted(const struct conf *conf, enum ipc_role kind)
{
	return kind != IPC_WEB || conf->web.listen.n_addresses > 0;
}

int child_begin(struct child *c)
{
	struct task *t = task_spawn("keep", child_keep, c);

	if (!t)
		return -ENOMEM;
	task_detach(t);
	c->is_kept = true;
	c->supervisor->is_over[c->kind] = false;
	c->supervisor->kept++;
	return 0;
}
