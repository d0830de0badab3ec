/* What a recipient would lose: mail that is gone after a crash, is there twice, or lies in another's mailbox. */
#include "mailbox/store.h"
#include "base/alloc.h"
#include "base/buf.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char root[] = "/tmp/abide-store-XXXXXX";

static void run(const char *command, const char *path)
{
	char line[400];

	(void)snprintf(line, sizeof line, "cd %s && %s %s", root, command, path);
	char *const argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", line, NULL};
	int status = -1;
	pid_t pid;

	assert_int_equal(posix_spawnp(&pid, "sh", NULL, NULL, argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int set_up(void **state)
{
	memcpy(root + sizeof root - 7, "XXXXXX", 6);
	return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
	run("rm -rf", root);
	return 0;
}

static struct store_mail mail_of(const char *content)
{
	return (struct store_mail){.id = id_make(1700000000000, 1, 2, 3),
		.n = 4,
		.sender = SPAN_LIT("s@src.test"),
		.recipient = SPAN_LIT("r@box.test"),
		.hostname = SPAN_LIT("mx.test"),
		.head = SPAN_LIT("Received: x\r\n"),
		.bytes = span_str(content),
		.fd = -1,
		.len = strlen(content)};
}

static struct store_result store(const struct store_mail *m, const char *user, const char *folder)
{
	struct span names[] = {span_str(user)};
	const struct place p = {
		.base = span_str(root), .names = names, .n = 1, .folder = span_str(folder)};
	struct store_result r;

	store_run(&p, m, &r);
	return r;
}

/* The names in a folder below root, "" where there are several, NULL where none. */
static const char *only_in(const char *folder, unsigned *ret_n)
{
	static char name[300];
	char path[400];
	unsigned n = 0;

	(void)snprintf(path, sizeof path, "%s/%s", root, folder);
	DIR *d = opendir(path);

	for (const struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.') {
			(void)snprintf(name, sizeof name, "%s", e->d_name);
			n++;
		}
	if (d)
		(void)closedir(d);
	*ret_n = n;
	return name;
}

static unsigned count_in(const char *folder)
{
	unsigned n;

	(void)only_in(folder, &n);
	return n;
}

static void text_of(const char *folder, struct buf *out)
{
	char path[800];
	unsigned n;
	const char *name = only_in(folder, &n);

	assert_int_equal(n, 1);
	(void)snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	for (int c; (c = getc(f)) != EOF;)
		(void)buf_add_byte(out, (char)c);
	(void)fclose(f);
}

static void is_written_as_maildirs_have_it(void **state)
{
	struct store_mail m = mail_of("Subject: a\r\n\r\nb\r\n.\r\nc");
	struct store_result r = store(&m, "u", "");
	struct buf text = BUF_INIT(10000);
	unsigned n;

	assert_int_equal(r.verdict, STORE_DONE);
	assert_int_equal(count_in("u/tmp"), 0);
	assert_int_equal(count_in("u/cur"), 0);
	text_of("u/new", &text);
	assert_string_equal(buf_cstr(&text), "Return-Path: <s@src.test>\nDelivered-To: r@box.test\n"
					     "Received: x\nSubject: a\n\nb\n.\nc");
	char want[100];

	(void)snprintf(want, sizeof want, "mx.test,S=%zu,W=%zu", text.len, text.len + 7);
	assert_non_null(strstr(only_in("u/new", &n), want));
	buf_done(&text);
}

static void a_large_one_comes_from_its_file(void **state)
{
	FILE *f = tmpfile();
	struct store_mail m = mail_of("");

	for (unsigned i = 0; i < 50000; i++)
		(void)fputs("0123456789\r\n", f);
	(void)fflush(f);
	m.fd = fileno(f);
	m.len = 600000;
	assert_int_equal(store(&m, "u", "").verdict, STORE_DONE);
	struct buf text = BUF_INIT(1 << 20);

	text_of("u/new", &text);
	assert_int_equal(text.len, strlen("Return-Path: <s@src.test>\nDelivered-To: r@box.test\n"
					  "Received: x\n") +
					   550000);
	buf_done(&text);
	/* A spool's file that is shorter than it should be is not half a mail in a mailbox. */
	m.n++;
	m.len++;
	struct store_result r = store(&m, "u", "");

	assert_int_equal(r.verdict, STORE_FAILED);
	assert_int_equal(r.error, -ENODATA);
	assert_int_equal(count_in("u/new"), 1);
	assert_int_equal(count_in("u/tmp"), 0);
	(void)fclose(f);
}

static void is_not_stored_twice(void **state)
{
	struct store_mail m = mail_of("x\r\n");

	assert_int_equal(store(&m, "u", "").verdict, STORE_DONE);
	/* Even who does not know that it was tried before. */
	assert_int_equal(store(&m, "u", "").verdict, STORE_WAS_THERE);
	m.again = true;
	assert_int_equal(store(&m, "u", "").verdict, STORE_WAS_THERE);
	run("mv u/new/*", "u/cur/");
	run("for i in u/cur/*; do mv $i $i:2,S; done", "");
	assert_int_equal(store(&m, "u", "").verdict, STORE_WAS_THERE);
	/* Our name is another one since. */
	m.hostname = SPAN_LIT("other.test");
	assert_int_equal(store(&m, "u", "").verdict, STORE_WAS_THERE);
	assert_int_equal(count_in("u/new") + count_in("u/cur"), 1);
	/* Another recipient of the same message, another message. */
	m.n = 40;
	assert_int_equal(store(&m, "u", "").verdict, STORE_DONE);
	m.id.low++;
	assert_int_equal(store(&m, "u", "").verdict, STORE_DONE);
	assert_int_equal(count_in("u/new") + count_in("u/cur"), 3);
}

static void no_link_leads_out(void **state)
{
	struct store_mail m = mail_of("x\r\n");

	run("mkdir -p other/cur other/new other/tmp && ln -s other", "u");
	struct store_result r = store(&m, "u", "");

	assert_int_equal(r.verdict, STORE_FAILED);
	assert_int_equal(r.error, -ELOOP);
	assert_string_equal(r.at, "u");
	/* Nor one in the place of a part of the Maildir. */
	run("mkdir -p v/cur v/tmp && ln -s ../other/new", "v/new");
	r = store(&m, "v", "");
	assert_int_equal(r.error, -ELOOP);
	run("mkdir -p w && ln -s ../other", "w/.f");
	r = store(&m, "w", ".f");
	assert_int_equal(r.error, -ELOOP);
	assert_int_equal(count_in("other/new"), 0);
}

static void a_folder_is_marked(void **state)
{
	struct store_mail m = mail_of("x\r\n");

	assert_int_equal(store(&m, "u", ".lists").verdict, STORE_DONE);
	assert_int_equal(count_in("u/.lists/new"), 1);
	run("test -f", "u/.lists/maildirfolder");
}

static struct store_result add(struct store_mail *m, const char *folder)
{
	m->n++;
	return store(m, "u", folder);
}

static void quota_holds(void **state)
{
	static char content[1001];
	struct store_mail m = mail_of("");

	memset(content, 'x', 1000);
	m.bytes = span_str(content);
	m.len = 1000;
	m.quota = 3500;
	assert_int_equal(add(&m, "").verdict, STORE_DONE);
	assert_int_equal(add(&m, ".f").verdict, STORE_DONE);
	assert_int_equal(add(&m, "").verdict, STORE_DONE);
	assert_int_equal(add(&m, "").verdict, STORE_FULL);
	assert_int_equal(add(&m, ".f").verdict, STORE_FULL);
	run("grep -q ^3500S$", "u/maildirsize");
	/* What is deleted makes room, whether its owner's program counts or not. */
	run("rm u/new/* && touch -d '1 hour ago'", "u/maildirsize");
	assert_int_equal(add(&m, "").verdict, STORE_DONE);
	m.quota = 500;
	assert_int_equal(add(&m, "").verdict, STORE_TOO_BIG);
}

/* Its owner may write what he likes into the file that counts. */
static void the_owners_quota(void **state)
{
	struct store_mail m = mail_of("1234567890\r\n1234567890\r\n");

	assert_int_equal(add(&m, "").verdict, STORE_DONE);
	run("printf '20S\\n5 1\\n' >", "u/maildirsize");
	assert_int_equal(add(&m, "").verdict, STORE_TOO_BIG);
	run("printf 'nonsense' >", "u/maildirsize");
	assert_int_equal(add(&m, "").verdict, STORE_DONE);
	run("rm u/maildirsize && mkfifo", "u/maildirsize");
	m.quota = 1000000;
	assert_int_equal(add(&m, "").verdict, STORE_DONE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {T(is_written_as_maildirs_have_it),
		T(a_large_one_comes_from_its_file), T(is_not_stored_twice), T(no_link_leads_out),
		T(a_folder_is_marked), T(quota_holds), T(the_owners_quota)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
