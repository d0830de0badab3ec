#include "web/answer.h"
#include "web/metrics.h"
#include "web/status.h"

struct html answer_html(const struct answering *a, const char *title, struct answer *to)
{
	to->type = ANSWER_HTML;
	return (struct html){.lang = a->conf->language,
		.title = title,
		.hostname = a->conf->hostname,
		.nonce = a->nonce,
		.out = &to->body};
}

static const char *title_of(const struct answering *a, const char *english, const char *german)
{
	return a->conf->language == REPLY_LANG_DE ? german : english;
}

static void answer_status(const struct answering *a, struct answer *ret)
{
	struct html p = answer_html(a, title_of(a, "State of the mail", "Zustand der Post"), ret);
	struct view_now now;

	view_look(a->view, a->deadline, &now);
	if (!now.queue)
		ret->status = WEB_UNAVAILABLE;
	status_page(&p, &now, clock_wall_ms());
}

/* A scrape that gets no queue still gets abide_up 0. */
static void answer_metrics(const struct answering *a, struct answer *ret)
{
	struct view_now now;

	ret->type = METRICS_TYPE;
	view_look(a->view, a->deadline, &now);
	metrics_write(&now, &ret->body);
}

static void answer_health(const struct answering *a, struct answer *ret)
{
	struct view_now now;
	const char *why;

	view_look(a->view, a->deadline, &now);
	enum status_health health = status_health(&now, &why);

	ret->type = ANSWER_TEXT;
	if (health != STATUS_READY)
		ret->status = WEB_UNAVAILABLE;
	(void)buf_printf(
		&ret->body, "%s%s%s\n", status_health_name(health), why[0] ? ": " : "", why);
}

/* ---- what is refused ---- */

static const char *const *words_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *words[2];
	} rows[] = {
		{WEB_BAD_REQUEST,
			{"This is no request that can be read in one way only.",
				"Das ist keine Anfrage, die sich nur auf eine Weise lesen lässt."}},
		{WEB_NOT_FOUND,
			{"There is no such page here.", "So eine Seite gibt es hier nicht."}},
		{WEB_BAD_METHOD,
			{"Nothing can be changed here: GET and HEAD are all that is understood.",
				"Hier lässt sich nichts ändern: nur GET und HEAD werden "
				"verstanden."}},
		{WEB_TIMEOUT, {"The request took too long to come.",
				      "Die Anfrage ließ zu lange auf sich warten."}},
		{WEB_TOO_LONG, {"That text is too long to be explained, or is no text.",
				       "Dieser Text ist zu lang zum Erklären, oder kein Text."}},
		{WEB_MISDIRECTED,
			{"This page does not go by that name. If it should, add the name to names "
			 "in the section web of abide's configuration.",
				"Unter diesem Namen ist diese Seite nicht bekannt. Wenn doch, "
				"gehört "
				"er zu names im Abschnitt web von abides Konfiguration."}},
		{WEB_HEAD_TOO_LONG, {"The request is too long.", "Die Anfrage ist zu lang."}},
		{WEB_UNAVAILABLE,
			{"The queue does not answer now. Try again in a moment.",
				"Der Prozess queue antwortet gerade nicht. Gleich noch einmal "
				"versuchen."}},
		{WEB_BAD_VERSION, {"HTTP/1.1 and HTTP/1.0 are all that is understood.",
					  "Nur HTTP/1.1 und HTTP/1.0 werden verstanden."}},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].status == status)
			return rows[i].words;
	return rows[0].words;
}

void answer_refuse(const struct conf *conf, const char *nonce, unsigned status, struct answer *ret)
{
	const struct answering a = {.conf = conf, .nonce = nonce};

	buf_clear(&ret->body);
	ret->status = status;
	struct html p = answer_html(&a, title_of(&a, "Not here", "Hier nicht"), ret);
	const char *const *words = words_of(status);

	html_begin(&p);
	html_add(&p, "<p>");
	html_add(&p, html_say(&p, words[0], words[1]));
	html_add(&p, "</p>\n");
	html_end(&p);
}

/* ---- paths ---- */

static const struct {
	struct span path;
	void (*make)(const struct answering *a, struct answer *ret);
	bool is_folder; /* what is below it too */
} paths[] = {
	{SPAN_LIT("/"), answer_status, false},
	{SPAN_LIT("/metrics"), answer_metrics, false},
	{SPAN_LIT("/healthz"), answer_health, false},
	{SPAN_LIT("/queue.json"), answer_queue_json, false},
	{SPAN_LIT("/sites.json"), answer_sites_json, false},
	{SPAN_LIT("/explain"), answer_explain, false},
	{SPAN_LIT("/replies"), answer_reply, false},
	{SPAN_LIT("/replies/"), answer_reply, true},
};

void answer_make(const struct answering *a, struct answer *ret)
{
	const struct span path = a->request->path;

	*ret = (struct answer){.status = 200, .body = BUF_INIT(HTML_MAX)};
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (span_equal(path, paths[i].path) ||
			(paths[i].is_folder && span_starts(path, paths[i].path))) {
			paths[i].make(a, ret);
			return;
		}
	answer_refuse(a->conf, a->nonce, WEB_NOT_FOUND, ret);
}
