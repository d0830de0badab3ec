#include "lookup/ldap_conn.h"
#include "base/alloc.h"
#include "lookup/ldap_filter.h"
#include <errno.h>
#include <fcntl.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILTER_MAX   16384U
#define PASSWORD_MAX 1024

struct ldap_conn {
	const struct conf_map *conf;
	struct arena arena;                                   /* of conf, as C strings: */
	char *uris, *ca, *dn, *password_file, *base, **names; /* NULL: not set */
	LDAP *ld;                                             /* NULL: not connected */
	bool is_used;                                         /* it has answered before */
	bool has_tcp; /* the last connection got as far as TCP */
	struct ldap_conncb on_tcp;
};

static char *string(struct ldap_conn *c, struct span text)
{
	return text.len > 0 ? arena_str(&c->arena, text) : NULL;
}

struct ldap_conn *ldap_conn_new(const struct conf_map *conf)
{
	struct ldap_conn *c = alloc_zero(sizeof *c);
	struct buf uris = BUF_INIT((size_t)1 << 20);

	c->conf = conf;
	for (size_t i = 0; i < conf->n_servers; i++)
		(void)buf_printf(&uris, "%s%.*s", i > 0 ? " " : "", SPAN_F(conf->servers[i].text));
	c->uris = string(c, buf_span(&uris));
	buf_done(&uris);
	c->ca = string(c, conf->ca);
	c->dn = string(c, conf->bind);
	c->password_file = string(c, conf->password_file);
	c->base = string(c, conf->base);
	c->names = arena_array(&c->arena, conf->n_results + 1, sizeof *c->names);
	for (size_t i = 0; i < conf->n_results; i++)
		c->names[i] = arena_str(&c->arena, conf->results[i].text);
	return c;
}

static void disconnect(struct ldap_conn *c)
{
	if (c->ld)
		(void)ldap_unbind_ext(c->ld, NULL, NULL);
	c->ld = NULL;
	c->is_used = false;
}

void ldap_conn_free(struct ldap_conn *c)
{
	if (!c)
		return;
	disconnect(c);
	arena_done(&c->arena);
	free(c);
}

/* ---- what failed ---- */

/* The library's words, and the server's where it said some. */
static int fail(struct ldap_conn *c, struct ldap_query *q, enum lookup_trouble trouble,
	const char *step, int rc)
{
	char *more = NULL;

	if (c->ld)
		(void)ldap_get_option(c->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
	if (clock_now() >= q->deadline || rc == LDAP_TIMEOUT || rc == LDAP_TIMELIMIT_EXCEEDED)
		trouble = LOOKUP_TIMED_OUT;
	q->state = IPC_LOOKUP_FAILED;
	q->trouble = trouble;
	q->step = step;
	(void)snprintf(q->why, sizeof q->why, "%.200s: %s%s%.200s%s", c->uris ? c->uris : "",
		ldap_err2string(rc), more && *more ? " (" : "", more ? more : "",
		more && *more ? ")" : "");
	ldap_memfree(more);
	return -EIO;
}

static int fail_system(struct ldap_query *q, const char *step, const char *file, int error)
{
	q->state = IPC_LOOKUP_FAILED;
	q->trouble = LOOKUP_LOGIN_REFUSED;
	q->step = step;
	(void)snprintf(q->why, sizeof q->why, "%.300s: %s", file, strerrordesc_np(error));
	return -EIO;
}

static struct timeval left(const struct ldap_query *q)
{
	nanos now = clock_now(), rest = q->deadline > now ? q->deadline - now : 0;

	if (rest < 10 * NANOS_MS) /* 0 would mean "for ever" to the library */
		rest = 10 * NANOS_MS;
	return (struct timeval){.tv_sec = (time_t)(rest / NANOS_S),
		.tv_usec = (suseconds_t)(rest % NANOS_S / NANOS_US)};
}

/* ---- connection ---- */

static int note_tcp(
	LDAP *ld, Sockbuf *sb, LDAPURLDesc *server, struct sockaddr *addr, struct ldap_conncb *ctx)
{
	((struct ldap_conn *)ctx->lc_arg)->has_tcp = true;
	return 0;
}

static void note_end(LDAP *ld, Sockbuf *sb, struct ldap_conncb *ctx)
{
}

static int set_options(struct ldap_conn *c, struct ldap_query *q)
{
	struct timeval most = left(q);
	int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, zero = 0, rc = 0;

	c->on_tcp = (struct ldap_conncb){.lc_add = note_tcp, .lc_del = note_end, .lc_arg = c};
	rc |= ldap_set_option(c->ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	rc |= ldap_set_option(c->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	rc |= ldap_set_option(c->ld, LDAP_OPT_NETWORK_TIMEOUT, &most);
	rc |= ldap_set_option(c->ld, LDAP_OPT_TIMEOUT, &most);
	rc |= ldap_set_option(c->ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
	rc |= ldap_set_option(c->ld, LDAP_OPT_CONNECT_CB, &c->on_tcp);
	rc |= ldap_set_option(c->ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	if (c->ca)
		rc |= ldap_set_option(c->ld, LDAP_OPT_X_TLS_CACERTFILE, c->ca);
	rc |= ldap_set_option(c->ld, LDAP_OPT_X_TLS_NEWCTX, &zero);
	return rc == 0 ? 0 : LDAP_LOCAL_ERROR;
}

static int open_handle(struct ldap_conn *c, struct ldap_query *q)
{
	int rc = ldap_initialize(&c->ld, c->uris);

	if (rc == LDAP_SUCCESS) {
		rc = set_options(c, q);
		return rc == 0 ? 0 : fail(c, q, LOOKUP_NOT_ENCRYPTED, "TLS settings", rc);
	}
	c->ld = NULL;
	return fail(c, q, LOOKUP_UNREACHABLE, "connect", rc);
}

/* Waits for the reply to msgid; its result code, or the library's error. */
static int await(struct ldap_conn *c, const struct ldap_query *q, int msgid, LDAPMessage **ret)
{
	struct timeval most = left(q);
	LDAPMessage *reply = NULL;
	int code = LDAP_OTHER, rc = ldap_result(c->ld, msgid, LDAP_MSG_ALL, &most, &reply);

	if (rc == 0) {
		(void)ldap_abandon_ext(c->ld, msgid, NULL, NULL);
		return LDAP_TIMEOUT;
	}
	if (rc < 0) {
		(void)ldap_get_option(c->ld, LDAP_OPT_RESULT_CODE, &code);
		return code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code;
	}
	rc = ldap_parse_result(c->ld, reply, &code, NULL, NULL, NULL, NULL, 0);
	if (ret && rc == LDAP_SUCCESS)
		*ret = reply;
	else
		(void)ldap_msgfree(reply);
	return rc == LDAP_SUCCESS ? code : rc;
}

static int start_tls(struct ldap_conn *c, struct ldap_query *q)
{
	int msgid, rc = ldap_start_tls(c->ld, NULL, NULL, &msgid);

	if (rc == LDAP_SUCCESS)
		rc = await(c, q, msgid, NULL);
	if (rc == LDAP_SUCCESS)
		rc = ldap_install_tls(c->ld);
	return rc == LDAP_SUCCESS ? 0 : fail(c, q, LOOKUP_NOT_ENCRYPTED, "TLS", rc);
}

/* The first line of the file. */
static int read_password(struct ldap_conn *c, struct ldap_query *q, char *password, size_t room)
{
	const char *path = c->password_file ? c->password_file : "";
	_cleanup_(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, password, room - 1);

	if (n < 0)
		return fail_system(q, "password file", path, errno);
	password[n] = '\0';
	password[strcspn(password, "\r\n")] = '\0';
	if (password[0] == '\0')
		return fail_system(q, "password file", path, ENODATA);
	return 0;
}

static int bind_as(
	struct ldap_conn *c, const struct ldap_query *q, const char *dn, struct span password)
{
	struct berval cred = {.bv_len = password.len, .bv_val = (char *)(uintptr_t)password.at};
	int msgid, rc = ldap_sasl_bind(c->ld, dn, LDAP_SASL_SIMPLE, &cred, NULL, NULL, &msgid);

	return rc == LDAP_SUCCESS ? await(c, q, msgid, NULL) : rc;
}

static int login(struct ldap_conn *c, struct ldap_query *q)
{
	char password[PASSWORD_MAX] = "";

	if (c->dn && read_password(c, q, password, sizeof password) < 0)
		return -EIO;
	int rc = bind_as(c, q, c->dn, span_str(password));

	explicit_bzero(password, sizeof password);
	if (rc == LDAP_SUCCESS)
		return 0;
	return fail(c, q,
		rc == LDAP_SERVER_DOWN || rc == LDAP_CONNECT_ERROR ? LOOKUP_UNREACHABLE
								   : LOOKUP_LOGIN_REFUSED,
		"login", rc);
}

static int connect_plain(struct ldap_conn *c, struct ldap_query *q)
{
	if (open_handle(c, q) < 0)
		return -EIO;
	c->has_tcp = false;
	int rc = ldap_connect(c->ld);

	/* What fails behind TCP is the encryption of ldaps. */
	if (rc != LDAP_SUCCESS)
		return fail(c, q, c->has_tcp ? LOOKUP_NOT_ENCRYPTED : LOOKUP_UNREACHABLE,
			c->has_tcp ? "TLS" : "connect", rc);
	return c->conf->starttls ? start_tls(c, q) : 0;
}

static int connect_and_login(struct ldap_conn *c, struct ldap_query *q)
{
	if (c->ld)
		return 0;
	int rc = connect_plain(c, q);

	if (rc == 0)
		rc = login(c, q);
	if (rc < 0)
		disconnect(c);
	return rc;
}

/* ---- search ---- */

static int add_value(struct ldap_query *q, struct span value)
{
	unsigned char len[4] = {(unsigned char)value.len, (unsigned char)(value.len >> 8),
		(unsigned char)(value.len >> 16), (unsigned char)(value.len >> 24)};

	(void)buf_add(&q->values, span_of(len, sizeof len));
	if (buf_add(&q->values, value) < 0)
		return -EMSGSIZE;
	q->n++;
	return 0;
}

static int take_entry(struct ldap_conn *c, struct ldap_query *q, LDAPMessage *entry)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->conf->n_results; i++) {
		struct berval **values = ldap_get_values_len(c->ld, entry, c->names[i]);

		for (size_t k = 0; values && values[k] && rc == 0; k++)
			if (values[k]->bv_len > 0)
				rc = add_value(q, span_of(values[k]->bv_val, values[k]->bv_len));
		ldap_value_free_len(values);
	}
	return rc;
}

/* What was found, whole; NULL where it failed. */
static LDAPMessage *search(struct ldap_conn *c, struct ldap_query *q, bool only_first)
{
	static const int scopes[] = {[CONF_SCOPE_SUB] = LDAP_SCOPE_SUBTREE,
		[CONF_SCOPE_ONE] = LDAP_SCOPE_ONELEVEL,
		[CONF_SCOPE_BASE] = LDAP_SCOPE_BASE};
	struct buf filter = BUF_INIT(FILTER_MAX);
	struct timeval most = left(q);
	LDAPMessage *found = NULL;
	int msgid, rc = LDAP_FILTER_ERROR;

	(void)ldap_filter_fill(c->conf->filter, q->key, &filter);
	if (buf_cstr(&filter))
		rc = ldap_search_ext(c->ld, c->base ? c->base : "", scopes[c->conf->scope % 3],
			filter.at, c->names, 0, NULL, NULL, &most,
			only_first ? 2 : (int)c->conf->entries, &msgid);
	if (rc == LDAP_SUCCESS)
		rc = await(c, q, msgid, &found);
	buf_done(&filter);
	if (rc == LDAP_SUCCESS)
		return found;
	(void)ldap_msgfree(found);
	(void)fail(c, q,
		rc == LDAP_SERVER_DOWN || rc == LDAP_CONNECT_ERROR ? LOOKUP_UNREACHABLE
								   : LOOKUP_ANSWER_WRONG,
		"search", rc);
	return NULL;
}

static void take_found(struct ldap_conn *c, struct ldap_query *q, LDAPMessage *found)
{
	int rc = 0;

	q->state = IPC_LOOKUP_MISSING;
	for (LDAPMessage *e = ldap_first_entry(c->ld, found); e && rc == 0;
		e = ldap_next_entry(c->ld, e)) {
		q->state = IPC_LOOKUP_FOUND;
		rc = take_entry(c, q, e);
	}
	if (rc < 0)
		(void)fail(c, q, LOOKUP_ANSWER_WRONG, "search", LDAP_SIZELIMIT_EXCEEDED);
}

/* On a connection of its own: one that has logged in as somebody is nobody else's. */
static void try_password(struct ldap_conn *c, struct ldap_query *q, const char *dn)
{
	struct ldap_conn own = {.conf = c->conf, .uris = c->uris, .ca = c->ca};

	if (connect_plain(&own, q) == 0) {
		int rc = bind_as(&own, q, dn, q->password);

		if (rc == LDAP_SUCCESS)
			q->state = IPC_LOOKUP_FOUND;
		else if (rc == LDAP_INVALID_CREDENTIALS || rc == LDAP_NO_SUCH_OBJECT ||
			 rc == LDAP_INAPPROPRIATE_AUTH || rc == LDAP_UNWILLING_TO_PERFORM)
			q->state = IPC_LOOKUP_MISSING;
		else
			(void)fail(&own, q,
				rc == LDAP_SERVER_DOWN ? LOOKUP_UNREACHABLE : LOOKUP_ANSWER_WRONG,
				"password", rc);
	}
	disconnect(&own);
}

/* One entry, or nobody: two of one name are a mistake that must not let anybody in. */
static void take_login(struct ldap_conn *c, struct ldap_query *q, LDAPMessage *found)
{
	LDAPMessage *e = ldap_first_entry(c->ld, found);

	q->state = IPC_LOOKUP_MISSING;
	/* An empty password would log in as nobody, and succeed (RFC 4513 5.1.2). */
	if (!e || ldap_next_entry(c->ld, e) || q->password.len == 0)
		return;
	char *dn = ldap_get_dn(c->ld, e);
	int rc = take_entry(c, q, e);

	if (rc < 0)
		(void)fail(c, q, LOOKUP_ANSWER_WRONG, "search", LDAP_SIZELIMIT_EXCEEDED);
	else if (dn && *dn)
		try_password(c, q, dn);
	ldap_memfree(dn);
}

static void ask_once(struct ldap_conn *c, struct ldap_query *q)
{
	q->state = 0;
	q->n = 0;
	buf_clear(&q->values);
	if (connect_and_login(c, q) < 0)
		return;
	LDAPMessage *found = search(c, q, q->is_login);

	if (!found) {
		disconnect(c);
		return;
	}
	c->is_used = true;
	if (q->is_login)
		take_login(c, q, found);
	else
		take_found(c, q, found);
	(void)ldap_msgfree(found);
}

void ldap_conn_ask(struct ldap_conn *c, struct ldap_query *q)
{
	bool was_used = c->ld && c->is_used;

	ask_once(c, q);
	/* The server has closed a connection that lay idle, or was started again: that is no failure. */
	if (was_used && q->state == IPC_LOOKUP_FAILED && q->trouble == LOOKUP_UNREACHABLE &&
		clock_now() < q->deadline)
		ask_once(c, q);
}
