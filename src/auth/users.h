/*
 * users - who may log in: a file of names, stored passwords and senders.
 *
 *	line = login ":" stored [ ":" sender *( ("," / SP) sender ) ] [ ":" anything ]
 *	sender = address / "@" domain / "*"
 *
 * The first two fields are those of Dovecot's passwd-file. Reading is one pass
 * and touches nothing that tasks share: a helper thread may do it. The first
 * wrong line makes the file wrong. Logins are compared in lower case (ASCII).
 * Never logs or waits.
 */
#pragma once
#include "auth/password.h"

#define USERS_TEXT_MAX ((size_t)64 << 20)
#define USERS_WHY_MAX  200

struct users;

struct users_fault {
	unsigned line;
	char why[USERS_WHY_MAX]; /* what is wrong, and what would be right */
};

struct user {
	struct span login;   /* as written in the file; borrowed from users */
	struct span stored;  /* password */
	struct span senders; /* as they stand there; empty: by the login itself */
};

/* Copies text. 0; -EINVAL with *ret_fault; -EMSGSIZE. */
int users_read(
	struct span text, bool may_be_plain, struct users **ret, struct users_fault *ret_fault);
void users_free(struct users *u); /* NULL is fine */
size_t users_count(const struct users *u);
bool users_has_keys(const struct users *u); /* can anybody log in by SCRAM? */
bool users_find(const struct users *u, struct span login, struct user *ret);
/*
 * What SCRAM says of a login that has no keys: a salt that is always the same for it, and
 * iterations as of others, so that nobody learns whether it is there. Nothing proves against them.
 */
void users_decoy_keys(const struct users *u, struct span login, struct scram_keys *ret);
/* A stored password that stands for those of names that are not there: checking it takes as long. */
struct span users_decoy(const struct users *u);

/*
 * May who has logged in under that name send as that address (canonical, not the null sender)?
 * senders: the user's, or what a map says. Without any: the login is an address and that one, with
 * or without +tag; or it is the local part of an address at one of our domains, is_ours says.
 */
bool users_may_send_as(struct span login, struct span senders, struct span address, bool is_ours);
