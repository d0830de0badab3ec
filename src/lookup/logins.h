/*
 * logins - is it that user? Whatever the configuration says where they are.
 *
 * A file (users_file.h), a directory or Dovecot (map.h: both behind a deadline
 * and a breaker). Waits until the deadline at most, and always gives an answer:
 * yes, no, or the kind of failure, whose cause is logged.
 */
#pragma once
#include "ipc/messages/login.h"
#include "lookup/maps.h"
#include "lookup/users_file.h"

struct logins {
	struct users_file *file; /* NULL: they are elsewhere */
	struct map *dovecot;     /* too */
};

void logins_update(struct logins *l, const struct conf *conf);
void logins_done(struct logins *l);
/* conf: held by the caller; maps: those that are in force. */
void logins_ask(struct logins *l, const struct maps *maps, const struct conf_users *conf,
	const struct ipc_lookup_auth *q, nanos deadline, struct arena *arena,
	struct ipc_lookup_authed *ret);
