#include "notify/language.h"
#include "mail/header.h"

enum { TAGS_MOST = 32 };

/* ";q=0.8" behind a tag, in thousandths; 1000 where there is none, or it can't be read. */
static unsigned weight(struct span parameters)
{
	ptrdiff_t at = span_find(parameters, '=');
	struct span s = at < 0 ? (struct span){0}
			       : span_trim(span_slice(parameters, (size_t)at + 1, parameters.len));
	unsigned whole, part = 0, scale = 1000;

	if (!span_take_number(&s, 1, 1, &whole))
		return 1000;
	if (whole > 0 || !span_take(&s, '.'))
		return whole > 0 ? 1000 : 0;
	for (unsigned digit; scale > 1 && span_take_number(&s, 1, 1, &digit);) {
		scale /= 10;
		part += digit * scale;
	}
	return part;
}

/* The next tag of a list; false at its end. */
static bool next_tag(struct span *list, struct span *ret_tag, unsigned *ret_weight)
{
	struct span one, tag;

	if (list->len == 0)
		return false;
	if (!span_take_until(list, ',', &one)) {
		one = *list;
		*list = (struct span){0};
	}
	if (span_take_until(&one, ';', &tag))
		*ret_weight = weight(one);
	else
		tag = one, *ret_weight = 1000;
	*ret_tag = span_trim(tag);
	return true;
}

static bool best_of(struct span list, enum reply_lang *ret)
{
	unsigned best = 0, weight;
	enum reply_lang lang;
	struct span tag;

	for (unsigned i = 0; i < TAGS_MOST && next_tag(&list, &tag, &weight); i++)
		if (weight > best && reply_lang_parse(tag, &lang)) {
			best = weight;
			*ret = lang;
		}
	return best > 0;
}

enum reply_lang language_of(struct span header, enum reply_lang otherwise)
{
	enum reply_lang content = otherwise, accepted;
	struct mail_header h;
	struct mail_field f;

	mail_header_init(&h, header);
	while (mail_header_next(&h, &f)) {
		if (mail_field_is(&f, "Accept-Language") && best_of(f.value, &accepted))
			return accepted;
		if (mail_field_is(&f, "Content-Language") && span_find(f.value, ',') < 0)
			(void)best_of(f.value, &content);
	}
	return content;
}
