/*
 * logs_waiting - mail that was put off and has not ended yet, as numbers.
 *
 * A hash table of fixed-size rows; owns its memory, which is bounded: what comes when it is full is
 * not followed, and counted as such.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOGS_WAITING_MAX = 1 << 22 };

struct logs_waiting_mail {
	uint64_t mail;    /* 0: free */
	uint32_t since;   /* seconds since 1970 */
	uint32_t problem; /* what put it off first: the caller's number */
};

struct logs_waiting {
	struct logs_waiting_mail *rows;
	size_t n, room; /* room: a power of two */
	uint64_t missed;
};

void logs_waiting_done(struct logs_waiting *w);
/* True: it is new. mail: not 0. */
bool logs_waiting_add(struct logs_waiting *w, uint64_t mail, uint32_t since, uint32_t problem);
/* True: it was there, and is no longer. */
bool logs_waiting_end(struct logs_waiting *w, uint64_t mail, struct logs_waiting_mail *ret);
