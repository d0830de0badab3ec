/*
 * encrypt - what a session needs for TLS, as a small interface.
 *
 * receive/keys_link.c stands behind it in the product; tests and fuzzers put
 * a pretence here. Both calls may wait until the deadline.
 */
#pragma once
#include "task/tls.h"

struct encrypt_ops {
	/* Could a session speak TLS now? False at once where none is configured. */
	bool (*ready)(void *self, nanos deadline);
	/* As tls_accept; -ENOTSUP where ready would say false, and the stream is as it was. */
	int (*accept)(void *self, struct stream *s, nanos deadline, struct tls_info *ret);
	/* As tls_binding. */
	ssize_t (*binding)(void *self, const struct stream *s, enum tls_binding kind,
		unsigned char out[TLS_BINDING_MAX]);
};
