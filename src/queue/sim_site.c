#include "queue/sim.h"
#include "base/alloc.h"
#include <stdio.h>
#include <stdlib.h>

struct contact {
	int64_t first;
};

struct sim *sim(void)
{
	static struct sim s;

	return &s;
}

uint32_t sim_random(void)
{
	struct sim *s = sim();

	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return (uint32_t)(s->seed >> 32);
}

static void forget(struct sim_site *site)
{
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&site->contacts, &i, &key, &value);)
		free(value);
	table_done(&site->contacts);
	free(site->taken);
}

void sim_done(void)
{
	for (size_t i = 0; i < SIM_SITES; i++)
		forget(&sim()->sites[i]);
	free(sim()->messages);
	*sim() = (struct sim){0};
}

void sim_reset(uint64_t seed)
{
	sim_done();
	sim()->seed = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	sim()->now = SIM_DAY;
	list_init(&sim()->pending);
}

void sim_mail(uint32_t site, size_t n, int64_t from, int64_t gap)
{
	struct sim *s = sim();

	s->messages = alloc_grow(s->messages, s->messages_n + n, sizeof *s->messages);
	for (size_t i = 0; i < n; i++) {
		uint32_t number = (uint32_t)(s->messages_n + i);
		int64_t spread = gap > 1 ? sim_random() % gap : 0;

		s->messages[number] = (struct sim_message){.number = number,
			.site = site,
			.sender = number,
			.recipient = number,
			.arrives = sim()->now + from + (int64_t)i * gap + spread};
	}
	s->messages_n += n;
}

/* ---- what a site answers ---- */

static bool is_down(const struct sim_site *s)
{
	return sim()->now >= s->is.down_from && sim()->now < s->is.down_to;
}

int64_t sim_talk_ms(const struct sim_site *s)
{
	return s->is.talk_ms ? s->is.talk_ms : 150;
}

int64_t sim_connect_ms(const struct sim_site *s, enum sim_answer answer)
{
	return answer == SIM_HANGS ? 30 * SIM_SECOND : s->is.connect_ms ? s->is.connect_ms : 50;
}

enum sim_answer sim_connect(struct sim_site *s)
{
	s->sessions++;
	if (is_down(s) && !s->is.tempfails_when_down)
		return s->is.hangs_when_down ? SIM_HANGS : SIM_NO_CONNECTION;
	if (s->is.connections > 0 && s->open >= s->is.connections) {
		s->sessions_refused++;
		return SIM_TOO_MANY;
	}
	s->open++;
	if (s->open > s->open_most)
		s->open_most = s->open;
	return SIM_TAKEN;
}

void sim_disconnect(struct sim_site *s)
{
	s->open--;
}

static enum sim_answer greylist(struct sim_site *s, const struct sim_message *m, int64_t *ret_wait)
{
	char key[64];
	int len = s->is.key == SIM_BY_NETWORK ? snprintf(key, sizeof key, "we")
		  : s->is.key == SIM_BY_SENDER
			  ? snprintf(key, sizeof key, "%u", m->sender)
			  : snprintf(key, sizeof key, "%u %u", m->sender, m->recipient);
	struct contact *c = table_get(&s->contacts, span_of(key, (size_t)len));

	if (!c) {
		c = alloc_zero(sizeof *c);
		c->first = sim()->now;
		(void)table_set(&s->contacts, span_of(key, (size_t)len), c);
	}
	int64_t left = c->first + s->is.grey - sim()->now;

	if (left <= 0)
		return SIM_TAKEN;
	if (s->is.states_wait)
		*ret_wait = (left + 999) / 1000;
	return SIM_GREY;
}

static bool is_over_rate(struct sim_site *s, int64_t *ret_wait)
{
	int64_t hour = sim()->now / SIM_HOUR;

	if (s->is.an_hour == 0)
		return false;
	if (hour != s->hour)
		s->in_hour = 0;
	s->hour = hour;
	if (s->in_hour < s->is.an_hour)
		return false;
	if (s->is.states_wait)
		*ret_wait = ((hour + 1) * SIM_HOUR - sim()->now + 999) / 1000;
	return true;
}

static void count_taken(struct sim_site *s)
{
	size_t bucket = (size_t)((sim()->now - SIM_DAY) / SIM_BUCKET);

	s->in_hour++;
	if (bucket >= s->taken_n) {
		size_t n = bucket + 1024;

		s->taken = alloc_grow(s->taken, n, sizeof *s->taken);
		memset(s->taken + s->taken_n, 0, (n - s->taken_n) * sizeof *s->taken);
		s->taken_n = n;
	}
	s->taken[bucket]++;
	if (s->first_after == 0 && s->is.down_to > 0 && sim()->now >= s->is.down_to)
		s->first_after = sim()->now;
}

enum sim_answer sim_talk(struct sim_site *s, const struct sim_message *m, int64_t *ret_wait)
{
	enum sim_answer answer = SIM_TAKEN;

	*ret_wait = -1;
	s->attempts++;
	if (is_down(s))
		answer = s->is.tempfails_when_down ? SIM_TEMPFAIL : SIM_HANGS;
	else if (sim()->now < s->is.listed_to)
		answer = SIM_LISTED;
	else if (s->is.grey > 0)
		answer = greylist(s, m, ret_wait);
	if (answer == SIM_TAKEN && is_over_rate(s, ret_wait))
		answer = SIM_RATE;
	if (answer == SIM_TAKEN)
		count_taken(s);
	else
		s->refused++;
	return answer;
}
