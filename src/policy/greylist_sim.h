/*
 * greylist_sim - a world of senders, for tests: who sends what from where, and retries when.
 *
 * Its own clock, its own dice (the same at every run); a rule is asked at each
 * attempt, and what it says decides whether there is a next one.
 */
#pragma once
#include "base/heap.h"
#include "facts/grey.h"

#define SIM_SENDERS 2000U
#define SIM_MINUTE  INT64_C(60000)
#define SIM_HOUR    (60 * SIM_MINUTE)
#define SIM_DAY     (24 * SIM_HOUR)

enum sim_kind {
	SIM_POSTFIX,
	SIM_EXIM,
	SIM_QMAIL,
	SIM_EXCHANGE,
	SIM_GMAIL, /* pools of 20 addresses that SPF proves */
	SIM_OUTLOOK,
	SIM_POOL,     /* the same without SPF */
	SIM_SLOW,     /* after 200 to 285 s, and then each 3 hours */
	SIM_OBEDIENT, /* when the reply says */
	SIM_ONCE,     /* spam from here on: never comes back */
	SIM_CAMPAIGN, /* one mail, once from each of some machines */
	SIM_SNOWSHOE, /* the same, of a domain that lets these machines send by SPF */
	SIM_HAMMER,   /* often within two minutes, and never again */
	SIM_RETRY,    /* as a mail server would, for an hour */
	SIM_KINDS
};

struct sim_sender {
	enum sim_kind kind;
	char domain[32];
	bool has_spf;
	uint32_t addresses[20];
	unsigned addresses_n;
};

struct sim_attempt {
	int64_t now;
	uint32_t address;
	const struct sim_sender *from;
	char sender[64], recipient[64];
	unsigned mail; /* the same in each attempt of a mail */
};

struct sim_rule {
	const char *name;
	void *(*begin)(void);
	/* 0: taken; else not now: the wait that the reply states, or -1 where it states none. */
	int64_t (*meet)(void *state, const struct sim_attempt *a);
	void (*end)(void *state);
};

struct sim_result {
	/* of mail that is wanted: delays until it was taken, in ms; SIM_LOST where it never was */
	int64_t p50, p95, first_p50,
		first_p95; /* first: the first mail of each sender to each recipient */
	unsigned mails, lost;
	unsigned spam[SIM_KINDS], let_in[SIM_KINDS];
};

void sim_run(const struct sim_rule *rule, struct sim_result *ret);
