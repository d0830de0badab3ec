/*
 * reply_meaning - what a reply means: cause, side, scope, nature, wait, action.
 *
 * The one place where reply text is understood; everything else works with
 * this object. Pure: no I/O, no logging, no global state; memory comes from
 * the caller's arena. Stands on reply/line.h and the taxonomy; the rules are
 * a const table (reply/rules.def).
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "reply/id.h"
#include "reply/line.h"
#include "reply/taxonomy.h"
#include "reply/variant_id.h"
#include "reply/words.h"

struct reply_own;
struct reply_own_rule;
struct reply_memo;

struct reply_meaning {
	unsigned code; /* 0: none */
	struct reply_status status;
	enum reply_cause cause;
	enum reply_side side;
	enum reply_scope scope;
	enum reply_nature nature;
	enum reply_action action;
	enum reply_stage stage;
	int64_t wait_seconds; /* -1: none */
	enum reply_wait_source wait_source;
	double confidence;                /* 0..1 */
	const char *evidence;             /* which rule or entry decided; static */
	const struct reply_own_rule *own; /* an operator's rule decided; borrowed; else NULL */
	enum reply_id entry;              /* it is one of ours; else REPLY_ID_NONE */
	enum reply_variant variant; /* a well-known kind of the cause; else REPLY_VARIANT_NONE */
	struct span bare;           /* the text without its code and status; borrowed */
	struct span template;       /* the text with its words as <kind>; in the arena */
	bool has_template;          /* false: none was asked for, it is empty */
	struct reply_found *words;  /* in order of appearance; in the arena */
	size_t n_words;
};

struct reply_context {
	enum reply_stage stage;
	int64_t now_wall_ms;         /* for replies that name a clock time; 0: not known */
	const struct reply_own *own; /* the operator's rules, or NULL */
	struct span host;            /* who said it, for such rules; may be empty */
	struct reply_memo *memo;     /* what was decided before (reply/memo.h), or NULL */
	bool needs_no_template;      /* who doesn't look at it is spared the time */
};

/*
 * Reads a reply. Any bytes will do as text; time and memory are linear in its
 * first REPLY_READ_MAX bytes, the rest is not looked at. code 0: not known (a
 * log line's reply may have none). A code or status at the front of the text is
 * found where the arguments have none.
 */
enum { REPLY_READ_MAX = 4096 };
void reply_read(const struct reply_context *context, unsigned code, struct reply_status status,
	struct span text, struct arena *arena, struct reply_meaning *ret);

/* True where the action is to end this recipient now. */
bool reply_is_final(const struct reply_meaning *m);
