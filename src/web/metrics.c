#include "web/metrics.h"
#include "diagnose/verdict.h"
#include "reply/catalogue.h"
#include "reply/taxonomy.h"
#include "web/status.h"

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	(void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(
	struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
	head(out, name, type, help);
	(void)buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

/* value: one of our own names, which need no escapes. */
static void labelled(
	struct buf *out, const char *name, const char *label, const char *value, uint64_t n)
{
	(void)buf_printf(out, "%s{%s=\"%s\"} %llu\n", name, label, value, (unsigned long long)n);
}

/* ---- the queue ---- */

static void put_totals(struct buf *out, const struct ipc_web_seen *q)
{
	static const char name[] = "abide_recipients_ended_total";

	one(out, "abide_messages_accepted_total", "counter", "Messages taken into the queue.",
		q->accepted_messages);
	one(out, "abide_recipients_accepted_total", "counter", "Recipients of them.",
		q->accepted_recipients);
	head(out, name, "counter", "Recipients that left the queue, by how.");
	labelled(out, name, "how", "delivered", q->delivered);
	labelled(out, name, "how", "relayed", q->relayed);
	labelled(out, name, "how", "expanded", q->expanded);
	labelled(out, name, "how", "bounced", q->bounced);
	labelled(out, name, "how", "silent", q->silent);
	labelled(out, name, "how", "dropped", q->dropped);
	one(out, "abide_records_set_aside_total", "counter",
		"Records of the spool that could not be read.", q->set_aside);
}

static void put_now(struct buf *out, const struct ipc_web_seen *q)
{
	one(out, "abide_queue_messages", "gauge", "Messages in the queue.", q->messages);
	one(out, "abide_queue_recipients", "gauge", "Recipients in the queue.", q->recipients);
	one(out, "abide_queue_running", "gauge", "Deliveries that run now.", q->running);
	one(out, "abide_delivery_connections", "gauge", "Open connections to next hops.",
		q->connections);
	head(out, "abide_processes", "gauge", "Processes that the queue has a channel to.");
	labelled(out, "abide_processes", "role", "receive", q->roles.receive);
	labelled(out, "abide_processes", "role", "deliver", q->roles.deliver);
	one(out, "abide_queue_start_time_seconds", "gauge",
		"When the process queue was started, in seconds since 1970.",
		(uint64_t)(q->started_wall_ms / 1000));
	one(out, "abide_commit_milliseconds", "gauge", "How long the newest commit took.",
		q->commit_ms);
	if (!q->has_room_figures)
		return;
	one(out, "abide_spool_disk_free_bytes", "gauge", "Free bytes of the spool's disk.",
		q->room.disk_free);
	head(out, "abide_spool_used_ratio", "gauge", "Share of limits.spool_size that is in use.");
	(void)buf_printf(out, "abide_spool_used_ratio %u.%03u\n", q->room.map_used / 1000,
		q->room.map_used % 1000);
}

static uint64_t waiting_for(const struct ipc_web_seen *q, enum reply_cause cause)
{
	enum reply_cause of;

	for (size_t i = 0; i < q->causes_n; i++)
		if (reply_cause_parse(q->causes[i].cause, &of) && of == cause)
			return q->causes[i].recipients;
	return 0;
}

/* Every cause, each time: who watches one sees its zero. */
static void put_causes(struct buf *out, const struct ipc_web_seen *q)
{
	static const char name[] = "abide_queue_recipients_by_cause";

	one(out, "abide_queue_looked_at_messages", "gauge",
		"Messages, the oldest, that abide_queue_recipients_by_cause is of.", q->looked_at);
	head(out, name, "gauge", "Recipients that wait, by the cause of the last reply.");
	for (int cause = REPLY_NONE + 1; cause < REPLY_CAUSES; cause++)
		labelled(out, name, "cause", reply_cause_text((enum reply_cause)cause),
			waiting_for(q, (enum reply_cause)cause));
}

static void put_sites(struct buf *out, const struct ipc_web_seen *q)
{
	static const char *const states[] = {"flowing", "paused", "probing"};
	uint64_t n[3] = {0};

	for (size_t i = 0; i < q->sites_n; i++)
		for (size_t k = 0; k < 3; k++)
			n[k] += span_equal(q->sites[i].state, span_str(states[k]));
	n[0] += q->sites_all - q->sites_n; /* those in trouble are told first */
	head(out, "abide_sites", "gauge", "Sites that there is mail for, by state.");
	for (size_t k = 0; k < 3; k++)
		labelled(out, "abide_sites", "state", states[k], n[k]);
}

static void put_trouble(struct buf *out, const struct ipc_web_seen *q)
{
	head(out, "abide_alarms", "gauge", "Alarms that go on, by whose side it is on.");
	for (unsigned whose = 0; whose < VERDICT_WHOSE; whose++) {
		uint64_t n = 0;

		for (size_t i = 0; i < q->alarms_n; i++)
			n += q->alarms[i].whose == whose;
		labelled(out, "abide_alarms", "whose", verdict_whose_name(whose), n);
	}
}

/* ---- our own deferrals ---- */

static const struct meter_row {
	const char *name, *type, *help;
	size_t offset; /* in struct ipc_control_meter */
	bool is_time;  /* ms, shown as seconds; -1: not known */
} meter_rows[] = {
#define METER(n, t, m, time, h)                                      \
	{                                                            \
		n, t, h, offsetof(struct ipc_control_meter, m), time \
	}
	METER("abide_own_deferrals_total", "counter", told, false, "Own 4xx replies, by reply."),
	METER("abide_own_deferred_total", "counter", first, false,
		"Senders, with recipient, that were told one."),
	METER("abide_own_deferred_back_total", "counter", back, false,
		"Of them, those whose mail was accepted later."),
	METER("abide_own_deferred_awaited", "gauge", open, false,
		"Of them, those who are not back yet."),
	METER("abide_own_deferred_never_back", "gauge", never, false,
		"Of them, those who were not seen again."),
	METER("abide_own_deferral_delay_p50_seconds", "gauge", p50_ms, true,
		"Half of those who came back lately were that late."),
	METER("abide_own_deferral_delay_p95_seconds", "gauge", p95_ms, true,
		"95 % of those who came back lately were no later."),
#undef METER
};

static void put_meter(
	struct buf *out, const struct meter_row *row, const struct ipc_control_meter *m)
{
	uint64_t n;

	memcpy(&n, (const char *)m + row->offset, sizeof n);
	/* Only what stands in the catalogue becomes a label. */
	enum reply_id id = catalogue_find(m->reply);

	if (id == REPLY_ID_NONE || (row->is_time && (int64_t)n < 0))
		return;
	if (!row->is_time)
		labelled(out, row->name, "reply", catalogue_get(id)->name, n);
	else
		(void)buf_printf(out, "%s{reply=\"%s\"} %llu.%03llu\n", row->name,
			catalogue_get(id)->name, (unsigned long long)(n / 1000),
			(unsigned long long)(n % 1000));
}

static void put_facts(struct buf *out, const struct ipc_web_metered *f)
{
	one(out, "abide_sessions", "gauge", "Clients that are connected.", f->sessions);
	one(out, "abide_load_stage", "gauge",
		"How much receive has to do: 0 calm, 1 busy, 2 hard, 3 full.", f->load.stage);
	one(out, "abide_disk_low", "gauge", "1: no new mail is taken, as the disk is nearly full.",
		f->load.is_disk_low);
	for (size_t i = 0; i < sizeof meter_rows / sizeof meter_rows[0]; i++) {
		head(out, meter_rows[i].name, meter_rows[i].type, meter_rows[i].help);
		for (size_t k = 0; k < f->meters_n; k++)
			put_meter(out, &meter_rows[i], &f->meters[k]);
	}
}

void metrics_write(const struct view_now *now, struct buf *out)
{
	const char *why;

	head(out, "abide_up", "gauge", "1: that process answers.");
	labelled(out, "abide_up", "role", "queue", now->queue != NULL);
	labelled(out, "abide_up", "role", "facts", now->facts != NULL);
	one(out, "abide_ready", "gauge", "1: mail is taken and sent as it should be.",
		status_health(now, &why) == STATUS_READY);
	if (now->queue) {
		put_totals(out, now->queue);
		put_now(out, now->queue);
		put_causes(out, now->queue);
		put_sites(out, now->queue);
		put_trouble(out, now->queue);
	}
	if (now->facts)
		put_facts(out, now->facts);
}
