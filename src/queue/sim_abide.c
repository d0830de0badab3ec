#include "queue/sim.h"
#include "base/alloc.h"
#include "ipc/channel.h"
#include "reply/meaning.h"
#include <assert.h>
#include <stdlib.h>

#define IDLE_FOR      (2 * SIM_SECOND) /* as deliver keeps a connection */
#define MESSAGES_MOST 100U             /* over one connection */

/* deliver: a connection to a modelled site, and the job that it has. */
struct link {
	struct heap_node wakes;
	uint64_t number;
	struct ipc_job job; /* ids and numbers only */
	uint32_t message;
	enum { LINK_CONNECTS, LINK_TALKS, LINK_IDLES } state;
	enum sim_answer answer;
	bool is_open;
	unsigned messages;
};

static struct {
	struct heap events;
	struct table links; /* by slot */
	struct queue_peer peer;
	struct ipc_channel channel;
	struct arena texts;
} deliver;

static struct sim_site *site_of(const struct link *l)
{
	return &sim()->sites[sim()->messages[l->message].site];
}

static void wake_in(struct link *l, int64_t ms)
{
	heap_move(&deliver.events, &l->wakes, sim()->now + ms);
}

static void connect_link(struct link *l)
{
	l->answer = sim_connect(site_of(l));
	l->is_open = l->answer == SIM_TAKEN;
	l->messages = 0;
	l->state = LINK_CONNECTS;
	wake_in(l, sim_connect_ms(site_of(l), l->answer));
}

static void talk(struct link *l)
{
	l->messages++;
	l->state = LINK_TALKS;
	wake_in(l, sim_talk_ms(site_of(l)));
}

/* The queue hands a job to deliver. */
static void take_job(const struct ipc_job *job)
{
	struct link *l = table_get(&deliver.links, span_of(&job->slot, sizeof job->slot));
	struct sim_message *m = sim_of(job->id);

	if (!l) {
		l = alloc_zero(sizeof *l);
		l->number = job->slot;
		(void)table_set(&deliver.links, span_of(&l->number, sizeof l->number), l);
	}
	m->attempts++;
	l->job = *job;
	l->message = m->number;
	if (l->is_open && l->messages >= MESSAGES_MOST) {
		sim_disconnect(site_of(l));
		l->is_open = false;
	}
	if (l->is_open)
		talk(l);
	else
		connect_link(l);
}

/* ipc/send.c is left out of this program: what queue sends arrives here. */
int ipc_send(struct ipc_channel *c, const struct ipc_out *o)
{
	if (o->type == IPC_JOB)
		take_job(o->body);
	return 0;
}

int ipc_send_numbered(struct ipc_channel *c, const struct ipc_out *o)
{
	return 0;
}

void ipc_drop_queue(struct ipc_channel *c)
{
}

int ipc_flush(struct ipc_channel *c, nanos deadline)
{
	return 0;
}

size_t ipc_backlog(const struct ipc_channel *c)
{
	return 0;
}

/* ---- outcomes, by the reader of replies ---- */

static const struct said {
	uint8_t outcome;
	unsigned code;
	struct reply_status status;
	enum reply_stage stage;
	const char *text; /* %lld: the stated wait */
	const char *without;
} said[] = {
	[SIM_TAKEN] = {IPC_FATE_RELAYED, 250, {2, 0, 0}, REPLY_STAGE_EOD, "Ok: queued",
		"Ok: queued"},
	[SIM_GREY] = {IPC_FATE_DEFERRED, 451, {4, 7, 1}, REPLY_STAGE_RCPT,
		"Greylisted, please try again in %lld seconds",
		"Greylisted, please try again later"},
	[SIM_RATE] = {IPC_FATE_DEFERRED, 450, {4, 7, 1}, REPLY_STAGE_RCPT,
		"Rate limit exceeded, try again in %lld seconds", "Rate limit exceeded"},
	[SIM_TOO_MANY] = {IPC_FATE_DEFERRED, 421, {4, 7, 0}, REPLY_STAGE_CONNECT,
		"Too many connections from your IP", "Too many connections from your IP"},
	[SIM_NO_CONNECTION] = {IPC_FATE_DEFERRED, 451, {4, 4, 1}, REPLY_STAGE_CONNECT,
		"Connection refused", "Connection refused"},
	[SIM_HANGS] = {IPC_FATE_DEFERRED, 451, {4, 4, 1}, REPLY_STAGE_CONNECT,
		"Connection timed out", "Connection timed out"},
	[SIM_LISTED] = {IPC_FATE_DEFERRED, 450, {4, 7, 1}, REPLY_STAGE_RCPT,
		"Client host [192.0.2.7] blocked using zen.example.org",
		"Client host [192.0.2.7] blocked using zen.example.org"},
	[SIM_TEMPFAIL] = {IPC_FATE_DEFERRED, 451, {4, 7, 1}, REPLY_STAGE_RCPT, "Try again later",
		"Try again later"},
};

static struct ipc_fate fate_of(enum sim_answer answer, int64_t wait)
{
	const struct said *s = &said[answer];
	struct reply_context context = {.stage = s->stage};
	struct reply_meaning m;
	struct span text = wait < 0 ? span_str(s->without)
				    : arena_printf(&deliver.texts, s->text, (long long)wait);

	reply_read(&context, s->code, s->status, text, &deliver.texts, &m);
	return (struct ipc_fate){.outcome = s->outcome,
		.code = (uint16_t)s->code,
		.reply = text,
		.cause = answer == SIM_TAKEN ? (struct span){0}
					     : span_str(reply_cause_text(m.cause)),
		.side = span_str(reply_side_text(m.side)),
		.stage = span_str(reply_stage_text(s->stage)),
		.wait = m.wait_seconds};
}

static void request(uint16_t type, const void *body)
{
	struct ipc_packet packet = {.type = type, .body = body};

	queue_on_deliver(&deliver.channel, &packet, &deliver.peer);
	sim_commit_all();
}

static void say_outcome(struct link *l, enum sim_answer answer, int64_t wait)
{
	struct ipc_fate fate = fate_of(answer, wait);
	struct ipc_outcome o = {.id = l->job.id,
		.part = l->job.part,
		.attempt = l->job.attempt,
		.lane = l->job.lane,
		.due = l->job.due,
		.slot = l->number,
		.wants_next = l->is_open,
		.fates = &fate,
		.fates_n = 1};

	if (l->is_open) {
		l->state = LINK_IDLES;
		wake_in(l, IDLE_FOR);
	} else {
		heap_remove(&deliver.events, &l->wakes);
		(void)table_remove(&deliver.links, span_of(&l->number, sizeof l->number));
		free(l);
	}
	request(IPC_OUTCOME, &o);
	arena_reset(&deliver.texts);
}

static void link_wakes(struct link *l)
{
	struct ipc_slot_end end = {.slot = l->number};
	int64_t wait = -1;

	if (l->state == LINK_CONNECTS && l->answer == SIM_TAKEN) {
		talk(l);
	} else if (l->state == LINK_CONNECTS) {
		say_outcome(l, l->answer, -1);
	} else if (l->state == LINK_TALKS) {
		enum sim_answer answer = sim_talk(site_of(l), &sim()->messages[l->message], &wait);

		if (answer == SIM_HANGS) {
			sim_disconnect(site_of(l));
			l->is_open = false;
		}
		say_outcome(l, answer, wait);
	} else {
		heap_remove(&deliver.events, &l->wakes);
		(void)table_remove(&deliver.links, span_of(&l->number, sizeof l->number));
		sim_disconnect(site_of(l));
		free(l);
		request(IPC_SLOT_END, &end);
	}
}

/* ---- the queue ---- */

static void start_queue(void)
{
	struct queue *q = alloc_zero(sizeof *q);

	sim()->q = q;
	sim()->role.conf = &sim()->conf;
	q->role = &sim()->role;
	list_init(&q->ready);
	list_init(&q->crowded);
	list_init(&q->again);
	list_init(&q->empty);
	list_init(&q->peers_gone);
	task_gate_init(&q->changed);
	task_gate_init(&q->news);
	deliver.peer = (struct queue_peer){.queue = q, .role = IPC_DELIVER, .said_hello = true};
	deliver.peer.channel = &deliver.channel;
	q->deliver[0] = &deliver.peer;
	q->handing_out = true;
}

static void free_queue(void)
{
	struct queue *q = sim()->q;
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&q->jobs, &i, &key, &value);)
		free(value);
	for (size_t i = 0; table_next(&q->slots, &i, &key, &value);)
		free(value);
	for (size_t i = 0; table_next(&deliver.links, &i, &key, &value);)
		free(value);
	for (size_t i = 0; table_next(&q->lanes_by_number, &i, &key, &value);)
		lane_free(value);
	for (size_t i = 0; table_next(&q->sites, &i, &key, &value);)
		site_free(value);
	table_done(&q->jobs);
	table_done(&q->slots);
	table_done(&q->sites);
	table_done(&q->lanes_by_name);
	table_done(&q->lanes_by_number);
	table_done(&deliver.links);
	heap_done(&q->waiting);
	heap_done(&q->resting);
	heap_done(&deliver.events);
	free(q);
	sim()->q = NULL;
}

static void arrive(struct sim_message *m)
{
	struct arena arena = {0};
	struct spool_recipient r = {0};
	struct spool_accept a = {.recipients = &r, .recipients_n = 1};

	a.message.id = (struct id){1, m->number + UINT64_C(1)};
	a.message.sender = arena_printf(&arena, "s%u@from%u.test", m->sender, m->sender);
	r.address = arena_printf(&arena, "r%u@d%u.test", m->recipient, m->site);
	queue_assign_lanes(sim()->q, &sim()->conf, &a, sim()->now, &arena);
	m->lane = r.lane;
	m->due = r.next_at;
	m->state = SPOOL_QUEUED;
	sim_put(m);
	queue_accepted(sim()->q, &a);
	queue_dispatch(sim()->q);
	sim_commit_all();
	arena_done(&arena);
}

static int compare_arrival(const void *a, const void *b)
{
	const struct sim_message *x = a, *y = b;

	return x->arrives < y->arrives ? -1 : x->arrives > y->arrives;
}

static int64_t key_of(const struct heap *h)
{
	struct heap_node *first = heap_first(h);

	return first ? first->key : INT64_MAX;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The next thing that happens, at its time. False: that would be too late, or nothing is left. */
static bool step(int64_t until)
{
	struct sim *s = sim();
	int64_t arrival = s->arrived < s->messages_n ? s->messages[s->arrived].arrives : INT64_MAX;
	int64_t look = least(key_of(&s->q->waiting), key_of(&s->q->resting));
	int64_t end = key_of(&deliver.events);
	int64_t next = s->q->is_behind ? s->now : least(arrival, least(look, end));

	if (next > until || (s->left == 0 && arrival == INT64_MAX))
		return false;
	s->now = next > s->now ? next : s->now;
	if (end <= s->now)
		link_wakes(container_of(heap_first(&deliver.events), struct link, wakes));
	else if (arrival <= s->now)
		arrive(&s->messages[s->arrived++]);
	else
		queue_look(s->q);
	sim_commit_all();
	return true;
}

struct running {
	int64_t until;
};

static void run(void *arg)
{
	struct running *r = arg;

	start_queue();
	while (step(r->until))
		;
	free_queue();
}

void sim_run_abide(const char *conf_text, int64_t until)
{
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX), text = BUF_INIT(65536);
	struct running r = {.until = SIM_DAY + until};
	struct sim *s = sim();

	(void)buf_printf(&text, "hostname = \"test.example\"\nlisten \"127.0.0.1:2525\" { }\n");
	for (unsigned i = 0; i < SIM_SITES; i++)
		(void)buf_printf(
			&text, "route \"d%u.test\" { to = \"127.0.0.1:%u\" }\n", i, 2600 + i);
	(void)buf_add_str(&text, conf_text);
	int rc = conf_parse("sim", buf_span(&text), &arena, &s->conf, &errors);

	assert(rc == 0);
	qsort(s->messages, s->messages_n, sizeof *s->messages, compare_arrival);
	for (uint32_t i = 0; i < s->messages_n; i++)
		s->messages[i].number = i;
	s->left = s->messages_n;
	log_init("sim", false, LOG_ERROR);
	rc = task_run(NULL, run, &r);
	assert(rc == 0);
	buf_done(&errors);
	buf_done(&text);
	arena_done(&arena);
}
