#include "spool/record.h"

#define S spool_message
static const struct pack_row message_rows[] = {
	PACK_F_ID(struct S, id),
	PACK_F_I64(struct S, arrived_at),
	PACK_F_I64(struct S, arrived_wall_ms),
	PACK_F_SPAN(struct S, sender),
	PACK_F_SPAN(struct S, client),
	PACK_F_SPAN(struct S, helo),
	PACK_F_SPAN(struct S, envid),
	PACK_F_U8(struct S, ret),
	PACK_F_BOOL(struct S, body_8bit),
	PACK_F_BOOL(struct S, smtputf8),
	PACK_F_BOOL(struct S, is_notice),
	PACK_F_BOOL(struct S, content_in_file),
	PACK_F_U64(struct S, content_len),
	PACK_F_U32(struct S, content_crc),
	PACK_F_U32(struct S, recipients),
	PACK_F_SPAN(struct S, edits),
	PACK_F_BOOL(struct S, is_own),
	PACK_F_BOOL(struct S, is_unproved),
	PACK_F_SPAN(struct S, tls),
	PACK_F_SPAN(struct S, login),
};
#undef S
const struct pack_type spool_message_type =
	PACK_TYPE_GROWN_TWICE(spool_message, message_rows, 16, 17);

#define S spool_recipient
static const struct pack_row recipient_rows[] = {
	PACK_F_U32(struct S, n),
	PACK_F_SPAN(struct S, address),
	PACK_F_SPAN(struct S, orcpt),
	PACK_F_U8(struct S, notify),
	PACK_F_U8(struct S, state),
	PACK_F_U32(struct S, lane),
	PACK_F_U32(struct S, part),
	PACK_F_U32(struct S, attempts),
	PACK_F_I64(struct S, next_at),
	PACK_F_I64(struct S, last_at),
	PACK_F_U16(struct S, code),
	PACK_F_SPAN(struct S, status),
	PACK_F_SPAN(struct S, reply),
	PACK_F_SPAN(struct S, cause),
	PACK_F_SPAN(struct S, peer),
	PACK_F_I64(struct S, first_at),
	PACK_F_U32(struct S, flags),
	PACK_F_SPAN(struct S, sender),
	PACK_F_I64(struct S, set_at),
	PACK_F_SPAN(struct S, tls),
	PACK_F_I64(struct S, told_at),
	PACK_F_U32(struct S, told),
};
#undef S
const struct pack_type spool_recipient_type =
	PACK_TYPE_GROWN_OFTEN(spool_recipient, recipient_rows, 15, 17, 18, 19);

#define S spool_lane
static const struct pack_row lane_rows[] = {
	PACK_F_U32(struct S, number),
	PACK_F_SPAN(struct S, name),
	PACK_F_SPAN(struct S, site),
};
#undef S
const struct pack_type spool_lane_type = PACK_TYPE(spool_lane, lane_rows);

#define S spool_site
static const struct pack_row site_rows[] = {
	PACK_F_SPAN(struct S, name),
	PACK_F_U64(struct S, delivered),
	PACK_F_U64(struct S, deferred),
	PACK_F_U64(struct S, bounced),
	PACK_F_I64(struct S, last_at),
	PACK_F_SPAN(struct S, last_reply),
	PACK_F_U64(struct S, maybes),
	PACK_F_U32(struct S, recipients_most),
	PACK_F_I64(struct S, grey_enough),
	PACK_F_I64(struct S, grey_vain),
	PACK_F_I64(struct S, grey_at),
	PACK_F_I64(struct S, grey_remembers),
	PACK_F_I64(struct S, grey_forgets),
	PACK_F_U32(struct S, grey_pairs),
	PACK_F_U32(struct S, recipient_waits),
	PACK_F_U32(struct S, recipient_passes),
	PACK_F_U32(struct S, sender_waits),
	PACK_F_U32(struct S, sender_passes),
	PACK_F_U32(struct S, ceiling),
	PACK_F_U32(struct S, ceiling_tests),
	PACK_F_I64(struct S, ceiling_until),
	PACK_F_I64(struct S, gap_us),
	PACK_F_I64(struct S, open_gap_ms),
	PACK_F_U32(struct S, gap_tests),
	PACK_F_U8(struct S, state),
	PACK_F_U8(struct S, cause),
	PACK_F_I64(struct S, until),
	PACK_F_I64(struct S, since),
	PACK_F_U32(struct S, pauses),
	PACK_F_BOOL(struct S, is_rate),
};
#undef S
const struct pack_type spool_site_type = PACK_TYPE_GROWN(spool_site, site_rows, 6);

#define S spool_ended
static const struct pack_row ended_rows[] = {
	PACK_F_U8(struct S, how),
	PACK_F_I64(struct S, wall_ms),
	PACK_F_SPAN(struct S, address),
	PACK_F_SPAN(struct S, sender),
	PACK_F_SPAN(struct S, peer),
	PACK_F_U16(struct S, code),
	PACK_F_SPAN(struct S, reply),
	PACK_F_SPAN(struct S, cause),
	PACK_F_U32(struct S, attempts),
	PACK_F_ID(struct S, notice),
	PACK_F_ID(struct S, before_id),
	PACK_F_U32(struct S, before_n),
	PACK_F_I64(struct S, ended_at),
	PACK_F_U64(struct S, serial),
	PACK_F_SPAN(struct S, client),
	PACK_F_SPAN(struct S, tls),
	PACK_F_SPAN(struct S, tls_in),
	PACK_F_SPAN(struct S, login),
};
#undef S
const struct pack_type spool_ended_type = PACK_TYPE_GROWN_TWICE(spool_ended, ended_rows, 14, 15);

#define S spool_try_range
static const struct pack_row range_rows[] = {
	PACK_F_U32(struct S, from),
	PACK_F_U32(struct S, to),
};
#undef S
static const struct pack_type spool_try_range_type = PACK_TYPE(spool_try_range, range_rows);

#define S spool_try
static const struct pack_row try_rows[] = {
	PACK_F_U8(struct S, kind),
	PACK_F_I64(struct S, wall_ms),
	PACK_F_ARRAY(struct S, ranges, ranges_n, &spool_try_range_type),
	PACK_F_U32(struct S, attempt),
	PACK_F_BOOL(struct S, maybe),
	PACK_F_U16(struct S, code),
	PACK_F_SPAN(struct S, status),
	PACK_F_SPAN(struct S, reply),
	PACK_F_SPAN(struct S, cause),
	PACK_F_SPAN(struct S, peer),
	PACK_F_SPAN(struct S, stage),
	PACK_F_I64(struct S, next_wall_ms),
	PACK_F_SPAN(struct S, wait_source),
	PACK_F_SPAN(struct S, tls),
};
#undef S
const struct pack_type spool_try_type = PACK_TYPE_GROWN(spool_try, try_rows, 13);

bool spool_is_marked(const struct spool_message *m, const struct spool_recipient *r, int64_t mark)
{
	return r->state != SPOOL_HELD && m->arrived_at < mark && r->last_at < mark &&
	       r->set_at < mark;
}
