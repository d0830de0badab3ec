/*
 * diagnose_told - what of a site needs a person: told once for one cause, and once that it is over.
 *
 * Owns a fixed number of rows. Pure: the caller says what happened and when, asks regularly what is over, and tells whom it is
 * to be told to. A trouble of which nothing is heard for TOLD_SILENCE is forgotten without a word: its mail has come back.
 */
#pragma once
#include "base/span.h"
#include "reply/taxonomy.h"

enum {
	TOLD_MOST = 256, /* the one that was heard of longest ago gives way */
	TOLD_SITE_MAX = 120,
	TOLD_QUIET =
		120, /* seconds without it, and five times as long as it took from one to the next */
	TOLD_SILENCE = 24 * 3600, /* seconds */
};

enum told_state {
	TOLD_PENDING, /* he is going to be told */
	TOLD_SAID,
	TOLD_SILENT, /* other news has said it, and tells its end too */
	TOLD_STATES
};

struct told {
	uint64_t hash;       /* of site, in this process */
	int64_t at, seen_at; /* first and last, seconds since 1970 */
	int64_t ok_at;       /* mail got through that shows that it has passed; 0: none */
	uint32_t more;       /* how often it happened since it was told */
	enum reply_cause cause;
	enum told_state state;
	bool is_whole; /* nothing gets there: any mail that does shows it */
	char site[TOLD_SITE_MAX];
};

struct tolds {
	size_t n;
	struct told all[TOLD_MOST]; /* in no order */
};

/* It happens at what->at. True: a person does not know yet. what->hash and all that time brings are not read. */
bool told_see(struct tolds *t, const struct told *what);
/* One that was kept. */
void told_add(struct tolds *t, const struct told *what);
/* What has become of the telling. */
void told_mark(struct tolds *t, struct span site, enum reply_cause cause, enum told_state state);
/* Mail got to that site. cause: it had been put off for, and a person was to be told; else REPLY_NONE. */
void told_ok(struct tolds *t, struct span site, enum reply_cause cause, int64_t at);
/* A trouble that he was told of and that is over by now, and is no row any more; false: none. Again until there is none. */
bool told_over(struct tolds *t, int64_t at, struct told *ret);
/* When a person was told of that site last; 0: of nothing that goes on. */
int64_t told_last(const struct tolds *t, struct span site);
