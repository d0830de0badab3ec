#include "wire/xclient.h"
#include "wire/params.h"
#include <errno.h>

static bool is_unknown(struct span value)
{
	return span_equal_nocase(value, SPAN_LIT("[UNAVAILABLE]")) ||
	       span_equal_nocase(value, SPAN_LIT("[TEMPUNAVAIL]"));
}

static bool read_addr(struct span value, struct wire_xclient *x)
{
	x->has_addr = true;
	if (is_unknown(value))
		return true;
	bool has_prefix = span_take_nocase(&value, SPAN_LIT("IPV6:"));

	if (has_prefix != (span_find(value, ':') >= 0) || wire_ip_read(value, &x->addr) < 0)
		return false;
	x->is_addr_known = true;
	return true;
}

static bool read_port(struct span value, struct wire_xclient *x)
{
	unsigned n;

	x->has_port = true;
	if (is_unknown(value))
		return true;
	if (!span_take_number(&value, 1, 5, &n) || value.len > 0 || n > 65535)
		return false;
	x->port = (uint16_t)n;
	return true;
}

static bool read_helo(struct span value, struct wire_xclient *x)
{
	x->has_helo = true;
	if (is_unknown(value))
		return true;
	x->helo = value;
	x->is_helo_known = true;
	return value.len > 0 && value.len <= WIRE_XCLIENT_NAME_MAX;
}

static bool read_proto(struct span value, struct wire_xclient *x)
{
	x->has_proto = true;
	x->is_esmtp = span_equal_nocase(value, SPAN_LIT("ESMTP"));
	return x->is_esmtp || span_equal_nocase(value, SPAN_LIT("SMTP"));
}

/* The client's name is looked up here, whatever the other one found. */
static bool read_name(struct span value, struct wire_xclient *x)
{
	return value.len > 0 && value.len <= WIRE_XCLIENT_NAME_MAX;
}

static const struct attribute {
	struct span name;
	bool (*read)(struct span value, struct wire_xclient *x);
} attributes[] = {
	{SPAN_LIT("ADDR"), read_addr},
	{SPAN_LIT("PORT"), read_port},
	{SPAN_LIT("HELO"), read_helo},
	{SPAN_LIT("PROTO"), read_proto},
	{SPAN_LIT("NAME"), read_name},
};
#define ATTRIBUTES (sizeof attributes / sizeof attributes[0])

/* Each once: what is said twice says nothing. */
static bool read_one(struct span word, struct wire_xclient *x, unsigned *seen)
{
	struct span name, value = word;

	if (!span_take_until(&value, '=', &name) || !wire_xtext_is_valid(value))
		return false;
	for (unsigned i = 0; i < ATTRIBUTES; i++) {
		if (!span_equal_nocase(name, attributes[i].name))
			continue;
		if (*seen & 1U << i)
			return false;
		*seen |= 1U << i;
		return attributes[i].read(value, x);
	}
	return false;
}

int wire_xclient_read(struct span argument, struct wire_xclient *ret, struct span *ret_bad)
{
	struct wire_xclient x = {0};
	unsigned seen = 0;
	bool is_last = false;

	while (!is_last) {
		struct span word;

		if (!span_take_until(&argument, ' ', &word)) {
			word = argument;
			is_last = true;
		}
		if (!read_one(word, &x, &seen)) {
			*ret_bad = word;
			return -EBADMSG;
		}
	}
	*ret = x;
	return 0;
}
