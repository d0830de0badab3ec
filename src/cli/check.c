#include "cli/cli.h"
#include "cli/usage.h"
#include "conf/conf.h"
#include "keys/check.h"
#include "lookup/check.h"
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

/* Started as root, serve would refuse; on another machine than its own the user may lack. */
static void check_user(const struct conf *conf, struct buf *errors)
{
	struct arena arena = {0};

	if (geteuid() == 0 && !getpwnam(arena_str(&arena, conf->user)))
		(void)buf_printf(errors,
			"%.*s:%u: warning: user: there is no user \"%.*s\" here, and serve as root "
			"needs one; make it (useradd --system --no-create-home --shell "
			"/usr/sbin/nologin NAME) or name another\n",
			SPAN_F(conf->file), conf->user_line, SPAN_F(conf->user));
	arena_done(&arena);
}

static int check_file(const char *file)
{
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf = {0};
	int rc = conf_load(file, &arena, &conf, &errors);
	bool good = rc == 0 && keys_check(&conf, &errors) == 0 && lookup_check(&conf, &errors) == 0;

	if (good)
		check_user(&conf, &errors);
	if (errors.len > 0)
		(void)fwrite(errors.at, 1, errors.len, stderr);
	if (good)
		(void)printf("%s: ok%s\n", file, errors.len > 0 ? ", with warnings" : "");
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
			return usage_wrong("check");
		file = optarg;
	}
	if (optind < argc)
		return usage_wrong("check");
	return check_file(file);
}
