/*
 * testing - for the spool's tests: a temporary spool, and operations filled in by numbers.
 *
 * Message k has content, sender and addresses that follow from k, so that a
 * test can say later what must be there. Everything comes from an arena.
 */
#pragma once
#include "spool/spool.h"

#define TESTING_LANES 3U

struct testing {
	char dir[64];
	struct spool *s;
	struct arena arena;
	uint64_t map_size;
	nanos ends_kept, tidy_every;
};

/* Runs fn(t) as a task with a new folder; the folder is removed afterwards. */
void testing_run(void (*fn)(struct testing *t));
void testing_open(struct testing *t); /* and start */
void testing_close(struct testing *t);
void testing_make_dir(char dir[64]);
void testing_remove_dir(const char *dir);

struct id testing_id(uint32_t k);
struct span testing_content(struct arena *a, uint32_t k, size_t len);
/* An ACCEPT of message k: recipients n, i in lane 1 + i % lanes, all due at `due`. */
struct testing_mail {
	uint32_t k, recipients, lanes;
	size_t len;
	int64_t due;
	bool in_file, null_sender;
	size_t edits;
};
struct spool_accept testing_accept(struct arena *a, const struct testing_mail *m);
/* Applies it; the result. In a file: writes that first. */
int testing_mail(struct testing *t, const struct testing_mail *m);
void testing_write_file(struct spool *s, struct id id, struct span bytes);

/* A mail that is durable first: sets .is_durable, then .is_done. *ret stays until then. */
struct testing_promise {
	struct spool_op op;
	bool is_durable, is_done;
	void (*on_durable)(struct testing_promise *p); /* NULL is fine */
	void *arg;
};
void testing_promise(struct testing *t, const struct testing_mail *m, struct testing_promise *ret);
/* Gives way until it is set; aborts after 20 s. */
void testing_await(const bool *what);
/* Gives way until it is done, and asks for that as soon as it is durable. */
void testing_settle(struct spool *s, const struct testing_promise *p);
/* An OUTCOME for a job as loaded: each recipient ends as how[i] says, 0: again at next[i]. */
struct spool_outcome testing_outcome(
	struct arena *a, const struct spool_job *job, const uint8_t *how, const int64_t *next);
int testing_finish(struct testing *t, uint32_t k, uint32_t part, uint8_t how, int64_t next);
/* Findings of an audit, the first ones printed. */
long testing_audit(struct spool *s);
