#include "base/crc.h"
#include "spool/audit.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- content of one message ---- */

static void check_file(struct audit *a, const struct spool_message *m)
{
	struct store_key key = store_key_id(m->id);
	struct stat st;
	int fd;
	int rc = spool_content_open(a->s, m->id, &fd);

	if (rc < 0) {
		audit_found(a, STORE_CONTENTS, store_key_span(&key), "its file is missing");
		return;
	}
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != m->content_len)
		audit_found(
			a, STORE_CONTENTS, store_key_span(&key), "its file has the wrong length");
	char chunk[1024];
	uint32_t crc = 0;
	ssize_t n = 0;

	while (a->deep && (n = read(fd, chunk, sizeof chunk)) > 0)
		crc = crc32c(crc, span_of(chunk, (size_t)n));
	if (a->deep && (n < 0 || crc != m->content_crc))
		audit_found(a, STORE_CONTENTS, store_key_span(&key), "its file has other bytes");
	close(fd);
}

static void check_chunks(struct audit *a, const struct spool_message *m)
{
	uint64_t left = m->content_len;
	uint32_t crc = 0;

	for (uint32_t k = 0; left > 0; k++) {
		struct store_key key = store_key_id_n(m->id, k);
		uint64_t want = left < STORE_VALUE_MAX ? left : STORE_VALUE_MAX;
		struct span chunk;

		if (store_get(&a->t, STORE_CONTENTS, store_key_span(&key), &chunk) < 0 ||
			chunk.len != want) {
			audit_found(a, STORE_CONTENTS, store_key_span(&key),
				"is missing or has the wrong length");
			return;
		}
		crc = crc32c(crc, chunk);
		left -= want;
	}
	struct store_key key = store_key_id(m->id);

	if (crc != m->content_crc)
		audit_found(a, STORE_CONTENTS, store_key_span(&key), "has other bytes (checksum)");
}

/* ---- messages: each recipient is live, ended or set aside ---- */

static void check_fate(struct audit *a, struct id id, uint32_t n)
{
	struct store_key key = store_key_id_n(id, n);
	struct span row = store_key_span(&key);
	int live = audit_has(a, STORE_RECIPIENTS, &key);
	int ended = audit_has(a, STORE_ENDS, &key);

	if (live && ended)
		audit_found(a, STORE_RECIPIENTS, row, "is in the queue and has ended too");
	if (live || ended || table_get(&a->missing_ends, row) ||
		audit_is_aside(a, STORE_RECIPIENTS, row) || audit_is_aside(a, STORE_ENDS, row))
		return;
	audit_found(a, STORE_RECIPIENTS, row, "is missing: neither queued nor ended");
}

static void audit_message(struct audit *a, struct id id)
{
	struct store_key key = store_key_id(id), beyond;
	struct arena arena = {0};
	struct spool_message m;
	uint64_t rows, ends, pages;

	a->totals.messages++;
	if (store_get_message(&a->t, id, &arena, &m) < 0 ||
		store_count(&a->t, STORE_RECIPIENTS, &rows, &pages) < 0 ||
		store_count(&a->t, STORE_ENDS, &ends, &pages) < 0) {
		audit_found(a, STORE_MESSAGES, store_key_span(&key), "can't be read");
		arena_done(&arena);
		return;
	}
	/* A count that no table could hold would keep us for long; what is there bounds it. */
	uint64_t most = rows + ends + 1 + a->meta.totals.aside;

	for (uint32_t n = 0; n < m.recipients && n < most; n++)
		check_fate(a, id, n);
	beyond = store_key_id_n(id, m.recipients);
	struct span k, v;

	if (store_seek(&a->t, STORE_RECIPIENTS, store_key_span(&beyond), &k, &v) == 0 &&
		span_starts(k, store_key_span(&key)))
		audit_found(a, STORE_RECIPIENTS, k, "is one more than its message has");
	if (m.content_in_file)
		check_file(a, &m);
	else
		check_chunks(a, &m);
	arena_done(&arena);
}

void audit_messages(struct audit *a)
{
	struct id last = {0};
	struct span key, value;
	int rc = store_seek(&a->t, STORE_MESSAGES, (struct span){0}, &key, &value);

	while (rc == 0) {
		struct id id = store_id_of(key);
		struct store_key next = {.len = key.len + 1};

		if (key.len == ID_BYTES) {
			last = id;
			audit_message(a, id);
		} else if (key.len != ID_BYTES + 1 || !id_equal(id, last)) {
			audit_found(
				a, STORE_MESSAGES, key, "is the rest of a message that is missing");
		}
		/* Look-ups moved the cursor: the next key is the least that is longer by a zero. */
		if (key.len >= sizeof next.at)
			return;
		if (key.len == ID_BYTES)
			next = store_key_id(id), next.at[next.len++] = 0;
		else
			memcpy(next.at, key.at, key.len);
		rc = store_seek(&a->t, STORE_MESSAGES, store_key_span(&next), &key, &value);
	}
}

/* ---- recipients: each has its message and its place in the schedule ---- */

static void audit_recipient(struct audit *a, struct id id, const struct spool_recipient *r)
{
	struct store_key key;

	if (r->state == SPOOL_HELD) {
		key = store_key_held(r->lane, id, r->n);
		if (!audit_has(a, STORE_HELD, &key))
			audit_found(a, STORE_HELD, store_key_span(&key), "is missing");
		return;
	}
	key = store_key_due(r->lane, r->next_at, id, r->part);
	if (r->n == r->part && !audit_has(a, STORE_DUE, &key))
		audit_found(a, STORE_DUE, store_key_span(&key),
			"is missing: nobody would try it again");
	struct store_key first = store_key_id_n(id, r->part);

	if (r->n != r->part && !audit_has(a, STORE_RECIPIENTS, &first) &&
		!audit_is_aside(a, STORE_RECIPIENTS, store_key_span(&first)))
		audit_found(a, STORE_RECIPIENTS, store_key_span(&first),
			"is missing: others of its part name it");
}

void audit_recipients(struct audit *a)
{
	struct id last = {0};
	struct span key, value;
	int rc = store_seek(&a->t, STORE_RECIPIENTS, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(&a->t, STORE_RECIPIENTS, &key, &value)) {
		struct store_key message = store_key_id(store_id_of(key));
		struct store_key here = {.len = key.len};
		struct arena arena = {0};
		struct spool_recipient r;
		bool is_aside = audit_is_aside(a, STORE_MESSAGES, store_key_span(&message));

		if (!id_equal(store_id_of(key), last) && !is_aside &&
			!audit_has(a, STORE_MESSAGES, &message))
			audit_found(a, STORE_MESSAGES, store_key_span(&message),
				"is missing, but has recipients");
		last = store_id_of(key);
		if (key.len != ID_BYTES + 4 ||
			store_open_record(value, &spool_recipient_type, &arena, &r) < 0 ||
			r.n != store_u32_at(key, ID_BYTES)) {
			audit_found(a, STORE_RECIPIENTS, key, "can't be read");
		} else if (!is_aside) {
			memcpy(here.at, key.at, key.len);
			audit_recipient(a, last, &r);
			(void)store_get(&a->t, STORE_RECIPIENTS, store_key_span(&here), &value);
		}
		arena_done(&arena);
	}
}

void audit_contents(struct audit *a)
{
	struct id last = {0};
	struct span key, value;
	int rc = store_seek(&a->t, STORE_CONTENTS, (struct span){0}, &key, &value);

	for (; rc == 0; rc = store_next(&a->t, STORE_CONTENTS, &key, &value)) {
		struct id id = store_id_of(key);
		struct store_key message = store_key_id(id);

		if (key.len != ID_BYTES + 4) {
			audit_found(a, STORE_CONTENTS, key, "can't be read");
			continue;
		}
		if (!id_equal(id, last) && !audit_has(a, STORE_MESSAGES, &message) &&
			!audit_is_aside(a, STORE_MESSAGES, store_key_span(&message)))
			audit_found(a, STORE_MESSAGES, store_key_span(&message),
				"is missing, but has content");
		last = id;
	}
}
