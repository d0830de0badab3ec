/*
 * queue - abide queue: what all of its verbs know. Inside cli/ only.
 */
#pragma once
#include "cli/command.h"
#include "ipc/messages/control.h"

struct queue_command {
	struct command command;
	const char *verb; /* "list" where none was given */
	struct ipc_control_list filter;
	bool has_filter, all, yes;
	char **ids; /* as given */
	int ids_n;
};

struct queue_command *queue_command_of(struct command *c);
/* Says that there is no such message where rc is EX_NOINPUT. Returns rc. */
int queue_unknown(int rc, const char *id);

/* queue_change.c: hold, release, retry, drop, bounce */
int queue_change(struct command *c, struct spooled *s);
