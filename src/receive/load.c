#include "receive/load.h"
#include "base/alloc.h"
#include "base/log.h"
#include "receive/facts_link.h"
#include "receive/session.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define LAG_EVERY    (50 * NANOS_MS)
#define IDLE_EVERY   (250 * NANOS_MS) /* where there are no sessions */
#define LOOK_EVERY   NANOS_S
#define SHED_LINES   5U   /* in a second */
#define WAIT_LEAST   30   /* s; twice that at most */
#define SLOWLY       4096 /* measures in which disk_needs grows to its double, about */
#define DISK_TIMES   3
#define LAG_SMALL    20   /* ms */
#define WAIT_TURNS   4    /* a client waits to be accepted once, but for its turn several times */
#define ASKED_MOST   500  /* ms */
#define WINDOW_FIRST 200U /* of load.window */
#define ACTIVE_LEAST NANOS_S
#define ACTIVE_LAGS  4
#define SHED_LASTS   (500 * NANOS_MS)
#define SIFT_EVERY   (200 * NANOS_MS)
#define ASKS         50U /* in a second, where strangers are turned away */

void load_init(struct load *l, int meminfo_fd)
{
	*l = (struct load){.meminfo_fd = meminfo_fd,
		.measures = {.memory = 1000},
		.window = WINDOW_FIRST,
		.part = SIEVE_WHOLE};
	list_init(&l->committing.waiting);
	list_init(&l->asking.waiting);
	if (getrandom(&l->dice, sizeof l->dice, 0) != (ssize_t)sizeof l->dice)
		l->dice = (uint64_t)clock_now();
	l->salt = (uint32_t)l->dice;
}

void load_done(struct load *l)
{
	free(l->known);
	l->known = NULL;
}

void load_note_known(struct load *l, uint64_t network, const struct wire_ip *client)
{
	sieve_note_known(&l->newest, client);
	if (!l->known)
		l->known = alloc_zero(LOAD_KNOWN_ROOM * sizeof *l->known);
	l->known[network % LOAD_KNOWN_ROOM] = network;
}

static bool may_ask(struct load *l)
{
	nanos now = clock_now();

	if (now - l->asked_since >= NANOS_S) {
		l->asked_since = now;
		l->asked = 0;
	}
	return l->asked++ < ASKS;
}

enum load_door load_door(struct server *v, bool is_own, uint64_t network)
{
	struct load *l = &v->load;
	bool is_known = !is_own && l->known && l->known[network % LOAD_KNOWN_ROOM] == network;
	enum load_client client = is_own ? LOAD_OWN : is_known ? LOAD_KNOWN : LOAD_STRANGER;

	if (load_takes(l->state.stage, client))
		return LOAD_DOOR_OPEN;
	if (client == LOAD_STRANGER && l->state.stage == LOAD_BUSY) {
		if (load_is_of_work(&l->state) && v->active_n < l->window)
			return LOAD_DOOR_OPEN;
		if (may_ask(l))
			return LOAD_DOOR_ASK;
	}
	l->last_shed = clock_now();
	return LOAD_DOOR_SHUT;
}

void load_wait_begin(struct load_waits *w, struct session *s)
{
	s->waits_since = clock_now();
	list_add_tail(&w->waiting, &s->waits);
}

void load_wait_end(struct load_waits *w, struct session *s)
{
	nanos took = clock_now() - s->waits_since;

	list_remove(&s->waits);
	if (took > w->worst)
		w->worst = took;
	if (w->best == 0 || took < w->best)
		w->best = took > 0 ? took : 1;
}

void load_forget(struct session *s)
{
	if (list_is_empty(&s->active))
		return;
	list_remove(&s->active);
	s->server->active_n--;
}

void load_note_turn(struct session *s)
{
	load_forget(s);
	s->last_turn = clock_now();
	list_add_tail(&s->server->active, &s->active);
	s->server->active_n++;
}

/* Who waits for a turn that is late, or for the queue, is active still. */
static void forget_silent(struct server *v, int64_t lag_ms)
{
	const struct load_measures *m = &v->load.measures;
	int64_t late = ACTIVE_LAGS * (lag_ms > m->lag_ms ? lag_ms : m->lag_ms) + m->commit_ms;
	nanos since = clock_now() - ACTIVE_LEAST - late * NANOS_MS;

	while (!list_is_empty(&v->active)) {
		struct session *s = container_of(v->active.next, struct session, active);

		if (s->last_turn >= since)
			break;
		load_forget(s);
	}
}

void load_note_room(struct load *l, const struct ipc_queue_room *room)
{
	l->measures.has_room = true;
	l->measures.disk_free = room->disk_free;
	l->measures.inodes_free = room->inodes_free;
	l->measures.map_used = room->map_used;
}

/* ---- looking ---- */

static uint64_t number_after(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static uint32_t memory_available(int fd)
{
	char text[512] = "";
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
	uint64_t all = n > 0 ? number_after(text, "MemTotal:") : 0;

	return all > 0 ? (uint32_t)(number_after(text, "MemAvailable:") * 1000 / all) : 1000;
}

static uint32_t share(uint64_t used, uint64_t most)
{
	return most == 0 || used > most ? 1000 : (uint32_t)(used * 1000 / most);
}

/* ns that the oldest of those who wait has waited. */
static nanos oldest(const struct load_waits *w)
{
	if (list_is_empty(&w->waiting))
		return 0;
	return clock_now() - container_of(w->waiting.next, struct session, waits)->waits_since;
}

/* ns, at best since the last look: where none ended, as long as the oldest has waited. */
static nanos take_best(struct load_waits *w)
{
	nanos best = w->best > 0 ? w->best : oldest(w);

	w->best = 0;
	return best;
}

/* ms, at worst since the last look: one that does not end is as bad as one that took so long. */
static int64_t take_worst(struct load_waits *w)
{
	nanos still = oldest(w), worst = w->worst > still ? w->worst : still;

	w->worst = 0;
	return worst / NANOS_MS;
}

static void look(struct server *v)
{
	struct load *l = &v->load;
	struct rlimit files;

	l->measures.memory = memory_available(l->meminfo_fd);
	l->measures.sessions =
		share(v->sessions_all > v->sessions_n ? v->sessions_all : v->sessions_n,
			server_conf(v)->limits.sessions);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		l->measures.descriptors = share((uint64_t)l->last_fd, files.rlim_cur);
}

static void log_change(const struct server *v, const struct load_state *was)
{
	const struct load *l = &v->load;
	const struct load_state *now = &l->state;
	bool is_news = now->stage != was->stage || now->is_disk_low != was->is_disk_low;

	if (is_news && v->facts && v->facts->load)
		v->facts->load(v->facts_self, now);
	if (now->stage != was->stage)
		log_event(now->stage > was->stage ? LOG_WARN : LOG_INFO, "load",
			LOG_STR("stage", load_stage_text(now->stage)),
			LOG_STR("was", load_stage_text(was->stage)), LOG_STR("why", now->why),
			LOG_I64("lag_ms", l->measures.lag_ms),
			LOG_I64("queue_ms", l->measures.standing_ms),
			LOG_I64("commit_ms", l->measures.commit_ms),
			LOG_I64("backlog_ms", l->measures.backlog_ms),
			LOG_U64("open", v->sessions_n), LOG_U64("active", v->active_n),
			LOG_U64("window", l->window), LOG_U64("sessions", l->measures.sessions),
			LOG_U64("descriptors", l->measures.descriptors),
			LOG_U64("memory", l->measures.memory), LOG_U64("shed", l->shed_all));
	if (now->is_disk_low != was->is_disk_low)
		log_event(now->is_disk_low ? LOG_WARN : LOG_INFO,
			now->is_disk_low ? "disk_low" : "disk_free",
			LOG_U64("bytes", l->measures.disk_free),
			LOG_U64("inodes", l->measures.inodes_free),
			LOG_U64("map_used", l->measures.map_used));
}

/* A measure falls by half each time: a single late wake-up is no load. */
static int64_t settle(int64_t old, int64_t new)
{
	return new > old / 2 ? new : old / 2;
}

/* Until the last of those who are not accepted yet is, as fast as it went since the last measure. */
static int64_t door_wait_ms(struct load *l)
{
	uint64_t n = l->accepted - l->accepted_before;
	nanos now = clock_now(), took = now - l->measured;
	uint32_t waiting = l->waiting ? l->waiting(l->doors_self) : 0;

	l->accepted_before = l->accepted;
	l->measured = now;
	return waiting == 0 ? 0 : (int64_t)waiting * (took / NANOS_MS) / (int64_t)(n > 0 ? n : 1);
}

/* Not one of the last was better: what is there to do does not become less. */
static int64_t standing(const int64_t last[LOAD_LAGS])
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < LOAD_LAGS; i++)
		if (last[i] < least)
			least = last[i];
	return least;
}

/* What a commit took at least since the last measure, less what it takes when there is no other. */
static int64_t backlog(struct load *l)
{
	nanos best = take_best(&l->committing);

	if (best > 0 && (l->disk_needs == 0 || best < l->disk_needs))
		l->disk_needs = best;
	l->disk_needs += l->disk_needs / SLOWLY; /* disks may become slower */
	return best > DISK_TIMES * l->disk_needs ? (best - DISK_TIMES * l->disk_needs) / NANOS_MS
						 : 0;
}

/* What turning away costs is bounded: those above that are left to the kernel (sieve.h). */
static void sift(struct load *l)
{
	if (clock_now() - l->sifted < SIFT_EVERY)
		return;
	uint64_t refused = l->shed_all - l->shed_before;
	uint64_t taken = l->accepted - l->accepted_before_sieve - refused;
	unsigned part = load_part(l->part, refused, taken);

	l->sifted = clock_now();
	l->shed_before = l->shed_all;
	l->accepted_before_sieve = l->accepted;
	if (part == l->part && part == SIEVE_WHOLE)
		return;
	if ((part < SIEVE_WHOLE) != (l->part < SIEVE_WHOLE))
		log_event(part < SIEVE_WHOLE ? LOG_WARN : LOG_INFO, "sieve",
			LOG_STR("strangers",
				part < SIEVE_WHOLE ? "some are not heard" : "all are heard"),
			LOG_U64("refused", refused), LOG_U64("taken", taken));
	l->part = part;
	if (l->sift)
		l->sift(l->doors_self);
}

static void measure(struct server *v, int64_t lag_ms, int64_t wait_ms)
{
	struct load *l = &v->load;
	struct load_state was = l->state;
	const struct load_limits limits = {.disk_free = server_conf(v)->limits.disk_free};

	if (clock_now() - l->looked >= LOOK_EVERY) {
		l->looked = clock_now();
		look(v);
	}
	forget_silent(v, lag_ms);
	int64_t behind = backlog(l), asked = take_best(&l->asking) / NANOS_MS;

	/* Beyond that facts hangs, and nothing is won by turning somebody away. */
	if (asked < ASKED_MOST && asked > lag_ms)
		lag_ms = asked;
	l->backlogs[l->lags_n % LOAD_LAGS] = behind;
	l->measures.backlog_ms = standing(l->backlogs);
	l->actives[l->lags_n % LOAD_LAGS] = (int64_t)v->active_n;
	l->lags[l->lags_n++ % LOAD_LAGS] =
		lag_ms > wait_ms / WAIT_TURNS ? lag_ms : wait_ms / WAIT_TURNS;
	l->measures.standing_ms = standing(l->lags);
	/* One that is seen twice: who come in one moment, and are then served, are no overload. */
	l->measures.lag_ms =
		settle(l->measures.lag_ms, lag_ms < l->last_lag ? lag_ms : l->last_lag);
	l->last_lag = lag_ms;
	l->measures.commit_ms = settle(l->measures.commit_ms, take_worst(&l->committing));
	l->measures.is_shedding = l->last_shed > 0 && clock_now() - l->last_shed < SHED_LASTS;
	l->state = load_next(&was, &l->measures, &limits);
	/* It begins with the most that stayed while nothing was wrong: those of a burst have not been served yet. */
	int64_t active = standing(l->actives);

	if (l->state.stage > LOAD_CALM)
		l->window = load_window(l->window, lag_ms > behind ? lag_ms : behind, v->active_n);
	else if (active > l->window && l->measures.lag_ms < LAG_SMALL && wait_ms < LAG_SMALL &&
		 behind < LAG_SMALL)
		l->window = (uint32_t)active;
	log_change(v, &was);
	sift(l);
}

/* Behind the descriptors that are ready, as a session's. False: cancelled. */
static bool queue_up(struct task_fd *event)
{
	uint64_t one = 1;

	while (task_fd_read(event, &one, sizeof one, 0) > 0)
		;
	one = 1;
	if (write(task_fd_number(event), &one, sizeof one) != (ssize_t)sizeof one)
		return true;
	return task_fd_wait_read(event, CLOCK_NEVER) != -ECANCELED;
}

void load_watch(void *server)
{
	struct server *v = server;
	struct task_fd *event = NULL;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	nanos due = clock_after(LAG_EVERY);

	v->load.measured = clock_now();
	if (fd >= 0 && task_fd_open(fd, &event) < 0)
		close(fd);
	while (task_sleep(due) == 0 && (!event || queue_up(event))) {
		int64_t lag = (clock_now() - due) / NANOS_MS, wait = door_wait_ms(&v->load);

		measure(v, lag, wait);
		due = clock_after(v->sessions_n > 0 ? LAG_EVERY : IDLE_EVERY);
	}
	if (event)
		task_fd_close(event);
}

/* ---- turning away ---- */

enum load_client load_client_of(const struct session *s)
{
	return s->door.protocol != CONF_SMTP || facts_is_trusted(s) ? LOAD_OWN
	       : s->is_known_network                                ? LOAD_KNOWN
								    : LOAD_STRANGER;
}

int64_t load_wait(struct load *l)
{
	l->dice = l->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (WAIT_LEAST + (uint32_t)(l->dice >> 33) % (WAIT_LEAST + 1))
	       << (l->state.stage > LOAD_BUSY);
}

bool load_note_shed(struct load *l)
{
	nanos now = clock_now();

	if (now - l->shed_since >= NANOS_S) {
		l->shed_since = now;
		l->shed = 0;
	}
	l->shed_all++;
	return l->shed++ < SHED_LINES;
}
