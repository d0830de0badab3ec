#include "cli/json_out.h"
#include "cli/logs_out.h"
#include "base/clock.h"
#include "logs/moment.h"

static void put_number(struct buf *out, const char *key, uint64_t n)
{
	json_out_key(out, span_str(key));
	json_out_integer(out, (int64_t)n);
}

static void put_text(struct buf *out, const char *key, struct span text)
{
	json_out_key(out, span_str(key));
	json_out_text(out, text);
}

static void put_time(struct buf *out, const char *key, int64_t moment)
{
	char text[CLOCK_TEXT_MAX];

	json_out_key(out, span_str(key));
	if (moment == MOMENT_NONE)
		json_out_null(out);
	else
		json_out_text(out, clock_rfc3339(moment * 1000, text));
}

static void put_told(struct buf *out, const char *key, const struct logs_view *v,
	const struct logs_finding *f, enum reply_tale what)
{
	json_out_key(out, span_str(key));
	size_t from = json_out_text_begin(out);

	(void)reply_tell(&f->meaning, &v->voice, what, out);
	json_out_text_end(out, from);
}

static void put_count(struct buf *out, const struct logs_count *c)
{
	put_number(out, "deferred", c->deferred);
	put_number(out, "failed", c->failed);
	put_number(out, "recipients", c->mails);
	put_number(out, "recovered", c->recovered);
	put_number(out, "gave_up", c->gave_up);
	put_number(out, "waiting", c->waiting);
	json_out_key(out, SPAN_LIT("recovered_after"));
	if (c->recovered > 0)
		json_out_integer(out, (int64_t)(c->delays / c->recovered));
	else
		json_out_null(out);
	put_time(out, "first", c->first);
	put_time(out, "last", c->last);
}

static void put_worst(struct buf *out, const struct logs_finding *f)
{
	json_out_key(out, SPAN_LIT("worst_sites"));
	json_out_open(out, '[');
	for (size_t i = 0; i < f->n_worst; i++) {
		json_out_open(out, '{');
		put_text(out, "site", span_str(f->worst[i]->site->name));
		put_count(out, &f->worst[i]->count);
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
}

static void put_finding(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	json_out_open(out, '{');
	put_text(out, "cause", span_str(reply_cause_text(f->cause)));
	put_text(out, "whose", span_str(logs_whose_text(f->whose)));
	put_text(out, "side", span_str(reply_side_text(f->side)));
	put_number(out, "sites", f->counts->sites);
	put_count(out, &f->counts->count);
	json_out_key(out, SPAN_LIT("goes_on"));
	(void)buf_add_str(out, f->goes_on ? "true" : "false");
	put_text(out, "reply", f->sample);
	put_told(out, "explanation", v, f, REPLY_TELL_HAPPENED);
	json_out_key(out, SPAN_LIT("why_this_side"));
	size_t from = json_out_text_begin(out);

	logs_out_side(out, v, f);
	json_out_text_end(out, from);
	put_told(out, "advice", v, f, REPLY_TELL_ADVICE);
	put_worst(out, f);
	json_out_close(out, '}');
}

static void put_site(struct buf *out, const struct logs_site *s)
{
	json_out_open(out, '{');
	put_text(out, "site", span_str(s->name));
	put_number(out, "delivered", s->delivered);
	put_number(out, "deferred", s->deferred);
	put_number(out, "failed", s->failed);
	put_time(out, "last_delivered", s->last_delivered);
	put_time(out, "last_trouble", s->last_trouble);
	json_out_key(out, SPAN_LIT("causes"));
	json_out_open(out, '{');
	for (const struct logs_problem *p = s->problems; p; p = p->next)
		put_number(out, reply_cause_text(p->cause), p->count.deferred + p->count.failed);
	json_out_close(out, '}');
	json_out_close(out, '}');
}

static void put_outages(struct buf *out, const struct logs_report *r)
{
	json_out_key(out, SPAN_LIT("outages"));
	json_out_open(out, '[');
	for (size_t i = 0; i < r->n_outages; i++) {
		json_out_open(out, '{');
		put_time(out, "from", r->outages[i].from);
		put_time(out, "to", r->outages[i].upto);
		put_number(out, "sites_failing", r->outages[i].sites);
		put_number(out, "sites_reached", r->outages[i].alive);
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
}

static void put_totals(struct buf *out, const struct logs_tally *t)
{
	put_number(out, "lines", t->lines);
	put_number(out, "bytes", t->bytes);
	put_number(out, "events", t->events);
	put_number(out, "undated", t->undated);
	put_time(out, "first", t->first);
	put_time(out, "last", t->last);
	put_number(out, "delivered", t->delivered);
	put_number(out, "deferred", t->deferred);
	put_number(out, "failed", t->failed);
	put_number(out, "refused_by_us", t->refused);
	put_number(out, "recovered", t->recovered);
	put_number(out, "gave_up", t->gave_up);
	put_number(out, "waiting", t->waiting.n);
	put_number(out, "not_followed", t->waiting.missed);
	json_out_key(out, SPAN_LIT("formats"));
	json_out_open(out, '{');
	for (size_t i = 1; i < LOG_FORMATS; i++)
		if (t->formats[i] > 0)
			put_number(out, log_format_text((enum log_format)i), t->formats[i]);
	json_out_close(out, '}');
}

void logs_out_json(struct buf *out, const struct logs_view *v)
{
	json_out_open(out, '{');
	put_totals(out, v->tally);
	json_out_key(out, SPAN_LIT("whose"));
	json_out_open(out, '{');
	for (unsigned i = 0; i < LOGS_WHOSE; i++)
		put_number(out, logs_whose_text((enum logs_whose)i), v->report->by_whose[i]);
	json_out_close(out, '}');
	put_outages(out, v->report);
	json_out_key(out, SPAN_LIT("problems"));
	json_out_open(out, '[');
	for (size_t i = 0; i < v->report->n; i++)
		put_finding(out, v, &v->report->findings[i]);
	json_out_close(out, ']');
	json_out_key(out, SPAN_LIT("sites"));
	json_out_open(out, '[');
	for (size_t i = 0; i < v->report->n_sites && i < v->top; i++)
		put_site(out, v->report->sites[i]);
	json_out_close(out, ']');
	json_out_close(out, '}');
	(void)buf_add_byte(out, '\n');
}
