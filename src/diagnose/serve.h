/*
 * diagnose_serve - the process that looks at our own side, and tells alarms to the outside.
 *
 * It asks the DNS by resolve, connects to others' port 25, reads /proc, and posts to the configured webhook. It has no secret
 * and no mail; queue asks it.
 */
#pragma once
#include "ipc/role.h"

int diagnose_serve(struct role *role);
