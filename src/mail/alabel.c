#include "mail/alabel.h"
#include "base/alloc.h"
#include "base/utf8.h"
#include <errno.h>
#include <idn2.h>

#define DOMAIN_MOST 255U /* octets, RFC 5321 4.5.3.1.2 */

int alabel_add(struct span domain, struct buf *out)
{
	char *ascii = NULL;

	if (utf8_is_ascii(domain))
		return buf_add(out, domain);
	if (domain.len > DOMAIN_MOST || memchr(domain.at, '\0', domain.len))
		return -EINVAL;
	_cleanup_(alloc_free) char *text = alloc_copy(domain.at, domain.len);

	if (idn2_lookup_u8((const uint8_t *)text, (uint8_t **)&ascii,
		    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return -EINVAL;
	int rc = buf_add_str(out, ascii);

	idn2_free(ascii);
	return rc;
}

int alabel_add_address(struct span address, struct buf *out)
{
	size_t at = address.len, before = out->len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	if (!utf8_is_ascii(span_slice(address, 0, at)))
		return -EINVAL;
	int rc = buf_add(out, span_slice(address, 0, at));

	if (rc == 0)
		rc = alabel_add(span_slice(address, at, address.len), out);
	if (rc == -EINVAL)
		out->len = before;
	return rc;
}
