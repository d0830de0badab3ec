/*
 * decide - what happens to a recipient that was not served, by what the reply means.
 *
 * Pure. Action follows the taxonomy: at once and differently, after the stated
 * wait, after the learned one, by the schedule of the cause, or never; and
 * what else the reply speaks about. Times are queue milliseconds.
 */
#pragma once
#include "conf/conf.h"
#include "ipc/messages/job.h"
#include "queue/flow.h"
#include "queue/grey.h"
#include "reply/taxonomy.h"

enum decide_source { DECIDE_STATED, DECIDE_LEARNED, DECIDE_SCHEDULE, DECIDE_DOUBT, DECIDE_NOW };

/* How the next attempt is made, and what was tried or told before; kept with the recipient. */
enum decide_flag {
	DECIDE_PLAIN = 1,  /* with fewer extensions, once */
	DECIDE_TLS = 2,    /* with TLS, once */
	DECIDE_FRESH = 4,  /* a doubtful 5xx: again on a connection of its own, then it is obeyed */
	DECIDE_TOLD = 8,   /* a person was told */
	DECIDE_WAITS = 16, /* the reply said how long: nothing brings it earlier */
	DECIDE_DOUBTFUL = 32, /* an attempt, not always the last one, may have brought it there */
};

struct decide_question {
	const struct conf *conf;
	const struct ipc_fate *fate;
	int64_t now, arrived;
	uint32_t attempts;       /* this one included */
	uint32_t flags;          /* enum decide_flag, as before this attempt */
	int64_t first_at;        /* when it was first refused for being new; 0: never */
	uint32_t others;         /* recipients of this attempt that were served */
	const struct grey *grey; /* NULL: no site */
	int64_t site_until;      /* the site is probed then; 0: it flows */
	unsigned site_busy;      /* other connections that carry mail there */
	bool elsewhere;          /* it was about one of our addresses, and goes from another now */
	uint32_t dice;           /* any number: jitter comes from it */
};

struct decide_answer {
	bool end;     /* it is over: fails with this reply, or is too old */
	bool expired; /* over because of its age */
	bool tell;    /* a person should hear of it now */
	int64_t at;   /* when to try again */
	enum decide_source source;
	uint32_t flags;
	int64_t first_at;
};

struct decide_answer decide(const struct decide_question *q);

/* The cause, scope and action of a fate: the taxonomy's, settled by code and stage. */
struct decide_meaning {
	enum reply_cause cause;
	enum reply_scope scope;
	enum reply_nature nature;
	enum reply_action action;
	enum reply_stage stage;
};
struct decide_meaning decide_meaning(const struct ipc_fate *fate);
/* It was refused for being new, or for no reason that it said: time alone heals it. */
bool decide_is_grey(const struct ipc_fate *fate);
/* The cause is our address: another one of ours may be spared it. */
bool decide_lists_us(enum reply_cause cause);
/* What the fates of a job say of the site. False: nothing. */
bool decide_trouble(const struct conf *conf, const struct ipc_outcome *o, struct flow_trouble *ret);

/* Milliseconds: the wait before attempt n + 1 by the cause's schedule, without jitter. */
int64_t decide_schedule(const struct conf *conf, enum reply_cause cause, uint32_t attempts);
const char *decide_source_name(enum decide_source source);
/* The jitter that is added to a wait: up to a tenth, at least up to a second. */
int64_t decide_jitter(int64_t wait, uint32_t dice);
