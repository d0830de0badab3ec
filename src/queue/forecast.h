/*
 * forecast - when a site will have taken all that waits for it, and how sure that is.
 *
 * Pure: from what flows, what binds, and how right earlier forecasts were. The
 * band says between which times it should be; a record keeps how often that was
 * right, and the past of all sites how wide a band has to be. Times are queue
 * milliseconds.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* How earlier forecasts of any site came out, the late ones counting most. */
struct forecast_past {
	uint32_t n;
	double bias, spread; /* of ln(time that it took / time that was said) */
};

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
	uint64_t
		before; /* messages, its own too, that sites get in turns until its last; 0: no turns */
	double all_lately; /* taken a minute by all sites, in the last seconds; 0: not known */
	const struct forecast_past *past; /* NULL: none */
};

struct forecast {
	int64_t at, from, to; /* at 0: nothing waits, or nothing is known */
	double bias;          /* of the past, that is in it already */
	bool is_flow;         /* it follows from how fast mail goes, not from when it is due */
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
/* Nothing waits any more: the past learns how right it was (NULL: nobody does). */
void forecast_settle(struct forecast_record *r, struct forecast_past *past, int64_t now);
/* An operator changed what it was about. */
void forecast_forget(struct forecast_record *r);
