/*
 * unbound_late - libunbound's functions, loaded when they are first called (base/late.h).
 */
#include "base/late.h"
#include <unbound-event.h>
#include <unbound.h>

static struct late library = {.file = LIBUNBOUND};

LATE(struct ub_ctx *, ub_ctx_create_ub_event, (struct ub_event_base * base), (base), NULL)
LATE_VOID(ub_ctx_delete, (struct ub_ctx * ub), (ub))
LATE(int, ub_ctx_set_option, (struct ub_ctx * ub, const char *option, const char *value),
	(ub, option, value), UB_NOMEM)
LATE(int, ub_ctx_resolvconf, (struct ub_ctx * ub, const char *file), (ub, file), UB_NOMEM)
LATE(int, ub_ctx_set_fwd, (struct ub_ctx * ub, const char *server), (ub, server), UB_NOMEM)
LATE(int, ub_ctx_add_ta_file, (struct ub_ctx * ub, const char *file), (ub, file), UB_NOMEM)
LATE(int, ub_ctx_debugout, (struct ub_ctx * ub, void *file), (ub, file), UB_NOMEM)
LATE(int, ub_ctx_zone_remove, (struct ub_ctx * ub, const char *zone), (ub, zone), UB_NOMEM)
LATE(int, ub_resolve_event,
	(struct ub_ctx * ub, const char *name, int type, int class, void *arg,
		ub_event_callback_type done, int *ret_id),
	(ub, name, type, class, arg, done, ret_id), UB_NOMEM)
LATE(const char *, ub_strerror, (int error), (error), LIBUNBOUND " can't be loaded")
