/*
 * table_file - the file of a map: whether it has changed, and what stands in it.
 *
 * For helper threads and command line tools: it blocks, and touches nothing
 * that tasks share. Never logs.
 */
#pragma once
#include "lookup/rows.h"
#include <sys/types.h>

struct table_stamp { /* zeroed: of no file */
	int64_t seconds, nanos, size;
	uint64_t inode, device;
};

/* 0 or -errno. */
int table_stamp(const char *path, struct table_stamp *ret);
bool table_stamp_equal(const struct table_stamp *a, const struct table_stamp *b);

/* All bytes of a file at rest, malloc'ed; 0, -EAGAIN as below, or another -errno. */
int table_file_bytes(
	const char *path, char **ret_text, size_t *ret_len, struct table_stamp *ret_stamp);
/*
 * Reads all of it. 0, -EINVAL with *ret_fault, -EAGAIN: it was written to meanwhile, or another
 * -errno. *ret_stamp is of what was read, also where that is wrong; *ret is set with 0 only.
 */
int table_file_read(const char *path, enum rows_format format, struct rows **ret,
	struct table_stamp *ret_stamp, struct rows_fault *ret_fault);
