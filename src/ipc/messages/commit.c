#include "ipc/messages/commit.h"
#include "ipc/messages/rows.h"

ROWS(ipc_queue_hello) = {PACK_F_U32(struct ipc_queue_hello, index)};
TYPE(ipc_queue_hello);

ROWS(ipc_queue_welcome) = {
	PACK_F_U32(struct ipc_queue_welcome, generation),
	PACK_F_U16(struct ipc_queue_welcome, instance),
};
TYPE(ipc_queue_welcome);

ROWS(ipc_queue_room) = {
	PACK_F_U64(struct ipc_queue_room, disk_free),
	PACK_F_U64(struct ipc_queue_room, inodes_free),
	PACK_F_U32(struct ipc_queue_room, map_used),
};
TYPE(ipc_queue_room);

ROWS(ipc_recipient) = {
	PACK_F_SPAN(struct ipc_recipient, address),
	PACK_F_SPAN(struct ipc_recipient, orcpt),
	PACK_F_U8(struct ipc_recipient, notify),
	PACK_F_SPAN(struct ipc_recipient, sender),
};
INNER(ipc_recipient);

ROWS(ipc_commit) = {
	PACK_F_ID(struct ipc_commit, id),
	PACK_F_SPAN(struct ipc_commit, sender),
	PACK_F_SPAN(struct ipc_commit, client),
	PACK_F_SPAN(struct ipc_commit, helo),
	PACK_F_SPAN(struct ipc_commit, tls),
	PACK_F_SPAN(struct ipc_commit, login),
	PACK_F_SPAN(struct ipc_commit, envid),
	PACK_F_U8(struct ipc_commit, ret),
	PACK_F_BOOL(struct ipc_commit, body_8bit),
	PACK_F_BOOL(struct ipc_commit, smtputf8),
	PACK_F_BOOL(struct ipc_commit, is_own),
	PACK_F_BOOL(struct ipc_commit, is_unproved),
	PACK_F_BOOL(struct ipc_commit, content_in_file),
	PACK_F_U64(struct ipc_commit, content_len),
	PACK_F_U32(struct ipc_commit, content_crc),
	PACK_F_SPAN(struct ipc_commit, edits),
	PACK_F_ARRAY(struct ipc_commit, recipients, recipients_n, &ipc_recipient_type),
	PACK_F_ARRAY(struct ipc_commit, expanded, expanded_n, &ipc_recipient_type),
};
TYPE(ipc_commit);
