/*
 * explain_page - a web page that explains abide's replies: what the SMTP command HELP tells, by name.
 *
 * Pure: writes HTML into a buf, whose sticky error tells at the end.
 */
#pragma once
#include "base/buf.h"
#include "reply/texts.h"

#define EXPLAIN_PAGE_MAX (1U << 20)

/* Each 4xx and 5xx that a client can get stands at "#NAME". */
void explain_page(enum reply_lang lang, struct buf *out);
/* Of such a page the inside alone: each of them, or this one; nothing for one that no client gets. */
void explain_page_replies(enum reply_lang lang, struct buf *out);
void explain_page_reply(enum reply_id id, enum reply_lang lang, struct buf *out);
