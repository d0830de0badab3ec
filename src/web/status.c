#include "web/status.h"
#include "policy/load.h"

/* ---- health ---- */

/* The measures of policy/load.c. */
static const char *load_words(struct span why)
{
	static const struct {
		const char *why, *words;
	} rows[] = {{"queue", "there is more to do than can be done"},
		{"lag", "sessions wait for the processor"}, {"backlog", "the disk is behind"},
		{"commit", "the disk takes too long to write a message"},
		{"sessions", "nearly all sessions that may be are open"},
		{"descriptors", "nearly all descriptors are in use"},
		{"memory", "memory is nearly used up"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (span_equal(why, span_str(rows[i].why)))
			return rows[i].words;
	return "there is more to do than can be done";
}

enum status_health status_health(const struct view_now *now, const char **ret_why)
{
	const struct ipc_web_seen *q = now->queue;
	const struct ipc_facts_load *load = now->facts ? &now->facts->load : NULL;

	*ret_why =
		!q ? "the queue does not answer"
		: !q->is_handing_out
			? "the queue waits for the processes that deliver to say what runs in them"
		: q->roles.receive == 0 ? "no process takes mail"
		: q->roles.deliver == 0 ? "no process delivers mail"
					: "";
	if ((*ret_why)[0])
		return STATUS_NOT_READY;
	if (load && load->is_disk_low)
		*ret_why = "the spool's disk is nearly full: no new mail is taken";
	else if (load && load->stage > LOAD_CALM)
		*ret_why = load_words(load->why);
	return (*ret_why)[0] ? STATUS_OVERLOADED : STATUS_READY;
}

const char *status_health_name(enum status_health health)
{
	static const char *const names[] = {"ready", "overloaded", "not_ready"};

	return names[health];
}

/* ---- the page ---- */

static void put_fact(const struct html *p, uint64_t n, const char *english, const char *german)
{
	html_add(p, "<div><b>");
	html_number(p, n);
	html_add(p, "</b><span>");
	html_add(p, html_say(p, english, german));
	html_add(p, "</span></div>");
}

static void put_facts(const struct html *p, const struct view_now *now)
{
	const struct ipc_web_seen *q = now->queue;

	html_add(p, "<div class=\"facts\">");
	put_fact(p, q->messages, "messages in the queue", "Nachrichten in der Warteschlange");
	put_fact(p, q->recipients, "recipients of them", "Empfänger davon");
	put_fact(p, q->running, "being delivered now", "werden gerade zugestellt");
	put_fact(p, q->accepted_messages, "messages accepted, ever", "Nachrichten je angenommen");
	put_fact(p, q->delivered + q->relayed, "recipients reached, ever", "Empfänger je erreicht");
	put_fact(p, q->bounced, "bounced, ever", "je zurückgegangen");
	if (now->facts)
		put_fact(p, now->facts->sessions, "clients connected", "Verbindungen von außen");
	html_add(p, "</div>\n");
}

static void put_state(const struct html *p, const struct view_now *now, int64_t now_ms)
{
	const char *why;
	enum status_health health = status_health(now, &why);

	html_add(p, "<p><span class=\"state ");
	html_add(p, health == STATUS_READY ? "good\">" : "bad\">");
	html_add(p, health == STATUS_READY        ? html_say(p, "Mail is taken and sent.",
							    "Post wird angenommen und verschickt.")
		    : health == STATUS_OVERLOADED ? html_say(p, "Overloaded", "Überlastet")
						  : html_say(p, "Not ready", "Nicht bereit"));
	if (why[0]) {
		html_add(p, ": ");
		html_add(p, why);
		html_add(p, ".");
	}
	html_add(p, "</span> <span class=\"dim\">");
	html_text(p, p->hostname);
	html_add(p, ", ");
	html_time(p, now_ms);
	html_add(p, "</span></p>\n");
}

static void put_absent(const struct html *p, const char *english, const char *german)
{
	html_add(p, "<div class=\"card ours\"><h3>");
	html_add(p, html_say(p, english, german));
	html_add(p, "</h3><p>");
	html_add(p, html_say(p,
			    "It may be starting again, or have very much to do: the log has "
			    "<code>event=role_died</code> or <code>event=slow_task</code>. Load "
			    "this page "
			    "again in a moment.",
			    "Vielleicht startet er gerade neu oder hat sehr viel zu tun: im "
			    "Protokoll steht dann "
			    "<code>event=role_died</code> oder <code>event=slow_task</code>. Die "
			    "Seite gleich "
			    "noch einmal laden."));
	html_add(p, "</p></div>\n");
}

void status_page(const struct html *p, const struct view_now *now, int64_t now_ms)
{
	html_begin(p);
	put_state(p, now, now_ms);
	if (!now->queue) {
		put_absent(p, "The queue does not answer.", "Der Prozess queue antwortet nicht.");
	} else {
		put_facts(p, now);
		status_trouble(p, now->queue);
		status_causes(p, now->queue, now_ms);
		status_sites(p, now->queue, now_ms);
	}
	if (now->facts)
		status_deferrals(p, now->facts);
	else
		put_absent(p, "The process facts does not answer.",
			"Der Prozess facts antwortet nicht.");
	if (now->queue)
		status_checks(p, now->queue);
	html_end(p);
}
