/*
 * users - whether the users section and the listeners that let people log in fit together.
 *
 * For conf/load.c; faults go into its report.
 */
#pragma once
#include "conf/store.h"

/* all: the sections as they were read, n of them. */
void users_check(struct load *l, const struct read_section *all, size_t n);
