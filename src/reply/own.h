/*
 * reply_own - rules about replies that an operator has added.
 *
 * Asked before everything that abide knows by itself, but for its own replies;
 * the first rule that fits decides. Made by conf (conf/rules.h), borrowed by
 * whoever reads replies. Pure; linear in the text for each rule.
 */
#pragma once
#include "reply/texts.h"
#include "reply/rule.h"

struct reply_own_rule {
	const char *name;
	unsigned code;              /* 451; 45 or 4: all that begin so; 0: any */
	struct reply_status status; /* class 0: any */
	enum reply_stage stage;     /* NONE: any */
	struct span host;           /* "mx.example.org", ".example.org" (below it); empty: any */
	struct span pattern;        /* reply/pattern.h; empty: any text */
	enum reply_cause cause;
	int64_t wait_seconds; /* -1: none */
	double confidence;
	const char *texts[REPLY_PARTS]; /* templates; NULL: those of the cause */
};

struct reply_own {
	const struct reply_own_rule *rules;
	size_t n;
};

/* NULL: none fits. own may be NULL; host is who said it, empty where that is not known. */
const struct reply_own_rule *reply_own_find(
	const struct reply_own *own, const struct reply_subject *s, struct span host);

/* NULL, or what is wrong with a rule's phrases or with a text for people: a sentence's end. */
const char *reply_own_pattern_wrong(struct span pattern);
const char *reply_own_text_wrong(const char *template);
