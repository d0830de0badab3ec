#include "ipc/messages/plain.h"
#include "queue/bounce.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>

/* Content that came ahead of a commit: at most this much a receive process. */
#define PARTS_MOST     (64U * 1024 * 1024)
#define PARTS_ONE_MOST (16U * 1024 * 1024)

struct commit { /* one IPC_COMMIT on its way to the disk */
	struct spool_op op;
	struct arena arena;
	struct queue_peer *peer;
	uint32_t request;
	nanos began;
	char *content;
	bool is_told;
	struct ipc_recipient *expanded; /* copies */
	size_t expanded_n;
	struct spool_op receipt; /* which tells of them */
	struct spool_accept *notice;
};

static struct span part_key(const struct id *id)
{
	return span_of(id, sizeof *id);
}

static void drop_part(struct queue_peer *peer, struct id id)
{
	struct buf *b = table_remove(&peer->parts, part_key(&id));

	if (!b)
		return;
	peer->parts_bytes -= b->len;
	buf_done(b);
	free(b);
}

void queue_parts_free(struct queue_peer *peer)
{
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&peer->parts, &i, &key, &value);) {
		buf_done(value);
		free(value);
	}
	table_done(&peer->parts);
	peer->parts_bytes = 0;
}

/* A part too many is dropped, and with it the message: its commit will not add up. */
static void on_part(struct queue_peer *peer, const struct ipc_content_name *name, struct span bytes)
{
	struct buf *b = table_get(&peer->parts, part_key(&name->id));

	if (peer->parts_bytes + bytes.len > PARTS_MOST)
		return;
	if (!b) {
		b = alloc_zero(sizeof *b);
		buf_init(b, PARTS_ONE_MOST);
		(void)table_set(&peer->parts, part_key(&name->id), b);
	}
	size_t before = b->len;

	(void)buf_add(b, bytes);
	peer->parts_bytes += b->len - before;
}

static void answer(struct queue_peer *peer, uint32_t request, int error, nanos began, int fd)
{
	struct ipc_result result = {
		.error = error, .commit_ms = (uint32_t)((clock_now() - began) / NANOS_MS)};

	(void)ipc_send(peer->channel, &(struct ipc_out){.type = IPC_RESULT,
					      .request = request,
					      .is_answer = true,
					      .body = &result,
					      .fds = &fd,
					      .fds_n = fd >= 0 ? 1 : 0,
					      .soon = fd < 0});
}

static void durable(struct spool_op *op, void *arg)
{
	struct commit *c = arg;

	c->is_told = true;
	if (c->peer->channel)
		answer(c->peer, c->request, 0, c->began, -1);
	queue_accepted(c->peer->queue, &op->accept);
	queue_wake(c->peer->queue);
}

static void end_commit(struct commit *c)
{
	c->peer->busy--;
	free(c->content);
	arena_done(&c->arena);
	free(c);
}

/* ---- aliases of several ---- */

/* The client hears of its message when the receipt is safe as well: nothing of it is owed any more. */
static void receipted(struct spool_op *op, void *arg)
{
	struct commit *c = arg;
	struct queue *q = c->peer->queue;

	if (c->peer->channel)
		answer(c->peer, c->request, c->op.result, c->began, -1);
	if (op->result == 0) {
		queue_accepted(q, c->notice);
		log_event(LOG_INFO, "noticed", LOG_ID(c->notice->message.id),
			LOG_SPAN("recipient", c->notice->recipients[0].address),
			LOG_STR("kind", "expanded"));
		queue_dispatch(q);
	} else {
		log_event(LOG_ERROR, "notice_failed", LOG_ID(c->op.accept.message.id),
			LOG_ERRNO(op->result));
	}
	end_commit(c);
}

/* After a commit whose answer was lost it is told again: twice is better than never. */
static bool submit_receipt(struct commit *c)
{
	struct queue *q = c->peer->queue;

	if (c->expanded_n == 0 || (c->op.result != 0 && c->op.result != -EEXIST))
		return false;
	c->notice = bounce_make_expanded(
		q, &c->op.accept.message, c->expanded, c->expanded_n, &c->arena);
	if (!c->notice)
		return false;
	c->receipt = (struct spool_op){
		.kind = SPOOL_OP_ACCEPT, .accept = *c->notice, .done = receipted, .arg = c};
	spool_submit(q->spool, &c->receipt);
	return true;
}

static void committed(struct spool_op *op, void *arg)
{
	struct commit *c = arg;
	struct queue *q = c->peer->queue;
	bool is_owed = submit_receipt(c);

	if (c->peer->channel && !c->is_told && !is_owed)
		answer(c->peer, c->request, op->result, c->began, -1);
	if (op->result == 0) {
		/* A lane that was read meanwhile did not find it. */
		if (!op->message_gone)
			queue_accepted(q, &op->accept);
		queue_dispatch(q);
	} else if (op->result != -EEXIST) {
		struct spool_figures room = spool_figures(q->spool);

		log_event(LOG_ERROR, "commit_failed", LOG_ID(op->accept.message.id),
			LOG_ERRNO(op->result), LOG_U64("map_used", room.map_used),
			LOG_U64("map_size", room.map_size));
	}
	if (!is_owed)
		end_commit(c);
}

static void copy_expanded(struct commit *c, const struct ipc_commit *in)
{
	if (in->expanded_n == 0 ||
		!bounce_may(role_conf_now(c->peer->queue->role), &c->op.accept.message))
		return;
	c->expanded_n = in->expanded_n;
	c->expanded = arena_array(&c->arena, in->expanded_n, sizeof *c->expanded);
	for (size_t i = 0; i < in->expanded_n; i++)
		c->expanded[i] = (struct ipc_recipient){
			.address = arena_copy(&c->arena, in->expanded[i].address),
			.orcpt = arena_copy(&c->arena, in->expanded[i].orcpt)};
}

static void copy_recipients(struct commit *c, const struct ipc_commit *in)
{
	struct spool_accept *a = &c->op.accept;

	a->recipients_n = in->recipients_n;
	a->recipients = arena_array(&c->arena, in->recipients_n, sizeof *a->recipients);
	for (size_t i = 0; i < in->recipients_n; i++) {
		a->recipients[i].address = arena_copy(&c->arena, in->recipients[i].address);
		a->recipients[i].orcpt = arena_copy(&c->arena, in->recipients[i].orcpt);
		a->recipients[i].notify = in->recipients[i].notify;
		a->recipients[i].sender = arena_copy(&c->arena, in->recipients[i].sender);
	}
}

static void copy_message(struct commit *c, const struct ipc_commit *in)
{
	struct queue *q = c->peer->queue;
	struct arena *a = &c->arena;

	c->op.accept.message = (struct spool_message){
		.id = in->id,
		.arrived_at = spool_now(q->spool),
		.arrived_wall_ms = clock_wall_ms(),
		.sender = arena_copy(a, in->sender),
		.client = arena_copy(a, in->client),
		.helo = arena_copy(a, in->helo),
		.tls = arena_copy(a, in->tls),
		.login = arena_copy(a, in->login),
		.envid = arena_copy(a, in->envid),
		.ret = in->ret,
		.body_8bit = in->body_8bit,
		.smtputf8 = in->smtputf8,
		.is_own = in->is_own,
		.is_unproved = in->is_unproved,
		.content_in_file = in->content_in_file,
		.content_len = in->content_len,
		.content_crc = in->content_crc,
		.recipients = (uint32_t)in->recipients_n,
		.edits = arena_copy(a, in->edits),
	};
}

/* Joins what came ahead with the last piece. False where the bytes do not add up. */
static bool take_content(struct commit *c, const struct ipc_commit *in, struct span bytes)
{
	struct buf *ahead = table_get(&c->peer->parts, part_key(&in->id));
	struct spool_content *content = &c->op.accept.content;

	content->in_file = in->content_in_file;
	if (in->content_in_file)
		return bytes.len == 0 && !ahead;
	size_t total = bytes.len + (ahead ? ahead->len : 0);

	if ((ahead && ahead->error) || total != in->content_len)
		return false;
	c->content = alloc_raw(total);
	if (ahead && ahead->len > 0)
		memcpy(c->content, ahead->at, ahead->len);
	if (bytes.len > 0)
		memcpy(c->content + total - bytes.len, bytes.at, bytes.len);
	content->bytes = span_of(c->content, total);
	return true;
}

static void on_commit(struct queue_peer *peer, const struct ipc_packet *p)
{
	const struct ipc_commit *in = p->body;
	struct queue *q = peer->queue;
	struct commit *c = alloc_zero(sizeof *c);

	c->peer = peer;
	c->request = p->request;
	c->began = clock_now();
	bool whole = take_content(c, in, p->bytes);

	drop_part(peer, in->id);
	if (!whole || in->recipients_n == 0) {
		answer(peer, p->request, -EBADMSG, c->began, -1);
		free(c->content);
		free(c);
		return;
	}
	copy_message(c, in);
	copy_recipients(c, in);
	copy_expanded(c, in);
	queue_assign_lanes(
		q, role_conf_now(q->role), &c->op.accept, spool_now(q->spool), &c->arena);
	c->op.kind = SPOOL_OP_ACCEPT;
	c->op.durable = c->expanded_n == 0 ? durable : NULL;
	c->op.done = committed;
	c->op.arg = c;
	peer->busy++;
	spool_submit(q->spool, &c->op);
}

struct welcome {
	struct spool_op op;
	struct queue_peer *peer;
	uint32_t request;
};

static void welcomed(struct spool_op *op, void *arg)
{
	struct welcome *w = arg;
	struct ipc_queue_welcome body = {
		.generation = op->generation, .instance = spool_instance(w->peer->queue->spool)};

	if (op->result < 0)
		log_event(LOG_ERROR, "generation_failed", LOG_ERRNO(op->result));
	else if (w->peer->channel)
		(void)ipc_send(w->peer->channel, &(struct ipc_out){.type = IPC_QUEUE_WELCOME,
							 .request = w->request,
							 .is_answer = true,
							 .body = &body});
	w->peer->busy--;
	free(w);
}

static void on_hello(struct queue_peer *peer, const struct ipc_packet *p)
{
	struct welcome *w = alloc_zero(sizeof *w);

	w->peer = peer;
	w->request = p->request;
	w->op.kind = SPOOL_OP_GENERATION;
	w->op.done = welcomed;
	w->op.arg = w;
	peer->busy++;
	spool_submit(peer->queue->spool, &w->op);
}

static void on_content_make(struct queue_peer *peer, const struct ipc_packet *p)
{
	const struct ipc_content_name *name = p->body;
	int fd = -1;
	int rc = spool_content_make(peer->queue->spool, name->id, &fd);

	answer(peer, p->request, rc, clock_now(), rc < 0 ? -1 : fd);
	fd_close(&fd);
}

void queue_on_receive(struct ipc_channel *channel, struct ipc_packet *p, void *arg)
{
	struct queue_peer *peer = arg;

	switch (p->type) {
	case IPC_QUEUE_HELLO:
		on_hello(peer, p);
		return;
	case IPC_COMMIT_PART:
		on_part(peer, p->body, p->bytes);
		return;
	case IPC_COMMIT:
		on_commit(peer, p);
		return;
	case IPC_CONTENT_MAKE:
		on_content_make(peer, p);
		return;
	case IPC_CONTENT_DISCARD: {
		const struct ipc_content_name *name = p->body;

		drop_part(peer, name->id);
		spool_content_discard(peer->queue->spool, name->id);
		return;
	}
	default:
		log_event(LOG_ERROR, "wrong_request", LOG_STR("peer", ipc_name(channel)),
			LOG_U64("type", p->type));
		ipc_break(channel);
	}
}
