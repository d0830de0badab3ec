#include "conf/load.h"
#include "base/log.h"
#include "conf/file.h"
#include "conf/rules.h"
#include <errno.h>

/* The rule sections of a file that has nothing else; what it has more is refused. */
static void load_rules_of(struct load *l, struct span text)
{
	struct read_file read;

	if (read_text(text, l->arena, l->report, &read))
		return;
	for (size_t i = 0, at = 0; i < schema_count(); i++) {
		const struct schema_section *schema = schema_section(i);
		size_t n = 0;

		while (at + n < read.n && read.sections[at + n].schema == schema)
			n++;
		if (schema->offset == offsetof(struct conf, rules) && schema->title)
			load_section(l, schema, &read.sections[at], n);
		else
			rules_refuse_other(l, &read.sections[at], n);
		at += n;
	}
}

void load_more_rules(struct load *l)
{
	struct conf *conf = l->conf;
	struct buf text = BUF_INIT(CONF_FILE_MAX + 4096);
	struct conf_rule *first = conf->rules;
	size_t n_first = conf->n_rules;

	if (conf->reply_rules.len == 0 || !l->opens_more)
		return;
	const char *file = arena_str(l->arena, conf->reply_rules);
	struct report report = {.file = file, .out = l->report->out};
	struct load more = {.arena = l->arena, .report = &report, .conf = conf};
	int rc = file_read_named(file, &text);

	if (rc < 0)
		report_error(l->report, 1,
			"reply_rules: %s can't be read: %s; correct its name or its mode", file,
			log_strerror(rc));
	else
		load_rules_of(&more, buf_span(&text));
	l->report->n += report.n;
	rules_join(conf, first, n_first, l);
	buf_done(&text);
}

int conf_load_rules(const char *file, struct arena *arena, struct conf *ret, struct buf *errors)
{
	struct report report = {.file = file, .out = errors};
	struct conf conf = {.file = arena_copy(arena, span_str(file))};
	struct load load = {.arena = arena, .report = &report, .conf = &conf};
	struct buf text = BUF_INIT(CONF_FILE_MAX + 4096);
	int rc = file_read_named(file, &text);

	if (rc == 0)
		load_rules_of(&load, buf_span(&text));
	else
		rc = file_refuse(file, rc, errors);
	if (rc == 0 && (report.n > 0 || !rules_make(&conf, arena)))
		rc = -EINVAL;
	buf_done(&text);
	if (rc == 0)
		*ret = conf;
	return rc;
}
