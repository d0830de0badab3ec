#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include "base/alloc.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define PROFILES_VERSION 1

struct sites {
	struct command command;
	const char *site, *export, *import, *diff; /* NULL: not asked for */
	json_t *profiles;                          /* name -> what was learned */
	uint64_t n;
};

/* ---- profiles: what was learned, as it is exported ---- */

static const struct field {
	const char *name;
	size_t offset;
	bool is_32;
} fields[] = {
#define FIELD(f) #f, offsetof(struct ipc_control_profile, f)
	{FIELD(grey_enough), false},
	{FIELD(grey_vain), false},
	{FIELD(grey_remembers), false},
	{FIELD(grey_forgets), false},
	{FIELD(grey_pairs), true},
	{FIELD(recipients_most), true},
	{FIELD(ceiling), true},
	{FIELD(gap_us), false},
	{FIELD(open_gap_ms), false},
#undef FIELD
};
#define FIELDS (sizeof fields / sizeof fields[0])

static int64_t field_value(const struct ipc_control_profile *p, const struct field *f)
{
	const char *at = (const char *)p + f->offset;

	return f->is_32 ? (int64_t) * (const uint32_t *)(const void *)at
			: *(const int64_t *)(const void *)at;
}

static json_t *profile_json(const struct ipc_control_profile *p)
{
	json_t *o = json_object();

	for (size_t i = 0; i < FIELDS; i++) {
		int64_t value = field_value(p, &fields[i]);

		if (value != 0)
			(void)json_object_set_new(o, fields[i].name, json_integer(value));
	}
	return o;
}

/* False: it is not a profile. */
static bool profile_read(const json_t *o, struct ipc_control_profile *ret)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const json_t *v = json_object_get(o, fields[i].name);
		char *at = (char *)ret + fields[i].offset;

		if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
			return false;
		if (fields[i].is_32)
			*(uint32_t *)(void *)at = (uint32_t)json_integer_value(v);
		else
			*(int64_t *)(void *)at = json_integer_value(v);
	}
	return json_is_object(o);
}

/* ---- showing ---- */

static json_t *text_or_null(struct span s)
{
	return s.len > 0 ? json_text(s) : json_null();
}

static json_t *reply_of(const struct ipc_control_site *s)
{
	struct ipc_control_recipient r = {.code = s->last_reply_code, .reply = s->last_reply};

	return s->last_reply.len == 0    ? json_null()
	       : s->last_reply_code == 0 ? json_text(s->last_reply)
					 : listing_reply(&r);
}

static json_t *wait_json(int64_t ms)
{
	return ms > 0 ? json_integer((ms + 999) / 1000) : json_null();
}

static void print_json(const struct ipc_control_site *s)
{
	json_t *domains = json_array();

	for (size_t i = 0; i < s->domains_n; i++)
		(void)json_array_append_new(domains, json_text(s->domains[i].name));
	json_t *o = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "site",
		json_text(s->profile.site), "domains", domains, "waiting", (json_int_t)s->waiting,
		"active", (json_int_t)s->active, "held", (json_int_t)s->held, "limit",
		(json_int_t)s->limit, "connections", (json_int_t)s->connections);

	(void)json_object_update_new(
		o, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "state", json_text(s->state),
			   "binds", text_or_null(s->binds), "cause", text_or_null(s->cause),
			   "next_try", listing_time(s->next_try_wall_ms), "learned_wait",
			   wait_json(s->profile.grey_enough), "last_reply", reply_of(s)));
	(void)json_object_update_new(
		o, json_pack("{s:o, s:o, s:o, s:f, s:I, s:I, s:I, s:I}", "drains_at",
			   listing_time(s->drains_at_wall_ms), "drains_from",
			   listing_time(s->drains_from_wall_ms), "drains_by",
			   listing_time(s->drains_by_wall_ms), "per_minute",
			   (double)s->per_minute_thousandths / 1000, "delivered",
			   (json_int_t)s->delivered, "deferred", (json_int_t)s->deferred, "bounced",
			   (json_int_t)s->bounced, "maybe_delivered", (json_int_t)s->maybes));
	(void)json_object_set_new(o, "forecasts",
		json_pack("{s:i, s:i, s:o, s:o, s:o}", "settled", (int)s->forecasts, "within_band",
			(int)s->forecasts_within, "last_made",
			listing_time(s->forecast_made_wall_ms), "last_said",
			listing_time(s->forecast_said_wall_ms), "last_came",
			listing_time(s->forecast_came_wall_ms)));
	(void)json_object_set_new(o, "learned", profile_json(&s->profile));
	if (o && json_dumpf(o, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(o);
}

static void print_time(const char *before, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_ms > 0)
		(void)printf("%s%.*s", before, SPAN_F(clock_rfc3339(wall_ms, text)));
}

static void print_text(const struct ipc_control_site *s)
{
	listing_safe(s->profile.site);
	(void)printf("  %.*s", SPAN_F(s->state));
	if (s->cause.len > 0)
		(void)printf(" (%.*s)", SPAN_F(s->cause));
	(void)printf(": %llu waiting, %llu active, %u of %u connections",
		(unsigned long long)s->waiting, (unsigned long long)s->active, s->connections,
		s->limit);
	if (s->held > 0)
		(void)printf(", %llu held", (unsigned long long)s->held);
	if (s->binds.len > 0)
		(void)printf(", held back by %.*s", SPAN_F(s->binds));
	(void)putchar('\n');
	print_time("  next try ", s->next_try_wall_ms);
	if (s->drains_at_wall_ms > 0) {
		print_time(", empty at about ", s->drains_at_wall_ms);
		print_time(" (", s->drains_from_wall_ms);
		print_time(" to ", s->drains_by_wall_ms);
		(void)putchar(')');
	}
	if (s->next_try_wall_ms > 0)
		(void)putchar('\n');
	if (s->profile.grey_enough > 0)
		(void)printf("  greylists new mail: %lld s are enough\n",
			(long long)((s->profile.grey_enough + 999) / 1000));
	if (s->last_reply.len > 0) {
		(void)printf("  last refusal: ");
		if (s->last_reply_code > 0)
			(void)printf("%u ", s->last_reply_code);
		listing_safe(s->last_reply);
		(void)putchar('\n');
	}
	if (s->forecasts > 0)
		(void)printf("  forecasts: %u of %u were right within their band\n",
			s->forecasts_within, s->forecasts);
}

static void on_site(const struct ipc_control_site *s, void *arg)
{
	struct sites *all = arg;

	all->n++;
	if (all->profiles) {
		json_t *p = profile_json(&s->profile), *name = json_text(s->profile.site);

		/* Nothing was learned of most. */
		if (json_object_size(p) > 0)
			(void)json_object_set(all->profiles, json_string_value(name), p);
		json_decref(p);
		json_decref(name);
	} else if (all->command.json) {
		print_json(s);
	} else {
		print_text(s);
	}
}

/* ---- export, import, diff ---- */

static json_t *read_profiles(const char *file)
{
	json_error_t error;
	json_t *o = json_load_file(file, 0, &error), *sites = json_object_get(o, "sites"), *one;
	const char *name;

	if (!o) {
		(void)fprintf(stderr, "abide: %s:%d: %s\n", file, error.line, error.text);
		return NULL;
	}
	bool good = json_integer_value(json_object_get(o, "abide_sites")) == PROFILES_VERSION &&
		    json_is_object(sites);

	if (!good)
		(void)fprintf(stderr, "abide: %s: not a file of abide sites --export\n", file);
	json_object_foreach(sites, name, one)
	{
		struct ipc_control_profile p;

		if (good && !profile_read(one, &p)) {
			(void)fprintf(stderr, "abide: %s: what it says of %s can't be read\n", file,
				name);
			good = false;
		}
	}
	json_incref(good ? sites : NULL);
	json_decref(o);
	return good ? sites : NULL;
}

static int export_profiles(const struct sites *all)
{
	json_t *o =
		json_pack("{s:i, s:O}", "abide_sites", PROFILES_VERSION, "sites", all->profiles);
	FILE *to = strcmp(all->export, "-") == 0 ? stdout : fopen(all->export, "we");
	bool good = o && to && json_dumpf(o, to, JSON_INDENT(1) | JSON_SORT_KEYS) == 0 &&
		    fputc('\n', to) != EOF;

	if (to && to != stdout)
		good &= fclose(to) == 0;
	json_decref(o);
	if (!good)
		(void)fprintf(stderr, "abide: %s can't be written\n", all->export);
	return good ? EX_OK : EX_CANTCREAT;
}

static int import_profiles(const struct sites *all, struct spooled *s)
{
	json_t *sites = read_profiles(all->import), *one;
	const char *name;
	unsigned n = 0;
	int rc = sites ? EX_OK : EX_DATAERR;

	json_object_foreach(sites, name, one)
	{
		struct ipc_control_profile p = {.site = span_str(name)};

		if (rc == EX_OK && profile_read(one, &p)) {
			rc = spooled_profile(s, &p);
			n += rc == EX_OK;
		}
	}
	json_decref(sites);
	if (rc == EX_OK)
		(void)printf("%u site%s imported\n", n, n == 1 ? "" : "s");
	return rc;
}

static unsigned diff_site(const char *name, const json_t *there, const json_t *here)
{
	unsigned n = 0;

	for (size_t i = 0; i < FIELDS; i++) {
		long long a = json_integer_value(json_object_get(there, fields[i].name));
		long long b = json_integer_value(json_object_get(here, fields[i].name));

		if (a == b)
			continue;
		listing_safe(span_str(name));
		(void)printf(" %s: %lld in the file, %lld here\n", fields[i].name, a, b);
		n++;
	}
	return n;
}

/* As diff(1): 1 where they differ. */
static int diff_profiles(const struct sites *all)
{
	json_t *sites = read_profiles(all->diff), *one;
	const char *name;
	unsigned n = 0;

	if (!sites)
		return EX_DATAERR;
	json_object_foreach(sites, name, one) n +=
		diff_site(name, one, json_object_get(all->profiles, name));
	json_object_foreach(all->profiles, name, one)
	{
		if (!json_object_get(sites, name))
			n += diff_site(name, NULL, one);
	}
	json_decref(sites);
	return n > 0 ? 1 : EX_OK;
}

static int run(struct command *c, struct spooled *s)
{
	struct sites *all = container_of(c, struct sites, command);
	int rc;

	if (all->import)
		return import_profiles(all, s);
	if (all->export || all->diff)
		all->profiles = json_object();
	rc = spooled_sites(s, span_str(all->site), on_site, all);
	if (rc == EX_NOINPUT)
		(void)fprintf(stderr, "abide: %s: no such site\n", all->site);
	if (rc == EX_OK && all->export)
		rc = export_profiles(all);
	if (rc == EX_OK && all->diff)
		rc = diff_profiles(all);
	json_decref(all->profiles);
	return rc;
}

static bool take_option(struct sites *s, int option, const char *value)
{
	switch (option) {
	case 'c':
		s->command.file = value;
		return true;
	case 'j':
		return s->command.json = true;
	case 'e':
		s->export = value;
		return true;
	case 'i':
		s->import = value;
		return s->command.may_write = true;
	case 'd':
		s->diff = value;
		return true;
	default:
		return false;
	}
}

int cli_sites(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
		{"export", required_argument, NULL, 'e'}, {"import", required_argument, NULL, 'i'},
		{"diff", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
	struct sites s = {.command = {.file = CLI_CONFIGURATION, .run = run}};
	int option;
	bool good = true;

	optind = 1;
	while (good && (option = getopt_long(argc, argv, "c:", options, NULL)) != -1)
		good = take_option(&s, option, optarg);
	if (optind < argc)
		s.site = argv[optind++];
	if (!good || optind < argc ||
		(s.export != NULL) + (s.import != NULL) + (s.diff != NULL) > 1 ||
		(s.import && s.site))
		return usage_wrong("sites");
	return command_run(&s.command);
}
