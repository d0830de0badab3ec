#include "resolve/name.h"
#include "base/alloc.h"
#include <errno.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 1020U /* 255 characters of UTF-8 */
#define TEXT_MAX       253U
#define LABEL_MAX      63U

static bool is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] > 127)
			return false;
	return true;
}

/* By the lengths of its labels alone. */
static bool may_be(struct span ascii)
{
	struct span rest = ascii, label;

	while (span_take_until(&rest, '.', &label))
		if (label.len == 0 || label.len > LABEL_MAX)
			return false;
	return rest.len > 0 && rest.len <= LABEL_MAX && ascii.len <= TEXT_MAX;
}

static bool is_plain(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* \DDD for what the library would read as something else. */
static const char *escape(struct span ascii, struct arena *arena)
{
	char *out = arena_zero(arena, 4 * ascii.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < ascii.len; i++) {
		unsigned c = (unsigned char)ascii.at[i];

		if (is_plain(ascii.at[i])) {
			out[len++] = ascii.at[i];
			continue;
		}
		out[len++] = '\\';
		out[len++] = (char)('0' + c / 100);
		out[len++] = (char)('0' + c / 10 % 10);
		out[len++] = (char)('0' + c % 10);
	}
	return out;
}

int resolve_name(struct span name, struct arena *arena, const char **ret)
{
	char *ascii = NULL;

	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > NAME_MAX_BYTES)
		return -EINVAL;
	if (!is_ascii(name)) {
		_cleanup_(alloc_free) char *text = alloc_copy(name.at, name.len);

		if (idn2_lookup_u8((const uint8_t *)text, (uint8_t **)&ascii,
			    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return -EINVAL;
		name = arena_copy(arena, span_str(ascii));
		idn2_free(ascii);
	}
	if (!may_be(name))
		return -EINVAL;
	*ret = escape(name, arena);
	return 0;
}

struct span resolve_arpa(const struct wire_ip *ip)
{
	return ip->is_v4 ? SPAN_LIT("in-addr.arpa") : SPAN_LIT("ip6.arpa");
}

struct span resolve_reversed(
	const struct wire_ip *ip, struct span zone, char out[RESOLVE_REVERSED_MAX])
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = ip->bytes;
	size_t len = 0;

	if (zone.len == 0 || zone.len + 64 > TEXT_MAX)
		return (struct span){0};
	if (ip->is_v4)
		len = (size_t)snprintf(
			out, RESOLVE_REVERSED_MAX, "%u.%u.%u.%u.", b[3], b[2], b[1], b[0]);
	for (size_t i = 16; !ip->is_v4 && i-- > 0;) {
		out[len++] = digits[b[i] & 15];
		out[len++] = '.';
		out[len++] = digits[b[i] >> 4];
		out[len++] = '.';
	}
	memcpy(out + len, zone.at, zone.len);
	return span_of(out, len + zone.len);
}
