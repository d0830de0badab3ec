#include "queue/diagnosing_in.h"
#include "queue/person.h"
#include "diagnose/alarm_json.h"
#include "diagnose/words.h"

#define TOLD_LATELY 3600 /* seconds */

/* ---- of sites ---- */

bool queue_diagnosing_is_news(
	struct queue *q, struct span site, enum reply_cause cause, bool is_whole)
{
	struct diagnosing *d = q->diagnosing;
	struct told what = {.cause = cause, .is_whole = is_whole};

	if (!d)
		return false;
	what.at = diagnosing_now(q);
	(void)span_copy(site, what.site, sizeof what.site);
	d->is_changed = true;
	return told_see(&d->tolds, &what);
}

void queue_diagnosing_ok(struct queue *q, struct span site, enum reply_cause cause)
{
	if (q->diagnosing)
		told_ok(&q->diagnosing->tolds, site, cause, diagnosing_now(q));
}

void diagnosing_tell_over(struct diagnosing *d)
{
	struct told over;

	while (told_over(&d->tolds, diagnosing_now(d->queue), &over)) {
		log_event(LOG_INFO, "needs_person_over", LOG_STR("site", over.site),
			LOG_STR("cause", reply_cause_text(over.cause)),
			LOG_TIME("since", over.at * 1000), LOG_U64("more", over.more));
		queue_tell_person(d->queue, &(struct person){.kind = PERSON_OVER,
						    .site = span_str(over.site),
						    .cause = over.cause,
						    .since_ms = over.at * 1000,
						    .more = over.more});
		d->is_changed = true;
	}
}

/* ---- alarms ---- */

/* A person had news of that one site just now: the alarm says nothing new, and its end is that of both. */
static bool was_told(struct diagnosing *d, const struct verdict *v, struct arena *arena)
{
	const struct conf *conf = role_conf_now(d->queue->role);
	bool was = false;

	for (size_t k = 0; k <= conf->n_sources && v->sites == 1 && v->names_n == 1; k++) {
		struct span source =
			k < conf->n_sources ? conf->sources[k].address : (struct span){0};
		struct span site = queue_site_name(v->names[0], source, arena);
		int64_t at = told_last(&d->tolds, site);

		if (at == 0 || diagnosing_now(d->queue) - at >= TOLD_LATELY)
			continue;
		for (unsigned cause = 0; cause < REPLY_CAUSES; cause++)
			if (verdict_family(cause) == v->family)
				told_mark(&d->tolds, site, cause, TOLD_SILENT);
		was = true;
	}
	return was;
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

static size_t take(const struct span *from, size_t n, struct span *to)
{
	n = n < PERSON_LINES ? n : PERSON_LINES;
	for (size_t i = 0; i < n; i++)
		to[i] = from[i];
	return n;
}

static void log_it(const struct alarm *a, const struct verdict *v, const struct person *p)
{
	log_event(v ? LOG_WARN : LOG_INFO, person_kind_name(p->kind),
		LOG_STR("whose", verdict_whose_name(a->whose)),
		LOG_STR("trouble", verdict_family_name(a->family)),
		LOG_STR("scope", verdict_scope_name(a->scope)), LOG_STR("who", a->who),
		LOG_STR("cause", a->cause == REPLY_NONE ? "" : reply_cause_text(a->cause)),
		LOG_TIME("since", a->since * 1000), LOG_SPAN("text", p->means),
		LOG_SPAN("advice", p->advice));
}

static void describe(
	const struct alarm *a, const struct verdict *v, enum reply_lang lang, struct person *ret)
{
	ret->kind = v ? PERSON_ALARM : PERSON_ALARM_OVER;
	ret->trouble = span_str(words_family(a->family, lang));
	ret->since_ms = a->told_at * 1000;
	if (!v)
		return;
	ret->supports_n = take(v->supports, v->supports_n, ret->supports);
	ret->contradicts_n = take(v->contradicts, v->contradicts_n, ret->contradicts);
}

void diagnosing_tell(const struct alarm *a, const struct verdict *v, void *arg)
{
	struct diagnosing *d = arg;
	const struct conf *conf = role_conf_now(d->queue->role);
	struct buf means = BUF_INIT(4096), advice = BUF_INIT(4096), json = BUF_INIT(32768);
	struct arena arena = {0};
	struct person *p = ARENA_NEW(&arena, struct person);

	if (v) {
		words_verdict(v, conf->language, &means);
		(void)buf_add_byte(&means, ' ');
		words_start(v, conf->language, &means);
		words_advice(v, conf->language, &advice);
	} else {
		words_over(a, conf->language, &means);
	}
	describe(a, v, conf->language, p);
	p->means = buf_span(&means);
	p->advice = buf_span(&advice);
	log_it(a, v, p);
	(void)alarm_json(a, v, conf->hostname, diagnosing_now(d->queue), &json);
	p->json = buf_span(&json);
	p->is_mail_needless = v && was_told(d, v, &arena);
	queue_tell_person(d->queue, p);
	arena_done(&arena);
	buf_done(&means);
	buf_done(&advice);
	buf_done(&json);
}
