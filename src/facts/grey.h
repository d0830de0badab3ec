/*
 * grey - what is remembered of first contacts: who sent what to whom, since when, from where.
 *
 * Facts only: whether somebody has to wait is policy's (policy/greylist.h). A
 * pair is a sender and a recipient; it remembers each network (and domain that
 * SPF proved, and that domain with the wider network) that it came from with the
 * time of its first contact, which nothing sets back. A network that passed is counted, and so are the networks
 * that a domain sends from. All of it stands in a keep; nothing here waits.
 */
#pragma once
#include "facts/keep.h"

#define GREY_PLACES 16U /* that a pair and a domain remember; the first ones stay */

struct grey_question {
	struct span network;           /* the client's, as bytes */
	struct span near;              /* the wider one around it: providers' ranges are no wider */
	struct span proved;            /* the domain that SPF proved; empty: none */
	struct span sender, recipient; /* as given; empty: the null sender */
	struct span domain;            /* the sender's; empty: none */
};

struct grey_times {    /* ms */
	int64_t delay; /* who comes before that is early */
	/* how long things are remembered */
	int64_t window;   /* a first contact that never comes back */
	int64_t remember; /* what passed, and what was learned; from its last use on */
};

struct grey_answer {
	bool is_new;           /* this pair was never seen */
	bool has_passed;       /* from here, or with this proof */
	bool is_known;         /* one of our users wrote to the sender */
	bool is_let_in;        /* by an operator */
	int64_t age_ms;        /* since its first contact from here, or with this proof near here */
	int64_t pair_age_ms;   /* since its first contact from anywhere */
	int64_t proof_age_ms;  /* and since the first with this proof; 0: there is none */
	uint32_t tries;        /* with this one, from anywhere */
	uint32_t early;        /* of those, before the delay was over; without the first */
	uint32_t places;       /* networks that the pair came from */
	uint32_t passes;       /* pairs that this network, or proved domain, got through */
	uint32_t proof_passes; /* and that the proved domain did */
	uint32_t domain_places; /* networks from which the sender's domain got through */
};

/*
 * The sender as it is remembered: lists and bounce handlers give each mail a sender of its own, so
 * digits count as one another, and what follows a + is left out.
 */
#define GREY_SENDER_MAX 320U
struct span grey_sender(struct span sender, char out[GREY_SENDER_MAX]);

/* A contact: notes it and says what was known before. */
void grey_touch(struct keep *k, const struct grey_question *q, const struct grey_times *t,
	int64_t now, struct grey_answer *ret);
/* It was let through. */
void grey_pass(
	struct keep *k, const struct grey_question *q, const struct grey_times *t, int64_t now);
/* One of our users wrote to this address. */
void grey_learn(struct keep *k, struct span address, const struct grey_times *t, int64_t now);
/* An operator lets this sender in, to one recipient or (empty) to all. */
void grey_let_in(struct keep *k, struct span sender, struct span recipient,
	const struct grey_times *t, int64_t now);
