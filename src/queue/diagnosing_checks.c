#include "queue/diagnosing_in.h"
#include "diagnose/sentence.h"
#include "diagnose/tell.h"

#define LOOK_MOST (40 * NANOS_S)
enum { FRESH_S = 600, OLD_S = 6 * 3600 };

static struct kept_check *kept_for(struct diagnosing *d, const struct check_result *r)
{
	struct kept_check *oldest = &d->checks[0];

	for (size_t i = 0; i < d->checks_n; i++) {
		struct kept_check *k = &d->checks[i];

		if (k->result.check == r->check && span_equal(k->result.about, r->about) &&
			span_equal(k->result.did, r->did))
			return k;
		if (k->at < oldest->at)
			oldest = k;
	}
	return d->checks_n < CHECKS_KEPT ? &d->checks[d->checks_n++] : oldest;
}

void diagnosing_check(struct diagnosing *d, const struct check_result *r, int64_t at)
{
	struct kept_check *k = kept_for(d, r);
	struct kept_check fresh = {.result = *r, .at = at};

	fresh.result.about = arena_copy(&fresh.arena, r->about);
	fresh.result.did = arena_copy(&fresh.arena, r->did);
	fresh.result.showed = arena_copy(&fresh.arena, r->showed);
	fresh.result.means = arena_copy(&fresh.arena, r->means);
	fresh.result.mend = arena_copy(&fresh.arena, r->mend);
	arena_done(&k->arena);
	*k = fresh;
	d->is_changed = true;
}

size_t diagnosing_list_checks(const struct diagnosing *d, struct check_result *list, size_t n,
	size_t most, struct arena *arena)
{
	uint32_t given = 0;

	for (size_t i = 0; i < n; i++)
		given |= UINT32_C(1) << list[i].check;
	for (size_t i = 0; i < d->checks_n && n < most; i++) {
		struct check_result r = d->checks[i].result;

		if (diagnosing_now(d->queue) - d->checks[i].at >= OLD_S || (given >> r.check & 1))
			continue;
		r.about = arena_copy(arena, r.about);
		r.did = arena_copy(arena, r.did);
		r.showed = arena_copy(arena, r.showed);
		r.means = arena_copy(arena, r.means);
		r.mend = arena_copy(arena, r.mend);
		list[n++] = r;
	}
	return n;
}

/* What is worth looking at because of v, and was not looked at lately. */
static uint32_t stale(struct diagnosing *d, const struct verdict *v)
{
	uint32_t wants = verdict_wants(v->family);
	uint64_t subject = ledger_hash(v->scope == VERDICT_ONE_SENDER ? v->who : v->names[0]);

	for (unsigned c = 0; c < CHECKS; c++)
		if (d->looked[c] > 0 && diagnosing_now(d->queue) - d->looked[c] < FRESH_S &&
			(d->subject[c] == subject || (c != CHECK_SPF && c != CHECK_DKIM &&
							     c != CHECK_PORT25 && c != CHECK_MX)))
			wants &= ~(UINT32_C(1) << c);
	for (unsigned c = 0; c < CHECKS; c++)
		if (wants >> c & 1) {
			d->looked[c] = diagnosing_now(d->queue);
			d->subject[c] = subject;
		}
	return wants;
}

bool diagnosing_look(struct diagnosing *d, const struct verdict *v, struct arena *arena)
{
	struct ipc_diagnose_look look = {
		.checks = stale(d, v), .site = v->names[0], .deadline = clock_after(LOOK_MOST)};
	struct ipc_packet *p = ARENA_NEW(arena, struct ipc_packet);

	if (look.checks == 0)
		return false;
	if (v->scope == VERDICT_SOURCE)
		look.source = v->who;
	if (v->scope == VERDICT_ONE_SENDER && v->family != FAMILY_CONTENT &&
		v->family != FAMILY_ADDRESS) /* of these it is an account */
		look.domain = v->who;
	int rc = link_await(&d->link, clock_after(2 * NANOS_S));

	if (rc == 0)
		rc = link_ask(&d->link, &(struct ipc_out){.type = IPC_DIAGNOSE_LOOK, .body = &look},
			look.deadline + NANOS_S, arena, p);
	if (rc < 0 || p->type != IPC_DIAGNOSE_LOOKED)
		return false;
	const struct ipc_diagnose_looked *looked = p->body;

	for (size_t i = 0; i < looked->results_n; i++) {
		struct check_result r;

		if (tell_check_read(&looked->results[i], &r))
			diagnosing_check(d, &r, diagnosing_now(d->queue));
	}
	return looked->results_n > 0;
}

/* ---- questions ---- */

struct span queue_diagnosing_finding(
	struct queue *q, struct span cause_name, struct span sender, struct arena *arena)
{
	const struct diagnosing *d = q->diagnosing;
	enum reply_cause cause;
	const struct check_result *fine = NULL;
	struct span domain = sender;

	for (size_t i = sender.len; i > 0; i--)
		if (sender.at[i - 1] == '@') {
			domain = span_slice(sender, i, sender.len);
			break;
		}
	if (!d || !reply_cause_parse(cause_name, &cause))
		return (struct span){0};
	for (size_t i = 0; i < d->checks_n; i++) {
		const struct check_result *r = &d->checks[i].result;
		bool is_sender =
			r->check == CHECK_SPF || r->check == CHECK_DKIM || r->check == CHECK_MX;

		if (!verdict_explains(r->check, verdict_family(cause)) ||
			(is_sender && !span_equal_nocase(r->about, domain)))
			continue;
		if (r->state == CHECK_BAD)
			return sentence(arena, SENTENCE_FINDING_RIGHT, r->showed);
		fine = r->state == CHECK_FINE && !fine ? r : fine;
	}
	return fine ? sentence(arena, SENTENCE_FINDING_FINE, fine->showed) : (struct span){0};
}

size_t queue_diagnosing_checks(
	const struct queue *q, struct check_result *list, int64_t *ret_at, size_t most)
{
	const struct diagnosing *d = q->diagnosing;
	size_t n = 0;

	for (; n < d->checks_n && n < most; n++) {
		list[n] = d->checks[n].result;
		ret_at[n] = d->checks[n].at;
	}
	return n;
}
