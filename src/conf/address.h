/*
 * address - where something is, as sections of the configuration say it.
 *
 * Addresses, networks, hosts, and the lists of words that stand for some of them. A part of struct
 * conf (conf/conf.h): immutable, the memory is its arena's. The three questions are pure.
 */
#pragma once
#include "base/span.h"

struct sockaddr;
struct sockaddr_storage;

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

/* One word of a list. */
struct conf_text {
	struct span text;
};

/* Whom a check leaves alone, as written: a network, a host, ".example.org", an address, "@domain". */
struct conf_who {
	struct span text;
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

/* Is this client in one of these networks? */
bool conf_is_in(const struct conf_network *networks, size_t n, const struct sockaddr *client);
/* Is it the path of a Unix socket? */
bool conf_is_socket(const struct conf_address *a);
/* For connect and bind: fills *ret (AF_INET, AF_INET6 or AF_UNIX) and returns its length. */
unsigned conf_sockaddr(const struct conf_address *a, struct sockaddr_storage *ret);
