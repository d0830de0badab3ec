/*
 * site - one destination as the network sees it: how it behaves, and what may go there now.
 *
 * Lanes keep the order of mail, sites keep the limits; several lanes share a
 * site. A site is pure but for its memory: time, messages and replies are told
 * to it. What is learned goes to the spool (struct spool_site) and comes back.
 */
#pragma once
#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "ipc/messages/job.h"
#include "queue/decide.h"
#include "queue/flow.h"
#include "queue/forecast.h"
#include "queue/grey.h"
#include "spool/record.h"
#include "spool/spool.h"

#define SITE_HOLDS      64U                      /* things that are held back at once */
#define SITE_FORGET     (60 * INT64_C(86400000)) /* ms without mail: what was learned is old */
#define SITE_REPLY_MAX  256U
#define SITE_WRITE_EACH (30 * INT64_C(1000)) /* ms: counters alone go to the spool that often */

/* One sender, recipient or pair that the site does not want to hear of for a while. */
struct site_hold {
	uint64_t key;
	int64_t until;
	uint8_t scope; /* enum reply_scope */
	uint8_t cause; /* enum reply_cause */
};

struct site {
	char *name;
	struct flow flow; /* of our source address (index 0) */
	struct grey grey;
	uint32_t recipients_most; /* of a transaction, as the site said; 0: not known */
	struct site_hold *holds;  /* SITE_HOLDS where there are any; owned */

	uint64_t delivered, deferred, bounced, maybes, attempts;
	int64_t last_at; /* something was sent there */
	char last_reply[SITE_REPLY_MAX];
	char last_status[16]; /* of the same; empty: it had none */
	uint16_t last_code;
	uint8_t last_cause; /* of the last reply that was not a success */
	int64_t rate_at;    /* taken a minute, smoothed: for forecasts */
	double rate;

	/* Without any success: what was refused for being new may be an outage in disguise. */
	uint32_t refused_in_row; /* since the last message that it took */
	int64_t refused_since, sampled_at;
	int64_t recall_from;     /* rows tried before then may come early; 0: no */
	int64_t recall_age;      /* ms since their first refusal, at least */
	int64_t swept_at;        /* when some of its rows were looked at for their age */
	uint32_t recall_refused; /* of those in a row */

	/* While it rests: one that it refused, which every second probe is once that is due. */
	struct spool_due refused; /* count 0: none */
	uint32_t refused_lane;
	bool was_refused; /* the last probe was that one */

	bool is_changed; /* against the spool */
	bool is_urgent;  /* so much that the next batch should have it */
	int64_t written_at;

	struct forecast_record forecasts;

	/* The queue's. */
	enum flow_limit limit;      /* that binds now */
	bool is_binding;            /* limit holds something back that is due */
	struct list lanes;          /* all of them */
	unsigned connections, busy; /* of them, with a job */
	unsigned jobs;
	struct list due;       /* lanes with something due, round robin */
	struct list idle;      /* connections that wait for a message */
	struct list ready;     /* queue->ready or queue->crowded */
	struct heap_node rest; /* queue->resting: when its limit may give way */
};

struct site *site_new(struct span name);
void site_free(struct site *s);

/* What was stored; kept as it is, or left out where it is too old to say anything. */
void site_load(struct site *s, const struct spool_site *stored, int64_t now);
/* Spans borrow from s. */
void site_store(const struct site *s, struct spool_site *ret);
/* It has to be written now. */
bool site_wants_writing(const struct site *s, int64_t now);

/* ---- what is held back beside the message that was refused ---- */

/* Keys are hashes; until then nothing of that key is tried. */
void site_hold(struct site *s, const struct site_hold *hold, int64_t now);
/* The latest time that these are held back until; 0: they may go. */
int64_t site_held(const struct site *s, struct span sender, struct span recipient, int64_t now);
/* Nothing is held back any more. */
void site_release(struct site *s);
uint64_t site_key(enum reply_scope scope, struct span sender, struct span recipient);

/* ---- outcomes ---- */

struct site_outcome {
	int64_t now, began;
	uint64_t message;
	bool is_probe;
	bool is_listed; /* it is about our address, which rests elsewhere */
	uint32_t taken; /* recipients */
	uint32_t dice;
};
/* All that an outcome says of the site as a whole. True: it flows or rests since this. */
bool site_learn(struct site *s, const struct conf *conf, const struct ipc_outcome *o,
	const struct site_outcome *what);
/* Messages a minute that it takes at present. */
double site_rate(const struct site *s, int64_t now);
