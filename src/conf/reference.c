#include "conf/reference.h"
#include "conf/value.h"
#include "conf/schema.h"
#include <errno.h>

#define COLUMNS 78

struct printer {
	FILE *to;
	enum conf_format format;
	size_t indent, column; /* of the plain format */
};

/* What stands for a value of the type. */
static const char *const shapes[] = {
	[SCHEMA_TEXT] = "\"TEXT\"",
	[SCHEMA_PATH] = "\"/PATH\"",
	[SCHEMA_DOMAIN] = "\"DOMAIN\"",
	[SCHEMA_PATTERN] = "\"PATTERN\"",
	[SCHEMA_IP] = "\"IP\"",
	[SCHEMA_MAILBOX] = "\"LOCAL@DOMAIN\"",
	[SCHEMA_CAUSE] = "CAUSE",
	[SCHEMA_MAP] = "\"map:NAME\"",
	[SCHEMA_NAMES] = "{NAME, ...}",
	[SCHEMA_TEXTS] = "{\"TEXT\", ...}",
	[SCHEMA_NUMBER] = "N",
	[SCHEMA_FACTOR] = "FACTOR",
	[SCHEMA_SIZE] = "SIZE",
	[SCHEMA_DURATION] = "DURATION",
	[SCHEMA_NETWORKS] = "{\"NETWORK\", ...}",
	[SCHEMA_SERVERS] = "{\"ADDRESS@PORT\", ...}",
	[SCHEMA_WHO] = "{\"WHO\", ...}",
	[SCHEMA_ADDRESS] = "\"HOST:PORT\"",
	[SCHEMA_SERVICE] = "\"HOST:PORT\", \"unix:PATH\"",
	[SCHEMA_TARGET] = "{\"HOST:PORT\", ...}",
	[SCHEMA_NOTHING] = "...",
};

static void put_byte(struct printer *p, char c)
{
	const char *escaped = c == '\\' ? "\\e" : c == '-' ? "\\-" : c == '"' ? "\\(dq" : NULL;

	if (p->format == CONF_FORMAT_MAN && escaped)
		(void)fputs(escaped, p->to);
	else
		(void)fputc(c, p->to);
}

static void put(struct printer *p, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		put_byte(p, s.at[i]);
}

/* Words, wrapped at the indent; troff wraps by itself. */
static void say(struct printer *p, const char *text)
{
	struct span rest = span_str(text);

	while (rest.len > 0) {
		struct span word = rest;

		if (!span_take_until(&rest, ' ', &word))
			rest = (struct span){0};
		bool wrap = p->format == CONF_FORMAT_TEXT && p->column + 1 + word.len > COLUMNS;

		if (p->column > 0)
			(void)fputc(wrap ? '\n' : ' ', p->to);
		if (p->column == 0 || wrap) {
			p->column = p->format == CONF_FORMAT_TEXT ? p->indent : 0;
			(void)fprintf(p->to, "%*s", (int)p->column, "");
		} else {
			p->column++;
		}
		/* A full stop or quote at the start of a line is a request to troff. */
		if (p->format == CONF_FORMAT_MAN && p->column == 0)
			(void)fputs("\\&", p->to);
		put(p, word);
		p->column += word.len;
	}
}

static void end_line(struct printer *p)
{
	if (p->column > 0)
		(void)fputc('\n', p->to);
	p->column = 0;
}

static void say_range(struct printer *p, const struct schema_row *row)
{
	char least[VALUE_TEXT_MAX], most[VALUE_TEXT_MAX], text[3 * VALUE_TEXT_MAX];
	struct span from, to;

	if (row->type == SCHEMA_DURATION) {
		from = value_print_duration(row->min, least);
		to = value_print_duration(row->max, most);
	} else if (row->type == SCHEMA_SIZE) {
		from = value_print_size(row->min, least);
		to = value_print_size(row->max, most);
	} else if (row->type == SCHEMA_FACTOR) {
		from = value_print_factor(row->min, least);
		to = value_print_factor(row->max, most);
	} else if (row->type == SCHEMA_NUMBER) {
		from = span_of(
			least, (size_t)snprintf(least, sizeof least, "%lld", (long long)row->min));
		to = span_of(
			most, (size_t)snprintf(most, sizeof most, "%lld", (long long)row->max));
	} else {
		return;
	}
	(void)snprintf(text, sizeof text, "From %.*s to %.*s%s%s.", SPAN_F(from), SPAN_F(to),
		row->unit ? " " : "", row->unit ? row->unit : "");
	say(p, text);
}

static void say_notes(struct printer *p, const struct schema_row *row)
{
	char text[512];

	if (row->preset) {
		(void)snprintf(text, sizeof text, "Default: %s.", row->preset);
		say(p, text);
	}
	if (row->since) {
		(void)snprintf(text, sizeof text, "Since version %s.", row->since);
		say(p, text);
	}
	for (const struct schema_name *n = row->names; n && n->name; n++)
		if (n->missing) {
			(void)snprintf(text, sizeof text, "%s %s.", n->name, n->missing);
			say(p, text);
		}
	if (row->idle || row->missing) {
		(void)snprintf(text, sizeof text, "It %s.", row->idle ? row->idle : row->missing);
		say(p, text);
	}
}

static void print_shape(struct printer *p, const struct schema_row *row)
{
	if (row->type != SCHEMA_NAME && row->type != SCHEMA_NAMES) {
		put(p, span_str(shapes[row->type]));
		return;
	}
	bool is_list = row->type == SCHEMA_NAMES;

	for (const struct schema_name *n = row->names; n->name; n++) {
		put(p, span_str(n != row->names ? is_list ? ", " : " | " : is_list ? "{" : ""));
		put(p, span_str(n->name));
	}
	put(p, span_str(is_list ? "}" : ""));
}

static void print_row(struct printer *p, const struct schema_row *row)
{
	(void)fputs(p->format == CONF_FORMAT_MAN ? ".TP\n.B " : "\n    ", p->to);
	put(p, span_str(row->key));
	put(p, SPAN_LIT(" = "));
	print_shape(p, row);
	(void)fputc('\n', p->to);
	p->indent = 8;
	say(p, row->meaning);
	say_range(p, row);
	say_notes(p, row);
	end_line(p);
}

static void print_section(struct printer *p, const struct schema_section *s)
{
	(void)fputs(p->format == CONF_FORMAT_MAN ? ".SS " : "\n", p->to);
	put(p, span_str(s->name[0] ? s->name : "Top level"));
	if (s->title) {
		put(p, SPAN_LIT(" "));
		put(p, span_str(shapes[s->title->type]));
	}
	put(p, span_str(s->name[0] ? " { ... }" : ""));
	(void)fputc('\n', p->to);
	p->indent = 4;
	say(p, s->meaning);
	if (s->title) {
		char text[256];

		(void)snprintf(text, sizeof text, "%s: %s.", s->title->key, s->title->meaning);
		say(p, text);
	}
	if (s->missing) {
		say(p, "It");
		say(p, s->missing);
		say(p, "(any key of it is refused).");
	}
	end_line(p);
	for (size_t i = 0; i < s->n; i++)
		print_row(p, &s->rows[i]);
}

int conf_print_reference(FILE *to, enum conf_format format)
{
	struct printer p = {.to = to, .format = format};

	if (format == CONF_FORMAT_TEXT)
		(void)fputs("The keys of abide's configuration.\n"
			    "Durations: 90, 90s, 5m, 4h, 5d, 00:02:00. Sizes: bytes, or 64K, 50M, "
			    "2G, 1T.\n"
			    "A list in braces may also be one value without braces.\n",
			to);
	for (size_t i = 0; i < schema_count(); i++)
		print_section(&p, schema_section(i));
	return fflush(to) == 0 && !ferror(to) ? 0 : -EIO;
}
