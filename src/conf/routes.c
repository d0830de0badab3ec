/* Whose mail a route is for, and what it goes out from: what can be said only when all of the file is read. */
#include "conf/maps.h"
#include "conf/store.h"

/* An address, a domain, ".example.org", "<>", "*" or login:NAME. */
static bool is_somebody(struct span who)
{
	struct span name = who;
	ptrdiff_t at = span_find(who, '@');

	if (span_take_span(&name, SPAN_LIT("login:")))
		return name.len > 0;
	if (span_equal(who, SPAN_LIT("*")) || span_equal(who, SPAN_LIT("<>")))
		return true;
	return who.len > 0 && at != 0 && (at < 0 || (size_t)at + 1 < who.len) &&
	       span_find(who, ' ') < 0;
}

static bool has_source(const struct conf *conf, struct span address)
{
	for (size_t i = 0; i < conf->n_sources; i++)
		if (span_equal(conf->sources[i].address, address))
			return true;
	return false;
}

static bool has_text(const struct conf_text *all, size_t n, struct span text)
{
	for (size_t i = 0; i < n; i++)
		if (span_equal_nocase(all[i].text, text))
			return true;
	return false;
}

static bool is_shared(const struct conf_route *a, const struct conf_route *b)
{
	if (!span_equal_nocase(a->pattern, b->pattern))
		return false;
	for (size_t i = 0; i < a->n_from; i++)
		if (has_text(b->from, b->n_from, a->from[i].text))
			return true;
	return a->n_from == 0 && b->n_from == 0;
}

static void check_one(struct load *l, const struct read_section *s, const struct conf_route *r)
{
	for (size_t i = 0; i < r->n_from; i++)
		if (!is_somebody(r->from[i].text))
			report_error(l->report, s->title.line,
				"route %s: %s is nobody; write LOCAL@DOMAIN, a domain, "
				".example.org, "
				"<>, * or login:NAME",
				report_quote(s->title.text, l->arena),
				report_quote(r->from[i].text, l->arena));
	for (size_t i = 0; i < r->n_sources; i++)
		if (!has_source(l->conf, r->sources[i].text))
			maps_complain(l, s, "source", r->sources[i].text,
				"is no address of ours; add source \"IP\" { }, and write it the "
				"same way");
	if (r->n_sources > 0 && r->to.kind != CONF_TO_HOSTS && r->to.kind != CONF_TO_MX)
		maps_complain(l, s, "source", r->sources[0].text,
			"is for mail that goes to other servers; leave it out");
}

/* "PATTERN from WHO, WHO" becomes its parts. */
static void split_one(struct load *l, struct conf_route *r)
{
	struct span rest = r->pattern, who;
	size_t most = 1;

	r->pattern = store_pattern(rest);
	if (r->pattern.len == rest.len)
		return;
	rest = span_slice(rest, r->pattern.len + sizeof STORE_FROM - 1, rest.len);
	for (size_t i = 0; i < rest.len; i++)
		most += rest.at[i] == ',';
	r->from = arena_array(l->arena, most, sizeof *r->from);
	while (r->n_from < most) {
		if (!span_take_until(&rest, ',', &who)) {
			who = rest;
			rest = (struct span){0};
		}
		r->from[r->n_from++].text = span_trim(who);
	}
}

void routes_split(struct load *l)
{
	for (size_t i = 0; i < l->conf->n_routes; i++)
		split_one(l, &l->conf->routes[i]);
}

void routes_check(struct load *l, const struct read_section *sections, size_t n)
{
	const struct read_section *all = sections;
	const struct conf_route *routes = l->conf->routes;

	while (n > 0 && strcmp(all->schema->name, "route") != 0) {
		all++;
		n--;
	}
	for (size_t i = 0; i < l->conf->n_routes && i < n; i++) {
		check_one(l, &all[i], &routes[i]);
		for (size_t j = 0; j < i; j++)
			if (is_shared(&routes[i], &routes[j]) &&
				!span_equal_nocase(all[i].title.text, all[j].title.text)) {
				report_error(l->report, all[i].title.line,
					"route %s is there a second time%s; keep this or line %u",
					report_quote(all[i].title.text, l->arena),
					routes[i].n_from > 0 ? " for the same sender" : "",
					all[j].title.line);
				break;
			}
	}
}
