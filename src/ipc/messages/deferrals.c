#include "ipc/messages/deferrals.h"
#include "ipc/messages/rows.h"

ROWS(ipc_control_deferrals) = {
	PACK_F_BOOL(struct ipc_control_deferrals, lost),
	PACK_F_U32(struct ipc_control_deferrals, most),
};
TYPE(ipc_control_deferrals);

ROWS(ipc_control_meter) = {
	PACK_F_SPAN(struct ipc_control_meter, reply),
	PACK_F_U64(struct ipc_control_meter, told),
	PACK_F_U64(struct ipc_control_meter, first),
	PACK_F_U64(struct ipc_control_meter, back),
	PACK_F_U64(struct ipc_control_meter, elsewhere),
	PACK_F_U64(struct ipc_control_meter, open),
	PACK_F_U64(struct ipc_control_meter, never),
	PACK_F_U64(struct ipc_control_meter, tried),
	PACK_F_I64(struct ipc_control_meter, p50_ms),
	PACK_F_I64(struct ipc_control_meter, p95_ms),
	PACK_F_I64(struct ipc_control_meter, target_ms),
};
TYPE(ipc_control_meter);

ROWS(ipc_control_lost) = {
	PACK_F_U64(struct ipc_control_lost, id),
	PACK_F_SPAN(struct ipc_control_lost, reply),
	PACK_F_SPAN(struct ipc_control_lost, sender),
	PACK_F_SPAN(struct ipc_control_lost, recipient),
	PACK_F_SPAN(struct ipc_control_lost, client),
	PACK_F_I64(struct ipc_control_lost, first_wall_ms),
	PACK_F_I64(struct ipc_control_lost, last_wall_ms),
	PACK_F_U32(struct ipc_control_lost, tries),
};
TYPE(ipc_control_lost);

ROWS(ipc_control_let_in) = {
	PACK_F_U64(struct ipc_control_let_in, id),
	PACK_F_SPAN(struct ipc_control_let_in, sender),
	PACK_F_SPAN(struct ipc_control_let_in, recipient),
};
TYPE(ipc_control_let_in);
