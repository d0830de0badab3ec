#include "auth/sasl_client.h"
#include "auth/base64.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

#define SAID_MAX      ((size_t)8192)
#define CHALLENGE_MAX 4096U

void sasl_client_begin(struct sasl_client *c, enum sasl_mechanism m, struct span user,
	struct span password, const unsigned char random[SASL_CLIENT_NONCE])
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	*c = (struct sasl_client){
		.mechanism = m, .user = user, .password = password, .said = BUF_INIT(SAID_MAX)};
	for (size_t i = 0; i < SASL_CLIENT_NONCE; i++)
		c->nonce[i] = letters[random[i] % 64];
}

void sasl_client_end(struct sasl_client *c)
{
	OPENSSL_cleanse(c->server, sizeof c->server);
	buf_done(&c->said);
}

bool sasl_client_begins(const struct sasl_client *c)
{
	return c->mechanism != SASL_LOGIN;
}

/* ---- SCRAM (RFC 5802 3, 5) ---- */

/* saslname: "," and "=" are written as =2C and =3D. */
static void add_name(struct span name, struct buf *out)
{
	for (size_t i = 0; i < name.len; i++) {
		char at = name.at[i];

		if (at == ',' || at == '=')
			(void)buf_add_str(out, at == ',' ? "=2C" : "=3D");
		else
			(void)buf_add_byte(out, at);
	}
}

static int first_message(struct sasl_client *c, struct buf *out)
{
	(void)buf_add_str(&c->said, "n=");
	add_name(c->user, &c->said);
	(void)buf_add_str(&c->said, ",r=");
	(void)buf_add_str(&c->said, c->nonce);
	(void)buf_add_str(out, "n,,");
	return buf_add(out, buf_span(&c->said));
}

struct server_first {
	struct span nonce, salt;
	unsigned rounds;
};

/* One "x=value", up to a comma or the end. */
static bool take_attribute(struct span *s, char name, struct span *ret)
{
	if (s->len < 2 || s->at[0] != name || s->at[1] != '=')
		return false;
	*s = span_slice(*s, 2, s->len);
	if (!span_take_until(s, ',', ret)) {
		*ret = *s;
		*s = span_slice(*s, s->len, 0);
	}
	return true;
}

/* server-first = nonce "," salt "," iteration-count ["," extensions]; "m=" first: not for us. */
static bool read_first(const struct sasl_client *c, struct span in, struct server_first *ret)
{
	struct span rounds;
	size_t own = strlen(c->nonce);

	if (!take_attribute(&in, 'r', &ret->nonce) || !take_attribute(&in, 's', &ret->salt) ||
		!take_attribute(&in, 'i', &rounds))
		return false;
	if (ret->nonce.len <= own || ret->nonce.len > own + SCRAM_NONCE_MAX ||
		memcmp(ret->nonce.at, c->nonce, own) != 0)
		return false;
	return span_take_number(&rounds, 1, 7, &ret->rounds) && rounds.len == 0 &&
	       ret->rounds >= SCRAM_ITERATIONS_MIN && ret->rounds <= SCRAM_ITERATIONS_MAX;
}

static bool hmac(const unsigned char key[SCRAM_KEY], struct span text, unsigned char out[SCRAM_KEY])
{
	unsigned len = SCRAM_KEY;

	return HMAC(EVP_sha256(), key, (int)SCRAM_KEY, (const unsigned char *)text.at, text.len,
		       out, &len) != NULL;
}

/* What the client proves, and what the server must prove then. */
static bool make_proof(struct sasl_client *c, struct span salt, unsigned rounds, struct span said,
	unsigned char proof[SCRAM_KEY])
{
	unsigned char salted[SCRAM_KEY], key[SCRAM_KEY], stored[SCRAM_KEY], signature[SCRAM_KEY];
	bool ok = PKCS5_PBKDF2_HMAC(c->password.at, (int)c->password.len,
			  (const unsigned char *)salt.at, (int)salt.len, (int)rounds, EVP_sha256(),
			  SCRAM_KEY, salted) > 0 &&
		  hmac(salted, SPAN_LIT("Client Key"), key) && SHA256(key, SCRAM_KEY, stored) &&
		  hmac(stored, said, signature) && hmac(salted, SPAN_LIT("Server Key"), stored) &&
		  hmac(stored, said, c->server);

	for (size_t i = 0; ok && i < SCRAM_KEY; i++)
		proof[i] = key[i] ^ signature[i];
	OPENSSL_cleanse(salted, sizeof salted);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(stored, sizeof stored);
	return ok;
}

static int final_message(struct sasl_client *c, struct span challenge, struct buf *out)
{
	struct server_first first;
	struct buf salt = BUF_INIT(SCRAM_SALT_MAX);
	unsigned char proof[SCRAM_KEY];
	size_t from = out->len;

	if (challenge.len > CHALLENGE_MAX || !read_first(c, challenge, &first) ||
		base64_decode(first.salt, &salt) < 0 || salt.len == 0) {
		buf_done(&salt);
		return -EBADMSG;
	}
	(void)buf_printf(out, "c=biws,r=%.*s", SPAN_F(first.nonce));
	(void)buf_printf(&c->said, ",%.*s,%.*s", SPAN_F(challenge),
		SPAN_F(span_slice(buf_span(out), from, out->len)));
	int rc = make_proof(c, buf_span(&salt), first.rounds, buf_span(&c->said), proof) ? 0 : -EIO;

	buf_done(&salt);
	(void)buf_add_str(out, ",p=");
	if (rc == 0)
		rc = base64_encode(span_of((char *)proof, sizeof proof), out);
	return rc;
}

/* server-final = ("e=" error / "v=" base64) */
static int check_server(struct sasl_client *c, struct span challenge)
{
	struct buf signature = BUF_INIT(SCRAM_KEY);
	struct span value;
	bool ok = take_attribute(&challenge, 'v', &value) &&
		  base64_decode(value, &signature) == 0 && signature.len == SCRAM_KEY &&
		  CRYPTO_memcmp(signature.at, c->server, SCRAM_KEY) == 0;

	buf_done(&signature);
	c->is_proved = ok;
	return ok ? 0 : -EBADMSG;
}

static int answer_scram(struct sasl_client *c, struct span challenge, struct buf *out)
{
	switch (c->step++) {
	case 0:
		return first_message(c, out);
	case 1:
		return final_message(c, challenge, out);
	case 2:
		return check_server(c, challenge);
	default:
		return -EBADMSG;
	}
}

int sasl_client_answer(struct sasl_client *c, struct span challenge, struct buf *out)
{
	switch (c->mechanism) {
	case SASL_PLAIN:
		if (c->step++ > 0)
			return -EBADMSG;
		(void)buf_add_byte(out, '\0');
		(void)buf_add(out, c->user);
		(void)buf_add_byte(out, '\0');
		return buf_add(out, c->password);
	case SASL_LOGIN:
		if (c->step >= 2)
			return -EBADMSG;
		return buf_add(out, c->step++ == 0 ? c->user : c->password);
	case SASL_SCRAM_SHA_256:
		return answer_scram(c, challenge, out);
	default:
		return -EBADMSG;
	}
}

bool sasl_client_is_complete(const struct sasl_client *c)
{
	switch (c->mechanism) {
	case SASL_PLAIN:
		return c->step == 1;
	case SASL_LOGIN:
		return c->step == 2;
	default:
		return c->is_proved;
	}
}
