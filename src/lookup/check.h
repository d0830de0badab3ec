/*
 * check - whether the files of the configuration's maps can be read and are right.
 *
 * For abide check: blocks. Directories are not asked.
 */
#pragma once
#include "conf/conf.h"

/* 0, or -EINVAL and lines "FILE:LINE: what is wrong, and what would be right" in errors. */
int lookup_check(const struct conf *conf, struct buf *errors);
