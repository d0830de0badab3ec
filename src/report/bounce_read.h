/*
 * bounce_read - a whole bounce message: who did not get the mail, and why.
 *
 * Reads delivery status notifications (RFC 3464) and the formats that
 * programs have made up instead; decodes base64, quoted-printable and HTML.
 * Pure: borrows the message, memory is the caller's arena; bounded in bytes,
 * lines and recipients, linear. The causes are reply/meaning.h's.
 */
#pragma once
#include "base/arena.h"
#include "reply/meaning.h"

enum { BOUNCE_READ_MAX = 1 << 20, BOUNCE_RECIPIENTS_MAX = 256 };

enum bounce_kind {
	BOUNCE_FAILED,    /* it was given up, or the message does not say otherwise */
	BOUNCE_DELAYED,   /* a warning: the other server goes on trying */
	BOUNCE_DELIVERED, /* a notice of success */
	BOUNCE_FEEDBACK,  /* a complaint of a reader (RFC 5965) */
	BOUNCE_VACATION,  /* an automatic answer; its writer is the recipient */
	BOUNCE_OTHER,     /* nothing speaks of mail that did not arrive */
	BOUNCE_KINDS
};

struct bounce_recipient {
	struct span address;
	struct span action;         /* as stated: "failed", "delayed" …; empty: not stated */
	struct reply_status status; /* as stated, or as in the reply; class 0: none */
	struct span reply;          /* the reason in the other side's words; may be empty */
	bool is_prose;    /* the reply is a sentence around the address, as far as known */
	struct span host; /* that said so; may be empty */
	struct reply_meaning meaning; /* of the reply */
};

struct bounce {
	enum bounce_kind kind;
	struct bounce_recipient *recipients; /* each address once, in order of appearance */
	size_t n;
};

/* Any bytes will do; what is beyond BOUNCE_READ_MAX is not looked at. */
void bounce_read(struct span message, struct arena *arena, struct bounce *ret);

/* "failed", "delayed", "delivered", "feedback", "vacation", "other". */
const char *bounce_kind_text(enum bounce_kind kind);
