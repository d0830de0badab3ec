/*
 * late - a shared library that few processes use, loaded when one of them first calls it.
 *
 * What every process is linked with, each of a dozen loads at its start; of libcurl, libldap and
 * libunbound that was more than all else. So files named *_late.c define these libraries' functions,
 * each of which calls the real one. Owns the library, for good; opens files and may block: call from
 * task_offload, or once before there are tasks. Any thread may call it.
 */
#pragma once
#include <stddef.h>

struct late {
	const char *file; /* as the linker would have named it: "libcurl.so.4" */
	_Atomic(void *) library;
};

/* The function of that name; NULL if it or the library is not there. */
void *late_find(struct late *l, const char *function);

/* One function of the library that the file's `library` names; otherwise is returned where there is none. */
#define LATE(type, name, parameters, arguments, otherwise)                              \
	type name parameters                                                            \
	{                                                                               \
		__typeof__(&name) real = (__typeof__(&name))late_find(&library, #name); \
                                                                                        \
		return real ? real arguments : (otherwise);                             \
	}

#define LATE_VOID(name, parameters, arguments)                                          \
	void name parameters                                                            \
	{                                                                               \
		__typeof__(&name) real = (__typeof__(&name))late_find(&library, #name); \
                                                                                        \
		if (real)                                                               \
			real arguments;                                                 \
	}
