/*
 * quoted - text beyond ASCII in seven bits: quoted-printable, and words of a header (RFC 2045 6.7, RFC 2047).
 *
 * Pure; appends to the caller's buf, whose sticky error tells at the end.
 */
#pragma once
#include "base/buf.h"

/* Lines that end in CRLF, as quoted-printable. */
void quoted_add(struct buf *out, struct span text);

/* UTF-8 as the value of a header field, folded; ASCII stays as it is. */
void quoted_add_words(struct buf *out, struct span text);
