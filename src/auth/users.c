#include "auth/users.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/table.h"
#include "base/utf8.h"
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#define LOGIN_MAX 255U

struct users {
	struct arena arena;
	struct table table; /* lower-case login -> struct user */
	size_t n;
	struct span decoy;
	bool has_keys;
	size_t salt_len; /* of the first that has keys, and */
	uint32_t iterations;
};

static struct span lower(struct span s, char out[LOGIN_MAX])
{
	size_t n = s.len < LOGIN_MAX ? s.len : LOGIN_MAX;

	for (size_t i = 0; i < n; i++)
		out[i] = byte_lower(s.at[i]);
	return span_of(out, n);
}

static bool is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] <= ' ' || s.at[i] == 0x7f)
			return false;
	return s.len > 0 && s.len <= LOGIN_MAX && utf8_is_valid(s);
}

static bool is_sender(struct span s)
{
	ptrdiff_t at = span_find(s, '@');

	return span_equal(s, SPAN_LIT("*")) || (at >= 0 && (size_t)at + 1 < s.len);
}

/* The next one of a list; false at its end. */
static bool next_sender(struct span *list, struct span *ret)
{
	size_t n = 0;

	while (list->len > 0 && (list->at[0] == ',' || list->at[0] == ' ' || list->at[0] == '\t'))
		*list = span_slice(*list, 1, list->len);
	while (n < list->len && list->at[n] != ',' && list->at[n] != ' ' && list->at[n] != '\t')
		n++;
	*ret = span_slice(*list, 0, n);
	*list = span_slice(*list, n, list->len);
	return n > 0;
}

static const char *senders_wrong(struct span list)
{
	struct span one;

	while (next_sender(&list, &one))
		if (!is_sender(one))
			return "a sender is no address; write user@example.org, @example.org or *";
	return NULL;
}

static const char *stored_wrong(struct span stored, bool may_be_plain)
{
	struct span hash;
	enum password_kind kind = password_kind(stored, &hash);

	if (kind == PASSWORD_PLAIN && !may_be_plain)
		return "the password is in plain text; hash it, or say plain_passwords = yes";
	return kind != PASSWORD_WRONG ? NULL
				      : "the password is of no known kind; write bcrypt ($2b$), "
					"SHA-crypt ($6$), yescrypt ($y$), $argon2id$ or "
					"{SCRAM-SHA-256}";
}

/* "" for a field that is not there. */
static struct span take_field(struct span *line)
{
	struct span field;

	if (!span_take_until(line, ':', &field)) {
		field = *line;
		*line = span_slice(*line, line->len, 0);
	}
	return field;
}

/* PostgreSQL's SCRAM keys have a colon twice: SCRAM-SHA-256$4096:SALT$STORED:SERVER */
static struct span take_stored(struct span *line)
{
	struct span hash = *line;
	bool is_long = (span_take_nocase(&hash, SPAN_LIT("{SCRAM-SHA-256}")) || true) &&
		       span_starts(hash, SPAN_LIT("SCRAM-SHA-256$"));
	const char *begin = line->at;

	for (int i = 0; is_long && i < 2; i++)
		(void)take_field(line);
	struct span last = take_field(line);

	return span_of(begin, (size_t)(last.at + last.len - begin));
}

static void note_keys(struct users *u, struct span stored)
{
	struct span hash;
	struct scram_keys keys;

	enum password_kind kind = password_kind(stored, &hash);

	if (kind == PASSWORD_PLAIN && u->iterations == 0) {
		u->salt_len = 16;
		u->iterations = SCRAM_ITERATIONS_MIN;
	}
	if (u->has_keys || kind != PASSWORD_SCRAM || scram_keys_read(hash, &keys) < 0)
		return;
	u->has_keys = true;
	u->salt_len = keys.salt_len;
	u->iterations = keys.iterations;
}

static const char *read_line(struct users *u, struct span line, bool may_be_plain)
{
	struct user user = {.login = take_field(&line)};
	char room[LOGIN_MAX];

	user.stored = take_stored(&line);
	user.senders = span_trim(take_field(&line));
	if (!is_name(user.login))
		return "no login stands before the first colon; write LOGIN:HASH:SENDERS";
	const char *why = stored_wrong(user.stored, may_be_plain);

	if (!why)
		why = senders_wrong(user.senders);
	if (why)
		return why;
	struct span key = lower(user.login, room);

	if (table_get(&u->table, key))
		return "that login has a line already; leave one out";
	struct user *kept = ARENA_NEW(&u->arena, struct user);

	*kept = user;
	(void)table_set(&u->table, key, kept);
	if (u->n++ == 0)
		u->decoy = user.stored;
	note_keys(u, user.stored);
	return NULL;
}

int users_read(
	struct span text, bool may_be_plain, struct users **ret, struct users_fault *ret_fault)
{
	struct users *u;
	unsigned number = 0;

	if (text.len > USERS_TEXT_MAX)
		return -EMSGSIZE;
	u = alloc_zero(sizeof *u);
	text = arena_copy(&u->arena, text);
	while (text.len > 0) {
		struct span line;

		if (!span_take_until(&text, '\n', &line)) {
			line = text;
			text.len = 0;
		}
		number++;
		line = span_trim(line);
		if (line.len == 0 || line.at[0] == '#')
			continue;
		const char *why = read_line(u, line, may_be_plain);

		if (why) {
			ret_fault->line = number;
			(void)snprintf(ret_fault->why, sizeof ret_fault->why, "%s", why);
			users_free(u);
			return -EINVAL;
		}
	}
	*ret = u;
	return 0;
}

void users_free(struct users *u)
{
	if (!u)
		return;
	table_done(&u->table);
	arena_done(&u->arena);
	free(u);
}

size_t users_count(const struct users *u)
{
	return u->n;
}

bool users_has_keys(const struct users *u)
{
	return u->iterations > 0;
}

bool users_find(const struct users *u, struct span login, struct user *ret)
{
	char room[LOGIN_MAX];
	const struct user *found =
		login.len <= LOGIN_MAX ? table_get(&u->table, lower(login, room)) : NULL;

	if (found)
		*ret = *found;
	return found != NULL;
}

struct span users_decoy(const struct users *u)
{
	return u->decoy;
}

void users_decoy_keys(const struct users *u, struct span login, struct scram_keys *ret)
{
	char room[LOGIN_MAX];
	unsigned char bytes[64];
	struct span name = lower(login, room), key = u->decoy.len > 0 ? u->decoy : SPAN_LIT("none");
	struct scram_keys k = {.salt_len = u->iterations > 0 ? u->salt_len : 16,
		.iterations = u->iterations > 0 ? u->iterations : SCRAM_ITERATIONS_MIN};

	/* Of the file's own secrets, so that a restart does not change it. */
	(void)HMAC(EVP_sha512(), key.at, (int)key.len, (const unsigned char *)name.at, name.len,
		bytes, NULL);
	memcpy(k.salt, bytes, k.salt_len);
	memset(k.stored, 0xff, sizeof k.stored);
	memset(k.server, 0, sizeof k.server);
	*ret = k;
}

/* ---- who may send as whom ---- */

/* "a+tag@b" without its tag compares equal to "a@b". */
static bool is_address_of(struct span wanted, struct span address)
{
	struct span local, domain = address, want_local, want_domain = wanted;

	if (span_equal_nocase(wanted, address))
		return true;
	if (!span_take_until(&domain, '@', &local) ||
		!span_take_until(&want_domain, '@', &want_local))
		return false;
	ptrdiff_t plus = span_find(local, '+');

	return plus > 0 && span_equal_nocase(domain, want_domain) &&
	       span_equal_nocase(span_slice(local, 0, (size_t)plus), want_local);
}

static bool fits(struct span pattern, struct span address)
{
	if (span_equal(pattern, SPAN_LIT("*")))
		return true;
	if (pattern.at[0] == '@')
		return span_ends_nocase(address, pattern);
	return is_address_of(pattern, address);
}

bool users_may_send_as(struct span login, struct span senders, struct span address, bool is_ours)
{
	struct span one, local, domain = address;

	if (senders.len == 0 && span_find(login, '@') >= 0)
		return is_address_of(login, address);
	if (senders.len == 0) {
		if (!is_ours || !span_take_until(&domain, '@', &local))
			return false;
		ptrdiff_t plus = span_find(local, '+');

		return span_equal_nocase(
			plus > 0 ? span_slice(local, 0, (size_t)plus) : local, login);
	}
	while (next_sender(&senders, &one))
		if (fits(one, address))
			return true;
	return false;
}
