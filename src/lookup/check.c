#include "lookup/check.h"
#include "base/alloc.h"
#include "base/log.h"
#include "lookup/users_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int check_table(const struct conf_map *m, struct buf *errors)
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
		(void)buf_printf(errors, "%s: map \"%.*s\": %s; correct its name or its mode\n",
			path, SPAN_F(m->name), log_strerror(rc));
	rows_free(rows);
	free(path);
	return rc;
}

static int check_readable(struct span file, const char *key, struct buf *errors)
{
	char *path = alloc_copy(file.at, file.len);
	_cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = fd < 0 ? -errno : 0;

	if (rc < 0)
		(void)buf_printf(errors, "%s: %s: %s; correct its name or its mode\n", path, key,
			log_strerror(rc));
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

static int check_users(const struct conf_users *u, struct buf *errors)
{
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
		(void)buf_printf(errors, "%s: users.from: %s; correct its name or its mode\n", path,
			log_strerror(rc));
	else if (wants_scram(u) && !users_has_keys(users)) {
		(void)buf_printf(errors,
			"%s: users.mechanisms: nobody there has a password stored for "
			"SCRAM-SHA-256; add such, or leave it out\n",
			path);
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

		if (m->type != CONF_MAP_LDAP)
			rc |= check_table(m, errors);
		if (m->password_file.len > 0)
			rc |= check_readable(m->password_file, "password_file", errors);
		if (m->ca.len > 0)
			rc |= check_readable(m->ca, "ca", errors);
	}
	rc |= check_users(&conf->users, errors);
	if (conf->srs.secret.len > 0)
		rc |= check_readable(conf->srs.secret, "srs.secret", errors);
	return rc < 0 ? -EINVAL : 0;
}
