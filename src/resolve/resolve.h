/*
 * resolve - the process that asks the DNS for the others.
 */
#pragma once
#include "ipc/role.h"

int resolve_serve(struct role *role);
