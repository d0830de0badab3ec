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

ROWS(ipc_content_name) = {PACK_F_ID(struct ipc_content_name, id)};
TYPE(ipc_content_name);

ROWS(ipc_recipient) = {
	PACK_F_SPAN(struct ipc_recipient, address),
	PACK_F_SPAN(struct ipc_recipient, orcpt),
	PACK_F_U8(struct ipc_recipient, notify),
	PACK_F_SPAN(struct ipc_recipient, sender),
};
TYPE(ipc_recipient);

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
	PACK_F_SPAN(struct ipc_job_recipient, sender),
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
	PACK_F_SPAN(struct ipc_job, sender),
	PACK_F_SPAN(struct ipc_job, login),
	PACK_F_SPAN(struct ipc_job, envid),
	PACK_F_U8(struct ipc_job, ret),
	PACK_F_BOOL(struct ipc_job, body_8bit),
	PACK_F_BOOL(struct ipc_job, smtputf8),
	PACK_F_BOOL(struct ipc_job, is_notice),
	PACK_F_BOOL(struct ipc_job, is_own),
	PACK_F_U32(struct ipc_job, hops),
	PACK_F_SPAN(struct ipc_job, edits),
	PACK_F_U64(struct ipc_job, content_len),
	PACK_F_BOOL(struct ipc_job, content_in_file),
	PACK_F_ARRAY(struct ipc_job, recipients, recipients_n, &ipc_job_recipient_type),
	PACK_F_BOOL(struct ipc_job, plain),
	PACK_F_BOOL(struct ipc_job, with_tls),
	PACK_F_BOOL(struct ipc_job, fresh),
	PACK_F_BOOL(struct ipc_job, maybe),
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
	PACK_F_SPAN(struct ipc_fate, tls),
	PACK_F_BOOL(struct ipc_fate, knows_dsn),
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
	PACK_F_BOOL(struct ipc_facts_enter, is_trusted),
	PACK_F_U32(struct ipc_facts_enter, skipped),
};
TYPE(ipc_facts_enter);

ROWS(ipc_facts_verdict) = {
	PACK_F_BOOL(struct ipc_facts_verdict, too_many_in_all),
	PACK_F_BOOL(struct ipc_facts_verdict, too_many_from_network),
	PACK_F_I64(struct ipc_facts_verdict, wait_ms),
	PACK_F_SPAN(struct ipc_facts_verdict, rate),
	PACK_F_BOOL(struct ipc_facts_verdict, is_known),
	PACK_F_U32(struct ipc_facts_verdict, sessions),
};
TYPE(ipc_facts_verdict);

ROWS(ipc_facts_rate) = {
	PACK_F_SPAN(struct ipc_facts_rate, client),
	PACK_F_SPAN(struct ipc_facts_rate, network),
	PACK_F_SPAN(struct ipc_facts_rate, login),
	PACK_F_U8(struct ipc_facts_rate, what),
	PACK_F_U32(struct ipc_facts_rate, count),
	PACK_F_U32(struct ipc_facts_rate, skipped),
};
TYPE(ipc_facts_rate);

ROWS(ipc_facts_rated) = {
	PACK_F_I64(struct ipc_facts_rated, wait_ms),
	PACK_F_SPAN(struct ipc_facts_rated, rate),
	PACK_F_BOOL(struct ipc_facts_rated, is_held),
};
TYPE(ipc_facts_rated);

ROWS(ipc_facts_grey) = {
	PACK_F_SPAN(struct ipc_facts_grey, network),
	PACK_F_SPAN(struct ipc_facts_grey, near),
	PACK_F_SPAN(struct ipc_facts_grey, proved),
	PACK_F_SPAN(struct ipc_facts_grey, sender),
	PACK_F_SPAN(struct ipc_facts_grey, recipient),
	PACK_F_SPAN(struct ipc_facts_grey, domain),
};
TYPE(ipc_facts_grey);

ROWS(ipc_facts_seen) = {
	PACK_F_BOOL(struct ipc_facts_seen, is_new),
	PACK_F_BOOL(struct ipc_facts_seen, has_passed),
	PACK_F_BOOL(struct ipc_facts_seen, is_known),
	PACK_F_BOOL(struct ipc_facts_seen, is_let_in),
	PACK_F_I64(struct ipc_facts_seen, age_ms),
	PACK_F_I64(struct ipc_facts_seen, pair_age_ms),
	PACK_F_I64(struct ipc_facts_seen, proof_age_ms),
	PACK_F_U32(struct ipc_facts_seen, tries),
	PACK_F_U32(struct ipc_facts_seen, early),
	PACK_F_U32(struct ipc_facts_seen, places),
	PACK_F_U32(struct ipc_facts_seen, passes),
	PACK_F_U32(struct ipc_facts_seen, proof_passes),
	PACK_F_U32(struct ipc_facts_seen, domain_places),
};
TYPE(ipc_facts_seen);

ROWS(ipc_facts_address) = {
	PACK_F_SPAN(struct ipc_facts_address, address),
};
TYPE(ipc_facts_address);

ROWS(ipc_facts_learn) = {
	PACK_F_ARRAY(struct ipc_facts_learn, addresses, addresses_n, &ipc_facts_address_type),
};
TYPE(ipc_facts_learn);

ROWS(ipc_facts_deferred) = {
	PACK_F_SPAN(struct ipc_facts_deferred, reply),
	PACK_F_SPAN(struct ipc_facts_deferred, client),
	PACK_F_SPAN(struct ipc_facts_deferred, network),
	PACK_F_SPAN(struct ipc_facts_deferred, sender),
	PACK_F_SPAN(struct ipc_facts_deferred, recipient),
	PACK_F_BOOL(struct ipc_facts_deferred, has_sender),
	PACK_F_BOOL(struct ipc_facts_deferred, has_recipient),
};
TYPE(ipc_facts_deferred);

ROWS(ipc_facts_accepted) = {
	PACK_F_SPAN(struct ipc_facts_accepted, client),
	PACK_F_SPAN(struct ipc_facts_accepted, network),
	PACK_F_SPAN(struct ipc_facts_accepted, sender),
	PACK_F_ARRAY(struct ipc_facts_accepted, recipients, recipients_n, &ipc_facts_address_type),
};
TYPE(ipc_facts_accepted);

ROWS(ipc_facts_watch) = {
	PACK_F_BOOL(struct ipc_facts_watch, is_open),
	PACK_F_U32(struct ipc_facts_watch, sessions),
};
TYPE(ipc_facts_watch);

ROWS(ipc_facts_load) = {
	PACK_F_U8(struct ipc_facts_load, stage),
	PACK_F_BOOL(struct ipc_facts_load, is_disk_low),
	PACK_F_SPAN(struct ipc_facts_load, why),
};
TYPE(ipc_facts_load);

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
TYPE(ipc_control_recipient);

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

ROWS(ipc_control_change) = {
	PACK_F_SPAN(struct ipc_control_change, verb),
	PACK_F_SPAN(struct ipc_control_change, ids),
	PACK_F_SPAN(struct ipc_control_change, site),
	PACK_F_SPAN(struct ipc_control_change, cause),
	PACK_F_SPAN(struct ipc_control_change, recipient),
	PACK_F_BOOL(struct ipc_control_change, all),
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

ROWS(ipc_control_check) = {
	PACK_F_U8(struct ipc_control_check, check),
	PACK_F_U8(struct ipc_control_check, state),
	PACK_F_SPAN(struct ipc_control_check, about),
	PACK_F_SPAN(struct ipc_control_check, did),
	PACK_F_SPAN(struct ipc_control_check, showed),
	PACK_F_SPAN(struct ipc_control_check, means),
	PACK_F_SPAN(struct ipc_control_check, mend),
	PACK_F_I64(struct ipc_control_check, at_wall_ms),
};
TYPE(ipc_control_check);

ROWS(ipc_control_diagnose) = {
	PACK_F_SPAN(struct ipc_control_diagnose, about),
	PACK_F_ARRAY(struct ipc_control_diagnose, checks, checks_n, &ipc_control_check_type),
};
TYPE(ipc_control_diagnose);

ROWS(ipc_control_verdict) = {
	PACK_F_U8(struct ipc_control_verdict, whose),
	PACK_F_U8(struct ipc_control_verdict, scope),
	PACK_F_U8(struct ipc_control_verdict, family),
	PACK_F_U8(struct ipc_control_verdict, advice),
	PACK_F_U8(struct ipc_control_verdict, start),
	PACK_F_SPAN(struct ipc_control_verdict, cause),
	PACK_F_SPAN(struct ipc_control_verdict, who),
	PACK_F_SPAN(struct ipc_control_verdict, event),
	PACK_F_U32(struct ipc_control_verdict, confidence),
	PACK_F_I64(struct ipc_control_verdict, since),
	PACK_F_I64(struct ipc_control_verdict, last),
	PACK_F_U32(struct ipc_control_verdict, start_minutes),
	PACK_F_U32(struct ipc_control_verdict, failures),
	PACK_F_U32(struct ipc_control_verdict, successes),
	PACK_F_U32(struct ipc_control_verdict, sites),
	PACK_F_U32(struct ipc_control_verdict, providers),
	PACK_F_U32(struct ipc_control_verdict, providers_fine),
	PACK_F_ARRAY(struct ipc_control_verdict, names, names_n, &ipc_control_name_type),
	PACK_F_ARRAY(struct ipc_control_verdict, supports, supports_n, &ipc_control_name_type),
	PACK_F_ARRAY(
		struct ipc_control_verdict, contradicts, contradicts_n, &ipc_control_name_type),
	PACK_F_ARRAY(struct ipc_control_verdict, check, check_n, &ipc_control_check_type),
};
TYPE(ipc_control_verdict);

ROWS(ipc_diagnose_look) = {
	PACK_F_U32(struct ipc_diagnose_look, checks),
	PACK_F_SPAN(struct ipc_diagnose_look, source),
	PACK_F_SPAN(struct ipc_diagnose_look, site),
	PACK_F_SPAN(struct ipc_diagnose_look, domain),
	PACK_F_SPAN(struct ipc_diagnose_look, reply),
	PACK_F_I64(struct ipc_diagnose_look, deadline),
};
TYPE(ipc_diagnose_look);

ROWS(ipc_diagnose_looked) = {
	PACK_F_ARRAY(struct ipc_diagnose_looked, results, results_n, &ipc_control_check_type),
};
TYPE(ipc_diagnose_looked);

ROWS(ipc_diagnose_alarm) = {
	PACK_F_SPAN(struct ipc_diagnose_alarm, url),
	PACK_F_SPAN(struct ipc_diagnose_alarm, json),
};
TYPE(ipc_diagnose_alarm);

ROWS(ipc_diagnose_mail) = {
	PACK_F_SPAN(struct ipc_diagnose_mail, url),
	PACK_F_SPAN(struct ipc_diagnose_mail, to),
	PACK_F_SPAN(struct ipc_diagnose_mail, text),
};
TYPE(ipc_diagnose_mail);

ROWS(ipc_diagnose_mailed) = {
	PACK_F_BOOL(struct ipc_diagnose_mailed, is_sent),
	PACK_F_SPAN(struct ipc_diagnose_mailed, why),
};
TYPE(ipc_diagnose_mailed);

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

ROWS(ipc_resolve_ask) = {
	PACK_F_SPAN(struct ipc_resolve_ask, name),
	PACK_F_U16(struct ipc_resolve_ask, type),
	PACK_F_I64(struct ipc_resolve_ask, deadline),
};
TYPE(ipc_resolve_ask);

ROWS(ipc_resolve_record) = {PACK_F_SPAN(struct ipc_resolve_record, data)};
TYPE(ipc_resolve_record);

ROWS(ipc_resolve_answer) = {
	PACK_F_U8(struct ipc_resolve_answer, state),
	PACK_F_U8(struct ipc_resolve_answer, trouble),
	PACK_F_BOOL(struct ipc_resolve_answer, is_secure),
	PACK_F_U32(struct ipc_resolve_answer, ttl),
	PACK_F_SPAN(struct ipc_resolve_answer, why),
	PACK_F_SPAN(struct ipc_resolve_answer, canonical),
	PACK_F_ARRAY(struct ipc_resolve_answer, records, records_n, &ipc_resolve_record_type),
};
TYPE(ipc_resolve_answer);

ROWS(ipc_resolve_question) = {
	PACK_F_SPAN(struct ipc_resolve_question, name),
	PACK_F_U16(struct ipc_resolve_question, type),
};
TYPE(ipc_resolve_question);

ROWS(ipc_resolve_ask_all) = {
	PACK_F_ARRAY(
		struct ipc_resolve_ask_all, questions, questions_n, &ipc_resolve_question_type),
	PACK_F_I64(struct ipc_resolve_ask_all, deadline),
};
TYPE(ipc_resolve_ask_all);

ROWS(ipc_resolve_answers) = {
	PACK_F_ARRAY(struct ipc_resolve_answers, answers, answers_n, &ipc_resolve_answer_type),
};
TYPE(ipc_resolve_answers);

ROWS(ipc_lookup_ask) = {
	PACK_F_SPAN(struct ipc_lookup_ask, map),
	PACK_F_SPAN(struct ipc_lookup_ask, key),
	PACK_F_I64(struct ipc_lookup_ask, deadline),
};
TYPE(ipc_lookup_ask);

ROWS(ipc_lookup_value) = {PACK_F_SPAN(struct ipc_lookup_value, text)};
TYPE(ipc_lookup_value);

ROWS(ipc_lookup_answer) = {
	PACK_F_U8(struct ipc_lookup_answer, state),
	PACK_F_U8(struct ipc_lookup_answer, trouble),
	PACK_F_ARRAY(struct ipc_lookup_answer, values, values_n, &ipc_lookup_value_type),
};
TYPE(ipc_lookup_answer);

ROWS(ipc_lookup_rcpt) = {
	PACK_F_SPAN(struct ipc_lookup_rcpt, address),
	PACK_F_SPAN(struct ipc_lookup_rcpt, sender),
	PACK_F_BOOL(struct ipc_lookup_rcpt, may_relay),
	PACK_F_I64(struct ipc_lookup_rcpt, deadline),
};
TYPE(ipc_lookup_rcpt);

ROWS(ipc_lookup_recipient) = {
	PACK_F_SPAN(struct ipc_lookup_recipient, address),
	PACK_F_SPAN(struct ipc_lookup_recipient, sender),
};
TYPE(ipc_lookup_recipient);

ROWS(ipc_lookup_recipients) = {
	PACK_F_U8(struct ipc_lookup_recipients, verdict),
	PACK_F_U8(struct ipc_lookup_recipients, trouble),
	PACK_F_ARRAY(
		struct ipc_lookup_recipients, recipients, recipients_n, &ipc_lookup_recipient_type),
};
TYPE(ipc_lookup_recipients);
ROWS(ipc_lookup_auth) = {
	PACK_F_U8(struct ipc_lookup_auth, step),
	PACK_F_SPAN(struct ipc_lookup_auth, login),
	PACK_F_SPAN(struct ipc_lookup_auth, password),
	PACK_F_SPAN(struct ipc_lookup_auth, message),
	PACK_F_SPAN(struct ipc_lookup_auth, proof),
	PACK_F_SPAN(struct ipc_lookup_auth, said),
	PACK_F_U64(struct ipc_lookup_auth, talk),
	PACK_F_SPAN(struct ipc_lookup_auth, client),
	PACK_F_BOOL(struct ipc_lookup_auth, has_tls),
	PACK_F_I64(struct ipc_lookup_auth, deadline),
};
TYPE(ipc_lookup_auth);

ROWS(ipc_lookup_authed) = {
	PACK_F_U8(struct ipc_lookup_authed, verdict),
	PACK_F_U8(struct ipc_lookup_authed, trouble),
	PACK_F_SPAN(struct ipc_lookup_authed, login),
	PACK_F_SPAN(struct ipc_lookup_authed, senders),
	PACK_F_SPAN(struct ipc_lookup_authed, salt),
	PACK_F_U32(struct ipc_lookup_authed, iterations),
	PACK_F_SPAN(struct ipc_lookup_authed, challenge),
	PACK_F_U64(struct ipc_lookup_authed, talk),
	PACK_F_SPAN(struct ipc_lookup_authed, signature),
};
TYPE(ipc_lookup_authed);

ROWS(ipc_facts_try) = {
	PACK_F_SPAN(struct ipc_facts_try, network),
	PACK_F_SPAN(struct ipc_facts_try, login),
	PACK_F_BOOL(struct ipc_facts_try, is_right),
};
TYPE(ipc_facts_try);

ROWS(ipc_facts_patience) = {
	PACK_F_I64(struct ipc_facts_patience, pause_ms),
	PACK_F_I64(struct ipc_facts_patience, wait_ms),
};
TYPE(ipc_facts_patience);

ROWS(ipc_attribute) = {
	PACK_F_SPAN(struct ipc_attribute, name),
	PACK_F_SPAN(struct ipc_attribute, value),
};
TYPE(ipc_attribute);

ROWS(ipc_lookup_policy) = {
	PACK_F_SPAN(struct ipc_lookup_policy, service),
	PACK_F_ARRAY(struct ipc_lookup_policy, attributes, attributes_n, &ipc_attribute_type),
	PACK_F_I64(struct ipc_lookup_policy, deadline),
};
TYPE(ipc_lookup_policy);

ROWS(ipc_lookup_advice) = {
	PACK_F_U8(struct ipc_lookup_advice, state),
	PACK_F_U8(struct ipc_lookup_advice, trouble),
	PACK_F_U8(struct ipc_lookup_advice, action),
	PACK_F_U16(struct ipc_lookup_advice, code),
	PACK_F_U8(struct ipc_lookup_advice, class),
	PACK_F_U16(struct ipc_lookup_advice, subject),
	PACK_F_U16(struct ipc_lookup_advice, detail),
	PACK_F_SPAN(struct ipc_lookup_advice, text),
};
TYPE(ipc_lookup_advice);

ROWS(ipc_keys_get) = {PACK_F_U32(struct ipc_keys_get, number)};
TYPE(ipc_keys_get);

ROWS(ipc_keys_certificate) = {PACK_F_SPAN(struct ipc_keys_certificate, der)};
TYPE(ipc_keys_certificate);

ROWS(ipc_keys_chain) = {
	PACK_F_SPAN(struct ipc_keys_chain, name),
	PACK_F_U32(struct ipc_keys_chain, key),
	PACK_F_ARRAY(
		struct ipc_keys_chain, certificates, certificates_n, &ipc_keys_certificate_type),
};
TYPE(ipc_keys_chain);

ROWS(ipc_keys_chains) = {
	PACK_F_ARRAY(struct ipc_keys_chains, chains, chains_n, &ipc_keys_chain_type)};
TYPE(ipc_keys_chains);

ROWS(ipc_keys_sign) = {
	PACK_F_U32(struct ipc_keys_sign, key),
	PACK_F_U16(struct ipc_keys_sign, scheme),
	PACK_F_SPAN(struct ipc_keys_sign, text),
};
TYPE(ipc_keys_sign);

ROWS(ipc_keys_signature) = {
	PACK_F_I64(struct ipc_keys_signature, error),
	PACK_F_SPAN(struct ipc_keys_signature, signature),
};
TYPE(ipc_keys_signature);

ROWS(ipc_keys_dkim) = {
	PACK_F_U32(struct ipc_keys_dkim, number),
	PACK_F_SPAN(struct ipc_keys_dkim, domain),
	PACK_F_SPAN(struct ipc_keys_dkim, rsa),
	PACK_F_SPAN(struct ipc_keys_dkim, ed25519),
};
TYPE(ipc_keys_dkim);
ROWS(ipc_keys_dkim_signed) = {
	PACK_F_I64(struct ipc_keys_dkim_signed, error),
	PACK_F_SPAN(struct ipc_keys_dkim_signed, rsa),
	PACK_F_SPAN(struct ipc_keys_dkim_signed, ed25519),
};
TYPE(ipc_keys_dkim_signed);

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

ROWS(ipc_keys_ticket_keys) = {
	PACK_F_SPAN(struct ipc_keys_ticket_keys, keys),
	PACK_F_I64(struct ipc_keys_ticket_keys, good_ms),
};
TYPE(ipc_keys_ticket_keys);

ROWS(ipc_web_cause) = {
	PACK_F_SPAN(struct ipc_web_cause, cause),
	PACK_F_U64(struct ipc_web_cause, recipients),
	PACK_F_I64(struct ipc_web_cause, oldest_wall_ms),
	PACK_F_I64(struct ipc_web_cause, next_try_wall_ms),
};
TYPE(ipc_web_cause);

ROWS(ipc_web_alarm) = {
	PACK_F_U8(struct ipc_web_alarm, whose),
	PACK_F_U8(struct ipc_web_alarm, scope),
	PACK_F_U8(struct ipc_web_alarm, family),
	PACK_F_SPAN(struct ipc_web_alarm, cause),
	PACK_F_SPAN(struct ipc_web_alarm, who),
	PACK_F_I64(struct ipc_web_alarm, since),
	PACK_F_I64(struct ipc_web_alarm, told_at),
};
TYPE(ipc_web_alarm);

ROWS(ipc_web_role) = {
	PACK_F_U32(struct ipc_web_role, receive),
	PACK_F_U32(struct ipc_web_role, deliver),
};
TYPE(ipc_web_role);

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

const struct ipc_kind ipc_kinds[] = {
	{IPC_ROLE_START, &ipc_role_start_type, IPC_FDS_MAX, false},
	{IPC_ROLE_PEER, &ipc_role_peer_type, 1, false},
	{IPC_ROLE_CONFIG, &ipc_empty_type, IPC_FDS_MAX, false},
	{IPC_ROLE_STOP, &ipc_empty_type, 0, false},
	{IPC_ROLE_READY, &ipc_empty_type, 0, false},
	{IPC_ROLE_CONNECT, &ipc_role_connect_type, 0, false},

	{IPC_QUEUE_HELLO, &ipc_queue_hello_type, 0, false},
	{IPC_QUEUE_WELCOME, &ipc_queue_welcome_type, 0, false},
	{IPC_CONTENT_MAKE, &ipc_content_name_type, 0, false},
	{IPC_CONTENT_DISCARD, &ipc_content_name_type, 0, false},
	{IPC_COMMIT, &ipc_commit_type, 0, true},
	{IPC_COMMIT_PART, &ipc_content_name_type, 0, true},
	{IPC_RESULT, &ipc_result_type, 1, false},
	{IPC_QUEUE_ROOM, &ipc_queue_room_type, 0, false},

	{IPC_DELIVER_HELLO, &ipc_deliver_hello_type, 0, false},
	{IPC_JOB, &ipc_job_type, 1, true},
	{IPC_JOB_DOT, &ipc_job_dot_type, 0, false},
	{IPC_OUTCOME, &ipc_outcome_type, 0, false},
	{IPC_OUTCOME_ACK, &ipc_job_dot_type, 0, false},
	{IPC_SLOT_END, &ipc_slot_end_type, 0, false},

	{IPC_FACTS_ENTER, &ipc_facts_enter_type, 0, false},
	{IPC_FACTS_VERDICT, &ipc_facts_verdict_type, 0, false},
	{IPC_FACTS_LEAVE, &ipc_facts_enter_type, 0, false},
	{IPC_FACTS_RATE, &ipc_facts_rate_type, 0, false},
	{IPC_FACTS_RATED, &ipc_facts_rated_type, 0, false},
	{IPC_FACTS_GREY, &ipc_facts_grey_type, 0, false},
	{IPC_FACTS_SEEN, &ipc_facts_seen_type, 0, false},
	{IPC_FACTS_PASSED, &ipc_facts_grey_type, 0, false},
	{IPC_FACTS_LEARN, &ipc_facts_learn_type, 0, false},
	{IPC_FACTS_DEFERRED, &ipc_facts_deferred_type, 0, false},
	{IPC_FACTS_ACCEPTED, &ipc_facts_accepted_type, 0, false},
	{IPC_FACTS_WATCH, &ipc_facts_watch_type, 0, false},
	{IPC_FACTS_LOAD, &ipc_facts_load_type, 0, false},
	{IPC_FACTS_TRY, &ipc_facts_try_type, 0, false},
	{IPC_FACTS_PATIENCE, &ipc_facts_patience_type, 0, false},
	{IPC_FACTS_TRIED, &ipc_facts_try_type, 0, false},

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
	{IPC_CONTROL_DIAGNOSE, &ipc_control_diagnose_type, 0, false},
	{IPC_CONTROL_VERDICT, &ipc_control_verdict_type, 0, false},
	{IPC_CONTROL_CHECK, &ipc_control_check_type, 0, false},

	{IPC_CONTROL_DEFERRALS, &ipc_control_deferrals_type, 0, false},
	{IPC_CONTROL_METER, &ipc_control_meter_type, 0, false},
	{IPC_CONTROL_LOST, &ipc_control_lost_type, 0, false},
	{IPC_CONTROL_LET_IN, &ipc_control_let_in_type, 0, false},

	{IPC_RESOLVE_ASK, &ipc_resolve_ask_type, 0, false},
	{IPC_RESOLVE_ANSWER, &ipc_resolve_answer_type, 0, false},
	{IPC_RESOLVE_ASK_ALL, &ipc_resolve_ask_all_type, 0, false},
	{IPC_RESOLVE_ANSWERS, &ipc_resolve_answers_type, 0, false},
	{IPC_LOOKUP_ASK, &ipc_lookup_ask_type, 0, false},
	{IPC_LOOKUP_ANSWER, &ipc_lookup_answer_type, 0, false},
	{IPC_LOOKUP_RCPT, &ipc_lookup_rcpt_type, 0, false},
	{IPC_LOOKUP_RECIPIENTS, &ipc_lookup_recipients_type, 0, false},
	{IPC_LOOKUP_SENDER, &ipc_lookup_ask_type, 0, false},
	{IPC_LOOKUP_AUTH, &ipc_lookup_auth_type, 0, false},
	{IPC_LOOKUP_AUTHED, &ipc_lookup_authed_type, 0, false},
	{IPC_LOOKUP_POLICY, &ipc_lookup_policy_type, 0, false},
	{IPC_LOOKUP_ADVICE, &ipc_lookup_advice_type, 0, false},
	{IPC_KEYS_GET, &ipc_keys_get_type, 0, false},
	{IPC_KEYS_CHAINS, &ipc_keys_chains_type, 0, false},
	{IPC_KEYS_SIGN, &ipc_keys_sign_type, 0, false},
	{IPC_KEYS_SIGNATURE, &ipc_keys_signature_type, 0, false},
	{IPC_KEYS_TICKETS, &ipc_empty_type, 0, false},
	{IPC_KEYS_TICKET_KEYS, &ipc_keys_ticket_keys_type, 0, false},
	{IPC_KEYS_DKIM, &ipc_keys_dkim_type, 0, false},
	{IPC_KEYS_DKIM_SIGNED, &ipc_keys_dkim_signed_type, 0, false},
	{IPC_MAILBOX_STORE, &ipc_mailbox_store_type, 1, true},
	{IPC_MAILBOX_STORED, &ipc_mailbox_stored_type, 0, false},
	{IPC_DIAGNOSE_LOOK, &ipc_diagnose_look_type, 0, false},
	{IPC_DIAGNOSE_LOOKED, &ipc_diagnose_looked_type, 0, false},
	{IPC_DIAGNOSE_ALARM, &ipc_diagnose_alarm_type, 0, false},
	{IPC_DIAGNOSE_MAIL, &ipc_diagnose_mail_type, 0, false},
	{IPC_DIAGNOSE_MAILED, &ipc_diagnose_mailed_type, 0, false},
	{IPC_WEB_LOOK, &ipc_empty_type, 0, false},
	{IPC_WEB_SEEN, &ipc_web_seen_type, 0, false},
	{IPC_WEB_LIST, &ipc_control_list_type, 0, false},
	{IPC_WEB_MESSAGES, &ipc_web_messages_type, 0, false},
	{IPC_WEB_METERS, &ipc_empty_type, 0, false},
	{IPC_WEB_METERED, &ipc_web_metered_type, 0, false},
};
const size_t ipc_kinds_n = sizeof ipc_kinds / sizeof ipc_kinds[0];
