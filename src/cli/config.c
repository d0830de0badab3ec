#include "cli/cli.h"
#include "cli/usage.h"
#include "conf/reference.h"
#include <sysexits.h>

int cli_config(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return usage_wrong("config");
	return conf_print_reference(stdout, CONF_FORMAT_TEXT) ? EX_IOERR : EX_OK;
}
