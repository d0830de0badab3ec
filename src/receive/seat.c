#include "receive/seat.h"

struct seat {
	const char *name;
	enum reply_id (*at_header)(const struct seat_message *m);
	enum reply_id (*at_end)(const struct seat_message *m);
};

/* RFC 5321 6.3 */
static enum reply_id end_loop(const struct seat_message *m)
{
	const struct transaction *t = &m->session->transaction;

	return t->content.facts.received > t->conf->limits.received_hops ? SAY_LOOP : REPLY_ID_NONE;
}

/* RFC 6409 8: what people's mail programs may leave out, and other servers want. */
static enum reply_id add_missing(const struct seat_message *m)
{
	const struct session *s = m->session;
	const struct content *c = &s->transaction.content;
	char date[CLOCK_TEXT_MAX];

	if ((s->door.protocol == CONF_SMTP && s->login.len == 0) ||
		(c->size > 0 && !c->has_whole_header))
		return REPLY_ID_NONE;
	if (!c->facts.has_date)
		(void)buf_printf(
			m->edits, "Date: %.*s\r\n", SPAN_F(clock_rfc5322(m->wall_ms, date)));
	if (!c->facts.has_message_id)
		(void)buf_printf(m->edits, "Message-ID: <%.*s@%.*s>\r\n", SPAN_F(m->id),
			SPAN_F(s->transaction.conf->hostname));
	return REPLY_ID_NONE;
}

static const struct seat seats[] = {
	{.name = "loop", .at_header = end_loop},
	{.name = "missing fields", .at_end = add_missing},
};

enum reply_id seats_at_header(void *session, struct span held)
{
	const struct seat_message m = {.session = session, .held = held};

	for (size_t i = 0; i < sizeof seats / sizeof seats[0]; i++) {
		enum reply_id refusal = seats[i].at_header ? seats[i].at_header(&m) : REPLY_ID_NONE;

		if (refusal)
			return refusal;
	}
	return REPLY_ID_NONE;
}

enum reply_id seats_at_end(struct session *s, struct span id, int64_t wall_ms, struct buf *edits)
{
	const struct seat_message m = {.session = s, .id = id, .wall_ms = wall_ms, .edits = edits};

	for (size_t i = 0; i < sizeof seats / sizeof seats[0]; i++) {
		enum reply_id refusal = seats[i].at_end ? seats[i].at_end(&m) : REPLY_ID_NONE;

		if (refusal)
			return refusal;
	}
	return REPLY_ID_NONE;
}

void seats_words(const struct session *s, enum reply_id refusal, struct reply_words *words)
{
	const struct transaction *t = &s->transaction;

	if (refusal != SAY_LOOP)
		return;
	words->number = t->content.facts.received;
	words->limit = t->conf->limits.received_hops;
}
