#include "resolve/setup.h"
#include "base/buf.h"
#include "base/log.h"
#include "task/task.h"
#include <errno.h>
#include <unbound.h>
#include <unistd.h>

struct making {
	const struct conf_resolver *conf;
	struct ub_event_base *base;
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

static void ignore(
	void *arg, int rcode, void *packet, int len, int security, char *why, int limited)
{
}

/* Here and not in a task: the library reads its files at the first question. Nobody is asked for that name. */
static void start(struct making *m)
{
	if (!is_root(m->conf))
		give_up_zones(m);
	(void)did(m, "start", ub_resolve_event(m->ub, "localhost", 1, 1, NULL, ignore, NULL));
}

static void make(void *arg)
{
	struct making *m = arg;

	m->ub = ub_ctx_create_ub_event(m->base);
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

void setup_end(struct ub_ctx *ub)
{
	if (task_offload(end, ub) < 0)
		end(ub);
}

int setup_make(const struct conf_resolver *conf, struct ub_event_base *base, struct ub_ctx **ret)
{
	struct making m = {.conf = conf, .base = base};
	int rc = task_offload(make, &m);

	if (rc == 0 && m.error != 0) {
		log_event(LOG_ERROR, "resolver_failed", LOG_STR("part", m.what),
			LOG_STR("reason", ub_strerror(m.error)));
		rc = -EINVAL;
	}
	if (rc == 0)
		*ret = m.ub;
	else if (m.ub)
		setup_end(m.ub);
	return rc;
}
