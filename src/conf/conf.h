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

#define CONF_FILE_MAX         ((size_t)1 << 20) /* bytes of a configuration file */
#define CONF_ERRORS_MAX       ((size_t)1 << 16) /* a good maximum for the errors buf */
#define CONF_RULES_MAX        1000              /* rules about replies */
#define CONF_LISTENERS_MAX    48                /* their sockets travel in one packet */
#define CONF_CERTIFICATES_MAX 30                /* with the one of tls; their files travel so too */
#define CONF_KEY_FILES_MAX    60                /* certificates, their keys, keys of DKIM */

/* An IP address, IPv4 as ::ffff:a.b.c.d, and a port. */
struct conf_address {
	struct span
		text; /* "192.0.2.1:25", "[2001:db8::1]:25"; of LMTP also the path of a socket */
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

enum conf_listener_tls {
	CONF_LISTENER_TLS_OFFERED,
	CONF_LISTENER_TLS_REQUIRED,
	CONF_LISTENER_TLS_NONE
};

/* How clients of a listener log in: as its protocol has it, not at all, under TLS, or anyway. */
enum conf_auth { CONF_AUTH_BY_PROTOCOL, CONF_AUTH_NONE, CONF_AUTH_TLS, CONF_AUTH_ALWAYS };

/* A name that has several addresses makes several listeners. */
struct conf_listener {
	struct span name; /* as written */
	struct conf_address address;
	uint8_t protocol; /* enum conf_protocol */
	uint8_t tls;      /* enum conf_listener_tls: STARTTLS, where there is a certificate */
	uint8_t auth;     /* enum conf_auth; conf_auth_of knows */
	struct conf_network *proxy; /* whose connections begin with a PROXY header */
	size_t n_proxy;
	uint32_t line;                     /* where it stands in the file; not in a snapshot */
	struct conf_network *xclient_from; /* who may say on whose behalf it comes */
	size_t n_xclient_from;
};

/* A certificate with its key, as files. */
struct conf_certificate {
	struct span
		name; /* who asks for it: lower case, ".example.org" for all below it; of tls: empty */
	struct span certificate, key; /* paths */
	uint32_t line;                /* where it stands in the file */
};

/* Who signs for the authors of a domain, and of those below it that have no section. */
struct conf_dkim {
	struct span domain;               /* lower case */
	struct span rsa_key, ed25519_key; /* paths; empty: not with that */
	struct span rsa_selector, ed25519_selector;
	uint32_t line; /* where it stands in the file */
};

struct conf_encryption {
	struct conf_certificate own; /* for who asks for no other; certificate empty: no TLS */
	struct span authorities;     /* the file that servers are verified with */
};

/* One next hop. No addresses: its name did not resolve when the file was read (dns_failure). */
struct conf_host {
	struct span text; /* HOST:PORT as written, or the path of a socket */
	struct span name; /* HOST alone, without brackets; or that path */
	struct conf_address *addresses;
	size_t n_addresses;
	uint32_t weight;   /* its share among those that have one; 0: in the order of the list */
	uint8_t tls_first; /* bool: TLS from the first byte on (RFC 8314), not by STARTTLS */
};

enum conf_target_kind { CONF_TO_HOSTS, CONF_TO_MX, CONF_TO_LMTP, CONF_TO_MAILDIR };

/* Where mail goes: the hosts are tried in their order. */
struct conf_target {
	struct span text; /* as written, a list joined by ", ": the name of the lane */
	struct conf_host *hosts;
	size_t n_hosts;
	uint8_t kind;  /* enum conf_target_kind */
	uint16_t port; /* CONF_TO_MX: of the hosts that the DNS names */
};

enum conf_tls { CONF_TLS_NONE, CONF_TLS_OPPORTUNISTIC, CONF_TLS_REQUIRED, CONF_TLS_DANE };

/* One word of a list. */
struct conf_text {
	struct span text;
};

struct conf_route {
	struct span pattern; /* lower case: "example.test", ".corp.test" (what is below it), "*" */
	struct conf_text *from; /* whose mail; none: everybody's */
	size_t n_from;
	struct conf_text *sources; /* the addresses of ours that it goes out from; none: any */
	size_t n_sources;
	struct conf_target to;
	struct span auth; /* "map:NAME" with the credentials; empty: it is not logged in */
	uint8_t tls;      /* enum conf_tls */
};

/* Whose mail it is that a way is looked for. */
struct conf_mail {
	struct span sender; /* of the envelope; empty: the null sender */
	struct span login;  /* who had logged in; empty: nobody */
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

/*
 * The last three are no types that can be written: CONF_MAP_DOVECOT stands behind users.from, a
 * store that is asked who is there behind domain.recipients.
 */
enum conf_map_type {
	CONF_MAP_FILE,
	CONF_MAP_ALIASES,
	CONF_MAP_LDAP,
	CONF_MAP_DOVECOT,
	CONF_MAP_LMTP,
	CONF_MAP_SMTP
};
enum conf_scope { CONF_SCOPE_SUB, CONF_SCOPE_ONE, CONF_SCOPE_BASE };

/* A table of keys and values, or a directory that is asked like one. */
struct conf_map {
	struct span name;
	struct span file; /* of file and aliases; the rest is of ldap */
	struct conf_text *servers;
	size_t n_servers;
	struct span ca, bind, password_file, base, filter;
	struct conf_text *results;
	size_t n_results;
	nanos timeout, cache, cache_missing;
	uint32_t connections, entries;
	struct conf_address *addresses; /* of stores, and who we say to be */
	size_t n_addresses;
	struct span hello;
	uint8_t type;     /* enum conf_map_type */
	uint8_t scope;    /* enum conf_scope */
	uint8_t starttls; /* bool */
	uint32_t line;    /* where it stands in the file; not in a snapshot */
};

/* Whose recipients are asked about where their mail goes. */
enum conf_asks { CONF_ASKS_NOBODY, CONF_ASKS_STRANGERS, CONF_ASKS_ALL };

/* A domain whose mail is taken from anybody. */
struct conf_domain {
	struct span name;             /* lower case */
	struct conf_target to;        /* empty text: all of its addresses are aliases */
	struct conf_text *recipients; /* "any"; "ask"; "map:NAME"; or local parts and addresses */
	size_t n_recipients;
	struct span aliases;    /* "map:NAME" or empty, as is quota */
	struct span catch_all;  /* who gets what nobody else gets; empty: it is refused */
	struct span subaddress; /* what stands between user and tag; empty: no tags */
	struct span quota;
	struct span owner;      /* of maildir: a user of the system, "{user}", or empty: ours */
	uint64_t mailbox_quota; /* of maildir: bytes; 0: as the mailbox itself says */
	uint8_t keep_tag;       /* bool */
	uint8_t asks;           /* enum conf_asks: the map conf_store_name() knows */
};

struct conf_srs {           /* forwarding in our own name */
	struct span secret; /* a file; empty: senders stay as they are */
	struct span domain; /* of the addresses; one of our domains */
	nanos max_age;
	uint32_t hash_len;
	uint32_t line; /* where secret stands in the file; not in a snapshot */
};

/* Who may log in, and as whom they may send. */
struct conf_users {
	struct span from; /* "file:PATH", "map:NAME" (of ldap), "dovecot:PATH"; empty: nobody */
	struct conf_text *mechanisms; /* "PLAIN", "LOGIN", "SCRAM-SHA-256" (and its -PLUS) */
	size_t n_mechanisms;
	struct span senders;     /* "map:NAME": from a login to addresses; empty: as from says */
	nanos timeout;           /* for one answer of Dovecot */
	uint8_t any_sender;      /* bool: who has logged in may send as anybody */
	uint8_t plain_passwords; /* bool: the file may hold {PLAIN} */
	uint32_t line;           /* where from stands in the file; not in a snapshot */
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
	uint64_t disk_free;             /* bytes that must be free for new mail; 0: not watched */
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
	uint32_t alias_depth;                 /* aliases of aliases */
	uint32_t alias_recipients;            /* that one recipient may become */
	uint8_t network_bits4, network_bits6; /* what a client network is */
};

struct conf_timeouts {
	nanos connect, greeting, command, data, final; /* as client */
	nanos idle, body;                              /* as server */
	nanos message; /* as server: for all of a message's content */
	nanos session; /* as server: without a message that was taken */
	nanos journal; /* how long the ends of messages are kept for audit */
};

struct conf_processes {
	uint32_t receive, deliver; /* how many; 0: one a core */
};

/* How long strangers must be silent before they are greeted; 0: not at all. */
struct conf_greeting {
	nanos wait;
	struct conf_network *except;
	size_t n_except;
};

/* Whom a check leaves alone, as written: a network, a host, ".example.org", an address, "@domain". */
struct conf_who {
	struct span text;
};

/* Who must come back before mail is taken from him for the first time (policy/greylist.h). */
enum conf_greylist_mode { CONF_GREYLIST_OFF, CONF_GREYLIST_ALL, CONF_GREYLIST_DOUBTFUL };

struct conf_greylist {
	nanos delay;             /* of a first contact */
	nanos window;            /* how long a first contact is remembered */
	nanos remember;          /* and what passed or was learned, from its last use on */
	uint32_t proven;         /* so many pairs that passed: the network waits no more */
	uint32_t hasty;          /* who tries more often wait five times as long; 0: they do not */
	uint32_t pool_places;    /* from so many networks got a domain through: it has a pool */
	uint8_t mode;            /* enum conf_greylist_mode */
	uint8_t spf;             /* bool: senders' domains that SPF proves are known again */
	struct conf_who *except; /* whose mail never has to come back */
	size_t n_except;
};

struct conf_spf {
	nanos timeout;
	uint8_t header; /* bool: Received-SPF */
};

enum conf_rate_what { CONF_RATE_CONNECTIONS, CONF_RATE_MESSAGES, CONF_RATE_RECIPIENTS };
enum conf_rate_by { CONF_RATE_ADDRESS, CONF_RATE_NETWORK, CONF_RATE_LOGIN };

#define CONF_RATES_MAX 16

/* How much one client may ask for in a time. */
struct conf_rate {
	struct span name;
	nanos per;
	nanos hold;    /* who goes over it is held so long; 0: until there is room again */
	uint32_t most; /* in that time; as many at once where nothing came before */
	uint8_t what;  /* enum conf_rate_what */
	uint8_t by;    /* enum conf_rate_by */
	struct conf_who *except;
	size_t n_except;
};

struct conf_facts {
	uint32_t records; /* most that are kept */
};

/* What is watched of our own 4xx. */
struct conf_deferrals {
	nanos target;     /* that 95 % of those who came back should have waited at most */
	nanos lost_after; /* who did not come back by then is counted as lost */
};

enum conf_log { CONF_LOG_TEXT, CONF_LOG_JSON };

/* How abide looks for what is wrong on its own side, and whom it tells. */
struct conf_diagnose {
	struct conf_text *lists; /* zones of block lists that our addresses are looked up in */
	size_t n_lists;
	struct span probe;   /* HOST whose port 25 shows whether ours is blocked; empty: none */
	struct span webhook; /* URL that alarms are posted to; empty: none */
	struct span
		mail_via; /* URL of the server that mail about alarms is handed to; empty: the queue */
	uint8_t checks; /* are checks run because of what is put off? */
};

/* The status page. */
struct conf_web {
	struct conf_host listen; /* no addresses: there is none */
	struct conf_text *names; /* that browsers may call it by, beside hostname and addresses */
	size_t n_names;
	uint8_t is_open;         /* bool: machines beside this one may look */
	uint8_t shows_addresses; /* bool: of people */
	uint32_t line;           /* where listen stands in the file; not in a snapshot */
};

/* Whom resolve asks, and what it believes. */
struct conf_resolver {
	struct conf_who *servers; /* none: those of the system; "root": none at all */
	size_t n_servers;
	struct span system; /* its resolv.conf */
	struct span anchor; /* file of the root's keys */
	uint8_t dnssec;     /* 0 or 1 */
	nanos deadline;     /* of what one check asks */
};

/* What domains say about TLS of their hosts by HTTPS (RFC 8461). */
struct conf_mta_sts {
	uint8_t use;   /* 0 or 1 */
	uint32_t port; /* of the servers that have the policies */
};

/* A list of addresses in the DNS (RFC 5782). */
enum conf_dnsbl_kind { CONF_DNSBL_BLOCK, CONF_DNSBL_ALLOW };
#define CONF_DNSBLS_MAX 16U

struct conf_dnsbl {
	struct span zone;
	struct conf_network *codes; /* answers that count; none: all that lists give */
	size_t n_codes;
	uint32_t weight;
	uint8_t kind; /* enum conf_dnsbl_kind */
};

enum conf_check_what {
	CONF_CHECK_HELO_OWN,
	CONF_CHECK_HELO_LITERAL,
	CONF_CHECK_HELO_QUALIFIED,
	CONF_CHECK_REVERSE_NAME,
	CONF_CHECK_CONFIRMED_NAME,
	CONF_CHECK_SENDER_DOMAIN,
	CONF_CHECK_BLOCK_LISTS,
	CONF_CHECK_SPF_FAIL,
	CONF_CHECK_SPF_TEMPERROR,
	CONF_CHECK_EARLY_TALKER,
	CONF_CHECK_RECIPIENT,
	CONF_CHECK_QUOTA,
	CONF_CHECKS, /* how many there are */
};
enum conf_check_action { CONF_CHECK_REFUSE, CONF_CHECK_WARN, CONF_CHECK_OFF };

/* What is asked of strangers before their recipients are taken, in this order. */
struct conf_check {
	struct conf_who *except;
	size_t n_except;
	uint32_t threshold; /* of block_lists */
	uint8_t what;       /* enum conf_check_what */
	uint8_t action;     /* enum conf_check_action */
};

enum conf_when_down { CONF_DOWN_DEFER, CONF_DOWN_OPEN };
/* When a policy service is asked. */
enum conf_stage {
	CONF_STAGE_RCPT,
	CONF_STAGE_CONNECT,
	CONF_STAGE_HELO,
	CONF_STAGE_MAIL,
	CONF_STAGE_DATA,
	CONF_STAGE_END,
	CONF_STAGES,
};

/* A process that is asked about recipients by Postfix's policy delegation protocol. */
struct conf_policy {
	struct conf_host at;
	nanos timeout;
	uint32_t connections;
	uint8_t when_down; /* enum conf_when_down */
	uint8_t trusted;   /* bool: clients that may relay are asked about too */
	uint8_t stages;    /* bits, 1 << enum conf_stage */
	struct conf_who *except;
	size_t n_except;
};

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

/* Is this client in one of these networks? */
bool conf_is_in(const struct conf_network *networks, size_t n, const struct sockaddr *client);
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

/* Is it the path of a Unix socket? */
bool conf_is_socket(const struct conf_address *a);
/* Does any target of this configuration name that Unix socket? */
bool conf_has_socket(const struct conf *conf, struct span path);
/* For connect and bind: fills *ret (AF_INET, AF_INET6 or AF_UNIX) and returns its length. */
unsigned conf_sockaddr(const struct conf_address *a, struct sockaddr_storage *ret);
