/*
 * spf - what SPF says of a transaction: asked once, when somebody wants to know.
 *
 * auth/spf.h over the session's resolver. Checks, greylisting and the header
 * field use it as a fact. Logs what it found (event=spf).
 */
#pragma once
#include "auth/spf.h"
#include "receive/session.h"

/* Of the transaction that runs; it lives as long. Waits when it is asked first. */
const struct spf_verdict *spf_of(struct session *s) __attribute__((returns_nonnull));
/* The same, for whom it is not worth so long a wait. */
const struct spf_verdict *spf_soon(struct session *s, nanos most) __attribute__((returns_nonnull));
/* Received-SPF, where the configuration wants it and the client is a stranger. May wait. */
int spf_write_field(struct session *s, struct buf *out);
