/*
 * site_name - the destination that a host or an address belongs to, for counting.
 *
 * "gmail-smtp-in.l.google.com[192.0.2.1]:25" is google.com, "mx1.example.co.uk" example.co.uk: the
 * registered name as well as it can be told without a list of all registries. Pure.
 */
#pragma once
#include "base/span.h"

enum { SITE_NAME_MAX = 80 };

/* host: as a log has it ("none" and the like say nothing). In small letters, in to; never empty. */
struct span site_name(struct span host, struct span recipient, char to[SITE_NAME_MAX]);
