#include "diagnose/tell.h"

void tell_check(const struct check_result *r, int64_t at_wall_ms, struct ipc_control_check *ret)
{
	*ret = (struct ipc_control_check){.check = (uint8_t)r->check,
		.state = (uint8_t)r->state,
		.about = r->about,
		.did = r->did,
		.showed = r->showed,
		.means = r->means,
		.mend = r->mend,
		.at_wall_ms = at_wall_ms};
}

bool tell_check_read(const struct ipc_control_check *m, struct check_result *ret)
{
	if (m->check >= CHECKS || m->state >= CHECK_STATES)
		return false;
	*ret = (struct check_result){.check = m->check,
		.state = m->state,
		.about = m->about,
		.did = m->did,
		.showed = m->showed,
		.means = m->means,
		.mend = m->mend};
	return true;
}

static struct ipc_control_name *names_of(const struct span *from, size_t n, struct arena *arena)
{
	struct ipc_control_name *to = arena_array(arena, n + 1, sizeof *to);

	for (size_t i = 0; i < n; i++)
		to[i].name = from[i];
	return to;
}

void tell_verdict(const struct verdict *v, struct arena *arena, struct ipc_control_verdict *ret)
{
	*ret = (struct ipc_control_verdict){.whose = (uint8_t)v->whose,
		.scope = (uint8_t)v->scope,
		.family = (uint8_t)v->family,
		.advice = (uint8_t)v->advice,
		.start = (uint8_t)v->start,
		.cause = v->cause == REPLY_NONE ? (struct span){0}
						: span_str(reply_cause_text(v->cause)),
		.who = v->who,
		.event = v->event,
		.confidence = (uint32_t)(v->confidence * 1000 + 0.5),
		.since = v->since,
		.last = v->last,
		.start_minutes = v->start_minutes,
		.failures = v->failures,
		.successes = v->successes,
		.sites = v->sites,
		.providers = v->providers,
		.providers_fine = v->providers_fine,
		.names = names_of(v->names, v->names_n, arena),
		.names_n = v->names_n,
		.supports = names_of(v->supports, v->supports_n, arena),
		.supports_n = v->supports_n,
		.contradicts = names_of(v->contradicts, v->contradicts_n, arena),
		.contradicts_n = v->contradicts_n,
		.check_n = v->check != NULL};
	if (!v->check)
		return;
	ret->check = ARENA_NEW(arena, struct ipc_control_check);
	tell_check(v->check, 0, ret->check);
}

static size_t read_names(
	const struct ipc_control_name *from, size_t n, struct span *to, size_t most)
{
	for (size_t i = 0; i < n && i < most; i++)
		to[i] = from[i].name;
	return n < most ? n : most;
}

bool tell_verdict_read(
	const struct ipc_control_verdict *m, struct arena *arena, struct verdict *ret)
{
	struct check_result *check = ARENA_NEW(arena, struct check_result);

	if (m->whose >= VERDICT_WHOSE || m->scope >= VERDICT_SCOPES || m->family >= FAMILIES ||
		m->advice >= ADVICES || m->start > START_FIRST)
		return false;
	if (m->check_n > 0 && !tell_check_read(m->check, check))
		return false;
	*ret = (struct verdict){.whose = m->whose,
		.scope = m->scope,
		.family = m->family,
		.advice = m->advice,
		.start = m->start,
		.who = m->who,
		.event = m->event,
		.confidence = (double)m->confidence / 1000,
		.since = m->since,
		.last = m->last,
		.start_minutes = m->start_minutes,
		.failures = m->failures,
		.successes = m->successes,
		.sites = m->sites,
		.providers = m->providers,
		.providers_fine = m->providers_fine,
		.check = m->check_n > 0 ? check : NULL};
	(void)reply_cause_parse(m->cause, &ret->cause);
	ret->names_n = read_names(m->names, m->names_n, ret->names, VERDICT_SITES);
	ret->supports_n = read_names(m->supports, m->supports_n, ret->supports, VERDICT_LINES);
	ret->contradicts_n =
		read_names(m->contradicts, m->contradicts_n, ret->contradicts, VERDICT_LINES);
	return true;
}
