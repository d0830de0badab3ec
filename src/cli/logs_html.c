#include "cli/explain_print.h"
#include "cli/logs_out.h"
#include "logs/moment.h"

enum { TEXT_MAX = 1 << 16 };
#define say(v, english) logs_say((v)->voice.lang, english)

/* All in one file: no script, no font, no picture from elsewhere. */
static const char head[] =
	"<meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	"'unsafe-inline'\">"
	"<style>\n"
	":root{color-scheme:light "
	"dark;--bg:#fbfbfa;--fg:#1d2125;--dim:#68707a;--line:#dfe2e6;--card:#fff;"
	"--ours:#c8452e;--theirs:#3f74b5;--network:#8458a8;--nobody:#b9a13c;--refused:#3d4249;--"
	"good:#79a986}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#e4e7ea;--dim:#9aa3ad;--line:#"
	"31363c;"
	"--card:#1e2125;--ours:#e0705a;--theirs:#6f9fd8;--network:#ad86cf;--nobody:#cdb858;--"
	"refused:#a8afb8;"
	"--good:#5d8a6a}}\n"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:62rem;padding:2rem 1.2rem "
	"4rem;background:var(--bg);"
	"color:var(--fg);font:16px/1.5 "
	"system-ui,sans-serif}h1{font-size:1.7rem;margin:0}h2{margin:2.6rem 0 .8rem;"
	"font-size:1.2rem}p{margin:.4rem 0}.dim{color:var(--dim)}svg text{font:11px "
	"system-ui,sans-serif;"
	"fill:var(--dim)}svg.time{width:100%;min-width:44rem;height:auto;margin-top:.6rem}.wide{"
	"overflow-x:auto}.axis{stroke:var(--line);"
	"fill:none}\n"
	".ours{fill:var(--ours);background:var(--ours)}.theirs{fill:var(--theirs);background:var(--"
	"theirs)}"
	".network{fill:var(--network);background:var(--network)}.nobody{fill:var(--nobody);"
	"background:var(--nobody)}.refused{fill:var(--refused);background:var(--refused)}."
	"delivered{"
	"fill:var(--good);background:var(--good)}.hit{fill:transparent}.col:hover "
	".hit{fill:var(--line)}\n"
	".key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.85rem;color:var(--dim)}.key "
	"i{display:"
	"inline-block;width:.7rem;height:.7rem;border-radius:2px;margin-right:.4rem}.facts{display:"
	"grid;"
	"grid-template-columns:repeat(auto-fit,minmax(8.4rem,1fr));gap:.7rem;margin:1.4rem "
	"0}.facts div,"
	".card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem "
	"1rem}"
	".facts "
	"b{display:block;font-size:1.45rem;font-variant-numeric:tabular-nums;line-height:1.2}."
	"facts "
	"span{font-size:.85rem;color:var(--dim)}\n"
	".card{margin:.8rem 0;border-left:5px "
	"solid}.card.c-ours{border-left-color:var(--ours)}.card.c-theirs{"
	"border-left-color:var(--theirs)}.card.c-network{border-left-color:var(--network)}.card.c-"
	"nobody{"
	"border-left-color:var(--nobody)}.card h3{margin:0;font-size:1.05rem}.card h3 "
	"small{font-weight:400;"
	"color:var(--dim);margin-left:.6rem}.todo{font-weight:600}code{font:.82rem/1.4 "
	"ui-monospace,monospace;"
	"overflow-wrap:anywhere;color:var(--dim)}table{border-collapse:collapse;width:100%;font-"
	"size:.92rem;"
	"font-variant-numeric:tabular-nums}th{text-align:left;font-weight:600;color:var(--dim);"
	"font-size:.82rem}"
	"td,th{padding:.3rem .6rem .3rem 0;border-bottom:1px solid "
	"var(--line);vertical-align:middle}.n{text-align:"
	"right}.bar{width:7.5rem;height:.62rem;display:block}.wide{overflow-x:auto}summary{cursor:"
	"pointer;"
	"color:var(--dim);font-size:.9rem}\n</style></head><body>\n";

/* A stranger's bytes: no markup, no control bytes. */
static void put_escaped(struct buf *out, struct span text)
{
	struct buf safe = BUF_INIT(TEXT_MAX);

	explain_print_safe(&safe, text);
	for (size_t i = 0; i < safe.len; i++)
		switch (safe.at[i]) {
		case '<':
			(void)buf_add_str(out, "&lt;");
			break;
		case '>':
			(void)buf_add_str(out, "&gt;");
			break;
		case '&':
			(void)buf_add_str(out, "&amp;");
			break;
		case '"':
			(void)buf_add_str(out, "&quot;");
			break;
		default:
			(void)buf_add_byte(out, safe.at[i]);
		}
	buf_done(&safe);
}

static void put_fact(struct buf *out, const struct logs_view *v, uint64_t n, const char *words)
{
	(void)buf_add_str(out, "<div><b>");
	logs_out_number(out, v, n);
	(void)buf_printf(out, "</b><span>%s</span></div>", say(v, words));
}

static void put_front(struct buf *out, const struct logs_view *v)
{
	const struct logs_tally *t = v->tally;

	(void)buf_printf(out, "<!doctype html>\n<html lang=\"%s\"><head><title>%s</title>",
		v->voice.lang == REPLY_LANG_DE ? "de" : "en",
		say(v, "Mail that did not come through"));
	(void)buf_add_str(out, head);
	(void)buf_printf(out, "<h1>%s</h1><p class=\"dim\">",
		say(v, "Mail that did not come through at once"));
	logs_out_time(out, t->first);
	(void)buf_add_str(out, say(v, " to "));
	logs_out_time(out, t->last);
	(void)buf_printf(out, "%s &middot; ", say(v, ", as the log has it"));
	logs_out_number(out, v, t->lines);
	(void)buf_printf(out, " %s</p><div class=\"facts\">", say(v, "lines read"));
	put_fact(out, v, t->delivered, "deliveries");
	put_fact(out, v, t->deferred, "attempts put off");
	put_fact(out, v, t->recovered, "recipients reached later");
	put_fact(out, v, t->waiting.n, "recipients still waiting");
	put_fact(out, v, t->failed, "refused for good, or given up");
	put_fact(out, v, t->refused, "refused by this server");
	(void)buf_add_str(out, "</div>\n");
}

static void put_whose(struct buf *out, const struct logs_view *v)
{
	uint64_t all = 0;

	for (size_t i = 0; i < LOGS_WHOSE; i++)
		all += v->report->by_whose[i];
	(void)buf_printf(out, "<h2>%s</h2><table>", say(v, "Whose side it is on"));
	for (unsigned i = 0; i < LOGS_WHOSE; i++) {
		uint64_t n = v->report->by_whose[i];

		(void)buf_printf(out, "<tr><td>%s</td><td class=\"n\">",
			say(v, logs_whose_words((enum logs_whose)i)));
		logs_out_number(out, v, n);
		(void)buf_add_str(out, "</td><td>");
		logs_chart_bar(out, n, all, logs_whose_text((enum logs_whose)i));
		(void)buf_add_str(out, "</td></tr>");
	}
	(void)buf_add_str(out, "</table>\n");
}

static void put_outages(struct buf *out, const struct logs_view *v)
{
	for (size_t i = 0; i < v->report->n_outages; i++) {
		const struct logs_outage *o = &v->report->outages[i];

		(void)buf_add_str(out, "<div class=\"card c-ours\"><h3>");
		(void)buf_add_str(out, say(v, "Nothing could be reached from "));
		logs_out_time(out, o->from);
		(void)buf_add_str(out, say(v, " to "));
		logs_out_time(out, o->upto);
		(void)buf_add_str(out, "</h3><p>");
		(void)buf_printf(out, say(v, "%u sites failed at once, mail came through to %u."),
			o->sites, o->alive);
		(void)buf_add_str(out, "</p></div>\n");
	}
}

static void put_sites_of(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	if (f->n_worst == 0)
		return;
	uint64_t most = f->worst[0]->count.deferred + f->worst[0]->count.failed;

	(void)buf_printf(out,
		"<details><summary>%s</summary><table><tr><th>%s<th class=\"n\">%s<th "
		"class=\"n\">%s<th>%s<th>%s<th></tr>",
		say(v, "Where"), say(v, "Site"), say(v, "Put off"), say(v, "Refused"),
		say(v, "Since"), say(v, "Last"));
	for (size_t i = 0; i < f->n_worst; i++) {
		const struct logs_count *c = &f->worst[i]->count;

		(void)buf_add_str(out, "<tr><td>");
		put_escaped(out, span_str(f->worst[i]->site->name));
		(void)buf_add_str(out, "</td><td class=\"n\">");
		logs_out_number(out, v, c->deferred);
		(void)buf_add_str(out, "</td><td class=\"n\">");
		logs_out_number(out, v, c->failed);
		(void)buf_add_str(out, "</td><td>");
		logs_out_time(out, c->first);
		(void)buf_add_str(out, "</td><td>");
		logs_out_time(out, c->last);
		(void)buf_add_str(out, "</td><td>");
		logs_chart_bar(out, c->deferred + c->failed, most, logs_whose_text(f->whose));
		(void)buf_add_str(out, "</td></tr>");
	}
	(void)buf_add_str(out, "</table></details>");
}

static void put_told(struct buf *out, const struct logs_view *v, const struct logs_finding *f,
	enum reply_tale what, const char *open)
{
	struct buf text = BUF_INIT(TEXT_MAX);

	(void)reply_tell(&f->meaning, &v->voice, what, &text);
	if (text.len > 0) {
		(void)buf_add_str(out, open);
		put_escaped(out, buf_span(&text));
		(void)buf_add_str(out, "</p>");
	}
	buf_done(&text);
}

static void put_side(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	struct buf text = BUF_INIT(TEXT_MAX);

	logs_out_side(&text, v, f);
	(void)buf_add_str(out, "<p>");
	put_escaped(out, buf_span(&text));
	(void)buf_add_str(out, "</p>");
	buf_done(&text);
}

static void put_finding(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	(void)buf_printf(out, "<div class=\"card c-%s\"><h3>", logs_whose_text(f->whose));
	logs_out_cause(out, v, f->cause);
	(void)buf_printf(out, "<small>%s%s%s</small></h3>", say(v, logs_whose_words(f->whose)),
		f->goes_on ? " &middot; " : "", f->goes_on ? say(v, "goes on") : "");
	put_told(out, v, f, REPLY_TELL_HAPPENED, "<p>");
	put_side(out, v, f);
	if (f->is_contradicted)
		(void)buf_printf(out, "<p class=\"todo\">%s</p>",
			say(v, "Look at this server's link, default route, firewall and resolver "
			       "for that time."));
	else
		put_told(out, v, f, REPLY_TELL_ADVICE, "<p class=\"todo\">");
	(void)buf_add_str(out, "<p class=\"dim\">");
	logs_out_evidence(out, v, f);
	(void)buf_add_str(out, ".</p>");
	if (f->sample.len > 0) {
		(void)buf_add_str(out, "<p><code>");
		put_escaped(out, f->sample);
		(void)buf_add_str(out, "</code></p>");
	}
	put_sites_of(out, v, f);
	(void)buf_add_str(out, "</div>\n");
}

static void put_site(
	struct buf *out, const struct logs_view *v, const struct logs_site *s, uint64_t most)
{
	const struct logs_problem *p = s->problems;

	for (const struct logs_problem *i = p; i; i = i->next)
		if (i->count.deferred + i->count.failed > p->count.deferred + p->count.failed)
			p = i;
	(void)buf_add_str(out, "<tr><td>");
	put_escaped(out, span_str(s->name));
	(void)buf_add_str(out, "</td><td class=\"n\">");
	logs_out_number(out, v, s->delivered);
	(void)buf_add_str(out, "</td><td class=\"n\">");
	logs_out_number(out, v, s->deferred);
	(void)buf_add_str(out, "</td><td class=\"n\">");
	logs_out_number(out, v, s->failed);
	(void)buf_add_str(out, "</td><td>");
	logs_chart_bar(out, s->deferred + s->failed, most,
		p ? logs_whose_text(logs_whose_of(p->side)) : "nobody");
	(void)buf_add_str(out, "</td><td>");
	if (p)
		logs_out_cause(out, v, p->cause);
	(void)buf_add_str(out, "</td><td>");
	logs_out_time(out, s->last_delivered);
	(void)buf_add_str(out, "</td></tr>\n");
}

static void put_sites(struct buf *out, const struct logs_view *v)
{
	const struct logs_report *r = v->report;

	if (r->n_sites == 0)
		return;
	(void)buf_printf(out,
		"<h2>%s</h2><div class=\"wide\"><table><tr><th>%s<th class=\"n\">%s<th "
		"class=\"n\">%s<th class=\"n\">%s<th><th>%s<th>%s</tr>\n",
		say(v, "Sites with trouble"), say(v, "Site"), say(v, "Delivered"),
		say(v, "Put off"), say(v, "Refused"), say(v, "Mostly"), say(v, "Last delivery"));
	for (size_t i = 0; i < r->n_sites && i < v->top; i++)
		put_site(out, v, r->sites[i], r->sites[0]->deferred + r->sites[0]->failed);
	(void)buf_add_str(out, "</table></div>");
	if (r->n_sites > v->top) {
		(void)buf_printf(out, "<p class=\"dim\">%s ", say(v, "and"));
		logs_out_number(out, v, r->n_sites - v->top);
		(void)buf_printf(out, " %s</p>", say(v, "more"));
	}
}

void logs_out_html(struct buf *out, const struct logs_view *v)
{
	put_front(out, v);
	logs_chart_time(out, v);
	if (v->tally->events == 0)
		(void)buf_printf(
			out, "<p>%s</p>", say(v, "No line of these says how a delivery ended."));
	else if (v->report->n > 0)
		put_whose(out, v);
	if (v->report->n > 0)
		(void)buf_printf(out, "<h2>%s</h2>\n", say(v, "What to do first"));
	put_outages(out, v);
	for (size_t i = 0; i < v->report->n && i < v->top; i++)
		put_finding(out, v, &v->report->findings[i]);
	put_sites(out, v);
	(void)buf_printf(out, "<p class=\"dim\">%s</p></body></html>\n",
		say(v, "Made by abide logs. Times are the log's own; without a zone in it they are "
		       "taken as UTC."));
}
