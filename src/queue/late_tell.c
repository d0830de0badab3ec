#include "queue/late.h"
#include "base/alloc.h"
#include <stdlib.h>

/* How often a sender was told one by one of late: more than a few letters are a nuisance, not help. */
struct recent {
	int64_t since;
	unsigned n;
};

static int64_t window_of(const struct queue *q)
{
	return role_conf_now(q->role)->retries[0].notice_after / NANOS_MS;
}

static struct recent *recent_of(struct queue *q, struct span sender)
{
	struct recent *r = table_get(&q->late_told, sender);

	if (!r) {
		r = alloc_zero(sizeof *r);
		(void)table_set(&q->late_told, sender, r);
	}
	if (spool_now(q->spool) - r->since >= window_of(q))
		*r = (struct recent){.since = spool_now(q->spool)};
	return r;
}

void queue_late_forget(struct queue *q, bool all)
{
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&q->late_told, &i, &key, &value);) {
		const struct recent *r = value;

		if (all || spool_now(q->spool) - r->since >= window_of(q)) {
			(void)table_remove(&q->late_told, key);
			free(value);
		}
	}
}

/* ---- the operation ---- */

static struct span key_of(const struct id *id)
{
	return span_of(id, sizeof *id);
}

/* While it is written an outcome may be too: it counts as told then. */
static bool apply(struct queue *q, const struct spool_told *of, size_t n,
	const struct spool_accept *notice, bool all)
{
	struct spool_op op = {.kind = SPOOL_OP_TELL,
		.tell = {
			.of = of, .n = n, .all = all, .at = spool_now(q->spool), .notice = notice}};

	for (size_t i = 0; i < n; i++)
		(void)table_set(&q->telling, key_of(&of[i].id), q);
	int rc = spool_apply(q->spool, &op);

	for (size_t i = 0; i < n; i++)
		(void)table_remove(&q->telling, key_of(&of[i].id));
	if (rc < 0)
		return false; /* it changed meanwhile, or the disk fails: the next round sees */
	queue_accepted(q, notice);
	queue_dispatch(q);
	return true;
}

static void log_told(const struct spool_accept *notice, struct id about, size_t messages, size_t n)
{
	char text[ID_TEXT_LEN + 1];

	log_event(LOG_INFO, "noticed", LOG_ID(notice->message.id),
		LOG_SPAN("recipient", notice->recipients[0].address), LOG_STR("kind", "delayed"),
		LOG_STR("about", messages == 1 ? id_text(about, text) : ""),
		LOG_U64("messages", messages), LOG_U64("recipients", n));
}

/* ---- one by one ---- */

static bool tell_one(struct queue *q, const struct late_message *m, struct arena *arena)
{
	struct bounce_told *told = arena_array(arena, m->n, sizeof *told);
	struct spool_told *of = arena_array(arena, m->n, sizeof *of);

	for (size_t i = 0; i < m->n; i++) {
		told[i] = (struct bounce_told){.telling = BOUNCE_REPORT, .action = DSN_DELAYED};
		of[i] = (struct spool_told){
			.id = m->message.id, .n = m->of[i]->n, .told = m->of[i]->told};
	}
	struct spool_accept *notice = bounce_make(
		q, &m->message, (const struct spool_recipient *const *)m->of, told, m->n, arena);

	if (!notice || !apply(q, of, m->n, notice, true))
		return false;
	log_told(notice, m->message.id, 1, m->n);
	return true;
}

/* ---- all together ---- */

struct together {
	struct spool_told *of;
	struct bounce_about *about;
	size_t n, room, messages;
	const struct late_message *last;
};

static void gather(struct together *t, const struct late_message *m)
{
	t->messages++;
	t->last = m;
	for (size_t i = 0; i < m->n && t->n < t->room; i++) {
		t->of[t->n] = (struct spool_told){
			.id = m->message.id, .n = m->of[i]->n, .told = m->of[i]->told};
		t->about[t->n++] =
			(struct bounce_about){.message = &m->message, .recipient = m->of[i]};
	}
}

static void tell_together(
	struct queue *q, const struct late_sender *s, const struct together *t, struct arena *arena)
{
	if (t->messages == 1) {
		(void)tell_one(q, t->last, arena);
		return;
	}
	struct spool_accept *notice = bounce_make_many(q, s->name, t->about, t->n, s->all, arena);

	if (notice && apply(q, t->of, t->n, notice, false))
		log_told(notice, (struct id){0}, t->messages, t->n);
}

/* ---- a sender ---- */

static void tell_sender(struct queue *q, const struct late_sender *s)
{
	struct recent *r = recent_of(q, s->name);
	bool alone = s->all <= LATE_EACH_MOST && r->n + s->all <= LATE_EACH_MOST;
	struct arena arena = {0};
	struct together t = {.room = LATE_OF_SENDER_MOST};

	t.of = arena_array(&arena, t.room, sizeof *t.of);
	t.about = arena_array(&arena, t.room, sizeof *t.about);
	for (const struct late_id *i = s->ids; i && !q->stopping; i = i->next) {
		struct late_message *m = ARENA_NEW(&arena, struct late_message);

		if (!late_load(q, i->id, &arena, m))
			continue;
		if (m->is_asked)
			(void)tell_one(q, m, &arena);
		else if (alone || m->needs_sender)
			r->n += tell_one(q, m, &arena);
		else
			gather(&t, m);
	}
	/* Who has just got letters waits for the one about all the others. */
	if (t.n > 0 && r->n < LATE_EACH_MOST + 1) {
		tell_together(q, s, &t, &arena);
		r->n = LATE_EACH_MOST + 1;
	}
	arena_done(&arena);
}

void late_tell(struct late_round *round)
{
	for (const struct late_sender *s = round->first; s && !round->queue->stopping; s = s->next)
		tell_sender(round->queue, s);
	queue_late_forget(round->queue, false);
}
