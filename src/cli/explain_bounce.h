/*
 * explain_bounce - `abide explain --bounce FILE`: who did not get a mail, and why.
 */
#pragma once
#include "cli/explain_print.h"

/* Reads the bounce message in file ("-": standard input) and prints it. An exit status of sysexits(3). */
int explain_bounce(const char *file, bool is_json, struct explain_style *style);
