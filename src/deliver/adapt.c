#include "deliver/adapt.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE ((size_t)64 * 1024)
#define OUT_MOST \
	((size_t)4 << 20) /* of one piece, and of the largest header that it may complete */

void adapted_free(struct adapted *a)
{
	if (!a)
		return;
	seven_plan_done(&a->plan);
	free(a);
}

ssize_t content_read(const struct deliver_job *job, uint64_t offset, char *at, size_t n)
{
	uint64_t left = job->body.content_len - offset;

	n = left < n ? (size_t)left : n;
	if (n > 0 && job->bytes) {
		memcpy(at, job->bytes + offset, n);
		return (ssize_t)n;
	}
	ssize_t got = n > 0 ? pread(job->content_fd, at, n, (off_t)offset) : 0;

	return got < 0 ? -errno : got;
}

void feeding_init(struct feeding *f, const struct deliver_job *job, struct seven_plan *plan,
	bool is_measuring)
{
	*f = (struct feeding){
		.job = job, .out = BUF_INIT(OUT_MOST), .piece = alloc_array(1, PIECE), .rc = 1};
	seven_init(&f->seven, plan, is_measuring);
}

void feeding_done(struct feeding *f)
{
	seven_done(&f->seven);
	buf_done(&f->out);
	alloc_free(&f->piece);
}

void feeding_next(void *feeding)
{
	struct feeding *f = feeding;
	bool ok = f->has_fields || seven_add(&f->seven, f->job->body.edits, &f->out);
	ssize_t n = content_read(f->job, f->at, f->piece, PIECE);

	f->has_fields = true;
	if (n < 0) {
		f->rc = -EAGAIN;
		return;
	}
	if (n == 0 && f->at < f->job->body.content_len) {
		f->rc = -EBADMSG;
		return;
	}
	f->at += (uint64_t)n;
	ok = ok && seven_add(&f->seven, span_of(f->piece, (size_t)n), &f->out);
	f->rc = f->at < f->job->body.content_len;
	if (ok && f->rc == 0)
		ok = seven_end(&f->seven, &f->out);
	if (!ok)
		f->rc = -EILSEQ;
}

struct measuring {
	const struct deliver_job *job;
	struct adapted *adapted;
	enum seven_fault fault;
	int rc;
};

/* Both passes, as what can't be written must be known before anything is said. */
static void measure(void *arg)
{
	struct measuring *m = arg;
	struct feeding f;

	m->rc = 0;
	for (int pass = 0; pass < 2 && m->rc == 0; pass++) {
		feeding_init(&f, m->job, &m->adapted->plan, pass == 0);
		while (f.rc > 0) {
			feeding_next(&f);
			m->adapted->size += f.out.len;
			buf_clear(&f.out);
		}
		m->rc = f.rc;
		m->fault = f.seven.fault;
		feeding_done(&f);
	}
}

static bool is_same(struct seven_wish a, struct seven_wish b)
{
	return a.body == b.body && a.header == b.header && a.lines == b.lines;
}

static enum adapt_result result_of(const struct measuring *m, bool wants_lines_only)
{
	if (m->rc == -EILSEQ)
		return ADAPT_FAULT;
	if (m->rc < 0)
		return m->rc == -EBADMSG ? ADAPT_UNREADABLE : ADAPT_LATER;
	return wants_lines_only && !m->adapted->plan.has_long ? ADAPT_NEEDLESS : ADAPT_DONE;
}

enum adapt_result deliver_adapt(struct deliver *d, struct deliver_job *job, const struct conf *conf,
	struct seven_wish wish, bool is_to_sign, enum seven_fault *ret_fault)
{
	if (job->adapted && is_same(job->adapted->plan.wish, wish))
		return ADAPT_DONE;
	struct measuring m = {.job = job, .adapted = alloc_zero(sizeof *m.adapted)};

	m.adapted->plan.wish = wish;
	if (task_offload(measure, &m) < 0)
		m.rc = -EAGAIN;
	enum adapt_result result = result_of(&m, !wish.body && !wish.header);

	*ret_fault = m.fault;
	if (result == ADAPT_DONE && is_to_sign &&
		!deliver_sign(d, job, conf, m.adapted, &m.adapted->signature))
		result = ADAPT_NOT_SIGNED;
	if (result != ADAPT_DONE) {
		adapted_free(m.adapted);
		return result;
	}
	adapted_free(job->adapted);
	job->adapted = m.adapted;
	return ADAPT_DONE;
}
