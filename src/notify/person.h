/*
 * person - writes the mail that tells a postmaster of mail which waiting alone does not heal, of alarms, and of their end.
 *
 * Plain text in one language: what was said, what it means, what was seen here, what can be done.
 * Pure: facts in, bytes out, bounded by the buf's maximum; 7-bit. Bytes of strangers lose their control characters.
 */
#pragma once
#include "base/buf.h"
#include "reply/texts.h"

enum person_kind {
	PERSON_WAITS,   /* mail to a site is put off for what waiting does not heal */
	PERSON_REFUSED, /* it was refused for that */
	PERSON_STUCK,   /* nothing has got to a site for hours */
	PERSON_OVER,    /* one of these is over */
	PERSON_ALARM,   /* something is wrong that is no single site's */
	PERSON_ALARM_OVER,
	PERSON_KINDS
};

enum { PERSON_LINES = 12 };

struct person_notice { /* empty spans are left out */
	enum person_kind kind;
	enum reply_lang lang;
	struct span hostname;                   /* ours */
	struct span id;                         /* of this message: text form */
	struct span to;                         /* whom it goes to, without <> */
	int64_t now_ms;                         /* wall clock */
	int64_t since_ms;                       /* it began; of what is over: it was told */
	struct span site, source, peer;         /* source: our address that it is about */
	struct span recipient, sender, message; /* that was tried: id in text form */
	struct span reply;                      /* "451 4.7.1 ..." */
	struct span trouble;                    /* of an alarm, in a few words */
	struct span means, found, advice;       /* sentences; found: by our own checks */
	struct span supports[PERSON_LINES], contradicts[PERSON_LINES];
	size_t supports_n, contradicts_n;
	uint64_t more; /* as often again since it was told */
};

#define PERSON_TEXT_MAX 65536U

/* CRLF lines of at most 998 octets, dots not stuffed. 0, or the buf's error. */
int person_write(const struct person_notice *p, struct buf *out);
/* "needs_person", "needs_person_over", "alarm", "alarm_over": for the log and programs. */
const char *person_kind_name(enum person_kind kind);
