/*
 * tls_inner - what the files of TLS share.
 *
 * Inside task/ only.
 */
#pragma once
#include "base/buf.h"
#include "base/table.h"
#include "task/tls.h"
#include <openssl/evp.h>
#include <openssl/ssl.h>

struct tls_client {
	SSL_CTX *context;
	bool can_verify;
	unsigned refs;         /* the owner's, and one for each stream */
	struct table sessions; /* SSL_SESSION by who they are with */
};

#define TLS_SESSION_NAME_MAX 1024U

/* The TLS of a stream; an SSL's app data. */
struct tls {
	SSL *ssl;
	struct stream *lower;      /* the stream as it was */
	struct tls_server *server; /* NULL: we are the client */
	struct tls_client *client; /* NULL: we are the server */
	struct buf session;        /* name of the session, as client; empty: it is not kept */
	bool is_done;              /* the handshake is */
	bool is_broken;            /* nothing more is said, not even goodbye */
	bool has_ended;            /* close_notify has come */
	int newest;                /* version that the client offers; 0: none was seen */
	char name[TLS_NAME_MAX + 1];
};

/* Once, before anything else: no configuration file is read. */
void tls_begin(void);
/* Of either side. */
int tls_set_up(SSL_CTX *c);
SSL_CTX *tls_server_context(struct tls_server *v);
struct tls_server *tls_server_hold(struct tls_server *v);
void tls_server_release(struct tls_server *v);

/* tls_client.c */
struct tls_client *tls_client_hold(struct tls_client *c);
/* What wish asks for, before the handshake. 0 or -errno: -ENOKEY: nobody can be verified here. */
int tls_client_expect(struct tls *t, const struct tls_wish *wish, struct tls_info *ret);
void tls_client_tell(struct tls *t, int rc, struct tls_info *ret);

/* tls_remote.c: a private key that only signs, by signer; public is the certificate's. */
EVP_PKEY *tls_remote_key(EVP_PKEY *public, const struct tls_signer *signer, uint32_t number);

/* tls_why.c: why OpenSSL refused, from its error queue, which is emptied. */
void tls_why(const struct tls *t, bool is_server, char out[TLS_WHY_MAX]);
