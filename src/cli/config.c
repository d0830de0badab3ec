#include "cli/cli.h"
#include "conf/reference.h"
#include <sysexits.h>

int cli_config(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		(void)fprintf(stderr, "usage: abide config\n");
		return EX_USAGE;
	}
	return conf_print_reference(stdout, CONF_FORMAT_TEXT) ? EX_IOERR : EX_OK;
}
