/*
 * lane - the order of what is due under one destination and class of senders: a window over its rows.
 *
 * The window holds the first rows of the lane that are not handed out, in
 * order; the spool has the rest. Memory follows the window, not the queue. A
 * row that appears below the window's end is put into it; one beyond will be
 * read when the window runs dry. Pure: reading the spool is the caller's part.
 */
#pragma once
#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "spool/spool.h"

#define LANE_WINDOW 128U

/*
 * A lane's name is its destination (a domain, or the smarthost that a route names), and for senders
 * that are not in the ordinary class "#" and the class: "example.org#low". Where we have several
 * source addresses, "@" and the one of these senders stands before that: "example.org@192.0.2.1#low".
 */
enum lane_class { LANE_HIGH, LANE_NORMAL, LANE_LOW, LANE_BULK }; /* bulk: "#bulk0" to "#bulk3" */
#define LANE_BULKS  4U /* lanes of senders that send very much, by hash */
#define LANE_COUNTS 4U

struct lane_count { /* a sender that sent much here of late: leaks with time */
	uint32_t sender, n;
	int64_t at;
};

struct site;

struct lane {
	uint32_t number;
	char *name;
	size_t destination_len; /* of name */
	size_t source_at, source_len;
	uint8_t class; /* enum lane_class */
	struct site *site;
	struct list of_site;    /* site->lanes */
	struct spool_due *rows; /* room of them, at most LANE_WINDOW */
	size_t room;
	uint8_t asks;            /* rows to read the next time: more, the more it sends */
	size_t first, n;         /* rows[first .. first + n) */
	struct spool_due after;  /* the spool was read up to here (inclusive) */
	bool exhausted;          /* nothing lies beyond `after` */
	struct spool_due looked; /* up to here rows were looked at for their age */
	struct heap_node due;    /* queue->waiting */
	struct list turn;        /* site->due */
	unsigned served;         /* messages in this turn */
	unsigned jobs;           /* that run, or whose outcome is being written */
	bool in_recall;          /* its rows may come early */
	int64_t marked_at;       /* what is older is due, as an operator asked; 0: no mark (S4a) */
	bool mark_passed;        /* all of that was given: the mark goes when these have ended */
	unsigned marked_jobs;    /* given for it */
	struct list empty;       /* queue->empty, while there is nothing in it */
	int64_t empty_since;
	struct lane_count counts[LANE_COUNTS];
};

struct lane *lane_new(uint32_t number, struct span name);
void lane_free(struct lane *l);
struct span lane_destination(const struct lane *l);
struct span lane_source(const struct lane *l); /* empty: none */
/* How many messages in a row it may send before other lanes of the site have their turn. */
unsigned lane_weight(const struct lane *l);
/* Counts a message of that sender. True: so many of late that it goes among the bulk. */
bool lane_count(struct lane *l, uint32_t sender, int64_t now);

/* -1, 0, 1 by due time, id, part: the order of the due table. */
int lane_compare(const struct spool_due *a, const struct spool_due *b);
const struct spool_due *lane_first(const struct lane *l); /* NULL: the window is empty */
void lane_take(struct lane *l, struct spool_due *ret);    /* removes the first */
/* Removes that one, where it is in the window: it is given out of turn. */
void lane_take_row(struct lane *l, const struct spool_due *row);
/* A row was written to the spool, or one that was taken goes back. */
void lane_add(struct lane *l, const struct spool_due *row);
/* Whether the caller should read more rows from the spool after l->after. */
bool lane_is_dry(const struct lane *l);
/* n rows that the spool gave, asked for `asked`; fewer means the end. Rows for which skip is true are left out. */
void lane_fill(struct lane *l, const struct spool_due *rows, size_t n, size_t asked,
	bool (*skip)(const struct spool_due *row, void *arg), void *arg);
/* The window of a new lane: this is the first row of it in the spool. */
void lane_begin(struct lane *l, const struct spool_due *first);
/* Forgets the window: everything will be read again from the spool. */
void lane_reset(struct lane *l);
/* Keeps the first row alone, and the memory of one: it will be long until it is due. */
void lane_trim(struct lane *l);
