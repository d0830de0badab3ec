/*
 * diagnose_verdict - whose side it is on, from all that the ledger knows and what the self-checks showed.
 *
 * Pure: the same facts give the same verdicts. Memory is the caller's arena. A verdict is about one
 * trouble: causes that are one thing in different words (verdict_family), at those whom it hits. What one site says
 * alone is believed less than what unrelated sites say at once; what we can check ourselves decides.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "diagnose/check.h"
#include "diagnose/ledger.h"
#include "reply/meaning.h"

enum verdict_whose {
	VERDICT_UNKNOWN, /* it can't be told yet */
	VERDICT_OURS,    /* this server, its network, its address */
	VERDICT_SENDER,  /* one who sends through us: its domain, account or message */
	VERDICT_THEIRS,  /* the receiving server, or the mailbox */
	VERDICT_NETWORK, /* somewhere between */
	VERDICT_NOBODY,  /* waiting is enough */
	VERDICT_WHOSE
};

enum verdict_scope {
	VERDICT_SERVER, /* ourselves, without any mail that shows it */
	VERDICT_RECIPIENT,
	VERDICT_MESSAGE,
	VERDICT_ONE_SENDER,
	VERDICT_SITE,
	VERDICT_SOURCE,
	VERDICT_PROVIDER,
	VERDICT_EVERYTHING,
	VERDICT_SCOPES
};

/* Causes that show one trouble. */
enum verdict_family {
	FAMILY_REACH, /* no connection, or it broke */
	FAMILY_DNS,
	FAMILY_IDENTITY,   /* reverse name, HELO */
	FAMILY_REPUTATION, /* lists */
	FAMILY_AUTH,       /* SPF, DKIM, DMARC, the sender's domain */
	FAMILY_RATE,
	FAMILY_TLS,
	FAMILY_LOAD, /* the other server has trouble of its own */
	FAMILY_MAILBOX,
	FAMILY_ADDRESS, /* no such recipient */
	FAMILY_WAIT,    /* greylisting and the like */
	FAMILY_CONTENT,
	FAMILY_POLICY,
	FAMILY_SERVER, /* found by a check alone */
	FAMILIES
};

/* What to do first. */
enum verdict_advice {
	ADVICE_WAIT,
	ADVICE_CHECK, /* what the check that failed says: verdict.check */
	ADVICE_PORT25,
	ADVICE_RESOLVER,
	ADVICE_NETWORK,
	ADVICE_PTR,
	ADVICE_DELIST,
	ADVICE_SENDER_DOMAIN,
	ADVICE_SLOW_DOWN,
	ADVICE_TLS,
	ADVICE_TELL_THEM, /* abide letter */
	ADVICE_TELL_RECIPIENT,
	ADVICE_TELL_SENDER,
	ADVICE_LOOK_AT_MAIL, /* who sends what through us */
	ADVICE_LOCAL,
	ADVICE_INSIDE,       /* what has our mailboxes */
	ADVICE_DELIST_THERE, /* by the operator that refuses us, from its own list */
	ADVICES
};

enum verdict_start {
	START_UNKNOWN,  /* it was so when we began to look */
	START_SUDDEN,   /* it worked, and then nothing did */
	START_VOLUME,   /* after the volume to those it hits had doubled */
	START_EVENT,    /* after something that we did: verdict.event */
	START_CREEPING, /* a part at first, and more later */
	START_FIRST     /* nothing was sent there before */
};

enum { VERDICT_LINES = 6, VERDICTS_MOST = 24, VERDICT_SITES = 5 };

struct verdict {
	enum verdict_whose whose;
	enum verdict_scope scope;
	enum verdict_family family;
	enum reply_cause cause; /* most often seen; REPLY_NONE: a check alone */
	double confidence;      /* 0..1 */
	struct span
		who; /* the site, source, account, sender's domain where proofs fail …; empty: everything */
	int64_t since, last; /* seconds since 1970; the first and last failure */
	enum verdict_start start;
	uint32_t start_minutes; /* between what it began after and its begin */
	struct span event;
	uint32_t failures, successes; /* of those it hits, since it began */
	uint32_t sites, providers;    /* that are hit */
	uint32_t providers_fine;      /* that took mail in the same time */
	struct span names[VERDICT_SITES];
	size_t names_n;
	enum verdict_advice advice;
	const struct check_result *check; /* that decided; NULL: none */
	struct span supports[VERDICT_LINES],
		contradicts[VERDICT_LINES]; /* sentences (sentence.h) */
	size_t supports_n, contradicts_n;
};

struct verdicts {
	struct verdict all[VERDICTS_MOST]; /* those with most to do first */
	size_t n;
};

/* What to look at. */
struct verdict_question {
	int64_t now;
	struct span about; /* a site, provider, sender, domain or recipient; empty: everything */
	const struct check_result *checks;
	size_t checks_n;
};

void verdict_find(const struct ledger *l, const struct verdict_question *q, struct arena *arena,
	struct verdicts *ret);

enum verdict_family verdict_family(enum reply_cause cause);
/* The cause that a reply counts for. */
enum reply_cause verdict_cause(const struct reply_meaning *m);
/* Would that check, if bad, explain such trouble? */
bool verdict_explains(enum diagnose_check check, enum verdict_family family);
/* The checks that are worth running because of such a trouble: bit n for check n. */
uint32_t verdict_wants(enum verdict_family family);

const char *verdict_whose_name(enum verdict_whose whose); /* "ours" */
const char *verdict_scope_name(enum verdict_scope scope); /* "one_sender" */
const char *verdict_family_name(enum verdict_family family);
const char *verdict_advice_name(enum verdict_advice advice);
