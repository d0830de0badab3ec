#include "cli/logs_out.h"
#include "logs/moment.h"
#include "reply/texts.h"
#include <stdio.h>
#include <time.h>

#define say(v, english) logs_say((v)->voice.lang, english)

void logs_out_number(struct buf *out, const struct logs_view *v, uint64_t n)
{
	char digits[32];
	size_t len = 0;

	for (unsigned i = 0; i == 0 || n > 0; i++, n /= 10) {
		if (i > 0 && i % 3 == 0)
			digits[len++] = v->voice.lang == REPLY_LANG_DE ? '.' : ',';
		digits[len++] = (char)('0' + n % 10);
	}
	while (len > 0)
		(void)buf_add_byte(out, digits[--len]);
}

void logs_out_time(struct buf *out, int64_t moment)
{
	struct tm tm;
	char text[32];
	time_t t = (time_t)moment;

	if (moment == MOMENT_NONE || !gmtime_r(&t, &tm) ||
		strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm) == 0)
		(void)buf_add_byte(out, '-');
	else
		(void)buf_add_str(out, text);
}

void logs_out_cause(struct buf *out, const struct logs_view *v, enum reply_cause cause)
{
	const char *name = cause == REPLY_NONE ? "no reason given" : reply_cause_text(cause);

	name = say(v, name);

	for (; *name; name++)
		(void)buf_add_byte(out, *name == '_' ? ' ' : *name);
}

/* The two greatest units. */
static void put_duration(struct buf *out, const struct logs_view *v, int64_t seconds)
{
	static const struct {
		int64_t size;
		enum reply_unit one, many;
	} units[] = {{86400, REPLY_UNIT_DAY, REPLY_UNIT_DAYS},
		{3600, REPLY_UNIT_HOUR, REPLY_UNIT_HOURS},
		{60, REPLY_UNIT_MINUTE, REPLY_UNIT_MINUTES},
		{1, REPLY_UNIT_SECOND, REPLY_UNIT_SECONDS}};

	if (v->voice.lang == REPLY_LANG_EN) {
		(void)reply_duration(seconds, out);
		return;
	}
	for (size_t i = 0, told = 0; i < 4 && told < 2; i++) {
		int64_t n = seconds / units[i].size;

		if (n == 0 && !(i == 3 && told == 0))
			continue;
		(void)buf_printf(out, "%s%lld %s", told++ ? " " : "", (long long)n,
			reply_unit_words(v->voice.lang, n == 1 ? units[i].one : units[i].many));
		seconds %= units[i].size;
	}
}

static void put_of(
	struct buf *out, const struct logs_view *v, uint64_t n, const char *words, bool *is_first)
{
	if (n == 0)
		return;
	(void)buf_add_str(out, *is_first ? "" : ", ");
	logs_out_number(out, v, n);
	(void)buf_add_str(out, say(v, words));
	*is_first = false;
}

void logs_out_evidence(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	const struct logs_count *c = &f->counts->count;
	bool is_first = true;

	put_of(out, v, c->deferred, c->deferred == 1 ? " attempt put off" : " attempts put off",
		&is_first);
	put_of(out, v, c->failed, " refused for good", &is_first);
	put_of(out, v, f->counts->sites, f->counts->sites == 1 ? " site" : " sites", &is_first);
	if (c->first != MOMENT_NONE) {
		(void)buf_add_str(out, say(v, "; from "));
		logs_out_time(out, c->first);
		(void)buf_add_str(out, say(v, f->goes_on ? " until the log ends" : " to "));
		if (!f->goes_on)
			logs_out_time(out, c->last);
	}
	if (c->mails == 0)
		return;
	(void)buf_add_str(out, say(v, ". Of the mail put off "));
	is_first = true;
	put_of(out, v, c->recovered, " came through later", &is_first);
	if (c->recovered > 0) {
		(void)buf_add_str(out, say(v, " (after "));
		put_duration(out, v, (int64_t)(c->delays / c->recovered));
		(void)buf_add_str(out, say(v, " on average)"));
	}
	put_of(out, v, c->gave_up, " did not", &is_first);
	put_of(out, v, c->waiting, " still waits when the log ends", &is_first);
}

void logs_out_side(struct buf *out, const struct logs_view *v, const struct logs_finding *f)
{
	const struct logs_outage *worst = &v->report->outages[0];
	char share[8];

	if (f->is_contradicted) {
		for (size_t i = 1; i < v->report->n_outages; i++)
			if (v->report->outages[i].sites > worst->sites)
				worst = &v->report->outages[i];
		(void)buf_printf(out,
			say(v, "Each of these sites seems to be the one in trouble, but %u "
			       "unrelated ones were "
			       "out of reach at the same time, and mail came through to %u: so it "
			       "is this "
			       "server's own network or name service."),
			worst->sites, worst->alive);
		return;
	}
	uint64_t all = 0, of_it = f->counts->by_side[f->side];

	for (size_t i = 0; i < REPLY_SIDES; i++)
		all += f->counts->by_side[i];
	(void)reply_tell(&f->meaning, &v->voice, REPLY_TELL_SIDE, out);
	if (all > 0 && of_it < all) {
		(void)snprintf(share, sizeof share, "%u", (unsigned)(of_it * 100 / all));
		(void)buf_printf(out, say(v, " (So say %s %% of these replies.)"), share);
	}
}
