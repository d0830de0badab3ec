/*
 * Which lane a message waits in: by the way that each recipient's mail goes, the address of ours that
 * it goes out from, and whose mail goes first.
 */
#include "queue/queue.h"

/*
 * Smarthosts name their lane by what the route says; what has no route waits under its domain.
 * Who sends very much of late goes among the bulk: a single message overtakes thousands.
 */
static struct lane *lane_of_class(struct queue *q, const struct conf *conf, struct span sender,
	struct lane *ordinary, struct arena *arena)
{
	enum conf_priority priority = conf_priority_of(conf, sender);
	uint32_t who = (uint32_t)table_hash(sender);
	struct span class = {0};

	if (priority == CONF_PRIORITY_HIGH)
		class = SPAN_LIT("high");
	else if (priority == CONF_PRIORITY_LOW)
		class = SPAN_LIT("low");
	else if (lane_count(ordinary, who, spool_now(q->spool)))
		class = arena_printf(arena, "bulk%u", who % LANE_BULKS);
	if (class.len == 0)
		return ordinary;
	return queue_lane_get(q, arena_printf(arena, "%s#%.*s", ordinary->name, SPAN_F(class)),
		span_str(ordinary->site->name));
}

/* All recipients of a message that go the same way stay together. */
static struct lane *lane_of_message(
	struct queue *q, const struct spool_accept *accept, struct span name)
{
	for (size_t i = 0; i < accept->lanes_n; i++) {
		struct span other = accept->lanes[i].name;

		if (span_equal(span_slice(other, 0, name.len), name) &&
			(other.len == name.len || other.at[name.len] == '#'))
			return queue_lane_by_number(q, accept->lanes[i].number);
	}
	return NULL;
}

static struct lane *lane_for(struct queue *q, const struct conf *conf,
	const struct spool_accept *accept, const struct spool_recipient *r, struct arena *arena)
{
	struct span sender = accept->message.sender;
	struct span domain = span_behind_last(r->address, '@');
	struct conf_mail mail = {
		.sender = r->sender.len > 0 ? r->sender : sender, .login = accept->message.login};
	const struct conf_target *to =
		conf_target_for(conf, domain.len ? domain : conf->hostname, &mail);
	/* Of MX each domain is a destination; deliver finds out which of them are one site. */
	bool is_mx = to && to->kind == CONF_TO_MX && domain.len > 0;
	struct span name = to && !is_mx ? to->text : domain;
	/* A mailbox store has no opinion about addresses of ours. */
	bool is_store = to && (to->kind == CONF_TO_LMTP || to->kind == CONF_TO_MAILDIR);
	const struct conf_route *route = to ? conf_route_of(conf, to) : NULL;
	struct span source =
		is_store ? (struct span){0} : queue_source_for(conf, route, sender, name);
	struct span site = queue_site_name(name, source, arena);

	if (source.len > 0)
		name = arena_printf(arena, "%.*s@%.*s", SPAN_F(name), SPAN_F(source));
	struct lane *lane = lane_of_message(q, accept, name);

	return lane ? lane : lane_of_class(q, conf, sender, queue_lane_get(q, name, site), arena);
}

void queue_assign_lanes(struct queue *q, const struct conf *conf, struct spool_accept *accept,
	int64_t due, struct arena *arena)
{
	struct lane *last = NULL;

	accept->lanes = arena_array(arena, accept->recipients_n, sizeof *accept->lanes);
	accept->lanes_n = 0;
	for (size_t i = 0; i < accept->recipients_n; i++) {
		struct spool_recipient *r = &accept->recipients[i];
		struct lane *lane = lane_for(q, conf, accept, r, arena);
		size_t known = 0;

		while (known < accept->lanes_n && accept->lanes[known].number != lane->number)
			known++;
		if (lane != last && known == accept->lanes_n)
			accept->lanes[accept->lanes_n++] =
				(struct spool_lane){.number = lane->number,
					.name = span_str(lane->name),
					.site = span_str(lane->site->name)};
		r->n = (uint32_t)i;
		r->lane = lane->number;
		r->part = (uint32_t)i;
		for (size_t j = 0; j < i; j++)
			if (accept->recipients[j].lane == lane->number) {
				r->part = accept->recipients[j].part;
				break;
			}
		r->state = SPOOL_QUEUED;
		r->next_at = due;
		last = lane;
	}
}

void queue_accepted(struct queue *q, const struct spool_accept *accept)
{
	for (size_t i = 0; i < accept->recipients_n; i++) {
		const struct spool_recipient *r = &accept->recipients[i];

		if (r->part != r->n)
			continue;
		struct spool_due row = {
			.due = r->next_at, .id = accept->message.id, .part = r->part};

		for (size_t j = i; j < accept->recipients_n; j++)
			row.count += accept->recipients[j].part == r->part;
		struct lane *lane = queue_lane_by_number(q, r->lane);

		/* Forgotten while its mail was on the way: it is found when the database has that mail. */
		if (!lane)
			continue;
		lane_add(lane, &row);
		queue_lane_check(q, lane);
	}
}
