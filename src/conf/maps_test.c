/* A slip in what is said about maps is named with its line, before mail is refused because of it. */
#include "conf/conf.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define HEAD                                                                                  \
	"hostname = a.test listen \"127.0.0.1:1\" { } route \"*\" { to = \"127.0.0.1:2\" }\n" \
	"map m { file = \"/m\" }\n"
#define LDAP "map l { type = ldap servers = {\"ldap://h\"} base = \"dc=x\" "

static const struct {
	const char *text, *message; /* NULL: it is right */
} cases[] = {
	{HEAD "domain b.test { to = \"127.0.0.1:3\" recipients = \"map:M\" aliases = \"map:m\" }\n",
		NULL},
	{HEAD LDAP "}\n", NULL},
	{HEAD LDAP "filter = \"(&(a={user})(b={domain}))\" }\n", NULL},
	{HEAD "domain b.test { aliases = \"map:m\" }\npostmaster = \"p@c.test\"\n", NULL},
	{HEAD "domain b.test { to = \"maildir:/v/{domain}/{user}\" owner = vmail mailbox_quota = "
	      "1G }\n",
		NULL},
	{HEAD "domain b.test { to = \"maildir:/v/{user}\" owner = \"{user}\" }\n", NULL},
	{HEAD "domain b.test { to = \"maildir:/v/../{user}\" }\n",
		"f:3: domain \"b.test\".to: \"maildir:/v/../{user}\" has . or .. in it; write the "
		"path without\n"},
	{HEAD "domain b.test { to = {\"maildir:/v/{user}\", \"127.0.0.1:3\"} }\n",
		"f:3: domain \"b.test\".to: \"maildir:/v/{user}\" stands alone: a mailbox is in "
		"one "
		"place; leave the others out\n"},
	{HEAD "domain b.test { to = \"maildir:/v/{user}\" owner = root }\n",
		"f:3: domain \"b.test\".owner: \"root\" is no user that mailboxes can belong to; "
		"write the name of one, not root's, or {user}\n"},
	{HEAD "domain b.test { to = \"127.0.0.1:3\" owner = vmail }\n",
		"f:3: domain \"b.test\".owner: \"vmail\" is for maildir: only; leave it out, or "
		"write "
		"to = \"maildir:PATH\"\n"},
	{HEAD "route c.test { to = \"maildir:/v/{user}\" }\n",
		"f:3: route \"c.test\".to: \"maildir:/v/{user}\" is where mail ends: write it in a "
		"section domain \"NAME\"\n"},
	{HEAD "route c.test { to = {\"127.0.0.1:3 weight=2\", \"smtps:127.0.0.1:4 weight=1\"} }\n",
		NULL},
	{HEAD "route c.test { to = {\"127.0.0.1:3 weight=2\", \"127.0.0.1:4\"} }\n",
		"f:3: route \"c.test\".to: \"127.0.0.1:4\" has a weight and others have not, or "
		"the "
		"other way round; write weight= behind all of them, or behind none\n"},
	{HEAD "route c.test { to = \"127.0.0.1:3 weight=0\" }\n",
		"f:3: route \"c.test\".to: \"127.0.0.1:3 weight=0\" has something behind the host; "
		"write weight= and a number from 1 to 1000, or nothing\n"},
	{HEAD "source \"192.0.2.1\" { }\nroute \"* from a.test, .b.test,x@c.test, <>, *, "
	      "login:ann\" { to = \"127.0.0.1:3\" source = \"192.0.2.1\" }\n",
		NULL},
	{HEAD "route \"* from a.test, @b.test\" { to = \"127.0.0.1:3\" }\n",
		"f:3: route \"* from a.test, @b.test\": \"@b.test\" is nobody; write LOCAL@DOMAIN, "
		"a domain, .example.org, <>, * or login:NAME\n"},
	{HEAD "route \"* from \" { to = \"127.0.0.1:3\" }\n",
		"f:3: route \"* from \": \"\" is nobody; write LOCAL@DOMAIN, a domain, "
		".example.org, <>, * or login:NAME\n"},
	{HEAD "route c.test { to = \"127.0.0.1:3\" source = \"192.0.2.1\" }\n",
		"f:3: route \"c.test\".source: \"192.0.2.1\" is no address of ours; add source "
		"\"IP\" { }, and write it the same way\n"},
	{HEAD "route \"* from a.test\" { to = \"127.0.0.1:3\" }\n"
	      "route \"* from b.test, A.test\" { to = \"127.0.0.1:4\" }\n",
		"f:4: route \"* from b.test, A.test\" is there a second time for the same sender; "
		"keep this or line 3\n"},
	{HEAD "map x { }\n", "f:3: map \"x\".file is not set; add file = \"/PATH\"\n"},
	{HEAD "map x { file = \"/x\"\nbase = \"dc=x\" }\n",
		"f:4: map \"x\".base is for type = ldap; leave it out\n"},
	{HEAD "map x { type = ldap }\n",
		"f:3: map \"x\".servers is not set; add servers = {\"ldap://HOST:PORT\"}\n"},
	{HEAD "map x { type = ldap servers = {\"http://h:1\"} }\n",
		"f:3: map \"x\".servers: \"http://h:1\" is not a directory server; write "
		"ldap://HOST:PORT, ldaps://HOST:PORT or ldapi://PATH\n"},
	{HEAD LDAP "filter = \"(mail={key}\" }\n",
		"f:3: map \"l\".filter: \"(mail={key}\" is not a filter; write \"(mail={key})\"\n"},
	{HEAD LDAP "filter = \"(mail=x)\" }\n", "f:3: map \"l\".filter: \"(mail=x)\" asks the same "
						"of every key; write {key} or {user} "
						"into it\n"},
	{HEAD LDAP "bind = \"cn=x\" }\n", "f:3: map \"l\".bind needs the other of the two; set "
					  "both bind and password_file\n"},
	{HEAD "domain b.test { to = \"127.0.0.1:3\"\nrecipients = \"map:none\" }\n",
		"f:4: domain \"b.test\".recipients: \"map:none\" is not there; add map \"NAME\" { "
		"... }\n"},
	{HEAD "domain b.test { to = \"127.0.0.1:3\" recipients = {\"any\", \"x\"} }\n",
		"f:3: domain \"b.test\".recipients: \"any\" stands alone; write it without others, "
		"or "
		"addresses only\n"},
	{HEAD "domain b.test { to = \"127.0.0.1:3\" recipients = \"x@c.test\" }\n",
		"f:3: domain \"b.test\".recipients: \"x@c.test\" is of another domain; write local "
		"parts, "
		"or addresses of this one\n"},
	{HEAD "domain b.test { aliases = \"map:m\" }\n",
		"f:3: domain \"b.test\" has no to, so its postmaster has no mailbox; add "
		"postmaster = "
		"\"LOCAL@DOMAIN\" at the top, or to\n"},
	{HEAD "domain b.test { aliases = \"m\" to = \"127.0.0.1:3\" }\n",
		"f:3: domain \"b.test\".aliases: \"m\" is not a map; write \"map:NAME\"\n"},
	{HEAD "rewrite_sender = \"map:none\"\n",
		"f:3: rewrite_sender: \"map:none\" is not there; add map \"NAME\" { ... }\n"},
	{HEAD "always_bcc = {\"x@c.test\", \"nobody\"}\n",
		"f:3: always_bcc: \"nobody\" is not an address; write LOCAL@DOMAIN\n"},
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
		struct conf conf;
		int rc = conf_parse("f", span_str(cases[i].text), &arena, &conf, &errors);

		assert_string_equal(buf_cstr(&errors), cases[i].message ? cases[i].message : "");
		assert_int_equal(rc, cases[i].message ? -EINVAL : 0);
		buf_done(&errors);
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
