/* What a user would lose: a right configuration that is refused, or that means something else than it says. */
#include "conf/snapshot.h"
#include "reply/texts.h"
#include "conf/value.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define HEAD "hostname = mx.example.org\nlisten \"127.0.0.1:2525\" {}\n"

static const char good[] =
	"# the example of the manual\n"
	"hostname   = \"MX.example.org\"   # greets with it\n"
	"spool      = \"/var/spool/abide\"\n"
	"relay_from = {\"127.0.0.0/8\", // mixed\n \"2001:db8::/32\"}\n"
	"log        = \"json\"\n"
	"language   = \"de\"\n"
	"listen \"127.0.0.1:2525\" { protocol = smtp }\n"
	"listen \"[::1]:2525\" { }\n"
	"domain \"Example.org\" { to = \"127.0.0.1:24\" }\n"
	"route \"example.test\" { to = \"127.0.0.1:2526\" }\n"
	"route \".corp.test\" { to = {\"127.0.0.1:2527\", \"[::1]:2528\"} tls = none }\n"
	"route \".deep.corp.test\" { to = \"127.0.0.1:2529\" }\n"
	"route \"*\" { to = \"192.0.2.1:25\" }\n"
	"retry greylisting { first = \"2m\" }\n"
	"retry default { first = 300 factor = 1.5 max = \"00:30:00\" give_up = 5d }\n"
	"limits { message_size = 50M sessions = 12 }\n"
	"timeouts { connect = 10s }\n"
	"processes { receive = 2 }\n";

static void load_good(struct arena *arena, struct conf *ret)
{
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	int rc = conf_parse("f", span_str(good), arena, ret, &errors);

	assert_string_equal(buf_cstr(&errors), "");
	assert_int_equal(rc, 0);
	buf_done(&errors);
}

#define assert_span(s, text) assert_true(span_equal((s), span_str(text)))

static void check_good(const struct conf *c)
{
	assert_span(c->hostname, "mx.example.org");
	assert_span(c->user, "abide");
	assert_int_equal(c->log, CONF_LOG_JSON);
	assert_int_equal(c->language, REPLY_LANG_DE);
	assert_int_equal(c->n_relay_from, 2);
	assert_int_equal(c->n_listeners, 2);
	assert_span(c->listeners[1].address.text, "[::1]:2525");
	assert_span(c->domains[0].name, "example.org");
	assert_int_equal(c->n_routes, 4);
	assert_span(c->routes[1].to.text, "127.0.0.1:2527, [::1]:2528");
	assert_int_equal(c->routes[1].to.hosts[1].addresses[0].port, 2528);
	assert_span(c->routes[1].to.hosts[1].name, "::1");
	assert_int_equal(c->limits.message_size, 52428800);
	assert_int_equal(c->limits.sessions, 12);
	assert_int_equal(c->limits.recipients, 1000);
	assert_int_equal(c->limits.network_bits6, 64);
	assert_true(c->timeouts.connect == 10 * NANOS_S);
	assert_true(c->timeouts.final == 600 * NANOS_S);
	assert_int_equal(c->processes.receive, 2);
	assert_int_equal(c->processes.deliver, 0);
}

static void good_file_is_understood(void **state)
{
	struct arena arena = {0};
	struct conf c;

	load_good(&arena, &c);
	check_good(&c);
	arena_done(&arena);
}

/* A cause keeps what it does not set from "default", wherever that stands in the file. */
static void causes_inherit_the_default_schedule(void **state)
{
	struct arena arena = {0};
	struct conf c;

	load_good(&arena, &c);
	const struct conf_retry *grey = conf_retry_for(&c, SPAN_LIT("greylisting"));
	const struct conf_retry *other = conf_retry_for(&c, SPAN_LIT("mailbox_full"));

	assert_true(grey->first == 120 * NANOS_S && grey->max == 1800 * NANOS_S);
	assert_int_equal(grey->factor, 1500);
	assert_span(other->name, "default");
	assert_true(other->first == 300 * NANOS_S);
	assert_true(other->notice_after == 4 * 3600 * NANOS_S);
	arena_done(&arena);
}

/* The wrong route sends mail to strangers. */
static void the_nearest_route_wins(void **state)
{
	static const struct {
		const char *domain, *to;
	} cases[] = {{"example.test", "127.0.0.1:2526"}, {"EXAMPLE.Test", "127.0.0.1:2526"},
		{"sub.example.test", "192.0.2.1:25"}, {"a.corp.test", "127.0.0.1:2527, [::1]:2528"},
		{"corp.test", "192.0.2.1:25"}, {"x.deep.corp.test", "127.0.0.1:2529"},
		{"deep.corp.test", "127.0.0.1:2527, [::1]:2528"}, {"example.org", "127.0.0.1:24"},
		{"notexample.org", "192.0.2.1:25"}, {"", "192.0.2.1:25"}};
	struct arena arena = {0};
	struct conf c;

	load_good(&arena, &c);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_span(
			conf_target_for(&c, span_str(cases[i].domain), NULL)->text, cases[i].to);
	c.n_routes = 3;
	assert_null(conf_target_for(&c, SPAN_LIT("nowhere.test"), NULL));
	assert_null(conf_domain_for(&c, SPAN_LIT("sub.example.org")));
	arena_done(&arena);
}

/* One customer's mail by the way of another: his smarthost refuses it, and his name is on it. */
static void whose_mail_it_is_counts(void **state)
{
	static const char file[] = "hostname = a.test listen \"127.0.0.1:1\" { }\n"
				   "route \"*\" { to = \"127.0.0.1:10\" }\n"
				   "route \"* from b.test\" { to = \"127.0.0.1:11\" }\n"
				   "route \"* from .b.test\" { to = \"127.0.0.1:12\" }\n"
				   "route \"* from boss@b.test, <>\" { to = \"127.0.0.1:13\" }\n"
				   "route \"* from login:Ann\" { to = \"127.0.0.1:14\" }\n"
				   "route \"C.test from b.test\" { to = \"127.0.0.1:15\" }\n";
	static const struct {
		const char *domain, *sender, *login, *to;
	} cases[] = {{"x.test", "me@a.test", "", "127.0.0.1:10"},
		{"x.test", "me@B.test", "", "127.0.0.1:11"},
		{"x.test", "me@x.b.test", "", "127.0.0.1:12"},
		{"x.test", "Boss@b.test", "", "127.0.0.1:13"}, {"x.test", "", "", "127.0.0.1:13"},
		{"x.test", "boss@b.test", "Ann", "127.0.0.1:14"},
		{"x.test", "me@a.test", "ann", "127.0.0.1:10"},
		/* the domain counts more than the sender, but only who is named goes there */
		{"c.test", "boss@b.test", "Ann", "127.0.0.1:15"},
		{"c.test", "me@a.test", "", "127.0.0.1:10"}};
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf c;

	assert_int_equal(conf_parse("f", span_str(file), &arena, &c, &errors), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct conf_mail mail = {
			.sender = span_str(cases[i].sender), .login = span_str(cases[i].login)};

		assert_span(
			conf_target_for(&c, span_str(cases[i].domain), &mail)->text, cases[i].to);
	}
	/* Nobody but b.test may write there at all. */
	c.routes += 5;
	c.n_routes = 1;
	assert_null(conf_target_for(
		&c, SPAN_LIT("c.test"), &(struct conf_mail){.sender = SPAN_LIT("me@a.test")}));
	assert_non_null(conf_target_for(&c, SPAN_LIT("c.test"), NULL));
	buf_done(&errors);
	arena_done(&arena);
}

static bool may_relay(const struct conf *c, const char *address)
{
	struct conf_address a = {.port = 1};
	struct sockaddr_storage s;

	assert_true(value_address(span_str(address), &a));
	(void)conf_sockaddr(&a, &s);
	return conf_may_relay(c, (struct sockaddr *)&s);
}

/* An open relay, or a network that can't send. */
static void only_relay_from_may_relay(void **state)
{
	struct arena arena = {0};
	struct conf c;

	load_good(&arena, &c);
	assert_true(may_relay(&c, "127.0.0.1"));
	assert_true(may_relay(&c, "127.255.255.255"));
	assert_true(may_relay(&c, "::ffff:127.0.0.1"));
	assert_false(may_relay(&c, "128.0.0.1"));
	assert_false(may_relay(&c, "::1"));
	assert_true(may_relay(&c, "2001:db8:ffff::1"));
	assert_false(may_relay(&c, "2001:db9::1"));
	c.relay_from[0].bits = 0;
	assert_true(may_relay(&c, "203.0.113.1"));
	arena_done(&arena);
}

static void snapshot_travels_sealed(void **state)
{
	struct arena arena = {0}, other = {0};
	static struct conf c, d;

	load_good(&arena, &c);
	int fd = conf_seal_memfd(&c, 7);

	assert_true(fd >= 0);
	arena_done(&arena);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(conf_map_memfd(fd, &other, &d), 0);
	assert_int_equal(conf_map_memfd(fd, &other, &d), 0); /* by each of several processes */
	assert_int_equal(d.number, 7);
	check_good(&d);
	arena_done(&other);
	(void)close(fd);
}

/* A process that could change the others' configuration would be their master. */
static void open_or_broken_snapshots_are_refused(void **state)
{
	struct arena arena = {0};
	struct buf bytes = BUF_INIT(CONF_SNAPSHOT_MAX);
	static struct conf c, d;
	int fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	load_good(&arena, &c);
	assert_int_equal(conf_pack(&c, 1, &bytes), 0);
	assert_int_equal(write(fd, bytes.at, bytes.len), (ssize_t)bytes.len);
	assert_int_equal(conf_map_memfd(fd, &arena, &d), -EPERM);
	for (size_t i = 0; i < bytes.len; i++)
		assert_int_equal(conf_unpack(span_of(bytes.at, i), &arena, &d), -EBADMSG);
	assert_int_equal(conf_unpack(buf_span(&bytes), &arena, &d), 0);
	buf_done(&bytes);
	arena_done(&arena);
	(void)close(fd);
}

static int load_file(const char *text, struct conf *ret, struct arena *arena, struct buf *errors)
{
	char path[] = "/tmp/abide-conf-XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	int rc = conf_load(path, arena, ret, errors);

	(void)unlink(path);
	return rc;
}

/* Without look-ups a smarthost could only be written as an address. */
static void names_of_hosts_are_looked_up(void **state)
{
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf c;

	assert_int_equal(
		load_file(HEAD "route \"*\" { to = \"localhost:2526\" }", &c, &arena, &errors), 0);
	assert_true(c.routes[0].to.hosts[0].n_addresses > 0);
	assert_int_equal(c.routes[0].to.hosts[0].addresses[0].port, 2526);
	assert_int_equal(c.unresolved, 0);
	assert_int_equal(load_file("x", &c, &arena, &errors), -EINVAL);
	assert_int_equal(conf_load("/nonexistent/f", &arena, &c, &errors), -ENOENT);
	buf_done(&errors);
	arena_done(&arena);
}

/* Mail to a name without address waits; the rest of the configuration works. */
static void names_without_address_are_warned_of(void **state)
{
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf c;

	assert_int_equal(conf_parse("f", SPAN_LIT(HEAD "route \"*\" { to = \"a.test:25\" }"),
				 &arena, &c, &errors),
		0);
	assert_string_equal(buf_cstr(&errors),
		"f:3: warning: route \"*\".to: \"a.test\" has no address "
		"now (not looked up); write one that has, or an address\n");
	assert_int_equal(c.unresolved, 1);
	assert_int_equal(c.routes[0].to.hosts[0].n_addresses, 0);
	buf_done(&errors);
	arena_done(&arena);
}

static void the_sender_decides_who_goes_first(void **state)
{
	static const char text[] = "hostname = \"a.test\"\nlisten \"127.0.0.1:25\" { }\n"
				   "sender \"list@x.test\" { priority = low }\n"
				   "sender \"x.test\" { priority = high }\n"
				   "sender \".y.test\" { priority = low }\n"
				   "sender \"<>\" { priority = low }\n";
	static const struct {
		const char *sender;
		enum conf_priority priority;
	} cases[] = {
		{"list@x.test", CONF_PRIORITY_LOW},
		{"LIST@X.test", CONF_PRIORITY_LOW},
		{"me@x.test", CONF_PRIORITY_HIGH},
		{"me@z.y.test", CONF_PRIORITY_LOW},
		{"me@y.test", CONF_PRIORITY_NORMAL},
		{"", CONF_PRIORITY_LOW},
		{"me", CONF_PRIORITY_NORMAL},
	};
	struct arena arena = {0};
	struct buf errors = BUF_INIT(CONF_ERRORS_MAX);
	struct conf conf;

	if (conf_parse("f", span_str(text), &arena, &conf, &errors) < 0)
		fail_msg("%.*s", SPAN_F(buf_span(&errors)));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (conf_priority_of(&conf, span_str(cases[i].sender)) != cases[i].priority)
			fail_msg("%s", cases[i].sender);
	buf_done(&errors);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sender_decides_who_goes_first),
		cmocka_unit_test(good_file_is_understood),
		cmocka_unit_test(causes_inherit_the_default_schedule),
		cmocka_unit_test(the_nearest_route_wins),
		cmocka_unit_test(whose_mail_it_is_counts),
		cmocka_unit_test(only_relay_from_may_relay),
		cmocka_unit_test(snapshot_travels_sealed),
		cmocka_unit_test(open_or_broken_snapshots_are_refused),
		cmocka_unit_test(names_of_hosts_are_looked_up),
		cmocka_unit_test(names_without_address_are_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
