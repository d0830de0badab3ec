/*
 * letter_text - a mail to another postmaster about mail that their server puts off.
 *
 * Pure: facts in, text out, in English or German. Lines end in LF, as an editor or a mail program takes them; all that
 * strangers had a hand in is made printable.
 */
#pragma once
#include "base/buf.h"
#include "diagnose/check.h"
#include "reply/texts.h"

enum { LETTER_TRIES_MOST = 20, LETTER_MAILS_MOST = 8 };

struct letter_try {
	int64_t at_ms;
	struct span id, sender, recipient, peer, reply; /* reply with code and status */
};

struct letter {
	enum reply_lang lang;
	struct span site, to, from, hostname; /* to, from: mailboxes */
	struct span sources[8];               /* our addresses */
	size_t sources_n;
	int64_t now_ms, since_ms; /* since: 0, not known */
	uint64_t waiting;         /* messages */
	struct letter_try tries[LETTER_TRIES_MOST];
	size_t tries_n;
	const struct check_result
		*checks; /* those that are fine are told, others are for the writer */
	size_t checks_n;
};

/* 0, or the buf's error. */
int letter_write(const struct letter *l, struct buf *out);
