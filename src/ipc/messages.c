#include "ipc/messages.h"

#define ROWS(name) static const struct pack_row name##_rows[]
#define TYPE(name) static const struct pack_type name##_type = PACK_TYPE(name, name##_rows)

ROWS(ipc_empty) = {PACK_F_U8(struct ipc_empty, unused)};
TYPE(ipc_empty);

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
};
TYPE(ipc_role_start);

ROWS(ipc_role_peer) = {
	PACK_F_U8(struct ipc_role_peer, role),
	PACK_F_U32(struct ipc_role_peer, index),
};
TYPE(ipc_role_peer);

ROWS(ipc_queue_hello) = {PACK_F_U32(struct ipc_queue_hello, index)};
TYPE(ipc_queue_hello);

ROWS(ipc_queue_welcome) = {
	PACK_F_U32(struct ipc_queue_welcome, generation),
	PACK_F_U16(struct ipc_queue_welcome, instance),
};
TYPE(ipc_queue_welcome);

ROWS(ipc_content_name) = {PACK_F_ID(struct ipc_content_name, id)};
TYPE(ipc_content_name);

ROWS(ipc_recipient) = {
	PACK_F_SPAN(struct ipc_recipient, address),
	PACK_F_SPAN(struct ipc_recipient, orcpt),
	PACK_F_U8(struct ipc_recipient, notify),
};
TYPE(ipc_recipient);

ROWS(ipc_commit) = {
	PACK_F_ID(struct ipc_commit, id),
	PACK_F_SPAN(struct ipc_commit, sender),
	PACK_F_SPAN(struct ipc_commit, client),
	PACK_F_SPAN(struct ipc_commit, helo),
	PACK_F_SPAN(struct ipc_commit, envid),
	PACK_F_U8(struct ipc_commit, ret),
	PACK_F_BOOL(struct ipc_commit, body_8bit),
	PACK_F_BOOL(struct ipc_commit, smtputf8),
	PACK_F_BOOL(struct ipc_commit, content_in_file),
	PACK_F_U64(struct ipc_commit, content_len),
	PACK_F_U32(struct ipc_commit, content_crc),
	PACK_F_SPAN(struct ipc_commit, edits),
	PACK_F_ARRAY(struct ipc_commit, recipients, recipients_n, &ipc_recipient_type),
};
TYPE(ipc_commit);

ROWS(ipc_result) = {
	PACK_F_I64(struct ipc_result, error),
	PACK_F_U32(struct ipc_result, commit_ms),
};
TYPE(ipc_result);

ROWS(ipc_running) = {
	PACK_F_ID(struct ipc_running, id),
	PACK_F_U32(struct ipc_running, part),
	PACK_F_U32(struct ipc_running, attempt),
	PACK_F_U32(struct ipc_running, lane),
	PACK_F_U64(struct ipc_running, slot),
	PACK_F_BOOL(struct ipc_running, dot_sent),
};
TYPE(ipc_running);

ROWS(ipc_deliver_hello) = {
	PACK_F_U32(struct ipc_deliver_hello, index),
	PACK_F_ARRAY(struct ipc_deliver_hello, running, running_n, &ipc_running_type),
};
TYPE(ipc_deliver_hello);

ROWS(ipc_job_recipient) = {
	PACK_F_U32(struct ipc_job_recipient, n),
	PACK_F_SPAN(struct ipc_job_recipient, address),
	PACK_F_SPAN(struct ipc_job_recipient, orcpt),
	PACK_F_U8(struct ipc_job_recipient, notify),
};
TYPE(ipc_job_recipient);

ROWS(ipc_job) = {
	PACK_F_ID(struct ipc_job, id),
	PACK_F_U32(struct ipc_job, part),
	PACK_F_U32(struct ipc_job, attempt),
	PACK_F_U32(struct ipc_job, lane),
	PACK_F_I64(struct ipc_job, due),
	PACK_F_U64(struct ipc_job, slot),
	PACK_F_SPAN(struct ipc_job, lane_name),
	PACK_F_SPAN(struct ipc_job, route),
	PACK_F_SPAN(struct ipc_job, sender),
	PACK_F_SPAN(struct ipc_job, envid),
	PACK_F_U8(struct ipc_job, ret),
	PACK_F_BOOL(struct ipc_job, body_8bit),
	PACK_F_BOOL(struct ipc_job, smtputf8),
	PACK_F_BOOL(struct ipc_job, is_notice),
	PACK_F_U32(struct ipc_job, hops),
	PACK_F_SPAN(struct ipc_job, edits),
	PACK_F_U64(struct ipc_job, content_len),
	PACK_F_BOOL(struct ipc_job, content_in_file),
	PACK_F_ARRAY(struct ipc_job, recipients, recipients_n, &ipc_job_recipient_type),
	PACK_F_BOOL(struct ipc_job, plain),
	PACK_F_BOOL(struct ipc_job, with_tls),
	PACK_F_BOOL(struct ipc_job, fresh),
	PACK_F_U32(struct ipc_job, recipients_most),
	PACK_F_U32(struct ipc_job, source),
	PACK_F_SPAN(struct ipc_job, host_first),
};
TYPE(ipc_job);

ROWS(ipc_job_dot) = {
	PACK_F_ID(struct ipc_job_dot, id),
	PACK_F_U32(struct ipc_job_dot, part),
	PACK_F_U32(struct ipc_job_dot, attempt),
};
TYPE(ipc_job_dot);

ROWS(ipc_fate) = {
	PACK_F_U32(struct ipc_fate, n),
	PACK_F_U8(struct ipc_fate, outcome),
	PACK_F_U16(struct ipc_fate, code),
	PACK_F_SPAN(struct ipc_fate, status),
	PACK_F_SPAN(struct ipc_fate, reply),
	PACK_F_SPAN(struct ipc_fate, cause),
	PACK_F_SPAN(struct ipc_fate, side),
	PACK_F_SPAN(struct ipc_fate, stage),
	PACK_F_I64(struct ipc_fate, wait),
	PACK_F_U8(struct ipc_fate, nature),
};
TYPE(ipc_fate);

ROWS(ipc_outcome) = {
	PACK_F_ID(struct ipc_outcome, id),
	PACK_F_U32(struct ipc_outcome, part),
	PACK_F_U32(struct ipc_outcome, attempt),
	PACK_F_U32(struct ipc_outcome, lane),
	PACK_F_I64(struct ipc_outcome, due),
	PACK_F_U64(struct ipc_outcome, slot),
	PACK_F_SPAN(struct ipc_outcome, peer),
	PACK_F_BOOL(struct ipc_outcome, wants_next),
	PACK_F_ARRAY(struct ipc_outcome, fates, fates_n, &ipc_fate_type),
	PACK_F_SPAN(struct ipc_outcome, site),
	PACK_F_U32(struct ipc_outcome, recipients_most),
};
TYPE(ipc_outcome);

ROWS(ipc_slot_end) = {PACK_F_U64(struct ipc_slot_end, slot)};
TYPE(ipc_slot_end);

ROWS(ipc_facts_enter) = {
	PACK_F_SPAN(struct ipc_facts_enter, client),
	PACK_F_SPAN(struct ipc_facts_enter, network),
};
TYPE(ipc_facts_enter);

ROWS(ipc_facts_verdict) = {
	PACK_F_BOOL(struct ipc_facts_verdict, too_many_in_all),
	PACK_F_BOOL(struct ipc_facts_verdict, too_many_from_network),
};
TYPE(ipc_facts_verdict);

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
};
TYPE(ipc_control_recipient);

ROWS(ipc_control_message) = {
	PACK_F_ID(struct ipc_control_message, id),
	PACK_F_SPAN(struct ipc_control_message, sender),
	PACK_F_SPAN(struct ipc_control_message, client),
	PACK_F_SPAN(struct ipc_control_message, helo),
	PACK_F_U64(struct ipc_control_message, size),
	PACK_F_I64(struct ipc_control_message, arrived_wall_ms),
	PACK_F_I64(struct ipc_control_message, expires_wall_ms),
	PACK_F_ARRAY(
		struct ipc_control_message, recipients, recipients_n, &ipc_control_recipient_type),
};
TYPE(ipc_control_message);

ROWS(ipc_control_change) = {
	PACK_F_SPAN(struct ipc_control_change, verb),
	PACK_F_SPAN(struct ipc_control_change, ids),
	PACK_F_SPAN(struct ipc_control_change, site),
	PACK_F_SPAN(struct ipc_control_change, cause),
	PACK_F_SPAN(struct ipc_control_change, recipient),
};
TYPE(ipc_control_change);

ROWS(ipc_control_ids) = {PACK_F_U64(struct ipc_control_ids, recipients)};
TYPE(ipc_control_ids);

ROWS(ipc_control_range) = {
	PACK_F_U32(struct ipc_control_range, from),
	PACK_F_U32(struct ipc_control_range, to),
};
TYPE(ipc_control_range);

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
};
TYPE(ipc_control_try);

ROWS(ipc_control_ended) = {
	PACK_F_U32(struct ipc_control_ended, n),
	PACK_F_U8(struct ipc_control_ended, how),
	PACK_F_I64(struct ipc_control_ended, wall_ms),
	PACK_F_SPAN(struct ipc_control_ended, address),
	PACK_F_SPAN(struct ipc_control_ended, sender),
	PACK_F_SPAN(struct ipc_control_ended, client),
	PACK_F_SPAN(struct ipc_control_ended, peer),
	PACK_F_U16(struct ipc_control_ended, code),
	PACK_F_SPAN(struct ipc_control_ended, reply),
	PACK_F_SPAN(struct ipc_control_ended, cause),
	PACK_F_U32(struct ipc_control_ended, attempts),
	PACK_F_ID(struct ipc_control_ended, notice),
};
TYPE(ipc_control_ended);

ROWS(ipc_control_sites) = {
	PACK_F_SPAN(struct ipc_control_sites, site),
	PACK_F_SPAN(struct ipc_control_sites, after),
	PACK_F_U32(struct ipc_control_sites, most),
};
TYPE(ipc_control_sites);

ROWS(ipc_control_name) = {PACK_F_SPAN(struct ipc_control_name, name)};
TYPE(ipc_control_name);

ROWS(ipc_control_profile) = {
	PACK_F_SPAN(struct ipc_control_profile, site),
	PACK_F_I64(struct ipc_control_profile, grey_enough),
	PACK_F_I64(struct ipc_control_profile, grey_vain),
	PACK_F_I64(struct ipc_control_profile, grey_remembers),
	PACK_F_I64(struct ipc_control_profile, grey_forgets),
	PACK_F_U32(struct ipc_control_profile, grey_pairs),
	PACK_F_U32(struct ipc_control_profile, recipients_most),
	PACK_F_U32(struct ipc_control_profile, ceiling),
	PACK_F_I64(struct ipc_control_profile, gap_us),
	PACK_F_I64(struct ipc_control_profile, open_gap_ms),
};
TYPE(ipc_control_profile);

ROWS(ipc_control_site) = {
	PACK_F_ONE(struct ipc_control_site, profile, &ipc_control_profile_type),
	PACK_F_ARRAY(struct ipc_control_site, domains, domains_n, &ipc_control_name_type),
	PACK_F_U64(struct ipc_control_site, domains_all),
	PACK_F_U64(struct ipc_control_site, waiting),
	PACK_F_U64(struct ipc_control_site, active),
	PACK_F_U64(struct ipc_control_site, held),
	PACK_F_U64(struct ipc_control_site, recipients),
	PACK_F_U32(struct ipc_control_site, connections),
	PACK_F_U32(struct ipc_control_site, limit),
	PACK_F_SPAN(struct ipc_control_site, state),
	PACK_F_SPAN(struct ipc_control_site, binds),
	PACK_F_SPAN(struct ipc_control_site, cause),
	PACK_F_I64(struct ipc_control_site, next_try_wall_ms),
	PACK_F_I64(struct ipc_control_site, last_at_wall_ms),
	PACK_F_U16(struct ipc_control_site, last_reply_code),
	PACK_F_SPAN(struct ipc_control_site, last_reply),
	PACK_F_U64(struct ipc_control_site, delivered),
	PACK_F_U64(struct ipc_control_site, deferred),
	PACK_F_U64(struct ipc_control_site, bounced),
	PACK_F_U64(struct ipc_control_site, maybes),
	PACK_F_U64(struct ipc_control_site, per_minute_thousandths),
	PACK_F_I64(struct ipc_control_site, drains_at_wall_ms),
	PACK_F_I64(struct ipc_control_site, drains_from_wall_ms),
	PACK_F_I64(struct ipc_control_site, drains_by_wall_ms),
	PACK_F_U32(struct ipc_control_site, forecasts),
	PACK_F_U32(struct ipc_control_site, forecasts_within),
	PACK_F_I64(struct ipc_control_site, forecast_made_wall_ms),
	PACK_F_I64(struct ipc_control_site, forecast_said_wall_ms),
	PACK_F_I64(struct ipc_control_site, forecast_came_wall_ms),
};
TYPE(ipc_control_site);

ROWS(ipc_control_progress) = {
	PACK_F_U64(struct ipc_control_progress, done),
	PACK_F_U64(struct ipc_control_progress, of),
	PACK_F_U64(struct ipc_control_progress, before),
	PACK_F_U64(struct ipc_control_progress, after),
	PACK_F_U64(struct ipc_control_progress, took_ms),
	PACK_F_U64(struct ipc_control_progress, paused_ms),
};
TYPE(ipc_control_progress);

ROWS(ipc_control_finding) = {
	PACK_F_SPAN(struct ipc_control_finding, table),
	PACK_F_SPAN(struct ipc_control_finding, row),
	PACK_F_SPAN(struct ipc_control_finding, wrong),
};
TYPE(ipc_control_finding);

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

const struct ipc_kind ipc_kinds[] = {
	{IPC_ROLE_START, &ipc_role_start_type, IPC_FDS_MAX, false},
	{IPC_ROLE_PEER, &ipc_role_peer_type, 1, false},
	{IPC_ROLE_CONFIG, &ipc_empty_type, IPC_FDS_MAX, false},
	{IPC_ROLE_STOP, &ipc_empty_type, 0, false},
	{IPC_ROLE_READY, &ipc_empty_type, 0, false},

	{IPC_QUEUE_HELLO, &ipc_queue_hello_type, 0, false},
	{IPC_QUEUE_WELCOME, &ipc_queue_welcome_type, 0, false},
	{IPC_CONTENT_MAKE, &ipc_content_name_type, 0, false},
	{IPC_CONTENT_DISCARD, &ipc_content_name_type, 0, false},
	{IPC_COMMIT, &ipc_commit_type, 0, true},
	{IPC_COMMIT_PART, &ipc_content_name_type, 0, true},
	{IPC_RESULT, &ipc_result_type, 1, false},

	{IPC_DELIVER_HELLO, &ipc_deliver_hello_type, 0, false},
	{IPC_JOB, &ipc_job_type, 1, true},
	{IPC_JOB_DOT, &ipc_job_dot_type, 0, false},
	{IPC_OUTCOME, &ipc_outcome_type, 0, false},
	{IPC_OUTCOME_ACK, &ipc_job_dot_type, 0, false},
	{IPC_SLOT_END, &ipc_slot_end_type, 0, false},

	{IPC_FACTS_ENTER, &ipc_facts_enter_type, 0, false},
	{IPC_FACTS_VERDICT, &ipc_facts_verdict_type, 0, false},
	{IPC_FACTS_LEAVE, &ipc_facts_enter_type, 0, false},

	{IPC_CONTROL_LIST, &ipc_control_list_type, 0, false},
	{IPC_CONTROL_MESSAGE, &ipc_control_message_type, 0, false},
	{IPC_CONTROL_CHANGE, &ipc_control_change_type, 0, false},
	{IPC_CONTROL_AUDIT, &ipc_empty_type, 0, false},
	{IPC_CONTROL_FINDING, &ipc_control_finding_type, 0, false},
	{IPC_CONTROL_CONTENT, &ipc_content_name_type, 0, false},
	{IPC_CONTROL_BYTES, &ipc_empty_type, 0, true},
	{IPC_CONTROL_END, &ipc_control_end_type, 0, false},
	{IPC_CONTROL_IDS, &ipc_control_ids_type, 0, true},
	{IPC_CONTROL_TRACE, &ipc_content_name_type, 0, false},
	{IPC_CONTROL_TRY, &ipc_control_try_type, 0, false},
	{IPC_CONTROL_ENDED, &ipc_control_ended_type, 0, false},
	{IPC_CONTROL_SITES, &ipc_control_sites_type, 0, false},
	{IPC_CONTROL_SITE, &ipc_control_site_type, 0, false},
	{IPC_CONTROL_COMPACT, &ipc_empty_type, 0, false},
	{IPC_CONTROL_PROGRESS, &ipc_control_progress_type, 0, false},
	{IPC_CONTROL_PROFILE, &ipc_control_profile_type, 0, false},
};
const size_t ipc_kinds_n = sizeof ipc_kinds / sizeof ipc_kinds[0];
