#include "reply/own.h"
#include "reply/pattern.h"
#include "reply/template.h"

static bool code_fits(unsigned wanted, unsigned code)
{
	while (code > wanted)
		code /= 10;
	return wanted == 0 || code == wanted;
}

static bool status_fits(struct reply_status wanted, struct reply_status s)
{
	return !reply_status_is_set(wanted) ||
	       (wanted.class == s.class && wanted.subject == s.subject &&
		       wanted.detail == s.detail);
}

static bool host_fits(struct span wanted, struct span host)
{
	if (wanted.len == 0)
		return true;
	if (wanted.at[0] == '.')
		return host.len > wanted.len && span_ends_nocase(host, wanted);
	return span_equal_nocase(host, wanted);
}

const struct reply_own_rule *reply_own_find(
	const struct reply_own *own, const struct reply_subject *s, struct span host)
{
	for (size_t i = 0; own && i < own->n; i++) {
		const struct reply_own_rule *r = &own->rules[i];

		if (code_fits(r->code, s->code) && status_fits(r->status, s->status) &&
			(r->stage == REPLY_STAGE_NONE || r->stage == s->stage) &&
			host_fits(r->host, host) && reply_pattern_fits(s, r->pattern))
			return r;
	}
	return NULL;
}

const char *reply_own_pattern_wrong(struct span pattern)
{
	return reply_pattern_wrong(pattern);
}

const char *reply_own_text_wrong(const char *template)
{
	return template_wrong(template);
}
