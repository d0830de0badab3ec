#include "web/html.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "diagnose/words.h"
#include "reply/explain.h"

static const char style[] =
	":root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1d2125;--dim:#5f6770;--line:#dfe2e6;"
	"--card:#fff;--link:#1f5fa8;--ours:#c8452e;--theirs:#3f74b5;--network:#8458a8;"
	"--nobody:#a38a1f;--good:#3f7d52}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#e4e7ea;--dim:#9aa3ad;"
	"--line:#31363c;--card:#1e2125;--link:#8ab8f0;--ours:#e0705a;--theirs:#6f9fd8;"
	"--network:#ad86cf;--nobody:#cdb858;--good:#7fbf93}}\n"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:68rem;padding:1.4rem 1.2rem 4rem;"
	"background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
	"a{color:var(--link)}h1{font-size:1.6rem;margin:.4rem 0 0}"
	"h2{margin:2.2rem 0 .6rem;font-size:1.2rem}h3{margin:0;font-size:1.05rem}p{margin:.4rem 0}"
	".dim{color:var(--dim)}nav{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.92rem}"
	".state{font-weight:600}.state.good{color:var(--good)}.state.bad{color:var(--ours)}\n"
	".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.7rem;"
	"margin:1.2rem 0}.facts div,.card{background:var(--card);border:1px solid var(--line);"
	"border-radius:8px;padding:.7rem 1rem}.facts b{display:block;font-size:1.4rem;"
	"line-height:1.25;font-variant-numeric:tabular-nums}.facts span{font-size:.85rem;"
	"color:var(--dim)}\n"
	".card{margin:.8rem 0;border-left-width:5px}.ours{border-left-color:var(--ours)}"
	".theirs{border-left-color:var(--theirs)}.network{border-left-color:var(--network)}"
	".nobody{border-left-color:var(--nobody)}.todo{font-weight:600}"
	".tag{display:inline-block;border:1px solid var(--ours);color:var(--ours);"
	"border-radius:4px;padding:0 .4rem;font-size:.8rem;font-weight:600}\n"
	"code{font:.85rem/1.4 ui-monospace,monospace;overflow-wrap:anywhere}"
	".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem;"
	"font-variant-numeric:tabular-nums}th{text-align:left;color:var(--dim);font-size:.82rem}"
	"td,th{padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);"
	"vertical-align:top}.n{text-align:right}.n,.t{white-space:nowrap}td:first-child{min-width:"
	"15rem}summary{cursor:pointer;"
	"color:var(--dim);font-size:.9rem}"
	"form{margin:.6rem 0}textarea{width:100%;min-height:5rem;font:.9rem ui-monospace,monospace;"
	"background:var(--card);color:var(--fg);border:1px solid var(--dim);border-radius:6px;"
	"padding:.5rem}button{font:inherit;margin-top:.4rem;padding:.35rem 1.2rem;"
	"border-radius:6px;border:1px solid var(--dim);background:var(--card);color:var(--fg);"
	"cursor:pointer}dl{margin:.6rem 0}dt{font-weight:600;margin-top:.7rem}dd{margin:0}"
	"@media(max-width:44rem){thead{display:none}table,tbody,tr,td{display:block}"
	"tr{border-bottom:1px solid var(--line);padding:.6rem 0}td{border:0;padding:.1rem 0}"
	"td.n{text-align:left}.n,.t{white-space:normal}td:empty{display:none}"
	"td:not(:first-child)::before{content:attr(data-is) \": \";color:var(--dim)}}\n"
	":target{outline:2px solid var(--nobody);outline-offset:4px}\n";

const char *html_say(const struct html *p, const char *english, const char *german)
{
	return p->lang == REPLY_LANG_DE ? german : english;
}

void html_add(const struct html *p, const char *markup)
{
	(void)buf_add_str(p->out, markup);
}

static void put_byte(struct buf *out, char c)
{
	const char *entity = c == '&'    ? "&amp;"
			     : c == '<'  ? "&lt;"
			     : c == '>'  ? "&gt;"
			     : c == '"'  ? "&quot;"
			     : c == '\'' ? "&#39;"
					 : NULL;

	if (entity)
		(void)buf_add_str(out, entity);
	else
		(void)buf_add_byte(out, (unsigned char)c < ' ' || c == 0x7f ? ' ' : c);
}

void html_text(const struct html *p, struct span text)
{
	while (text.len > 0) {
		size_t n = utf8_text_len(text);

		if (n > 1)
			(void)buf_add(p->out, span_slice(text, 0, n));
		else if (n == 1)
			put_byte(p->out, text.at[0]);
		else
			(void)buf_add_str(p->out, "\xef\xbf\xbd");
		text = span_slice(text, n > 0 ? n : 1, text.len);
	}
}

void html_number(const struct html *p, uint64_t n)
{
	(void)buf_add_number(p->out, n);
}

void html_time(const struct html *p, int64_t wall_ms)
{
	if (wall_ms > 0)
		words_time(wall_ms / 1000, p->out);
}

void html_from_now(const struct html *p, int64_t wall_ms, int64_t now_ms)
{
	int64_t seconds = (wall_ms - now_ms) / 1000;
	char words[DURATION_TEXT_MAX];
	int64_t far = seconds < 0 ? -seconds : seconds;

	/* Nobody needs the seconds of an hour. */
	far -= far >= 7200 ? far % 600 : far >= 600 ? far % 60 : 0;
	struct span text = reply_duration_words(p->lang, far, words);

	if (wall_ms == 0)
		return;
	if (seconds > -2 && seconds < 2) {
		html_add(p, html_say(p, "now", "jetzt"));
		return;
	}
	html_add(p, seconds > 0 ? html_say(p, "in ", "noch ") : "");
	html_text(p, text);
	html_add(p, seconds > 0 ? "" : html_say(p, " ago", " her"));
}

void html_begin(const struct html *p)
{
	(void)buf_printf(p->out,
		"<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>",
		p->lang == REPLY_LANG_DE ? "de" : "en");
	html_text(p, span_str(p->title));
	html_add(p, " &middot; ");
	html_text(p, p->hostname);
	(void)buf_printf(
		p->out, "</title><style nonce=\"%s\">%s</style></head><body>\n", p->nonce, style);
	(void)buf_printf(p->out,
		"<nav><a href=\"/\">%s</a><a href=\"/explain\">%s</a><a href=\"/replies/\">%s</a>"
		"<a href=\"/queue.json\">queue.json</a><a href=\"/sites.json\">sites.json</a>"
		"<a href=\"/metrics\">metrics</a></nav>\n<h1>",
		html_say(p, "Status", "Zustand"),
		html_say(p, "Explain a reply", "Antwort erklären"),
		html_say(p, "Our replies", "Unsere Antworten"));
	html_text(p, span_str(p->title));
	html_add(p, "</h1>\n");
}

void html_end(const struct html *p)
{
	html_add(p, "</body></html>\n");
}
