#include "mail/header.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S(s)    SPAN_LIT(s)
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A field missed here is a loop not noticed, or a second Message-ID put before the first. */
static void fields_are_found(void **state)
{
	struct span message =
		S("Received: from a\r\n\tby b;\r\n date\r\nSubject : hi: there\r\nX-Empty:\r\n"
		  "From:\xc3\xbc@x\r\n\r\nTo: body\r\n");
	static const struct {
		struct span name, value;
	} rows[] = {
		{S("Received"), S(" from a\r\n\tby b;\r\n date")},
		{S("Subject"), S(" hi: there")},
		{S("X-Empty"), S("")},
		{S("From"), S("\xc3\xbc@x")},
	};
	struct mail_header h;
	struct mail_field f;

	mail_header_init(&h, message);
	for (size_t i = 0; i < N(rows); i++) {
		assert_true(mail_header_next(&h, &f));
		assert_true(span_equal(f.name, rows[i].name) && span_equal(f.value, rows[i].value));
		assert_true(message.at + f.offset == f.name.at);
	}
	assert_false(mail_header_next(&h, &f));
	assert_false(mail_header_next(&h, &f));
	assert_true(h.is_complete && h.has_empty_line);
	assert_true(span_starts(span_slice(message, h.at, message.len), S("\r\nTo: body")));
}

static void facts_are_read(void **state)
{
	static const struct {
		struct span message;
		struct mail_facts want;
	} rows[] = {
		{S(""), {0}},
		{S("\r\nbody"), {.is_complete = true, .body_offset = 2}},
		{S("body\r\n"), {.is_complete = true}},
		{S("From a@b Mon\r\nFrom: x\r\n\r\n"), {.is_complete = true}},
		{S(" folded\r\nFrom: x\r\n\r\n"), {.is_complete = true}},
		{S("received: a\r\nRECEIVED: b\r\nReceived:c\r\n d\r\n\r\nReceived: no\r\n"),
			{.received = 3, .is_complete = true, .header_len = 42, .body_offset = 44}},
		{S("Date: d\r\nFrom: f\r\nMessage-Id: <i>\r\n\r\n"), {.has_date = true,
									     .has_from = true,
									     .has_message_id = true,
									     .is_complete = true,
									     .header_len = 35,
									     .body_offset = 37}},
		{S("Date: d\r\nFro"), {.has_date = true, .header_len = 9, .body_offset = 9}},
		{S("Date: d\r\nFrom: f\r\n fold"),
			{.has_date = true, .header_len = 9, .body_offset = 9}},
		{S("Date: d\r\nFrom: f\r\n"),
			{.has_date = true, .has_from = true, .header_len = 18, .body_offset = 18}},
		{S("Date: d\r\nno field\r\nFrom: f\r\n"),
			{.has_date = true, .is_complete = true, .header_len = 9, .body_offset = 9}},
		{S("Resent-Date: d\r\nX-From: y\r\n\r\n"),
			{.is_complete = true, .header_len = 27, .body_offset = 29}},
		{S("From: \xc3\xbc\r\n\r\n"), {.has_from = true,
						      .has_8bit = true,
						      .is_complete = true,
						      .header_len = 10,
						      .body_offset = 12}},
	};

	for (size_t i = 0; i < N(rows); i++) {
		const struct mail_facts *want = &rows[i].want;
		struct mail_facts facts;

		mail_facts_read(rows[i].message, &facts);
		if (facts.received != want->received || facts.has_date != want->has_date ||
			facts.has_from != want->has_from ||
			facts.has_message_id != want->has_message_id ||
			facts.has_8bit != want->has_8bit ||
			facts.is_complete != want->is_complete ||
			facts.header_len != want->header_len ||
			facts.body_offset != want->body_offset)
			fail_msg("row %zu: header %zu, body %zu", i, facts.header_len,
				facts.body_offset);
	}
}

/* Text of strangers that we put into a header must not begin a field of its own. */
static void text_is_cleaned(void **state)
{
	static const struct {
		struct span text;
		bool utf8;
		struct span clean;
	} rows[] = {
		{S("plain text"), false, S("plain text")},
		{S("a\r\nX: y\0\x7f\t"), false, S("a??X: y???")},
		{S("\xc3\xbc"), false, S("?")},
		{S("\xc3\xbc"), true, S("\xc3\xbc")},
		{S("\xff\xc3"), true, S("??")},
		{S("a\xc2\x85z"), true, S("a?z")},
	};
	struct buf out = BUF_INIT(256);

	for (size_t i = 0; i < N(rows); i++) {
		buf_clear(&out);
		assert_int_equal(mail_text_clean(rows[i].text, rows[i].utf8, &out), 0);
		assert_true(span_equal(buf_span(&out), rows[i].clean));
	}
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found),
		cmocka_unit_test(facts_are_read),
		cmocka_unit_test(text_is_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
