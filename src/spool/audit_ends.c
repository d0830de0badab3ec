#include "spool/audit.h"
#include <errno.h>

#define MISSING_MOST 1000U /* rows of aside that are named; a wrong total must not keep us */

/* Serial numbers from *next up to `before` have no row. */
static void missing_aside(struct audit *a, uint64_t *next, uint64_t before)
{
	for (unsigned n = 0; *next < before && n < MISSING_MOST; n++, ++*next) {
		struct store_key k = store_key_u64(*next);

		audit_found(a, STORE_ASIDE, store_key_span(&k), "is missing");
	}
	*next = before;
}

void audit_aside(struct audit *a)
{
	uint64_t next = 1;
	struct span key, value;
	int rc = store_seek(&a->t, STORE_ASIDE, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(&a->t, STORE_ASIDE, &key, &value)) {
		struct pack_cursor c = {.rest = value};
		uint64_t table = pack_get_u(&c, 1);
		struct span row = pack_get_bytes(&c, (size_t)pack_get_u(&c, 2));
		uint64_t serial = store_id_of(key).high;
		char text[64] = {(char)table};

		if (c.failed || key.len != 8 || table >= STORE_TABLES || row.len >= sizeof text ||
			serial < next || serial > a->meta.totals.aside) {
			audit_found(a, STORE_ASIDE, key, "can't be read");
			continue;
		}
		missing_aside(a, &next, serial);
		next = serial + 1;
		audit_found(a, (enum store_table)table, row, "could not be read and was set aside");
		if (row.len > 0)
			memcpy(text + 1, row.at, row.len);
		(void)table_set(&a->aside, span_of(text, row.len + 1), a);
	}
	if (next <= a->meta.totals.aside && a->meta.totals.aside < UINT64_MAX)
		missing_aside(a, &next, a->meta.totals.aside + 1);
}

static void missing_end(struct audit *a, const struct store_key *key)
{
	if (audit_is_aside(a, STORE_ENDS, store_key_span(key)) ||
		table_set(&a->missing_ends, store_key_span(key), a))
		return;
	audit_found(a, STORE_ENDS, store_key_span(key), "is missing, but the next end names it");
}

/* The end that this one names as written before it, unless it may have been pruned. */
static void check_before(struct audit *a, const struct spool_ended *e)
{
	struct store_key key = store_key_id_n(e->before_id, e->before_n);
	struct store_key message = store_key_id(e->before_id);
	struct arena arena = {0};
	struct spool_ended before;
	int rc = store_get_record(
		&a->t, STORE_ENDS, store_key_span(&key), &spool_ended_type, &arena, &before);

	if (rc == -ENOENT &&
		(e->serial > a->meta.horizon || audit_has(a, STORE_MESSAGES, &message)))
		missing_end(a, &key);
	if (rc == 0 && before.serial != e->serial - 1)
		audit_found(a, STORE_ENDS, store_key_span(&key), "has the wrong serial number");
	arena_done(&arena);
}

void audit_ends(struct audit *a)
{
	struct store_key newest = store_key_id_n(a->meta.last_end.id, a->meta.last_end.n);
	uint64_t serial = a->meta.last_end.serial;
	struct span key, value, there;
	int rc = store_seek(&a->t, STORE_ENDS, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(&a->t, STORE_ENDS, &key, &value)) {
		struct arena arena = {0};
		struct spool_ended e;
		unsigned char kept[ID_BYTES + 4];

		if (key.len != sizeof kept ||
			store_open_record(value, &spool_ended_type, &arena, &e) < 0 || e.how == 0 ||
			e.how > SPOOL_DROPPED || e.serial == 0) {
			audit_found(a, STORE_ENDS, key, "can't be read");
		} else if (e.serial > 1) {
			/* The look-up moves the cursor: it comes back to this row. */
			memcpy(kept, key.at, sizeof kept);
			check_before(a, &e);
			(void)store_get(&a->t, STORE_ENDS, span_of(kept, sizeof kept), &there);
		}
		arena_done(&arena);
	}
	if (serial > 0 && serial >= a->meta.horizon && !audit_has(a, STORE_ENDS, &newest))
		missing_end(a, &newest);
}
