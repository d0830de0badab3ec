#include "queue/bounce.h"
#include "queue/diagnosing_in.h"
#include "diagnose/alarm_json.h"
#include "diagnose/words.h"

#define MAIL_PATIENCE  (40 * NANOS_S)
#define TOLD_LATELY_MS (3600 * INT64_C(1000))

static void post(struct diagnosing *d, const struct alarm *a, const struct verdict *v)
{
	const struct conf *conf = role_conf_now(d->queue->role);
	struct buf json = BUF_INIT(32768);

	if (conf->diagnose.webhook.len > 0 &&
		alarm_json(a, v, conf->hostname, diagnosing_now(d->queue), &json) == 0)
		(void)link_send(&d->link,
			&(struct ipc_out){.type = IPC_DIAGNOSE_ALARM,
				.body = &(struct ipc_diagnose_alarm){
					.url = conf->diagnose.webhook, .json = buf_span(&json)}});
	buf_done(&json);
}

/* Past the queue: mail's own way may be what is broken. Waits. */
static bool has_mailed(struct diagnosing *d, const struct person *p)
{
	struct queue *q = d->queue;
	const struct conf *conf = role_conf_now(q->role);
	struct arena arena = {0};
	struct id id = queue_new_id(q);
	struct ipc_packet *answer = ARENA_NEW(&arena, struct ipc_packet);
	struct ipc_diagnose_mail mail = {.url = arena_copy(&arena, conf->diagnose.mail_via),
		.to = arena_copy(&arena, conf->needs_person)};

	if (mail.url.len == 0 || mail.to.len == 0) {
		arena_done(&arena);
		return false;
	}
	mail.text = queue_person_text(q, p, id, mail.to, &arena);
	int rc = link_ask(&d->link, &(struct ipc_out){.type = IPC_DIAGNOSE_MAIL, .body = &mail},
		clock_after(MAIL_PATIENCE), &arena, answer);
	const struct ipc_diagnose_mailed *m =
		rc == 0 && answer->type == IPC_DIAGNOSE_MAILED ? answer->body : NULL;
	bool is_sent = m && m->is_sent;

	log_event(is_sent ? LOG_INFO : LOG_WARN, is_sent ? "noticed" : "mail_via_failed",
		LOG_ID(id), LOG_SPAN("recipient", mail.to), LOG_STR("kind", "alarm"),
		LOG_SPAN("reason", m         ? m->why
				   : is_sent ? (struct span){0}
					     : SPAN_LIT("no answer")));
	arena_done(&arena);
	return is_sent;
}

/* A person had a mail about that site just now (results.c): another one says nothing new. */
static bool was_told(struct queue *q, const struct verdict *v, struct arena *arena)
{
	const struct conf *conf = role_conf_now(q->role);

	for (size_t i = 0; i < v->names_n; i++)
		for (size_t k = 0; k <= conf->n_sources; k++) {
			struct span source =
				k < conf->n_sources ? conf->sources[k].address : (struct span){0};
			const struct site *site =
				queue_site_find(q, queue_site_name(v->names[i], source, arena));

			if (site && site->told_at > 0 &&
				spool_now(q->spool) - site->told_at < TOLD_LATELY_MS)
				return true;
		}
	return false;
}

bool queue_diagnosing_has_told(const struct queue *q, enum reply_cause cause)
{
	const struct diagnosing *d = q->diagnosing;

	for (size_t i = 0; d && i < ALARMS_MOST; i++)
		if (d->alarms.all[i].key != 0 && d->alarms.all[i].gone_at == 0 &&
			d->alarms.all[i].family == verdict_family(cause))
			return true;
	return false;
}

void diagnosing_tell(const struct alarm *a, const struct verdict *v, void *arg)
{
	struct diagnosing *d = arg;
	enum reply_lang lang = REPLY_LANG_EN;
	struct buf means = BUF_INIT(4096), advice = BUF_INIT(4096);
	struct arena arena = {0};

	if (v) {
		words_verdict(v, lang, &means);
		(void)buf_add_byte(&means, ' ');
		words_start(v, lang, &means);
		words_advice(v, lang, &advice);
	} else {
		(void)buf_printf(&means, "What was told before is over: %s%s%s.",
			verdict_family_name(a->family), a->who[0] ? ", " : "", a->who);
		(void)buf_add_str(&advice, "Nothing.");
	}
	log_event(v ? LOG_WARN : LOG_INFO, v ? "alarm" : "alarm_over",
		LOG_STR("whose", verdict_whose_name(a->whose)),
		LOG_STR("trouble", verdict_family_name(a->family)),
		LOG_STR("scope", verdict_scope_name(a->scope)), LOG_STR("who", a->who),
		LOG_STR("cause", a->cause == REPLY_NONE ? "" : reply_cause_text(a->cause)),
		LOG_TIME("since", a->since * 1000), LOG_SPAN("text", buf_span(&means)),
		LOG_SPAN("advice", buf_span(&advice)));
	post(d, a, v);
	struct person p = {
		.cause = a->cause, .means = buf_span(&means), .advice = buf_span(&advice)};

	if (v && v->names_n > 0)
		p.site = v->names[0];
	/* What a person was told through the queue may wait there with all other mail. */
	if (!has_mailed(d, &p) && (!v || !was_told(d->queue, v, &arena)))
		queue_tell_person(d->queue, &p);
	arena_done(&arena);
	buf_done(&means);
	buf_done(&advice);
}
