// Why routes of one destination are as they are (rib/explain.h, vpn/explain.h), asked on the control
// thread and answered by the shard that the destination belongs to. Control thread only.
#pragma once

#include "rib/explain.h"
#include "speaker/speaker.h"

struct explain_question {
	uint16_t instance; // whose table
	const struct af *af;
	struct af_key key;
	uint16_t peer; // number of the only neighbour; RIB_NO_PEER: all
	const struct speaker_config
		*candidate; // asked of it, though it does not run; NULL: what runs
};

struct explanation {
	struct rib_explain_item *items; // in the order told; texts in arena
	unsigned count, cap;
	struct arena arena;
};

struct speaker_explain;
// The answer is good until done returns. NULL of it: the instance has gone.
struct speaker_explain *speaker_explain_start(struct speaker *s, const struct explain_question *q,
					      void (*done)(void *arg, const struct explanation *e),
					      void *arg);
void speaker_explain_cancel(struct speaker_explain *e); // no callback afterwards
