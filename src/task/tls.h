/*
 * tls - a stream that goes on encrypted (OpenSSL 3): as server, and as client.
 *
 * TLS 1.2 and 1.3, forward secrecy only, no renegotiation, no compression. The
 * stream stays the same object: after tls_accept or tls_connect what is read
 * and written is the plain text, with the same buffers, deadlines and errors.
 * OpenSSL is never left while it waits for the network, so that its errors,
 * which belong to the thread, are never mixed up; only a signature by another
 * process (struct tls_signer) waits inside of it. Private keys need not be in
 * this process. An end without close_notify is an error (-ECONNRESET), not an
 * end. Nothing here logs.
 */
#pragma once
#include "task/stream.h"
#include <stdint.h>

#define TLS_SIGNATURE_MAX 1024U /* bytes; an RSA key of 8192 bits makes that many */
#define TLS_NAME_MAX      255U  /* of a server name (SNI) */
#define TLS_WHY_MAX       200U

/* Signs with a key that somebody else holds. May wait: it runs on the task of the handshake. */
struct tls_signer {
	/*
	 * scheme: a SignatureScheme of RFC 8446 4.2.3; text: what is to be signed, not hashed.
	 * Bytes of the signature, or -errno.
	 */
	ssize_t (*sign)(void *self, uint32_t key, uint16_t scheme, struct span text,
		unsigned char signature[TLS_SIGNATURE_MAX]);
	void *self;
};

/* A certificate with its chain, and which key it has. */
struct tls_chain {
	struct span name; /* who asks for it by SNI: lower case, ".example.org": all below it; the
			     first of all is for those who ask for none */
	const struct span *certificates; /* DER, its own first */
	size_t n;
	uint32_t key; /* for the signer */
};

/* The same in all processes, so that a client may come back to another one. */
struct tls_ticket_key {
	unsigned char name[16], cipher[32], mac[32];
};
#define TLS_TICKET_KEYS_MAX 4U

/* What a server speaks TLS with. Sessions hold what they began with. */
struct tls_server;
/* May use much stack (task_offload). 0 or -EBADMSG; signer must live as long. */
int tls_server_new(const struct tls_chain *chains, size_t n, const struct tls_signer *signer,
	struct tls_server **ret);
/* The first key makes new tickets, all open them. Any time; without one there are no tickets. */
void tls_server_set_tickets(struct tls_server *v, const struct tls_ticket_key *keys, size_t n);
void tls_server_free(struct tls_server *v); /* once the last session has ended; NULL is fine */

/* What a client verifies with, and its sessions, to be resumed: a bounded number of them. */
struct tls_client;
/* authorities: PEM; empty: nothing can be verified. Uses much stack (task_offload). 0 or -EBADMSG. */
int tls_client_new(struct span authorities, struct tls_client **ret);
void tls_client_free(struct tls_client *c); /* streams that use it may live on; NULL is fine */

struct tls_info {
	const char *version,
		*cipher;             /* "TLSv1.3", "TLS_AES_256_GCM_SHA384"; of OpenSSL, for ever */
	char name[TLS_NAME_MAX + 1]; /* SNI, as the client sent it; may hold anything but NUL */
	bool is_resumed;
	bool is_verified;      /* as client: the certificate is the host's */
	bool is_untrusted;     /* as client: it failed because the certificate is not */
	bool is_by_dns;        /* as client: by TLSA records, of which one at least could be used */
	char why[TLS_WHY_MAX]; /* of a handshake that failed, or of a verification: for people */
};

/* How a server is to prove that it is the one. */
enum tls_proof {
	TLS_PROOF_NONE,        /* it need not */
	TLS_PROOF_AUTHORITIES, /* a certificate for its name, of the client's authorities */
	TLS_PROOF_TLSA,        /* one that fits a record of the DNS */
};

/* RFC 6698 2.1. Usages 0 and 1 are for none here (RFC 7672 3.1.3). */
struct tls_tlsa {
	uint8_t usage, selector, matching;
	struct span data;
};

struct tls_wish {
	const char *host; /* sent as SNI, and looked for in the certificate, where it is a name */
	enum tls_proof proof;
	const struct tls_tlsa *tlsa; /* for TLS_PROOF_TLSA: proved to be secure by who asks */
	size_t n_tlsa;
	const char *const *names; /* that the certificate may have instead of host */
	size_t n_names;
	enum tls_proof otherwise; /* where none of tlsa can be used */
	struct span session;      /* who it is with, and by which rules: names the session that is
				     resumed; empty: none is */
};

/*
 * The handshake, with all that the stream holds already as its beginning. 0, or -errno, which is
 * the stream's from then on: -EPROTO where TLS itself failed, and ret->why says why.
 */
int tls_accept(struct stream *s, struct tls_server *v, nanos deadline, struct tls_info *ret);
int tls_connect(struct stream *s, struct tls_client *c, const struct tls_wish *wish, nanos deadline,
	struct tls_info *ret);
bool tls_is_on(const struct stream *s);

/* What only the two ends of this connection can know or show, for logins bound to it. */
enum tls_binding {
	TLS_BINDING_EXPORTER,  /* tls-exporter, RFC 9266 */
	TLS_BINDING_END_POINT, /* tls-server-end-point, RFC 5929 4: of our certificate, as server */
};
#define TLS_BINDING_MAX 64U
/* Bytes; -ENOTSUP: this connection has none of that kind. */
ssize_t tls_binding(
	const struct stream *s, enum tls_binding kind, unsigned char out[TLS_BINDING_MAX]);
