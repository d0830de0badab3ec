/*
 * seven_in - inside mail/seven*: headers of messages and parts.
 */
#pragma once
#include "mail/seven.h"

struct seven_head {
	struct mime_type type;
	enum mime_encoding encoding;
	bool has_type, has_version, has_encoding;
	bool is_multipart, is_message; /* that is looked into */
	enum transfer_kind transfer;   /* of a body that is not */
	const char *label;             /* the new Content-Transfer-Encoding; NULL: as it was */
};

/* What follows this header, and what becomes of it. False: s->fault. */
bool seven_head_read(struct seven *s, struct span header, struct seven_head *ret);
/* The fields as they go out. */
void seven_head_write(
	struct seven *s, struct span header, const struct seven_head *h, struct buf *out);
void seven_fail(struct seven *s, enum seven_fault fault);
