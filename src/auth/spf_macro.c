#include "auth/spf_macro.h"
#include <errno.h>
#include <stdio.h>

#define LABEL_MAX 63U
#define PARTS_MAX 128U /* a name has 127 at most, an address 32 */

struct macro {
	char letter;    /* lower case; or one of % _ - */
	bool is_quoted; /* for a URL: the letter was upper case */
	bool is_reversed;
	unsigned keep; /* parts from the right; 0: all */
	struct span delimiters;
};

/*
 *   macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
 *   transformers = *DIGIT [ "r" ]
 *   delimiter    = "." / "-" / "+" / "," / "/" / "_" / "="
 */
static bool take_macro(struct span *s, bool is_explanation, struct macro *ret)
{
	static const struct span delimiters = SPAN_LIT(".-+,/_=");
	struct macro m = {0};

	if (!span_take(s, '%') || s->len == 0)
		return false;
	if (span_take(s, '%') || span_take(s, '_') || span_take(s, '-')) {
		ret->letter = s->at[-1];
		return true;
	}
	if (!span_take(s, '{') || s->len == 0)
		return false;
	m.letter = byte_lower(s->at[0]);
	m.is_quoted = m.letter != s->at[0];
	if (!memchr(is_explanation ? "slodiphcrtv" : "slodiphv", m.letter, is_explanation ? 11 : 8))
		return false;
	*s = span_slice(*s, 1, s->len);
	uint64_t keep = 0;

	if (s->len > 0 && byte_is_digit(s->at[0]) && (!span_take_u64(s, &keep) || keep == 0))
		return false;
	m.keep = keep < PARTS_MAX ? (unsigned)keep : PARTS_MAX;
	m.is_reversed = span_take(s, 'r') || span_take(s, 'R');
	m.delimiters = *s;
	while (s->len > 0 && span_find(delimiters, s->at[0]) >= 0)
		*s = span_slice(*s, 1, s->len);
	m.delimiters.len -= s->len;
	*ret = m;
	return span_take(s, '}');
}

static bool is_literal(char c, bool is_explanation)
{
	return (c > ' ' && c < 127) || (c == ' ' && is_explanation);
}

bool spf_macro_is_text(struct span text, bool is_explanation)
{
	struct macro m;

	while (text.len > 0) {
		if (text.at[0] == '%') {
			if (!take_macro(&text, is_explanation, &m))
				return false;
			continue;
		}
		if (!is_literal(text.at[0], is_explanation))
			return false;
		text = span_slice(text, 1, text.len);
	}
	return true;
}

/*
 *   toplabel = ( *alphanum ALPHA *alphanum ) /
 *              ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
 */
static bool is_top_label(struct span label)
{
	bool has_letter = false, has_dash = false;

	for (size_t i = 0; i < label.len; i++) {
		char c = label.at[i];
		bool is_edge = i == 0 || i == label.len - 1;

		if (!byte_is_digit(c) && !byte_is_alpha(c) && (c != '-' || is_edge))
			return false;
		has_letter |= byte_is_alpha(c);
		has_dash |= c == '-';
	}
	return has_letter || has_dash;
}

/*
 *   domain-spec = macro-string domain-end
 *   domain-end  = ( "." toplabel [ "." ] ) / macro-expand
 */
bool spf_macro_is_domain(struct span text)
{
	struct span rest = text, last = {0};
	struct macro m;
	bool ends_in_macro = false, has_dot = false;

	if (!spf_macro_is_text(text, false))
		return false;
	while (rest.len > 0) {
		if (rest.at[0] == '%') {
			(void)take_macro(&rest, false, &m);
			ends_in_macro = true;
			has_dot = false;
			continue;
		}
		ends_in_macro = false;
		if (rest.at[0] == '.' && rest.len > 1) {
			has_dot = true;
			last = span_slice(rest, 1, rest.len);
		}
		rest = span_slice(rest, 1, rest.len);
	}
	if (ends_in_macro)
		return true;
	if (last.len > 0 && last.at[last.len - 1] == '.')
		last.len--;
	return has_dot && is_top_label(last);
}

bool spf_macro_needs_name(struct span text)
{
	struct macro m;

	while (text.len > 0) {
		if (text.at[0] != '%')
			text = span_slice(text, 1, text.len);
		else if (!take_macro(&text, true, &m))
			return false;
		else if (m.letter == 'p')
			return true;
	}
	return false;
}

/* ---- values ---- */

#define VALUE_ROOM 72U /* an IPv6 address in nibbles, a number */

static struct span nibbles(const struct wire_ip *ip, char out[VALUE_ROOM])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (unsigned i = 0; i < 16; i++) {
		out[n++] = digits[ip->bytes[i] >> 4];
		out[n++] = '.';
		out[n++] = digits[ip->bytes[i] & 15];
		out[n++] = '.';
	}
	return span_of(out, n - 1);
}

static struct span value_of(char letter, const struct spf_values *v, char room[VALUE_ROOM])
{
	switch (letter) {
	case 's':
		return v->sender;
	case 'l':
		return v->local;
	case 'o':
		return v->of;
	case 'd':
		return v->domain;
	case 'i':
		return v->client.is_v4 ? wire_ip_text(&v->client, room) : nibbles(&v->client, room);
	case 'p':
		return v->confirmed.len > 0 ? v->confirmed : SPAN_LIT("unknown");
	case 'v':
		return v->client.is_v4 ? SPAN_LIT("in-addr") : SPAN_LIT("ip6");
	case 'h':
		return v->helo;
	case 'c':
		return wire_ip_text(&v->client, room);
	case 'r':
		return v->receiver.len > 0 ? v->receiver : SPAN_LIT("unknown");
	default: /* t */
		(void)snprintf(room, VALUE_ROOM, "%lld", (long long)v->now);
		return span_str(room);
	}
}

/* unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~" */
static void add_quoted(struct span value, struct buf *out)
{
	for (size_t i = 0; i < value.len && !out->error; i++) {
		char c = value.at[i];

		if (byte_is_alpha(c) || byte_is_digit(c) || (c && strchr("-._~", c)))
			(void)buf_add_byte(out, c);
		else
			(void)buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

struct parts { /* of a value, between its delimiters */
	uint16_t from[PARTS_MAX], len[PARTS_MAX];
	unsigned n;
};

static void split(struct span value, struct span delimiters, struct parts *ret)
{
	size_t from = 0;

	ret->n = 0;
	for (size_t i = 0; i <= value.len && ret->n < PARTS_MAX; i++) {
		bool is_end = i == value.len ||
			      (ret->n < PARTS_MAX - 1 && span_find(delimiters, value.at[i]) >= 0);

		if (!is_end)
			continue;
		ret->from[ret->n] = (uint16_t)from;
		ret->len[ret->n++] = (uint16_t)(i - from);
		from = i + 1;
	}
}

static void add_value(const struct macro *m, const struct spf_values *values, struct buf *out)
{
	char room[VALUE_ROOM];
	struct span value = span_slice(value_of(m->letter, values, room), 0, UINT16_MAX);
	struct parts parts;

	if (m->keep == 0 && !m->is_reversed && m->delimiters.len == 0) {
		if (m->is_quoted)
			add_quoted(value, out);
		else
			(void)buf_add(out, value);
		return;
	}
	split(value, m->delimiters.len > 0 ? m->delimiters : SPAN_LIT("."), &parts);
	unsigned first = m->keep > 0 && m->keep < parts.n ? parts.n - m->keep : 0;

	for (unsigned i = first; i < parts.n; i++) {
		unsigned at = m->is_reversed ? parts.n - 1 - i : i;
		struct span part = span_slice(value, parts.from[at], parts.len[at]);

		if (i > first)
			(void)buf_add_byte(out, '.');
		if (m->is_quoted)
			add_quoted(part, out);
		else
			(void)buf_add(out, part);
	}
}

int spf_macro_expand(struct span text, const struct spf_values *values, struct buf *out)
{
	struct macro m;

	while (text.len > 0 && !out->error) {
		if (text.at[0] != '%') {
			(void)buf_add_byte(out, text.at[0]);
			text = span_slice(text, 1, text.len);
			continue;
		}
		if (!take_macro(&text, true, &m))
			return -EBADMSG;
		if (m.letter == '%')
			(void)buf_add_byte(out, '%');
		else if (m.letter == '_')
			(void)buf_add_byte(out, ' ');
		else if (m.letter == '-')
			(void)buf_add_str(out, "%20");
		else
			add_value(&m, values, out);
	}
	return out->error;
}

bool spf_macro_name(struct span expanded, struct span *ret)
{
	struct span name = expanded, rest, label;

	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	while (name.len > SPF_NAME_MAX && span_take_until(&name, '.', &label))
		;
	if (name.len == 0 || name.len > SPF_NAME_MAX)
		return false;
	rest = name;
	for (bool is_last = false; !is_last;) {
		is_last = !span_take_until(&rest, '.', &label);
		if (is_last)
			label = rest;
		if (label.len == 0 || label.len > LABEL_MAX)
			return false;
	}
	*ret = name;
	return true;
}
