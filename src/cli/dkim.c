/* abide dkim: makes a key to sign mail with, and says what belongs into the DNS and into the configuration. */
#include "auth/base64.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "conf/value.h"
#include "base/alloc.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define RSA_BITS    2048
#define STRING_MOST 255U /* bytes of one string of a TXT record (RFC 1035 3.3) */

struct wish {
	const char *domain, *selector, *file;
	bool is_ed25519;
};

static int fail(int status, const char *what, const char *why)
{
	(void)fprintf(stderr, "abide dkim: %s: %s\n", what, why);
	return status;
}

static EVP_PKEY *make(const struct wish *w)
{
	return w->is_ed25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
			     : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS);
}

/* Never over a key that is there: mail that is under way is verified with it. */
static EVP_PKEY *make_file(const struct wish *w, int fd)
{
	EVP_PKEY *key = make(w);
	FILE *to = fdopen(fd, "w");
	bool ok = key && to && PEM_write_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL) > 0;

	if (to)
		ok = fflush(to) == 0 && ok && fsync(fd) == 0;
	if (to)
		ok = fclose(to) == 0 && ok;
	else
		(void)close(fd);
	if (ok)
		return key;
	EVP_PKEY_free(key);
	(void)unlink(w->file);
	return NULL;
}

static EVP_PKEY *read_file(const struct wish *w)
{
	FILE *from = fopen(w->file, "re");
	EVP_PKEY *key = from ? PEM_read_PrivateKey(from, NULL, NULL, NULL) : NULL;

	if (from)
		(void)fclose(from);
	return key;
}

/* RFC 6376 3.6.1: the DER of SubjectPublicKeyInfo; RFC 8463 4.2: the key's 32 bytes alone. */
static int public_of(EVP_PKEY *key, bool is_ed25519, struct buf *out)
{
	unsigned char raw[32], *der = NULL;
	size_t len = sizeof raw;
	int n, rc = -EIO;

	if (is_ed25519 && EVP_PKEY_get_raw_public_key(key, raw, &len) > 0)
		rc = base64_encode(span_of((char *)raw, len), out);
	else if (!is_ed25519 && (n = i2d_PUBKEY(key, &der)) > 0)
		rc = base64_encode(span_of((char *)der, (size_t)n), out);
	OPENSSL_free(der);
	return rc;
}

static void print_record(const struct wish *w, struct span key)
{
	struct buf text = BUF_INIT(4096);
	struct span rest;

	(void)buf_printf(
		&text, "v=DKIM1; k=%s; p=%.*s", w->is_ed25519 ? "ed25519" : "rsa", SPAN_F(key));
	rest = buf_span(&text);
	(void)printf("%s._domainkey.%s. IN TXT (", w->selector, w->domain);
	while (rest.len > 0) {
		struct span piece = span_slice(rest, 0, STRING_MOST);

		rest = span_slice(rest, piece.len, rest.len);
		(void)fputs(" \"", stdout);
		(void)fwrite(piece.at, 1, piece.len, stdout);
		(void)fputc('"', stdout);
	}
	(void)printf(" )\n\n; in abide.conf, once the record can be seen:\n"
		     "; dkim \"%s\" { %s_key = \"%s\"  %s_selector = \"%s\" }\n",
		w->domain, w->is_ed25519 ? "ed25519" : "rsa", w->file,
		w->is_ed25519 ? "ed25519" : "rsa", w->selector);
	buf_done(&text);
}

static int run(const struct wish *w)
{
	struct buf key_text = BUF_INIT(4096);
	int fd = open(w->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error = errno;
	EVP_PKEY *key = fd >= 0 ? make_file(w, fd) : error == EEXIST ? read_file(w) : NULL;
	int status = EX_OK;

	if (!key)
		status = fail(EX_CANTCREAT, w->file,
			fd < 0 && error != EEXIST ? strerror(error)
						  : "holds no private key, or can't be written");
	else if (!EVP_PKEY_is_a(key, w->is_ed25519 ? "ED25519" : "RSA"))
		status = fail(EX_DATAERR, w->file,
			w->is_ed25519 ? "is there, and is no Ed25519 key"
				      : "is there, and is no RSA key (-t ed25519?)");
	else if (public_of(key, w->is_ed25519, &key_text) < 0)
		status = fail(EX_SOFTWARE, w->file, "its public key can't be written");
	else
		print_record(w, buf_span(&key_text));
	EVP_PKEY_free(key);
	buf_done(&key_text);
	return status == EX_OK && fflush(stdout) != 0 ? EX_IOERR : status;
}

int cli_dkim(int argc, char **argv)
{
	struct wish w = {0};
	int option;

	optind = 1;
	while ((option = getopt(argc, argv, "t:")) != -1) {
		w.is_ed25519 = option == 't' && strcmp(optarg, "ed25519") == 0;
		if (option != 't' || (!w.is_ed25519 && strcmp(optarg, "rsa") != 0))
			return usage_wrong("dkim");
	}
	if (argc - optind != 3)
		return usage_wrong("dkim");
	w.domain = argv[optind];
	w.selector = argv[optind + 1];
	w.file = argv[optind + 2];
	if (value_domain(span_str(w.domain)) || value_domain(span_str(w.selector)))
		return fail(EX_USAGE, "DOMAIN and SELECTOR", "letters, digits, hyphens and dots");
	return run(&w);
}
