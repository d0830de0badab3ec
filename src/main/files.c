#include "main/files.h"
#include "base/alloc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_path(struct span path)
{
	char *name = alloc_copy(path.at, path.len);
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = errno;

	alloc_free(&name);
	return fd < 0 ? -error : fd;
}

static int open_one(
	struct files *f, const struct conf *conf, uint32_t line, struct span path, struct buf *why)
{
	int fd = open_path(path);

	if (fd < 0) {
		(void)buf_printf(why,
			"%.*s:%u: %.*s can't be read: %s; correct its name or its mode",
			SPAN_F(conf->file), line, SPAN_F(path), strerrordesc_np(-fd));
		return fd;
	}
	f->fds[f->n++] = fd;
	return 0;
}

int files_open(const struct conf *conf, struct files *ret, struct buf *why)
{
	struct files f = {.authorities = -1};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < conf_certificates(conf); i++) {
		const struct conf_certificate *c = conf_certificate(conf, i);

		rc = open_one(&f, conf, c->line, c->certificate, why);
		if (rc == 0)
			rc = open_one(&f, conf, c->line, c->key, why);
	}
	for (size_t i = 0; rc == 0 && i < conf->n_dkim; i++) {
		const struct conf_dkim *d = &conf->dkim[i];

		if (d->rsa_key.len > 0)
			rc = open_one(&f, conf, d->line, d->rsa_key, why);
		if (rc == 0 && d->ed25519_key.len > 0)
			rc = open_one(&f, conf, d->line, d->ed25519_key, why);
	}
	if (rc < 0) {
		files_close(&f);
		return rc;
	}
	if (conf_verifies(conf))
		f.authorities = open_path(conf->tls.authorities);
	*ret = f;
	return 0;
}

void files_close(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		close(f->fds[i]);
	if (f->authorities >= 0)
		close(f->authorities);
	*f = (struct files){.authorities = -1};
}

size_t files_of(const struct files *f, enum ipc_role kind, int *fds)
{
	if (kind == IPC_DELIVER && f->authorities >= 0) {
		fds[0] = f->authorities;
		return 1;
	}
	if (kind != IPC_KEYS)
		return 0;
	memcpy(fds, f->fds, f->n * sizeof fds[0]);
	return f->n;
}
