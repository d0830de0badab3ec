#include "queue/show.h"
#include "ipc/kinds.h"
#include "ipc/messages/web.h"
#include "queue/control.h"
#include "queue/control_sites.h"
#include "queue/diagnosing_in.h"
#include "diagnose/tell.h"
#include <errno.h>
#include <stdlib.h>

#define STEP          50U   /* messages looked at before others may go on */
#define LOOKED_AT     2000U /* of them in all */
#define RECIPIENTS_OF 50U   /* of a message, in a list */

/* ---- why mail waits ---- */

struct counting {
	const struct show *show;
	struct ipc_web_cause *causes;
	size_t n, most;
	uint64_t messages;
};

static struct ipc_web_cause *cause_of(struct counting *c, struct span cause)
{
	for (size_t i = 0; i < c->n; i++)
		if (span_equal(c->causes[i].cause, cause))
			return &c->causes[i];
	if (c->n == c->most)
		return NULL;
	c->causes[c->n].cause = show_text(c->show, cause);
	return &c->causes[c->n++];
}

static bool count_message(const struct ipc_control_message *m, size_t matching, void *arg)
{
	struct counting *c = arg;

	c->messages++;
	for (size_t i = 0; i < m->recipients_n; i++) {
		const struct ipc_control_recipient *r = &m->recipients[i];
		struct ipc_web_cause *w = cause_of(c, r->cause);

		if (!w)
			continue;
		if (w->recipients++ == 0 || m->arrived_wall_ms < w->oldest_wall_ms)
			w->oldest_wall_ms = m->arrived_wall_ms;
		if (r->next_try_wall_ms > 0 &&
			(w->next_try_wall_ms == 0 || r->next_try_wall_ms < w->next_try_wall_ms))
			w->next_try_wall_ms = r->next_try_wall_ms;
	}
	return true;
}

/* Those of most first; what was not tried yet comes last. */
static int compare_causes(const void *left, const void *right)
{
	const struct ipc_web_cause *a = left, *b = right;

	if ((a->cause.len == 0) != (b->cause.len == 0))
		return a->cause.len == 0 ? 1 : -1;
	return a->recipients == b->recipients  ? span_compare(a->cause, b->cause)
	       : a->recipients < b->recipients ? 1
					       : -1;
}

static void count_causes(struct control *c, const struct show *show, struct ipc_web_seen *ret)
{
	struct counting counting = {.show = show, .most = REPLY_CAUSES + 1U};
	struct ipc_control_list list = {0};
	struct ipc_control_end end;
	struct select_source from = control_select(c);
	int rc;

	counting.causes = arena_array(show->arena, counting.most, sizeof *counting.causes);
	do {
		end = (struct ipc_control_end){0};
		rc = select_step(&from, &list, STEP, count_message, &counting, &end);
		list.after = end.next;
		(void)task_yield();
	} while (rc == 0 && end.more && counting.messages < LOOKED_AT);
	qsort(counting.causes, counting.n, sizeof *counting.causes, compare_causes);
	ret->causes = counting.causes;
	ret->causes_n = counting.n;
	ret->looked_at = counting.messages;
}

/* ---- sites ---- */

/* What has trouble is shown first, where not all can be. */
static unsigned weight_of(const struct site *s)
{
	return s->flow.state != FLOW_FLOWING                     ? 3
	       : s->is_binding                                   ? 2
	       : s->last_cause != 0 && !list_is_empty(&s->lanes) ? 1
								 : 0;
}

static void note_site(const struct ipc_control_site *site, void *arg)
{
	struct ipc_web_seen *seen = ((void **)arg)[0];
	const struct show *show = ((void **)arg)[1];

	show_site(show, site, &seen->sites[seen->sites_n++]);
}

/* Their names are copied first: sites come and go while others run. */
static size_t choose_sites(const struct queue *q, struct arena *arena, struct span *names)
{
	struct span key;
	void *value;
	size_t n = 0;

	for (unsigned weight = 4; weight-- > 0;)
		for (size_t i = 0;
			n < IPC_WEB_SITES_MOST && table_next(&q->sites, &i, &key, &value);)
			if (weight_of(value) == weight)
				names[n++] = arena_copy(arena, key);
	return n;
}

static void tell_sites(struct queue *q, const struct show *show, struct ipc_web_seen *seen)
{
	struct span *names = arena_array(show->arena, IPC_WEB_SITES_MOST, sizeof *names);
	size_t n = choose_sites(q, show->arena, names);
	void *both[] = {seen, (void *)(uintptr_t)show};

	seen->sites = arena_array(show->arena, IPC_WEB_SITES_MOST, sizeof *seen->sites);
	seen->sites_all = q->sites.n;
	for (size_t i = 0; i < n; i++) {
		(void)control_site(q, names[i], note_site, both);
		(void)task_yield();
	}
}

/* ---- whose side it is on ---- */

static void tell_alarms(const struct queue *q, const struct show *show, struct ipc_web_seen *seen)
{
	const struct alarms *alarms = &q->diagnosing->alarms;

	seen->alarms = arena_array(show->arena, ALARMS_MOST, sizeof *seen->alarms);
	for (size_t i = 0; i < ALARMS_MOST; i++) {
		const struct alarm *a = &alarms->all[i];

		if (a->key == 0 || a->gone_at > 0)
			continue;
		seen->alarms[seen->alarms_n++] = (struct ipc_web_alarm){.whose = (uint8_t)a->whose,
			.scope = (uint8_t)a->scope,
			.family = (uint8_t)a->family,
			.cause = a->cause == REPLY_NONE ? (struct span){0}
							: span_str(reply_cause_text(a->cause)),
			.who = show_text(show, span_str(a->who)),
			.since = a->since,
			.told_at = a->told_at};
	}
}

static void tell_diagnosis(struct queue *q, const struct show *show, struct ipc_web_seen *seen)
{
	struct verdicts *v = ARENA_NEW(show->arena, struct verdicts);
	struct check_result *checks =
		arena_array(show->arena, DIAGNOSING_CHECKS_MOST, sizeof *checks);
	int64_t at[DIAGNOSING_CHECKS_MOST];

	queue_diagnosing_find(q, (struct span){0}, checks, 0, show->arena, v);
	seen->verdicts = arena_array(show->arena, v->n + 1, sizeof *seen->verdicts);
	for (; seen->verdicts_n < v->n; seen->verdicts_n++) {
		struct ipc_control_verdict m;

		tell_verdict(&v->all[seen->verdicts_n], show->arena, &m);
		show_verdict(show, &m, &seen->verdicts[seen->verdicts_n]);
	}
	size_t n = queue_diagnosing_checks(q, checks, at, DIAGNOSING_CHECKS_MOST);

	seen->checks = arena_array(show->arena, n + 1, sizeof *seen->checks);
	for (; seen->checks_n < n; seen->checks_n++) {
		struct ipc_control_check m;

		tell_check(&checks[seen->checks_n], at[seen->checks_n] * 1000, &m);
		show_check(show, &m, &seen->checks[seen->checks_n]);
	}
	tell_alarms(q, show, seen);
}

/* ---- figures ---- */

static void tell_figures(const struct queue *q, struct ipc_web_seen *seen)
{
	struct spool_figures f = spool_figures(q->spool);

	*seen = (struct ipc_web_seen){
		.started_wall_ms = clock_wall_ms() - (clock_now() - q->started) / NANOS_MS,
		.messages = f.messages,
		.recipients = f.recipients,
		.accepted_messages = f.accepted_messages,
		.accepted_recipients = f.accepted_recipients,
		.delivered = f.delivered,
		.relayed = f.relayed,
		.expanded = f.expanded,
		.bounced = f.bounced,
		.silent = f.silent,
		.dropped = f.dropped,
		.set_aside = f.set_aside,
		.running = q->jobs.n,
		.connections = q->slots_n,
		.is_handing_out = q->handing_out,
		.commit_ms = (uint32_t)(f.last_commit / NANOS_MS),
	};
	for (size_t i = 0; i < QUEUE_DELIVER_MOST; i++) {
		seen->roles.receive += q->receive[i] != NULL;
		seen->roles.deliver += q->deliver[i] != NULL;
	}
	seen->has_room_figures = queue_room_measure(q, &seen->room);
}

/* ---- requests ---- */

static void answer(
	struct ipc_channel *c, const struct ipc_packet *p, uint16_t type, const void *body)
{
	/* What can't be sent means that web is gone. */
	(void)ipc_send(
		c, &(struct ipc_out){
			   .type = type, .request = p->request, .is_answer = true, .body = body});
}

static struct show show_of(const struct queue *q, struct arena *arena)
{
	return (struct show){
		.arena = arena, .is_full = role_conf_now(q->role)->web.shows_addresses != 0};
}

static void on_look(struct queue *q, struct ipc_channel *c, const struct ipc_packet *p)
{
	struct control control = {.queue = q};
	struct arena arena = {0};
	struct show show = show_of(q, &arena);
	struct ipc_web_seen *seen = ARENA_NEW(&arena, struct ipc_web_seen);

	tell_figures(q, seen);
	count_causes(&control, &show, seen);
	tell_sites(q, &show, seen);
	if (q->diagnosing)
		tell_diagnosis(q, &show, seen);
	answer(c, p, IPC_WEB_SEEN, seen);
	arena_done(&arena);
}

struct listing {
	const struct show *show;
	struct ipc_web_messages *to;
};

static bool list_message(const struct ipc_control_message *m, size_t matching, void *arg)
{
	struct listing *l = arg;
	struct ipc_control_message cut = *m;

	if (cut.recipients_n > RECIPIENTS_OF)
		cut.recipients_n = RECIPIENTS_OF;
	show_message(l->show, &cut, &l->to->messages[l->to->messages_n++]);
	return l->to->messages_n < IPC_WEB_MESSAGES_MOST;
}

/* Nothing can be asked about a person: that would tell who writes to whom, one guess after another. */
static void on_list(struct queue *q, struct ipc_channel *c, const struct ipc_packet *p)
{
	const struct ipc_control_list *asked = p->body;
	struct ipc_control_list list = {
		.site = asked->site, .cause = asked->cause, .after = asked->after};
	struct control control = {.queue = q};
	struct arena arena = {0};
	struct show show = show_of(q, &arena);
	struct ipc_web_messages messages = {0};
	struct listing listing = {&show, &messages};
	struct select_source from = control_select(&control);
	struct ipc_control_end end = {0};

	messages.messages = arena_array(&arena, IPC_WEB_MESSAGES_MOST, sizeof *messages.messages);
	size_t most = asked->most > 0 && asked->most < IPC_WEB_MESSAGES_MOST
			      ? asked->most
			      : IPC_WEB_MESSAGES_MOST;

	messages.error = select_step(&from, &list, most, list_message, &listing, &end);
	messages.more = end.more;
	messages.next = end.next;
	answer(c, p, IPC_WEB_MESSAGES, &messages);
	arena_done(&arena);
}

/* Whatever else it says is not for it to ask. */
static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct queue *q = arg;

	bool is_known = p->type == IPC_WEB_LOOK || p->type == IPC_WEB_LIST;

	if (!is_known)
		ipc_break(c);
	if (!is_known || q->stopping)
		return;
	/* Whoever has just got his 250 finds his mail in the queue. */
	(void)spool_catch_up(q->spool);
	if (p->type == IPC_WEB_LOOK)
		on_look(q, c, p);
	else
		on_list(q, c, p);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct queue *q = arg;

	log_event(LOG_DEBUG, "peer_gone", LOG_STR("peer", ipc_name(c)), LOG_STR("reason", why));
	ipc_close(c);
	if (q->web != c)
		return;
	q->web = NULL;
	if (!q->stopping)
		role_lost_peer(q->role, IPC_WEB, 0);
}

void queue_show_peer(struct queue *q, int fd)
{
	struct ipc_channel *c = NULL;
	int rc = ipc_open(fd, "web", ipc_kinds, ipc_kinds_n, on_packet, on_end, q, &c);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_refused", LOG_STR("peer", "web"), LOG_ERRNO(rc));
		role_lost_peer(q->role, IPC_WEB, 0);
		return;
	}
	q->web = c;
}
