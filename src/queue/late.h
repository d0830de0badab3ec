/*
 * late - senders are told that their mail is late (late.c finds it, late_tell.c tells). Within queue/.
 */
#pragma once
#include "queue/bounce.h"

enum {
	LATE_MOST = 8192,           /* messages a round */
	LATE_OF_SENDER_MOST = 2000, /* of one sender: told in one transaction */
	LATE_EACH_MOST = 3,         /* so many are told of one by one, then all together */
};

struct late_message {
	struct spool_message message;
	struct spool_recipient **of; /* of whom the sender is to be told now */
	size_t n;
	bool is_asked;     /* NOTIFY=DELAY: a report for this message, whatever else is late */
	bool needs_sender; /* it can't wait for others either */
};

struct late_id {
	struct id id;
	struct late_id *next;
};

struct late_sender {
	struct span name;
	struct late_id *ids, *last;
	size_t n, all; /* of ids; of messages that are late */
	struct late_sender *next;
};

struct late_round {
	struct queue *queue;
	struct arena arena;
	struct table senders; /* struct late_sender */
	struct late_sender *first;
	size_t n;
};

/* Who is to be told of now, in arena. False: nobody. */
bool late_load(struct queue *q, struct id id, struct arena *arena, struct late_message *ret);
/* Writes the notices of a round. Waits for the disk. */
void late_tell(struct late_round *round);
