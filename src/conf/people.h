/*
 * people - the sections about who has a mailbox here, and who may send: map, domain, srs, users.
 *
 * Parts of struct conf (conf/conf.h); their rows are in schema_people.c.
 */
#pragma once
#include "base/clock.h"
#include "conf/address.h"

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
