#include "base/arena.h"
#include "cli/cli.h"
#include "cli/explain_bounce.h"
#include "cli/explain_print.h"
#include "cli/line_input.h"
#include "report/log_line.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	SCRATCH_BYTES = 1 << 20, /* more than a reading ever needs */
	FLUSH_BYTES = 1 << 18,   /* are written at once */
	OUTPUT_MAX = 16 << 20,   /* of one reply, with a margin */
};

struct explain {
	bool is_json;
	enum reply_stage stage;
	struct arena arena;
	struct buf out;
};

static void print_log(struct buf *out, const struct log_line *line)
{
	if (line->format == LOG_NONE)
		return;
	explain_print_labelled(out, "reply", line->reply);
	explain_print_labelled(out, "for", line->recipient);
	explain_print_labelled(out, "host", line->host);
	if (line->stage != REPLY_STAGE_NONE)
		explain_print_labelled(out, "stage", span_str(reply_stage_text(line->stage)));
}

static int flush(void *explain)
{
	return explain_flush(&((struct explain *)explain)->out);
}

static int explain(struct explain *e, struct span text)
{
	struct reply_meaning m;
	struct log_line line;

	arena_reset(&e->arena);
	log_line_read(text, &e->arena, &line);
	struct reply_context context = {.stage = e->stage ? e->stage : line.stage};

	log_line_mean(&line, &context, &e->arena, &m);
	if (e->is_json) {
		explain_json(&e->out, text, &m, &line);
	} else {
		explain_print_safe(&e->out, span_slice(text, 0, 1000));
		(void)buf_add_byte(&e->out, '\n');
		print_log(&e->out, &line);
		explain_print_meaning(&e->out, &m);
	}
	if (e->is_json)
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
	while (rc == 0 && (rc = line_input_take(&in, &line, &len)) > 0)
		rc = explain(e, unescape(line, len));
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
	struct explain e = {0};
	const char *bounce = NULL;
	int c, rc;

	optind = 1;
	while ((c = getopt_long(argc, argv, "js:b:", longs, NULL)) != -1) {
		if (c == 'j')
			e.is_json = true;
		else if (c == 'b')
			bounce = optarg;
		else if (c != 's' || !reply_stage_parse(span_str(optarg), &e.stage))
			return usage();
	}
	if (argc - optind > 1 || (bounce && optind < argc))
		return usage();
	if (bounce)
		return explain_bounce(bounce, e.is_json);
	rc = explain_all(&e, optind < argc ? argv[optind] : NULL);
	return rc == -ENOMEM ? EX_OSERR : rc < 0 ? EX_IOERR : EX_OK;
}
