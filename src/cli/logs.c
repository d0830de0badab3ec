/*
 * abide logs - what another server's log says about its deferrals: who, why, whose side, since when.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/explain_print.h"
#include "cli/logs_out.h"
#include "conf/conf.h"
#include "logs/report.h"
#include "logs/source.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 << 20, TOP = 10 };

struct options {
	const char *rules, *html, *lang;
	bool is_json;
	size_t top;
};

static int usage(void)
{
	return usage_wrong("logs");
}

static void take_line(void *tally, struct span line)
{
	logs_tally_line(tally, line);
}

/* "-": standard input. 0 or -errno. */
static int read_file(struct logs_tally *t, const char *name)
{
	int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	/* days without a year are those before the file was written last */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		t->reader.limit = (int64_t)st.st_mtime;
	int rc = logs_source_read(fd, take_line, t);

	if (fd != STDIN_FILENO)
		(void)close(fd);
	return rc;
}

static int read_all(struct logs_tally *t, int n, char **names)
{
	static char standard_input[] = "-";
	char *one[] = {standard_input};

	if (n == 0) {
		n = 1;
		names = one;
	}
	for (int i = 0; i < n; i++) {
		int rc = read_file(t, names[i]);

		if (rc == 0)
			continue;
		(void)fprintf(stderr, "abide: %s: %s\n", names[i],
			rc == -EBADMSG ? "its compression is damaged or ends too early"
				       : strerror(-rc));
		return rc == -EBADMSG ? EX_DATAERR : EX_NOINPUT;
	}
	logs_tally_end(t);
	return EX_OK;
}

static int write_file(const char *name, const struct buf *page)
{
	FILE *f = fopen(name, "we");
	bool is_written = f && fwrite(page->at, 1, page->len, f) == page->len;

	if (f && fclose(f) != 0)
		is_written = false;
	if (!is_written)
		(void)fprintf(stderr, "abide: %s: %s\n", name, strerror(errno));
	return is_written ? EX_OK : EX_CANTCREAT;
}

static int tell(const struct logs_tally *t, const struct options *o)
{
	struct arena arena = {0};
	struct logs_report *report = ARENA_NEW(&arena, struct logs_report);
	struct buf out = BUF_INIT(OUTPUT_MAX);
	struct logs_view view = {.tally = t, .report = report, .top = o->top};

	/* What programs read is always in English. */
	if (o->lang && !o->is_json)
		(void)reply_lang_parse(span_str(o->lang), &view.voice.lang);
	logs_report_make(t, &arena, report);
	if (o->html)
		logs_out_html(&out, &view);
	else if (o->is_json)
		logs_out_json(&out, &view);
	else
		logs_out_text(&out, &view);
	int rc = out.error                              ? EX_OSERR
		 : o->html && strcmp(o->html, "-") != 0 ? write_file(o->html, &out)
		 : explain_flush(&out) < 0              ? EX_IOERR
							: EX_OK;

	buf_done(&out);
	arena_done(&arena);
	return rc;
}

static int load_rules(const char *name, struct arena *arena, struct conf *ret)
{
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	int rc = name ? conf_load_rules(name, arena, ret, &errors) : 0;

	if (errors.len > 0)
		(void)fwrite(errors.at, 1, errors.len, stderr);
	else if (rc < 0)
		(void)fprintf(stderr, "abide: %s can't be read\n", name);
	buf_done(&errors);
	return rc == 0 ? EX_OK : rc == -EINVAL ? EX_CONFIG : EX_NOINPUT;
}

static bool take_option(int c, struct options *o)
{
	char *end;

	switch (c) {
	case 'j':
		o->is_json = true;
		return true;
	case 'h':
		o->html = optarg;
		return true;
	case 'r':
		o->rules = optarg;
		return true;
	case 'l':
		o->lang = optarg;
		return true;
	case 't':
		o->top = strtoul(optarg, &end, 10);
		return o->top > 0 && *end == '\0';
	default:
		return false;
	}
}

int cli_logs(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
		{"html", required_argument, NULL, 'h'}, {"top", required_argument, NULL, 't'},
		{"rules", required_argument, NULL, 'r'}, {"lang", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0}};
	struct options o = {.top = TOP};
	struct conf conf = {0};
	struct arena arena = {0};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "jh:t:r:", longs, NULL)) != -1)
		if (!take_option(c, &o))
			return usage();
	if (o.html && o.is_json)
		return usage();
	int rc = load_rules(o.rules, &arena, &conf);

	if (rc == EX_OK) {
		struct logs_tally *t = logs_tally_new(clock_wall_ms() / 1000);

		t->own = conf.own;
		rc = read_all(t, argc - optind, argv + optind);
		if (rc == EX_OK)
			rc = tell(t, &o);
		logs_tally_free(t);
	}
	arena_done(&arena);
	return rc;
}
