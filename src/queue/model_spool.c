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
	*ret = (struct spool_job){.message = {.id = id, .recipients = 1}, .recipients_n = 1};
	ret->recipients = ARENA_NEW(arena, struct spool_recipient);
	*ret->recipients = (struct spool_recipient){.lane = row->lane,
		.attempts = row->attempts,
		.state = SPOOL_QUEUED,
		.next_at = row->due,
		.address = SPAN_LIT("a@one.test")};
	return 0;
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

	if (number == 0 || number > LANES)
		return -ENOENT;
	ret->number = number;
	ret->name = arena_copy(arena, span_str(name));
	ret->site = ret->name;
	return 0;
}

int spool_site_load(struct spool *s, struct span name, struct arena *arena, struct spool_site *ret)
{
	return -ENOENT;
}

int spool_sites(struct spool *s, void (*fn)(const struct spool_site *site, void *arg), void *arg)
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

void model_commit_one(void)
{
	struct list *node = list_take(&model()->pending);

	if (!node)
		return;
	struct spool_op *op = container_of(node, struct spool_op, node);
	const struct spool_outcome *o = &op->outcome;
	struct row *row = model_row(o->id);

	op->result = 0;
	if (op->kind == SPOOL_OP_SITE) {
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
		if (o->results[0].end) {
			*row = model()->rows[--model()->rows_n];
		} else {
			row->due = o->results[0].recipient.next_at;
			row->attempts = o->results[0].recipient.attempts;
		}
	}
	op->done(op, op->arg);
}
