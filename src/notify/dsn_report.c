#include "base/utf8.h"
#include "notify/dsn_in.h"
#include "notify/status.h"
#include "reply/taxonomy.h"
#include "wire/params.h"
#include <stdio.h>

static const char *const actions[DSN_ACTIONS] = {[DSN_FAILED] = "failed",
	[DSN_DELAYED] = "delayed",
	[DSN_DELIVERED] = "delivered",
	[DSN_RELAYED] = "relayed",
	[DSN_EXPANDED] = "expanded"};

static void put_status(struct writer *w, const struct dsn_recipient *r)
{
	static const unsigned classes[DSN_ACTIONS] = {5, 4, 2, 2, 2};
	struct reply_status s = status_of(classes[r->action], r->meaning);
	char text[40];
	int n = snprintf(text, sizeof text, "Status: %u.%u.%u\r\n", s.class, s.subject, s.detail);

	(void)buf_add(w->out, span_of(text, (size_t)n));
}

/* RFC 3461 6.3: ENVID and ORCPT come back decoded. What does not decode is told as it was given. */
static void put_decoded(struct writer *w, const char *name, struct span prefix, struct span xtext)
{
	struct buf text = BUF_INIT(1024);

	(void)buf_add(&text, prefix);
	if (wire_xtext_decode(xtext, &text) < 0 && !text.error)
		(void)buf_add(&text, xtext);
	put_field(w, name, "", buf_span(&text));
	buf_done(&text);
}

static void put_original(struct writer *w, struct span orcpt)
{
	ptrdiff_t at = span_find(orcpt, ';');

	if (at < 0)
		put_field(w, "Original-Recipient", "", orcpt);
	else
		put_decoded(w, "Original-Recipient", span_slice(orcpt, 0, (size_t)at + 1),
			span_slice(orcpt, (size_t)at + 1, orcpt.len));
}

/* "192.0.2.1:25" is told as an address literal; a name as it is. */
static void put_remote(struct writer *w, struct span host)
{
	struct place p = place_of(host);

	if (host.len == 0)
		return;
	put(w, "Remote-MTA: dns; ");
	put(w, p.is_address ? "[" : "");
	put_clean(w, p.name, DSN_VALUE_MAX);
	put(w, p.is_address ? "]\r\n" : "\r\n");
}

/* RFC 3464 2.3, RFC 6533 3: the address type is utf-8 where the address is. */
static void put_recipient(struct writer *w, const struct dsn_recipient *r)
{
	put(w, "\r\n");
	if (r->original.len > 0)
		put_original(w, r->original);
	put_field(w, "Final-Recipient", !utf8_is_ascii(r->address) ? "utf-8; " : "rfc822; ",
		r->address);
	put_field(w, "Action", "", span_str(actions[r->action]));
	put_status(w, r);
	put_remote(w, r->host);
	if (r->action != DSN_EXPANDED)
		put_folded(w, "Diagnostic-Code",
			r->host.len > 0 && !r->is_own ? "smtp; " : "x-abide; ", r->reply);
	put_date_field(w, "Last-Attempt-Date", r->last_attempt_ms);
	if (r->action == DSN_DELAYED)
		put_date_field(w, "Will-Retry-Until", r->retry_until_ms);
	if (r->meaning && (r->action == DSN_FAILED || r->action == DSN_DELAYED))
		put_field(w, "X-Abide-Cause", "", span_str(reply_cause_text(r->meaning->cause)));
}

void put_report(struct writer *w)
{
	const struct dsn *d = w->dsn;

	if (d->envelope_id.len > 0)
		put_decoded(w, "Original-Envelope-Id", (struct span){0}, d->envelope_id);
	put_field(w, "Reporting-MTA", "dns; ", d->hostname);
	put_date_field(w, "Arrival-Date", d->arrived_ms);
	put_field(w, "X-Abide-Id", "", d->about_id);
	for (size_t i = 0; i < d->n_recipients; i++)
		put_recipient(w, &d->recipients[i]);
	put(w, "\r\n");
}
