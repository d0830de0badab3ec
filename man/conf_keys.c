/* Copies a man page from standard input, with every key in the place of the line "@KEYS@". */
#include "conf/reference.h"
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof line, stdin)) {
		if (strcmp(line, "@KEYS@\n") != 0)
			(void)fputs(line, stdout);
		else if (conf_print_reference(stdout, CONF_FORMAT_MAN))
			return EXIT_FAILURE;
	}
	return fflush(stdout) == 0 && !ferror(stdin) ? EXIT_SUCCESS : EXIT_FAILURE;
}
