/*
 * set - the certificates and keys of one configuration.
 *
 * Read from the files that the supervisor has opened. The reading itself must
 * not run on a task's stack (keys_set_read is for task_offload).
 */
#pragma once
#include "conf/conf.h"
#include "keys/dkim.h"

struct keys_entry {
	struct span name;      /* as in conf_certificate */
	struct keys_pair pair; /* key NULL: unusable, and why says so */
	bool is_kept;     /* what was read is unusable, and the pair is that of the set before */
	const char *file; /* that why is about */
	char why[KEYS_WHY_MAX];
};

struct keys_set {
	struct arena arena;
	const struct conf *conf; /* only while it is read */
	const int *files;        /* certificate, key, certificate, ...; likewise */
	size_t files_n;
	uint32_t number; /* of the configuration */
	struct keys_entry *entries;
	size_t n;
	struct keys_dkim *dkim; /* in the order of conf->dkim */
	size_t dkim_n;
};

/* arg: a struct keys_set with conf, files and number set. */
void keys_set_read(void *arg);
/* What can't be used of s stays as it was in the set before it. */
void keys_set_keep(struct keys_set *s, const struct keys_set *before);
/* NULL: nobody signs mail of that domain. */
const struct keys_dkim *keys_set_dkim(const struct keys_set *s, struct span domain);
void keys_set_free(struct keys_set *s); /* NULL is fine */

/* A key's name outside: its set and place, so that an older set's is not taken for it. */
uint32_t keys_set_name(const struct keys_set *s, size_t i);
/* NULL: not of this set. */
const struct keys_pair *keys_set_find(const struct keys_set *s, uint32_t name);
