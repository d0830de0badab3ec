#include "wire/path.h"
#include "base/utf8.h"
#include <assert.h>

#define TEXT_MAX 400U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span canonical(const struct wire_path *p, char out[TEXT_MAX])
{
	struct buf b = {.at = out, .room = TEXT_MAX, .max = TEXT_MAX};
	int rc = wire_path_text(p, &b);

	assert(rc == 0);
	for (size_t i = 0; i < b.len; i++)
		assert((unsigned char)out[i] >= ' ' && out[i] != 0x7f);
	return buf_span(&b);
}

/* What was read is read again from its canonical text, and that text is its own. */
static void check(const struct wire_path *p)
{
	char first[TEXT_MAX], second[TEXT_MAX];
	struct span text = canonical(p, first);
	struct wire_path again;

	assert(utf8_is_valid(text));
	if (p->kind != WIRE_PATH_MAILBOX)
		return;
	assert(p->domain.len > 0 && p->local.len > 0 && p->local.len <= WIRE_LOCAL_MAX);
	enum wire_path_error error = wire_address_read(text, &again);

	assert(error == WIRE_PATH_OK && again.is_utf8 == p->is_utf8);
	assert(span_equal(canonical(&again, second), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size), params;
	struct wire_path p;
	struct wire_ip ip;

	if (wire_mail_read(text, &p, &params) == WIRE_PATH_OK)
		check(&p);
	if (wire_rcpt_read(text, &p, &params) == WIRE_PATH_OK) {
		assert(p.kind != WIRE_PATH_NULL);
		check(&p);
	}
	if (wire_address_read(text, &p) == WIRE_PATH_OK)
		check(&p);
	if (wire_ip_read(text, &ip) == 0) {
		char out[WIRE_IP_TEXT_MAX];
		struct wire_ip again;
		int rc = wire_ip_read(wire_ip_text(&ip, out), &again);

		assert(rc == 0 && wire_ip_equal(&ip, &again));
	}
	struct wire_endpoint e;
	struct wire_network n;

	if (wire_endpoint_read(text, true, &e) == 0)
		assert(e.host.len > 0);
	if (wire_network_read(text, &n) == 0)
		assert(wire_network_has(&n, &n.ip));
	return 0;
}
