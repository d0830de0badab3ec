/*
 * content - reads a message's bytes as they come: end of data, dots, flaws, digests.
 *
 * Only CRLF.CRLF ends DATA; whatever else looks like it is counted as a flaw
 * and kept in the content. Holds no content: digests are made on the way, and
 * the raw bytes go to a file where asked. Owns the digests and the file.
 */
#pragma once
#include "base/span.h"

#define LAB_DIGEST 32

struct lab_content {
	struct lab_hasher *all, *body; /* of everything; of what follows the first empty line */
	int keep;                      /* descriptor, or -1 */
	uint64_t size, lines, bare_cr, bare_lf, nul, eightbit, max_line;
	uint64_t line;  /* bytes of the line so far */
	unsigned state; /* of the end-of-data automaton */
	bool in_body, last_cr;
	bool ended;
	char all_hex[65], body_hex[65]; /* by lab_content_digests */
};

/* keep may be NULL: no file. 0 or -errno. */
int lab_content_init(struct lab_content *c, const char *keep);
void lab_content_done(struct lab_content *c);
/* Takes what belongs to the content of DATA; bytes used. Less than all only at the end (c->ended). */
size_t lab_content_data(struct lab_content *c, struct span in);
/* Takes bytes of a BDAT chunk, as they are. */
void lab_content_chunk(struct lab_content *c, struct span in);
/* At its end, once: the hex digests. */
void lab_content_digests(struct lab_content *c);
/* Before any task runs: digests need more stack the first time. False: no SHA-256. */
bool lab_content_ready(void);
