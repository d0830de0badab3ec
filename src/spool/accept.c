#include "base/crc.h"
#include "spool/spool_in.h"
#include <errno.h>

/* Bounds that keep every record within a page; receive's own limits are below them. */
#define ADDRESS_MAX 1024U
#define TEXT_MAX    512U
#define SENDER_MAX  384U /* of one recipient */

static bool recipient_is_right(const struct spool_accept *a, size_t i)
{
	const struct spool_recipient *r = &a->recipients[i];

	if (r->n != i || r->part > i || r->address.len > ADDRESS_MAX ||
		r->orcpt.len > ADDRESS_MAX || r->reply.len > SPOOL_REPLY_MAX ||
		r->peer.len > TEXT_MAX / 2 || r->cause.len > 64 || r->status.len > 16 ||
		r->sender.len > SENDER_MAX || r->tls.len > SPOOL_TLS_MAX)
		return false;
	if (r->state != SPOOL_QUEUED && r->state != SPOOL_HELD && r->state != SPOOL_MAYBE)
		return false;
	const struct spool_recipient *first = &a->recipients[r->part];

	return first->part == r->part && first->lane == r->lane && first->next_at == r->next_at &&
	       (first->state == SPOOL_HELD) == (r->state == SPOOL_HELD);
}

static bool message_is_right(const struct spool_accept *a)
{
	const struct spool_message *m = &a->message;

	if (id_is_zero(m->id) || a->recipients_n == 0 || m->recipients != a->recipients_n)
		return false;
	if (m->sender.len > ADDRESS_MAX || m->client.len > TEXT_MAX || m->helo.len > TEXT_MAX ||
		m->envid.len > TEXT_MAX || m->tls.len > TEXT_MAX || m->login.len > TEXT_MAX)
		return false;
	if (m->content_in_file != a->content.in_file)
		return false;
	if (!a->content.in_file && (m->content_len != a->content.bytes.len ||
					   m->content_crc != crc32c(0, a->content.bytes)))
		return false;
	for (size_t i = 0; i < a->recipients_n; i++)
		if (!recipient_is_right(a, i))
			return false;
	return true;
}

/* It is still there, or its first recipient has ended. */
int accept_is_known(struct store_txn *t, struct id id)
{
	struct store_key key = store_key_id(id), end = store_key_id_n(id, 0);
	struct span value;
	int rc = store_get(t, STORE_MESSAGES, store_key_span(&key), &value);

	if (rc == -ENOENT)
		rc = store_get(t, STORE_RECIPIENTS, store_key_span(&end), &value);
	if (rc == -ENOENT)
		rc = store_get(t, STORE_ENDS, store_key_span(&end), &value);
	return rc == 0 ? -EEXIST : rc == -ENOENT ? 0 : rc;
}

/* A lane's row: absent, the same, of the same name (its site moved), or of an old lane. */
static int check_lane(struct store_txn *t, const struct spool_lane *lane, struct span packed,
	struct arena *arena, bool *ret_write)
{
	struct store_key key = store_key_u32(lane->number);
	struct span there;
	int rc = store_get(t, STORE_LANES, store_key_span(&key), &there);

	if (lane->name.len > STORE_VALUE_MAX / 4 || lane->site.len == 0 ||
		lane->site.len > TEXT_MAX - 12)
		return -EINVAL;
	*ret_write = rc < 0 || !span_equal(there, packed);
	if (rc == -ENOENT || (rc == 0 && !*ret_write))
		return 0;
	if (rc < 0)
		return rc;
	struct spool_lane old;

	if (store_open_record(there, &spool_lane_type, arena, &old) < 0 ||
		span_equal(old.name, lane->name))
		return 0;
	rc = ends_lane_in_use(t, lane->number);
	return rc > 0 ? -EINVAL : rc;
}

static int check_lanes(struct store_txn *t, const struct spool_accept *a, struct arena *arena,
	struct accept_packed *ret)
{
	int rc = 0;

	ret->lane_changed = arena_array(arena, a->lanes_n, sizeof *ret->lane_changed);
	for (size_t i = 0; rc == 0 && i < a->lanes_n; i++)
		rc = check_lane(t, &a->lanes[i], ret->lanes[i], arena, &ret->lane_changed[i]);
	return rc;
}

static bool has_lane(const struct spool_accept *a, uint32_t number)
{
	for (size_t i = 0; i < a->lanes_n; i++)
		if (a->lanes[i].number == number)
			return true;
	return false;
}

static int seal_recipients(
	const struct spool_accept *a, struct arena *arena, struct buf *b, struct accept_packed *ret)
{
	int rc = 0;

	ret->recipients = arena_array(arena, a->recipients_n, sizeof *ret->recipients);
	for (size_t i = 0; rc == 0 && i < a->recipients_n; i++) {
		const struct spool_recipient *r = &a->recipients[i];

		buf_clear(b);
		rc = pack_seal(&spool_recipient_type, store_version(&spool_recipient_type), r, b);
		if (rc == 0 && b->len > STORE_VALUE_MAX)
			rc = -EMSGSIZE;
		ret->recipients[i] = arena_copy(arena, buf_span(b));
		if (rc == 0 && r->part == i && !has_lane(a, r->lane))
			rc = -EINVAL;
	}
	return rc;
}

static int seal_lanes(
	const struct spool_accept *a, struct arena *arena, struct buf *b, struct accept_packed *ret)
{
	int rc = 0;

	ret->lanes = arena_array(arena, a->lanes_n, sizeof *ret->lanes);
	for (size_t i = 0; rc == 0 && i < a->lanes_n; i++) {
		buf_clear(b);
		rc = pack_seal(&spool_lane_type, store_version(&spool_lane_type), &a->lanes[i], b);
		if (rc == 0 && b->len > STORE_VALUE_MAX)
			rc = -EMSGSIZE;
		ret->lanes[i] = arena_copy(arena, buf_span(b));
	}
	return rc;
}

int accept_seal(const struct spool_accept *a, struct arena *arena, struct accept_packed *ret)
{
	struct buf b = BUF_INIT(STORE_MESSAGE_MAX);
	int rc = message_is_right(a) ? 0 : -EINVAL;

	if (rc == 0)
		rc = pack_seal(
			&spool_message_type, store_version(&spool_message_type), &a->message, &b);
	ret->message = arena_copy(arena, buf_span(&b));
	if (rc == 0)
		rc = seal_recipients(a, arena, &b, ret);
	if (rc == 0)
		rc = seal_lanes(a, arena, &b, ret);
	buf_done(&b);
	return rc;
}

int accept_fits(struct store_txn *t, const struct spool_accept *a, struct arena *arena,
	struct accept_packed *packed)
{
	int rc = accept_is_known(t, a->message.id);

	return rc == 0 ? check_lanes(t, a, arena, packed) : rc;
}

int accept_check(struct store_txn *t, const struct spool_accept *a, struct arena *arena,
	struct accept_packed *ret)
{
	int rc = accept_seal(a, arena, ret);

	return rc == 0 ? accept_fits(t, a, arena, ret) : rc;
}

int accept_place(struct store_txn *t, const struct spool_accept *a, bool *placed)
{
	if (!a->content.in_file)
		return 0;
	if (!*placed) {
		int rc = content_take(t->s, a->message.id, a->message.content_len);

		if (rc < 0)
			return rc;
		*placed = true;
	}
	t->renamed = true;
	return 0;
}

static int write_lanes(
	struct store_txn *t, const struct spool_accept *a, const struct accept_packed *packed)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->lanes_n; i++) {
		if (!packed->lane_changed[i])
			continue;
		struct store_key key = store_key_u32(a->lanes[i].number);
		struct spool_site site = {.name = a->lanes[i].site};
		struct span there;

		rc = store_put(t, STORE_LANES, store_key_span(&key), packed->lanes[i]);
		if (rc == 0)
			rc = store_get(t, STORE_SITES, site.name, &there);
		if (rc == -ENOENT)
			rc = store_put_record(t, STORE_SITES, site.name, &spool_site_type, &site);
	}
	return rc;
}

/* Parts as the queue made them: one due row each; held recipients a row each. */
static int write_due(struct store_txn *t, const struct spool_accept *a, struct arena *arena)
{
	struct parts parts = parts_new(arena, a->recipients_n);
	uint32_t *place = arena_array(arena, a->recipients_n, sizeof *place);
	int rc = 0;

	for (size_t i = 0; i < a->recipients_n; i++) {
		const struct spool_recipient *r = &a->recipients[i];

		if (r->state == SPOOL_HELD)
			continue;
		if (r->part == i) {
			place[i] = (uint32_t)parts.n;
			parts.at[parts.n++] = (struct part){
				.lane = r->lane, .part = r->part, .next_at = r->next_at};
		}
		parts.at[place[r->part]].count++;
	}
	rc = parts_write(t, a->message.id, &parts);
	for (size_t i = 0; rc == 0 && i < a->recipients_n; i++) {
		const struct spool_recipient *r = &a->recipients[i];
		struct store_key key = store_key_held(r->lane, a->message.id, r->n);

		if (r->state == SPOOL_HELD)
			rc = store_put(t, STORE_HELD, store_key_span(&key), (struct span){"", 0});
	}
	return rc;
}

int accept_write(
	struct store_txn *t, const struct spool_accept *a, const struct accept_packed *packed)
{
	struct id id = a->message.id;
	struct arena arena = {0};
	int rc = write_lanes(t, a, packed);

	if (rc == 0)
		rc = store_put_message(t, id, packed->message);
	for (size_t i = 0; rc == 0 && i < a->recipients_n; i++) {
		struct store_key key = store_key_id_n(id, (uint32_t)i);

		rc = store_put(t, STORE_RECIPIENTS, store_key_span(&key), packed->recipients[i]);
	}
	if (rc == 0)
		rc = write_due(t, a, &arena);
	if (rc == 0 && !a->content.in_file)
		rc = content_write(t, id, a->content.bytes);
	t->meta.totals.accepted_messages++;
	t->meta.totals.accepted_recipients += a->recipients_n;
	arena_done(&arena);
	return rc;
}

/* What the intake has was promised: there is room left for it; and it was sealed there. */
int accept_apply(struct store_txn *t, struct spool_op *op)
{
	struct arena arena = {0};
	struct accept_packed packed = {0};
	int rc = 0;

	if (op->sealed) {
		packed = op->sealed->packed;
		op->result = accept_fits(t, &op->accept, &arena, &packed);
	} else {
		op->result = accept_check(t, &op->accept, &arena, &packed);
	}
	if (op->result == 0 && t->accept_full && op->intake_serial == 0)
		op->result = -ENOSPC;
	if (op->result == 0)
		op->result = accept_place(t, &op->accept, &op->placed);
	if (op->result == 0)
		rc = accept_write(t, &op->accept, &packed);
	arena_done(&arena);
	return rc;
}
