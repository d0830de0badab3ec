#include "mailbox/owner.h"
#include "base/alloc.h"
#include "base/buf.h"
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

#define ROOM_MOST  ((size_t)1 << 20) /* of an entry in the database */
#define REMEMBER   (60 * NANOS_S)
#define KNOWN_MOST 10000U

struct known {
	struct owner owner;
	int rc;
	nanos until;
};

struct question {
	const char *name;
	struct known answer;
};

/* On a thread of its own: modules of the database may want much stack, and time. */
static void look_up(void *arg)
{
	struct question *q = arg;
	struct buf room = BUF_INIT(ROOM_MOST);
	struct passwd p, *found = NULL;
	int rc = ERANGE;

	for (size_t size = 1024; rc == ERANGE && buf_reserve(&room, size) == 0; size *= 4)
		rc = getpwnam_r(q->name, &p, room.at, room.room, &found);
	if (found)
		q->answer.owner = (struct owner){p.pw_uid, p.pw_gid};
	q->answer.rc = found ? 0 : rc == 0 || rc == ENOENT || rc == ESRCH ? -ENOENT : -EAGAIN;
	buf_done(&room);
}

static void forget_all(struct owners *o)
{
	struct span key;
	void *known;

	for (size_t i = 0; table_next(&o->known, &i, &key, &known);)
		free(known);
	table_done(&o->known);
	o->known = (struct table){0};
}

static void remember(struct owners *o, struct span name, const struct known *answer)
{
	struct known *k = table_get(&o->known, name);

	if (!k) {
		if (o->known.n >= KNOWN_MOST)
			forget_all(o);
		k = alloc_zero(sizeof *k);
		(void)table_set(&o->known, name, k);
	}
	*k = *answer;
	k->until = clock_after(REMEMBER);
}

int owner_find(struct owners *o, struct span name, bool is_person, struct owner *ret)
{
	const struct known *k = table_get(&o->known, name);
	struct question q = {0};

	if (k && clock_now() < k->until) {
		q.answer = *k;
	} else {
		_cleanup_(alloc_free) char *text = alloc_copy(name.at, name.len);

		q.name = text;
		int rc = task_offload(look_up, &q);

		if (rc < 0)
			return -EAGAIN;
		if (q.answer.rc != -EAGAIN)
			remember(o, name, &q.answer);
	}
	if (q.answer.rc < 0)
		return q.answer.rc;
	if (q.answer.owner.uid == 0 || (is_person && q.answer.owner.uid < OWNER_FIRST_PERSON))
		return -EPERM;
	*ret = q.answer.owner;
	return 0;
}
