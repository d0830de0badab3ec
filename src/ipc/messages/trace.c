#include "ipc/messages/trace.h"
#include "ipc/messages/rows.h"

ROWS(ipc_control_range) = {
	PACK_F_U32(struct ipc_control_range, from),
	PACK_F_U32(struct ipc_control_range, to),
};
INNER(ipc_control_range);

ROWS(ipc_control_try) = {
	PACK_F_U8(struct ipc_control_try, kind),
	PACK_F_I64(struct ipc_control_try, wall_ms),
	PACK_F_I64(struct ipc_control_try, next_wall_ms),
	PACK_F_ARRAY(struct ipc_control_try, ranges, ranges_n, &ipc_control_range_type),
	PACK_F_U32(struct ipc_control_try, attempt),
	PACK_F_BOOL(struct ipc_control_try, maybe),
	PACK_F_U16(struct ipc_control_try, code),
	PACK_F_SPAN(struct ipc_control_try, status),
	PACK_F_SPAN(struct ipc_control_try, reply),
	PACK_F_SPAN(struct ipc_control_try, cause),
	PACK_F_SPAN(struct ipc_control_try, peer),
	PACK_F_SPAN(struct ipc_control_try, stage),
	PACK_F_SPAN(struct ipc_control_try, wait_source),
	PACK_F_SPAN(struct ipc_control_try, tls),
};
TYPE(ipc_control_try);

ROWS(ipc_control_ended) = {
	PACK_F_U32(struct ipc_control_ended, n),
	PACK_F_U8(struct ipc_control_ended, how),
	PACK_F_I64(struct ipc_control_ended, wall_ms),
	PACK_F_SPAN(struct ipc_control_ended, address),
	PACK_F_SPAN(struct ipc_control_ended, sender),
	PACK_F_SPAN(struct ipc_control_ended, client),
	PACK_F_SPAN(struct ipc_control_ended, tls_in),
	PACK_F_SPAN(struct ipc_control_ended, login),
	PACK_F_SPAN(struct ipc_control_ended, peer),
	PACK_F_U16(struct ipc_control_ended, code),
	PACK_F_SPAN(struct ipc_control_ended, reply),
	PACK_F_SPAN(struct ipc_control_ended, cause),
	PACK_F_U32(struct ipc_control_ended, attempts),
	PACK_F_ID(struct ipc_control_ended, notice),
	PACK_F_SPAN(struct ipc_control_ended, tls),
};
TYPE(ipc_control_ended);
