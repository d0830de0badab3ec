#include "ipc/messages/role.h"
#include "ipc/messages/rows.h"

ROWS(ipc_role_start) = {
	PACK_F_U8(struct ipc_role_start, role),
	PACK_F_U32(struct ipc_role_start, index),
	PACK_F_U32(struct ipc_role_start, of),
	PACK_F_U32(struct ipc_role_start, uid),
	PACK_F_U32(struct ipc_role_start, gid),
	PACK_F_SPAN(struct ipc_role_start, root),
	PACK_F_SPAN(struct ipc_role_start, spool),
	PACK_F_U32(struct ipc_role_start, listeners),
	PACK_F_BOOL(struct ipc_role_start, control),
	PACK_F_BOOL(struct ipc_role_start, lock),
	PACK_F_U32(struct ipc_role_start, files),
};
TYPE(ipc_role_start);

ROWS(ipc_role_peer) = {
	PACK_F_U8(struct ipc_role_peer, role),
	PACK_F_U32(struct ipc_role_peer, index),
	PACK_F_BOOL(struct ipc_role_peer, end_it),
};
TYPE(ipc_role_peer);

ROWS(ipc_role_connect) = {PACK_F_SPAN(struct ipc_role_connect, path)};
TYPE(ipc_role_connect);

ROWS(ipc_role_sift) = {PACK_F_SPAN(struct ipc_role_sift, code)};
TYPE(ipc_role_sift);
