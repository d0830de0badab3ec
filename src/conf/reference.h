/*
 * reference - every key of the configuration for people, from the schema.
 *
 * Writes to the stream and looks at its errors; owns nothing, never logs.
 */
#pragma once
#include <stdio.h>

enum conf_format {
	CONF_FORMAT_TEXT, /* plain, 80 columns */
	CONF_FORMAT_MAN,  /* the keys as a part of a man(7) page */
};

/* 0, or -EIO where the stream failed. */
int conf_print_reference(FILE *to, enum conf_format format);
