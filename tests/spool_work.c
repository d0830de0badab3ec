/*
 * spool_work - runs the story in a spool; spool_trace, where it is loaded, watches or kills it.
 *
 *	spool_work DIR MESSAGES
 */
#include "preload/trace.h"
#include "spool_story.h"
#include <stdio.h>
#include <stdlib.h>

static void tell(const char *text)
{
	if (spool_trace_ack)
		spool_trace_ack(text);
	else
		puts(text);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 64;
	return story_run(argv[1], (uint32_t)strtoul(argv[2], NULL, 10), tell) < 0;
}
