#include "lookup/users_file.h"
#include "base/alloc.h"
#include "base/log.h"
#include "lookup/trouble.h"
#include "task/task.h"
#include <errno.h>
#include <stdlib.h>

#define LOOK_EVERY (250 * NANOS_MS)
#define AT_ONCE    3U /* passwords that are being checked: each may take half a gigabyte */

struct users_file {
	char *path;
	bool may_be_plain, is_closed, has_looked;
	unsigned refs;
	struct users *users;             /* NULL: none could be read yet */
	struct table_stamp loaded, seen; /* read last; changed, but maybe not yet at rest */
	int error;                       /* that was said last */
	struct task *task;
	struct task_gate first; /* the first look is over */
	unsigned checking;
	struct task_gate turn; /* one check less */
};

int users_file_read(const char *path, bool may_be_plain, struct users **ret,
	struct table_stamp *ret_stamp, struct users_fault *ret_fault)
{
	char *text;
	size_t len;
	int rc = table_file_bytes(path, &text, &len, ret_stamp);

	if (rc < 0)
		return rc;
	rc = users_read(span_of(text, len), may_be_plain, ret, ret_fault);
	explicit_bzero(text, len);
	free(text);
	return rc;
}

/* ---- the file ---- */

struct look { /* what a helper thread works on */
	const char *path;
	struct table_stamp loaded, seen;
	bool may_be_plain, is_first;
	bool has_read; /* users, or fault */
	int rc;
	struct users *users;
	struct users_fault fault;
};

static void look(void *arg)
{
	struct look *l = arg;
	struct table_stamp now;

	l->rc = table_stamp(l->path, &now);
	if (l->rc < 0 || table_stamp_equal(&now, &l->loaded))
		return;
	bool rests = l->is_first || table_stamp_equal(&now, &l->seen);

	l->seen = now;
	if (!rests)
		return;
	l->rc = users_file_read(l->path, l->may_be_plain, &l->users, &l->loaded, &l->fault);
	l->has_read = l->rc != -EAGAIN;
	if (l->rc == -EAGAIN)
		l->rc = 0;
}

static void say_wrong(struct users_file *f, const struct look *l)
{
	const char *kept =
		f->users ? "the logins that were read before stay in use" : "nobody can log in";

	if (l->rc == -EINVAL && l->has_read)
		log_event(LOG_ERROR, "users_wrong", LOG_STR("file", f->path),
			LOG_U64("line", l->fault.line), LOG_STR("error", l->fault.why),
			LOG_STR("note", kept));
	else if (l->rc != f->error)
		log_event(LOG_ERROR, "users_wrong", LOG_STR("file", f->path), LOG_ERRNO(l->rc),
			LOG_STR("note", kept));
}

static void take(struct users_file *f, struct look *l)
{
	f->seen = l->seen;
	if (l->rc < 0) {
		say_wrong(f, l);
	} else if (l->has_read) {
		users_free(f->users);
		f->users = l->users;
		log_event(LOG_INFO, "users_loaded", LOG_STR("file", f->path),
			LOG_U64("logins", users_count(f->users)));
	}
	if (l->has_read)
		f->loaded = l->loaded;
	f->error = l->rc;
}

static void put(struct users_file *f)
{
	if (--f->refs > 0)
		return;
	users_free(f->users);
	free(f->path);
	free(f);
}

static void watch(void *arg)
{
	struct users_file *f = arg;

	while (!f->is_closed) {
		struct look *l = alloc_zero(sizeof *l);

		*l = (struct look){.path = f->path,
			.loaded = f->loaded,
			.seen = f->seen,
			.may_be_plain = f->may_be_plain,
			.is_first = !f->users && !f->has_looked};
		if (task_offload(look, l) == 0)
			take(f, l);
		free(l);
		f->has_looked = true;
		task_gate_wake_all(&f->first);
		if (task_sleep(clock_after(LOOK_EVERY)) < 0)
			break;
	}
	put(f);
}

struct users_file *users_file_new(struct span path, bool may_be_plain)
{
	struct users_file *f = alloc_zero(sizeof *f);

	*f = (struct users_file){
		.path = alloc_copy(path.at, path.len), .may_be_plain = may_be_plain, .refs = 1};
	task_gate_init(&f->first);
	task_gate_init(&f->turn);
	f->task = task_spawn("users", watch, f);
	if (f->task)
		f->refs++;
	return f;
}

void users_file_close(struct users_file *f)
{
	if (!f)
		return;
	f->is_closed = true;
	if (f->task) {
		task_cancel(f->task);
		task_detach(f->task);
		f->task = NULL;
	}
	put(f);
}

bool users_file_is(const struct users_file *f, struct span path, bool may_be_plain)
{
	return f && span_equal(span_str(f->path), path) && f->may_be_plain == may_be_plain;
}

/* ---- questions ---- */

static void in_trouble(struct ipc_lookup_authed *ret, enum lookup_trouble trouble)
{
	*ret = (struct ipc_lookup_authed){
		.verdict = IPC_AUTH_IN_TROUBLE, .trouble = (uint8_t)trouble};
}

struct check { /* what a helper thread works on; all of it is the question's own */
	const struct ipc_lookup_auth *question;
	struct span stored;
	struct scram_keys keys; /* to be made from the stored password where derives */
	bool derives, is_there, may_be_plain;
	bool is_right;
	unsigned char signature[SCRAM_KEY];
};

static void check_password(void *arg)
{
	struct check *c = arg;
	bool is_it = password_check(c->stored, c->question->password, c->may_be_plain);

	c->is_right = is_it && c->is_there;
}

static void check_proof(void *arg)
{
	struct check *c = arg;
	unsigned char proof[SCRAM_KEY];
	struct scram_keys made;
	struct span hash, salt = span_of(c->keys.salt, c->keys.salt_len);

	memcpy(proof, c->question->proof.at, SCRAM_KEY);
	if (c->derives && password_kind(c->stored, &hash) == PASSWORD_PLAIN &&
		scram_derive(hash, salt, c->keys.iterations, &made))
		c->keys = made;
	bool is_it = scram_prove(&c->keys, c->question->message, proof, c->signature);

	c->is_right = is_it && c->is_there;
	explicit_bzero(&made, sizeof made);
}

/* Only so many at once: hashes of passwords are made to take time and memory. False: too late. */
static bool work(struct users_file *f, void (*fn)(void *), struct check *c, nanos deadline)
{
	while (f->checking >= AT_ONCE)
		if (task_gate_wait(&f->turn, deadline) < 0)
			return false;
	f->checking++;
	int rc = task_offload(fn, c);

	f->checking--;
	(void)task_gate_wake_one(&f->turn);
	return rc == 0;
}

/* Keys that were stored, or stand for a plain password, or for nobody. */
static void find_keys(struct users_file *f, const struct user *u, struct check *c)
{
	struct span hash;
	enum password_kind kind = c->is_there ? password_kind(u->stored, &hash) : PASSWORD_WRONG;

	users_decoy_keys(f->users, c->question->login, &c->keys);
	c->derives = kind == PASSWORD_PLAIN && f->may_be_plain;
	if (kind == PASSWORD_SCRAM && scram_keys_read(hash, &c->keys) == 0)
		return;
	c->is_there = c->is_there && c->derives; /* no way to prove it */
}

static void answer(struct users_file *f, const struct user *u, struct check *c, nanos deadline,
	struct arena *arena, struct ipc_lookup_authed *ret)
{
	const struct ipc_lookup_auth *q = c->question;
	/* A file that is read again meanwhile takes its texts with it. */
	const struct ipc_lookup_authed right = {.verdict = IPC_AUTH_YES,
		.login = arena_copy(arena, u->login),
		.senders = arena_copy(arena, u->senders)};

	c->stored = arena_copy(arena, c->stored);
	if (q->step != IPC_AUTH_PASSWORD)
		find_keys(f, u, c);
	if (q->step == IPC_AUTH_SALT) {
		*ret = (struct ipc_lookup_authed){.verdict = IPC_AUTH_YES,
			.salt = arena_copy(arena, span_of(c->keys.salt, c->keys.salt_len)),
			.iterations = c->keys.iterations};
		return;
	}
	if (!work(f, q->step == IPC_AUTH_PROOF ? check_proof : check_password, c, deadline)) {
		in_trouble(ret, LOOKUP_BUSY);
		return;
	}
	*ret = c->is_right ? right : (struct ipc_lookup_authed){.verdict = IPC_AUTH_NO};
	if (c->is_right && q->step == IPC_AUTH_PROOF)
		ret->signature = arena_copy(arena, span_of(c->signature, sizeof c->signature));
}

void users_file_ask(struct users_file *f, const struct ipc_lookup_auth *q, nanos deadline,
	struct arena *arena, struct ipc_lookup_authed *ret)
{
	struct user user = {0};
	struct check *c = ARENA_NEW(arena, struct check);

	f->refs++;
	while (!f->has_looked && f->task)
		if (task_gate_wait(&f->first, deadline) < 0)
			break;
	*c = (struct check){.question = q, .may_be_plain = f->may_be_plain};
	if (!f->users) {
		in_trouble(ret, LOOKUP_NOT_LOADED);
	} else if (q->step == IPC_AUTH_PROOF && q->proof.len != SCRAM_KEY) {
		*ret = (struct ipc_lookup_authed){.verdict = IPC_AUTH_NO};
	} else {
		c->is_there = users_find(f->users, q->login, &user);
		c->stored = c->is_there ? user.stored : users_decoy(f->users);
		answer(f, &user, c, deadline, arena, ret);
	}
	put(f);
}
