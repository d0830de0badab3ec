#include "auth/spf.h"
#include "auth/spf_in.h"

#define EXPLANATION_MAX 400U
#define WIDE4           8U /* prefixes of networks so large that they belong to nobody */
#define WIDE6           19U

const char *spf_result_text(enum spf_result result)
{
	static const char *const texts[SPF_RESULTS] = {
		[SPF_NONE] = "none",
		[SPF_NEUTRAL] = "neutral",
		[SPF_PASS] = "pass",
		[SPF_FAIL] = "fail",
		[SPF_SOFTFAIL] = "softfail",
		[SPF_TEMPERROR] = "temperror",
		[SPF_PERMERROR] = "permerror",
	};

	return texts[result];
}

static enum spf_result wrong(struct spf_check *c, const char *what)
{
	c->fault = (struct spf_fault){what, spf_shown(c, c->values.domain), {0}};
	c->reason = arena_printf(
		c->arena, "the record of %.*s is wrong: %s", SPAN_F(c->fault.of), what);
	return SPF_PERMERROR;
}

static enum spf_result unanswered(struct spf_check *c, struct span name, const char *failure)
{
	c->fault = (struct spf_fault){failure, spf_shown(c, name), {0}};
	c->reason =
		arena_printf(c->arena, "%.*s can't be looked up: %s", SPAN_F(c->fault.of), failure);
	return SPF_TEMPERROR;
}

/* ---- mechanisms ---- */

enum match { MATCH_NO, MATCH_YES, MATCH_ERROR }; /* error: *ret_error says which */

static enum match fail(enum spf_result error, enum spf_result *ret_error)
{
	*ret_error = error;
	return MATCH_ERROR;
}

static bool has_budget(struct spf_check *c, enum spf_result *ret_error)
{
	if (++c->lookups <= SPF_LOOKUPS)
		return true;
	*ret_error = wrong(c, "it needs more than 10 look-ups");
	return false;
}

/* An answer to a term's question; false: that is an error. */
static bool is_bearable(struct spf_check *c, struct span name, const struct spf_answer *a,
	enum spf_result *ret_error)
{
	if (a->failure) {
		*ret_error = unanswered(c, name, a->failure);
		return false;
	}
	if (a->n > 0 || ++c->voids <= SPF_VOIDS)
		return true;
	*ret_error = wrong(c, "more than 2 of its names do not exist");
	return false;
}

static enum match match_network(struct spf_check *c, const struct spf_term *t)
{
	bool is_v4 = t->mechanism == SPF_IP4;
	struct span one = span_of(t->address, is_v4 ? 4 : 16);
	const struct spf_answer a = {.records = &one, .n = 1};

	return is_v4 == c->values.client.is_v4 && spf_has_client(c, &a, t) ? MATCH_YES : MATCH_NO;
}

static enum match match_a(struct spf_check *c, const struct spf_term *t, enum spf_result *ret_error)
{
	enum spf_rr type = t->mechanism == SPF_EXISTS ? SPF_RR_A : spf_address_type(c);
	struct spf_answer a;
	struct span name;

	if (!spf_name(c, t->domain, &name))
		return MATCH_NO;
	spf_ask(c, type, name, &a);
	if (!is_bearable(c, name, &a, ret_error))
		return MATCH_ERROR;
	if (t->mechanism == SPF_EXISTS)
		return a.n > 0 ? MATCH_YES : MATCH_NO;
	return spf_has_client(c, &a, t) ? MATCH_YES : MATCH_NO;
}

static enum match match_mx(
	struct spf_check *c, const struct spf_term *t, enum spf_result *ret_error)
{
	struct spf_answer hosts, a;
	struct span name;

	if (!spf_name(c, t->domain, &name))
		return MATCH_NO;
	spf_ask(c, SPF_RR_MX, name, &hosts);
	if (!is_bearable(c, name, &hosts, ret_error))
		return MATCH_ERROR;
	if (hosts.n > SPF_HOSTS)
		return fail(wrong(c, "one of its MX sets has more than 10 hosts"), ret_error);
	for (size_t i = 0; i < hosts.n; i++) {
		if (!spf_macro_name(hosts.records[i], &name))
			continue; /* a null MX */
		spf_ask(c, spf_address_type(c), name, &a);
		if (a.failure)
			return fail(unanswered(c, name, a.failure), ret_error);
		if (spf_has_client(c, &a, t))
			return MATCH_YES;
	}
	return MATCH_NO;
}

/* Errors are no match here (5.5). What the client's side lacks is not the domain's fault: no void. */
static enum match match_ptr(struct spf_check *c, const struct spf_term *t)
{
	struct span name;

	if (!spf_name(c, t->domain, &name))
		return MATCH_NO;
	spf_find_names(c);
	for (size_t i = 0; i < c->names_n; i++)
		if (spf_is_below(c->names[i], name))
			return MATCH_YES;
	return MATCH_NO;
}

struct decision { /* by which term of which domain */
	struct span term, domain;
	struct span exp; /* of the record that decided, and is not included */
};

static enum spf_result check_host(struct spf_check *c, struct span domain, struct decision *ret);

static enum match match_include(
	struct spf_check *c, const struct spf_term *t, enum spf_result *ret_error)
{
	struct span domain = c->values.domain, name;
	struct decision ignored = {0};

	if (!spf_name(c, t->domain, &name))
		return fail(wrong(c, "what it includes is no domain"), ret_error);
	enum spf_result result = check_host(c, name, &ignored);

	c->values.domain = domain;
	if (result == SPF_NONE)
		return fail(wrong(c, "what it includes has no record"), ret_error);
	if (result == SPF_TEMPERROR || result == SPF_PERMERROR)
		return fail(result, ret_error);
	return result == SPF_PASS ? MATCH_YES : MATCH_NO;
}

static enum match match(struct spf_check *c, const struct spf_term *t, enum spf_result *ret_error)
{
	if (t->mechanism != SPF_INCLUDE)
		c->is_open = t->mechanism == SPF_ALL ||
			     (c->values.client.is_v4 ? t->prefix4 <= WIDE4 : t->prefix6 <= WIDE6);
	if (t->mechanism == SPF_ALL)
		return MATCH_YES;
	if (t->mechanism == SPF_IP4 || t->mechanism == SPF_IP6)
		return match_network(c, t);
	if (!has_budget(c, ret_error))
		return MATCH_ERROR;
	switch (t->mechanism) {
	case SPF_INCLUDE:
		return match_include(c, t, ret_error);
	case SPF_MX:
		return match_mx(c, t, ret_error);
	case SPF_PTR:
		return match_ptr(c, t);
	default:
		return match_a(c, t, ret_error);
	}
}

/* ---- records ---- */

static enum spf_result result_of(char qualifier)
{
	return qualifier == '-'   ? SPF_FAIL
	       : qualifier == '~' ? SPF_SOFTFAIL
	       : qualifier == '?' ? SPF_NEUTRAL
				  : SPF_PASS;
}

/* SPF_PASS: there is one. */
static enum spf_result find_record(struct spf_check *c, struct span domain, struct span *ret)
{
	struct spf_answer a;
	unsigned n = 0;

	spf_ask(c, SPF_RR_TXT, domain, &a);
	if (a.failure)
		return unanswered(c, domain, a.failure);
	for (size_t i = 0; i < a.n; i++) {
		if (!spf_record_is_one(a.records[i]))
			continue;
		*ret = a.records[i];
		if (++n > 1)
			return wrong(c, "there are several");
	}
	if (n == 0) {
		c->reason = arena_printf(
			c->arena, "%.*s has no SPF record", SPAN_F(spf_shown(c, domain)));
		return SPF_NONE;
	}
	return SPF_PASS;
}

static enum spf_result redirect(struct spf_check *c, struct span spec, struct decision *ret)
{
	struct span name;
	enum spf_result error;

	if (!has_budget(c, &error))
		return error;
	if (!spf_name(c, spec, &name))
		return wrong(c, "where it leads to is no domain");
	enum spf_result result = check_host(c, name, ret);

	return result == SPF_NONE ? wrong(c, "where it leads to has no record") : result;
}

static enum spf_result evaluate(
	struct spf_check *c, const struct spf_record *record, struct decision *ret)
{
	enum spf_result error;

	for (size_t i = 0; i < record->n; i++) {
		const struct spf_term *t = &record->terms[i];
		enum match m = match(c, t, &error);

		if (m == MATCH_ERROR)
			return error;
		if (m == MATCH_NO)
			continue;
		*ret = (struct decision){t->text, c->values.domain, record->exp};
		return result_of(t->qualifier);
	}
	if (record->redirect.len > 0)
		return redirect(c, record->redirect, ret);
	*ret = (struct decision){.domain = c->values.domain};
	return SPF_NEUTRAL;
}

static enum spf_result check_host(struct spf_check *c, struct span domain, struct decision *ret)
{
	struct spf_record record;
	struct span text, term;

	c->values.domain = domain;
	enum spf_result found = find_record(c, domain, &text);

	if (found != SPF_PASS)
		return found;
	const char *what = spf_record_read(text, c->arena, &record, &term);

	if (what) {
		struct span shown = spf_shown(c, term);

		c->fault = (struct spf_fault){what, spf_shown(c, domain), shown};
		c->reason = arena_printf(c->arena, "the record of %.*s is wrong%s%.*s: %s",
			SPAN_F(c->fault.of), shown.len > 0 ? " at " : "", SPAN_F(shown), what);
		return SPF_PERMERROR;
	}
	return evaluate(c, &record, ret);
}

/* ---- why ---- */

/* explain-string = *( macro-string / SP ); whatever is wrong with it, there is none (6.2). */
static struct span explain(struct spf_check *c, const struct decision *d)
{
	struct buf out = BUF_INIT(EXPLANATION_MAX);
	struct span name, text = {0};
	struct spf_answer a = {0};

	c->values.domain = d->domain;
	if (d->exp.len == 0 || !spf_name(c, d->exp, &name))
		return text;
	spf_ask(c, SPF_RR_TXT, name, &a);
	if (a.failure || a.n != 1 || a.records[0].len > SPF_RECORD_MAX ||
		!spf_macro_is_text(a.records[0], true))
		return text;
	if (spf_macro_needs_name(a.records[0]))
		spf_choose_name(c);
	if (spf_macro_expand(a.records[0], &c->values, &out) == 0)
		text = arena_copy(c->arena, buf_span(&out));
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < ' ' || text.at[i] > '~')
			text.len = 0; /* by way of a local part */
	buf_done(&out);
	return text;
}

static struct span reason_of(struct spf_check *c, enum spf_result result, const struct decision *d)
{
	char ip[WIRE_IP_TEXT_MAX];

	if (c->reason.len > 0 && (result == SPF_NONE || result >= SPF_TEMPERROR))
		return c->reason;
	const char *what = result == SPF_PASS       ? "may send for"
			   : result == SPF_FAIL     ? "may not send for"
			   : result == SPF_SOFTFAIL ? "probably may not send for"
						    : "is neither allowed nor forbidden by";
	struct span term = d->term.len > 0 ? spf_shown(c, d->term) : SPAN_LIT("nothing matches");

	return arena_printf(c->arena, "%.*s %s %.*s (%.*s)",
		SPAN_F(wire_ip_text(&c->values.client, ip)), what, SPAN_F(spf_shown(c, d->domain)),
		SPAN_F(term));
}

/* ---- the beginning ---- */

/* A name of several labels, that DNS could have (4.3). */
static bool is_checkable(struct span domain, struct span *ret)
{
	struct span name;

	if (domain.len > SPF_NAME_MAX + 1 || !spf_macro_name(domain, &name) ||
		span_find(name, '.') < 0 || name.at[0] == '[')
		return false;
	*ret = name;
	return true;
}

static void set_sender(struct spf_check *c, const struct spf_question *q)
{
	struct spf_values *v = &c->values;
	size_t at = q->sender.len;

	while (at > 0 && q->sender.at[at - 1] != '@')
		at--;
	v->of = at > 0 ? span_slice(q->sender, at, q->sender.len) : q->helo;
	v->local = at > 1 ? span_slice(q->sender, 0, at - 1) : SPAN_LIT("postmaster");
	v->sender = arena_printf(c->arena, "%.*s@%.*s", SPAN_F(v->local), SPAN_F(v->of));
}

void spf_check(const struct spf_question *q, const struct spf_ops *ops, void *self, nanos deadline,
	struct arena *arena, struct spf_verdict *ret)
{
	struct spf_check *c = ARENA_NEW(arena, struct spf_check);
	struct decision d = {0};
	struct span domain;

	*c = (struct spf_check){.ops = ops, .self = self, .arena = arena, .deadline = deadline};
	c->values = (struct spf_values){
		.client = q->client, .helo = q->helo, .receiver = q->receiver, .now = q->now};
	set_sender(c, q);
	*ret = (struct spf_verdict){.is_helo = q->sender.len == 0};
	if (!is_checkable(c->values.of, &domain)) {
		ret->reason = SPAN_LIT("there is no domain to ask");
		return;
	}
	ret->domain = domain;
	ret->result = check_host(c, domain, &d);
	ret->mechanism = d.term;
	ret->is_open = ret->result == SPF_PASS && c->is_open;
	if (ret->result == SPF_FAIL)
		ret->explanation = explain(c, &d);
	ret->reason = reason_of(c, ret->result, &d);
	ret->fault = c->fault;
	ret->lookups = c->lookups;
}
