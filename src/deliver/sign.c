/* DKIM signatures of what we send for our own domains: hashed here, signed by keys. */
#include "auth/dkim.h"
#include "base/alloc.h"
#include "deliver/adapt.h"
#include "ipc/messages/keys.h"
#include "mail/header.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADER_MOST   ((size_t)256 * 1024)
#define PIECE         ((size_t)64 * 1024)
#define KEYS_PATIENCE (10 * NANOS_S)

struct signing {
	const struct deliver_job *job;
	struct adapted *adapted; /* NULL: it goes as it is */
	const struct conf *conf;
	const struct conf_dkim *with; /* NULL: nobody signs for its author */
	struct buf fields[2];         /* by enum dkim_algorithm */
	unsigned char digests[2][DKIM_DIGEST];
	int rc;
};

/* The fields that we put before it and the content's own; ret_body: where in the content its body begins. */
static int read_header(const struct deliver_job *job, struct buf *out, uint64_t *ret_body)
{
	struct span edits = job->body.edits;
	struct mail_header h;
	struct mail_field f;
	int rc = buf_add(out, edits);

	if (rc == 0)
		rc = buf_reserve(out, PIECE);
	while (rc == 0 && out->len - edits.len < job->body.content_len) {
		size_t room = out->room - out->len;
		ssize_t n = content_read(job, out->len - edits.len, out->at + out->len, room);

		if (n <= 0)
			return n < 0 ? (int)n : -EBADMSG;
		buf_added(out, (size_t)n);
		mail_header_init(&h, buf_span(out));
		while (mail_header_next(&h, &f))
			;
		if (h.is_complete)
			break;
		rc = buf_reserve(out, PIECE);
	}
	mail_header_init(&h, buf_span(out));
	while (mail_header_next(&h, &f))
		;
	if (rc < 0 || h.at < edits.len)
		return rc < 0 ? rc : -EBADMSG;
	*ret_body = h.at + (h.has_empty_line ? 2 : 0) - edits.len;
	out->len = h.at;
	return 0;
}

static int hash_body(const struct deliver_job *job, uint64_t from, unsigned char ret[DKIM_DIGEST])
{
	struct dkim_body b;
	char *piece = alloc_array(1, PIECE);
	int rc = dkim_body_init(&b);

	while (rc == 0 && from < job->body.content_len) {
		ssize_t n = content_read(job, from, piece, PIECE);

		if (n <= 0)
			rc = n < 0 ? (int)n : -EBADMSG;
		else
			dkim_body_add(&b, span_of(piece, (size_t)n));
		from += n > 0 ? (uint64_t)n : 0;
	}
	if (rc == 0 && !dkim_body_end(&b, ret))
		rc = -EIO;
	dkim_body_done(&b);
	free(piece);
	return rc;
}

static int begin(struct signing *s, struct span header, const unsigned char body[DKIM_DIGEST])
{
	const struct conf_dkim *d = s->with;
	const struct dkim_signer signers[] = {
		{d->domain, d->rsa_selector, DKIM_RSA_SHA256, clock_wall_ms() / 1000},
		{d->domain, d->ed25519_selector, DKIM_ED25519_SHA256, clock_wall_ms() / 1000}};
	const bool has[] = {d->rsa_key.len > 0, d->ed25519_key.len > 0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < 2; i++)
		if (has[i])
			rc = dkim_begin(&signers[i], body, header, &s->fields[i], s->digests[i]);
	return rc;
}

/* What a conversion gives: its header is gathered, its body hashed. */
static int read_adapted(struct signing *s, struct buf *header, unsigned char body[DKIM_DIGEST])
{
	struct feeding f;
	struct dkim_body b;
	bool was_body = false;
	int rc = dkim_body_init(&b);

	feeding_init(&f, s->job, &s->adapted->plan, false);
	while (rc == 0 && f.rc > 0) {
		feeding_next(&f);
		struct span out = buf_span(&f.out);
		size_t at = was_body ? 0 : f.seven.has_body ? f.seven.body_at : out.len;

		rc = buf_add(header, span_slice(out, 0, at));
		dkim_body_add(&b, span_slice(out, at, out.len));
		was_body = f.seven.has_body;
		buf_clear(&f.out);
	}
	rc = rc == 0 ? f.rc : rc;
	feeding_done(&f);
	if (rc == 0 && !dkim_body_end(&b, body))
		rc = -EIO;
	dkim_body_done(&b);
	return rc;
}

/* On a thread with a stack of its own. */
static void prepare_adapted(struct signing *s)
{
	struct buf header = BUF_INIT(4 * HEADER_MOST);
	unsigned char body[DKIM_DIGEST];
	struct span author;

	s->rc = read_adapted(s, &header, body);
	if (s->rc == 0 && dkim_from(buf_span(&header), &author))
		s->with = conf_dkim_for(s->conf, author);
	if (s->with)
		s->rc = begin(s, buf_span(&header), body);
	buf_done(&header);
}

static void prepare(void *arg)
{
	struct signing *s = arg;

	if (s->adapted) {
		prepare_adapted(s);
		return;
	}
	struct buf header = BUF_INIT(HEADER_MOST);
	unsigned char body[DKIM_DIGEST];
	struct span author;
	uint64_t at = 0;

	s->rc = read_header(s->job, &header, &at);
	if (s->rc == 0 && dkim_from(buf_span(&header), &author))
		s->with = conf_dkim_for(s->conf, author);
	if (s->with) {
		s->rc = hash_body(s->job, at, body);
		if (s->rc == 0)
			s->rc = begin(s, buf_span(&header), body);
	}
	buf_done(&header);
}

/* Signatures into the fields. 0 or -errno. */
static int ask(struct deliver *d, struct signing *s)
{
	nanos deadline = clock_after(KEYS_PATIENCE);
	struct arena arena = {0};
	struct ipc_packet p;
	struct ipc_keys_dkim wish = {.number = s->conf->number, .domain = s->with->domain};
	int rc = -EPIPE;

	if (s->fields[0].len > 0)
		wish.rsa = span_of((char *)s->digests[0], DKIM_DIGEST);
	if (s->fields[1].len > 0)
		wish.ed25519 = span_of((char *)s->digests[1], DKIM_DIGEST);
	while (rc == -EPIPE) { /* where keys has died, its next life is asked */
		while (!d->keys)
			if ((rc = task_gate_wait(&d->keys_up, deadline)) < 0)
				return rc;
		rc = ipc_ask(d->keys, &(struct ipc_out){.type = IPC_KEYS_DKIM, .body = &wish},
			deadline, &arena, &p);
		if (rc == -EPIPE && task_sleep(clock_after(50 * NANOS_MS)) < 0)
			rc = -ECANCELED;
		if (rc == -EPIPE && clock_now() > deadline)
			rc = -ETIMEDOUT;
	}
	if (rc == 0 && p.type != IPC_KEYS_DKIM_SIGNED)
		rc = -EBADMSG;
	if (rc == 0) {
		const struct ipc_keys_dkim_signed *a = p.body;
		const struct span signatures[] = {a->rsa, a->ed25519};

		rc = (int)a->error;
		for (size_t i = 0; rc == 0 && i < 2; i++)
			if (s->fields[i].len > 0)
				rc = dkim_finish(signatures[i], &s->fields[i]);
	}
	arena_done(&arena);
	return rc;
}

bool deliver_sign(struct deliver *d, struct deliver_job *job, const struct conf *conf,
	struct adapted *adapted, struct span *ret)
{
	if (conf->n_dkim == 0 || !(job->body.is_own || job->body.is_notice))
		return true;
	struct signing s = {.job = job,
		.adapted = adapted,
		.conf = conf,
		.fields = {BUF_INIT(DKIM_FIELD_MAX), BUF_INIT(DKIM_FIELD_MAX)}};
	int rc = task_offload(prepare, &s);

	if (rc == 0)
		rc = s.rc;
	if (rc == 0 && s.with)
		rc = ask(d, &s);
	if (rc == 0 && s.with)
		*ret = arena_printf(&job->arena, "%.*s%.*s", SPAN_F(buf_span(&s.fields[1])),
			SPAN_F(buf_span(&s.fields[0])));
	if (rc < 0)
		log_event(LOG_ERROR, "not_signed", LOG_ID(job->body.id),
			LOG_SPAN("domain", s.with ? s.with->domain : (struct span){0}),
			LOG_ERRNO(rc));
	buf_done(&s.fields[0]);
	buf_done(&s.fields[1]);
	return rc == 0;
}
