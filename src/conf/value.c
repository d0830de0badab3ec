#include "conf/value.h"
#include "base/utf8.h"
#include "mail/alabel.h"
#include <stdio.h>

#define BAD_NUMBER   "is not a number; write digits alone"
#define BAD_SIZE     "is not a size; write bytes, or 64K, 50M, 2G, 1T"
#define BAD_DURATION "is not a duration; write 90, 90s, 5m, 4h, 5d or 00:02:00"
#define BAD_FACTOR   "is not a factor; write 2 or 1.5"
#define DOMAIN_MAX   255U
#define BAD_DOMAIN   "is not a domain name; write letters, digits and hyphens between dots"

static const char *scaled(struct span digits, int64_t scale, const char *bad, int64_t *ret)
{
	uint64_t n;
	int64_t value;

	if (!span_take_u64(&digits, &n) || digits.len > 0)
		return bad;
	if (n > INT64_MAX || __builtin_mul_overflow((int64_t)n, scale, &value))
		return "is far too large";
	*ret = value;
	return NULL;
}

struct unit {
	char letter;
	int64_t scale;
};

/* Digits, with one of the units' letters behind them or none (the unit of letter 0). */
static const char *with_unit(
	struct span text, const struct unit *units, const char *bad, int64_t *ret)
{
	char last = text.len > 0 ? text.at[text.len - 1] : '\0';

	if (byte_is_digit(last))
		return scaled(text, units[0].scale, bad, ret);
	for (size_t i = 1; units[i].letter; i++)
		if (byte_lower(last) == units[i].letter)
			return scaled(span_slice(text, 0, text.len - 1), units[i].scale, bad, ret);
	return bad;
}

const char *value_number(struct span text, int64_t *ret)
{
	return scaled(text, 1, BAD_NUMBER, ret);
}

const char *value_size(struct span text, int64_t *ret_bytes)
{
	static const struct unit units[] = {{'\0', 1}, {'k', 1 << 10}, {'m', 1 << 20},
		{'g', 1 << 30}, {'t', INT64_C(1) << 40}, {0}};

	return with_unit(text, units, BAD_SIZE, ret_bytes);
}

/* HH:MM:SS */
static bool clock_duration(struct span text, nanos *ret)
{
	unsigned h, m, s;

	if (!span_take_number(&text, 1, 6, &h) || !span_take(&text, ':') ||
		!span_take_number(&text, 2, 2, &m) || !span_take(&text, ':') ||
		!span_take_number(&text, 2, 2, &s) || text.len > 0 || m > 59 || s > 59)
		return false;
	*ret = ((int64_t)h * 3600 + (int64_t)m * 60 + s) * NANOS_S;
	return true;
}

const char *value_duration(struct span text, nanos *ret)
{
	static const struct unit units[] = {{'\0', NANOS_S}, {'s', NANOS_S}, {'m', 60 * NANOS_S},
		{'h', 3600 * NANOS_S}, {'d', 86400 * NANOS_S}, {0}};

	if (clock_duration(text, ret))
		return NULL;
	return with_unit(text, units, BAD_DURATION, ret);
}

const char *value_factor(struct span text, int64_t *ret_thousandths)
{
	static const unsigned scale[] = {0, 100, 10, 1};
	unsigned whole, part = 0;

	if (!span_take_number(&text, 1, 6, &whole))
		return BAD_FACTOR;
	if (span_take(&text, '.')) {
		size_t decimals = text.len;

		if (decimals > 3 || !span_take_number(&text, 1, 3, &part))
			return BAD_FACTOR;
		part *= scale[decimals];
	}
	if (text.len > 0)
		return BAD_FACTOR;
	*ret_thousandths = (int64_t)whole * 1000 + part;
	return NULL;
}

const char *value_domain(struct span text)
{
	size_t label = 0;

	if (text.len == 0 || text.len > DOMAIN_MAX)
		return BAD_DOMAIN;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool edge = label == 0 || i + 1 == text.len || text.at[i + 1] == '.';

		if (c == '.') {
			if (label == 0 || i + 1 == text.len)
				return BAD_DOMAIN;
			label = 0;
			continue;
		}
		if (!byte_is_alpha(c) && !byte_is_digit(c) && (c != '-' || edge) && c != '_')
			return BAD_DOMAIN;
		if (++label > 63)
			return BAD_DOMAIN;
	}
	return NULL;
}

struct span value_in_ascii(struct span text, struct arena *arena)
{
	struct span rest = text, domain, tail;
	struct buf out = BUF_INIT(DOMAIN_MAX);
	bool is_suffix = span_take(&rest, '.');

	if (!span_take_until(&rest, ' ', &domain))
		domain = rest;
	tail = span_slice(text, is_suffix + domain.len, text.len);
	if (!utf8_is_ascii(domain) && alabel_add(domain, &out) == 0)
		text = arena_printf(arena, "%s%.*s%.*s", is_suffix ? "." : "",
			SPAN_F(buf_span(&out)), SPAN_F(tail));
	buf_done(&out);
	return text;
}

struct span value_print_duration(nanos d, char out[VALUE_TEXT_MAX])
{
	static const struct unit units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	int64_t seconds = d / NANOS_S;
	size_t i = 0;

	while (units[i].letter != 's' && (seconds == 0 || seconds % units[i].scale != 0))
		i++;
	int n = snprintf(out, VALUE_TEXT_MAX, "%lld%c", (long long)(seconds / units[i].scale),
		units[i].letter);

	return span_of(out, (size_t)n);
}

struct span value_print_size(int64_t bytes, char out[VALUE_TEXT_MAX])
{
	static const char letters[] = "\0KMGT";
	size_t i = 0;

	while (i < 4 && bytes >= 1024 && bytes % 1024 == 0) {
		bytes /= 1024;
		i++;
	}
	int n = snprintf(out, VALUE_TEXT_MAX, "%lld%.1s", (long long)bytes, i ? &letters[i] : "");

	return span_of(out, (size_t)n);
}

struct span value_print_factor(int64_t thousandths, char out[VALUE_TEXT_MAX])
{
	int n = snprintf(out, VALUE_TEXT_MAX, "%lld.%03d", (long long)(thousandths / 1000),
		(int)(thousandths % 1000));

	while (out[n - 1] == '0')
		n--;
	if (out[n - 1] == '.')
		n--;
	return span_of(out, (size_t)n);
}
