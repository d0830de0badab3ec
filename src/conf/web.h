/*
 * web - what must hold of the section web beyond its rows: who can reach the page. Part of conf_load.
 */
#pragma once
#include "conf/store.h"

/* all: the section web, where n is 1. Reports what is wrong. */
void web_check(struct load *l, const struct read_section *all, size_t n);
