#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/listing.h"
#include "cli/site_json.h"
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

/* False: it is not a profile. */
static bool profile_read(const json_t *o, struct ipc_control_profile *ret)
{
	for (size_t i = 0; i < site_fields_n; i++) {
		const json_t *v = json_object_get(o, site_fields[i].name);
		char *at = (char *)ret + site_fields[i].offset;

		if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
			return false;
		if (site_fields[i].is_32)
			*(uint32_t *)(void *)at = (uint32_t)json_integer_value(v);
		else
			*(int64_t *)(void *)at = json_integer_value(v);
	}
	return json_is_object(o);
}

/* ---- showing ---- */

static void print_json(const struct ipc_control_site *s)
{
	json_t *o = site_json(s);

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
		json_t *p = site_profile_json(&s->profile), *name = json_text(s->profile.site);

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

	for (size_t i = 0; i < site_fields_n; i++) {
		long long a = json_integer_value(json_object_get(there, site_fields[i].name));
		long long b = json_integer_value(json_object_get(here, site_fields[i].name));

		if (a == b)
			continue;
		listing_safe(span_str(name));
		(void)printf(" %s: %lld in the file, %lld here\n", site_fields[i].name, a, b);
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
