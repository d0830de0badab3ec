/*
 * text - is this what a TLS server signs in a handshake?
 *
 * Pure. A key that signs for whoever asks could be made to sign anything.
 */
#pragma once
#include "base/span.h"

bool keys_is_handshake(struct span text);
