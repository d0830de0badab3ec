/*
 * file - the bytes of a configuration file.
 *
 * Within conf/ only. Bounded by CONF_FILE_MAX and a margin, which is the
 * buf's; blocks while it reads, never logs.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

/* 0 or -errno. */
int file_read(int fd, struct buf *text);
/* The same by name; -EMSGSIZE where it is larger than a configuration may be. */
int file_read_named(const char *file, struct buf *text);
/* Says so, and returns rc. */
int file_refuse(const char *file, int rc, struct buf *errors);
