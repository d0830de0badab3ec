#include "conf/web.h"

#define V4 UINT64_C(0xffff) /* ::ffff:0:0/96, shifted */

static bool is_loopback(const struct conf_address *a)
{
	return a->high == 0 &&
	       (a->low == 1 || (a->low >> 32 == V4 && (a->low >> 24 & 0xff) == 127));
}

static unsigned line_of(const struct read_section *s, size_t offset)
{
	for (size_t i = 0; i < s->schema->n; i++)
		if (s->schema->rows[i].offset == offset && s->keys[i].n > 0)
			return s->keys[i].words[0].line;
	return 1;
}

void web_check(struct load *l, const struct read_section *all, size_t n)
{
	struct conf_web *w = &l->conf->web;

	if (n == 0)
		return;
	w->line = line_of(all, offsetof(struct conf_web, listen));
	for (size_t i = 0; i < w->listen.n_addresses && !w->is_open; i++)
		if (!is_loopback(&w->listen.addresses[i]))
			report_error(l->report, w->line,
				"web.listen: %.*s can be reached from other machines, and the page "
				"asks for no password; write 127.0.0.1:%u, or add open = yes if "
				"all "
				"may read it",
				SPAN_F(w->listen.addresses[i].text), w->listen.addresses[i].port);
	for (size_t i = 0; i < w->listen.n_addresses; i++)
		for (size_t k = 0; k < l->conf->n_listeners; k++) {
			const struct conf_address *a = &w->listen.addresses[i],
						  *b = &l->conf->listeners[k].address;

			if (a->high == b->high && a->low == b->low && a->port == b->port &&
				a->scope == b->scope)
				report_error(l->report, w->line,
					"web.listen: %.*s is taken by a listen section; choose "
					"another port",
					SPAN_F(a->text));
		}
}
