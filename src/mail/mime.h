/*
 * mime - what a part is, and how its body is encoded (RFC 2045 5, 6; RFC 2046 5.1).
 *
 * Lenient readers of real fields: what can't be read is the default. Own nothing, never log or wait.
 */
#pragma once
#include "base/span.h"

#define MIME_BOUNDARY_MOST 200U /* octets; RFC 2046 5.1.1 allows 70 */

enum mime_class { MIME_LEAF, MIME_TEXT, MIME_MULTIPART, MIME_MESSAGE };

struct mime_type {
	enum mime_class class;
	bool is_rfc822;      /* a message within */
	bool is_global;      /* message/global and its like, which may be encoded (RFC 6532 3.7) */
	bool is_signed;      /* multipart/signed: octets within must stay (RFC 1847 2.1) */
	bool is_digest;      /* its parts are messages where nothing is said (RFC 2046 5.1.5) */
	size_t boundary_len; /* 0: none */
	char boundary[MIME_BOUNDARY_MOST];
};

/* The value of Content-Type. */
void mime_type_read(struct span value, struct mime_type *ret);

enum mime_encoding { MIME_7BIT, MIME_8BIT, MIME_BINARY, MIME_QP, MIME_BASE64, MIME_OTHER };

/* The value of Content-Transfer-Encoding. */
enum mime_encoding mime_encoding_read(struct span value);
