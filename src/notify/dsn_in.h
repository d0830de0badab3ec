/*
 * dsn_in - what the parts of a notice share, and person.c. Within notify/ only.
 *
 * Bytes of strangers go through put_clean or page_text, and nothing else of theirs does.
 */
#pragma once
#include "notify/dsn.h"

enum {
	DSN_WIDTH = 76,       /* of the text for a person */
	DSN_VALUE_MAX = 500,  /* of a value in a header line */
	DSN_LINE_LIMIT = 998, /* RFC 5322 2.1.1 */
};

struct writer {
	const struct dsn *dsn;
	struct buf *out;
	bool may_8bit; /* else what is beyond ASCII is written as \x{E9} (RFC 6533 3) */
	bool is_8bit;  /* bytes over 127 were written */
};

/* ---- dsn_text.c ---- */

void put(struct writer *w, const char *text);
/* Somebody else's bytes as text: no control bytes, valid UTF-8, at most max octets. */
void put_clean(struct writer *w, struct span s, size_t max);
/* The same for HTML. */
void put_html(struct writer *w, struct span s, size_t max);
/* Words in lines of DSN_WIDTH: the first behind indent, the others behind as many blanks. */
void put_wrapped(struct writer *w, const char *indent, struct span text);
/* "Name: type value" on one line; left out where there is no value. */
void put_field(struct writer *w, const char *name, const char *type, struct span value);
/* The same in as many lines as it needs. */
void put_folded(struct writer *w, const char *name, const char *type, struct span value);
void put_date_field(struct writer *w, const char *name, int64_t wall_ms);

/* "192.0.2.1:25" or "mx.example.org" taken apart; port 0: none was named. */
struct place {
	struct span name; /* an address without [] */
	bool is_address;
	unsigned port;
};
struct place place_of(struct span host);

/* ---- dsn_body.c: the parts that a person reads, and what parts are made of ---- */

/* part: letters that tell the boundary from others; end: "", or "--" behind the last part. */
void put_boundary(struct writer *w, const char *part, const char *end);
void put_multipart(struct writer *w, const char *type, const char *part);
void put_encoding(struct writer *w, bool is_8bit);
void put_from(struct writer *w);
void put_subject(struct writer *w, enum reply_lang lang);
/* Words with their header fields: in eight bits, or as quoted-printable where they are not ASCII. */
void put_part(struct writer *w, const char *type, struct buf *words, bool is_8bit);
/* With its header fields, without a line end behind its last boundary. */
void put_body(struct writer *w, bool is_8bit);

/* ---- dsn_page.c: the words for a person, as plain text or as HTML ---- */

struct page {
	struct writer *w;
	enum reply_lang lang;
	bool is_html;
};

/* One of the notice's own sentences; of: the words in it. Not longer than TEMPLATE_TEXT_MAX. */
struct page_words {
	struct span host, time, text;
	int64_t wait; /* seconds; 0: none */
	uint64_t number;
};
void page_begin(struct page *p, enum dsn_action mood, enum reply_label title);
void page_end(struct page *p);
void page_say(struct page *p, enum reply_label label, const struct page_words *words);
void page_people(struct page *p, const struct dsn_recipient *r, size_t n);
/* What is told of them: under a title, where there is one (REPLY_LABELS: none). */
void page_item(struct page *p, enum reply_label title, struct span host, struct span text);
void page_quote(struct page *p, enum reply_label title, struct span host, struct span text);
/* A sentence of the notice's own as an item, without a title. */
void page_note(struct page *p, enum reply_label label, const struct page_words *words);
void page_people_end(struct page *p);

/* ---- dsn_words.c ---- */

/* What it is all about: of the actions in it that which a person must know first. */
enum dsn_action dsn_mood(const struct dsn *d);
enum reply_label dsn_subject(const struct dsn *d);
void put_stories(struct page *p);

/* ---- dsn_report.c ---- */

void put_report(struct writer *w);
