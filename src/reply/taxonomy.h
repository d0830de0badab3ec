/*
 * reply_taxonomy - the fixed vocabulary of what a reply can mean.
 *
 * 45 causes (reply/taxonomy.def) with their side, nature, scope and action,
 * and the names that the JSON interface and the logs use. Const tables only:
 * allocates nothing, never logs or waits.
 */
#pragma once
#include "base/span.h"

/* REPLY_GREYLISTING … in the order of taxonomy.def; REPLY_NONE: a positive reply. */
enum reply_cause {
	REPLY_NONE,
#define CAUSE(symbol, ...) REPLY_##symbol,
#include "reply/taxonomy.def"
#undef CAUSE
	REPLY_CAUSES
};

enum reply_side {
	REPLY_SIDE_NONE,
	REPLY_SENDER_SERVER,
	REPLY_SENDER_MESSAGE,
	REPLY_SENDER_REPUTATION,
	REPLY_SENDER_ISP,
	REPLY_DEST_SERVER,
	REPLY_DEST_MAILBOX,
	REPLY_NETWORK,
	REPLY_NOBODY_WAIT,
	REPLY_SIDES
};

/* What the reply speaks about: all that shares it will be told the same. */
enum reply_scope {
	REPLY_SCOPE_NONE,
	REPLY_SCOPE_TRIPLE,    /* this source address, sender and recipient together */
	REPLY_SCOPE_RECIPIENT, /* this recipient, whoever writes */
	REPLY_SCOPE_SENDER,    /* this envelope sender (or its domain) */
	REPLY_SCOPE_MESSAGE,   /* this message's content */
	REPLY_SCOPE_DOMAIN,    /* all recipients of this domain */
	REPLY_SCOPE_SESSION,   /* this connection or transaction only */
	REPLY_SCOPE_HOST,      /* this host; another MX may take it */
	REPLY_SCOPE_SITE,      /* the whole destination */
	REPLY_SCOPE_SOURCE,    /* everything from our address or HELO name to that site */
	REPLY_SCOPES
};

enum reply_nature {
	REPLY_NATURE_NONE,
	REPLY_TRANSIENT,    /* goes away by itself */
	REPLY_NEEDS_CHANGE, /* goes away when somebody changes something */
	REPLY_PERMANENT,    /* will not go away */
	REPLY_NATURES
};

enum reply_action {
	REPLY_ACT_NONE,
	REPLY_ACT_RETRY,             /* try again later */
	REPLY_ACT_RETRY_SAME,        /* again later: same source address, HELO and envelope */
	REPLY_ACT_RETRY_TELL,        /* again later, and tell a person now */
	REPLY_ACT_SLOW_DOWN,         /* fewer messages to this site, then again */
	REPLY_ACT_FEWER_CONNECTIONS, /* fewer connections to this site, then again */
	REPLY_ACT_NEXT_HOST,         /* the next address or MX at once, then later */
	REPLY_ACT_NEXT_TRANSACTION,  /* these recipients again in a new transaction at once */
	REPLY_ACT_RECONNECT_PLAIN,   /* once more with fewer extensions */
	REPLY_ACT_USE_TLS,           /* once more with TLS */
	REPLY_ACT_LOG_IN,            /* once more with credentials */
	REPLY_ACT_GIVE_UP,           /* bounce */
	REPLY_ACT_GIVE_UP_TELL,      /* bounce, and tell the postmaster */
	REPLY_ACTIONS
};

enum reply_wait_source {
	REPLY_WAIT_NONE,
	REPLY_WAIT_STATED,   /* the reply names it */
	REPLY_WAIT_LEARNED,  /* queue's site profile knows it (set there) */
	REPLY_WAIT_SCHEDULE, /* the schedule of the cause (set there) */
};

/* What we had said when the reply came. */
enum reply_stage {
	REPLY_STAGE_NONE, /* not known */
	REPLY_STAGE_CONNECT,
	REPLY_STAGE_HELO,
	REPLY_STAGE_MAIL,
	REPLY_STAGE_RCPT,
	REPLY_STAGE_DATA,
	REPLY_STAGE_EOD, /* after the final dot, or BDAT LAST */
	REPLY_STAGE_AUTH,
	REPLY_STAGE_TLS,
	REPLY_STAGES
};

/* The taxonomy's row. */
struct reply_cause_info {
	const char *id; /* "greylisting": in JSON, logs, `retry` sections of the configuration */
	enum reply_side side;
	enum reply_nature nature;
	enum reply_scope scope;
	enum reply_action action;
	unsigned first_seconds; /* default schedule: first wait */
	unsigned max_seconds;   /* and longest */
};
const struct reply_cause_info *reply_cause_info(enum reply_cause cause)
	__attribute__((returns_nonnull));

/* The names of the JSON interface: "greylisting", "nobody_wait", "needs_change", … */
const char *reply_cause_text(enum reply_cause cause);
const char *reply_side_text(enum reply_side side);
const char *reply_scope_text(enum reply_scope scope);
const char *reply_nature_text(enum reply_nature nature);
const char *reply_action_text(enum reply_action action);
const char *reply_stage_text(enum reply_stage stage);
const char *reply_wait_source_text(enum reply_wait_source source); /* NULL for none */

/* By name; false where there is none such. */
bool reply_cause_parse(struct span text, enum reply_cause *ret);
bool reply_stage_parse(struct span text, enum reply_stage *ret);
