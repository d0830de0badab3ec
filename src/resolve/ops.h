/*
 * ops - what others need of the resolve process, as a small interface.
 *
 * resolve/link.c stands behind it in the product; tests and fuzzers put answers
 * of their own here. An ask waits, until the deadline at most, and always gives
 * an answer: records, that there are none, or the kind of failure
 * (resolve/trouble.h). Answers live in the arena; resolve/rdata.h reads records.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "ipc/messages/resolve.h"
#include "resolve/trouble.h"

/* Types of records, as in the DNS. */
enum {
	RESOLVE_A = 1,
	RESOLVE_CNAME = 5,
	RESOLVE_PTR = 12,
	RESOLVE_MX = 15,
	RESOLVE_TXT = 16,
	RESOLVE_AAAA = 28,
	RESOLVE_TLSA = 52,
	/*
	 * None of the DNS: the MTA-STS policy of a domain (resolve/sts.h), which is fetched where it is
	 * not known. Found: its mode as the first record ("enforce", "testing", "none"), and each pattern
	 * of its hosts. Without one there is no data, and why says why, where one was announced.
	 */
	RESOLVE_STS = 65401,
};

struct resolve_question {
	struct span name; /* as text, with or without a final dot; U-labels are understood */
	uint16_t type;
};

#define RESOLVE_ALL_MOST 64U

struct resolve_ops {
	void (*ask)(void *self, struct span name, uint16_t type, nanos deadline,
		struct arena *arena, struct ipc_resolve_answer *ret);
	/* The same for n questions at once, RESOLVE_ALL_MOST at most; ret has room for n. */
	void (*ask_all)(void *self, const struct resolve_question *questions, size_t n,
		nanos deadline, struct arena *arena, struct ipc_resolve_answer *ret);
};
