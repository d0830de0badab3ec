#include "lookup/check.h"
#include "base/alloc.h"
#include "base/log.h"
#include "lookup/users_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A file of the configuration that can't be read: said where the configuration names it. */
static void say_unreadable(const struct conf *conf, uint32_t line, const char *what,
	const char *path, int rc, struct buf *errors)
{
	(void)buf_printf(errors,
		"%.*s:%u: %s: %s can't be read: %s; correct its name or its mode\n",
		SPAN_F(conf->file), line, what, path, log_strerror(rc));
}

static int check_table(const struct conf *conf, const struct conf_map *m, struct buf *errors)
{
	char *path = alloc_copy(m->file.at, m->file.len);
	struct table_stamp stamp;
	struct rows_fault fault;
	struct rows *rows = NULL;
	int rc = table_file_read(path, m->type == CONF_MAP_ALIASES ? ROWS_ALIASES : ROWS_PLAIN,
		&rows, &stamp, &fault);

	if (rc == -EINVAL)
		(void)buf_printf(errors, "%s:%u: %s\n", path, fault.line, fault.why);
	else if (rc < 0)
		say_unreadable(conf, m->line, "map.file", path, rc, errors);
	rows_free(rows);
	free(path);
	return rc;
}

static int check_readable(const struct conf *conf, uint32_t line, const char *key, struct span file,
	struct buf *errors)
{
	char *path = alloc_copy(file.at, file.len);
	_cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = fd < 0 ? -errno : 0;

	if (rc < 0)
		say_unreadable(conf, line, key, path, rc, errors);
	free(path);
	return rc;
}

static bool wants_scram(const struct conf_users *u)
{
	for (size_t i = 0; i < u->n_mechanisms; i++)
		if (span_equal_nocase(u->mechanisms[i].text, SPAN_LIT("SCRAM-SHA-256")))
			return true;
	return false;
}

static int check_users(const struct conf *conf, struct buf *errors)
{
	const struct conf_users *u = &conf->users;
	struct span from = u->from;

	if (!span_take_span(&from, SPAN_LIT("file:")))
		return 0;
	char *path = alloc_copy(from.at, from.len);
	struct table_stamp stamp;
	struct users_fault fault;
	struct users *users = NULL;
	int rc = users_file_read(path, u->plain_passwords, &users, &stamp, &fault);

	if (rc == -EINVAL)
		(void)buf_printf(errors, "%s:%u: %s\n", path, fault.line, fault.why);
	else if (rc < 0)
		say_unreadable(conf, u->line, "users.from", path, rc, errors);
	else if (wants_scram(u) && !users_has_keys(users)) {
		(void)buf_printf(errors,
			"%.*s:%u: users.mechanisms: nobody in %s has a password stored for "
			"SCRAM-SHA-256; add such, or leave it out\n",
			SPAN_F(conf->file), u->line, path);
		rc = -EINVAL;
	}
	users_free(users);
	free(path);
	return rc;
}

int lookup_check(const struct conf *conf, struct buf *errors)
{
	int rc = 0;

	for (size_t i = 0; i < conf->n_maps; i++) {
		const struct conf_map *m = &conf->maps[i];

		if (m->type == CONF_MAP_FILE || m->type == CONF_MAP_ALIASES)
			rc |= check_table(conf, m, errors);
		if (m->password_file.len > 0)
			rc |= check_readable(
				conf, m->line, "map.password_file", m->password_file, errors);
		if (m->ca.len > 0)
			rc |= check_readable(conf, m->line, "map.ca", m->ca, errors);
	}
	rc |= check_users(conf, errors);
	if (conf->srs.secret.len > 0)
		rc |= check_readable(conf, conf->srs.line, "srs.secret", conf->srs.secret, errors);
	return rc < 0 ? -EINVAL : 0;
}
