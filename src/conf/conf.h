/*
 * conf - the configuration of abide, read once and then immutable.
 *
 * conf_load reads a file by the schema (conf/schema.h) in a process that may
 * open files and resolve names; every other process gets the result as a
 * sealed, numbered snapshot (conf/snapshot.h). All memory is the arena's.
 * The sections are structs in headers of their own, one for each schema_*.c.
 * Durations are nanoseconds, sizes are bytes. Never logs; conf_load may block
 * (file, name resolution), nothing else here waits.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "conf/check.h"
#include "conf/keys.h"
#include "conf/people.h"
#include "conf/route.h"
#include "conf/top.h"
#include "conf/watch.h"

struct reply_own;
struct sockaddr;

#define CONF_FILE_MAX         ((size_t)1 << 20) /* bytes of a configuration file */
#define CONF_ERRORS_MAX       ((size_t)1 << 16) /* a good maximum for the errors buf */
#define CONF_RULES_MAX        1000              /* rules about replies */
#define CONF_LISTENERS_MAX    48                /* their sockets travel in one packet */
#define CONF_CERTIFICATES_MAX 30                /* with the one of tls; their files travel so too */
#define CONF_KEY_FILES_MAX    60                /* certificates, their keys, keys of DKIM */

enum conf_log { CONF_LOG_TEXT, CONF_LOG_JSON };

struct conf {
	uint32_t number;  /* of the snapshot; 0 from conf_load */
	struct span file; /* where it was read from */
	struct span hostname, spool, user;
	uint32_t user_line;        /* where user stands in the file, else 1; not in a snapshot */
	struct span double_bounce; /* empty: nobody */
	struct span needs_person;  /* empty: nobody */
	struct span help_url; /* of a page about our replies, up to the name of one; empty: none */
	uint64_t returned_size; /* most bytes of a message that comes back whole */
	uint8_t multilingual;   /* bool: each language of a notice is a part, too */
	uint8_t notify_anyone;  /* bool: notices go to senders that nothing proves, too */
	uint8_t language;       /* enum reply_lang of reply/texts.h */
	uint8_t log;            /* enum conf_log */
	uint8_t log_level;      /* enum log_level of base/log.h */
	uint32_t unresolved;    /* names of hosts that have no address now */
	struct conf_network *relay_from;
	size_t n_relay_from;
	struct conf_encryption tls;
	struct conf_certificate *certificates; /* the others, by name */
	size_t n_certificates;
	struct conf_dkim *dkim;
	size_t n_dkim;
	struct conf_listener *listeners; /* at least one */
	size_t n_listeners;
	struct conf_domain *domains;
	size_t n_domains;
	struct conf_map *maps;
	size_t n_maps;
	struct span postmaster; /* of all domains, and abuse; empty: as any other */
	struct span rewrite_sender, rewrite_recipient; /* "map:NAME" or empty */
	struct conf_text *always_bcc;
	size_t n_always_bcc;
	struct conf_srs srs;
	struct conf_users users;
	struct conf_route *routes;
	size_t n_routes;
	struct conf_source *sources; /* none: as the system chooses */
	size_t n_sources;
	struct conf_sender *senders;
	size_t n_senders;
	struct conf_retry *retries; /* the first is "default" */
	size_t n_retries;
	struct span reply_rules; /* the file that rules were read from; may be empty */
	struct conf_rule *rules;
	size_t n_rules;
	const struct reply_own *own; /* the rules, ready for use */
	struct conf_limits limits;
	struct conf_timeouts timeouts;
	struct conf_processes processes;
	struct conf_greeting greeting;
	struct conf_greylist greylist;
	struct conf_spf spf;
	struct conf_rate *rates;
	size_t n_rates;
	struct conf_resolver resolver;
	struct conf_mta_sts mta_sts;
	struct conf_diagnose diagnose;
	struct conf_web web;
	struct conf_check *checks;
	size_t n_checks;
	struct conf_policy *policies; /* asked in this order */
	size_t n_policies;
	struct conf_dnsbl *dnsbls;
	size_t n_dnsbls;
	struct conf_facts facts;
	struct conf_deferrals deferrals;
};

/*
 * Reads a file. 0, -ENOENT and the like where it can't be read, -EINVAL where
 * it is wrong; errors gets lines "FILE:LINE: what is wrong, and what would be
 * right". With 0 it may hold warnings (names that do not resolve). *ret and
 * all it points at live in the arena.
 */
int conf_load(const char *file, struct arena *arena, struct conf *ret, struct buf *errors);
/* The same from an open descriptor, which stays the caller's; file is the name that errors show. */
int conf_load_fd(
	int fd, const char *file, struct arena *arena, struct conf *ret, struct buf *errors);
/* The same from memory, and no name is looked up: hosts given by name have no address. */
int conf_parse(const char *file, struct span text, struct arena *arena, struct conf *ret,
	struct buf *errors);

/* The same, and the file of rules that it names is read as well. */
int conf_parse_all(const char *file, struct span text, struct arena *arena, struct conf *ret,
	struct buf *errors);
/* A file that has rules about replies only, for programs that read no other configuration. */
int conf_load_rules(const char *file, struct arena *arena, struct conf *ret, struct buf *errors);

/*
 * How mail to a domain goes: exact name, then the longest ".suffix", then "*"; among those of one pattern the one that
 * names its login, sender's address, domain, suffix (in this order) before the one for everybody. mail NULL: is there
 * any, for whomever? NULL: it goes not at all.
 */
const struct conf_route *conf_route_for(
	const struct conf *conf, struct span domain, const struct conf_mail *mail);
/* The domain section of this very name, or NULL. */
const struct conf_domain *conf_domain_for(const struct conf *conf, struct span domain);
/* As sections, maps and stores name it: an international domain of ours in A-labels, any other as it is. */
struct span conf_own_name(const struct conf *conf, struct span domain, struct arena *arena);
/* The map of this name ("NAME", or "map:NAME"), or NULL. */
const struct conf_map *conf_map_for(const struct conf *conf, struct span name);
/* Must lookup be asked about recipients of this domain? may_relay: whether the client is one of ours. */
bool conf_needs_lookup(const struct conf *conf, struct span domain, bool may_relay);
/* May any local part of it get mail? */
bool conf_takes_any(const struct conf_domain *d);
/* Is its store asked who is there, for mail of such a client? The map: conf_store_map(). */
bool conf_asks_store(const struct conf_domain *d, bool may_relay);
/* The name of that map; no section map can have it. */
struct span conf_store_map(struct span domain, struct arena *arena);
/* The domain section's target, else the route's, else NULL. A domain of aliases alone has none. */
const struct conf_target *conf_target_for(
	const struct conf *conf, struct span domain, const struct conf_mail *mail);
/* The route that it belongs to; NULL: a domain's. */
const struct conf_route *conf_route_of(const struct conf *conf, const struct conf_target *target);
/* Of an envelope sender (empty: the null sender): its address, else its domain, suffix, "*". */
enum conf_priority conf_priority_of(const struct conf *conf, struct span sender);
/* The schedule of a cause, or the default one. Never NULL. */
const struct conf_retry *conf_retry_for(const struct conf *conf, struct span cause);
/* How its clients log in: never CONF_AUTH_BY_PROTOCOL; NONE where there are no users. */
enum conf_auth conf_auth_of(const struct conf *conf, uint8_t protocol, uint8_t auth);
/* May this client send anywhere? */
bool conf_may_relay(const struct conf *conf, const struct sockaddr *client);

/* What is asked of connections to a target of conf's own; to a domain section's: none. */
enum conf_tls conf_tls_for(const struct conf *conf, const struct conf_target *target);
/* The map with the credentials for a target of conf's own; empty: none. */
struct span conf_auth_for(const struct conf *conf, const struct conf_target *target);
/* Does a route log in with what that map has? */
bool conf_is_auth(const struct conf *conf, struct span map);
/* Are certificates of next hops verified on any way out? */
bool conf_verifies(const struct conf *conf);
/* Is there a domain whose mail goes into Maildirs? */
bool conf_has_maildirs(const struct conf *conf);
/* The path of a Maildir that a target stands for, with {user} and so on. */
struct span conf_maildir(const struct conf_target *target);
/* How many files keys is given: two for each certificate, then each section's rsa_key, ed25519_key. */
size_t conf_key_files(const struct conf *conf);
/* Who signs for an author of that domain; NULL: nobody. */
const struct conf_dkim *conf_dkim_for(const struct conf *conf, struct span domain);
/* How many certificates there are, and the i-th: that of tls first. */
size_t conf_certificates(const struct conf *conf);
const struct conf_certificate *conf_certificate(const struct conf *conf, size_t i);

/* Does any target of this configuration name that Unix socket? */
bool conf_has_socket(const struct conf *conf, struct span path);
