#include "spool/intake.h"
#include "base/alloc.h"
#include "spool/spool_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

void intake_init(struct intake *in)
{
	in->fd = -1;
	list_init(&in->waiting);
	list_init(&in->twins);
	task_gate_init(&in->gate);
	task_gate_init(&in->turns);
	(void)pthread_mutex_init(&in->lock, NULL);
	(void)pthread_mutex_init(&in->writing, NULL);
}

void intake_done(struct intake *in)
{
	fd_close(&in->fd);
	free(in->block);
	free(in->pieces);
	table_done(&in->ids);
	(void)pthread_mutex_destroy(&in->lock);
	(void)pthread_mutex_destroy(&in->writing);
}

/* ---- the file ---- */

/* Direct where the file system can: the pages are not looked at again. */
static int open_to_write(struct spool *s)
{
	int flags = O_RDWR | O_DSYNC | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(s->dir_fd, INTAKE_FILE, flags | O_DIRECT);

	return fd < 0 && errno == EINVAL ? openat(s->dir_fd, INTAKE_FILE, flags) : fd;
}

static bool has_room(const struct spool *s)
{
	struct statvfs vfs;

	return fstatvfs(s->dir_fd, &vfs) == 0 &&
	       (uint64_t)vfs.f_bavail * vfs.f_frsize / INTAKE_SHARE >= s->intake.wanted;
}

/* Written once: a record over blocks that were never written would wait for the file system's journal too. */
static int fill_file(int fd, uint64_t size)
{
	char *zeros = alloc_zero(INTAKE_MOST);
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && at < size; at += INTAKE_MOST)
		if (pwrite(fd, zeros, INTAKE_MOST, (off_t)at) != (ssize_t)INTAKE_MOST)
			rc = -EIO;
	free(zeros);
	return rc == 0 && fdatasync(fd) < 0 ? -errno : rc;
}

/* Its blocks are the file's before the first record: a record never has to look for room. */
static int make_file(struct spool *s)
{
	struct intake *in = &s->intake;
	_cleanup_(fd_close) int fd = openat(
		s->dir_fd, INTAKE_FILE, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct intake_head head = {.size = in->wanted};
	char *block = alloc_zero(INTAKE_BLOCK);
	int rc = fd < 0 || getrandom(head.nonce, sizeof head.nonce, 0) != sizeof head.nonce ? -EIO
											    : 0;

	if (rc == 0 && fallocate(fd, 0, 0, (off_t)in->wanted) < 0)
		rc = -errno;
	if (rc == 0)
		rc = fill_file(fd, in->wanted);
	intake_head_write(&head, block);
	if (rc == 0 && pwrite(fd, block, INTAKE_BLOCK, 0) != (ssize_t)INTAKE_BLOCK)
		rc = -EIO;
	if (rc == 0 && (fdatasync(fd) < 0 || fsync(s->dir_fd) < 0))
		rc = -errno;
	if (rc == 0) {
		in->size = head.size;
		memcpy(in->nonce, head.nonce, sizeof in->nonce);
	} else if (fd >= 0) {
		(void)unlinkat(s->dir_fd, INTAKE_FILE, 0);
	}
	free(block);
	return rc;
}

/* What is there was taken over when the spool was opened. */
void intake_make(void *arg)
{
	struct spool *s = arg;
	struct intake *in = &s->intake;

	if (in->size == 0 && (!has_room(s) || make_file(s) < 0))
		return;
	in->fd = open_to_write(s);
	in->at = INTAKE_BLOCK;
	in->block = aligned_alloc(INTAKE_BLOCK, intake_blocks(INTAKE_HEAD_LEN + INTAKE_MOST));
	in->pieces_room = (size_t)(in->size / INTAKE_BLOCK);
	in->pieces = alloc_array(in->pieces_room, sizeof *in->pieces);
	if (!in->block)
		fd_close(&in->fd);
}

/* ---- the tasks' side ---- */

static struct span id_key(const struct spool_op *op)
{
	return span_of(&op->accept.message.id, sizeof op->accept.message.id);
}

bool intake_submit(struct spool *s, struct spool_op *op)
{
	struct intake *in = &s->intake;

	if (op->kind != SPOOL_OP_ACCEPT || !op->durable || op->accept.content.in_file)
		return false;
	if (table_get(&in->ids, id_key(op))) { /* the first one's fate is its own */
		list_add_tail(&in->twins, &op->node);
		return true;
	}
	(void)table_set(&in->ids, id_key(op), op);
	if (!in->is_made) { /* a helper thread is at it, or will be: nothing else of it is looked at */
		in->is_wanted = true;
		(void)task_gate_wake_one(&in->gate);
		return false;
	}
	if (in->fd < 0 || in->has_failed || in->is_closing || s->accept_full || s->damaged ||
		intake_mail_room(&op->accept) > INTAKE_MAIL_MOST)
		return false;
	(void)pthread_mutex_lock(&in->lock);
	list_add_tail(&in->waiting, &op->node);
	in->waiting_n++;
	(void)pthread_mutex_unlock(&in->lock);
	(void)task_gate_wake_one(&in->gate);
	return true;
}

void intake_release(struct spool *s, uint64_t serial)
{
	struct intake *in = &s->intake;

	in->released = serial;
	(void)pthread_mutex_lock(&in->lock);
	while (in->pieces_n > 0 && in->pieces[in->pieces_from].serial <= serial) {
		in->used -= in->pieces[in->pieces_from].bytes;
		in->pieces_from = (in->pieces_from + 1) % in->pieces_room;
		in->pieces_n--;
	}
	(void)pthread_mutex_unlock(&in->lock);
}

bool intake_is_half_full(struct intake *in)
{
	(void)pthread_mutex_lock(&in->lock);
	bool is = in->used > in->size / 2;

	(void)pthread_mutex_unlock(&in->lock);
	return is;
}

int intake_start(struct spool *s)
{
	for (size_t i = 0; i < INTAKE_WRITERS; i++) {
		s->intake.tasks[i] = task_spawn("intake", intake_writer, s);
		if (!s->intake.tasks[i])
			return -EAGAIN;
	}
	return 0;
}

void intake_stop(struct spool *s)
{
	struct intake *in = &s->intake;

	in->is_closing = true;
	task_gate_wake_all(&in->gate);
	for (size_t i = 0; i < INTAKE_WRITERS; i++)
		while (in->tasks[i] && task_join(in->tasks[i], CLOCK_NEVER) < 0)
			(void)task_yield();
	memset(in->tasks, 0, sizeof in->tasks);
}
