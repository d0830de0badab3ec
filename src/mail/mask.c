#include "mail/mask.h"

/* What no local part has in it outside of quotes (RFC 5321 4.1.2). */
static bool ends_local_part(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f || strchr("<>()[],;:\\\"", c) != NULL;
}

/* Where the local part that ends at len begins; never before least. */
static size_t local_part(struct span text, size_t least, size_t len)
{
	size_t at = len;

	if (at > least && text.at[at - 1] == '"') { /* "john smith"@ */
		for (at--; at > least && text.at[at - 1] != '"'; at--)
			;
		return at > least ? at - 1 : at;
	}
	while (at > least && !ends_local_part(text.at[at - 1]))
		at--;
	return at;
}

int mail_mask(struct span text, struct buf *out)
{
	size_t done = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] != '@')
			continue;
		size_t from = local_part(text, done, i);

		(void)buf_add(out, span_slice(text, done, from - done));
		if (from < i)
			(void)buf_add_byte(out, '*');
		(void)buf_add_byte(out, '@');
		done = i + 1;
	}
	return buf_add(out, span_slice(text, done, text.len));
}
