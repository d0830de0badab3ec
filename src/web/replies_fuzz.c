#include "base/utf8.h"
#include "web/answer.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every tag of such a page; whatever else begins with "<" came from outside. */
static bool is_tag(struct span at)
{
	static const char *const tags[] = {"!doctype", "html", "head", "meta", "title", "style",
		"body", "nav", "a", "h1", "h2", "p", "form", "label", "textarea", "button", "div",
		"code", "bdi", "dl", "dt", "dd"};

	(void)span_take(&at, '/');
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		struct span rest = at;

		if (span_take_span(&rest, span_str(tags[i])) && rest.len > 0 &&
			(rest.at[0] == '>' || rest.at[0] == ' '))
			return true;
	}
	return false;
}

static void encode(struct span text, struct buf *out)
{
	(void)buf_add_str(out, "text=");
	for (size_t i = 0; i < text.len; i++)
		(void)buf_printf(out, "%%%02x", (unsigned char)text.at[i]);
}

/* Any bytes pasted into the form give a page of our own tags alone, in UTF-8 without controls; and JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf query = BUF_INIT(1U << 16);
	const struct conf conf = {.hostname = SPAN_LIT("mx.example.org")};
	struct web_request request = {.path = SPAN_LIT("/explain")};
	const struct answering a = {.conf = &conf, .request = &request, .nonce = "0123"};
	struct answer page;

	encode(span_of(data, size < 4000 ? size : 4000), &query);
	request.query = buf_span(&query);
	answer_make(&a, &page);
	assert(page.status == 200 && page.body.error == 0 && utf8_is_valid(buf_span(&page.body)));
	for (size_t i = 0; i < page.body.len; i++) {
		char c = page.body.at[i];

		assert((unsigned char)c >= ' ' || c == '\n');
		assert(c != '<' || is_tag(span_of(page.body.at + i + 1, page.body.len - i - 1)));
	}
	buf_done(&page.body);
	request.wants_json = true;
	answer_make(&a, &page);
	assert(page.status == 200 && utf8_is_valid(buf_span(&page.body)));
	buf_done(&page.body);
	buf_done(&query);
	return 0;
}
