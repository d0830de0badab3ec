/*
 * load - watches how much this process and the queue have to do, and whom to turn away (policy/load.h).
 *
 * Lag is measured all the time: how long after it was due a task runs that waits for a time and then
 * for a descriptor, as sessions do, behind all that are ready; or how long a client waits before it is
 * accepted (a part of that: once, where turns are several), or for facts to answer, which is where most wait when there are too many. Commits are
 * noted as they end, the oldest that runs as well; the rest is looked at each
 * second; what the queue says of the spool's disk comes by itself. Logs each
 * change of stage.
 */
#pragma once
#include "base/list.h"
#include "policy/load.h"
#include "reply/words.h"
#include "receive/sieve.h"
#include "wire/address.h"

struct server;
struct session;
struct ipc_queue_room;

#define LOAD_LAGS       4U    /* of a queue that stays */
#define LOAD_KNOWN_ROOM 8192U /* networks that are known here, one of each hash */

/* What sessions wait for: another process, which has a queue of its own. */
struct load_waits {
	struct list waiting; /* sessions, the oldest first */
	nanos best, worst;   /* that ended since the last look; 0: none did */
};

struct load {
	/* How many clients wait to be accepted; NULL: nobody knows. */
	uint32_t (*waiting)(void *self);
	/* Sets the sieve of each door to part. */
	void (*sift)(void *self);
	void *doors_self;         /* of these two */
	uint64_t accepted;        /* ever */
	uint64_t accepted_before; /* at the last measure */
	nanos measured;
	struct load_state state;
	struct load_measures measures;
	struct load_waits committing, asking; /* the queue, facts for who is new */
	nanos disk_needs;                     /* for a commit when nothing waits, about */
	int64_t lags[LOAD_LAGS], backlogs[LOAD_LAGS], actives[LOAD_LAGS];
	int64_t last_lag; /* ms */
	unsigned lags_n;  /* that were ever measured */
	nanos looked;     /* at what is looked at each second */
	int meminfo_fd;   /* of the role; -1: memory is not watched */
	nanos shed_since; /* of these, in the current second, */
	unsigned shed;    /* so many were turned away */
	uint64_t shed_all;
	struct sieve_known newest; /* of the networks that facts called known */
	unsigned part;             /* of strangers that the kernel lets through, in SIEVE_WHOLE */
	nanos sifted;              /* when it was set, from what came since these */
	uint64_t shed_before, accepted_before_sieve;
	uint64_t *known; /* hashes of networks that facts called known; NULL: none yet */
	uint32_t window; /* sessions that may be active before strangers are turned away */
	nanos last_shed;
	uint64_t dice;
	uint32_t salt;  /* of the sieve's lots */
	unsigned asked; /* strangers that were let in to be asked about, in the current second */
	nanos asked_since;
	int last_fd; /* the newest descriptor: they are given out from the lowest free one on */
};

void load_init(struct load *l, int meminfo_fd);
/* A task of its own, until it is cancelled; arg is the struct server. */
void load_watch(void *server);
/* Around what the session waits for, which it does for one at a time. */
void load_wait_begin(struct load_waits *w, struct session *s);
void load_wait_end(struct load_waits *w, struct session *s);
/*
 * The session begins or obeys a command: for a while it is one of those who cause what lag there is. Who is
 * open and says nothing, or drips, is not, and takes nobody's place in the window.
 */
void load_note_turn(struct session *s);
void load_forget(struct session *s);
void load_note_room(struct load *l, const struct ipc_queue_room *room);
/* facts knows that network: so that it need not be asked when there is much to do. */
void load_note_known(struct load *l, uint64_t network, const struct wire_ip *client);
enum load_door { LOAD_DOOR_SHUT, LOAD_DOOR_OPEN, LOAD_DOOR_ASK };
/*
 * Is a new client let in? network: its (facts_link.h), where it is none of ours. LOAD_DOOR_ASK: only
 * to ask facts whether it is a stranger.
 */
enum load_door load_door(struct server *v, bool is_own, uint64_t network);
void load_done(struct load *l);
/* What a client is that comes from there, as far as its address tells. */
enum load_client load_client_of(const struct session *s);
/* The wait that a client is told who is turned away; differs from client to client. */
int64_t load_wait(struct load *l);
/* Turned away: true where that is worth a line in the log. */
bool load_note_shed(struct load *l);
