#include "cli/json_text.h"
#include "base/buf.h"

json_t *json_text(struct span s)
{
	json_t *text = s.len == 0 ? json_string("") : json_stringn(s.at, s.len);
	struct buf b = BUF_INIT(s.len * 2);

	if (text)
		return text;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c < 128) {
			(void)buf_add_byte(&b, (char)c);
			continue;
		}
		(void)buf_add_byte(&b, (char)(0xc0 | c >> 6));
		(void)buf_add_byte(&b, (char)(0x80 | (c & 63)));
	}
	text = json_stringn(b.at, b.len);
	buf_done(&b);
	return text;
}
