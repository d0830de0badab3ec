/* SIGHUP: the configuration is read again and reaches all; a broken one leaves the old in force. */
#include "base/alloc.h"
#include "base/log.h"
#include "conf/snapshot.h"
#include "ipc/ipc.h"
#include "main/ready.h"
#include "main/supervisor.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void warn_kept(const char *key)
{
	log_event(LOG_WARN, "needs_restart", LOG_STR("key", key),
		LOG_STR("note",
			"this key is read at the start only; the old value stays in force"));
}

/* Roles see the whole snapshot, but these were used by the supervisor when it started. */
static void compare(const struct conf *old, const struct conf *new)
{
	if (!span_equal(old->spool, new->spool))
		warn_kept("spool");
	if (!span_equal(old->user, new->user))
		warn_kept("user");
	if (old->processes.receive != new->processes.receive ||
		old->processes.deliver != new->processes.deliver)
		warn_kept("processes");
}

static void tell_all(struct supervisor *s)
{
	for (size_t i = 0; i < s->children_n; i++) {
		struct child *c = &s->children[i];
		int fds[IPC_FDS_MAX] = {s->snapshot}, rc;
		size_t n = 1 + child_files(c, fds + 1);

		n += child_listeners(c, fds + n);

		if (!c->channel)
			continue;
		rc = ipc_send(c->channel,
			&(struct ipc_out){.type = IPC_ROLE_CONFIG, .fds = fds, .fds_n = n});
		if (rc < 0)
			log_event(
				LOG_WARN, "config_unsent", LOG_STR("role", c->name), LOG_ERRNO(rc));
	}
}

/* A kind of process that the new configuration has no use for ends; one that it asks for begins. */
static void start_and_stop(struct supervisor *s)
{
	for (size_t i = 0; i < s->children_n; i++) {
		struct child *c = &s->children[i];
		bool is_wanted = child_is_wanted(&s->conf, c->kind);

		if (!is_wanted && c->is_kept)
			supervisor_stop(s, c->kind, 5 * NANOS_S);
		while (!is_wanted && c->is_kept)
			(void)task_gate_wait(&s->changed, CLOCK_NEVER);
		if (is_wanted && !c->is_kept && child_begin(c) < 0)
			log_event(LOG_ERROR, "role_failed", LOG_STR("role", c->name),
				LOG_ERRNO(-ENOMEM));
	}
}

static void take_over(
	struct supervisor *s, int snapshot, struct arena *arena, const struct conf *conf)
{
	struct arena *old = s->conf_arena;

	compare(&s->conf, conf);
	s->conf_arena = arena;
	s->conf = *conf;
	s->number = conf->number;
	arena_done(old);
	free(old);
	close(s->snapshot);
	s->snapshot = snapshot;
	log_init("", conf->log == CONF_LOG_JSON, conf->log_level);
}

static void refuse(struct arena *arena, int snapshot, const char *why)
{
	log_event(LOG_ERROR, "config_refused", LOG_STR("error", why),
		LOG_STR("note", "the old configuration stays in force"));
	arena_done(arena);
	free(arena);
	close(snapshot);
}

/* All that may be missing is opened before anything of the old is given up. */
static int open_new(struct supervisor *s, const struct conf *conf, struct files *ret_files,
	struct sockets *ret_sockets, struct buf *why)
{
	struct sockets web;
	int rc = files_open(conf, ret_files, why);

	if (rc == 0)
		rc = sockets_open_web(conf, &s->web, &web, why);
	if (rc < 0)
		return rc;
	rc = sockets_open(conf, s->of[IPC_RECEIVE], &s->sockets, ret_sockets, why);
	if (rc < 0) {
		sockets_close(&web);
		return rc;
	}
	sockets_keep(&web, &s->web);
	sockets_close(&s->web);
	s->web = web;
	return 0;
}

void reload_configuration(struct supervisor *s)
{
	struct arena *arena = alloc_zero(sizeof *arena);
	struct buf why = BUF_INIT(1024);
	struct files files = {.authorities = -1};
	struct sockets sockets;
	struct conf *conf = ARENA_NEW(arena, struct conf);
	int snapshot = -1;

	ready_notify("RELOADING=1");
	int status = parse_configuration(s, s->number + 1, true, &snapshot);
	int rc = status == 0 ? conf_map_memfd(snapshot, arena, conf) : -1;

	if (status != 0 || rc < 0)
		refuse(arena, snapshot, status != 0 ? "the file is wrong" : log_strerror(rc));
	else if (open_new(s, conf, &files, &sockets, &why) < 0)
		refuse(arena, snapshot, buf_cstr(&why));
	else {
		files_close(&s->files);
		s->files = files;
		files = (struct files){.authorities = -1};
		sockets_close(&s->sockets); /* those that are not in the new one */
		s->sockets = sockets;
		take_over(s, snapshot, arena, conf);
		tell_all(s);
		start_and_stop(s);
		log_event(LOG_INFO, "reloaded", LOG_STR("file", s->file),
			LOG_U64("number", s->number));
	}
	files_close(&files);
	buf_done(&why);
	ready_notify("READY=1");
}
