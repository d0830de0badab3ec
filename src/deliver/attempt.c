#include "deliver/transaction.h"
#include "base/alloc.h"
#include "base/table.h"
#include "deliver/route.h"
#include <stdlib.h>

#define TRANSACTIONS_MOST 100U          /* a job's: each must have brought it further */
#define QUIT_PATIENCE     (5 * NANOS_S) /* the peer's answer to it decides nothing */

struct way { /* of recipients of one domain, or of all that go to one target */
	struct way *next;
	const struct conf_target *to; /* as configured; NULL: nowhere */
	struct span domain;
	struct route route; /* found */
};

struct attempt {
	struct deliver_slot *slot;
	struct deliver_job *job;
	const struct conf *conf;
	struct ipc_fate *fates; /* by index; outcome 0: none yet */
	uint8_t *acts;          /* enum reply_action of these */
	bool *again;
	struct span peer;
	struct way *ways;      /* that were needed so far */
	const struct way *way; /* that wish.skip counts in */
	struct connection_wish wish;
	bool is_store; /* some went into Maildirs */
	bool is_begun; /* the connection was made for this job */
	const struct conf_source *source;
	size_t most; /* recipients that the peer takes in one transaction; 0: not known */
};

/* The lot of a message: the same at each of its attempts, another for the next message. */
static uint32_t dice_of(const struct deliver_job *job)
{
	return (uint32_t)table_hash(span_of(&job->body.id, sizeof job->body.id));
}

/* Whom it is from for this recipient: what an alias forwards may be from another. */
static struct span sender_of(const struct attempt *a, size_t i)
{
	struct span own = a->job->body.recipients[i].sender;

	return own.len > 0 ? own : a->job->body.sender;
}

/* The way of today's configuration and DNS, not of the day the mail came. */
static const struct way *way_of(struct attempt *a, size_t i)
{
	struct span domain = span_behind_last(a->job->body.recipients[i].address, '@');

	struct conf_mail mail = {.sender = sender_of(a, i), .login = a->job->body.login};

	domain = domain.len ? domain : a->conf->hostname;
	const struct conf_target *to = conf_target_for(a->conf, domain, &mail);
	bool is_mx = to && to->kind == CONF_TO_MX;

	for (struct way *w = a->ways; w; w = w->next)
		if (w->to == to && (to ? !is_mx || span_equal_nocase(w->domain, domain)
				       : span_equal_nocase(w->domain, domain)))
			return w;
	struct way *w = ARENA_NEW(&a->job->arena, struct way);

	*w = (struct way){.next = a->ways, .to = to, .domain = domain};
	a->ways = w;
	if (to)
		route_find(a->slot->deliver, a->conf, to, domain, dice_of(a->job), &a->job->arena,
			&w->route);
	else
		w->route.why = (struct trouble){.stage = REPLY_STAGE_CONNECT,
			.event = EVENT_NO_WAY,
			.words = {.domain = domain}};
	return w;
}

static void fate_for(struct attempt *a, const struct trouble *why, const size_t *who, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum reply_action action;

		fate_make(why, a->conf, a->job->body.recipients[who[i]].n, &a->job->arena,
			&a->fates[who[i]], &action);
	}
}

/* What the domain says about the host is still what it was made by. */
static bool is_as_safe(
	const struct attempt *a, const struct conf_target *target, const struct connection *c)
{
	static const struct security none;

	for (size_t i = 0; i < target->n_hosts; i++)
		if (span_equal(target->hosts[i].name, c->host))
			return security_is_same(
				a->wish.security ? &a->wish.security[i] : &none, &c->security);
	return false;
}

static bool use_connection(
	struct attempt *a, const struct conf_target *target, struct trouble *ret, bool *ret_reused)
{
	struct connection *c = a->slot->connection;
	bool fits = c && span_equal(c->target, target->text) &&
		    c->messages < a->conf->limits.messages_per_connection &&
		    (c->ehlo.mail_max == 0 || c->messages < c->ehlo.mail_max) &&
		    c->is_plain == a->wish.plain && c->is_unpipelined == a->wish.unpipelined &&
		    c->place >= a->wish.skip && !(a->job->body.fresh && !a->is_begun) &&
		    c->tls == a->wish.tls &&
		    span_equal(c->source,
			    a->wish.source ? a->wish.source->address : (struct span){0}) &&
		    (a->wish.first.len == 0 || span_equal(c->peer, a->wish.first));

	fits = fits && is_as_safe(a, target, c) &&
	       connection_is_for(c, a->wish.auth, a->wish.sender);
	*ret_reused = fits && connection_is_usable(c);
	if (*ret_reused)
		return true;
	connection_close(c, clock_after(QUIT_PATIENCE));
	/* A new connection draws anew; but places that were counted are places of the old order. */
	if (a->wish.skip == 0)
		a->wish.dice = dice_of(a->job);
	a->slot->connection = connection_open(a->conf, target, &a->wish, &a->job->arena, ret);
	a->is_begun = true;
	return a->slot->connection != NULL;
}

static void drop_lost(struct attempt *a)
{
	struct connection *c = a->slot->connection;

	if (!c || !c->is_lost)
		return;
	connection_close(c, clock_now());
	a->slot->connection = NULL;
}

/* What another host has said before stays: it says more than that this one can't be reached. */
static void not_reached(struct attempt *a, const struct conf_target *target,
	const struct trouble *why, const size_t *who, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a->fates[who[i]].outcome != 0)
			continue;
		a->peer = target->text;
		fate_for(a, why, &who[i], 1);
	}
}

/* A refusal that another host, or a plainer session, may not repeat: these are tried again at once. */
static void reconsider(
	struct attempt *a, const struct conf_target *target, const size_t *who, size_t n)
{
	const struct connection *c = a->slot->connection;
	bool may_plain =
		!a->wish.plain && (c->ehlo.pipelining || c->ehlo.has_size || c->ehlo.chunking);
	bool may_next = c->place + 1 < connection_places(target);
	bool plainer = false, next = false;

	for (size_t i = 0; i < n; i++) {
		uint8_t outcome = a->fates[who[i]].outcome, act = a->acts[who[i]];
		bool is_open = outcome == IPC_FATE_DEFERRED || outcome == IPC_FATE_FAILED;

		if (is_open && act == REPLY_ACT_RECONNECT_PLAIN && may_plain)
			plainer = a->again[who[i]] = true;
		else if (outcome == IPC_FATE_DEFERRED && act == REPLY_ACT_NEXT_HOST && may_next)
			next = a->again[who[i]] = true;
	}
	if (next)
		a->wish.skip = c->place + 1;
	a->wish.plain |= plainer;
}

static bool is_socket(const struct conf_target *target)
{
	return target->n_hosts > 0 && target->hosts[0].n_addresses > 0 &&
	       conf_is_socket(&target->hosts[0].addresses[0]);
}

/* What the route asks for, or more where a reply of before did. A Unix socket needs none. */
static enum connection_tls tls_for(const struct attempt *a, const struct conf_target *target)
{
	if (is_socket(target))
		return CONNECTION_PLAIN;
	switch (conf_tls_for(a->conf, target)) {
	case CONF_TLS_REQUIRED:
		return CONNECTION_VERIFIED;
	case CONF_TLS_DANE:
		return CONNECTION_DANE;
	case CONF_TLS_OPPORTUNISTIC:
		return a->job->body.with_tls ? CONNECTION_MUST_TLS : CONNECTION_MAY_TLS;
	case CONF_TLS_NONE:
		break;
	}
	return a->job->body.with_tls ? CONNECTION_MUST_TLS : CONNECTION_PLAIN;
}

/* Once for all transactions of a job; what goes into a mailbox store is not signed. */
static bool sign(struct attempt *a, const struct conf_target *target)
{
	if (target->kind == CONF_TO_LMTP || a->job->is_signed)
		return true;
	a->job->is_signed =
		deliver_sign(a->slot->deliver, a->job, a->conf, NULL, &a->job->signature);
	return a->job->is_signed;
}

/* How the connection was encrypted that decided. */
static void note_tls(struct attempt *a, const size_t *who, size_t n)
{
	struct span tls = arena_copy(&a->job->arena, a->slot->connection->tls_text);

	for (size_t i = 0; i < n; i++)
		a->fates[who[i]].tls = tls;
}

/* One transaction; a connection that was kept open and is dead by now gives a second one. */
static void transact(
	struct attempt *a, const struct conf_target *target, const size_t *who, size_t n)
{
	bool reused = true;

	if (!sign(a, target)) {
		struct trouble why = {.stage = REPLY_STAGE_CONNECT, .event = EVENT_NOT_SIGNED};

		not_reached(a, target, &why, who, n);
		return;
	}
	for (int try = 0; try < 2 && reused; try++) {
		struct trouble why;

		if (!use_connection(a, target, &why, &reused)) {
			not_reached(a, target, &why, who, n);
			return;
		}
		struct transaction t = {.deliver = a->slot->deliver,
			.job = a->job,
			.connection = a->slot->connection,
			.conf = a->conf,
			.who = who,
			.n = n,
			.state = arena_zero(&a->job->arena, n),
			.fates = a->fates,
			.acts = a->acts,
			.again = a->again};

		a->peer = arena_copy(&a->job->arena, a->slot->connection->peer);
		transaction_run(&t);
		note_tls(a, who, n);
		if (t.before_mail && !reused) {
			fate_for(a, &t.lost, who, n);
		}
		a->most = t.most ? t.most : a->most;
		if (!t.before_mail)
			reconsider(a, target, who, n);
		drop_lost(a);
		if (!t.before_mail)
			return;
	}
}

static bool is_open(const struct attempt *a, size_t i)
{
	return a->fates[i].outcome == 0 || a->again[i];
}

/* Recipients that have no fate and go the way of the first of them, from the same sender. */
static size_t gather(struct attempt *a, size_t *who, const struct way **ret)
{
	const struct ipc_job *b = &a->job->body;
	size_t n = 0, most = a->conf->limits.recipients_per_transaction;

	if (b->recipients_most > 0 && b->recipients_most < most)
		most = b->recipients_most;

	*ret = NULL;
	for (size_t i = 0; i < b->recipients_n && n < most; i++) {
		if (!is_open(a, i))
			continue;
		const struct way *way = way_of(a, i);

		if (n == 0)
			*ret = way;
		if (n == 0 || (way == *ret && span_equal(b->recipients[i].sender,
						      b->recipients[who[0]].sender)))
			who[n++] = i;
	}
	return n;
}

/* Nobody is spoken to: mailbox does it, and the slot keeps what connection it has. */
static void store(struct attempt *a, const struct conf_target *target, const size_t *who, size_t n)
{
	a->peer = target->text;
	a->is_store = true;
	for (size_t i = 0; i < n; i++)
		deliver_store(a->slot->deliver, a->job, a->conf, who[i], &a->fates[who[i]]);
}

static void run(struct attempt *a)
{
	const struct ipc_job *b = &a->job->body;
	size_t *who = arena_array(&a->job->arena, b->recipients_n, sizeof *who);

	for (unsigned round = 0; round < TRANSACTIONS_MOST + b->recipients_n; round++) {
		const struct way *way;
		size_t n = gather(a, who, &way);

		if (n == 0)
			return;
		for (size_t i = 0; i < n; i++)
			a->again[who[i]] = false;
		if (!way->route.target) {
			fate_for(a, &way->route.why, who, n);
		} else if (way->route.target->kind == CONF_TO_MAILDIR) {
			store(a, way->route.target, who, n);
		} else {
			if (way != a->way)
				a->wish.skip = 0;
			a->way = way;
			a->wish.tls = tls_for(a, way->to);
			a->wish.security = way->route.security;
			a->wish.auth = conf_auth_for(a->conf, way->to);
			a->wish.sender = sender_of(a, who[0]);
			a->wish.source = way->to->kind == CONF_TO_LMTP ? NULL : a->source;
			transact(a, way->route.target, who, n);
		}
	}
}

/* Nobody is left without a fate, whatever the peer made of the rounds. */
static void settle(struct attempt *a)
{
	struct trouble why = {.stage = REPLY_STAGE_RCPT, .event = EVENT_NO_RESOURCES};

	why.words.host = a->peer;
	for (size_t i = 0; i < a->job->body.recipients_n; i++)
		if (a->fates[i].outcome == 0)
			fate_for(a, &why, &i, 1);
}

void deliver_attempt(struct deliver_slot *slot, struct deliver_job *job, const struct conf *conf)
{
	struct ipc_job *b = &job->body;
	struct attempt a = {.slot = slot,
		.job = job,
		.conf = conf,
		.fates = arena_array(&job->arena, b->recipients_n, sizeof *a.fates),
		.acts = arena_array(&job->arena, b->recipients_n, sizeof *a.acts),
		.wish = {.first = b->host_first,
			.plain = b->plain,
			.unpipelined = b->fresh,
			.deliver = slot->deliver,
			/* One connection keeps its order, whichever message counts places in it. */
			.dice = slot->connection ? slot->connection->dice : dice_of(job),
			.id = b->id},
		.again = arena_array(&job->arena, b->recipients_n, sizeof *a.again)};

	if (b->source < conf->n_sources)
		a.source = &conf->sources[b->source];
	run(&a);
	settle(&a);
	job->outcome = (struct ipc_outcome){.id = b->id,
		.part = b->part,
		.attempt = b->attempt,
		.lane = b->lane,
		.due = b->due,
		.slot = slot->number,
		.peer = arena_copy(&job->arena, a.peer),
		.wants_next = slot->connection != NULL || a.is_store,
		.site = a.way ? a.way->route.site : (struct span){0},
		.recipients_most = (uint32_t)a.most,
		.fates = a.fates,
		.fates_n = b->recipients_n};
}

void deliver_refuse(struct deliver_job *job, enum reply_id event)
{
	struct ipc_job *b = &job->body;
	struct ipc_fate *fates = arena_array(&job->arena, b->recipients_n, sizeof *fates);
	struct trouble why = {.stage = REPLY_STAGE_CONNECT, .event = event};

	for (size_t i = 0; i < b->recipients_n; i++) {
		enum reply_action action;

		fate_make(&why, NULL, b->recipients[i].n, &job->arena, &fates[i], &action);
	}
	job->outcome = (struct ipc_outcome){.id = b->id,
		.part = b->part,
		.attempt = b->attempt,
		.lane = b->lane,
		.due = b->due,
		.slot = b->slot,
		.fates = fates,
		.fates_n = b->recipients_n};
}
