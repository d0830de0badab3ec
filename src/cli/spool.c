#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/command.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static void print_result(const struct command *c, const struct ipc_control_progress *p)
{
	unsigned long long before = p->before, after = p->after, took = p->took_ms,
			   paused = p->paused_ms;

	if (c->json)
		(void)printf(
			"{\"before\":%llu,\"after\":%llu,\"took_ms\":%llu,\"paused_ms\":%llu}\n",
			before, after, took, paused);
	else
		(void)printf("%llu MiB before, %llu MiB now, in %.1f s; mail waited for %.2f s\n",
			before >> 20, after >> 20, (double)took / 1000, (double)paused / 1000);
}

static void on_progress(const struct ipc_control_progress *p, void *arg)
{
	bool is_terminal = isatty(STDERR_FILENO);

	if (p->of == 0) {
		if (is_terminal)
			(void)fputs("\r\033[K", stderr);
		print_result(arg, p);
	} else if (is_terminal) {
		(void)fprintf(
			stderr, "\rcopied: %llu %%", (unsigned long long)(p->done * 100 / p->of));
	}
}

static int run_compact(struct command *c, struct spooled *s)
{
	return spooled_compact(s, on_progress, c);
}

int cli_spool(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct command c = {.file = CLI_CONFIGURATION, .may_write = true, .run = run_compact};
	bool good = true;
	int option;

	optind = 1;
	while (good && (option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		good = option == 'c' || option == 'j';
		if (option == 'c')
			c.file = optarg;
		c.json |= option == 'j';
	}
	if (!good || optind + 1 != argc || strcmp(argv[optind], "compact") != 0)
		return usage_wrong("spool");
	return command_run(&c);
}
