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
#define CHUNK          (512U * 1024)
#define CHUNK_MOST \
	((size_t)8 << 20) /* what is gathered, with the largest piece that is added to it */

struct sending {
	struct transaction *t;
	struct wire_content c;
	bool by_chunks;
	struct buf chunk;    /* that is being gathered */
	unsigned unanswered; /* chunks */
	bool is_refused;     /* the reader has the reply to one */
};

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

/* One ahead at most: a peer that refuses the message says so before all of it was sent. */
static int await_answers(struct sending *s, unsigned most, struct trouble *ret)
{
	struct transaction *t = s->t;

	while (s->unanswered > most) {
		if (!connection_reply(t->connection, REPLY_STAGE_DATA,
			    clock_after(t->conf->timeouts.data), ret))
			return -ECONNRESET;
		s->unanswered--;
		s->is_refused = t->connection->reader.reply.code / 100 != 2;
		if (s->is_refused)
			return -ECANCELED;
	}
	return 0;
}

/* RFC 3030 2: the bytes as they are, after how many there are. Not flushed where it is the last. */
static int write_chunk(struct sending *s, bool is_last)
{
	struct stream *out = s->t->connection->stream;
	nanos deadline = clock_after(s->t->conf->timeouts.data);
	char head[48];
	int n = snprintf(head, sizeof head, "BDAT %zu%s\r\n", s->chunk.len, is_last ? " LAST" : "");
	int rc = stream_write(out, span_of(head, (size_t)n), deadline);

	if (rc == 0)
		rc = stream_write(out, buf_span(&s->chunk), deadline);
	if (rc == 0)
		rc = stream_flush(out, deadline);
	buf_clear(&s->chunk);
	return rc;
}

static int put(struct sending *s, struct span bytes)
{
	struct trouble ignored;

	if (!s->by_chunks)
		return send_stuffed(s->t, &s->c, bytes);
	if (!wire_chunk_take(&s->c, bytes))
		return -EBADMSG;
	if (s->chunk.len >= CHUNK) {
		int rc = write_chunk(s, false);

		s->unanswered++;
		if (rc == 0)
			rc = await_answers(s, 1, &ignored);
		if (rc < 0)
			return rc;
	}
	return buf_add(&s->chunk, bytes);
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

static int send_file(struct sending *s)
{
	struct transaction *t = s->t;
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
			rc = put(s, span_of(r.at, (size_t)r.n));
		if (rc == 0) {
			left -= (uint64_t)r.n;
			r.offset += r.n;
		}
	}
	free(r.at);
	return rc;
}

/* Through the conversion, on a helper thread: what it gives of a piece is sent before the next is read. */
static int send_adapted(struct sending *s)
{
	struct transaction *t = s->t;
	struct feeding f;
	int rc = 0;

	feeding_init(&f, t->job, &t->adapted->plan, false);
	while (rc == 0 && f.rc > 0) {
		rc = task_offload(feeding_next, &f);
		if (rc == 0 && f.rc >= 0)
			rc = put(s, buf_span(&f.out));
		buf_clear(&f.out);
	}
	if (rc == 0 && f.rc < 0)
		rc = f.rc == -EAGAIN ? -EAGAIN : -EBADMSG;
	feeding_done(&f);
	return rc;
}

/*
 * May an attempt before have brought it to this store? queue knows of those that broke off after the
 * dot; of what came before this process and was never tried, nobody knows.
 */
static bool may_be_there(const struct transaction *t)
{
	const struct ipc_job *b = &t->job->body;

	return b->maybe || (b->attempt <= 1 && id_wall_ms(b->id) <= t->deliver->started_wall_ms);
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

static int send_all(struct sending *s)
{
	struct transaction *t = s->t;
	const struct ipc_job *b = &t->job->body;
	char room[SEND_FIRST_MAX];
	int rc = put(s, first_of(t, room));

	if (rc == 0 && t->adapted)
		return send_adapted(s);
	if (rc == 0)
		rc = put(s, b->edits);
	if (rc == 0 && t->job->bytes)
		return put(s, span_of(t->job->bytes, (size_t)b->content_len));
	return rc == 0 && b->content_len > 0 ? send_file(s) : rc;
}

static bool unreadable(struct trouble *ret, enum reply_id event)
{
	*ret = (struct trouble){.stage = REPLY_STAGE_DATA, .event = event, .is_lost = true};
	return false;
}

static bool may_end(struct sending *s, int rc, struct trouble *ret)
{
	if (rc == -EBADMSG || rc == -EAGAIN)
		return unreadable(
			ret, rc == -EBADMSG ? EVENT_CONTENT_UNREADABLE : EVENT_NO_RESOURCES);
	return rc < 0 ? send_failed(s->t, ret, rc) : true;
}

bool send_content(struct transaction *t, struct trouble *ret)
{
	struct sending s = {.t = t};

	wire_stuff_init(&s.c);
	if (!may_end(&s, send_all(&s), ret))
		return false;
	struct span end = wire_stuff_end(&s.c);

	if (s.c.fault != WIRE_CONTENT_OK)
		return unreadable(ret, EVENT_CONTENT_UNREADABLE);
	/* From here on its end is in doubt if this process dies. */
	deliver_say_dot(t->deliver, t->job);
	(void)stream_write(t->connection->stream, end, clock_after(t->conf->timeouts.data));
	/* Whether the dot went out can't be known once writing it fails: the reply's reader says. */
	(void)stream_flush(t->connection->stream, clock_after(t->conf->timeouts.data));
	return true;
}

bool send_wants_chunks(const struct transaction *t)
{
	const struct connection *c = t->connection;

	return c->ehlo.chunking && !c->is_plain && !c->is_lmtp && send_size(t) > CHUNK;
}

enum send_result send_chunks(struct transaction *t, struct trouble *ret, unsigned *ret_unanswered)
{
	struct sending s = {.t = t, .by_chunks = true, .chunk = BUF_INIT(CHUNK_MOST)};
	enum send_result result = SEND_FAILED;

	wire_content_init(&s.c, 0, 0);
	int rc = send_all(&s);

	if (rc == 0)
		rc = await_answers(&s, 0, ret);
	if (rc == 0 && !wire_chunk_end(&s.c))
		rc = -EBADMSG;
	if (rc == 0 && !s.c.is_at_line_start)
		rc = buf_add_str(&s.chunk, "\r\n");
	*ret_unanswered = s.unanswered;
	if (s.is_refused) {
		result = SEND_REFUSED;
	} else if (may_end(&s, rc, ret)) {
		/* As before a final dot. */
		deliver_say_dot(t->deliver, t->job);
		(void)write_chunk(&s, true);
		result = SEND_DONE;
	}
	buf_done(&s.chunk);
	return result;
}
