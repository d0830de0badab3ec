/*
 * stage - the whole role over real sockets, for tests: its supervisor, queue, facts and clients.
 *
 * What must hold is checked by MUST, which aborts: out of a task cmocka must not jump.
 */
#pragma once
#include "base/buf.h"
#include "ipc/role.h"
#include "task/stream.h"
#include <stdio.h>
#include <stdlib.h>

#define SOON clock_after(20 * NANOS_S) /* no test waits so long unless it has failed */

#define MUST(what)                                                                 \
	do {                                                                       \
		if (!(what)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                   \
		}                                                                  \
	} while (0)

struct stage {
	int supervisor; /* our end */
	uint16_t port;
	struct role *role;
	struct task *body;
	int exit_status;
	struct ipc_channel *queue, *facts;
	struct task_gate happened;
	/* queue */
	uint32_t generation;
	int commits_to_lose; /* the channel ends instead of an answer */
	int64_t answer;
	unsigned commits, makes, discards;
	struct id last_id;
	struct buf content;
	uint32_t content_crc;
	bool was_in_file;
	char path[40];
	/* facts */
	unsigned entered, left;
	bool is_full;
};

/* A role with its queue and facts, ready. conf is added to a small configuration. */
void stage_init(struct stage *s, const char *conf);
void stage_stop(struct stage *s); /* as SIGTERM does */
void stage_done(struct stage *s); /* waits for its end */
/* Another life of queue or facts. */
void stage_bring_queue(struct stage *s);
void stage_bring_facts(struct stage *s);
/* Waits until one of the counters above is so large. */
void stage_await(struct stage *s, const unsigned *count, unsigned least);
/* A new configuration with a new listener, which stage_dial calls from now on. */
void stage_configure(struct stage *s, const char *conf, uint32_t number);

struct stream *stage_dial(const struct stage *s);
/* The same, greeted in both directions. */
struct stream *stage_greeted(const struct stage *s);
void stage_tell(struct stream *c, struct span bytes);
/* The next reply begins with this (its last line, where it has several). */
void stage_hear(struct stream *c, const char *begin);
void stage_say(struct stream *c, const char *line, const char *reply);
void stage_hear_end(struct stream *c); /* and closes it */
