#include "lookup/ldap_filter.h"

static int add_escaped(struct span value, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];
		const char escaped[3] = {'\\', hex[c >> 4], hex[c & 15]};

		if (c < ' ' || c >= 0x7f || c == '(' || c == ')' || c == '*' || c == '\\')
			(void)buf_add(out, span_of(escaped, 3));
		else
			(void)buf_add_byte(out, (char)c);
	}
	return out->error;
}

int ldap_filter_fill(struct span pattern, struct span key, struct buf *out)
{
	size_t at = key.len;

	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] == '@')
			at = i;
	const struct {
		struct span name, value;
	} words[] = {{SPAN_LIT("{key}"), key}, {SPAN_LIT("{user}"), span_slice(key, 0, at)},
		{SPAN_LIT("{domain}"), span_slice(key, at + 1, key.len)}};

	while (pattern.len > 0) {
		bool is_word = false;

		for (size_t i = 0; i < sizeof words / sizeof words[0] && !is_word; i++) {
			is_word = span_take_span(&pattern, words[i].name);
			if (is_word)
				(void)add_escaped(words[i].value, out);
		}
		if (!is_word) {
			(void)buf_add_byte(out, pattern.at[0]);
			pattern = span_slice(pattern, 1, pattern.len);
		}
	}
	return out->error;
}
