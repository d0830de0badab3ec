/*
 * log_text - steps that the readers of several servers' log lines share.
 *
 * Borrows, allocates nothing; linear. Inside report/ only.
 */
#pragma once
#include "report/log_line.h"

/* What follows the first occurrence of mark (lower case); empty where there is none. */
struct span log_behind(struct span line, const char *mark);

/* The front of s up to one of the bytes of ends. */
struct span log_up_to(struct span s, const char *ends);

/* The front of s up to the last byte c; all of it where there is none. */
struct span log_up_to_last(struct span s, char c);

/* The address at the front of s; empty where there is none. */
struct span log_mailbox(struct span s);

struct reply_status log_status(struct span s);

/* "RCPT from …", "check_rcpt": the stage that words name. */
enum reply_stage log_stage(struct span s);

/* "after RCPT", "while sending RCPT TO": the stage in which a session ended. */
enum reply_stage log_stage_within(struct span s);

/*
 * "Feb  5 12:56:31 host program[12]: ", "2024-08-25T12:31:56Z host program: ": *line moves behind
 * it. False, and *line untouched, where there is none.
 */
bool log_prefix(struct span *line, struct span *ret_program);

/* "host [1.2.3.4] (may be forged): words", "host[1.2.3.4]: words": *s moves to the words. */
bool log_take_peer(struct span *s, struct span *ret_host);

/* True where words say that something went wrong. */
bool log_is_failure(struct span s);
