/*
 * catalogue - every reply that abide says, and every event it has a reply for.
 *
 * An entry is a row of reply/catalogue.def: id, code, enhanced status, text
 * with typed <words>, cause. Entries marked "internal" are
 * never sent: deliver and queue use them for what happens without a peer's
 * reply (connection refused, expired, …). Pure; a const table. A reply is said
 * by id and words, never as a literal (tools/check-replies).
 */
#pragma once
#include "base/buf.h"
#include "reply/meaning.h"

struct reply_entry {
	const char *name; /* "MAIL_OK" */
	unsigned code;
	struct reply_status status;
	enum reply_cause cause;
	enum reply_side side; /* REPLY_SIDE_NONE: that of the cause */
	bool is_internal;
	const char *template;
};

/* id must be one of the enum, not REPLY_ID_NONE. */
const struct reply_entry *catalogue_get(enum reply_id id) __attribute__((returns_nonnull));

/* The same with the code and the status that the words ask for. words may be NULL. */
struct reply_entry catalogue_entry(enum reply_id id, const struct reply_words *words);

/*
 * Appends the reply as it goes over the wire: CRLF, a multi-line reply where it
 * needs one, no line over 512 octets; behind a 4xx or 5xx its name stands, as
 * "[GREYLISTED]", for HELP. Words are sanitised (no control bytes, bounded,
 * 8-bit only with is_utf8). words may be NULL. 0, or the buf's error.
 */
int catalogue_say(enum reply_id id, const struct reply_words *words, struct buf *out);

/* Appends the text alone, "5.7.1" and code left out: for logs, the queue, bounces. */
int catalogue_text(enum reply_id id, const struct reply_words *words, struct buf *out);

/* "550 5.7.1 Text" in one line, as it is kept for the queue listing and bounces. */
int catalogue_line(enum reply_id id, const struct reply_words *words, struct buf *out);

/* The entry's meaning, with certainty; nothing is read from text. words may be NULL. */
void catalogue_meaning(enum reply_id id, const struct reply_words *words, enum reply_stage stage,
	struct reply_meaning *ret);

/* The reply of that name, in letters of any size: REPLY_ID_NONE where there is none. */
enum reply_id catalogue_find(struct span name);
/* The text without the name that catalogue_say puts behind it; *ret_name: the name, or empty. */
struct span catalogue_bare(struct span text, struct span *ret_name);

/* Whose text this is: REPLY_ID_NONE where it is none of ours. Words borrow from text. */
enum reply_id catalogue_recognise(unsigned code, struct reply_status status, struct span text);
/* True where it is the text of one of our internal events: reply_read knows all about it. */
bool catalogue_is_event(unsigned code, struct reply_status status, struct span text);
