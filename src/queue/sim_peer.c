#include "queue/sim.h"
#include "base/alloc.h"
#include <assert.h>
#include <stdlib.h>

/*
 * Other servers as their documentation and sources describe them: the schedule of retries, how
 * many connections they make to one destination, and what they do when it can't be reached. They
 * know a destination by one queue here.
 */
struct manners {
	const char *name;
	unsigned connections; /* at once */
	bool reuses;          /* a connection takes the next message that is due */
	bool adapts;          /* Postfix: starts with 5, grows by successes, shrinks by failures */
	int64_t dead_for;     /* ms for which a destination that failed is not tried */
	int64_t grid;         /* ms between queue runs; 0: timers */
	int64_t (*next)(const struct sim_message *m, int64_t now);
};

/* qmgr: the age, between 300 and 4000 s, rounded up to the next scan (every 300 s). */
static int64_t postfix_next(const struct sim_message *m, int64_t now)
{
	int64_t age = now - m->arrives;

	age = age < 300 * SIM_SECOND ? 300 * SIM_SECOND : age;
	return now + (age > 4000 * SIM_SECOND ? 4000 * SIM_SECOND : age);
}

/* F,2h,15m; G,16h,1h,1.5; F,4d,6h; runs of the queue every 30 minutes. */
static int64_t exim_next(const struct sim_message *m, int64_t now)
{
	int64_t age = now - m->first_try, wait = SIM_HOUR;

	if (age < 2 * SIM_HOUR)
		return now + 15 * SIM_MINUTE;
	for (int64_t at = 2 * SIM_HOUR; at < 16 * SIM_HOUR && at <= age; at += wait)
		wait = wait * 3 / 2;
	return now + (age < 16 * SIM_HOUR ? wait : 6 * SIM_HOUR);
}

/* creation + 400 * n^2 s. */
static int64_t opensmtpd_next(const struct sim_message *m, int64_t now)
{
	int64_t n = m->attempts, at = m->arrives + 400 * n * n * SIM_SECOND;

	return at > now ? at : now + SIM_SECOND;
}

/* 20 minutes, doubling, with a twentieth of jitter. */
static int64_t kumomta_next(const struct sim_message *m, int64_t now)
{
	int64_t wait = (20 * SIM_MINUTE) << (m->attempts < 10 ? m->attempts - 1 : 9);

	return now + wait + (int64_t)(sim_random() % 1000) * wait / 20000;
}

/* birth + (sqrt(age) + 20)^2 s. */
static int64_t qmail_next(const struct sim_message *m, int64_t now)
{
	int64_t age = (now - m->arrives) / 1000, root = 0;

	while ((root + 1) * (root + 1) <= age)
		root++;
	root += 20;
	return m->arrives + root * root * 1000;
}

static const struct manners peers[SIM_PEERS] = {
	[SIM_POSTFIX] = {"Postfix", 20, true, true, 300 * SIM_SECOND, 300 * SIM_SECOND,
		postfix_next},
	[SIM_EXIM] = {"Exim", 20, false, false, 0, 30 * SIM_MINUTE, exim_next},
	[SIM_OPENSMTPD] = {"OpenSMTPD", 10, true, false, 0, 0, opensmtpd_next},
	[SIM_KUMOMTA] = {"KumoMTA", 32, true, false, 0, 0, kumomta_next},
	[SIM_QMAIL] = {"qmail", 20, false, false, 0, 0, qmail_next},
};

const char *sim_peer_name(enum sim_peer peer)
{
	return peers[peer].name;
}

struct channel { /* a delivery process of the peer */
	struct heap_node wakes;
	struct sim_message *message;
	bool is_open, is_talking;
	enum sim_answer answer;
};

/* Of one site. */
struct destination {
	struct heap due; /* messages by when they may go */
	double window;
	unsigned used;
	int64_t dead_until;
};

static struct {
	const struct manners *is;
	struct heap events;
	struct destination to[SIM_SITES];
	int64_t phase;
} peer;

static void later(struct sim_message *m)
{
	int64_t at = peer.is->next(m, sim()->now), grid = peer.is->grid;

	if (grid > 0)
		at = (at - peer.phase + grid - 1) / grid * grid + peer.phase;
	heap_move(&peer.to[m->site].due, &m->wakes, at);
}

static void begin(struct channel *c, struct sim_message *m)
{
	struct sim_site *site = &sim()->sites[m->site];

	heap_remove(&peer.to[m->site].due, &m->wakes);
	if (m->attempts++ == 0)
		m->first_try = sim()->now;
	c->message = m;
	c->is_talking = c->is_open;
	if (!c->is_open) {
		c->answer = sim_connect(site);
		c->is_open = c->answer == SIM_TAKEN;
	}
	heap_move(&peer.events, &c->wakes,
		sim()->now + (c->is_talking ? sim_talk_ms(site) : sim_connect_ms(site, c->answer)));
}

static struct sim_message *next_due(struct destination *to)
{
	struct heap_node *first = heap_first(&to->due);

	return first && first->key <= sim()->now ? container_of(first, struct sim_message, wakes)
						 : NULL;
}

static unsigned allowed(const struct destination *to)
{
	return peer.is->adapts ? (unsigned)to->window : peer.is->connections;
}

static void dispatch(struct destination *to)
{
	struct sim_message *m;

	/* What is due for a destination that is dead goes back into the queue untried. */
	while (to->dead_until > sim()->now && (m = next_due(to)))
		later(m);
	while (to->used < allowed(to) && (m = next_due(to))) {
		struct channel *c = alloc_zero(sizeof *c);

		to->used++;
		begin(c, m);
	}
}

static void adapt(struct destination *to, bool was_good)
{
	if (was_good) {
		to->window += to->window < peer.is->connections ? 1 : 0;
		return;
	}
	to->window -= 1;
	if (to->window >= 1)
		return;
	to->window = 5;
	to->dead_until = sim()->now + peer.is->dead_for;
}

static void end(struct channel *c, enum sim_answer answer)
{
	struct sim_message *m = c->message, *next;
	struct destination *to = &peer.to[m->site];
	bool at_the_door =
		answer == SIM_TOO_MANY || answer == SIM_NO_CONNECTION || answer == SIM_HANGS;

	if (peer.is->adapts)
		adapt(to, !at_the_door);
	if (answer == SIM_TAKEN) {
		m->done_at = sim()->now;
		m->is_over = true;
		sim()->left--;
	} else {
		later(m);
	}
	next = peer.is->reuses && c->is_open && to->used <= allowed(to) ? next_due(to) : NULL;
	if (next) {
		begin(c, next);
	} else {
		if (c->is_open)
			sim_disconnect(&sim()->sites[m->site]);
		heap_remove(&peer.events, &c->wakes);
		free(c);
		to->used--;
	}
	dispatch(to);
}

static void wake(struct channel *c)
{
	struct sim_site *site = &sim()->sites[c->message->site];
	int64_t wait;

	if (c->is_talking) {
		end(c, sim_talk(site, c->message, &wait));
	} else if (c->answer == SIM_TAKEN) {
		c->is_talking = true;
		heap_move(&peer.events, &c->wakes, sim()->now + sim_talk_ms(site));
	} else {
		end(c, c->answer);
	}
}

static int64_t first_of(const struct heap *h)
{
	struct heap_node *first = heap_first(h);

	return first ? first->key : INT64_MAX;
}

static bool step(int64_t until)
{
	struct sim *s = sim();
	int64_t next = first_of(&peer.events);
	struct destination *to = NULL;

	for (size_t i = 0; i < SIM_SITES; i++) {
		struct destination *d = &peer.to[i];

		if (d->used < allowed(d) && first_of(&d->due) < next) {
			next = first_of(&d->due);
			to = d;
		}
	}
	if (next > until || s->left == 0)
		return false;
	s->now = next > s->now ? next : s->now;
	if (to)
		dispatch(to);
	else
		wake(container_of(heap_first(&peer.events), struct channel, wakes));
	return true;
}

void sim_run_peer(enum sim_peer which, int64_t until)
{
	struct sim *s = sim();

	peer.is = &peers[which];
	peer.phase = peer.is->grid ? sim_random() % peer.is->grid : 0;
	s->left = s->messages_n;
	for (size_t i = 0; i < SIM_SITES; i++)
		peer.to[i] = (struct destination){.window = 5};
	for (size_t i = 0; i < s->messages_n; i++)
		heap_add(&peer.to[s->messages[i].site].due, &s->messages[i].wakes,
			s->messages[i].arrives);
	while (step(SIM_DAY + until))
		;
	for (struct heap_node *node; (node = heap_first(&peer.events));) {
		heap_remove(&peer.events, node);
		free(container_of(node, struct channel, wakes));
	}
	heap_done(&peer.events);
	for (size_t i = 0; i < SIM_SITES; i++)
		heap_done(&peer.to[i].due);
}
