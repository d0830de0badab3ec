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
	PACK_F_U8(struct conf_listener, protocol)};
static const struct pack_type listener_type = PACK_TYPE(conf_listener, listener_rows);

static const struct pack_row host_rows[] = {PACK_F_SPAN(struct conf_host, text),
	PACK_F_SPAN(struct conf_host, name),
	PACK_F_ARRAY(struct conf_host, addresses, n_addresses, &address_type)};
static const struct pack_type host_type = PACK_TYPE(conf_host, host_rows);

static const struct pack_row target_rows[] = {PACK_F_SPAN(struct conf_target, text),
	PACK_F_ARRAY(struct conf_target, hosts, n_hosts, &host_type),
	PACK_F_U8(struct conf_target, kind)};
static const struct pack_type target_type = PACK_TYPE(conf_target, target_rows);

static const struct pack_row domain_rows[] = {
	PACK_F_SPAN(struct conf_domain, name), PACK_F_ONE(struct conf_domain, to, &target_type)};
static const struct pack_type domain_type = PACK_TYPE(conf_domain, domain_rows);

static const struct pack_row source_rows[] = {PACK_F_SPAN(struct conf_source, address),
	PACK_F_SPAN(struct conf_source, ipv6), PACK_F_SPAN(struct conf_source, helo),
	PACK_F_U32(struct conf_source, weight)};
static const struct pack_row sender_rows[] = {
	PACK_F_SPAN(struct conf_sender, who), PACK_F_U8(struct conf_sender, priority)};
static const struct pack_type sender_type = PACK_TYPE(conf_sender, sender_rows);
static const struct pack_type source_type = PACK_TYPE(conf_source, source_rows);

static const struct pack_row route_rows[] = {PACK_F_SPAN(struct conf_route, pattern),
	PACK_F_ONE(struct conf_route, to, &target_type), PACK_F_U8(struct conf_route, tls)};
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
	PACK_F_U64(struct conf_limits, spool_size), PACK_F_U32(struct conf_limits, sessions),
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
	PACK_F_U8(struct conf_limits, network_bits4), PACK_F_U8(struct conf_limits, network_bits6)};
static const struct pack_type limit_type = PACK_TYPE(conf_limits, limit_rows);

static const struct pack_row timeout_rows[] = {PACK_F_I64(struct conf_timeouts, connect),
	PACK_F_I64(struct conf_timeouts, greeting), PACK_F_I64(struct conf_timeouts, command),
	PACK_F_I64(struct conf_timeouts, data), PACK_F_I64(struct conf_timeouts, final),
	PACK_F_I64(struct conf_timeouts, idle), PACK_F_I64(struct conf_timeouts, body),
	PACK_F_I64(struct conf_timeouts, journal)};
static const struct pack_type timeout_type = PACK_TYPE(conf_timeouts, timeout_rows);

static const struct pack_row process_rows[] = {
	PACK_F_U32(struct conf_processes, receive), PACK_F_U32(struct conf_processes, deliver)};
static const struct pack_type process_type = PACK_TYPE(conf_processes, process_rows);

static const struct pack_row conf_rows[] = {PACK_F_U32(struct conf, number),
	PACK_F_SPAN(struct conf, file), PACK_F_SPAN(struct conf, hostname),
	PACK_F_SPAN(struct conf, spool), PACK_F_SPAN(struct conf, user),
	PACK_F_SPAN(struct conf, double_bounce), PACK_F_U8(struct conf, log),
	PACK_F_U8(struct conf, log_level), PACK_F_U32(struct conf, unresolved),
	PACK_F_ARRAY(struct conf, relay_from, n_relay_from, &network_type),
	PACK_F_ARRAY(struct conf, listeners, n_listeners, &listener_type),
	PACK_F_ARRAY(struct conf, domains, n_domains, &domain_type),
	PACK_F_ARRAY(struct conf, routes, n_routes, &route_type),
	PACK_F_ARRAY(struct conf, sources, n_sources, &source_type),
	PACK_F_ARRAY(struct conf, senders, n_senders, &sender_type),
	PACK_F_ARRAY(struct conf, retries, n_retries, &retry_type),
	PACK_F_SPAN(struct conf, reply_rules),
	PACK_F_ARRAY(struct conf, rules, n_rules, &rule_type),
	PACK_F_ONE(struct conf, limits, &limit_type),
	PACK_F_ONE(struct conf, timeouts, &timeout_type),
	PACK_F_ONE(struct conf, processes, &process_type)};
static const struct pack_type conf_type = PACK_TYPE(conf, conf_rows);

int conf_pack(const struct conf *conf, uint32_t number, struct buf *out)
{
	struct conf numbered = *conf;

	numbered.number = number;
	return pack_write(&conf_type, &numbered, out);
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
	for (size_t i = 0; i < conf->n_relay_from; i++)
		if (conf->relay_from[i].bits > 128)
			return false;
	return true;
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
