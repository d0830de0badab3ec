/*
 * certificates - what must be right about the sections that name them.
 *
 * Part of conf_load: reports what is wrong with its line. The files themselves
 * are not looked at here (keys/check.h does).
 */
#pragma once
#include "conf/store.h"

/* Notes the lines of the certificate sections, and of tls. */
void certificates_mark(struct load *l, const struct read_section *all, size_t n);
void certificates_mark_own(struct load *l, const struct read_section *s);
/* The same of the sections dkim. */
void certificates_mark_dkim(struct load *l, const struct read_section *all, size_t n);
/* Once all sections are there. */
void certificates_check(struct load *l);
