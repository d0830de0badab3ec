/*
 * path - mail addresses: reverse and forward paths (RFC 5321 4.1.2, 4.1.3; RFC 6531 3.3).
 *
 * Owns nothing, allocates nothing but in a caller's buf, never logs or waits:
 * a path borrows from the text it was read from. UTF-8 is taken wherever RFC
 * 6531 allows it and reported; whether SMTPUTF8 was asked for is the session's
 * question. Source routes are read and ignored.
 */
#pragma once
#include "base/buf.h"
#include "wire/address.h"

#define WIRE_LOCAL_MAX  64U
#define WIRE_DOMAIN_MAX 255U
#define WIRE_LABEL_MAX  63U
#define WIRE_PATH_MAX   256U /* with < and > */

enum wire_path_kind {
	WIRE_PATH_NULL,       /* <> */
	WIRE_PATH_POSTMASTER, /* <postmaster>, to RCPT only */
	WIRE_PATH_MAILBOX,
};

struct wire_path {
	enum wire_path_kind kind;
	struct span local;  /* as written, quotes included */
	struct span domain; /* as written, brackets of a literal included */
	bool is_quoted;     /* local is a Quoted-string */
	bool is_literal;    /* domain is an address-literal */
	bool is_utf8;       /* local or domain hold more than ASCII */
};

/* The rule that was broken; every one is a 501 or 553 of its own wording. */
enum wire_path_error {
	WIRE_PATH_OK,
	WIRE_PATH_KEYWORD,  /* no FROM: or TO: */
	WIRE_PATH_BRACKET,  /* < or > is missing */
	WIRE_PATH_TRAILING, /* something other than a space behind > */
	WIRE_PATH_LONG,     /* over WIRE_PATH_MAX */
	WIRE_PATH_ROUTE,    /* a malformed source route */
	WIRE_PATH_LOCAL_EMPTY,
	WIRE_PATH_LOCAL_SYNTAX,
	WIRE_PATH_LOCAL_LONG,
	WIRE_PATH_DOMAIN_MISSING, /* no @ */
	WIRE_PATH_DOMAIN_EMPTY,   /* nothing behind @ (CVE-2020-7247) */
	WIRE_PATH_DOMAIN_SYNTAX,
	WIRE_PATH_DOMAIN_LONG,
	WIRE_PATH_LABEL_LONG,
	WIRE_PATH_LITERAL,        /* [ ] around no address */
	WIRE_PATH_UTF8,           /* bytes above 127 that are not UTF-8 */
	WIRE_PATH_NULL_RECIPIENT, /* RCPT TO:<> */
	WIRE_PATH_ERRORS,         /* how many there are */
};

/* In a few words, for the command line and configuration errors. */
const char *wire_path_error_text(enum wire_path_error error);

/*
 * The whole argument of MAIL ("FROM:<path> params") or RCPT ("TO:<path> params"). *ret_params is
 * what follows the path, for wire/params.h; empty where nothing does. A space behind the colon
 * is forgiven, though RFC 5321 3.3 forbids it: too many clients send it.
 */
enum wire_path_error wire_mail_read(
	struct span argument, struct wire_path *ret_path, struct span *ret_params);
enum wire_path_error wire_rcpt_read(
	struct span argument, struct wire_path *ret_path, struct span *ret_params);

/* A mailbox without < >, all of the text, as a person, a file or the spool gives it. */
enum wire_path_error wire_address_read(struct span text, struct wire_path *ret);

/* A Domain (4.1.2), U-labels and underscores included; no trailing dot. Not a literal. */
enum wire_path_error wire_domain_read(struct span text);
/* "[192.0.2.1]", "[IPv6:2001:db8::1]". 0; -EBADMSG; -EAFNOSUPPORT for a general-address-literal. */
int wire_literal_read(struct span text, struct wire_ip *ret) __attribute__((warn_unused_result));

/*
 * Appends the canonical text, without < >: local part quoted only where it must be, its case
 * kept; domain in ASCII lower case. Empty for <>, "postmaster" for <postmaster>. Two spellings of
 * one mailbox give the same text. 0 or the buf's sticky error.
 */
int wire_path_text(const struct wire_path *path, struct buf *out);
