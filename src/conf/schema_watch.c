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
			"URL (http or https) to which what needs a person is posted as JSON: one "
			"object when trouble begins (event alarm or needs_person), one when it is "
			"over (alarm_over, needs_person_over), with whose side, since when, text "
			"and "
			"advice. It must answer 2xx within 10 s; no answer, 408, 429 and 5xx are "
			"tried "
			"again after 5 s, 30 s and 2 min. Mail never waits for it."},
	{.key = "mail_via",
		.type = SCHEMA_TEXT,
		AT(S, mail_via),
		.min = 8,
		.max = 2000,
		.since = FIRST,
		.meaning =
			"Another way for the mail to needs_person: a mail server as "
			"smtp://HOST:PORT or smtps://USER:PASSWORD@HOST. It is handed there at "
			"once, past queue and routes, because these may be what is broken. Where "
			"that server does not take it, it goes as other mail does."},
};
#undef S

#define S conf_web
static const struct schema_row web_rows[] = {
	{.key = "listen",
		.type = SCHEMA_ADDRESS,
		AT(S, listen),
		.since = FIRST,
		.meaning = "Where the status page is served, in plain HTTP: 127.0.0.1:8025 is the "
			   "usual place. Without it there is none."},
	{.key = "open",
		.type = SCHEMA_NAME,
		AT(S, is_open),
		.names = schema_bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether listen may be an address that other machines reach. The page "
			   "asks for no password: whoever reaches it reads it. A proxy before it, "
			   "with TLS and a password, needs no such thing."},
	{.key = "names",
		.type = SCHEMA_TEXTS,
		AT(S, names),
		.count_offset = offsetof(struct S, n_names),
		.min = 1,
		.max = 253,
		.since = FIRST,
		.meaning = "Names that browsers may reach it by, as that of a proxy before it. "
			   "hostname, localhost and addresses are known. Others are refused, as a "
			   "foreign page could lead a browser here by a name of its own."},
	{.key = "addresses",
		.type = SCHEMA_NAME,
		AT(S, shows_addresses),
		.names = schema_bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether mail addresses are shown in full. Else their local parts are "
			   "* wherever they stand, and the page's process never learns them."},
};
#undef S

static const struct schema_section sections[] = {
	{.name = "diagnose",
		ROWS(diagnose_rows),
		INSIDE(diagnose),
		.meaning = "How abide finds out whose side trouble is on, and whom it tells. "
			   "Alarms go "
			   "to the log, by mail to needs_person, and to webhook."},
	{.name = "web",
		ROWS(web_rows),
		INSIDE(web),
		.meaning =
			"The status page: what waits and why, and what replies mean; /metrics is "
			"for Prometheus. It only shows: nothing can be changed by it."},
};

const struct schema_part schema_watch = {sections, COUNT(sections)};
