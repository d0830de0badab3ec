#include "base/late.h"
#include <dlfcn.h>
#include <stdatomic.h>

void *late_find(struct late *l, const char *function)
{
	void *library = atomic_load(&l->library);

	if (!library) { /* two threads may both come here: they get the same one */
		library = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);
		if (!library)
			return NULL;
		atomic_store(&l->library, library);
	}
	return dlsym(library, function);
}
