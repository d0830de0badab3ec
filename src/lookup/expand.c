#include "lookup/expand_in.h"

#define ADDRESS_MAX 512U

/* ---- the recipient itself ---- */

/* rewrite_*: the whole address, else its domain; a value "@domain" keeps the local part. */
static bool rewrite(struct work *w, struct span map, struct span address, struct span *ret)
{
	struct span local, domain, value;
	struct map_answer a;

	if (map.len == 0 || !work_split(address, &local, &domain))
		return false;
	if (!work_ask(w, map, address, &a) &&
		(w->verdict || !work_ask(w, map, work_join(w->e, SPAN_LIT(""), domain), &a)))
		return false;
	value = a.n > 0 ? a.values[0] : (struct span){0};
	if (value.len > 0 && value.at[0] == '@')
		value = work_join(w->e, local, span_slice(value, 1, value.len));
	if (work_canonical(w->e, value, ret))
		return true;
	work_conclude(
		w, IPC_LOOKUP_BAD_ALIAS, address, "is rewritten to something that is no address");
	return false;
}

/* True where it is an address that SRS made: then it is worked on, or refused. */
static bool try_srs(struct work *w, struct span address)
{
	static const uint8_t verdicts[] = {
		[SRS_WRONG] = IPC_LOOKUP_SRS_WRONG, [SRS_EXPIRED] = IPC_LOOKUP_SRS_EXPIRED};
	struct span local, domain;
	struct buf out = BUF_INIT(ADDRESS_MAX);

	if (w->e->conf->srs.secret.len == 0 || !work_split(address, &local, &domain) ||
		!span_equal_nocase(domain, w->e->conf->srs.domain))
		return false;
	if (!w->e->srs) {
		if (!srs_looks_like(local))
			return false;
		work_lack_secrets(w, address);
		return true;
	}
	enum srs_verdict v = srs_unwrap(w->e->srs, local, w->e->now_seconds, &out);

	if (v == SRS_WRONG || v == SRS_EXPIRED)
		work_conclude(w, verdicts[v], address, NULL);
	else if (v == SRS_RIGHT && w->sender.len > 0)
		work_conclude(w, IPC_LOOKUP_SRS_SENDER, address, NULL);
	else if (v == SRS_RIGHT)
		work_push(w, NULL, arena_copy(w->e->arena, buf_span(&out)), false);
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
			work_found(w, i->address, i->domain);
	}
	if (!w->verdict && w->found_n == 0)
		w->verdict = IPC_LOOKUP_UNKNOWN;
}

/* RFC 5321 4.5.1: a postmaster is there, though his alias leads to nobody (postmaster: root, and no root). */
static void take_postmaster(struct work *w, const struct item *asked)
{
	struct span to = w->e->conf->postmaster;
	const struct conf_domain *d = asked ? conf_domain_for(w->e->conf, asked->domain) : NULL;

	if (w->verdict != IPC_LOOKUP_UNKNOWN || !d || !work_is_postmaster(d, asked->local))
		return;
	w->verdict = 0;
	if (to.len > 0 && !span_equal_nocase(to, asked->address)) {
		work_push(w, asked, to, false);
		work_items(w);
	}
	if (to.len > 0 && w->verdict != IPC_LOOKUP_UNKNOWN)
		return;
	w->verdict = 0;
	work_found(w, asked->address, asked->domain);
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

	if (w->verdict || w->found_n != 1 || !work_split(w->found[0].address, &local, &domain))
		return;
	const struct conf_domain *d = conf_domain_for(w->e->conf, domain);

	if (d && d->quota.len > 0 && work_ask_both(w, d->quota, local, domain, &a) && is_over(&a))
		work_conclude(w, IPC_LOOKUP_OVER_QUOTA, w->found[0].address, NULL);
}

/* <postmaster> without a domain is hostname's; true where nothing more is to be asked. */
static bool begin(struct work *w, struct span address)
{
	const struct conf *conf = w->e->conf;
	struct span local, domain, rewritten = address;
	bool was_ours, is_bare = !work_split(address, &local, &domain);

	if (is_bare) {
		domain = conf->hostname;
		rewritten = work_join(w->e, address, domain);
	}
	was_ours = is_bare || conf_domain_for(conf, domain) != NULL;
	if (!is_bare && rewrite(w, conf->rewrite_recipient, address, &rewritten))
		(void)work_split(rewritten, &local, &domain);
	if (w->verdict || try_srs(w, rewritten))
		return w->verdict != 0;
	if (is_bare && !conf_domain_for(conf, domain)) {
		if (conf->postmaster.len > 0)
			work_push(w, NULL, conf->postmaster, false);
		else
			w->verdict = IPC_LOOKUP_FOREIGN;
	} else if (!was_ours && !conf_domain_for(conf, domain)) {
		w->verdict = IPC_LOOKUP_FOREIGN;
		address = rewritten;
	} else {
		work_push(w, NULL, rewritten, false);
	}
	if (w->verdict == IPC_LOOKUP_FOREIGN) {
		work_grow(w);
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
		const struct item *asked = w.first;

		work_items(&w);
		take_postmaster(&w, asked);
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
