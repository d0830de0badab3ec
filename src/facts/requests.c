#include "facts/bucket.h"
#include "facts/facts_in.h"
#include "facts/guard.h"
#include "base/log.h"

#define LISTED_FOR (7 * 86400 * NANOS_S) /* open deferrals, after their last try */

struct grey_times requests_grey_times(const struct conf *conf)
{
	return (struct grey_times){.delay = conf->greylist.delay / NANOS_MS,
		.window = conf->greylist.window / NANOS_MS,
		.remember = conf->greylist.remember / NANOS_MS};
}

struct meter_times requests_meter_times(const struct conf *conf)
{
	nanos lost = conf->deferrals.lost_after;

	return (struct meter_times){.lost_after = lost / NANOS_MS,
		.listed = (lost > LISTED_FOR ? lost : LISTED_FOR) / NANOS_MS};
}

static void answer(
	struct ipc_channel *c, const struct ipc_packet *p, uint16_t type, const void *body)
{
	(void)ipc_send(c, &(struct ipc_out){.type = type,
				  .request = p->request,
				  .is_answer = true,
				  .soon = true,
				  .body = body});
}

/* ---- rates ---- */

/* Whom a rate counts; empty: nobody, it does not apply. */
static struct span counted(const struct conf_rate *r, const struct ipc_facts_rate *q)
{
	return r->by == CONF_RATE_LOGIN     ? q->login
	       : r->by == CONF_RATE_NETWORK ? q->network
					    : q->client;
}

static struct span bucket_key(
	struct keep_key *room, const struct conf_rate *r, const struct ipc_facts_rate *q)
{
	return keep_key(room, KEEP_BUCKET, r->name, counted(r, q));
}

static void hold(struct facts *f, const struct conf_rate *r, const struct ipc_facts_rate *q)
{
	const struct bucket_rate rate = {.per = r->per, .hold = r->hold, .most = r->most};
	struct keep_key room;

	if (r->hold > 0 && bucket_hold(f->keep, bucket_key(&room, r, q), &rate, lasting_now(f)))
		log_event(LOG_WARN, "rate_hold", LOG_SPAN("rate", r->name),
			LOG_SPAN("login", q->login), LOG_U64("most", r->most),
			LOG_I64("seconds", r->hold / NANOS_S));
}

/* All of them must have room; then it is taken from all. */
static void use_rates(struct facts *f, const struct ipc_facts_rate *q, struct ipc_facts_rated *ret)
{
	const struct conf *conf = role_conf_now(f->role);
	const struct conf_rate *worst = NULL;
	struct keep_key room;
	int64_t now = lasting_now(f);

	*ret = (struct ipc_facts_rated){0};
	for (int taking = 0; taking < 2 && !worst; taking++)
		for (size_t i = 0; i < conf->n_rates; i++) {
			const struct conf_rate *r = &conf->rates[i];
			const struct bucket_rate rate = {.per = r->per, .most = r->most};

			if (r->what != q->what || counted(r, q).len == 0 ||
				(i < CONF_RATES_MAX && (q->skipped >> i & 1U)))
				continue;
			struct span key = bucket_key(&room, r, q);

			if (taking) {
				bucket_take(f->keep, key, &rate, q->count, now);
				continue;
			}
			struct bucket_verdict v = bucket_look(f->keep, key, &rate, q->count, now);

			if (v.wait_ms <= ret->wait_ms)
				continue;
			*ret = (struct ipc_facts_rated){
				.wait_ms = v.wait_ms, .is_held = v.is_held, .rate = r->name};
			worst = r;
		}
	if (worst && !ret->is_held) {
		hold(f, worst, q);
		if (worst->hold > 0 && worst->hold / NANOS_MS > ret->wait_ms) {
			ret->wait_ms = worst->hold / NANOS_MS;
			ret->is_held = true;
		}
	}
}

static void on_rate(struct facts *f, struct ipc_channel *c, const struct ipc_packet *p)
{
	struct ipc_facts_rated rated;

	use_rates(f, p->body, &rated);
	answer(c, p, IPC_FACTS_RATED, &rated);
}

/* ---- log-ins ---- */

static void on_try(struct facts *f, struct ipc_channel *c, const struct ipc_packet *p)
{
	const struct ipc_facts_try *t = p->body;
	struct guard_patience found = guard_try(f->keep, t->network, t->login, lasting_now(f));
	const struct ipc_facts_patience a = {.pause_ms = found.pause_ms, .wait_ms = found.wait_ms};

	answer(c, p, IPC_FACTS_PATIENCE, &a);
}

static void on_tried(struct facts *f, const struct ipc_facts_try *t)
{
	guard_tried(f->keep, t->network, t->login, t->is_right, lasting_now(f));
}

/* ---- sessions ---- */

static void fill_verdict(
	struct facts *f, const struct ipc_facts_enter *e, struct ipc_facts_verdict *ret)
{
	struct keep_key room;
	struct span found;
	size_t sessions, networks;

	if (!e->is_trusted) {
		const struct ipc_facts_rate q = {.client = e->client,
			.network = e->network,
			.what = CONF_RATE_CONNECTIONS,
			.count = 1,
			.skipped = e->skipped};
		struct ipc_facts_rated rated;

		use_rates(f, &q, &rated);
		ret->wait_ms = rated.wait_ms;
		ret->rate = rated.rate;
	}
	struct span key = keep_key(&room, KEEP_NETWORK, e->network, (struct span){0});

	ret->is_known = f->keep->ops->get(f->keep, key, &found);
	f->store->kind->totals(f->store, &sessions, &networks);
	ret->sessions = (uint32_t)sessions;
}

static void on_enter(struct client *client, struct ipc_channel *c, const struct ipc_packet *p)
{
	const struct ipc_facts_enter *e = p->body;
	struct facts *f = client->facts;
	const struct conf_limits *conf = &role_conf_now(f->role)->limits;
	const struct facts_limits limits = {
		.sessions = conf->sessions, .per_network = conf->sessions_per_network};
	enum facts_verdict v = f->store->kind->enter(f->store, client->owner, e->network, &limits);
	struct ipc_facts_verdict verdict = {
		.too_many_in_all = v == FACTS_TOO_MANY_IN_ALL,
		.too_many_from_network = v == FACTS_TOO_MANY_FROM_NETWORK,
	};

	if (v == FACTS_LET_IN)
		fill_verdict(f, e, &verdict);
	bool was_told = ipc_send(c, &(struct ipc_out){.type = IPC_FACTS_VERDICT,
					    .request = p->request,
					    .is_answer = true,
					    .soon = true,
					    .body = &verdict}) == 0;

	/* Over a rate is not in: nobody will say that it has left. */
	if (v == FACTS_LET_IN && (!was_told || verdict.wait_ms > 0))
		f->store->kind->leave(f->store, client->owner, e->network);
}

/* ---- greylisting ---- */

static struct grey_question question(const struct ipc_facts_grey *g)
{
	return (struct grey_question){.network = g->network,
		.near = g->near,
		.proved = g->proved,
		.sender = g->sender,
		.recipient = g->recipient,
		.domain = g->domain};
}

static void on_grey(struct facts *f, struct ipc_channel *c, const struct ipc_packet *p)
{
	struct grey_question q = question(p->body);
	struct grey_times times = requests_grey_times(role_conf_now(f->role));
	struct grey_answer a;

	grey_touch(f->keep, &q, &times, lasting_now(f), &a);
	const struct ipc_facts_seen seen = {.is_new = a.is_new,
		.has_passed = a.has_passed,
		.is_known = a.is_known,
		.is_let_in = a.is_let_in,
		.age_ms = a.age_ms,
		.pair_age_ms = a.pair_age_ms,
		.tries = a.tries,
		.places = a.places,
		.passes = a.passes,
		.domain_places = a.domain_places,
		.proof_age_ms = a.proof_age_ms,
		.proof_passes = a.proof_passes,
		.early = a.early};

	answer(c, p, IPC_FACTS_SEEN, &seen);
}

static void on_passed(struct facts *f, const struct ipc_facts_grey *g)
{
	struct grey_question q = question(g);
	struct grey_times times = requests_grey_times(role_conf_now(f->role));

	grey_pass(f->keep, &q, &times, lasting_now(f));
}

static void on_learn(struct facts *f, const struct ipc_facts_learn *l)
{
	struct grey_times times = requests_grey_times(role_conf_now(f->role));

	for (size_t i = 0; i < l->addresses_n; i++)
		grey_learn(f->keep, l->addresses[i].address, &times, lasting_now(f));
}

/* ---- what our 4xx do ---- */

void requests_watch(struct facts *f)
{
	struct ipc_facts_watch w = {.is_open = f->keep->ops->count(f->keep, KEEP_DEFERRAL) > 0};
	size_t sessions, networks;

	f->store->kind->totals(f->store, &sessions, &networks);
	w.sessions = (uint32_t)sessions;
	list_for_each (node, &f->clients) {
		struct client *client = container_of(node, struct client, node);

		if (client->told.is_open == w.is_open && client->told.sessions == w.sessions)
			continue;
		client->told = w;
		(void)ipc_send(
			client->channel, &(struct ipc_out){.type = IPC_FACTS_WATCH, .body = &w});
	}
}

static void on_deferred(struct facts *f, const struct ipc_facts_deferred *d)
{
	const struct meter_event e = {.reply = d->reply,
		.client = d->client,
		.network = d->network,
		.sender = d->sender,
		.recipient = d->recipient,
		.has_sender = d->has_sender,
		.has_recipient = d->has_recipient};
	struct meter_times times = requests_meter_times(role_conf_now(f->role));

	bool was_open = f->keep->ops->count(f->keep, KEEP_DEFERRAL) > 0;

	(void)meter_deferred(f->keep, &e, &times, lasting_now(f));
	if (!was_open) /* else it has a second */
		requests_watch(f);
}

static void on_accepted(struct facts *f, const struct ipc_facts_accepted *a)
{
	struct meter_event e = {.client = a->client,
		.network = a->network,
		.sender = a->sender,
		.has_sender = true,
		.has_recipient = true};

	for (size_t i = 0; i < a->recipients_n; i++) {
		e.recipient = a->recipients[i].address;
		(void)meter_accepted(f->keep, &e, lasting_now(f));
	}
}

/* For web: nothing here goes by it. */
static void on_load(struct client *client, const struct ipc_facts_load *l)
{
	client->load = l->stage;
	client->is_disk_low = l->is_disk_low;
	(void)span_copy(l->why, client->load_why, sizeof client->load_why);
}

void requests_take(struct client *client, struct ipc_channel *c, const struct ipc_packet *p)
{
	struct facts *f = client->facts;

	switch (p->type) {
	case IPC_FACTS_ENTER:
		on_enter(client, c, p);
		break;
	case IPC_FACTS_LEAVE:
		f->store->kind->leave(f->store, client->owner,
			((const struct ipc_facts_enter *)p->body)->network);
		break;
	case IPC_FACTS_RATE:
		on_rate(f, c, p);
		break;
	case IPC_FACTS_TRY:
		on_try(f, c, p);
		break;
	case IPC_FACTS_TRIED:
		on_tried(f, p->body);
		break;
	case IPC_FACTS_GREY:
		on_grey(f, c, p);
		break;
	case IPC_FACTS_PASSED:
		on_passed(f, p->body);
		break;
	case IPC_FACTS_LEARN:
		on_learn(f, p->body);
		break;
	case IPC_FACTS_DEFERRED:
		on_deferred(f, p->body);
		break;
	case IPC_FACTS_LOAD:
		on_load(client, p->body);
		break;
	case IPC_FACTS_ACCEPTED:
		on_accepted(f, p->body);
		break;
	default:
		break;
	}
}
