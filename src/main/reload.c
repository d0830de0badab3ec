/* SIGHUP: the configuration is read again and reaches all; a broken one leaves the old in force. */
#include "base/alloc.h"
#include "base/log.h"
#include "conf/snapshot.h"
#include "ipc/ipc.h"
#include "main/ready.h"
#include "main/supervisor.h"
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

		if (!c->channel)
			continue;
		for (size_t k = 0; c->kind == IPC_RECEIVE && k < s->sockets.n; k++)
			fds[n++] = s->sockets.listeners[k].fds[c->index];
		rc = ipc_send(c->channel,
			&(struct ipc_out){.type = IPC_ROLE_CONFIG, .fds = fds, .fds_n = n});
		if (rc < 0)
			log_event(
				LOG_WARN, "config_unsent", LOG_STR("role", c->name), LOG_ERRNO(rc));
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

void reload_configuration(struct supervisor *s)
{
	struct arena *arena = alloc_zero(sizeof *arena);
	struct buf why = BUF_INIT(1024);
	struct files files = {.authorities = -1};
	struct sockets sockets;
	struct conf conf;
	int snapshot = -1;

	ready_notify("RELOADING=1");
	int status = parse_configuration(s, s->number + 1, true, &snapshot);
	int rc = status == 0 ? conf_map_memfd(snapshot, arena, &conf) : -1;

	if (status != 0 || rc < 0)
		refuse(arena, snapshot, status != 0 ? "the file is wrong" : log_strerror(rc));
	else if (files_open(&conf, &files, &why) < 0)
		refuse(arena, snapshot, buf_cstr(&why));
	else if (sockets_open(&conf, s->of[IPC_RECEIVE], &s->sockets, &sockets, &why) < 0)
		refuse(arena, snapshot, buf_cstr(&why));
	else {
		files_close(&s->files);
		s->files = files;
		files = (struct files){.authorities = -1};
		sockets_close(&s->sockets); /* those that are not in the new one */
		s->sockets = sockets;
		take_over(s, snapshot, arena, &conf);
		tell_all(s);
		log_event(LOG_INFO, "reloaded", LOG_STR("file", s->file),
			LOG_U64("number", s->number));
	}
	files_close(&files);
	buf_done(&why);
	ready_notify("READY=1");
}
