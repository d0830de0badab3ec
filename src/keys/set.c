#include "keys/set.h"
#include <openssl/evp.h>
#include <stdlib.h>

#define PLACES 64U /* more than CONF_CERTIFICATES_MAX */

static struct span read_file(struct keys_set *s, size_t i, struct buf *out)
{
	struct span text = {0};

	if (i < s->files_n && keys_file_read(s->files[i], out) == 0)
		text = buf_span(out);
	return text;
}

static void read_entry(struct keys_set *s, size_t i)
{
	const struct conf_certificate *c = conf_certificate(s->conf, i);
	struct keys_entry *e = &s->entries[i];
	struct buf certificate = BUF_INIT(KEYS_FILE_MAX), key = BUF_INIT(KEYS_FILE_MAX);
	struct span certificate_text = read_file(s, 2 * i, &certificate);
	struct span key_text = read_file(s, 2 * i + 1, &key);
	e->name = arena_copy(&s->arena, c->name);
	enum keys_wrong wrong =
		keys_pair_read(certificate_text, key_text, &s->arena, &e->pair, e->why);

	e->file = arena_str(&s->arena,
		wrong == KEYS_WRONG_KEY || wrong == KEYS_MISMATCH ? c->key : c->certificate);
	if (key.at)
		explicit_bzero(key.at, key.room);
	buf_done(&key);
	buf_done(&certificate);
}

static EVP_PKEY *read_dkim(struct keys_set *s, size_t file, bool is_ed25519)
{
	struct buf text = BUF_INIT(KEYS_FILE_MAX);
	char why[KEYS_WHY_MAX];
	EVP_PKEY *key = keys_dkim_read(read_file(s, file, &text), is_ed25519, why);

	if (text.at)
		explicit_bzero(text.at, text.room);
	buf_done(&text);
	return key;
}

static void read_dkims(struct keys_set *s)
{
	size_t file = 2 * s->n;

	s->dkim_n = s->conf->n_dkim;
	s->dkim = arena_array(&s->arena, s->dkim_n + 1, sizeof *s->dkim);
	for (size_t i = 0; i < s->dkim_n; i++) {
		const struct conf_dkim *d = &s->conf->dkim[i];

		s->dkim[i].domain = arena_copy(&s->arena, d->domain);
		if (d->rsa_key.len > 0)
			s->dkim[i].rsa = read_dkim(s, file++, false);
		if (d->ed25519_key.len > 0)
			s->dkim[i].ed25519 = read_dkim(s, file++, true);
	}
}

void keys_set_read(void *arg)
{
	struct keys_set *s = arg;

	s->n = conf_certificates(s->conf);
	s->entries = arena_array(&s->arena, s->n + 1, sizeof *s->entries);
	for (size_t i = 0; i < s->n; i++)
		read_entry(s, i);
	read_dkims(s);
}

const struct keys_dkim *keys_set_dkim(const struct keys_set *s, struct span domain)
{
	for (size_t i = 0; s && i < s->dkim_n; i++)
		if (span_equal(s->dkim[i].domain, domain))
			return &s->dkim[i];
	return NULL;
}

static void keep_dkim(struct keys_dkim *d, const struct keys_dkim *old)
{
	if (!d->rsa && old->rsa && EVP_PKEY_up_ref(old->rsa))
		d->rsa = old->rsa;
	if (!d->ed25519 && old->ed25519 && EVP_PKEY_up_ref(old->ed25519))
		d->ed25519 = old->ed25519;
}

static void keep(struct keys_set *s, struct keys_entry *e, const struct keys_pair *old)
{
	if (!EVP_PKEY_up_ref(old->key))
		return;
	e->pair = *old;
	e->is_kept = true;
	e->pair.certificates = arena_array(&s->arena, old->n, sizeof *old->certificates);
	for (size_t i = 0; i < old->n; i++)
		e->pair.certificates[i] = arena_copy(&s->arena, old->certificates[i]);
}

void keys_set_keep(struct keys_set *s, const struct keys_set *before)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; before && !s->entries[i].pair.key && k < before->n; k++)
			if (before->entries[k].pair.key &&
				span_equal(before->entries[k].name, s->entries[i].name))
				keep(s, &s->entries[i], &before->entries[k].pair);
	for (size_t i = 0; i < s->dkim_n; i++) {
		const struct keys_dkim *old = keys_set_dkim(before, s->dkim[i].domain);

		if (old)
			keep_dkim(&s->dkim[i], old);
	}
}

void keys_set_free(struct keys_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		keys_pair_done(&s->entries[i].pair);
	for (size_t i = 0; i < s->dkim_n; i++)
		keys_dkim_done(&s->dkim[i]);
	arena_done(&s->arena);
	free(s);
}

uint32_t keys_set_name(const struct keys_set *s, size_t i)
{
	return s->number * PLACES + (uint32_t)i;
}

const struct keys_pair *keys_set_find(const struct keys_set *s, uint32_t name)
{
	uint32_t i = name % PLACES;

	return s && i < s->n && keys_set_name(s, i) == name && s->entries[i].pair.key
		       ? &s->entries[i].pair
		       : NULL;
}
