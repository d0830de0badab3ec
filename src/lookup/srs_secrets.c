#include "lookup/srs_secrets.h"
#include "base/alloc.h"
#include "base/log.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX  4096U
#define TRY_EVERY NANOS_S
#define DAY       (86400 * NANOS_S)

struct job {
	char *path;
	char text[FILE_MAX];
	ssize_t len; /* or -errno */
};

static void read_file(void *arg)
{
	struct job *j = arg;
	_cleanup_(fd_close) int fd = open(j->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	j->len = fd < 0 ? -errno : read(fd, j->text, sizeof j->text);
	if (fd >= 0 && j->len < 0)
		j->len = -errno;
}

/* The lines that are long enough; others are no secrets. */
static size_t split(struct span text, struct span *secrets)
{
	size_t n = 0;

	while (text.len > 0 && n < SRS_SECRETS_MAX) {
		struct span line = text;

		if (!span_take_until(&text, '\n', &line))
			text = (struct span){0};
		line = span_trim(line);
		if (line.len >= SRS_SECRET_LEAST && line.at[0] != '#')
			secrets[n++] = line;
	}
	return n;
}

static void load(struct srs_secrets *s, const struct conf *conf)
{
	struct span secrets[SRS_SECRETS_MAX];
	unsigned changes = s->changes;
	struct job *j = alloc_zero(sizeof *j);

	j->path = alloc_copy(conf->srs.secret.at, conf->srs.secret.len);
	j->len = -EAGAIN;
	s->tried_at = clock_now();
	(void)task_offload(read_file, j);
	if (j->len >= 0 && split(span_of(j->text, (size_t)j->len), secrets) == 0)
		j->len = -ENODATA;
	if (changes == s->changes && j->len > 0) {
		buf_done(&s->text);
		buf_init(&s->text, FILE_MAX);
		s->is_loaded = buf_add(&s->text, span_of(j->text, (size_t)j->len)) == 0;
		s->said = 0;
	} else if (j->len < 0 && s->said != (int)j->len) {
		s->said = (int)j->len;
		log_event(LOG_ERROR, "srs_secret_unreadable", LOG_STR("file", j->path),
			LOG_ERRNO((int)j->len),
			LOG_STR("note", "mail that is to be forwarded is put off; the file needs a "
					"line of 16 characters or more"));
	}
	explicit_bzero(j->text, sizeof j->text);
	free(j->path);
	free(j);
}

void srs_secrets_forget(struct srs_secrets *s)
{
	if (s->text.at)
		explicit_bzero(s->text.at, s->text.len);
	buf_done(&s->text);
	*s = (struct srs_secrets){.changes = s->changes + 1};
}

const struct srs *srs_secrets_copy(
	struct srs_secrets *s, const struct conf *conf, struct arena *arena)
{
	if (conf->srs.secret.len == 0)
		return NULL;
	if (!s->is_loaded && (s->tried_at == 0 || clock_now() - s->tried_at >= TRY_EVERY))
		load(s, conf);
	if (!s->is_loaded)
		return NULL;
	struct srs *copy = ARENA_NEW(arena, struct srs);

	copy->n = split(arena_copy(arena, buf_span(&s->text)), copy->secrets);
	copy->domain = conf->srs.domain;
	copy->max_age = (unsigned)(conf->srs.max_age / DAY);
	copy->hash_len = conf->srs.hash_len;
	return copy;
}
