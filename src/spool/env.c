#include "spool/spool_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_LEAST (UINT64_C(64) << 20)

/*
 * data.mdb gets its name when it is complete on disk: a crash during the first start must not
 * leave a file that LMDB refuses for ever.
 */
static int make_data(struct spool *s, const char *dir)
{
	char path[1024];
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi meta;
	int n = snprintf(path, sizeof path, "%s/new", dir);

	if (n < 0 || (size_t)n >= sizeof path)
		return -ENAMETOOLONG;
	if (mkdirat(s->dir_fd, "new", 0700) < 0 && errno != EEXIST)
		return -errno;
	(void)unlinkat(s->dir_fd, "new/data.mdb", 0);
	int rc = mdb_env_create(&env);

	if (rc == 0)
		rc = mdb_env_set_maxdbs(env, 1);
	if (rc == 0)
		rc = mdb_env_open(env, path, MDB_NOTLS | MDB_NOLOCK, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(env, NULL, 0, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, store_names[STORE_META], MDB_CREATE, &meta);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else if (txn)
		mdb_txn_abort(txn);
	if (env)
		mdb_env_close(env);
	if (rc)
		return store_errno(rc);
	if (renameat(s->dir_fd, "new/data.mdb", s->dir_fd, "data.mdb") < 0)
		return -errno;
	(void)unlinkat(s->dir_fd, "new", AT_REMOVEDIR);
	return 0;
}

/* A file that lacks its beginning or its end would be a SIGBUS later, or an empty spool now. */
static bool is_cut_off(struct spool *s)
{
	MDB_envinfo info;
	struct stat st;

	if (fstatat(s->dir_fd, "data.mdb", &st, 0) < 0)
		return false;
	if (!s->env)
		return st.st_size == 0;
	return mdb_env_info(s->env, &info) == 0 &&
	       (uint64_t)st.st_size / s->page_size < (uint64_t)info.me_last_pgno + 1;
}

int env_open(struct spool *s, const char *dir)
{
	/* Read-only means that no writer is there (the lock says so): no lock table either. */
	unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (s->read_only ? MDB_RDONLY | MDB_NOLOCK : 0);
	int rc = 0;

	if (!s->read_only && faccessat(s->dir_fd, "data.mdb", F_OK, 0) < 0)
		rc = errno == ENOENT ? make_data(s, dir) : -errno;
	if (rc < 0)
		return rc;
	if (is_cut_off(s))
		return -EBADMSG;
	/* A small address space (a limit, 32 bits) gets a smaller map. */
	for (;; s->map_size /= 2) {
		rc = mdb_env_create(&s->env);
		if (rc)
			return store_errno(rc);
		(void)mdb_env_set_maxdbs(s->env, STORE_TABLES);
		(void)mdb_env_set_mapsize(s->env, s->map_size);
		rc = mdb_env_open(s->env, dir, flags, 0600);
		if (rc == 0)
			break;
		mdb_env_close(s->env);
		s->env = NULL;
		if (rc != ENOMEM || s->map_size / 2 < MAP_LEAST)
			return store_errno(rc);
	}
	MDB_envinfo info;
	MDB_stat st;

	(void)mdb_env_info(s->env, &info);
	(void)mdb_env_stat(s->env, &st);
	s->map_size = info.me_mapsize;
	s->page_size = st.ms_psize;
	return is_cut_off(s) ? -EBADMSG : 0;
}

int env_open_tables(struct spool *s, MDB_txn *txn)
{
	for (size_t i = 0; i < STORE_TABLES; i++) {
		int rc = mdb_dbi_open(
			txn, store_names[i], s->read_only ? 0 : MDB_CREATE, &s->tables[i]);

		if (rc)
			return store_errno(rc);
	}
	return 0;
}
