#include "lookup/maps.h"

void maps_init(struct maps *m, struct role *role)
{
	m->role = role;
	list_init(&m->all);
}

static bool is_wanted(const struct map *map, const struct conf *conf)
{
	const struct conf_map *c = conf_map_for(conf, map->conf.name);

	return c && map_is_same(map, c);
}

struct map *maps_get(const struct maps *m, struct span name)
{
	(void)span_take_span(&name, SPAN_LIT("map:"));
	for (struct list *node = m->all.next; node != &m->all; node = node->next) {
		struct map *map = container_of(node, struct map, node);

		if (span_equal_nocase(map->conf.name, name)) {
			map_get(map);
			return map;
		}
	}
	return NULL;
}

void maps_update(struct maps *m, const struct conf *conf)
{
	list_for_each (node, &m->all) {
		struct map *map = container_of(node, struct map, node);

		if (is_wanted(map, conf))
			continue;
		list_remove(&map->node);
		map_close(map);
	}
	for (size_t i = 0; i < conf->n_maps; i++) {
		struct map *there = maps_get(m, conf->maps[i].name);

		if (!there)
			list_add_tail(&m->all, &map_new(&conf->maps[i], m->role)->node);
		map_put(there);
	}
}

void maps_done(struct maps *m)
{
	list_for_each (node, &m->all) {
		struct map *map = container_of(node, struct map, node);

		list_remove(&map->node);
		map_close(map);
	}
}
