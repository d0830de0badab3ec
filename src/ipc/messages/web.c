#include "ipc/messages/web.h"
#include "ipc/messages/rows.h"

ROWS(ipc_web_cause) = {
	PACK_F_SPAN(struct ipc_web_cause, cause),
	PACK_F_U64(struct ipc_web_cause, recipients),
	PACK_F_I64(struct ipc_web_cause, oldest_wall_ms),
	PACK_F_I64(struct ipc_web_cause, next_try_wall_ms),
};
INNER(ipc_web_cause);

ROWS(ipc_web_alarm) = {
	PACK_F_U8(struct ipc_web_alarm, whose),
	PACK_F_U8(struct ipc_web_alarm, scope),
	PACK_F_U8(struct ipc_web_alarm, family),
	PACK_F_SPAN(struct ipc_web_alarm, cause),
	PACK_F_SPAN(struct ipc_web_alarm, who),
	PACK_F_I64(struct ipc_web_alarm, since),
	PACK_F_I64(struct ipc_web_alarm, told_at),
};
INNER(ipc_web_alarm);

ROWS(ipc_web_role) = {
	PACK_F_U32(struct ipc_web_role, receive),
	PACK_F_U32(struct ipc_web_role, deliver),
};
INNER(ipc_web_role);

ROWS(ipc_web_seen) = {
	PACK_F_I64(struct ipc_web_seen, started_wall_ms),
	PACK_F_U64(struct ipc_web_seen, messages),
	PACK_F_U64(struct ipc_web_seen, recipients),
	PACK_F_U64(struct ipc_web_seen, accepted_messages),
	PACK_F_U64(struct ipc_web_seen, accepted_recipients),
	PACK_F_U64(struct ipc_web_seen, delivered),
	PACK_F_U64(struct ipc_web_seen, relayed),
	PACK_F_U64(struct ipc_web_seen, expanded),
	PACK_F_U64(struct ipc_web_seen, bounced),
	PACK_F_U64(struct ipc_web_seen, silent),
	PACK_F_U64(struct ipc_web_seen, dropped),
	PACK_F_U64(struct ipc_web_seen, set_aside),
	PACK_F_U64(struct ipc_web_seen, running),
	PACK_F_U64(struct ipc_web_seen, connections),
	PACK_F_ONE(struct ipc_web_seen, roles, &ipc_web_role_type),
	PACK_F_BOOL(struct ipc_web_seen, is_handing_out),
	PACK_F_ONE(struct ipc_web_seen, room, &ipc_queue_room_type),
	PACK_F_BOOL(struct ipc_web_seen, has_room_figures),
	PACK_F_U32(struct ipc_web_seen, commit_ms),
	PACK_F_ARRAY(struct ipc_web_seen, causes, causes_n, &ipc_web_cause_type),
	PACK_F_U64(struct ipc_web_seen, looked_at),
	PACK_F_ARRAY(struct ipc_web_seen, sites, sites_n, &ipc_control_site_type),
	PACK_F_U64(struct ipc_web_seen, sites_all),
	PACK_F_ARRAY(struct ipc_web_seen, verdicts, verdicts_n, &ipc_control_verdict_type),
	PACK_F_ARRAY(struct ipc_web_seen, checks, checks_n, &ipc_control_check_type),
	PACK_F_ARRAY(struct ipc_web_seen, alarms, alarms_n, &ipc_web_alarm_type),
};
TYPE(ipc_web_seen);

ROWS(ipc_web_messages) = {
	PACK_F_I64(struct ipc_web_messages, error),
	PACK_F_ARRAY(struct ipc_web_messages, messages, messages_n, &ipc_control_message_type),
	PACK_F_BOOL(struct ipc_web_messages, more),
	PACK_F_ONE(struct ipc_web_messages, next, &ipc_cursor_type),
};
TYPE(ipc_web_messages);

ROWS(ipc_web_metered) = {
	PACK_F_U32(struct ipc_web_metered, sessions),
	PACK_F_ONE(struct ipc_web_metered, load, &ipc_facts_load_type),
	PACK_F_ARRAY(struct ipc_web_metered, meters, meters_n, &ipc_control_meter_type),
};
TYPE(ipc_web_metered);
