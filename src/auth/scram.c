#include "auth/scram.h"
#include "auth/base64.h"
#include "base/utf8.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#define NAME_MAX_CODED 1024U

/* printable = %x21-2B / %x2D-7E */
static bool is_nonce(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x21 || s.at[i] > 0x7e || s.at[i] == ',')
			return false;
	return s.len > 0 && s.len <= SCRAM_NONCE_MAX;
}

/* The next attribute "x=value", and the comma behind it. */
static bool take_attribute(struct span *s, char name, struct span *ret)
{
	struct span rest = *s, value;

	if (!span_take(&rest, name) || !span_take(&rest, '='))
		return false;
	if (!span_take_until(&rest, ',', &value)) {
		value = rest;
		rest = span_slice(rest, rest.len, 0);
	}
	*s = rest;
	*ret = value;
	return true;
}

/* gs2-cbind-flag = ("p=" cb-name) / "n" / "y" */
static bool read_flag(struct span *s, enum scram_binding *ret)
{
	struct span flag;

	if (!span_take_until(s, ',', &flag))
		return false;
	if (span_equal(flag, SPAN_LIT("n")))
		*ret = SCRAM_BINDING_NONE;
	else if (span_equal(flag, SPAN_LIT("y")))
		*ret = SCRAM_BINDING_NOT_OFFERED;
	else if (span_equal(flag, SPAN_LIT("p=tls-server-end-point")))
		*ret = SCRAM_BINDING_END_POINT;
	else if (span_equal(flag, SPAN_LIT("p=tls-exporter")))
		*ret = SCRAM_BINDING_EXPORTER;
	else
		return false;
	return true;
}

int scram_first_read(struct span message, struct scram_first *ret)
{
	struct scram_first f = {0};
	struct span rest = message, as = {0}, more;

	if (!utf8_is_valid(message) || !read_flag(&rest, &f.binding))
		return -EBADMSG;
	if (!span_take(&rest, ',') && !take_attribute(&rest, 'a', &as))
		return -EBADMSG;
	f.gs2 = span_of(message.at, message.len - rest.len);
	/* The comma of the header must be there, even where an attribute ended it. */
	if (f.gs2.at[f.gs2.len - 1] != ',')
		return -EBADMSG;
	f.bare = rest;
	if (!take_attribute(&rest, 'n', &f.name) || f.name.len == 0 || f.name.len > NAME_MAX_CODED)
		return -EBADMSG;
	if (!take_attribute(&rest, 'r', &f.nonce) || !is_nonce(f.nonce))
		return -EBADMSG;
	if (as.len > 0 && !span_equal(as, f.name))
		return -EBADMSG;
	/* Extensions that need not be understood: x=value. "m=" must be, and none is known. */
	while (rest.len > 0)
		if (!byte_is_alpha(rest.at[0]) || rest.at[0] == 'm' ||
			!take_attribute(&rest, rest.at[0], &more))
			return -EBADMSG;
	*ret = f;
	return 0;
}

int scram_name(struct span name, struct buf *out)
{
	size_t before = out->len;

	while (name.len > 0) {
		char c = name.at[0];

		if (c == 0 || (c == '=' && name.len < 3)) {
			out->len = before;
			return -EBADMSG;
		}
		if (span_take_span(&name, SPAN_LIT("=2C"))) {
			c = ',';
		} else if (span_take_span(&name, SPAN_LIT("=3D"))) {
			c = '=';
		} else if (c == '=') {
			out->len = before;
			return -EBADMSG;
		} else {
			(void)span_take(&name, c);
		}
		(void)buf_add_byte(out, c);
	}
	return out->error;
}

int scram_challenge(const struct scram_first *first, struct span nonce, struct span salt,
	uint32_t iterations, struct buf *out)
{
	(void)buf_add(out, SPAN_LIT("r="));
	(void)buf_add(out, first->nonce);
	(void)buf_add(out, nonce);
	(void)buf_add(out, SPAN_LIT(",s="));
	(void)base64_encode(salt, out);
	return buf_printf(out, ",i=%u", iterations);
}

static bool read_key(struct span text, unsigned char out[SCRAM_KEY])
{
	struct buf b = BUF_INIT(SCRAM_KEY);
	bool good = base64_decode(text, &b) == 0 && b.len == SCRAM_KEY;

	if (good)
		memcpy(out, b.at, SCRAM_KEY);
	buf_done(&b);
	return good;
}

int scram_final_read(struct span message, struct scram_final *ret)
{
	struct scram_final f = {0};
	struct span rest = message, proof, more;

	if (!take_attribute(&rest, 'c', &f.binding) || !take_attribute(&rest, 'r', &f.nonce))
		return -EBADMSG;
	while (rest.len > 0 && rest.at[0] != 'p')
		if (!byte_is_alpha(rest.at[0]) || rest.at[0] == 'm' ||
			!take_attribute(&rest, rest.at[0], &more))
			return -EBADMSG;
	if (rest.len == 0 || rest.at[0] != 'p')
		return -EBADMSG;
	f.without_proof = span_of(message.at, message.len - rest.len - 1);
	/* The proof is the end: nothing stands behind it, not even a comma. */
	if (span_find(rest, ',') >= 0 || !take_attribute(&rest, 'p', &proof) ||
		!read_key(proof, f.proof))
		return -EBADMSG;
	*ret = f;
	return 0;
}

bool scram_is_bound(const struct scram_final *f, struct span gs2, struct span data)
{
	struct buf said = BUF_INIT(SCRAM_BINDING_MAX + NAME_MAX_CODED + 64);
	bool is_it = base64_decode(f->binding, &said) == 0 && said.len == gs2.len + data.len &&
		     memcmp(said.at, gs2.at, gs2.len) == 0 &&
		     (data.len == 0 || memcmp(said.at + gs2.len, data.at, data.len) == 0);

	buf_done(&said);
	return is_it;
}

int scram_message(const struct scram_first *first, struct span challenge,
	const struct scram_final *final, struct buf *out)
{
	(void)buf_add(out, first->bare);
	(void)buf_add_byte(out, ',');
	(void)buf_add(out, challenge);
	(void)buf_add_byte(out, ',');
	return buf_add(out, final->without_proof);
}

/* ---- keys ---- */

static bool sign(const unsigned char key[SCRAM_KEY], struct span text, unsigned char out[SCRAM_KEY])
{
	unsigned len = 0;

	return HMAC(EVP_sha256(), key, (int)SCRAM_KEY, (const unsigned char *)text.at, text.len,
		       out, &len) != NULL &&
	       len == SCRAM_KEY;
}

bool scram_prove(const struct scram_keys *keys, struct span message,
	const unsigned char proof[SCRAM_KEY], unsigned char ret_signature[SCRAM_KEY])
{
	unsigned char client[SCRAM_KEY], hash[SCRAM_KEY], server[SCRAM_KEY];
	bool is_it = sign(keys->stored, message, client) && sign(keys->server, message, server);

	for (size_t i = 0; i < SCRAM_KEY; i++)
		client[i] ^= proof[i];
	is_it &= SHA256(client, SCRAM_KEY, hash) != NULL;
	is_it &= CRYPTO_memcmp(hash, keys->stored, SCRAM_KEY) == 0;
	if (is_it)
		memcpy(ret_signature, server, SCRAM_KEY);
	OPENSSL_cleanse(client, sizeof client);
	return is_it;
}

bool scram_derive(
	struct span password, struct span salt, uint32_t iterations, struct scram_keys *ret)
{
	unsigned char salted[SCRAM_KEY], client[SCRAM_KEY];
	struct scram_keys k = {.salt_len = salt.len, .iterations = iterations};

	if (salt.len == 0 || salt.len > SCRAM_SALT_MAX || iterations == 0)
		return false;
	memcpy(k.salt, salt.at, salt.len);
	bool good = PKCS5_PBKDF2_HMAC(password.at, (int)password.len, k.salt, (int)k.salt_len,
			    (int)iterations, EVP_sha256(), SCRAM_KEY, salted) == 1 &&
		    sign(salted, SPAN_LIT("Client Key"), client) &&
		    SHA256(client, SCRAM_KEY, k.stored) != NULL &&
		    sign(salted, SPAN_LIT("Server Key"), k.server);

	OPENSSL_cleanse(salted, sizeof salted);
	OPENSSL_cleanse(client, sizeof client);
	if (good)
		*ret = k;
	return good;
}

int scram_keys_read(struct span text, struct scram_keys *ret)
{
	struct scram_keys k = {0};
	struct buf salt = BUF_INIT(SCRAM_SALT_MAX);
	struct span part;
	uint64_t n;
	bool good = span_take_u64(&text, &n) && n > 0 && n <= SCRAM_ITERATIONS_MAX;
	bool is_dovecot = good && span_take(&text, ',');

	good = good && (is_dovecot || span_take(&text, ':')) &&
	       span_take_until(&text, is_dovecot ? ',' : '$', &part) &&
	       base64_decode(part, &salt) == 0 && salt.len > 0 &&
	       span_take_until(&text, is_dovecot ? ',' : ':', &part) && read_key(part, k.stored) &&
	       read_key(text, k.server);
	if (good) {
		k.iterations = (uint32_t)n;
		k.salt_len = salt.len;
		memcpy(k.salt, salt.at, salt.len);
		*ret = k;
	}
	buf_done(&salt);
	return good ? 0 : -EBADMSG;
}
