#include "ipc/messages/job.h"
#include "ipc/messages/rows.h"

ROWS(ipc_running) = {
	PACK_F_ID(struct ipc_running, id),
	PACK_F_U32(struct ipc_running, part),
	PACK_F_U32(struct ipc_running, attempt),
	PACK_F_U32(struct ipc_running, lane),
	PACK_F_U64(struct ipc_running, slot),
	PACK_F_BOOL(struct ipc_running, dot_sent),
};
INNER(ipc_running);

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
INNER(ipc_job_recipient);

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
INNER(ipc_fate);

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
