#include "base/arena.h"
#include "cli/cli.h"
#include "cli/explain_bounce.h"
#include "cli/explain_print.h"
#include "cli/json_text.h"
#include "report/log_line.h"
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

/* What a log line says beside its reply. */
static void add_log(const struct log_line *line, json_t *o)
{
	if (line->format == LOG_NONE)
		return;
	(void)json_object_set_new(o, "log", json_string(log_format_text(line->format)));
	(void)json_object_set_new(o, "reply", json_text(line->reply));
	if (line->recipient.len > 0)
		(void)json_object_set_new(o, "recipient", json_text(line->recipient));
	if (line->host.len > 0)
		(void)json_object_set_new(o, "host", json_text(line->host));
	if (line->stage != REPLY_STAGE_NONE)
		(void)json_object_set_new(o, "stage", json_string(reply_stage_text(line->stage)));
}

static void print_log(const struct log_line *line)
{
	if (line->format == LOG_NONE)
		return;
	explain_print_labelled("reply", line->reply);
	explain_print_labelled("for", line->recipient);
	explain_print_labelled("host", line->host);
	if (line->stage != REPLY_STAGE_NONE)
		(void)printf("  stage   %s\n", reply_stage_text(line->stage));
}

static int explain(const struct options *options, struct span text)
{
	struct arena arena = {0};
	int rc;
	struct reply_meaning m;
	struct log_line line;

	log_line_read(text, &arena, &line);
	struct reply_context context = {.stage = options->stage ? options->stage : line.stage};

	reply_read(&context, 0, line.status, line.reply, &arena, &m);
	if (options->is_json) {
		json_t *o = explain_json(text, &m);

		add_log(&line, o);
		rc = explain_print_json(o);
	} else {
		explain_print_safe(span_slice(text, 0, 1000));
		(void)putchar('\n');
		print_log(&line);
		explain_print_meaning(&m);
		rc = ferror(stdout) ? -EIO : 0;
	}
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
			      "       abide explain [--json] --bounce FILE\n"
			      "STAGE: connect helo mail rcpt data eod auth tls\n"
			      "FILE: a bounce message; - is standard input.\n"
			      "Without TEXT, each line of standard input is explained.\n");
	return EX_USAGE;
}

int cli_explain(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
		{"stage", required_argument, NULL, 's'}, {"bounce", required_argument, NULL, 'b'},
		{NULL, 0, NULL, 0}};
	struct options options = {0};
	const char *bounce = NULL;
	int c, rc;

	optind = 1;
	while ((c = getopt_long(argc, argv, "js:b:", longs, NULL)) != -1) {
		if (c == 'j')
			options.is_json = true;
		else if (c == 'b')
			bounce = optarg;
		else if (c != 's' || !reply_stage_parse(span_str(optarg), &options.stage))
			return usage();
	}
	if (argc - optind > 1 || (bounce && optind < argc))
		return usage();
	if (bounce)
		return explain_bounce(bounce, options.is_json);
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
