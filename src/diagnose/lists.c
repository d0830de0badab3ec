#include "diagnose/look_in.h"
#include "resolve/name.h"
#include "resolve/rdata.h"

enum { LISTS_MOST = 12 };

/* 127.255.255.x is how lists say "you may not ask" (RFC 5782 leaves them no other way). */
static bool is_refusal(const struct wire_ip *ip)
{
	return ip->bytes[1] == 255 && ip->bytes[2] == 255;
}

enum listed { LISTED_NO, LISTED_YES, LISTED_REFUSED, LISTED_FAILED };

static enum listed ask_list(
	struct look *l, const struct wire_ip *ip, struct span zone, struct wire_ip *ret)
{
	char room[RESOLVE_REVERSED_MAX];
	struct ipc_resolve_answer a =
		look_ask(l, arena_copy(l->arena, resolve_reversed(ip, zone, room)), RESOLVE_A);

	if (a.state == RESOLVE_FAILED)
		return LISTED_FAILED;
	if (a.state != RESOLVE_FOUND)
		return LISTED_NO;
	for (size_t i = 0; i < a.records_n; i++) {
		if (rdata_ip(a.records[i].data, ret) < 0 || !ret->is_v4 || ret->bytes[0] != 127)
			continue; /* a wildcard of somebody who took the domain over */
		return is_refusal(ret) ? LISTED_REFUSED : LISTED_YES;
	}
	return LISTED_REFUSED;
}

static struct span reason_of(struct look *l, const struct wire_ip *ip, struct span zone)
{
	char room[RESOLVE_REVERSED_MAX];
	struct ipc_resolve_answer a =
		look_ask(l, arena_copy(l->arena, resolve_reversed(ip, zone, room)), RESOLVE_TXT);
	struct span text;

	if (a.state != RESOLVE_FOUND || a.records_n == 0 ||
		rdata_txt(a.records[0].data, l->arena, &text) < 0)
		return (struct span){0};
	char *printable = arena_str(l->arena, span_slice(text, 0, 200));

	for (char *c = printable; *c; c++)
		*c = *c < ' ' || *c > '~' ? '?' : *c;
	return span_str(printable);
}

/* RFC 5782 5: 127.0.0.2 is on every list that works, 127.0.0.1 on none. */
static bool can_be_believed(struct look *l, struct span zone, bool is_v4, struct check_result *r)
{
	struct wire_ip on = {.bytes = {127, 0, 0, 2}, .is_v4 = true},
		       off = {.bytes = {127, 0, 0, 1}, .is_v4 = true}, answer;

	if (!is_v4) {
		on = (struct wire_ip){.bytes = {[10] = 0xff, 0xff, 127, 0, 0, 2}};
		off = (struct wire_ip){.bytes = {[10] = 0xff, 0xff, 127, 0, 0, 1}};
	}
	enum listed there = ask_list(l, &on, zone, &answer);

	r->state = CHECK_UNKNOWN;
	if (there == LISTED_FAILED)
		r->showed = SAY(l, LIST_SILENT, zone);
	else if (there == LISTED_REFUSED)
		r->showed = SAY(l, LIST_REFUSES, zone);
	else if (there == LISTED_NO)
		r->showed = SAY(l, LIST_NO_TEST, zone);
	else if (ask_list(l, &off, zone, &answer) == LISTED_YES)
		r->showed = SAY(l, LIST_ALL, zone);
	else
		return true;
	r->means = PLAIN(LIST_UNKNOWN_MEANS);
	r->mend = PLAIN(LIST_UNKNOWN_MEND);
	return false;
}

static void look_list(struct look *l, const struct look_source *s, struct span zone)
{
	struct check_result r = {.check = CHECK_BLOCKLIST, .about = s->text};
	struct wire_ip answer;
	struct span reason;

	r.did = SAY(l, LIST_DID, s->text, zone);
	if (!can_be_believed(l, zone, s->ip.is_v4, &r)) {
		look_tell(l, &r);
		return;
	}
	switch (ask_list(l, &s->ip, zone, &answer)) {
	case LISTED_YES:
		r.state = CHECK_BAD;
		reason = reason_of(l, &s->ip, zone);
		r.showed = reason.len > 0 ? SAY(l, LIST_HAS_REASON, s->text, zone, reason)
					  : SAY(l, LIST_HAS, s->text, zone);
		r.means = PLAIN(LIST_HAS_MEANS);
		r.mend = SAY(l, LIST_HAS_MEND, zone, s->text);
		break;
	case LISTED_NO:
		r.state = CHECK_FINE;
		r.showed = SAY(l, LIST_FINE, s->text, zone);
		r.means = PLAIN(LIST_FINE_MEANS);
		break;
	default:
		r.state = CHECK_UNKNOWN;
		r.showed = SAY(l, LIST_SILENT, zone);
		break;
	}
	look_tell(l, &r);
}

void look_lists(struct look *l, const struct look_source *s)
{
	for (size_t i = 0; i < l->conf->diagnose.n_lists && i < LISTS_MOST; i++)
		look_list(l, s, l->conf->diagnose.lists[i].text);
}
