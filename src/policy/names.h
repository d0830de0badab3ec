/*
 * names - what answers of the DNS say of a client, and of a sender's domain.
 *
 * Pure. Whatever is not known speaks against nobody: only an answer does.
 */
#pragma once
#include "conf/address.h"
#include "ipc/messages/resolve.h"
#include "resolve/ops.h"
#include "wire/address.h"

/* ---- the client's name: address to names, and back ---- */

enum names_reverse {
	NAMES_UNKNOWN, /* no answer */
	NAMES_NONE,
	NAMES_UNCONFIRMED, /* there are some; none of them has the address */
	NAMES_CONFIRMED,
};

#define NAMES_MOST 5U /* of one address; more are not looked at */

/* The names of a PTR answer. NAMES_UNKNOWN, NAMES_NONE, or NAMES_UNCONFIRMED: ask for them. */
enum names_reverse names_read(const struct ipc_resolve_answer *ptr, struct arena *arena,
	struct span ret[NAMES_MOST], size_t *ret_n);
/* Does this answer, for A or AAAA of a name, hold the client's address? */
bool names_lead_back(const struct ipc_resolve_answer *a, const struct wire_ip *client);

/* ---- lists (RFC 5782) ---- */

enum names_list { NAMES_NOT_LISTED, NAMES_LISTED, NAMES_LIST_BROKEN };

/* codes: those that count; none: all. Of a broken one *ret_why says why. */
enum names_list names_list_read(const struct ipc_resolve_answer *a,
	const struct conf_network *codes, size_t n_codes, const char **ret_why);

/* Of one that lists somebody, by its answers for 127.0.0.1, 127.0.0.2, ::ffff:7f00:2: NULL, or what is wrong. */
const char *names_list_test(const struct ipc_resolve_answer *nobody,
	const struct ipc_resolve_answer *somebody4, const struct ipc_resolve_answer *somebody6);

/* ---- a sender's domain ---- */

enum names_domain {
	NAMES_DOMAIN_FINE,
	NAMES_DOMAIN_NULL_MX,
	NAMES_DOMAIN_NONE,
	NAMES_DOMAIN_LATER
};

/* By what was answered for MX, AAAA and A. Of LATER *ret_failed is the answer that failed. */
enum names_domain names_domain_read(const struct ipc_resolve_answer *mx,
	const struct ipc_resolve_answer *aaaa, const struct ipc_resolve_answer *a,
	struct arena *arena, const struct ipc_resolve_answer **ret_failed);
