#include "base/clock.h"
#include "base/utf8.h"
#include "notify/dsn_in.h"
#include "reply/utf8.h"
#include <stdio.h>
#include <string.h>

enum {
	CHARACTER_MAX = 16,
	FOLD_AT = 76,   /* a field goes on in the next line at a blank behind this column */
	FOLD_MUST = 400 /* and wherever it is behind this one */
};

void put(struct writer *w, const char *text)
{
	(void)buf_add_str(w->out, text);
}

/* The character at the front of s as it is shown, of n octets; how long that is. */
static size_t show_character(
	const struct writer *w, struct span s, size_t n, char shown[CHARACTER_MAX])
{
	if (n == 0 || utf8_is_control(s)) {
		shown[0] = s.at[0] == '\n' || s.at[0] == '\t' || s.at[0] == '\r' ? ' ' : '?';
		return 1;
	}
	if (n > 1 && !w->may_8bit)
		return (size_t)snprintf(
			shown, CHARACTER_MAX, "\\x{%02X}", (unsigned)utf8_code_point(s));
	memcpy(shown, s.at, n);
	return n;
}

void put_clean(struct writer *w, struct span s, size_t max)
{
	char shown[CHARACTER_MAX];

	for (size_t len = 0; s.len > 0;) {
		size_t n = utf8_sequence(s);
		size_t shown_n = show_character(w, s, n, shown);

		len += shown_n;
		if (len > max)
			return;
		(void)buf_add(w->out, span_of(shown, shown_n));
		w->is_8bit |= (unsigned char)shown[0] > 127;
		s = span_slice(s, n ? n : 1, s.len);
	}
}

static const char *entity(char c)
{
	return c == '<'   ? "&lt;"
	       : c == '>' ? "&gt;"
	       : c == '&' ? "&amp;"
	       : c == '"' ? "&quot;"
			  : NULL;
}

void put_html(struct writer *w, struct span s, size_t max)
{
	while (s.len > 0) {
		const char *name = entity(s.at[0]);
		size_t n = utf8_sequence(s);

		n = n ? n : 1;
		if (n > max)
			return;
		max -= n;
		if (name)
			put(w, name);
		else
			put_clean(w, span_slice(s, 0, n), CHARACTER_MAX);
		s = span_slice(s, n, s.len);
	}
}

void put_wrapped(struct writer *w, const char *indent, struct span text)
{
	size_t column = 0, lines = 0;

	while ((text = span_trim(text)).len > 0) {
		size_t len = 0;

		while (len < text.len && text.at[len] != ' ' && text.at[len] != '\n' &&
			len < DSN_VALUE_MAX)
			len++;
		if (column > 0 && column + 1 + len > DSN_WIDTH) {
			put(w, "\r\n");
			column = 0;
			lines++;
		}
		if (column > 0)
			put(w, " ");
		else if (lines > 0)
			(void)buf_printf(w->out, "%*s", (int)strlen(indent), "");
		else
			put(w, indent);
		column += column ? 1 : strlen(indent);
		put_clean(w, span_slice(text, 0, len), DSN_VALUE_MAX);
		column += len;
		text = span_slice(text, len, text.len);
	}
	put(w, "\r\n");
}

void put_field(struct writer *w, const char *name, const char *type, struct span value)
{
	if (value.len == 0)
		return;
	put(w, name);
	put(w, ": ");
	put(w, type);
	put_clean(w, value, DSN_VALUE_MAX);
	put(w, "\r\n");
}

struct place place_of(struct span host)
{
	struct place p = {.name = host};
	size_t digits = 0;

	while (digits < host.len && byte_is_digit(host.at[host.len - 1 - digits]))
		digits++;
	if (digits > 0 && digits < 6 && digits < host.len &&
		host.at[host.len - 1 - digits] == ':') {
		struct span port = span_slice(host, host.len - digits, host.len);

		(void)span_take_number(&port, 1, 5, &p.port);
		p.name = span_slice(host, 0, host.len - 1 - digits);
	}
	size_t n = p.name.len;

	if (n > 2 && p.name.at[0] == '[' && p.name.at[n - 1] == ']')
		p = (struct place){span_slice(p.name, 1, n - 1), true, p.port};
	else
		p.is_address = n > 0 && byte_is_digit(p.name.at[n - 1]);
	return p;
}

/* Where the first line of s ends: at a blank, or within a word that is too long for any line. */
static size_t fold_point(struct span s, size_t column)
{
	size_t blank = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == ' ' || s.at[i] == '\n') {
			if (column + i > FOLD_AT && blank > 0)
				return blank;
			blank = i;
		}
		if (i >= FOLD_MUST)
			return blank > 0 ? blank : i;
	}
	return blank > 0 && column + s.len > FOLD_AT ? blank : s.len;
}

void put_folded(struct writer *w, const char *name, const char *type, struct span value)
{
	size_t column = strlen(name) + 2 + strlen(type);

	value = span_trim(value);
	if (value.len == 0)
		return;
	put(w, name);
	put(w, ": ");
	put(w, type);
	for (;;) {
		size_t len = fold_point(value, column);

		/* Nothing is cut: every character has at most ten more octets as \x{...}. */
		put_clean(w, span_slice(value, 0, len), DSN_LINE_LIMIT - column);
		value = span_trim(span_slice(value, len, value.len));
		put(w, "\r\n");
		if (value.len == 0)
			return;
		put(w, " ");
		column = 1;
	}
}

void put_date_field(struct writer *w, const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_ms > 0)
		put_field(w, name, "", clock_rfc5322(wall_ms, text));
}
