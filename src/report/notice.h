/*
 * notice - bounces that come as JSON: Amazon SES, and services whose events look alike.
 *
 * Inside report/ only; linear.
 */
#pragma once
#include "report/bounce.h"

/* Adds the recipients that JSON in the prose names. False: there is none. */
bool notice_read(struct bounce_work *w);
