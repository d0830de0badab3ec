/* Channel bindings: what ties a login to the connection that it was made on. */
#include "task/stream_inner.h"
#include "task/tls_inner.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>

/*
 * RFC 9266 2. Under TLS 1.2 it is unique only with extended master secrets (4.2).
 */
static ssize_t export_key(SSL *ssl, unsigned char out[TLS_BINDING_MAX])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1)
		return -ENOTSUP;
	return SSL_export_keying_material(ssl, out, 32, label, sizeof label - 1, NULL, 0, 1) == 1
		       ? 32
		       : -ENOTSUP;
}

/*
 * RFC 5929 4.1: the hash of its signature, or SHA-256 for the weak ones. Ed25519 hashes by itself,
 * and has none.
 */
static ssize_t hash_certificate(SSL *ssl, unsigned char out[TLS_BINDING_MAX])
{
	X509 *own = SSL_get_certificate(ssl);
	int digest = NID_undef;
	unsigned len = 0;

	if (!own || X509_get_signature_info(own, &digest, NULL, NULL, NULL) != 1 ||
		digest == NID_undef)
		return -ENOTSUP;
	const EVP_MD *md = digest == NID_md5 || digest == NID_sha1 ? EVP_sha256()
								   : EVP_get_digestbynid(digest);

	return md && EVP_MD_get_size(md) <= (int)TLS_BINDING_MAX &&
			       X509_digest(own, md, out, &len) == 1
		       ? (ssize_t)len
		       : -ENOTSUP;
}

ssize_t tls_binding(
	const struct stream *s, enum tls_binding kind, unsigned char out[TLS_BINDING_MAX])
{
	const struct tls *t = tls_is_on(s) ? s->self : NULL;

	if (!t || !t->is_done || t->is_broken)
		return -ENOTSUP;
	ssize_t n = kind == TLS_BINDING_EXPORTER ? export_key(t->ssl, out)
						 : hash_certificate(t->ssl, out);

	ERR_clear_error();
	return n;
}
