/*
 * main - the program's entry: finds the subcommand and calls it.
 */
#include "cli/cli.h"
#include "cli/usage.h"
#include "conf/schema.h"
#include "lab/lab.h"
#include "main/role_main.h"
#include "main/serve.h"
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int help(int argc, char **argv);

static int version(int argc, char **argv)
{
	printf("abide %s\n", ABIDE_VERSION);
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the subcommand */
	const char *synopsis, *purpose;    /* NULL: not for people */
} commands[] = {
	{"serve", serve_main, "serve [-c FILE]", "takes mail in, keeps it safe, gets it through"},
	{"check", cli_check, "check [-c FILE]", "says whether a configuration is right"},
	{"config", cli_config, "config", "prints the reference of every key"},
	{"explain", cli_explain, "explain [--json] [--stage S] [TEXT]", "says what a reply means"},
	{"logs", cli_logs, "logs [--json | --html FILE] [FILE...]",
		"judges the deferrals in another server's log"},
	{"queue", cli_queue, "queue [-c FILE] ...", "shows and changes what waits"},
	{"sites", cli_sites, "sites [-c FILE] [--json] [SITE]",
		"shows destinations: what waits, what flows, what was learned"},
	{"deferrals", cli_deferrals, "deferrals [-c FILE] [--json]",
		"shows what abide's own \"come back later\" does to senders"},
	{"diagnose", cli_diagnose, "diagnose [-c FILE] [--json] [SITE]",
		"says whose side trouble is on, and looks at our own"},
	{"letter", cli_letter, "letter [-c FILE] [--lang LANG] SITE",
		"writes a mail to the postmaster of a site that puts mail off"},
	{"dkim", cli_dkim, "dkim [-t TYPE] DOMAIN SELECTOR FILE",
		"makes a key to sign mail with, and prints its DNS record"},
	{"dns", cli_dns, "dns [-c FILE] NAME TYPE",
		"asks the DNS as abide would, and shows the answer"},
	{"map", cli_map, "map [-c FILE] NAME KEY",
		"asks a map as abide would, and shows the answer"},
	{"spool", cli_spool, "spool compact [-c FILE] [--json]",
		"gives the spool's free space back to the disk"},
	{"trace", cli_trace, "trace [-c FILE] [--json] ID", "tells the story of one message"},
	{"audit", cli_audit, "audit [-c FILE]", "proves that nothing that was accepted is lost"},
	{"lab", cli_lab, "lab --listen ADDR:PORT ...",
		"a peer that is as nasty as real servers are"},
	{"role", role_main, NULL, NULL},
	{"help", help, "help", "prints this"},
	{"version", version, "version", "prints the version"},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_usage(FILE *to)
{
	(void)fputs("usage: abide SUBCOMMAND ...\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].synopsis)
			(void)fprintf(to, "  abide %-38s %s\n", commands[i].synopsis,
				commands[i].purpose);
	(void)fputs("\nSee abide(8) and abide.conf(5).\n", to);
}

static const struct command *find(const char *name)
{
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	const char *names[COMMANDS];
	size_t n = 0;

	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].synopsis)
			names[n++] = commands[i].name;

	const char *near = schema_nearest(span_str(name), names, n);

	if (near)
		(void)fprintf(stderr,
			"abide: there is no subcommand \"%s\"; did you mean \"%s\"?\n", name, near);
	else
		(void)fprintf(
			stderr, "abide: there is no subcommand \"%s\"; see abide help\n", name);
	return EX_USAGE;
}

/* `abide help`, `abide help NAME`, `abide NAME --help`. */
static int help_about(const struct command *c)
{
	char *lab[] = {"lab", "--help", NULL};

	return c->run == cli_lab ? cli_lab(2, lab) : usage_print(c->name);
}

static int help(int argc, char **argv)
{
	if (argc > 1) {
		const struct command *c = find(argv[1]);

		return c && c->synopsis ? help_about(c) : unknown(argv[1]);
	}
	print_usage(stdout);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int main(int argc, char **argv)
{
	const struct command *c = argc >= 2 ? find(argv[1]) : NULL;
	static char name[32]; /* getopt complains with it */

	if (c && c->run == role_main)
		return role_main(argc, argv);
	if (c && usage_is_wanted(argc - 1, argv + 1))
		return help_about(c);
	if (c) {
		(void)snprintf(name, sizeof name, "abide %s", c->name);
		argv[1] = name;
		return c->run(argc - 1, argv + 1);
	}
	if (argc >= 2)
		return unknown(argv[1]);
	print_usage(stderr);
	return EX_USAGE;
}
