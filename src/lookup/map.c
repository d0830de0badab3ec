#include "lookup/map.h"
#include "base/alloc.h"
#include "base/log.h"
#include "task/task.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct conf_text *copy_texts(const struct conf_text *from, size_t n, struct arena *arena)
{
	struct conf_text *to = arena_array(arena, n, sizeof *to);

	for (size_t i = 0; i < n; i++)
		to[i].text = arena_copy(arena, from[i].text);
	return to;
}

static void copy_conf(struct map *m, const struct conf_map *conf)
{
	struct arena *a = &m->arena;
	struct conf_map *c = &m->conf;

	*c = *conf;
	c->name = arena_copy(a, conf->name);
	c->file = arena_copy(a, conf->file);
	c->servers = copy_texts(conf->servers, conf->n_servers, a);
	c->ca = arena_copy(a, conf->ca);
	c->bind = arena_copy(a, conf->bind);
	c->password_file = arena_copy(a, conf->password_file);
	c->base = arena_copy(a, conf->base);
	c->filter = arena_copy(a, conf->filter);
	c->results = copy_texts(conf->results, conf->n_results, a);
	c->hello = arena_copy(a, conf->hello);
	c->addresses = arena_array(a, conf->n_addresses, sizeof *c->addresses);
	for (size_t i = 0; i < conf->n_addresses; i++) {
		c->addresses[i] = conf->addresses[i];
		c->addresses[i].text = arena_copy(a, conf->addresses[i].text);
	}
}

static bool are_same(const struct conf_text *a, size_t n, const struct conf_text *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!span_equal(a[i].text, b[i].text))
			return false;
	return true;
}

static bool are_same_addresses(const struct conf_map *a, const struct conf_map *b)
{
	if (a->n_addresses != b->n_addresses)
		return false;
	for (size_t i = 0; i < a->n_addresses; i++)
		if (!span_equal(a->addresses[i].text, b->addresses[i].text))
			return false;
	return true;
}

bool map_is_same(const struct map *m, const struct conf_map *b)
{
	const struct conf_map *a = &m->conf;

	return span_equal(a->name, b->name) && a->type == b->type && span_equal(a->file, b->file) &&
	       are_same(a->servers, a->n_servers, b->servers, b->n_servers) &&
	       span_equal(a->ca, b->ca) && span_equal(a->bind, b->bind) &&
	       span_equal(a->password_file, b->password_file) && span_equal(a->base, b->base) &&
	       span_equal(a->filter, b->filter) &&
	       are_same(a->results, a->n_results, b->results, b->n_results) &&
	       a->timeout == b->timeout && a->cache == b->cache &&
	       a->cache_missing == b->cache_missing && a->connections == b->connections &&
	       are_same_addresses(a, b) && span_equal(a->hello, b->hello) &&
	       a->entries == b->entries && a->scope == b->scope && a->starttls == b->starttls;
}

struct map *map_new(const struct conf_map *conf, struct role *role)
{
	const struct map_kind *kind = conf->type == CONF_MAP_LDAP      ? &map_ldap
				      : conf->type == CONF_MAP_DOVECOT ? &map_dovecot
				      : conf->type == CONF_MAP_LMTP || conf->type == CONF_MAP_SMTP
					      ? &map_store
					      : &map_file;
	struct map *m = kind->open();

	m->kind = kind;
	m->role = role;
	m->refs = 1;
	list_init(&m->node);
	cache_init(&m->cache);
	copy_conf(m, conf);
	kind->start(m);
	return m;
}

void map_get(struct map *m)
{
	m->refs++;
}

void map_put(struct map *m)
{
	if (!m || --m->refs > 0)
		return;
	cache_done(&m->cache);
	arena_done(&m->arena);
	m->kind->free(m);
}

void map_close(struct map *m)
{
	m->is_closed = true;
	m->kind->stop(m);
	map_put(m);
}

void map_fail(struct map_answer *ret, enum lookup_trouble trouble, const char *step,
	const char *format, ...)
{
	va_list ap;

	*ret = (struct map_answer){.state = IPC_LOOKUP_FAILED, .trouble = trouble, .step = step};
	va_start(ap, format);
	(void)vsnprintf(ret->why, sizeof ret->why, format, ap);
	va_end(ap);
}

/* ---- the breaker ---- */

static void probe(void *arg)
{
	struct map *m = arg;

	while (m->breaker.is_open && !m->is_closed && task_sleep(m->breaker.again_at) == 0) {
		struct map_answer a = {0};

		m->kind->probe(m, clock_after(m->conf.timeout), &a);
		if (a.state != IPC_LOOKUP_FAILED) {
			(void)breaker_succeeded(&m->breaker);
			log_event(LOG_INFO, "lookup_back", LOG_SPAN("map", m->conf.name));
		} else if (!breaker_failed(&m->breaker, a.trouble, clock_now())) {
			log_event(LOG_DEBUG, "lookup_failed", LOG_SPAN("map", m->conf.name),
				LOG_STR("step", a.step), LOG_STR("error", a.why));
		}
	}
	m->is_probing = false;
	map_put(m);
}

static void start_probing(struct map *m)
{
	if (m->is_probing)
		return;
	struct task *t = task_spawn("probe", probe, m);

	if (!t) {
		(void)breaker_succeeded(&m->breaker); /* rather ask too often than never again */
		return;
	}
	m->is_probing = true;
	map_get(m);
	task_detach(t);
}

static void take_failure(struct map *m, const struct map_answer *a)
{
	bool opens = m->kind->is_remote && a->trouble != LOOKUP_BUSY &&
		     breaker_failed(&m->breaker, a->trouble, clock_now());

	log_event(LOG_WARN, "lookup_failed", LOG_SPAN("map", m->conf.name),
		LOG_STR("step", a->step), LOG_STR("reason", lookup_trouble_text(a->trouble)),
		LOG_STR("error", a->why));
	if (!opens)
		return;
	log_event(LOG_ERROR, "lookup_down", LOG_SPAN("map", m->conf.name),
		LOG_STR("reason", lookup_trouble_text(a->trouble)), LOG_STR("error", a->why),
		LOG_STR("note", m->kind->down
					? m->kind->down
					: "it is tried again by itself; until then mail that needs "
					  "it is put off"));
	start_probing(m);
}

static bool is_down(struct map *m, struct map_answer *ret)
{
	if (!m->breaker.is_open)
		return false;
	map_fail(ret, m->breaker.trouble, "breaker", "it failed before, and is being tried again");
	return true;
}

/* ---- asking ---- */

static nanos deadline_of(const struct map *m, nanos deadline)
{
	nanos own = clock_after(m->conf.timeout);

	return own < deadline ? own : deadline;
}

static void ask_remote(
	struct map *m, struct span key, nanos deadline, struct arena *arena, struct map_answer *ret)
{
	bool found = false;

	*ret = (struct map_answer){0};
	if (cache_get(&m->cache, key, clock_now(), arena, &ret->values, &ret->n, &found)) {
		ret->state = found ? IPC_LOOKUP_FOUND : IPC_LOOKUP_MISSING;
		return;
	}
	if (is_down(m, ret))
		return;
	m->kind->ask(m, key, deadline_of(m, deadline), arena, ret);
	if (ret->state == IPC_LOOKUP_FAILED) {
		take_failure(m, ret);
		return;
	}
	found = ret->state == IPC_LOOKUP_FOUND;
	m->breaker.failures = 0;
	nanos keep = found ? m->conf.cache : m->conf.cache_missing;

	if (keep > 0)
		cache_put(&m->cache, key, ret->values, ret->n, found, clock_after(keep));
}

void map_ask(
	struct map *m, struct span key, nanos deadline, struct arena *arena, struct map_answer *ret)
{
	char *lower = arena_str(arena, key);

	for (size_t i = 0; i < key.len && !m->kind->keeps_case; i++)
		lower[i] = byte_lower(lower[i]);
	key = span_of(lower, key.len);
	map_get(m);
	if (m->kind->is_remote)
		ask_remote(m, key, deadline, arena, ret);
	else
		m->kind->ask(m, key, deadline, arena, ret);
	map_put(m);
}

void map_login(struct map *m, const struct map_login *who, nanos deadline, struct arena *arena,
	struct map_answer *ret)
{
	*ret = (struct map_answer){0};
	if (!m->kind->login) {
		map_fail(ret, LOOKUP_NO_MAP, "login", "only maps of type ldap know passwords");
		return;
	}
	map_get(m);
	if (!is_down(m, ret)) {
		m->kind->login(m, who, deadline_of(m, deadline), arena, ret);
		if (ret->state == IPC_LOOKUP_FAILED)
			take_failure(m, ret);
		else
			m->breaker.failures = 0;
	}
	map_put(m);
}
