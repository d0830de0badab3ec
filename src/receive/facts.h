/*
 * facts - what a session needs of the facts process, as a small interface.
 *
 * receive/facts_link.c stands behind it in the product; tests and fuzzers put
 * facts of their own here, or none. Where facts is away nobody is held back:
 * its absence is our fault.
 */
#pragma once
#include "conf/check.h"
#include "facts/grey.h"
#include "policy/load.h"
#include "reply/catalogue.h"

struct session;

struct facts_mail {                    /* what a rate's exceptions may name */
	struct span sender, recipient; /* empty: the null sender; none */
};

struct facts_ops {
	/* REPLY_ID_NONE, or why the client may not enter. Then it has not entered. Waits. */
	enum reply_id (*enter)(void *self, struct session *s, struct reply_words *words);
	void (*leave)(void *self, struct session *s);
	/* One more by this client: REPLY_ID_NONE, or that it is too much. Waits. */
	enum reply_id (*rate)(void *self, struct session *s, enum conf_rate_what what,
		const struct facts_mail *mail, struct reply_words *words);
	/*
	 * Somebody is about to log in as that: REPLY_ID_NONE and how long it has to wait for it, or
	 * that too much has failed. Waits.
	 */
	enum reply_id (*try_login)(void *self, struct session *s, struct span login,
		nanos *ret_pause, struct reply_words *words);
	/* And it did not fail: it was right, or nobody could say. */
	void (*tried_login)(void *self, struct session *s, struct span login, bool is_right);
	/* A contact: notes it, and says what was known. 0 or -errno. Waits. */
	int (*touch)(void *self, struct session *s, const struct grey_question *q,
		struct grey_answer *ret);
	/* It was let through. */
	void (*passed)(void *self, struct session *s, const struct grey_question *q);
	/* This 4xx was said, to the recipient where there is one. */
	void (*deferred)(void *self, struct session *s, enum reply_id id, struct span recipient);
	/* The transaction's mail was accepted. */
	void (*accepted)(void *self, struct session *s);
	/* How much there is to do has changed. */
	void (*load)(void *self, const struct load_state *now);
};
