/*
 * abide diagnose - whose side it is on, with the checks that were run and what they showed.
 */
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/diagnosis.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include "diagnose/words.h"
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#define PATIENCE (60 * NANOS_S)

/* ---- for programs: in English, whoever asks ---- */

static json_t *texts(const struct span *list, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(a, listing_said_json(list[i]));
	return a;
}

static void set(json_t *o, const char *key, struct span s)
{
	(void)json_object_set_new(o, key, listing_said_json(s));
}

static json_t *check_json(const struct check_result *r)
{
	json_t *o = json_pack(
		"{s:s, s:s}", "check", check_name(r->check), "state", check_state_name(r->state));

	set(o, "about", r->about);
	set(o, "did", r->did);
	set(o, "showed", r->showed);
	set(o, "means", r->means);
	set(o, "mend", r->mend);
	return o;
}

static void set_words(json_t *o, const char *key, const struct verdict *v,
	void (*fn)(const struct verdict *v, enum reply_lang lang, struct buf *out))
{
	struct buf b = BUF_INIT(8192);

	fn(v, REPLY_LANG_EN, &b);
	set(o, key, buf_span(&b));
	buf_done(&b);
}

static json_t *verdict_json(const struct verdict *v)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:s}", "whose",
		verdict_whose_name(v->whose), "scope", verdict_scope_name(v->scope), "trouble",
		verdict_family_name(v->family), "confidence", v->confidence, "failures",
		(json_int_t)v->failures, "successes", (json_int_t)v->successes, "sites",
		(json_int_t)v->sites, "providers", (json_int_t)v->providers, "providers_fine",
		(json_int_t)v->providers_fine, "first", verdict_advice_name(v->advice));

	set(o, "who", v->who);
	set(o, "cause",
		v->cause == REPLY_NONE ? (struct span){0} : span_str(reply_cause_text(v->cause)));
	(void)json_object_set_new(o, "since", listing_time(v->since * 1000));
	(void)json_object_set_new(o, "last", listing_time(v->last * 1000));
	set_words(o, "text", v, words_verdict);
	set_words(o, "began", v, words_start);
	set_words(o, "advice", v, words_advice);
	(void)json_object_set_new(o, "worst_sites", texts(v->names, v->names_n));
	(void)json_object_set_new(o, "supports", texts(v->supports, v->supports_n));
	(void)json_object_set_new(o, "contradicts", texts(v->contradicts, v->contradicts_n));
	(void)json_object_set_new(
		o, "check", v->check ? json_string(check_name(v->check->check)) : json_null());
	return o;
}

static void print_json(const struct diagnosis *d)
{
	json_t *verdicts = json_array(), *checks = json_array();

	for (size_t i = 0; i < d->verdicts.n; i++)
		(void)json_array_append_new(verdicts, verdict_json(&d->verdicts.all[i]));
	for (size_t i = 0; i < d->checks_n; i++)
		(void)json_array_append_new(checks, check_json(&d->checks[i]));
	json_t *o = json_pack("{s:b, s:o, s:o}", "running", d->is_running, "verdicts", verdicts,
		"checks", checks);

	if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(o);
}

/* ---- for people ---- */

static void print_lines(const char *title, const struct span *list, size_t n, enum reply_lang lang)
{
	for (size_t i = 0; i < n; i++) {
		(void)printf("  %-9s ", i == 0 ? title : "");
		listing_said(list[i], lang);
		(void)putchar('\n');
	}
}

static void print_words(const char *title, const struct verdict *v, enum reply_lang lang,
	void (*fn)(const struct verdict *v, enum reply_lang lang, struct buf *out))
{
	struct buf b = BUF_INIT(8192);

	fn(v, lang, &b);
	if (b.len > 0) {
		(void)printf(title[0] ? "  %-9s " : "%s", title);
		listing_safe(buf_span(&b));
		(void)putchar('\n');
	}
	buf_done(&b);
}

static void print_verdict(const struct verdict *v, enum reply_lang lang)
{
	bool is_german = lang == REPLY_LANG_DE;

	print_words("", v, lang, words_verdict);
	(void)printf(
		is_german ? "  sicher    zu %.0f %%" : "  sure      %.0f %%", v->confidence * 100);
	if (v->failures > 0)
		(void)printf(
			is_german
				? "; %u Versuche misslangen an %u Zielen, %u andere Anbieter "
				  "nahmen Mail an"
				: "; %u attempts failed at %u sites, %u other providers took mail",
			v->failures, v->sites, v->providers_fine);
	(void)putchar('\n');
	print_words(is_german ? "Beginn" : "begin", v, lang, words_start);
	print_lines(is_german ? "dafür    " : "for it", v->supports, v->supports_n, lang);
	print_lines(is_german ? "dagegen" : "against", v->contradicts, v->contradicts_n, lang);
	print_lines(is_german ? "Ziele" : "sites", v->names, v->names_n, lang);
	print_words(is_german ? "zuerst" : "first", v, lang, words_advice);
	(void)putchar('\n');
}

static void print_part(const char *title, struct span text, enum reply_lang lang)
{
	if (text.len == 0)
		return;
	(void)printf("           %s: ", title);
	listing_said(text, lang);
	(void)putchar('\n');
}

static void print_check(const struct check_result *r, enum reply_lang lang)
{
	static const char *const marks[REPLY_LANGS][CHECK_STATES] = {
		{"-", "ok", "warning", "BAD", "unknown"},
		{"-", "gut", "Warnung", "FALSCH", "unklar"}};

	(void)printf("  %-8s %s: ", marks[lang][r->state], words_check(r->check, lang));
	listing_said(r->showed, lang);
	(void)putchar('\n');
	if (r->state == CHECK_FINE)
		return;
	print_part(lang == REPLY_LANG_DE ? "getan" : "done", r->did, lang);
	print_part(lang == REPLY_LANG_DE ? "bedeutet" : "means", r->means, lang);
	print_part(lang == REPLY_LANG_DE ? "Abhilfe" : "to mend it", r->mend, lang);
}

static void print_text(const struct diagnosis *d, enum reply_lang lang)
{
	bool is_german = lang == REPLY_LANG_DE;

	if (!d->is_running)
		(void)puts(is_german ? "abide läuft nicht: geprüft ist nur die eigene Seite.\n"
				     : "abide does not run: only our own side was looked at.\n");
	if (d->verdicts.n == 0)
		(void)puts(is_german ? "Nichts deutet auf Schwierigkeiten hin.\n"
				     : "Nothing points to any trouble.\n");
	for (size_t i = 0; i < d->verdicts.n; i++)
		print_verdict(&d->verdicts.all[i], lang);
	if (d->checks_n > 0)
		(void)puts(is_german ? "Geprüft:" : "Looked at:");
	for (size_t i = 0; i < d->checks_n; i++)
		print_check(&d->checks[i], lang);
}

/* ---- the command ---- */

static bool is_ours(const struct diagnosis *d)
{
	for (size_t i = 0; i < d->verdicts.n; i++)
		if (d->verdicts.all[i].whose == VERDICT_OURS)
			return true;
	return false;
}

static int make(const struct conf *conf, struct arena *arena, void *arg)
{
	const struct diagnosis_options *o = arg;
	struct diagnosis *d = ARENA_NEW(arena, struct diagnosis);

	d->conf = conf;
	d->arena = arena;
	d->about = span_str(o->about);
	d->source = span_str(o->source);
	d->is_quick = o->is_quick;
	int status = diagnosis_make(d, PATIENCE);

	if (status != EX_OK)
		return status;
	if (o->is_json)
		print_json(d);
	else
		print_text(d, diagnosis_lang(o, conf));
	return is_ours(d) ? 1 : EX_OK;
}

int cli_diagnose(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
		{"lang", required_argument, NULL, 'l'}, {"source", required_argument, NULL, 's'},
		{"no-checks", no_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	struct diagnosis_options o;

	if (!diagnosis_options_read(argc, argv, longs, &o))
		return usage_wrong("diagnose");
	return diagnosis_run(o.file, make, &o);
}
