/*
 * except - whom a check leaves alone.
 *
 * Pure: what the operator wrote (conf_check.except) against who is there.
 */
#pragma once
#include "conf/address.h"

struct except_who {
	const struct sockaddr *client;
	struct span name;              /* that the client calls itself by; empty: none */
	struct span sender, recipient; /* empty: the null sender; none */
};

/* Can all of them be told by the client's address alone? */
bool except_is_by_network(const struct conf_who *all, size_t n);
bool except_has(const struct conf_who *all, size_t n, const struct except_who *who);
