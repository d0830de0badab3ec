/*
 * command - what the subcommands that look into the spool share: the configuration, the way to it.
 *
 * Inside cli/ only.
 */
#pragma once
#include "cli/spooled.h"
#include "reply/texts.h"

struct command {
	const char *file; /* of the configuration */
	bool json, may_write;
	enum reply_lang lang;                             /* of explanations: set by command_run */
	int (*run)(struct command *c, struct spooled *s); /* an exit status */
	int status;
};

/* Loads the configuration, opens the spool, runs c->run in a task. An exit status. */
int command_run(struct command *c);
