/*
 * verbs - the SMTP commands that the lab understands, and the state they share.
 *
 * For session.c and verbs.c. A verb answers through lab_answer and changes the
 * state only as the code that was really said allows.
 */
#pragma once
#include "base/arena.h"
#include "lab/content.h"
#include "lab/session.h"

#define LAB_RECIPIENTS_MAX 100000U

struct stream;

struct lab_transaction {
	struct arena memory;
	bool open;                /* MAIL was taken */
	struct span mail, params; /* as sent */
	struct span *recipients, *recipient_params;
	struct lab_step *ends; /* LMTP: what happens to each after the content */
	size_t n, room;
	size_t now;   /* LMTP: whose reply after the content it is */
	size_t asked; /* RCPTs, taken or not */
	struct lab_content content;
	bool in_content; /* content has its digests */
	bool bdat;
	const char *kept;       /* file of the raw bytes */
	struct lab_behaviour b; /* the session's, the sender's, the recipients' */
};

struct lab_session {
	struct list node;
	struct lab *lab;
	struct task *task;
	struct stream *io;
	uint64_t number;
	struct span client;  /* "127.0.0.1:40000" */
	struct span address; /* without the port */
	struct span helo;
	bool extended; /* EHLO, not HELO */
	bool refused;  /* the banner was 5yz: nothing but QUIT */
	bool over;     /* the session ends */
	bool quit;
	unsigned messages, commands, early, bare_lf;
	struct arena memory;
	struct buf line; /* of the record */
	struct lab_transaction t;
};

/* The deadline of a wait that begins now. */
nanos lab_session_deadline(const struct lab_session *s);
/* What the behaviour does at a stage where code would be said; NULL: nothing. Counts a try. */
const struct lab_step *lab_step_now(struct lab_session *s, enum lab_stage stage, unsigned code);
unsigned lab_answer_by(struct lab_session *s, enum lab_stage stage, const struct lab_step *step,
	unsigned code, struct span text);
/*
 * Answers at a stage as the behaviour says, else with code and text. The code
 * that was said; 0 where the session is over without one. Sets s->over.
 */
unsigned lab_answer(struct lab_session *s, enum lab_stage stage, unsigned code, struct span text);
/* Notes something that was not taken. */
void lab_session_refused(
	struct lab_session *s, enum lab_stage stage, unsigned code, struct span what);
/* Does one command line (without its line end). */
void lab_verb(struct lab_session *s, struct span line);
void lab_verb_data(struct lab_session *s);
void lab_verb_bdat(struct lab_session *s, struct span rest);
void lab_transaction_end(struct lab_session *s);
