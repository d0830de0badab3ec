#include "auth/password.h"
#include "base/alloc.h"
#include <argon2.h>
#include <crypt.h>
#include <openssl/crypto.h>
#include <stdlib.h>

/* What a stored argon2 hash may ask for: it is the administrator's, but a typo should not hurt. */
#define ARGON2_KIB_MAX    (512U * 1024)
#define ARGON2_PASSES_MAX 64U

static const struct scheme {
	struct span name, begin; /* of what follows it */
	enum password_kind kind;
} schemes[] = {
	{SPAN_LIT("{BLF-CRYPT}"), SPAN_LIT("$2"), PASSWORD_CRYPT},
	{SPAN_LIT("{SHA512-CRYPT}"), SPAN_LIT("$6$"), PASSWORD_CRYPT},
	{SPAN_LIT("{SHA256-CRYPT}"), SPAN_LIT("$5$"), PASSWORD_CRYPT},
	{SPAN_LIT("{CRYPT}"), SPAN_LIT("$y$"), PASSWORD_CRYPT},
	{SPAN_LIT("{ARGON2ID}"), SPAN_LIT("$argon2id$"), PASSWORD_ARGON2},
	{SPAN_LIT("{SCRAM-SHA-256}"), SPAN_LIT("SCRAM-SHA-256$"), PASSWORD_SCRAM},
};

/* The beginning tells, whatever {SCHEME} was written before it. */
static enum password_kind kind_of(struct span hash)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (span_starts(hash, schemes[i].begin))
			return schemes[i].kind;
	return PASSWORD_WRONG;
}

enum password_kind password_kind(struct span stored, struct span *ret_hash)
{
	*ret_hash = stored;
	if (stored.len == 0 || stored.len > PASSWORD_STORED_MAX || span_find(stored, '\0') >= 0)
		return PASSWORD_WRONG;
	if (span_take_nocase(ret_hash, SPAN_LIT("{PLAIN}")))
		return ret_hash->len > 0 ? PASSWORD_PLAIN : PASSWORD_WRONG;
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (span_take_nocase(ret_hash, schemes[i].name))
			break;
	struct scram_keys keys;
	struct span text = *ret_hash;

	(void)span_take_span(&text, SPAN_LIT("SCRAM-SHA-256$"));
	if (scram_keys_read(text, &keys) == 0) {
		*ret_hash = text;
		return PASSWORD_SCRAM;
	}
	enum password_kind kind = kind_of(*ret_hash);

	return kind == PASSWORD_SCRAM ? PASSWORD_WRONG : kind;
}

static bool is_crypt(const char *stored, const char *password)
{
	struct crypt_data *d = alloc_zero(sizeof *d);
	/* Not crypt_r, in whose place ASan puts its own, and then libcrypt is not linked at all. */
	const char *made = crypt_rn(password, stored, d, (int)sizeof *d);
	size_t len = strlen(stored);
	bool is_it = made && strlen(made) == len && CRYPTO_memcmp(made, stored, len) == 0;

	OPENSSL_cleanse(d, sizeof *d);
	free(d);
	return is_it;
}

/* $argon2id$v=19$m=65536,t=3,p=4$... */
static bool is_argon2(const char *stored, struct span password)
{
	struct span rest = span_str(stored), version;
	uint64_t memory = 0, passes = 0;

	if (!span_take_span(&rest, SPAN_LIT("$argon2id$")) ||
		!span_take_until(&rest, '$', &version) || !span_take_span(&rest, SPAN_LIT("m=")) ||
		!span_take_u64(&rest, &memory) || !span_take_span(&rest, SPAN_LIT(",t=")) ||
		!span_take_u64(&rest, &passes) || memory > ARGON2_KIB_MAX ||
		passes > ARGON2_PASSES_MAX)
		return false;
	return argon2id_verify(stored, password.at, password.len) == ARGON2_OK;
}

static bool is_scram(struct span stored, struct span password)
{
	struct scram_keys keys, made;

	return scram_keys_read(stored, &keys) == 0 &&
	       scram_derive(password, span_of(keys.salt, keys.salt_len), keys.iterations, &made) &&
	       CRYPTO_memcmp(keys.stored, made.stored, SCRAM_KEY) == 0;
}

static bool is_plain(struct span stored, struct span password)
{
	unsigned char a[SCRAM_KEY], b[SCRAM_KEY];
	struct scram_keys one, other;
	struct span salt = SPAN_LIT("plain");

	/* Hashed first: a comparison as such would tell the length. */
	if (!scram_derive(stored, salt, 1, &one) || !scram_derive(password, salt, 1, &other))
		return false;
	memcpy(a, one.stored, sizeof a);
	memcpy(b, other.stored, sizeof b);
	return CRYPTO_memcmp(a, b, sizeof a) == 0;
}

bool password_check(struct span stored, struct span password, bool may_be_plain)
{
	struct span hash;
	enum password_kind kind = password_kind(stored, &hash);
	struct buf stored_text = BUF_INIT(PASSWORD_STORED_MAX + 1), text = BUF_INIT(2048);
	bool is_it = false;

	(void)buf_add(&stored_text, hash);
	(void)buf_add(&text, password);
	const char *s = buf_cstr(&stored_text), *p = buf_cstr(&text);

	if (s && p && password.len > 0 && span_find(password, '\0') < 0) {
		if (kind == PASSWORD_CRYPT)
			is_it = is_crypt(s, p);
		else if (kind == PASSWORD_ARGON2)
			is_it = is_argon2(s, password);
		else if (kind == PASSWORD_SCRAM)
			is_it = is_scram(hash, password);
		else if (kind == PASSWORD_PLAIN && may_be_plain)
			is_it = is_plain(hash, password);
	}
	if (text.at)
		OPENSSL_cleanse(text.at, text.room);
	buf_done(&text);
	buf_done(&stored_text);
	return is_it;
}
