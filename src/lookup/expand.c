#include "lookup/expand.h"
#include "base/table.h"
#include "wire/path.h"

#define ADDRESS_MAX 512U

struct item { /* an address that is being worked on */
	struct span address, local, domain;
	const struct item *from; /* whose alias led here; NULL: it is the recipient */
	struct item *next;
	unsigned depth;
	bool is_final; /* an alias named itself: it is not asked again */
};

struct work {
	const struct expand *e;
	struct item *first, **last; /* to be worked on */
	size_t items;               /* ever made */
	struct ipc_lookup_recipient *found;
	size_t found_n, found_room;
	struct table seen; /* addresses in found */
	struct span sender;
	uint8_t verdict, trouble; /* verdict: 0 as long as nothing is wrong */
	struct expand_note *note;
};

static void conclude(
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

/* The canonical text of an address; false where it is none. */
static bool canonical(const struct expand *e, struct span text, struct span *ret)
{
	struct wire_path path;
	struct buf out = BUF_INIT(ADDRESS_MAX);
	bool good = wire_address_read(text, &path) == WIRE_PATH_OK &&
		    path.kind == WIRE_PATH_MAILBOX && wire_path_text(&path, &out) == 0;

	if (good)
		*ret = arena_copy(e->arena, buf_span(&out));
	buf_done(&out);
	return good;
}

static bool split(struct span address, struct span *ret_local, struct span *ret_domain)
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

/* True where it was found. What fails is the verdict. */
static bool ask(struct work *w, struct span map, struct span key, struct map_answer *ret)
{
	*ret = (struct map_answer){0};
	w->e->ops->ask(w->e->self, map, key, w->e->arena, ret);
	if (ret->state == IPC_LOOKUP_FAILED) {
		w->verdict = IPC_LOOKUP_IN_TROUBLE;
		w->trouble = (uint8_t)ret->trouble;
	}
	return ret->state == IPC_LOOKUP_FOUND;
}

static struct span join(const struct expand *e, struct span local, struct span domain)
{
	return arena_printf(e->arena, "%.*s@%.*s", SPAN_F(local), SPAN_F(domain));
}

/* By the whole address; in a file by the local part too, because the file is this domain's. */
static bool ask_both(struct work *w, struct span map, struct span local, struct span domain,
	struct map_answer *ret)
{
	const struct conf_map *conf = conf_map_for(w->e->conf, map);

	if (ask(w, map, join(w->e, local, domain), ret) || w->verdict)
		return !w->verdict;
	return conf && conf->type != CONF_MAP_LDAP && ask(w, map, local, ret);
}

/* ---- items ---- */

static bool is_loop(const struct item *from, struct span address)
{
	for (; from; from = from->from)
		if (span_equal_nocase(from->address, address))
			return true;
	return false;
}

static void push(struct work *w, const struct item *from, struct span address, bool is_final)
{
	const struct conf_limits *limits = &w->e->conf->limits;
	unsigned depth = from ? from->depth + 1 : 0;
	struct item *i = ARENA_NEW(w->e->arena, struct item);

	*i = (struct item){.address = address, .from = from, .depth = depth, .is_final = is_final};
	if (!split(address, &i->local, &i->domain))
		conclude(w, IPC_LOOKUP_BAD_ALIAS, address, "is no address");
	else if (depth > limits->alias_depth)
		conclude(w, IPC_LOOKUP_LOOP, address, "is deeper than limits.alias_depth");
	else if (w->items++ > (size_t)limits->alias_recipients * 2)
		conclude(w, IPC_LOOKUP_TOO_MANY, address, "is more than limits.alias_recipients");
	*w->last = i;
	w->last = &i->next;
}

/* The tag of the address goes into what its alias leads to, where so configured. */
static struct span with_tag(
	struct work *w, const struct conf_domain *d, struct span tag, struct span value)
{
	struct span local, domain;

	if (!d->keep_tag || tag.len == 0 || !split(value, &local, &domain) || value.at[0] == '"')
		return value;
	return arena_printf(
		w->e->arena, "%.*s%.*s@%.*s", SPAN_F(local), SPAN_F(tag), SPAN_F(domain));
}

/* One value of an alias. "\name" and an address that names itself are the mailbox of that name. */
static void push_value(struct work *w, const struct item *from, struct span tag, struct span value)
{
	const struct conf_domain *d = conf_domain_for(w->e->conf, from->domain);
	bool is_final = span_take(&value, '\\');
	struct span address;

	if (value.len > 0 && span_find(value, '@') < 0)
		value = join(w->e, value, from->domain);
	if (!canonical(w->e, d ? with_tag(w, d, tag, value) : value, &address)) {
		conclude(w, IPC_LOOKUP_BAD_ALIAS, from->address,
			"has an alias to something that is no address");
		return;
	}
	is_final |= span_equal_nocase(address, from->address);
	if (!is_final && is_loop(from, address))
		conclude(w, IPC_LOOKUP_LOOP, address, "is led to in a circle");
	else
		push(w, from, address, is_final);
}

static void push_values(
	struct work *w, const struct item *from, struct span tag, const struct map_answer *a)
{
	if (a->n == 0)
		conclude(w, IPC_LOOKUP_BAD_ALIAS, from->address, "has an alias that leads nowhere");
	for (size_t i = 0; i < a->n && !w->verdict; i++)
		push_value(w, from, tag, a->values[i]);
}

/* ---- what is found ---- */

static void grow(struct work *w)
{
	size_t room = w->found_room ? w->found_room * 2 : 4;
	struct ipc_lookup_recipient *all = arena_array(w->e->arena, room, sizeof *all);

	if (w->found_n > 0)
		memcpy(all, w->found, w->found_n * sizeof *all);
	w->found = all;
	w->found_room = room;
}

/* SRS is wanted, and its secrets could not be read. */
static void lack_secrets(struct work *w, struct span address)
{
	conclude(w, IPC_LOOKUP_IN_TROUBLE, address, "needs srs.secret, which could not be read");
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
		!split(w->sender, &local, &from) || conf_domain_for(conf, from))
		return;
	if (!w->e->srs) {
		lack_secrets(w, r->address);
	} else if (srs_wrap(w->e->srs, w->sender, w->e->now_seconds, &out) == 0) {
		r->sender = arena_copy(w->e->arena, buf_span(&out));
	}
	buf_done(&out);
}

static void found(struct work *w, struct span address, struct span domain)
{
	struct span key = lower(w->e, address);

	if (table_get(&w->seen, key))
		return;
	if (w->found_n >= w->e->conf->limits.alias_recipients) {
		conclude(w, IPC_LOOKUP_TOO_MANY, address, "is more than limits.alias_recipients");
		return;
	}
	if (!conf_target_for(w->e->conf, domain)) {
		conclude(w, IPC_LOOKUP_BAD_ALIAS, address, "has no way to go");
		return;
	}
	if (w->found_n == w->found_room)
		grow(w);
	w->found[w->found_n] = (struct ipc_lookup_recipient){.address = address};
	set_sender(w, &w->found[w->found_n++], domain);
	(void)table_set(&w->seen, key, w);
}

/* ---- an address of ours ---- */

static bool is_listed(const struct conf_domain *d, const struct item *i, struct span local)
{
	for (size_t k = 0; k < d->n_recipients; k++) {
		struct span one = d->recipients[k].text;
		bool is_whole = span_find(one, '@') >= 0;

		if (is_whole ? span_equal_nocase(
				       span_slice(one, 0, (size_t)span_find(one, '@')), local)
			     : span_equal_nocase(one, local))
			return true;
	}
	return false;
}

/* Whom the store can't be asked about may be there: his mail is taken, and waits for the store. */
static bool is_in_store(const struct work *w, struct span local, struct span domain)
{
	struct map_answer a = {0};

	w->e->ops->ask(w->e->self, conf_store_map(domain, w->e->arena), join(w->e, local, domain),
		w->e->arena, &a);
	return a.state != IPC_LOOKUP_MISSING;
}

static bool exists(
	struct work *w, const struct conf_domain *d, const struct item *i, struct span local)
{
	struct map_answer a;

	if (d->to.text.len == 0)
		return false;
	if (d->asks != CONF_ASKS_NOBODY)
		return !conf_asks_store(d, w->e->may_relay) || is_in_store(w, local, d->name);
	if (conf_takes_any(d))
		return true;
	if (d->n_recipients == 1 && span_starts(d->recipients[0].text, SPAN_LIT("map:")))
		return ask_both(w, d->recipients[0].text, local, i->domain, &a);
	return is_listed(d, i, local);
}

/* Alias, then mailbox, of this local part. True: that was it, or something has failed. */
static bool try_local(struct work *w, const struct conf_domain *d, const struct item *i,
	struct span local, struct span tag)
{
	struct map_answer a;

	if (d->aliases.len > 0 && !i->is_final && ask_both(w, d->aliases, local, i->domain, &a)) {
		push_values(w, i, tag, &a);
		return true;
	}
	if (w->verdict)
		return true;
	if (!exists(w, d, i, local))
		return w->verdict != 0;
	found(w, tag.len > 0 && !d->keep_tag ? join(w->e, local, i->domain) : i->address,
		i->domain);
	return true;
}

/* "user" and "+tag" of "user+tag"; false: it has none. */
static bool split_tag(
	const struct conf_domain *d, struct span local, struct span *ret_user, struct span *ret_tag)
{
	ptrdiff_t at = d->subaddress.len == 1 ? span_find(local, d->subaddress.at[0]) : -1;

	if (at < 1 || local.at[0] == '"')
		return false;
	*ret_user = span_slice(local, 0, (size_t)at);
	*ret_tag = span_slice(local, (size_t)at, local.len);
	return true;
}

static bool is_postmaster(struct span local)
{
	return span_equal_nocase(local, SPAN_LIT("postmaster")) ||
	       span_equal_nocase(local, SPAN_LIT("abuse"));
}

static void push_whole(struct work *w, const struct item *i, struct span address)
{
	struct span text;

	if (!canonical(w->e, address, &text))
		conclude(w, IPC_LOOKUP_BAD_ALIAS, address, "is no address");
	else if (span_equal_nocase(text, i->address))
		found(w, text, i->domain);
	else if (is_loop(i, text))
		conclude(w, IPC_LOOKUP_LOOP, text, "is led to in a circle");
	else
		push(w, i, text, false);
}

/* Whom nobody knows: where all others go. True: there is such a place. */
static bool try_all(struct work *w, const struct conf_domain *d, const struct item *i)
{
	struct map_answer a;

	if (d->aliases.len > 0 && ask(w, d->aliases, join(w->e, SPAN_LIT(""), i->domain), &a)) {
		push_values(w, i, (struct span){0}, &a);
		return true;
	}
	if (!w->verdict && d->catch_all.len > 0) {
		push_whole(w, i, d->catch_all);
		return true;
	}
	return w->verdict != 0;
}

static void work_ours(struct work *w, const struct conf_domain *d, const struct item *i)
{
	struct span user, tag = {0};

	if (try_local(w, d, i, i->local, tag))
		return;
	bool has_tag = split_tag(d, i->local, &user, &tag);

	if (has_tag && try_local(w, d, i, user, tag))
		return;
	if (is_postmaster(has_tag ? user : i->local)) {
		if (w->e->conf->postmaster.len > 0 && !i->is_final)
			push_whole(w, i, w->e->conf->postmaster);
		else
			found(w, i->address, i->domain);
		return;
	}
	if (i->is_final || try_all(w, d, i))
		return;
	if (!i->from)
		conclude(w, IPC_LOOKUP_UNKNOWN, i->address, NULL);
	else
		*w->note =
			(struct expand_note){i->address, "is led to by an alias, but is not there"};
}

/* ---- the recipient itself ---- */

/* rewrite_*: the whole address, else its domain; a value "@domain" keeps the local part. */
static bool rewrite(struct work *w, struct span map, struct span address, struct span *ret)
{
	struct span local, domain, value;
	struct map_answer a;

	if (map.len == 0 || !split(address, &local, &domain))
		return false;
	if (!ask(w, map, address, &a) &&
		(w->verdict || !ask(w, map, join(w->e, SPAN_LIT(""), domain), &a)))
		return false;
	value = a.n > 0 ? a.values[0] : (struct span){0};
	if (value.len > 0 && value.at[0] == '@')
		value = join(w->e, local, span_slice(value, 1, value.len));
	if (canonical(w->e, value, ret))
		return true;
	conclude(w, IPC_LOOKUP_BAD_ALIAS, address, "is rewritten to something that is no address");
	return false;
}

/* True where it is an address that SRS made: then it is worked on, or refused. */
static bool try_srs(struct work *w, struct span address)
{
	static const uint8_t verdicts[] = {
		[SRS_WRONG] = IPC_LOOKUP_SRS_WRONG, [SRS_EXPIRED] = IPC_LOOKUP_SRS_EXPIRED};
	struct span local, domain;
	struct buf out = BUF_INIT(ADDRESS_MAX);

	if (w->e->conf->srs.secret.len == 0 || !split(address, &local, &domain) ||
		!span_equal_nocase(domain, w->e->conf->srs.domain))
		return false;
	if (!w->e->srs) {
		if (!srs_looks_like(local))
			return false;
		lack_secrets(w, address);
		return true;
	}
	enum srs_verdict v = srs_unwrap(w->e->srs, local, w->e->now_seconds, &out);

	if (v == SRS_WRONG || v == SRS_EXPIRED)
		conclude(w, verdicts[v], address, NULL);
	else if (v == SRS_RIGHT && w->sender.len > 0)
		conclude(w, IPC_LOOKUP_SRS_SENDER, address, NULL);
	else if (v == SRS_RIGHT)
		push(w, NULL, arena_copy(w->e->arena, buf_span(&out)), false);
	buf_done(&out);
	return v != SRS_NONE;
}

static void work_items(struct work *w)
{
	for (const struct item *i; !w->verdict && (i = w->first) != NULL;) {
		const struct conf_domain *d = conf_domain_for(w->e->conf, i->domain);

		w->first = i->next;
		if (!w->first)
			w->last = &w->first;
		if (d)
			work_ours(w, d, i);
		else
			found(w, i->address, i->domain);
	}
	if (!w->verdict && w->found_n == 0)
		w->verdict = IPC_LOOKUP_UNKNOWN;
}

/* "over", or as many bytes used as are allowed. */
static bool is_over(const struct map_answer *a)
{
	uint64_t used, allowed;
	struct span first = a->n > 0 ? a->values[0] : (struct span){0};
	struct span second = a->n > 1 ? a->values[1] : (struct span){0};

	if (span_equal_nocase(first, SPAN_LIT("over")))
		return true;
	return span_take_u64(&first, &used) && first.len == 0 && span_take_u64(&second, &allowed) &&
	       second.len == 0 && used >= allowed;
}

/* Of many, one full mailbox does not stop the others. */
static void check_quota(struct work *w)
{
	struct span local, domain;
	struct map_answer a;

	if (w->verdict || w->found_n != 1 || !split(w->found[0].address, &local, &domain))
		return;
	const struct conf_domain *d = conf_domain_for(w->e->conf, domain);

	if (d && d->quota.len > 0 && ask_both(w, d->quota, local, domain, &a) && is_over(&a))
		conclude(w, IPC_LOOKUP_OVER_QUOTA, w->found[0].address, NULL);
}

/* <postmaster> without a domain is hostname's; true where nothing more is to be asked. */
static bool begin(struct work *w, struct span address)
{
	const struct conf *conf = w->e->conf;
	struct span local, domain, rewritten = address;
	bool was_ours, is_bare = !split(address, &local, &domain);

	if (is_bare) {
		domain = conf->hostname;
		rewritten = join(w->e, address, domain);
	}
	was_ours = is_bare || conf_domain_for(conf, domain) != NULL;
	if (!is_bare && rewrite(w, conf->rewrite_recipient, address, &rewritten))
		(void)split(rewritten, &local, &domain);
	if (w->verdict || try_srs(w, rewritten))
		return w->verdict != 0;
	if (is_bare && !conf_domain_for(conf, domain)) {
		if (conf->postmaster.len > 0)
			push(w, NULL, conf->postmaster, false);
		else
			w->verdict = IPC_LOOKUP_FOREIGN;
	} else if (!was_ours && !conf_domain_for(conf, domain)) {
		w->verdict = IPC_LOOKUP_FOREIGN;
		address = rewritten;
	} else {
		push(w, NULL, rewritten, false);
	}
	if (w->verdict == IPC_LOOKUP_FOREIGN) {
		grow(w);
		w->found[w->found_n++] = (struct ipc_lookup_recipient){.address = address};
	}
	return w->verdict != 0;
}

void expand_recipient(const struct expand *e, struct span address, struct span sender,
	struct ipc_lookup_recipients *ret, struct expand_note *ret_note)
{
	struct work w = {.e = e, .sender = sender, .note = ret_note};

	*ret_note = (struct expand_note){0};
	w.last = &w.first;
	if (!begin(&w, address)) {
		work_items(&w);
		check_quota(&w);
	}
	table_done(&w.seen);
	bool has_some =
		!w.verdict || w.verdict == IPC_LOOKUP_FOREIGN || w.verdict == IPC_LOOKUP_OVER_QUOTA;

	*ret = (struct ipc_lookup_recipients){.verdict = w.verdict ? w.verdict : IPC_LOOKUP_TAKE,
		.trouble = w.trouble,
		.recipients = has_some ? w.found : NULL,
		.recipients_n = has_some ? w.found_n : 0};
}

void expand_sender(const struct expand *e, struct span address, struct ipc_lookup_answer *ret)
{
	struct expand_note note = {0};
	struct work w = {.e = e, .note = &note};
	struct ipc_lookup_value *one = ARENA_NEW(e->arena, struct ipc_lookup_value);
	bool is_rewritten = rewrite(&w, e->conf->rewrite_sender, address, &one->text);

	*ret = (struct ipc_lookup_answer){.state = is_rewritten ? IPC_LOOKUP_FOUND
						   : w.verdict  ? IPC_LOOKUP_FAILED
								: IPC_LOOKUP_MISSING,
		.trouble = w.verdict == IPC_LOOKUP_IN_TROUBLE ? w.trouble
			   : w.verdict                        ? LOOKUP_ANSWER_WRONG
							      : LOOKUP_FINE,
		.values = is_rewritten ? one : NULL,
		.values_n = is_rewritten};
}
