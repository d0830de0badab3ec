#include "wire/proxy.h"

/* Section 2.1: at most 107 bytes with CRLF. */
#define LINE_MAX_LEN 107U
#define HEAD_LEN     16U

static const struct span signature = SPAN_LIT("\r\n\r\n\0\r\nQUIT\n");

static enum wire_proxy_found wrong(const char *why, const char **ret_why)
{
	*ret_why = why;
	return WIRE_PROXY_WRONG;
}

/* A decimal number without leading zeros, 0..65535. */
static bool read_port(struct span text, uint16_t *ret)
{
	unsigned n;

	if (text.len > 1 && text.at[0] == '0')
		return false;
	if (!span_take_number(&text, 1, 5, &n) || text.len > 0 || n > 65535)
		return false;
	*ret = (uint16_t)n;
	return true;
}

static bool read_ip(struct span text, bool is_v4, struct wire_ip *ret)
{
	bool has_colon = span_find(text, ':') >= 0;

	return has_colon != is_v4 && wire_ip_read(text, ret) == 0;
}

/*
 * proxy-v1 = "PROXY" SP ( "TCP4" / "TCP6" ) SP source SP destination SP port SP port CRLF
 *          / "PROXY" SP "UNKNOWN" *any CRLF
 */
static enum wire_proxy_found read_line(struct span line, struct wire_proxy *ret, const char **why)
{
	struct span words[5], kind;
	struct wire_ip destination;
	uint16_t destination_port;

	(void)span_take_span(&line, SPAN_LIT("PROXY "));
	if (span_equal(line, SPAN_LIT("UNKNOWN")) || span_starts(line, SPAN_LIT("UNKNOWN ")))
		return WIRE_PROXY_HEADER;
	for (size_t i = 0; i < 4; i++)
		if (!span_take_until(&line, ' ', &words[i]))
			return wrong("its line has too few words", why);
	words[4] = span_take_until(&line, ' ', &kind) ? (struct span){0} : line;
	kind = words[0];
	bool is_v4 = span_equal(kind, SPAN_LIT("TCP4"));

	if (!is_v4 && !span_equal(kind, SPAN_LIT("TCP6")))
		return wrong("its protocol is not TCP4, TCP6 or UNKNOWN", why);
	if (!read_ip(words[1], is_v4, &ret->client) || !read_ip(words[2], is_v4, &destination))
		return wrong("an address in it is none", why);
	if (!read_port(words[3], &ret->port) || !read_port(words[4], &destination_port))
		return wrong("a port in it is none", why);
	ret->has_client = true;
	return WIRE_PROXY_HEADER;
}

static enum wire_proxy_found read_v1(struct span in, struct wire_proxy *ret, const char **why)
{
	ptrdiff_t lf = span_find(span_slice(in, 0, LINE_MAX_LEN), '\n');

	if (lf < 0)
		return in.len < LINE_MAX_LEN ? WIRE_PROXY_MORE
					     : wrong("its line does not end", why);
	if (lf < 1 || in.at[lf - 1] != '\r')
		return wrong("its line ends without CR", why);
	ret->len = (size_t)lf + 1;
	return read_line(span_slice(in, 0, (size_t)lf - 1), ret, why);
}

static unsigned big_endian(const char *at)
{
	return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

/* source address, destination address, source port, destination port */
static enum wire_proxy_found read_addresses(
	struct span at, size_t ip_len, struct wire_proxy *ret, const char **why)
{
	if (at.len < 2 * ip_len + 4)
		return wrong("its addresses are cut off", why);
	if (ip_len == 16) {
		/* ::ffff:192.0.2.1 is 192.0.2.1, here too. */
		static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
		bool is_v4 = memcmp(at.at, mapped, sizeof mapped) == 0;

		ret->client = (struct wire_ip){.is_v4 = is_v4};
		memcpy(ret->client.bytes, at.at + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
	} else {
		ret->client = (struct wire_ip){.is_v4 = true};
		memcpy(ret->client.bytes, at.at, 4);
	}
	ret->port = (uint16_t)big_endian(at.at + 2 * ip_len);
	ret->has_client = true;
	return WIRE_PROXY_HEADER;
}

/* Section 2.2: signature, version and command, family and protocol, length; then addresses, TLVs. */
static enum wire_proxy_found read_v2(struct span in, struct wire_proxy *ret, const char **why)
{
	if (in.len < HEAD_LEN)
		return WIRE_PROXY_MORE;
	unsigned version = (unsigned char)in.at[12] >> 4, command = (unsigned char)in.at[12] & 15,
		 kind = (unsigned char)in.at[13];
	size_t len = big_endian(in.at + 14);

	if (version != 2)
		return wrong("its version is not 2", why);
	if (command > 1)
		return wrong("its command is neither LOCAL nor PROXY", why);
	if (HEAD_LEN + len > WIRE_PROXY_MAX)
		return wrong("it is too long", why);
	if (in.len < HEAD_LEN + len)
		return WIRE_PROXY_MORE;
	struct span rest = span_slice(in, HEAD_LEN, len);

	ret->len = HEAD_LEN + len;
	if (command == 0 || kind >> 4 == 0)
		return WIRE_PROXY_HEADER;
	switch (kind) {
	case 0x11:
		return read_addresses(rest, 4, ret, why);
	case 0x21:
		return read_addresses(rest, 16, ret, why);
	default:
		return wrong("its client came neither by TCP over IPv4 nor IPv6", why);
	}
}

enum wire_proxy_found wire_proxy_read(struct span in, struct wire_proxy *ret, const char **ret_why)
{
	const struct span v1 = SPAN_LIT("PROXY ");
	struct wire_proxy p = {0};
	enum wire_proxy_found found;

	if (span_starts(in, v1))
		found = read_v1(in, &p, ret_why);
	else if (span_starts(in, signature))
		found = read_v2(in, &p, ret_why);
	else if (span_starts(v1, in) || span_starts(signature, in))
		return WIRE_PROXY_MORE;
	else
		return wrong("it is none", ret_why);
	if (found == WIRE_PROXY_HEADER)
		*ret = p;
	return found;
}
