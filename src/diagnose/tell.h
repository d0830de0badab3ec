/* diagnose_tell - verdicts and checks as messages between processes, and back. Texts are borrowed. */
#pragma once
#include "diagnose/verdict.h"
#include "ipc/messages/diagnose.h"

void tell_check(const struct check_result *r, int64_t at_wall_ms, struct ipc_control_check *ret);
/* False: it is none of ours. */
bool tell_check_read(const struct ipc_control_check *m, struct check_result *ret);
void tell_verdict(const struct verdict *v, struct arena *arena, struct ipc_control_verdict *ret);
/* check points into the arena. False: it is none. */
bool tell_verdict_read(
	const struct ipc_control_verdict *m, struct arena *arena, struct verdict *ret);
