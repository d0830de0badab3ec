#include "queue/queue.h"
#include "base/alloc.h"
#include "base/log.h"
#include <stdlib.h>

#define IN_TURN 100U /* lanes, before others may go on */

bool queue_mark_counts(const struct lane *lane)
{
	return lane->marked_at > 0 && !lane->mark_passed;
}

bool queue_is_marked(const struct lane *lane, const struct spool_job *job)
{
	bool all = queue_mark_counts(lane);

	for (size_t i = 0; all && i < job->recipients_n; i++)
		all = spool_is_marked(&job->message, &job->recipients[i], lane->marked_at);
	return all;
}

/* ---- the end of one ---- */

static void removed(struct spool_op *op, void *arg)
{
	/* One that stays for a failing disk makes nothing due: what it meant has been tried since. */
	free(op);
}

void queue_mark_end(struct queue *q, struct lane *lane)
{
	struct spool_op *op;

	if (lane->marked_at == 0 || !lane->mark_passed || lane->marked_jobs > 0)
		return;
	op = alloc_zero(sizeof *op);
	*op = (struct spool_op){.kind = SPOOL_OP_MARK,
		.mark = {.done_lane = lane->number, .at = lane->marked_at},
		.done = removed};
	lane->marked_at = 0;
	lane->mark_passed = false;
	spool_submit(q->spool, op);
}

/* ---- making them ---- */

/* Who asks for it now wants to know now. */
static void begin_lane(struct queue *q, struct lane *lane, int64_t at)
{
	lane->marked_at = at;
	lane->mark_passed = false;
	lane_reset(lane);
	forecast_forget(&lane->site->forecasts);
	flow_resume(&lane->site->flow);
	site_release(lane->site);
	queue_lane_check(q, lane);
}

static void begin_lanes(struct queue *q, int64_t at)
{
	struct buf numbers = BUF_INIT(SIZE_MAX);

	/* The table may change while others go on. */
	queue_lane_numbers(q, &numbers);
	for (size_t i = 0; i < numbers.len / sizeof(uint32_t); i++) {
		uint32_t number;

		memcpy(&number, numbers.at + i * sizeof number, sizeof number);
		struct lane *lane = table_get(&q->lanes_by_number, span_of(&number, sizeof number));

		/* A lane that has nothing has no mark in the spool either. */
		if (lane && (lane->n > 0 || !lane->exhausted || lane->jobs > 0))
			begin_lane(q, lane, at);
		if (i % IN_TURN == IN_TURN - 1) {
			queue_dispatch(q);
			(void)task_yield();
		}
	}
	buf_done(&numbers);
	queue_dispatch(q);
}

static uint64_t count_active(const struct queue *q)
{
	uint64_t n = 0;
	struct span key;
	void *job;

	for (size_t i = 0; table_next(&q->jobs, &i, &key, &job);)
		n += ((const struct queue_job *)job)->count;
	return n;
}

int queue_mark_all(struct queue *q, struct ipc_control_end *ret)
{
	struct spool_op op = {.kind = SPOOL_OP_MARK};
	uint64_t active = count_active(q);
	int rc = spool_apply(q->spool, &op);

	if (rc < 0)
		return rc;
	log_event(LOG_INFO, "retried", LOG_U64("messages", op.mark.messages),
		LOG_U64("recipients", op.mark.recipients));
	*ret = (struct ipc_control_end){.messages = op.mark.messages, .active = active};
	ret->count = op.mark.recipients > active ? op.mark.recipients - active : 0;
	begin_lanes(q, op.mark.at);
	return 0;
}
