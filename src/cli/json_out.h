/*
 * json_out - JSON written straight into a buf, for what comes in great numbers.
 *
 * The caller opens and closes objects and lists; a comma is put where one
 * belongs. A line end parts one document from the next. Texts may be any
 * bytes: what is not UTF-8 is taken as Latin-1, as json_text does it. The
 * buf's sticky error tells at the end. Never logs or waits.
 */
#pragma once
#include "base/buf.h"

void json_out_open(struct buf *out, char bracket); /* '{' or '[' */
void json_out_close(struct buf *out, char bracket);
/* "key":, which needs no escapes. */
void json_out_key(struct buf *out, struct span key);
void json_out_text(struct buf *out, struct span s);
/*
 * The same for what is appended to the buf between the two: UTF-8 without control bytes.
 * json_out_text_begin returns what json_out_text_end wants to know.
 */
size_t json_out_text_begin(struct buf *out);
void json_out_text_end(struct buf *out, size_t from);
void json_out_integer(struct buf *out, int64_t n);
/* From 0 to 1, three digits of it: 0.987, 0.4, 1.0. */
void json_out_share(struct buf *out, double share);
void json_out_null(struct buf *out);
