/*
 * diagnosis - what abide diagnose and abide letter find out: our own checks, and what the running queue thinks.
 *
 * Inside cli/ only. Runs inside task_run, on a stack of DIAGNOSIS_STACK. Memory is the arena's.
 */
#pragma once
#include "cli/spooled.h"
#include "diagnose/look.h"
#include "diagnose/verdict.h"
#include "reply/texts.h"
#include <getopt.h>

#define DIAGNOSIS_STACK ((size_t)1 << 20)
enum { DIAGNOSIS_CHECKS_MOST = 256 };

struct diagnosis {
	const struct conf *conf;
	struct arena *arena;
	struct span about;  /* a site, address or domain; empty: everything */
	struct span source; /* this one of our addresses alone; empty: all */
	bool is_quick;      /* no checks of our own */
	struct check_result checks[DIAGNOSIS_CHECKS_MOST];
	size_t checks_n;
	struct verdicts verdicts;
	bool is_running; /* the queue was asked */
};

/* Fills the rest. An exit status; complaints go to standard error. */
int diagnosis_make(struct diagnosis *d, nanos patience);
/* What abide diagnose and abide letter are asked for; NULL: not given. */
struct diagnosis_options {
	const char *file, *lang;
	const char *source, *to;
	const char *about; /* the one word that is no option */
	bool is_json, is_quick;
};
/* -c and --lang besides those of longs ('j' --json, 's' --source, 't' --to, 'n' --no-checks). False: that is not understood. */
bool diagnosis_options_read(
	int argc, char **argv, const struct option *longs, struct diagnosis_options *ret);
/* The language asked for, else that of conf. */
enum reply_lang diagnosis_lang(const struct diagnosis_options *o, const struct conf *conf);
/* Loads the configuration and runs fn in a task; what fn returns. */
int diagnosis_run(const char *file,
	int (*fn)(const struct conf *conf, struct arena *arena, void *arg), void *arg);
