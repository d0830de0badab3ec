/*
 * json_text - any bytes as a JSON string: what is not UTF-8 is taken as Latin-1.
 */
#pragma once
#include "base/span.h"
#include <jansson.h>

/* A new reference; "" for an empty span. */
json_t *json_text(struct span s);
