/*
 * fit - what of a message this peer can be told: its envelope, and its content as the peer takes it.
 *
 * By what EHLO offered: SIZE, 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), DSN (RFC 3461). Inside
 * deliver/.
 */
#pragma once
#include "deliver/transaction.h"

/*
 * Chooses t->adapted. False: nothing may be said, as somebody has got a fate; who has none goes in
 * another transaction. Waits.
 */
bool fit_may_go(struct transaction *t);
/* MAIL with its parameters and CRLF. False: no memory. */
bool fit_add_mail(struct transaction *t, struct buf *out);
/* RCPT for recipient i of t->who. */
void fit_add_rcpt(const struct transaction *t, size_t i, struct buf *out);
