#include "conf/clean.h"

/*
 * libconfuse 3.3 counts lines wrongly around comments and takes none inside
 * lists, so it gets the text with spaces in their place. What counts here:
 *
 *	comment = ("#" / "//") *not-LF / "/" "*" *byte "*" "/"
 *	string  = DQUOTE *("\" byte / byte) DQUOTE / "'" *("\" byte / byte) "'"
 *
 * "//" and "/" "*" begin a comment only where a word could begin.
 */
struct cleaner {
	struct span rest;
	struct buf *out;
	struct report *report;
	unsigned line;
};

static void take(struct cleaner *c, bool blank)
{
	char b = c->rest.at[0];

	if (b == '\n')
		c->line++;
	(void)buf_add_byte(c->out, blank && b != '\n' ? ' ' : b);
	c->rest = span_slice(c->rest, 1, c->rest.len);
}

static bool take_string(struct cleaner *c)
{
	char quote = c->rest.at[0];
	unsigned begun = c->line;

	take(c, false);
	while (c->rest.len > 0 && c->rest.at[0] != quote) {
		if (c->rest.at[0] == '\\' && c->rest.len > 1)
			take(c, false);
		take(c, false);
	}
	if (c->rest.len == 0) {
		report_error(c->report, begun, "a string is never closed; add %c", quote);
		return false;
	}
	take(c, false);
	return true;
}

static bool blank_block(struct cleaner *c)
{
	unsigned begun = c->line;

	while (c->rest.len > 0 && !span_starts(c->rest, SPAN_LIT("*/")))
		take(c, true);
	if (c->rest.len == 0) {
		report_error(c->report, begun, "a comment is never closed; add */");
		return false;
	}
	take(c, true);
	take(c, true);
	return true;
}

static void blank_line(struct cleaner *c)
{
	while (c->rest.len > 0 && c->rest.at[0] != '\n')
		take(c, true);
}

static bool ends_word(char b)
{
	return strchr(" \t\r\n={}(),+\"'", b) != NULL;
}

/* Text only: a byte that no editor shows would make a value other than it looks. */
static bool is_text(struct span text, struct report *report)
{
	unsigned line = 1;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char b = (unsigned char)text.at[i];

		if (b == '\n') {
			line++;
		} else if ((b < ' ' && b != '\t' && b != '\r') || b == 0x7f) {
			report_error(report, line, "control character 0x%02x; write plain text", b);
			return false;
		}
	}
	return true;
}

bool clean_text(struct span text, struct report *report, struct buf *out, unsigned *ret_lines)
{
	struct cleaner c = {.rest = text, .out = out, .report = report, .line = 1};
	bool word = false, good = is_text(text, report);

	while (good && c.rest.len > 0) {
		char b = c.rest.at[0];

		if (b == '#' || (!word && span_starts(c.rest, SPAN_LIT("//")))) {
			blank_line(&c);
		} else if (!word && span_starts(c.rest, SPAN_LIT("/*"))) {
			good = blank_block(&c);
		} else if (b == '"' || b == '\'') {
			good = take_string(&c);
			word = false;
		} else {
			word = !ends_word(b);
			take(&c, false);
		}
	}
	*ret_lines = c.line;
	return good;
}
