/*
 * sim - modelled sites on a fake clock, for the real scheduler and for the schedules of others.
 *
 * Tests only. The scheduler is the program's: lanes, sites, decisions and
 * hand-out are linked as they are; the spool (sim_spool.c) is in memory, and
 * deliver (sim_abide.c) is a table of connections to modelled sites
 * (sim_site.c). sim_peer.c sends the same mail to the same sites as other
 * servers do by their published schedules.
 */
#pragma once
#include "queue/queue.h"

#define SIM_SECOND INT64_C(1000)
#define SIM_MINUTE (60 * SIM_SECOND)
#define SIM_HOUR   (60 * SIM_MINUTE)
#define SIM_DAY    (24 * SIM_HOUR)
#define SIM_LEVELS 14U
#define SIM_SITES  4U
#define SIM_BUCKET (10 * SIM_SECOND)

struct sim_message {
	uint32_t number, site, sender, recipient;
	int64_t arrives;
	/* what becomes of it */
	int64_t done_at; /* taken; 0: not yet */
	uint32_t attempts;
	bool is_over; /* taken, or given up */
	/* in the spool */
	uint32_t lane, tried, flags;
	int64_t due, first_at, last_at;
	uint8_t state;
	struct sim_message *next[SIM_LEVELS];
	/* of a peer */
	int64_t first_try;
	struct heap_node wakes;
};

enum sim_key { SIM_BY_TRIPLE, SIM_BY_NETWORK, SIM_BY_SENDER };

struct sim_behaviour {
	int64_t connect_ms, talk_ms; /* how long they take; 0: 50 and 150 */
	int64_t grey;                /* ms; 0: no greylisting */
	enum sim_key key;
	bool states_wait;
	unsigned connections;       /* one more gets 421; 0: any number */
	unsigned an_hour;           /* messages, in hours of the clock; 0: any number */
	int64_t down_from, down_to; /* nothing answers */
	bool hangs_when_down;       /* times out after 30 s, else refuses */
	int64_t listed_to;          /* our address is on a list until then */
	bool tempfails_when_down;   /* answers, but 451 to everybody */
};

struct sim_site {
	struct sim_behaviour is;
	struct table contacts;
	unsigned open, open_most;
	uint32_t sessions, sessions_refused, attempts, refused;
	int64_t hour;
	unsigned in_hour;
	int64_t first_after; /* the first that it took after it was down */
	uint32_t *taken;     /* a bucket of 10 s */
	size_t taken_n;
};

enum sim_answer {
	SIM_TAKEN,
	SIM_GREY,
	SIM_RATE,
	SIM_TOO_MANY,
	SIM_NO_CONNECTION,
	SIM_HANGS,
	SIM_LISTED,
	SIM_TEMPFAIL
};

struct sim {
	int64_t now;
	struct sim_site sites[SIM_SITES];
	struct sim_message *messages;
	size_t messages_n, arrived, left;
	struct conf conf;
	struct role role;
	struct queue *q;
	struct sim_message heads[64]; /* of lanes, by number */
	struct list pending;
	uint64_t seed;
};

struct sim *sim(void); /* the one of this program */
uint32_t sim_random(void);
void sim_reset(uint64_t seed); /* nothing happened yet */
/* n messages: gap ms between two (at random around it), each of its own sender and recipient. */
void sim_mail(uint32_t site, size_t n, int64_t from, int64_t gap);
void sim_done(void);

/* sim_site.c */
enum sim_answer sim_connect(struct sim_site *s); /* it is open then, unless refused */
void sim_disconnect(struct sim_site *s);
enum sim_answer sim_talk(struct sim_site *s, const struct sim_message *m, int64_t *ret_wait);
int64_t sim_talk_ms(const struct sim_site *s);
int64_t sim_connect_ms(const struct sim_site *s, enum sim_answer answer);

/* sim_spool.c */
struct sim_message *sim_of(struct id id);
void sim_put(struct sim_message *m); /* into the due rows of its lane */
void sim_commit_all(void);

/* Until all is delivered or given up, or that time. */
void sim_run_abide(const char *conf_text, int64_t until);
enum sim_peer { SIM_POSTFIX, SIM_EXIM, SIM_OPENSMTPD, SIM_KUMOMTA, SIM_QMAIL, SIM_PEERS };
void sim_run_peer(enum sim_peer peer, int64_t until);
const char *sim_peer_name(enum sim_peer peer);

/* sim_report.c */
struct sim_figures {
	size_t n;                 /* messages */
	double median, p95, most; /* seconds from arrival to delivery */
	double attempts;          /* a message */
	uint32_t undelivered;
	unsigned open_most;
	double refused;        /* share of sessions */
	double peak;           /* taken a second, at most over a minute */
	double first, drained; /* seconds after the site is back */
};
/* Of the messages from .. to of a site. */
struct sim_figures sim_figures(uint32_t site, size_t from, size_t to);
