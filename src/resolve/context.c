#include "resolve/context.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include <errno.h>
#include <stdlib.h>
#include <unbound.h>
#include <unistd.h>

struct making {
	const struct conf_resolver *conf;
	struct ub_ctx *ub;
	const char *what; /* that failed */
	int error;
};

static bool did(struct making *m, const char *what, int error)
{
	if (error == 0 || m->error != 0)
		return m->error == 0;
	m->what = what;
	m->error = error;
	return false;
}

static void set_file(struct making *m, const char *what, struct span file,
	int (*set)(struct ub_ctx *ub, const char *path))
{
	struct buf path = BUF_INIT(8192);

	(void)buf_printf(&path, "%.*s", SPAN_F(file));
	/* The library looks late, and does not say at what. */
	if (did(m, what, access(buf_cstr(&path), R_OK) == 0 ? 0 : UB_READFILE))
		(void)did(m, what, set(m->ub, buf_cstr(&path)));
	buf_done(&path);
}

static bool is_root(const struct conf_resolver *conf)
{
	return conf->n_servers == 1 && span_equal(conf->servers[0].text, SPAN_LIT("root"));
}

/*
 * Without servers the library begins at the root. Servers that somebody has named know best what
 * names there are: the library answers for some by itself otherwise.
 */
static void set_servers(struct making *m)
{
	char text[256];

	if (is_root(m->conf))
		return;
	(void)did(m, "lan", ub_ctx_set_option(m->ub, "unblock-lan-zones:", "yes"));
	if (m->conf->n_servers == 0)
		set_file(m, "system", m->conf->system, ub_ctx_resolvconf);
	for (size_t i = 0; i < m->conf->n_servers; i++) {
		(void)span_copy(m->conf->servers[i].text, text, sizeof text);
		(void)did(m, "servers", ub_ctx_set_fwd(m->ub, text));
	}
}

static void set_options(struct making *m)
{
	/*
	 * What a server's failure leaves behind is forgotten soon: it may be back. Questions to a
	 * silent one must not keep the ports from the others.
	 */
	static const char *const options[][2] = {{"do-not-query-localhost:", "no"},
		{"infra-host-ttl:", "2"}, {"infra-keep-probing:", "yes"}, {"val-bogus-ttl:", "5"},
		{"cache-max-negative-ttl:", "900"}, {"outgoing-range:", "1024"},
		{"num-queries-per-thread:", "1024"}, {"outgoing-num-tcp:", "32"},
		{"msg-cache-size:", "8m"}, {"rrset-cache-size:", "16m"},
		{"unwanted-reply-threshold:", "100000"}};

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		(void)did(m, options[i][0], ub_ctx_set_option(m->ub, options[i][0], options[i][1]));
}

/* The last of what is set up: after it the library takes no further options. */
static void give_up_zones(struct making *m)
{
	static const char *const own[] = {"test.", "127.in-addr.arpa."};

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		(void)did(m, own[i], ub_ctx_zone_remove(m->ub, own[i]));
}

static void ignore(void *arg, int error, struct ub_result *result)
{
	ub_resolve_free(result);
}

/*
 * Here and not in a task: the library reads its files at the first question, and starts its thread
 * (with all signals blocked, as here) at the first one of that kind. Nobody is asked for that name.
 */
static void start(struct making *m)
{
	struct ub_result *result = NULL;

	(void)did(m, "threads", ub_ctx_async(m->ub, 1));
	if (!is_root(m->conf))
		give_up_zones(m);
	(void)did(m, "start", ub_resolve(m->ub, "localhost", 1, 1, &result));
	if (result)
		ub_resolve_free(result);
	if (did(m, "thread", ub_resolve_async(m->ub, "localhost", 1, 1, NULL, ignore, NULL)))
		(void)did(m, "thread", ub_wait(m->ub));
}

static void make(void *arg)
{
	struct making *m = arg;

	m->ub = ub_ctx_create();
	if (!did(m, "context", m->ub ? 0 : UB_NOMEM))
		return;
	(void)ub_ctx_debugout(m->ub, NULL); /* its own words are in nobody's format */
	set_options(m);
	set_servers(m);
	if (m->conf->dnssec)
		set_file(m, "anchor", m->conf->anchor, ub_ctx_add_ta_file);
	if (m->error == 0)
		start(m);
}

static void end(void *arg)
{
	ub_ctx_delete(arg);
}

static void read_answers(void *arg)
{
	struct context *c = arg;

	while (!c->is_over && task_fd_wait_read(c->fd, CLOCK_NEVER) == 0)
		if (!c->is_over)
			(void)ub_process(c->ub);
	(void)task_offload(end, c->ub);
	free(c);
}

/* The library's descriptor is its own: the scheduler gets a copy, which it may close. */
static int begin(struct context *c)
{
	int fd = dup(ub_fd(c->ub));
	int rc = fd < 0 ? -errno : task_fd_open(fd, &c->fd);
	struct task *t = rc == 0 ? task_spawn("answers", read_answers, c) : NULL;

	if (t) {
		task_detach(t);
		return 0;
	}
	if (rc == 0)
		task_fd_close(c->fd);
	else if (fd >= 0)
		close(fd);
	return rc < 0 ? rc : -ENOMEM;
}

int context_new(const struct conf_resolver *conf, struct context **ret)
{
	struct making m = {.conf = conf};
	int rc = task_offload(make, &m);

	if (rc == 0 && m.error != 0) {
		log_event(LOG_ERROR, "resolver_failed", LOG_STR("part", m.what),
			LOG_STR("reason", ub_strerror(m.error)));
		rc = -EINVAL;
	}
	struct context *c = alloc_zero(sizeof *c);

	c->ub = m.ub;
	if (rc == 0)
		rc = begin(c);
	if (rc == 0) {
		*ret = c;
		return 0;
	}
	if (m.ub)
		(void)task_offload(end, m.ub);
	free(c);
	return rc;
}

/* The task that reads finds it closed. */
static void finish(struct context *c)
{
	c->is_over = true;
	task_fd_close(c->fd);
}

void context_retire(struct context *c)
{
	c->is_old = true;
	if (c->questions == 0)
		finish(c);
}

void context_leave(struct context *c)
{
	c->questions--;
	if (c->is_old && c->questions == 0)
		finish(c);
}
