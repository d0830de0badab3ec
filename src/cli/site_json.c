#include "cli/site_json.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include <stddef.h>

const struct site_field site_fields[] = {
#define FIELD(f) #f, offsetof(struct ipc_control_profile, f)
	{FIELD(grey_enough), false},
	{FIELD(grey_vain), false},
	{FIELD(grey_remembers), false},
	{FIELD(grey_forgets), false},
	{FIELD(grey_pairs), true},
	{FIELD(recipients_most), true},
	{FIELD(ceiling), true},
	{FIELD(gap_us), false},
	{FIELD(open_gap_ms), false},
#undef FIELD
};
const size_t site_fields_n = sizeof site_fields / sizeof site_fields[0];

static int64_t field_value(const struct ipc_control_profile *p, const struct site_field *f)
{
	const char *at = (const char *)p + f->offset;

	return f->is_32 ? (int64_t) * (const uint32_t *)(const void *)at
			: *(const int64_t *)(const void *)at;
}

json_t *site_profile_json(const struct ipc_control_profile *p)
{
	json_t *o = json_object();

	for (size_t i = 0; i < site_fields_n; i++) {
		int64_t value = field_value(p, &site_fields[i]);

		if (value != 0)
			(void)json_object_set_new(o, site_fields[i].name, json_integer(value));
	}
	return o;
}

static json_t *text_or_null(struct span s)
{
	return s.len > 0 ? json_text(s) : json_null();
}

static json_t *reply_of(const struct ipc_control_site *s)
{
	struct ipc_control_recipient r = {.code = s->last_reply_code, .reply = s->last_reply};

	return s->last_reply.len == 0    ? json_null()
	       : s->last_reply_code == 0 ? json_text(s->last_reply)
					 : listing_reply(&r);
}

static json_t *wait_json(int64_t ms)
{
	return ms > 0 ? json_integer((ms + 999) / 1000) : json_null();
}

json_t *site_json(const struct ipc_control_site *s)
{
	json_t *domains = json_array();

	for (size_t i = 0; i < s->domains_n; i++)
		(void)json_array_append_new(domains, json_text(s->domains[i].name));
	json_t *o = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "site",
		json_text(s->profile.site), "domains", domains, "waiting", (json_int_t)s->waiting,
		"active", (json_int_t)s->active, "held", (json_int_t)s->held, "limit",
		(json_int_t)s->limit, "connections", (json_int_t)s->connections);

	(void)json_object_update_new(
		o, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "state", json_text(s->state),
			   "binds", text_or_null(s->binds), "cause", text_or_null(s->cause),
			   "next_try", listing_time(s->next_try_wall_ms), "learned_wait",
			   wait_json(s->profile.grey_enough), "last_reply", reply_of(s)));
	(void)json_object_update_new(
		o, json_pack("{s:o, s:o, s:o, s:f, s:I, s:I, s:I, s:I}", "drains_at",
			   listing_time(s->drains_at_wall_ms), "drains_from",
			   listing_time(s->drains_from_wall_ms), "drains_by",
			   listing_time(s->drains_by_wall_ms), "per_minute",
			   (double)s->per_minute_thousandths / 1000, "delivered",
			   (json_int_t)s->delivered, "deferred", (json_int_t)s->deferred, "bounced",
			   (json_int_t)s->bounced, "maybe_delivered", (json_int_t)s->maybes));
	(void)json_object_set_new(o, "forecasts",
		json_pack("{s:i, s:i, s:o, s:o, s:o}", "settled", (int)s->forecasts, "within_band",
			(int)s->forecasts_within, "last_made",
			listing_time(s->forecast_made_wall_ms), "last_said",
			listing_time(s->forecast_said_wall_ms), "last_came",
			listing_time(s->forecast_came_wall_ms)));
	(void)json_object_set_new(o, "learned", site_profile_json(&s->profile));
	return o;
}
