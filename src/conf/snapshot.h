/*
 * snapshot - the configuration on its way between processes.
 *
 * conf_pack and conf_unpack are strict (base/pack.h). A snapshot travels as a
 * memfd that nobody can change any more; conf_map_memfd checks that before it
 * reads. Owns only the descriptors that it makes. Never logs or waits.
 */
#pragma once
#include "conf/conf.h"

#define CONF_SNAPSHOT_MAX ((size_t)16 << 20)

/* Appends the snapshot under this number. 0 or the buf's sticky error. */
int conf_pack(const struct conf *conf, uint32_t number, struct buf *out);
/* 0, or -EBADMSG and *ret untouched. Spans in *ret borrow from in, the rest is the arena's. */
int conf_unpack(struct span in, struct arena *arena, struct conf *ret);

/* A sealed memfd (close-on-exec) at offset 0 that the caller owns, or -errno. */
int conf_seal_memfd(const struct conf *conf, uint32_t number);
/*
 * Reads a snapshot; the descriptor stays the caller's and may be closed then.
 * 0, -EPERM where it is not sealed, -EMSGSIZE, -EBADMSG or another -errno.
 */
int conf_map_memfd(int fd, struct arena *arena, struct conf *ret);
