/*
 * reply_writer - what the person who wrote a mail can do, in a sentence.
 *
 * Shorter than reply/explain.h's advice, which is for administrators. A const
 * table (reply/writer.def); allocates nothing.
 */
#pragma once
#include "reply/taxonomy.h"

/* "" for REPLY_NONE: there is nothing to do. */
const char *reply_writer_advice(enum reply_cause cause) __attribute__((returns_nonnull));
