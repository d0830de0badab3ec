#include "resolve/sts_dns.h"
#include "resolve/name.h"
#include "resolve/ops.h"
#include "resolve/rdata.h"
#include "resolve/sts_keep.h"
#include <errno.h>

#define ADDRESSES_MOST 8U

struct span sts_name(struct span domain, struct arena *arena)
{
	const char *name;

	if (domain.len == 0 || domain.at[0] == '[' || resolve_name(domain, arena, &name) < 0)
		return (struct span){0};
	struct span text = span_str(name);

	if (text.len == 0 || text.len > STS_DOMAIN_MAX || text.at[0] == '.')
		return (struct span){0};
	char *lower = arena_zero(arena, text.len + 1);

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '/' || text.at[i] == '\\')
			return (struct span){0};
		lower[i] = byte_lower(text.at[i]);
	}
	return span_of(lower, text.len);
}

struct ipc_resolve_ask sts_question(struct span domain, nanos deadline, struct arena *arena)
{
	return (struct ipc_resolve_ask){.type = RESOLVE_TXT,
		.name = arena_printf(arena, "_mta-sts.%.*s", SPAN_F(domain)),
		.deadline = deadline};
}

struct span sts_id_of(const struct ipc_resolve_answer *txt, struct arena *arena)
{
	struct span id = {0};
	unsigned n = 0;

	for (size_t i = 0; txt->state == RESOLVE_FOUND && i < txt->records_n; i++) {
		struct span text;

		if (rdata_txt(txt->records[i].data, arena, &text) < 0)
			continue;
		int rc = sts_record_read(text, &id);

		n += rc != -ENOENT;
		if (rc == -EBADMSG)
			id = (struct span){0};
	}
	return n == 1 ? id : (struct span){0};
}

struct span sts_announced(struct resolver *r, const struct conf *conf, struct span domain,
	nanos deadline, struct arena *arena)
{
	const struct ipc_resolve_ask ask = sts_question(domain, deadline, arena);
	struct ipc_resolve_answer a;

	resolver_ask(r, conf, &ask, arena, &a);
	return sts_id_of(&a, arena);
}

static void add_addresses(const struct ipc_resolve_answer *a, struct buf *out)
{
	for (size_t i = 0; a->state == RESOLVE_FOUND && i < a->records_n && i < ADDRESSES_MOST;
		i++) {
		char text[WIRE_IP_TEXT_MAX];
		struct wire_ip ip;

		if (rdata_ip(a->records[i].data, &ip) < 0)
			continue;
		struct span s = wire_ip_text(&ip, text);

		(void)buf_printf(
			out, ip.is_v4 ? "%s%.*s" : "%s[%.*s]", out->len > 0 ? "," : "", SPAN_F(s));
	}
}

bool sts_addresses(struct resolver *r, const struct conf *conf, struct span domain, nanos deadline,
	struct buf *out, const char **ret_why)
{
	static const uint16_t types[] = {RESOLVE_A, RESOLVE_AAAA};
	struct arena arena = {0};

	*ret_why = "the name of its server (mta-sts.) has no address";
	for (size_t i = 0; i < 2; i++) {
		const struct ipc_resolve_ask ask = {.type = types[i],
			.name = arena_printf(&arena, "mta-sts.%.*s", SPAN_F(domain)),
			.deadline = deadline};
		struct ipc_resolve_answer a;

		resolver_ask(r, conf, &ask, &arena, &a);
		add_addresses(&a, out);
		if (a.state == RESOLVE_FAILED)
			*ret_why = "the address of its server (mta-sts.) can't be looked up";
	}
	arena_done(&arena);
	return out->len > 0;
}
