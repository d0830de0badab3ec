/*
 * dovecot_in - a conversation with Dovecot's auth process, as its two files share it.
 *
 * dovecot_map.c connects, reads lines and asks for passwords; dovecot_scram.c
 * passes on what client and Dovecot say to each other in SCRAM, which takes two
 * questions: the connection is kept between them, so many at most, so long.
 */
#pragma once
#include "base/list.h"
#include "lookup/map.h"
#include "task/stream.h"
#include "task/task.h"

#define DOVECOT_LINES_MOST 100U /* that are not for us */
#define DOVECOT_TEXT_MAX   8192U
#define DOVECOT_TALKS_MOST 200U

struct dovecot_talk;

struct dovecot_map {
	struct map map;
	int (*dial)(struct dovecot_talk
			*t); /* sets its stream: 0 or -errno. Its fuzzer has another one */
	unsigned asking;
	struct list talks; /* dovecot_scram.c; the oldest first */
	unsigned talks_n;
};

struct dovecot_talk { /* one connection */
	struct map *map;
	struct stream *stream;
	nanos deadline;
	struct map_answer *answer; /* gets what fails */
};

/* All return false where it failed, and t->answer says why. */
bool dovecot_fail(struct dovecot_talk *t, const char *step, int rc, const char *what);
/* Connects (map.dial); Dovecot must know the mechanism. */
bool dovecot_begin(struct dovecot_talk *t, const char *mechanism);
/* "AUTH 1 MECHANISM ... resp=" and the message; it is wiped where it was copied. */
bool dovecot_ask(struct dovecot_talk *t, const char *mechanism, const struct map_login *who,
	struct span message);
bool dovecot_say(struct dovecot_talk *t, const char *step, struct span text);
enum dovecot_said { DOVECOT_FAILED, DOVECOT_OK, DOVECOT_NO, DOVECOT_GOES_ON };
/* Its answer; fields (borrowed until the next line is read): of DOVECOT_OK and DOVECOT_GOES_ON. */
enum dovecot_said dovecot_hear(struct dovecot_talk *t, struct span *ret_fields);
struct span dovecot_take_field(struct span *line);
/* The name of the user among the fields of an OK; empty: there is none that we want. */
struct span dovecot_user(struct span fields, struct arena *arena);

void dovecot_scram(struct dovecot_map *d, const struct map_login *who, nanos deadline,
	struct arena *arena, struct map_answer *ret);
/* Ends the conversations that wait for their second question. */
void dovecot_scram_end(struct dovecot_map *d);
