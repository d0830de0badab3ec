#include "policy/names.h"
#include "conf/value.h"
#include "resolve/rdata.h"
#include <sys/socket.h>

enum names_reverse names_read(const struct ipc_resolve_answer *ptr, struct arena *arena,
	struct span ret[NAMES_MOST], size_t *ret_n)
{
	size_t n = 0;

	*ret_n = 0;
	if (ptr->state == RESOLVE_FAILED)
		return NAMES_UNKNOWN;
	for (size_t i = 0; ptr->state == RESOLVE_FOUND && i < ptr->records_n && n < NAMES_MOST; i++)
		if (rdata_name(ptr->records[i].data, arena, &ret[n]) == 0 && ret[n].len > 0)
			n++;
	*ret_n = n;
	return n > 0 ? NAMES_UNCONFIRMED : NAMES_NONE;
}

bool names_lead_back(const struct ipc_resolve_answer *a, const struct wire_ip *client)
{
	for (size_t i = 0; a->state == RESOLVE_FOUND && i < a->records_n; i++) {
		struct wire_ip ip;

		if (rdata_ip(a->records[i].data, &ip) == 0 && wire_ip_equal(&ip, client))
			return true;
	}
	return false;
}

static bool is_in(const struct wire_ip *ip, const struct conf_network *networks, size_t n)
{
	struct sockaddr_storage to;

	(void)wire_ip_to_sockaddr(ip, 0, &to);
	return conf_is_in(networks, n, (const struct sockaddr *)&to);
}

/* What no list says of a client: its operator has something to say to us, or it is none at all. */
static const char *what_is_wrong(const struct wire_ip *ip)
{
	const uint8_t *b = ip->bytes;

	if (!ip->is_v4 || b[0] != 127)
		return "it answers outside of 127.0.0.0/8: it is no list any more";
	if (b[1] == 255 && b[2] == 255)
		return "it refuses to answer us: too many questions, or through an open resolver";
	if (b[1] == 0 && b[2] == 0 && b[3] <= 1)
		return "it answers what no list may";
	return NULL;
}

enum names_list names_list_read(const struct ipc_resolve_answer *a,
	const struct conf_network *codes, size_t n_codes, const char **ret_why)
{
	enum names_list found = NAMES_NOT_LISTED;

	*ret_why = NULL;
	if (a->state == RESOLVE_FAILED)
		*ret_why = resolve_trouble_text(a->trouble);
	for (size_t i = 0; a->state == RESOLVE_FOUND && !*ret_why && i < a->records_n; i++) {
		struct wire_ip ip;

		if (rdata_ip(a->records[i].data, &ip) < 0)
			continue;
		*ret_why = what_is_wrong(&ip);
		if (n_codes == 0 || is_in(&ip, codes, n_codes))
			found = NAMES_LISTED;
	}
	return *ret_why ? NAMES_LIST_BROKEN : found;
}

const char *names_list_test(const struct ipc_resolve_answer *nobody,
	const struct ipc_resolve_answer *somebody4, const struct ipc_resolve_answer *somebody6)
{
	if (nobody->state == RESOLVE_FOUND)
		return "it lists 127.0.0.1, and so everybody";
	if (somebody4->state == RESOLVE_FOUND || somebody6->state == RESOLVE_FOUND)
		return NULL;
	if (somebody4->state == RESOLVE_FAILED)
		return resolve_trouble_text(somebody4->trouble);
	return "it does not list 127.0.0.2, as every list does: it is no list any more";
}

/* RFC 7505 3: one record, and it names the root. */
static bool is_null_mx(const struct ipc_resolve_answer *mx, struct arena *arena)
{
	uint16_t preference;
	struct span name;

	return mx->records_n == 1 &&
	       rdata_mx(mx->records[0].data, arena, &preference, &name) == 0 && name.len == 0;
}

enum names_domain names_domain_read(const struct ipc_resolve_answer *mx,
	const struct ipc_resolve_answer *aaaa, const struct ipc_resolve_answer *a,
	struct arena *arena, const struct ipc_resolve_answer **ret_failed)
{
	if (mx->state == RESOLVE_FOUND)
		return is_null_mx(mx, arena) ? NAMES_DOMAIN_NULL_MX : NAMES_DOMAIN_FINE;
	if (mx->state == RESOLVE_NXDOMAIN)
		return NAMES_DOMAIN_NONE;
	if (aaaa->state == RESOLVE_FOUND || a->state == RESOLVE_FOUND)
		return NAMES_DOMAIN_FINE;
	*ret_failed = mx->state == RESOLVE_FAILED     ? mx
		      : aaaa->state == RESOLVE_FAILED ? aaaa
		      : a->state == RESOLVE_FAILED    ? a
						      : NULL;
	return *ret_failed ? NAMES_DOMAIN_LATER : NAMES_DOMAIN_NONE;
}
