/*
 * srs_secrets - the secrets that forwarded senders are signed with, from their file.
 *
 * Owns them. Read when they are first needed after the start or a new
 * configuration, and again, each second at most, while they can't be read;
 * logs that. Waits for the file, on a helper thread.
 */
#pragma once
#include "auth/srs.h"
#include "base/arena.h"
#include "conf/conf.h"

struct srs_secrets {
	struct buf text; /* of the file */
	bool is_loaded;
	unsigned changes; /* of the configuration */
	nanos tried_at;   /* 0: not yet */
	int said;         /* the error that was logged last */
};

void srs_secrets_forget(struct srs_secrets *s);
/* What to sign with, copied into the arena; NULL: not wanted, or they could not be read. */
const struct srs *srs_secrets_copy(
	struct srs_secrets *s, const struct conf *conf, struct arena *arena);
