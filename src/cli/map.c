/* abide map: asks a map as abide would, and shows the answer. */
#include "cli/cli.h"
#include "cli/usage.h"
#include "conf/conf.h"
#include "lookup/map.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

struct question {
	const char *file, *name, *key;
	int status;
};

static void print_answer(
	const struct question *q, const struct conf_map *m, const struct map_answer *a)
{
	for (size_t i = 0; i < a->n; i++)
		(void)printf("%.*s\n", SPAN_F(a->values[i]));
	if (a->line > 0)
		(void)fprintf(stderr, "abide: %.*s:%u\n", SPAN_F(m->file), a->line);
	if (a->state == IPC_LOOKUP_MISSING)
		(void)fprintf(stderr, "abide: map %s has no key %s\n", q->name, q->key);
	if (a->state == IPC_LOOKUP_FAILED)
		(void)fprintf(stderr, "abide: map %s: %s: %s: %s\n", q->name,
			lookup_trouble_text(a->trouble), a->step, a->why);
}

static void ask(struct question *q, const struct conf_map *conf)
{
	struct arena arena = {0};
	struct map_answer a;
	struct map *m = map_new(conf, NULL);

	map_ask(m, span_str(q->key), CLOCK_NEVER, &arena, &a);
	print_answer(q, conf, &a);
	q->status = a.state == IPC_LOOKUP_FOUND     ? EX_OK
		    : a.state == IPC_LOOKUP_MISSING ? EX_NOUSER
						    : EX_TEMPFAIL;
	map_close(m);
	arena_done(&arena);
}

static void run(void *arg)
{
	struct question *q = arg;
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;
	int rc = conf_load(q->file, &arena, &conf, &errors);
	const struct conf_map *m = rc == 0 ? conf_map_for(&conf, span_str(q->name)) : NULL;

	if (rc < 0)
		(void)fprintf(stderr, "%.*s", SPAN_F(buf_span(&errors)));
	else if (!m)
		(void)fprintf(stderr, "abide: %s has no map \"%s\"\n", q->file, q->name);
	q->status = rc == -EINVAL ? EX_CONFIG : rc < 0 ? EX_NOINPUT : EX_USAGE;
	if (m)
		ask(q, m);
	buf_done(&errors);
	arena_done(&arena);
}

int cli_map(int argc, char **argv)
{
	struct question q = {.file = CLI_CONFIGURATION};
	/* Nobody waits for another task here. */
	struct task_options options = {.watchdog = NANOS_S * 3600};
	int option;

	optind = 1;
	while ((option = getopt(argc, argv, "c:")) != -1) {
		if (option != 'c')
			return usage_wrong("map");
		q.file = optarg;
	}
	if (argc - optind != 2)
		return usage_wrong("map");
	q.name = argv[optind];
	q.key = argv[optind + 1];
	if (task_run(&options, run, &q) < 0)
		return EX_OSERR;
	return fflush(stdout) == 0 ? q.status : EX_IOERR;
}
