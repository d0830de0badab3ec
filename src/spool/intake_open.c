#include "base/alloc.h"
#include "spool/intake.h"
#include "spool/spool_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE \
	((size_t)1 << 20) /* read at a time: a call for each block takes a tenth of a second */

struct found {
	uint64_t serial, at;
	size_t len;
};

struct ring { /* what the file holds that the database does not */
	int fd;
	struct intake_head head;
	struct found *found;
	size_t n, room;
	uint64_t newest;  /* serial of a whole one */
	uint64_t refused; /* mails that the database won't have */
	char *bytes;      /* of one record */
	char *piece;      /* of the file, from piece_at on */
	uint64_t piece_at;
	size_t piece_len;
};

static void ring_done(struct ring *r)
{
	fd_close(&r->fd);
	free(r->found);
	free(r->bytes);
	free(r->piece);
}

/* -ENOENT: there is no such file, or its making was broken off: then nothing was promised by it. */
static int ring_open(struct spool *s, struct ring *r)
{
	*r = (struct ring){.fd = openat(s->dir_fd, INTAKE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
	if (r->fd < 0)
		return -errno;
	r->bytes = alloc_zero(intake_blocks(INTAKE_HEAD_LEN + INTAKE_MOST));
	ssize_t n = pread(r->fd, r->bytes, INTAKE_BLOCK, 0);

	if (n < 0)
		return -errno;
	return intake_head_read(span_of(r->bytes, (size_t)n), &r->head) < 0 ? -ENOENT : 0;
}

static int read_record(struct ring *r, uint64_t at, size_t len)
{
	ssize_t n = pread(r->fd, r->bytes, len, (off_t)at);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -EBADMSG;
}

static void keep(struct ring *r, const struct found *f)
{
	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 64;
		r->found = alloc_grow(r->found, r->room, sizeof *r->found);
	}
	r->found[r->n++] = *f;
}

/* The first bytes of the block at `at`. -ENOENT: the file is shorter. */
static int read_head(struct ring *r, uint64_t at, struct span *ret)
{
	if (!r->piece)
		r->piece = alloc_zero(PIECE);
	if (at < r->piece_at || at + INTAKE_HEAD_LEN > r->piece_at + r->piece_len) {
		ssize_t n = pread(r->fd, r->piece, PIECE, (off_t)at);

		if (n < 0)
			return -errno;
		r->piece_at = at;
		r->piece_len = (size_t)n;
	}
	*ret = span_slice(
		span_of(r->piece, r->piece_len), (size_t)(at - r->piece_at), INTAKE_HEAD_LEN);
	return ret->len < INTAKE_HEAD_LEN ? -ENOENT : 0;
}

/*
 * Looks at each block. What the database has is passed over unread; what is not whole is what was
 * being written when all ended, or is damaged.
 */
static int ring_scan(struct ring *r, uint64_t done)
{
	for (uint64_t at = INTAKE_BLOCK, step; at < r->head.size; at += step) {
		struct intake_record record;
		struct span head;
		int rc = read_head(r, at, &head);

		step = INTAKE_BLOCK;
		if (rc < 0)
			return rc == -ENOENT ? 0 : rc; /* never written so far */
		if (!intake_record_peek(head, r->head.nonce, &record) || record.serial <= done)
			continue;
		size_t len = INTAKE_HEAD_LEN + record.len;

		rc = read_record(r, at, len);
		if (rc < 0 && rc != -EBADMSG)
			return rc;
		if (rc < 0 || !intake_record_is_whole(span_of(r->bytes, len)))
			continue;
		step = intake_blocks(len);
		if (record.serial > r->newest)
			r->newest = record.serial;
		keep(r, &(struct found){record.serial, at, len});
	}
	return 0;
}

static int by_serial(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

/*
 * One record's mail into a transaction; what is known already is there. What the database refuses
 * for good must not keep all the rest from being delivered.
 */
static int take_record(struct store_txn *t, struct ring *r, size_t len)
{
	struct span rest = span_of(r->bytes + INTAKE_HEAD_LEN, len - INTAKE_HEAD_LEN);
	int rc = 0;

	while (rc == 0 && rest.len > 0) {
		struct arena arena = {0};
		struct accept_packed packed = {0};
		struct spool_accept a;

		int readable = intake_mail_read(&rest, &arena, &a);

		rc = readable < 0 ? readable : accept_check(t, &a, &arena, &packed);
		if (rc == 0)
			rc = accept_write(t, &a, &packed);
		arena_done(&arena);
		r->refused += rc == -EINVAL || rc == -EBADMSG;
		if (rc == -EEXIST || rc == -EINVAL || rc == -EBADMSG)
			rc = 0;
		if (readable < 0)
			break;
	}
	return rc;
}

/* Records from `from` on, some at a time, each with its serial in one transaction. */
static int take_some(struct spool *s, struct ring *r, size_t from, size_t *ret_to)
{
	struct store_txn t;
	uint64_t bytes = 0;
	int rc = store_begin_write(s, &t);

	if (rc < 0)
		return rc;
	t.now = spool_now(s);
	t.wall_ms = clock_wall_ms();
	for (*ret_to = from; rc == 0 && *ret_to < r->n && bytes < SPOOL_BATCH_BYTES; ++*ret_to) {
		const struct found *f = &r->found[*ret_to];

		rc = read_record(r, f->at, f->len);
		if (rc == 0)
			rc = take_record(&t, r, f->len);
		t.meta.intake = f->serial;
		bytes += f->len;
	}
	if (rc < 0) {
		store_abort(&t);
		return rc;
	}
	rc = store_commit(&t, false);
	if (rc == 0)
		s->meta = t.meta;
	return rc;
}

/* What could not be taken over stays for whoever wants to look; mail goes on with a new ring. */
static void put_aside(struct spool *s)
{
	char name[48];

	(void)snprintf(
		name, sizeof name, INTAKE_FILE ".bad-%llu", (unsigned long long)s->intake.serial);
	if (renameat(s->dir_fd, INTAKE_FILE, s->dir_fd, name) == 0)
		s->intake.size = 0;
}

int intake_take_over(struct spool *s, uint64_t *ret_lost)
{
	uint64_t done = s->meta.intake;
	struct ring r;
	int rc = ring_open(s, &r);

	*ret_lost = 0;
	if (rc == 0)
		rc = ring_scan(&r, done);
	if (rc == 0) {
		s->intake.size = r.head.size;
		memcpy(s->intake.nonce, r.head.nonce, sizeof s->intake.nonce);
	}
	if (rc == 0 && r.n > 0)
		qsort(r.found, r.n, sizeof *r.found, by_serial);
	for (size_t i = 0; rc == 0 && i < r.n;)
		rc = take_some(s, &r, i, &i);
	if (rc == 0 && r.n > 0 && done > 0)
		*ret_lost = r.found[r.n - 1].serial - done - r.n;
	*ret_lost += r.refused;
	s->intake.serial = r.newest > done ? r.newest : done;
	s->intake.handed = s->intake.released = s->intake.serial;
	if (rc == 0 && *ret_lost > 0)
		put_aside(s);
	ring_done(&r);
	return rc == -ENOENT ? 0 : rc;
}

bool intake_is_there(const struct spool *s)
{
	return faccessat(s->dir_fd, INTAKE_FILE, F_OK, 0) == 0;
}

int intake_is_waiting(struct spool *s)
{
	struct ring r;
	int rc = ring_open(s, &r);

	if (rc == 0)
		rc = ring_scan(&r, s->meta.intake);
	int waiting = r.n > 0;

	ring_done(&r);
	return rc == -ENOENT ? 0 : rc < 0 ? rc : waiting;
}
