/*
 * messages - what src/diagnose speaks, until it includes its conversations itself.
 */
#pragma once
#include "ipc/kinds.h"
#include "ipc/messages/diagnose.h"
#include "ipc/messages/resolve.h"
#include "ipc/messages/role.h"
