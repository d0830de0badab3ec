#include "conf/value.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#define V4_IN_V6 UINT64_C(0x0000ffff00000000) /* ::ffff:0.0.0.0, the low half */

#define BAD_HOST    "is not HOST:PORT; write 192.0.2.1:25, [2001:db8::1]:25 or mx.example.org:25"
#define BAD_PORT    "has no port from 1 to 65535; write HOST:PORT"
#define BAD_NETWORK "is not a network; write 192.0.2.0/24, 192.0.2.1, 2001:db8::/32 or ::1/128"

static uint64_t load64(const unsigned char *at)
{
	uint64_t n = 0;

	for (size_t i = 0; i < 8; i++)
		n = n << 8 | at[i];
	return n;
}

static void store64(uint64_t n, unsigned char *at)
{
	for (size_t i = 8; i-- > 0; n >>= 8)
		at[i] = (unsigned char)(n & 255);
}

static bool is_v4(uint64_t high, uint64_t low)
{
	return high == 0 && low >> 32 == V4_IN_V6 >> 32;
}

/* The name of an interface, or its number. */
static uint32_t read_scope(const char *name)
{
	uint64_t n;
	struct span text = span_str(name);

	if (span_take_u64(&text, &n) && text.len == 0 && n <= UINT32_MAX)
		return (uint32_t)n;
	return if_nametoindex(name);
}

bool value_address(struct span name, struct conf_address *ret)
{
	char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	struct in_addr v4;
	struct in6_addr v6;
	struct conf_address a = *ret;

	if (name.len >= sizeof text || span_find(name, '\0') >= 0)
		return false;
	(void)span_copy(name, text, sizeof text);
	char *percent = strchr(text, '%');

	if (percent)
		*percent = '\0';
	a.scope = percent ? read_scope(percent + 1) : 0;
	if (percent && a.scope == 0)
		return false;
	if (!percent && inet_pton(AF_INET, text, &v4) == 1) {
		a.high = 0;
		a.low = V4_IN_V6 | ntohl(v4.s_addr);
	} else if (inet_pton(AF_INET6, text, &v6) == 1) {
		a.high = load64(v6.s6_addr);
		a.low = load64(v6.s6_addr + 8);
	} else {
		return false;
	}
	*ret = a;
	return true;
}

bool value_from_sockaddr(const struct sockaddr *from, struct conf_address *ret)
{
	if (from->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, from, sizeof in);
		ret->high = 0;
		ret->low = V4_IN_V6 | ntohl(in.sin_addr.s_addr);
		ret->scope = 0;
		ret->port = ntohs(in.sin_port);
		return true;
	}
	if (from->sa_family != AF_INET6)
		return false;
	struct sockaddr_in6 in6;

	memcpy(&in6, from, sizeof in6);
	ret->high = load64(in6.sin6_addr.s6_addr);
	ret->low = load64(in6.sin6_addr.s6_addr + 8);
	ret->scope = in6.sin6_scope_id;
	ret->port = ntohs(in6.sin6_port);
	return true;
}

bool conf_is_in(const struct conf_network *networks, size_t n, const struct sockaddr *client)
{
	struct conf_address a = {0};

	if (n == 0 || !value_from_sockaddr(client, &a))
		return false;
	for (size_t i = 0; i < n; i++)
		if (value_in_network(&networks[i], a.high, a.low))
			return true;
	return false;
}

bool conf_is_socket(const struct conf_address *a)
{
	return a->text.len > 0 && a->text.at[0] == '/';
}

unsigned conf_sockaddr(const struct conf_address *a, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof *ret);
	if (conf_is_socket(a)) {
		struct sockaddr_un un = {.sun_family = AF_UNIX};

		(void)span_copy(a->text, un.sun_path, sizeof un.sun_path);
		memcpy(ret, &un, sizeof un);
		return sizeof un;
	}
	if (is_v4(a->high, a->low)) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};

		in.sin_addr.s_addr = htonl((uint32_t)a->low);
		memcpy(ret, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};

	store64(a->high, in6.sin6_addr.s6_addr);
	store64(a->low, in6.sin6_addr.s6_addr + 8);
	memcpy(ret, &in6, sizeof in6);
	return sizeof in6;
}

struct span value_print_address(const struct conf_address *a, struct arena *arena)
{
	struct in_addr v4 = {htonl((uint32_t)a->low)};
	struct in6_addr v6;
	char text[INET6_ADDRSTRLEN];

	if (is_v4(a->high, a->low)) {
		(void)inet_ntop(AF_INET, &v4, text, sizeof text);
		return arena_printf(arena, "%s:%u", text, a->port);
	}
	store64(a->high, v6.s6_addr);
	store64(a->low, v6.s6_addr + 8);
	(void)inet_ntop(AF_INET6, &v6, text, sizeof text);
	if (a->scope != 0)
		return arena_printf(arena, "[%s%%%u]:%u", text, a->scope, a->port);
	return arena_printf(arena, "[%s]:%u", text, a->port);
}

static bool read_port(struct span text, uint16_t *ret)
{
	unsigned port;

	if (!span_take_number(&text, 1, 5, &port) || text.len > 0 || port == 0 || port > 65535)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static const char *bracketed_host(struct span text, struct span *ret_name, uint16_t *ret_port)
{
	struct conf_address ignored = {0};
	struct span name;
	uint16_t port;

	if (!span_take_until(&text, ']', &name) || span_find(name, ':') < 0 ||
		!value_address(name, &ignored) || !span_take(&text, ':'))
		return BAD_HOST;
	if (!read_port(text, &port))
		return BAD_PORT;
	*ret_name = name;
	*ret_port = port;
	return NULL;
}

const char *value_host(struct span text, struct span *ret_name, uint16_t *ret_port)
{
	struct conf_address ignored = {0};
	struct span name;
	uint16_t port;

	if (span_take(&text, '['))
		return bracketed_host(text, ret_name, ret_port);
	if (value_address(text, &ignored) || !span_take_until(&text, ':', &name))
		return BAD_HOST;
	if (value_domain(name))
		return BAD_HOST;
	if (!read_port(text, &port))
		return BAD_PORT;
	*ret_name = name;
	*ret_port = port;
	return NULL;
}

static uint64_t mask64(unsigned bits)
{
	if (bits == 0)
		return 0;
	return bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
}

bool value_in_network(const struct conf_network *n, uint64_t high, uint64_t low)
{
	unsigned low_bits = n->bits > 64 ? n->bits - 64U : 0;

	return ((high ^ n->high) & mask64(n->bits)) == 0 &&
	       ((low ^ n->low) & mask64(low_bits)) == 0;
}

const char *value_network(struct span text, struct conf_network *ret)
{
	struct conf_address a = {0};
	struct span name = text;
	bool has_bits = span_take_until(&text, '/', &name);
	unsigned bits = 0;

	if (!value_address(name, &a) || a.scope != 0)
		return BAD_NETWORK;
	unsigned width = span_find(name, ':') < 0 ? 32 : 128;

	if (has_bits && (!span_take_number(&text, 1, 3, &bits) || text.len > 0 || bits > width))
		return BAD_NETWORK;
	if (!has_bits)
		bits = width;
	struct conf_network n = {
		.high = a.high, .low = a.low, .bits = (uint8_t)(bits + 128 - width)};

	if ((n.high & ~mask64(n.bits)) || (n.low & ~mask64(n.bits > 64 ? n.bits - 64U : 0)))
		return "has bits set behind its prefix; write the network's first address";
	*ret = n;
	return NULL;
}
