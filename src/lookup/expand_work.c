#include "lookup/expand_in.h"
#include "wire/path.h"

#define ADDRESS_MAX 512U

void work_conclude(
	struct work *w, enum ipc_lookup_verdict verdict, struct span address, const char *what)
{
	w->verdict = (uint8_t)verdict;
	w->note->address = address;
	w->note->what = what;
}

static struct span lower(const struct expand *e, struct span text)
{
	char *copy = arena_str(e->arena, text);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = byte_lower(copy[i]);
	return span_of(copy, text.len);
}

bool work_canonical(const struct expand *e, struct span text, struct span *ret)
{
	struct wire_path path;
	struct buf out = BUF_INIT(ADDRESS_MAX);
	bool good =
		wire_address_read(text, &path) == WIRE_PATH_OK && path.kind == WIRE_PATH_MAILBOX;

	if (good)
		path.domain = conf_own_name(e->conf, path.domain, e->arena);
	good = good && wire_path_text(&path, &out) == 0;
	if (good)
		*ret = arena_copy(e->arena, buf_span(&out));
	buf_done(&out);
	return good;
}

bool work_split(struct span address, struct span *ret_local, struct span *ret_domain)
{
	for (size_t i = address.len; i-- > 1;)
		if (address.at[i] == '@') {
			*ret_local = span_slice(address, 0, i);
			*ret_domain = span_slice(address, i + 1, address.len);
			return true;
		}
	return false;
}

/* ---- questions ---- */

bool work_ask(struct work *w, struct span map, struct span key, struct map_answer *ret)
{
	*ret = (struct map_answer){0};
	w->e->ops->ask(w->e->self, map, key, w->e->arena, ret);
	if (ret->state == IPC_LOOKUP_FAILED) {
		w->verdict = IPC_LOOKUP_IN_TROUBLE;
		w->trouble = (uint8_t)ret->trouble;
	}
	return ret->state == IPC_LOOKUP_FOUND;
}

struct span work_join(const struct expand *e, struct span local, struct span domain)
{
	return arena_printf(e->arena, "%.*s@%.*s", SPAN_F(local), SPAN_F(domain));
}

bool work_ask_both(struct work *w, struct span map, struct span local, struct span domain,
	struct map_answer *ret)
{
	const struct conf_map *conf = conf_map_for(w->e->conf, map);

	if (work_ask(w, map, work_join(w->e, local, domain), ret) || w->verdict)
		return !w->verdict;
	return conf && conf->type != CONF_MAP_LDAP && work_ask(w, map, local, ret);
}

/* ---- items ---- */

bool work_is_loop(const struct item *from, struct span address)
{
	for (; from; from = from->from)
		if (span_equal_nocase(from->address, address))
			return true;
	return false;
}

void work_push(struct work *w, const struct item *from, struct span address, bool is_final)
{
	const struct conf_limits *limits = &w->e->conf->limits;
	unsigned depth = from ? from->depth + 1 : 0;
	struct item *i = ARENA_NEW(w->e->arena, struct item);

	*i = (struct item){.address = address, .from = from, .depth = depth, .is_final = is_final};
	if (!work_split(address, &i->local, &i->domain))
		work_conclude(w, IPC_LOOKUP_BAD_ALIAS, address, "is no address");
	else if (depth > limits->alias_depth)
		work_conclude(w, IPC_LOOKUP_LOOP, address, "is deeper than limits.alias_depth");
	else if (w->items++ > (size_t)limits->alias_recipients * 2)
		work_conclude(
			w, IPC_LOOKUP_TOO_MANY, address, "is more than limits.alias_recipients");
	*w->last = i;
	w->last = &i->next;
}

/* ---- what is found ---- */

void work_grow(struct work *w)
{
	size_t room = w->found_room ? w->found_room * 2 : 4;
	struct ipc_lookup_recipient *all = arena_array(w->e->arena, room, sizeof *all);

	if (w->found_n > 0)
		memcpy(all, w->found, w->found_n * sizeof *all);
	w->found = all;
	w->found_room = room;
}

void work_lack_secrets(struct work *w, struct span address)
{
	work_conclude(
		w, IPC_LOOKUP_IN_TROUBLE, address, "needs srs.secret, which could not be read");
	w->trouble = LOOKUP_NOT_LOADED;
}

/*
 * Somebody else's domain gets it in our name, unless the sender is ours or nobody. A sender that
 * can't be wrapped (too long) stays what it is.
 */
static void set_sender(struct work *w, struct ipc_lookup_recipient *r, struct span domain)
{
	const struct conf *conf = w->e->conf;
	struct span local, from;
	struct buf out = BUF_INIT(ADDRESS_MAX);

	if (conf->srs.secret.len == 0 || w->sender.len == 0 || conf_domain_for(conf, domain) ||
		!work_split(w->sender, &local, &from) || conf_domain_for(conf, from))
		return;
	if (!w->e->srs) {
		work_lack_secrets(w, r->address);
	} else if (srs_wrap(w->e->srs, w->sender, w->e->now_seconds, &out) == 0) {
		r->sender = arena_copy(w->e->arena, buf_span(&out));
	}
	buf_done(&out);
}

void work_found(struct work *w, struct span address, struct span domain)
{
	struct span key = lower(w->e, address);

	if (table_get(&w->seen, key))
		return;
	if (w->found_n >= w->e->conf->limits.alias_recipients) {
		work_conclude(
			w, IPC_LOOKUP_TOO_MANY, address, "is more than limits.alias_recipients");
		return;
	}
	if (!conf_target_for(w->e->conf, domain, NULL)) {
		work_conclude(w, IPC_LOOKUP_BAD_ALIAS, address, "has no way to go");
		return;
	}
	if (w->found_n == w->found_room)
		work_grow(w);
	w->found[w->found_n] = (struct ipc_lookup_recipient){.address = address};
	set_sender(w, &w->found[w->found_n++], domain);
	(void)table_set(&w->seen, key, w);
}
