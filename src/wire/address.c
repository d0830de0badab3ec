#include "wire/address.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Snum 3("." Snum); an Snum is 0..255 without leading zeros. */
static bool take_v4(struct span *s, uint8_t out[4])
{
	struct span rest = *s;

	for (int i = 0; i < 4; i++) {
		unsigned n;

		if (i > 0 && !span_take(&rest, '.'))
			return false;
		bool has_zero = rest.len > 1 && rest.at[0] == '0' && byte_is_digit(rest.at[1]);

		if (has_zero || !span_take_number(&rest, 1, 3, &n) || n > 255)
			return false;
		out[i] = (uint8_t)n;
	}
	*s = rest;
	return true;
}

static int hex_value(char c)
{
	c = byte_lower(c);
	return byte_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 1*4HEXDIG */
static bool take_group(struct span *s, uint8_t out[2])
{
	unsigned value = 0;
	size_t n = 0;

	for (; n < 4 && n < s->len && hex_value(s->at[n]) >= 0; n++)
		value = value << 4 | (unsigned)hex_value(s->at[n]);
	if (n == 0)
		return false;
	*s = span_slice(*s, n, s->len);
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)(value & 255);
	return true;
}

/*
 * Groups separated by single colons, the last 32 bits perhaps as IPv4; up to room bytes. Returns
 * bytes written, or -1. A "::" behind the groups is left alone.
 */
static int take_groups(struct span *s, uint8_t *out, size_t room)
{
	size_t n = 0;

	while (s->len > 0 && s->at[0] != ':') {
		struct span v4 = *s;

		if (room - n >= 4 && take_v4(&v4, out + n) && v4.len == 0) {
			*s = v4;
			return (int)n + 4;
		}
		if (room - n < 2 || !take_group(s, out + n))
			return -1;
		n += 2;
		if (s->len == 0 || span_starts(*s, SPAN_LIT("::")))
			break;
		if (!span_take(s, ':') || s->len == 0)
			return -1;
	}
	return (int)n;
}

/*
 * RFC 5321 4.1.3, RFC 4291 2.2: eight groups, or fewer with one "::" among them that stands for at
 * least one group (5321 says two, 4291 allows one; the looser is read).
 */
static bool read_v6(struct span s, uint8_t out[16])
{
	uint8_t head[16] = {0}, tail[16] = {0};
	int n_head = take_groups(&s, head, 16), n_tail = 0;

	if (n_head < 0)
		return false;
	if (s.len > 0) {
		if (!span_take_span(&s, SPAN_LIT("::")))
			return false;
		n_tail = take_groups(&s, tail, 14 - (size_t)(n_head < 14 ? n_head : 14));
		if (n_tail < 0 || s.len > 0 || n_head + n_tail > 14)
			return false;
	} else if (n_head != 16) {
		return false;
	}
	memset(out, 0, 16);
	memcpy(out, head, (size_t)n_head);
	memcpy(out + 16 - n_tail, tail, (size_t)n_tail);
	return true;
}

static struct wire_ip from_v6(const uint8_t raw[16])
{
	struct wire_ip ip = {0};

	if (memcmp(raw, mapped, sizeof mapped) == 0) {
		ip.is_v4 = true;
		memcpy(ip.bytes, raw + 12, 4);
	} else {
		memcpy(ip.bytes, raw, 16);
	}
	return ip;
}

int wire_ip_read(struct span text, struct wire_ip *ret)
{
	struct wire_ip ip = {.is_v4 = true};
	struct span rest = text;
	uint8_t raw[16];

	if (take_v4(&rest, ip.bytes) && rest.len == 0) {
		*ret = ip;
		return 0;
	}
	if (!read_v6(text, raw))
		return -EBADMSG;
	*ret = from_v6(raw);
	return 0;
}

struct span wire_ip_text(const struct wire_ip *ip, char out[WIRE_IP_TEXT_MAX])
{
	/* glibc's form is that of RFC 5952 but for "::" over one group, which it too leaves alone. */
	if (!inet_ntop(ip->is_v4 ? AF_INET : AF_INET6, ip->bytes, out, WIRE_IP_TEXT_MAX))
		out[0] = '\0';
	return span_str(out);
}

bool wire_ip_equal(const struct wire_ip *a, const struct wire_ip *b)
{
	return a->is_v4 == b->is_v4 && memcmp(a->bytes, b->bytes, a->is_v4 ? 4 : 16) == 0;
}

bool wire_ip_is_loopback(const struct wire_ip *ip)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	return ip->is_v4 ? ip->bytes[0] == 127 : memcmp(ip->bytes, loopback6, 16) == 0;
}

/* The first bits of an address, the others zero. */
static struct wire_ip masked(const struct wire_ip *ip, unsigned bits)
{
	struct wire_ip m = {.is_v4 = ip->is_v4};
	unsigned width = ip->is_v4 ? 4 : 16;

	for (unsigned i = 0; i < width && bits > i * 8; i++) {
		unsigned left = bits - i * 8;

		m.bytes[i] = (uint8_t)(left >= 8 ? ip->bytes[i] : ip->bytes[i] & (0xff00U >> left));
	}
	return m;
}

int wire_network_read(struct span text, struct wire_network *ret)
{
	struct wire_network network;
	struct span address = text;
	bool has_prefix = span_take_until(&text, '/', &address);
	uint64_t bits = 0;

	if (wire_ip_read(address, &network.ip) < 0)
		return -EBADMSG;
	unsigned width = network.ip.is_v4 ? 32 : 128;

	network.prefix = width;
	if (has_prefix) {
		if (!span_take_u64(&text, &bits) || text.len > 0)
			return -EBADMSG;
		/* ::ffff:192.0.2.0/120 is 192.0.2.0/24 */
		if (network.ip.is_v4 && span_find(address, ':') >= 0)
			bits = bits < 96 ? UINT64_MAX : bits - 96;
		if (bits > width)
			return -EBADMSG;
		network.prefix = (unsigned)bits;
	}
	struct wire_ip m = masked(&network.ip, network.prefix);

	if (!wire_ip_equal(&m, &network.ip))
		return -EINVAL;
	*ret = network;
	return 0;
}

bool wire_network_has(const struct wire_network *network, const struct wire_ip *ip)
{
	struct wire_ip m = masked(ip, network->prefix);

	return wire_ip_equal(&m, &network->ip);
}

struct span wire_network_text(const struct wire_network *network, char out[WIRE_NETWORK_TEXT_MAX])
{
	char ip[WIRE_IP_TEXT_MAX];

	(void)wire_ip_text(&network->ip, ip);
	(void)snprintf(out, WIRE_NETWORK_TEXT_MAX, "%s/%u", ip, network->prefix % 1000);
	return span_str(out);
}

struct wire_network wire_ip_network(const struct wire_ip *ip)
{
	unsigned prefix = ip->is_v4 ? 24 : 64;

	return (struct wire_network){.ip = masked(ip, prefix), .prefix = prefix};
}

static bool is_host(struct span host)
{
	for (size_t i = 0; i < host.len; i++)
		if ((unsigned char)host.at[i] <= ' ' || host.at[i] == 0x7f || host.at[i] == '[' ||
			host.at[i] == ']' || host.at[i] == ':' || host.at[i] == '/')
			return false;
	return host.len > 0 && host.len <= 255;
}

int wire_endpoint_read(struct span text, bool may_be_zero, struct wire_endpoint *ret)
{
	struct wire_endpoint e = {0};
	bool has_brackets = span_take(&text, '[');
	unsigned port;

	if (!span_take_until(&text, has_brackets ? ']' : ':', &e.host) ||
		(has_brackets && !span_take(&text, ':')))
		return -EBADMSG;
	if (!span_take_number(&text, 1, 5, &port) || text.len > 0 || port > UINT16_MAX ||
		(port == 0 && !may_be_zero))
		return -EBADMSG;
	e.port = (uint16_t)port;
	e.is_ip = wire_ip_read(e.host, &e.ip) == 0;
	if (!e.is_ip && (has_brackets || !is_host(e.host)))
		return -EBADMSG;
	*ret = e;
	return 0;
}

struct span wire_endpoint_text(
	const struct wire_ip *ip, uint16_t port, char out[WIRE_ENDPOINT_TEXT_MAX])
{
	char text[WIRE_IP_TEXT_MAX];

	(void)wire_ip_text(ip, text);
	(void)snprintf(out, WIRE_ENDPOINT_TEXT_MAX, ip->is_v4 ? "%s:%u" : "[%s]:%u", text, port);
	return span_str(out);
}

int wire_ip_from_sockaddr(const struct sockaddr *from, struct wire_ip *ret_ip, uint16_t *ret_port)
{
	if (from->sa_family == AF_INET) {
		struct sockaddr_in in;
		struct wire_ip ip = {.is_v4 = true};

		memcpy(&in, from, sizeof in);
		memcpy(ip.bytes, &in.sin_addr, 4);
		*ret_ip = ip;
		*ret_port = ntohs(in.sin_port);
		return 0;
	}
	if (from->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, from, sizeof in6);
		*ret_ip = from_v6(in6.sin6_addr.s6_addr);
		*ret_port = ntohs(in6.sin6_port);
		return 0;
	}
	return -EAFNOSUPPORT;
}

size_t wire_ip_to_sockaddr(const struct wire_ip *ip, uint16_t port, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof *to);
	if (ip->is_v4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

		memcpy(&in.sin_addr, ip->bytes, 4);
		memcpy(to, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memcpy(&in6.sin6_addr, ip->bytes, 16);
	memcpy(to, &in6, sizeof in6);
	return sizeof in6;
}

bool wire_ip_is_private(const struct wire_ip *ip)
{
	static const char *const nets[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
		"100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"};

	for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
		struct wire_network n;

		if (wire_network_read(span_str(nets[i]), &n) == 0 && wire_network_has(&n, ip))
			return true;
	}
	return false;
}
