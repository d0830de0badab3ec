/*
 * cursor - where a list of messages goes on, as text in an address: "0.0.0.01M8NTG2FQ7NY0000008000001.0".
 *
 * Pure. It comes back from strangers, who may send anything.
 */
#pragma once
#include "ipc/messages/control.h"

#define CURSOR_TEXT_MAX 96U

/* STAGE "." LANE "." DUE "." ID "." PART; no sign, and numbers that fit. 0, or -EBADMSG. */
int cursor_read(struct span text, struct ipc_cursor *ret) __attribute__((warn_unused_result));
struct span cursor_text(const struct ipc_cursor *c, char out[CURSOR_TEXT_MAX]);
