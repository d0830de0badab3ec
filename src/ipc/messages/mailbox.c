#include "ipc/messages/mailbox.h"
#include "ipc/messages/rows.h"

ROWS(ipc_mailbox_store) = {
	PACK_F_ID(struct ipc_mailbox_store, id),
	PACK_F_U32(struct ipc_mailbox_store, n),
	PACK_F_SPAN(struct ipc_mailbox_store, sender),
	PACK_F_SPAN(struct ipc_mailbox_store, recipient),
	PACK_F_SPAN(struct ipc_mailbox_store, head),
	PACK_F_U64(struct ipc_mailbox_store, content_len),
	PACK_F_BOOL(struct ipc_mailbox_store, content_in_file),
	PACK_F_BOOL(struct ipc_mailbox_store, again),
};
TYPE(ipc_mailbox_store);

ROWS(ipc_mailbox_stored) = {
	PACK_F_U8(struct ipc_mailbox_stored, verdict),
	PACK_F_BOOL(struct ipc_mailbox_stored, was_there),
	PACK_F_I64(struct ipc_mailbox_stored, error),
	PACK_F_SPAN(struct ipc_mailbox_stored, at),
};
TYPE(ipc_mailbox_stored);
