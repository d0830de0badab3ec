/*
 * maps - all maps of the configuration now in force.
 *
 * Owns them. A map whose settings are the same after the configuration was
 * read again stays as it is, with its table, its connections and what it
 * remembers. Finding waits for nothing.
 */
#pragma once
#include "conf/conf.h"
#include "lookup/map.h"

struct maps {
	struct list all; /* struct map */
	struct role *role;
};

/* role: of this process (map_new). */
void maps_init(struct maps *m, struct role *role);
void maps_update(struct maps *m, const struct conf *conf);
/* "NAME" or "map:NAME". Counted for the caller (map_put); NULL: there is none. */
struct map *maps_get(const struct maps *m, struct span name);
void maps_done(struct maps *m);
