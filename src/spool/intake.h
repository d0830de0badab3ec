/*
 * intake - a ring on the disk in front of the database: accepted mail is durable there first.
 *
 * A commit of the database touches a dozen scattered pages, syncs them, and syncs the meta page
 * behind them; an accepted message needs none of that to be safe. So small new mail is written to
 * the ring by one synchronous write for all that wait, its senders are told, and the database takes
 * it over in larger batches a moment later. What a crash leaves in the ring is taken over when the
 * spool is opened. Inside spool/ only; owns the file "intake" and the two tasks that write it, in turns.
 *
 * The file: a head of one block (magic, size, a random nonce), then records, each at a block's
 * beginning: magic, nonce, serial, length, count, checksum, the mail. The nonce is what no sender can
 * know, so mail that looks like a record is none. meta.intake is the serial up to which all is in
 * the database; its transaction is that of the mail, so nothing is taken over twice.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/table.h"
#include "spool/spool.h"
#include "task/task.h"
#include <pthread.h>

#define INTAKE_FILE      "intake"
#define INTAKE_BLOCK     ((size_t)4096)
#define INTAKE_SIZE      (UINT64_C(64) << 20) /* bytes of the file, where nobody wants another size */
#define INTAKE_SHARE     8U                  /* it takes at most so small a part of the free disk */
#define INTAKE_MAIL_MOST ((size_t)256 << 10) /* larger ones go to the database at once */
#define INTAKE_MOST      ((size_t)1 << 20)   /* bytes of one record */
#define INTAKE_OPS_MOST  256U
#define INTAKE_NONCE     16U
#define INTAKE_WRITERS   2U

struct accept_packed;

static inline size_t intake_blocks(size_t len)
{
	return (len + INTAKE_BLOCK - 1) / INTAKE_BLOCK * INTAKE_BLOCK;
}

struct intake_piece { /* a record that the database does not have yet */
	uint64_t serial;
	uint64_t bytes; /* of the ring, with what was left over at its end before it */
};

struct intake {
	int fd; /* opened O_DSYNC; -1: there is none (yet) */
	bool is_wanted, is_making, is_made, has_failed, is_closing;
	uint64_t wanted; /* size of a file that is to be made, a multiple of INTAKE_MOST */
	uint64_t size;   /* bytes of the file */
	unsigned char nonce[INTAKE_NONCE];
	uint64_t handed;   /* up to here all is with the committing task */
	uint64_t released; /* up to here the database has it */
	uint64_t told;     /* up to this turn */
	struct list twins; /* of ids that are on their way */
	struct table ids;  /* struct spool_op, from its submission to its end */
	struct task_gate gate, turns;
	struct task *tasks[INTAKE_WRITERS];

	pthread_mutex_t writing; /* of the helper threads: one writes */
	uint64_t serial;         /* of the newest record */
	uint64_t turn;           /* the newest */
	char *block;             /* INTAKE_MOST and more, aligned: what is written */

	pthread_mutex_t lock;        /* of all below; held for moments */
	uint64_t at, used;           /* bytes: where the next record goes; of all pieces */
	struct intake_piece *pieces; /* oldest first, in a ring of pieces_room */
	size_t pieces_from, pieces_n, pieces_room;
	struct list waiting; /* struct spool_op */
	size_t waiting_n;
};

void intake_init(struct intake *in);
void intake_done(struct intake *in);

/* ---- intake_open.c ---- */

/*
 * At the opening of a spool: takes over what the database does not have, in transactions of its
 * own. 0 or -errno: nothing is lost then, but the spool can't be used. ret_lost: records that should
 * be there and can't be read, and mails that the database refuses; the file is then kept aside.
 */
int intake_take_over(struct spool *s, uint64_t *ret_lost);
bool intake_is_there(const struct spool *s);
/* Is there anything to be taken over? For readers, who can't. -errno: it can't be said. */
int intake_is_waiting(struct spool *s);

/* ---- intake.c ---- */

/* In a helper thread: the file, or fd stays -1. */
void intake_make(void *spool);
int intake_start(struct spool *s);
/* Ends the tasks, when all that was submitted is with the committing task. */
void intake_stop(struct spool *s);

/* Takes the operation, or leaves it to the committing task: false. */
bool intake_submit(struct spool *s, struct spool_op *op);
/* The database has all up to this serial. */
void intake_release(struct spool *s, uint64_t serial);
bool intake_is_half_full(struct intake *in);

/* ---- intake_write.c ---- */

void intake_writer(void *spool);
/* The database has it, or it ended otherwise: after the batch, before done. */
void intake_finished(struct spool *s, struct spool_op *op);

/* ---- intake_record.c: bytes, pure ---- */

struct intake_head {
	uint64_t size;
	unsigned char nonce[INTAKE_NONCE];
};
struct intake_record {
	uint64_t serial;
	uint32_t count, len; /* mails in it; bytes behind the head of the record */
};
#define INTAKE_HEAD_LEN 56U

/* The file's first block. -EBADMSG: it is none. */
void intake_head_write(const struct intake_head *h, char out[INTAKE_BLOCK]);
int intake_head_read(struct span block, struct intake_head *ret);
/* Fills the INTAKE_HEAD_LEN bytes before the mails, which are there already. */
void intake_record_seal(
	const struct intake_record *r, const unsigned char nonce[INTAKE_NONCE], char *at);
/* The head alone; the bytes behind it are not looked at. False: not one of this file's. */
bool intake_record_peek(
	struct span head, const unsigned char nonce[INTAKE_NONCE], struct intake_record *ret);
/* Head and mails together: is it whole? */
bool intake_record_is_whole(struct span record);

/* At most how many bytes intake_mail_write adds. */
size_t intake_mail_room(const struct spool_accept *a);
int intake_mail_write(
	const struct accept_packed *packed, const struct spool_accept *a, struct buf *out);
/* The next of a record's mails; spans borrow from the arena. 0 or -EBADMSG. */
int intake_mail_read(struct span *rest, struct arena *arena, struct spool_accept *ret);
