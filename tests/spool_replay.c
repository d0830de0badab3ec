/*
 * spool_replay - the power goes at each sync of a run in turn; nothing that was acknowledged is lost.
 *
 *	spool_replay SPOOL_WORK SPOOL_TRACE.so
 *
 * A run is traced, then replayed onto a model of a disk up to just before each sync. There the
 * spool is made from what is safe alone, and from random parts of what is not, names included;
 * each has to open, to pass the audit, to hold all that was acknowledged, and to go on.
 * ABIDE_LONG=1: a larger run, more random parts.
 */
#include "base/alloc.h"
#include "spool/testing.h"
#include "spool_disk.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct replay {
	struct trace_paths p;
	struct trace_log log;
	struct story *whole, *heard;
	struct disk *disk;
	unsigned cuts, images, parts;
	int wrong;
};

static void cut(struct replay *r)
{
	for (unsigned i = 0; i <= r->parts; i++) {
		uint64_t seed = i ? r->cuts * 1000U + i : 0;
		int rc = disk_write(r->disk, r->p.dir, seed);

		if (rc < 0) {
			fprintf(stderr, "spool_replay: can't write an image: %d\n", rc);
			exit(1);
		}
		int found = story_check(r->p.dir, r->heard, r->whole, r->p.messages);

		if (found > 0)
			fprintf(stderr, "spool_replay: cut %u, seed %llu: %d wrong\n", r->cuts,
				(unsigned long long)seed, found);
		r->wrong += found;
		r->images++;
		testing_remove_dir(r->p.dir);
	}
	r->cuts++;
}

static void replay(struct replay *r)
{
	struct trace_row row;

	for (size_t at = 0; trace_next(&r->log, &at, &row);) {
		if (disk_is_sync(&row))
			cut(r);
		if (row.e.kind == TRACE_ACK)
			story_hear(r->heard, row.a);
		else
			disk_apply(r->disk, &row);
	}
	cut(r);
}

int main(int argc, char **argv)
{
	bool is_long = getenv("ABIDE_LONG") != NULL;
	char base[64], dir[96], log_path[96];
	struct replay r = {
		.whole = alloc_zero(sizeof *r.whole),
		.heard = alloc_zero(sizeof *r.heard),
		.disk = disk_new("s"),
		.parts = is_long ? 8 : 4,
	};

	if (argc != 3)
		return 64;
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	testing_make_dir(base);
	(void)snprintf(dir, sizeof dir, "%s/s", base);
	(void)snprintf(log_path, sizeof log_path, "%s/log", base);
	r.p = (struct trace_paths){.work = argv[1],
		.preload = argv[2],
		.dir = dir,
		.log = log_path,
		.messages = is_long ? 96 : 40};
	if (trace_start(&r.p, 0, false) != 0 || trace_read(log_path, &r.log) < 0) {
		fprintf(stderr, "spool_replay: the run failed\n");
		return 1;
	}
	trace_hear(&r.log, r.whole);
	testing_remove_dir(dir);
	replay(&r);
	unsigned steps = 0;

	for (unsigned k = 0; k < r.p.messages; k++)
		steps += r.whole->steps[k];
	printf("spool_replay: %u acknowledged steps, %u cuts, %u images, %d wrong\n", steps, r.cuts,
		r.images, r.wrong);
	disk_free(r.disk);
	arena_done(&r.whole->arena);
	arena_done(&r.heard->arena);
	free(r.whole);
	free(r.heard);
	free(r.log.bytes);
	testing_remove_dir(base);
	return r.wrong > 0 || steps == 0;
}
