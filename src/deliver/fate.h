/*
 * fate - what a reply or an event means for a recipient, as the queue is told it.
 *
 * Pure but for the arena. struct trouble is why something did not work: a
 * peer's reply, or an event of the catalogue that stands in for one.
 */
#pragma once
#include "conf/conf.h"
#include "ipc/messages/job.h"
#include "reply/catalogue.h"
#include "reply/reader.h"

struct trouble {
	enum reply_stage stage;
	enum reply_id event; /* REPLY_ID_NONE: reply has it */
	struct reply reply;  /* borrowed, or copied by the maker */
	struct reply_words words;
	struct span host;     /* who said it, or was to; may be empty */
	bool maybe_delivered; /* lost after the final dot */
	bool is_lost;         /* the connection is of no use any more */
};

/* The fate that this trouble is for recipient n, by conf's rules too (NULL: none); texts live in arena. */
void fate_make(const struct trouble *t, const struct conf *conf, uint32_t n, struct arena *arena,
	struct ipc_fate *ret, enum reply_action *ret_action);
/* Words of the catalogue for what came of it, where no peer was spoken to. */
void fate_own(enum reply_id say, const struct reply_words *words, enum ipc_outcome_kind how,
	uint32_t n, struct arena *arena, struct ipc_fate *ret);
/* The peer took the message, and passes it on (IPC_FATE_RELAYED) or keeps it (IPC_FATE_DELIVERED). */
void fate_taken(const struct reply *reply, enum ipc_outcome_kind how, uint32_t n,
	struct arena *arena, struct ipc_fate *ret);
