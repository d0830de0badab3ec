/*
 * pair - a certificate, those above it, and its private key.
 *
 * Read from PEM files that only this process may see. Says what is wrong in
 * plain words. Never logs or waits; reading and signing by RSA take long and
 * much stack: by task_offload where tasks run.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include <sys/types.h>

#define KEYS_FILE_MAX      (256U * 1024)
#define KEYS_WHY_MAX       256U
#define KEYS_SIGNATURE_MAX 1024U

struct evp_pkey_st;

struct keys_pair {
	struct span *certificates; /* DER, its own first; in the arena that it was read with */
	size_t n;
	struct evp_pkey_st *key;
	bool is_quick;            /* signs without much stack or time */
	int64_t begins_s, ends_s; /* when it is good, seconds since 1970 */
};

/* The whole of a file, from its beginning whoever has read it before. 0 or -errno. */
int keys_file_read(int fd, struct buf *out);

enum keys_wrong { KEYS_RIGHT, KEYS_WRONG_CERTIFICATE, KEYS_WRONG_KEY, KEYS_MISMATCH };
/* What else than KEYS_RIGHT it returns is the file that why[] tells about; *ret is empty then. */
enum keys_wrong keys_pair_read(struct span certificate, struct span key, struct arena *arena,
	struct keys_pair *ret, char why[KEYS_WHY_MAX]);
void keys_pair_done(struct keys_pair *p);

/*
 * By a SignatureScheme of RFC 8446 4.2.3 that suits the key. Bytes, or -EBADMSG where it does not,
 * or where the text is not one of a handshake.
 */
ssize_t keys_pair_sign(const struct keys_pair *p, uint16_t scheme, struct span text,
	unsigned char out[KEYS_SIGNATURE_MAX]);
