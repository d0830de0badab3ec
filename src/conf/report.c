#include "conf/read.h"

#define QUOTE_MAX 120 /* bytes of a word that a message shows */

static void add_line(
	struct report *r, unsigned line, const char *kind, const char *format, va_list ap)
{
	(void)buf_printf(r->out, "%s:%u: %s", r->file, line, kind);
	(void)buf_vprintf(r->out, format, ap);
	(void)buf_add_byte(r->out, '\n');
}

void report_error(struct report *r, unsigned line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add_line(r, line, "", format, ap);
	va_end(ap);
	r->n++;
}

void report_warning(struct report *r, unsigned line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add_line(r, line, "warning: ", format, ap);
	va_end(ap);
}

const char *report_quote(struct span word, struct arena *arena)
{
	struct span shown = span_slice(word, 0, QUOTE_MAX);
	char *copy = arena_str(arena, shown);

	for (size_t i = 0; i < shown.len; i++)
		if ((unsigned char)copy[i] < ' ' || copy[i] == '\x7f')
			copy[i] = '?';
	struct span s = arena_printf(arena, "\"%s%s\"", copy, word.len > QUOTE_MAX ? "..." : "");

	return arena_str(arena, s);
}
