/*
 * Private keys that are not here: an OpenSSL provider whose keys can do nothing but sign, and do that
 * by asking a struct tls_signer. It lives in a library context of its own, so that OpenSSL finds it
 * by such a key only and never takes it for the algorithms of others. What is public (size, curve,
 * comparing with a certificate) is left to the usual key inside.
 */
#include "base/alloc.h"
#include "task/tls_inner.h"
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>

#define PARAM_KEY "abide-key" /* the bytes of a struct place */

struct place { /* where a key is */
	const struct tls_signer *signer;
	uint32_t number;
};

struct remote {
	const char *type;
	EVP_PKEY *public;
	struct place place; /* signer NULL: a public key only, to compare with */
};

/* ---- keys ---- */

static void *new_remote(const char *type)
{
	struct remote *k = alloc_zero(sizeof *k);

	k->type = type;
	return k;
}

static void *new_rsa(void *provider)
{
	return new_remote("RSA");
}

static void *new_ec(void *provider)
{
	return new_remote("EC");
}

static void *new_ed25519(void *provider)
{
	return new_remote("ED25519");
}

static void free_remote(void *key)
{
	struct remote *k = key;

	if (!k)
		return;
	EVP_PKEY_free(k->public);
	free(k);
}

static int import(void *key, int selection, const OSSL_PARAM params[])
{
	struct remote *k = key;
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, PARAM_KEY);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, k->type, NULL);
	int ok = c && EVP_PKEY_fromdata_init(c) > 0 &&
		 EVP_PKEY_fromdata(
			 c, &k->public, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)params) > 0;

	if (ok && p && p->data_size == sizeof k->place)
		memcpy(&k->place, p->data, sizeof k->place);
	EVP_PKEY_CTX_free(c);
	return ok;
}

/* Nobody else gets to sign with half a key: what has a private part stays here. */
static int export(void *key, int selection, OSSL_CALLBACK *take, void *arg)
{
	struct remote *k = key;

	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && k->place.signer)
		return 0;
	return EVP_PKEY_export(k->public, EVP_PKEY_PUBLIC_KEY, take, arg);
}

static const OSSL_PARAM *moved_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_octet_string(PARAM_KEY, NULL, 0), OSSL_PARAM_END};

	return types;
}

static int has(const void *key, int selection)
{
	const struct remote *k = key;

	return k->public && (!(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || k->place.signer);
}

static int match(const void *a, const void *b, int selection)
{
	const struct remote *x = a, *y = b;

	return EVP_PKEY_eq(x->public, y->public) == 1;
}

static int get_params(void *key, OSSL_PARAM params[])
{
	struct remote *k = key;

	return EVP_PKEY_get_params(k->public, params);
}

static const OSSL_PARAM *gettable_params(void *provider)
{
	static const OSSL_PARAM all[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0), OSSL_PARAM_END};

	return all;
}

static const char *ec_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define FN(id, f)                       \
	{                               \
		id, (void (*)(void))(f) \
	}
#define KEY_FNS(new_fn)                                                                           \
	FN(OSSL_FUNC_KEYMGMT_NEW, new_fn), FN(OSSL_FUNC_KEYMGMT_FREE, free_remote),               \
		FN(OSSL_FUNC_KEYMGMT_IMPORT, import),                                             \
		FN(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, moved_types),                                  \
		FN(OSSL_FUNC_KEYMGMT_EXPORT, export),                                             \
		FN(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, moved_types), FN(OSSL_FUNC_KEYMGMT_HAS, has),  \
		FN(OSSL_FUNC_KEYMGMT_MATCH, match), FN(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params), \
		FN(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params)

static const OSSL_DISPATCH rsa_keys[] = {KEY_FNS(new_rsa), {0, NULL}};
static const OSSL_DISPATCH ec_keys[] = {
	KEY_FNS(new_ec), FN(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, ec_operation), {0, NULL}};
static const OSSL_DISPATCH ed25519_keys[] = {KEY_FNS(new_ed25519), {0, NULL}};
static const OSSL_ALGORITHM keys[] = {
	{"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=abide", rsa_keys, NULL},
	{"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=abide", ec_keys, NULL},
	{"ED25519:1.3.101.112", "provider=abide", ed25519_keys, NULL}, {0}};

/* ---- signatures ---- */

struct signing {
	struct remote *key;
	unsigned bits; /* of the digest; 0: the algorithm has its own */
	bool is_pss;
};

static void *new_signing(void *provider, const char *properties)
{
	return alloc_zero(sizeof(struct signing));
}

static void free_signing(void *signing)
{
	free(signing);
}

static void *copy_signing(void *signing)
{
	return alloc_copy(signing, sizeof(struct signing));
}

static int set_params(void *signing, const OSSL_PARAM params[])
{
	struct signing *s = signing;
	const OSSL_PARAM *p =
		params ? OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE) : NULL;
	int mode;

	if (p && p->data_type == OSSL_PARAM_UTF8_STRING)
		s->is_pss = strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
	else if (p && OSSL_PARAM_get_int(p, &mode))
		s->is_pss = mode == RSA_PKCS1_PSS_PADDING;
	return 1;
}

static const OSSL_PARAM *settable_params(void *signing, void *provider)
{
	static const OSSL_PARAM all[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0), OSSL_PARAM_END};

	return all;
}

static int sign_init(void *signing, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct signing *s = signing;

	s->key = key;
	s->bits = 0;
	if (digest && *digest) {
		EVP_MD *md = EVP_MD_fetch(NULL, digest, NULL);

		s->bits = md ? (unsigned)EVP_MD_get_size(md) * 8 : 1;
		EVP_MD_free(md);
	}
	return set_params(signing, params);
}

/* RFC 8446 4.2.3; in TLS 1.2 an ecdsa_ scheme says nothing about the curve. 0: none. */
static uint16_t scheme_of(const struct signing *s)
{
	unsigned row = s->bits == 256 ? 0 : s->bits == 384 ? 1 : s->bits == 512 ? 2 : 3;

	if (strcmp(s->key->type, "ED25519") == 0)
		return s->bits == 0 ? 0x0807 : 0;
	if (row > 2)
		return 0;
	if (strcmp(s->key->type, "EC") == 0)
		return (uint16_t)(0x0403 + (row << 8));
	return (uint16_t)(s->is_pss ? 0x0804 + row : 0x0401 + (row << 8));
}

static int sign(void *signing, unsigned char *out, size_t *len, size_t room,
	const unsigned char *text, size_t text_len)
{
	struct signing *s = signing;
	const struct place *place = &s->key->place;
	unsigned char signature[TLS_SIGNATURE_MAX];

	if (!out) {
		*len = (size_t)EVP_PKEY_get_size(s->key->public);
		return 1;
	}
	uint16_t scheme = scheme_of(s);
	ssize_t n = !scheme || !place->signer
			    ? -1
			    : place->signer->sign(place->signer->self, place->number, scheme,
				      span_of(text, text_len), signature);

	if (n <= 0 || (size_t)n > room)
		return 0;
	memcpy(out, signature, (size_t)n);
	*len = (size_t)n;
	return 1;
}

static const OSSL_DISPATCH signing_fns[] = {FN(OSSL_FUNC_SIGNATURE_NEWCTX, new_signing),
	FN(OSSL_FUNC_SIGNATURE_FREECTX, free_signing), FN(OSSL_FUNC_SIGNATURE_DUPCTX, copy_signing),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_init),
	FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign),
	FN(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params),
	FN(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_params), {0, NULL}};
static const OSSL_ALGORITHM signatures[] = {
	{"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=abide", signing_fns, NULL},
	{"ECDSA", "provider=abide", signing_fns, NULL},
	{"ED25519:1.3.101.112", "provider=abide", signing_fns, NULL}, {0}};

/* ---- the provider ---- */

static OSSL_LIB_CTX *library;

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	*no_cache = 0;
	return operation == OSSL_OP_KEYMGMT     ? keys
	       : operation == OSSL_OP_SIGNATURE ? signatures
						: NULL;
}

static int start(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
	void **provider)
{
	static const OSSL_DISPATCH fns[] = {
		FN(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), {0, NULL}};

	*out = fns;
	*provider = library;
	return 1;
}

static void open_library(void)
{
	library = OSSL_LIB_CTX_new();
	if (library && (!OSSL_PROVIDER_add_builtin(library, "abide", start) ||
			       !OSSL_PROVIDER_load(library, "abide"))) {
		OSSL_LIB_CTX_free(library);
		library = NULL;
	}
}

/* The public parts and the place, as one list of parameters. */
static EVP_PKEY *make(const char *type, OSSL_PARAM *parts, const struct place *place)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(library, type, NULL);
	size_t n = 0;
	EVP_PKEY *key = NULL;

	while (parts[n].key)
		n++;
	OSSL_PARAM *all = alloc_array(n + 2, sizeof *all);

	memcpy(all, parts, n * sizeof *all);
	all[n] = OSSL_PARAM_construct_octet_string(
		PARAM_KEY, (void *)(uintptr_t)place, sizeof *place);
	all[n + 1] = OSSL_PARAM_construct_end();
	if (c && EVP_PKEY_fromdata_init(c) > 0)
		(void)EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, all);
	free(all);
	EVP_PKEY_CTX_free(c);
	return key;
}

EVP_PKEY *tls_remote_key(EVP_PKEY *public, const struct tls_signer *signer, uint32_t number)
{
	static const char *const types[] = {"RSA", "EC", "ED25519"};
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct place place = {signer, number};
	OSSL_PARAM *parts = NULL;
	EVP_PKEY *key = NULL;

	(void)pthread_once(&once, open_library);
	if (!library || EVP_PKEY_todata(public, EVP_PKEY_PUBLIC_KEY, &parts) <= 0)
		return NULL;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (EVP_PKEY_is_a(public, types[i]))
			key = make(types[i], parts, &place);
	OSSL_PARAM_free(parts);
	return key;
}
