#include "ipc/messages/plain.h"
#include "ipc/messages/rows.h"

ROWS(ipc_empty) = {PACK_F_U8(struct ipc_empty, unused)};
TYPE(ipc_empty);

ROWS(ipc_control_name) = {PACK_F_SPAN(struct ipc_control_name, name)};
TYPE(ipc_control_name);

ROWS(ipc_content_name) = {PACK_F_ID(struct ipc_content_name, id)};
TYPE(ipc_content_name);

ROWS(ipc_result) = {
	PACK_F_I64(struct ipc_result, error),
	PACK_F_U32(struct ipc_result, commit_ms),
};
TYPE(ipc_result);
