#include "queue/model.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct model *model(void)
{
	static struct model m;

	return &m;
}

int64_t spool_now(const struct spool *s)
{
	return model()->now += model()->tick;
}

int64_t spool_wall(const struct spool *s, int64_t queue_ms)
{
	return queue_ms;
}

struct row *model_row(struct id id)
{
	for (size_t i = 0; i < model()->rows_n; i++)
		if (id_equal(model()->rows[i].id, id))
			return &model()->rows[i];
	return NULL;
}

static int compare_due(const void *a, const void *b)
{
	return lane_compare(a, b);
}

long spool_due_list(struct spool *s, uint32_t lane, const struct spool_due *after,
	struct spool_due *ret, size_t most)
{
	static struct spool_due all[ROWS_MOST];
	size_t n = 0;

	for (size_t i = 0; i < model()->rows_n; i++) {
		const struct row *r = &model()->rows[i];
		struct spool_due due = {.due = r->due, .id = r->id, .count = 1};

		if (r->lane == lane && (!after || lane_compare(&due, after) > 0))
			all[n++] = due;
	}
	qsort(all, n, sizeof *all, compare_due);
	n = n < most ? n : most;
	memcpy(ret, all, n * sizeof *ret);
	return (long)n;
}

int spool_job_load(
	struct spool *s, struct id id, uint32_t part, struct arena *arena, struct spool_job *ret)
{
	const struct row *row = model_row(id);

	if (!row)
		return -ENOENT;
	*ret = (struct spool_job){
		.message = {.id = id,
			.arrived_at = row->arrived_at,
			.recipients = 1,
			.sender = row->is_notice ? (struct span){0} : SPAN_LIT("s@b")},
		.recipients_n = 1};
	ret->recipients = ARENA_NEW(arena, struct spool_recipient);
	*ret->recipients = (struct spool_recipient){.lane = row->lane,
		.attempts = row->attempts,
		.state = SPOOL_QUEUED,
		.next_at = row->due,
		.last_at = row->last_at,
		.set_at = row->set_at,
		.told = row->told,
		.told_at = row->told_at,
		.address = arena_printf(arena, "a%llu@one.test", (unsigned long long)id.low)};
	return 0;
}

int spool_message_load(struct spool *s, struct id id, struct arena *arena, struct spool_job *ret)
{
	return spool_job_load(s, id, 0, arena, ret);
}

static int compare_ids(const void *a, const void *b)
{
	const struct id *x = a, *y = b;

	return x->high != y->high ? (x->high > y->high ? 1 : -1) : x->low > y->low ? 1 : -1;
}

long spool_ids(struct spool *s, struct id after, struct id *ret, size_t most)
{
	static struct id all[ROWS_MOST];
	size_t n = 0;

	for (size_t i = 0; i < model()->rows_n; i++)
		if (compare_ids(&model()->rows[i].id, &after) > 0 &&
			!id_equal(model()->rows[i].id, after))
			all[n++] = model()->rows[i].id;
	qsort(all, n, sizeof *all, compare_ids);
	n = n < most ? n : most;
	memcpy(ret, all, n * sizeof *ret);
	return (long)n;
}

int spool_content_read(struct spool *s, const struct spool_message *message, uint64_t offset,
	size_t len, struct buf *out)
{
	return 0;
}

int spool_content_open(struct spool *s, struct id id, int *ret_fd)
{
	return -ENOENT;
}

int spool_content_make(struct spool *s, struct id id, int *ret_fd)
{
	return -ENOSPC;
}

void spool_content_discard(struct spool *s, struct id id)
{
}

/* Lanes of the model are never empty for long enough to be forgotten by it. */
int spool_lane_load(struct spool *s, uint32_t number, struct arena *arena, struct spool_lane *ret)
{
	char name[] = {(char)('a' + number), 0};

	if (number == 0 || number >= LANES_ALL ||
		(number > LANES && model()->names[number][0] == '\0'))
		return -ENOENT;
	ret->number = number;
	ret->name = arena_copy(arena, span_str(number > LANES ? model()->names[number] : name));
	ret->site = number > LANES ? span_str(model()->sites[number]) : ret->name;
	ret->marked_at = model()->marks[number];
	return 0;
}

int64_t spool_mark_of(struct spool *s, uint32_t lane)
{
	return model()->marks[lane];
}

int spool_site_load(struct spool *s, struct span name, struct arena *arena, struct spool_site *ret)
{
	return -ENOENT;
}

int spool_sites(struct spool *s, void (*fn)(const struct spool_site *site, void *arg), void *arg)
{
	return 0;
}

int spool_catch_up(struct spool *s)
{
	return 0;
}

struct spool_figures spool_figures(const struct spool *s)
{
	return (struct spool_figures){0};
}

uint16_t spool_instance(const struct spool *s)
{
	return 1;
}

struct id queue_new_id(struct queue *q)
{
	return (struct id){2, ++model()->last_id};
}

uint32_t queue_dice(struct queue *q)
{
	return (uint32_t)random();
}

void spool_submit(struct spool *s, struct spool_op *op)
{
	list_add_tail(&model()->pending, &op->node);
}

static void put_notice(const struct spool_accept *a)
{
	uint32_t lane = a->recipients[0].lane;

	assert_true(model()->rows_n < ROWS_MOST && lane < LANES_ALL);
	if (lane > LANES) {
		(void)span_copy(a->lanes[0].name, model()->names[lane], sizeof model()->names[0]);
		(void)span_copy(a->lanes[0].site, model()->sites[lane], sizeof model()->sites[0]);
	}
	model()->rows[model()->rows_n++] = (struct row){.id = a->message.id,
		.lane = lane,
		.due = a->recipients[0].next_at,
		.arrived_at = a->message.arrived_at,
		.is_notice = true};
}

/* Never too early, never of a notice, and each time counted in the same transaction. */
static void mark_told(struct row *row)
{
	int64_t now = model()->now;

	assert_false(row->is_notice);
	assert_true(now >= row->arrived_at + 3000);
	assert_true(row->told == 0 || now >= row->told_at + 6 * 3000);
	row->told++;
	row->told_at = now;
}

/* On disk or not; killed between that and the answer, nobody learns which. */
static int tell(struct spool_op *op)
{
	size_t marked = 0;

	if ((unsigned)random() % 10 < model()->failing)
		return -EIO;
	for (size_t i = 0; i < op->tell.n; i++) {
		struct row *row = model_row(op->tell.of[i].id);
		bool is_same = row && row->told == op->tell.of[i].told;

		if (!is_same && op->tell.all)
			return -ESTALE;
		if (is_same)
			mark_told(row);
		marked += is_same;
	}
	if (marked == 0)
		return -ESTALE;
	put_notice(op->tell.notice);
	model()->notices++;
	if (model()->failing == 0 || random() % 10 > 0)
		return 0;
	model()->is_killed = true;
	return -ECANCELED;
}

/* All lanes that have something are marked. */
int spool_apply(struct spool *s, struct spool_op *op)
{
	if (op->kind == SPOOL_OP_TELL)
		return op->result = tell(op);
	assert_true(op->kind == SPOOL_OP_MARK && op->mark.done_lane == 0);
	op->mark.at = spool_now(s);
	for (size_t i = 0; i < model()->rows_n; i++)
		model()->marks[model()->rows[i].lane] = op->mark.at;
	op->mark.messages = op->mark.recipients = model()->rows_n;
	return op->result = 0;
}

void model_commit_one(void)
{
	struct list *node = list_take(&model()->pending);

	if (!node)
		return;
	struct spool_op *op = container_of(node, struct spool_op, node);
	const struct spool_outcome *o = &op->outcome;
	struct row *row = model_row(o->id);

	op->result = 0;
	if (op->kind == SPOOL_OP_MARK) {
		int64_t *mark = &model()->marks[op->mark.done_lane];

		*mark = *mark > op->mark.at ? *mark : 0;
	}
	if (op->kind == SPOOL_OP_SITE || op->kind == SPOOL_OP_MARK) {
		op->done(op, op->arg);
		return;
	}
	assert_int_equal(op->kind, SPOOL_OP_OUTCOME);
	if ((unsigned)random() % 10 < model()->failing) {
		op->result = -EIO;
	} else if (!row || row->due != o->due || row->lane != o->lane) {
		op->result = -ENOENT;
	} else {
		assert_int_equal(o->results_n, 1);
		/* Who was told that it is late hears that it has arrived: both once. */
		assert_int_equal(o->notice != NULL, o->results[0].end && row->told > 0);
		if (o->results[0].end) {
			*row = model()->rows[--model()->rows_n];
			if (o->notice)
				put_notice(o->notice);
			model()->news += o->notice != NULL;
		} else {
			row->due = o->results[0].recipient.next_at;
			row->attempts = o->results[0].recipient.attempts;
			row->last_at = o->results[0].recipient.last_at;
			row->set_at = o->results[0].recipient.set_at;
		}
	}
	op->done(op, op->arg);
}
