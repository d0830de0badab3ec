/*
 * top - the sections about the server as a whole: listen, limits, timeouts, processes, greeting.
 *
 * Parts of struct conf (conf/conf.h); their rows are in schema_top.c.
 */
#pragma once
#include "base/clock.h"
#include "conf/address.h"

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
