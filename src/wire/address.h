/*
 * address - IP addresses, networks and HOST:PORT as text and as sockaddr.
 *
 * Plain values, nothing owned, allocated or logged. An IPv4-mapped IPv6
 * address (::ffff:192.0.2.1) is the IPv4 address, wherever it comes from, so
 * that a rule for one form holds for the other. Leading zeros in IPv4 are
 * refused: some read them as octal.
 */
#pragma once
#include "base/span.h"

struct sockaddr;
struct sockaddr_storage;

struct wire_ip {
	uint8_t bytes[16]; /* IPv4: the first four */
	bool is_v4;
};

#define WIRE_IP_TEXT_MAX       48
#define WIRE_NETWORK_TEXT_MAX  52
#define WIRE_ENDPOINT_TEXT_MAX 56

/* All of the text must be an address. 0 or -EBADMSG. */
int wire_ip_read(struct span text, struct wire_ip *ret) __attribute__((warn_unused_result));
/* RFC 5952 for IPv6; a NUL behind it (not counted). */
struct span wire_ip_text(const struct wire_ip *ip, char out[WIRE_IP_TEXT_MAX]);
bool wire_ip_equal(const struct wire_ip *a, const struct wire_ip *b);
bool wire_ip_is_loopback(const struct wire_ip *ip);
/* Others see another one, if any. */
bool wire_ip_is_private(const struct wire_ip *ip);

struct wire_network {
	struct wire_ip ip;
	unsigned prefix; /* leading bits that count: 0..32 or 0..128 */
};

/*
 * "192.0.2.0/24", "2001:db8::/32", or one address. 0; -EBADMSG: no network; -EINVAL: bits are
 * set behind the prefix (192.0.2.1/24), most likely a slip.
 */
int wire_network_read(struct span text, struct wire_network *ret)
	__attribute__((warn_unused_result));
bool wire_network_has(const struct wire_network *network, const struct wire_ip *ip);
struct span wire_network_text(const struct wire_network *network, char out[WIRE_NETWORK_TEXT_MAX]);
/* What limits count by: the /24 of an IPv4 address, the /64 of an IPv6 address. */
struct wire_network wire_ip_network(const struct wire_ip *ip);

struct wire_endpoint {
	struct span host; /* a domain name, or the address without brackets; borrowed */
	struct wire_ip ip;
	bool is_ip; /* ip is set */
	uint16_t port;
};

/*
 * "HOST:PORT", "192.0.2.1:25", "[2001:db8::1]:25"; port 1..65535 (0 too where may_be_zero). 0 or
 * -EBADMSG.
 */
int wire_endpoint_read(struct span text, bool may_be_zero, struct wire_endpoint *ret)
	__attribute__((warn_unused_result));
/* "192.0.2.1:25" or "[2001:db8::1]:25". */
struct span wire_endpoint_text(
	const struct wire_ip *ip, uint16_t port, char out[WIRE_ENDPOINT_TEXT_MAX]);

/* AF_INET or AF_INET6 only; -EAFNOSUPPORT for others. */
int wire_ip_from_sockaddr(const struct sockaddr *from, struct wire_ip *ret_ip, uint16_t *ret_port)
	__attribute__((warn_unused_result));
/* The length of the sockaddr. */
size_t wire_ip_to_sockaddr(const struct wire_ip *ip, uint16_t port, struct sockaddr_storage *to);
