#include "main/serve.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "main/supervisor.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What is opened later must not become standard input, output or error. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		(void)close(fd);
}

int serve_main(int argc, char **argv)
{
	const char *file = CLI_CONFIGURATION;
	int option;

	fill_standard_fds();
	optind = 1;
	while ((option = getopt(argc, argv, "c:")) == 'c')
		file = optarg;
	if (option != -1 || optind != argc)
		return usage_wrong("serve");
	return supervise(file);
}
