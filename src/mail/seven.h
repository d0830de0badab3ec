/*
 * seven - a message for a server that takes less: seven bits (RFC 6152 3), a header in ASCII
 * (RFC 6531 3.2), lines of 998 octets (RFC 5321 4.5.3.1.6).
 *
 * It is read twice: first to measure its parts, then to write it. Text, files and fields are
 * encoded so that a reader shows what he would have shown; where that can't be done (signed parts,
 * parts that may not be encoded, addresses), a fault says why. Memory is bounded by the size of one
 * header and the number of parts, whatever the size of the message. Never logs or waits.
 */
#pragma once
#include "mail/mime.h"
#include "mail/transfer.h"

#define SEVEN_HEADER_MOST ((size_t)256 * 1024) /* octets of one header */
#define SEVEN_LEVELS_MOST 30U                  /* multiparts within multiparts */
#define SEVEN_DEPTH_MOST  30U                  /* messages within messages */
#define SEVEN_PARTS_MOST  10000U

struct seven_wish {
	bool body;   /* bytes above 127 in bodies are encoded */
	bool header; /* bytes above 127 in headers are */
	bool lines;  /* lines over 998 octets are */
};

enum seven_fault {
	SEVEN_OK,
	SEVEN_SIGNED, /* it would have to change within multipart/signed */
	SEVEN_PART,   /* within a part that may not be encoded, or that is encoded in another way */
	SEVEN_ADDRESS, /* an address in the header has a local part that is not ASCII */
	SEVEN_FIELD,   /* a field that has no encoding */
	SEVEN_LONG,    /* a line of the header that can't be folded */
	SEVEN_BIG,     /* headers or parts beyond all measure */
	SEVEN_FAULTS,
};
/* In English, to stand behind "can't be converted: ". */
const char *seven_fault_text(enum seven_fault fault);

struct seven_part { /* a body that has no parts itself */
	uint64_t bytes, high;
	bool has_long, is_broken_utf8;
};

struct seven_plan {
	struct seven_wish wish;
	struct seven_part *parts; /* owned */
	size_t n, room;
	bool has_long; /* a line over 998 octets, wherever it is */
};
void seven_plan_done(struct seven_plan *p);

struct seven_level {
	struct mime_type type; /* of the multipart */
	unsigned depth;        /* of the message that it is in */
	bool was_sealed;       /* around it */
};

struct seven {
	struct seven_plan *plan;
	bool is_measuring;
	enum seven_fault fault; /* the first; it stays */
	bool has_body;          /* the message's own header is written whole, */
	size_t body_at;         /* with so many octets in out then */
	/* its own */
	bool is_in_header, is_message; /* reads a header; of a message, not of a part */
	bool is_default_message;       /* in a digest */
	bool is_sealed;                /* what is here must stay as it is */
	bool is_leaf, is_unread;       /* in a body; in what stands outside of all parts */
	bool is_stiff;                 /* and that is signed */
	bool holds_end;                /* CRLF, which may belong to the boundary that follows */
	bool is_mid_line;
	unsigned depth;
	size_t part, n_levels, long_line;
	unsigned utf8_left; /* bytes that the character still needs */
	struct seven_level *levels;
	struct transfer transfer;
	struct buf line, header;
};

/* Measures into plan (from {.wish}), or writes by one that is complete. seven_done frees it. */
void seven_init(struct seven *s, struct seven_plan *plan, bool is_measuring);
/* Appends to out what may be written so far; nothing while measuring. False: s->fault. */
bool seven_add(struct seven *s, struct span in, struct buf *out);
bool seven_end(struct seven *s, struct buf *out);
void seven_done(struct seven *s);
