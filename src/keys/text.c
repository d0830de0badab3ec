#include "keys/text.h"

#define RANDOMS 64U

/*
 * RFC 8446 4.4.3: 64 spaces, "TLS 1.3, server CertificateVerify", a zero byte, the transcript's
 * hash (SHA-256 or SHA-384).
 */
static bool is_verify(struct span text)
{
	static const struct span context = SPAN_LIT("TLS 1.3, server CertificateVerify\0");

	for (size_t i = 0; i < RANDOMS; i++)
		if (text.at[i] != ' ')
			return false;
	struct span rest = span_slice(text, RANDOMS, text.len);

	return span_take_span(&rest, context) && (rest.len == 32 || rest.len == 48);
}

/*
 * RFC 8422 5.4: both randoms, then curve_type named_curve (3), the curve's number, and the point with
 * its length in front.
 */
static bool is_exchange(struct span text)
{
	const unsigned char *p = (const unsigned char *)text.at + RANDOMS;

	return p[0] == 3 && p[3] > 0 && text.len == RANDOMS + 4U + p[3];
}

bool keys_is_handshake(struct span text)
{
	return text.len > RANDOMS + 4 && (is_verify(text) || is_exchange(text));
}
