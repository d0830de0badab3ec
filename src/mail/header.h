/*
 * header - the fields of a message's header section (RFC 5322 2.2, 3.6; RFC 6532).
 *
 * A cursor over bytes that are there: owns nothing, allocates nothing but in
 * a caller's buf, never logs or waits. It takes what real mail holds: 8-bit,
 * spaces before the colon, and a header that stops at a line which is no
 * field.
 */
#pragma once
#include "base/buf.h"

struct mail_field {
	struct span name;  /* without colon and the spaces before it */
	struct span value; /* raw, folds included, without the last CRLF */
	size_t offset;     /* of the name in the message */
	size_t len;        /* whole field with its last CRLF */
};

struct mail_header {
	struct span message; /* the message, or its first bytes */
	size_t at;           /* where the cursor is; at the end: length of the header section */
	bool is_complete;    /* the end of the header was seen */
	bool has_empty_line; /* it ended in an empty line, which belongs to neither part */
};

void mail_header_init(struct mail_header *h, struct span message);
/* The next field; false at the end of the header, or where the bytes end within a line. */
bool mail_header_next(struct mail_header *h, struct mail_field *ret);
bool mail_field_is(const struct mail_field *f, const char *name);

struct mail_facts {
	unsigned received; /* Received fields: the hops so far */
	bool has_message_id, has_date, has_from;
	bool has_8bit;          /* in the header: needs SMTPUTF8 by RFC 6532 */
	bool is_complete;       /* the whole header was there */
	size_t header_len;      /* bytes of fields, without the empty line */
	size_t body_offset;     /* where the body begins */
	struct span message_id; /* trimmed value of the first; borrowed */
};
void mail_facts_read(struct span message, struct mail_facts *ret);

/*
 * Appends text that may stand within a field that we write: control characters (CR, LF, NUL) and,
 * unless utf8, bytes above 127 become '?'; with utf8 only what is not valid UTF-8 does.
 */
int mail_text_clean(struct span text, bool utf8, struct buf *out);
