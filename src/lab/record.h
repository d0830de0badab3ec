/*
 * record - what the lab took and refused, one JSON object a line.
 *
 * A line is gathered in a buf and appended by one write(2), so that readers
 * and several labs may share the file. Owns the descriptor. Never waits but
 * for that write; never logs.
 */
#pragma once
#include "base/buf.h"
#include "base/clock.h"

struct lab_record {
	int fd;
};

/* Appends to the file; NULL: standard output. 0 or -errno. */
int lab_record_open(struct lab_record *r, const char *path);
void lab_record_close(struct lab_record *r);

/* {"event":..,"time":RFC 3339,"mono":seconds of CLOCK_MONOTONIC */
void lab_json_begin(struct buf *line, const char *event);
void lab_json_span(struct buf *line, const char *key, struct span value);
void lab_json_number(struct buf *line, const char *key, uint64_t value);
void lab_json_bool(struct buf *line, const char *key, bool value);
void lab_json_spans(struct buf *line, const char *key, const struct span *values, size_t n);
/* Ends the object and writes it; a line over the maximum of the buf is left out. */
void lab_record_end(struct lab_record *r, struct buf *line);
#define LAB_RECORD_MAX (8U * 1024 * 1024)
