#include "main/supervisor.h"
#include "base/alloc.h"
#include "base/log.h"
#include "conf/snapshot.h"
#include "ipc/role.h"
#include "main/ready.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* ---- signals ---- */

static void on_signal(struct supervisor *s, uint32_t signal)
{
	switch (signal) {
	case SIGCHLD:
		child_reap(s);
		break;
	case SIGHUP:
		s->wants_reload = true;
		break;
	default:
		/* timeout(1) and others signal the process and its group at once: that is one wish. */
		if (s->is_stopping && clock_now() - s->stopped_at < NANOS_S)
			break;
		s->hurries = s->is_stopping;
		s->is_stopping = true;
		s->stopped_at = clock_now();
		log_event(LOG_INFO, s->hurries ? "hurrying" : "stopping",
			LOG_STR("signal", sigabbrev_np((int)signal)));
		if (!s->hurries)
			ready_notify("STOPPING=1");
	}
	task_gate_wake_all(&s->changed);
}

struct signals {
	struct supervisor *supervisor;
	struct task_fd *fd;
};

static void watch_signals(void *arg)
{
	struct signals *w = arg;
	struct signalfd_siginfo info;

	while (task_fd_read(w->fd, &info, sizeof info, CLOCK_NEVER) == (ssize_t)sizeof info)
		on_signal(w->supervisor, info.ssi_signo);
}

/* ---- start ---- */

static int complain(int status, const char *what, const char *why)
{
	dprintf(2, "abide: %s: %s\n", what, why);
	return status;
}

static int exit_status(int rc)
{
	return rc == -EACCES || rc == -EPERM ? 77 : rc == -EADDRINUSE || rc == -EBUSY ? 69 : 71;
}

/* 0 or the exit status. */
static int read_first_conf(struct supervisor *s)
{
	int status = parse_configuration(s, 1, false, &s->snapshot);

	if (status != 0)
		return status;
	s->number = 1;
	s->conf_arena = alloc_zero(sizeof *s->conf_arena);
	int rc = conf_map_memfd(s->snapshot, s->conf_arena, &s->conf);

	if (rc < 0)
		return complain(71, "the configuration's snapshot", log_strerror(rc));
	log_init("", s->conf.log == CONF_LOG_JSON, s->conf.log_level);
	return 0;
}

static int resolve_users(struct supervisor *s)
{
	int rc = users_resolve(s->conf.user, &s->users);

	if (rc == 0)
		return 0;
	dprintf(2, "%s: user = \"%.*s\": %s\n", s->file, SPAN_F(s->conf.user),
		rc == -ENOENT ? "there is no such user; make it (useradd --system --no-create-home "
				"--shell /usr/sbin/nologin NAME) or name another"
			      : "mail must not be handled by root; name another user");
	return 67;
}

static int open_facts(struct supervisor *s, struct buf *why)
{
	const struct user *u = &s->users.of[IPC_FACTS];
	int rc = sockets_open_folder(s->spool_fd, "facts", u->uid, u->gid, &s->facts_fd, why);

	return rc < 0 ? rc
		      : sockets_open_control(s->facts_fd, u->uid, u->gid, &s->facts_control_fd);
}

static int open_sts(struct supervisor *s, struct buf *why)
{
	const struct user *u = &s->users.of[IPC_RESOLVE];

	return sockets_open_folder(s->spool_fd, "sts", u->uid, u->gid, &s->sts_fd, why);
}

static int open_files(struct supervisor *s)
{
	struct buf why = BUF_INIT(8192);
	int rc = files_open(&s->conf, &s->files, &why);

	if (rc < 0)
		dprintf(2, "%s\n", buf_cstr(&why));
	buf_done(&why);
	return rc < 0 ? 78 : 0;
}

static int open_sockets(struct supervisor *s)
{
	char *dir = alloc_copy(s->conf.spool.at, s->conf.spool.len);
	const struct user *u = &s->users.of[IPC_QUEUE];
	struct buf why = BUF_INIT(1024);
	struct sockets none = {0};
	const char *what = "";
	int rc = sockets_open_spool(
		dir, u->uid, u->gid, clock_after(5 * NANOS_S), &s->spool_fd, &s->spool, &why);

	if (rc < 0)
		(void)(what = dir);
	else if ((rc = sockets_open_control(s->spool_fd, u->uid, u->gid, &s->control_fd)) < 0)
		what = "the control socket in the spool";
	else if ((rc = open_facts(s, &why)) < 0)
		what = "the folder facts in the spool";
	else if ((rc = open_sts(s, &why)) < 0)
		what = "the folder sts in the spool";
	else if ((rc = sockets_open(&s->conf, s->of[IPC_RECEIVE], &none, &s->sockets, &why)) < 0)
		what = s->file;
	else if ((rc = sockets_open_web(&s->conf, &none, &s->web, &why)) < 0)
		what = s->file;
	if (rc < 0)
		(void)complain(0, what, why.len > 0 ? buf_cstr(&why) : log_strerror(rc));
	buf_done(&why);
	alloc_free(&dir);
	return rc < 0 ? exit_status(rc) : 0;
}

/* spared: processors that others need. */
static uint32_t one_a_core(uint32_t wanted, int spared)
{
	cpu_set_t cores;

	if (wanted > 0)
		return wanted;
	int n = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) - spared : 1;

	return n < 1                                ? 1
	       : n > (int)SUPERVISOR_PROCESSES_MOST ? SUPERVISOR_PROCESSES_MOST
						    : (uint32_t)n;
}

/* In this order they are started; each waits by itself for those it needs. */
static void make_children(struct supervisor *s)
{
	static const enum ipc_role order[] = {IPC_QUEUE, IPC_FACTS, IPC_RESOLVE, IPC_LOOKUP,
		IPC_KEYS, IPC_MAILBOX, IPC_DIAGNOSE, IPC_WEB, IPC_DELIVER, IPC_RECEIVE};
	size_t n = 0;

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		s->children_n += s->of[order[i]];
	s->children = alloc_array(s->children_n, sizeof *s->children);
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		for (uint32_t k = 0; k < s->of[order[i]]; k++) {
			struct child *c = &s->children[n++];

			*c = (struct child){.supervisor = s, .kind = order[i], .index = k};
			(void)snprintf(
				c->name, sizeof c->name, "%s/%u", role_kind_name(c->kind), k);
		}
	wires_init(s);
}

static int start_children(struct supervisor *s)
{
	for (size_t i = 0; i < s->children_n; i++)
		if (child_is_wanted(&s->conf, s->children[i].kind) &&
			child_begin(&s->children[i]) < 0)
			return complain(71, "starting processes", log_strerror(-ENOMEM));
	return 0;
}

/* ---- life ---- */

static void say_ready(struct supervisor *s)
{
	for (size_t i = 0; i < s->children_n; i++)
		if (!s->children[i].is_ready && child_is_wanted(&s->conf, s->children[i].kind))
			return;
	s->is_ready = true;
	for (size_t i = 0; i < s->sockets.n; i++)
		log_event(LOG_INFO, "listening", LOG_STR("address", s->sockets.listeners[i].text));
	for (size_t i = 0; i < s->web.n; i++)
		log_event(LOG_INFO, "listening", LOG_STR("address", s->web.listeners[i].text),
			LOG_STR("protocol", "http"));
	log_event(LOG_INFO, "ready", LOG_STR("file", s->file),
		LOG_SPAN("hostname", s->conf.hostname), LOG_STR("spool", s->spool),
		LOG_U64("processes", s->kept));
	ready_notify("READY=1");
}

static void look_after(struct supervisor *s)
{
	while (!s->is_stopping) {
		if (!s->is_ready)
			say_ready(s);
		if (s->wants_reload) {
			s->wants_reload = false;
			reload_configuration(s);
			continue;
		}
		(void)task_gate_wait(&s->changed, CLOCK_NEVER);
	}
}

/* ---- end ---- */

static bool is_running(const struct supervisor *s, enum ipc_role kind)
{
	for (size_t i = 0; i < s->children_n; i++)
		if (s->children[i].kind == kind && s->children[i].pid > 0)
			return true;
	return false;
}

static void kill_kind(struct supervisor *s, enum ipc_role kind)
{
	for (size_t i = 0; i < s->children_n; i++) {
		struct child *c = &s->children[i];

		if (c->kind != kind || c->pid <= 0)
			continue;
		log_event(LOG_WARN, "role_killed", LOG_STR("role", c->name), LOG_I64("pid", c->pid),
			LOG_STR("reason", s->hurries ? "told to hurry" : "did not end in time"));
		(void)kill(c->pid, SIGKILL);
	}
}

void supervisor_stop(struct supervisor *s, enum ipc_role kind, nanos most)
{
	nanos deadline = clock_after(most), soon = clock_after(NANOS_S);

	s->is_over[kind] = true;
	for (size_t i = 0; i < s->children_n; i++)
		if (s->children[i].kind == kind && s->children[i].channel)
			(void)ipc_send(
				s->children[i].channel, &(struct ipc_out){.type = IPC_ROLE_STOP});
	task_gate_wake_all(&s->changed);
	while (is_running(s, kind)) {
		bool was_hurrying = s->hurries;
		nanos until = s->hurries && soon < deadline ? soon : deadline;

		(void)task_gate_wait(&s->changed, until);
		if (s->hurries && !was_hurrying)
			soon = clock_after(NANOS_S);
		else if (until != CLOCK_NEVER && clock_now() >= until) {
			kill_kind(s, kind);
			deadline = CLOCK_NEVER;
			soon = CLOCK_NEVER;
		}
	}
}

/* What takes mail in first, what keeps it last: outcomes still find their way to the spool. */
static void stop_all(struct supervisor *s)
{
	sockets_close(
		&s->sockets); /* else the kernel would go on taking clients that nobody serves */
	sockets_close(&s->web);
	supervisor_stop(s, IPC_WEB, 5 * NANOS_S);
	supervisor_stop(s, IPC_RECEIVE, 7 * NANOS_S);
	supervisor_stop(s, IPC_DELIVER, 62 * NANOS_S);
	supervisor_stop(s, IPC_QUEUE, 60 * NANOS_S);
	supervisor_stop(s, IPC_DIAGNOSE, 5 * NANOS_S);
	supervisor_stop(s, IPC_FACTS, 5 * NANOS_S);
	supervisor_stop(s, IPC_RESOLVE, 5 * NANOS_S);
	supervisor_stop(s, IPC_LOOKUP, 5 * NANOS_S);
	supervisor_stop(s, IPC_KEYS, 5 * NANOS_S);
	supervisor_stop(s, IPC_MAILBOX, 12 * NANOS_S);
	while (s->kept > 0)
		(void)task_gate_wait(&s->changed, CLOCK_NEVER);
	log_event(LOG_INFO, "stopped");
}

static int run(struct supervisor *s)
{
	int status = read_first_conf(s);

	if (status == 0)
		status = resolve_users(s);
	if (status != 0 || s->is_stopping)
		return status;
	s->of[IPC_RESOLVE] = s->of[IPC_DIAGNOSE] = 1;
	s->of[IPC_QUEUE] = s->of[IPC_FACTS] = s->of[IPC_LOOKUP] = s->of[IPC_KEYS] = 1;
	s->of[IPC_MAILBOX] = s->of[IPC_WEB] = 1;
	s->of[IPC_RECEIVE] = one_a_core(s->conf.processes.receive, 1);
	s->of[IPC_DELIVER] = one_a_core(s->conf.processes.deliver, 0);
	status = open_files(s);
	if (status == 0)
		status = open_sockets(s);
	if (status != 0)
		return status;
	make_children(s);
	status = start_children(s);
	look_after(s);
	stop_all(s);
	return status;
}

static void done(struct supervisor *s)
{
	sockets_close(&s->sockets);
	sockets_close(&s->web);
	files_close(&s->files);
	fd_close(&s->control_fd);
	fd_close(&s->facts_control_fd);
	fd_close(&s->facts_fd);
	fd_close(&s->sts_fd);
	fd_close(&s->spool_fd);
	fd_close(&s->snapshot);
	fd_close(&s->exe);
	if (s->conf_arena)
		arena_done(s->conf_arena);
	free(s->conf_arena);
	free(s->spool);
	free(s->children);
	free(s->wires);
}

struct work {
	struct supervisor supervisor;
	int signals; /* signalfd */
	int status;
};

static void first_task(void *arg)
{
	struct work *w = arg;
	struct signals signals = {.supervisor = &w->supervisor};
	int rc = task_fd_open(w->signals, &signals.fd);
	struct task *t = rc == 0 ? task_spawn("signals", watch_signals, &signals) : NULL;

	if (!t) {
		w->status = complain(71, "starting", log_strerror(rc < 0 ? rc : -ENOMEM));
		return;
	}
	w->status = run(&w->supervisor);
	task_cancel(t);
	(void)task_join(t, CLOCK_NEVER);
	task_fd_close(signals.fd);
}

int supervise(const char *file)
{
	static const int watched[] = {SIGCHLD, SIGHUP, SIGINT, SIGTERM};
	struct work *w = alloc_zero(sizeof *w);
	struct supervisor *s = &w->supervisor;
	sigset_t signals;

	s->file = file;
	s->is_root = geteuid() == 0;
	s->spool_fd = s->control_fd = s->snapshot = s->files.authorities = -1;
	s->facts_fd = s->facts_control_fd = s->sts_fd = -1;
	s->parser.supervisor = s;
	task_gate_init(&s->changed);
	log_init("", false, LOG_INFO);
	(void)sigemptyset(&signals);
	for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
		(void)sigaddset(&signals, watched[i]);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL); /* before there is any thread */
	w->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	s->exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int rc = w->signals < 0 || s->exe < 0 ? -errno : task_run(NULL, first_task, w);
	int status = rc < 0 ? complain(71, "starting", log_strerror(rc)) : w->status;

	done(s);
	free(w);
	return status;
}
