/*
 * schema_rows - how the rows of the schema are written: for the files schema_*.c, which hold them by theme.
 */
#pragma once
#include "base/log.h"
#include "conf/schema.h"
#include "reply/taxonomy.h"
#include "reply/texts.h"

struct schema_part {
	const struct schema_section *sections;
	size_t n;
};

extern const struct schema_part schema_top;
extern const struct schema_part schema_people;
extern const struct schema_part schema_keys;
extern const struct schema_part schema_route;
extern const struct schema_part schema_check;
extern const struct schema_part schema_watch;

extern const struct schema_name schema_bool_names[];

#define AT(s, m)   .offset = offsetof(struct s, m), .width = sizeof(((struct s *)0)->m)
#define SECONDS(n) ((n)*NANOS_S)
#define DAYS(n)    ((n)*86400 * NANOS_S)
#define COUNT(x)   (sizeof(x) / sizeof((x)[0]))
#define FIRST      "0.1"
#define MANY       INT64_C(1000000)

/* Of a section: its rows, and where what it sets stands in struct conf. */
#define ROWS(r)   .rows = (r), .n = COUNT(r)
#define INSIDE(m) .offset = offsetof(struct conf, m), .size = sizeof(((struct conf *)0)->m)
#define ARRAY(m, c)                                                                   \
	.offset = offsetof(struct conf, m), .count_offset = offsetof(struct conf, c), \
	.size = sizeof(((struct conf *)0)->m[0])
