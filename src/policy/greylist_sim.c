#include "policy/greylist_sim.h"
#include "base/alloc.h"
#include "base/list.h"
#include <stdio.h>
#include <stdlib.h>

#define MAILS_MOST 20000U
#define GIVE_UP    (3 * SIM_DAY)

/* Of how many senders the world is made; 2,000 in all. */
static const unsigned shares[SIM_KINDS] = {
	[SIM_POSTFIX] = 400,
	[SIM_EXIM] = 200,
	[SIM_QMAIL] = 60,
	[SIM_EXCHANGE] = 160,
	[SIM_GMAIL] = 160,
	[SIM_OUTLOOK] = 160,
	[SIM_POOL] = 40,
	[SIM_SLOW] = 100,
	[SIM_OBEDIENT] = 20,
	[SIM_ONCE] = 500,
	[SIM_CAMPAIGN] = 40,
	[SIM_SNOWSHOE] = 20,
	[SIM_HAMMER] = 60,
	[SIM_RETRY] = 80,
};

struct mail {
	struct heap_node next; /* attempt */
	const struct sim_sender *from;
	int64_t begun, delay; /* delay -1: not taken (yet) */
	unsigned number, tries, recipient, user;
	bool is_first; /* of its sender to its recipient */
};

struct world {
	struct sim_sender senders[SIM_SENDERS];
	struct mail *mails;
	size_t n;
	struct heap heap;
	uint64_t dice;
};

static uint32_t dice(struct world *w, uint32_t most)
{
	w->dice = w->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(w->dice >> 33) % most;
}

static int64_t between(struct world *w, int64_t least, int64_t most)
{
	return least + (int64_t)dice(w, (uint32_t)((most - least) / 1000 + 1)) * 1000;
}

static bool is_campaign(enum sim_kind kind)
{
	return kind == SIM_CAMPAIGN || kind == SIM_SNOWSHOE;
}

static bool is_pool(enum sim_kind kind)
{
	return kind == SIM_GMAIL || kind == SIM_OUTLOOK || kind == SIM_POOL;
}

/* ---- the world ---- */

/* A pool's addresses stand in few networks (a provider's ranges) or in many. */
static void make_sender(struct world *w, struct sim_sender *s, unsigned number)
{
	unsigned networks = s->kind == SIM_GMAIL ? 8 : is_pool(s->kind) ? 12 : 1;

	(void)snprintf(s->domain, sizeof s->domain, "d%u.example", number);
	s->has_spf = s->kind == SIM_GMAIL || s->kind == SIM_OUTLOOK || s->kind == SIM_SNOWSHOE ||
		     (s->kind != SIM_POOL && s->kind < SIM_ONCE && dice(w, 10) < 7);
	s->addresses_n = is_pool(s->kind) ? 20 : is_campaign(s->kind) ? 4 : 1;
	for (unsigned i = 0; i < s->addresses_n; i++) {
		unsigned network = is_campaign(s->kind) ? i * 77777 : i % networks * 64;

		s->addresses[i] = 0x0a000000U + ((number * 4096 + network) << 8) + i + 1;
	}
}

static void add_mail(struct world *w, const struct sim_sender *s, unsigned k)
{
	struct mail *m = &w->mails[w->n];
	unsigned recipients = s->kind >= SIM_ONCE ? 5 : 3;

	*m = (struct mail){.from = s, .number = (unsigned)w->n, .delay = -1};
	m->recipient = is_campaign(s->kind) ? 0 : dice(w, recipients);
	m->user = s->kind >= SIM_ONCE ? k : dice(w, 2);
	m->begun = between(w, 0, 14 * SIM_DAY);
	m->is_first = true;
	for (size_t i = w->n; i > 0 && w->mails[i - 1].from == s; i--) {
		struct mail *other = &w->mails[i - 1];

		if (other->recipient != m->recipient || other->user != m->user)
			continue;
		if (other->begun < m->begun)
			m->is_first = false;
		else
			other->is_first = false;
	}
	w->n++;
}

static struct world *make_world(void)
{
	struct world *w = alloc_zero(sizeof *w);
	unsigned number = 0;

	w->dice = 4711;
	w->mails = alloc_array(MAILS_MOST, sizeof *w->mails);
	for (unsigned kind = 0; kind < SIM_KINDS; kind++)
		for (unsigned i = 0; i < shares[kind]; i++) {
			struct sim_sender *s = &w->senders[number];

			s->kind = kind;
			make_sender(w, s, number++);
			unsigned mails = is_campaign(kind)  ? 1
					 : kind >= SIM_ONCE ? 5
							    : 1 + dice(w, 8);

			for (unsigned k = 0; k < mails; k++)
				add_mail(w, s, k);
		}
	for (size_t i = 0; i < w->n; i++)
		heap_add(&w->heap, &w->mails[i].next, w->mails[i].begun);
	return w;
}

/* ---- schedules ---- */

static int64_t clamp(int64_t x, int64_t least, int64_t most)
{
	return x < least ? least : x > most ? most : x;
}

static int64_t pool_wait(struct world *w, const struct mail *m)
{
	int64_t wait = m->from->kind == SIM_GMAIL ? between(w, SIM_MINUTE, 5 * SIM_MINUTE)
						  : 5 * SIM_MINUTE;

	for (unsigned i = 1; i < m->tries && wait < SIM_HOUR; i++)
		wait = wait * 3 / 2;
	return wait + between(w, 0, SIM_MINUTE);
}

/* How long after this attempt the next one comes; -1: it does not. */
static int64_t next_wait(struct world *w, const struct mail *m, int64_t now, int64_t stated)
{
	int64_t age = now - m->begun;

	switch (m->from->kind) {
	case SIM_POSTFIX: /* the age, from 300 to 4000 s, at the next run of the queue */
		return clamp(age, 300000, 4000000) + between(w, 0, 300000);
	case SIM_EXIM: /* F,2h,15m; G,16h,1h,1.5; a runner each 15 minutes */
		return (age < 2 * SIM_HOUR ? 15 * SIM_MINUTE : SIM_HOUR) +
		       between(w, 0, 15 * SIM_MINUTE);
	case SIM_QMAIL: /* at 400 n^2 */
		return 400000 * (int64_t)m->tries * m->tries - age + 1000;
	case SIM_EXCHANGE:
		return m->tries <= 6 ? 5 * SIM_MINUTE : 10 * SIM_MINUTE;
	case SIM_SLOW:
		return m->tries == 1 ? between(w, 200000, 285000) : 3 * SIM_HOUR;
	case SIM_OBEDIENT:
		return stated > 0 ? stated + between(w, 0, 10000) : 5 * SIM_MINUTE;
	case SIM_CAMPAIGN:
	case SIM_SNOWSHOE:
		return m->tries < m->from->addresses_n ? between(w, SIM_MINUTE, 4 * SIM_HOUR) : -1;
	case SIM_HAMMER:
		return m->tries < 12 ? 10000 : -1;
	case SIM_RETRY:
		return age < SIM_HOUR ? between(w, 5 * SIM_MINUTE, 15 * SIM_MINUTE) : -1;
	case SIM_ONCE:
		return -1;
	default:
		return pool_wait(w, m);
	}
}

static uint32_t address_of(struct world *w, const struct mail *m)
{
	const struct sim_sender *s = m->from;

	return s->addresses[is_campaign(s->kind) ? m->tries : dice(w, s->addresses_n)];
}

static void attempt(
	struct world *w, struct mail *m, int64_t now, const struct sim_rule *rule, void *state)
{
	struct sim_attempt a = {
		.now = now, .address = address_of(w, m), .from = m->from, .mail = m->number};

	(void)snprintf(
		a.sender, sizeof a.sender, "%s@%s", m->user ? "news" : "joe", m->from->domain);
	(void)snprintf(a.recipient, sizeof a.recipient, "r%u@here.example", m->recipient);
	int64_t stated = rule->meet(state, &a);

	m->tries++;
	if (stated == 0) {
		m->delay = now - m->begun;
		return;
	}
	int64_t wait = next_wait(w, m, now, stated);

	if (wait > 0 && now + wait - m->begun < GIVE_UP)
		heap_add(&w->heap, &m->next, now + wait);
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void quantiles(const struct world *w, bool only_first, int64_t *ret_p50, int64_t *ret_p95)
{
	int64_t *delays = alloc_array(w->n, sizeof *delays);
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct mail *m = &w->mails[i];

		if (m->from->kind < SIM_ONCE && (m->is_first || !only_first))
			delays[n++] = m->delay < 0 ? GIVE_UP : m->delay;
	}
	qsort(delays, n, sizeof *delays, compare);
	*ret_p50 = delays[n / 2];
	*ret_p95 = delays[n * 95 / 100];
	free(delays);
}

static void count(const struct world *w, struct sim_result *ret)
{
	*ret = (struct sim_result){0};
	for (size_t i = 0; i < w->n; i++) {
		const struct mail *m = &w->mails[i];

		if (m->from->kind >= SIM_ONCE) {
			ret->spam[m->from->kind]++;
			ret->let_in[m->from->kind] += m->delay >= 0;
			continue;
		}
		ret->mails++;
		ret->lost += m->delay < 0;
	}
	quantiles(w, false, &ret->p50, &ret->p95);
	quantiles(w, true, &ret->first_p50, &ret->first_p95);
}

void sim_run(const struct sim_rule *rule, struct sim_result *ret)
{
	struct world *w = make_world();
	void *state = rule->begin();
	struct heap_node *node;

	while ((node = heap_first(&w->heap)) != NULL) {
		int64_t now = node->key;

		heap_remove(&w->heap, node);
		attempt(w, container_of(node, struct mail, next), now, rule, state);
	}
	count(w, ret);
	rule->end(state);
	heap_done(&w->heap);
	free(w->mails);
	free(w);
}
