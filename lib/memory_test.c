/*
 * A reading allocates nothing: a program may call it where malloc is forbidden or measured.
 *
 * malloc and its kin stand here in front of libc's, and count.
 */
#include <abide/reply.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *at, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static unsigned count;

void *malloc(size_t size)
{
	count++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	count++;
	return __libc_calloc(n, size);
}

void *realloc(void *at, size_t size)
{
	count++;
	return __libc_realloc(at, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	count++;
	return __libc_memalign(alignment, size);
}

static const char *const parts[] = {
	"451 4.7.1 <you@example.org>: Greylisted, please try again in 300 seconds, see "
	"http://a.example/b ",
	"postfix/smtp[1]: A: to=<you@example.org>, relay=b[192.0.2.1]:25, dsn=4.7.1, "
	"status=deferred (host b "
	"said: 451 4.7.1 no)",
	"delivery 7: deferral: "
	"192.0.2.1_does_not_like_recipient./Remote_host_said:_450_no/Giving_up_on_a./",
	"a ",
	"a@b ",
	"1 ",
	"5 m ",
	"\n",
	"a.b.c.d ",
	"http://a.b/c-d-e ",
	"www.a-b-c-d-e-f-g-h",
	"\xff",
	"''",
	"a1b2c3 ",
	"550-5.1.1 a\n",
	"{led=",
	" == a@b R=c: ",
	"<a@b>",
	"::1 ",
	"Remote_host_said:_a_",
	"Remote_host_said:_1.a_to=<a@b>_h=a ",
};

int main(void)
{
	enum { LARGEST = 1000000 };
	static char text[LARGEST];
	struct abide_reply *reader = abide_reply_new();
	struct abide_reply_meaning m;
	unsigned before = count;

	for (size_t i = 0; reader && i < sizeof parts / sizeof parts[0]; i++) {
		size_t len = strlen(parts[i]);

		for (size_t at = 0; at < LARGEST; at++)
			text[at] = parts[i][at % len];
		for (size_t size = len; size <= LARGEST; size *= 10)
			if (abide_reply_read(reader, text, size, NULL, &m) != 0 || !m.cause[0])
				return 2;
		if (count != before) {
			printf("%u allocations: %s\n", count - before, parts[i]);
			return 1;
		}
	}
	abide_reply_free(reader);
	return before == 1 ? 0 : 3;
}
