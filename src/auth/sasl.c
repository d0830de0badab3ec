#include "auth/sasl.h"
#include "base/utf8.h"
#include <errno.h>

static const struct span names[SASL_MECHANISMS] = {
	[SASL_PLAIN] = SPAN_LIT("PLAIN"),
	[SASL_LOGIN] = SPAN_LIT("LOGIN"),
	[SASL_SCRAM_SHA_256] = SPAN_LIT("SCRAM-SHA-256"),
	[SASL_SCRAM_SHA_256_PLUS] = SPAN_LIT("SCRAM-SHA-256-PLUS"),
};

enum sasl_mechanism sasl_mechanism(struct span name)
{
	for (unsigned m = SASL_NONE + 1; m < SASL_MECHANISMS; m++)
		if (span_equal_nocase(name, names[m]))
			return m;
	return SASL_NONE;
}

struct span sasl_mechanism_name(enum sasl_mechanism m)
{
	return names[m];
}

int sasl_plain_read(struct span message, struct span *ret_name, struct span *ret_password)
{
	struct span as, name;

	if (!span_take_until(&message, '\0', &as) || !span_take_until(&message, '\0', &name))
		return -EBADMSG;
	if (name.len == 0 || name.len > SASL_NAME_MAX || message.len == 0 ||
		message.len > SASL_PASSWORD_MAX || span_find(message, '\0') >= 0)
		return -EBADMSG;
	if (as.len > 0 && !span_equal(as, name))
		return -EBADMSG;
	*ret_name = name;
	*ret_password = message;
	return 0;
}

static uint32_t code_point(const char *at, size_t len)
{
	static const unsigned char first[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)at[0] & first[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)at[i] & 0x3f);
	return c;
}

/* RFC 3454 C.1.2 */
static bool is_space(uint32_t c)
{
	return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

/* RFC 3454 B.1, and U+200B, which C.1.2 has too */
static bool is_nothing(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x1806 || (c >= 0x180b && c <= 0x180d) ||
	       (c >= 0x200b && c <= 0x200d) || c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0f) ||
	       c == 0xfeff;
}

/* RFC 3454 C.2 to C.9, as far as they are ranges */
static bool is_prohibited(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x6dd || c == 0x70f ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2061 && c <= 0x206f) || (c >= 0xe000 && c <= 0xf8ff) ||
	       (c >= 0xfdd0 && c <= 0xfdef) || (c >= 0xfff9 && c <= 0xffff) ||
	       (c & 0xfffe) == 0xfffe || c >= 0xe0000;
}

int sasl_prepare(struct span text, struct buf *out)
{
	size_t before = out->len;

	for (size_t at = 0; at < text.len;) {
		size_t len = utf8_len(span_slice(text, at, text.len));
		uint32_t c = len ? code_point(text.at + at, len) : 0;

		if (len == 0 || is_prohibited(c)) {
			out->len = before;
			return -EBADMSG;
		}
		if (is_space(c))
			(void)buf_add_byte(out, ' ');
		else if (!is_nothing(c))
			(void)buf_add(out, span_of(text.at + at, len));
		at += len;
	}
	if (out->error == 0 && out->len == before)
		return -EBADMSG;
	return out->error;
}
