#include "cli/cli.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include "cli/spooled.h"
#include "task/task.h"
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

struct command { /* one run of abide queue or abide audit */
	const char *file;
	bool json, all;
	const char *verb; /* show, retry ...; NULL: list */
	struct ipc_control_list filter;
	char **ids;
	int ids_n;
	int (*run)(struct command *c, struct spooled *s);
	int status;
};

/* ---- what to do ---- */

static void print_message(const struct ipc_control_message *m, void *arg)
{
	const struct command *c = arg;

	if (c->json)
		listing_json(m);
	else
		listing_text(m);
}

static int unknown_id(int rc, const char *id)
{
	if (rc == EX_NOINPUT)
		(void)fprintf(stderr, "abide: %s: no such message in the queue\n", id);
	return rc;
}

static int run_list(struct command *c, struct spooled *s)
{
	uint64_t count = 0;
	int rc = spooled_list(s, &c->filter, print_message, c, &count);

	if (rc == EX_OK && !c->json)
		(void)printf("%llu message%s%s\n", (unsigned long long)count, count == 1 ? "" : "s",
			s->spool ? " (abide is not running)" : "");
	return rc;
}

static int run_show(struct command *c, struct spooled *s)
{
	int status = EX_OK;

	for (int i = 0; i < c->ids_n; i++) {
		struct ipc_control_list one = {.id = span_str(c->ids[i])};
		uint64_t count;
		int rc = unknown_id(spooled_list(s, &one, print_message, c, &count), c->ids[i]);

		status = rc == EX_OK ? status : rc;
	}
	return status;
}

static int run_content(struct command *c, struct spooled *s)
{
	int status = EX_OK;

	(void)fflush(stdout);
	for (int i = 0; i < c->ids_n; i++) {
		int rc = unknown_id(
			spooled_content(s, span_str(c->ids[i]), STDOUT_FILENO), c->ids[i]);

		status = rc == EX_OK ? status : rc;
	}
	return status;
}

static int run_change(struct command *c, struct spooled *s)
{
	int status = EX_OK;

	for (int i = 0; i < c->ids_n; i++) {
		uint64_t count = 0;
		int rc = unknown_id(
			spooled_change(s, span_str(c->verb), span_str(c->ids[i]), &count),
			c->ids[i]);

		if (rc == EX_OK)
			(void)printf("%s: %s for %llu recipient%s\n", c->ids[i], c->verb,
				(unsigned long long)count, count == 1 ? "" : "s");
		status = rc == EX_OK ? status : rc;
	}
	return status;
}

static void print_finding(const struct ipc_control_finding *f, void *arg)
{
	const struct command *c = arg;

	if (!c->json) {
		(void)printf("%.*s: %.*s: ", SPAN_F(f->table), SPAN_F(f->row));
		listing_safe(f->wrong);
		(void)putchar('\n');
		return;
	}
	json_t *o = json_pack("{s:o, s:o, s:o}", "table", json_text(f->table), "row",
		json_text(f->row), "wrong", json_text(f->wrong));

	if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(o);
}

static int run_audit(struct command *c, struct spooled *s)
{
	struct ipc_control_end end = {0};
	int rc = spooled_audit(s, print_finding, c, &end);

	if (rc != EX_OK)
		return rc;
	if (c->json)
		(void)printf(
			"{\"findings\":%llu,\"accepted\":%llu,\"ended\":%llu,\"waiting\":%llu}\n",
			(unsigned long long)end.count, (unsigned long long)end.accepted,
			(unsigned long long)end.ended, (unsigned long long)end.recipients);
	else
		(void)printf(
			"%llu recipients accepted: %llu ended, %llu waiting in %llu messages; %s\n",
			(unsigned long long)end.accepted, (unsigned long long)end.ended,
			(unsigned long long)end.recipients, (unsigned long long)end.messages,
			end.count ? "NOT in order, see above" : "all accounted for");
	return end.count ? 1 : EX_OK;
}

/* ---- command line ---- */

static void command_task(void *arg)
{
	struct command *c = arg;
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;
	struct spooled s;
	int rc = conf_load(c->file, &arena, &conf, &errors);

	if (rc < 0) {
		(void)fprintf(stderr, "%.*s", SPAN_F(buf_span(&errors)));
		if (errors.len == 0)
			(void)fprintf(stderr, "abide: %s can't be read\n", c->file);
		c->status = rc == -EINVAL ? EX_CONFIG : EX_NOINPUT;
	} else {
		c->status = spooled_open(&conf, &s);
		if (c->status == EX_OK)
			c->status = c->run(c, &s);
		spooled_close(&s);
	}
	buf_done(&errors);
	arena_done(&arena);
}

static const struct verb {
	const char *name;
	int (*run)(struct command *c, struct spooled *s);
} verbs[] = {{"show", run_show}, {"content", run_content}, {"retry", run_change},
	{"hold", run_change}, {"release", run_change}, {"drop", run_change}};

static int usage(void)
{
	(void)fprintf(stderr,
		"usage: abide queue -c FILE [--json] [--site S] [--cause C] [--sender A] "
		"[--recipient A]\n"
		"       abide queue show|content|retry|hold|release|drop -c FILE [--json] ID...\n"
		"       abide audit -c FILE [--json]\n");
	return EX_USAGE;
}

static bool take_option(struct command *c, int option, struct span value)
{
	switch (option) {
	case 'c':
		c->file = value.at;
		return true;
	case 'j':
		c->json = true;
		return true;
	case 's':
		c->filter.site = value;
		return true;
	case 'a':
		c->filter.cause = value;
		return true;
	case 'f':
		c->filter.sender = value;
		return true;
	case 'r':
		c->filter.recipient = value;
		return true;
	default:
		return false;
	}
}

static int run_command(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"site", required_argument, NULL, 's'}, {"cause", required_argument, NULL, 'a'},
		{"sender", required_argument, NULL, 'f'},
		{"recipient", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1)
		if (!take_option(c, option, span_str(optarg)))
			return usage();
	c->ids = argv + optind;
	c->ids_n = argc - optind;
	for (size_t i = 0; c->run == run_list && c->ids_n > 0 && i < sizeof verbs / sizeof verbs[0];
		i++) {
		if (strcmp(c->ids[0], verbs[i].name) != 0)
			continue;
		c->verb = verbs[i].name;
		c->run = verbs[i].run;
		c->ids++;
		c->ids_n--;
	}
	if ((c->verb != NULL) != (c->ids_n > 0))
		return usage();
	int rc = task_run(NULL, command_task, c);

	if (rc < 0)
		return EX_OSERR;
	return fflush(stdout) == 0 || c->status != EX_OK ? c->status : EX_IOERR;
}

int cli_queue(int argc, char **argv)
{
	return run_command(
		&(struct command){.file = CLI_CONFIGURATION, .run = run_list}, argc, argv);
}

int cli_audit(int argc, char **argv)
{
	return run_command(
		&(struct command){.file = CLI_CONFIGURATION, .run = run_audit}, argc, argv);
}
