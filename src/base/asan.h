/*
 * asan - poisoning that vanishes where there is no AddressSanitizer.
 */
#pragma once
#if defined(__SANITIZE_ADDRESS__)
#define ABIDE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ABIDE_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define ABIDE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ABIDE_TSAN 1
#endif
#endif

#ifdef ABIDE_ASAN
#include <sanitizer/asan_interface.h>
#define ASAN_POISON(at, len)   __asan_poison_memory_region((at), (len))
#define ASAN_UNPOISON(at, len) __asan_unpoison_memory_region((at), (len))
#else
#define ASAN_POISON(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON(at, len) ((void)(at), (void)(len))
#endif
