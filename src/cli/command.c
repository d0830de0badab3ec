#include "cli/command.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

static void command_task(void *arg)
{
	struct command *c = arg;
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;
	struct spooled s;
	int rc = conf_load(c->file, &arena, &conf, &errors);

	if (rc < 0) {
		(void)fprintf(stderr, "%.*s", SPAN_F(buf_span(&errors)));
		if (errors.len == 0)
			(void)fprintf(stderr, "abide: %s can't be read\n", c->file);
		c->status = rc == -EINVAL ? EX_CONFIG : EX_NOINPUT;
	} else {
		c->lang = conf.language;
		c->status = spooled_open(&conf, c->may_write, &s);
		if (c->status == EX_OK)
			c->status = c->run(c, &s);
		spooled_close(&s);
	}
	buf_done(&errors);
	arena_done(&arena);
}

int command_run(struct command *c)
{
	/* Nobody waits for another task here. */
	struct task_options options = {.watchdog = NANOS_S * 3600};
	int rc = task_run(&options, command_task, c);

	if (rc < 0)
		return EX_OSERR;
	return fflush(stdout) == 0 || c->status != EX_OK ? c->status : EX_IOERR;
}
