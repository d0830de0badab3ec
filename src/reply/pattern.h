/*
 * reply_pattern - phrases that must stand in a reply, or must not.
 *
 * Within reply/ only. The language of rules.def, read as it is written: for
 * the few rows of reply/variants.def that a cause has, and for rules that an
 * operator adds. Pure; linear in the text for each word of the pattern.
 *
 *   pattern = [term *("&" term)]            all terms must fit; empty: any text
 *   term    = ["!"] ("#" status / ["@"] word *(" " word))
 *   word    = lower-case letters and so on; the last may end in "*": any ending
 *
 * "!": must not stand; "@": in a link or a name; "#": the enhanced status.
 */
#pragma once
#include "reply/rule.h"

bool reply_pattern_fits(const struct reply_subject *s, struct span pattern);

/* NULL, or what is wrong with a pattern: a sentence's end. */
const char *reply_pattern_wrong(struct span pattern);
