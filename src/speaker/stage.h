// A commit in stages: a configuration that differs from what runs by the policies of peers alone is
// taken over for some peers first. What the speaker applies then is a configuration like any other,
// made of the two: peers that are not yet chosen keep the import and export that they had. So a
// stage is an ordinary apply, by soft reset, and soft equals hard for the mixture too.
#pragma once

#include "base/buf.h"
#include "speaker/speaker.h"

struct stage_peer {
	uint16_t instance;
	struct ip address;
	bool chosen; // has the new policies
};
// Is another import or export of peers all that `next` means? Otherwise *why names the first thing
// that is not ("the session of peer 10.0.0.2").
bool stage_possible(const struct speaker_config *before, const struct speaker_config *next,
		    struct buf *why);
// The peers that are here now, dynamic ones included, whose import or export would be another one:
// ascending by address, then by instance. The array is the caller's (mem_free).
unsigned stage_peers(struct speaker *s, const struct speaker_config *next, struct stage_peer **ret);
// In `next`, which nobody has seen yet, all peers but those chosen get what `before` gives them.
// Dynamic peers that come later count as not chosen.
void stage_hold_back(struct speaker_config *next, const struct speaker_config *before,
		     const struct stage_peer *peers, unsigned count);
