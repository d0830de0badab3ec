/*
 * dkim_bench - how many messages a core signs in a second: `keys_dkim_bench [octets]` (default 4096).
 *
 * The whole of it: the body's hash, the header's, the field, the signature; by
 * ed25519 and by RSA of 2048 bits.
 */
#include "auth/dkim.h"
#include "base/clock.h"
#include "keys/dkim.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 2

static const char header[] =
	"Received: from client.example.test ([192.0.2.1]) by mx.example.test (abide)\r\n"
	"\twith ESMTPSA id 01ARZ3NDEKTSV4RRFFQ69G5FAV; Mon, 23 Nov 2026 12:00:00 +0000\r\n"
	"From: Anna Example <anna@example.test>\r\nTo: Otto Example <otto@example.org>\r\n"
	"Subject: The minutes of the meeting of last week\r\nDate: Mon, 23 Nov 2026 12:00:00 "
	"+0000\r\n"
	"Message-ID: <20261123120000.1234@example.test>\r\nMIME-Version: 1.0\r\n"
	"Content-Type: text/plain; charset=utf-8\r\n";

static bool sign(EVP_PKEY *key, enum dkim_algorithm algorithm, struct span body)
{
	const struct dkim_signer s = {
		SPAN_LIT("example.test"), SPAN_LIT("s1"), algorithm, 1800000000};
	unsigned char hash[DKIM_DIGEST], digest[DKIM_DIGEST], out[KEYS_SIGNATURE_MAX];
	struct buf field = BUF_INIT(DKIM_FIELD_MAX);
	struct dkim_body b;
	bool good = dkim_body_init(&b) == 0;

	if (good)
		dkim_body_add(&b, body);
	good = good && dkim_body_end(&b, hash) &&
	       dkim_begin(&s, hash, span_str(header), &field, digest) == 0;
	ssize_t n = good ? keys_dkim_sign(key, span_of(digest, sizeof digest), out) : -1;

	good = n > 0 && dkim_finish(span_of(out, (size_t)n), &field) == 0;
	dkim_body_done(&b);
	buf_done(&field);
	return good;
}

static void measure(
	const char *name, EVP_PKEY *key, enum dkim_algorithm algorithm, struct span body)
{
	nanos start = clock_now(), now = start;
	unsigned n = 0;

	for (; now < start + SECONDS * NANOS_S; now = clock_now(), n++)
		if (!key || !sign(key, algorithm, body)) {
			(void)fprintf(stderr, "%s failed\n", name);
			exit(1);
		}
	(void)printf("%-8s %8.0f messages/s of %zu octets\n", name,
		(double)n * (double)NANOS_S / (double)(now - start), body.len);
}

int main(int argc, char **argv)
{
	size_t len = argc > 1 ? strtoul(argv[1], NULL, 10) : 4096;
	char *body = len > 0 && len < (1U << 30) ? malloc(len) : NULL;

	if (!body)
		return 64;
	for (size_t i = 0; i < len; i++)
		body[i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : i % 7 == 6 ? ' ' : 'x';
	EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);

	measure("ed25519", ed25519, DKIM_ED25519_SHA256, span_of(body, len));
	measure("rsa-2048", rsa, DKIM_RSA_SHA256, span_of(body, len));
	EVP_PKEY_free(ed25519);
	EVP_PKEY_free(rsa);
	free(body);
	return 0;
}
