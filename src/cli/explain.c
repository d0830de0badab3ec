#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/explain_bounce.h"
#include "cli/explain_page.h"
#include "cli/explain_print.h"
#include "cli/line_input.h"
#include "cli/read_reply.h"
#include "conf/conf.h"
#include "reply/memo.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum {
	SCRATCH_BYTES = 1 << 20, /* more than a reading ever needs */
	FLUSH_BYTES = 1 << 16,   /* are written at once */
	OUTPUT_MAX = 16 << 20,   /* of one reply, with a margin */
};

struct explain {
	bool is_json;
	bool wants_why;
	bool has_now;         /* said by --now, else it is the clock's */
	int64_t read_wall_ms; /* when what is explained was read; 0: since then something more was */
	enum reply_stage stage;
	const struct reply_own *own; /* of --rules */
	struct reply_memo *memo;     /* where there are many lines; else NULL */
	struct explain_style style;
	struct arena arena;
	struct buf out;
};

static void print_log(struct buf *out, const struct log_line *line, struct explain_style *style)
{
	if (line->format == LOG_NONE)
		return;
	explain_print_labelled(out, REPLY_LABEL_REPLY, line->reply, style);
	explain_print_labelled(out, REPLY_LABEL_FOR, line->recipient, style);
	explain_print_labelled(out, REPLY_LABEL_HOST, line->host, style);
	if (line->stage != REPLY_STAGE_NONE)
		explain_print_labelled(out, REPLY_LABEL_STAGE,
			span_str(reply_stage_words(style->voice.lang, line->stage)), style);
	(void)buf_add_byte(out, '\n');
}

static int flush(void *explain)
{
	struct explain *e = explain;

	e->read_wall_ms = 0;
	return explain_flush(&e->out);
}

static int explain(struct explain *e, struct span text)
{
	const struct reply_context context = {.stage = e->stage,
		.now_wall_ms = e->has_now ? e->style.voice.now_wall_ms : 0,
		.own = e->own,
		.memo = e->memo,
		.needs_no_template = !e->is_json};
	struct read_reply r;

	arena_reset(&e->arena);
	read_reply(text, &context, &e->arena, &r);
	struct explain_around around = {
		.log = &r.line, .inner_text = r.inner_text, .inner = &r.inner};
	struct reply_why why;

	if (e->wants_why) {
		reply_why(&r.meaning, r.line.reply, &e->arena, &why);
		around.why = &why;
	}
	if (e->is_json) {
		explain_json(&e->out, text, &r.meaning, &around, &e->style);
	} else {
		explain_print_safe(&e->out, span_slice(text, 0, 1000));
		(void)buf_add_str(&e->out, "\n\n");
		/* when a line of a log was written is not known */
		if (!e->has_now && e->read_wall_ms == 0)
			e->read_wall_ms = clock_wall_ms();
		if (!e->has_now)
			e->style.voice.now_wall_ms =
				r.line.format == LOG_NONE ? e->read_wall_ms : 0;
		print_log(&e->out, &r.line, &e->style);
		explain_print_meaning(&e->out, &r.meaning, &e->style);
		if (e->wants_why)
			explain_print_why(&e->out, &why, &e->style);
		if (r.inner_text.len > 0)
			explain_print_inner(&e->out, r.inner_text, &r.inner, &e->style);
	}
	(void)buf_add_byte(&e->out, '\n');
	return e->out.len >= FLUSH_BYTES || e->out.error ? flush(e) : 0;
}

/* "\n" in a line stands for a line end; in place. */
static struct span unescape(char *line, size_t len)
{
	const char *first = memchr(line, '\\', len);
	size_t to = first ? (size_t)(first - line) : len;

	for (size_t i = to; i < len; i++)
		if (line[i] == '\\' && i + 1 < len && line[i + 1] == 'n') {
			line[to++] = '\n';
			i++;
		} else {
			line[to++] = line[i];
		}
	return span_of(line, to);
}

static int explain_input(struct explain *e)
{
	struct line_input in;
	char *line;
	size_t len;
	int rc = line_input_init(&in, STDIN_FILENO, flush, e);

	if (rc < 0)
		return rc;
	e->memo = reply_memo_new();
	while (rc == 0 && (rc = line_input_take(&in, &line, &len)) > 0)
		rc = explain(e, unescape(line, len));
	reply_memo_free(e->memo);
	e->memo = NULL;
	line_input_done(&in);
	return rc;
}

static int explain_argument(struct explain *e, const char *argument)
{
	char *text = strdup(argument);
	int rc = text ? explain(e, unescape(text, strlen(text))) : -ENOMEM;

	free(text);
	return rc;
}

/* A text, or standard input where it is NULL. */
static int explain_all(struct explain *e, const char *text)
{
	char *scratch = aligned_alloc(16, SCRATCH_BYTES);

	if (!scratch)
		return -ENOMEM;
	arena_init_over(&e->arena, scratch, SCRATCH_BYTES);
	buf_init(&e->out, OUTPUT_MAX);
	int rc = text ? explain_argument(e, text) : explain_input(e);

	if (rc == 0)
		rc = flush(e);
	buf_done(&e->out);
	arena_done(&e->arena);
	free(scratch);
	return rc;
}

static int usage(void)
{
	return usage_wrong("explain");
}

/* The language of the user's messages, as other programs find it. */
static enum reply_lang lang_of_user(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	enum reply_lang lang = REPLY_LANG_EN;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);

		if (value && *value) {
			(void)reply_lang_parse(span_str(value), &lang);
			break;
		}
	}
	return lang;
}

/* "2026-11-23T14:05:00Z" as milliseconds since 1970. */
static bool parse_now(const char *text, int64_t *ret)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (!end || *end)
		return false;
	*ret = (int64_t)timegm(&tm) * 1000;
	return *ret > 0;
}

struct options {
	const char *bounce, *rules, *conf;
	bool has_lang, is_page;
};

/* False: it can't be understood. */
static bool take_option(int c, struct explain *e, struct options *o)
{
	struct reply_voice *voice = &e->style.voice;

	switch (c) {
	case 'j':
		e->is_json = true;
		return true;
	case 'b':
		o->bounce = optarg;
		return true;
	case 'p':
		o->is_page = true;
		return true;
	case 'w':
		e->wants_why = true;
		return true;
	case 'r':
		o->rules = optarg;
		return true;
	case 'c':
		o->conf = optarg;
		return true;
	case 's':
		return reply_stage_parse(span_str(optarg), &e->stage);
	case 'l':
		o->has_lang = true;
		return reply_lang_parse(span_str(optarg), &voice->lang);
	case 'n':
		e->has_now = true;
		return parse_now(optarg, &voice->now_wall_ms);
	default:
		return false;
	}
}

/*
 * The rules of a file of rules, or of a configuration, whose language counts too where no other was
 * asked for. An exit status of sysexits(3).
 */
static int load_rules(const struct options *o, struct arena *arena, struct explain *e)
{
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf *conf = ARENA_NEW(arena, struct conf);
	int rc = o->conf ? conf_load(o->conf, arena, conf, &errors) : 0;

	if (rc == 0 && o->conf && !o->has_lang)
		e->style.voice.lang = conf->language;
	if (rc == 0 && o->rules)
		rc = conf_load_rules(o->rules, arena, conf, &errors);
	if (rc == 0)
		e->own = conf->own;
	else if (errors.len > 0)
		(void)fwrite(errors.at, 1, errors.len, stderr);
	else
		(void)fprintf(stderr, "abide: %s can't be read\n", o->rules ? o->rules : o->conf);
	buf_done(&errors);
	return rc == 0 ? EX_OK : rc == -EINVAL ? EX_CONFIG : EX_NOINPUT;
}

static int print_page(struct explain *e)
{
	buf_init(&e->out, EXPLAIN_PAGE_MAX);
	explain_page(e->style.voice.lang, &e->out);
	int rc = explain_flush(&e->out);

	buf_done(&e->out);
	return rc < 0 ? EX_IOERR : EX_OK;
}

static int run(struct explain *e, const struct options *o, const char *text)
{
	struct arena arena = {0};
	int rc = o->rules || o->conf ? load_rules(o, &arena, e) : EX_OK;

	if (rc == EX_OK && o->is_page) {
		rc = print_page(e);
	} else if (rc == EX_OK && o->bounce) {
		rc = explain_bounce(o->bounce, e->is_json, &e->style);
	} else if (rc == EX_OK) {
		rc = explain_all(e, text);
		if (rc < 0) /* a closed pipe ends it silently: SIGPIPE */
			(void)fprintf(stderr, "abide explain: %s\n", log_strerror(rc));
		rc = rc == -ENOMEM ? EX_OSERR : rc < 0 ? EX_IOERR : EX_OK;
	}
	arena_done(&arena);
	return rc;
}

int cli_explain(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
		{"stage", required_argument, NULL, 's'}, {"bounce", required_argument, NULL, 'b'},
		{"lang", required_argument, NULL, 'l'}, {"rules", required_argument, NULL, 'r'},
		{"config", required_argument, NULL, 'c'}, {"why", no_argument, NULL, 'w'},
		{"now", required_argument, NULL, 'n'}, {"page", no_argument, NULL, 'p'},
		{NULL, 0, NULL, 0}};
	struct explain e = {0};
	struct options o = {0};
	int c, rc;

	explain_style_init(&e.style);
	e.style.voice.names_first_wait = true;
	optind = 1;
	while ((c = getopt_long(argc, argv, "c:js:b:l:n:r:w", longs, NULL)) != -1)
		if (!take_option(c, &e, &o))
			return usage();
	if (argc - optind > 1 || ((o.bounce || o.is_page) && optind < argc))
		return usage();
	if (!o.has_lang && !e.is_json) /* what programs read does not change with the user */
		e.style.voice.lang = lang_of_user();
	rc = run(&e, &o, optind < argc ? argv[optind] : NULL);
	explain_style_done(&e.style);
	return rc;
}
