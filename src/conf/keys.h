/*
 * keys - the sections about what is proved by keys: tls, certificate, dkim.
 *
 * Parts of struct conf (conf/conf.h); their rows are in schema_keys.c. Paths only: the keys themselves
 * are read by the process keys alone.
 */
#pragma once
#include "base/span.h"

/* A certificate with its key, as files. */
struct conf_certificate {
	struct span
		name; /* who asks for it: lower case, ".example.org" for all below it; of tls: empty */
	struct span certificate, key; /* paths */
	uint32_t line;                /* where it stands in the file */
};

/* Who signs for the authors of a domain, and of those below it that have no section. */
struct conf_dkim {
	struct span domain;               /* lower case */
	struct span rsa_key, ed25519_key; /* paths; empty: not with that */
	struct span rsa_selector, ed25519_selector;
	uint32_t line; /* where it stands in the file */
};

struct conf_encryption {
	struct conf_certificate own; /* for who asks for no other; certificate empty: no TLS */
	struct span authorities;     /* the file that servers are verified with */
};
