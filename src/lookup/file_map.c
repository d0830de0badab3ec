/* A map that is a file: read on a helper thread, and again when it has changed. */
#include "base/alloc.h"
#include "base/log.h"
#include "lookup/map.h"
#include "lookup/rows.h"
#include "lookup/table_file.h"
#include "task/task.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY (250 * NANOS_MS)

struct file_map {
	struct map map;
	char *path;
	struct rows *rows;         /* NULL: none could be read yet */
	struct table_stamp loaded; /* of the file that was read last, right or wrong */
	struct table_stamp seen;   /* changed, but maybe not yet at rest */
	int error;                 /* that was said last */
	struct task *task;
	struct task_gate first; /* the first look is over */
	bool has_looked;
};

struct look { /* what a helper thread works on */
	const char *path;
	enum rows_format format;
	struct table_stamp loaded, seen;
	bool is_first;
	bool has_read; /* rows, or fault */
	int rc;
	struct rows *rows;
	struct rows_fault fault;
};

static void look(void *arg)
{
	struct look *l = arg;
	struct table_stamp now;

	l->rc = table_stamp(l->path, &now);
	if (l->rc < 0 || table_stamp_equal(&now, &l->loaded))
		return;
	/* It has changed: read it when nobody has written since the last look. */
	bool rests = l->is_first || table_stamp_equal(&now, &l->seen);

	l->seen = now;
	if (!rests)
		return;
	l->rc = table_file_read(l->path, l->format, &l->rows, &l->loaded, &l->fault);
	l->has_read = l->rc != -EAGAIN;
	if (l->rc == -EAGAIN)
		l->rc = 0;
}

static void say_wrong(struct file_map *f, const struct look *l)
{
	const char *kept = f->rows ? "the table that was read before stays in use"
				   : "recipients that need it are put off";

	if (l->rc == -EINVAL)
		log_event(LOG_ERROR, "map_wrong", LOG_SPAN("map", f->map.conf.name),
			LOG_STR("file", f->path), LOG_U64("line", l->fault.line),
			LOG_STR("error", l->fault.why), LOG_STR("note", kept));
	else if (l->rc != f->error)
		log_event(LOG_ERROR, "map_wrong", LOG_SPAN("map", f->map.conf.name),
			LOG_STR("file", f->path), LOG_ERRNO(l->rc), LOG_STR("note", kept));
}

static void take(struct file_map *f, struct look *l, nanos took)
{
	f->seen = l->seen;
	if (l->rc < 0) {
		say_wrong(f, l);
	} else if (l->has_read) {
		rows_free(f->rows);
		f->rows = l->rows;
		log_event(LOG_INFO, "map_loaded", LOG_SPAN("map", f->map.conf.name),
			LOG_STR("file", f->path), LOG_U64("rows", rows_count(f->rows)),
			LOG_U64("took_ms", (uint64_t)(took / NANOS_MS)));
	}
	if (l->has_read)
		f->loaded = l->loaded;
	f->error = l->rc;
}

static void watch(void *arg)
{
	struct file_map *f = arg;

	while (!f->map.is_closed) {
		struct look *l = alloc_zero(sizeof *l);
		nanos begun = clock_now();

		*l = (struct look){.path = f->path,
			.format = f->map.conf.type == CONF_MAP_ALIASES ? ROWS_ALIASES : ROWS_PLAIN,
			.loaded = f->loaded,
			.seen = f->seen,
			.is_first = !f->rows && !f->has_looked};
		if (task_offload(look, l) == 0)
			take(f, l, clock_now() - begun);
		free(l);
		f->has_looked = true;
		task_gate_wake_all(&f->first);
		if (task_sleep(clock_after(LOOK_EVERY)) < 0)
			break;
	}
	map_put(&f->map);
}

static struct map *open_map(void)
{
	struct file_map *f = alloc_zero(sizeof *f);

	task_gate_init(&f->first);
	return &f->map;
}

static void start(struct map *m)
{
	struct file_map *f = container_of(m, struct file_map, map);

	f->path = alloc_copy(m->conf.file.at, m->conf.file.len);
	f->task = task_spawn("map", watch, f);
	if (f->task)
		map_get(m);
}

static void stop(struct map *m)
{
	struct file_map *f = container_of(m, struct file_map, map);

	if (!f->task)
		return;
	task_cancel(f->task);
	task_detach(f->task);
	f->task = NULL;
}

static void ask(
	struct map *m, struct span key, nanos deadline, struct arena *arena, struct map_answer *ret)
{
	struct file_map *f = container_of(m, struct file_map, map);
	struct span value;
	unsigned line;

	*ret = (struct map_answer){.state = IPC_LOOKUP_MISSING};
	while (!f->has_looked && f->task)
		if (task_gate_wait(&f->first, deadline) < 0)
			break;
	if (!f->rows) {
		map_fail(ret, LOOKUP_NOT_LOADED, "read", "%s: %s", f->path,
			f->error == -EINVAL ? "is wrong, see map_wrong" : log_strerror(f->error));
		return;
	}
	if (!rows_find(f->rows, key, &value, &line))
		return;
	ret->state = IPC_LOOKUP_FOUND;
	ret->line = line;
	ret->values = rows_split(arena_copy(arena, value), arena, &ret->n);
}

static void free_map(struct map *m)
{
	struct file_map *f = container_of(m, struct file_map, map);

	rows_free(f->rows);
	free(f->path);
	free(f);
}

const struct map_kind map_file = {.name = "file",
	.open = open_map,
	.start = start,
	.ask = ask,
	.stop = stop,
	.free = free_map};
