/*
 * What a user would lose: a wrong configuration that starts, or a message that sends them to the
 * wrong line.
 */
#include "conf/conf.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define LISTEN "listen \"127.0.0.1:2525\" {}\n"
#define HEAD   "hostname = mx.example.org\n" LISTEN

struct bad {
	const char *text, *message;
};

/* Each file is wrong in one way; the whole output is compared. */
static const struct bad bads[] = {
	{"", "f:1: no listen section has an address; add listen \"127.0.0.1:2525\" { protocol = "
	     "smtp "
	     "}\n"},
	{"hostnam = x\n", "f:1: unknown key \"hostnam\"; did you mean hostname\n"},
	{"# one\n\nlimits { # two\n  sesions = 5\n}\n",
		"f:4: unknown key \"sesions\"; did you mean sessions\n"},
	{"domain a.test { via = b }\n",
		"f:1: unknown key \"via\"; known here are to, recipients, aliases, catch_all, "
		"subaddress, keep_tag, quota, owner, mailbox_quota\n"},
	{HEAD "log = xml\n", "f:3: log: \"xml\" is not known; write text or json\n"},
	{HEAD "log = text\n/* x\n */\nlog = json\n",
		"f:6: log is set a second time; keep this or line 3\n"},
	{LISTEN "hostname = \"a..b\"", "f:2: hostname: \"a..b\" is not a domain name; write "
				       "letters, digits and hyphens between "
				       "dots\n"},
	{HEAD "spool = var/spool\n", "f:3: spool: \"var/spool\" is not a path from the root; write "
				     "one that begins with /\n"},
	{HEAD "spool = \"/a\\nb\"\n",
		"f:3: spool: \"/a?b\" has a control character; write plain text\n"},
	{HEAD "relay_from = {\"::1\", # c\n\"10.0.0.1/8\"}\n",
		"f:4: relay_from: \"10.0.0.1/8\" has bits set behind its prefix; write the "
		"network's first "
		"address\n"},
	{HEAD "relay_from = localhost\n",
		"f:3: relay_from: \"localhost\" is not a network; write 192.0.2.0/24, 192.0.2.1, "
		"2001:db8::/32 or ::1/128\n"},
	{HEAD "limits {\n\tmessage_size = 1K\n}\n",
		"f:4: limits.message_size: \"1K\" is out of range; write 64K to 1T\n"},
	{HEAD "limits { sessions = many }",
		"f:3: limits.sessions: \"many\" is not a number; write digits alone\n"},
	{HEAD "limits { sessions = 99999999999999999999 }",
		"f:3: limits.sessions: \"99999999999999999999\" is not a number; write digits "
		"alone\n"},
	{HEAD "timeouts { idle = 5x }", "f:3: timeouts.idle: \"5x\" is not a duration; write 90, "
					"90s, 5m, 4h, 5d or 00:02:00\n"},
	{HEAD "timeouts { idle = 2h }",
		"f:3: timeouts.idle: \"2h\" is out of range; write 1s to 1h\n"},
	{HEAD "retry default { factor = 1.2345 }",
		"f:3: retry \"default\".factor: \"1.2345\" is not a factor; write 2 or 1.5\n"},
	{HEAD "retry greylisting {\n first = 5h }",
		"f:3: retry \"greylisting\": first is longer than max; make max longer\n"},
	{HEAD "retry \"Grey\" {}", "f:3: retry: \"Grey\" is not a cause; write default, "
				   "greylisting or another cause\n"},
	{HEAD "retry greylistng {}", "f:3: retry: \"greylistng\" is not a cause; did you mean "
				     "greylisting\n"},
	{HEAD "route \"*\" { to = \"ltmp:/run/x\" }\n",
		"f:3: route \"*\".to: \"ltmp:/run/x\" is not known; before a path write lmtp: (a "
		"socket), or for a domain maildir: (a folder)\n"},
	{HEAD "route \"*\" {\n  to = {mx, \"a.example:25\"} }\n",
		"f:4: route \"*\".to: mx stands alone: the DNS names the hosts; leave the others "
		"out\n"},
	{HEAD "source 192.0.2.300 {}\n",
		"f:3: source: \"192.0.2.300\" is not an IP address; write 192.0.2.1 or "
		"2001:db8::1\n"},
	{HEAD "source 192.0.2.3 {\n helo = a..b }\n", "f:4: source \"192.0.2.3\".helo: \"a..b\" is "
						      "not a domain name; write letters, digits "
						      "and hyphens between dots\n"},
	{HEAD "route \"*\" {}\n", "f:3: route \"*\".to is not set; add to = \"HOST:PORT\"\n"},
	{HEAD "route \"*x\" { to = \"[::1]:25\" }\n",
		"f:3: route: \"*x\" is not a pattern; write a domain, \".example.org\" or \"*\"\n"},
	{HEAD "route a.test { to = \"[::1]:25\" }\nroute A.test { to = \"[::1]:25\" }\n",
		"f:4: route \"A.test\" is there a second time; keep this or line 3\n"},
	{HEAD "route a.test { to = \"10.0.0.1\" }\n",
		"f:3: route \"a.test\".to: \"10.0.0.1\" is not HOST:PORT; write 192.0.2.1:25, "
		"[2001:db8::1]:25 or mx.example.org:25\n"},
	{HEAD "route a.test { to = {\"10.0.0.1:25\",\n\"10.0.0.1:0\"} }\n",
		"f:4: route \"a.test\".to: \"10.0.0.1:0\" has no port from 1 to 65535; write "
		"HOST:PORT\n"},
	{HEAD "route a.test { to = \"[::1]:25\" tls = dane }\n",
		"f:3: route \"a.test\".tls: \"dane\" needs signatures to be checked; add resolver "
		"{ dnssec = yes }\n"},
	{HEAD "domain a.test { to = \"lmtp:/run/l mtp\" }\n",
		"f:3: domain \"a.test\".to: \"/run/l mtp\" has a blank, control character, comma, "
		"@ or # in its path; name the socket without\n"},
	{HEAD "domain a.test { to = \"lmtp:127.0.0.1:25\" }\n",
		"f:3: domain \"a.test\".to: \"127.0.0.1:25\" has port 25, where SMTP is spoken "
		"(RFC 2033 5); write the port of LMTP, such as 24\n"},
	{HEAD "domain a.test { to = {\"lmtp:/run/lmtp\", \"127.0.0.1:24\"} }\n",
		"f:3: domain \"a.test\".to: \"127.0.0.1:24\" speaks another protocol than what "
		"stands before it; write lmtp: before all of them, or before none\n"},
	{HEAD "domain a.test { to = \"maildir:/m\" recipients = ask }\n",
		"f:3: domain \"a.test\".recipients: \"ask\" needs a host that can be asked; write "
		"to "
		"= \"lmtp:PATH\" or \"HOST:PORT\"\n"},
	{HEAD "domain a.test { to = \"lmtp:/s\" recipients = {ask, anna} }\n",
		"f:3: domain \"a.test\".recipients: \"ask\" stands alone; write it without others, "
		"or "
		"addresses only\n"},
	{HEAD "map \"ask a.test\" { file = \"/m\" }\n",
		"f:3: map \"ask a.test\": a name can't begin with \"ask \"\n"},
	{HEAD "users { from = \"file:users\" }\n",
		"f:3: users.from: \"file:users\" has no path from / on; write file:/PATH\n"},
	{HEAD "users { from = \"sql:x\" }\n",
		"f:3: users.from: \"sql:x\" is not known; write file:/PATH, map:NAME or "
		"dovecot:/PATH\n"},
	{HEAD "users { from = \"map:m\" }\n",
		"f:3: users.from: \"map:m\" is not there; add map \"NAME\" { type = ldap ... }\n"},
	{HEAD "map m { file = \"/m\" }\nusers { from = \"map:m\"\n senders = \"map:x\" }\n",
		"f:4: users.from: \"map:m\" is no directory; name a map of type ldap, or write "
		"file:/PATH\n"
		"f:5: users.senders: \"map:x\" is not there; add map \"NAME\" { ... }\n"},
	{HEAD "map m { type = ldap servers = {\"ldap://h\"} base = \"o=x\" }\nusers { from = "
	      "\"map:m\"\n "
	      "mechanisms = {\"plain\", \"SCRAM-SHA-256\"} }\n",
		"f:5: users.mechanisms: SCRAM-SHA-256 needs the stored keys; name a file or "
		"Dovecot in from, or leave it out\n"},
	{HEAD "users { from = \"dovecot:/s\"\n mechanisms = {\"plain\", \"SCRAM-SHA-256\", "
	      "\"CRAM-MD5\"} }\n",
		"f:4: users.mechanisms: \"CRAM-MD5\" is not known; write PLAIN, LOGIN or "
		"SCRAM-SHA-256\n"},
	{HEAD "listen \"[::1]:25\" { auth = tls }\n",
		"f:3: listen: auth needs users; add users { from = \"file:/PATH\" }\n"},
	{HEAD "users { from = \"file:/u\" }\nlisten \"[::1]:587\" { protocol = submission }\n",
		"f:4: listen: nobody can log in there without TLS; add tls { certificate = "
		"\"...\" key = \"...\" }, or write auth = always\n"},
	{HEAD "listen \"[127.0.0.1]:2525\" {}\n", "f:3: listen: \"[127.0.0.1]:2525\" is not "
						  "HOST:PORT; write 192.0.2.1:25, [2001:db8::1]:25 "
						  "or mx.example.org:25\n"},
	{HEAD "listen \"[::ffff:127.0.0.1]:2525\" {}\n",
		"f:3: listen: 127.0.0.1:2525 is taken by an earlier listen; leave one out\n"},
	{HEAD "tls {\n certificate = \"/a\" }\n",
		"f:4: tls has no key; add key = \"/etc/abide/tls/mx.key\"\n"},
	{HEAD "tls { certificate = \"/a\" key = \"/b\" }\ncertificate a.test { key = \"/c\" }\n",
		"f:4: certificate has no certificate; add certificate = "
		"\"/etc/abide/tls/mx.pem\"\n"},
	{HEAD "certificate a.test { certificate = \"/c\" key = \"/d\" }\n",
		"f:3: certificate needs one for those who ask for no name; add tls { certificate = "
		"\"...\" key = \"...\" }\n"},
	{HEAD "listen \"[::1]:465\" { protocol = submissions }\n",
		"f:3: listen: protocol = submissions needs a certificate; add tls { certificate = "
		"\"...\" key = \"...\" }\n"},
	{HEAD "listen \"[::1]:25\" { tls = required }\n",
		"f:3: listen: tls = required needs a certificate; add tls { certificate = \"...\" "
		"key = \"...\" }\n"},
	{HEAD "listen \"[::1]:25\" { proxy = {\"10.0.0.0/8\", \"x\"} }\n",
		"f:3: listen \"[::1]:25\".proxy: \"x\" is not a network; write 192.0.2.0/24, "
		"192.0.2.1, 2001:db8::/32 or ::1/128\n"},
	{HEAD "check helo_nothing {}\n",
		"f:3: check: \"helo_nothing\" is not known; write helo_own_name or helo_literal or "
		"helo_qualified or reverse_name or confirmed_name or sender_domain or "
		"block_lists or spf_fail or "
		"spf_temperror or early_talker or recipient or quota\n"},
	{HEAD "check helo_literal { except = {\"10.0.0.0/8\", \"@\", \".x.example\", \"a b\"} }\n",
		"f:3: check \"helo_literal\".except: \"@\" is nobody; write a network, a host "
		"name, "
		"\".example.org\", LOCAL@DOMAIN or \"@DOMAIN\"\n"
		"f:3: check \"helo_literal\".except: \"a b\" is nobody; write a network, a host "
		"name, "
		"\".example.org\", LOCAL@DOMAIN or \"@DOMAIN\"\n"},
	{HEAD "\n web { listen = \"192.0.2.1:8025\" }\n",
		"f:4: web.listen: 192.0.2.1:8025 can be reached from other machines, and the page "
		"asks for no password; write 127.0.0.1:8025, or add open = yes if all may read "
		"it\n"},
	{HEAD "web { listen = \"0.0.0.0:80\" open = no }\n",
		"f:3: web.listen: 0.0.0.0:80 can be reached from other machines, and the page "
		"asks for no password; write 127.0.0.1:80, or add open = yes if all may read it\n"},
	{HEAD "web { listen = \"[::]:80\" }\n",
		"f:3: web.listen: [::]:80 can be reached from other machines, and the page "
		"asks for no password; write 127.0.0.1:80, or add open = yes if all may read it\n"},
	{HEAD "web { listen = \"127.0.0.1:2525\" }\n",
		"f:3: web.listen: 127.0.0.1:2525 is taken by a listen section; choose another "
		"port\n"},
	{HEAD "web { listen = \"127.0.0.1\" }\n",
		"f:3: web.listen: \"127.0.0.1\" is not HOST:PORT; write 192.0.2.1:25, "
		"[2001:db8::1]:25 or mx.example.org:25\n"},
	{HEAD "resolver { servers = {\"127.0.0.1@x\"} }",
		"f:3: resolver.servers: \"127.0.0.1@x\" has no port; write 192.0.2.1 or "
		"192.0.2.1@53\n"},
	{HEAD "limits {\n sessions = 5\n",
		"f:5: the file ends too early; a value or a closing brace is "
		"missing\n"},
	{HEAD "log =", "f:3: the file ends too early; a value or a closing brace is missing\n"},
	{HEAD "log = 'text\n\n", "f:3: a string is never closed; add '\n"},
	{HEAD "\n/* log\n\n", "f:4: a comment is never closed; add */\n"},
	{"\n\x01", "f:2: control character 0x01; write plain text\n"},
	{HEAD "\"\\x01line\" = 1\n", "f:3: unknown key; leave it out\n"},
};

static void bad_files_name_line_and_remedy(void **state)
{
	for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
		struct arena arena = {0};
		struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
		struct conf conf;
		int rc = conf_parse("f", span_str(bads[i].text), &arena, &conf, &errors);

		assert_string_equal(buf_cstr(&errors), bads[i].message);
		assert_int_equal(rc, -EINVAL);
		buf_done(&errors);
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files_name_line_and_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
