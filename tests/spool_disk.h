/*
 * spool_disk - a disk as strict as POSIX allows: what a trace left on it when the power went.
 *
 * Bytes are there once their file was synced (or the write itself was synchronous), a name once
 * its folder was; everything else may be there or not, each by itself.
 */
#pragma once
#include "spool_trace_log.h"

struct disk;

/* name: the last part of the spool's path; what is outside of it does not count. */
struct disk *disk_new(const char *name);
void disk_free(struct disk *d);
void disk_apply(struct disk *d, const struct trace_row *row);
/* Whether applying this row makes something safe. */
bool disk_is_sync(const struct trace_row *row);
/* Writes what is left to dir; seed 0: nothing that was not synced, else a random part of it. */
int disk_write(struct disk *d, const char *dir, uint64_t seed);
