/*
 * stream_inner - the inside of a stream, for its transports.
 *
 * Inside task/ only.
 */
#pragma once
#include "task/stream.h"

struct stream {
	const struct stream_transport *transport;
	void *self;
	char *in;
	size_t in_from, in_to, in_room; /* consumed, received, size of the buffer */
	size_t in_next;                 /* the size that the next input buffer will have */
	char *out;
	size_t out_len, out_room;
	int error;
	bool at_end;
	bool draining; /* a write failed; what the peer sent before may not all be read yet */
};

extern const struct stream_transport stream_fd_transport;
extern const struct stream_transport stream_memory_transport;
