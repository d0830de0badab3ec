/*
 * script_testing - tables of what a client says and what it hears, played as they stand and cut at every byte.
 *
 * For the tests of sessions; not part of the program.
 */
#pragma once
#include "receive/testing.h"

#define HELLO    "EHLO client.example\r\n\f"
#define ENVELOPE "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\n"
#define TEXT     "Subject: x\r\n\r\nhello\r\n"
#define QUIT     "QUIT\r\n"
#define LONG_100                                                                                   \
	"1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678" \
	"901234567890"
#define LONG_1000 \
	LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100

#define S(w, i, c) .what = (w), .in = (i), .in_len = sizeof(i) - 1, .codes = (c)

struct script {
	const char *what; /* a user would lose */
	const char *in;
	const char *codes;
	size_t in_len;
	const char *conf;
	const char *content;    /* of the newest message; NULL: not looked at */
	const char *recipients; /* of the newest message */
	unsigned messages;
	bool is_whole; /* not to be cut: it is about what comes in one piece */
	int ready_rc, make_rc, commit_rc, tls_rc;
	bool has_no_keys;
	struct session_door door;
	const char *client;
	bool is_silent;  /* at the end */
	unsigned writes; /* of the server; 0: not looked at. Where it is not cut */
};

struct script_table {
	const struct script *at;
	size_t n, wrong;
};
/* Plays all of a struct script_table, counts what went wrong and says it. For testing_run. */
void script_play_table(void *table);

#define TABLE_TEST(name)                                                                 \
	static void test_##name(void **state)                                            \
	{                                                                                \
		struct script_table t = {.at = name, .n = sizeof name / sizeof name[0]}; \
                                                                                         \
		testing_run(script_play_table, &t);                                      \
		assert_int_equal(t.wrong, 0);                                            \
	}
