#include "receive/names.h"
#include "base/alloc.h"
#include "base/log.h"
#include "resolve/name.h"
#include "resolve/rdata.h"
#include <stdio.h>

#define ALARM_EACH (60 * NANOS_S)

static void ask(const struct session *s, const struct resolve_question *q, size_t n,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	const struct server *v = s->server;

	v->resolve->ask_all(v->resolve_self, q, n,
		clock_after(s->transaction.conf->resolver.deadline), arena, ret);
}

static struct names *names_for(struct session *s)
{
	if (s->names && !wire_ip_equal(&s->names->client, &s->client))
		*s->names = (struct names){.client = s->client}; /* it speaks for another one now */
	if (!s->names) {
		s->names = alloc_zero(sizeof *s->names);
		s->names->client = s->client;
	}
	return s->names;
}

/* ---- the name of the client ---- */

static void look_back(struct session *s, struct names *n, const struct span *hosts, size_t count,
	struct arena *arena)
{
	struct resolve_question q[NAMES_MOST];
	struct ipc_resolve_answer *a = arena_array(arena, NAMES_MOST, sizeof *a);
	bool is_unknown = false;

	for (size_t i = 0; i < count; i++)
		q[i] = (struct resolve_question){
			hosts[i], s->client.is_v4 ? RESOLVE_A : RESOLVE_AAAA};
	ask(s, q, count, arena, a);
	(void)span_copy(hosts[0], n->host, sizeof n->host);
	for (size_t i = 0; i < count; i++) {
		is_unknown |= a[i].state == RESOLVE_FAILED;
		if (!names_lead_back(&a[i], &s->client))
			continue;
		(void)span_copy(hosts[i], n->host, sizeof n->host);
		n->reverse = NAMES_CONFIRMED;
		return;
	}
	if (is_unknown)
		n->reverse = NAMES_UNKNOWN;
}

const struct names *names_of_client(struct session *s)
{
	struct names *n = names_for(s);
	struct arena arena = {0};
	char room[RESOLVE_REVERSED_MAX];
	struct ipc_resolve_answer ptr;
	struct span hosts[NAMES_MOST];
	size_t count;

	if (n->is_asked || !s->server->resolve)
		return n;
	const struct resolve_question q = {
		resolve_reversed(&s->client, resolve_arpa(&s->client), room), RESOLVE_PTR};

	ask(s, &q, 1, &arena, &ptr);
	n->reverse = names_read(&ptr, &arena, hosts, &count);
	if (count > 0)
		look_back(s, n, hosts, count, &arena);
	n->is_asked = true;
	arena_done(&arena);
	return n;
}

/* ---- lists ---- */

static void alarm(const struct session *s, size_t i, const char *why)
{
	struct server *v = s->server;
	const struct conf_dnsbl *list = &s->transaction.conf->dnsbls[i];
	nanos now = clock_now();

	if (v->alarmed[i] != 0 && now < v->alarmed[i] + ALARM_EACH)
		return;
	v->alarmed[i] = now;
	log_event(LOG_ERROR, "list_broken", LOG_SPAN("list", list->zone), LOG_STR("reason", why));
}

struct asking { /* of all lists */
	struct session *s;
	const struct conf *conf;
	struct arena *arena;
	enum names_list *found; /* by list */
	struct ipc_resolve_answer *answers;
	struct resolve_question *questions;
};

static void ask_lists(struct asking *k)
{
	char room[RESOLVE_REVERSED_MAX];
	size_t n = k->conf->n_dnsbls;

	for (size_t i = 0; i < n; i++)
		k->questions[i] = (struct resolve_question){
			arena_copy(k->arena,
				resolve_reversed(&k->s->client, k->conf->dnsbls[i].zone, room)),
			RESOLVE_A};
	ask(k->s, k->questions, n, k->arena, k->answers);
	for (size_t i = 0; i < n; i++) {
		const struct conf_dnsbl *list = &k->conf->dnsbls[i];
		const char *why;

		k->found[i] = names_list_read(&k->answers[i], list->codes, list->n_codes, &why);
		if (k->found[i] == NAMES_LIST_BROKEN)
			alarm(k->s, i, why);
	}
}

/*
 * RFC 5782 5: what lists 127.0.0.1 lists the world, and what does not list 127.0.0.2 (one of IPv6
 * addresses alone: ::ffff:7f00:2) is no list any more. The last question is for the list's own words.
 */
enum { NOBODY, SOMEBODY4, SOMEBODY6, WORDS, QUESTIONS };

static void ask_tests(const struct asking *k, size_t i, struct resolve_question q[QUESTIONS])
{
	static const struct wire_ip points[] = {[NOBODY] = {.bytes = {127, 0, 0, 1}, .is_v4 = true},
		[SOMEBODY4] = {.bytes = {127, 0, 0, 2}, .is_v4 = true},
		[SOMEBODY6] = {.bytes = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 2}}};
	char room[RESOLVE_REVERSED_MAX];

	for (size_t p = 0; p < WORDS; p++)
		q[p] = (struct resolve_question){
			arena_copy(k->arena,
				resolve_reversed(&points[p], k->conf->dnsbls[i].zone, room)),
			RESOLVE_A};
	q[WORDS] = (struct resolve_question){k->questions[i].name, RESOLVE_TXT};
}

static void keep_words(
	const struct asking *k, const struct conf_dnsbl *list, const struct ipc_resolve_answer *txt)
{
	struct names *names = k->s->names;
	struct span words = {0};

	if (list->kind != CONF_DNSBL_BLOCK || names->lists[0] != '\0')
		return;
	if (txt->state == RESOLVE_FOUND && txt->records_n > 0)
		(void)rdata_txt(txt->records[0].data, k->arena, &words);
	(void)snprintf(names->lists, sizeof names->lists, "%.*s%s%.*s", SPAN_F(list->zone),
		words.len ? ", " : "", SPAN_F(words));
}

/* Of lists that say yes to the client: what else they say yes to. */
static void test_lists(struct asking *k, size_t n_yes)
{
	struct resolve_question *q = arena_array(k->arena, QUESTIONS * n_yes, sizeof *q);
	struct ipc_resolve_answer *a = arena_array(k->arena, QUESTIONS * n_yes, sizeof *a);
	size_t n = 0;

	for (size_t i = 0; i < k->conf->n_dnsbls; i++)
		if (k->found[i] == NAMES_LISTED)
			ask_tests(k, i, &q[QUESTIONS * n++]);
	ask(k->s, q, QUESTIONS * n, k->arena, a);
	for (size_t i = 0; i < k->conf->n_dnsbls; i++) {
		const struct conf_dnsbl *list = &k->conf->dnsbls[i];

		if (k->found[i] != NAMES_LISTED)
			continue;
		const char *why = names_list_test(&a[NOBODY], &a[SOMEBODY4], &a[SOMEBODY6]);

		if (why) {
			alarm(k->s, i, why);
			k->found[i] = NAMES_LIST_BROKEN;
		} else {
			int64_t weight = list->weight;

			k->s->names->score += list->kind == CONF_DNSBL_ALLOW ? -weight : weight;
			keep_words(k, list, &a[WORDS]);
		}
		a += QUESTIONS;
	}
}

const struct names *names_on_lists(struct session *s)
{
	struct names *n = names_for(s);
	const struct conf *conf = s->transaction.conf;
	struct arena arena = {0};
	size_t n_yes = 0;

	if (n->are_lists_asked || !s->server->resolve || conf->n_dnsbls == 0)
		return n;
	struct asking k = {.s = s,
		.conf = conf,
		.arena = &arena,
		.found = arena_array(&arena, conf->n_dnsbls, sizeof *k.found),
		.answers = arena_array(&arena, conf->n_dnsbls, sizeof *k.answers),
		.questions = arena_array(&arena, conf->n_dnsbls, sizeof *k.questions)};

	ask_lists(&k);
	for (size_t i = 0; i < conf->n_dnsbls; i++)
		n_yes += k.found[i] == NAMES_LISTED;
	n->score = 0;
	if (n_yes > 0)
		test_lists(&k, n_yes);
	n->are_lists_asked = true;
	arena_done(&arena);
	return n;
}

/* ---- the sender's domain ---- */

enum names_domain names_of_sender(struct session *s, struct span *ret_domain, struct span *ret_why)
{
	static const uint16_t types[] = {RESOLVE_MX, RESOLVE_AAAA, RESOLVE_A};
	static const char *const texts[] = {"MX", "AAAA", "A"};
	struct transaction *t = &s->transaction;
	const struct ipc_resolve_answer *failed = NULL;
	struct ipc_resolve_answer a[3];
	struct resolve_question q[3];

	*ret_domain = span_behind_last(t->sender, '@');
	if (ret_domain->len == 0 || ret_domain->at[0] == '[' || !s->server->resolve)
		return NAMES_DOMAIN_FINE;
	if (t->is_sender_asked) {
		*ret_why = t->sender_why;
		return t->sender_domain;
	}
	for (size_t i = 0; i < 3; i++)
		q[i] = (struct resolve_question){*ret_domain, types[i]};
	ask(s, q, 3, &t->arena, a);
	t->sender_domain = (uint8_t)names_domain_read(&a[0], &a[1], &a[2], &t->arena, &failed);
	if (failed)
		t->sender_why = arena_printf(&t->arena, "%s record, %s", texts[failed - a],
			resolve_trouble_text(failed->trouble));
	t->is_sender_asked = true;
	*ret_why = t->sender_why;
	return t->sender_domain;
}
