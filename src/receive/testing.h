/*
 * testing - a queue in memory and a client from a script, for tests and fuzzers of sessions.
 *
 * The script's pieces, cut at \f, are what one read gives at most: a client that
 * waits for replies. Nothing here is part of the program.
 */
#pragma once
#include "receive/session.h"

struct testing_message { /* what was committed */
	struct testing_message *next;
	char *sender, *recipients; /* joined by spaces */
	char *edits, *content;
	size_t content_len;
	uint32_t content_crc;
	bool is_8bit, is_utf8, was_in_file;
};

struct testing_queue {
	int ready_rc, make_rc, commit_rc; /* what to answer; 0: well */
	int write_error;                  /* -ENOSPC: the content file can't be written */
	struct testing_message *messages; /* newest first */
	unsigned messages_n, made, discarded;
	uint32_t counter;
	int files[64]; /* of content_make, by counter */
	unsigned files_n;
};

extern const struct commit_ops testing_queue_ops;
void testing_queue_done(struct testing_queue *q);

struct testing {
	struct arena arena;
	struct conf conf;
	struct testing_queue queue;
	struct server server;
	size_t cut;         /* one more cut at this offset of the script */
	bool breaks_off;    /* the client vanishes at the end: -ECONNRESET */
	bool is_silent;     /* the client says nothing more at the end: -ETIMEDOUT */
	struct buf replies; /* what the session said */
	unsigned writes;    /* in how many writes */
	int tls_rc;       /* what the handshake gives: 0: it is only said to be TLS from there on */
	bool has_no_keys; /* nothing to begin TLS with */
	struct session_door door;
	struct wire_ip client;
};

/* conf_text is added to a small configuration. Aborts where it is wrong. */
void testing_init(struct testing *t, const char *conf_text);
void testing_done(struct testing *t);
/* One session, from its greeting to its end; must run in a task. */
void testing_session(struct testing *t, struct span script);
/* Runs fn in a task and waits for the end of all. */
void testing_run(task_fn *fn, void *arg);
/* "220 250 501:5.5.4": code and status of each reply. out is cleared. */
void testing_codes(struct span replies, struct buf *out);
