#include "cli/usage.h"
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct usage {
	const char *name, *text;
} usages[] = {
	{"serve", "usage: abide serve [-c FILE]\n"
		  "Runs in the foreground and logs to standard error. SIGHUP reads FILE again, "
		  "SIGTERM "
		  "ends it.\n"},
	{"check", "usage: abide check [-c FILE]\n"},
	{"config", "usage: abide config\n"},
	{"explain", "usage: abide explain [-c FILE] [--json] [--stage STAGE] [--lang LANG]\n"
		    "                     [--now TIME] [--rules FILE] [--why] [TEXT]\n"
		    "       abide explain [-c FILE] [--json] [--lang LANG] --bounce FILE\n"
		    "       abide explain [-c FILE] [--lang LANG] --page\n"
		    "STAGE: connect helo mail rcpt data eod auth tls\n"
		    "LANG: en de\n"
		    "TIME: when the reply came, as 2026-11-23T14:05:00Z\n"
		    "FILE: a bounce message, - is standard input; rules about replies, see "
		    "abide.conf(5);\n"
		    "with -c a configuration, for its language and rules.\n"
		    "Without TEXT, each line of standard input is explained.\n"},
	{"logs",
		"usage: abide logs [--json | --html FILE] [--top N] [--rules FILE] [--lang LANG] "
		"[FILE...]\n"
		"FILE: a log of Postfix, Exim, Sendmail, OpenSMTPD, qmail or abide, plain, .gz or "
		".zst;\n"
		"without one, or with -, standard input. --html writes a page into FILE, by --lang "
		"de in German.\n"},
	{"queue", "usage: abide queue [list] [-c FILE] [--json] [FILTER...]\n"
		  "       abide queue show|content [-c FILE] [--json] ID...|FILTER...\n"
		  "       abide queue hold|release|retry|drop|bounce [-c FILE] [--json] [--yes] "
		  "ID...|FILTER...\n"
		  "FILTER: --site S, --cause C, --sender A, --recipient A (A: an address, or "
		  "@DOMAIN), --all\n"},
	{"sites", "usage: abide sites [-c FILE] [--json] [--export FILE | --import FILE | --diff "
		  "FILE] [SITE]\n"},
	{"deferrals", "usage: abide deferrals [-c FILE] [--json] [--let-in ID | --let-in "
		      "SENDER[,RECIPIENT]]\n"},
	{"diagnose", "usage: abide diagnose [-c FILE] [--json] [--lang LANG] [--source ADDRESS] "
		     "[--no-checks] [SITE|ADDRESS]\n"},
	{"letter", "usage: abide letter [-c FILE] [--lang LANG] [--to ADDRESS] SITE\n"},
	{"dkim", "usage: abide dkim [-t rsa|ed25519] DOMAIN SELECTOR FILE\n"
		 "Makes FILE, a private key, where it is not there yet, and prints the record of "
		 "its "
		 "public key.\n"},
	{"dns", "usage: abide dns [-c FILE] NAME A|AAAA|CNAME|MX|PTR|STS|TLSA|TXT\n"},
	{"map", "usage: abide map [-c FILE] NAME KEY\n"},
	{"spool", "usage: abide spool compact [-c FILE] [--json]\n"
		  "writes the spool's database anew without its free pages, while abide runs or "
		  "not:\n"
		  "the disk needs room for what is in use, once more\n"},
	{"trace", "usage: abide trace [-c FILE] [--json] ID\n"},
	{"audit", "usage: abide audit [-c FILE] [--json]\n"},
	{"help", "usage: abide help [SUBCOMMAND]\n"},
	{"version", "usage: abide version\n"},
};

static const char *text_of(const char *name)
{
	for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++)
		if (strcmp(usages[i].name, name) == 0)
			return usages[i].text;
	return NULL;
}

int usage_wrong(const char *name)
{
	const char *text = text_of(name);

	(void)fputs(text ? text : "see abide help\n", stderr);
	return EX_USAGE;
}

int usage_print(const char *name)
{
	const char *text = text_of(name);

	if (!text)
		return EX_USAGE;
	return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

bool usage_is_wanted(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}
