#include "conf/schema_rows.h"

static const struct schema_part *const parts[] = {
	&schema_top, &schema_people, &schema_keys, &schema_route, &schema_check, &schema_watch};

size_t schema_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT(parts); i++)
		n += parts[i]->n;
	return n;
}

const struct schema_section *schema_section(size_t i)
{
	size_t part = 0;

	while (i >= parts[part]->n)
		i -= parts[part++]->n;
	return &parts[part]->sections[i];
}
