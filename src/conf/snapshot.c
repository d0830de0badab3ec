#include "conf/snapshot.h"
#include "base/alloc.h"
#include "base/pack.h"
#include "conf/rules.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

static const struct pack_row address_rows[] = {PACK_F_SPAN(struct conf_address, text),
	PACK_F_U64(struct conf_address, high), PACK_F_U64(struct conf_address, low),
	PACK_F_U32(struct conf_address, scope), PACK_F_U16(struct conf_address, port)};
static const struct pack_type address_type = PACK_TYPE(conf_address, address_rows);

static const struct pack_row network_rows[] = {PACK_F_U64(struct conf_network, high),
	PACK_F_U64(struct conf_network, low), PACK_F_U8(struct conf_network, bits)};
static const struct pack_type network_type = PACK_TYPE(conf_network, network_rows);

static const struct pack_row listener_rows[] = {PACK_F_SPAN(struct conf_listener, name),
	PACK_F_ONE(struct conf_listener, address, &address_type),
	PACK_F_U8(struct conf_listener, protocol), PACK_F_U8(struct conf_listener, tls),
	PACK_F_U8(struct conf_listener, auth),
	PACK_F_ARRAY(struct conf_listener, proxy, n_proxy, &network_type),
	PACK_F_ARRAY(struct conf_listener, xclient_from, n_xclient_from, &network_type)};
static const struct pack_type listener_type = PACK_TYPE(conf_listener, listener_rows);

static const struct pack_row certificate_rows[] = {PACK_F_SPAN(struct conf_certificate, name),
	PACK_F_SPAN(struct conf_certificate, certificate),
	PACK_F_SPAN(struct conf_certificate, key), PACK_F_U32(struct conf_certificate, line)};
static const struct pack_type certificate_type = PACK_TYPE(conf_certificate, certificate_rows);
static const struct pack_row encryption_rows[] = {
	PACK_F_ONE(struct conf_encryption, own, &certificate_type),
	PACK_F_SPAN(struct conf_encryption, authorities)};
static const struct pack_type encryption_type = PACK_TYPE(conf_encryption, encryption_rows);

static const struct pack_row dkim_rows[] = {PACK_F_SPAN(struct conf_dkim, domain),
	PACK_F_SPAN(struct conf_dkim, rsa_key), PACK_F_SPAN(struct conf_dkim, ed25519_key),
	PACK_F_SPAN(struct conf_dkim, rsa_selector),
	PACK_F_SPAN(struct conf_dkim, ed25519_selector), PACK_F_U32(struct conf_dkim, line)};
static const struct pack_type dkim_type = PACK_TYPE(conf_dkim, dkim_rows);

static const struct pack_row host_rows[] = {PACK_F_SPAN(struct conf_host, text),
	PACK_F_SPAN(struct conf_host, name),
	PACK_F_ARRAY(struct conf_host, addresses, n_addresses, &address_type),
	PACK_F_U32(struct conf_host, weight), PACK_F_U8(struct conf_host, tls_first)};
static const struct pack_type host_type = PACK_TYPE(conf_host, host_rows);

static const struct pack_row target_rows[] = {PACK_F_SPAN(struct conf_target, text),
	PACK_F_ARRAY(struct conf_target, hosts, n_hosts, &host_type),
	PACK_F_U8(struct conf_target, kind), PACK_F_U16(struct conf_target, port)};
static const struct pack_type target_type = PACK_TYPE(conf_target, target_rows);

static const struct pack_row text_rows[] = {PACK_F_SPAN(struct conf_text, text)};
static const struct pack_type text_type = PACK_TYPE(conf_text, text_rows);

static const struct pack_row map_rows[] = {PACK_F_SPAN(struct conf_map, name),
	PACK_F_SPAN(struct conf_map, file),
	PACK_F_ARRAY(struct conf_map, servers, n_servers, &text_type),
	PACK_F_SPAN(struct conf_map, ca), PACK_F_SPAN(struct conf_map, bind),
	PACK_F_SPAN(struct conf_map, password_file), PACK_F_SPAN(struct conf_map, base),
	PACK_F_SPAN(struct conf_map, filter),
	PACK_F_ARRAY(struct conf_map, results, n_results, &text_type),
	PACK_F_I64(struct conf_map, timeout), PACK_F_I64(struct conf_map, cache),
	PACK_F_I64(struct conf_map, cache_missing), PACK_F_U32(struct conf_map, connections),
	PACK_F_U32(struct conf_map, entries), PACK_F_U8(struct conf_map, type),
	PACK_F_U8(struct conf_map, scope), PACK_F_U8(struct conf_map, starttls),
	PACK_F_ARRAY(struct conf_map, addresses, n_addresses, &address_type),
	PACK_F_SPAN(struct conf_map, hello)};
static const struct pack_type map_type = PACK_TYPE(conf_map, map_rows);

static const struct pack_row srs_rows[] = {PACK_F_SPAN(struct conf_srs, secret),
	PACK_F_SPAN(struct conf_srs, domain), PACK_F_I64(struct conf_srs, max_age),
	PACK_F_U32(struct conf_srs, hash_len)};
static const struct pack_type srs_type = PACK_TYPE(conf_srs, srs_rows);

static const struct pack_row users_rows[] = {PACK_F_SPAN(struct conf_users, from),
	PACK_F_ARRAY(struct conf_users, mechanisms, n_mechanisms, &text_type),
	PACK_F_SPAN(struct conf_users, senders), PACK_F_I64(struct conf_users, timeout),
	PACK_F_U8(struct conf_users, any_sender), PACK_F_U8(struct conf_users, plain_passwords)};
static const struct pack_type users_type = PACK_TYPE(conf_users, users_rows);

static const struct pack_row domain_rows[] = {PACK_F_SPAN(struct conf_domain, name),
	PACK_F_ONE(struct conf_domain, to, &target_type),
	PACK_F_ARRAY(struct conf_domain, recipients, n_recipients, &text_type),
	PACK_F_SPAN(struct conf_domain, aliases), PACK_F_SPAN(struct conf_domain, catch_all),
	PACK_F_SPAN(struct conf_domain, subaddress), PACK_F_SPAN(struct conf_domain, quota),
	PACK_F_SPAN(struct conf_domain, owner), PACK_F_U64(struct conf_domain, mailbox_quota),
	PACK_F_U8(struct conf_domain, keep_tag), PACK_F_U8(struct conf_domain, asks)};
static const struct pack_type domain_type = PACK_TYPE(conf_domain, domain_rows);

static const struct pack_row source_rows[] = {PACK_F_SPAN(struct conf_source, address),
	PACK_F_SPAN(struct conf_source, ipv6), PACK_F_SPAN(struct conf_source, helo),
	PACK_F_U32(struct conf_source, weight)};
static const struct pack_row sender_rows[] = {
	PACK_F_SPAN(struct conf_sender, who), PACK_F_U8(struct conf_sender, priority)};
static const struct pack_type sender_type = PACK_TYPE(conf_sender, sender_rows);
static const struct pack_type source_type = PACK_TYPE(conf_source, source_rows);

static const struct pack_row route_rows[] = {PACK_F_SPAN(struct conf_route, pattern),
	PACK_F_ARRAY(struct conf_route, from, n_from, &text_type),
	PACK_F_ARRAY(struct conf_route, sources, n_sources, &text_type),
	PACK_F_ONE(struct conf_route, to, &target_type), PACK_F_SPAN(struct conf_route, auth),
	PACK_F_U8(struct conf_route, tls)};
static const struct pack_type route_type = PACK_TYPE(conf_route, route_rows);

static const struct pack_row retry_rows[] = {PACK_F_SPAN(struct conf_retry, name),
	PACK_F_I64(struct conf_retry, first), PACK_F_I64(struct conf_retry, max),
	PACK_F_I64(struct conf_retry, give_up), PACK_F_I64(struct conf_retry, notice_after),
	PACK_F_U32(struct conf_retry, factor)};
static const struct pack_type retry_type = PACK_TYPE(conf_retry, retry_rows);

static const struct pack_row rule_rows[] = {PACK_F_SPAN(struct conf_rule, name),
	PACK_F_SPAN(struct conf_rule, text), PACK_F_SPAN(struct conf_rule, host),
	PACK_F_SPAN(struct conf_rule, status), PACK_F_SPAN(struct conf_rule, cause),
	PACK_F_SPAN(struct conf_rule, explanation), PACK_F_SPAN(struct conf_rule, advice),
	PACK_F_SPAN(struct conf_rule, writer), PACK_F_I64(struct conf_rule, wait),
	PACK_F_U32(struct conf_rule, code), PACK_F_U32(struct conf_rule, confidence),
	PACK_F_U8(struct conf_rule, stage)};
static const struct pack_type rule_type = PACK_TYPE(conf_rule, rule_rows);

static const struct pack_row limit_rows[] = {PACK_F_U64(struct conf_limits, message_size),
	PACK_F_U64(struct conf_limits, spool_size), PACK_F_U64(struct conf_limits, disk_free),
	PACK_F_U32(struct conf_limits, sessions),
	PACK_F_U32(struct conf_limits, sessions_per_network),
	PACK_F_U32(struct conf_limits, recipients),
	PACK_F_U32(struct conf_limits, messages_per_session),
	PACK_F_U32(struct conf_limits, commands_without_mail),
	PACK_F_U32(struct conf_limits, errors), PACK_F_U32(struct conf_limits, command_line),
	PACK_F_U32(struct conf_limits, text_line), PACK_F_U32(struct conf_limits, received_hops),
	PACK_F_U32(struct conf_limits, deliver_sessions),
	PACK_F_U32(struct conf_limits, deliver_connections),
	PACK_F_U32(struct conf_limits, messages_per_connection),
	PACK_F_U32(struct conf_limits, recipients_per_transaction),
	PACK_F_U32(struct conf_limits, alias_depth),
	PACK_F_U32(struct conf_limits, alias_recipients),
	PACK_F_U8(struct conf_limits, network_bits4), PACK_F_U8(struct conf_limits, network_bits6)};
static const struct pack_type limit_type = PACK_TYPE(conf_limits, limit_rows);

static const struct pack_row timeout_rows[] = {PACK_F_I64(struct conf_timeouts, connect),
	PACK_F_I64(struct conf_timeouts, greeting), PACK_F_I64(struct conf_timeouts, command),
	PACK_F_I64(struct conf_timeouts, data), PACK_F_I64(struct conf_timeouts, final),
	PACK_F_I64(struct conf_timeouts, idle), PACK_F_I64(struct conf_timeouts, body),
	PACK_F_I64(struct conf_timeouts, message), PACK_F_I64(struct conf_timeouts, session),
	PACK_F_I64(struct conf_timeouts, journal)};
static const struct pack_type timeout_type = PACK_TYPE(conf_timeouts, timeout_rows);

static const struct pack_row process_rows[] = {
	PACK_F_U32(struct conf_processes, receive), PACK_F_U32(struct conf_processes, deliver)};
static const struct pack_type process_type = PACK_TYPE(conf_processes, process_rows);

static const struct pack_row greeting_rows[] = {PACK_F_I64(struct conf_greeting, wait),
	PACK_F_ARRAY(struct conf_greeting, except, n_except, &network_type)};
static const struct pack_type greeting_type = PACK_TYPE(conf_greeting, greeting_rows);

static const struct pack_row who_rows[] = {PACK_F_SPAN(struct conf_who, text)};
static const struct pack_type who_type = PACK_TYPE(conf_who, who_rows);

static const struct pack_row greylist_rows[] = {PACK_F_I64(struct conf_greylist, delay),
	PACK_F_I64(struct conf_greylist, window), PACK_F_I64(struct conf_greylist, remember),
	PACK_F_U32(struct conf_greylist, proven), PACK_F_U32(struct conf_greylist, pool_places),
	PACK_F_U32(struct conf_greylist, hasty), PACK_F_U8(struct conf_greylist, mode),
	PACK_F_U8(struct conf_greylist, spf),
	PACK_F_ARRAY(struct conf_greylist, except, n_except, &who_type)};
static const struct pack_type greylist_type = PACK_TYPE(conf_greylist, greylist_rows);

static const struct pack_row spf_rows[] = {
	PACK_F_I64(struct conf_spf, timeout), PACK_F_U8(struct conf_spf, header)};
static const struct pack_type spf_type = PACK_TYPE(conf_spf, spf_rows);

static const struct pack_row rate_rows[] = {PACK_F_SPAN(struct conf_rate, name),
	PACK_F_I64(struct conf_rate, per), PACK_F_I64(struct conf_rate, hold),
	PACK_F_U32(struct conf_rate, most), PACK_F_U8(struct conf_rate, what),
	PACK_F_U8(struct conf_rate, by),
	PACK_F_ARRAY(struct conf_rate, except, n_except, &who_type)};
static const struct pack_type rate_type = PACK_TYPE(conf_rate, rate_rows);

static const struct pack_row facts_rows[] = {PACK_F_U32(struct conf_facts, records)};
static const struct pack_type facts_type = PACK_TYPE(conf_facts, facts_rows);

static const struct pack_row deferral_rows[] = {
	PACK_F_I64(struct conf_deferrals, target), PACK_F_I64(struct conf_deferrals, lost_after)};
static const struct pack_type deferral_type = PACK_TYPE(conf_deferrals, deferral_rows);

static const struct pack_row resolver_rows[] = {
	PACK_F_ARRAY(struct conf_resolver, servers, n_servers, &who_type),
	PACK_F_SPAN(struct conf_resolver, system), PACK_F_SPAN(struct conf_resolver, anchor),
	PACK_F_U8(struct conf_resolver, dnssec), PACK_F_I64(struct conf_resolver, deadline)};
static const struct pack_type resolver_type = PACK_TYPE(conf_resolver, resolver_rows);
static const struct pack_row mta_sts_rows[] = {
	PACK_F_U8(struct conf_mta_sts, use), PACK_F_U32(struct conf_mta_sts, port)};
static const struct pack_type mta_sts_type = PACK_TYPE(conf_mta_sts, mta_sts_rows);

static const struct pack_row diagnose_rows[] = {
	PACK_F_ARRAY(struct conf_diagnose, lists, n_lists, &text_type),
	PACK_F_SPAN(struct conf_diagnose, probe), PACK_F_SPAN(struct conf_diagnose, webhook),
	PACK_F_SPAN(struct conf_diagnose, mail_via), PACK_F_U8(struct conf_diagnose, checks)};
static const struct pack_type diagnose_type = PACK_TYPE(conf_diagnose, diagnose_rows);

static const struct pack_row web_rows[] = {PACK_F_ONE(struct conf_web, listen, &host_type),
	PACK_F_ARRAY(struct conf_web, names, n_names, &text_type),
	PACK_F_U8(struct conf_web, is_open), PACK_F_U8(struct conf_web, shows_addresses)};
static const struct pack_type web_type = PACK_TYPE(conf_web, web_rows);

static const struct pack_row check_rows[] = {
	PACK_F_ARRAY(struct conf_check, except, n_except, &who_type),
	PACK_F_U32(struct conf_check, threshold), PACK_F_U8(struct conf_check, what),
	PACK_F_U8(struct conf_check, action)};
static const struct pack_row dnsbl_rows[] = {PACK_F_SPAN(struct conf_dnsbl, zone),
	PACK_F_ARRAY(struct conf_dnsbl, codes, n_codes, &network_type),
	PACK_F_U32(struct conf_dnsbl, weight), PACK_F_U8(struct conf_dnsbl, kind)};
static const struct pack_type dnsbl_type = PACK_TYPE(conf_dnsbl, dnsbl_rows);
static const struct pack_type check_type = PACK_TYPE(conf_check, check_rows);

static const struct pack_row policy_rows[] = {PACK_F_ONE(struct conf_policy, at, &host_type),
	PACK_F_I64(struct conf_policy, timeout), PACK_F_U32(struct conf_policy, connections),
	PACK_F_U8(struct conf_policy, when_down), PACK_F_U8(struct conf_policy, trusted),
	PACK_F_U8(struct conf_policy, stages),
	PACK_F_ARRAY(struct conf_policy, except, n_except, &who_type)};
static const struct pack_type policy_type = PACK_TYPE(conf_policy, policy_rows);

static const struct pack_row conf_rows[] = {PACK_F_U32(struct conf, number),
	PACK_F_SPAN(struct conf, file), PACK_F_SPAN(struct conf, hostname),
	PACK_F_SPAN(struct conf, spool), PACK_F_SPAN(struct conf, user),
	PACK_F_SPAN(struct conf, help_url), PACK_F_SPAN(struct conf, needs_person),
	PACK_F_SPAN(struct conf, double_bounce), PACK_F_U64(struct conf, returned_size),
	PACK_F_U8(struct conf, notify_anyone), PACK_F_U8(struct conf, multilingual),
	PACK_F_U8(struct conf, language), PACK_F_U8(struct conf, log),
	PACK_F_U8(struct conf, log_level), PACK_F_U32(struct conf, unresolved),
	PACK_F_ARRAY(struct conf, relay_from, n_relay_from, &network_type),
	PACK_F_ONE(struct conf, tls, &encryption_type),
	PACK_F_ARRAY(struct conf, certificates, n_certificates, &certificate_type),
	PACK_F_ARRAY(struct conf, dkim, n_dkim, &dkim_type),
	PACK_F_ARRAY(struct conf, listeners, n_listeners, &listener_type),
	PACK_F_ARRAY(struct conf, domains, n_domains, &domain_type),
	PACK_F_ARRAY(struct conf, maps, n_maps, &map_type), PACK_F_SPAN(struct conf, postmaster),
	PACK_F_SPAN(struct conf, rewrite_sender), PACK_F_SPAN(struct conf, rewrite_recipient),
	PACK_F_ARRAY(struct conf, always_bcc, n_always_bcc, &text_type),
	PACK_F_ONE(struct conf, srs, &srs_type), PACK_F_ONE(struct conf, users, &users_type),
	PACK_F_ARRAY(struct conf, routes, n_routes, &route_type),
	PACK_F_ARRAY(struct conf, sources, n_sources, &source_type),
	PACK_F_ARRAY(struct conf, senders, n_senders, &sender_type),
	PACK_F_ARRAY(struct conf, retries, n_retries, &retry_type),
	PACK_F_SPAN(struct conf, reply_rules),
	PACK_F_ARRAY(struct conf, rules, n_rules, &rule_type),
	PACK_F_ONE(struct conf, limits, &limit_type),
	PACK_F_ONE(struct conf, timeouts, &timeout_type),
	PACK_F_ONE(struct conf, processes, &process_type),
	PACK_F_ONE(struct conf, greeting, &greeting_type),
	PACK_F_ONE(struct conf, greylist, &greylist_type), PACK_F_ONE(struct conf, spf, &spf_type),
	PACK_F_ARRAY(struct conf, rates, n_rates, &rate_type),
	PACK_F_ONE(struct conf, resolver, &resolver_type),
	PACK_F_ONE(struct conf, mta_sts, &mta_sts_type),
	PACK_F_ONE(struct conf, diagnose, &diagnose_type), PACK_F_ONE(struct conf, web, &web_type),
	PACK_F_ARRAY(struct conf, checks, n_checks, &check_type),
	PACK_F_ARRAY(struct conf, policies, n_policies, &policy_type),
	PACK_F_ARRAY(struct conf, dnsbls, n_dnsbls, &dnsbl_type),
	PACK_F_ONE(struct conf, facts, &facts_type),
	PACK_F_ONE(struct conf, deferrals, &deferral_type)};
static const struct pack_type conf_type = PACK_TYPE(conf, conf_rows);

int conf_pack(const struct conf *conf, uint32_t number, struct buf *out)
{
	struct conf numbered = *conf;

	numbered.number = number;
	return pack_write(&conf_type, &numbered, out);
}

static bool are_networks(const struct conf_network *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].bits > 128)
			return false;
	return true;
}

/* What the look-ups count on without asking. */
static bool is_usable(const struct conf *conf)
{
	if (conf->n_retries == 0)
		return false;
	for (size_t i = 0; i < conf->n_routes; i++)
		if (conf->routes[i].pattern.len == 0)
			return false;
	for (size_t i = 0; i < conf->n_senders; i++)
		if (conf->senders[i].who.len == 0)
			return false;
	if (conf->n_certificates >= CONF_CERTIFICATES_MAX || conf->n_listeners > CONF_LISTENERS_MAX)
		return false;
	if (conf_key_files(conf) > CONF_KEY_FILES_MAX)
		return false;
	for (size_t i = 0; i < conf->n_listeners; i++) {
		const struct conf_listener *l = &conf->listeners[i];

		if (!are_networks(l->proxy, l->n_proxy) ||
			!are_networks(l->xclient_from, l->n_xclient_from))
			return false;
	}
	for (size_t i = 0; i < conf->n_rates; i++)
		if (conf->rates[i].per <= 0 || conf->rates[i].most == 0)
			return false;
	for (size_t i = 0; i < conf->n_checks; i++)
		if (conf->checks[i].what >= CONF_CHECKS)
			return false;
	for (size_t i = 0; i < conf->n_dnsbls; i++)
		if (!are_networks(conf->dnsbls[i].codes, conf->dnsbls[i].n_codes))
			return false;
	if (conf->n_dnsbls > CONF_DNSBLS_MAX || conf->web.listen.n_addresses > CONF_LISTENERS_MAX)
		return false;
	return conf->n_rates <= CONF_RATES_MAX &&
	       are_networks(conf->greeting.except, conf->greeting.n_except) &&
	       are_networks(conf->relay_from, conf->n_relay_from);
}

int conf_unpack(struct span in, struct arena *arena, struct conf *ret)
{
	struct conf conf;
	int rc = pack_read(&conf_type, in, arena, &conf);

	if (rc)
		return rc;
	if (!is_usable(&conf) || !rules_make(&conf, arena))
		return -EBADMSG;
	*ret = conf;
	return 0;
}

static int write_all(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.at, s.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			s = span_slice(s, (size_t)n, s.len);
	}
	return 0;
}

static int seal(int fd, struct span s)
{
	int rc = write_all(fd, s);

	if (rc)
		return rc;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return 0;
}

int conf_seal_memfd(const struct conf *conf, uint32_t number)
{
	struct buf bytes = BUF_INIT(CONF_SNAPSHOT_MAX);
	int rc = conf_pack(conf, number, &bytes);
	int fd = rc ? rc : memfd_create("abide-conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (!rc && fd < 0)
		fd = -errno;
	if (fd >= 0)
		rc = seal(fd, buf_span(&bytes));
	buf_done(&bytes);
	if (fd >= 0 && rc) {
		fd_close(&fd);
		return rc;
	}
	return fd;
}

int conf_map_memfd(int fd, struct arena *arena, struct conf *ret)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((seals & SEALS) != SEALS)
		return -EPERM;
	if (st.st_size <= 0 || (uint64_t)st.st_size > CONF_SNAPSHOT_MAX)
		return -EMSGSIZE;
	size_t size = (size_t)st.st_size;
	char *bytes = arena_zero(arena, size);
	size_t got = 0;

	while (got < size) {
		ssize_t n = pread(fd, bytes + got, size - got, (off_t)got);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		got += (size_t)n;
	}
	return conf_unpack(span_of(bytes, size), arena, ret);
}
