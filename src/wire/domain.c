#include "base/utf8.h"
#include "wire/path.h"
#include <errno.h>

/* sub-domain = Let-dig [Ldh-str] / U-label; underscores are let through: such hosts exist. */
static enum wire_path_error check_label(struct span label)
{
	size_t characters = 0;

	if (label.len == 0 || label.at[0] == '-' || label.at[label.len - 1] == '-')
		return WIRE_PATH_DOMAIN_SYNTAX;
	for (size_t n = 0; n < label.len; characters++) {
		char c = label.at[n];
		size_t len = 1;

		if ((unsigned char)c > 127 &&
			(len = utf8_text_len(span_slice(label, n, label.len))) == 0)
			return WIRE_PATH_UTF8;
		if (len == 1 && !byte_is_alpha(c) && !byte_is_digit(c) && c != '-' && c != '_')
			return WIRE_PATH_DOMAIN_SYNTAX;
		n += len;
	}
	return characters > WIRE_LABEL_MAX ? WIRE_PATH_LABEL_LONG : WIRE_PATH_OK;
}

/* Domain = sub-domain *("." sub-domain) */
enum wire_path_error wire_domain_read(struct span text)
{
	struct span rest = text, label;
	enum wire_path_error error = WIRE_PATH_OK;

	if (text.len == 0)
		return WIRE_PATH_DOMAIN_EMPTY;
	while (!error && span_take_until(&rest, '.', &label))
		error = check_label(label);
	if (!error)
		error = check_label(rest);
	if (!error && text.len > WIRE_DOMAIN_MAX)
		return WIRE_PATH_DOMAIN_LONG;
	return error;
}

/*
 * General-address-literal = Standardized-tag ":" 1*dcontent
 * Standardized-tag        = Ldh-str
 * dcontent                = %d33-90 / %d94-126
 */
static bool is_general_literal(struct span inner)
{
	struct span tag;

	if (!span_take_until(&inner, ':', &tag) || tag.len == 0 || tag.at[tag.len - 1] == '-')
		return false;
	for (size_t i = 0; i < tag.len; i++)
		if (!byte_is_alpha(tag.at[i]) && !byte_is_digit(tag.at[i]) && tag.at[i] != '-')
			return false;
	for (size_t i = 0; i < inner.len; i++)
		if (inner.at[i] < 33 || inner.at[i] > 126 ||
			(inner.at[i] >= 91 && inner.at[i] <= 93))
			return false;
	return inner.len > 0;
}

/*
 * address-literal = "[" ( IPv4-address-literal / IPv6-address-literal /
 *                   General-address-literal ) "]"
 * IPv6-address-literal = "IPv6:" IPv6-addr
 */
int wire_literal_read(struct span text, struct wire_ip *ret)
{
	if (text.len < 2 || text.at[0] != '[' || text.at[text.len - 1] != ']')
		return -EBADMSG;
	struct span inner = span_slice(text, 1, text.len - 2);

	if (span_take_nocase(&inner, SPAN_LIT("IPv6:")))
		return span_find(inner, ':') < 0 ? -EBADMSG : wire_ip_read(inner, ret);
	if (span_find(inner, ':') < 0)
		return wire_ip_read(inner, ret);
	struct wire_ip
		forgotten; /* an IPv6 address without its tag would pass for tag and content */

	if (!is_general_literal(inner) || wire_ip_read(inner, &forgotten) == 0)
		return -EBADMSG;
	return -EAFNOSUPPORT;
}
