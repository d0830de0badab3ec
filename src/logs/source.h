/*
 * logs_source - the lines of a log, plain, .gz or .zst, told apart by their first bytes.
 *
 * Reads a descriptor piece by piece; memory does not grow with the file. Owns its buffers, not the
 * descriptor. A line beyond LOGS_LINE_MAX is cut, what is behind left out.
 */
#pragma once
#include "base/span.h"

enum { LOGS_LINE_MAX = 1 << 16 };

/* Calls each for every line without its end. 0, or -errno; -EBADMSG: what is compressed is broken. */
int logs_source_read(int fd, void (*each)(void *arg, struct span line), void *arg);
