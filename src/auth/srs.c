#include "auth/srs.h"
#include "auth/base64.h"
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define DAYS      1024U /* what the two characters of the day can tell */
#define LOCAL_MAX 64U
#define DAY       86400
#define PARTS_MAX 1024U /* bytes of what is signed */
#define HASH_MOST 28U   /* characters of a whole SHA-1 in base64 */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* What is signed: the parts one behind the other, in lower case: relays may change the case of a local part. */
struct parts {
	struct span at[3];
};

/*
 * HMAC-SHA1 in base64, of which the first characters are used: as the reference (Mail::SRS), libsrs2
 * and postsrsd have it, so that either may follow the other with the same secret.
 */
static bool make_hash(struct span secret, const struct parts *p, struct buf *out)
{
	unsigned char text[PARTS_MAX], digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	size_t len = 0;

	for (size_t i = 0; i < sizeof p->at / sizeof p->at[0]; i++) {
		if (p->at[i].len > sizeof text - len)
			return false;
		for (size_t k = 0; k < p->at[i].len; k++)
			text[len++] = (unsigned char)byte_lower(p->at[i].at[k]);
	}
	return HMAC(EVP_sha1(), secret.at, (int)secret.len, text, len, digest, &digest_len) &&
	       base64_encode(span_of(digest, digest_len), out) == 0;
}

/* In time that does not tell how far they agree; letters are equal in either case. */
static bool is_equal(struct span given, struct span right)
{
	unsigned differ = given.len > right.len;

	for (size_t k = 0; k < given.len && k < right.len; k++)
		differ |= (unsigned)((unsigned char)byte_lower(given.at[k]) ^
				     (unsigned char)byte_lower(right.at[k]));
	return differ == 0;
}

/* One that is longer than ours is as good, if all of it is right. */
static bool is_hash(const struct srs *s, struct span given, const struct parts *p)
{
	bool is_one = false;

	for (size_t i = 0; i < s->n && given.len >= s->hash_len; i++) {
		struct buf right = BUF_INIT(HASH_MOST);

		is_one |= make_hash(s->secrets[i], p, &right) && is_equal(given, buf_span(&right));
		buf_done(&right);
	}
	return is_one;
}

/* "SRS0=HASH=" and so on; the secret that signs is the first. */
static bool put_tag(const struct srs *s, const char *tag, const struct parts *p, struct buf *local)
{
	struct buf hash = BUF_INIT(HASH_MOST);
	bool good = make_hash(s->secrets[0], p, &hash);

	if (good)
		(void)buf_printf(local, "%s=%.*s=", tag, (int)s->hash_len, hash.at);
	buf_done(&hash);
	return good;
}

static void write_day(int64_t now_seconds, char out[2])
{
	uint64_t day = (uint64_t)(now_seconds / DAY) % DAYS;

	out[0] = digits[day >> 5];
	out[1] = digits[day & 31];
}

static bool read_day(struct span text, unsigned *ret)
{
	unsigned day = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		const char *at =
			memchr(digits, c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c, sizeof digits - 1);

		if (!at)
			return false;
		day = day << 5 | (unsigned)(at - digits);
	}
	*ret = day;
	return text.len == 2;
}

/* True, and what follows, where it begins as SRS0 and SRS1 do, with one of the usual separators. */
static bool take_tag(struct span *local, const char *tag)
{
	struct span rest = *local;

	if (!span_take_nocase(&rest, span_str(tag)) || rest.len == 0 ||
		(rest.at[0] != '=' && rest.at[0] != '+' && rest.at[0] != '-'))
		return false;
	*local = rest;
	return true;
}

/* ---- out ---- */

static bool split(struct span address, struct span *ret_local, struct span *ret_domain)
{
	for (size_t i = address.len; i-- > 1;)
		if (address.at[i] == '@') {
			*ret_local = span_slice(address, 0, i);
			*ret_domain = span_slice(address, i + 1, address.len);
			return ret_domain->len > 0 && address.at[0] != '"' &&
			       span_find(*ret_domain, '[') < 0 && span_find(*ret_domain, '=') < 0 &&
			       span_find(address, '\0') < 0;
		}
	return false;
}

static int put(const struct srs *s, size_t least, struct buf *out, const struct buf *local)
{
	if (local->error || local->len > LOCAL_MAX || local->len < least)
		return -EMSGSIZE;
	size_t before = out->len;

	(void)buf_add(out, buf_span(local));
	(void)buf_add_byte(out, '@');
	if (buf_add(out, s->domain) == 0)
		return 0;
	out->len = before;
	return out->error;
}

/* "SRS1=HASH=host=" and the rest of what another forwarder made, its separator first. */
static int wrap_again(const struct srs *s, struct span host, struct span rest, struct buf *local)
{
	if (!put_tag(s, "SRS1", &(struct parts){{host, rest}}, local))
		return -EMSGSIZE;
	return buf_printf(local, "%.*s=%.*s", SPAN_F(host), SPAN_F(rest));
}

static int wrap_first(const struct srs *s, struct span local_part, struct span domain,
	int64_t now_seconds, struct buf *local)
{
	char day[2];

	write_day(now_seconds, day);
	if (!put_tag(s, "SRS0", &(struct parts){{span_of(day, sizeof day), domain, local_part}},
		    local))
		return -EMSGSIZE;
	return buf_printf(local, "%.2s=%.*s=%.*s", day, SPAN_F(domain), SPAN_F(local_part));
}

/* Takes "=HHHH=host=rest" of an SRS1 apart: the hash is its maker's. */
static bool read_again(
	struct span after, struct span *ret_hash, struct span *ret_host, struct span *ret_rest)
{
	after = span_slice(after, 1, after.len);
	return span_take_until(&after, '=', ret_hash) && span_take_until(&after, '=', ret_host) &&
	       ret_host->len > 0 && (*ret_rest = after).len > 1;
}

int srs_wrap(const struct srs *s, struct span sender, int64_t now_seconds, struct buf *out)
{
	struct span local_part, domain, hash, host, rest;
	struct buf local = BUF_INIT(512);

	if (s->n == 0 || now_seconds < 0 || !split(sender, &local_part, &domain))
		return -EINVAL;
	struct span after = local_part;

	if (take_tag(&after, "SRS0") && after.len > 1)
		(void)wrap_again(s, domain, after, &local);
	else if (take_tag(&after, "SRS1") && after.len > 1 &&
		 read_again(after, &hash, &host, &rest))
		(void)wrap_again(s, host, rest, &local);
	else
		(void)wrap_first(s, local_part, domain, now_seconds, &local);
	int rc = put(s, 1, out, &local);

	buf_done(&local);
	return rc;
}

/* ---- back ---- */

/* A day too new is a clock that was set back a little; more is none of ours. */
static bool is_fresh(const struct srs *s, unsigned day, int64_t now_seconds)
{
	unsigned today = (unsigned)((uint64_t)(now_seconds / DAY) % DAYS);
	unsigned age = (today + DAYS - day) % DAYS;

	return age <= s->max_age || age == DAYS - 1;
}

static enum srs_verdict unwrap_first(
	const struct srs *s, struct span after, int64_t now_seconds, struct buf *out)
{
	struct span rest = span_slice(after, 1, after.len), hash, day_text, domain;
	unsigned day;

	if (!span_take_until(&rest, '=', &hash))
		return SRS_WRONG;
	if (!span_take_until(&rest, '=', &day_text) || !span_take_until(&rest, '=', &domain) ||
		domain.len == 0 || rest.len == 0)
		return SRS_WRONG;
	if (!is_hash(s, hash, &(struct parts){{day_text, domain, rest}}) ||
		!read_day(day_text, &day))
		return SRS_WRONG;
	if (!is_fresh(s, day, now_seconds))
		return SRS_EXPIRED;
	return buf_printf(out, "%.*s@%.*s", SPAN_F(rest), SPAN_F(domain)) == 0 ? SRS_RIGHT
									       : SRS_WRONG;
}

/* Back to the forwarder that wrapped it first; its age is that one's business. */
static enum srs_verdict unwrap_again(const struct srs *s, struct span after, struct buf *out)
{
	struct span hash, host, rest;

	if (!read_again(after, &hash, &host, &rest) ||
		!is_hash(s, hash, &(struct parts){{host, rest}}))
		return SRS_WRONG;
	return buf_printf(out, "SRS0%.*s@%.*s", SPAN_F(rest), SPAN_F(host)) == 0 ? SRS_RIGHT
										 : SRS_WRONG;
}

enum srs_verdict srs_unwrap(
	const struct srs *s, struct span local, int64_t now_seconds, struct buf *out)
{
	struct span after = local;

	if (now_seconds < 0)
		now_seconds = 0;
	if (take_tag(&after, "SRS0"))
		return unwrap_first(s, after, now_seconds, out);
	if (take_tag(&after, "SRS1"))
		return unwrap_again(s, after, out);
	return SRS_NONE;
}

bool srs_looks_like(struct span local)
{
	return take_tag(&local, "SRS0") || take_tag(&local, "SRS1");
}
