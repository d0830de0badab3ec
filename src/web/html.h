/*
 * html - pages, written into a buf: head and foot of each page, and texts that can't become markup.
 *
 * Pure. Whatever did not come from our own tables goes through html_text. No script, nothing from
 * elsewhere; the one style sheet is in the page, allowed by its nonce.
 */
#pragma once
#include "base/buf.h"
#include "reply/texts.h"

#define HTML_MAX       ((size_t)4 << 20) /* bytes of an answer */
#define HTML_NONCE_LEN 32U

struct html {
	enum reply_lang lang;
	const char *title;
	struct span hostname;
	const char *nonce;
	struct buf *out;
};

/* The one of two languages that the page is in. */
const char *html_say(const struct html *p, const char *english, const char *german);

void html_begin(const struct html *p);
void html_end(const struct html *p);
/* Markup of ours. */
void html_add(const struct html *p, const char *markup);
/* A stranger's bytes, or ours: no markup, no control bytes. */
void html_text(const struct html *p, struct span text);
void html_number(const struct html *p, uint64_t n);
/* "2026-11-29 16:10 UTC"; nothing for 0. */
void html_time(const struct html *p, int64_t wall_ms);
/* "in 5 minutes", "5 minutes ago": against now. */
void html_from_now(const struct html *p, int64_t wall_ms, int64_t now_ms);
