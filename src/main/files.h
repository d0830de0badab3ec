/*
 * files - what the supervisor opens for roles that may not: certificates, keys, authorities.
 *
 * Held open as long as the configuration is in force, so that a role that is
 * started again gets them too. Nothing of them is read here.
 */
#pragma once
#include "base/buf.h"
#include "conf/conf.h"
#include "ipc/messages/role.h"

struct files {
	int fds[CONF_KEY_FILES_MAX]; /* certificate, key, certificate, ...; then keys of DKIM */
	size_t n;
	int authorities; /* -1: not there, or nobody wants it */
};

/* 0 or -errno, and why gets "FILE:LINE: ...". */
int files_open(const struct conf *conf, struct files *ret, struct buf *why);
void files_close(struct files *f);
/* Those of a role, into fds; how many. */
size_t files_of(const struct files *f, enum ipc_role kind, int *fds);
