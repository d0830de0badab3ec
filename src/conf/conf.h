/*
 * conf - the configuration of abide, read once and then immutable.
 *
 * conf_load reads a file by the schema (conf/schema.h) in a process that may
 * open files and resolve names; every other process gets the result as a
 * sealed, numbered snapshot (conf/snapshot.h). All memory is the arena's.
 * Durations are nanoseconds, sizes are bytes. Never logs; conf_load may block
 * (file, name resolution), nothing else here waits.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

struct reply_own;
struct sockaddr;
struct sockaddr_storage;

#define CONF_FILE_MAX      ((size_t)1 << 20) /* bytes of a configuration file */
#define CONF_ERRORS_MAX    ((size_t)1 << 16) /* a good maximum for the errors buf */
#define CONF_RULES_MAX     1000              /* rules about replies */
#define CONF_LISTENERS_MAX 48                /* their sockets travel in one packet */

/* An IP address, IPv4 as ::ffff:a.b.c.d, and a port. */
struct conf_address {
	struct span text; /* "192.0.2.1:25", "[2001:db8::1]:25" */
	uint64_t high, low;
	uint32_t scope; /* of a link-local address, else 0 */
	uint16_t port;
};

/* A network, IPv4 as ::ffff:a.b.c.d with 96 more bits. */
struct conf_network {
	uint64_t high, low;
	uint8_t bits; /* 0..128 */
};

enum conf_protocol { CONF_SMTP, CONF_SUBMISSION, CONF_SUBMISSIONS };

/* A name that has several addresses makes several listeners. */
struct conf_listener {
	struct span name; /* as written */
	struct conf_address address;
	uint8_t protocol; /* enum conf_protocol; this version loads CONF_SMTP only */
};

/* One next hop. No addresses: its name did not resolve when the file was read (dns_failure). */
struct conf_host {
	struct span text; /* HOST:PORT as written */
	struct span name; /* HOST alone, without brackets */
	struct conf_address *addresses;
	size_t n_addresses;
};

/* conf_load refuses all but CONF_TO_HOSTS in this version. */
enum conf_target_kind { CONF_TO_HOSTS, CONF_TO_MX, CONF_TO_LMTP, CONF_TO_MAILDIR };

/* Where mail goes: the hosts are tried in their order. */
struct conf_target {
	struct span text; /* as written, a list joined by ", ": the name of the lane */
	struct conf_host *hosts;
	size_t n_hosts;
	uint8_t kind; /* enum conf_target_kind */
};

enum conf_tls { CONF_TLS_NONE, CONF_TLS_OPPORTUNISTIC, CONF_TLS_REQUIRED, CONF_TLS_DANE };

struct conf_route {
	struct span pattern; /* lower case: "example.test", ".corp.test" (what is below it), "*" */
	struct conf_target to;
	uint8_t tls; /* enum conf_tls; this version loads CONF_TLS_NONE only */
};

/* One of our own addresses that mail goes out from. */
struct conf_source {
	struct span address; /* text */
	struct span ipv6;    /* its partner of the other family; empty: none */
	struct span helo;    /* empty: hostname */
	uint32_t weight;     /* its share of the mail */
};

/* Whose mail goes first where there is not room for all. */
enum conf_priority { CONF_PRIORITY_NORMAL, CONF_PRIORITY_HIGH, CONF_PRIORITY_LOW };

struct conf_sender {
	struct span who;  /* an address, a domain, ".example.org", "<>" or "*" */
	uint8_t priority; /* enum conf_priority */
};

/* A domain whose mail is taken from anybody. */
struct conf_domain {
	struct span name; /* lower case */
	struct conf_target to;
};

/* When to try again: first, first*factor, ... up to max, until give_up after arrival. */
struct conf_retry {
	struct span name; /* "default", or a cause of the taxonomy */
	nanos first, max, give_up, notice_after;
	uint32_t factor; /* thousandths: 2000 doubles */
};

/* What an operator says about a reply; the first rule that fits decides (reply/own.h). */
struct conf_rule {
	struct span name;
	struct span text; /* phrases, as in reply/pattern.h; empty: any text */
	struct span host; /* lower case: "mx.example.org", ".example.org" (below it); empty: any */
	struct span status; /* "4.7.1"; empty: any */
	struct span cause;
	struct span explanation, advice, writer; /* for people; empty: those of the cause */
	nanos wait;                              /* 0: none */
	uint32_t code;                           /* 451; 45 or 4: all that begin so; 0: any */
	uint32_t confidence;                     /* thousandths */
	uint8_t stage;                           /* enum reply_stage; NONE: any */
};

struct conf_limits {
	uint64_t message_size;          /* bytes of content */
	uint64_t spool_size;            /* most bytes of the spool's database (reserved sparsely) */
	uint32_t sessions;              /* as server, over all receive processes */
	uint32_t sessions_per_network;  /* at once, from one client network */
	uint32_t recipients;            /* a message */
	uint32_t messages_per_session;  /* as server: then 421 */
	uint32_t commands_without_mail; /* a session, between two messages: then 421 */
	uint32_t errors;                /* wrong commands a session: then 421 */
	uint32_t command_line;          /* octets with CRLF */
	uint32_t text_line;             /* octets without CRLF */
	uint32_t received_hops;         /* Received fields: beyond it is a loop */
	uint32_t deliver_sessions;      /* as client, over all deliver processes */
	uint32_t deliver_connections;   /* at once, to one next hop */
	uint32_t messages_per_connection;     /* as client: then QUIT and a new connection */
	uint32_t recipients_per_transaction;  /* as client */
	uint8_t network_bits4, network_bits6; /* what a client network is */
};

struct conf_timeouts {
	nanos connect, greeting, command, data, final; /* as client */
	nanos idle, body;                              /* as server */
	nanos journal; /* how long the ends of messages are kept for audit */
};

struct conf_processes {
	uint32_t receive, deliver; /* how many; 0: one a core */
};

enum conf_log { CONF_LOG_TEXT, CONF_LOG_JSON };

struct conf {
	uint32_t number;  /* of the snapshot; 0 from conf_load */
	struct span file; /* where it was read from */
	struct span hostname, spool, user;
	struct span double_bounce; /* empty: nobody */
	uint8_t log;               /* enum conf_log */
	uint8_t log_level;         /* enum log_level of base/log.h */
	uint32_t unresolved;       /* names of hosts that have no address now */
	struct conf_network *relay_from;
	size_t n_relay_from;
	struct conf_listener *listeners; /* at least one */
	size_t n_listeners;
	struct conf_domain *domains;
	size_t n_domains;
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

/* How mail to a domain goes: exact name, then the longest ".suffix", then "*". NULL: not at all. */
const struct conf_route *conf_route_for(const struct conf *conf, struct span domain);
/* The domain section of this very name, or NULL. */
const struct conf_domain *conf_domain_for(const struct conf *conf, struct span domain);
/* The domain section's target, else the route's, else NULL. */
const struct conf_target *conf_target_for(const struct conf *conf, struct span domain);
/* Of an envelope sender (empty: the null sender): its address, else its domain, suffix, "*". */
enum conf_priority conf_priority_of(const struct conf *conf, struct span sender);
/* The schedule of a cause, or the default one. Never NULL. */
const struct conf_retry *conf_retry_for(const struct conf *conf, struct span cause);
/* May this client send anywhere? */
bool conf_may_relay(const struct conf *conf, const struct sockaddr *client);

/* For connect and bind: fills *ret (AF_INET or AF_INET6) and returns its length. */
unsigned conf_sockaddr(const struct conf_address *a, struct sockaddr_storage *ret);
