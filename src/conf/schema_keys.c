#include "conf/schema_rows.h"

/* What is proved by keys: tls, certificate, dkim. */

#define FILE_OF(s, k, member, text)                                                  \
	{                                                                            \
		.key = k, .type = SCHEMA_PATH, AT(s, member), .min = 2, .max = 4000, \
		.since = FIRST, .meaning = text                                      \
	}

static const struct schema_row tls_rows[] = {
	FILE_OF(conf_encryption, "certificate", own.certificate,
		"The file (PEM) of the certificate, with those above it behind. STARTTLS is "
		"offered where it is set. Read again at SIGHUP."),
	FILE_OF(conf_encryption, "key", own.key,
		"The file of its private key (PEM, without a passphrase): ECDSA, RSA or Ed25519. "
		"Only the process keys reads it."),
	{.key = "authorities",
		.type = SCHEMA_PATH,
		AT(conf_encryption, authorities),
		.min = 2,
		.max = 4000,
		.preset = "/etc/ssl/certs/ca-certificates.crt",
		.since = FIRST,
		.meaning = "The file (PEM) of the authorities that certificates of next hops are "
			   "verified with, and servers that have policies (mta_sts)."},
};

static const struct schema_row dkim_title = {.key = "DOMAIN",
	.type = SCHEMA_DOMAIN,
	AT(conf_dkim, domain),
	.min = 1,
	.max = 255,
	.meaning = "the domain that signs (d=)"};

#define SELECTOR(k)                                                                      \
	{                                                                                \
		.key = #k, .type = SCHEMA_DOMAIN, AT(conf_dkim, k), .min = 1, .max = 63, \
		.since = FIRST,                                                          \
		.meaning = "The name under which the DNS has its public key: "           \
			   "SELECTOR._domainkey.DOMAIN."                                 \
	}

static const struct schema_row dkim_rows[] = {
	FILE_OF(conf_dkim, "rsa_key", rsa_key,
		"The file (PEM) of an RSA key of 2048 bits or more, as abide dkim makes it. Every "
		"receiver understands its signatures. Only the process keys reads it."),
	SELECTOR(rsa_selector),
	FILE_OF(conf_dkim, "ed25519_key", ed25519_key,
		"The file of an Ed25519 key (RFC 8463): shorter and faster, not yet understood "
		"everywhere. With both, mail carries two signatures."),
	SELECTOR(ed25519_selector),
};

static const struct schema_row certificate_title = {.key = "NAME",
	.type = SCHEMA_PATTERN,
	AT(conf_certificate, name),
	.min = 1,
	.max = 255,
	.meaning = "the name that clients ask for (SNI); \".example.org\" for all below it"};

static const struct schema_row certificate_rows[] = {
	FILE_OF(conf_certificate, "certificate", certificate, "As in tls."),
	FILE_OF(conf_certificate, "key", key, "As in tls."),
};

static const struct schema_section sections[] = {
	{.name = "tls",
		ROWS(tls_rows),
		INSIDE(tls),
		.meaning = "Encryption of what clients send: TLS 1.2 and 1.3."},
	{.name = "certificate",
		.title = &certificate_title,
		ROWS(certificate_rows),
		ARRAY(certificates, n_certificates),
		.meaning = "Another certificate, for clients that ask for that name. All others "
			   "get that of tls."},
	{.name = "dkim",
		.title = &dkim_title,
		ROWS(dkim_rows),
		ARRAY(dkim, n_dkim),
		.meaning = "Signs mail whose author (From) is of that domain, or of one below it "
			   "that has no section of its own: what clients send that may send "
			   "anywhere, and notices of abide. While a signature can't be made, mail "
			   "waits."},
};

const struct schema_part schema_keys = {sections, COUNT(sections)};
