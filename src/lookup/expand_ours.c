/* What an address of one of our domains leads to: aliases, mailboxes, tags, the place for all others. */
#include "lookup/expand_in.h"
#include "lookup/rows.h"

/* ---- aliases ---- */

/* The tag of the address goes into what its alias leads to, where so configured. */
static struct span with_tag(
	struct work *w, const struct conf_domain *d, struct span tag, struct span value)
{
	struct span local, domain;

	if (!d->keep_tag || tag.len == 0 || !work_split(value, &local, &domain) ||
		value.at[0] == '"')
		return value;
	return arena_printf(
		w->e->arena, "%.*s%.*s@%.*s", SPAN_F(local), SPAN_F(tag), SPAN_F(domain));
}

/* One value of an alias. "\name" and an address that names itself are the mailbox of that name. */
static void push_value(struct work *w, const struct item *from, struct span tag, struct span value)
{
	const struct conf_domain *d = conf_domain_for(w->e->conf, from->domain);
	bool is_final = span_take(&value, '\\');
	const char *why = rows_refused_target(value);
	struct span address;

	if (why) {
		work_conclude(w, IPC_LOOKUP_BAD_ALIAS, from->address, why);
		return;
	}
	if (value.len > 0 && span_find(value, '@') < 0)
		value = work_join(w->e, value, from->domain);
	if (!work_canonical(w->e, d ? with_tag(w, d, tag, value) : value, &address)) {
		work_conclude(w, IPC_LOOKUP_BAD_ALIAS, from->address,
			"has an alias to something that is no address");
		return;
	}
	is_final |= span_equal_nocase(address, from->address);
	if (!is_final && work_is_loop(from, address))
		work_conclude(w, IPC_LOOKUP_LOOP, address, "is led to in a circle");
	else
		work_push(w, from, address, is_final);
}

static void push_values(
	struct work *w, const struct item *from, struct span tag, const struct map_answer *a)
{
	if (a->n == 0)
		work_conclude(
			w, IPC_LOOKUP_BAD_ALIAS, from->address, "has an alias that leads nowhere");
	for (size_t i = 0; i < a->n && !w->verdict; i++)
		push_value(w, from, tag, a->values[i]);
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

	w->e->ops->ask(w->e->self, conf_store_map(domain, w->e->arena),
		work_join(w->e, local, domain), w->e->arena, &a);
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
		return work_ask_both(w, d->recipients[0].text, local, i->domain, &a);
	return is_listed(d, i, local);
}

/* Alias, then mailbox, of this local part. True: that was it, or something has failed. */
static bool try_local(struct work *w, const struct conf_domain *d, const struct item *i,
	struct span local, struct span tag)
{
	struct map_answer a;

	if (d->aliases.len > 0 && !i->is_final &&
		work_ask_both(w, d->aliases, local, i->domain, &a)) {
		push_values(w, i, tag, &a);
		return true;
	}
	if (w->verdict)
		return true;
	if (!exists(w, d, i, local))
		return w->verdict != 0;
	work_found(w, tag.len > 0 && !d->keep_tag ? work_join(w->e, local, i->domain) : i->address,
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

bool work_is_postmaster(const struct conf_domain *d, struct span local)
{
	struct span user = local, tag;

	(void)split_tag(d, local, &user, &tag);
	return span_equal_nocase(user, SPAN_LIT("postmaster")) ||
	       span_equal_nocase(user, SPAN_LIT("abuse"));
}

static void push_whole(struct work *w, const struct item *i, struct span address)
{
	struct span text;

	if (!work_canonical(w->e, address, &text))
		work_conclude(w, IPC_LOOKUP_BAD_ALIAS, address, "is no address");
	else if (span_equal_nocase(text, i->address))
		work_found(w, text, i->domain);
	else if (work_is_loop(i, text))
		work_conclude(w, IPC_LOOKUP_LOOP, text, "is led to in a circle");
	else
		work_push(w, i, text, false);
}

/* Whom nobody knows: where all others go. True: there is such a place. */
static bool try_all(struct work *w, const struct conf_domain *d, const struct item *i)
{
	struct map_answer a;

	if (d->aliases.len > 0 &&
		work_ask(w, d->aliases, work_join(w->e, SPAN_LIT(""), i->domain), &a)) {
		push_values(w, i, (struct span){0}, &a);
		return true;
	}
	if (!w->verdict && d->catch_all.len > 0) {
		push_whole(w, i, d->catch_all);
		return true;
	}
	return w->verdict != 0;
}

void work_ours(struct work *w, const struct conf_domain *d, const struct item *i)
{
	struct span user, tag = {0};

	if (try_local(w, d, i, i->local, tag))
		return;
	if (split_tag(d, i->local, &user, &tag) && try_local(w, d, i, user, tag))
		return;
	if (work_is_postmaster(d, i->local)) {
		if (w->e->conf->postmaster.len > 0 && !i->is_final)
			push_whole(w, i, w->e->conf->postmaster);
		else
			work_found(w, i->address, i->domain);
		return;
	}
	if (i->is_final || try_all(w, d, i))
		return;
	if (!i->from)
		work_conclude(w, IPC_LOOKUP_UNKNOWN, i->address, NULL);
	else
		*w->note =
			(struct expand_note){i->address, "is led to by an alias, but is not there"};
}
