/*
 * reply_words - the typed words of a reply, both ways.
 *
 * Speaking: struct reply_words fills a catalogue entry's <placeholders>.
 * Listening: struct reply_found is a word that was found in a peer's text.
 * Owns nothing; spans borrow.
 */
#pragma once
#include "base/span.h"

enum reply_word_kind {
	REPLY_WORD_ADDRESS,   /* <address>: a mailbox */
	REPLY_WORD_DOMAIN,    /* <domain>: a name that mail is for or from */
	REPLY_WORD_HOST,      /* <host>: a server's name; ours when we speak */
	REPLY_WORD_IP,        /* <ip> */
	REPLY_WORD_WAIT,      /* <wait>: seconds to wait */
	REPLY_WORD_TIME,      /* <time>: a date or clock time */
	REPLY_WORD_NUMBER,    /* <number> */
	REPLY_WORD_LIMIT,     /* <limit>: a number that was passed */
	REPLY_WORD_SIZE,      /* <size>: octets */
	REPLY_WORD_URL,       /* <url> */
	REPLY_WORD_ID,        /* <id>: a queue id, a tracking code */
	REPLY_WORD_VERB,      /* <verb>: an SMTP command */
	REPLY_WORD_PARAMETER, /* <parameter> */
	REPLY_WORD_RULE,      /* <rule>: which rule of the grammar was broken */
	REPLY_WORD_STAGE,     /* <stage>: what was being waited for */
	REPLY_WORD_TEXT,      /* <text>: somebody else's words */
	REPLY_WORD_LIST,      /* <list>: a block list; in texts for people only */
	REPLY_WORDS
};

/* "address", "wait", … */
const char *reply_word_kind_text(enum reply_word_kind kind);
struct span reply_word_kind_span(enum reply_word_kind kind); /* the same */
/* "<" kind ">" at the front of *t: moves it on; false: no kind stands there. */
bool reply_word_kind_take(const char **t, enum reply_word_kind *ret);

/* What fills a catalogue entry. An absent word is written as a neutral phrase, never as nothing. */
struct reply_words {
	struct span address, domain, host, ip, time, url, id, verb, parameter, rule, stage, text;
	uint64_t number, limit, size;
	int64_t wait;             /* seconds */
	const struct span *lines; /* further lines, as they are (EHLO keywords, HELP) */
	size_t n_lines;
	/* Another's code and status, of the entry's first digit, for an entry that passes them on; 0: its own. */
	unsigned code, status[3];
	bool is_utf8; /* the peer asked for SMTPUTF8: 8-bit words may be said */
};

/* A wait, in seconds, as a word of its own and as <time>: "00:02:00", which room keeps. */
#define REPLY_WAIT_ROOM 24
void reply_words_set_wait(struct reply_words *words, int64_t seconds, char room[REPLY_WAIT_ROOM]);

struct reply_found {
	enum reply_word_kind kind;
	struct span value; /* as it stands in the text */
	int64_t number;    /* wait: seconds; number, size: the value; else 0 */
};
