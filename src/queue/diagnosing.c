#include "queue/diagnosing_in.h"
#include "base/alloc.h"
#include "diagnose/said.h"
#include "logs/site_name.h"
#include <errno.h>

#define GATHER (2 * NANOS_S) /* what fails together is judged together */
#define TIMES_TOOK \
	20 /* a full ledger takes most of a second: never more than a twentieth of a core */
#define REGULARLY (60 * NANOS_S) /* is what was told over? */

int64_t diagnosing_now(const struct queue *q)
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

/* No other server's: LMTP is spoken to those who keep our mailboxes. */
static bool is_inside(struct span site)
{
	return span_starts(site, SPAN_LIT("lmtp:")) || span_starts(site, SPAN_LIT("maildir:"));
}

/* "example.org from 192.0.2.1": the destination alone. */
static struct span destination_of(struct span name)
{
	ptrdiff_t at = span_find_span(name, SPAN_LIT(" from "));

	return at < 0 ? name : span_slice(name, 0, (size_t)at);
}

enum { SOURCES_MOST = 64 };

/* What the reply says of us is read where it is of our address, or of who may send from it: others are not read once more. */
static void read_reply(struct diagnosing *d, const struct spool_recipient *r, struct arena *arena,
	struct diagnose_fact *f)
{
	const struct conf *conf = role_conf_now(d->queue->role);
	struct span ours[SOURCES_MOST];
	struct reply_meaning m;
	size_t n = 0;

	if (!said_is_worth(f->cause))
		return;
	for (size_t i = 0; i < conf->n_sources && n + 2 <= SOURCES_MOST; i++) {
		ours[n++] = conf->sources[i].address;
		if (conf->sources[i].ipv6.len > 0)
			ours[n++] = conf->sources[i].ipv6;
	}
	reply_read(&(struct reply_context){.stage = REPLY_STAGE_RCPT, .needs_no_template = true},
		r->code, (struct reply_status){0}, r->reply, arena, &m);
	enum reply_cause was = f->cause;

	said_read(&m, ours, n, f);
	/* it was decided when more was known: only a list that gives no answer is something else here */
	if (was != REPLY_BLOCKLISTED || f->cause != REPLY_POLICY_REJECTED)
		f->cause = was;
}

static void note_row(struct diagnosing *d, const struct results *r, size_t i)
{
	const struct spool_result *row = &r->rows[i];
	const struct spool_recipient *to = &row->recipient;
	bool is_taken = row->end == SPOOL_DELIVERED || row->end == SPOOL_RELAYED;
	char provider[SITE_NAME_MAX];
	struct arena arena = {0};
	struct diagnose_fact f = {.at = diagnosing_now(d->queue),
		.site = destination_of(r->real_site),
		.source = r->queue_site ? queue_source_of(r->queue_site) : (struct span){0},
		.sender = r->sender,
		.recipient = to->address,
		.message = r->id.low ^ r->id.high};

	if (!is_taken && !reply_cause_parse(to->cause, &f.cause))
		return;
	if (!is_taken)
		read_reply(d, to, &arena, &f);
	f.provider = is_inside(f.site) ? SPAN_LIT(LEDGER_INSIDE)
				       : site_name(f.site, (struct span){0}, provider);
	f.side = results_side(r, i, side_of);
	f.is_said = is_said(f.cause, to->peer);
	ledger_add(d->ledger, &f);
	arena_done(&arena);
	d->is_changed = true;
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
		ledger_note(q->diagnosing->ledger, diagnosing_now(q), what);
}

/* ---- judging ---- */

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
		.question = {.now = diagnosing_now(d->queue), .about = about, .checks = checks},
		.arena = arena,
		.ret = ret};

	arena_on_done(arena, free_ledger, j.ledger);
	j.question.checks_n = diagnosing_list_checks(d, checks, n, n + CHECKS_KEPT, arena);
	*ret = (struct verdicts){0};
	nanos began = clock_now();

	if (task_offload(judge, &j) < 0)
		log_event(LOG_WARN, "not_judged", LOG_STR("reason", "no thread could be had"));
	d->took = clock_now() - began;
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
		is_new |= diagnosing_look(d, &v->all[i], &arena);
	if (is_new)
		find(d, (struct span){0}, checks, 0, &arena, v);
	alarms_look(&d->alarms, v, diagnosing_now(d->queue), diagnosing_tell, d);
	diagnosing_tell_over(d);
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
		if (!d->queue->stopping) {
			d->is_looking = true;
			look(d);
			d->is_looking = false;
			d->rounds++;
			task_gate_wake_all(&d->looked_gate);
		}
		diagnosing_keep(d, false);
	}
}

void queue_diagnosing_hurry(struct queue *q)
{
	if (q->diagnosing)
		task_gate_wake_all(&q->diagnosing->looked_gate);
}

void queue_diagnosing_stop(struct queue *q)
{
	diagnosing_end_tellings(q->diagnosing, 3 * NANOS_S);
	diagnosing_keep(q->diagnosing, true);
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
	task_gate_init(&d->looked_gate);
	task_gate_init(&d->told_gate);
	q->diagnosing = d;
	diagnosing_load(d);
	task_detach(task_spawn("diagnosing", run, d));
}

/* ---- questions ---- */

void queue_diagnosing_find(struct queue *q, struct span about, struct check_result *checks,
	size_t n, struct arena *arena, struct verdicts *ret)
{
	/* A domain's mail is kept under the site of its mail servers. */
	const struct lane *lane = table_get(&q->lanes_by_name, about);

	if (lane)
		about = arena_copy(arena, destination_of(span_str(lane->site->name)));
	find(q->diagnosing, about, checks, n, arena, ret);
}
