#include "base/alloc.h"
#include "diagnose/alarm_json.h"
#include "ipc/messages/diagnose.h"
#include "queue/diagnosing_in.h"
#include "queue/person.h"
#include <stdlib.h>

#define MAIL_PATIENCE   (40 * NANOS_S)
#define SETTLE_PATIENCE (60 * NANOS_S) /* the judge has its checks run: up to 40 s */
#define LINK_PATIENCE   (10 * NANOS_S)
enum { TELLINGS_MOST = 64 };

struct telling {
	struct diagnosing *diagnosing;
	struct arena arena;
	struct person person;
};

/* ---- the ways ---- */

static struct span site_json(struct telling *t, const struct conf *conf)
{
	const struct person *p = &t->person;
	struct buf json = BUF_INIT(32768);

	(void)alarm_json_site(&(struct alarm_site){.event = person_kind_name(p->kind),
				      .hostname = conf->hostname,
				      .site = p->site,
				      .cause = p->cause,
				      .at = diagnosing_now(t->diagnosing->queue),
				      .since = p->since_ms / 1000,
				      .recipient = p->recipient,
				      .sender = p->sender,
				      .reply = p->reply,
				      .text = p->means,
				      .advice = p->advice},
		&json);
	struct span copy = arena_copy(&t->arena, buf_span(&json));

	buf_done(&json);
	return copy;
}

static void post(struct telling *t)
{
	struct diagnosing *d = t->diagnosing;
	const struct conf *conf = role_conf_now(d->queue->role);
	struct span json = t->person.json.len > 0 ? t->person.json : site_json(t, conf);
	struct ipc_diagnose_alarm alarm = {
		.url = arena_copy(&t->arena, conf->diagnose.webhook), .json = json};

	if (alarm.url.len == 0)
		return;
	int rc = link_await(&d->link, clock_after(LINK_PATIENCE));

	if (rc == 0)
		rc = link_send(
			&d->link, &(struct ipc_out){.type = IPC_DIAGNOSE_ALARM, .body = &alarm});
	if (rc < 0)
		log_event(LOG_WARN, "webhook_failed", LOG_SPAN("url", alarm.url), LOG_ERRNO(rc));
}

/* Past the queue: mail's own way may be what is broken. */
static bool has_gone_another_way(struct telling *t, struct span found)
{
	struct diagnosing *d = t->diagnosing;
	const struct conf *conf = role_conf_now(d->queue->role);
	struct id id = queue_new_id(d->queue);
	struct ipc_packet *answer = ARENA_NEW(&t->arena, struct ipc_packet);
	struct ipc_diagnose_mail mail = {.url = arena_copy(&t->arena, conf->diagnose.mail_via),
		.to = arena_copy(&t->arena, conf->needs_person)};

	if (mail.url.len == 0 || mail.to.len == 0)
		return false;
	mail.text = person_text(d->queue, &t->person, found, id, mail.to, &t->arena);
	int rc = link_await(&d->link, clock_after(LINK_PATIENCE));

	if (rc == 0)
		rc = link_ask(&d->link, &(struct ipc_out){.type = IPC_DIAGNOSE_MAIL, .body = &mail},
			clock_after(MAIL_PATIENCE), &t->arena, answer);
	const struct ipc_diagnose_mailed *m =
		rc == 0 && answer->type == IPC_DIAGNOSE_MAILED ? answer->body : NULL;
	bool is_sent = m && m->is_sent;

	log_event(is_sent ? LOG_INFO : LOG_WARN, is_sent ? "noticed" : "mail_via_failed",
		LOG_ID(id), LOG_SPAN("recipient", mail.to),
		LOG_STR("kind", person_kind_name(t->person.kind)),
		LOG_STR("way", is_sent ? "mail_via" : ""),
		LOG_SPAN("reason", m         ? m->why
				   : is_sent ? (struct span){0}
					     : SPAN_LIT("no answer")));
	return is_sent;
}

/* ---- the task ---- */

/* Until the judge has seen what is known now: it may know more of it than the site says. */
static void settle(struct diagnosing *d)
{
	uint32_t want = d->rounds + (d->is_looking ? 2 : 1);
	nanos deadline = clock_after(SETTLE_PATIENCE);

	while (!d->queue->stopping && (int32_t)(d->rounds - want) < 0)
		if (task_gate_wait(&d->looked_gate, deadline) < 0)
			return;
}

static bool is_of_site(enum person_kind kind)
{
	return kind == PERSON_WAITS || kind == PERSON_REFUSED || kind == PERSON_STUCK;
}

static void say_it(struct telling *t)
{
	struct diagnosing *d = t->diagnosing;
	const struct person *p = &t->person;
	struct span found = {0};

	if (is_of_site(p->kind)) {
		settle(d);
		if (queue_diagnosing_has_told(d->queue, p->cause)) {
			told_mark(&d->tolds, p->site, p->cause, TOLD_SILENT);
			return;
		}
		told_mark(&d->tolds, p->site, p->cause, TOLD_SAID);
		d->is_changed = true;
		found = queue_diagnosing_finding(
			d->queue, span_str(reply_cause_text(p->cause)), p->sender, &t->arena);
	}
	post(t);
	if (!p->is_mail_needless && !has_gone_another_way(t, found) && !d->is_closed)
		person_by_queue(d->queue, p, found, &t->arena);
}

static void tell(void *arg)
{
	struct telling *t = arg;
	struct diagnosing *d = t->diagnosing;

	say_it(t);
	d->tellings--;
	task_gate_wake_all(&d->told_gate);
	arena_done(&t->arena);
	free(t);
}

/* ---- what is told is a copy ---- */

static void copy_spans(struct arena *arena, struct span *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s[i] = arena_copy(arena, s[i]);
}

static void copy(struct telling *t, const struct person *p)
{
	struct person *to = &t->person;

	*to = *p;
	copy_spans(&t->arena, &to->site, 1);
	copy_spans(&t->arena, &to->peer, 1);
	copy_spans(&t->arena, &to->recipient, 1);
	copy_spans(&t->arena, &to->sender, 1);
	copy_spans(&t->arena, &to->reply, 1);
	copy_spans(&t->arena, &to->trouble, 1);
	copy_spans(&t->arena, &to->json, 1);
	copy_spans(&t->arena, to->supports, to->supports_n);
	copy_spans(&t->arena, to->contradicts, to->contradicts_n);
	to->means = p->means.len > 0 ? arena_copy(&t->arena, p->means)
				     : person_sentences(t->diagnosing->queue, p->cause,
					       REPLY_TELL_HAPPENED, &t->arena);
	to->advice = p->advice.len > 0 || p->kind == PERSON_OVER
			     ? arena_copy(&t->arena, p->advice)
			     : person_sentences(t->diagnosing->queue, p->cause, REPLY_TELL_ADVICE,
				       &t->arena);
}

void queue_tell_person(struct queue *q, const struct person *p)
{
	const struct conf *conf = role_conf_now(q->role);
	struct diagnosing *d = q->diagnosing;

	if (!d || (conf->needs_person.len == 0 && conf->diagnose.webhook.len == 0))
		return;
	if (d->tellings >= TELLINGS_MOST) {
		log_event(LOG_WARN, "person_not_told", LOG_SPAN("site", p->site),
			LOG_STR("reason", "too many at once"));
		return;
	}
	struct telling *t = alloc_zero(sizeof *t);

	t->diagnosing = d;
	copy(t, p);
	struct task *task = task_spawn("tell_person", tell, t);

	if (!task) {
		arena_done(&t->arena);
		free(t);
		return;
	}
	d->tellings++;
	task_detach(task);
}

void diagnosing_end_tellings(struct diagnosing *d, nanos patience)
{
	nanos deadline = clock_after(patience);

	task_gate_wake_all(&d->looked_gate);
	while (d->tellings > 0 && task_gate_wait(&d->told_gate, deadline) == 0)
		;
	d->is_closed = true;
}
