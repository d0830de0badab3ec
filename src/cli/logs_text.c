#include "cli/explain_print.h"
#include "cli/logs_out.h"
#include "logs/moment.h"

enum { WIDTH = 80, INDENT = 3, TEXT_MAX = 1 << 16 };
#define say(v, english) logs_say((v)->voice.lang, english)

/* Wrapped, each line indented; a stranger's bytes are made safe. */
static void put_wrapped(struct buf *out, struct span text)
{
	struct buf safe = BUF_INIT(TEXT_MAX);

	explain_print_safe(&safe, text);
	for (struct span s = buf_span(&safe); s.len > 0;) {
		size_t len = s.len <= WIDTH - INDENT ? s.len : WIDTH - INDENT;

		while (len < s.len && len > 0 && s.at[len] != ' ')
			len--;
		if (len == 0)
			for (len = 1; len < s.len && s.at[len] != ' ';)
				len++;
		(void)buf_printf(out, "%*s%.*s\n", INDENT, "", SPAN_F(span_slice(s, 0, len)));
		s = span_slice(s, len < s.len ? len + 1 : len, s.len);
	}
	buf_done(&safe);
}

static void put_paragraph(struct buf *out, const struct logs_view *v, const struct logs_finding *f,
	void (*write)(struct buf *out, const struct logs_view *v, const struct logs_finding *f))
{
	struct buf text = BUF_INIT(TEXT_MAX);

	write(&text, v, f);
	put_wrapped(out, buf_span(&text));
	buf_done(&text);
}

static void put_happened(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	(void)reply_tell(&f->meaning, &v->voice, REPLY_TELL_HAPPENED, out);
}

static void put_advice(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	(void)buf_add_str(out, say(v, "To do: "));
	size_t before = out->len;

	if (f->is_contradicted)
		(void)buf_add_str(out,
			say(v, "Look at this server's link, default route, firewall and resolver "
			       "for that time."));
	else if (reply_tell(&f->meaning, &v->voice, REPLY_TELL_ADVICE, out) != 0 ||
		 out->len == before)
		(void)buf_add_str(out, say(v, "nothing; it is tried again."));
}

static void put_sites(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	(void)buf_add_str(out, say(v, "Where: "));
	for (size_t i = 0; i < f->n_worst; i++) {
		(void)buf_add_str(out, i ? ", " : "");
		(void)buf_add_str(out, f->worst[i]->site->name);
		(void)buf_add_str(out, " (");
		logs_out_number(out, v, f->worst[i]->count.deferred + f->worst[i]->count.failed);
		(void)buf_add_byte(out, ')');
	}
	if (f->counts->sites > f->n_worst) {
		(void)buf_printf(out, " %s ", say(v, "and"));
		logs_out_number(out, v, f->counts->sites - f->n_worst);
		(void)buf_printf(out, " %s", say(v, "more"));
	}
}

static void put_sample(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	(void)buf_add_str(out, say(v, "Said: "));
	(void)buf_add(out, f->sample);
}

static void put_evidence(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	logs_out_evidence(out, v, f);
	(void)buf_add_byte(out, '.');
}

static void put_finding(struct buf *out, const struct logs_view *v, size_t i)
{
	const struct logs_finding *f = &v->report->findings[i];

	(void)buf_printf(out, "%2zu ", i + 1);
	logs_out_cause(out, v, f->cause);
	(void)buf_printf(out, " - %s\n", say(v, logs_whose_words(f->whose)));
	put_paragraph(out, v, f, put_happened);
	put_paragraph(out, v, f, put_evidence);
	put_paragraph(out, v, f, put_sites);
	put_paragraph(out, v, f, logs_out_side);
	put_paragraph(out, v, f, put_advice);
	if (f->sample.len > 0)
		put_paragraph(out, v, f, put_sample);
	(void)buf_add_byte(out, '\n');
}

static void put_row(struct buf *out, const struct logs_view *v, uint64_t n, const char *words)
{
	struct buf number = BUF_INIT(64);

	logs_out_number(&number, v, n);
	(void)buf_printf(out, "%14.*s  %s\n", SPAN_F(buf_span(&number)), say(v, words));
	buf_done(&number);
}

static void put_head(struct buf *out, const struct logs_view *v)
{
	const struct logs_tally *t = v->tally;

	logs_out_time(out, t->first);
	(void)buf_add_str(out, say(v, " to "));
	logs_out_time(out, t->last);
	(void)buf_printf(out, "%s\n\n", say(v, ", as the log has it"));
	put_row(out, v, t->lines, "lines read");
	put_row(out, v, t->delivered, "deliveries");
	put_row(out, v, t->deferred, "attempts put off");
	put_row(out, v, t->recovered, "recipients reached after they had been put off");
	put_row(out, v, t->waiting.n, "recipients still waiting when the log ends");
	put_row(out, v, t->failed, "recipients refused for good, or given up");
	put_row(out, v, t->refused, "times this server itself refused what others sent");
	(void)buf_add_byte(out, '\n');
	if (t->waiting.missed > 0)
		put_row(out, v, t->waiting.missed, "more were put off than could be followed");
}

static void put_outages(struct buf *out, const struct logs_view *v)
{
	for (size_t i = 0; i < v->report->n_outages; i++) {
		const struct logs_outage *o = &v->report->outages[i];

		(void)buf_add_str(out, say(v, "Nothing could be reached from "));
		logs_out_time(out, o->from);
		(void)buf_add_str(out, say(v, " to "));
		logs_out_time(out, o->upto);
		(void)buf_add_str(out, ": ");
		(void)buf_printf(out, say(v, "%u sites failed at once, mail came through to %u."),
			o->sites, o->alive);
		(void)buf_add_str(out, "\n\n");
	}
}

static void put_site_rows(struct buf *out, const struct logs_view *v)
{
	(void)buf_printf(out, "%-32s %13s %13s %13s  %s\n", say(v, "Sites with trouble"),
		say(v, "Delivered"), say(v, "Put off"), say(v, "Refused"), say(v, "Mostly"));
	for (size_t i = 0; i < v->report->n_sites && i < v->top; i++) {
		const struct logs_site *s = v->report->sites[i];
		const struct logs_problem *most = s->problems;

		for (const struct logs_problem *p = most; p; p = p->next)
			if (p->count.deferred + p->count.failed >
				most->count.deferred + most->count.failed)
				most = p;
		(void)buf_printf(out, "%-32.32s %13llu %13llu %13llu  ", s->name,
			(unsigned long long)s->delivered, (unsigned long long)s->deferred,
			(unsigned long long)s->failed);
		if (most)
			logs_out_cause(out, v, most->cause);
		(void)buf_add_byte(out, '\n');
	}
	if (v->report->n_sites > v->top) {
		(void)buf_printf(out, "%s ", say(v, "and"));
		logs_out_number(out, v, v->report->n_sites - v->top);
		(void)buf_printf(out, " %s (--top N)\n", say(v, "more"));
	}
}

void logs_out_text(struct buf *out, const struct logs_view *v)
{
	put_head(out, v);
	if (v->tally->events == 0) {
		(void)buf_printf(
			out, "%s\n", say(v, "No line of these says how a delivery ended."));
		return;
	}
	put_outages(out, v);
	if (v->report->n > 0)
		(void)buf_printf(out, "%s\n\n", say(v, "What to do first"));
	else
		(void)buf_printf(out, "%s\n", say(v, "Nothing was put off or refused."));
	for (size_t i = 0; i < v->report->n && i < v->top; i++)
		put_finding(out, v, i);
	if (v->report->n_sites > 0)
		put_site_rows(out, v);
}
