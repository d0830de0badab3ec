#include "queue/diagnosing.h"
#include "queue/bounce.h"
#include "base/alloc.h"
#include "diagnose/alarm_json.h"
#include "diagnose/novelty.h"
#include "diagnose/tell.h"
#include "diagnose/words.h"
#include "ipc/link.h"
#include "logs/site_name.h"
#include <errno.h>
#include <stdlib.h>

#define GATHER (2 * NANOS_S) /* what fails together is judged together */
#define TIMES_TOOK \
	20 /* a full ledger takes most of a second: never more than a twentieth of a core */
#define REGULARLY      (60 * NANOS_S) /* is what was told over? */
#define LOOK_MOST      (40 * NANOS_S)
#define TOLD_LATELY_MS (3600 * INT64_C(1000))

enum { CHECKS_KEPT = DIAGNOSING_CHECKS_MOST, FRESH_S = 600, OLD_S = 6 * 3600 };

struct kept_check {
	struct check_result result;
	struct arena arena; /* of its texts */
	int64_t at;         /* seconds since 1970 */
};

struct diagnosing {
	struct queue *queue;
	struct link link; /* to the process diagnose */
	struct ledger *ledger;
	struct novelty *novelty;
	struct alarms alarms;
	struct kept_check checks[CHECKS_KEPT];
	size_t checks_n;
	int64_t looked[CHECKS];   /* when each was run last */
	uint64_t subject[CHECKS]; /* for whom */
	struct task_gate news;
	bool has_news;
	nanos took; /* the last judgement */
};

static int64_t now_s(const struct queue *q)
{
	return spool_wall(q->spool, spool_now(q->spool)) / 1000;
}

/* ---- facts ---- */

static enum reply_side side_of(struct span name)
{
	for (unsigned i = 0; i < REPLY_SIDES; i++)
		if (span_equal(name, span_str(reply_side_text(i))))
			return i;
	return REPLY_SIDE_NONE;
}

/* What nobody said: we saw that nobody was there. */
static bool is_said(enum reply_cause cause, struct span peer)
{
	return peer.len > 0 && cause != REPLY_NETWORK_FAILURE;
}

/* "example.org from 192.0.2.1": the destination alone. */
static struct span destination_of(const char *site)
{
	struct span name = span_str(site);
	ptrdiff_t at = span_find_span(name, SPAN_LIT(" from "));

	return at < 0 ? name : span_slice(name, 0, (size_t)at);
}

static void note_row(struct diagnosing *d, const struct results *r, size_t i)
{
	const struct spool_result *row = &r->rows[i];
	const struct spool_recipient *to = &row->recipient;
	bool is_taken = row->end == SPOOL_DELIVERED || row->end == SPOOL_RELAYED;
	char provider[SITE_NAME_MAX];
	struct diagnose_fact f = {.at = now_s(d->queue),
		.site = destination_of(r->site),
		.source = r->queue_site ? queue_source_of(r->queue_site) : (struct span){0},
		.sender = r->sender,
		.recipient = to->address,
		.message = r->id.low ^ r->id.high};

	if (!is_taken && !reply_cause_parse(to->cause, &f.cause))
		return;
	f.provider = site_name(f.site, (struct span){0}, provider);
	f.side = results_side(r, i, side_of);
	f.is_said = is_said(f.cause, to->peer);
	ledger_add(d->ledger, &f);
	if (is_taken)
		return;
	d->has_news = true;
	if (f.is_said && novelty_see(d->novelty, f.site, to->reply, f.at))
		log_event(LOG_WARN, "new_reply", LOG_ID(r->id), LOG_SPAN("site", f.site),
			LOG_SPAN("recipient", to->address), LOG_U64("code", to->code),
			LOG_SPAN("enhanced", to->status), LOG_SPAN("cause", to->cause),
			LOG_SPAN("reply", to->reply),
			LOG_STR("note", "this site has never said that before"));
}

void queue_diagnosing_note(struct queue *q, const struct results *r)
{
	if (!q->diagnosing)
		return;
	for (size_t i = 0; i < r->n; i++)
		note_row(q->diagnosing, r, i);
	if (q->diagnosing->has_news)
		task_gate_wake_all(&q->diagnosing->news);
}

void queue_diagnosing_event(struct queue *q, const char *what)
{
	if (q->diagnosing)
		ledger_note(q->diagnosing->ledger, now_s(q), what);
}

/* ---- checks ---- */

static struct kept_check *kept_for(struct diagnosing *d, const struct check_result *r)
{
	struct kept_check *oldest = &d->checks[0];

	for (size_t i = 0; i < d->checks_n; i++) {
		struct kept_check *k = &d->checks[i];

		if (k->result.check == r->check && span_equal(k->result.about, r->about) &&
			span_equal(k->result.did, r->did))
			return k;
		if (k->at < oldest->at)
			oldest = k;
	}
	return d->checks_n < CHECKS_KEPT ? &d->checks[d->checks_n++] : oldest;
}

static void keep(struct diagnosing *d, const struct check_result *r)
{
	struct kept_check *k = kept_for(d, r);
	struct kept_check fresh = {.result = *r, .at = now_s(d->queue)};

	fresh.result.about = arena_copy(&fresh.arena, r->about);
	fresh.result.did = arena_copy(&fresh.arena, r->did);
	fresh.result.showed = arena_copy(&fresh.arena, r->showed);
	fresh.result.means = arena_copy(&fresh.arena, r->means);
	fresh.result.mend = arena_copy(&fresh.arena, r->mend);
	arena_done(&k->arena);
	*k = fresh;
}

/* Those that are not too old, behind what is in list already and does not say the same; copies. */
static size_t list_checks(const struct diagnosing *d, struct check_result *list, size_t n,
	size_t most, struct arena *arena)
{
	uint32_t given = 0;

	for (size_t i = 0; i < n; i++)
		given |= UINT32_C(1) << list[i].check;
	for (size_t i = 0; i < d->checks_n && n < most; i++) {
		struct check_result r = d->checks[i].result;

		if (now_s(d->queue) - d->checks[i].at >= OLD_S || (given >> r.check & 1))
			continue;
		r.about = arena_copy(arena, r.about);
		r.did = arena_copy(arena, r.did);
		r.showed = arena_copy(arena, r.showed);
		r.means = arena_copy(arena, r.means);
		r.mend = arena_copy(arena, r.mend);
		list[n++] = r;
	}
	return n;
}

struct judging {
	struct ledger *ledger;
	struct verdict_question question;
	struct arena *arena;
	struct verdicts *ret;
};

static void judge(void *arg)
{
	struct judging *j = arg;

	verdict_find(j->ledger, &j->question, j->arena, j->ret);
}

static void free_ledger(void *ledger)
{
	ledger_free(ledger);
}

/*
 * Waits: a large ledger takes a while, and other tasks have to go on. What is judged is a copy, which dies with the arena, as
 * the names in the verdicts do.
 */
static void find(struct diagnosing *d, struct span about, struct check_result *checks, size_t n,
	struct arena *arena, struct verdicts *ret)
{
	struct judging j = {.ledger = ledger_copy(d->ledger),
		.question = {.now = now_s(d->queue), .about = about, .checks = checks},
		.arena = arena,
		.ret = ret};

	arena_on_done(arena, free_ledger, j.ledger);
	j.question.checks_n = list_checks(d, checks, n, n + CHECKS_KEPT, arena);
	*ret = (struct verdicts){0};
	nanos began = clock_now();

	if (task_offload(judge, &j) < 0)
		log_event(LOG_WARN, "not_judged", LOG_STR("reason", "no thread could be had"));
	d->took = clock_now() - began;
}

/* What is worth looking at because of v, and was not looked at lately. */
static uint32_t stale(struct diagnosing *d, const struct verdict *v)
{
	uint32_t wants = verdict_wants(v->family);
	uint64_t subject = ledger_hash(v->scope == VERDICT_ONE_SENDER ? v->who : v->names[0]);

	for (unsigned c = 0; c < CHECKS; c++)
		if (d->looked[c] > 0 && now_s(d->queue) - d->looked[c] < FRESH_S &&
			(d->subject[c] == subject || (c != CHECK_SPF && c != CHECK_DKIM &&
							     c != CHECK_PORT25 && c != CHECK_MX)))
			wants &= ~(UINT32_C(1) << c);
	for (unsigned c = 0; c < CHECKS; c++)
		if (wants >> c & 1) {
			d->looked[c] = now_s(d->queue);
			d->subject[c] = subject;
		}
	return wants;
}

/* Waits. True: there are new results. */
static bool have_looked(struct diagnosing *d, const struct verdict *v, struct arena *arena)
{
	struct ipc_diagnose_look look = {
		.checks = stale(d, v), .site = v->names[0], .deadline = clock_after(LOOK_MOST)};
	struct ipc_packet *p = ARENA_NEW(arena, struct ipc_packet);

	if (look.checks == 0)
		return false;
	if (v->scope == VERDICT_SOURCE)
		look.source = v->who;
	if (v->scope == VERDICT_ONE_SENDER && v->family == FAMILY_AUTH)
		look.domain = v->who;
	int rc = link_await(&d->link, clock_after(2 * NANOS_S));

	if (rc == 0)
		rc = link_ask(&d->link, &(struct ipc_out){.type = IPC_DIAGNOSE_LOOK, .body = &look},
			look.deadline + NANOS_S, arena, p);
	if (rc < 0 || p->type != IPC_DIAGNOSE_LOOKED)
		return false;
	const struct ipc_diagnose_looked *looked = p->body;

	for (size_t i = 0; i < looked->results_n; i++) {
		struct check_result r;

		if (tell_check_read(&looked->results[i], &r))
			keep(d, &r);
	}
	return looked->results_n > 0;
}

/* ---- alarms ---- */

static void post(struct diagnosing *d, const struct alarm *a, const struct verdict *v)
{
	const struct conf *conf = role_conf_now(d->queue->role);
	struct buf json = BUF_INIT(32768);

	if (conf->diagnose.webhook.len > 0 &&
		alarm_json(a, v, conf->hostname, now_s(d->queue), &json) == 0)
		(void)link_send(&d->link,
			&(struct ipc_out){.type = IPC_DIAGNOSE_ALARM,
				.body = &(struct ipc_diagnose_alarm){
					.url = conf->diagnose.webhook, .json = buf_span(&json)}});
	buf_done(&json);
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

static void tell(const struct alarm *a, const struct verdict *v, void *arg)
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
	if (!v || !was_told(d->queue, v, &arena))
		queue_tell_person(d->queue, &p);
	arena_done(&arena);
	buf_done(&means);
	buf_done(&advice);
}

/* ---- the task ---- */

static void look(struct diagnosing *d)
{
	struct arena arena = {0};
	struct verdicts *v = ARENA_NEW(&arena, struct verdicts);
	struct check_result *checks = arena_array(&arena, CHECKS_KEPT, sizeof *checks);
	bool is_new = false;

	find(d, (struct span){0}, checks, 0, &arena, v);
	for (size_t i = 0; i < v->n && role_conf_now(d->queue->role)->diagnose.checks; i++)
		is_new |= have_looked(d, &v->all[i], &arena);
	if (is_new)
		find(d, (struct span){0}, checks, 0, &arena, v);
	alarms_look(&d->alarms, v, now_s(d->queue), tell, d);
	arena_done(&arena);
}

static void run(void *arg)
{
	struct diagnosing *d = arg;

	while (!d->queue->stopping) {
		if (!d->has_news && task_gate_wait(&d->news, clock_after(REGULARLY)) == -ECANCELED)
			return;
		nanos pause = d->took * TIMES_TOOK > GATHER ? d->took * TIMES_TOOK : GATHER;

		if (d->has_news && task_sleep(clock_after(pause)) < 0)
			return;
		d->has_news = false;
		if (!d->queue->stopping)
			look(d);
	}
}

void queue_diagnosing_peer(struct queue *q, int fd)
{
	link_take(&q->diagnosing->link, fd);
}

void queue_diagnosing_start(struct queue *q)
{
	struct diagnosing *d = alloc_zero(sizeof *d);

	d->queue = q;
	d->ledger = ledger_new();
	d->novelty = novelty_new();
	link_init(&d->link, q->role, IPC_DIAGNOSE);
	task_gate_init(&d->news);
	q->diagnosing = d;
	task_detach(task_spawn("diagnosing", run, d));
}

/* ---- questions ---- */

struct span queue_diagnosing_finding(
	struct queue *q, struct span cause_name, struct span sender, struct arena *arena)
{
	const struct diagnosing *d = q->diagnosing;
	enum reply_cause cause;
	const struct check_result *fine = NULL;
	struct span domain = sender;

	for (size_t i = sender.len; i > 0; i--)
		if (sender.at[i - 1] == '@') {
			domain = span_slice(sender, i, sender.len);
			break;
		}
	if (!d || !reply_cause_parse(cause_name, &cause))
		return (struct span){0};
	for (size_t i = 0; i < d->checks_n; i++) {
		const struct check_result *r = &d->checks[i].result;
		bool is_sender =
			r->check == CHECK_SPF || r->check == CHECK_DKIM || r->check == CHECK_MX;

		if (!verdict_explains(r->check, verdict_family(cause)) ||
			(is_sender && !span_equal_nocase(r->about, domain)))
			continue;
		if (r->state == CHECK_BAD)
			return arena_printf(arena, "they are right: %.*s", SPAN_F(r->showed));
		fine = r->state == CHECK_FINE && !fine ? r : fine;
	}
	return fine ? arena_printf(arena, "we looked: %.*s", SPAN_F(fine->showed))
		    : (struct span){0};
}

void queue_diagnosing_find(struct queue *q, struct span about, struct check_result *checks,
	size_t n, struct arena *arena, struct verdicts *ret)
{
	find(q->diagnosing, about, checks, n, arena, ret);
}

size_t queue_diagnosing_checks(
	const struct queue *q, struct check_result *list, int64_t *ret_at, size_t most)
{
	const struct diagnosing *d = q->diagnosing;
	size_t n = 0;

	for (; n < d->checks_n && n < most; n++) {
		list[n] = d->checks[n].result;
		ret_at[n] = d->checks[n].at;
	}
	return n;
}
