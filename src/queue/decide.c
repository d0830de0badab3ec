#include "queue/decide.h"
#include "queue/retry.h"
#include "reply/settle.h"

#define SECOND       INT64_C(1000)
#define PRESET_FIRST (300 * NANOS_S) /* of the default schedule: causes have their own then */
#define PRESET_MAX   (14400 * NANOS_S)
#define FREE_SOON    (5 * SECOND) /* a connection of ours that works takes what another was refused */

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
	return v < least ? least : v > most ? most : v;
}

static int64_t part_of(int64_t wait, int64_t part, uint32_t dice)
{
	int64_t width = wait / part < SECOND ? SECOND : wait / part;

	return (int64_t)(dice % 1000) * width / 1000;
}

int64_t decide_jitter(int64_t wait, uint32_t dice)
{
	return part_of(wait, 10, dice);
}

struct decide_meaning decide_meaning(const struct ipc_fate *fate)
{
	struct reply_meaning m = {.code = fate->code};
	enum reply_cause cause;

	(void)reply_stage_parse(fate->stage, &m.stage);
	if (!reply_cause_parse(fate->cause, &cause))
		cause = m.stage == REPLY_STAGE_CONNECT || m.stage == REPLY_STAGE_HELO
				? REPLY_NETWORK_FAILURE
			: fate->code / 100 == 5 ? REPLY_REJECTED_UNSPECIFIED
						: REPLY_DEFERRED_UNSPECIFIED;
	reply_settle(&m, cause);
	return (struct decide_meaning){.cause = cause,
		.scope = m.scope,
		.nature = m.nature,
		.action = m.action,
		.stage = m.stage};
}

static bool is_early(enum reply_stage stage)
{
	return stage == REPLY_STAGE_CONNECT || stage == REPLY_STAGE_HELO;
}

bool decide_is_grey(const struct ipc_fate *fate)
{
	struct decide_meaning m = decide_meaning(fate);

	return fate->outcome == IPC_FATE_DEFERRED && m.scope == REPLY_SCOPE_TRIPLE &&
	       !is_early(m.stage);
}

bool decide_lists_us(enum reply_cause cause)
{
	return cause == REPLY_BLOCKLISTED || cause == REPLY_DYNAMIC_IP ||
	       cause == REPLY_PTR_MISSING;
}

/* ---- the schedule of a cause ---- */

struct times {
	int64_t first, most, factor; /* ms, ms, thousandths */
	bool is_own;                 /* the taxonomy's, not the administrator's */
};

/* A section of its own, else a default that was changed, else the taxonomy. */
static struct times times_of(const struct conf *conf, enum reply_cause cause)
{
	const struct conf_retry *r = conf_retry_for(conf, span_str(reply_cause_text(cause)));
	const struct reply_cause_info *info = reply_cause_info(cause);
	struct times t = {r->first / NANOS_MS, r->max / NANOS_MS, r->factor, false};

	if (r != &conf->retries[0] || r->first != PRESET_FIRST || r->max != PRESET_MAX ||
		info->first_seconds == 0)
		return t;
	t.first = info->first_seconds * SECOND;
	t.most = info->max_seconds * SECOND;
	t.is_own = true;
	return t;
}

int64_t decide_schedule(const struct conf *conf, enum reply_cause cause, uint32_t attempts)
{
	struct times t = times_of(conf, cause);
	int64_t delay = t.first;

	for (uint32_t i = 1; i < attempts && delay < t.most; i++) {
		int64_t next;

		if (__builtin_mul_overflow(delay, t.factor, &next))
			return t.most;
		next /= 1000;
		if (next <= delay)
			break;
		delay = next;
	}
	return delay < t.most ? delay : t.most;
}

/*
 * Where nothing is known of a greylisting: ages after which most of them let one in, in steps that
 * cost few attempts. Their margins are of the kind that grey.c knows to be close.
 */
static int64_t explore(const struct decide_question *q, enum reply_cause cause, int64_t age)
{
	static const int64_t ages[] = {300, 1200, 3600};

	if (!times_of(q->conf, cause).is_own)
		return decide_schedule(q->conf, cause, q->attempts);
	for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
		int64_t at = ages[i] * SECOND + 3 * SECOND + ages[i] * 10;

		if (age + 5 * SECOND < at)
			return at - age;
	}
	return 3600 * SECOND;
}

/* ---- what a reply says of the site ---- */

/*
 * Trouble of our own, nonsense (4.5.0) that this message met, or a domain whose hosts could not be
 * looked up: none says that the hosts of others are down.
 */
static bool is_no_sign(const struct ipc_fate *fate, const struct decide_meaning *m)
{
	if (m->cause == REPLY_DNS_FAILURE)
		return span_equal(fate->side, span_str(reply_side_text(REPLY_NETWORK)));
	return m->cause == REPLY_LOCAL_ERROR &&
	       (span_starts(fate->side, SPAN_LIT("sender")) ||
		       (span_equal(fate->status, SPAN_LIT("4.5.0")) && !is_early(m->stage)));
}

/* Whether the fate speaks of the site, and how. */
static bool speaks_of_site(const struct ipc_fate *fate, enum flow_trouble_kind *ret)
{
	struct decide_meaning m = decide_meaning(fate);
	bool is_lasting = m.nature == REPLY_PERMANENT;

	if (fate->outcome == IPC_FATE_RELAYED || fate->outcome == IPC_FATE_DELIVERED ||
		is_no_sign(fate, &m))
		return false;
	*ret = FLOW_SITE;
	if (m.cause == REPLY_TOO_MANY_CONNECTIONS)
		*ret = FLOW_TOO_MANY_CONNECTIONS;
	else if (m.cause == REPLY_RATE_LIMITED || m.cause == REPLY_POOR_REPUTATION)
		*ret = FLOW_TOO_MUCH;
	else if (is_early(m.stage))
		*ret = FLOW_NO_CONNECTION;
	else if (fate->outcome == IPC_FATE_FAILED || is_lasting)
		return false;
	else
		return m.scope == REPLY_SCOPE_HOST || m.scope == REPLY_SCOPE_SITE ||
		       m.scope == REPLY_SCOPE_DOMAIN || m.scope == REPLY_SCOPE_SOURCE;
	return *ret != FLOW_TOO_MUCH || fate->outcome != IPC_FATE_FAILED ||
	       m.cause == REPLY_RATE_LIMITED;
}

bool decide_trouble(const struct conf *conf, const struct ipc_outcome *o, struct flow_trouble *ret)
{
	const struct ipc_fate *first = NULL;
	enum flow_trouble_kind worst = FLOW_SITE;
	bool all = o->fates_n > 0;

	for (size_t i = 0; i < o->fates_n; i++) {
		const struct ipc_fate *f = &o->fates[i];
		enum flow_trouble_kind kind;

		if (f->outcome == IPC_FATE_RELAYED || f->outcome == IPC_FATE_DELIVERED)
			return false;
		if (!speaks_of_site(f, &kind)) {
			all = false;
		} else if (!first || (worst == FLOW_SITE && kind != FLOW_SITE)) {
			first = f;
			worst = kind;
		}
	}
	/* That some recipients can't be served at present is not yet the site's trouble. */
	if (!first || (!all && worst == FLOW_SITE))
		return false;
	enum reply_cause cause = decide_meaning(first).cause;

	*ret = (struct flow_trouble){.kind = worst,
		.cause = cause,
		.wait = first->wait,
		.first = times_of(conf, cause).first};
	return true;
}

/* ---- the decision ---- */

static struct decide_answer again(
	const struct decide_question *q, int64_t wait, int64_t jitter, enum decide_source source)
{
	return (struct decide_answer){.at = q->now + wait + jitter,
		.source = source,
		.flags = q->flags,
		.first_at = q->first_at};
}

static struct decide_answer otherwise(const struct decide_question *q, uint32_t flag)
{
	struct decide_answer a = again(q, 0, 0, DECIDE_NOW);

	a.flags |= flag;
	return a;
}

static struct decide_answer stated(const struct decide_question *q)
{
	int64_t wait =
		q->fate->wait > RETRY_WAIT_MOST_MS ? RETRY_WAIT_MOST_MS : q->fate->wait * SECOND;

	wait = clamp(wait, RETRY_WAIT_LEAST_MS, RETRY_WAIT_MOST_MS);
	return again(q, wait, part_of(wait, 20, q->dice), DECIDE_STATED);
}

static struct decide_answer by_schedule(const struct decide_question *q, enum reply_cause cause)
{
	int64_t wait = decide_schedule(q->conf, cause, q->attempts);

	return again(q, wait, decide_jitter(wait, q->dice), DECIDE_SCHEDULE);
}

static struct decide_answer for_grey(const struct decide_question *q, enum reply_cause cause)
{
	int64_t age = q->now - q->first_at;
	int64_t learned = q->grey ? grey_wait(q->grey, age) : 0;

	if (learned > age)
		return again(q, learned - age, part_of(learned, 40, q->dice), DECIDE_LEARNED);
	int64_t wait = explore(q, cause, age);

	return again(q, wait, part_of(wait, 40, q->dice), DECIDE_SCHEDULE);
}

/* Once in another way, where that may be all that it takes. */
static bool try_otherwise(
	const struct decide_question *q, const struct decide_meaning *m, struct decide_answer *ret)
{
	if (m->action == REPLY_ACT_RECONNECT_PLAIN && !(q->flags & DECIDE_PLAIN))
		*ret = otherwise(q, DECIDE_PLAIN);
	else if (m->action == REPLY_ACT_USE_TLS && !(q->flags & DECIDE_TLS))
		*ret = otherwise(q, DECIDE_TLS);
	else if (m->action == REPLY_ACT_NEXT_TRANSACTION && q->others > 0)
		*ret = otherwise(q, 0);
	else
		return false;
	return true;
}

static struct decide_answer later(const struct decide_question *q, const struct decide_meaning *m)
{
	enum flow_trouble_kind kind;
	/* Who said himself that he is going down is done with it. */
	int64_t doubt = q->fate->code == 421 ? 0 : q->conf->timeouts.final / NANOS_MS;

	if (q->fate->outcome == IPC_FATE_MAYBE) {
		int64_t wait = decide_schedule(q->conf, m->cause, q->attempts);
		bool is_longer = wait >= doubt;

		wait = is_longer ? wait : doubt;
		return again(q, wait, decide_jitter(wait, q->dice),
			is_longer ? DECIDE_SCHEDULE : DECIDE_DOUBT);
	}
	if (q->fate->wait >= 0)
		return stated(q);
	if (decide_is_grey(q->fate))
		return for_grey(q, m->cause);
	if (m->cause == REPLY_TOO_MANY_CONNECTIONS && q->site_busy > 0 && q->site_until == 0) {
		int64_t wait = decide_schedule(q->conf, m->cause, 1);

		wait = wait < FREE_SOON ? wait : FREE_SOON;
		return again(q, wait, decide_jitter(wait, q->dice), DECIDE_SCHEDULE);
	}
	/* It is asked by one probe at a time: whoever did not get in at the door waits for that. */
	if (q->site_until > q->now && speaks_of_site(q->fate, &kind) && kind != FLOW_SITE) {
		int64_t wait = q->site_until - q->now;

		return again(q, wait, part_of(wait, 20, q->dice), DECIDE_SCHEDULE);
	}
	return by_schedule(q, m->cause);
}

static struct decide_answer failed(const struct decide_question *q, const struct decide_meaning *m)
{
	/* Obeyed the second time: 5yz for what by its meaning passes may be a slip of the peer's. */
	if (q->fate->code / 100 == 5 && m->nature == REPLY_TRANSIENT &&
		!(q->flags & DECIDE_FRESH)) {
		struct decide_answer a = q->fate->wait >= 0 ? stated(q) : by_schedule(q, m->cause);

		a.flags |= DECIDE_FRESH;
		return a;
	}
	return (struct decide_answer){
		.end = true, .at = q->now, .flags = q->flags, .first_at = q->first_at};
}

static bool needs_person(const struct decide_meaning *m)
{
	return m->nature == REPLY_NEEDS_CHANGE || m->action == REPLY_ACT_RETRY_TELL ||
	       m->action == REPLY_ACT_GIVE_UP_TELL || m->cause == REPLY_POOR_REPUTATION;
}

struct decide_answer decide(const struct decide_question *question)
{
	struct decide_question q = *question;
	struct decide_meaning m = decide_meaning(q.fate);
	const struct conf_retry *r = conf_retry_for(q.conf, span_str(reply_cause_text(m.cause)));
	int64_t expires = q.arrived + r->give_up / NANOS_MS;
	struct decide_answer a;

	if (decide_is_grey(q.fate) && q.first_at == 0)
		q.first_at = q.now;
	bool is_over = q.now >= expires;

	if (is_over && q.fate->outcome != IPC_FATE_FAILED)
		a = (struct decide_answer){
			.end = true, .expired = true, .at = q.now, .flags = q.flags};
	else if (!is_over && q.elsewhere)
		a = otherwise(&q, 0);
	else if (!is_over && try_otherwise(&q, &m, &a))
		;
	else if (q.fate->outcome == IPC_FATE_FAILED)
		a = is_over ? (struct decide_answer){.end = true, .at = q.now, .flags = q.flags}
			    : failed(&q, &m);
	else
		a = later(&q, &m);
	a.flags &= ~(uint32_t)DECIDE_WAITS;
	if (!a.end && a.source == DECIDE_STATED)
		a.flags |= DECIDE_WAITS;
	if (needs_person(&m) && !(q.flags & DECIDE_TOLD)) {
		a.tell = true;
		a.flags |= DECIDE_TOLD;
	}
	/* The last try comes when the time is up, not after. */
	if (!a.end && a.at > expires)
		a.at = expires;
	return a;
}

const char *decide_source_name(enum decide_source source)
{
	static const char *const names[] = {"stated", "learned", "schedule", "schedule", "now"};

	return names[source];
}
