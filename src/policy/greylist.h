/*
 * greylist - must this mail come back a little later? (RFC 6647)
 *
 * Pure: what is known of the client and of earlier contacts goes in, a verdict
 * comes out. A first contact waits once; the wait is counted from the first
 * contact on and never begins anew, neither for those who return early nor for
 * those who return from another machine of the same domain. Who does not obey it,
 * and comes back early conf.hasty times, waits five times as long. A
 * domain that SPF proves is one sender in one range of networks; anywhere, once
 * something of it came through.
 */
#pragma once
#include "conf/check.h"
#include "facts/grey.h"

enum greylist_proof {         /* of the sender's domain, by SPF */
	GREYLIST_SPF_UNKNOWN, /* not asked, or not answered */
	GREYLIST_SPF_NONE,
	GREYLIST_SPF_PASS,
	GREYLIST_SPF_FAIL,
	GREYLIST_SPF_OTHER, /* neutral, softfail */
};

struct greylist_client {
	bool is_trusted; /* may relay: by its address or its login */
	bool is_good;    /* on a list of good senders */
	bool is_listed;  /* on a block list */
	bool has_name;   /* its reverse name leads back to it */
	enum greylist_proof spf;
};

enum greylist_why {
	GREYLIST_OFF,
	GREYLIST_TRUSTED,
	GREYLIST_GOOD,
	GREYLIST_NOT_DOUBTFUL,
	GREYLIST_LET_IN,
	GREYLIST_PASSED,
	GREYLIST_KNOWN,
	GREYLIST_PROVEN,
	GREYLIST_WAITED,
	GREYLIST_POOL, /* waited, at another machine of its domain */
	GREYLIST_FIRST,
	GREYLIST_EARLY,
	GREYLIST_HASTY, /* so often that it has to wait for longer */
};

struct greylist_verdict {
	enum greylist_why why;
	int64_t wait_s; /* 0: it is let through */
};

/* Decides without what is remembered where it can. False: ask, and then greylist_decide. */
bool greylist_is_exempt(const struct conf_greylist *conf, const struct greylist_client *client,
	struct greylist_verdict *ret);
struct greylist_verdict greylist_decide(const struct conf_greylist *conf,
	const struct greylist_client *client, const struct grey_answer *seen);
/*
 * A client whose confirmed host name stands in the sender's domain speaks for it as well as one
 * that SPF proves: all its machines are one sender.
 */
bool greylist_name_proves(struct span host, struct span domain);
/* "first", "pool": for the log. */
const char *greylist_why_text(enum greylist_why why);
