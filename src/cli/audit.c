#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

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

static int run(struct command *c, struct spooled *s)
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

int cli_audit(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct command c = {.file = CLI_CONFIGURATION, .run = run};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option == 'c')
			c.file = optarg;
		else if (option == 'j')
			c.json = true;
		else
			return usage_wrong("audit");
	}
	if (optind != argc)
		return usage_wrong("audit");
	return command_run(&c);
}
