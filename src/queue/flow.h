/*
 * flow - how much may go to one site from one source address at this moment.
 *
 * Pure: concurrency by feedback, rates, and the breaker with its probe. It
 * counts nothing but what it is told; times are queue milliseconds. Each
 * question is answered with the limit that binds, so that it can always be shown.
 */
#pragma once
#include "reply/taxonomy.h"

#define FLOW_START     2U        /* connections to a site of which nothing is known */
#define FLOW_QUICK     4U        /* to here a refusal of a message is an answer as good as any */
#define FLOW_RAMP      2U        /* and after a pause */
#define FLOW_FOREVER   INT64_MAX /* no time will do: the end of something will tell */
#define FLOW_PAUSE_MAX 21600000  /* 6 h: no stated wait holds a site back for longer */

enum flow_state { FLOW_FLOWING, FLOW_PAUSED, FLOW_PROBING };

/* What holds the next message back. */
enum flow_limit {
	FLOW_NONE,
	FLOW_PAUSE,           /* the breaker is open */
	FLOW_PROBE,           /* one message finds out whether it works again */
	FLOW_WINDOW,          /* the concurrency that feedback allows now */
	FLOW_CEILING,         /* the site refused one connection more than that */
	FLOW_CONNECTIONS,     /* limits.deliver_connections */
	FLOW_MESSAGE_RATE,    /* the site takes only so many in a time */
	FLOW_CONNECTION_RATE, /* the same for connections */
	FLOW_SESSIONS,        /* limits.deliver_sessions: all sites together */
	FLOW_LIMITS
};

struct flow {
	uint32_t window;  /* thousandths of a connection */
	uint32_t ceiling; /* connections; 0: none known */
	uint32_t
		ceiling_tests; /* how often one more was tried in vain: the next test comes later */
	int64_t ceiling_until;

	uint8_t state;   /* enum flow_state */
	uint8_t cause;   /* enum reply_cause, while it does not flow */
	bool is_out;     /* paused because the site lists our address */
	bool is_rate;    /* paused because of how much was sent: the next tests are about that */
	unsigned probes; /* jobs that run as one */
	uint32_t fails;  /* messages in a row that the site could not take, none between them did */
	uint32_t pauses; /* in a row */
	uint64_t failed; /* whose failure was counted last: one bad message counts once */
	int64_t since;   /* the trouble began */
	int64_t until;   /* paused until then */
	int64_t cut_at;  /* what began before does not cut again */
	int64_t last_ok; /* 0: never */

	int64_t gap_us;       /* between messages; 0: no limit */
	int64_t next_us;      /* the next one may begin */
	int64_t gap_grown_at; /* when more was tried last */
	uint32_t gap_tests;   /* how often that was refused: the next time comes later */
	int64_t open_gap_ms;  /* between connections; 0: no limit */
	int64_t next_open;
	int64_t cycle_at; /* since then cycle_n were taken: tells a rate when it is refused */
	uint32_t cycle_n;
};

struct flow_ask {
	int64_t now;
	bool has_idle;        /* a connection that waits for a message */
	unsigned connections; /* open or opening, busy or idle */
	unsigned busy;
	unsigned most; /* configured */
};

enum flow_trouble_kind {
	FLOW_NO_CONNECTION, /* it could not be reached, or turned us away at the door */
	FLOW_SITE,          /* later, with a cause that is the site's own */
	FLOW_TOO_MANY_CONNECTIONS,
	FLOW_TOO_MUCH, /* messages in a time */
};

struct flow_trouble {
	enum flow_trouble_kind kind;
	enum reply_cause cause;
	int64_t now, began;   /* began: when the message was handed out */
	int64_t wait;         /* seconds that the reply stated; -1: none */
	int64_t first;        /* ms: the first wait of that cause, bounds pauses */
	uint64_t message;     /* any number that tells messages apart */
	unsigned connections; /* open or opening, the refused one among them */
	uint32_t dice;
	bool is_probe;
};

void flow_init(struct flow *f);
/* FLOW_NONE: a message may go now. Else what binds, and when to ask again. */
enum flow_limit flow_check(const struct flow *f, const struct flow_ask *ask, int64_t *ret_at);
/* A message is handed out; opens: for it a connection is made. True: it is the probe. */
bool flow_begin(struct flow *f, int64_t now, bool opens);
/* A probe ended: whatever it said. Before flow_ok or flow_fail. */
void flow_probe_ended(struct flow *f);
/* The site took it, or refused it for a reason of its own: it is alive. True: a pause is over. */
bool flow_ok(struct flow *f, int64_t now, bool was_taken, unsigned busy);
/* True: the site is paused by this. */
bool flow_fail(struct flow *f, const struct flow_trouble *t);
/* Our address is listed there: paused for the cause's first wait, twice that the next time. */
void flow_out(struct flow *f, const struct flow_trouble *t);
/* An operator says: now. */
void flow_resume(struct flow *f);
/* "concurrency 5": words for people. */
const char *flow_limit_text(enum flow_limit limit);
const char *flow_state_text(enum flow_state state);
