#include "queue/sim.h"
#include "base/alloc.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Rows of a lane are a skip list in the order of the due table. Each message has one recipient. */

struct sim_message *sim_of(struct id id)
{
	return id.high == 1 && id.low > 0 && id.low <= sim()->messages_n
		       ? &sim()->messages[id.low - 1]
		       : NULL;
}

static struct id id_of(const struct sim_message *m)
{
	return (struct id){1, m->number + UINT64_C(1)};
}

static bool is_before(const struct sim_message *m, int64_t due, uint64_t low)
{
	return m->due < due || (m->due == due && m->number + UINT64_C(1) < low);
}

static void find(uint32_t lane, int64_t due, uint64_t low, struct sim_message **ret)
{
	struct sim_message *at = &sim()->heads[lane];

	assert(lane < sizeof sim()->heads / sizeof sim()->heads[0]);
	for (unsigned i = SIM_LEVELS; i-- > 0;) {
		while (at->next[i] && is_before(at->next[i], due, low))
			at = at->next[i];
		ret[i] = at;
	}
}

void sim_put(struct sim_message *m)
{
	struct sim_message *before[SIM_LEVELS];
	unsigned levels = 1;

	while (levels < SIM_LEVELS && sim_random() % 4 == 0)
		levels++;
	find(m->lane, m->due, m->number + UINT64_C(1), before);
	memset(m->next, 0, sizeof m->next);
	for (unsigned i = 0; i < levels; i++) {
		m->next[i] = before[i]->next[i];
		before[i]->next[i] = m;
	}
}

static void take_out(struct sim_message *m)
{
	struct sim_message *before[SIM_LEVELS];

	find(m->lane, m->due, m->number + UINT64_C(1), before);
	for (unsigned i = 0; i < SIM_LEVELS; i++)
		if (before[i]->next[i] == m)
			before[i]->next[i] = m->next[i];
}

int64_t spool_now(const struct spool *s)
{
	return sim()->now;
}

int64_t spool_wall(const struct spool *s, int64_t queue_ms)
{
	return queue_ms;
}

long spool_due_list(struct spool *s, uint32_t lane, const struct spool_due *after,
	struct spool_due *ret, size_t most)
{
	struct sim_message *before[SIM_LEVELS];
	size_t n = 0;

	find(lane, after ? after->due : INT64_MIN, after ? after->id.low + 1 : 0, before);
	for (struct sim_message *m = before[0]->next[0]; m && n < most; m = m->next[0])
		ret[n++] = (struct spool_due){.due = m->due, .id = id_of(m), .count = 1};
	return (long)n;
}

int spool_message_load(struct spool *s, struct id id, struct arena *arena, struct spool_job *ret)
{
	return -ENOENT;
}

long spool_ids(struct spool *s, struct id after, struct id *ret, size_t most)
{
	return 0;
}

int spool_job_load(
	struct spool *s, struct id id, uint32_t part, struct arena *arena, struct spool_job *ret)
{
	const struct sim_message *m = sim_of(id);

	if (!m || m->is_over)
		return -ENOENT;
	*ret = (struct spool_job){.message = {.id = id, .recipients = 1, .arrived_at = m->arrives},
		.recipients_n = 1};
	ret->message.sender = arena_printf(arena, "s%u@from%u.test", m->sender, m->sender);
	ret->recipients = ARENA_NEW(arena, struct spool_recipient);
	*ret->recipients = (struct spool_recipient){.lane = m->lane,
		.attempts = m->tried,
		.state = m->state,
		.next_at = m->due,
		.last_at = m->last_at,
		.first_at = m->first_at,
		.flags = m->flags,
		.notify = 1,
		.address = arena_printf(arena, "r%u@d%u.test", m->recipient, m->site)};
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

int spool_lane_load(struct spool *s, uint32_t number, struct arena *arena, struct spool_lane *ret)
{
	return -EIO; /* lanes stay */
}

int64_t spool_mark_of(struct spool *s, uint32_t lane)
{
	return 0;
}

int spool_apply(struct spool *s, struct spool_op *op)
{
	return op->result = -ENOTSUP;
}

int spool_site_load(struct spool *s, struct span name, struct arena *arena, struct spool_site *ret)
{
	return -ENOENT;
}

int spool_sites(struct spool *s, void (*fn)(const struct spool_site *site, void *arg), void *arg)
{
	return 0;
}

struct id queue_new_id(struct queue *q)
{
	return (struct id){2, sim_random()};
}

uint32_t queue_dice(struct queue *q)
{
	return sim_random();
}

void spool_submit(struct spool *s, struct spool_op *op)
{
	list_add_tail(&sim()->pending, &op->node);
}

static void apply(struct spool_op *op)
{
	const struct spool_outcome *o = &op->outcome;
	struct sim_message *m = op->kind == SPOOL_OP_OUTCOME ? sim_of(o->id) : NULL;

	op->result = 0;
	if (op->kind != SPOOL_OP_OUTCOME)
		return;
	if (!m || m->is_over || m->due != o->due || o->results_n != 1) {
		op->result = -ENOENT;
		return;
	}
	const struct spool_recipient *r = &o->results[0].recipient;

	take_out(m);
	if (o->results[0].end) {
		m->is_over = true;
		if (o->results[0].end == SPOOL_RELAYED)
			m->done_at = sim()->now;
		sim()->left--;
		return;
	}
	m->tried = r->attempts;
	m->due = r->next_at;
	m->state = r->state;
	m->first_at = r->first_at;
	m->last_at = r->last_at;
	m->flags = r->flags;
	sim_put(m);
}

void sim_commit_all(void)
{
	for (struct list *node; (node = list_take(&sim()->pending));) {
		struct spool_op *op = container_of(node, struct spool_op, node);

		apply(op);
		op->done(op, op->arg);
	}
}
