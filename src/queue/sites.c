#include "queue/queue.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>

/* An empty lane is kept so long: most get the next message soon. */
#define EMPTY_FOR_MS INT64_C(60000)
#define PAIRS_LEAST  3U
#define FORGET_MOST  1000U /* sites at a start */

static struct span number_key(const uint32_t *number)
{
	return span_of(number, sizeof *number);
}

/* ---- sites ---- */

struct site *queue_site_find(struct queue *q, struct span name)
{
	return table_get(&q->sites, name);
}

struct site *queue_site_get(struct queue *q, struct span name)
{
	struct site *site = queue_site_find(q, name);
	struct arena arena = {0};
	struct spool_site stored;

	if (site)
		return site;
	site = site_new(name);
	/* One that can't be read is learned anew, and written over. */
	if (spool_site_load(q->spool, name, &arena, &stored) == 0)
		site_load(site, &stored, spool_now(q->spool));
	arena_done(&arena);
	(void)table_set(&q->sites, name, site);
	return site;
}

struct writing { /* a profile on its way to the disk */
	struct spool_op op;
	struct spool_site site;
	struct arena arena;
};

static void written(struct spool_op *op, void *arg)
{
	struct writing *w = arg;

	/* A failure costs what was learned since, and no mail: the next change tries again. */
	arena_done(&w->arena);
	free(w);
}

static struct writing *new_writing(struct span name)
{
	struct writing *w = alloc_zero(sizeof *w);

	w->op = (struct spool_op){
		.kind = SPOOL_OP_SITE, .done = written, .arg = w, .site = &w->site};
	w->site.name = arena_copy(&w->arena, name);
	return w;
}

static void write_site(struct queue *q, struct site *site)
{
	struct writing *w = new_writing(span_str(site->name));

	site_store(site, &w->site);
	w->site.name = arena_copy(&w->arena, w->site.name);
	w->site.last_reply = arena_copy(&w->arena, w->site.last_reply);
	site->is_changed = site->is_urgent = false;
	site->written_at = spool_now(q->spool);
	spool_submit(q->spool, &w->op);
}

void queue_site_write(struct queue *q, struct site *site)
{
	if (site_wants_writing(site, spool_now(q->spool)))
		write_site(q, site);
}

void queue_site_keep(struct queue *q, struct site *site)
{
	if (site->is_changed)
		write_site(q, site);
}

struct forgetting {
	struct queue *queue;
	int64_t before;
	unsigned n;
};

static void forget_old(const struct spool_site *stored, void *arg)
{
	struct forgetting *f = arg;

	if (stored->last_at >= f->before || f->n >= FORGET_MOST ||
		queue_site_find(f->queue, stored->name))
		return;
	struct writing *w = new_writing(stored->name);

	w->op.forget = true;
	f->n++;
	spool_submit(f->queue->spool, &w->op);
}

void queue_forget_sites(struct queue *q)
{
	struct forgetting f = {.queue = q, .before = spool_now(q->spool) - SITE_FORGET};

	(void)spool_sites(q->spool, forget_old, &f);
}

static void free_site(struct queue *q, struct site *site)
{
	if (!list_is_empty(&site->lanes) || site->connections > 0 || site->jobs > 0)
		return;
	if (site->is_changed)
		write_site(q, site);
	list_remove(&site->ready);
	heap_remove(&q->resting, &site->rest);
	(void)table_remove(&q->sites, span_str(site->name));
	site_free(site);
}

/* ---- lanes ---- */

static void attach(struct lane *lane, struct site *site)
{
	lane->site = site;
	list_add_tail(&site->lanes, &lane->of_site);
	lane->in_recall = site->recall_from > 0;
}

struct lane *queue_lane_add(struct queue *q, uint32_t number, struct span name, struct span site)
{
	struct lane *lane = lane_new(number, name);

	/* One whose record is damaged has no name; its mail finds its way by its addresses. */
	attach(lane,
		queue_source_now(q, queue_site_get(q, site.len > 0 ? site : SPAN_LIT("unknown"))));
	if (name.len > 0)
		(void)table_set(&q->lanes_by_name, name, lane);
	(void)table_set(&q->lanes_by_number, number_key(&lane->number), lane);
	if (number > q->last_lane)
		q->last_lane = number;
	return lane;
}

struct lane *queue_lane_by_number(struct queue *q, uint32_t number)
{
	struct lane *lane = table_get(&q->lanes_by_number, number_key(&number));
	struct arena arena = {0};
	struct spool_lane stored;

	if (lane)
		return lane;
	/* It was empty, and is needed again: for what was held, or by a message that was under way. */
	if (spool_lane_load(q->spool, number, &arena, &stored) == 0) {
		struct lane *other = table_get(&q->lanes_by_name, stored.name);

		lane = queue_lane_add(q, number, stored.name, stored.site);
		lane->marked_at = stored.marked_at;
		/* New mail stays where it goes already. */
		if (other)
			(void)table_set(&q->lanes_by_name, stored.name, other);
	}
	arena_done(&arena);
	return lane;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

void queue_lane_numbers(const struct queue *q, struct buf *out)
{
	struct span key;
	void *lane;

	for (size_t i = 0; table_next(&q->lanes_by_number, &i, &key, &lane);)
		(void)buf_add(out, key);
	if (out->len > 0)
		qsort(out->at, out->len / sizeof(uint32_t), sizeof(uint32_t), compare_numbers);
}

struct lane *queue_lane_get(struct queue *q, struct span name, struct span site)
{
	struct lane *lane = table_get(&q->lanes_by_name, name);

	if (lane)
		return lane;
	lane = queue_lane_add(q, q->last_lane + 1, name, site);
	lane->exhausted = true; /* nothing of it is in the spool */
	return lane;
}

void queue_lane_move(struct queue *q, struct lane *lane, struct span name)
{
	struct site *before = lane->site;

	if (name.len == 0 || span_equal(name, span_str(before->name)))
		return;
	list_remove(&lane->turn);
	list_remove(&lane->of_site);
	attach(lane, queue_site_get(q, name));
	queue_site_check(q, before);
	queue_lane_check(q, lane);
}

static bool is_stored(struct queue *q, const struct lane *lane)
{
	struct arena arena = {0};
	struct spool_lane stored;
	bool is_there = spool_lane_load(q->spool, lane->number, &arena, &stored) != -ENOENT;

	arena_done(&arena);
	return is_there;
}

static void free_lane(struct queue *q, struct lane *lane)
{
	struct site *site = lane->site;

	list_remove(&lane->turn);
	list_remove(&lane->of_site);
	list_remove(&lane->empty);
	heap_remove(&q->waiting, &lane->due);
	if (table_get(&q->lanes_by_name, span_str(lane->name)) == lane)
		(void)table_remove(&q->lanes_by_name, span_str(lane->name));
	(void)table_remove(&q->lanes_by_number, number_key(&lane->number));
	lane_free(lane);
	free_site(q, site);
}

void queue_site_drained(struct queue *q, struct site *site)
{
	if (site->forecasts.pending.at == 0 || site->jobs > 0)
		return;
	list_for_each (node, &site->lanes) {
		const struct lane *lane = container_of(node, struct lane, of_site);

		if (lane->n > 0 || !lane->exhausted)
			return;
	}
	forecast_settle(&site->forecasts, &q->past, spool_now(q->spool));
}

/* Rows of the lane that are due: of those behind its window no more is known than how many most lanes have. */
static uint64_t due_in(const struct queue *q, const struct lane *lane, uint64_t usual)
{
	int64_t now = spool_now(q->spool);
	bool all = lane->in_recall || queue_mark_counts(lane);
	size_t n = 0;

	while (n < lane->n && (all || lane->rows[lane->first + n].due <= now))
		n++;
	return n < lane->n || lane->exhausted || n > usual ? n : usual;
}

struct queue_turns queue_turns(const struct queue *q)
{
	struct queue_turns t = {0};
	uint64_t lanes = q->lanes_by_number.n > 0 ? q->lanes_by_number.n : 1;
	struct span key;
	void *value;

	if (list_is_empty(&q->crowded) && q->endings < QUEUE_ENDINGS_MOST &&
		q->slots_n < role_conf_now(q->role)->limits.deliver_sessions)
		return t;
	for (size_t i = 0; table_next(&q->lanes_by_number, &i, &key, &value);) {
		const struct lane *lane = value;

		if (list_is_empty(&lane->turn))
			continue;
		t.sites++;
		t.messages += due_in(q, lane, spool_figures(q->spool).recipients / lanes);
	}
	return t;
}

void queue_sweep(struct queue *q)
{
	int64_t before = spool_now(q->spool) - EMPTY_FOR_MS;

	while (!list_is_empty(&q->empty)) {
		struct lane *lane = container_of(q->empty.next, struct lane, empty);

		if (lane->empty_since > before)
			return;
		list_remove(&lane->empty); /* queue_lane_check puts it here again */
		if (lane->jobs > 0 || lane->n > 0 || !lane->exhausted)
			continue;
		/* Its record goes when no recipient, held ones neither, is in it any more. */
		if (is_stored(q, lane)) {
			lane->empty_since = spool_now(q->spool);
			list_add_tail(&q->empty, &lane->empty);
		} else {
			free_lane(q, lane);
		}
	}
}

/* ---- recall ---- */

void queue_recall(struct queue *q, struct site *site)
{
	site->recall_from = spool_now(q->spool);
	site->recall_refused = 0;
	/* As it was known before: one pair alone may as well be the end of an outage. */
	site->recall_age = site->grey.pairs >= PAIRS_LEAST && grey_is_known(&site->grey)
				   ? site->grey.enough
				   : 0;
	site_release(site);
	log_event(LOG_INFO, "site_recalls", LOG_STR("site", site->name),
		LOG_I64("learned_wait", site->grey.enough / 1000));
	list_for_each (node, &site->lanes) {
		struct lane *lane = container_of(node, struct lane, of_site);

		lane->in_recall = true;
		queue_lane_check(q, lane);
	}
}

void queue_recall_end(struct queue *q, struct site *site)
{
	if (site->recall_from == 0)
		return;
	site->recall_from = 0;
	list_for_each (node, &site->lanes) {
		struct lane *lane = container_of(node, struct lane, of_site);

		if (!lane->in_recall)
			continue;
		lane->in_recall = false;
		lane_reset(lane); /* what was passed over comes in its time */
		queue_lane_check(q, lane);
	}
}
