// Labels of ours that stand for labels of peers: whoever sends to us with the one is passed on to
// the next hop with the other. Private to rib/ but for rib_set_labels.
//
// Which one a pair (next hop, label) gets is told by a hash, so it is the same one after a restart
// and in another rib, unless two pairs want the same: then the first that asks has it. A pair keeps
// its label as long as a set with it is among those that are sent, or nobody else has needed room.
#pragma once

#include "rib/internal.h"

struct label_table;

uint32_t label_of_ours(struct rib *r, struct span next_hop, uint32_t label); // 0: none is left
void label_table_free(struct label_table *t);                                // NULL is allowed
uint32_t label_count(const struct rib *r);                                   // pairs that have one
