/*
 * forecast - when a site will have taken all that waits for it, and how sure that is.
 *
 * Pure: from what flows, what binds, and what was before. The band says between
 * which times it should be; a record keeps how often that was right. Times are
 * queue milliseconds.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct forecast_ask {
	int64_t now;
	uint64_t waiting;     /* messages */
	int64_t last_due;     /* when the last of them is tried next */
	double per_minute;    /* taken of late, on average; 0: nothing */
	double lately;        /* in the last seconds */
	bool is_binding;      /* a limit holds something back: per_minute is what it takes */
	unsigned connections; /* that it may have now */
	int64_t gap_us;       /* between messages; 0: no limit */
	int64_t until, since; /* it is paused until then, and since then; 0: it flows */
	bool has_taken;       /* ever */
};

struct forecast {
	int64_t at, from, to; /* at 0: nothing waits, or nothing is known */
};

struct forecast_record {
	struct forecast pending; /* the oldest that has not come true yet */
	int64_t made_at;
	struct forecast last; /* the last one that was settled */
	int64_t last_made_at, last_came_at;
	uint32_t settled, within; /* of the band */
	/* What was taken of late, in windows of some seconds. */
	int64_t window_at;
	uint32_t window_n;
	double window_rate; /* a minute, of the window before */
};

/* A message was taken. */
void forecast_taken(struct forecast_record *r, int64_t now);
/* Messages a minute in the last seconds in which any were; 0: that was long ago. */
double forecast_rate(const struct forecast_record *r, int64_t now);
struct forecast forecast_make(const struct forecast_ask *ask);
/* It was told to somebody. */
void forecast_note(struct forecast_record *r, const struct forecast *f, int64_t now);
/* Nothing waits any more. */
void forecast_settle(struct forecast_record *r, int64_t now);
/* An operator took away what it was about. */
void forecast_forget(struct forecast_record *r);
