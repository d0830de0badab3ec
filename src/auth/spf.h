/*
 * spf - may this client send for that domain? (RFC 7208)
 *
 * Over an ops struct that asks DNS: each question has an answer, records or the
 * kind of failure. What strangers write is bounded: SPF_LOOKUPS terms that ask,
 * SPF_VOIDS that find nothing, SPF_HOSTS names of an MX or PTR, the record's
 * size, the depth (by the look-ups) and the time as a whole. Everything lives in
 * the caller's arena; waits where the ops do; never logs.
 */
#pragma once
#include "auth/spf_record.h"
#include "base/clock.h"

#define SPF_LOOKUPS 10U
#define SPF_VOIDS   2U
#define SPF_HOSTS   10U

enum spf_result { /* travels to logs and other modules: append only */
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
	SPF_RESULTS
};
/* "pass", as headers have it. */
const char *spf_result_text(enum spf_result result);

enum spf_rr { SPF_RR_A, SPF_RR_AAAA, SPF_RR_MX, SPF_RR_PTR, SPF_RR_TXT };

struct spf_answer {
	const char *failure;  /* NULL: there is an answer; else why there is none, in words */
	struct span *records; /* none: no such name, or nothing of that type */
	size_t n;             /* addresses as 4 or 16 bytes; names; TXT with its strings joined */
};

struct spf_ops {
	/* Waits until the deadline at most. The name has no dot behind it; bytes may be anything. */
	void (*ask)(void *self, enum spf_rr type, struct span name, nanos deadline,
		struct arena *arena, struct spf_answer *ret);
};

struct spf_question {
	struct wire_ip client;
	struct span helo;   /* as said */
	struct span sender; /* canonical; empty: the null sender, then it is about the HELO name */
	struct span receiver; /* our name */
	int64_t now;          /* seconds since 1970 */
};

struct spf_fault {        /* of temperror and permerror */
	const char *what; /* NULL: none */
	struct span of;   /* the name that was asked */
	struct span at;   /* the term of its record; empty: all of it */
};

struct spf_verdict {
	enum spf_result result;
	bool is_helo; /* about the HELO name */
	bool is_open; /* it would pass anybody, or a great part of the world: proves nothing */
	struct span domain;      /* whose word it is; empty: there is no domain */
	struct span mechanism;   /* that decided; empty: none did */
	struct span reason;      /* in words, printable ASCII */
	struct spf_fault fault;  /* the same, taken apart */
	struct span explanation; /* the domain's own, of a fail; printable ASCII, or empty */
	unsigned lookups;
};

void spf_check(const struct spf_question *q, const struct spf_ops *ops, void *self, nanos deadline,
	struct arena *arena, struct spf_verdict *ret);
