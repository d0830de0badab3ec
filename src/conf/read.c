#include "conf/read.h"
#include "base/alloc.h"
#include "conf/clean.h"
#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Two things libconfuse does not tell by itself, and options that no file may
 * set tell them: each section has HIDDEN_LINE, whose default is parsed when the
 * section opens, so its word carries the line of the opening; and HIDDEN_END,
 * which only the top level knows, stands behind the text: a section that was
 * never closed meets it.
 */
#define HIDDEN_LINE "\x01line"
#define HIDDEN_END \
	"\x01"     \
	"end"
#define END_TEXT "\n\"" HIDDEN_END "\" = 1\n"

struct word {
	const char *key;
	unsigned line;
	char text[];
};

/* libconfuse's callbacks have no argument of ours: what one read needs, while it runs. */
static struct reading {
	struct report *report;
	struct arena *arena;
	unsigned lines;           /* of the text itself */
	const char *replaced_key; /* the key whose word was freed to make room for another */
	unsigned replaced_line;
} * now;

static bool is_hidden(const char *name)
{
	return name[0] == '\x01';
}

static int take_word(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	unsigned line = (unsigned)cfg->line;
	size_t len = strlen(value);
	struct word *w = alloc_zero(sizeof *w + len + 1);

	if (now->replaced_key == opt->name && is_hidden(opt->name))
		report_error(now->report, line, "unknown key; leave it out");
	else if (now->replaced_key == opt->name)
		report_error(now->report, line, "%s is set a second time; keep this or line %u",
			opt->name, now->replaced_line);
	now->replaced_key = NULL;
	w->key = opt->name;
	w->line = line;
	memcpy(w->text, value, len);
	*(void **)result = w;
	return 0;
}

/* While reading, a word is freed because its key is set again. */
static void free_word(void *value)
{
	struct word *w = value;

	if (now) {
		now->replaced_key = w->key;
		now->replaced_line = w->line;
	}
	free(w);
}

static cfg_opt_t word_option(const struct schema_row *row)
{
	bool list = row->type == SCHEMA_NETWORKS || row->type == SCHEMA_TARGET ||
		    row->type == SCHEMA_WHO || row->type == SCHEMA_TEXTS ||
		    row->type == SCHEMA_NAMES || row->type == SCHEMA_SERVERS ||
		    row->type == SCHEMA_NOTHING;

	return (cfg_opt_t){.name = row->key,
		.type = CFGT_PTR,
		.flags = list ? CFGF_LIST : CFGF_NONE,
		.parsecb = take_word,
		.freecb = free_word};
}

static char any_default[] = "0";

/* Room for n rows, the hidden ones and the end. libconfuse copies the array. */
static cfg_opt_t *word_options(const struct schema_section *schema, size_t more)
{
	cfg_opt_t *opts = alloc_array(schema->n + 2 + more, sizeof *opts);

	for (size_t i = 0; i < schema->n; i++)
		opts[i] = word_option(&schema->rows[i]);
	opts[schema->n] = (cfg_opt_t){.name = HIDDEN_LINE,
		.type = CFGT_PTR,
		.parsecb = take_word,
		.freecb = free_word,
		.def = {.parsed = any_default}};
	return opts;
}

static cfg_t *make_parser(void)
{
	const struct schema_section *root = schema_section(0);
	size_t n = schema_count() - 1;
	cfg_opt_t *opts = word_options(root, n + 1);
	cfg_opt_t *end = &opts[root->n + 1];

	*end++ = (cfg_opt_t){
		.name = HIDDEN_END, .type = CFGT_PTR, .parsecb = take_word, .freecb = free_word};
	for (size_t i = 1; i <= n; i++) {
		const struct schema_section *s = schema_section(i);

		*end++ = (cfg_opt_t){.name = s->name,
			.type = CFGT_SEC,
			.subopts = word_options(s, 0),
			.flags = s->title ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES
					  : CFGF_NONE};
	}
	cfg_t *cfg = cfg_init(opts, CFGF_NONE);

	for (size_t i = 0; i < root->n + 2 + n; i++)
		free(opts[i].subopts);
	free(opts);
	return cfg;
}

static void unknown_key(const cfg_t *cfg, const char *name)
{
	const char *names[64];
	size_t n = 0;

	for (const cfg_opt_t *o = cfg->opts; o->name && n < sizeof names / sizeof names[0]; o++)
		if (!is_hidden(o->name))
			names[n++] = o->name;
	const char *near = schema_nearest(span_str(name), names, n);
	struct buf all = BUF_INIT(4096);

	for (size_t i = 0; i < n && !near; i++)
		(void)buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	report_error(now->report, (unsigned)cfg->line, "unknown key %s; %s %s",
		report_quote(span_str(name), now->arena), near ? "did you mean" : "known here are",
		near ? near : buf_cstr(&all));
	buf_done(&all);
}

/* What would be right, for the errors that libconfuse finds by itself. */
static const char *advice_for(const char *format)
{
	static const char *const advice[][2] = {
		{"missing title for section '%s'",
			"; write what it is for in quotes behind its name"},
		{"found duplicate title '%s'", "; keep one of the two sections"},
		{"missing equal sign after option '%s'", "; write KEY = VALUE"},
		{"missing opening brace for section '%s'", "; write its keys between { and }"},
		{"unexpected closing brace", "; remove it, or add the { that it closes"},
		{"unexpected token '%s'", "; write KEY = VALUE, or a section between { and }"},
		{"attempt to append to non-list option '%s'", "; write = for +="},
	};

	for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++)
		if (strcmp(format, advice[i][0]) == 0)
			return advice[i][1];
	return "";
}

static void take_error(cfg_t *cfg, const char *format, va_list ap)
{
	static const char no_such[] = "no such option '%s'";
	char text[256];
	unsigned line = (unsigned)cfg->line;
	va_list copy;

	va_copy(copy, ap);
	const char *name = strcmp(format, no_such) == 0 ? va_arg(copy, const char *) : NULL;

	va_end(copy);
	if (line > now->lines) {
		report_error(now->report, now->lines,
			"the file ends too early; a value or a closing brace is missing");
		return;
	}
	if (name) {
		unknown_key(cfg, name);
		return;
	}
	(void)vsnprintf(text, sizeof text, format, ap);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			*c = '?';
	report_error(now->report, line, "%s%s", text, advice_for(format));
}

static struct read_key copy_key(cfg_opt_t *opt, struct arena *arena)
{
	struct read_key key = {.n = cfg_opt_size(opt)};

	/* An option of one word that was never set still counts one value, a NULL. */
	if (key.n > 0 && !cfg_opt_getnptr(opt, 0))
		key.n = 0;
	key.words = arena_array(arena, key.n, sizeof *key.words);
	for (size_t i = 0; i < key.n; i++) {
		const struct word *w = cfg_opt_getnptr(opt, (unsigned)i);

		key.words[i] = (struct read_word){arena_copy(arena, span_str(w->text)), w->line};
	}
	return key;
}

static struct read_section copy_section(
	cfg_t *cfg, const struct schema_section *schema, struct arena *arena)
{
	struct read_section s = {.schema = schema};
	const struct word *opened = cfg_getptr(cfg, HIDDEN_LINE);

	if (schema->title)
		s.title = (struct read_word){
			arena_copy(arena, span_str(cfg_title(cfg))), opened->line};
	s.keys = arena_array(arena, schema->n, sizeof *s.keys);
	for (size_t i = 0; i < schema->n; i++)
		s.keys[i] = copy_key(cfg_getopt(cfg, schema->rows[i].key), arena);
	return s;
}

static void copy_file(cfg_t *cfg, struct arena *arena, struct read_file *ret)
{
	size_t n = 1;

	for (size_t i = 1; i < schema_count(); i++)
		n += cfg_size(cfg, schema_section(i)->name);
	ret->sections = arena_array(arena, n, sizeof *ret->sections);
	ret->n = n;
	struct read_section *to = ret->sections;

	*to++ = copy_section(cfg, schema_section(0), arena);
	for (size_t i = 1; i < schema_count(); i++) {
		const struct schema_section *s = schema_section(i);

		for (unsigned j = 0; j < cfg_size(cfg, s->name); j++)
			*to++ = copy_section(cfg_getnsec(cfg, s->name, j), s, arena);
	}
}

/* text has room for what is put behind it. */
static int parse(cfg_t *cfg, struct buf *text)
{
	(void)buf_add_str(text, END_TEXT);
	FILE *f = text->error ? NULL : fmemopen(text->at, text->len, "r");
	int rc = f ? cfg_parse_fp(cfg, f) : CFG_FILE_ERROR;

	if (f)
		(void)fclose(f);
	return rc;
}

static int read_clean(struct buf *text, struct reading *reading, struct read_file *ret)
{
	unsigned before = reading->report->n;

	now = reading;
	cfg_t *cfg = make_parser();

	(void)cfg_set_error_function(cfg, take_error);
	int rc = parse(cfg, text);

	if (rc != CFG_SUCCESS && reading->report->n == before)
		report_error(reading->report, reading->lines, "can't be read as a configuration");
	now = NULL;
	if (rc == CFG_SUCCESS)
		copy_file(cfg, reading->arena, ret);
	(void)cfg_free(cfg);
	return rc == CFG_SUCCESS ? 0 : -EINVAL;
}

int read_text(struct span text, struct arena *arena, struct report *report, struct read_file *ret)
{
	struct reading reading = {.report = report, .arena = arena};
	struct buf clean = BUF_INIT(text.len + sizeof END_TEXT);
	int rc = -EINVAL;

	if (clean_text(text, report, &clean, &reading.lines))
		rc = read_clean(&clean, &reading, ret);
	buf_done(&clean);
	return rc;
}
