#include "conf/schema_rows.h"

/* Whom abide tells, and what it shows: diagnose, web. */

#define S conf_diagnose
static const struct schema_row diagnose_rows[] = {
	{.key = "checks",
		.type = SCHEMA_NAME,
		AT(S, checks),
		.names = schema_bool_names,
		.preset = "yes",
		.since = FIRST,
		.meaning =
			"Whether abide looks at its own side (reverse name, block lists, port 25 "
			"...) because of mail that is put off. abide diagnose does so anyway."},
	{.key = "lists",
		.type = SCHEMA_TEXTS,
		AT(S, lists),
		.count_offset = offsetof(struct S, n_lists),
		.min = 1,
		.max = 200,
		.preset = "zen.spamhaus.org, bl.spamcop.net, psbl.surriel.com",
		.since = FIRST,
		.meaning = "Block lists by DNS that the addresses mail goes out from are looked up "
			   "in. A list that does not show its own test entry is not believed."},
	{.key = "probe",
		.type = SCHEMA_DOMAIN,
		AT(S, probe),
		.min = 1,
		.max = 253,
		.since = FIRST,
		.meaning = "A domain whose mail hosts show whether port 25 gets out, beside those "
			   "that mail is put off at. Without one, only these are tried."},
	{.key = "webhook",
		.type = SCHEMA_TEXT,
		AT(S, webhook),
		.min = 8,
		.max = 2000,
		.since = FIRST,
		.meaning =
			"URL (http or https) that alarms are posted to, as JSON: one when trouble "
			"begins, one when it is over."},
	{.key = "mail_via",
		.type = SCHEMA_TEXT,
		AT(S, mail_via),
		.min = 8,
		.max = 2000,
		.since = FIRST,
		.meaning =
			"Another way for mail about alarms to needs_person: a mail server as "
			"smtp://HOST:PORT or smtps://USER:PASSWORD@HOST. It is handed there at "
			"once, past queue and routes, because these may be what is broken. Where "
			"that server does not take it, it goes as other mail does."},
};
#undef S

static const struct schema_row web_rows[] = {
	{.key = "listen", .type = SCHEMA_NOTHING, .meaning = "Where the status page is served."},
};

static const struct schema_section sections[] = {
	{.name = "diagnose",
		ROWS(diagnose_rows),
		INSIDE(diagnose),
		.meaning = "How abide finds out whose side trouble is on, and whom it tells. "
			   "Alarms go "
			   "to the log, by mail to needs_person, and to webhook."},
	{.name = "web",
		ROWS(web_rows),
		.meaning = "The status page.",
		.missing = "needs the status page, which this version does not have; leave the "
			   "section "
			   "out"},
};

const struct schema_part schema_watch = {sections, COUNT(sections)};
