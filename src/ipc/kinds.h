/*
 * kinds - the register of all that abide's processes say to each other, for ipc_open.
 *
 * Sorted by type: who needs a number for a new message finds a free one here. The messages
 * themselves stand in ipc/messages/, a header for each conversation.
 */
#pragma once
#include "ipc/ipc.h"

extern const struct ipc_kind ipc_kinds[];
extern const size_t ipc_kinds_n;
