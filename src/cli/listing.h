/*
 * listing - a queued message as `abide queue` shows it, for people or as JSON.
 *
 * Prints on standard output; reads no reply, only the cause that was understood
 * when it came. May allocate, never waits.
 */
#pragma once
#include "base/buf.h"
#include "ipc/messages/control.h"
#include "reply/texts.h"
#include <jansson.h>

/* Some lines: the message, then each recipient with what was said of it and what that means. */
void listing_text(const struct ipc_control_message *m, enum reply_lang lang);
/* One line with one object. */
void listing_json(const struct ipc_control_message *m, enum reply_lang lang);
/* That object; a new reference. */
json_t *listing_object(const struct ipc_control_message *m, enum reply_lang lang);
/* "451 4.7.1 Greylisted", or null. A new reference, as is the next. */
json_t *listing_reply(const struct ipc_control_recipient *r);
json_t *listing_time(int64_t wall_ms); /* RFC 3339, or null for 0 */
/* What the recipient's last reply means, in words, and whose side it is on (untouched: unknown). */
void listing_meaning(const struct ipc_control_recipient *r, enum reply_lang lang, struct buf *out,
	const char **ret_side);
/* Strangers' bytes: no control byte of theirs may reach a terminal. */
void listing_safe(struct span s);
/* Text with sentences in it (diagnose/sentence.h): printed in that language; for programs in English, null where it is empty. */
void listing_said(struct span sentences, enum reply_lang lang);
json_t *listing_said_json(struct span sentences);
