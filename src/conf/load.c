#include "base/alloc.h"
#include "base/log.h"
#include "conf/certificates.h"
#include "conf/file.h"
#include "conf/load.h"
#include "conf/maps.h"
#include "conf/rules.h"
#include "conf/store.h"
#include "conf/users.h"
#include "conf/value.h"
#include "conf/web.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/* "limits.sessions", or: route "*".to */
static const char *key_name(const struct load *l, const struct read_section *s, const char *key)
{
	const char *title = s->title.line > 0 ? report_quote(s->title.text, l->arena) : "";
	struct span name = arena_printf(l->arena, "%s%s%s%s%s", s->schema->name, *title ? " " : "",
		title, s->schema->name[0] ? "." : "", key);

	return arena_str(l->arena, name);
}

static void load_key(struct load *l, const struct read_section *s, size_t i, void *object)
{
	const struct schema_row *row = &s->schema->rows[i];
	const struct read_key *key = &s->keys[i];
	const char *name = key_name(l, s, row->key);

	if (key->n == 0 && row->type == SCHEMA_TARGET && !row->is_optional)
		report_error(
			l->report, s->title.line, "%s is not set; add to = \"HOST:PORT\"", name);
	if (key->n == 0)
		return;
	if (row->missing) {
		report_error(l->report, key->words[0].line, "%s %s", name, row->missing);
		return;
	}
	if (row->idle)
		report_warning(l->report, key->words[0].line, "%s %s", name, row->idle);
	(void)store_words(l, name, row, key->words, key->n, object);
}

/* The default of a row, read as the file's words are: a list has commas. */
static void load_preset(struct load *l, const struct schema_row *row, void *object)
{
	struct read_word words[8] = {{.line = 0}};
	struct span rest = span_str(row->preset);
	size_t n = 0;

	while (n < 7 && (row->type == SCHEMA_NETWORKS || row->type == SCHEMA_TEXTS) &&
		span_take_until(&rest, ',', &words[n].text)) {
		rest = span_trim(rest);
		n++;
	}
	words[n++].text = rest;
	if (row->preset)
		(void)store_words(l, row->key, row, words, n, object);
}

static void load_presets(struct load *l, const struct schema_section *schema, void *object)
{
	for (size_t i = 0; i < schema->n; i++)
		load_preset(l, &schema->rows[i], object);
}

static void load_keys(struct load *l, const struct read_section *s, void *object)
{
	for (size_t i = 0; i < s->schema->n; i++)
		load_key(l, s, i, object);
}

static void load_title(struct load *l, const struct read_section *s, void *object)
{
	(void)store_words(l, s->schema->name, s->schema->title, &s->title, 1, object);
}

/* A section that this version lacks is refused where its first key is set. */
static void refuse_section(struct load *l, const struct read_section *s)
{
	for (size_t i = 0; i < s->schema->n; i++)
		if (s->keys[i].n > 0) {
			report_error(l->report, s->keys[i].words[0].line, "%s %s", s->schema->name,
				s->schema->missing);
			return;
		}
}

/* A span names each titled object first or soon after; titles differ by more than case. */
static void refuse_double(struct load *l, const struct read_section *all, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (span_equal_nocase(all[i].title.text, all[j].title.text)) {
				report_error(l->report, all[i].title.line,
					"%s %s is there a second time; keep this or line %u",
					all[i].schema->name,
					report_quote(all[i].title.text, l->arena),
					all[j].title.line);
				break;
			}
}

static void check_retry(struct load *l, const struct conf_retry *r, unsigned line)
{
	if (r->first > r->max)
		report_error(l->report, line, "retry %s: first is longer than max; make max longer",
			report_quote(r->name, l->arena));
}

static bool is_default(const struct read_section *s)
{
	return span_equal(s->title.text, SPAN_LIT("default"));
}

/* "default" comes first, whether the file has it or not; a cause starts as a copy of it. */
static void load_retries(struct load *l, const struct schema_section *schema,
	const struct read_section *all, size_t n)
{
	struct conf_retry *r = arena_array(l->arena, n + 1, sizeof *r);
	size_t filled = 1;

	load_presets(l, schema, &r[0]);
	r[0].name = SPAN_LIT("default");
	for (size_t i = 0; i < n; i++)
		if (is_default(&all[i])) {
			load_keys(l, &all[i], &r[0]);
			check_retry(l, &r[0], all[i].title.line);
		}
	for (size_t i = 0; i < n; i++) {
		if (is_default(&all[i]))
			continue;
		r[filled] = r[0];
		load_title(l, &all[i], &r[filled]);
		load_keys(l, &all[i], &r[filled]);
		check_retry(l, &r[filled], all[i].title.line);
		filled++;
	}
	l->conf->retries = r;
	l->conf->n_retries = filled;
}

static bool listens_there(const struct conf *conf, const struct conf_address *a)
{
	for (size_t i = 0; i < conf->n_listeners; i++) {
		const struct conf_address *b = &conf->listeners[i].address;

		if (a->high == b->high && a->low == b->low && a->port == b->port &&
			a->scope == b->scope)
			return true;
	}
	return false;
}

static void load_listener(struct load *l, const struct read_section *s)
{
	struct conf *conf = l->conf;
	struct conf_listener one = {.name = s->title.text, .line = s->title.line};
	struct conf_host host = {0};

	load_presets(l, s->schema, &one);
	load_keys(l, s, &one);
	if (!store_host(l, s->schema->name, &s->title, &host))
		return;
	for (size_t i = 0; i < host.n_addresses; i++) {
		if (listens_there(conf, &host.addresses[i])) {
			report_error(l->report, s->title.line,
				"listen: %.*s is taken by an earlier listen; leave one out",
				SPAN_F(host.addresses[i].text));
			continue;
		}
		one.address = host.addresses[i];
		conf->listeners[conf->n_listeners++] = one;
	}
}

static void load_listeners(struct load *l, const struct read_section *all, size_t n)
{
	struct conf *conf = l->conf;

	conf->listeners = arena_array(
		l->arena, CONF_LISTENERS_MAX + HOST_ADDRESSES_MAX, sizeof *conf->listeners);
	for (size_t i = 0; i < n && conf->n_listeners <= CONF_LISTENERS_MAX; i++)
		load_listener(l, &all[i]);
	if (conf->n_listeners > CONF_LISTENERS_MAX)
		report_error(l->report, all[n - 1].title.line,
			"listen: more than %d addresses; leave some out", CONF_LISTENERS_MAX);
	else if (conf->n_listeners == 0 && l->report->n == 0)
		report_error(l->report, 1,
			"no listen section has an address; add listen \"127.0.0.1:2525\" "
			"{ protocol = smtp }");
}

static void load_array(struct load *l, const struct schema_section *schema,
	const struct read_section *all, size_t n)
{
	char *objects = arena_array(l->arena, n, schema->size);

	for (size_t i = 0; i < n; i++) {
		load_presets(l, schema, objects + i * schema->size);
		load_title(l, &all[i], objects + i * schema->size);
		load_keys(l, &all[i], objects + i * schema->size);
	}
	*(void **)(void *)((char *)l->conf + schema->offset) = objects;
	*(size_t *)(void *)((char *)l->conf + schema->count_offset) = n;
}

static void check_rates(struct load *l, const struct read_section *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf_rate *r = &l->conf->rates[i];

		if (r->by == CONF_RATE_LOGIN && r->what == CONF_RATE_CONNECTIONS)
			report_error(l->report, all[i].title.line,
				"rate: connections have no login; count messages or recipients, or "
				"by address");
	}
	if (n > CONF_RATES_MAX)
		report_error(l->report, all[CONF_RATES_MAX].title.line,
			"rate: more than %d; leave some out", CONF_RATES_MAX);
}

void load_section(struct load *l, const struct schema_section *schema,
	const struct read_section *all, size_t n)
{
	refuse_double(l, all, schema->title ? n : 0);
	if (schema->missing) {
		refuse_section(l, all);
	} else if (!schema->title) {
		void *object = (char *)l->conf + schema->offset;

		load_presets(l, schema, object);
		load_keys(l, all, object);
		if (schema->offset == offsetof(struct conf, tls) && n > 0)
			certificates_mark_own(l, all);
		if (schema->offset == offsetof(struct conf, web))
			web_check(l, all, n);
	} else if (schema->offset == offsetof(struct conf, certificates)) {
		load_array(l, schema, all, n);
		certificates_mark(l, all, n);
	} else if (schema->offset == offsetof(struct conf, routes)) {
		load_array(l, schema, all, n);
		routes_split(l);
		maps_check_routes(l, all, n);
	} else if (schema->offset == offsetof(struct conf, dkim)) {
		load_array(l, schema, all, n);
		certificates_mark_dkim(l, all, n);
	} else if (schema->offset == offsetof(struct conf, retries)) {
		load_retries(l, schema, all, n);
	} else if (schema->offset == offsetof(struct conf, listeners)) {
		load_listeners(l, all, n);
	} else if (schema->offset == offsetof(struct conf, maps)) {
		load_array(l, schema, all, n);
		maps_check(l, all, n);
	} else if (schema->offset == offsetof(struct conf, domains)) {
		load_array(l, schema, all, n);
		maps_check_domains(l, all, n);
	} else if (schema->offset == offsetof(struct conf, rules)) {
		load_array(l, schema, all, n);
		rules_check(l, all, n);
	} else if (schema->offset == offsetof(struct conf, rates)) {
		load_array(l, schema, all, n);
		check_rates(l, all, n);
	} else {
		load_array(l, schema, all, n);
	}
}

static void default_hostname(struct load *l)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (l->conf->hostname.len > 0)
		return;
	(void)gethostname(name, sizeof name - 1);
	if (value_domain(span_str(name)))
		report_error(l->report, 1,
			"hostname is not set, and the machine's name %s will not "
			"do; add hostname = \"mx.example.org\"",
			report_quote(span_str(name), l->arena));
	l->conf->hostname = arena_copy(l->arena, span_str(name));
}

static int load_text(const char *file, struct span text, struct load *l, struct conf *ret)
{
	struct conf conf = {.file = arena_copy(l->arena, span_str(file))};
	struct read_file read;

	l->conf = &conf;
	if (read_text(text, l->arena, l->report, &read))
		return -EINVAL;
	for (size_t i = 0, at = 0; i < schema_count(); i++) {
		const struct schema_section *schema = schema_section(i);
		size_t n = 0;

		while (at + n < read.n && read.sections[at + n].schema == schema)
			n++;
		load_section(l, schema, &read.sections[at], n);
		at += n;
	}
	certificates_check(l);
	default_hostname(l);
	maps_check_rest(l, &read.sections[0]);
	users_check(l, read.sections, read.n);
	routes_check(l, read.sections, read.n);
	load_more_rules(l);
	if (l->report->n > 0 || !rules_make(&conf, l->arena))
		return -EINVAL;
	*ret = conf;
	return 0;
}

int conf_parse(const char *file, struct span text, struct arena *arena, struct conf *ret,
	struct buf *errors)
{
	struct report report = {.file = file, .out = errors};
	struct load load = {.arena = arena, .report = &report};

	return load_text(file, text, &load, ret);
}

int conf_parse_all(const char *file, struct span text, struct arena *arena, struct conf *ret,
	struct buf *errors)
{
	struct report report = {.file = file, .out = errors};
	struct load load = {.arena = arena, .report = &report, .opens_more = true};

	return load_text(file, text, &load, ret);
}

int conf_load_fd(
	int fd, const char *file, struct arena *arena, struct conf *ret, struct buf *errors)
{
	struct report report = {.file = file, .out = errors};
	struct load load = {.arena = arena, .report = &report, .look_up = true, .opens_more = true};
	struct buf text = BUF_INIT(CONF_FILE_MAX + 4096);
	int rc = file_read(fd, &text);

	if (!rc && text.len > CONF_FILE_MAX)
		rc = -EMSGSIZE;
	rc = rc ? file_refuse(file, rc, errors) : load_text(file, buf_span(&text), &load, ret);
	buf_done(&text);
	return rc;
}

int conf_load(const char *file, struct arena *arena, struct conf *ret, struct buf *errors)
{
	_cleanup_(fd_close) int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return file_refuse(file, -errno, errors);
	return conf_load_fd(fd, file, arena, ret, errors);
}
