/*
 * rows - how the files of this folder say what stands in a struct: ROWS(x) = {PACK_F_…}; TYPE(x);
 *
 * The rows (base/pack.h) are the bytes, in their order. TYPE makes x_type of them, which the header
 * declares; INNER keeps it to the file: a struct that stands only in others of it.
 */
#pragma once
#include "base/pack.h"

#define ROWS(name)  static const struct pack_row name##_rows[]
#define TYPE(name)  const struct pack_type name##_type = PACK_TYPE(name, name##_rows)
#define INNER(name) static const struct pack_type name##_type = PACK_TYPE(name, name##_rows)
