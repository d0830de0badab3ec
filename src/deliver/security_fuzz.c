#include "deliver/security.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct span rest;
};

/* A stranger's answers: a byte of states, then records, each after its length. */
static struct ipc_resolve_answer take_answer(struct input *in, struct arena *arena)
{
	struct ipc_resolve_answer a = {.state = RESOLVE_NODATA};

	if (in->rest.len < 2)
		return a;
	unsigned how = (unsigned char)in->rest.at[0], n = (unsigned char)in->rest.at[1] % 50;

	in->rest = span_slice(in->rest, 2, in->rest.len);
	a.state = (uint8_t)(1 + how % 4);
	a.trouble = (uint8_t)(how >> 4);
	a.is_secure = how & 8;
	a.records = arena_array(arena, n + 1, sizeof *a.records);
	for (unsigned i = 0; a.state == RESOLVE_FOUND && i < n && in->rest.len > 0; i++) {
		size_t len = (unsigned char)in->rest.at[0];

		in->rest = span_slice(in->rest, 1, in->rest.len);
		a.records[a.records_n++].data = span_slice(in->rest, 0, len);
		in->rest = span_slice(in->rest, len, in->rest.len);
	}
	if (how & 128)
		a.canonical = SPAN_LIT("canonical.test");
	return a;
}

static void ask_all(void *self, const struct resolve_question *q, size_t n, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = take_answer(self, arena);
}

/* A host with records has some way to use them; what failed is never taken for none. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct resolve_ops ops = {.ask_all = ask_all};
	static const struct span hosts[] = {SPAN_LIT("mx.a.test"), SPAN_LIT("mx2.a.test")};
	struct input in = {span_of(data, size)};
	struct arena arena = {0};
	struct security_address addresses[2];

	for (size_t i = 0; i < 2; i++) {
		struct ipc_resolve_answer aaaa = take_answer(&in, &arena),
					  a = take_answer(&in, &arena);

		addresses[i] = security_address(&aaaa, &a);
	}
	struct ipc_resolve_answer sts = take_answer(&in, &arena);
	const struct security_question q = {.resolve = &ops,
		.resolve_self = &in,
		.port = 25,
		.domain = SPAN_LIT("a.test"),
		.is_secure = size % 2,
		.sts = &sts};
	const struct security *s = security_find(&q, hosts, addresses, 2, &arena);

	for (size_t i = 0; i < 2; i++) {
		assert(s[i].n_tlsa <= SECURITY_RECORDS_MAX && s[i].n_names <= 3);
		assert((s[i].kind == SECURITY_TLSA) == (s[i].base != NULL));
		assert(q.is_secure ||
			(s[i].kind != SECURITY_TLSA && s[i].kind != SECURITY_TLSA_FAILED));
		assert(s[i].kind != SECURITY_TLSA_FAILED || s[i].why.len > 0);
		(void)security_name(s[i].kind);
	}
	arena_done(&arena);
	return 0;
}
