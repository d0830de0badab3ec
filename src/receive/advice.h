/*
 * advice - asks the policy services of the configuration about a recipient, or at another stage.
 *
 * They are asked in their order, by way of lookup (receive/lookup.h), until one
 * decides. Logs what they say, and what they can't.
 */
#pragma once
#include "receive/session.h"

struct advice_said {
	bool is_ok;             /* one says that it is wanted: no greylisting */
	enum reply_id if_taken; /* what is said instead of "ok", or REPLY_ID_NONE; with */
	struct reply_words words;
};

/* REPLY_ID_NONE: they let it pass. Waits. Header fields that they want are noted in the transaction. */
enum reply_id advice_check(struct session *s, struct span recipient, struct advice_said *ret,
	struct reply_words *words);
/*
 * The same at another stage: what was said stands until the transaction or, outside of one, the next
 * one ends. Waits.
 */
enum reply_id advice_at(struct session *s, enum conf_stage stage, struct reply_words *words);
/* Writes the fields that were noted, each with its CRLF. */
int advice_write_fields(const struct transaction *t, struct buf *out);
