#include "web/status.h"
#include "reply/catalogue.h"
#include "reply/explain.h"

static void put_heading(const struct html *p, const char *english, const char *german)
{
	html_add(p, "<h2>");
	html_add(p, html_say(p, english, german));
	html_add(p, "</h2>\n");
}

/* A table whose cells know the names of their columns, which a narrow screen shows beside each. */
struct table {
	const struct html *page;
	const char *const (*columns)[2]; /* English and German; "#" before those of numbers */
	size_t n, at;
};

static const char *column(const struct table *t, size_t i, bool *ret_number)
{
	const char *name = html_say(t->page, t->columns[i][0], t->columns[i][1]);

	*ret_number = name[0] == '#';
	return name + *ret_number;
}

static void put_head(const struct table *t)
{
	bool is_number;

	html_add(t->page, "<div class=\"wide\"><table><thead><tr>");
	for (size_t i = 0; i < t->n; i++) {
		const char *name = column(t, i, &is_number);

		html_add(t->page, is_number ? "<th class=\"n\">" : "<th>");
		html_add(t->page, name);
		html_add(t->page, "</th>");
	}
	html_add(t->page, "</tr></thead><tbody>\n");
}

static void put_foot(const struct table *t)
{
	html_add(t->page, "</tbody></table></div>\n");
}

static void open_row(struct table *t)
{
	html_add(t->page, "<tr>");
	t->at = 0;
}

/* The next one; "</td>" ends it. */
static void open_cell(struct table *t)
{
	bool is_number;
	const char *name = column(t, t->at++, &is_number);

	html_add(t->page, is_number ? "<td class=\"n\" data-is=\"" : "<td data-is=\"");
	html_add(t->page, name);
	html_add(t->page, "\">");
}

static void put_cell(struct table *t, uint64_t n)
{
	open_cell(t);
	html_number(t->page, n);
	html_add(t->page, "</td>");
}

static void put_moment(struct table *t, int64_t wall_ms, int64_t now_ms)
{
	open_cell(t);
	if (wall_ms > 0) {
		html_add(t->page, "<span class=\"t\" title=\"");
		html_time(t->page, wall_ms);
		html_add(t->page, "\">");
		html_from_now(t->page, wall_ms, now_ms);
		html_add(t->page, "</span>");
	}
	html_add(t->page, "</td>");
}

/* ---- why mail waits ---- */

void status_tale(const struct html *p, enum reply_cause cause, enum reply_tale tale)
{
	const struct reply_meaning m = {.cause = cause, .wait_seconds = -1, .confidence = 1};
	struct buf text = BUF_INIT(8192);

	(void)reply_tell(&m, &(struct reply_voice){.lang = p->lang}, tale, &text);
	html_text(p, buf_span(&text));
	buf_done(&text);
}

static bool needs_person(enum reply_cause cause)
{
	const struct reply_cause_info *info = reply_cause_info(cause);

	return info->action == REPLY_ACT_RETRY_TELL || info->action == REPLY_ACT_GIVE_UP_TELL;
}

static void put_cause(struct table *t, const struct ipc_web_cause *c, int64_t now_ms)
{
	const struct html *p = t->page;
	enum reply_cause cause = REPLY_NONE;
	bool is_known = reply_cause_parse(c->cause, &cause) && cause != REPLY_NONE;

	open_row(t);
	open_cell(t);
	if (is_known) {
		html_add(p, "<b>");
		html_text(p, c->cause);
		html_add(p, "</b>");
		if (needs_person(cause))
			html_add(p, html_say(p, " <span class=\"tag\">needs a person</span>",
					    " <span class=\"tag\">braucht einen Menschen</span>"));
		html_add(p, "<p>");
		status_tale(p, cause, REPLY_TELL_HAPPENED);
		html_add(p, "</p><details><summary>");
		html_add(p, html_say(p, "What can be done", "Was man tun kann"));
		html_add(p, "</summary><p>");
		status_tale(p, cause, REPLY_TELL_ADVICE);
		html_add(p, "</p></details>");
	} else {
		html_add(p, html_say(p, "not tried yet", "noch nicht versucht"));
	}
	html_add(p, "</td>");
	open_cell(t);
	if (is_known)
		html_text(p, span_str(reply_side_words(p->lang, reply_cause_info(cause)->side)));
	html_add(p, "</td>");
	put_cell(t, c->recipients);
	put_moment(t, c->oldest_wall_ms, now_ms);
	put_moment(t, c->next_try_wall_ms, now_ms);
	html_add(p, "</tr>\n");
}

void status_causes(const struct html *p, const struct ipc_web_seen *seen, int64_t now_ms)
{
	static const char *const columns[][2] = {{"why", "warum"}, {"whose side", "wessen Seite"},
		{"#recipients", "#Empfänger"}, {"oldest", "ältester"},
		{"next try", "nächster Versuch"}};

	put_heading(p, "What waits, and why", "Was wartet, und warum");
	if (seen->causes_n == 0) {
		html_add(p, html_say(p, "<p>Nothing waits.</p>\n", "<p>Nichts wartet.</p>\n"));
		return;
	}
	if (seen->looked_at < seen->messages) {
		html_add(p, "<p class=\"dim\">");
		html_add(p,
			html_say(p, "Of the oldest messages: ", "Von den ältesten Nachrichten: "));
		html_number(p, seen->looked_at);
		html_add(p, "</p>");
	}
	struct table t = {.page = p, .columns = columns, .n = 5};

	put_head(&t);
	for (size_t i = 0; i < seen->causes_n; i++)
		put_cause(&t, &seen->causes[i], now_ms);
	put_foot(&t);
}

/* ---- sites ---- */

static void put_site_words(struct table *t, const struct ipc_control_site *s)
{
	const struct html *p = t->page;

	open_cell(t);
	html_add(p, "<b>");
	html_text(p, s->profile.site);
	html_add(p, "</b>");
	if (s->last_reply.len > 0) {
		html_add(p, "<br><code><bdi>");
		if (s->last_reply_code > 0) {
			html_number(p, s->last_reply_code);
			html_add(p, " ");
		}
		html_text(p, s->last_reply);
		html_add(p, "</bdi></code>");
	}
	html_add(p, "</td>");
	open_cell(t);
	html_text(p, s->state);
	if (s->cause.len > 0) {
		html_add(p, "<br><span class=\"dim\">");
		html_text(p, s->cause);
		html_add(p, "</span>");
	}
	html_add(p, "</td>");
}

static void put_site(struct table *t, const struct ipc_control_site *s, int64_t now_ms)
{
	const struct html *p = t->page;

	open_row(t);
	put_site_words(t, s);
	put_cell(t, s->waiting);
	put_cell(t, s->active);
	open_cell(t);
	html_number(p, s->connections);
	html_add(p, html_say(p, " of ", " von "));
	html_number(p, s->limit);
	html_add(p, "</td>");
	open_cell(t);
	html_text(p, s->binds);
	html_add(p, "</td>");
	put_moment(t, s->next_try_wall_ms, now_ms);
	put_moment(t, s->drains_at_wall_ms, now_ms);
	html_add(p, "</tr>\n");
}

void status_sites(const struct html *p, const struct ipc_web_seen *seen, int64_t now_ms)
{
	static const char *const columns[][2] = {{"site", "Ziel"}, {"state", "Zustand"},
		{"#waiting", "#wartend"}, {"#active", "#unterwegs"},
		{"#connections", "#Verbindungen"}, {"held back by", "gebremst durch"},
		{"next try", "nächster Versuch"}, {"empty at about", "leer etwa"}};

	put_heading(p, "Sites, those in trouble first", "Ziele, die mit Schwierigkeiten zuerst");
	if (seen->sites_n == 0) {
		html_add(p, html_say(p, "<p>There is mail for none.</p>\n",
				    "<p>Für keines gibt es Post.</p>\n"));
		return;
	}
	struct table t = {.page = p, .columns = columns, .n = 8};

	put_head(&t);
	for (size_t i = 0; i < seen->sites_n; i++)
		put_site(&t, &seen->sites[i], now_ms);
	put_foot(&t);
	if (seen->sites_all > seen->sites_n) {
		html_add(p, html_say(p, "<p class=\"dim\">and more: ",
				    "<p class=\"dim\">und weitere: "));
		html_number(p, seen->sites_all - seen->sites_n);
		html_add(p, "</p>\n");
	}
}

/* ---- what our own 4xx do ---- */

static void put_delay(struct table *t, int64_t ms, bool is_bad)
{
	const struct html *p = t->page;
	char words[DURATION_TEXT_MAX];

	open_cell(t);
	if (ms >= 0)
		html_text(p, reply_duration_words(p->lang, (ms + 999) / 1000, words));
	if (is_bad)
		html_add(p, html_say(p, " <span class=\"tag\">over target</span>",
				    " <span class=\"tag\">über dem Ziel</span>"));
	html_add(p, "</td>");
}

static void put_meter(struct table *t, const struct ipc_control_meter *m)
{
	const struct html *p = t->page;

	open_row(t);
	open_cell(t);
	if (catalogue_find(m->reply) != REPLY_ID_NONE) {
		html_add(p, "<a href=\"/replies/");
		html_text(p, m->reply);
		html_add(p, "\">");
		html_text(p, m->reply);
		html_add(p, "</a>");
	} else {
		html_text(p, m->reply);
	}
	html_add(p, "</td>");
	put_cell(t, m->told);
	put_cell(t, m->first);
	put_cell(t, m->back);
	put_cell(t, m->elsewhere);
	put_cell(t, m->open);
	put_cell(t, m->never);
	put_cell(t, m->tried);
	put_delay(t, m->p50_ms, false);
	put_delay(t, m->p95_ms, m->p95_ms > m->target_ms);
	html_add(p, "</tr>\n");
}

void status_deferrals(const struct html *p, const struct ipc_web_metered *metered)
{
	static const char *const columns[][2] = {{"our reply", "unsere Antwort"},
		{"#said", "#gesagt"}, {"#senders", "#Absender"}, {"#came back", "#kamen wieder"},
		{"#from elsewhere", "#von anderswo"}, {"#awaited", "#erwartet"},
		{"#never came back", "#kamen nie"}, {"#gave up", "#gaben auf"},
		{"half within", "Hälfte in"}, {"95 % within", "95 % in"}};

	put_heading(p, "What our own “come back later” does to others",
		"Was unser eigenes „später wieder“ bei anderen anrichtet");
	if (metered->meters_n == 0) {
		html_add(p, html_say(p, "<p>Nobody was told to come back later.</p>\n",
				    "<p>Niemandem wurde gesagt, später wiederzukommen.</p>\n"));
		return;
	}
	struct table t = {.page = p, .columns = columns, .n = 10};

	put_head(&t);
	for (size_t i = 0; i < metered->meters_n; i++)
		put_meter(&t, &metered->meters[i]);
	put_foot(&t);
}
