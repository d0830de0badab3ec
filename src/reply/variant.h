/*
 * reply_variant - which well-known kind of a cause a reply is, for words of its own.
 *
 * Decides no cause: it only refines what is said to people (reply/texts.txt).
 * A const table, reply/variants.def; pure, linear in the text.
 */
#pragma once
#include "reply/rule.h"
#include "reply/variant_id.h"

/* REPLY_VARIANT_NONE: what is said about the cause will do. */
enum reply_variant reply_variant_find(
	const struct reply_subject *s, enum reply_cause cause, bool states_wait);

/* False: no row's pattern names it, or a beginning of it. */
bool reply_variant_may_name(const struct reply_word *word);

/* "dns_timed_out"; "" for none. */
const char *reply_variant_text(enum reply_variant variant);
/* Whose kind it is. variant must not be REPLY_VARIANT_NONE. */
enum reply_cause reply_variant_cause(enum reply_variant variant);
