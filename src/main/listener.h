/*
 * listener - where programs of this machine reach abide: its first plain SMTP listener.
 */
#pragma once
#include "conf/conf.h"

/* Its address to connect to; where it listens on all addresses, the loopback one. Borrowed text. */
void listener_of(const struct conf *conf, struct conf_address *ret);
