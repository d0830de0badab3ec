#include "cli/cli.h"
#include "conf/conf.h"
#include "keys/check.h"
#include "lookup/check.h"
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

static int check_file(const char *file)
{
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf = {0};
	int rc = conf_load(file, &arena, &conf, &errors);
	bool good = rc == 0 && keys_check(&conf, &errors) == 0 && lookup_check(&conf, &errors) == 0;

	if (errors.len > 0)
		(void)fwrite(errors.at, 1, errors.len, stderr);
	if (good)
		(void)printf("%s: ok%s\n", file, conf.unresolved > 0 ? ", with warnings" : "");
	buf_done(&errors);
	arena_done(&arena);
	if (good)
		return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
	return rc == -EINVAL || rc == 0 ? EX_CONFIG : EX_NOINPUT;
}

/* A name that has no address now is a warning: serve waits for it. */
int cli_check(int argc, char **argv)
{
	const char *file = CLI_CONFIGURATION;
	int option;

	optind = 1;
	while ((option = getopt(argc, argv, "c:")) != -1) {
		if (option != 'c')
			return EX_USAGE;
		file = optarg;
	}
	if (optind < argc) {
		(void)fprintf(stderr, "usage: abide check [-c FILE]\n");
		return EX_USAGE;
	}
	return check_file(file);
}
