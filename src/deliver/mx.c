#include "deliver/mx.h"
#include "base/buf.h"
#include "resolve/rdata.h"
#include <stdlib.h>

#define SITE_NAME_MAX 200U

struct drawn { /* a host and its lot among equals */
	struct mx_host host;
	uint32_t lot;
};

static int by_preference(const void *a, const void *b)
{
	const struct drawn *x = a, *y = b;

	if (x->host.preference != y->host.preference)
		return x->host.preference < y->host.preference ? -1 : 1;
	return x->lot < y->lot ? -1 : x->lot > y->lot;
}

/* Spreads well enough: who is first among equals is all that it decides. */
static uint32_t next_lot(uint32_t *dice)
{
	*dice = *dice * 1664525U + 1013904223U;
	return (*dice >> 16) ^ (*dice << 16);
}

static bool is_named(const struct drawn *all, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++)
		if (span_equal(all[i].host.name, name))
			return true;
	return false;
}

static size_t read_records(const struct ipc_resolve_answer *mx, uint32_t dice, struct arena *arena,
	struct drawn *all, bool *ret_null)
{
	size_t n = 0;

	*ret_null = false;
	for (size_t i = 0; i < mx->records_n; i++) {
		struct drawn d = {.lot = next_lot(&dice)};

		if (rdata_mx(mx->records[i].data, arena, &d.host.preference, &d.host.name) < 0)
			continue;
		if (d.host.name.len == 0)
			*ret_null = true;
		else
			all[n++] = d;
	}
	return n;
}

/* A host that is named twice counts where it is best. */
static size_t best_of(const struct drawn *all, size_t n, struct mx_host *to)
{
	size_t kept = 0;

	for (size_t i = 0; i < n && kept < MX_HOSTS_MAX; i++)
		if (!is_named(all, i, all[i].host.name))
			to[kept++] = all[i].host;
	return kept;
}

enum mx_verdict mx_read(const struct ipc_resolve_answer *mx, struct span domain, uint32_t dice,
	struct arena *arena, struct mx_host **ret, size_t *ret_n)
{
	bool is_null;

	if (mx->state == RESOLVE_NXDOMAIN)
		return MX_NO_DOMAIN;
	if (mx->state != RESOLVE_FOUND && mx->state != RESOLVE_NODATA)
		return MX_LATER;
	struct drawn *all = arena_array(arena, mx->records_n + 1, sizeof *all);
	struct mx_host *hosts = arena_array(arena, MX_HOSTS_MAX, sizeof *hosts);
	size_t n = 1;

	if (mx->state == RESOLVE_NODATA) {
		hosts[0] = (struct mx_host){.name = domain};
	} else {
		n = read_records(mx, dice, arena, all, &is_null);
		if (n == 0)
			return is_null ? MX_NONE_WANTED : MX_LATER;
		qsort(all, n, sizeof *all, by_preference);
		n = best_of(all, n, hosts);
	}
	*ret = hosts;
	*ret_n = n;
	return MX_HOSTS;
}

/* No machine is reached by these. */
static bool is_usable(const struct wire_ip *ip)
{
	static const uint8_t zero[16];

	if (ip->is_v4)
		return ip->bytes[0] != 0 && ip->bytes[0] < 224;
	return memcmp(ip->bytes, zero, 16) != 0 && ip->bytes[0] != 0xff;
}

static size_t take(
	const struct ipc_resolve_answer *a, bool is_v4, struct wire_ip out[MX_ADDRESSES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; a->state == RESOLVE_FOUND && i < a->records_n; i++) {
		struct wire_ip ip;

		if (n < MX_ADDRESSES_MAX && rdata_ip(a->records[i].data, &ip) == 0 &&
			ip.is_v4 == is_v4 && is_usable(&ip))
			out[n++] = ip;
	}
	return n;
}

bool mx_addresses(const struct ipc_resolve_answer *aaaa, const struct ipc_resolve_answer *a,
	struct arena *arena, struct mx_host *host)
{
	struct wire_ip six[MX_ADDRESSES_MAX], four[MX_ADDRESSES_MAX];
	size_t n6 = take(aaaa, false, six), n4 = take(a, true, four);

	host->addresses = arena_array(arena, MX_ADDRESSES_MAX, sizeof *host->addresses);
	host->n = 0;
	for (size_t i = 0; i < MX_ADDRESSES_MAX && host->n < MX_ADDRESSES_MAX; i++) {
		if (i < n6)
			host->addresses[host->n++] = six[i];
		if (i < n4 && host->n < MX_ADDRESSES_MAX)
			host->addresses[host->n++] = four[i];
	}
	return aaaa->state != RESOLVE_FAILED && a->state != RESOLVE_FAILED;
}

size_t mx_before_ours(struct mx_host *hosts, const bool *is_ours, size_t n)
{
	uint32_t best = UINT32_MAX;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (is_ours[i] && hosts[i].preference < best)
			best = hosts[i].preference;
	for (size_t i = 0; i < n; i++)
		if (hosts[i].preference < best)
			hosts[kept++] = hosts[i];
	return kept;
}

static int by_name(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* FNV-1a: the same in every process. */
static uint32_t hash_of(struct span s)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.at[i]) * 16777619U;
	return hash;
}

struct span mx_site(const struct mx_host *hosts, size_t n, struct arena *arena)
{
	struct span *names = arena_array(arena, n + 1, sizeof *names);
	struct buf text = BUF_INIT((size_t)1 << 14);

	for (size_t i = 0; i < n; i++)
		names[i] = hosts[i].name;
	qsort(names, n, sizeof *names, by_name);
	for (size_t i = 0; i < n; i++)
		(void)buf_printf(&text, "%s%.*s", i > 0 ? "," : "", SPAN_F(names[i]));
	struct span whole = arena_copy(arena, buf_span(&text));

	buf_done(&text);
	if (whole.len <= SITE_NAME_MAX)
		return whole;
	return arena_printf(arena, "%.*s,+%zu.%08x", SPAN_F(names[0]), n - 1, hash_of(whole));
}
