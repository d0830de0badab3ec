/*
 * usage - how each subcommand is called, in one table.
 *
 * `abide NAME --help` and `abide help NAME` print it to standard output and end with 0; a wrong call
 * prints it to standard error and ends with EX_USAGE. Owns nothing.
 */
#pragma once
#include <stdbool.h>

/* Complains about a wrong call of the subcommand `name` on standard error. EX_USAGE. */
int usage_wrong(const char *name);

/* Prints how `name` is called to standard output. EX_OK, EX_IOERR, EX_USAGE for an unknown name. */
int usage_print(const char *name);

/* Whether --help stands among the words of a subcommand (argv[0] is its name), before any "--". */
bool usage_is_wanted(int argc, char **argv);
