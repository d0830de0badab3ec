/*
 * params - parameters of MAIL and RCPT (RFC 5321 4.1.2; 1870, 3461, 4954, 6152, 6531, 6533).
 *
 * Owns nothing, allocates nothing but in a caller's buf, never logs or waits:
 * values borrow from the line. Text values (ENVID, AUTH, ORCPT) are kept as
 * they were sent, in xtext, and were checked: they decode, and to no control
 * character.
 */
#pragma once
#include "base/buf.h"

#define WIRE_ENVID_MAX 100U /* characters as sent, RFC 3461 4.4 */
#define WIRE_ORCPT_MAX 500U /* type, semicolon and address, RFC 3461 4.2 */

enum wire_param_error {
	WIRE_PARAM_OK,
	WIRE_PARAM_SYNTAX,      /* no esmtp-param: 501 */
	WIRE_PARAM_UNKNOWN,     /* no such parameter: 555 */
	WIRE_PARAM_VALUE,       /* its value is missing or wrong: 501 */
	WIRE_PARAM_DUPLICATE,   /* given twice: 501 */
	WIRE_PARAM_UNSUPPORTED, /* a known value that we don't take (BODY=BINARYMIME): 555 */
};

enum wire_body { WIRE_BODY_NONE, WIRE_BODY_7BIT, WIRE_BODY_8BITMIME };
enum wire_ret { WIRE_RET_NONE, WIRE_RET_FULL, WIRE_RET_HDRS };

struct wire_mail_params {
	enum wire_body body;
	enum wire_ret ret;
	bool smtputf8;
	bool has_size, has_envid, has_auth;
	uint64_t size;     /* bytes; UINT64_MAX where the 20 digits say more */
	struct span envid; /* xtext */
	struct span auth;  /* xtext, or "<>" */
};

enum wire_notify {
	WIRE_NOTIFY_NEVER = 1,
	WIRE_NOTIFY_SUCCESS = 2,
	WIRE_NOTIFY_FAILURE = 4,
	WIRE_NOTIFY_DELAY = 8,
};

struct wire_rcpt_params {
	unsigned notify; /* of enum wire_notify; 0: not given */
	bool has_orcpt;
	bool orcpt_is_utf8;        /* raw UTF-8 in it: wants SMTPUTF8 onwards */
	struct span orcpt;         /* all of it: "rfc822;user+2Btag@example.org" */
	struct span orcpt_type;    /* "rfc822" */
	struct span orcpt_address; /* still encoded */
};

/*
 * Reads what wire_mail_read or wire_rcpt_read left behind the path. On an error *ret is untouched
 * and *ret_bad is the parameter that did it.
 */
enum wire_param_error wire_mail_params_read(
	struct span text, struct wire_mail_params *ret, struct span *ret_bad);
enum wire_param_error wire_rcpt_params_read(
	struct span text, struct wire_rcpt_params *ret, struct span *ret_bad);

/* xtext (RFC 3461 4): printable ASCII but + and =, or + and two upper-case hex digits. */
bool wire_xtext_is_valid(struct span text);
/* Appends the decoded bytes: any bytes! 0, -EBADMSG (out unchanged), or the buf's sticky error. */
int wire_xtext_decode(struct span text, struct buf *out) __attribute__((warn_unused_result));
int wire_xtext_encode(struct span bytes, struct buf *out);
