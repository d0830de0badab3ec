#include "deliver/send.h"
#include "base/alloc.h"
#include "deliver/adapt.h"
#include "wire/content.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE     (256U * 1024)
#define IOVS_MOST 64U

#define SEND_FIRST_MAX 96U

static bool send_failed(struct transaction *t, struct trouble *ret, int error)
{
	bool is_timeout = error == -ETIMEDOUT;

	*ret = (struct trouble){.stage = REPLY_STAGE_DATA,
		.event = is_timeout ? EVENT_SEND_TIMEOUT : EVENT_LOST,
		.words = connection_words(t->connection),
		.is_lost = true};
	ret->words.stage = SPAN_LIT("the message");
	if (is_timeout)
		return false;
	/* The peer may have said why before it closed. */
	struct trouble ignored;

	if (connection_reply(t->connection, REPLY_STAGE_DATA, clock_now(), &ignored) &&
		t->connection->reader.reply.code >= 400)
		*ret = (struct trouble){.stage = REPLY_STAGE_DATA,
			.reply = t->connection->reader.reply,
			.host = t->connection->host,
			.is_lost = true};
	return false;
}

/* Each piece has its own deadline (RFC 5321 4.5.3.2.5). */
static int send_stuffed(struct transaction *t, struct wire_content *c, struct span bytes)
{
	struct iovec iov[IOVS_MOST];

	while (bytes.len > 0) {
		size_t n = wire_stuff_iov(c, &bytes, iov, IOVS_MOST);

		if (c->fault != WIRE_CONTENT_OK)
			return -EBADMSG;
		for (size_t i = 0; i < n; i++) {
			int rc = stream_write(t->connection->stream,
				span_of(iov[i].iov_base, iov[i].iov_len),
				clock_after(t->conf->timeouts.data));

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

struct reading {
	int fd;
	char *at;
	off_t offset;
	ssize_t n;
};

static void read_piece(void *arg)
{
	struct reading *r = arg;

	r->n = pread(r->fd, r->at, PIECE, r->offset);
	if (r->n < 0)
		r->n = -errno;
}

static int send_file(struct transaction *t, struct wire_content *c)
{
	struct reading r = {.fd = t->job->content_fd, .at = alloc_array(1, PIECE)};
	uint64_t left = t->job->body.content_len;
	int rc = 0;

	while (rc == 0 && left > 0) {
		rc = task_offload(read_piece, &r);
		if (rc == 0 && r.n < 0)
			rc = -EAGAIN; /* the disk may read it again later */
		if (rc == 0 && (r.n == 0 || (uint64_t)r.n > left))
			rc = -EBADMSG;
		if (rc == 0)
			rc = send_stuffed(t, c, span_of(r.at, (size_t)r.n));
		if (rc == 0) {
			left -= (uint64_t)r.n;
			r.offset += r.n;
		}
	}
	free(r.at);
	return rc;
}

/* Through the conversion, on a helper thread: what it gives of a piece is sent before the next is read. */
static int send_adapted(struct transaction *t, struct wire_content *c)
{
	struct feeding f;
	int rc = 0;

	feeding_init(&f, t->job, &t->adapted->plan, false);
	while (rc == 0 && f.rc > 0) {
		rc = task_offload(feeding_next, &f);
		if (rc == 0 && f.rc >= 0)
			rc = send_stuffed(t, c, buf_span(&f.out));
		buf_clear(&f.out);
	}
	if (rc == 0 && f.rc < 0)
		rc = f.rc == -EAGAIN ? -EAGAIN : -EBADMSG;
	feeding_done(&f);
	return rc;
}

/*
 * May an attempt before have brought it to this store? queue knows of those that broke off after the
 * dot, and has them go to the same host first; of what came before this process and was never tried, nobody knows.
 */
static bool may_be_there(const struct transaction *t)
{
	const struct ipc_job *b = &t->job->body;

	return b->host_first.len > 0 ||
	       (b->attempt <= 1 && id_wall_ms(b->id) <= t->deliver->started_wall_ms);
}

/*
 * A mailbox store wants no signature, but can be told by these that it has the message already,
 * where it died before it could say so (doc/dovecot.md).
 */
static struct span first_of(const struct transaction *t, char room[SEND_FIRST_MAX])
{
	char id[ID_TEXT_LEN + 1];

	if (!t->connection->is_lmtp)
		return t->adapted ? t->adapted->signature : t->job->signature;
	(void)snprintf(room, SEND_FIRST_MAX, "X-Abide-Id: %s\r\n%s", id_text(t->job->body.id, id),
		may_be_there(t) ? "X-Abide-Again: yes\r\n" : "");
	return span_str(room);
}

uint64_t send_size(const struct transaction *t)
{
	const struct ipc_job *b = &t->job->body;
	char room[SEND_FIRST_MAX];

	return first_of(t, room).len +
	       (t->adapted ? t->adapted->size : b->edits.len + b->content_len);
}

static int send_rest(struct transaction *t, struct wire_content *c)
{
	const struct ipc_job *b = &t->job->body;

	if (t->adapted)
		return send_adapted(t, c);
	int rc = send_stuffed(t, c, b->edits);

	if (rc == 0 && t->job->bytes)
		return send_stuffed(t, c, span_of(t->job->bytes, (size_t)b->content_len));
	return rc == 0 && b->content_len > 0 ? send_file(t, c) : rc;
}

bool send_content(struct transaction *t, struct trouble *ret)
{
	struct wire_content c;
	char room[SEND_FIRST_MAX];

	wire_stuff_init(&c);
	int rc = send_stuffed(t, &c, first_of(t, room));

	if (rc == 0)
		rc = send_rest(t, &c);
	if (rc == -EBADMSG || rc == -EAGAIN) {
		*ret = (struct trouble){.stage = REPLY_STAGE_DATA,
			.event = rc == -EBADMSG ? EVENT_CONTENT_UNREADABLE : EVENT_NO_RESOURCES,
			.is_lost = true};
		return false;
	}
	if (rc < 0)
		return send_failed(t, ret, rc);
	struct span end = wire_stuff_end(&c);

	if (c.fault != WIRE_CONTENT_OK) {
		*ret = (struct trouble){.stage = REPLY_STAGE_DATA,
			.event = EVENT_CONTENT_UNREADABLE,
			.is_lost = true};
		return false;
	}
	/* From here on its end is in doubt if this process dies. */
	deliver_say_dot(t->deliver, t->job);
	(void)stream_write(t->connection->stream, end, clock_after(t->conf->timeouts.data));
	/* Whether the dot went out can't be known once writing it fails: the reply's reader says. */
	(void)stream_flush(t->connection->stream, clock_after(t->conf->timeouts.data));
	return true;
}
