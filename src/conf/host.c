#include "conf/store.h"
#include "conf/place.h"
#include "conf/value.h"
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

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

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* NULL, or what is wrong. Lanes are named by what stands here, with @ and # behind it. */
static const char *socket_wrong(struct span path)
{
	if (path.len < 2 || path.len > SOCKET_PATH_MAX)
		return "is not the path of a socket; write lmtp:/run/dovecot/lmtp, of at most 107 "
		       "bytes";
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.at[i] <= ' ' || path.at[i] == 0x7f || path.at[i] == '@' ||
			path.at[i] == '#' || path.at[i] == ',')
			return "has a blank, control character, comma, @ or # in its path; name "
			       "the socket without";
	return NULL;
}

static void store_socket(struct load *l, struct span path, struct conf_host *ret)
{
	*ret = (struct conf_host){.text = path, .name = path, .n_addresses = 1};
	ret->addresses = ARENA_NEW(l->arena, struct conf_address);
	ret->addresses[0] = (struct conf_address){.text = path};
}

bool store_service(
	struct load *l, const char *name, const struct read_word *word, struct conf_host *ret)
{
	struct span path = word->text;
	bool is_path =
		span_take_span(&path, SPAN_LIT("unix:")) || (path.len > 0 && path.at[0] == '/');

	if (!is_path)
		return store_host(l, name, word, ret);
	if (path.len < 2 || path.at[0] != '/' || path.len > SOCKET_PATH_MAX) {
		report_error(l->report, word->line,
			"%s: %s is not a socket; write unix:/PATH, of at most %zu bytes, or "
			"HOST:PORT",
			name, report_quote(word->text, l->arena), SOCKET_PATH_MAX);
		return false;
	}
	store_socket(l, path, ret);
	return true;
}

/* lmtp:PATH or lmtp:HOST:PORT, word without "lmtp:". RFC 2033 5: not on port 25. */
static bool store_lmtp_host(
	struct load *l, const char *name, const struct read_word *word, struct conf_host *ret)
{
	bool is_path = word->text.len > 0 && word->text.at[0] == '/';
	const char *why = is_path ? socket_wrong(word->text) : NULL;

	if (!is_path && !store_host(l, name, word, ret))
		return false;
	if (!is_path && span_ends_nocase(word->text, SPAN_LIT(":25")))
		why = "has port 25, where SMTP is spoken (RFC 2033 5); write the port of LMTP, "
		      "such as 24";
	if (why) {
		report_error(l->report, word->line, "%s: %s %s", name,
			report_quote(word->text, l->arena), why);
		return false;
	}
	if (!is_path)
		return true;
	store_socket(l, word->text, ret);
	return true;
}

static void append_text(struct load *l, struct conf_target *t, struct span host)
{
	t->text = t->text.len > 0
			  ? arena_printf(l->arena, "%.*s, %.*s", SPAN_F(t->text), SPAN_F(host))
			  : host;
}

/* "HOST:PORT weight=3": takes the end off. NULL, or what is wrong. */
static const char *take_weight(struct span *text, uint32_t *ret)
{
	ptrdiff_t at = span_find(*text, ' ');
	int64_t weight = 0;

	if (at < 0)
		return NULL;
	struct span rest = span_trim(span_slice(*text, (size_t)at, text->len));

	*text = span_slice(*text, 0, (size_t)at);
	if (!span_take_span(&rest, SPAN_LIT("weight=")) || value_number(rest, &weight) ||
		weight < 1 || weight > 1000)
		return "has something behind the host; write weight= and a number from 1 to 1000, "
		       "or nothing";
	*ret = (uint32_t)weight;
	return NULL;
}

static const char *unlike(const struct conf_target *t, uint8_t kind, uint32_t weight)
{
	if (t->n_hosts == 0)
		return NULL;
	if (t->kind != kind)
		return "speaks another protocol than what stands before it; write lmtp: before "
		       "all of them, or before none";
	if ((t->hosts[0].weight > 0) != (weight > 0))
		return "has a weight and others have not, or the other way round; write weight= "
		       "behind all of them, or behind none";
	return NULL;
}

/* The next host of a target. False: reported. */
static bool store_one(
	struct load *l, const char *name, const struct read_word *word, struct conf_target *t)
{
	struct read_word rest = *word;
	bool is_lmtp = span_take_span(&rest.text, SPAN_LIT("lmtp:"));
	bool is_smtps = !is_lmtp && span_take_span(&rest.text, SPAN_LIT("smtps:"));
	uint8_t kind = is_lmtp ? CONF_TO_LMTP : CONF_TO_HOSTS;
	uint32_t weight = 0;
	const char *wrong = is_lmtp ? NULL : take_weight(&rest.text, &weight);

	if (!is_lmtp && span_find_span(rest.text, SPAN_LIT(":/")) >= 0)
		wrong = "is not known; before a path write lmtp: (a socket), or for a domain "
			"maildir: (a folder)";
	if (!wrong)
		wrong = unlike(t, kind, weight);
	if (wrong) {
		report_error(l->report, word->line, "%s: %s %s", name,
			report_quote(word->text, l->arena), wrong);
		return false;
	}
	struct conf_host *h = &t->hosts[t->n_hosts];

	if (!(is_lmtp ? store_lmtp_host : store_host)(l, name, &rest, h))
		return false;
	h->weight = weight;
	h->tls_first = is_smtps || (!is_lmtp && span_ends_nocase(rest.text, SPAN_LIT(":465")));
	t->kind = kind;
	append_text(l, t,
		span_slice(word->text, 0, (size_t)(rest.text.at + rest.text.len - word->text.at)));
	t->n_hosts++;
	return true;
}

/* "mx", or "mx:PORT" for networks of one's own. False: it is something else. */
static bool read_mx(struct span text, uint16_t *ret_port)
{
	int64_t port = 25;

	if (!span_take_span(&text, SPAN_LIT("mx")) || (text.len > 0 && !span_take(&text, ':')))
		return false;
	if (text.len > 0 && (value_number(text, &port) || port < 1 || port > 65535))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static bool store_mx(struct load *l, const char *name, const struct read_word *words, size_t n,
	struct conf_target *t)
{
	t->kind = CONF_TO_MX;
	t->text = words[0].text;
	if (n == 1)
		return true;
	report_error(l->report, words[1].line,
		"%s: mx stands alone: the DNS names the hosts; leave the others out", name);
	return false;
}

static bool store_maildir(struct load *l, const char *name, const struct read_word *words, size_t n,
	struct conf_target *t)
{
	struct span path = words[0].text;
	const char *wrong;

	(void)span_take_span(&path, SPAN_LIT("maildir:"));
	wrong = n > 1 ? "stands alone: a mailbox is in one place; leave the others out"
		      : place_wrong(path);
	t->kind = CONF_TO_MAILDIR;
	t->text = words[0].text;
	if (wrong)
		report_error(l->report, words[0].line, "%s: %s %s", name,
			report_quote(words[0].text, l->arena), wrong);
	return !wrong;
}

bool store_target(struct load *l, const char *name, const struct read_word *words, size_t n,
	struct conf_target *ret)
{
	struct conf_target t = {.kind = CONF_TO_HOSTS};
	bool good = n <= HOSTS_MAX;

	if (n > 0 && read_mx(words[0].text, &t.port)) {
		good = store_mx(l, name, words, n, &t);
		if (good)
			*ret = t;
		return good;
	}
	if (n > 0 && span_starts(words[0].text, SPAN_LIT("maildir:"))) {
		good = store_maildir(l, name, words, n, &t);
		if (good)
			*ret = t;
		return good;
	}
	if (!good)
		report_error(l->report, words[0].line, "%s: %zu hosts are too many; write 1 to %d",
			name, n, HOSTS_MAX);
	t.hosts = arena_array(l->arena, HOSTS_MAX, sizeof *t.hosts);
	for (size_t i = 0; i < n && t.n_hosts < HOSTS_MAX; i++)
		good &= store_one(l, name, &words[i], &t);
	if (good)
		*ret = t;
	return good;
}
