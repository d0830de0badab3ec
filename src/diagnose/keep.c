#include "diagnose/keep.h"
#include "base/crc.h"
#include "base/pack.h"
#include "base/table.h"
#include "diagnose/ledger_in.h"
#include <errno.h>

#define VERSION 3

struct kept_name {
	uint64_t hash;
	struct span text;
};

struct kept_event {
	int64_t at;
	struct span what;
};

struct kept_alarm {
	int64_t since, told_at, gone_at;
	uint8_t family, scope, whose, check;
	uint32_t cause;
	struct span who;
};

struct kept_check {
	int64_t at;
	uint8_t check, state;
	struct span about, did, showed, means, mend;
};

struct kept_told {
	int64_t at, seen_at, ok_at;
	uint32_t more, cause;
	uint8_t state;
	bool is_whole;
	struct span site;
};

struct kept {
	uint32_t vocabulary; /* of what the numbers in it mean */
	struct kept_name *names;
	size_t names_n;
	struct ledger_cell *cells;
	size_t cells_n;
	struct kept_event *events; /* the oldest first */
	size_t events_n;
	struct kept_alarm *alarms;
	size_t alarms_n;
	struct kept_check *checks;
	size_t checks_n;
	struct kept_told *tolds;
	size_t tolds_n;
};

static const struct pack_row name_rows[] = {
	PACK_F_U64(struct kept_name, hash), PACK_F_SPAN(struct kept_name, text)};
static const struct pack_type name_type = PACK_TYPE(kept_name, name_rows);

static const struct pack_row cell_rows[] = {PACK_F_U32(struct ledger_cell, minute),
	PACK_F_U32(struct ledger_cell, n), PACK_F_U8(struct ledger_cell, cause),
	PACK_F_U8(struct ledger_cell, side), PACK_F_BOOL(struct ledger_cell, is_said),
	PACK_F_BOOL(struct ledger_cell, is_own_list), PACK_F_U64(struct ledger_cell, named),
	PACK_F_U64(struct ledger_cell, site), PACK_F_U64(struct ledger_cell, provider),
	PACK_F_U64(struct ledger_cell, source), PACK_F_U64(struct ledger_cell, domain),
	PACK_F_U64(struct ledger_cell, sender), PACK_F_U64(struct ledger_cell, recipient),
	PACK_F_U64(struct ledger_cell, message)};
static const struct pack_type cell_type = PACK_TYPE(ledger_cell, cell_rows);

static const struct pack_row event_rows[] = {
	PACK_F_I64(struct kept_event, at), PACK_F_SPAN(struct kept_event, what)};
static const struct pack_type event_type = PACK_TYPE(kept_event, event_rows);

static const struct pack_row alarm_rows[] = {PACK_F_I64(struct kept_alarm, since),
	PACK_F_I64(struct kept_alarm, told_at), PACK_F_I64(struct kept_alarm, gone_at),
	PACK_F_U8(struct kept_alarm, family), PACK_F_U8(struct kept_alarm, scope),
	PACK_F_U8(struct kept_alarm, whose), PACK_F_U8(struct kept_alarm, check),
	PACK_F_U32(struct kept_alarm, cause), PACK_F_SPAN(struct kept_alarm, who)};
static const struct pack_type alarm_type = PACK_TYPE(kept_alarm, alarm_rows);

static const struct pack_row check_rows[] = {PACK_F_I64(struct kept_check, at),
	PACK_F_U8(struct kept_check, check), PACK_F_U8(struct kept_check, state),
	PACK_F_SPAN(struct kept_check, about), PACK_F_SPAN(struct kept_check, did),
	PACK_F_SPAN(struct kept_check, showed), PACK_F_SPAN(struct kept_check, means),
	PACK_F_SPAN(struct kept_check, mend)};
static const struct pack_type check_type = PACK_TYPE(kept_check, check_rows);

static const struct pack_row told_rows[] = {PACK_F_I64(struct kept_told, at),
	PACK_F_I64(struct kept_told, seen_at), PACK_F_I64(struct kept_told, ok_at),
	PACK_F_U32(struct kept_told, more), PACK_F_U32(struct kept_told, cause),
	PACK_F_U8(struct kept_told, state), PACK_F_BOOL(struct kept_told, is_whole),
	PACK_F_SPAN(struct kept_told, site)};
static const struct pack_type told_type = PACK_TYPE(kept_told, told_rows);

static const struct pack_row kept_rows[] = {PACK_F_U32(struct kept, vocabulary),
	PACK_F_ARRAY(struct kept, names, names_n, &name_type),
	PACK_F_ARRAY(struct kept, cells, cells_n, &cell_type),
	PACK_F_ARRAY(struct kept, events, events_n, &event_type),
	PACK_F_ARRAY(struct kept, alarms, alarms_n, &alarm_type),
	PACK_F_ARRAY(struct kept, checks, checks_n, &check_type),
	PACK_F_ARRAY(struct kept, tolds, tolds_n, &told_type)};
static const struct pack_type kept_type = PACK_TYPE(kept, kept_rows);

/* All names that have a number in it, in their order. */
static uint32_t vocabulary(void)
{
	uint32_t crc = VERSION;

	for (unsigned i = 0; i < REPLY_CAUSES; i++)
		crc = crc32c(crc, span_str(reply_cause_text(i)));
	for (unsigned i = 0; i < REPLY_SIDES; i++)
		crc = crc32c(crc, span_str(reply_side_text(i)));
	for (unsigned i = 0; i < FAMILIES; i++)
		crc = crc32c(crc, span_str(verdict_family_name(i)));
	for (unsigned i = 0; i < VERDICT_SCOPES; i++)
		crc = crc32c(crc, span_str(verdict_scope_name(i)));
	for (unsigned i = 0; i < VERDICT_WHOSE; i++)
		crc = crc32c(crc, span_str(verdict_whose_name(i)));
	for (unsigned i = 0; i < CHECKS; i++)
		crc = crc32c(crc, span_str(check_name(i)));
	return crc;
}

/* ---- writing ---- */

static void gather_ledger(const struct ledger *l, struct arena *arena, struct kept *ret)
{
	ret->names = arena_array(arena, LEDGER_NAMES, sizeof *ret->names);
	for (size_t i = 0; i < LEDGER_NAMES; i++)
		if (l->names[i].hash)
			ret->names[ret->names_n++] =
				(struct kept_name){l->names[i].hash, span_str(l->names[i].text)};
	ret->cells_n = ledger_count(l);
	ret->cells = arena_array(arena, ret->cells_n + 1, sizeof *ret->cells);
	for (size_t i = 0; i < ret->cells_n; i++)
		ret->cells[i] = *ledger_get(l, i);
	ret->events = arena_array(arena, LEDGER_EVENTS, sizeof *ret->events);
	for (size_t i = LEDGER_EVENTS; i-- > 0;) {
		const struct ledger_event *e = ledger_event(l, i);

		if (e)
			ret->events[ret->events_n++] =
				(struct kept_event){e->at, span_str(e->what)};
	}
}

static void gather_alarms(const struct alarms *a, struct arena *arena, struct kept *ret)
{
	ret->alarms = arena_array(arena, ALARMS_MOST, sizeof *ret->alarms);
	for (size_t i = 0; i < ALARMS_MOST; i++) {
		const struct alarm *one = &a->all[i];

		if (one->key != 0)
			ret->alarms[ret->alarms_n++] = (struct kept_alarm){.since = one->since,
				.told_at = one->told_at,
				.gone_at = one->gone_at,
				.family = (uint8_t)one->family,
				.scope = (uint8_t)one->scope,
				.whose = (uint8_t)one->whose,
				.check = one->check,
				.cause = one->cause,
				.who = span_str(one->who)};
	}
}

static void gather_checks(const struct keep *k, struct arena *arena, struct kept *ret)
{
	ret->checks = arena_array(arena, k->checks_n + 1, sizeof *ret->checks);
	for (size_t i = 0; i < k->checks_n; i++) {
		const struct check_result *r = &k->checks[i].result;

		ret->checks[ret->checks_n++] =
			(struct kept_check){k->checks[i].at, (uint8_t)r->check, (uint8_t)r->state,
				r->about, r->did, r->showed, r->means, r->mend};
	}
}

static void gather_tolds(const struct tolds *t, struct arena *arena, struct kept *ret)
{
	ret->tolds = arena_array(arena, t->n + 1, sizeof *ret->tolds);
	for (size_t i = 0; i < t->n; i++) {
		const struct told *one = &t->all[i];

		ret->tolds[ret->tolds_n++] = (struct kept_told){.at = one->at,
			.seen_at = one->seen_at,
			.ok_at = one->ok_at,
			.more = one->more,
			.cause = one->cause,
			.state = (uint8_t)one->state,
			.is_whole = one->is_whole,
			.site = span_str(one->site)};
	}
}

int keep_write(const struct keep *k, struct buf *out)
{
	struct kept all = {.vocabulary = vocabulary()};
	struct arena arena = {0};

	gather_ledger(k->ledger, &arena, &all);
	gather_alarms(k->alarms, &arena, &all);
	gather_checks(k, &arena, &all);
	gather_tolds(k->tolds, &arena, &all);
	int rc = pack_seal(&kept_type, VERSION, &all, out);

	arena_done(&arena);
	return rc;
}

/* ---- reading ---- */

struct renaming { /* hashes of the process that wrote, to ours */
	struct table all;
	struct arena arena;
};

static struct span key_of(const uint64_t *hash)
{
	return span_of(hash, sizeof *hash);
}

static void learn_names(const struct kept *all, struct ledger *l, struct renaming *r)
{
	for (size_t i = 0; i < all->names_n; i++) {
		uint64_t *ours = ARENA_NEW(&r->arena, uint64_t);

		*ours = ledger_learn(l, all->names[i].text);
		if (*ours != 0)
			(void)table_set(&r->all, key_of(&all->names[i].hash), ours);
	}
}

static void rename_one(const struct renaming *r, uint64_t *hash)
{
	const uint64_t *ours = table_get(&r->all, key_of(hash));

	if (ours && *hash != 0 && *hash != LEDGER_MANY)
		*hash = *ours;
}

static bool is_right(const struct ledger_cell *c, uint32_t least, int64_t now)
{
	return c->minute >= least && (int64_t)c->minute * 60 <= now && c->n > 0 &&
	       c->cause < REPLY_CAUSES && c->side < REPLY_SIDES;
}

static void take_ledger(const struct kept *all, int64_t now, struct ledger *l)
{
	struct renaming r = {0};

	learn_names(all, l, &r);
	for (size_t i = 0; i < all->cells_n && l->n < LEDGER_CELLS; i++) {
		struct ledger_cell c = all->cells[i];

		if (!is_right(&c, l->minute, now))
			continue;
		rename_one(&r, &c.site);
		rename_one(&r, &c.provider);
		rename_one(&r, &c.source);
		rename_one(&r, &c.named);
		rename_one(&r, &c.domain);
		rename_one(&r, &c.sender);
		rename_one(&r, &c.recipient);
		l->cells[l->n++] = c;
		l->minute = c.minute;
	}
	for (size_t i = 0; i < all->events_n; i++) {
		char what[LEDGER_EVENT_MAX];

		(void)span_copy(all->events[i].what, what, sizeof what);
		if (all->events[i].at <= now)
			ledger_note(l, all->events[i].at, what);
	}
	table_done(&r.all);
	arena_done(&r.arena);
}

static void take_alarms(const struct kept *all, struct alarms *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < all->alarms_n && n < ALARMS_MOST; i++) {
		const struct kept_alarm *k = &all->alarms[i];
		struct alarm *a = &ret->all[n];

		if (k->family >= FAMILIES || k->scope >= VERDICT_SCOPES ||
			k->whose >= VERDICT_WHOSE || k->cause >= REPLY_CAUSES || k->check > CHECKS)
			continue;
		*a = (struct alarm){.since = k->since,
			.told_at = k->told_at,
			.gone_at = k->gone_at,
			.family = k->family,
			.scope = k->scope,
			.whose = k->whose,
			.cause = k->cause,
			.check = k->check};
		(void)span_copy(k->who, a->who, sizeof a->who);
		a->key = alarm_key(a);
		n++;
	}
}

static void take_checks(const struct kept *all, int64_t now, struct keep *ret)
{
	size_t room = ret->checks_n;

	ret->checks_n = 0;
	for (size_t i = 0; i < all->checks_n && ret->checks_n < room; i++) {
		const struct kept_check *k = &all->checks[i];

		if (k->check < CHECKS && k->state < CHECK_STATES && k->at <= now)
			ret->checks[ret->checks_n++] =
				(struct keep_check){.result = {.check = k->check,
							    .state = k->state,
							    .about = k->about,
							    .did = k->did,
							    .showed = k->showed,
							    .means = k->means,
							    .mend = k->mend},
					.at = k->at};
	}
}

static void take_tolds(const struct kept *all, int64_t now, struct tolds *ret)
{
	for (size_t i = 0; i < all->tolds_n && ret->n < TOLD_MOST; i++) {
		const struct kept_told *k = &all->tolds[i];
		struct told one = {.at = k->at,
			.seen_at = k->seen_at,
			.ok_at = k->ok_at,
			.more = k->more,
			.cause = k->cause,
			.state = k->state,
			.is_whole = k->is_whole};

		(void)span_copy(k->site, one.site, sizeof one.site);
		/* Nobody knows whether he heard of what was on its way to him. */
		if ((k->state == TOLD_SAID || k->state == TOLD_SILENT) && k->cause < REPLY_CAUSES &&
			k->at >= 0 && k->at <= k->seen_at && k->seen_at <= now && k->ok_at >= 0)
			told_add(ret, &one);
	}
}

int keep_read(struct span in, int64_t now, struct keep *ret)
{
	struct kept all = {0};
	struct arena arena = {0};
	struct span payload;
	uint16_t version;
	int rc = pack_open(in, &version, &payload);

	if (rc == 0 && version != VERSION)
		rc = -EBADMSG;
	if (rc == 0)
		rc = pack_read(&kept_type, payload, &arena, &all);
	if (rc == 0 && all.vocabulary != vocabulary())
		rc = -EBADMSG;
	if (rc == 0) {
		take_ledger(&all, now, ret->ledger);
		take_alarms(&all, ret->alarms);
		take_checks(&all, now, ret);
		take_tolds(&all, now, ret->tolds);
	}
	arena_done(&arena);
	return rc < 0 ? -EBADMSG : 0;
}
