#include "spool/audit.h"
#include <errno.h>

static void check_lane(struct audit *a, uint32_t lane, int64_t *last)
{
	struct store_key key = store_key_u32(lane);

	if (*last != lane && !audit_has(a, STORE_LANES, &key) &&
		!audit_is_aside(a, STORE_LANES, store_key_span(&key)))
		audit_found(a, STORE_LANES, store_key_span(&key), "is missing, but has recipients");
	*last = lane;
}

/* The recipients that the row stands for: all of one lane and time, and as many as it says. */
static bool part_is_right(struct audit *a, uint32_t lane, const struct spool_due *due)
{
	struct parts_query q = {
		.id = due->id, .one_part = true, .part = due->part, .most = SIZE_MAX};
	struct spool_recipient *all;
	struct arena arena = {0};
	size_t n;
	bool right = parts_load(&a->t, &q, &arena, &all, &n) == 0 && n == due->count && n > 0 &&
		     all[0].n == due->part;

	for (size_t i = 0; right && i < n; i++)
		right = all[i].lane == lane && all[i].next_at == due->due &&
			all[i].state != SPOOL_HELD;
	arena_done(&arena);
	return right;
}

void audit_due(struct audit *a)
{
	int64_t last = -1;
	struct span key, value;
	int rc = store_seek(&a->t, STORE_DUE, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(&a->t, STORE_DUE, &key, &value)) {
		struct spool_due due;
		uint32_t lane;

		if (!store_due_of(key, value, &lane, &due)) {
			audit_found(a, STORE_DUE, key, "can't be read");
			continue;
		}
		check_lane(a, lane, &last);
		if (!part_is_right(a, lane, &due))
			audit_found(a, STORE_DUE, key, "does not agree with its recipients");
	}
}

void audit_held(struct audit *a)
{
	int64_t last = -1;
	struct span key, value;
	int rc = store_seek(&a->t, STORE_HELD, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(&a->t, STORE_HELD, &key, &value)) {
		uint32_t lane = store_u32_at(key, 0);
		struct span row = span_slice(key, 4, ID_BYTES + 4);
		struct arena arena = {0};
		struct spool_recipient r;

		check_lane(a, lane, &last);
		if (key.len != 24 ||
			store_get_record(&a->t, STORE_RECIPIENTS, row, &spool_recipient_type,
				&arena, &r) < 0 ||
			r.state != SPOOL_HELD || r.lane != lane)
			audit_found(a, STORE_HELD, key, "does not agree with its recipient");
		arena_done(&arena);
	}
}

/* What is told of a recipient that nobody knows would stay for ever. */
void audit_tries(struct audit *a)
{
	struct span key, value;
	int rc = store_seek(&a->t, STORE_TRIES, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(&a->t, STORE_TRIES, &key, &value)) {
		struct store_key owner =
			store_key_id_n(store_id_of(key), store_u32_at(key, ID_BYTES));
		struct span row = store_key_span(&owner);
		struct arena arena = {0};
		struct spool_try y;

		if (key.len != ID_BYTES + 12 ||
			store_open_record(value, &spool_try_type, &arena, &y) < 0 ||
			y.ranges_n == 0 || y.ranges[0].from != store_u32_at(key, ID_BYTES))
			audit_found(a, STORE_TRIES, key, "can't be read");
		else if (!audit_has(a, STORE_RECIPIENTS, &owner) &&
			 !audit_has(a, STORE_ENDS, &owner) &&
			 !audit_is_aside(a, STORE_RECIPIENTS, row) &&
			 !audit_is_aside(a, STORE_ENDS, row))
			audit_found(a, STORE_TRIES, key, "tells of a recipient that is missing");
		arena_done(&arena);
	}
}

/* One of a lane that is gone would make the mail of another due that gets its number. */
void audit_marks(struct audit *a)
{
	int64_t last = -1;
	struct span key, value;
	int rc = store_seek(&a->t, STORE_MARKS, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(&a->t, STORE_MARKS, &key, &value)) {
		struct store_number at;
		struct arena arena = {0};

		check_lane(a, store_u32_at(key, 0), &last);
		if (key.len != 4 || store_open_record(value, &store_number_type, &arena, &at) < 0)
			audit_found(a, STORE_MARKS, key, "can't be read");
		else if (!a->meta_missing && at.value > (uint64_t)a->meta.clock.queue_ms)
			audit_found(a, STORE_MARKS, key, "lies in the future");
		arena_done(&arena);
	}
}
