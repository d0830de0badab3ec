/*
 * password - is it that user's password? Hashes as they are stored.
 *
 * Kinds, with or without Dovecot's {SCHEME} before them: crypt(3) ($2b$ bcrypt,
 * $5$ and $6$ SHA-crypt, $y$ yescrypt), $argon2id$, SCRAM keys, and {PLAIN}
 * where that is allowed. password_check is much work by design (a tenth of a
 * second, up to some hundred megabytes): for helper threads. Never logs or
 * waits; nothing of the password is left in memory that was ours.
 */
#pragma once
#include "auth/scram.h"

enum password_kind {
	PASSWORD_WRONG, /* nothing that we could check */
	PASSWORD_CRYPT,
	PASSWORD_ARGON2,
	PASSWORD_SCRAM,
	PASSWORD_PLAIN,
};

#define PASSWORD_STORED_MAX 512U

/* What it is; *ret_hash is it without {SCHEME}. Old kinds (DES, MD5) are wrong. */
enum password_kind password_kind(struct span stored, struct span *ret_hash);
/* Prepared as auth/sasl.h does. A plain one is never right unless may_be_plain. */
bool password_check(struct span stored, struct span password, bool may_be_plain);
