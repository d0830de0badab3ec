/*
 * sts_keep - policies as files: one a domain, named after it.
 *
 * Blocks: for helper threads (task_offload) only. What can't be read is left
 * out and removed: it is fetched again.
 */
#pragma once
#include "base/buf.h"
#include "resolve/sts_text.h"

#define STS_DOMAIN_MAX 253U
#define STS_KEPT_MOST  10000U /* files that are read */

struct sts_kept {
	char domain[STS_DOMAIN_MAX + 1];
	char id[STS_ID_MAX + 1];
	int64_t fetched_ms; /* wall time */
	uint32_t max_age;   /* seconds */
	uint8_t mode;       /* enum sts_mode */
	struct buf hosts;   /* patterns, each with a newline; owned */
};

void sts_kept_free(struct sts_kept *k); /* NULL is fine */
/* Its file, whole or not at all. 0 or -errno. */
int sts_keep_write(int folder, const struct sts_kept *k);
void sts_keep_remove(int folder, const char *domain);
/* All that is there: take is given each, and owns it. */
void sts_keep_read(int folder, void (*take)(struct sts_kept *k, void *arg), void *arg);
/* The text of a file; 0 or -EBADMSG. Pure. */
int sts_kept_parse(struct span domain, struct span text, struct sts_kept *ret);
