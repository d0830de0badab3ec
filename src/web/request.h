/*
 * request - the head of an HTTP request (RFC 9110, 9112), as far as a page that only shows needs it.
 *
 * Pure: borrows the caller's bytes, allocates nothing, never logs or waits. Strict: what can be
 * read in two ways is refused, and so is whatever would change something. Stands on base/ and wire/.
 */
#pragma once
#include "base/buf.h"
#include "wire/address.h"

#define WEB_HEAD_MAX 16384U /* bytes of request line and fields */

/* What is answered where a request is not served; 0: it is. */
enum web_status {
	WEB_OK = 0,
	WEB_BAD_REQUEST = 400,
	WEB_NOT_FOUND = 404,
	WEB_BAD_METHOD = 405,
	WEB_TIMEOUT = 408,
	WEB_TOO_LONG = 414,
	WEB_MISDIRECTED = 421, /* for a host that we are not */
	WEB_HEAD_TOO_LONG = 431,
	WEB_UNAVAILABLE = 503,
	WEB_BAD_VERSION = 505,
};

struct web_request {
	bool is_head;      /* HEAD: the answer has no body */
	struct span path;  /* from "/" up to the query, as sent */
	struct span query; /* behind "?"; may be empty */
	struct span host;  /* as sent, with a port; empty: HTTP/1.0 without one */
	bool wants_json;   /* Accept names application/json, and no HTML */
};

/* Bytes up to the end of the empty line that ends the head; 0: it is not all there. */
size_t web_request_len(struct span input);
/*
 * request-line *( field-line CRLF ) CRLF                        ; RFC 9112 2.1
 * All of the span must be a head. WEB_OK, or what to answer; *ret is untouched then.
 */
enum web_status web_request_read(struct span head, struct web_request *ret);

/*
 * The value of that name in a query (application/x-www-form-urlencoded), appended to out. False:
 * it is not there, or can't be decoded, or does not fit.
 */
bool web_query_get(struct span query, const char *name, struct buf *out);
bool web_query_has(struct span query, const char *name);

/*
 * Is that host us? An address is, and localhost, and what is in names (any case); a name that is
 * another one's shows that a browser was led here by a foreign page (DNS rebinding).
 */
bool web_host_is_ours(struct span host, const struct span *names, size_t n);
