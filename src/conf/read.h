/*
 * read - a configuration file as words, each with the line it stands on.
 *
 * The only user of libconfuse: options are made from the schema, and what the
 * file says is copied into the arena. Whether a word fits its key is not
 * decided here. Messages go to the reporter; never logs or waits.
 */
#pragma once
#include "conf/schema.h"

struct read_word {
	struct span text;
	unsigned line;
};

/* The words of one key; n is 0 where the file does not set it. */
struct read_key {
	struct read_word *words;
	size_t n;
};

struct read_section {
	const struct schema_section *schema;
	struct read_word title; /* empty for a section without */
	struct read_key *keys;  /* one for each of schema->rows */
};

struct read_file {
	struct read_section *sections; /* in the order of the schema, then of the file */
	size_t n;
};

/* Collects messages: "FILE:LINE: text". */
struct report {
	const char *file;
	struct buf *out;
	unsigned n; /* errors; warnings are not counted */
};
void report_error(struct report *r, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void report_warning(struct report *r, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A word from the file as it may be shown: printable, bounded, quoted. Lives in the arena. */
const char *report_quote(struct span word, struct arena *arena);

/* 0, or -EINVAL where libconfuse can't make sense of it (reported). */
int read_text(struct span text, struct arena *arena, struct report *report, struct read_file *ret);
