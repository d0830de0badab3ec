/*
 * check - what is wrong with the files of certificates and keys.
 *
 * For abide check, by who may read them: opens the files. Never logs; blocks.
 */
#pragma once
#include "conf/conf.h"

/* Appends "FILE:LINE: what is wrong, and what would be right" lines. How many are errors. */
unsigned keys_check(const struct conf *conf, struct buf *errors);
