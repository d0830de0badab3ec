#include "logs/tally.h"
#include "base/alloc.h"
#include "logs/moment.h"
#include <stdlib.h>

struct logs_tally *logs_tally_new(int64_t limit)
{
	struct logs_tally *t = alloc_zero(sizeof *t);

	t->memo = reply_memo_new();
	t->reader.limit = limit;
	t->first = t->last = MOMENT_NONE;
	for (size_t i = 0; i < REPLY_CAUSES; i++)
		t->causes[i].count.first = t->causes[i].count.last = MOMENT_NONE;
	return t;
}

void logs_tally_free(struct logs_tally *t)
{
	if (!t)
		return;
	reply_memo_free(t->memo);
	table_done(&t->sites);
	logs_waiting_done(&t->waiting);
	free(t->site_list);
	free(t->problems);
	arena_done(&t->lasting);
	arena_done(&t->scratch);
	free(t);
}

enum logs_whose logs_whose_of(enum reply_side side)
{
	switch (side) {
	case REPLY_SENDER_SERVER:
	case REPLY_SENDER_MESSAGE:
	case REPLY_SENDER_REPUTATION:
	case REPLY_SENDER_ISP:
		return LOGS_OURS;
	case REPLY_DEST_SERVER:
	case REPLY_DEST_MAILBOX:
		return LOGS_THEIRS;
	case REPLY_NETWORK:
		return LOGS_NETWORK;
	default:
		return LOGS_NOBODY;
	}
}

static bool is_full(size_t n)
{
	return n == 0 || (n >= 16 && (n & (n - 1)) == 0);
}

static struct logs_site *site_of(struct logs_tally *t, struct span name)
{
	struct logs_site *site = table_get(&t->sites, name);

	if (!site && t->n_sites >= LOGS_SITES_MAX)
		site = table_get(&t->sites, name = SPAN_LIT("all other sites"));
	if (site)
		return site;
	site = ARENA_NEW(&t->lasting, struct logs_site);
	(void)span_copy(name, site->name, sizeof site->name);
	site->last_delivered = site->last_trouble = MOMENT_NONE;
	site->dead_piece = site->alive_piece = MOMENT_NONE;
	if (is_full(t->n_sites))
		t->site_list = alloc_grow(
			t->site_list, t->n_sites ? 2 * t->n_sites : 16, sizeof(struct logs_site *));
	t->site_list[t->n_sites++] = site;
	(void)table_set(&t->sites, name, site);
	return site;
}

static void keep_sample(struct logs_sample *to, const struct log_line *line)
{
	to->len = line->reply.len < LOGS_SAMPLE_MAX ? line->reply.len : LOGS_SAMPLE_MAX;
	if (to->len > 0)
		memcpy(to->text, line->reply.at, to->len);
	to->stage = line->stage;
	to->status = line->status;
}

/* The site's problem with that cause; NULL: there are too many. */
static struct logs_problem *problem_of(struct logs_tally *t, struct logs_site *site,
	const struct reply_meaning *m, const struct log_line *line)
{
	for (struct logs_problem *p = site->problems; p; p = p->next)
		if (p->cause == m->cause)
			return p;
	if (t->n_problems >= LOGS_PROBLEMS_MAX)
		return NULL;
	struct logs_problem *p = ARENA_NEW(&t->lasting, struct logs_problem);

	*p = (struct logs_problem){.next = site->problems,
		.site = site,
		.cause = m->cause,
		.side = m->side,
		.number = (uint32_t)t->n_problems,
		.count = {.first = MOMENT_NONE, .last = MOMENT_NONE}};
	keep_sample(&p->sample, line);
	site->problems = p;
	if (is_full(t->n_problems))
		t->problems = alloc_grow(t->problems, t->n_problems ? 2 * t->n_problems : 16,
			sizeof(struct logs_problem *));
	t->problems[t->n_problems++] = p;
	t->causes[m->cause].sites++;
	return p;
}

static void see(int64_t moment, int64_t *first, int64_t *last)
{
	if (moment == MOMENT_NONE)
		return;
	if (*first == MOMENT_NONE || moment < *first)
		*first = moment;
	if (*last == MOMENT_NONE || moment > *last)
		*last = moment;
}

static void count_outcome(struct logs_count *c, const struct logs_event *e)
{
	c->deferred += e->line.outcome == LOG_DEFERRED;
	c->failed += e->line.outcome == LOG_FAILED;
	see(e->moment, &c->first, &c->last);
}

/* The causes of a site that was not reached: from here nothing says whose side it is on. */
static bool is_dead(enum reply_cause cause)
{
	return cause == REPLY_NETWORK_FAILURE || cause == REPLY_DNS_FAILURE;
}

static void count_time(struct logs_tally *t, struct logs_site *site, const struct logs_event *e,
	const struct reply_meaning *m)
{
	if (e->moment == MOMENT_NONE)
		return;
	struct logs_piece *piece = logs_days_at(&t->days, e->moment);
	int64_t number = logs_days_number(&t->days, e->moment);

	if (e->line.outcome == LOG_DELIVERED) {
		piece->delivered++;
		piece->sites_alive += site->alive_piece != number;
		site->alive_piece = number;
		return;
	}
	if (e->line.outcome == LOG_FAILED)
		piece->failed++;
	else
		piece->put_off[logs_whose_of(m->side)]++;
	if (!is_dead(m->cause))
		return;
	piece->unreached++;
	if (site->delivered > 0) { /* one that never was there says nothing about us */
		piece->sites_dead += site->dead_piece != number;
		site->dead_piece = number;
	}
}

static void read_meaning(
	struct logs_tally *t, const struct logs_event *e, struct reply_meaning *ret)
{
	struct reply_context context = {
		.stage = e->line.stage, .own = t->own, .host = e->line.host, .memo = t->memo};

	log_line_mean(&e->line, &context, &t->scratch, ret);
	if (ret->cause == REPLY_NONE) /* a line that says no more than that it did not work */
		ret->cause = e->line.outcome == LOG_FAILED ? REPLY_REJECTED_UNSPECIFIED
							   : REPLY_DEFERRED_UNSPECIFIED;
}

static void end_waiting(struct logs_tally *t, const struct logs_event *e)
{
	struct logs_waiting_mail mail;

	if (e->mail == 0 || !logs_waiting_end(&t->waiting, e->mail, &mail))
		return;
	struct logs_problem *p = t->problems[mail.problem];
	struct logs_count *both[] = {&p->count, &t->causes[p->cause].count};
	bool is_good = e->line.outcome == LOG_DELIVERED;
	int64_t delay = e->moment == MOMENT_NONE ? 0 : e->moment - (int64_t)mail.since;

	t->recovered += is_good;
	t->gave_up += !is_good;
	for (size_t i = 0; i < 2; i++) {
		both[i]->recovered += is_good;
		both[i]->gave_up += !is_good;
		both[i]->delays += is_good && delay > 0 ? (uint64_t)delay : 0;
	}
}

static void count_trouble(struct logs_tally *t, struct logs_site *site, const struct logs_event *e)
{
	struct reply_meaning m;

	read_meaning(t, e, &m);
	struct logs_problem *p = problem_of(t, site, &m, &e->line);
	struct logs_cause *cause = &t->causes[m.cause];

	count_outcome(&cause->count, e);
	cause->by_side[m.side]++;
	if (cause->sample.len == 0 || m.confidence > cause->sample_confidence) {
		keep_sample(&cause->sample, &e->line);
		cause->sample_confidence = m.confidence;
	}
	if (p)
		count_outcome(&p->count, e);
	if (e->moment != MOMENT_NONE && e->moment > site->last_trouble)
		site->last_trouble = e->moment;
	count_time(t, site, e, &m);
	if (e->line.outcome == LOG_FAILED)
		end_waiting(t, e);
	else if (p && e->mail != 0 &&
		 logs_waiting_add(&t->waiting, e->mail, e->moment > 0 ? (uint32_t)e->moment : 0,
			 p->number)) {
		p->count.mails++;
		cause->count.mails++;
	}
}

static void count_event(struct logs_tally *t, const struct logs_event *e)
{
	char name[SITE_NAME_MAX];
	struct reply_meaning m;

	t->events++;
	t->formats[e->line.format]++;
	t->undated += e->moment == MOMENT_NONE;
	see(e->moment, &t->first, &t->last);
	if (e->line.outcome == LOG_REFUSED) {
		read_meaning(t, e, &m);
		t->refused++;
		t->refusals[m.cause]++;
		return;
	}
	struct logs_site *site = site_of(t, site_name(e->line.host, e->line.recipient, name));

	site->delivered += e->line.outcome == LOG_DELIVERED;
	site->deferred += e->line.outcome == LOG_DEFERRED;
	site->failed += e->line.outcome == LOG_FAILED;
	t->delivered += e->line.outcome == LOG_DELIVERED;
	t->deferred += e->line.outcome == LOG_DEFERRED;
	t->failed += e->line.outcome == LOG_FAILED;
	if (e->line.outcome != LOG_DELIVERED) {
		count_trouble(t, site, e);
		return;
	}
	if (e->moment != MOMENT_NONE && e->moment > site->last_delivered)
		site->last_delivered = e->moment;
	count_time(t, site, e, NULL);
	end_waiting(t, e);
}

void logs_tally_line(struct logs_tally *t, struct span line)
{
	struct logs_event e;

	t->lines++;
	t->bytes += line.len + 1;
	arena_reset(&t->scratch);
	if (logs_event_read(&t->reader, line, &t->scratch, &e))
		count_event(t, &e);
}

void logs_tally_end(struct logs_tally *t)
{
	for (size_t i = 0; i < t->waiting.room; i++) {
		if (t->waiting.rows[i].mail == 0)
			continue;
		struct logs_problem *p = t->problems[t->waiting.rows[i].problem];

		p->count.waiting++;
		t->causes[p->cause].count.waiting++;
	}
}
