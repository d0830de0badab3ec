#include "web/status.h"
#include "diagnose/alarm.h"
#include "diagnose/sentence.h"
#include "diagnose/tell.h"
#include "diagnose/words.h"

static const char *class_of(enum verdict_whose whose)
{
	static const char *const names[VERDICT_WHOSE] = {[VERDICT_UNKNOWN] = "nobody",
		[VERDICT_OURS] = "ours",
		[VERDICT_SENDER] = "ours",
		[VERDICT_THEIRS] = "theirs",
		[VERDICT_NETWORK] = "network",
		[VERDICT_NOBODY] = "nobody"};

	return whose < VERDICT_WHOSE ? names[whose] : "nobody";
}

static void put_words(const struct html *p, const struct verdict *v, const char *before,
	void (*fn)(const struct verdict *v, enum reply_lang lang, struct buf *out),
	const char *after)
{
	struct buf words = BUF_INIT(8192);

	fn(v, p->lang, &words);
	if (words.len > 0) {
		html_add(p, before);
		html_text(p, buf_span(&words));
		html_add(p, after);
	}
	buf_done(&words);
}

static void put_sentence(const struct html *p, struct span sentences)
{
	struct arena arena = {0};

	html_text(p, sentence_text(sentences, p->lang, &arena));
	arena_done(&arena);
}

static void put_list(const struct html *p, const char *title, const struct span *list, size_t n)
{
	if (n == 0)
		return;
	html_add(p, "<dt>");
	html_add(p, title);
	html_add(p, "</dt>");
	for (size_t i = 0; i < n; i++) {
		html_add(p, "<dd>");
		put_sentence(p, list[i]);
		html_add(p, "</dd>");
	}
}

static bool is_about(const struct ipc_web_alarm *a, const struct verdict *v)
{
	return a->whose == v->whose && a->family == v->family &&
	       (a->scope == VERDICT_EVERYTHING || span_equal(a->who, v->who));
}

/* When a person was told, by log, mail and webhook; 0: nobody was. */
static int64_t told_at(const struct ipc_web_seen *seen, const struct verdict *v)
{
	for (size_t i = 0; i < seen->alarms_n; i++)
		if (is_about(&seen->alarms[i], v))
			return seen->alarms[i].told_at;
	return 0;
}

static void put_verdict(
	const struct html *p, const struct ipc_web_seen *seen, const struct verdict *v)
{
	int64_t told = told_at(seen, v);

	html_add(p, "<div class=\"card ");
	html_add(p, class_of(v->whose));
	html_add(p, "\"><h3>");
	put_words(p, v, "", words_verdict, "");
	if (told > 0 || alarm_is_due(v))
		html_add(p, html_say(p, " <span class=\"tag\">needs a person</span>",
				    " <span class=\"tag\">braucht einen Menschen</span>"));
	html_add(p, "</h3>");
	put_words(p, v, "<p>", words_start, "</p>");
	put_words(p, v, "<p class=\"todo\">", words_advice, "</p>");
	if (told > 0) {
		html_add(p, html_say(p, "<p class=\"dim\">Alarm given: ",
				    "<p class=\"dim\">Alarm gegeben: "));
		html_time(p, told * 1000);
		html_add(p, "</p>");
	}
	html_add(p, html_say(p, "<details><summary>Why it is thought so (sure to ",
			    "<details><summary>Warum das angenommen wird (sicher zu "));
	html_number(p, (uint64_t)(v->confidence * 100));
	html_add(p, " %)</summary><dl>");
	put_list(p, html_say(p, "for it", "dafür"), v->supports, v->supports_n);
	put_list(p, html_say(p, "against it", "dagegen"), v->contradicts, v->contradicts_n);
	put_list(p, html_say(p, "sites", "Ziele"), v->names, v->names_n);
	html_add(p, "</dl></details></div>\n");
}

static bool has_verdict(const struct verdict *all, size_t n, const struct ipc_web_alarm *a)
{
	for (size_t i = 0; i < n; i++)
		if (is_about(a, &all[i]))
			return true;
	return false;
}

/* One that goes on, though what it was given for does not show in the mail of the moment. */
static void put_alarm(const struct html *p, const struct ipc_web_alarm *a)
{
	enum reply_cause cause;

	html_add(p, "<div class=\"card ours\"><h3>");
	html_add(p, html_say(p, "Alarm: ", "Alarm: "));
	html_text(p, span_str(a->whose < VERDICT_WHOSE ? words_whose(a->whose, p->lang) : ""));
	if (a->who.len > 0) {
		html_add(p, ", ");
		html_text(p, a->who);
	}
	html_add(p, "</h3>");
	if (reply_cause_parse(a->cause, &cause)) {
		html_add(p, "<p class=\"todo\">");
		status_tale(p, cause, REPLY_TELL_ADVICE);
		html_add(p, "</p>");
	}
	html_add(p,
		html_say(p, "<p class=\"dim\">Alarm given: ", "<p class=\"dim\">Alarm gegeben: "));
	html_time(p, a->told_at * 1000);
	html_add(p, "</p></div>\n");
}

void status_trouble(const struct html *p, const struct ipc_web_seen *seen)
{
	struct arena arena = {0};
	struct verdict *all = arena_array(&arena, seen->verdicts_n + 1, sizeof *all);
	size_t n = 0, alone = 0;

	html_add(p, html_say(p, "<h2>Whose side trouble is on</h2>\n",
			    "<h2>Auf wessen Seite es Schwierigkeiten gibt</h2>\n"));
	for (size_t i = 0; i < seen->verdicts_n; i++)
		n += tell_verdict_read(&seen->verdicts[i], &arena, &all[n]);
	for (size_t i = 0; i < seen->alarms_n; i++)
		if (!has_verdict(all, n, &seen->alarms[i])) {
			put_alarm(p, &seen->alarms[i]);
			alone++;
		}
	for (size_t i = 0; i < n; i++)
		put_verdict(p, seen, &all[i]);
	if (n + alone == 0)
		html_add(p, html_say(p, "<p>Nothing points to any trouble.</p>\n",
				    "<p>Nichts deutet auf Schwierigkeiten hin.</p>\n"));
	arena_done(&arena);
}

/* ---- our own side ---- */

static void put_part(const struct html *p, const char *title, struct span text)
{
	if (text.len == 0)
		return;
	html_add(p, "<dt>");
	html_add(p, title);
	html_add(p, "</dt><dd>");
	put_sentence(p, text);
	html_add(p, "</dd>");
}

static void put_check(const struct html *p, const struct check_result *r)
{
	html_add(p, r->state == CHECK_BAD ? "<div class=\"card ours\"><h3>"
					  : "<div class=\"card nobody\"><h3>");
	html_text(p, span_str(words_check(r->check, p->lang)));
	html_add(p, ": ");
	put_sentence(p, r->showed);
	html_add(p, "</h3><dl>");
	put_part(p, html_say(p, "about", "worum es geht"), r->about);
	put_part(p, html_say(p, "what was done", "was getan wurde"), r->did);
	put_part(p, html_say(p, "what it means", "was es bedeutet"), r->means);
	put_part(p, html_say(p, "to mend it", "Abhilfe"), r->mend);
	html_add(p, "</dl></div>\n");
}

void status_checks(const struct html *p, const struct ipc_web_seen *seen)
{
	struct check_result r;
	uint64_t fine = 0;

	html_add(p, html_say(p, "<h2>Our own side, as far as it was looked at</h2>\n",
			    "<h2>Unsere eigene Seite, soweit sie geprüft wurde</h2>\n"));
	for (size_t i = 0; i < seen->checks_n; i++) {
		if (!tell_check_read(&seen->checks[i], &r))
			continue;
		if (r.state == CHECK_FINE)
			fine++;
		else
			put_check(p, &r);
	}
	html_add(p, "<p class=\"dim\">");
	html_add(p, html_say(p, "checks that found nothing wrong: ",
			    "Prüfungen, die nichts Falsches fanden: "));
	html_number(p, fine);
	html_add(p, "</p>\n");
}
