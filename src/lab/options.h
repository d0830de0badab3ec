/*
 * options - the command line of `abide lab`, with the files that it names.
 *
 * Speaks to standard output and error; waits for files only.
 */
#pragma once
#include "lab/load.h"
#include "lab/session.h"

#define LAB_DONE (-1) /* what was asked for (--list, --help) has been printed */

struct lab_options {
	const char *listen, *record;
	struct lab_load load;
};

/* 0, LAB_DONE, or a status of sysexits(3) after it said what is wrong. */
int lab_options_read(int argc, char **argv, struct lab *lab, struct lab_options *o);
