#include "lookup/logins.h"
#include "auth/sasl.h"
#include "base/utf8.h"

#define SENDERS_MAX 65536U

/* ---- where they are ---- */

static bool is_of(const struct conf_users *u, struct span kind, struct span *ret_path)
{
	*ret_path = u->from;
	return span_take_span(ret_path, kind);
}

static void update_file(struct logins *l, const struct conf_users *u)
{
	struct span path;
	bool is_wanted = is_of(u, SPAN_LIT("file:"), &path);

	if (is_wanted && users_file_is(l->file, path, u->plain_passwords))
		return;
	users_file_close(l->file);
	l->file = is_wanted ? users_file_new(path, u->plain_passwords) : NULL;
}

static void update_dovecot(struct logins *l, const struct conf_users *u)
{
	struct conf_map conf = {
		.name = SPAN_LIT("dovecot"), .type = CONF_MAP_DOVECOT, .timeout = u->timeout};
	bool is_wanted = is_of(u, SPAN_LIT("dovecot:"), &conf.file);

	if (is_wanted && l->dovecot && map_is_same(l->dovecot, &conf))
		return;
	if (l->dovecot)
		map_close(l->dovecot);
	l->dovecot = is_wanted ? map_new(&conf, NULL) : NULL;
}

void logins_update(struct logins *l, const struct conf *conf)
{
	update_file(l, &conf->users);
	update_dovecot(l, &conf->users);
}

void logins_done(struct logins *l)
{
	users_file_close(l->file);
	if (l->dovecot)
		map_close(l->dovecot);
	*l = (struct logins){0};
}

/* ---- a directory, or Dovecot ---- */

static void in_trouble(struct ipc_lookup_authed *ret, unsigned trouble)
{
	*ret = (struct ipc_lookup_authed){
		.verdict = IPC_AUTH_IN_TROUBLE, .trouble = (uint8_t)trouble};
}

static bool is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= ' ' || text.at[i] == ',' || text.at[i] == 0x7f)
			return false;
	return text.len > 0 && text.len <= SASL_NAME_MAX && utf8_is_valid(text);
}

static struct span lower(struct span text, struct arena *arena)
{
	char *copy = arena_str(arena, text);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = byte_lower(copy[i]);
	return span_of(copy, text.len);
}

/* Those that look like senders, joined by spaces. */
static struct span join(const struct span *values, size_t n, struct arena *arena)
{
	struct buf all = BUF_INIT(SENDERS_MAX);

	for (size_t i = 0; i < n; i++) {
		bool is_any = span_equal(values[i], SPAN_LIT("*"));

		if (!is_plain(values[i]) || (!is_any && span_find(values[i], '@') < 0))
			continue;
		(void)buf_add_str(&all, all.len > 0 ? " " : "");
		(void)buf_add(&all, values[i]);
	}
	struct span joined = all.error ? (struct span){0} : arena_copy(arena, buf_span(&all));

	buf_done(&all);
	return joined;
}

/*
 * The first value is the name that the back-end has for it: whoever is known by several names, or by
 * one in large and small letters, is one and the same, and has one rate.
 */
static void ask_map_for(struct map *m, const struct ipc_lookup_auth *q, nanos deadline,
	struct arena *arena, struct ipc_lookup_authed *ret)
{
	const struct map_login who = {.user = q->login,
		.password = q->password,
		.client = q->client,
		.has_tls = q->has_tls,
		.step = q->step,
		.said = q->said,
		.talk = q->talk};
	struct map_answer a;

	map_login(m, &who, deadline, arena, &a);
	if (a.state == IPC_LOOKUP_FAILED) {
		in_trouble(ret, a.trouble);
		return;
	}
	*ret = (struct ipc_lookup_authed){
		.verdict = a.state == IPC_LOOKUP_FOUND ? IPC_AUTH_YES : IPC_AUTH_NO};
	if (ret->verdict != IPC_AUTH_YES)
		return;
	if (q->step == IPC_AUTH_SALT) {
		ret->challenge = a.values[0];
		ret->talk = a.talk;
		return;
	}
	if (q->step == IPC_AUTH_PROOF)
		ret->signature = a.values[1];
	ret->login = lower(a.n > 0 && is_plain(a.values[0]) ? a.values[0] : q->login, arena);
	if (m->conf.type == CONF_MAP_LDAP)
		ret->senders = join(a.values, a.n, arena);
}

/* ---- as whom they may send ---- */

static void find_senders(const struct maps *maps, struct span name, nanos deadline,
	struct arena *arena, struct ipc_lookup_authed *ret)
{
	struct map *m = maps_get(maps, name);
	struct map_answer a;

	if (!m) {
		in_trouble(ret, LOOKUP_NO_MAP);
		return;
	}
	map_ask(m, ret->login, deadline, arena, &a);
	map_put(m);
	if (a.state == IPC_LOOKUP_FAILED)
		in_trouble(ret, a.trouble);
	else if (a.state == IPC_LOOKUP_FOUND)
		ret->senders = join(a.values, a.n, arena);
}

void logins_ask(struct logins *l, const struct maps *maps, const struct conf_users *conf,
	const struct ipc_lookup_auth *q, nanos deadline, struct arena *arena,
	struct ipc_lookup_authed *ret)
{
	if (l->file) {
		users_file_ask(l->file, q, deadline, arena, ret);
	} else if (q->step != IPC_AUTH_PASSWORD && !l->dovecot) {
		in_trouble(ret, LOOKUP_NO_MAP);
	} else {
		struct map *m = l->dovecot;

		if (m)
			map_get(m);
		else
			m = maps_get(maps, conf->from);
		if (m)
			ask_map_for(m, q, deadline, arena, ret);
		else
			in_trouble(ret, LOOKUP_NO_MAP);
		map_put(m);
	}
	if (ret->verdict == IPC_AUTH_YES && q->step != IPC_AUTH_SALT && conf->senders.len > 0)
		find_senders(maps, conf->senders, deadline, arena, ret);
}
