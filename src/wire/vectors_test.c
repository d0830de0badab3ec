#include "wire/path.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define FILE_MAX_LEN (1U << 20)

/* Others' address data stands beside the source tree, or where ABIDE_SHARED says. */
static bool load(const char *name, struct buf *ret)
{
	const char *shared = getenv("ABIDE_SHARED");
	char path[512];

	(void)snprintf(path, sizeof path, "%s/vectors/%s",
		shared ? shared : ABIDE_SOURCE "/../shared", name);
	FILE *f = fopen(path, "re");

	if (!f) {
		print_message("%s is not there\n", path);
		return false;
	}
	while (!feof(f) && !ferror(f) && buf_reserve(ret, 4096) == 0)
		buf_added(ret, fread(ret->at + ret->len, 1, 4096, f));
	(void)fclose(f);
	return true;
}

/* The text between <tag> and </tag>; false at the end. */
static bool take_element(struct span *s, const char *open, const char *close, struct span *ret)
{
	ptrdiff_t from = span_find_span(*s, span_str(open));

	if (from < 0)
		return false;
	*s = span_slice(*s, (size_t)from + strlen(open), s->len);
	ptrdiff_t to = span_find_span(*s, span_str(close));

	if (to < 0)
		return false;
	*ret = span_slice(*s, 0, (size_t)to);
	return true;
}

/* XML's entities; in this file, U+2400 and on stand for control characters. */
static void add_entity(struct span name, struct buf *out)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_equal(name, span_str(known[i].name)))
			(void)buf_add_byte(out, known[i].c);
	if (span_starts(name, SPAN_LIT("#x24")))
		(void)buf_add_byte(out, (char)strtoul(name.at + 4, NULL, 16));
}

static void decode_xml(struct span text, struct buf *out)
{
	struct span name;

	while (text.len > 0) {
		if (text.at[0] == '&' && span_take_until(&text, ';', &name)) {
			add_entity(span_slice(name, 1, name.len), out);
			continue;
		}
		(void)buf_add_byte(out, text.at[0]);
		text = span_slice(text, 1, text.len);
	}
}

/*
 * isemail's categories: VALID, DNSWARN and RFC5321 may stand in an envelope, the others (comments,
 * obsolete forms, RFC 5322 only, errors) may not; but for "::" over one group, which we read.
 */
static bool is_for_smtp(struct span category, struct span diagnosis)
{
	return span_equal(category, SPAN_LIT("ISEMAIL_VALID_CATEGORY")) ||
	       span_equal(category, SPAN_LIT("ISEMAIL_DNSWARN")) ||
	       span_equal(category, SPAN_LIT("ISEMAIL_RFC5321")) ||
	       span_equal(diagnosis, SPAN_LIT("ISEMAIL_RFC5321_IPV6DEPRECATED"));
}

/* An address that the whole field holds valid must reach us; one it refuses must not. */
static void isemail_agrees(void **state)
{
	struct buf file = BUF_INIT(FILE_MAX_LEN), address = BUF_INIT(4096);
	unsigned n = 0, bad = 0;

	if (!load("isemail/test/tests.xml", &file))
		skip();
	struct span rest = buf_span(&file), test;

	while (take_element(&rest, "<test id=", "</test>", &test)) {
		struct span text = {0}, category, diagnosis;
		struct wire_path p;

		buf_clear(&address);
		if (take_element(&test, "<address>", "</address>", &text))
			decode_xml(text, &address);
		assert_true(take_element(&test, "<category>", "</category>", &category));
		assert_true(take_element(&test, "<diagnosis>", "</diagnosis>", &diagnosis));
		enum wire_path_error error = wire_address_read(buf_span(&address), &p);

		n++;
		if ((error == WIRE_PATH_OK) != is_for_smtp(category, diagnosis)) {
			print_message("%.*s: %s, not %.*s\n", SPAN_F(text),
				wire_path_error_text(error), SPAN_F(diagnosis));
			bad++;
		}
	}
	assert_true(n > 100);
	assert_int_equal(bad, 0);
	buf_done(&file);
	buf_done(&address);
}

/* chasquid's fuzzing found these: UTF-8 local parts without a domain, and one whole address. */
static void chasquid_addresses_are_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum wire_path_error error;
	} rows[] = {
		{"31400a53be6363c91bf6585789663189fa30b16181c1d18f19708acccc85f4a1",
			WIRE_PATH_DOMAIN_MISSING},
		{"ccde73fe7b7352806a87cece8eb81867bdeb177019b69a4bb3c7bb5a277b9c32",
			WIRE_PATH_DOMAIN_MISSING},
		{"d8637022b61fb5c4df4e153063564accd6331debaafdd594405c320a5e9f2e70", WIRE_PATH_OK},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf file = BUF_INIT(4096);
		char name[256];
		struct wire_path p;
		struct span text, rest;

		(void)snprintf(name, sizeof name,
			"chasquid-data/internal/normalize/testdata/fuzz/FuzzAddr/%s", rows[i].name);
		if (!load(name, &file))
			skip();
		rest = buf_span(&file);
		assert_true(take_element(&rest, "string(\"", "\")", &text));
		assert_int_equal(wire_address_read(text, &p), rows[i].error);
		buf_done(&file);
	}
}

/* Postfix repairs these arguments; strictly read, only the first two are paths. */
static void postfix_tokens_are_judged(void **state)
{
	static const enum wire_path_error want[] = {
		WIRE_PATH_OK,           /* <wietse@porcupine.org> */
		WIRE_PATH_OK,           /* <"wietse venema"@porcupine.org> */
		WIRE_PATH_BRACKET,      /* no brackets */
		WIRE_PATH_LOCAL_SYNTAX, /* spaces around @ */
		WIRE_PATH_BRACKET,      /* a comment */
		WIRE_PATH_LOCAL_SYNTAX, /* brackets in brackets */
		WIRE_PATH_BRACKET,      /* nested comments */
		WIRE_PATH_BRACKET,      /* no brackets */
		WIRE_PATH_BRACKET,      /* no brackets */
		WIRE_PATH_LOCAL_SYNTAX, /* an open quote */
		WIRE_PATH_LITERAL,      /* an open literal */
		WIRE_PATH_LITERAL,
	};
	struct buf file = BUF_INIT(FILE_MAX_LEN);

	if (!load("postfix-smtpd/postfix/src/smtpd/smtpd_token.in", &file))
		skip();
	struct span rest = buf_span(&file), line, params;

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		struct wire_path p;

		assert_true(span_take_until(&rest, '\n', &line));
		line = span_slice(line, 5, line.len);
		enum wire_path_error error = span_starts_nocase(line, SPAN_LIT("to:"))
						     ? wire_rcpt_read(line, &p, &params)
						     : wire_mail_read(line, &p, &params);

		if (error != want[i])
			fail_msg("%.*s: %s", SPAN_F(line), wire_path_error_text(error));
	}
	buf_done(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(isemail_agrees),
		cmocka_unit_test(chasquid_addresses_are_told_apart),
		cmocka_unit_test(postfix_tokens_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
