/*
 * rows - a table of keys and values out of a text file, found by hash.
 *
 * Takes over the file's bytes and keeps an index beside them: 24 bytes a row.
 * Reading is one pass and touches nothing that tasks share, so a helper thread
 * may do it. The first wrong line makes the whole file wrong: *ret_fault says
 * which and why. Keys are compared in lower case (ASCII). Never logs or waits.
 *
 *	table = *( row / comment / blank )
 *	row   = key [ 1*WSP values ] *( CRLF-or-LF 1*WSP values )
 *	values separated by spaces or commas; "..." holds both
 *
 * In the format of aliases(5) the key ends with a colon, and what would start
 * a program, write a file or read another one is refused.
 */
#pragma once
#include "base/arena.h"
#include "base/span.h"

enum rows_format { ROWS_PLAIN, ROWS_ALIASES };

#define ROWS_TEXT_MAX  ((size_t)1 << 30) /* bytes of a file */
#define ROWS_KEY_MAX   1024U
#define ROWS_VALUE_MAX ((size_t)1 << 20)
#define ROWS_WHY_MAX   256

struct rows;

struct rows_fault {
	unsigned line;
	char why[ROWS_WHY_MAX]; /* what is wrong, and what would be right */
};

/*
 * text: malloc'ed, len bytes, taken over in any case. 0; -EINVAL with *ret_fault; -ENOMEM, -EMSGSIZE.
 */
int rows_read(char *text, size_t len, enum rows_format format, struct rows **ret,
	struct rows_fault *ret_fault);
void rows_free(struct rows *r); /* NULL is fine */
size_t rows_count(const struct rows *r);

/* The value of a key as it stands there; borrows from r. False: there is no such key. */
bool rows_find(const struct rows *r, struct span key, struct span *ret_value, unsigned *ret_line);

/* The single values, quotes kept, in the arena. */
struct span *rows_split(struct span value, struct arena *arena, size_t *ret_n);
/* Of one target of an alias: what aliases(5) knows more, and why it is not done here; NULL: nothing of that. */
const char *rows_refused_target(struct span one);
