#include "resolve/sts_text.h"
#include <errno.h>

/* ---- the record (RFC 8461 3.1) ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct span *s)
{
	while (s->len > 0 && is_blank(s->at[0]))
		*s = span_slice(*s, 1, s->len);
}

static bool is_id(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_alpha(s.at[i]) && !byte_is_digit(s.at[i]))
			return false;
	return s.len > 0 && s.len <= STS_ID_MAX;
}

/* Up to the delimiter, or all that is left. */
static struct span take_part(struct span *s, char delimiter)
{
	ptrdiff_t at = span_find(*s, delimiter);
	struct span part = at < 0 ? *s : span_slice(*s, 0, (size_t)at);

	*s = at < 0 ? (struct span){0} : span_slice(*s, (size_t)at + 1, s->len);
	return part;
}

int sts_record_read(struct span text, struct span *ret_id)
{
	struct span id = {0};

	if (!span_take_span(&text, SPAN_LIT("v=STSv1")))
		return -ENOENT;
	skip_blanks(&text);
	if (!span_take(&text, ';'))
		return -ENOENT;
	while (text.len > 0) {
		struct span field = span_trim(take_part(&text, ';'));

		if (span_take_span(&field, SPAN_LIT("id=")) && id.len == 0)
			id = field;
	}
	if (!is_id(id))
		return -EBADMSG;
	*ret_id = id;
	return 0;
}

/* ---- the policy (3.2) ---- */

static const char *const modes[] = {
	[STS_NONE] = "none", [STS_TESTING] = "testing", [STS_ENFORCE] = "enforce"};

const char *sts_mode_name(enum sts_mode mode)
{
	return modes[mode];
}

static bool find_mode(struct span name, enum sts_mode *ret)
{
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (span_equal(name, span_str(modes[i]))) {
			*ret = (enum sts_mode)i;
			return true;
		}
	return false;
}

enum sts_mode sts_mode_of(struct span name)
{
	enum sts_mode mode = STS_NONE;

	(void)find_mode(name, &mode);
	return mode;
}

struct reading {
	struct sts_policy policy;
	bool has_version, has_mode, has_age;
	const char *wrong;
	struct arena *arena;
};

/* A host's name, or "*." and one. */
static bool is_pattern(struct span s)
{
	(void)span_take_span(&s, SPAN_LIT("*."));
	if (s.len == 0 || s.len > 253 || s.at[0] == '.' || s.at[s.len - 1] == '.')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!byte_is_alpha(c) && !byte_is_digit(c) && c != '-' && c != '_' && c != '.')
			return false;
		if (c == '.' && s.at[i - 1] == '.')
			return false;
	}
	return true;
}

static const char *add_host(struct reading *r, struct span value)
{
	if (span_ends_nocase(value, SPAN_LIT(".")))
		value.len--;
	if (!is_pattern(value))
		return "it names a host that none can be";
	if (r->policy.n == STS_HOSTS_MAX)
		return "it names too many hosts";
	char *text = arena_zero(r->arena, value.len + 1);

	for (size_t i = 0; i < value.len; i++)
		text[i] = byte_lower(value.at[i]);
	r->policy.hosts[r->policy.n++] = span_of(text, value.len);
	return NULL;
}

static const char *set_age(struct reading *r, struct span value)
{
	uint64_t seconds;

	if (value.len > 10 || !span_take_u64(&value, &seconds) || value.len > 0)
		return "its max_age is no number of seconds";
	r->policy.max_age = seconds < STS_MAX_AGE_MAX ? (uint32_t)seconds : STS_MAX_AGE_MAX;
	r->has_age = true;
	return NULL;
}

/* Of a field that may stand once the first one counts; unknown ones are for others. */
static const char *read_field(struct reading *r, struct span key, struct span value)
{
	if (span_equal(key, SPAN_LIT("version")) && !r->has_version) {
		r->has_version = true;
		return span_equal(value, SPAN_LIT("STSv1")) ? NULL : "its version is not STSv1";
	}
	if (span_equal(key, SPAN_LIT("mode")) && !r->has_mode) {
		r->has_mode = true;
		return find_mode(value, &r->policy.mode)
			       ? NULL
			       : "its mode is none of enforce, testing and none";
	}
	if (span_equal(key, SPAN_LIT("max_age")) && !r->has_age)
		return set_age(r, value);
	if (span_equal(key, SPAN_LIT("mx")))
		return add_host(r, value);
	return NULL;
}

static const char *what_lacks(const struct reading *r)
{
	return !r->has_version                                  ? "it has no version"
	       : !r->has_mode                                   ? "it has no mode"
	       : !r->has_age                                    ? "it has no max_age"
	       : r->policy.n == 0 && r->policy.mode != STS_NONE ? "it names no host"
								: NULL;
}

int sts_policy_read(
	struct span text, struct arena *arena, struct sts_policy *ret, const char **ret_why)
{
	struct reading r = {.arena = arena};

	if (text.len > STS_POLICY_MAX) {
		*ret_why = "it is too long";
		return -EBADMSG;
	}
	r.policy.hosts = arena_array(arena, STS_HOSTS_MAX, sizeof *r.policy.hosts);
	while (text.len > 0 && !r.wrong) {
		struct span line = take_part(&text, '\n'), key;

		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		if (span_trim(line).len == 0)
			continue;
		if (!span_take_until(&line, ':', &key))
			r.wrong = "it has a line that is no field";
		else
			r.wrong = read_field(&r, span_trim(key), span_trim(line));
	}
	if (!r.wrong)
		r.wrong = what_lacks(&r);
	if (r.wrong) {
		*ret_why = r.wrong;
		return -EBADMSG;
	}
	*ret = r.policy;
	return 0;
}

bool sts_fits(struct span pattern, struct span host)
{
	struct span first;

	if (!span_take_span(&pattern, SPAN_LIT("*.")))
		return span_equal_nocase(pattern, host);
	return span_take_until(&host, '.', &first) && first.len > 0 &&
	       span_equal_nocase(pattern, host);
}
