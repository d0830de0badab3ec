/*
 * trace - the log of spool_trace: what was written, in order, and what was acknowledged when.
 */
#pragma once
#include <stdint.h>

enum trace_kind {
	TRACE_ACK = 'A',      /* a: text */
	TRACE_CREATE = 'C',   /* ino: the file, other: its folder, a: name */
	TRACE_FOLDER = 'M',   /* the same for a folder */
	TRACE_WRITE = 'W',    /* ino, at, b: bytes; other: 1 where it is synchronous (O_DSYNC) */
	TRACE_TRUNCATE = 'T', /* ino, at: new length */
	TRACE_RENAME = 'R',   /* ino, other: folders; a, b: names */
	TRACE_UNLINK = 'U',   /* other: folder, a: name */
	TRACE_SYNC = 'S',     /* ino: file or folder */
};

struct trace_event {
	uint32_t kind;
	uint32_t a_len, b_len;
	uint32_t unused;
	uint64_t ino, other, at;
};

/* There where spool_trace is loaded. */
void spool_trace_ack(const char *text) __attribute__((weak));
