#include "mail/mime.h"
#include "mail/ascii_in.h"

/* Removes blanks and comments from the front. */
static void skip_cfws(struct span *s)
{
	while (s->len > 0) {
		size_t n = s->at[0] == '('                            ? ascii_quoted_len(*s)
			   : span_trim(span_slice(*s, 0, 1)).len == 0 ? 1
								      : 0;

		if (n == 0)
			return;
		*s = span_slice(*s, n, s->len);
	}
}

static bool is_token_char(char c)
{
	return c > ' ' && c != 127 && !strchr("()<>@,;:\\\"/[]?=", c);
}

static struct span take_token(struct span *s)
{
	size_t n = 0;

	while (n < s->len && is_token_char(s->at[n]))
		n++;
	struct span token = span_slice(*s, 0, n);

	*s = span_slice(*s, n, s->len);
	return token;
}

/* The value of a parameter, without quotes, into at; its length, or 0 where it is longer than room. */
static size_t take_value(struct span *s, char *at, size_t room)
{
	size_t n = 0, len = s->len > 0 && s->at[0] == '"' ? ascii_quoted_len(*s) : 0;

	if (len == 0) { /* real mail has characters here that no token has */
		struct span all = *s;

		while (len < all.len && span_find(SPAN_LIT("; \t\r\n("), all.at[len]) < 0)
			len++;
	}
	for (size_t i = 0; i < len; i++) {
		bool is_quoted = s->at[0] == '"';

		if (is_quoted && (i == 0 || (i + 1 == len && s->at[i] == '"')))
			continue;
		if (is_quoted && s->at[i] == '\\' && i + 2 < len)
			i++;
		if (n == room) {
			n = 0;
			break;
		}
		at[n++] = s->at[i];
	}
	*s = span_slice(*s, len, s->len);
	return n;
}

static void read_parameters(struct span s, struct mime_type *ret)
{
	while (s.len > 0) {
		skip_cfws(&s);
		if (!span_take(&s, ';')) { /* what is not understood is passed over */
			s = span_slice(s, 1, s.len);
			continue;
		}
		skip_cfws(&s);
		struct span name = take_token(&s);

		skip_cfws(&s);
		if (!span_take(&s, '='))
			continue;
		skip_cfws(&s);
		char value[MIME_BOUNDARY_MOST];
		size_t n = take_value(&s, value, sizeof value);

		if (ret->boundary_len == 0 && span_equal_nocase(name, SPAN_LIT("boundary"))) {
			memcpy(ret->boundary, value, n);
			ret->boundary_len = n;
		}
	}
}

void mime_type_read(struct span value, struct mime_type *ret)
{
	*ret = (struct mime_type){.class = MIME_LEAF};
	skip_cfws(&value);
	struct span type = take_token(&value), subtype = {0};

	skip_cfws(&value);
	if (span_take(&value, '/')) {
		skip_cfws(&value);
		subtype = take_token(&value);
	}
	if (span_equal_nocase(type, SPAN_LIT("text")))
		ret->class = MIME_TEXT;
	else if (span_equal_nocase(type, SPAN_LIT("multipart")))
		ret->class = MIME_MULTIPART;
	else if (span_equal_nocase(type, SPAN_LIT("message")))
		ret->class = MIME_MESSAGE;
	if (ret->class == MIME_MESSAGE) {
		ret->is_rfc822 = span_equal_nocase(subtype, SPAN_LIT("rfc822"));
		ret->is_global = span_starts_nocase(subtype, SPAN_LIT("global"));
	}
	if (ret->class != MIME_MULTIPART)
		return;
	ret->is_signed = span_equal_nocase(subtype, SPAN_LIT("signed"));
	ret->is_digest = span_equal_nocase(subtype, SPAN_LIT("digest"));
	read_parameters(value, ret);
}

enum mime_encoding mime_encoding_read(struct span value)
{
	static const struct {
		struct span name;
		enum mime_encoding encoding;
	} all[] = {{SPAN_LIT("7bit"), MIME_7BIT}, {SPAN_LIT("8bit"), MIME_8BIT},
		{SPAN_LIT("binary"), MIME_BINARY}, {SPAN_LIT("quoted-printable"), MIME_QP},
		{SPAN_LIT("base64"), MIME_BASE64}};

	skip_cfws(&value);
	struct span token = take_token(&value);

	if (token.len == 0)
		return MIME_7BIT;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (span_equal_nocase(token, all[i].name))
			return all[i].encoding;
	return MIME_OTHER;
}
