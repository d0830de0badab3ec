#include "ipc/messages/control.h"
#include "ipc/messages/rows.h"

ROWS(ipc_cursor) = {
	PACK_F_U8(struct ipc_cursor, stage),
	PACK_F_U32(struct ipc_cursor, lane),
	PACK_F_I64(struct ipc_cursor, due),
	PACK_F_ID(struct ipc_cursor, id),
	PACK_F_U32(struct ipc_cursor, part),
};
TYPE(ipc_cursor);

ROWS(ipc_control_list) = {
	PACK_F_SPAN(struct ipc_control_list, id),
	PACK_F_SPAN(struct ipc_control_list, site),
	PACK_F_SPAN(struct ipc_control_list, cause),
	PACK_F_SPAN(struct ipc_control_list, sender),
	PACK_F_SPAN(struct ipc_control_list, recipient),
	PACK_F_BOOL(struct ipc_control_list, null_sender),
	PACK_F_BOOL(struct ipc_control_list, only_ids),
	PACK_F_ONE(struct ipc_control_list, after, &ipc_cursor_type),
	PACK_F_U32(struct ipc_control_list, most),
};
TYPE(ipc_control_list);

ROWS(ipc_control_recipient) = {
	PACK_F_SPAN(struct ipc_control_recipient, address),
	PACK_F_SPAN(struct ipc_control_recipient, site),
	PACK_F_SPAN(struct ipc_control_recipient, state),
	PACK_F_U32(struct ipc_control_recipient, attempts),
	PACK_F_I64(struct ipc_control_recipient, next_try_wall_ms),
	PACK_F_U16(struct ipc_control_recipient, code),
	PACK_F_SPAN(struct ipc_control_recipient, status),
	PACK_F_SPAN(struct ipc_control_recipient, reply),
	PACK_F_SPAN(struct ipc_control_recipient, cause),
	PACK_F_SPAN(struct ipc_control_recipient, peer),
	PACK_F_U32(struct ipc_control_recipient, n),
	PACK_F_SPAN(struct ipc_control_recipient, tls),
	PACK_F_SPAN(struct ipc_control_recipient, finding),
};
INNER(ipc_control_recipient);

ROWS(ipc_control_message) = {
	PACK_F_ID(struct ipc_control_message, id),
	PACK_F_SPAN(struct ipc_control_message, sender),
	PACK_F_SPAN(struct ipc_control_message, client),
	PACK_F_SPAN(struct ipc_control_message, helo),
	PACK_F_SPAN(struct ipc_control_message, tls),
	PACK_F_SPAN(struct ipc_control_message, login),
	PACK_F_U64(struct ipc_control_message, size),
	PACK_F_I64(struct ipc_control_message, arrived_wall_ms),
	PACK_F_I64(struct ipc_control_message, expires_wall_ms),
	PACK_F_ARRAY(
		struct ipc_control_message, recipients, recipients_n, &ipc_control_recipient_type),
};
TYPE(ipc_control_message);

ROWS(ipc_control_ids) = {PACK_F_U64(struct ipc_control_ids, recipients)};
TYPE(ipc_control_ids);

ROWS(ipc_control_change) = {
	PACK_F_SPAN(struct ipc_control_change, verb),
	PACK_F_SPAN(struct ipc_control_change, ids),
	PACK_F_SPAN(struct ipc_control_change, site),
	PACK_F_SPAN(struct ipc_control_change, cause),
	PACK_F_SPAN(struct ipc_control_change, recipient),
	PACK_F_BOOL(struct ipc_control_change, all),
};
TYPE(ipc_control_change);

ROWS(ipc_control_finding) = {
	PACK_F_SPAN(struct ipc_control_finding, table),
	PACK_F_SPAN(struct ipc_control_finding, row),
	PACK_F_SPAN(struct ipc_control_finding, wrong),
};
TYPE(ipc_control_finding);

ROWS(ipc_control_progress) = {
	PACK_F_U64(struct ipc_control_progress, done),
	PACK_F_U64(struct ipc_control_progress, of),
	PACK_F_U64(struct ipc_control_progress, before),
	PACK_F_U64(struct ipc_control_progress, after),
	PACK_F_U64(struct ipc_control_progress, took_ms),
	PACK_F_U64(struct ipc_control_progress, paused_ms),
};
TYPE(ipc_control_progress);

ROWS(ipc_control_end) = {
	PACK_F_I64(struct ipc_control_end, error),
	PACK_F_BOOL(struct ipc_control_end, more),
	PACK_F_ONE(struct ipc_control_end, next, &ipc_cursor_type),
	PACK_F_U64(struct ipc_control_end, count),
	PACK_F_U64(struct ipc_control_end, messages),
	PACK_F_U64(struct ipc_control_end, recipients),
	PACK_F_U64(struct ipc_control_end, accepted),
	PACK_F_U64(struct ipc_control_end, ended),
	PACK_F_U64(struct ipc_control_end, active),
	PACK_F_U64(struct ipc_control_end, unknown),
	PACK_F_U64(struct ipc_control_end, failed),
};
TYPE(ipc_control_end);
