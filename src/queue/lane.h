/*
 * lane - the order of what is due under one destination: a window over its due rows.
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

struct lane {
	uint32_t number;
	char *name, *site;
	struct spool_due rows[LANE_WINDOW];
	size_t first, n;        /* rows[first .. first + n) */
	struct spool_due after; /* the spool was read up to here (inclusive) */
	bool exhausted;         /* nothing lies beyond `after` */
	struct heap_node due;   /* queue->waiting */
	struct list ready;      /* queue->ready or queue->crowded */
	struct list idle;       /* slots with an open connection and nothing to do */
	unsigned slots;         /* all slots: busy, idle */
	unsigned busy;
	unsigned probes;      /* jobs that run to see whether it can be reached again */
	int64_t paused_until; /* after a failure to connect; 0: flows */
	unsigned failures;    /* to connect, in a row */
	struct spool_site profile;
	char last_reply[256];
};

struct lane *lane_new(uint32_t number, struct span name, struct span site);
void lane_free(struct lane *l);

/* -1, 0, 1 by due time, id, part: the order of the due table. */
int lane_compare(const struct spool_due *a, const struct spool_due *b);
const struct spool_due *lane_first(const struct lane *l); /* NULL: the window is empty */
void lane_take(struct lane *l, struct spool_due *ret);    /* removes the first */
/* A row was written to the spool, or one that was taken goes back. */
void lane_add(struct lane *l, const struct spool_due *row);
/* Whether the caller should read more rows from the spool after l->after. */
bool lane_is_dry(const struct lane *l);
/* n rows that the spool gave, asked for `asked`; fewer means the end. Rows for which skip is true are left out. */
void lane_fill(struct lane *l, const struct spool_due *rows, size_t n, size_t asked,
	bool (*skip)(const struct spool_due *row, void *arg), void *arg);
/* Forgets the window: everything will be read again from the spool. */
void lane_reset(struct lane *l);
