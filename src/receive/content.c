#include "receive/content.h"
#include "base/alloc.h"
#include "base/crc.h"
#include "receive/server.h"
#include <assert.h>
#include <errno.h>
#include <unistd.h>

/* How long a session waits for a queue that is being started again. */
#define QUEUE_PATIENCE (30 * NANOS_S)

void content_begin(struct content *c, content_header_fn *at_header, void *self)
{
	*c = (struct content){.fd = -1, .at_header = at_header, .at_header_self = self};
}

enum reply_id content_refusal(int error)
{
	switch (error) {
	case -ENOSPC:
	case -EDQUOT:
		return SAY_SPOOL_FULL;
	case -EPIPE:
	case -ETIMEDOUT:
		return SAY_QUEUE_UNREACHABLE;
	case -ECANCELED:
		return SAY_SHUTTING_DOWN;
	case -EUCLEAN:
	case -EROFS:
		return SAY_SPOOL_DAMAGED;
	case -EIO:
	case -ENOENT:
	case -ESTALE:
	case -EFBIG:
		return SAY_SYNC_FAILED;
	default:
		return SAY_INTERNAL_ERROR;
	}
}

static void refuse(struct content *c, enum reply_id refusal, int error)
{
	if (c->refusal)
		return;
	c->refusal = refusal;
	c->error = error;
}

static void fail(struct content *c, int error)
{
	refuse(c, content_refusal(error), error);
}

/* The header stands at the front: one look at the first bytes is enough. */
static void read_header(struct content *c)
{
	if (c->is_header_read || !c->held)
		return;
	c->is_header_read = true;
	mail_facts_read(buf_span(c->held), &c->facts);
	c->facts.message_id = (struct span){0}; /* what it borrows from does not stay */
	c->has_whole_header = c->facts.is_complete || c->held->len < CONTENT_HELD_MAX;
	if (!c->at_header)
		return;
	enum reply_id refusal = c->at_header(c->at_header_self, buf_span(c->held));

	if (refusal)
		refuse(c, refusal, 0);
}

struct job { /* runs on a helper thread */
	int fd;
	struct span bytes;
	bool syncs;
	int rc;
};

static void write_job(void *arg)
{
	struct job *j = arg;

	while (j->bytes.len > 0) {
		ssize_t n = write(j->fd, j->bytes.at, j->bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			j->rc = n < 0 ? -errno : -EIO;
			return;
		}
		j->bytes = span_slice(j->bytes, (size_t)n, j->bytes.len);
	}
	if (j->syncs && fdatasync(j->fd) < 0)
		j->rc = -errno;
}

/* Only now, so that a message that is thrown away uses up none. */
static int take_id(struct content *c, struct server *v, nanos deadline)
{
	int rc = v->commit->ready(v->commit_self, deadline);

	return rc < 0 ? rc : v->commit->new_id(v->commit_self, &c->id);
}

static void make_file(struct content *c, struct server *v)
{
	nanos deadline = clock_after(QUEUE_PATIENCE);
	int rc = -EPIPE;

	for (unsigned tries = 0; rc == -EPIPE && tries < 3; tries++) {
		rc = take_id(c, v, deadline);
		if (rc == 0)
			rc = v->commit->content_make(v->commit_self, c->id, deadline, &c->fd);
	}
	if (rc < 0) {
		c->fd = -1;
		fail(c, rc);
		return;
	}
	c->is_in_file = true;
}

/* What is held goes into the file, which is made with the first piece. */
static void spill(struct content *c, struct server *v, bool syncs)
{
	if (!c->is_in_file)
		make_file(c, v);
	if (c->refusal)
		return;
	struct job j = {.fd = c->fd, .bytes = buf_span(c->held), .syncs = syncs};

	c->crc = crc32c(c->crc, j.bytes);
	int rc = task_offload(write_job, &j);

	if (rc == 0)
		rc = j.rc;
	if (rc < 0)
		fail(c, rc);
	buf_clear(c->held);
}

void content_add(struct content *c, struct server *v, struct span run)
{
	while (run.len > 0 && !c->refusal) {
		if (!c->held)
			c->held = pool_take(&v->contents);
		if (c->held->len == CONTENT_HELD_MAX) {
			read_header(c);
			if (!c->refusal)
				spill(c, v, false);
			continue;
		}
		struct span piece = span_slice(run, 0, CONTENT_HELD_MAX - c->held->len);
		int rc = buf_add(c->held, piece);

		if (rc < 0)
			fail(c, rc);
		c->size += piece.len;
		run = span_slice(run, piece.len, run.len);
	}
}

void content_end(struct content *c, struct server *v)
{
	read_header(c);
	if (c->refusal)
		return;
	if (!c->is_in_file) {
		int rc = take_id(c, v, clock_after(QUEUE_PATIENCE));

		if (rc < 0)
			fail(c, rc);
		else if (c->held)
			c->crc = crc32c(0, buf_span(c->held));
		return;
	}
	spill(c, v, true);
	/* Before the commit: queue takes the file over only when no writer is left. */
	fd_close(&c->fd);
	c->fd = -1;
}

struct span content_bytes(const struct content *c)
{
	return c->held && !c->is_in_file ? buf_span(c->held) : (struct span){0};
}

void content_drop(struct content *c, struct server *v)
{
	if (c->is_in_file) {
		fd_close(&c->fd);
		v->commit->content_discard(v->commit_self, c->id);
	}
	pool_give(&v->contents, c->held);
	content_begin(c, c->at_header, c->at_header_self);
}
