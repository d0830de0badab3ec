/*
 * rows_in - inside rows only: how a value of a table is cut into single ones.
 *
 * Pure, but for rows_split (rows.h), which stands beside them.
 */
#pragma once
#include "lookup/rows.h"

bool rows_is_space(char c);
/* s[i] begins quotes: behind their end; 0: they have none. */
size_t rows_end_of_quotes(struct span s, size_t i);
/* Takes the next value; *ret_open where its quotes have no end. False: there is none. */
bool rows_take_value(struct span *rest, struct span *ret, bool *ret_open);
