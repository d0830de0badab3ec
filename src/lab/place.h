/*
 * place - where the lab listens or connects to: "127.0.0.1:2526", "[::1]:2526", "/run/lmtp".
 *
 * Pure.
 */
#pragma once
#include "base/span.h"
#include <sys/socket.h>

/* 0 or -EINVAL. */
int lab_place_read(struct span s, struct sockaddr_storage *ret, socklen_t *ret_len);
