/*
 * ldap_conn - one connection to a directory, as a helper thread uses it.
 *
 * The only user of libldap. Everything blocks, until a deadline; nothing here
 * is shared with tasks, and nothing is logged: what failed is a step, a kind
 * and the library's own words. The password is read from its file at each
 * login and forgotten. Referrals are not followed.
 */
#pragma once
#include "base/buf.h"
#include "ipc/messages/lookup.h"
#include "lookup/map.h"

struct ldap_conn;

struct ldap_query {
	struct span key;      /* empty: is the directory there? */
	struct span password; /* with is_login */
	bool is_login;        /* key is a user: is that its password? */
	nanos deadline;
	/* what came of it */
	enum ipc_lookup_state state;
	enum lookup_trouble trouble;
	const char *step;
	char why[MAP_WHY_MAX];
	struct buf values; /* u32 length, bytes, again and again */
	size_t n;
};

#define LDAP_VALUES_MAX ((size_t)4 << 20) /* bytes of one answer */

/* conf must live as long as it. Does not connect yet. */
struct ldap_conn *ldap_conn_new(const struct conf_map *conf);
void ldap_conn_free(struct ldap_conn *c); /* NULL is fine; closes it */
/* Connects where it is not connected, asks; once more where the connection had died unnoticed. */
void ldap_conn_ask(struct ldap_conn *c, struct ldap_query *q);
