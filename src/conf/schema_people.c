#include "conf/schema_rows.h"

/* Who has a mailbox here, and who may send: map, domain, srs, users. */

static const struct schema_name map_names[] = {{"file", CONF_MAP_FILE, NULL},
	{"aliases", CONF_MAP_ALIASES, NULL}, {"ldap", CONF_MAP_LDAP, NULL}, {0}};

static const struct schema_name scope_names[] = {{"sub", CONF_SCOPE_SUB, NULL},
	{"one", CONF_SCOPE_ONE, NULL}, {"base", CONF_SCOPE_BASE, NULL}, {0}};

#define S conf_map
static const struct schema_row map_title = {.key = "NAME",
	.type = SCHEMA_TEXT,
	AT(S, name),
	.min = 1,
	.max = 100,
	.meaning = "what other keys call it: \"map:NAME\""};

static const struct schema_row map_rows[] = {
	{.key = "type",
		.type = SCHEMA_NAME,
		AT(S, type),
		.names = map_names,
		.preset = "file",
		.since = FIRST,
		.meaning = "file: lines of a key and its values; a line that begins with a space "
			   "goes on, # begins a comment. aliases: as /etc/aliases, without "
			   "programs, files and :include:. ldap: a directory."},
	{.key = "file",
		.type = SCHEMA_PATH,
		AT(S, file),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning = "Of file and aliases. It is read again when it has changed; one that is "
			   "wrong changes nothing, and the log says where. The user that runs "
			   "lookup must be able to read it."},
	{.key = "servers",
		.type = SCHEMA_TEXTS,
		AT(S, servers),
		.count_offset = offsetof(struct S, n_servers),
		.min = 8,
		.max = 400,
		.since = FIRST,
		.meaning = "Of ldap: ldap://HOST:PORT, ldaps://HOST:PORT or ldapi://PATH, tried in "
			   "their order."},
	{.key = "starttls",
		.type = SCHEMA_NAME,
		AT(S, starttls),
		.names = schema_bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether ldap:// is encrypted by StartTLS; without it nothing is asked "
			   "then."},
	{.key = "ca",
		.type = SCHEMA_PATH,
		AT(S, ca),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning = "The certificates that may have signed the server's. Default: the "
			   "system's."},
	{.key = "bind",
		.type = SCHEMA_TEXT,
		AT(S, bind),
		.min = 1,
		.max = 1000,
		.since = FIRST,
		.meaning = "Who logs in at the directory: a DN. Default: nobody (anonymous)."},
	{.key = "password_file",
		.type = SCHEMA_PATH,
		AT(S, password_file),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning = "The file whose first line is the password of bind. Only lookup reads "
			   "it, at each login."},
	{.key = "base",
		.type = SCHEMA_TEXT,
		AT(S, base),
		.max = 1000,
		.since = FIRST,
		.meaning = "Where to search: a DN."},
	{.key = "scope",
		.type = SCHEMA_NAME,
		AT(S, scope),
		.names = scope_names,
		.preset = "sub",
		.since = FIRST,
		.meaning = "How far below base."},
	{.key = "filter",
		.type = SCHEMA_TEXT,
		AT(S, filter),
		.min = 3,
		.max = 2000,
		.preset = "(mail={key})",
		.since = FIRST,
		.meaning = "What to search. {key} is the key (an address), {user} and {domain} its "
			   "parts; they are escaped."},
	{.key = "result",
		.type = SCHEMA_TEXTS,
		AT(S, results),
		.count_offset = offsetof(struct S, n_results),
		.min = 1,
		.max = 100,
		.preset = "mail",
		.since = FIRST,
		.meaning = "The attributes whose values are the answer."},
	{.key = "timeout",
		.type = SCHEMA_DURATION,
		AT(S, timeout),
		.min = SECONDS(1),
		.max = SECONDS(60),
		.preset = "5s",
		.since = FIRST,
		.meaning = "How long one question may take, with connection and login."},
	{.key = "connections",
		.type = SCHEMA_NUMBER,
		AT(S, connections),
		.min = 1,
		.max = 16,
		.preset = "4",
		.unit = "connections",
		.since = FIRST,
		.meaning = "Questions asked at once."},
	{.key = "entries",
		.type = SCHEMA_NUMBER,
		AT(S, entries),
		.min = 1,
		.max = 10000,
		.preset = "1000",
		.unit = "entries",
		.since = FIRST,
		.meaning = "Entries of one answer; more are a failure."},
	{.key = "cache",
		.type = SCHEMA_DURATION,
		AT(S, cache),
		.min = 0,
		.max = DAYS(1),
		.preset = "1m",
		.since = FIRST,
		.meaning = "How long an answer of a directory is kept."},
	{.key = "cache_missing",
		.type = SCHEMA_DURATION,
		AT(S, cache_missing),
		.min = 0,
		.max = DAYS(1),
		.preset = "10s",
		.since = FIRST,
		.meaning = "The same where it had no such key."},
};
#undef S

#define S conf_srs
static const struct schema_row srs_rows[] = {
	{.key = "secret",
		.type = SCHEMA_PATH,
		AT(S, secret),
		.min = 2,
		.max = 4000,
		.since = FIRST,
		.meaning =
			"A file with secrets, one a line of at least 16 characters: the first "
			"signs, all are taken. Only lookup reads it, when it begins and when the "
			"configuration is read."},
	{.key = "domain",
		.type = SCHEMA_DOMAIN,
		AT(S, domain),
		.min = 1,
		.max = 255,
		.since = FIRST,
		.meaning = "The domain of these addresses: bounces come back to it. Default: "
			   "hostname."},
	{.key = "max_age",
		.type = SCHEMA_DURATION,
		AT(S, max_age),
		.min = DAYS(1),
		.max = DAYS(500),
		.preset = "21d",
		.since = FIRST,
		.meaning = "How old such an address may be when a bounce comes to it."},
	{.key = "hash_length",
		.type = SCHEMA_NUMBER,
		AT(S, hash_len),
		.min = 4,
		.max = 20,
		.preset = "6",
		.unit = "characters",
		.since = FIRST,
		.meaning = "How many characters sign such an address, and how many one must have "
			   "at least. 4 is what postsrsd and libsrs2 have by themselves."},
};
#undef S

static const struct schema_row domain_title = {.key = "DOMAIN",
	.type = SCHEMA_DOMAIN,
	AT(conf_domain, name),
	.min = 1,
	.max = 255,
	.meaning = "the domain; an international one in either form. Maps, stores and routes are "
		   "asked by its A-labels (xn--...)"};

#define S conf_domain
static const struct schema_row domain_rows[] = {
	{.key = "to",
		.type = SCHEMA_TARGET,
		.is_optional = true,
		AT(conf_domain, to),
		.since = FIRST,
		.meaning = "Where its mail goes: HOST:PORT, or lmtp:PATH or lmtp:HOST:PORT of a "
			   "store such as Dovecot, or a list of such that is tried in order; "
			   "maildir:PATH, a folder of ours, in which {user}, {domain} and {tag} "
			   "stand for the parts of an address (a name that has {tag} is left out "
			   "where there is no tag); or mx, where we are a backup for hosts before "
			   "us in the DNS. May be left "
			   "out where aliases is set: then every address of it is an "
			   "alias."},
	{.key = "recipients",
		.type = SCHEMA_TEXTS,
		AT(S, recipients),
		.count_offset = offsetof(struct S, n_recipients),
		.min = 1,
		.max = 320,
		.preset = "any",
		.since = FIRST,
		.meaning = "Who is there: any; \"map:NAME\", whose keys are addresses or local "
			   "parts; a list of addresses and local parts; or ask: the host in to is "
			   "asked, as a client that has mail for the address. All others are "
			   "refused at RCPT; whom a host can't be asked about is taken. Small and "
			   "capital letters are the same. Without this key any, but a store by "
			   "lmtp: is asked when a stranger writes, whose mail could not be sent "
			   "back to him without being a nuisance to somebody else."},
	{.key = "aliases",
		.type = SCHEMA_MAP,
		AT(S, aliases),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning = "A map from addresses or local parts to the addresses that get the "
			   "mail in their place; @DOMAIN stands for all others. It is asked before "
			   "recipients, and again for what it gave."},
	{.key = "catch_all",
		.type = SCHEMA_MAILBOX,
		AT(S, catch_all),
		.min = 3,
		.max = 320,
		.since = FIRST,
		.meaning =
			"Who gets mail to addresses that nobody has. Default: they are refused."},
	{.key = "subaddress",
		.type = SCHEMA_TEXT,
		AT(S, subaddress),
		.min = 1,
		.max = 1,
		.since = FIRST,
		.meaning = "What separates a user from a tag, such as +. Who is not there with the "
			   "tag is looked for without it. Default: nothing does."},
	{.key = "keep_tag",
		.type = SCHEMA_NAME,
		AT(S, keep_tag),
		.names = schema_bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether the tag stays in the address that the mail is sent on to, and "
			   "goes into those of an alias."},
	{.key = "quota",
		.type = SCHEMA_MAP,
		AT(S, quota),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning = "A map that says of a recipient \"over\", or two numbers, used and "
			   "allowed; where it is over, mail is put off with 452 4.2.2. Anything "
			   "else, and no entry: there is room."},
	{.key = "owner",
		.type = SCHEMA_TEXT,
		AT(S, owner),
		.min = 1,
		.max = 255,
		.since = FIRST,
		.meaning = "Of maildir: the user of the system that mailboxes belong to, such as "
			   "vmail, whose rights each delivery has; or {user}: the user of that "
			   "name (not one below 1000). Only where abide is started as root. "
			   "Default: user-mailbox where there is such a user, else user."},
	{.key = "mailbox_quota",
		.type = SCHEMA_SIZE,
		AT(S, mailbox_quota),
		.min = 1,
		.max = INT64_C(1) << 50,
		.since = FIRST,
		.meaning = "Of maildir: how much a mailbox may hold, counted in its maildirsize, "
			   "which other programs read and keep too (Maildir++); where it is full, "
			   "mail is put off with 452 4.2.2. Default: what that file says."},
};
#undef S

#define S conf_users
static const struct schema_row users_rows[] = {
	{.key = "from",
		.type = SCHEMA_TEXT,
		AT(S, from),
		.min = 5,
		.max = 400,
		.since = FIRST,
		.meaning = "Where they are: file:/PATH, lines LOGIN:HASH:SENDERS, read again when "
			   "it changes; map:NAME, a map of ldap whose filter finds the person, who "
			   "is then logged in there; dovecot:/PATH, the socket that Dovecot's "
			   "auth process has for clients."},
	{.key = "mechanisms",
		.type = SCHEMA_TEXTS,
		AT(S, mechanisms),
		.count_offset = offsetof(struct S, n_mechanisms),
		.min = 1,
		.max = 40,
		.preset = "PLAIN, LOGIN",
		.since = FIRST,
		.meaning = "How they may log in: PLAIN, LOGIN, SCRAM-SHA-256. The last needs "
			   "passwords stored for it ({SCRAM-SHA-256}) in a file or at Dovecot "
			   "(its auth_mechanisms must have it); with a file and under TLS it "
			   "brings SCRAM-SHA-256-PLUS with it."},
	{.key = "senders",
		.type = SCHEMA_MAP,
		AT(S, senders),
		.min = 5,
		.max = 104,
		.since = FIRST,
		.meaning =
			"A map from logins to the senders that they may use: addresses, "
			"@DOMAIN, or *. A login that is not in it, or without this key: what the "
			"file says of it, or the addresses that the directory has of it, or "
			"else the login itself as an address (+tag allowed), or as the local "
			"part at one of our domains."},
	{.key = "any_sender",
		.type = SCHEMA_NAME,
		AT(S, any_sender),
		.names = schema_bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether who has logged in may send as anybody."},
	{.key = "plain_passwords",
		.type = SCHEMA_NAME,
		AT(S, plain_passwords),
		.names = schema_bool_names,
		.preset = "no",
		.since = FIRST,
		.meaning = "Whether the file may hold passwords as they are, written {PLAIN}."},
	{.key = "timeout",
		.type = SCHEMA_DURATION,
		AT(S, timeout),
		.min = SECONDS(1),
		.max = SECONDS(60),
		.preset = "10s",
		.since = FIRST,
		.meaning = "How long Dovecot may take for an answer. A directory has the timeout "
			   "of its map."},
};
#undef S

static const struct schema_section sections[] = {
	{.name = "map",
		.title = &map_title,
		ROWS(map_rows),
		ARRAY(maps, n_maps),
		.meaning = "A table of keys and values. Keys are compared without regard to small "
			   "and capital letters."},
	{.name = "domain",
		.title = &domain_title,
		ROWS(domain_rows),
		ARRAY(domains, n_domains),
		.meaning = "A domain whose mail is taken from anybody and sent on."},
	{.name = "srs",
		ROWS(srs_rows),
		INSIDE(srs),
		.meaning =
			"Mail that an alias sends on to somebody else's domain goes out under an "
			"address of ours, so that SPF holds and bounces find their way back."},
	{.name = "users",
		ROWS(users_rows),
		INSIDE(users),
		.meaning = "Who may log in and then send anywhere, as themselves."},
};

const struct schema_part schema_people = {sections, COUNT(sections)};
