#include "queue/show.h"
#include "mail/mask.h"

#define TEXT_MAX 8192U /* bytes of one text; none of ours is longer */

struct span show_text(const struct show *s, struct span text)
{
	struct buf masked = BUF_INIT(TEXT_MAX);

	if (s->is_full || span_find(text, '@') < 0)
		return arena_copy(s->arena, span_slice(text, 0, TEXT_MAX));
	(void)mail_mask(span_slice(text, 0, TEXT_MAX / 2), &masked);
	struct span copy = arena_copy(s->arena, buf_span(&masked));

	buf_done(&masked);
	return copy;
}

static struct ipc_control_name *show_names(
	const struct show *s, const struct ipc_control_name *from, size_t n)
{
	struct ipc_control_name *to = arena_array(s->arena, n + 1, sizeof *to);

	for (size_t i = 0; i < n; i++)
		to[i].name = show_text(s, from[i].name);
	return to;
}

void show_site(
	const struct show *s, const struct ipc_control_site *from, struct ipc_control_site *to)
{
	*to = *from;
	to->profile.site = show_text(s, from->profile.site);
	to->domains = show_names(s, from->domains, from->domains_n);
	to->state = show_text(s, from->state);
	to->binds = show_text(s, from->binds);
	to->cause = show_text(s, from->cause);
	to->last_reply = show_text(s, from->last_reply);
}

static void show_recipient(const struct show *s, const struct ipc_control_recipient *from,
	struct ipc_control_recipient *to)
{
	*to = *from;
	to->address = show_text(s, from->address);
	to->site = show_text(s, from->site);
	to->state = show_text(s, from->state);
	to->status = show_text(s, from->status);
	to->reply = show_text(s, from->reply);
	to->cause = show_text(s, from->cause);
	to->peer = show_text(s, from->peer);
	to->tls = show_text(s, from->tls);
	to->finding = show_text(s, from->finding);
}

/* Who handed it in is nobody's business here. */
void show_message(const struct show *s, const struct ipc_control_message *from,
	struct ipc_control_message *to)
{
	*to = *from;
	to->sender = show_text(s, from->sender);
	to->client = to->helo = to->tls = to->login = (struct span){0};
	to->recipients = arena_array(s->arena, from->recipients_n + 1, sizeof *to->recipients);
	for (size_t i = 0; i < from->recipients_n; i++)
		show_recipient(s, &from->recipients[i], &to->recipients[i]);
}

void show_check(
	const struct show *s, const struct ipc_control_check *from, struct ipc_control_check *to)
{
	*to = *from;
	to->about = show_text(s, from->about);
	to->did = show_text(s, from->did);
	to->showed = show_text(s, from->showed);
	to->means = show_text(s, from->means);
	to->mend = show_text(s, from->mend);
}

void show_verdict(const struct show *s, const struct ipc_control_verdict *from,
	struct ipc_control_verdict *to)
{
	*to = *from;
	to->cause = show_text(s, from->cause);
	to->who = show_text(s, from->who);
	to->event = show_text(s, from->event);
	to->names = show_names(s, from->names, from->names_n);
	to->supports = show_names(s, from->supports, from->supports_n);
	to->contradicts = show_names(s, from->contradicts, from->contradicts_n);
	to->check = arena_array(s->arena, from->check_n + 1, sizeof *to->check);
	for (size_t i = 0; i < from->check_n; i++)
		show_check(s, &from->check[i], &to->check[i]);
}
