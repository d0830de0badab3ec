#include "base/alloc.h"
#include "spool/compact.h"
#include "spool/spool_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_SIZE  (UINT64_C(64) << 30)
#define ENDS_KEPT (NANOS_S * 86400 * 30)

/* ---- folders and the lock ---- */

static int open_folder(int at, const char *name, bool make, int *ret)
{
	if (make && mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	*ret = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

/* The folder that holds the spool must know it durably too. */
static int sync_parent(int dir_fd)
{
	_cleanup_(fd_close) int up = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (up < 0 || fsync(up) < 0)
		return errno == EACCES || errno == EINVAL || errno == EROFS ? 0 : -errno;
	return 0;
}

static int open_folders(struct spool *s, const char *dir, const char **ret_why)
{
	bool make = !s->read_only;
	int rc = open_folder(AT_FDCWD, dir, make, &s->dir_fd);

	*ret_why = "the folder can't be opened";
	if (rc == 0)
		rc = open_folder(s->dir_fd, "content", make, &s->content_fd);
	if (rc == 0)
		rc = open_folder(s->content_fd, "in", make, &s->in_fd);
	if (rc < 0)
		return rc;
	*ret_why = "the file lock can't be opened";
	s->lock_fd = openat(s->dir_fd, "lock",
		(make ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock_fd < 0 && errno == ENOENT && !make)
		return 0; /* a copy that was restored without it: nobody holds it */
	if (s->lock_fd < 0)
		return -errno;
	*ret_why = "another process has it open: abide is running";
	if (flock(s->lock_fd, (make ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

static int sync_folders(struct spool *s)
{
	if (fsync(s->in_fd) < 0 || fsync(s->content_fd) < 0 || fsync(s->dir_fd) < 0)
		return -errno;
	return sync_parent(s->dir_fd);
}

/* ---- meta: made with a new spool, read with an old one ---- */

static int random_instance(uint64_t *ret)
{
	uint16_t n;

	if (getrandom(&n, sizeof n, 0) != sizeof n)
		return -errno;
	*ret = n;
	return 0;
}

/* Rows that carry on a long record don't count. */
static int count_messages(struct store_txn *t, uint64_t *ret)
{
	struct span key, value;
	uint64_t n = 0;
	int rc = store_seek(t, STORE_MESSAGES, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(t, STORE_MESSAGES, &key, &value))
		n += key.len == ID_BYTES;
	*ret = n;
	return rc == -ENOENT ? 0 : rc;
}

/*
 * Rows of meta that damage took are made again, so that the others go on. A
 * lost generation might repeat ids, so the instance changes with it.
 */
static int mend_meta(struct store_txn *t, struct store_meta *m, bool is_new)
{
	struct store_totals *sum = &m->totals;
	uint64_t pages;
	int rc = 0;

	m->format = STORE_FORMAT;
	if (t->s->open_missing || is_new)
		rc = store_count(t, STORE_TRIES, &m->tries, &pages);
	if (rc < 0)
		return rc;
	if (m->generation == 0)
		rc = random_instance(&m->instance);
	if (rc < 0 || is_new || sum->accepted_messages > 0)
		return rc;
	uint64_t messages, recipients, ends;

	rc = count_messages(t, &messages);
	if (rc == 0)
		rc = store_count(t, STORE_RECIPIENTS, &recipients, &pages);
	if (rc == 0)
		rc = store_count(t, STORE_ENDS, &ends, &pages);
	if (rc == 0 && messages + recipients + ends > 0) {
		sum->accepted_messages = messages;
		sum->relayed = ends;
		sum->accepted_recipients = recipients + ends;
	}
	return rc;
}

static void start_clock(struct spool *s, const struct qclock *stored, const unsigned char *boot_id)
{
	struct qclock_now now;

	qclock_read(&now);
	if (boot_id)
		memcpy(now.boot_id, boot_id, sizeof now.boot_id);
	struct qclock_step step = qclock_resume(stored, &now);

	memcpy(s->boot_id, now.boot_id, sizeof s->boot_id);
	s->clock_queue_ms = step.queue_ms;
	s->clock_boot_ms = now.boot_ms;
	s->clock_report = (struct spool_clock_report){
		.away_ms = step.away_ms,
		.wall_claimed_ms = step.claimed_ms,
		.clamped = step.clamped,
	};
}

static int load_meta(
	struct spool *s, struct store_txn *t, const unsigned char *boot_id, const char **ret_why)
{
	struct arena arena = {0};
	struct store_meta m;
	uint64_t rows = 0, messages = 0, pages;
	int rc = store_count(t, STORE_META, &rows, &pages);

	*ret_why = "its table meta can't be read";
	if (rc == 0)
		rc = store_read_meta(t, &arena, &m, &s->open_missing);
	if (rc == 0)
		rc = store_count(t, STORE_MESSAGES, &messages, &pages);
	bool is_new = rows == 0 && messages == 0 && !s->read_only;

	/* A spool from before there was an intake. */
	if (s->open_missing && strcmp(s->open_missing, "intake") == 0 && !intake_is_there(s))
		s->open_missing = NULL;
	if (is_new)
		s->open_missing = NULL;
	if (rc == 0 && m.format != STORE_FORMAT && m.format != 0) {
		*ret_why = "it was written by another version of abide";
		rc = -EBADMSG;
	}
	if (rc == 0) {
		start_clock(s, m.clock.queue_ms ? &m.clock : NULL, boot_id);
		if (!s->read_only)
			rc = mend_meta(t, &m, is_new);
		m.clock.boot_id = (struct span){0}; /* dies with the arena */
		s->meta = m;
		s->instance = (uint16_t)m.instance;
	}
	arena_done(&arena);
	return rc;
}

static int read_meta(struct spool *s, const unsigned char *boot_id, const char **ret_why)
{
	struct store_txn t;
	int rc = store_begin_write(s, &t);

	*ret_why = "LMDB can't begin";
	if (rc < 0)
		return rc;
	rc = env_open_tables(s, t.txn);
	if (rc == 0)
		rc = load_meta(s, &t, boot_id, ret_why);
	if (rc < 0) {
		store_abort(&t);
		return rc;
	}
	t.meta = s->meta;
	t.now = spool_now(s);
	t.wall_ms = clock_wall_ms();
	*ret_why = "it can't be written";
	return store_commit(&t, true);
}

static int read_meta_only(struct spool *s, const unsigned char *boot_id, const char **ret_why)
{
	struct store_txn t = {.s = s};
	int rc = store_errno(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &t.txn));

	*ret_why = "LMDB can't begin";
	if (rc < 0)
		return rc;
	*ret_why = "it is not complete";
	rc = env_open_tables(s, t.txn);
	if (rc == 0)
		rc = load_meta(s, &t, boot_id, ret_why);
	if (rc < 0)
		store_abort(&t);
	else
		rc = store_commit_txn(&t); /* keeps the table handles */
	return rc;
}

/* ---- open and close ---- */

static struct spool *new_spool(const struct spool_options *o)
{
	struct spool *s = alloc_zero(sizeof *s);

	s->batch_most = o->batch_most ? o->batch_most : SPOOL_BATCH_MOST;
	s->ends_kept = o->ends_kept ? o->ends_kept : ENDS_KEPT;
	s->tidy_every = o->tidy_every ? o->tidy_every : SPOOL_TIDY_EVERY;
	s->intake.wanted = o->ring_size ? o->ring_size / INTAKE_MOST * INTAKE_MOST : INTAKE_SIZE;
	s->map_size = o->map_size ? o->map_size : MAP_SIZE;
	if (s->map_size > SIZE_MAX / 4)
		s->map_size = SIZE_MAX / 4;
	s->read_only = o->read_only;
	s->dir_fd = s->content_fd = s->in_fd = s->lock_fd = -1;
	s->dir = alloc_copy(o->dir, strlen(o->dir));
	list_init(&s->pending);
	list_init(&s->again);
	intake_init(&s->intake);
	task_gate_init(&s->caught_up);
	task_gate_init(&s->gate);
	task_gate_init(&s->readers_gone);
	return s;
}

/* What was accepted last may be in the intake alone: a reader would not see it. */
static int open_intake(struct spool *s, const char **ret_why)
{
	if (!s->read_only) {
		uint64_t before = s->meta.totals.accepted_messages;
		int rc = intake_take_over(s, &s->figures.intake_lost);

		*ret_why = "what its intake holds can't be taken over";
		s->figures.taken_over = s->meta.totals.accepted_messages - before;
		return rc;
	}
	*ret_why = "its intake can't be read";
	int waiting = intake_is_waiting(s);

	if (waiting > 0)
		*ret_why = "its intake holds mail that is not taken over yet: start abide, or "
			   "open it as the spool's user";
	return waiting > 0 ? -EAGAIN : waiting;
}

int spool_open(const struct spool_options *options, struct spool **ret, const char **ret_why)
{
	struct spool *s = new_spool(options);
	int rc = open_folders(s, options->dir, ret_why);

	if (rc == 0 && !s->read_only)
		compact_sweep(s);
	if (rc == 0) {
		*ret_why = "LMDB can't open data.mdb";
		rc = env_open(s, options->dir);
		if (rc == -EBADMSG)
			*ret_why = "data.mdb is damaged: it was cut off";
	}
	if (rc == 0)
		rc = s->read_only ? read_meta_only(s, options->boot_id, ret_why)
				  : read_meta(s, options->boot_id, ret_why);
	if (rc == 0)
		rc = open_intake(s, ret_why);
	if (rc == 0 && !s->read_only) {
		*ret_why = "its folders can't be synced";
		rc = sync_folders(s);
	}
	if (rc < 0) {
		spool_close(s);
		return rc;
	}
	if (!s->read_only)
		content_sweep(s);
	batch_publish(s);
	*ret = s;
	return 0;
}

int spool_start(struct spool *s)
{
	if (s->read_only)
		return -EROFS;
	s->task = task_spawn("spool", batch_committer, s);
	s->started = s->task != NULL;
	return s->task ? intake_start(s) : -EAGAIN;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	intake_stop(s);
	s->closing = true;
	while (s->compact)
		if (task_sleep(clock_after(10 * NANOS_MS)) < 0)
			(void)task_yield();
	if (s->task) {
		task_gate_wake_all(&s->gate);
		while (task_join(s->task, CLOCK_NEVER) < 0)
			(void)task_yield();
	}
	if (s->reader)
		mdb_txn_abort(s->reader);
	if (s->env)
		mdb_env_close(s->env);
	intake_done(&s->intake);
	fd_close(&s->in_fd);
	fd_close(&s->content_fd);
	fd_close(&s->dir_fd);
	free(s->dir);
	fd_close(&s->lock_fd); /* last: it lets the next one in */
	free(s);
}

int64_t spool_now(const struct spool *s)
{
	int64_t since = clock_boot() / NANOS_MS - s->clock_boot_ms;

	return s->clock_queue_ms + (since > 0 ? since : 0);
}

int64_t spool_wall(const struct spool *s, int64_t queue_ms)
{
	return clock_wall_ms() + (queue_ms - spool_now(s));
}

struct spool_clock_report spool_clock_report(const struct spool *s)
{
	return s->clock_report;
}

uint16_t spool_instance(const struct spool *s)
{
	return s->instance;
}

struct spool_figures spool_figures(const struct spool *s)
{
	return s->figures;
}

void spool_boot_id(unsigned char out[SPOOL_BOOT_ID])
{
	struct qclock_now now;

	qclock_read(&now);
	memcpy(out, now.boot_id, SPOOL_BOOT_ID);
}
