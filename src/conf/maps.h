/*
 * maps - what the configuration says about maps and addresses: checked as a whole.
 *
 * Within conf/ only. Reports what no type of a row can see: keys that a map's
 * type needs, maps that are named and not there, addresses without a way.
 * Opens nothing: what stands in the maps is checked by those who ask them.
 */
#pragma once
#include "conf/store.h"

/* The sections are those of l->conf->maps, and of l->conf->domains, in their order. */
void maps_check(struct load *l, const struct read_section *all, size_t n);
void maps_check_domains(struct load *l, const struct read_section *all, size_t n);
/* The routes' credentials: of l->conf->routes. */
void maps_check_routes(struct load *l, const struct read_section *all, size_t n);
/* The top level's keys, and srs. */
void maps_check_rest(struct load *l, const struct read_section *top);
/* Of routes that were read: whom their titles name. */
void routes_split(struct load *l);
/* Of routes, when all sections are there; sections: all of the file, in the schema's order. */
void routes_check(struct load *l, const struct read_section *sections, size_t n);
/* "SECTION TITLE.KEY: VALUE WRONG" at the key's line, else at the section's. */
void maps_complain(struct load *l, const struct read_section *s, const char *key, struct span value,
	const char *wrong);
