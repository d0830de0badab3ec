/*
 * map - keys to values, whatever stands behind: a file, a directory.
 *
 * One interface, one file a kind (file_map.c, ldap_map.c; SQL and Redis have
 * their seat here). map_ask waits until the deadline at most and always gives
 * an answer: values, "no such key", or the kind of failure. The whole cause of
 * a failure is logged (event=lookup_failed) when it happens, once. Maps are
 * counted: whoever waits in one keeps it.
 */
#pragma once
#include "base/arena.h"
#include "base/list.h"
#include "conf/people.h"
#include "ipc/messages/login.h"
#include "ipc/messages/lookup.h"
#include "lookup/breaker.h"
#include "lookup/cache.h"
#include "lookup/trouble.h"

#define MAP_WHY_MAX 512

struct map_answer {
	enum ipc_lookup_state state;
	enum lookup_trouble trouble;
	struct span *values; /* in the arena */
	size_t n;
	uint64_t talk;         /* of IPC_AUTH_SALT: names the conversation that goes on */
	unsigned line;         /* of the file where it was found; 0: in no file */
	const char *step;      /* that failed: "connect", "login", "search" ... */
	char why[MAP_WHY_MAX]; /* the cause as the library or the system says it */
};

struct map;
struct role;

struct map_login { /* who says to be whom */
	struct span user, password;
	struct span client; /* its address as text, for the log of the back-end */
	bool has_tls;
	enum ipc_auth_step step; /* SCRAM only of Dovecot */
	struct span said;        /* of SCRAM: the client's message */
	uint64_t talk;           /* of IPC_AUTH_PROOF */
};

struct map_kind {
	const char *name;
	bool is_remote;   /* cached, and behind a breaker */
	bool keeps_case;  /* keys are asked as they are */
	const char *down; /* what becomes of mail while it is down; NULL: it is put off */
	/* Starts what it needs: m->conf says how. */
	struct map *(*open)(void);
	void (*start)(struct map *m);
	void (*ask)(struct map *m, struct span key, nanos deadline, struct arena *arena,
		struct map_answer *ret);
	/* Is it there again? As ask, without a key. NULL where !is_remote. */
	void (*probe)(struct map *m, nanos deadline, struct map_answer *ret);
	/* As map_login. NULL: passwords are not known here. */
	void (*login)(struct map *m, const struct map_login *who, nanos deadline,
		struct arena *arena, struct map_answer *ret);
	void (*stop)(struct map *m); /* its tasks are to end */
	void (*free)(struct map *m);
};

struct map {
	const struct map_kind *kind;
	struct arena arena; /* of conf */
	struct conf_map conf;
	struct role *role;
	unsigned refs;
	bool is_closed;
	struct cache cache;
	struct breaker breaker;
	bool is_probing;
	struct list node; /* maps.c */
};

extern const struct map_kind map_file, map_ldap, map_dovecot, map_store;

/*
 * A copy of conf; its tasks start. The caller holds one reference. role: of this process, by which
 * the supervisor opens sockets; NULL: they are opened here.
 */
struct map *map_new(const struct conf_map *conf, struct role *role);
void map_get(struct map *m);
void map_put(struct map *m); /* NULL is fine */
/* It is no longer in the configuration: its tasks end; the caller's reference is given back. */
void map_close(struct map *m);
bool map_is_same(const struct map *m, const struct conf_map *conf);

void map_ask(struct map *m, struct span key, nanos deadline, struct arena *arena,
	struct map_answer *ret);
/*
 * Is that the password of that user, at the directory? FOUND: yes, and the values are what it says
 * of it: of ldap the map's results, of Dovecot the user's name; MISSING: no, or there is no such
 * user; FAILED as always. Of IPC_AUTH_SALT the value is what is to be said to the client, of
 * IPC_AUTH_PROOF the second one is the server's signature. Neither cached nor logged with a name.
 */
void map_login(struct map *m, const struct map_login *who, nanos deadline, struct arena *arena,
	struct map_answer *ret);

/* For kinds: an answer that is a failure. */
void map_fail(struct map_answer *ret, enum lookup_trouble trouble, const char *step,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
