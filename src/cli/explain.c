#include "base/arena.h"
#include "cli/cli.h"
#include "cli/json_text.h"
#include "reply/explain.h"
#include "reply/utf8.h"
#include "reply/wrapper.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

enum { LINE_MAX_BYTES = 1 << 20 }; /* of a line, the rest is not read into memory */

struct options {
	bool is_json;
	enum reply_stage stage;
};

/* kind -> value, or the list of values where there are several. */
static json_t *json_words(const struct reply_meaning *m)
{
	json_t *words = json_object();

	for (size_t i = 0; i < m->n_words; i++) {
		const struct reply_found *w = &m->words[i];
		const char *kind = reply_word_kind_text(w->kind);
		json_t *value =
			w->kind == REPLY_WORD_WAIT ? json_integer(w->number) : json_text(w->value);
		json_t *old = json_object_get(words, kind);

		if (!old) {
			(void)json_object_set_new(words, kind, value);
		} else if (json_is_array(old)) {
			(void)json_array_append_new(old, value);
		} else {
			json_t *list = json_array();

			(void)json_array_append(list, old);
			(void)json_array_append_new(list, value);
			(void)json_object_set_new(words, kind, list);
		}
	}
	return words;
}

static json_t *json_status(struct reply_status s)
{
	if (!reply_status_is_set(s))
		return json_null();
	return json_sprintf("%u.%u.%u", s.class, s.subject, s.detail);
}

static int print_json(struct span text, const struct reply_meaning *m, struct span explanation,
	struct span advice)
{
	const char *source = reply_wait_source_text(m->wait_source);
	json_t *o = json_object();

	(void)json_object_set_new(o, "code", m->code ? json_integer(m->code) : json_null());
	(void)json_object_set_new(o, "enhanced", json_status(m->status));
	(void)json_object_set_new(o, "text", json_text(text));
	(void)json_object_set_new(o, "template", json_text(m->template));
	(void)json_object_set_new(o, "words", json_words(m));
	(void)json_object_set_new(o, "cause", json_string(reply_cause_text(m->cause)));
	(void)json_object_set_new(o, "side", json_string(reply_side_text(m->side)));
	(void)json_object_set_new(o, "scope", json_string(reply_scope_text(m->scope)));
	(void)json_object_set_new(o, "nature", json_string(reply_nature_text(m->nature)));
	(void)json_object_set_new(
		o, "wait", m->wait_seconds >= 0 ? json_integer(m->wait_seconds) : json_null());
	(void)json_object_set_new(o, "wait_source", source ? json_string(source) : json_null());
	(void)json_object_set_new(o, "action", json_string(reply_action_text(m->action)));
	(void)json_object_set_new(o, "explanation", json_text(explanation));
	(void)json_object_set_new(o, "advice", json_text(advice));
	(void)json_object_set_new(o, "confidence", json_real(m->confidence));
	(void)json_object_set_new(o, "evidence", json_string(m->evidence));

	int rc = json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(3));

	json_decref(o);
	return rc < 0 || putchar('\n') == EOF ? -EIO : 0;
}

/* Shows a stranger's text on a terminal: no control bytes. */
static void print_safe(struct span s)
{
	while (s.len > 0) {
		size_t n = utf8_sequence(s);
		bool is_safe = n > 0 && !utf8_is_control(s);

		if (is_safe)
			(void)fwrite(s.at, 1, n, stdout);
		else
			(void)putchar(s.at[0] == '\n' ? ' ' : '?');
		s = span_slice(s, n ? n : 1, s.len);
	}
}

static int print_text(struct span text, const struct reply_meaning *m, struct span explanation,
	struct span advice)
{
	print_safe(span_slice(text, 0, 1000));
	(void)printf("\n  cause   %s (%.0f %% sure: %s)\n", reply_cause_text(m->cause),
		m->confidence * 100, m->evidence);
	(void)printf("  side    %s\n  nature  %s\n", reply_side_text(m->side),
		reply_nature_text(m->nature));
	if (m->wait_seconds >= 0)
		(void)printf("  wait    %lld s, stated\n", (long long)m->wait_seconds);
	(void)printf("  action  %s\n\n  ", reply_action_text(m->action));
	print_safe(explanation);
	(void)printf("\n  What you can do: ");
	print_safe(advice);
	return putchar('\n') == EOF ? -EIO : 0;
}

static int explain(const struct options *options, struct span text)
{
	struct arena arena = {0};
	struct buf explanation = BUF_INIT(8192), advice = BUF_INIT(8192);
	struct reply_inner inner = reply_unwrap(text);
	struct reply_meaning m;
	struct reply_context context = {
		.stage = options->stage ? options->stage : inner.stage, .now_wall_ms = 0};

	reply_read(&context, 0, (struct reply_status){0}, inner.text, &arena, &m);
	(void)reply_explain(&m, &explanation);
	(void)reply_advise(&m, &advice);
	int rc = options->is_json ? print_json(text, &m, buf_span(&explanation), buf_span(&advice))
				  : print_text(text, &m, buf_span(&explanation), buf_span(&advice));

	buf_done(&advice);
	buf_done(&explanation);
	arena_done(&arena);
	return rc;
}

/* "\n" in a line stands for a line end; in place. */
static struct span unescape(char *line, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++)
		if (line[i] == '\\' && i + 1 < len && line[i + 1] == 'n') {
			line[to++] = '\n';
			i++;
		} else {
			line[to++] = line[i];
		}
	return span_of(line, to);
}

/* A line of standard input into line; what is longer than it is left out. False: there is no more. */
static bool read_line(char *line, size_t max, size_t *ret_len)
{
	size_t len = 0;
	int c = getc_unlocked(stdin);

	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc_unlocked(stdin))
		if (len < max)
			line[len++] = (char)c;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	*ret_len = len;
	return true;
}

static int explain_input(const struct options *options)
{
	char *line = malloc(LINE_MAX_BYTES);
	size_t len;
	int rc = 0;

	if (!line)
		return -ENOMEM;
	while (rc == 0 && read_line(line, LINE_MAX_BYTES, &len))
		rc = explain(options, unescape(line, len));
	free(line);
	return rc;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: abide explain [--json] [--stage STAGE] [TEXT]\n"
			      "STAGE: connect helo mail rcpt data eod auth tls\n"
			      "Without TEXT, each line of standard input is explained.\n");
	return EX_USAGE;
}

int cli_explain(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
		{"stage", required_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
	struct options options = {0};
	int c, rc;

	optind = 1;
	while ((c = getopt_long(argc, argv, "js:", longs, NULL)) != -1) {
		if (c == 'j')
			options.is_json = true;
		else if (c != 's' || !reply_stage_parse(span_str(optarg), &options.stage))
			return usage();
	}
	if (argc - optind > 1)
		return usage();
	if (optind < argc) {
		char *text = strdup(argv[optind]);

		if (!text)
			return EX_OSERR;
		rc = explain(&options, unescape(text, strlen(text)));
		free(text);
	} else {
		rc = explain_input(&options);
	}
	if (fflush(stdout) == EOF)
		rc = -EIO;
	return rc < 0 ? EX_IOERR : EX_OK;
}
