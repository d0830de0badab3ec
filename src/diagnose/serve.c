#include "diagnose/serve.h"
#include "base/alloc.h"
#include "base/log.h"
#include "diagnose/fetch.h"
#include "diagnose/look.h"
#include "diagnose/tell.h"
#include "ipc/kinds.h"
#include "resolve/link.h"
#include <stdlib.h>

enum { MAIL_SECONDS = 30, LOOKS_MOST = 4, ALARMS_MOST_AT_ONCE = 16, POST_SECONDS = 10 };

struct diagnose {
	struct role *role;
	struct resolve_link resolve;
	struct ipc_channel *queue; /* NULL: away */
	unsigned looks, posts;     /* that run */
};

/* A request that is worked on in a task of its own; texts are copies. */
struct request {
	struct diagnose *diagnose;
	struct arena arena;
	uint32_t number;
	struct ipc_diagnose_look look;
	struct span url, json, to, text;
};

/* l: NULL, there was no room to look. */
static void answer(struct request *r, const struct look *l)
{
	struct ipc_diagnose_looked looked = {.results_n = l ? l->n : 0};

	looked.results = arena_array(&r->arena, looked.results_n + 1, sizeof *looked.results);
	for (size_t i = 0; i < looked.results_n; i++)
		tell_check(&l->results[i], clock_wall_ms(), &looked.results[i]);
	if (r->diagnose->queue)
		(void)ipc_send(r->diagnose->queue, &(struct ipc_out){.type = IPC_DIAGNOSE_LOOKED,
							   .request = r->number,
							   .is_answer = true,
							   .body = &looked});
}

static void look(void *arg)
{
	struct request *r = arg;
	const struct conf *conf = role_conf_get(r->diagnose->role);
	struct look *l = ARENA_NEW(&r->arena, struct look);

	*l = (struct look){.conf = conf,
		.resolve = &resolve_link_ops,
		.resolve_self = &r->diagnose->resolve,
		.arena = &r->arena,
		.deadline = r->look.deadline,
		.checks = r->look.checks,
		.source = r->look.source,
		.site = r->look.site,
		.domain = r->look.domain,
		.proc = "/proc",
		.now = clock_wall_ms() / 1000};
	look_run(l);
	answer(r, l);
	role_conf_put(conf);
	r->diagnose->looks--;
	arena_done(&r->arena);
	free(r);
}

/* Who can't take it now may later: no answer, its own error, or too much for it. */
static bool is_worth_again(int status)
{
	return status < 0 || status >= 500 || status == 408 || status == 429;
}

static void post(void *arg)
{
	static const nanos pauses[] = {5 * NANOS_S, 30 * NANOS_S, 120 * NANOS_S, 0};
	struct request *r = arg;

	for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
		int rc = fetch_post(r->url, POST_SECONDS, r->json);
		bool goes_on = pauses[i] > 0 && is_worth_again(rc);

		if (rc >= 200 && rc <= 299)
			break;
		log_event(LOG_WARN, "webhook_failed", LOG_SPAN("url", r->url),
			LOG_I64("status", rc < 0 ? 0 : rc),
			goes_on ? LOG_I64("again_in", pauses[i] / NANOS_S)
				: LOG_STR("note", "given up"));
		if (!goes_on || task_sleep(clock_after(pauses[i])) < 0)
			break;
	}
	r->diagnose->posts--;
	arena_done(&r->arena);
	free(r);
}

static void answer_mailed(struct request *r, bool is_sent, const char *why)
{
	if (r->diagnose->queue)
		(void)ipc_send(r->diagnose->queue,
			&(struct ipc_out){.type = IPC_DIAGNOSE_MAILED,
				.request = r->number,
				.is_answer = true,
				.body = &(struct ipc_diagnose_mailed){
					.is_sent = is_sent, .why = span_str(why)}});
}

static void mail(void *arg)
{
	struct request *r = arg;
	const struct conf *conf = role_conf_get(r->diagnose->role);
	char why[FETCH_WHY_MAX] = "";
	struct span url =
		arena_printf(&r->arena, "%.*s/%.*s", SPAN_F(r->url), SPAN_F(conf->hostname));
	int rc = fetch_mail(url, MAIL_SECONDS, r->to, r->text, why);

	answer_mailed(r, rc == 0, why);
	role_conf_put(conf);
	r->diagnose->posts--;
	arena_done(&r->arena);
	free(r);
}

static void start(struct request *r, const char *name, task_fn *fn, unsigned *count)
{
	struct task *t = task_spawn(name, fn, r);

	if (t) {
		++*count;
		task_detach(t);
		return;
	}
	arena_done(&r->arena);
	free(r);
}

static void start_mail(struct request *r, const struct ipc_diagnose_mail *m)
{
	if (r->diagnose->posts >= ALARMS_MOST_AT_ONCE) {
		answer_mailed(r, false, "too many at once");
		arena_done(&r->arena);
		free(r);
		return;
	}
	r->url = arena_copy(&r->arena, m->url);
	r->to = arena_copy(&r->arena, m->to);
	r->text = arena_copy(&r->arena, m->text);
	start(r, "mail", mail, &r->diagnose->posts);
}

static void start_post(struct request *r, const struct ipc_diagnose_alarm *a)
{
	if (r->diagnose->posts >= ALARMS_MOST_AT_ONCE) {
		log_event(LOG_WARN, "webhook_failed", LOG_SPAN("url", a->url),
			LOG_STR("note", "too many wait for it"));
		arena_done(&r->arena);
		free(r);
		return;
	}
	r->url = arena_copy(&r->arena, a->url);
	r->json = arena_copy(&r->arena, a->json);
	start(r, "post", post, &r->diagnose->posts);
}

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct diagnose *d = arg;
	struct request *r = alloc_zero(sizeof *r);

	*r = (struct request){.diagnose = d, .number = p->request};
	if (p->type == IPC_DIAGNOSE_LOOK) {
		r->look = *(const struct ipc_diagnose_look *)p->body;
		r->look.source = arena_copy(&r->arena, r->look.source);
		r->look.site = arena_copy(&r->arena, r->look.site);
		r->look.domain = arena_copy(&r->arena, r->look.domain);
		if (d->looks < LOOKS_MOST)
			start(r, "look", look, &d->looks);
		else {
			answer(r, NULL);
			arena_done(&r->arena);
			free(r);
		}
	} else if (p->type == IPC_DIAGNOSE_MAIL) {
		start_mail(r, p->body);
	} else if (p->type == IPC_DIAGNOSE_ALARM) {
		start_post(r, p->body);
	} else {
		arena_done(&r->arena);
		free(r);
	}
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct diagnose *d = arg;
	bool was_newest = d->queue == c;

	ipc_close(c);
	if (!was_newest)
		return;
	d->queue = NULL;
	role_lost_peer(d->role, IPC_QUEUE, 0);
}

static void on_peer(struct role *role, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct diagnose *d = arg;

	if (kind == IPC_RESOLVE) {
		link_take(&d->resolve.link, fd);
		return;
	}
	struct ipc_channel *c;
	int rc = ipc_open(
		fd, role_kind_name(kind), ipc_kinds, ipc_kinds_n, on_packet, on_end, d, &c);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_failed", LOG_ERRNO(rc));
		role_lost_peer(role, kind, index);
		return;
	}
	d->queue = c;
}

int diagnose_serve(struct role *role)
{
	static const struct role_events events = {.peer = on_peer};
	struct diagnose *d = alloc_zero(sizeof *d);

	d->role = role;
	resolve_link_init(&d->resolve, role);
	int rc = role_watch(role, &events, d);

	if (rc < 0) {
		log_event(LOG_ERROR, "role_failed", LOG_ERRNO(rc));
		return 71;
	}
	role_ready(role);
	(void)role_wait_stop(role, CLOCK_NEVER);
	return 0;
}
