/*
 * example - a program with libabide-reply: says what each line of standard input means.
 *
 *     cc example.c $(pkg-config --cflags --libs abide-reply) && ./a.out < /var/log/mail.log
 */
#include <abide/reply.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	static char line[65536];
	struct abide_reply *reader = abide_reply_new();
	struct abide_reply_meaning m;

	if (!reader)
		return 1;
	while (fgets(line, sizeof line, stdin)) {
		if (abide_reply_read(reader, line, strlen(line), NULL, &m) != 0)
			continue;
		printf("%s (%.0f %% sure)\n", m.cause, m.confidence * 100);
		if (m.recipient[0])
			printf("  for %s\n", m.recipient);
		if (m.wait_seconds >= 0)
			printf("  wait %lld s\n", (long long)m.wait_seconds);
		printf("  %s\n  %s\n", m.explanation, m.advice);
	}
	abide_reply_free(reader);
	return 0;
}
