/*
 * dsn - writes the message that tells a sender what became of a message.
 *
 * A multipart/report (RFC 3461, 3464, 6522, 6533): words for a person (plain
 * and as HTML), the facts for machines, the returned message or its header.
 * Pure: facts in, bytes out, bounded by the buf's maximum; no I/O, no clock.
 * Whether a sender may be told at all (never the null one), and what he asked
 * for, is the caller's business, as is the notice's null envelope sender.
 */
#pragma once
#include "base/buf.h"
#include "reply/meaning.h"
#include "reply/texts.h"

enum dsn_action { /* RFC 3464 2.3.3 */
	DSN_FAILED,
	DSN_DELAYED,
	DSN_DELIVERED,
	DSN_RELAYED,
	DSN_EXPANDED,
	DSN_ACTIONS
};

/* One recipient. Empty spans and times that are 0 are left out of the report. */
struct dsn_recipient {
	enum dsn_action action;
	struct span address;  /* as in RCPT TO, without <> */
	struct span original; /* ORCPT as given ("rfc822;a@b"), xtext still encoded */
	struct span host;     /* whose reply it is: the remote server's name */
	struct span reply;    /* "550 5.1.1 No such user", lines joined by '\n' */
	bool is_own;          /* nobody said that: it is what we saw */
	const struct reply_meaning *meaning; /* of that reply; NULL: nothing is known */
	int64_t last_attempt_ms;             /* all times: wall clock */
	int64_t next_try_ms, retry_until_ms; /* of what is delayed */
	bool was_told;                       /* in an earlier notice: delayed */
	bool needs_sender;                   /* delayed: only the sender can heal it */
};

enum dsn_returned { DSN_RETURNS_HEADER, DSN_RETURNS_ALL };

struct dsn {
	struct span hostname;       /* ours */
	struct span id;             /* of the new message: text form, for its Message-ID */
	struct span about_id;       /* of the message that it is about: text form */
	uint32_t salt;              /* nobody who wrote that one knew it: part of the boundary */
	struct span sender;         /* to whom it goes, without <> */
	struct span envelope_id;    /* ENVID as given, xtext still encoded */
	enum reply_lang language;   /* of the words for a person; English stands below any other */
	int64_t now_ms, arrived_ms; /* wall clock */
	const struct dsn_recipient *recipients;
	size_t n_recipients;
	struct span header; /* of the message, CRLF lines; cut at DSN_HEADER_MAX */
	size_t messages; /* more than 1: so many of the sender's are late; what stands here of one is empty */
	bool is_multilingual; /* each language is a part of its own besides (RFC 8255) */
	bool is_news;         /* nobody asked for it: words alone, no report */
	bool reads_utf8;      /* the message came by SMTPUTF8, and that way is open to the notice */
	bool is_8bit_content; /* of what is returned whole */
	enum dsn_returned returned;
};

enum {
	DSN_HEADER_MAX = 32768,
	DSN_STORIES_MAX = 50,    /* recipients that are told of in words; the report has them all */
	DSN_TEXT_MAX = 12582912, /* a buf of this size takes a notice of 1,000 recipients */
};

/*
 * Appends the whole message, CRLF lines of at most 998 octets, dots not
 * stuffed; of DSN_RETURNS_ALL all up to the place where the message itself
 * belongs, which the caller puts there, and then the end by dsn_end.
 * *ret_is_8bit: it holds bytes over 127 before that place, as only a report to a sender
 * who reads UTF-8 does; in all others they are told as \x{E9} (RFC 6533 3),
 * so that any server takes them. 0, or the buf's error (-EMSGSIZE).
 */
int dsn_write(const struct dsn *d, struct buf *out, bool *ret_is_8bit);
int dsn_end(const struct dsn *d, struct buf *out);
