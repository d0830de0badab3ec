/*
 * diagnose_staged - incidents for tests: an hour or two of ordinary traffic, and then a trouble.
 */
#pragma once
#include "diagnose/verdict.h"

#define STAGED_NOW (INT64_C(1800000000) / 60 * 60)

struct staged_trouble {
	uint32_t sites;    /* bit n: s<n>; 0: all */
	unsigned share;    /* percent of the attempts; 0: all */
	const char *reply; /* what is said, as a server wrote it: cause and side are read from it */
	enum reply_cause cause;    /* REPLY_NONE: no trouble */
	enum reply_side side;      /* NONE: the cause's own */
	bool is_seen;              /* we saw it, nobody said it */
	unsigned minutes;          /* how long ago it began; 0: 20 */
	const char *sender;        /* that alone, one of those that write; NULL: all */
	const char *source;        /* too */
	const char *recipient;     /* too: everything else is taken */
	uint64_t message;          /* too */
	struct diagnose_fact said; /* of the reply: made when it is read */
};

struct staged_check {
	enum diagnose_check check;
	enum check_state state;
	const char *about;
};

struct staged {
	const char *name;
	unsigned sites;        /* in all: s0.p0.example … ; 0: 12 */
	unsigned one_provider; /* s0 … of so many are one provider's */
	unsigned sources;      /* 0: 1 */
	unsigned rate;         /* messages a minute to each site; 0: 1 */
	uint32_t doubled;      /* sites to which it was tripled some minutes before the trouble */
	unsigned doubled_before;
	const char *event;
	struct staged_trouble trouble[3];
	struct staged_check checks[4];
	const char *about;
	/* what must come out of it: of the first verdict */
	enum verdict_whose whose;
	enum verdict_scope scope;
	enum verdict_advice advice;
	const char *who;           /* NULL: not asked */
	enum verdict_start start;  /* UNKNOWN: not asked */
	enum diagnose_check check; /* that decided, where advice is ADVICE_CHECK */
};

/* Troubles and what must come out, as rows are written with. */
#define DEAD(...)                                                            \
	{                                                                    \
		.cause = REPLY_NETWORK_FAILURE, .is_seen = true, __VA_ARGS__ \
	}
#define SEEN(c, ...)                                             \
	{                                                        \
		.cause = REPLY_##c, .is_seen = true, __VA_ARGS__ \
	}
#define SAYS(r, ...)                    \
	{                               \
		.reply = r, __VA_ARGS__ \
	}
#define OURS(s, a)    .whose = VERDICT_OURS, .scope = VERDICT_##s, .advice = ADVICE_##a
#define SENDERS(s, a) .whose = VERDICT_SENDER, .scope = VERDICT_##s, .advice = ADVICE_##a
#define THEIRS(s, a)  .whose = VERDICT_THEIRS, .scope = VERDICT_##s, .advice = ADVICE_##a
#define NOBODYS(s, a) .whose = VERDICT_NOBODY, .scope = VERDICT_##s, .advice = ADVICE_##a

/* The verdicts about it; memory: the arena's. */
void staged_play(const struct staged *s, struct arena *arena, struct verdicts *ret);
/* Plays them all; what is judged otherwise is printed after that word. Returns how many are. */
size_t staged_play_all(const struct staged *table, size_t n, const char *word);
/* Minutes from the first attempt that shows it until the verdict is right, and stays so; 0: it never is. */
unsigned staged_minutes(const struct staged *s);
/* Of how many the right verdict comes later than that, or never; these are printed. */
size_t staged_late(const struct staged *table, size_t n, unsigned most);
