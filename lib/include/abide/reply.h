/*
 * abide/reply.h - what an SMTP reply means (libabide-reply).
 *
 *     struct abide_reply *reader = abide_reply_new();
 *     struct abide_reply_meaning m;
 *     if (reader && abide_reply_read(reader, text, strlen(text), NULL, &m) == 0)
 *             printf("%s: %s %s\n", m.cause, m.explanation, m.advice);
 *     abide_reply_free(reader);
 *
 * Memory: a reader is one block of a mebibyte, of which few pages are touched; each reading uses it
 * again, and allocates nothing. Threads: the library
 * has no global state; use a reader in one thread at a time, as many readers as you like.
 * The library writes nothing anywhere and never waits. Time is linear in the text's first 64 KiB.
 *
 * For C and C++. What stands here keeps its meaning; fields are only added at the end of
 * struct abide_reply_meaning together with a new major version of the library.
 */
#ifndef ABIDE_REPLY_H
#define ABIDE_REPLY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct abide_reply; /* a reader */

/* A word that was found in the reply, such as an address. */
struct abide_reply_word {
	const char
		*kind; /* "address", "domain", "ip", "wait", "time", "number", "size", "url", … */
	const char *value; /* as it stands in the reply */
	int64_t number;    /* wait: seconds; number, size: the value; else 0 */
};

/* All texts end in NUL and live until the reader's next reading or its end. None is NULL. */
struct abide_reply_meaning {
	unsigned code;        /* 451; 0: the text has none */
	unsigned status[3];   /* {4, 7, 1}; {0, 0, 0}: none, or one that belies the code */
	const char *cause;    /* "greylisting" …, see abide_reply_cause_name */
	const char *side;     /* whose side it is on: "sender_server", "dest_mailbox", … */
	const char *scope;    /* what is concerned: "triple", "recipient", "site", … */
	const char *nature;   /* "transient", "needs_change", "permanent" */
	const char *action;   /* what a mail server should do */
	const char *stage;    /* what was said before: "rcpt" …; "" where it is not known */
	int64_t wait_seconds; /* that the reply states; -1: none */
	double confidence;    /* 0 to 1 */
	const char *evidence; /* what decided */
	const char *reply;    /* the reply, without the log line or words around it */
	const char *
		template_text; /* the reply with its words as <kind>: the same for the same event */
	const char *explanation; /* what happened, in plain English */
	const char *advice;      /* what the reader can do */
	const char *recipient;   /* that a log line names; "" where there is none */
	const char *host;        /* likewise */
	const struct abide_reply_word *words;
	size_t n_words;
};

/* A new reader, or NULL: no memory. */
struct abide_reply *abide_reply_new(void);

/* NULL will do too. */
void abide_reply_free(struct abide_reply *reader);

/*
 * Reads a reply of len bytes, several lines or one, or a log line that holds one. stage: what had
 * been said when it came ("connect", "helo", "mail", "rcpt", "data", "eod", "auth", "tls"), or NULL.
 * 0, or -EINVAL for a stage that there is not; then *ret is untouched.
 */
int abide_reply_read(struct abide_reply *reader, const char *text, size_t len, const char *stage,
	struct abide_reply_meaning *ret);

/* The causes by number, from 0 on: "greylisting" …; NULL behind the last one. */
const char *abide_reply_cause_name(size_t number);

/* "1.0": of the library that is linked. */
const char *abide_reply_version(void);

#ifdef __cplusplus
}
#endif

#endif
