#include "keys/check.h"
#include "base/alloc.h"
#include "base/log.h"
#include "keys/dkim.h"
#include "keys/pair.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DAY_S     86400
#define SOON_DAYS 14

struct look {
	const struct conf *conf;
	const struct conf_certificate *certificate;
	uint32_t line;
	struct arena *arena;
	struct buf *errors;
};

static void say(const struct look *l, bool is_warning, struct span file, const char *why)
{
	(void)buf_printf(l->errors, "%.*s:%u: %s%.*s %s\n", SPAN_F(l->conf->file), l->line,
		is_warning ? "warning: " : "", SPAN_F(file), why);
}

static bool read_file(const struct look *l, struct span path, struct buf *out)
{
	_cleanup_(fd_close) int fd = open(arena_str(l->arena, path), O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : keys_file_read(fd, out);

	if (rc == 0)
		return true;
	struct span why = arena_printf(
		l->arena, "can't be read: %s; correct its name or its mode", log_strerror(rc));

	say(l, false, path, arena_str(l->arena, why));
	return false;
}

static void check_dates(const struct look *l, const struct keys_pair *p)
{
	int64_t now_s = clock_wall_ms() / 1000, left = p->ends_s - now_s;
	struct span why = {0};

	if (p->begins_s > now_s)
		why = SPAN_LIT("is not good yet; look at the clock, or get another");
	else if (left < 0)
		why = arena_printf(l->arena, "has expired %lld days ago; get a new one",
			(long long)(-left / DAY_S));
	else if (left < SOON_DAYS * (int64_t)DAY_S)
		why = arena_printf(
			l->arena, "expires in %lld days; get a new one", (long long)(left / DAY_S));
	if (why.len > 0)
		say(l, true, l->certificate->certificate, arena_str(l->arena, why));
}

static bool check_texts(const struct look *l, struct span certificate, struct span key)
{
	const struct conf_certificate *c = l->certificate;
	char why[KEYS_WHY_MAX];
	struct keys_pair p;
	enum keys_wrong wrong = keys_pair_read(certificate, key, l->arena, &p, why);

	switch (wrong) {
	case KEYS_RIGHT:
		check_dates(l, &p);
		keys_pair_done(&p);
		return true;
	case KEYS_WRONG_CERTIFICATE:
		say(l, false, c->certificate, why);
		return false;
	case KEYS_WRONG_KEY:
		say(l, false, c->key, why);
		return false;
	case KEYS_MISMATCH:
		say(l, false, c->key,
			arena_str(l->arena, arena_printf(l->arena,
						    "%s than that of %.*s; write the one that "
						    "belongs to it",
						    why, SPAN_F(c->certificate))));
		return false;
	}
	return false;
}

static bool check_one(const struct look *l)
{
	struct buf certificate = BUF_INIT(KEYS_FILE_MAX), key = BUF_INIT(KEYS_FILE_MAX);
	bool good = read_file(l, l->certificate->certificate, &certificate);

	good = read_file(l, l->certificate->key, &key) && good;
	good = good && check_texts(l, buf_span(&certificate), buf_span(&key));
	if (key.at)
		explicit_bzero(key.at, key.room);
	buf_done(&key);
	buf_done(&certificate);
	return good;
}

static bool check_dkim(const struct look *l, struct span path, bool is_ed25519)
{
	struct buf text = BUF_INIT(KEYS_FILE_MAX);
	struct keys_dkim d = {0};
	char why[KEYS_WHY_MAX];
	bool good = read_file(l, path, &text);

	if (good) {
		d.rsa = keys_dkim_read(buf_span(&text), is_ed25519, why);
		good = d.rsa != NULL;
		if (!good)
			say(l, false, path, why);
	}
	keys_dkim_done(&d);
	if (text.at)
		explicit_bzero(text.at, text.room);
	buf_done(&text);
	return good;
}

unsigned keys_check(const struct conf *conf, struct buf *errors)
{
	struct arena arena = {0};
	unsigned wrong = 0;

	for (size_t i = 0; i < conf_certificates(conf); i++) {
		const struct conf_certificate *c = conf_certificate(conf, i);
		const struct look l = {conf, c, c->line, &arena, errors};

		wrong += !check_one(&l);
	}
	for (size_t i = 0; i < conf->n_dkim; i++) {
		const struct conf_dkim *d = &conf->dkim[i];
		const struct look l = {conf, NULL, d->line, &arena, errors};

		wrong += d->rsa_key.len > 0 && !check_dkim(&l, d->rsa_key, false);
		wrong += d->ed25519_key.len > 0 && !check_dkim(&l, d->ed25519_key, true);
	}
	arena_done(&arena);
	return wrong;
}
