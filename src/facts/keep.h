/*
 * keep - records that outlive the process: by key, each with an end and a worth.
 *
 * The seat for a shared store: whoever keeps facts sees struct keep only. The
 * first that sits there (keep_open) holds all records in memory, as many as it
 * was told and no more: over that, the least worth go, the oldest of them
 * first. It writes behind what has changed to a small LMDB environment
 * (keep_disk.h), so a record costs no commit, and a crash loses at most what
 * has changed since the last flush. Calls may wait where a store is far away;
 * of this one only flush does. Never logs.
 */
#pragma once
#include "base/span.h"

/* What a record is about: the first byte of its key. Kept on disk: never renumber. */
enum keep_kind {
	KEEP_PAIR = 'p',     /* sender and recipient: since when, from which networks */
	KEEP_NETWORK = 'n',  /* a client network or proved domain: how often it passed */
	KEEP_DOMAIN = 'd',   /* a sender's domain: which networks it sends from */
	KEEP_KNOWN = 'k',    /* an address that our users wrote to */
	KEEP_LET_IN = 'l',   /* a sender that an operator let in */
	KEEP_BUCKET = 'b',   /* a rate's bucket */
	KEEP_TRIES = 't',    /* log-ins that failed, of a network or a login */
	KEEP_PLACE = 'a',    /* a login, and a network where it succeeded */
	KEEP_DEFERRAL = 'f', /* who was told 4xx and was not accepted since */
	KEEP_METER = 'm',    /* what one kind of 4xx did */
	KEEP_CLOCK = 'c',    /* where the keep's time goes on after a restart */
};

/* What goes last when there is no more room. */
enum keep_worth {
	KEEP_WORTH_LEAST, /* buckets */
	KEEP_WORTH_ONCE,  /* seen once */
	KEEP_WORTH_AGAIN, /* came back */
	KEEP_WORTH_PASSED,
	KEEP_WORTH_LEARNED,
	KEEP_WORTH_MOST,
	KEEP_WORTHS
};

#define KEEP_KEY_MAX   400U
#define KEEP_VALUE_MAX 1024U

struct keep;

struct keep_life {
	int64_t ends; /* ms of the keep's time */
	enum keep_worth worth;
};

struct keep_figures {
	size_t records, unsaved;
	uint64_t evicted, flushes, failures;
};

struct keep_ops {
	/* The record's bytes, borrowed until the next call. False: there is none. */
	bool (*get)(struct keep *k, struct span key, struct span *ret);
	/* Replaces or adds. What is over KEEP_KEY_MAX or KEEP_VALUE_MAX is not kept. */
	void (*put)(struct keep *k, struct span key, struct span value, struct keep_life life);
	void (*remove)(struct keep *k, struct span key);
	/*
	 * Removes a record whose end has come and gives it (borrowed until the next call): call it
	 * until it says false.
	 */
	bool (*expire)(struct keep *k, int64_t now, struct span *ret_key, struct span *ret_value);
	/* Walks all of a kind; begin with *i = 0. Nothing may be put or removed meanwhile. */
	bool (*next)(const struct keep *k, enum keep_kind kind, size_t *i, struct span *ret_key,
		struct span *ret_value);
	size_t (*count)(const struct keep *k, enum keep_kind kind);
	/* On disk with what has changed. Waits. 0 or -errno; then all is written the next time. */
	int (*flush)(struct keep *k);
	void (*figures)(const struct keep *k, struct keep_figures *ret);
	void (*set_most)(struct keep *k, size_t most); /* records */
	void (*free)(struct keep *k);                  /* what was not flushed is lost; NULL ok */
};

struct keep {
	const struct keep_ops *ops;
};

/*
 * dir: where the environment stands; NULL: in memory only. An environment that can't be read is
 * put aside (NAME.bad) and *ret_was_bad set: facts are not mail. 0 or -errno.
 */
int keep_open(const char *dir, size_t most, struct keep **ret, bool *ret_was_bad);

/* The key of up to two texts: kind a [NUL b], shortened where it is too long. */
struct keep_key {
	char bytes[KEEP_KEY_MAX];
	size_t len;
};
struct span keep_key(struct keep_key *k, enum keep_kind kind, struct span a, struct span b);
