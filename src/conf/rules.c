#include "conf/rules.h"
#include "conf/schema.h"
#include "reply/own.h"

/* The line that a key stands on; 0: it is not set. */
static unsigned line_of(const struct read_section *s, const char *key)
{
	for (size_t i = 0; i < s->schema->n; i++)
		if (strcmp(s->schema->rows[i].key, key) == 0 && s->keys[i].n > 0)
			return s->keys[i].words[0].line;
	return 0;
}

static bool parse_status(struct span text, struct reply_status *ret)
{
	return reply_status_take(&text, ret) && text.len == 0;
}

static void check_words(struct load *l, const struct read_section *s, const char *key,
	struct span text, const char *wrong)
{
	if (text.len > 0 && wrong)
		report_error(l->report, line_of(s, key), "rule %s.%s: %s %s",
			report_quote(s->title.text, l->arena), key, report_quote(text, l->arena),
			wrong);
}

static const char *text_wrong(struct load *l, struct span text)
{
	return reply_own_text_wrong(arena_str(l->arena, text));
}

static const char *wrong_cause(struct load *l, struct span cause)
{
	const char *near = schema_nearest_cause(cause);

	if (!near)
		return "is not a cause; write greylisting or another cause";
	return arena_str(l->arena, arena_printf(l->arena, "is not a cause; did you mean %s", near));
}

static void check(struct load *l, const struct read_section *s, const struct conf_rule *r)
{
	struct reply_status status;
	enum reply_cause cause;

	if (line_of(s, "cause") == 0)
		report_error(l->report, s->title.line,
			"rule %s.cause is not set; add cause = greylisting "
			"or another cause",
			report_quote(s->title.text, l->arena));
	else if (r->cause.len > 0 && !reply_cause_parse(r->cause, &cause))
		check_words(l, s, "cause", r->cause, wrong_cause(l, r->cause));
	check_words(l, s, "text", r->text, reply_own_pattern_wrong(r->text));
	if (r->status.len > 0 && !parse_status(r->status, &status))
		check_words(
			l, s, "status", r->status, "is not an enhanced status; write \"4.7.1\"");
	if (r->code > 0 && !((r->code >= 400 && r->code < 600) || (r->code >= 40 && r->code < 60) ||
				   r->code == 4 || r->code == 5))
		report_error(l->report, line_of(s, "code"),
			"rule %s.code: %u is not the code of a refusal; write 451, 45 or 4",
			report_quote(s->title.text, l->arena), r->code);
	if (r->text.len == 0 && r->code == 0 && r->status.len == 0 && r->host.len == 0)
		report_error(l->report, s->title.line,
			"rule %s fits every reply; add text = \"WORDS\", code, status or host",
			report_quote(s->title.text, l->arena));
	check_words(l, s, "explanation", r->explanation, text_wrong(l, r->explanation));
	check_words(l, s, "advice", r->advice, text_wrong(l, r->advice));
	check_words(l, s, "writer", r->writer, text_wrong(l, r->writer));
}

void rules_check(struct load *l, const struct read_section *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(l, &all[i], &l->conf->rules[i]);
	if (n > CONF_RULES_MAX)
		report_error(l->report, all[n - 1].title.line, "more than %d rules; leave some out",
			CONF_RULES_MAX);
}

void rules_refuse_other(struct load *l, const struct read_section *all, size_t n)
{
	for (size_t s = 0; s < n; s++)
		for (size_t i = 0; i < all[s].schema->n; i++)
			if (all[s].keys[i].n > 0) {
				report_error(l->report, all[s].keys[i].words[0].line,
					"%s%s%s does not belong into a file of rules; write it "
					"into "
					"the configuration",
					all[s].schema->name, all[s].schema->name[0] ? "." : "",
					all[s].schema->rows[i].key);
				break;
			}
}

void rules_join(struct conf *conf, const struct conf_rule *first, size_t n, struct load *l)
{
	size_t n_new = conf->rules == first ? 0 : conf->n_rules;
	struct conf_rule *all = arena_array(l->arena, n + n_new + 1, sizeof *all);

	for (size_t i = 0; i < n; i++)
		all[i] = first[i];
	for (size_t i = 0; i < n_new; i++)
		all[n + i] = conf->rules[i];
	conf->rules = all;
	conf->n_rules = n + n_new;
	if (conf->n_rules > CONF_RULES_MAX)
		report_error(
			l->report, 1, "more than %d rules in all; leave some out", CONF_RULES_MAX);
}

static const char *text_of(struct span text, struct arena *arena)
{
	return text.len > 0 ? arena_str(arena, text) : NULL;
}

static bool make(const struct conf_rule *r, struct arena *arena, struct reply_own_rule *ret)
{
	*ret = (struct reply_own_rule){.name = arena_str(arena, r->name),
		.code = r->code,
		.stage = r->stage,
		.host = r->host,
		.pattern = r->text,
		.wait_seconds = r->wait > 0 ? r->wait / NANOS_S : -1,
		.confidence = r->confidence / 1000.0,
		.texts = {[REPLY_HAPPENED] = text_of(r->explanation, arena),
			[REPLY_ADVICE] = text_of(r->advice, arena),
			[REPLY_WRITER] = text_of(r->writer, arena)}};
	if (r->stage >= REPLY_STAGES || r->confidence > 1000 ||
		!reply_cause_parse(r->cause, &ret->cause))
		return false;
	return r->status.len == 0 || parse_status(r->status, &ret->status);
}

bool rules_make(struct conf *conf, struct arena *arena)
{
	struct reply_own *own = ARENA_NEW(arena, struct reply_own);
	struct reply_own_rule *rules = arena_array(arena, conf->n_rules + 1, sizeof *rules);

	if (conf->n_rules > CONF_RULES_MAX)
		return false;
	for (size_t i = 0; i < conf->n_rules; i++)
		if (!make(&conf->rules[i], arena, &rules[i]))
			return false;
	*own = (struct reply_own){.rules = rules, .n = conf->n_rules};
	conf->own = own;
	return true;
}
