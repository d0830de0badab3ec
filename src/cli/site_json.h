/*
 * site_json - a site as an object of JSON: of `abide sites --json`, and of the status page.
 *
 * Pure but for memory. New references.
 */
#pragma once
#include "ipc/messages/sites.h"
#include <jansson.h>

json_t *site_json(const struct ipc_control_site *s);
/* What was learned of it; what is 0 is left out. */
json_t *site_profile_json(const struct ipc_control_profile *p);

extern const struct site_field {
	const char *name;
	size_t offset; /* in struct ipc_control_profile */
	bool is_32;
} site_fields[];
extern const size_t site_fields_n;
