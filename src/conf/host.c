#include "conf/store.h"
#include "conf/value.h"
#include <netdb.h>
#include <sys/socket.h>

#define HOSTS_MAX 32 /* of one target */

static void keep_addresses(
	struct load *l, const struct addrinfo *found, uint16_t port, struct conf_host *h)
{
	h->addresses = arena_array(l->arena, HOST_ADDRESSES_MAX, sizeof *h->addresses);
	for (const struct addrinfo *i = found; i && h->n_addresses < HOST_ADDRESSES_MAX;
		i = i->ai_next) {
		struct conf_address *a = &h->addresses[h->n_addresses];

		if (!value_from_sockaddr(i->ai_addr, a))
			continue;
		a->port = port;
		a->text = value_print_address(a, l->arena);
		h->n_addresses++;
	}
}

/* XXX blocks without a deadline of ours: only conf_load asks for it, in a process of its own. */
static void look_up(struct load *l, const char *name, const struct read_word *word, uint16_t port,
	struct conf_host *h)
{
	struct addrinfo want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int rc = l->look_up ? getaddrinfo(arena_str(l->arena, h->name), NULL, &want, &found)
			    : EAI_AGAIN;

	if (rc == 0) {
		keep_addresses(l, found, port, h);
		freeaddrinfo(found);
	}
	if (h->n_addresses > 0)
		return;
	l->conf->unresolved++;
	report_warning(l->report, word->line,
		"%s: %s has no address now (%s); write one that has, "
		"or an address",
		name, report_quote(h->name, l->arena),
		l->look_up ? gai_strerror(rc) : "not looked up");
}

bool store_host(
	struct load *l, const char *name, const struct read_word *word, struct conf_host *ret)
{
	struct conf_host h = {.text = word->text};
	struct conf_address a = {0};
	const char *why = value_host(word->text, &h.name, &a.port);

	if (why) {
		report_error(l->report, word->line, "%s: %s %s", name,
			report_quote(word->text, l->arena), why);
		return false;
	}
	if (value_address(h.name, &a)) {
		a.text = value_print_address(&a, l->arena);
		h.addresses = ARENA_NEW(l->arena, struct conf_address);
		*h.addresses = a;
		h.n_addresses = 1;
	} else {
		look_up(l, name, word, a.port, &h);
	}
	*ret = h;
	return true;
}

/* Targets that other versions know, and why this one refuses them. */
static const char *target_missing(struct span text)
{
	static const char no_delivery[] = "needs LMTP or maildir delivery, which this version does "
					  "not have; name a server as HOST:PORT";

	if (span_equal(text, SPAN_LIT("mx")))
		return "needs MX look-ups, which this version does not have; name a smarthost as "
		       "HOST:PORT";
	if (span_starts(text, SPAN_LIT("lmtp:")) || span_starts(text, SPAN_LIT("maildir:")))
		return no_delivery;
	return NULL;
}

static void append_text(struct load *l, struct conf_target *t, struct span host)
{
	t->text = t->text.len > 0
			  ? arena_printf(l->arena, "%.*s, %.*s", SPAN_F(t->text), SPAN_F(host))
			  : host;
}

bool store_target(struct load *l, const char *name, const struct read_word *words, size_t n,
	struct conf_target *ret)
{
	struct conf_target t = {.kind = CONF_TO_HOSTS};
	bool good = n <= HOSTS_MAX;

	if (!good)
		report_error(l->report, words[0].line, "%s: %zu hosts are too many; write 1 to %d",
			name, n, HOSTS_MAX);
	t.hosts = arena_array(l->arena, HOSTS_MAX, sizeof *t.hosts);
	for (size_t i = 0; i < n && t.n_hosts < HOSTS_MAX; i++) {
		const char *missing = target_missing(words[i].text);

		if (missing)
			report_error(l->report, words[i].line, "%s: %s %s", name,
				report_quote(words[i].text, l->arena), missing);
		if (missing || !store_host(l, name, &words[i], &t.hosts[t.n_hosts])) {
			good = false;
			continue;
		}
		append_text(l, &t, words[i].text);
		t.n_hosts++;
	}
	if (good)
		*ret = t;
	return good;
}
